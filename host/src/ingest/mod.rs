//! Events in: durable and visible when acknowledged, in segments soon after.
//!
//! ```text
//! body ─ parse ─▶ rows ─┐
//!   └──▶ journal ─ fsync ┴▶ buffer ─ cut ─ views ─▶ segments ─▶ commit ─▶ journal may forget
//!                             └── tail ─ views ──▶ queries on this host ◀── segments ──┘
//! ```
//!
//! A row is in the buffer (or in the cut that is being flushed) or in a segment of the commit that
//! a snapshot names, never in both and never in neither. A commit says how far it has this
//! writer's journal, so after a crash the journal is read again from there.

mod buffer;
pub mod disk;
pub(crate) mod flush;
mod journal;
pub(crate) mod views;

pub use journal::Format;

use self::buffer::{Buffer, Cut};
use self::disk::Disk;
use self::journal::{Journal, Record};
use self::views::{Rows, Views};
use crate::clock::Clock;
use crate::log::Log;
use arrow::array::RecordBatch;
use bytes::Bytes;
use sanderling_core::catalog::{self, Catalog, DataSource};
use sanderling_core::ingest::{Events, Shape, quarantine};
use sanderling_core::limits::{BUFFER_BYTES_MAX, EVENTS_BODY_BYTES_MAX};
use sanderling_core::manifest::Commit;
use sanderling_core::query;
use sanderling_core::view::View;
use sanderling_core::{Error, Kind, Result};
use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How often the background task looks whether it is time to flush, and whether other writers
/// have committed.
const TICK: Duration = Duration::from_millis(200);

/// Bodies larger than this are parsed where they do not hold up other requests.
const PARSE_INLINE_BYTES_MAX: usize = 256 << 10;

#[derive(Clone, Debug)]
pub struct Config {
    /// Holds the journal, and the id under which commits know it.
    pub directory: PathBuf,
    /// Rows wait at most so long for a segment.
    pub flush_interval_ms: u64,
}

/// How many events of one body fit, and how many went to quarantine. All of them are durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    pub accepted: usize,
    pub quarantined: usize,
}

/// A commit, with the rows that came after it.
#[derive(Clone)]
pub struct Snapshot {
    pub commit: Arc<Commit>,
    pub rows: query::Snapshot,
}

/// Data source id → how its events are read, and for which definition of it that holds.
type Shapes = HashMap<String, (Arc<DataSource>, Arc<Shape>)>;

pub struct Ingest {
    shared: Arc<Shared>,
    journal: tokio::sync::RwLock<Option<Journal<Cargo>>>,
    flush_interval_ms: u64,
    /// One flush at a time.
    flushing: tokio::sync::Mutex<()>,
    wake: Notify,
    background: Mutex<Option<JoinHandle<()>>>,
    shapes: Mutex<Shapes>,
    /// Those of the catalog that was needed last.
    views: Mutex<Option<Arc<Views>>>,
    /// What views made of rows that are in no segment yet.
    made: Mutex<HashMap<String, Made>>,
    /// Held as long as the directory is ours.
    _lock: Option<File>,
}

/// What the journal's thread reaches, too.
struct Shared {
    log: Arc<Log>,
    clock: Arc<dyn Clock>,
    writer: String,
    /// Body bytes that are buffered or on their way there.
    bytes: Arc<AtomicUsize>,
    state: Mutex<State>,
}

struct State {
    /// A commit that has exactly the rows which the buffer and the cut lack.
    base: Arc<Commit>,
    buffer: Buffer,
    cut: Option<Arc<Cut>>,
}

/// Rows of a view's target that came of the rows in the buffer and the cut at one moment.
struct Made {
    moment: Moment,
    rows: Vec<RecordBatch>,
}

/// What is in the buffer and the cut, and which views there are.
#[derive(Clone, PartialEq, Eq)]
struct Moment {
    catalog: String,
    /// How far the commit has the journal, and how far the buffer.
    from: u64,
    to: u64,
}

/// What goes with a journal record: its rows, once it is durable.
struct Cargo {
    rows: Vec<(Arc<DataSource>, RecordBatch)>,
    at_ns: i64,
    room: Room,
}

impl Ingest {
    /// Reads again what a crash left in the journal, and takes the directory for itself.
    pub async fn open(config: &Config, log: Arc<Log>, clock: Arc<dyn Clock>) -> Result<Arc<Ingest>> {
        let place = |error: std::io::Error| Error::unavailable(format!("{}: {error}", config.directory.display()));
        fs::create_dir_all(&config.directory).map_err(place)?;
        let lock = lock(&config.directory)?;
        let writer = writer_id(&config.directory, &*clock).map_err(place)?;
        let disk = disk::Local::open(&config.directory.join("wal")).map_err(place)?;
        Ingest::open_on(Box::new(disk), writer, config.flush_interval_ms, log, clock, Some(lock)).await
    }

    /// `writer` is the id under which commits know this disk's journal; nobody else uses them now.
    pub async fn open_on(
        disk: Box<dyn Disk>,
        writer: String,
        flush_interval_ms: u64,
        log: Arc<Log>,
        clock: Arc<dyn Clock>,
        lock: Option<File>,
    ) -> Result<Arc<Ingest>> {
        // a dead process may have left the store with a commit still to come: its number is taken
        // first, so that what is read next is final
        let base = log.commit(|base| std::future::ready(Ok(Some(base.next("opened", clock.now_ms()))))).await?;
        let catalog = log.catalog(&base).await?;
        let from = base.writers.get(&writer).copied().unwrap_or(0);
        let state = Mutex::new(State { base, buffer: Buffer::new(from), cut: None });
        let shared = Arc::new(Shared { log, clock, writer, bytes: Arc::default(), state });
        let mut shapes = HashMap::new();
        let durable = shared.clone();
        let journal = Journal::open(
            disk,
            from,
            |position, record| shared.replay(&catalog, &mut shapes, position, record),
            move |position, cargo: Cargo| durable.insert(position, cargo),
        )?;
        Ok(Arc::new(Ingest {
            shared,
            journal: tokio::sync::RwLock::new(Some(journal)),
            flush_interval_ms,
            flushing: tokio::sync::Mutex::new(()),
            wake: Notify::new(),
            background: Mutex::new(None),
            shapes: Mutex::new(HashMap::new()),
            views: Mutex::new(None),
            made: Mutex::new(HashMap::new()),
            _lock: lock,
        }))
    }

    /// Returns when the events are durable and every later [`Ingest::snapshot`] has them.
    pub async fn append(&self, data_source: &Arc<DataSource>, body: Bytes, format: Format) -> Result<Ack> {
        if body.len() > EVENTS_BODY_BYTES_MAX {
            let message = format!("a body of {} bytes; at most {EVENTS_BODY_BYTES_MAX} are taken", body.len());
            return Err(Error::limit(message));
        }
        let room = Room::take(&self.shared.bytes, body.len()).inspect_err(|_| self.wake.notify_one())?;
        let at_ns = self.shared.clock.now_ns();
        let shape = self.shape(data_source)?;
        let record = Record { format, at_ns, data_source: data_source.id.clone(), body };
        let (record, events) = parse(shape, record).await?;
        let ack = Ack { accepted: events.rows.num_rows(), quarantined: events.quarantined.len() };
        if ack.accepted + ack.quarantined == 0 {
            return Ok(ack);
        }
        let cargo = Cargo { rows: rows_of(data_source, events, at_ns)?, at_ns, room };
        match &*self.journal.read().await {
            Some(journal) => journal.append(record, cargo).await?,
            None => return Err(Error::unavailable("the host is shutting down")),
        }
        if self.shared.state().buffer.is_due(at_ns, self.flush_interval_ms) {
            self.wake.notify_one();
        }
        Ok(ack)
    }

    /// Every row of these data sources (by id) that is acknowledged, each once, and what views make of them.
    pub async fn snapshot(&self, data_sources: &[&str]) -> Result<Snapshot> {
        let mut commit = self.shared.log.seen();
        let mut taken = loop {
            let views = self.views(&commit).await?;
            let wanted = views.upstream(data_sources);
            let ids: Vec<&str> = wanted.iter().map(String::as_str).collect();
            let (of, rows) = self.shared.tail(&ids);
            // a deployment came in between: its views may be others
            if of.catalog == views.catalog_id {
                let rows = self.with_views(&views, &of, rows, data_sources).await?;
                break Snapshot { commit: of, rows };
            }
            commit = of;
        };
        for id in data_sources {
            let manifest = self.shared.log.manifest(&taken.commit, id).await?;
            taken.rows.manifests.insert((*id).to_owned(), manifest);
        }
        Ok(taken)
    }

    /// Adds to the tail what the views make of it. Between two inserts that is done once.
    async fn with_views(
        &self,
        views: &Views,
        commit: &Commit,
        mut taken: Tail,
        data_sources: &[&str],
    ) -> Result<query::Snapshot> {
        let moment = Moment { catalog: views.catalog_id.clone(), from: taken.from, to: taken.to };
        let targets = data_sources.iter().filter(|id| views.target(id).is_some());
        let known = |id: &str| {
            self.made.lock().expect("no panic while it is held").get(id).is_some_and(|made| made.moment == moment)
        };
        let fresh: Vec<&str> = targets.clone().copied().filter(|id| !known(id)).collect();
        if !fresh.is_empty() && !taken.rows.tail.is_empty() {
            let wanted = views.upstream(&fresh);
            let mut all = views::derive(&self.shared, views, commit, &taken.rows.tail, Some(&wanted)).await?;
            let mut made = self.made.lock().expect("no panic while it is held");
            for id in fresh {
                let rows = all.remove(id).unwrap_or_default();
                made.insert(id.to_owned(), Made { moment: moment.clone(), rows });
            }
        }
        taken.rows.tail.retain(|id, _| data_sources.contains(&id.as_str()));
        let made = self.made.lock().expect("no panic while it is held");
        for id in targets {
            if let Some(made) = made.get(*id).filter(|made| made.moment == moment && !made.rows.is_empty()) {
                taken.rows.tail.entry((*id).to_owned()).or_default().extend(made.rows.iter().cloned());
            }
        }
        Ok(taken.rows)
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.shared.clock
    }

    /// The rows that a view makes of a block, and what other views make of those, by target.
    pub(crate) async fn run_view(
        &self,
        views: &Views,
        view: &View,
        commit: &Commit,
        block: Vec<RecordBatch>,
    ) -> Result<Rows> {
        let rows = views::run(&self.shared, views, view, commit, block).await?;
        let mut made = Rows::from([(view.target.id.clone(), rows)]);
        for (target, rows) in views::derive(&self.shared, views, commit, &made, None).await? {
            made.entry(target).or_default().extend(rows);
        }
        Ok(made)
    }

    /// The views of the commit's catalog.
    pub(crate) async fn views(&self, commit: &Commit) -> Result<Arc<Views>> {
        let known = self.views.lock().expect("no panic while it is held").clone();
        if let Some(views) = known.filter(|views| views.catalog_id == commit.catalog) {
            return Ok(views);
        }
        let views = Arc::new(Views::of(&self.shared.log, commit).await?);
        *self.views.lock().expect("no panic while it is held") = Some(views.clone());
        Ok(views)
    }

    /// Brings all rows acknowledged before the call into segments.
    pub async fn flush(&self) -> Result<()> {
        let _one_at_a_time = self.flushing.lock().await;
        // a cut that an earlier flush did not get in comes first, and alone: it must stay the same
        // until it is known to be in
        let earlier = self.shared.state().cut.clone();
        if let Some(cut) = earlier {
            self.flush_cut(&cut).await?;
        }
        let cut = {
            let mut state = self.shared.state();
            state.cut = state.buffer.take().map(Arc::new);
            state.cut.clone()
        };
        match cut {
            Some(cut) => self.flush_cut(&cut).await,
            None => Ok(()),
        }
    }

    async fn flush_cut(&self, cut: &Arc<Cut>) -> Result<()> {
        let head = flush::run(self, cut).await?;
        {
            let mut state = self.shared.state();
            state.base = head;
            state.cut = None;
        }
        self.shared.bytes.fetch_sub(cut.bytes, Ordering::Relaxed);
        if let Some(journal) = &*self.journal.read().await {
            journal.release(cut.position).await;
        }
        Ok(())
    }

    /// Starts the background task: it flushes when it is time, and follows other writers' commits.
    pub fn start(self: &Arc<Self>) {
        let ingest = Arc::downgrade(self);
        let task = tokio::spawn(async move {
            loop {
                let Some(ingest) = ingest.upgrade() else { return };
                tokio::select! {
                    () = tokio::time::sleep(TICK) => {}
                    () = ingest.wake.notified() => {}
                }
                ingest.tick().await;
            }
        });
        *self.background.lock().expect("no panic while it is held") = Some(task);
    }

    async fn tick(&self) {
        let now_ns = self.shared.clock.now_ns();
        let is_due = {
            let state = self.shared.state();
            state.cut.is_some() || state.buffer.is_due(now_ns, self.flush_interval_ms)
        };
        if is_due && let Err(error) = self.flush().await {
            tracing::warn!(%error, "rows stay in the journal for now: flush failed");
            tokio::time::sleep(TICK * 5).await;
        }
        if let Err(error) = self.shared.log.head().await {
            tracing::warn!(%error, "the latest commit cannot be read");
        }
    }

    /// Refuses new events, and brings what there is into segments. What it cannot is in the
    /// journal, for the next start.
    pub async fn shutdown(&self) -> Result<()> {
        let background = self.background.lock().expect("no panic while it is held").take();
        if let Some(task) = background {
            task.abort();
            let _ = task.await;
        }
        let journal = self.journal.write().await.take();
        // its thread finishes what has been handed in
        let closed = tokio::task::spawn_blocking(move || drop(journal)).await;
        closed.map_err(|error| Error::internal(format!("journal: {error}")))?;
        self.flush().await
    }

    fn shape(&self, data_source: &Arc<DataSource>) -> Result<Arc<Shape>> {
        let mut shapes = self.shapes.lock().expect("no panic while it is held");
        shape_of(&mut shapes, data_source)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while it is held")
    }

    fn insert(&self, position: u64, cargo: Cargo) {
        let bytes = cargo.room.keep();
        self.state().buffer.insert(position, cargo.at_ns, bytes, cargo.rows);
    }

    /// Rows of a record that an earlier process acknowledged.
    fn replay(&self, catalog: &Catalog, shapes: &mut Shapes, position: u64, record: Record) -> Result<()> {
        let mut rows = Vec::new();
        match catalog.data_source(&record.data_source) {
            Some(data_source) => {
                let events = parse_record(&*shape_of(shapes, data_source)?, &record)?;
                rows = rows_of(data_source, events, record.at_ns)?;
            }
            None => tracing::warn!(id = record.data_source, "events of a data source that is gone are dropped"),
        }
        self.bytes.fetch_add(record.body.len(), Ordering::Relaxed);
        self.state().buffer.insert(position, record.at_ns, record.body.len(), rows);
        Ok(())
    }

    /// A commit and the rows that it lacks, of one moment.
    fn tail(&self, data_sources: &[&str]) -> (Arc<Commit>, Tail) {
        let state = self.state();
        let seen = self.log.seen();
        // other writers' commits are welcome; one of ours that is newer than the buffer knows has
        // rows that still stand in the cut
        let same = seen.writers.get(&self.writer) == state.base.writers.get(&self.writer);
        let commit = if same && seen.number > state.base.number { seen } else { state.base.clone() };
        let mut rows = query::Snapshot { version: commit.number, ..query::Snapshot::default() };
        for id in data_sources {
            let cut = state.cut.iter().flat_map(|cut| cut.batches(id));
            let batches: Vec<RecordBatch> = cut.chain(state.buffer.batches(id)).cloned().collect();
            if !batches.is_empty() {
                rows.tail.insert((*id).to_owned(), batches);
            }
        }
        let from = commit.writers.get(&self.writer).copied().unwrap_or(0);
        (commit, Tail { rows, from, to: state.buffer.position() })
    }
}

/// Rows that a commit lacks, and between which positions of the journal they stand.
struct Tail {
    rows: query::Snapshot,
    from: u64,
    to: u64,
}

fn shape_of(shapes: &mut Shapes, data_source: &Arc<DataSource>) -> Result<Arc<Shape>> {
    if let Some((known, shape)) = shapes.get(&data_source.id)
        && (Arc::ptr_eq(known, data_source) || known.columns == data_source.columns)
    {
        return Ok(shape.clone());
    }
    let shape = Arc::new(Shape::new(data_source)?);
    shapes.insert(data_source.id.clone(), (data_source.clone(), shape.clone()));
    Ok(shape)
}

async fn parse(shape: Arc<Shape>, record: Record) -> Result<(Record, Events)> {
    if record.body.len() <= PARSE_INLINE_BYTES_MAX {
        let events = parse_record(&shape, &record)?;
        return Ok((record, events));
    }
    let parsed = tokio::task::spawn_blocking(move || parse_record(&shape, &record).map(|events| (record, events)));
    parsed.await.map_err(|error| Error::internal(format!("events: {error}")))?
}

fn parse_record(shape: &Shape, record: &Record) -> Result<Events> {
    match record.format {
        Format::Ndjson => shape.parse_ndjson(&record.body, record.at_ns),
        Format::Json => shape.parse_json(&record.body, record.at_ns),
    }
}

fn rows_of(data_source: &Arc<DataSource>, events: Events, at_ns: i64) -> Result<Vec<(Arc<DataSource>, RecordBatch)>> {
    let mut rows = Vec::new();
    if events.rows.num_rows() > 0 {
        rows.push((data_source.clone(), events.rows));
    }
    if !events.quarantined.is_empty() {
        let batch = quarantine::rows(data_source, &events.quarantined, at_ns)?;
        rows.push((Arc::new(catalog::quarantine::data_source(data_source)), batch));
    }
    Ok(rows)
}

/// A claim on the buffer's memory; what is not kept is given back.
struct Room {
    all: Arc<AtomicUsize>,
    bytes: usize,
}

impl Room {
    fn take(all: &Arc<AtomicUsize>, bytes: usize) -> Result<Room> {
        let room = Room { all: all.clone(), bytes };
        let before = all.fetch_add(bytes, Ordering::Relaxed);
        if before + bytes > BUFFER_BYTES_MAX {
            let message = format!("{before} bytes of events wait to be stored; retry in a few seconds");
            return Err(Error::new(Kind::Unavailable, message));
        }
        Ok(room)
    }

    /// The flush gives it back.
    fn keep(mut self) -> usize {
        std::mem::take(&mut self.bytes)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

fn lock(directory: &Path) -> Result<File> {
    let path = directory.join("lock");
    let failed = |error: &dyn std::fmt::Display| Error::unavailable(format!("{}: {error}", path.display()));
    let file = File::create(&path).map_err(|error| failed(&error))?;
    file.try_lock().map_err(|_| failed(&"another process of sanderling uses this directory"))?;
    Ok(file)
}

/// Made once, with the journal.
fn writer_id(directory: &Path, clock: &dyn Clock) -> std::io::Result<String> {
    let path = directory.join("writer");
    match fs::read_to_string(&path) {
        Ok(id) if id.len() == 32 => return Ok(id),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let id = clock.random_id();
    let staged = directory.join("writer.new");
    fs::write(&staged, &id)?;
    File::open(&staged)?.sync_all()?;
    fs::rename(&staged, &path)?;
    File::open(directory)?.sync_all()?;
    Ok(id)
}
