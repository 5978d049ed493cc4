//! `fixtures/<data source>.ndjson`, `.csv` or `.sql`: rows to try a project with.

use super::{Project, entries, read};
use anyhow::Result;
use sanderling_core::catalog::{Catalog, DataSource};
use sanderling_core::compile::ProjectFile;
use sanderling_core::diagnostic::{Diagnostic, nearest};
use sanderling_core::ingest::Shape;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixture {
    pub path: String,
    /// The file's name without its extension: a data source, perhaps with `_` and a suffix.
    pub name: String,
    pub kind: FixtureKind,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixtureKind {
    Ndjson,
    Csv,
    /// A query that makes the rows.
    Sql,
}

impl Project {
    pub(super) fn read_fixtures(&mut self) -> Result<()> {
        let folder = self.root.join("fixtures");
        for path in if folder.is_dir() { entries(&folder)? } else { Vec::new() } {
            let kind = match path.extension().and_then(|extension| extension.to_str()) {
                Some("ndjson") => FixtureKind::Ndjson,
                Some("csv") => FixtureKind::Csv,
                Some("sql") => FixtureKind::Sql,
                _ => continue,
            };
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let file = ProjectFile { path: self.relative(&path), text: read(&path)? };
            self.others.push(file.clone());
            self.fixtures.push(Fixture { path: file.path, name, kind, text: file.text });
        }
        Ok(())
    }
}

impl Fixture {
    /// The data source that it is for.
    pub fn data_source<'c>(&self, catalog: &'c Catalog) -> Option<&'c Arc<DataSource>> {
        let mut name = self.name.as_str();
        loop {
            if let Some(found) = catalog.data_sources.get(name) {
                return Some(found);
            }
            name = name.rsplit_once('_')?.0;
        }
    }

    pub(super) fn check(&self, catalog: &Catalog) -> Vec<Diagnostic> {
        let Some(data_source) = self.data_source(catalog) else {
            let near = nearest(&self.name, catalog.data_sources.keys().map(String::as_str));
            let message = format!("the fixture belongs to no data source: there is none called {:?}", self.name);
            let diagnostic = Diagnostic::warning("P0113", &self.path, 0..0, message);
            return vec![Diagnostic { hint: near.map(|near| format!("did you mean {near:?}?")), ..diagnostic }];
        };
        if self.kind != FixtureKind::Ndjson {
            return Vec::new();
        }
        let events = Shape::new(data_source).and_then(|shape| shape.parse_ndjson(self.text.as_bytes(), 0));
        let quarantined = match events {
            Ok(events) => events.quarantined,
            Err(error) => return vec![Diagnostic::warning("P0113", &self.path, 0..0, error.message)],
        };
        let Some(first) = quarantined.first() else { return Vec::new() };
        let at = self.text.find(&first.text).unwrap_or_default();
        let why = first.errors.first().map_or("", |(_, why)| why);
        let message = format!("{} rows do not fit {:?}; of the first: {why}", quarantined.len(), data_source.name);
        vec![Diagnostic::warning("P0113", &self.path, at..at + first.text.len(), message)]
    }
}
