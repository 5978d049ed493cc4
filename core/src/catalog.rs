//! The data sources, pipes and tokens of a workspace, by name: what a deployment leaves behind.
//!
//! Everything here is checked and typed. A request looks things up; it never parses a datafile.

pub mod quarantine;

use crate::manifest::FORMAT;
use crate::template::Template;
use crate::value::DataType;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Catalog {
    pub format: u32,
    pub workspace_id: String,
    pub workspace_name: String,
    pub data_sources: BTreeMap<String, Arc<DataSource>>,
    pub pipes: BTreeMap<String, Arc<Pipe>>,
    /// Static tokens, without their texts: [`StaticToken::digest`] recognises one.
    pub tokens: Vec<StaticToken>,
}

/// A typed stream of events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataSource {
    /// `t_` and 32 hex digits; stays the same as long as the data source exists.
    pub id: String,
    pub name: String,
    pub description: String,
    pub columns: Vec<Column>,
    pub engine: Engine,
    /// The datafile: its path in the project and its text, for messages that point into it.
    pub file: String,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    pub data_type: DataType,
    /// Where an event holds the value. Without one it is the key of the column's name.
    pub json_path: Option<JsonPath>,
    /// SQL of a constant expression, for events that lack the value.
    pub default: Option<String>,
}

/// `$.items[:].id` is `[Key("items"), Each, Key("id")]`; `$`, the whole event, is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JsonPath(pub Vec<PathStep>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PathStep {
    Key(String),
    Each,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Engine {
    pub kind: EngineKind,
    /// SQL expressions over the columns. Rows of a segment are sorted by them.
    pub sorting_key: Vec<String>,
    /// SQL expressions over the columns. Rows of a segment agree in them.
    pub partition_key: Vec<String>,
    pub primary_key: Vec<String>,
    pub ttl: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EngineKind {
    MergeTree,
    Replacing { version: Option<String>, is_deleted: Option<String> },
    Summing { columns: Vec<String> },
    Aggregating,
    Collapsing { sign: String },
    VersionedCollapsing { sign: String, version: String },
    Null,
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
        }
    }
}

/// A file of nodes; at most one of them is published.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pipe {
    pub id: String,
    pub name: String,
    pub description: String,
    pub nodes: Vec<Node>,
    /// The node that answers `/v0/pipes/<name>.json`.
    pub endpoint: Option<usize>,
    pub file: String,
    pub text: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Node {
    pub name: String,
    pub description: String,
    #[serde(default)]
    pub kind: NodeKind,
    pub template: Template,
}

/// What a node does besides being read.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum NodeKind {
    #[default]
    Standard,
    Endpoint,
    /// Its rows go into `target` as rows arrive in the source.
    Materialized {
        target: String,
        alters: bool,
    },
    Copy {
        target: String,
        schedule: Option<String>,
        replaces: bool,
    },
    /// `settings` are the `EXPORT_*` lines by keyword.
    Sink {
        connection: String,
        schedule: String,
        settings: BTreeMap<String, String>,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StaticToken {
    pub id: String,
    pub name: String,
    /// SHA-256 of the token's text.
    pub digest: [u8; 32],
    pub scopes: Vec<Scope>,
}

/// What a token allows. Printed and parsed as clients spell it: `DATASOURCES:READ:events`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    Admin,
    Tokens,
    Deploy,
    ReadAll,
    /// Rows of the data source (and its quarantine) that satisfy the SQL filter.
    DataSourceRead {
        name: String,
        filter: Option<String>,
    },
    DataSourceAppend {
        name: String,
    },
    /// The endpoint, with parameters that the caller cannot override.
    PipeRead {
        name: String,
        fixed_params: BTreeMap<String, String>,
        filter: Option<String>,
    },
}

impl Catalog {
    pub fn empty(workspace_id: &str, workspace_name: &str) -> Catalog {
        Catalog {
            format: FORMAT,
            workspace_id: workspace_id.to_owned(),
            workspace_name: workspace_name.to_owned(),
            data_sources: BTreeMap::new(),
            pipes: BTreeMap::new(),
            tokens: Vec::new(),
        }
    }

    /// By name or id, as the API accepts both.
    pub fn data_source(&self, name: &str) -> Option<&Arc<DataSource>> {
        self.data_sources.get(name).or_else(|| self.data_sources.values().find(|source| source.id == name))
    }

    /// What a query can name: a data source, or the quarantine of one.
    pub fn readable(&self, name: &str) -> Option<Arc<DataSource>> {
        self.data_source(name).cloned().or_else(|| {
            let source = self.data_source(quarantine::source_name(name)?)?;
            Some(Arc::new(quarantine::data_source(source)))
        })
    }

    pub fn pipe(&self, name: &str) -> Option<&Arc<Pipe>> {
        self.pipes.get(name).or_else(|| self.pipes.values().find(|pipe| pipe.id == name))
    }
}
