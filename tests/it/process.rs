//! The program itself, in a process of its own.

use sanderling::secrets::Secrets;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use xtask::client::Client;
use xtask::service::{self, Service};
use xtask::step;

const START_MAX: Duration = Duration::from_secs(60);

const EVENTS: &str = "SCHEMA >
    `id` UInt64 `json:$.id`,
    `text` String `json:$.text`

ENGINE \"MergeTree\"
ENGINE_SORTING_KEY \"id\"
";

/// `sanderling`, as it is shipped, without the settings of whoever runs the tests.
pub(crate) fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_sanderling-under-test"));
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in names.filter(|name| name.to_string_lossy().starts_with("SANDERLING_")) {
        program.env_remove(name);
    }
    program
}

/// A folder that goes away with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static FOLDERS: AtomicU32 = AtomicU32::new(0);
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("sanderling-process-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("the folder for temporary files takes a folder");
        Folder(path)
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `serve` over a data directory.
#[derive(Clone)]
pub(crate) struct Serve {
    pub(crate) data: PathBuf,
    pub(crate) flush_interval_ms: u64,
    pub(crate) store: Option<String>,
    pub(crate) environment: Vec<(&'static str, String)>,
}

pub(crate) struct Host {
    pub(crate) service: Service,
    /// Asks as the workspace's admin.
    pub(crate) client: Client,
}

impl Serve {
    pub(crate) fn new(data: PathBuf) -> Serve {
        Serve { data, flush_interval_ms: 20, store: None, environment: Vec::new() }
    }

    /// Does not wait until it answers; returns where it will.
    pub(crate) fn launch(&self) -> (Service, String) {
        let address = format!("127.0.0.1:{}", service::any_port().expect("a port is free"));
        let mut command = program();
        command.arg("serve").arg("--data").arg(&self.data).args(["--listen", &address]);
        command.args(["--flush-interval-ms", &self.flush_interval_ms.to_string()]);
        command.args(self.store.iter().flat_map(|store| ["--store", store]));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let service = Service::start("host", &mut command, &self.data.with_extension("log"));
        (service.expect("the program starts"), format!("http://{address}"))
    }

    pub(crate) fn start(&self) -> Host {
        let (mut service, url) = self.launch();
        let nobody = Client::new(&url, "");
        let is_ready = || nobody.get("/v0/health").is_ok_and(|answer| answer.status == 200);
        service.wait_until(START_MAX, is_ready).unwrap_or_else(|error| panic!("{error:#}"));
        let client = nobody.with_token(&secrets(&self.data).admin_token);
        Host { service, client }
    }
}

impl Host {
    /// Deploys one data source, `events`, with an `id` and a `text`.
    pub(crate) fn deploy(&self, folder: &Folder) {
        let project = folder.join("project");
        fs::create_dir_all(&project).expect("a folder for the project");
        fs::write(project.join("events.datasource"), EVENTS).expect("a datafile");
        let mut deploy = program();
        deploy.arg("deploy").arg(&project).args(["--host", &self.client.url, "--token", &self.client.token]);
        step::quietly("deploy", &mut deploy).unwrap_or_else(|error| panic!("{error:#}"));
    }
}

pub(crate) fn secrets(data: &Path) -> Secrets {
    Secrets::read(data).expect("the secrets are readable").expect("the host has made secrets")
}
