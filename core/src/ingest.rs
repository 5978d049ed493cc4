//! Events as text → rows by column; what does not fit goes to quarantine with the reason.
//!
//! ```text
//! {"user": {"id": 7}, "tags": [{"n": "a"}, {"n": "b"}]}
//!     $.user.id ─────▶ 7                  one walk over the event finds the text of every
//!     $.tags[:].n ───▶ ["a", "b"]         column's value; then each is read as its type
//! ```

mod cell;
mod column;
pub mod infer;
mod json;
mod moment;
pub mod parquet;
pub mod quarantine;
mod quoted;
pub mod rows;

use self::cell::Cell;
use self::column::Column as Builder;
use self::json::Scanner;
use crate::batch::Schema;
use crate::catalog::{Column, DataSource, PathStep};
use crate::error::{Error, Result};
use crate::limits::EVENT_BYTES_MAX;
use crate::plan;
use crate::value::DataType;
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::interleave;
use arrow::datatypes::SchemaRef;
use std::borrow::Cow;

/// Quarantine keeps so much of an event that is not JSON.
const EXCERPT_CHARS: usize = 200;

/// How a data source's events are read: built once per deployment.
pub struct Shape {
    columns: Vec<Column>,
    schema: SchemaRef,
    root: Branch,
}

/// One step of all JSON paths together.
#[derive(Default)]
struct Branch {
    /// Sorted by key.
    keys: Vec<(String, Branch)>,
    each: Option<Box<Branch>>,
    /// Columns whose value is here.
    columns: Vec<usize>,
    /// Columns whose value is here or below.
    below: Vec<usize>,
}

/// One request's events.
pub struct Events {
    /// Rows that fit, as the data source's schema lies in memory.
    pub rows: RecordBatch,
    pub quarantined: Vec<Quarantined>,
}

/// An event that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// The event as sent.
    pub text: String,
    /// The text of each column's value, as far as it was found.
    pub values: Vec<Option<String>>,
    /// Column and reason, each column once. Without a column: the event is not JSON.
    pub errors: Vec<(String, String)>,
}

/// What an event holds for a column.
#[derive(Clone, Debug, Default, PartialEq)]
enum Found<'a> {
    #[default]
    Nothing,
    One(&'a str),
    Each(Vec<Found<'a>>),
}

impl Shape {
    pub fn new(data_source: &DataSource) -> Result<Shape> {
        let columns = data_source.columns.clone();
        let mut root = Branch::default();
        for (index, column) in columns.iter().enumerate() {
            let own_key = [PathStep::Key(column.name.clone())];
            let steps = column.json_path.as_ref().map_or(own_key.as_slice(), |path| &path.0);
            if column.json_path.as_ref().is_some_and(|path| !path.fits(&column.data_type)) {
                return Err(Error::invalid(format!(
                    "column {:?}: its JSON path finds an array, so its type must be Array, not {}",
                    column.name, column.data_type
                )));
            }
            root.add(steps, index);
        }
        let schema = Schema(columns.iter().map(|column| (column.name.clone(), column.data_type.clone())).collect());
        Ok(Shape { columns, schema: schema.to_arrow(), root })
    }

    /// One JSON object a line. `now_ns` is what `now()` in a DEFAULT means.
    pub fn parse_ndjson(&self, body: &[u8], now_ns: i64) -> Result<Events> {
        let mut table = Table::new(self);
        let mut found = vec![Found::Nothing; self.columns.len()];
        for line in body.split(|byte| *byte == b'\n') {
            match std::str::from_utf8(line) {
                Ok(line) if line.trim_ascii().is_empty() => {}
                Ok(line) => table.take_event(line.trim_ascii(), &mut found),
                Err(_) => table.refuse(&String::from_utf8_lossy(line), &[], "the event is not UTF-8".to_owned()),
            }
        }
        table.finish(now_ns)
    }

    /// The whole body is one JSON object, or an array of them.
    pub fn parse_json(&self, body: &[u8], now_ns: i64) -> Result<Events> {
        let invalid = |reason: String| Error::invalid(format!("the body is not JSON: {reason}"));
        let text = std::str::from_utf8(body).map_err(|error| invalid(error.to_string()))?;
        let mut table = Table::new(self);
        let mut scanner = Scanner::new(text);
        let mut events = Vec::new();
        let walked = match scanner.peek() {
            Some(b'[') => scanner.array(|scanner| {
                let _: () = events.push(scanner.value(1)?);
                Ok(())
            }),
            _ => scanner.value(0).map(|event| events.push(event)),
        };
        walked.and_then(|()| scanner.end()).map_err(invalid)?;
        let mut found = vec![Found::Nothing; self.columns.len()];
        for event in events {
            table.take_event(event, &mut found);
        }
        table.finish(now_ns)
    }
}

impl Branch {
    fn add(&mut self, steps: &[PathStep], column: usize) {
        self.below.push(column);
        match steps {
            [] => self.columns.push(column),
            [PathStep::Key(key), rest @ ..] => {
                let at = self.keys.binary_search_by(|(known, _)| known.cmp(key)).unwrap_or_else(|at| {
                    self.keys.insert(at, (key.clone(), Branch::default()));
                    at
                });
                self.keys[at].1.add(rest, column);
            }
            [PathStep::Each, rest @ ..] => self.each.get_or_insert_default().add(rest, column),
        }
    }

    fn child(&self, key: &str) -> Option<&Branch> {
        let at = self.keys.binary_search_by(|(known, _)| known.as_str().cmp(key)).ok()?;
        Some(&self.keys[at].1)
    }

    /// Walks over one value and notes what the columns below want of it.
    fn walk<'a>(&self, scanner: &mut Scanner<'a>, depth: usize, found: &mut [Found<'a>]) -> json::Result<()> {
        if !self.columns.is_empty() {
            // read once for these columns; those further down walk over the same text again
            let value = scanner.value(depth)?;
            for column in &self.columns {
                found[*column] = Found::One(value);
            }
            if self.below.len() == self.columns.len() {
                return Ok(());
            }
            return self.descend(&mut Scanner::new(value), depth, found);
        }
        self.descend(scanner, depth, found)
    }

    fn descend<'a>(&self, scanner: &mut Scanner<'a>, depth: usize, found: &mut [Found<'a>]) -> json::Result<()> {
        match (scanner.peek(), &self.each) {
            (Some(b'{'), _) if !self.keys.is_empty() => scanner.object(|scanner, key| match self.child(&key) {
                Some(branch) => branch.walk(scanner, depth + 1, found),
                None => scanner.value(depth + 1).map(|_| ()),
            }),
            (Some(b'['), Some(each)) => {
                each.below.iter().for_each(|column| found[*column] = Found::Each(Vec::new()));
                let mut item = vec![Found::Nothing; found.len()];
                scanner.array(|scanner| {
                    each.walk(scanner, depth + 1, &mut item)?;
                    for column in &each.below {
                        if let Found::Each(items) = &mut found[*column] {
                            items.push(std::mem::take(&mut item[*column]));
                        }
                    }
                    Ok(())
                })
            }
            _ => scanner.value(depth).map(|_| ()),
        }
    }
}

/// The events of one body on their way into columns.
struct Table<'s> {
    shape: &'s Shape,
    builders: Vec<Builder>,
    /// For each column, the rows that take its DEFAULT.
    defaults: Vec<Vec<usize>>,
    rows: usize,
    quarantined: Vec<Quarantined>,
}

/// What one column gets in one row.
enum Value<'a> {
    Cell(Cell<'a>),
    Default,
}

impl<'s> Table<'s> {
    fn new(shape: &'s Shape) -> Table<'s> {
        Table {
            shape,
            builders: shape.columns.iter().map(|column| Builder::new(&column.data_type)).collect(),
            defaults: vec![Vec::new(); shape.columns.len()],
            rows: 0,
            quarantined: Vec::new(),
        }
    }

    fn take_event<'a>(&mut self, event: &'a str, found: &mut [Found<'a>]) {
        if event.len() > EVENT_BYTES_MAX {
            return self.refuse(event, &[], format!("the event is longer than {EVENT_BYTES_MAX} bytes"));
        }
        found.fill(Found::Nothing);
        let mut scanner = Scanner::new(event);
        let walked = match scanner.peek() {
            Some(b'{') => self.shape.root.walk(&mut scanner, 0, found).and_then(|()| scanner.end()),
            _ => Err("an event is an object in curly brackets".to_owned()),
        };
        if let Err(reason) = walked {
            return self.refuse(event, &[], format!("not a JSON object: {reason}"));
        }
        let mut values = Vec::with_capacity(found.len());
        let mut errors = Vec::new();
        for (column, found) in self.shape.columns.iter().zip(found.iter()) {
            match value(column, found) {
                Ok(value) => values.push(value),
                Err(reason) => errors.push((column.name.clone(), reason)),
            }
        }
        if !errors.is_empty() {
            let values = found.iter().map(Found::to_text).collect();
            return self.quarantined.push(Quarantined { text: event.to_owned(), values, errors });
        }
        for (index, value) in values.into_iter().enumerate() {
            match value {
                Value::Cell(cell) => self.builders[index].append(cell),
                Value::Default => {
                    self.defaults[index].push(self.rows);
                    self.builders[index].append_default();
                }
            }
        }
        self.rows += 1;
    }

    /// An event of which nothing can be read.
    fn refuse(&mut self, event: &str, values: &[Option<String>], reason: String) {
        let excerpt: String = event.chars().take(EXCERPT_CHARS).collect();
        self.quarantined.push(Quarantined {
            text: event.to_owned(),
            values: values.to_vec(),
            errors: vec![(String::new(), format!("{reason}: {excerpt}"))],
        });
    }

    fn finish(mut self, now_ns: i64) -> Result<Events> {
        let mut arrays: Vec<ArrayRef> = self.builders.iter_mut().map(Builder::finish).collect();
        for (index, rows) in self.defaults.iter().enumerate() {
            if !rows.is_empty() {
                let column = &self.shape.columns[index];
                arrays[index] = with_default(column, &arrays[index], rows, now_ns)
                    .map_err(|error| error.context(format!("the default of column {:?}", column.name)))?;
            }
        }
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        let rows = RecordBatch::try_new_with_options(self.shape.schema.clone(), arrays, &options)
            .map_err(|error| Error::internal(format!("events: {error}")))?;
        Ok(Events { rows, quarantined: self.quarantined })
    }
}

/// `array` with the column's DEFAULT in these rows.
fn with_default(column: &Column, array: &ArrayRef, rows: &[usize], now_ns: i64) -> Result<ArrayRef> {
    let text = column.default.as_deref().expect("only a column with a DEFAULT takes it");
    let internal = |error: String| Error::internal(error);
    let default = plan::constant(text, &column.data_type, now_ns)?;
    let default = default.to_array().map_err(|error| internal(error.to_string()))?;
    let mut places: Vec<(usize, usize)> = (0..array.len()).map(|row| (0, row)).collect();
    rows.iter().for_each(|row| places[*row] = (1, 0));
    interleave(&[array.as_ref(), default.as_ref()], &places).map_err(|error| internal(error.to_string()))
}

fn value<'a>(column: &Column, found: &Found<'a>) -> Result<Value<'a>, String> {
    match found {
        Found::Nothing | Found::One("null") if column.default.is_some() && !column.data_type.is_nullable() => {
            Ok(Value::Default)
        }
        Found::Nothing if column.default.is_some() => Ok(Value::Default),
        Found::Nothing if column.data_type.is_nullable() => Ok(Value::Cell(Cell::Null)),
        Found::Nothing => Err(format!("no value for column '{}', which is not Nullable", column.name)),
        Found::One("null") if !column.data_type.is_nullable() => {
            Err(format!("value null on column '{}' is not {}", column.name, column.data_type))
        }
        found => read(&column.data_type, found).map(Value::Cell).ok_or_else(|| {
            let data_type = match &column.data_type {
                nested @ (DataType::Array(_) | DataType::Tuple(_) | DataType::Map(..)) => nested,
                other => other.bare(),
            };
            let text: String = found.to_text().unwrap_or_default().chars().take(EXCERPT_CHARS).collect();
            format!("value '{text}' on column '{}' is not {data_type}", column.name)
        }),
    }
}

fn read<'a>(data_type: &DataType, found: &Found<'a>) -> Option<Cell<'a>> {
    match (found, data_type.bare()) {
        (Found::One(json), _) => cell::read(data_type, json),
        (Found::Nothing, _) => data_type.is_nullable().then_some(Cell::Null),
        (Found::Each(items), DataType::Array(item)) => {
            items.iter().map(|found| read(item, found)).collect::<Option<Vec<Cell>>>().map(Cell::List)
        }
        (Found::Each(_), _) => None,
    }
}

impl Found<'_> {
    fn to_text(&self) -> Option<String> {
        match self {
            Found::Nothing | Found::One("null") => None,
            Found::One(json) => cell::any_text(json).map(Cow::into_owned),
            Found::Each(items) => {
                let items = items.iter().map(|item| match item {
                    Found::One(json) => (*json).to_owned(),
                    other => other.to_text().unwrap_or_else(|| "null".to_owned()),
                });
                Some(format!("[{}]", items.collect::<Vec<_>>().join(",")))
            }
        }
    }
}

#[cfg(test)]
mod tests;
