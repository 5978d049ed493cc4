//! A query is a conversation: the engine names byte ranges, the shell fetches them in one wave,
//! the engine answers.
//!
//! ```text
//! Query::new(catalog, source, options)      names and types are checked
//!   .data_sources()                         whose manifests the shell must have
//!   .prune(&snapshot)                       segments and row groups that cannot match fall away
//!   .reads()                                byte ranges wanted, already merged
//!   .feed(index, bytes)                     once for each
//!   .run()                                  rows
//! ```

use crate::batch::Rows;
use crate::catalog::{Catalog, DataSource};
use crate::error::{Error, Result};
use crate::manifest::Manifest;
use crate::plan::Visible;
use crate::template::Params;
use arrow::array::RecordBatch;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// What to run.
#[derive(Clone, Debug)]
pub enum Source {
    /// A published pipe; `over` is the caller's SQL over its result, which it calls `_`.
    Endpoint { pipe: String, params: Params, over: Option<String> },
    /// SQL, a template if it starts with `%`; with `pipeline`, `_` is that pipe.
    Sql { text: String, pipeline: Option<String>, params: Params },
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
}

/// Bytes of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Name of the object in the store ([`crate::manifest::key`]).
    pub key: String,
    pub range: Range<u64>,
}

pub struct Query {}

#[derive(Debug)]
pub struct Answer {
    pub rows: Rows,
    /// How many rows there would be without LIMIT, at least; only if there is a LIMIT.
    pub rows_before_limit: Option<u64>,
    pub rows_read: u64,
    pub bytes_read: u64,
    /// The `FORMAT` that the SQL asked for.
    pub format: Option<String>,
}

impl Query {
    pub fn new(_catalog: &Arc<Catalog>, _source: Source, _options: Options) -> Result<Query> {
        Err(Error::internal("not yet"))
    }

    /// The data sources it reads, each once.
    pub fn data_sources(&self) -> Vec<Arc<DataSource>> {
        Vec::new()
    }

    pub fn prune(&mut self, _snapshot: &Snapshot) -> Result<()> {
        Ok(())
    }

    pub fn reads(&self) -> &[Read] {
        &[]
    }

    pub fn feed(&mut self, _index: usize, _bytes: Bytes) {}

    pub fn run(self) -> Result<Answer> {
        Err(Error::internal("not yet"))
    }
}
