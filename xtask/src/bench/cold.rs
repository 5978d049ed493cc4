//! Cold start: from the start of a workerd process to its first answer.

use super::chdb;
use crate::client::{Answer, Client};
use crate::service::{self, Service};
use crate::setup;
use crate::workerd::{Edge, Running};
use anyhow::ensure;
use std::process::Command;
use std::time::{Duration, Instant};

const ANSWER_MAX: Duration = Duration::from_secs(120);

/// One start: how long it took, and how much memory the process held then.
pub struct Start {
    pub elapsed: Duration,
    pub resident_bytes: Option<u64>,
}

/// An edge worker's first answer, and the worker.
pub fn edge(edge: &Edge, token: &str, path: &str) -> anyhow::Result<(Start, Running)> {
    let started = Instant::now();
    let running = edge.start()?;
    Client::new(&running.url, token).get(path)?.success()?;
    let elapsed = started.elapsed();
    let resident_bytes = service::resident_bytes(running.process_id());
    Ok((Start { elapsed, resident_bytes }, running))
}

/// `chdb-cloudflare` answering `select 1`.
pub fn chdb() -> anyhow::Result<Start> {
    let port = service::any_port()?;
    let config = chdb::config(port)?;
    let client = Client::new(&format!("http://127.0.0.1:{port}"), "");
    let log = crate::target_dir().join("bench/chdb.log");
    let started = Instant::now();
    let mut service =
        Service::start("chdb-cloudflare", Command::new(setup::workerd()?).arg("serve").arg(config), &log)?;
    let mut body = String::new();
    service.wait_until(ANSWER_MAX, || match client.get("/") {
        Ok(answer) => {
            body = answer.body;
            true
        }
        Err(_) => false,
    })?;
    let elapsed = started.elapsed();
    ensure!(body.trim() == "1", "chdb-cloudflare answered {body:?} to select 1; see {}", log.display());
    Ok(Start { elapsed, resident_bytes: service::resident_bytes(service.pid()) })
}

/// Reads of the object store that an edge worker's answer took.
pub fn object_reads(answer: &Answer) -> Option<u64> {
    answer.header("x-sanderling-object-reads")?.parse().ok()
}
