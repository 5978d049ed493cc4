//! The table function `file('name'[, format[, structure]])`: the shell brings the bytes.

use super::lexer::Cursor;
use super::{Database, create};
use crate::batch::{Rows, Schema};
use crate::catalog::{Catalog, DataSource};
use crate::error::{Error, Result};
use crate::ingest::rows::Columns;
use crate::ingest::{infer, parquet};
use arrow::array::{RecordBatch, RecordBatchOptions};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

const FILE_DOESNT_EXIST: u16 = 107;
const UNKNOWN_FORMAT: u16 = 73;
const BAD_ARGUMENTS: u16 = 36;
const INCORRECT_DATA: u16 = 117;

/// One call in a statement.
struct Call {
    range: Range<usize>,
    arguments: Vec<String>,
}

/// The files that a statement reads: [`Database::provide`] their bytes before it is executed.
pub fn file_names(statement: &str) -> Vec<String> {
    calls(statement).into_iter().filter_map(|call| call.arguments.into_iter().next()).collect()
}

/// `file` is a table function only where a table can stand.
fn calls(text: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut cursor = Cursor::new(text);
    let mut after_from = false;
    while let Some(token) = cursor.peek() {
        let start = token.range.start;
        if after_from && cursor.eat("file") {
            if cursor.eat_mark(b'(')
                && let Some(call) = call(&mut cursor, start)
            {
                calls.push(call);
            }
            after_from = false;
            continue;
        }
        after_from = ["FROM", "JOIN", "TABLE", "DESCRIBE", "DESC"].iter().any(|word| cursor.is_word(word))
            || cursor.is_mark(b',');
        cursor.skip();
    }
    calls
}

/// What follows the opening bracket: texts, or a bare name for the format.
fn call(cursor: &mut Cursor<'_>, start: usize) -> Option<Call> {
    let mut arguments = Vec::new();
    while !cursor.eat_mark(b')') {
        let argument = cursor.text().or_else(|| cursor.name().ok())?;
        arguments.push(argument);
        cursor.eat_mark(b',');
    }
    Some(Call { range: start..cursor.end_of_last(), arguments })
}

impl Database {
    /// What a file holds, for statements to come.
    pub fn provide(&mut self, name: &str, bytes: Bytes) {
        self.files.insert(name.to_owned(), bytes);
    }

    /// The statement with a table in place of each file, and a catalog that has them; `None` if it
    /// reads none.
    pub(super) fn with_files(
        &self,
        text: &str,
        rows: &mut BTreeMap<String, Vec<RecordBatch>>,
    ) -> Result<Option<(Catalog, String)>> {
        let calls = calls(text);
        if calls.is_empty() {
            return Ok(None);
        }
        let mut catalog = self.catalog.clone();
        let mut out = String::new();
        let mut copied = 0;
        for (index, call) in calls.iter().enumerate() {
            let read = self.read_file(&call.arguments)?;
            let name = format!("file {index}");
            let source = DataSource {
                id: name.clone(),
                name: name.clone(),
                columns: super::columns(&read.schema),
                ..DataSource::default()
            };
            catalog.data_sources.insert(name.clone(), Arc::new(source));
            rows.insert(name.clone(), read.batches);
            out.push_str(&text[copied..call.range.start]);
            out.push_str(&format!("`{name}`"));
            copied = call.range.end;
        }
        out.push_str(&text[copied..]);
        Ok(Some((catalog, out)))
    }

    fn read_file(&self, arguments: &[String]) -> Result<Rows> {
        let [name, rest @ ..] = arguments else {
            return Err(Error::invalid("file() needs the name of a file").with_exception_code(BAD_ARGUMENTS));
        };
        let bytes = self.files.get(name).ok_or_else(|| {
            Error::not_found(format!("the file {name:?} does not exist")).with_exception_code(FILE_DOESNT_EXIST)
        })?;
        let format = rest.first().map(String::as_str).filter(|format| !format.eq_ignore_ascii_case("auto"));
        let format = match format {
            Some(format) => format.to_owned(),
            None => by_extension(name)?.to_owned(),
        };
        let structure = match rest.get(1).filter(|structure| !structure.eq_ignore_ascii_case("auto")) {
            Some(text) => {
                let text = format!("{text})");
                let columns = create::column_list(&mut Cursor::new(&text))?;
                Some(Schema(columns.into_iter().map(|column| (column.name, column.data_type)).collect()))
            }
            None => None,
        };
        read(bytes, &format, structure).map_err(|error| error.context(format!("{name:?}")))
    }
}

fn by_extension(name: &str) -> Result<&'static str> {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    Ok(match extension.as_str() {
        "parquet" => "Parquet",
        "csv" => "CSV",
        "tsv" => "TSV",
        "ndjson" | "jsonl" | "json" => "JSONEachRow",
        _ => {
            let message = format!("{name:?}: say the format of the file as the second argument");
            return Err(Error::invalid(message).with_exception_code(UNKNOWN_FORMAT));
        }
    })
}

fn read(bytes: &Bytes, format: &str, structure: Option<Schema>) -> Result<Rows> {
    let format = format.to_ascii_lowercase().replace("tabseparated", "tsv");
    if format == "parquet" {
        return parquet::read(bytes.clone(), structure.as_ref());
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Error::invalid(format!("no UTF-8: {error}")).with_exception_code(INCORRECT_DATA))?;
    // a format whose name says nothing of names may still have them in its first line
    let header = match format.as_str() {
        "csvwithnames" | "tsvwithnames" => Some(true),
        _ => structure.as_ref().map(|_| false),
    };
    let (schema, rows) = match format.as_str() {
        "csv" | "csvwithnames" => {
            let (schema, has_names) = match structure {
                Some(schema) => (schema, header == Some(true)),
                None => infer::of_csv(text, b',', header)?,
            };
            let mut columns = Columns::new(&schema);
            columns.csv(text, b',', usize::from(has_names))?;
            let filled = columns.finish();
            (schema, filled)
        }
        "tsv" | "tsvwithnames" => {
            let (schema, has_names) = match structure {
                Some(schema) => (schema, header == Some(true)),
                None => infer::of_tsv(text, header)?,
            };
            let mut columns = Columns::new(&schema);
            columns.tsv(text, usize::from(has_names))?;
            let filled = columns.finish();
            (schema, filled)
        }
        "jsoneachrow" | "ndjson" | "jsonlines" | "json" => {
            let schema = structure.map_or_else(|| infer::of_json(text), Ok)?;
            let mut columns = Columns::new(&schema);
            columns.json_each_row(text)?;
            let filled = columns.finish();
            (schema, filled)
        }
        _ => {
            return Err(Error::invalid(format!("files of the format {format} are not read"))
                .with_exception_code(UNKNOWN_FORMAT));
        }
    };
    let count = rows.arrays.first().map_or(0, |array| array.len());
    let options = RecordBatchOptions::new().with_row_count(Some(count));
    let batch = RecordBatch::try_new_with_options(schema.to_arrow(), rows.arrays, &options)
        .map_err(|error| Error::internal(format!("the rows of a file: {error}")))?;
    Ok(Rows { schema, batches: vec![batch] })
}
