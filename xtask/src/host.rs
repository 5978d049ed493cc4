//! A host of our own build, started for `up` and `bench`.

use crate::client::Client;
use crate::service::{Service, any_port};
use crate::step;
use crate::wasm::Artefact;
use crate::workerd::Edge;
use anyhow::{Context, bail};
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

pub const EXAMPLE: &str = "examples/web-analytics";
/// What the example publishes.
pub const ENDPOINTS: &[&str] = &["top_pages", "visitors", "latency", "referrers", "countries", "funnel", "live"];
/// The tenant with the most traffic.
pub const TENANT: &str = "acme";

const START_MAX: Duration = Duration::from_secs(30);
const TOKEN_S: u32 = 24 * 3600;

pub struct Host {
    pub service: Service,
    /// Asks it as the workspace's admin.
    pub client: Client,
    workspace: String,
    bucket: SocketAddr,
    program: PathBuf,
}

/// The binary as it is shipped.
pub fn build() -> anyhow::Result<PathBuf> {
    let mut cargo = step::cargo();
    cargo.args(["build", "--release", "--package", "sanderling", "--bin", "sanderling"]);
    step::run("host, profile release", &mut cargo)?;
    let program = crate::target_dir().join("release/sanderling");
    if !program.is_file() {
        bail!("cargo built the host, but {} is not there", program.display());
    }
    Ok(program)
}

impl Host {
    /// Starts it over the store in `data`, which it makes if there is none, and waits until it answers.
    pub fn start(program: &Path, data: &Path, port: u16) -> anyhow::Result<Host> {
        let address = local(port).to_string();
        let bucket = local(any_port()?);
        let log = crate::target_dir().join(format!("up/host-{port}.log"));
        let mut command = Command::new(program);
        command.arg("serve").arg("--data").arg(data).args(["--listen", &address]);
        command.args(["--edge-bucket-listen", &bucket.to_string()]);
        let mut service = Service::start("host", &mut command, &log)?;
        let nobody = Client::new(&format!("http://{address}"), "");
        service.wait_until(START_MAX, || nobody.get("/v0/health").is_ok_and(|answer| answer.status == 200))?;

        let tokens: Value = nobody.get("/tokens")?.json()?;
        let token = tokens["workspace_admin_token"].as_str().context("GET /tokens: no workspace_admin_token")?;
        let client = nobody.with_token(token);
        let workspace: Value = client.get("/v1/workspace")?.json()?;
        let workspace = workspace["id"].as_str().context("GET /v1/workspace: no id")?.to_owned();
        Ok(Host { service, client, workspace, bucket, program: program.to_owned() })
    }

    /// Deploys the example.
    pub fn deploy(&self) -> anyhow::Result<()> {
        step::quietly("deploy", self.command(&["deploy"]).arg(crate::root().join(EXAMPLE)))?;
        step::say(&format!("deployed {EXAMPLE}"));
        Ok(())
    }

    /// A JWT for the dashboard of one tenant: every endpoint, and of the events its own.
    pub fn mint(&self, tenant: &str) -> anyhow::Result<String> {
        let mut command = self.command(&["token", "create", "--jwt"]);
        command.args(["--name", &format!("{tenant}-dashboard"), "--ttl", &TOKEN_S.to_string()]);
        command.args(["--datasource", &format!("events:tenant_id = '{tenant}'")]);
        command.args(ENDPOINTS.iter().flat_map(|pipe| ["--pipe", pipe]));
        Ok(step::quietly("token", &mut command)?.trim().to_owned())
    }

    /// An edge worker that reads this host's store. Without `hands_over` it answers alone or not at all.
    pub fn edge(&self, artefact: &Artefact, port: u16, hands_over: bool) -> Edge {
        Edge {
            artefact: artefact.clone(),
            listen: local(port),
            bucket: self.bucket,
            workspace: self.workspace.clone(),
            admin_token: self.client.token.clone(),
            host_url: hands_over.then(|| self.client.url.clone()),
            commit_age_ms_max: None,
        }
    }

    /// `sanderling <command>` against this host, as its admin.
    fn command(&self, command: &[&str]) -> Command {
        let mut program = Command::new(&self.program);
        program.args(command).args(["--host", &self.client.url, "--token", &self.client.token]);
        program
    }
}

fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}
