//! Streams events into a host, as fast as it acknowledges them.

use crate::client::Client;
use crate::events::{Generator, Plan};
use crate::{step, stop};
use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Events of one request, as NDJSON.
pub struct Batch {
    pub rows: u64,
    pub body: String,
}

#[derive(Default)]
pub struct Loaded {
    pub rows: u64,
    pub bytes: u64,
    pub elapsed: Duration,
    /// From sending a request to its acknowledgement, for each.
    pub latencies: Vec<Duration>,
}

const ATTEMPTS_MAX: u32 = 20;
/// Decides which events are made; every clone has the same.
const SEED: u64 = 20_260_101;
const BATCH_ROWS: u64 = 5_000;
const SENDERS: usize = 2;

/// Brings the example's data source to `rows` events, with a progress bar. What is there stays.
pub fn fill(host: &Client, rows: u64) -> anyhow::Result<()> {
    let there = host.value("SELECT count() FROM events")?.as_u64().context("count() is a number")?;
    if there >= rows {
        step::say(&format!("{there} events are there already"));
        return Ok(());
    }
    let bar = ProgressBar::new(rows).with_position(there);
    let style = "{bar:40} {human_pos} of {human_len} events, {per_sec}, {eta} to go";
    bar.set_style(ProgressStyle::with_template(style).expect("the template is a constant"));
    let loaded = send_all(host, batches(rows - there, SEED ^ there, BATCH_ROWS)?, SENDERS, |rows| bar.inc(rows));
    bar.finish_and_clear();
    step::say(&format!("{}, each acknowledged when it was safe", loaded?.in_words()));
    Ok(())
}

/// The last thirty days of made-up traffic.
pub fn batches(rows: u64, seed: u64, batch_rows: u64) -> anyhow::Result<impl Iterator<Item = Batch>> {
    let mut generator = Generator::new(Plan { seed, rows, now_s: now_s()? });
    let mut rows_left = rows;
    Ok(std::iter::from_fn(move || {
        let body = generator.batch(batch_rows)?;
        let rows = batch_rows.min(rows_left);
        rows_left -= rows;
        Some(Batch { rows, body })
    }))
}

pub fn now_s() -> anyhow::Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH).context("the clock says it is before 1970")?.as_secs())
}

/// Sends everything, `senders` requests at a time; `progress` hears of rows as they are acknowledged.
pub fn send_all(
    host: &Client,
    batches: impl Iterator<Item = Batch>,
    senders: usize,
    progress: impl Fn(u64) + Sync,
) -> anyhow::Result<Loaded> {
    let started = Instant::now();
    let loaded = Mutex::new(Loaded::default());
    let (give, take) = sync_channel::<Batch>(senders * 2);
    let take = Mutex::new(take);
    let sender = || send_some(host, &take, &loaded, &progress);
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..senders).map(|_| scope.spawn(sender)).collect();
        for batch in batches {
            // A sender that has left knows why.
            if senders.iter().any(|sender| sender.is_finished()) || give.send(batch).is_err() {
                break;
            }
        }
        drop(give);
        senders.into_iter().try_for_each(|sender| sender.join().expect("a sender does not panic"))
    })?;
    let mut loaded = loaded.into_inner().expect("no sender panicked");
    loaded.elapsed = started.elapsed();
    loaded.latencies.sort_unstable();
    Ok(loaded)
}

fn send_some(
    host: &Client,
    batches: &Mutex<Receiver<Batch>>,
    loaded: &Mutex<Loaded>,
    progress: impl Fn(u64),
) -> anyhow::Result<()> {
    loop {
        let next = batches.lock().expect("no sender panicked").recv();
        let Ok(batch) = next else { return Ok(()) };
        let latency = send(host, &batch)?;
        let mut loaded = loaded.lock().expect("no sender panicked");
        loaded.rows += batch.rows;
        loaded.bytes += batch.body.len() as u64;
        loaded.latencies.push(latency);
        drop(loaded);
        progress(batch.rows);
    }
}

/// Waits and tries again if the host is busy; a row that does not fit is a mistake of ours.
fn send(host: &Client, batch: &Batch) -> anyhow::Result<Duration> {
    for _ in 0..ATTEMPTS_MAX {
        stop::check()?;
        let started = Instant::now();
        let answer = host.post("/v0/events?name=events", &batch.body)?;
        let latency = started.elapsed();
        if let 429 | 503 = answer.status {
            let seconds = answer.header("retry-after").and_then(|text| text.parse().ok()).unwrap_or(1);
            std::thread::sleep(Duration::from_secs(seconds));
            continue;
        }
        let counts = answer.json().context("POST /v0/events")?;
        if counts["successful_rows"] != batch.rows || counts["quarantined_rows"] != 0 {
            bail!("POST /v0/events: sent {} rows that all fit, but the host says {counts}", batch.rows);
        }
        return Ok(latency);
    }
    bail!("POST /v0/events: the host is still busy after {ATTEMPTS_MAX} attempts")
}

impl Loaded {
    pub fn rows_per_s(&self) -> f64 {
        self.rows as f64 / self.elapsed.as_secs_f64()
    }

    pub fn megabytes_per_s(&self) -> f64 {
        self.bytes as f64 / 1e6 / self.elapsed.as_secs_f64()
    }

    fn in_words(&self) -> String {
        let (rows, seconds) = (self.rows, self.elapsed.as_secs_f64());
        format!(
            "{rows} events in {seconds:.1} s: {:.0} events/s, {:.1} MB/s",
            self.rows_per_s(),
            self.megabytes_per_s()
        )
    }
}
