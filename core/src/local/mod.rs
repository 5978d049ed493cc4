//! A database in memory that understands statements: the dialect without a server.
//!
//! ```text
//! split(text) ─▶ statement ─▶ Database::execute ─▶ Outcome ─▶ Database::format ─▶ bytes
//! ```
//!
//! Tables are data sources whose rows have not reached a segment, so a SELECT goes the way it goes
//! in production: `query` binds and runs it over a [`Snapshot`].

mod create;
mod file;
mod insert;
mod lexer;
mod statement;
mod store;

pub use file::file_names;
pub use statement::split;
pub use store::Change;

use crate::batch::{Rows, Schema};
use crate::catalog::{Catalog, Column, DataSource, EngineKind, Node, NodeKind, Pipe};
use crate::compact;
use crate::error::{Error, Result};
use crate::format;
use crate::plan::Visible;
use crate::query::{Answer, Options as QueryOptions, Query, Snapshot, Source};
use crate::sql::exception;
use crate::template::{Params, Template};
use crate::value::DataType;
use crate::view;
use arrow::array::{ArrayRef, RecordBatch, StringViewArray, UInt8Array};
use bytes::Bytes;
use statement::{CreateTable, Statement};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const UNKNOWN_TABLE: u16 = 60;
const TABLE_ALREADY_EXISTS: u16 = 57;
const EMPTY_LIST_OF_COLUMNS: u16 = 173;

/// Tables by name, in memory.
pub struct Database {
    catalog: Catalog,
    /// Table → its rows, a batch for each INSERT.
    rows: BTreeMap<String, Vec<RecordBatch>>,
    /// Tables whose rows are not as they were last saved.
    changed: BTreeSet<String>,
    /// Whether the tables there are differ from those last saved.
    catalog_changed: bool,
    /// What SET has set, as far as it is about formats.
    format_options: format::Options,
    settings: Vec<(String, String)>,
    /// What `file(…)` reads, by name.
    files: BTreeMap<String, Bytes>,
    memory_bytes_max: usize,
}

/// What a statement gives.
#[derive(Debug)]
pub enum Outcome {
    Done,
    Rows(Answer),
}

impl Database {
    /// `memory_bytes_max` bounds what one query's operators hold.
    pub fn new(memory_bytes_max: usize) -> Database {
        Database {
            catalog: Catalog::empty("local", "local"),
            rows: BTreeMap::new(),
            changed: BTreeSet::new(),
            catalog_changed: false,
            format_options: format::Options::default(),
            settings: Vec::new(),
            files: BTreeMap::new(),
            memory_bytes_max,
        }
    }

    /// Runs one statement. `now_ns` is what `now()` means in it.
    pub fn execute(&mut self, text: &str, now_ns: i64) -> Result<Outcome> {
        let text = text.trim();
        match statement::parse(text)? {
            Statement::Query => return self.select(text, now_ns).map(Outcome::Rows),
            Statement::Explain(query) => {
                let plan = self.query(&query, now_ns)?.explain();
                return Ok(Outcome::Rows(texts("explain", plan.lines())));
            }
            Statement::CreateTable(create) => self.create_table(*create, now_ns)?,
            Statement::CreateView { name, if_not_exists, or_replace, query } => {
                if self.may_create(&name, if_not_exists, or_replace)? {
                    self.create_view(&name, query, now_ns)?;
                }
            }
            Statement::CreateMaterialized { create, to } => self.create_materialized(*create, to, now_ns)?,
            Statement::Insert(insert) => self.insert(text, insert, now_ns)?,
            Statement::Drop { name, if_exists } => {
                let found = self.remove(&name);
                if !found && !if_exists {
                    return Err(unknown_table(&name));
                }
            }
            Statement::Truncate { name, if_exists } => match self.rows.get_mut(&name) {
                Some(rows) => {
                    rows.clear();
                    self.changed.insert(name);
                }
                None if if_exists => {}
                None => return Err(unknown_table(&name)),
            },
            Statement::Optimize(name) => self.optimize(&name)?,
            Statement::Rename(names) => {
                names.into_iter().try_for_each(|(from, to)| self.rename(&from, to))?;
            }
            Statement::Set(settings) => {
                for (name, value) in settings {
                    self.format_options.set(&name, &value)?;
                    self.settings.retain(|(known, _)| *known != name);
                    self.settings.push((name, value));
                }
            }
            Statement::Describe(target) => return self.describe(&target, now_ns).map(Outcome::Rows),
            Statement::Exists(name) => {
                let exists = self.exists(&name);
                let column: ArrayRef = Arc::new(UInt8Array::from(vec![u8::from(exists)]));
                return Ok(Outcome::Rows(answer(vec![("result", DataType::UInt8, column)])));
            }
            Statement::ShowTables => {
                let names: BTreeSet<&String> =
                    self.catalog.data_sources.keys().chain(self.catalog.pipes.keys()).collect();
                return Ok(Outcome::Rows(texts("name", names.into_iter().map(String::as_str))));
            }
            Statement::ShowCreate(name) => {
                let source = self.catalog.data_sources.get(&name).ok_or_else(|| unknown_table(&name))?;
                return Ok(Outcome::Rows(texts("statement", std::iter::once(create_text(source).as_str()))));
            }
            Statement::Nothing => {}
        }
        Ok(Outcome::Done)
    }

    /// The answer as bytes, in the format that the statement asked for, or else in this one.
    pub fn format(&self, answer: &Answer, default_format: &str) -> Result<Vec<u8>> {
        let format = format::find(answer.format.as_deref().unwrap_or(default_format))?;
        let results = format::Results {
            rows: &answer.rows,
            totals: None,
            extremes: None,
            rows_before_limit: answer.rows_before_limit,
            elapsed_ns: 0,
            rows_read: answer.rows_read,
            bytes_read: answer.bytes_read,
        };
        let mut options = self.format_options.clone();
        for (name, value) in &answer.settings {
            options.set(name, value)?;
        }
        format.write(&results, &options)
    }

    fn query(&self, text: &str, now_ns: i64) -> Result<Query> {
        Ok(self.opened(text, now_ns)?.0)
    }

    /// The query, and the rows that it may read.
    fn opened(&self, text: &str, now_ns: i64) -> Result<(Query, Snapshot)> {
        let options = QueryOptions {
            now_ns,
            visible: Visible::everything(),
            read_bytes_max: u64::MAX,
            memory_bytes_max: self.memory_bytes_max,
            settings: self.settings.clone(),
        };
        let mut snapshot = Snapshot { tail: self.rows.clone(), ..Snapshot::default() };
        let with_files = self.with_files(text, &mut snapshot.tail)?;
        let (catalog, text) = match &with_files {
            Some((catalog, text)) => (catalog, text.as_str()),
            None => (&self.catalog, text),
        };
        let source = Source::Sql { text: text.to_owned(), pipeline: None, params: Params::default() };
        Ok((Query::new(catalog, source, options)?, snapshot))
    }

    fn select(&self, text: &str, now_ns: i64) -> Result<Answer> {
        let (mut query, snapshot) = self.opened(text, now_ns)?;
        query.prune(&snapshot)?;
        query.run()
    }

    fn exists(&self, name: &str) -> bool {
        self.catalog.data_sources.contains_key(name) || self.catalog.pipes.contains_key(name)
    }

    fn remove(&mut self, name: &str) -> bool {
        if self.rows.remove(name).is_some() {
            self.changed.insert(name.to_owned());
        }
        self.catalog_changed = true;
        let table = self.catalog.data_sources.remove(name);
        let view = self.catalog.pipes.remove(name);
        table.is_some() || view.is_some()
    }

    /// Whether something of this name is to be made now.
    fn may_create(&mut self, name: &str, if_not_exists: bool, or_replace: bool) -> Result<bool> {
        match self.exists(name) {
            true if or_replace => Ok(self.remove(name)),
            true if if_not_exists => Ok(false),
            true => {
                Err(Error::invalid(format!("the table {name:?} already exists"))
                    .with_exception_code(TABLE_ALREADY_EXISTS))
            }
            false => Ok(true),
        }
    }

    fn create_table(&mut self, create: CreateTable, now_ns: i64) -> Result<()> {
        let CreateTable { if_not_exists, or_replace, mut data_source, like, query } = create;
        let rows = query.map(|query| self.select(&query, now_ns)).transpose()?.map(|answer| answer.rows);
        if let Some(like) = like {
            let like = self.catalog.data_sources.get(&like).ok_or_else(|| unknown_table(&like))?;
            data_source.columns = like.columns.clone();
        }
        if let (Some(rows), true) = (&rows, data_source.columns.is_empty()) {
            data_source.columns = columns(&rows.schema);
        }
        let name = data_source.name.clone();
        if data_source.columns.is_empty() {
            return Err(
                Error::invalid(format!("the table {name:?} has no columns")).with_exception_code(EMPTY_LIST_OF_COLUMNS)
            );
        }
        if !self.may_create(&name, if_not_exists, or_replace)? {
            return Ok(());
        }
        data_source.id = name.clone();
        self.catalog.data_sources.insert(name.clone(), Arc::new(data_source));
        self.rows.insert(name.clone(), Vec::new());
        self.changed.insert(name.clone());
        self.catalog_changed = true;
        match rows {
            Some(rows) => self.insert_rows(&name, rows, now_ns),
            None => Ok(()),
        }
    }

    /// A view is a pipe of one node.
    fn create_view(&mut self, name: &str, query: String, now_ns: i64) -> Result<()> {
        self.query(&query, now_ns)?;
        self.insert_pipe(name, query, NodeKind::Standard);
        Ok(())
    }

    /// Its rows are in a table of the same name, if it has no other.
    fn create_materialized(&mut self, create: CreateTable, to: Option<String>, now_ns: i64) -> Result<()> {
        let CreateTable { if_not_exists, or_replace, mut data_source, query, .. } = create;
        let query = query.ok_or_else(|| {
            Error::invalid("a materialized view needs AS SELECT").with_exception_code(exception::SYNTAX_ERROR)
        })?;
        let name = data_source.name.clone();
        if !self.may_create(&name, if_not_exists, or_replace)? {
            return Ok(());
        }
        let bound = self.query(&query, now_ns)?;
        let target = match to {
            Some(target) => target,
            None => {
                if data_source.columns.is_empty() {
                    data_source.columns = columns(bound.schema());
                }
                let create = CreateTable { if_not_exists, or_replace, data_source, like: None, query: None };
                self.create_table(create, now_ns)?;
                name.clone()
            }
        };
        if !self.catalog.data_sources.contains_key(&target) {
            return Err(unknown_table(&target));
        }
        // the table of the same name comes first where the name is read
        self.insert_pipe(&name, query, NodeKind::Materialized { target, alters: false });
        Ok(())
    }

    fn insert_pipe(&mut self, name: &str, query: String, kind: NodeKind) {
        let (template, _) = Template::compile(&query, name, 0);
        let node = Node { name: "view".to_owned(), description: String::new(), kind, template };
        let pipe = Pipe {
            id: name.to_owned(),
            name: name.to_owned(),
            nodes: vec![node],
            endpoint: Some(0),
            file: name.to_owned(),
            text: query,
            ..Pipe::default()
        };
        self.catalog.pipes.insert(name.to_owned(), Arc::new(pipe));
        self.catalog_changed = true;
    }

    fn rename(&mut self, from: &str, to: String) -> Result<()> {
        self.may_create(&to, false, false)?;
        let source = self.catalog.data_sources.remove(from).ok_or_else(|| unknown_table(from))?;
        let rows = self.rows.remove(from).unwrap_or_default();
        let source = DataSource { id: to.clone(), name: to.clone(), ..(*source).clone() };
        self.catalog.data_sources.insert(to.clone(), Arc::new(source));
        self.changed.extend([from.to_owned(), to.clone()]);
        self.catalog_changed = true;
        self.rows.insert(to, rows);
        Ok(())
    }

    fn describe(&self, target: &str, now_ns: i64) -> Result<Answer> {
        let mut cursor = lexer::Cursor::new(target);
        let of_file = format!("SELECT * FROM {target}");
        let columns = if !file_names(&of_file).is_empty() {
            columns(self.query(&of_file, now_ns)?.schema())
        } else if cursor.is_mark(b'(') || cursor.is_word("SELECT") || cursor.is_word("WITH") {
            columns(self.query(target, now_ns)?.schema())
        } else {
            let name = cursor.table_name()?;
            match self.catalog.data_sources.get(&name) {
                Some(source) => source.columns.clone(),
                None => columns(self.query(&format!("SELECT * FROM `{name}`"), now_ns)?.schema()),
            }
        };
        let text = |of: &dyn Fn(&Column) -> String| -> ArrayRef {
            Arc::new(StringViewArray::from_iter_values(columns.iter().map(of)))
        };
        let empty = || text(&|_| String::new());
        let named = [
            ("name", text(&|column| column.name.clone())),
            ("type", text(&|column| column.data_type.to_string())),
            ("default_type", text(&|column| column.default.as_ref().map_or("", |_| "DEFAULT").to_owned())),
            ("default_expression", text(&|column| column.default.clone().unwrap_or_default())),
            ("comment", empty()),
            ("codec_expression", empty()),
            ("ttl_expression", empty()),
        ];
        Ok(answer(named.into_iter().map(|(name, column)| (name, DataType::String, column)).collect()))
    }

    /// Adds rows that lie as the table says, and what views make of them.
    fn append(&mut self, source: &DataSource, rows: RecordBatch, now_ns: i64) -> Result<()> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        self.keep(source, rows.clone())?;
        let views = view::all(&self.catalog).0;
        for view in views.into_iter().filter(|view| view.source.id == source.id) {
            let budget = view::Budget { now_ns, read_bytes_max: u64::MAX, memory_bytes_max: self.memory_bytes_max };
            let mut query = view.query(&self.catalog, budget)?;
            query.prune(&Snapshot { tail: self.rows.clone(), block: vec![rows.clone()], ..Snapshot::default() })?;
            let made = query.run()?.rows;
            self.insert_rows(&view.target.name, made, now_ns)?;
        }
        Ok(())
    }

    /// In the order of the table's sorting key.
    fn keep(&mut self, source: &DataSource, rows: RecordBatch) -> Result<()> {
        if source.engine.kind == EngineKind::Null {
            return Ok(());
        }
        let batches = match source.engine.sorting_key.is_empty() && source.engine.partition_key.is_empty() {
            true => vec![rows],
            false => compact::arrange(source, &[rows])?.into_iter().map(|run| run.rows).collect(),
        };
        self.changed.insert(source.name.clone());
        self.rows.entry(source.name.clone()).or_default().extend(batches);
        Ok(())
    }
}

impl Database {
    fn optimize(&mut self, name: &str) -> Result<()> {
        let source = self.catalog.data_sources.get(name).ok_or_else(|| unknown_table(name))?;
        let rows = self.rows.get_mut(name).map(std::mem::take).unwrap_or_default();
        let kept = compact::arrange(source, &rows)?.into_iter().map(|run| run.rows).collect();
        self.rows.insert(name.to_owned(), kept);
        self.changed.insert(name.to_owned());
        Ok(())
    }
}

fn columns(schema: &Schema) -> Vec<Column> {
    let columns = schema.0.iter().map(|(name, data_type)| Column {
        name: name.clone(),
        data_type: data_type.clone(),
        json_path: None,
        default: None,
    });
    columns.collect()
}

/// The statement that makes such a table, over several lines.
fn create_text(source: &DataSource) -> String {
    let columns: Vec<String> = (source.columns.iter())
        .map(|column| match &column.default {
            Some(default) => format!("    `{}` {} DEFAULT {default}", column.name, column.data_type),
            None => format!("    `{}` {}", column.name, column.data_type),
        })
        .collect();
    let key = |words: &str, key: &[String]| match key {
        [] => String::new(),
        [one] => format!("\n{words} {one}"),
        several => format!("\n{words} ({})", several.join(", ")),
    };
    format!(
        "CREATE TABLE default.{}\n(\n{}\n)\nENGINE = {}{}{}",
        source.name,
        columns.join(",\n"),
        source.engine.kind.name(),
        key("PARTITION BY", &source.engine.partition_key),
        key("ORDER BY", &source.engine.sorting_key),
    )
}

fn texts<'a>(name: &str, values: impl Iterator<Item = &'a str>) -> Answer {
    answer(vec![(name, DataType::String, Arc::new(StringViewArray::from_iter_values(values)))])
}

fn answer(columns: Vec<(&str, DataType, ArrayRef)>) -> Answer {
    let schema = Schema(columns.iter().map(|(name, data_type, _)| ((*name).to_owned(), data_type.clone())).collect());
    let arrays = columns.into_iter().map(|(_, _, array)| array).collect();
    let batch = RecordBatch::try_new(schema.to_arrow(), arrays).expect("columns of one length and of their types");
    let rows = Rows { schema, batches: vec![batch] };
    Answer { rows, rows_before_limit: None, rows_read: 0, bytes_read: 0, format: None, settings: Vec::new() }
}

fn unknown_table(name: &str) -> Error {
    Error::not_found(format!("the table {name:?} does not exist")).with_exception_code(UNKNOWN_TABLE)
}

#[cfg(test)]
mod tests;
