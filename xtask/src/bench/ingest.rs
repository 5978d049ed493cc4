//! `cargo xtask bench ingest`: events that a host acknowledges as durable, at its own speed.
//!
//! Events are made before the clock starts, and all runs go to one host with a store of its own.

use super::table::{Table, circumstances, ms, percentile, publish};
use crate::host::{self, Host};
use crate::load::{self, Batch, Loaded};
use crate::{service, step};
use std::fs;

#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// Events of the largest run
    #[arg(long, default_value_t = 1_000_000)]
    pub rows: u64,
    /// Put the table into docs/performance.md
    #[arg(long)]
    pub write: bool,
}

struct Run {
    batch_rows: u64,
    senders: usize,
    /// This part of the rows: small requests take long.
    share: f64,
}

const RUNS: &[Run] = &[
    Run { batch_rows: 1, senders: 1, share: 0.0005 },
    Run { batch_rows: 1, senders: 32, share: 0.01 },
    Run { batch_rows: 100, senders: 16, share: 0.2 },
    Run { batch_rows: 5_000, senders: 4, share: 1.0 },
];

pub fn run(options: &Options) -> anyhow::Result<()> {
    let program = host::build()?;
    let data = crate::target_dir().join("bench/ingest-data");
    let _ = fs::remove_dir_all(&data);
    let host = Host::start(&program, &data, service::any_port()?)?;
    host.deploy()?;

    let mut table = Table::new(&["events a request", "requests at a time", "events/s", "MB/s", "p50", "p99", "p99.9"]);
    let mut rows_sent = 0;
    for run in RUNS {
        let loaded = measure(&host, run, options.rows)?;
        rows_sent += loaded.rows;
        let at = |share| ms(percentile(&loaded.latencies, share));
        table.row([
            run.batch_rows.to_string(),
            run.senders.to_string(),
            format!("{:.0}", loaded.rows_per_s()),
            format!("{:.1}", loaded.megabytes_per_s()),
            at(0.5),
            at(0.99),
            at(0.999),
        ]);
    }
    let counted = host.client.value("SELECT count() FROM events")?;
    anyhow::ensure!(counted == rows_sent, "sent {rows_sent} events, but the host counts {counted}");
    let memory = service::resident_bytes(host.service.pid()).map_or("unknown".to_owned(), super::table::megabytes);
    drop(host);
    let _ = fs::remove_dir_all(&data);

    let what = "Events of the example, acknowledged when they are on disk; the sender runs on the same machine.";
    let report = format!(
        "{}\n{what}\n\n{table}\nAll {rows_sent} events were there once in the end. The host held {memory} of memory.",
        circumstances()
    );
    publish("bench ingest", &report, options.write)
}

fn measure(host: &Host, run: &Run, rows: u64) -> anyhow::Result<Loaded> {
    let rows = ((rows as f64 * run.share) as u64).max(1);
    let batches: Vec<Batch> = load::batches(rows, run.batch_rows, run.batch_rows)?.collect();
    let what = format!("{rows} events, {} a request, {} requests at a time", run.batch_rows, run.senders);
    step::spin(&what, || load::send_all(&host.client, batches.into_iter(), run.senders, drop))
}
