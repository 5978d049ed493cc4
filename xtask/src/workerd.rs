//! Running the edge worker in workerd, the runtime of Cloudflare's edge: its configuration, and the
//! process. Here rather than in the host, because workerd comes from npm and the host needs no npm.

use crate::wasm::Artefact;
use anyhow::{Context, bail};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// What one edge worker is bound to.
#[derive(Clone, Debug)]
pub struct Edge {
    pub artefact: Artefact,
    /// Port 0 takes any free one.
    pub listen: SocketAddr,
    /// Where a host serves the bucket's protocol (`sanderling serve --edge-bucket-listen`).
    pub bucket: SocketAddr,
    /// First part of the name of every object.
    pub workspace: String,
    pub admin_token: String,
    /// Where the worker sends what it cannot do.
    pub host_url: Option<String>,
    /// How long the worker takes a commit for the latest without asking; its own choice if `None`.
    pub commit_age_ms_max: Option<u64>,
}

/// A workerd that answers. It ends when this is dropped.
#[derive(Debug)]
pub struct Running {
    /// `http://127.0.0.1:8787`
    pub url: String,
    child: Child,
}

/// Behaviour of the runtime as of this day.
const COMPATIBILITY_DATE: &str = "2026-10-01";
/// From the start of the process until it listens; compiling the engine takes most of it.
const START_S_MAX: u64 = 60;
/// The secret's name in the process's environment, so that it stands in no file.
const TOKEN_VARIABLE: &str = "SANDERLING_EDGE_ADMIN_TOKEN";

impl Edge {
    /// Starts workerd and waits until it listens.
    pub fn start(&self) -> anyhow::Result<Running> {
        let program = crate::setup::workerd()?;
        if !program.is_file() {
            bail!("{} is missing: run `cargo xtask setup`", program.display());
        }
        let config = self.artefact.dir.join(format!("workerd-{}-{}.capnp", std::process::id(), self.bucket.port()));
        fs::write(&config, self.config()?).with_context(|| format!("cannot write {}", config.display()))?;
        let mut child = Command::new(&program)
            .args(["serve", "--control-fd=1"])
            .arg(&config)
            .env(TOKEN_VARIABLE, &self.admin_token)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let output = child.stdout.take().expect("stdout is a pipe");
        let mut running = Running { url: String::new(), child };
        let listening = port(output);
        let _ = fs::remove_file(&config);
        running.url = format!("http://{}:{}", self.listen.ip(), listening?);
        Ok(running)
    }

    fn config(&self) -> anyhow::Result<String> {
        let mut modules = String::new();
        for path in self.artefact.modules()? {
            let name = path.to_str().context("a module's name is not UTF-8")?;
            let kind = if name.ends_with(".wasm") { "wasm" } else { "esModule" };
            writeln!(modules, "    (name = {0}, {kind} = embed {0}),", quote(name))?;
        }
        let texts = [
            ("WORKSPACE_ID", Some(self.workspace.clone())),
            ("HOST_URL", self.host_url.clone()),
            ("COMMIT_AGE_MS_MAX", self.commit_age_ms_max.map(|age| age.to_string())),
        ];
        let mut bindings = String::new();
        for (name, value) in texts {
            if let Some(value) = value {
                writeln!(bindings, "    (name = {}, text = {}),", quote(name), quote(&value))?;
            }
        }
        Ok(format!(
            r#"using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    (name = "bucket", external = (address = {bucket}, http = ())),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = {listen}, http = (), service = "edge")],
);

const edge :Workerd.Worker = (
  modules = [
{modules}  ],
  compatibilityDate = "{COMPATIBILITY_DATE}",
  bindings = [
    (name = "BUCKET", r2Bucket = "bucket"),
    (name = "ADMIN_TOKEN", fromEnvironment = "{TOKEN_VARIABLE}"),
{bindings}  ],
  globalOutbound = "internet",
);
"#,
            bucket = quote(&self.bucket.to_string()),
            listen = quote(&self.listen.to_string()),
        ))
    }
}

impl Running {
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Whether the process ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Artefact {
    /// All modules, `worker.js` first, as paths inside the folder.
    fn modules(&self) -> anyhow::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        let mut folders = vec![self.dir.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "js" || extension == "wasm") {
                    found.push(path.strip_prefix(&self.dir).expect("it lies in the folder").to_owned());
                }
            }
        }
        found.sort_by_key(|path| (path != Path::new("worker.js"), path.clone()));
        Ok(found)
    }
}

/// Waits for the port on the control channel, and passes on what else the process writes there.
fn port(output: impl std::io::Read + Send + 'static) -> anyhow::Result<u16> {
    #[derive(serde::Deserialize)]
    struct Event {
        event: String,
        port: Option<u16>,
    }
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            match serde_json::from_str::<Event>(&line) {
                Ok(Event { event, port: Some(port) }) if event == "listen" => drop(sender.send(port)),
                _ => eprintln!("{line}"),
            }
        }
    });
    match receiver.recv_timeout(Duration::from_secs(START_S_MAX)) {
        Ok(port) => Ok(port),
        Err(mpsc::RecvTimeoutError::Timeout) => bail!("workerd does not listen after {START_S_MAX} s"),
        Err(mpsc::RecvTimeoutError::Disconnected) => bail!("workerd ended before it listened; what it said is above"),
    }
}

/// A string as Cap'n Proto's text format has it.
fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
