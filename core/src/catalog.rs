//! The data sources, pipes and tokens of a workspace, by name: what a deployment leaves behind.
//!
//! Everything here is checked and typed. A request looks things up; it never parses a datafile.

mod connector;
mod cut;
mod engine;
pub mod quarantine;
pub mod schedule;

pub use connector::*;
pub use engine::{Engine, EngineKind, Index, IndexKind, Period, Setting, TtlRule};
pub use schedule::{Cron, Schedule};

use crate::manifest::{FORMAT, Stored};
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
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub connections: BTreeMap<String, Arc<Connection>>,
    /// Static tokens, without their texts: [`StaticToken::digest`] recognises one.
    pub tokens: Vec<StaticToken>,
}

/// A typed stream of events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataSource {
    /// `t_` and 32 hex digits; stays the same as long as the data source exists.
    pub id: String,
    pub name: String,
    pub description: String,
    pub columns: Vec<Column>,
    pub engine: Engine,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Index>,
    /// What fills it besides events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector: Option<Connector>,
    /// Workspaces that may read it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared_with: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
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

impl JsonPath {
    /// `[:]` finds an array, and one inside another finds an array of arrays.
    pub fn fits(&self, data_type: &DataType) -> bool {
        let mut inner = data_type.bare();
        for _ in self.0.iter().filter(|step| **step == PathStep::Each) {
            let DataType::Array(item) = inner else { return false };
            inner = item.bare();
        }
        true
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PathStep {
    Key(String),
    Each,
}

/// A file of nodes; at most one of them is published.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(into = "cut::Stored", from = "cut::Stored")]
pub struct Pipe {
    pub id: String,
    pub name: String,
    pub description: String,
    pub nodes: Vec<Node>,
    /// The node that answers `/v0/pipes/<name>.json`.
    pub endpoint: Option<usize>,
    pub tags: Vec<String>,
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
    /// Its rows are put into `target` when the schedule or a person says so.
    Copy {
        target: String,
        schedule: Schedule,
        replaces: bool,
        on_demand_compute: bool,
    },
    Sink(Box<Sink>),
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

impl Stored for Catalog {
    fn format(&self) -> u32 {
        self.format
    }
}

impl Catalog {
    pub fn empty(workspace_id: &str, workspace_name: &str) -> Catalog {
        Catalog {
            format: FORMAT,
            workspace_id: workspace_id.to_owned(),
            workspace_name: workspace_name.to_owned(),
            data_sources: BTreeMap::new(),
            pipes: BTreeMap::new(),
            connections: BTreeMap::new(),
            tokens: Vec::new(),
        }
    }

    /// By name or id, as the API accepts both.
    pub fn data_source(&self, name: &str) -> Option<&Arc<DataSource>> {
        let by_name = self.data_sources.get(name).or_else(|| self.data_sources.get(unversioned(name)?));
        by_name.or_else(|| self.data_sources.values().find(|source| source.id == name))
    }

    /// What a query can name: a data source, or the quarantine of one.
    pub fn readable(&self, name: &str) -> Option<Arc<DataSource>> {
        self.data_source(name).cloned().or_else(|| {
            let source = self.data_source(quarantine::source_name(name)?)?;
            Some(Arc::new(quarantine::data_source(source)))
        })
    }

    pub fn pipe(&self, name: &str) -> Option<&Arc<Pipe>> {
        let by_name = self.pipes.get(name).or_else(|| self.pipes.get(unversioned(name)?));
        by_name.or_else(|| self.pipes.values().find(|pipe| pipe.id == name))
    }
}

/// `page_views` of `page_views__v3`: older projects number the versions of a resource, and name them so.
pub fn unversioned(name: &str) -> Option<&str> {
    let (stem, version) = name.rsplit_once("__v")?;
    let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    (is_version && !stem.is_empty()).then_some(stem)
}
