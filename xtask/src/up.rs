//! `cargo xtask up`: a host and an edge worker over the example, with a month of traffic in them.
//!
//! ```text
//! events ─▶ host ─▶ store on disk ◀─ workerd: the same endpoints, from the worker
//! ```

use crate::client::Client;
use crate::events::Time;
use crate::host::{self, Host, TENANT};
use crate::{load, service, setup, step, stop, wasm};
use anyhow::{Context, bail};
use std::path::PathBuf;
use std::time::{Duration, Instant};

#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// Events to have in the data source
    #[arg(long, default_value_t = 1_000_000)]
    pub rows: u64,
    /// Where the host keeps its data
    #[arg(long, value_name = "DIR", default_value = "sanderling-data")]
    pub data: PathBuf,
    /// Port of the host
    #[arg(long, value_name = "PORT", default_value_t = 7181)]
    pub port: u16,
    /// Port of the edge worker
    #[arg(long, value_name = "PORT", default_value_t = 8787)]
    pub edge_port: u16,
    /// Stop when the answers are there, instead of running on
    #[arg(long)]
    pub once: bool,
}

const EDGE_CATCHES_UP_MAX: Duration = Duration::from_secs(30);
/// Of the answers that are shown.
const DAYS_SHOWN: u64 = 7;

pub fn run(options: &Options) -> anyhow::Result<()> {
    // Before anything is built: to hear of it half an hour later would be a pity.
    service::port_is_free(options.port, "--port")?;
    service::port_is_free(options.edge_port, "--edge-port")?;
    stop::listen()?;
    let outcome = run_until_stopped(options);
    if outcome.is_err() {
        // Ctrl-C may end a compiler or workerd a moment before we hear of it ourselves.
        std::thread::sleep(Duration::from_millis(200));
    }
    match outcome {
        Err(_) if stop::asked() => {
            step::say("stopped");
            Ok(())
        }
        outcome => outcome,
    }
}

fn run_until_stopped(options: &Options) -> anyhow::Result<()> {
    setup::to_run()?;
    let program = host::build()?;
    let worker = wasm::build(&wasm::Options::default())?;

    let data = std::path::absolute(&options.data)?;
    let mut host = Host::start(&program, &data, options.port)?;
    step::say(&format!("host: {} (its data: {})", host.client.url, data.display()));
    host.deploy()?;
    load::fill(&host.client, options.rows)?;

    let mut edge = host.edge(&worker, options.edge_port, true).start()?;
    step::say(&format!("edge worker: {}", edge.url));
    let token = host.mint(TENANT)?;
    let askers = [host.client.with_token(&token), Client::new(&edge.url, &token)];
    wait_for_edge(&askers[0], &askers[1])?;
    step::say(&format!("to try, as the tenant {TENANT} (the token holds for a day):"));
    askers.iter().try_for_each(show)?;

    if !options.once {
        step::say("both run until Ctrl-C; the data stays");
    }
    while !options.once && !stop::asked() {
        host.service.check()?;
        if edge.has_ended() && !stop::asked() {
            bail!("workerd ended; what it said is above");
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// The edge reads the store, so it knows a row once the host has put it into a segment.
fn wait_for_edge(host: &Client, edge: &Client) -> anyhow::Result<()> {
    let started = Instant::now();
    let path = "/v0/pipes/visitors.csv?time_from=2000-01-01%2000:00:00";
    loop {
        let (from_host, from_edge) = (host.get(path)?.success()?.body, edge.get(path)?.success()?.body);
        if from_host == from_edge {
            return Ok(());
        }
        stop::check()?;
        if started.elapsed() > EDGE_CATCHES_UP_MAX {
            bail!("the edge worker's answer is not the host's\nhost:\n{from_host}\nedge worker:\n{from_edge}");
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}

/// A command to try, and what it answers.
#[expect(clippy::print_stdout, reason = "the command's output")]
fn show(client: &Client) -> anyhow::Result<()> {
    // From midnight, so that a row does not leave the range between one answer and the next.
    let since = Time(load::now_s()? - DAYS_SHOWN * 86_400).to_string();
    let path = format!("/v0/pipes/top_pages.csv?limit=5&time_from={}%2000:00:00", &since[..10]);
    let answer = client.get(&path)?.success().with_context(|| path.clone())?;
    println!("\ncurl -H 'Authorization: Bearer {}' '{}{path}'\n\n{}", client.token, client.url, answer.body);
    Ok(())
}
