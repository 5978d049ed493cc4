//! A database as objects, for a shell that keeps them: `tables.json`, and a Parquet file a table.

use super::Database;
use crate::catalog::{Catalog, DataSource, NodeKind};
use crate::compact;
use crate::error::{Error, Result};
use crate::ingest::parquet;
use crate::segment;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

const TABLES: &str = "tables.json";
/// Of `tables.json`: raised when its meaning changes.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Tables {
    format: u32,
    tables: Vec<Arc<DataSource>>,
    /// Name and query.
    views: Vec<(String, String)>,
    /// Name, query and the table that its rows go into.
    #[serde(default)]
    materialized: Vec<(String, String, String)>,
}

/// An object to write, or to remove if it has no bytes.
pub struct Change {
    pub name: String,
    pub bytes: Option<Bytes>,
}

impl Database {
    /// What has changed since it was loaded, or since the last call. Rows come before the list of tables.
    pub fn changes(&mut self) -> Result<Vec<Change>> {
        let mut changes = Vec::new();
        for name in std::mem::take(&mut self.changed) {
            let bytes = match self.catalog.data_sources.get(&name) {
                Some(source) => {
                    let rows = self.rows.get(&name).map_or(&[][..], Vec::as_slice);
                    Some(segment::write(&compact::schema(source), rows)?.bytes)
                }
                None => None,
            };
            changes.push(Change { name: object(&name), bytes });
        }
        if std::mem::take(&mut self.catalog_changed) {
            let (mut views, mut materialized) = (Vec::new(), Vec::new());
            for pipe in self.catalog.pipes.values() {
                let (name, query) = (pipe.name.clone(), pipe.text.clone());
                match &pipe.nodes[0].kind {
                    NodeKind::Materialized { target, .. } => materialized.push((name, query, target.clone())),
                    _ => views.push((name, query)),
                }
            }
            let tables = self.catalog.data_sources.values().cloned();
            let tables = Tables { format: FORMAT, tables: tables.collect(), views, materialized };
            let json = serde_json::to_vec_pretty(&tables).map_err(|error| Error::internal(error.to_string()))?;
            changes.push(Change { name: TABLES.to_owned(), bytes: Some(Bytes::from(json)) });
        }
        Ok(changes)
    }

    /// The database that these objects hold; what is not its own stays unread.
    pub fn load(memory_bytes_max: usize, objects: &BTreeMap<String, Bytes>, now_ns: i64) -> Result<Database> {
        let mut database = Database::new(memory_bytes_max);
        let Some(json) = objects.get(TABLES) else { return Ok(database) };
        let corrupt = |error: String| Error::corrupt(format!("{TABLES}: {error}"));
        let tables: Tables = serde_json::from_slice(json).map_err(|error| corrupt(error.to_string()))?;
        if tables.format != FORMAT {
            return Err(corrupt(format!("has the format {}, this program reads {FORMAT}", tables.format)));
        }
        database.catalog = Catalog::empty("local", "local");
        for source in tables.tables {
            let rows = match objects.get(&object(&source.name)) {
                Some(bytes) => parquet::read(bytes.clone(), Some(&compact::schema(&source)))?.batches,
                None => Vec::new(),
            };
            database.rows.insert(source.name.clone(), rows);
            database.catalog.data_sources.insert(source.name.clone(), source);
        }
        // a view may read another
        let mut waiting = tables.views;
        while !waiting.is_empty() {
            let before = waiting.len();
            waiting.retain(|(name, query)| database.create_view(name, query.clone(), now_ns).is_err());
            if waiting.len() == before {
                return Err(corrupt(format!("the view {:?} has lost what it reads", waiting[0].0)));
            }
        }
        for (name, query, target) in tables.materialized {
            database.insert_pipe(&name, query, NodeKind::Materialized { target, alters: false });
        }
        database.catalog_changed = false;
        Ok(database)
    }
}

/// The object of a table's rows: letters that not every file system takes are numbers.
fn object(table: &str) -> String {
    let mut name = String::new();
    for c in table.chars() {
        match c {
            'a'..='z' | '0'..='9' | '_' => name.push(c),
            other => name.push_str(&format!("%{:x}%", u32::from(other))),
        }
    }
    name + ".parquet"
}
