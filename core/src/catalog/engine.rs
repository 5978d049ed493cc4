//! How a data source keeps its rows: engine, keys, TTL, indexes.

use crate::value::IntervalUnit;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Engine {
    pub kind: EngineKind,
    /// SQL expressions over the columns. Rows of a segment are sorted by them.
    pub sorting_key: Vec<String>,
    /// SQL expressions over the columns. Rows of a segment agree in them.
    pub partition_key: Vec<String>,
    pub primary_key: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling_key: Option<String>,
    /// A row is gone when one of the rules says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ttl: Vec<TtlRule>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, Setting>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum EngineKind {
    #[default]
    MergeTree,
    Replacing {
        version: Option<String>,
        is_deleted: Option<String>,
    },
    Summing {
        columns: Vec<String>,
    },
    Aggregating,
    Collapsing {
        sign: String,
    },
    VersionedCollapsing {
        sign: String,
        version: String,
    },
    Null,
    /// What `joinGet` looks up: the first row of each key.
    Join {
        /// `ANY`, `ALL` …, as written.
        strictness: String,
        /// `LEFT`, `INNER` …, as written.
        side: String,
        keys: Vec<String>,
    },
}

impl EngineKind {
    pub fn name(&self) -> &'static str {
        match self {
            EngineKind::MergeTree => "MergeTree",
            EngineKind::Replacing { .. } => "ReplacingMergeTree",
            EngineKind::Summing { .. } => "SummingMergeTree",
            EngineKind::Aggregating => "AggregatingMergeTree",
            EngineKind::Collapsing { .. } => "CollapsingMergeTree",
            EngineKind::VersionedCollapsing { .. } => "VersionedCollapsingMergeTree",
            EngineKind::Null => "Null",
            EngineKind::Join { .. } => "Join",
        }
    }
}

/// `toDate(at) + INTERVAL 6 MONTH WHERE kind != 'kept'`: rows that satisfy the condition go so long
/// after the moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TtlRule {
    /// SQL over the columns: a date or a time.
    pub moment: String,
    /// None if the expression is not `moment + interval`: then rows go at that moment.
    pub after: Option<Period>,
    /// SQL over the columns; without one, every row goes.
    pub condition: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    pub count: u32,
    pub unit: IntervalUnit,
}

/// The value of an engine's setting: `index_granularity = 32`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Setting {
    Integer(i64),
    Float(f64),
    Text(String),
}

/// What a query may skip by, besides the sorting key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Index {
    pub name: String,
    /// SQL over the columns.
    pub expression: String,
    pub kind: IndexKind,
    /// Granules of rows that one entry of the index speaks for.
    pub granularity: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum IndexKind {
    MinMax,
    /// Of more distinct values than this (0: never) nothing is kept.
    Set {
        values_max: u64,
    },
    BloomFilter {
        false_positives: f64,
    },
    NgramBloomFilter {
        ngram: u64,
        bytes: u64,
        hashes: u64,
        seed: u64,
    },
    TokenBloomFilter {
        bytes: u64,
        hashes: u64,
        seed: u64,
    },
    /// A kind that ClickHouse may know and we do not; queries are right without any index.
    Other {
        name: String,
        arguments: Vec<String>,
    },
}
