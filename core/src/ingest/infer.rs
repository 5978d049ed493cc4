//! Which columns a file has, from its rows: what ClickHouse calls schema inference.

use super::json::Scanner;
use super::rows::{self, csv_records};
use crate::batch::Schema;
use crate::error::{Error, Result};
use crate::limits::EVENT_DEPTH_MAX;
use crate::value::DataType;

/// So many rows are looked at.
const ROWS_MAX: usize = 25_000;
const CANNOT_EXTRACT_TABLE_STRUCTURE: u16 = 636;

/// What a value can be.
#[derive(Clone, Debug, PartialEq)]
enum Guess {
    /// NULL, or nothing.
    Unknown,
    Bool,
    Int,
    Float,
    Date,
    DateTime,
    DateTime64,
    Text,
    List(Box<Guess>),
    Object(Vec<(String, Guess)>),
}

impl Guess {
    fn merge(self, other: Guess) -> Guess {
        use Guess::*;
        match (self, other) {
            (Unknown, known) | (known, Unknown) => known,
            (left, right) if left == right => left,
            (Int, Float) | (Float, Int) => Float,
            (Bool, Int) | (Int, Bool) => Int,
            (Date, DateTime) | (DateTime, Date) => DateTime,
            (Date | DateTime, DateTime64) | (DateTime64, Date | DateTime) => DateTime64,
            (List(left), List(right)) => List(Box::new(left.merge(*right))),
            (Object(left), Object(right)) => Object(merge_named(left, right)),
            _ => Text,
        }
    }

    fn data_type(self) -> DataType {
        let plain = match self {
            Guess::Unknown | Guess::Text => DataType::String,
            Guess::Bool => DataType::Bool,
            Guess::Int => DataType::Int64,
            Guess::Float => DataType::Float64,
            Guess::Date => DataType::Date,
            Guess::DateTime => DataType::DateTime(None),
            Guess::DateTime64 => DataType::DateTime64(9, None),
            Guess::List(item) => return item.data_type().array(),
            Guess::Object(parts) if parts.is_empty() => DataType::String,
            Guess::Object(parts) => {
                DataType::Tuple(parts.into_iter().map(|(name, part)| (Some(name), part.data_type())).collect())
            }
        };
        plain.nullable()
    }
}

fn merge_named(mut left: Vec<(String, Guess)>, right: Vec<(String, Guess)>) -> Vec<(String, Guess)> {
    for (name, guess) in right {
        match left.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = std::mem::replace(known, Guess::Unknown).merge(guess),
            None => left.push((name, guess)),
        }
    }
    left
}

/// Columns of records of text, and whether the first one holds their names. `header`: `None` if that is
/// to be guessed too.
pub fn of_csv(text: &str, delimiter: u8, header: Option<bool>) -> Result<(Schema, bool)> {
    let records: Vec<Vec<(String, bool)>> = csv_records(text, delimiter)
        .take(ROWS_MAX)
        .map(|fields| fields.into_iter().map(|(field, is_quoted)| (field.into_owned(), is_quoted)).collect())
        .collect();
    of_records(&records, header)
}

pub fn of_tsv(text: &str, header: Option<bool>) -> Result<(Schema, bool)> {
    let records = rows::lines(text).take(ROWS_MAX);
    let fields = |line: &str| line.split('\t').map(|field| (super::quoted::unescape(field), false)).collect();
    of_records(&records.map(fields).collect::<Vec<_>>(), header)
}

fn of_records(records: &[Vec<(String, bool)>], header: Option<bool>) -> Result<(Schema, bool)> {
    let (first, rest) = records.split_first().ok_or_else(nothing)?;
    let guess = |(text, is_quoted): &(String, bool)| of_field(text, *is_quoted);
    let mut guesses = vec![Guess::Unknown; first.len()];
    for record in rest {
        for (known, field) in guesses.iter_mut().zip(record) {
            *known = std::mem::replace(known, Guess::Unknown).merge(guess(field));
        }
    }
    let names_columns = header.unwrap_or_else(|| {
        let is_text = first.iter().all(|field| guess(field) == Guess::Text);
        is_text && guesses.iter().any(|guess| !matches!(guess, Guess::Text | Guess::Unknown))
    });
    let columns = first.iter().zip(guesses).enumerate().map(|(index, (field, rest))| match names_columns {
        true => (field.0.clone(), rest.data_type()),
        false => (format!("c{}", index + 1), guess(field).merge(rest).data_type()),
    });
    Ok((Schema(columns.collect()), names_columns))
}

fn of_field(text: &str, is_quoted: bool) -> Guess {
    match text {
        "" if !is_quoted => Guess::Unknown,
        "\\N" => Guess::Unknown,
        "true" | "false" if !is_quoted => Guess::Bool,
        text if !is_quoted && is_number(text) => of_number(text),
        text => of_text(text),
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']);
    digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') && text.parse::<f64>().is_ok()
}

fn of_number(text: &str) -> Guess {
    if text.parse::<i64>().is_ok() { Guess::Int } else { Guess::Float }
}

/// Dates and times are recognised in strings, in their own notation only.
fn of_text(text: &str) -> Guess {
    let bytes = text.as_bytes();
    let digits =
        |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let at = |place: usize, mark: &[u8]| bytes.get(place).is_some_and(|byte| mark.contains(byte));
    let is_date = digits(0..4) && at(4, b"-") && digits(5..7) && at(7, b"-") && digits(8..10);
    let is_valid = || super::moment::parse(text, chrono_tz::UTC).is_some();
    if !is_date || !is_valid() {
        return Guess::Text;
    }
    let has_time = at(10, b" T") && digits(11..13) && at(13, b":") && digits(14..16) && at(16, b":") && digits(17..19);
    match bytes.len() {
        10 => Guess::Date,
        _ if !has_time => Guess::Text,
        19 => Guess::DateTime,
        20 if at(19, b"Z") => Guess::DateTime,
        _ if at(19, b".") => Guess::DateTime64,
        _ => Guess::Text,
    }
}

/// Columns of objects, one after the other or in an array.
pub fn of_json(text: &str) -> Result<Schema> {
    let mut scanner = Scanner::new(text);
    let is_array = scanner.eat(b'[');
    let mut columns = Vec::new();
    for _ in 0..ROWS_MAX {
        while scanner.eat(b',') {}
        if scanner.peek().is_none() || is_array && scanner.eat(b']') {
            break;
        }
        let row = object(&mut scanner, 1).map_err(|reason| {
            Error::invalid(format!("JSON: {reason}")).with_exception_code(CANNOT_EXTRACT_TABLE_STRUCTURE)
        })?;
        columns = merge_named(columns, row);
    }
    match columns.is_empty() {
        true => Err(nothing()),
        false => Ok(Schema(columns.into_iter().map(|(name, guess)| (name, guess.data_type())).collect())),
    }
}

fn object(scanner: &mut Scanner<'_>, depth: usize) -> Result<Vec<(String, Guess)>, String> {
    let mut parts = Vec::new();
    scanner.object(|scanner, key| {
        parts.push((key.into_owned(), of_json_value(scanner, depth)?));
        Ok(())
    })?;
    Ok(merge_named(Vec::new(), parts))
}

fn of_json_value(scanner: &mut Scanner<'_>, depth: usize) -> Result<Guess, String> {
    if depth > EVENT_DEPTH_MAX {
        return Err(format!("nests deeper than {EVENT_DEPTH_MAX}"));
    }
    match scanner.peek() {
        Some(b'{') => object(scanner, depth + 1).map(Guess::Object),
        Some(b'[') => {
            let mut item = Guess::Unknown;
            scanner.array(|scanner| {
                let found = of_json_value(scanner, depth + 1)?;
                item = std::mem::replace(&mut item, Guess::Unknown).merge(found);
                Ok(())
            })?;
            Ok(Guess::List(Box::new(item)))
        }
        Some(b'"') => scanner.string().map(|text| of_text(&text)),
        _ => scanner.value(depth).map(|word| match word {
            "null" => Guess::Unknown,
            "true" | "false" => Guess::Bool,
            number => of_number(number),
        }),
    }
}

fn nothing() -> Error {
    Error::invalid("the file has no rows, so its columns are not known; name them as the third argument")
        .with_exception_code(CANNOT_EXTRACT_TABLE_STRUCTURE)
}
