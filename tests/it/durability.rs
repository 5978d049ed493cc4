//! What the program promises about events when it is killed, and what it says when it cannot start.
//!
//! The page cache outlives a SIGKILL, so this shows that the journal, the flush and the commit fit
//! together in the real program; that nothing is acknowledged before its fsync is shown in `sim`,
//! whose disk forgets what was not synced.

use crate::process::{Folder, Host, Serve, program};
use sanderling::clock::{Clock, Fake};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use xtask::client::Client;

const KILLS: usize = 50;
const SEED: u64 = 2026;
const WRITERS: usize = 3;
const BODY_EVENTS: u64 = 3;
const REFUSAL_MAX: Duration = Duration::from_secs(30);

/// What was sent: body `n` holds the events `n * BODY_EVENTS` and those that follow.
#[derive(Default)]
struct Ledger {
    /// The number of the next body.
    next: AtomicU64,
    acknowledged: Mutex<BTreeSet<u64>>,
}

impl Ledger {
    /// Sends one body; `false` if it was not acknowledged.
    fn send(&self, client: &Client) -> bool {
        let body = self.next.fetch_add(1, Ordering::Relaxed);
        let events: String = ids(body).map(|id| format!("{{\"id\":{id},\"text\":\"event {id}\"}}\n")).collect();
        let sent = client.post("/v0/events?name=events", &events).and_then(|answer| answer.json());
        let Ok(counts) = sent else { return false };
        assert_eq!(counts["successful_rows"], BODY_EVENTS, "{counts}");
        self.acknowledged.lock().unwrap().insert(body);
        true
    }

    /// Whatever is wrong with what is stored (id → how often).
    fn complaints(&self, stored: &BTreeMap<u64, u64>) -> Vec<String> {
        let mut complaints = Vec::new();
        let (acknowledged, next) = (self.acknowledged.lock().unwrap(), self.next.load(Ordering::Relaxed));
        for body in 0..next {
            let present = ids(body).filter(|id| stored.contains_key(id)).count() as u64;
            if acknowledged.contains(&body) && present < BODY_EVENTS {
                complaints.push(format!(
                    "body {body} was acknowledged, and {} of its events are lost",
                    BODY_EVENTS - present
                ));
            } else if present != 0 && present != BODY_EVENTS {
                complaints.push(format!("of body {body} only {present} events are there"));
            }
        }
        for (id, count) in stored {
            if *id >= next * BODY_EVENTS {
                complaints.push(format!("event {id} was never sent"));
            }
            if *count != 1 {
                complaints.push(format!("event {id} is there {count} times"));
            }
        }
        complaints
    }
}

fn ids(body: u64) -> std::ops::Range<u64> {
    body * BODY_EVENTS..(body + 1) * BODY_EVENTS
}

fn stored(client: &Client) -> BTreeMap<u64, u64> {
    let sql = "SELECT id, count() AS n FROM events GROUP BY id FORMAT CSV";
    let answer = client.post("/v0/sql", sql).and_then(|answer| answer.success());
    let answer = answer.unwrap_or_else(|error| panic!("{error:#}"));
    let row = |line: &str| {
        let (id, count) = line.split_once(',').expect("two columns");
        (id.parse().expect("an id"), count.parse().expect("a count"))
    };
    answer.body.lines().map(row).collect()
}

#[track_caller]
fn check(host: &Host, ledger: &Ledger, when: &str) {
    let complaints = ledger.complaints(&stored(&host.client));
    assert!(complaints.is_empty(), "{when}, seed {SEED}:\n{}", complaints.join("\n"));
}

/// Some kills hit a host that takes events or folds segments, some one that is still reading its
/// journal.
///
/// It fails, as was tried, within a few kills if the journal acknowledges before it has written
/// (`body 273 was acknowledged, and 3 of its events are lost`), and if commits lack the position in
/// the journal (the host then finds the beginning of it missing, and does not start).
#[test]
fn an_acknowledged_event_survives_any_kill_once() {
    let folder = Folder::new();
    let serve = Serve::new(folder.join("data"));
    let chance = Fake::new(0, SEED);
    let below = |end: u64| (chance.random() % u128::from(end)) as u64;
    let ledger = Ledger::default();
    // the very first start may die, too
    for _ in 0..3 {
        let (service, _) = serve.launch();
        std::thread::sleep(Duration::from_millis(below(60)));
        service.kill().unwrap();
    }
    serve.start().deploy(&folder);
    for kill in 0..KILLS {
        if below(5) == 0 {
            let (service, _) = serve.launch();
            std::thread::sleep(Duration::from_millis(below(150)));
            service.kill().unwrap();
            continue;
        }
        let Host { service, client } = {
            let host = serve.start();
            check(&host, &ledger, &format!("before kill {kill}"));
            host
        };
        std::thread::scope(|scope| {
            for _ in 0..WRITERS {
                scope.spawn(|| while ledger.send(&client) {});
            }
            std::thread::sleep(Duration::from_millis(5 + below(150)));
            service.kill().unwrap();
        });
    }
    check(&serve.start(), &ledger, "after the last kill");
    check(&serve.start(), &ledger, "after an orderly stop");
    let acknowledged = ledger.acknowledged.lock().unwrap().len();
    assert!(acknowledged > KILLS, "only {acknowledged} bodies were acknowledged: the kills hit nothing");
}

/// The rows are in the journal alone: they come back from it, and without it the check of the
/// test above fails.
#[test]
fn a_lost_journal_is_noticed() {
    let folder = Folder::new();
    let serve = Serve { flush_interval_ms: 3_600_000, ..Serve::new(folder.join("data")) };
    let ledger = Ledger::default();
    let host = serve.start();
    host.deploy(&folder);
    assert!((0..5).all(|_| ledger.send(&host.client)));
    host.service.kill().unwrap();
    let host = serve.start();
    check(&host, &ledger, "with the journal");
    host.service.kill().unwrap();
    fs::remove_dir_all(serve.data.join("wal")).unwrap();
    let complaints = ledger.complaints(&stored(&serve.start().client));
    assert_eq!(complaints.len(), 5, "{complaints:?}");
    assert!(complaints[0].contains("3 of its events are lost"), "{complaints:?}");
}

#[test]
fn the_ledger_sees_doubles_and_parts() {
    let ledger = Ledger { next: AtomicU64::new(2), acknowledged: Mutex::new([0].into()) };
    let fine = [(0, 1), (1, 1), (2, 1)];
    assert!(ledger.complaints(&fine.into()).is_empty());
    let bad = [(0, 1), (1, 2), (2, 1), (3, 1), (9, 1)];
    let expected = ["of body 1 only 1 events are there", "event 1 is there 2 times", "event 9 was never sent"];
    assert_eq!(ledger.complaints(&bad.into()), expected);
}

/// `serve` with these arguments says one line, which contains `expected`, and ends with code 1.
#[track_caller]
fn check_refused(command: &mut Command, expected: &str) {
    let mut child = command.env("SANDERLING_LOG", "warn").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let started = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if started.elapsed() > REFUSAL_MAX => {
                child.kill().unwrap();
                panic!("it runs, though it should say {expected:?}");
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.starts_with("error: ") && said.lines().count() == 1, "not one line: {said}");
    assert!(said.contains(expected), "{said}");
}

fn serve(data: &std::path::Path, listen: &str) -> Command {
    let mut command = program();
    command.arg("serve").arg("--data").arg(data).args(["--listen", listen]);
    command
}

#[test]
fn what_keeps_it_from_starting_is_said_in_one_line() {
    let folder = Folder::new();
    let first = Serve::new(folder.join("first"));
    let host = first.start();
    let taken = host.client.url.trim_start_matches("http://").to_owned();
    check_refused(&mut serve(&folder.join("second"), &taken), &format!("{taken} is taken by another program"));
    check_refused(&mut serve(&first.data, "127.0.0.1:0"), "another process of sanderling uses this directory");

    // below a file there can be no folder, not even for root
    let file = folder.join("file");
    fs::write(&file, "").unwrap();
    check_refused(&mut serve(&file.join("data"), "127.0.0.1:0"), "file/data");
    let store = format!("file://{}", file.join("store").display());
    check_refused(serve(&folder.join("third"), "127.0.0.1:0").args(["--store", &store]), "cannot be written");

    check_refused(&mut serve(&folder.join("third"), "nowhere"), "--listen \"nowhere\" is not an address");
    check_refused(serve(&folder.join("third"), "127.0.0.1:0").args(["--store", "ftp://x"]), "\"ftp://x\" is not known");
    let slip = &mut serve(&folder.join("third"), "127.0.0.1:0");
    check_refused(slip.env("SANDERLING_STOER", "x"), "did you mean SANDERLING_STORE?");
}
