//! A seed drives ingestion against a disk that fills up and a store that fails, loses answers and
//! delivers late, with a crash at any moment. Whatever happens, an acknowledged event is there
//! once, and a refused one at most once.

use arrow::array::AsArray;
use arrow::datatypes::UInt64Type;
use async_trait::async_trait;
use bytes::Bytes;
use sanderling::clock::{Clock, Fake};
use sanderling::ingest::disk;
use sanderling::ingest::{Format, Ingest};
use sanderling::log::Log;
use sanderling::storage::{Memory, Storage};
use sanderling_core::catalog::Catalog;
use sanderling_core::compile::{ProjectFile, compile};
use sanderling_core::manifest::key;
use sanderling_core::segment::SparseBytes;
use sanderling_core::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const WORKSPACE: &str = "w";
const SEEDS: u64 = 150;
const STEPS: usize = 60;

/// What one process sees of the store: faults by chance, and nothing once it is dead.
#[derive(Debug)]
struct Faulty {
    world: Arc<World>,
    process: u64,
}

#[derive(Debug)]
struct World {
    store: Memory,
    chance: Fake,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The process that is alive.
    process: u64,
    /// Out of 100 operations, so many fail.
    faults: u128,
    /// Creations that are still under way, of dead processes too.
    late: Vec<(String, Bytes)>,
}

enum Fault {
    None,
    /// Nothing happens.
    Refused,
    /// It happens, and the answer is lost.
    AnswerLost,
    /// It may happen later.
    Late,
}

impl World {
    fn pick(&self, bound: usize) -> usize {
        (self.chance.random() % bound as u128) as usize
    }

    async fn deliver_late(&self) {
        let late = std::mem::take(&mut self.state.lock().unwrap().late);
        for (key, bytes) in late {
            let _ = self.store.put_if_absent(&key, bytes).await;
        }
    }
}

impl Faulty {
    fn fault(&self) -> Fault {
        let state = self.world.state.lock().unwrap();
        if state.process != self.process {
            return Fault::Refused;
        }
        if self.world.chance.random() % 100 >= state.faults {
            return Fault::None;
        }
        match self.world.pick(3) {
            0 => Fault::Refused,
            1 => Fault::AnswerLost,
            _ => Fault::Late,
        }
    }

    fn check(&self) -> Result<()> {
        match self.fault() {
            Fault::None => Ok(()),
            _ => Err(refused()),
        }
    }
}

fn refused() -> Error {
    Error::unavailable("the store does not answer")
}

#[async_trait]
impl Storage for Faulty {
    async fn get(&self, key: &str) -> Result<Bytes> {
        self.check()?;
        self.world.store.get(key).await
    }

    async fn get_ranges(&self, key: &str, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.check()?;
        self.world.store.get_ranges(key, ranges).await
    }

    async fn put_if_absent(&self, key: &str, bytes: Bytes) -> Result<()> {
        match self.fault() {
            Fault::None => self.world.store.put_if_absent(key, bytes).await,
            Fault::Refused => Err(refused()),
            Fault::AnswerLost => self.world.store.put_if_absent(key, bytes).await.and(Err(refused())),
            Fault::Late => {
                self.world.state.lock().unwrap().late.push((key.to_owned(), bytes));
                Err(refused())
            }
        }
    }

    async fn put(&self, key: &str, bytes: Bytes) -> Result<()> {
        self.check()?;
        self.world.store.put(key, bytes).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>> {
        self.check()?;
        self.world.store.list(prefix).await
    }

    async fn delete(&self, key: &str) -> Result<()> {
        self.check()?;
        self.world.store.delete(key).await
    }
}

/// Events, a view that copies each of them, and a view of the copies that counts them.
const PROJECT: [(&str, &str); 5] = [
    ("events.datasource", "SCHEMA >\n id UInt64,\n place String\nENGINE_SORTING_KEY id\nENGINE_PARTITION_KEY place\n"),
    ("copies.datasource", "SCHEMA >\n id UInt64,\n place String\nENGINE_SORTING_KEY id\n"),
    ("counts.datasource", "SCHEMA >\n place String,\n id UInt64\nENGINE_SORTING_KEY place\n"),
    ("copied.pipe", "NODE n\nTYPE materialized\nDATASOURCE copies\nSQL >\n SELECT id, place FROM events\n"),
    (
        "counted.pipe",
        "NODE n\nTYPE materialized\nDATASOURCE counts\nSQL >\n SELECT place, count() AS id FROM copies GROUP BY place\n",
    ),
];

fn catalog() -> Catalog {
    let file = |(path, text): &(&str, &str)| ProjectFile { path: (*path).to_owned(), text: (*text).to_owned() };
    let files: Vec<ProjectFile> = PROJECT.iter().map(file).collect();
    let mut ids = 0;
    let compiled = compile(&files, &Catalog::empty(WORKSPACE, "sim"), &mut || {
        ids += 1;
        ids
    });
    compiled.expect("the project is sound").catalog
}

/// A host's life from its start to its crash.
struct Process {
    ingest: Arc<Ingest>,
    log: Arc<Log>,
}

async fn start(world: &Arc<World>, disk: &disk::Memory, process: u64) -> Result<Process> {
    world.state.lock().unwrap().process = process;
    let clock = Arc::new(Fake::new(0, world.chance.random() as u64));
    let storage = Arc::new(Faulty { world: world.clone(), process });
    let log = Arc::new(Log::open(storage, clock.clone(), WORKSPACE).await?);
    let ingest = Ingest::open_on(Box::new(disk.clone()), "writer".to_owned(), 1000, log.clone(), clock, None).await?;
    Ok(Process { ingest, log })
}

/// What one snapshot has, in segments and in rows that have none yet.
struct Seen {
    /// How often each id is among the events, and among their copies.
    events: BTreeMap<u64, usize>,
    copies: BTreeMap<u64, usize>,
    /// How many copies were counted.
    counted: u64,
}

async fn count(world: &World, process: &Process) -> Result<Seen> {
    let catalog = process.log.catalog(&process.log.seen()).await?;
    let ids = ["events", "copies", "counts"].map(|name| catalog.data_sources[name].id.as_str());
    let snapshot = process.ingest.snapshot(&ids).await?.rows;
    let mut columns = Vec::new();
    for id in ids {
        let mut values = Vec::new();
        let mut batches = snapshot.tail.get(id).cloned().unwrap_or_default();
        for segment in &snapshot.manifests[id].segments {
            let bytes = world.store.get(&key::segment(process.log.workspace(), id, &segment.id)).await?;
            let footer = segment.footer.get()?;
            footer.verify(0, &bytes)?;
            let row_groups: Vec<usize> = (0..footer.row_group_count()).collect();
            for batch in footer.read(&row_groups, &["id", "place"], SparseBytes::new(vec![(0, bytes)]), None)? {
                batches.push(batch?);
            }
        }
        for batch in batches {
            let column = batch.column_by_name("id").expect("each has an id").clone();
            values.extend_from_slice(column.as_primitive::<UInt64Type>().values());
        }
        columns.push(values);
    }
    let times = |ids: &[u64]| {
        let mut seen = BTreeMap::new();
        ids.iter().for_each(|id| *seen.entry(*id).or_insert(0) += 1);
        seen
    };
    Ok(Seen { events: times(&columns[0]), copies: times(&columns[1]), counted: columns[2].iter().sum() })
}

#[derive(Default)]
struct Expected {
    next_id: u64,
    acknowledged: BTreeSet<u64>,
    refused: BTreeSet<u64>,
}

impl Expected {
    fn check(&self, seed: u64, step: usize, seen: &Seen) {
        self.check_events(seed, step, &seen.events);
        assert_eq!(seen.events, seen.copies, "seed {seed}, step {step}: the view of the events");
        assert_eq!(seen.counted, seen.copies.len() as u64, "seed {seed}, step {step}: the view of the view");
    }

    fn check_events(&self, seed: u64, step: usize, seen: &BTreeMap<u64, usize>) {
        for id in &self.acknowledged {
            assert_eq!(seen.get(id), Some(&1), "seed {seed}, step {step}: acknowledged event {id}");
        }
        for (id, times) in seen {
            assert!(*times == 1, "seed {seed}, step {step}: event {id} is there {times} times");
            assert!(self.acknowledged.contains(id) || self.refused.contains(id), "seed {seed}: event {id}");
        }
    }

    /// Appends a few events, some at the same time.
    async fn append(&mut self, world: &World, process: &Process) {
        let source = catalog().data_sources["events"].clone();
        let mut waiting = Vec::new();
        for _ in 0..=world.pick(3) {
            let ids: Vec<u64> = (0..=world.pick(4) as u64).map(|offset| self.next_id + offset).collect();
            self.next_id += ids.len() as u64;
            let events = ids.iter().map(|id| format!("{{\"id\": {id}, \"place\": \"p{}\"}}\n", id % 3));
            let (ingest, source, body) = (process.ingest.clone(), source.clone(), events.collect::<String>());
            let task = tokio::spawn(async move { ingest.append(&source, Bytes::from(body), Format::Ndjson).await });
            waiting.push((ids, task));
        }
        for (ids, task) in waiting {
            match task.await.unwrap() {
                Ok(ack) => {
                    assert_eq!((ack.accepted, ack.quarantined), (ids.len(), 0));
                    self.acknowledged.extend(ids);
                }
                Err(_) => self.refused.extend(ids),
            }
        }
    }
}

async fn run(seed: u64) -> (u64, usize, usize) {
    let chance = Fake::new(0, seed);
    let world = Arc::new(World { store: Memory::default(), chance, state: Mutex::default() });
    let disk = disk::Memory::default();
    let clock = Arc::new(Fake::new(0, seed));
    let calm: Arc<dyn Storage> = Arc::new(Faulty { world: world.clone(), process: 0 });
    Log::create(calm, clock, &catalog()).await.unwrap();
    world.state.lock().unwrap().faults = world.pick(40) as u128;

    let mut expected = Expected::default();
    let mut processes = 1;
    let mut alive = start(&world, &disk, processes).await.ok();
    for step in 0..STEPS {
        let Some(process) = &alive else {
            world.deliver_late().await;
            processes += 1;
            alive = start(&world, &disk, processes).await.ok();
            continue;
        };
        match world.pick(10) {
            0..=4 => expected.append(&world, process).await,
            5 | 6 => {
                let _ = process.ingest.flush().await;
            }
            7 => disk.fail_after(world.pick(10) as u64, 1 + world.pick(2) as u64),
            8 => world.deliver_late().await,
            _ => {
                // a flush may be anywhere when the power goes
                let ingest = process.ingest.clone();
                let flush = tokio::spawn(async move { ingest.flush().await });
                for _ in 0..world.pick(12) {
                    tokio::task::yield_now().await;
                }
                world.state.lock().unwrap().process = u64::MAX;
                disk.crash(world.pick(40));
                flush.abort();
                let _ = flush.await;
                alive = None;
                continue;
            }
        }
        if let Ok(seen) = count(&world, process).await {
            expected.check(seed, step, &seen);
        }
    }

    // the end: everything works again, and nothing was lost or doubled
    world.state.lock().unwrap().faults = 0;
    disk.crash(0);
    drop(alive);
    world.deliver_late().await;
    let process = start(&world, &disk, processes + 1).await.unwrap();
    expected.check(seed, STEPS, &count(&world, &process).await.unwrap());
    process.ingest.flush().await.unwrap();
    expected.check(seed, STEPS + 1, &count(&world, &process).await.unwrap());
    process.ingest.shutdown().await.unwrap();
    (process.log.head().await.unwrap().number, expected.acknowledged.len(), expected.refused.len())
}

#[tokio::test]
async fn acknowledged_events_count_once() {
    let (mut acknowledged, mut refused) = (0, 0);
    for seed in 0..SEEDS {
        let (_, some_acknowledged, some_refused) =
            tokio::time::timeout(Duration::from_secs(60), run(seed)).await.expect("no seed hangs");
        acknowledged += some_acknowledged;
        refused += some_refused;
    }
    assert!(acknowledged > 1000 && refused > 10, "the faults bite: {acknowledged} taken, {refused} refused");
}
