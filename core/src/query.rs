//! A query is a conversation: the engine names byte ranges, the shell fetches them in one wave,
//! the engine answers.
//!
//! ```text
//! Query::new(catalog, source, options)   names and types are checked
//!   .data_sources()                      whose manifests the shell must have
//!   .prune(&snapshot)                    segments and row groups that cannot match fall away
//!   .reads()                             column chunks wanted; `coalesce` joins neighbours
//!   .verify(index, &bytes)               for bytes that come fresh from a store
//!   .feed(index, bytes)                  once for each
//!   .run()                               rows
//! ```
//!
//! A read is one column chunk, so that a cache of reads serves every query over the same columns.

use crate::batch::{Rows, Schema};
use crate::catalog::{Catalog, DataSource, Pipe};
use crate::error::{Error, Result};
use crate::exec::{self, Input, Optimized, Scans, SegmentInput};
use crate::function::Context;
use crate::limits;
use crate::manifest::{Manifest, key};
use crate::plan::{self, Environment, Part, Text, Visible};
use crate::segment::{Footer, SparseBytes};
use crate::template::{Params, Rendered, Template};
use arrow::array::RecordBatch;
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

/// What to run.
#[derive(Clone, Debug)]
pub enum Source {
    /// A published pipe; `over` is the caller's SQL over its result, which it calls `_`.
    Endpoint { pipe: String, params: Params, over: Option<String> },
    /// SQL, a template if it starts with `%`; with `pipeline`, `_` is that pipe.
    Sql { text: String, pipeline: Option<String>, params: Params },
    /// A materialized node over [`Snapshot::block`], as rows of its target.
    View { pipe: Arc<Pipe>, node: usize, target: Arc<DataSource> },
}

#[derive(Clone, Debug)]
pub struct Options {
    /// Unix time in nanoseconds.
    pub now_ns: i64,
    pub visible: Visible,
    /// Reads of more than this end in `LimitExceeded`.
    pub read_bytes_max: u64,
    /// Memory that operators (aggregation, sorting, joins) may hold.
    pub memory_bytes_max: usize,
    /// Settings that hold where the SQL says nothing else.
    pub settings: Vec<(String, String)>,
}

/// The rows that one query sees.
#[derive(Clone, Default)]
pub struct Snapshot {
    /// Number of the commit.
    pub version: u64,
    /// Data source id → its manifest at that commit. Missing means without rows.
    pub manifests: BTreeMap<String, Arc<Manifest>>,
    /// Data source id → rows acknowledged but not yet in a segment.
    pub tail: BTreeMap<String, Vec<RecordBatch>>,
    /// The rows that a view is run over. Where it reads their data source once more, it sees all rows.
    pub block: Vec<RecordBatch>,
}

/// Bytes of one object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Read {
    /// Name of the object in the store ([`crate::manifest::key`]).
    pub key: String,
    pub range: Range<u64>,
}

/// One ranged read of a store, and the reads that it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    pub read: Read,
    /// Indexes into what was coalesced.
    pub serves: Vec<usize>,
}

pub struct Query {
    workspace: String,
    schema: Schema,
    data_sources: Vec<Arc<DataSource>>,
    format: Option<String>,
    settings: Vec<(String, String)>,
    has_limit: bool,
    read_bytes_max: u64,
    optimized: Optimized,
    pruned: Vec<PrunedScan>,
    reads: Vec<Read>,
    fed: Vec<Option<Bytes>>,
    rows_read: u64,
    bytes_read: u64,
}

/// What is left to read of one scan.
struct PrunedScan {
    segments: Vec<PrunedSegment>,
    tail: Vec<RecordBatch>,
}

struct PrunedSegment {
    footer: Footer,
    parts: Vec<Part>,
    /// Indexes of `Query::reads`.
    reads: Vec<usize>,
}

#[derive(Debug)]
pub struct Answer {
    pub rows: Rows,
    /// How many rows there would be without LIMIT, at least; only if there is a LIMIT.
    pub rows_before_limit: Option<u64>,
    pub rows_read: u64,
    pub bytes_read: u64,
    /// The `FORMAT` that the SQL asked for.
    pub format: Option<String>,
    /// What it says behind `SETTINGS`.
    pub settings: Vec<(String, String)>,
}

impl Query {
    /// Renders, parses, binds and optimizes. Every mistake in the texts is found here.
    pub fn new(catalog: &Catalog, source: Source, options: Options) -> Result<Query> {
        let none = Params::default();
        let (params, scans) = match &source {
            Source::Endpoint { params, .. } | Source::Sql { params, .. } => (params, Scans::default()),
            Source::View { .. } => (&none, Scans::of_view()),
        };
        let params = &with_job_timestamp(params, options.now_ns);
        let environment = Environment {
            catalog,
            visible: &options.visible,
            params,
            context: Context { now_ns: options.now_ns },
            settings: &options.settings,
            tables: &scans,
        };
        let bound = match &source {
            Source::Endpoint { pipe, over: None, .. } => {
                plan::bind(&environment, Text::Endpoint(endpoint(catalog, pipe)?))
            }
            Source::Endpoint { pipe, over: Some(text), .. } => {
                let rendered = render(text, params)?;
                plan::bind(&environment, Text::Sql { rendered: &rendered, pipeline: Some(endpoint(catalog, pipe)?) })
            }
            Source::Sql { text, pipeline, .. } => {
                let rendered = render(text, params)?;
                let pipeline = pipeline.as_ref().map(|pipe| readable_pipe(&environment, pipe)).transpose()?;
                plan::bind(&environment, Text::Sql { rendered: &rendered, pipeline })
            }
            Source::View { pipe, node, target } => plan::bind(&environment, Text::Written(pipe, *node, target)),
        }?;
        let optimized = exec::optimize(bound.plan, options.memory_bytes_max)?;
        Ok(Query {
            workspace: catalog.workspace_id.clone(),
            schema: bound.schema,
            data_sources: bound.data_sources,
            format: bound.format,
            settings: bound.settings,
            has_limit: bound.has_limit,
            read_bytes_max: options.read_bytes_max,
            optimized,
            pruned: Vec::new(),
            reads: Vec::new(),
            fed: Vec::new(),
            rows_read: 0,
            bytes_read: 0,
        })
    }

    /// The data sources it reads, each once.
    pub fn data_sources(&self) -> &[Arc<DataSource>] {
        &self.data_sources
    }

    /// The data sources of which it needs all rows: not the one that a view is run over, unless it is read twice.
    pub fn lookups(&self) -> Vec<Arc<DataSource>> {
        let scans = self.optimized.scans.iter().filter(|scan| !scan.table.is_block);
        let mut out: Vec<Arc<DataSource>> = Vec::new();
        for scan in scans {
            if out.iter().all(|known| known.id != scan.table.data_source.id) {
                out.push(scan.table.data_source.clone());
            }
        }
        out
    }

    /// Names and types of the answer's columns.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The plan that will run, a line for each operator.
    pub fn explain(&self) -> String {
        self.optimized.explain()
    }

    /// Decides what must be read of the snapshot.
    pub fn prune(&mut self, snapshot: &Snapshot) -> Result<()> {
        let mut known = HashMap::new();
        for scan in &self.optimized.scans {
            let id = &scan.table.data_source.id;
            let (manifest, tail) = match scan.table.is_block {
                true => (None, snapshot.block.clone()),
                false => (snapshot.manifests.get(id), snapshot.tail.get(id).cloned().unwrap_or_default()),
            };
            self.rows_read += tail.iter().map(|batch| batch.num_rows() as u64).sum::<u64>();
            let mut segments = Vec::new();
            for segment in manifest.iter().flat_map(|manifest| &manifest.segments) {
                let place = |error: Error| error.context(format!("segment {}", segment.id));
                let footer = segment.footer.get().map_err(place)?;
                let parts = plan::parts(&scan.filters, footer, scan.table.arrow_schema());
                if parts.is_empty() {
                    continue;
                }
                let object = key::segment(&self.workspace, id, &segment.id);
                let mut reads = Vec::new();
                let wanted = parts.iter().flat_map(|part| {
                    let columns = scan.columns(&part.doubtful);
                    part.row_groups.iter().map(move |row_group| (*row_group, columns.clone()))
                });
                for (row_group, columns) in wanted {
                    self.rows_read += footer.row_group_rows(row_group);
                    for column in columns {
                        let Some(range) = footer.column_range(row_group, column) else { continue };
                        let read = Read { key: object.clone(), range };
                        let next = self.reads.len();
                        let index = *known.entry(read.clone()).or_insert(next);
                        if index == next {
                            self.bytes_read += read.range.end - read.range.start;
                            self.reads.push(read);
                        }
                        reads.push(index);
                    }
                }
                segments.push(PrunedSegment { footer: footer.clone(), parts, reads });
            }
            self.pruned.push(PrunedScan { segments, tail });
        }
        if self.bytes_read > self.read_bytes_max {
            return Err(Error::limit(format!(
                "the query reads {} bytes where {} are allowed: narrow its conditions",
                self.bytes_read, self.read_bytes_max
            )));
        }
        self.fed = vec![None; self.reads.len()];
        Ok(())
    }

    /// The column chunks wanted, each once.
    pub fn reads(&self) -> &[Read] {
        &self.reads
    }

    /// Checks bytes that came from a store against the footer's checksums. What passed may be
    /// cached and need not be checked again.
    pub fn verify(&self, index: usize, bytes: &[u8]) -> Result<()> {
        let read = &self.reads[index];
        if bytes.len() as u64 != read.range.end - read.range.start {
            return Err(Error::corrupt(format!("{}: {} bytes for the range {:?}", read.key, bytes.len(), read.range)));
        }
        let mut segments = self.pruned.iter().flat_map(|scan| &scan.segments);
        match segments.find(|segment| segment.reads.contains(&index)) {
            Some(segment) => segment.footer.verify(read.range.start, bytes).map_err(|error| error.context(&read.key)),
            None => Ok(()),
        }
    }

    pub fn feed(&mut self, index: usize, bytes: Bytes) {
        self.fed[index] = Some(bytes);
    }

    /// Executes over what was fed.
    pub fn run(self) -> Result<Answer> {
        for (scan, pruned) in self.optimized.scans.iter().zip(self.pruned) {
            let mut segments = Vec::new();
            for segment in pruned.segments {
                let pieces = segment.reads.iter().map(|index| {
                    let bytes = self.fed[*index].clone();
                    let missing = || Error::internal(format!("{:?} was not fed", self.reads[*index]));
                    bytes.map(|bytes| (self.reads[*index].range.start, bytes)).ok_or_else(missing)
                });
                let bytes = SparseBytes::new(pieces.collect::<Result<_>>()?);
                segments.push(SegmentInput { footer: segment.footer, parts: segment.parts, bytes });
            }
            scan.table.feed(Input { segments, tail: pruned.tail });
        }
        let ran = exec::run(self.optimized, self.schema)?;
        Ok(Answer {
            rows: ran.rows,
            rows_before_limit: ran.rows_before_limit.filter(|_| self.has_limit),
            rows_read: self.rows_read,
            bytes_read: self.bytes_read,
            format: self.format,
            settings: self.settings,
        })
    }
}

/// Joins reads of one object that are close to each other into single fetches.
pub fn coalesce(reads: &[Read]) -> Vec<Fetch> {
    let mut order: Vec<usize> = (0..reads.len()).collect();
    order.sort_by(|a, b| (&reads[*a].key, reads[*a].range.start).cmp(&(&reads[*b].key, reads[*b].range.start)));
    let mut fetches: Vec<Fetch> = Vec::new();
    for index in order {
        let read = &reads[index];
        match fetches.last_mut() {
            Some(last)
                if last.read.key == read.key
                    && read.range.start <= last.read.range.end + limits::READ_GAP_BYTES_MAX =>
            {
                last.read.range.end = last.read.range.end.max(read.range.end);
                last.serves.push(index);
            }
            _ => fetches.push(Fetch { read: read.clone(), serves: vec![index] }),
        }
    }
    fetches
}

fn endpoint<'a>(catalog: &'a Catalog, name: &str) -> Result<&'a Arc<Pipe>> {
    catalog
        .pipe(name)
        .filter(|pipe| pipe.endpoint.is_some())
        .ok_or_else(|| Error::not_found(format!("the pipe {name:?} does not exist or has no endpoint")))
}

fn readable_pipe<'a>(environment: &Environment<'a>, name: &str) -> Result<&'a Arc<Pipe>> {
    let pipe = environment.catalog.pipe(name);
    let visible = |pipe: &&Arc<Pipe>| environment.visible.everything || environment.visible.pipes.contains(&pipe.name);
    pipe.filter(visible).ok_or_else(|| Error::not_found(format!("the pipe {name:?} does not exist")))
}

/// Templates may read the time at which they run as a parameter; a request may also bring it.
fn with_job_timestamp(params: &Params, now_ns: i64) -> Params {
    let mut params = params.clone();
    let now = || chrono::DateTime::from_timestamp_nanos(now_ns).format("%Y-%m-%d %H:%M:%S").to_string();
    params.0.entry("job_timestamp".to_owned()).or_insert_with(|| vec![now()]);
    params
}

/// The caller's own SQL may be a template too.
fn render(text: &str, params: &Params) -> Result<Rendered> {
    if !text.trim_start().starts_with('%') {
        return Ok(Rendered::plain(text));
    }
    let (template, _) = Template::compile(text, "", 0);
    Ok(template.render(params)?)
}

#[cfg(test)]
mod tests;
