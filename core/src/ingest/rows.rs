//! Rows as ClickHouse's input formats write them → Arrow columns: what `INSERT … FORMAT` brings.
//!
//! Unlike events, nothing is quarantined: the first value that does not fit ends it.

use super::cell::{self, Cell};
use super::column::Column as Builder;
use super::json::Scanner;
use super::quoted;
use crate::batch::Schema;
use crate::error::{Error, Result};
use crate::value::DataType;
use arrow::array::ArrayRef;
use std::borrow::Cow;

/// Columns in the making.
pub struct Columns<'s> {
    schema: &'s Schema,
    builders: Vec<Builder>,
    /// For each column, whether a row brought no value: it takes the column's default.
    missing: Vec<Vec<bool>>,
}

/// Columns of equal length.
pub struct Filled {
    pub arrays: Vec<ArrayRef>,
    /// For each column, the rows that brought no value.
    pub missing: Vec<Vec<bool>>,
}

impl<'s> Columns<'s> {
    pub fn new(schema: &'s Schema) -> Columns<'s> {
        Columns {
            schema,
            builders: schema.0.iter().map(|(_, data_type)| Builder::new(data_type)).collect(),
            missing: vec![Vec::new(); schema.0.len()],
        }
    }

    fn push(&mut self, column: usize, cell: Option<Cell<'_>>) {
        match cell {
            Some(Cell::Null) | None if !self.schema.0[column].1.is_nullable() => {
                append_default(&mut self.builders[column], &self.schema.0[column].1);
                self.missing[column].push(true);
            }
            Some(cell) => {
                self.builders[column].append(cell);
                self.missing[column].push(false);
            }
            None => {
                self.builders[column].append(Cell::Null);
                self.missing[column].push(true);
            }
        }
    }

    pub fn finish(mut self) -> Filled {
        Filled { arrays: self.builders.iter_mut().map(Builder::finish).collect(), missing: self.missing }
    }

    /// `name → value` objects, one after the other, with or without an array around them.
    pub fn json_each_row(&mut self, text: &str) -> Result<()> {
        let mut scanner = Scanner::new(text);
        let is_array = scanner.eat(b'[');
        loop {
            while scanner.eat(b',') || scanner.eat(b';') {}
            if scanner.peek().is_none() || is_array && scanner.eat(b']') {
                return Ok(());
            }
            let mut found: Vec<Option<&str>> = vec![None; self.schema.0.len()];
            let walked = scanner.object(|scanner, key| {
                let value = scanner.value(1)?;
                if let Some(column) = self.schema.position(&key) {
                    found[column] = Some(value);
                }
                Ok(())
            });
            walked.map_err(not_json)?;
            for (column, json) in found.into_iter().enumerate() {
                self.push_json(column, json)?;
            }
        }
    }

    /// Arrays of values in the columns' order.
    pub fn json_compact_each_row(&mut self, text: &str, skip: usize) -> Result<()> {
        let mut scanner = Scanner::new(text);
        let mut rows = 0;
        while scanner.peek().is_some() {
            let mut found: Vec<&str> = Vec::new();
            let walked = scanner.array(|scanner| {
                let _: () = found.push(scanner.value(1)?);
                Ok(())
            });
            walked.map_err(not_json)?;
            rows += 1;
            if rows <= skip {
                continue;
            }
            expect_fields(found.len(), self.schema.0.len())?;
            for (column, json) in found.into_iter().enumerate() {
                self.push_json(column, Some(json))?;
            }
        }
        Ok(())
    }

    fn push_json(&mut self, column: usize, json: Option<&str>) -> Result<()> {
        let (name, data_type) = &self.schema.0[column];
        let cell = match json {
            None | Some("null") => json.filter(|_| data_type.is_nullable()).map(|_| Cell::Null),
            Some(json) => Some(cell::read(data_type, json).ok_or_else(|| misfit(name, data_type, json))?),
        };
        self.push(column, cell);
        Ok(())
    }

    /// The first `skip` lines are names and types; then the names say which column a field is of.
    pub fn tsv(&mut self, text: &str, skip: usize) -> Result<()> {
        let mut lines = lines(text);
        let names = lines.clone().next().filter(|_| skip > 0);
        let columns = self.places(names.map(|names| names.split('\t').map(quoted::unescape).collect()));
        lines.by_ref().take(skip).for_each(drop);
        for line in lines {
            let fields: Vec<&str> = line.split('\t').collect();
            expect_fields(fields.len(), columns.len())?;
            self.push_missing(&columns);
            for (column, field) in columns.iter().zip(fields) {
                let Some(column) = *column else { continue };
                let data_type = &self.schema.0[column].1;
                // quotes inside an array have escapes of their own
                let text = match data_type.bare() {
                    DataType::Array(_) | DataType::Tuple(_) | DataType::Map(..) => Cow::Borrowed(field),
                    _ => Cow::Owned(quoted::unescape(field)),
                };
                let cell = match field {
                    "\\N" => Some(Cell::Null),
                    _ => Some(self.field(column, data_type, &text)?),
                };
                self.push(column, cell);
            }
        }
        Ok(())
    }

    /// A field that is a value's whole text.
    fn field<'a>(&self, column: usize, data_type: &DataType, text: &'a str) -> Result<Cell<'a>> {
        let cell = match data_type.bare() {
            DataType::Array(_) | DataType::Tuple(_) | DataType::Map(..) => quoted::read(data_type, text)
                .filter(|(_, taken)| text[*taken..].trim().is_empty())
                .map(|(cell, _)| cell),
            DataType::Json => cell::read(&DataType::Json, text),
            scalar => cell::read_scalar(scalar, Cow::Borrowed(text)),
        };
        cell.ok_or_else(|| misfit(&self.schema.0[column].0, data_type, text))
    }

    /// As [`Columns::tsv`].
    pub fn csv(&mut self, text: &str, delimiter: u8, skip: usize) -> Result<()> {
        let names = csv_records(text, delimiter).next().filter(|_| skip > 0);
        let columns = self.places(names.map(|names| names.into_iter().map(|(name, _)| name.into_owned()).collect()));
        for fields in csv_records(text, delimiter).skip(skip) {
            // an empty line is no row
            if matches!(fields.as_slice(), [(field, false)] if field.is_empty()) {
                continue;
            }
            expect_fields(fields.len(), columns.len())?;
            self.push_missing(&columns);
            for (column, (field, is_quoted)) in columns.iter().zip(&fields) {
                let Some(column) = *column else { continue };
                let data_type = &self.schema.0[column].1;
                let cell = match (field.as_ref(), is_quoted) {
                    ("\\N", false) => Some(Cell::Null),
                    ("", false) if *data_type.bare() != DataType::String || data_type.is_nullable() => None,
                    (text, _) => Some(self.field(column, data_type, text)?),
                };
                self.push(column, cell);
            }
        }
        Ok(())
    }

    /// A literal of one column at the start of `text`; the bytes it takes, or `None` if it is none.
    pub fn literal(&mut self, column: usize, text: &str) -> Option<usize> {
        let (cell, taken) = quoted::read(&self.schema.0[column].1, text)?;
        self.push(column, Some(cell));
        Some(taken)
    }

    /// The column of each field: by these names, or all in order.
    fn places(&self, names: Option<Vec<String>>) -> Vec<Option<usize>> {
        match names {
            Some(names) => names.iter().map(|name| self.schema.position(name)).collect(),
            None => (0..self.schema.0.len()).map(Some).collect(),
        }
    }

    /// For a row that brings these columns, what it does not bring.
    fn push_missing(&mut self, columns: &[Option<usize>]) {
        for column in 0..self.schema.0.len() {
            if !columns.contains(&Some(column)) {
                self.push(column, None);
            }
        }
    }
}

pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> + Clone {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let is_empty = text.is_empty();
    text.split('\n').filter(move |_| !is_empty).map(|line| line.strip_suffix('\r').unwrap_or(line))
}

/// A field, and whether it stood in quotes.
type CsvField<'a> = (Cow<'a, str>, bool);

pub(super) fn csv_records(text: &str, delimiter: u8) -> impl Iterator<Item = Vec<CsvField<'_>>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (fields, taken) = csv_record(rest, delimiter);
        rest = &rest[taken..];
        Some(fields)
    })
}

/// The fields of the first record, and the bytes it takes.
fn csv_record(text: &str, delimiter: u8) -> (Vec<CsvField<'_>>, usize) {
    let bytes = text.as_bytes();
    let mut fields = Vec::new();
    let mut at = 0;
    loop {
        while matches!(bytes.get(at), Some(b' ' | b'\t')) && bytes[at] != delimiter {
            at += 1;
        }
        let field = match bytes.get(at) {
            Some(quote @ (b'"' | b'\'')) => {
                let (field, taken) = csv_quoted(&text[at + 1..], *quote);
                at += 1 + taken;
                while matches!(bytes.get(at), Some(b' ' | b'\t')) && bytes[at] != delimiter {
                    at += 1;
                }
                (field, true)
            }
            _ => {
                let end = bytes[at..].iter().position(|byte| *byte == delimiter || *byte == b'\n' || *byte == b'\r');
                let end = end.map_or(bytes.len(), |end| at + end);
                let field = text[at..end].trim_end_matches([' ', '\t']);
                at = end;
                (Cow::Borrowed(field), false)
            }
        };
        fields.push(field);
        match bytes.get(at) {
            Some(byte) if *byte == delimiter => at += 1,
            Some(b'\r') if bytes.get(at + 1) == Some(&b'\n') => return (fields, at + 2),
            Some(b'\n' | b'\r') => return (fields, at + 1),
            // something after a closing quote: it begins a field of its own, which will not fit
            Some(_) => {}
            None => return (fields, at),
        }
    }
}

/// What stands up to the closing quote, doubled quotes once; and the bytes it takes with that quote.
fn csv_quoted(text: &str, quote: u8) -> (Cow<'_, str>, usize) {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut has_doubled = false;
    while at < bytes.len() {
        if bytes[at] == quote {
            if bytes.get(at + 1) != Some(&quote) {
                break;
            }
            has_doubled = true;
            at += 1;
        }
        at += 1;
    }
    let inside = &text[..at.min(text.len())];
    let single = char::from(quote).to_string();
    let inside = match has_doubled {
        true => Cow::Owned(inside.replace(&single.repeat(2), &single)),
        false => Cow::Borrowed(inside),
    };
    (inside, (at + 1).min(text.len()))
}

fn expect_fields(found: usize, expected: usize) -> Result<()> {
    match found == expected {
        true => Ok(()),
        false => Err(Error::invalid(format!("a row has {found} values where {expected} are expected"))
            .with_exception_code(CANNOT_PARSE_INPUT)),
    }
}

fn not_json(reason: String) -> Error {
    Error::invalid(format!("JSON: {reason}")).with_exception_code(CANNOT_READ_ALL_DATA)
}

fn misfit(name: &str, data_type: &DataType, text: &str) -> Error {
    let excerpt: String = text.chars().take(100).collect();
    let code = match data_type.bare() {
        DataType::Array(_) => CANNOT_READ_ARRAY_FROM_TEXT,
        _ => CANNOT_PARSE_INPUT,
    };
    Error::invalid(format!("column {name:?}: {excerpt:?} is not {data_type}")).with_exception_code(code)
}

const CANNOT_PARSE_INPUT: u16 = 27;
const CANNOT_READ_ALL_DATA: u16 = 33;
const CANNOT_READ_ARRAY_FROM_TEXT: u16 = 130;

/// An enum has no zero: its default is the first of its names.
fn append_default(builder: &mut Builder, data_type: &DataType) {
    let first = match data_type.bare() {
        DataType::Enum8(names) => names.first().map(|(_, number)| i64::from(*number)),
        DataType::Enum16(names) => names.first().map(|(_, number)| i64::from(*number)),
        _ => None,
    };
    match first {
        Some(number) => builder.append(Cell::Int(number)),
        None => builder.append_default(),
    }
}

/// So many times the type's own default: zero, the empty text, NULL.
pub fn defaults(data_type: &DataType, count: usize) -> ArrayRef {
    let mut builder = Builder::new(data_type);
    for _ in 0..count {
        match data_type.is_nullable() {
            true => builder.append(Cell::Null),
            false => append_default(&mut builder, data_type),
        }
    }
    builder.finish()
}
