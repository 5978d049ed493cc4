//! `cargo xtask bench edge`: how large the shipped worker is, how fast it starts and answers.

use super::cold;
use super::size;
use super::table::{Table, circumstances, megabytes, ms, percentile, publish};
use crate::client::Client;
use crate::host::{self, ENDPOINTS, Host, TENANT};
use crate::{load, service, setup, step, stop, wasm};
use anyhow::Context;
use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// Events in the data source
    #[arg(long, default_value_t = 1_000_000)]
    pub rows: u64,
    /// Measure the worker of `cargo xtask up`, which is built in minutes and larger
    #[arg(long)]
    pub dev: bool,
    /// Starts of each worker
    #[arg(long, default_value_t = 5)]
    pub starts: usize,
    /// Requests to each endpoint
    #[arg(long, default_value_t = 200, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub requests: usize,
    /// Leave chdb-cloudflare out
    #[arg(long)]
    pub alone: bool,
    /// Put the tables into docs/performance.md
    #[arg(long)]
    pub write: bool,
}

/// The endpoint of the bar, a filtered top 10, over all of the month, so that every segment counts.
const TOP_PAGES: &str = "/v0/pipes/top_pages.json?time_from=2000-01-01%2000:00:00";
/// As dashboards ask: the endpoint's own range, the last seven days.
const RECENT: &str = "/v0/pipes/top_pages.json";
const CRATES_SHOWN: usize = 14;
const RUSH: Duration = Duration::from_secs(5);
const RUSH_REQUESTS_AT_A_TIME: usize = 4;

pub fn run(options: &Options) -> anyhow::Result<()> {
    setup::to_run()?;
    let profile = wasm::Options { release: !options.dev };
    let artefact = wasm::build(&profile)?;
    let host = Host::start(&host::build()?, &crate::target_dir().join("bench/edge-data"), service::any_port()?)?;
    host.deploy()?;
    load::fill(&host.client, options.rows)?;
    let token = host.mint(TENANT)?;
    wait_for_segments(&host, &artefact, &token)?;

    let mut report = format!("{} Worker profile `{}`.\n", circumstances(), profile.profile());
    report += &sizes(&artefact, &profile)?;
    let edge = host.edge(&artefact, 0, false);
    report += &starts(options, &edge, &token)?;
    report += &answers(options, &edge, &token)?;
    publish("bench edge", &report, options.write)
}

/// Rows that no segment holds yet would be missing from the worker's answers.
fn wait_for_segments(host: &Host, artefact: &wasm::Artefact, token: &str) -> anyhow::Result<()> {
    let running = host.edge(artefact, 0, false).start()?;
    let edge = Client::new(&running.url, token);
    let host = host.client.with_token(token);
    let path = TOP_PAGES.replace(".json", ".csv");
    for _ in 0..120 {
        stop::check()?;
        if edge.get(&path)?.success()?.body == host.get(&path)?.success()?.body {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    anyhow::bail!("after a minute the worker's answer is not the host's")
}

fn sizes(artefact: &wasm::Artefact, profile: &wasm::Options) -> anyhow::Result<String> {
    let module = fs::read(artefact.engine_wasm())?;
    let sizes = step::spin("packing the worker", || size::sizes(&module))?;
    let mut table = Table::new(&["worker", "raw", "gzip -9", "brotli -9"]);
    table.row(["engine_bg.wasm".to_owned(), megabytes(sizes.raw), megabytes(sizes.gzip), megabytes(sizes.brotli)]);

    // wasm-bindgen strips the names of the worker that is shipped; what cargo linked has them.
    let linked = crate::target_dir().join(wasm::TARGET).join(profile.profile()).join("sanderling_edge.wasm");
    let crates = size::by_crate(&fs::read(&linked).with_context(|| linked.display().to_string())?)?;
    let mut shares = Table::new(&["crate", "code"]);
    for (name, bytes) in crates.iter().take(CRATES_SHOWN) {
        shares.row([name.clone(), megabytes(*bytes)]);
    }
    let others = crates.iter().skip(CRATES_SHOWN);
    shares.row([format!("{} others", others.len()), megabytes(others.map(|(_, bytes)| bytes).sum())]);
    Ok(format!("\n### Size\n\n{table}\n{shares}"))
}

/// Ours and theirs in turn, so that a busy moment hits both.
fn starts(options: &Options, edge: &crate::workerd::Edge, token: &str) -> anyhow::Result<String> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    step::spin("cold starts", || {
        for _ in 0..options.starts {
            stop::check()?;
            ours.push(cold::edge(edge, token, TOP_PAGES)?.0);
            if !options.alone {
                theirs.push(cold::chdb()?);
            }
        }
        Ok(())
    })?;
    let mut table = Table::new(&["first answer after", "least", "median", "most", "memory"]);
    let mut medians = Vec::new();
    for (name, starts) in [("sanderling, `top_pages`", ours), ("chdb-cloudflare 0.1.0, `select 1`", theirs)] {
        let mut times: Vec<Duration> = starts.iter().map(|start| start.elapsed).collect();
        times.sort_unstable();
        let (Some(least), Some(most)) = (times.first(), times.last()) else { continue };
        medians.push(percentile(&times, 0.5).as_secs_f64());
        let memory = starts.iter().filter_map(|start| start.resident_bytes).max();
        let memory = memory.map_or("unknown".to_owned(), megabytes);
        table.row([name.to_owned(), ms(*least), ms(percentile(&times, 0.5)), ms(*most), memory]);
    }
    let ratio = match medians[..] {
        [ours, theirs] => format!("\nRatio of the medians: {:.2}.\n", ours / theirs),
        _ => String::new(),
    };
    Ok(format!("\n### Cold start\n\nFrom the start of the process, {} times.\n\n{table}{ratio}", options.starts))
}

fn answers(options: &Options, edge: &crate::workerd::Edge, token: &str) -> anyhow::Result<String> {
    let mut table = Table::new(&["endpoint", "of", "cold", "p50", "p99", "reads cold", "reads warm"]);
    for endpoint in ENDPOINTS {
        let recent = RECENT.replace("top_pages", endpoint);
        let asked = match *endpoint {
            "live" => vec![("30 minutes", recent)],
            _ => vec![("7 days", recent), ("all days", TOP_PAGES.replace("top_pages", endpoint))],
        };
        for (range, path) in asked {
            let measured = step::spin(&format!("{endpoint}, {range}"), || measure(options, edge, token, &path))?;
            table.row([vec![format!("`{endpoint}`"), range.to_owned()], measured].concat());
        }
    }
    // For `cold`, a process of its own: the first answer after one to another question would be half warm.
    let (_, running) = cold::edge(edge, token, TOP_PAGES)?;
    let per_second = step::spin("rush", || rush(&Client::new(&running.url, token)))?;
    let memory = service::resident_bytes(running.process_id()).map_or("unknown".to_owned(), megabytes);
    let what = format!(
        "As the tenant `{TENANT}`, which has three of ten of the {} rows; `reads` are of the object store. {} requests, one after the other.",
        options.rows, options.requests
    );
    Ok(format!(
        "\n### Answers\n\n{what}\n\n{table}\n`top_pages`, {RUSH_REQUESTS_AT_A_TIME} requests at a time: \
         {per_second:.0} requests/s from one isolate, which is one core. Memory then: {memory}.\n"
    ))
}

fn measure(options: &Options, edge: &crate::workerd::Edge, token: &str, path: &str) -> anyhow::Result<Vec<String>> {
    let running = edge.start()?;
    let client = Client::new(&running.url, token);
    let ask = || -> anyhow::Result<(Duration, u64)> {
        stop::check()?;
        let started = Instant::now();
        let answer = client.get(path)?.success()?;
        let elapsed = started.elapsed();
        Ok((elapsed, cold::object_reads(&answer).context("the worker does not say how many objects it read")?))
    };
    let (cold, cold_reads) = ask()?;
    let answers = (0..options.requests).map(|_| ask()).collect::<anyhow::Result<Vec<_>>>()?;
    let (mut times, mut reads): (Vec<Duration>, Vec<u64>) = answers.into_iter().unzip();
    times.sort_unstable();
    reads.sort_unstable();
    let at = |share| ms(percentile(&times, share));
    // Once a second the worker looks for a newer commit.
    let warm_reads = format!("{} (at most {})", reads[reads.len() / 2], reads[reads.len() - 1]);
    Ok(vec![ms(cold), at(0.5), at(0.99), cold_reads.to_string(), warm_reads])
}

/// Requests in a second, from as many askers as keep the isolate busy.
fn rush(client: &Client) -> anyhow::Result<f64> {
    let (answered, started) = (AtomicU64::new(0), Instant::now());
    let ask = || {
        while started.elapsed() < RUSH {
            client.get(TOP_PAGES)?.success()?;
            answered.fetch_add(1, Ordering::Relaxed);
        }
        anyhow::Ok(())
    };
    std::thread::scope(|scope| {
        let askers: Vec<_> = (0..RUSH_REQUESTS_AT_A_TIME).map(|_| scope.spawn(ask)).collect();
        askers.into_iter().try_for_each(|asker| asker.join().expect("an asker does not panic"))
    })?;
    Ok(answered.into_inner() as f64 / started.elapsed().as_secs_f64())
}
