//! Type text → [`DataType`]: a recursive descent over `Name`, `Name(args)`.

use super::{AggregateType, DataType, IntervalUnit};
use crate::diagnostic::nearest;
use crate::limits::TYPE_DEPTH_MAX;

pub(super) fn parse(text: &str) -> Result<DataType, String> {
    let mut parser = Parser { text, at: 0 };
    let data_type = parser.data_type(0)?;
    parser.skip_space();
    if parser.at < text.len() {
        return Err(format!("unexpected {:?} after the type {data_type}", &text[parser.at..]));
    }
    Ok(data_type)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, token: char) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len_utf8();
        }
        found
    }

    fn expect(&mut self, token: char) -> Result<(), String> {
        if self.eat(token) {
            return Ok(());
        }
        let found = self.rest().chars().next().map_or("the end".to_owned(), |c| format!("{c:?}"));
        Err(format!("expected {token:?} but found {found} in the type {:?}", self.text))
    }

    fn word(&mut self) -> &'a str {
        self.skip_space();
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn number(&mut self) -> Result<i64, String> {
        self.skip_space();
        let rest = self.rest();
        let digits = rest.strip_prefix('-').unwrap_or(rest);
        let end = rest.len() - digits.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        self.at += end;
        rest[..end].parse().map_err(|_| format!("expected a number in the type {:?}", self.text))
    }

    fn quoted(&mut self) -> Result<String, String> {
        self.skip_space();
        let Some(quote @ ('\'' | '"' | '`')) = self.rest().chars().next() else {
            return Err(format!("expected a quoted text in the type {:?}", self.text));
        };
        let mut out = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((index, c)) = chars.next() {
            match c {
                '\\' => out.extend(chars.next().map(|(_, escaped)| escaped)),
                c if c == quote => {
                    self.at += index + 1;
                    return Ok(out);
                }
                c => out.push(c),
            }
        }
        Err(format!("a quote is not closed in the type {:?}", self.text))
    }

    fn zone(&mut self) -> Result<chrono_tz::Tz, String> {
        let name = self.quoted()?;
        name.parse().map_err(|_| format!("unknown time zone {name:?}"))
    }

    fn data_type(&mut self, depth: usize) -> Result<DataType, String> {
        if depth > TYPE_DEPTH_MAX {
            return Err(format!("the type nests deeper than {TYPE_DEPTH_MAX}"));
        }
        let name = self.word();
        if name.is_empty() {
            self.skip_space();
            return Err(match self.rest() {
                "" => "a type is missing".to_owned(),
                rest => format!("expected a type but found {rest:?}"),
            });
        }
        if let Some(simple) = simple(name) {
            // `DateTime`, `Int32()` and the like: empty parentheses are accepted, as ClickHouse does
            return Ok(simple);
        }
        match name.to_ascii_lowercase().as_str() {
            "datetime" | "timestamp" => {
                let mut zone = None;
                if self.eat('(') && !self.eat(')') {
                    zone = Some(self.zone()?);
                    self.expect(')')?;
                }
                Ok(DataType::DateTime(zone))
            }
            "datetime64" => {
                let (mut digits, mut zone) = (3, None);
                if self.eat('(') {
                    digits = self.number()?;
                    if self.eat(',') {
                        zone = Some(self.zone()?);
                    }
                    self.expect(')')?;
                }
                if !(0..=9).contains(&digits) {
                    return Err(format!("DateTime64 has 0 to 9 digits, not {digits}"));
                }
                Ok(DataType::DateTime64(digits as u8, zone))
            }
            "fixedstring" => {
                self.expect('(')?;
                let bytes = self.number()?;
                self.expect(')')?;
                u32::try_from(bytes)
                    .ok()
                    .filter(|bytes| (1..=1 << 20).contains(bytes))
                    .map(DataType::FixedString)
                    .ok_or_else(|| format!("FixedString has 1 to 1048576 bytes, not {bytes}"))
            }
            "decimal" | "dec" | "numeric" => {
                let (mut precision, mut scale) = (10, 0);
                if self.eat('(') {
                    precision = self.number()?;
                    if self.eat(',') {
                        scale = self.number()?;
                    }
                    self.expect(')')?;
                }
                decimal(precision, scale)
            }
            wide @ ("decimal32" | "decimal64" | "decimal128" | "decimal256") => {
                self.expect('(')?;
                let scale = self.number()?;
                self.expect(')')?;
                decimal(
                    match wide {
                        "decimal32" => 9,
                        "decimal64" => 18,
                        "decimal128" => 38,
                        _ => 76,
                    },
                    scale,
                )
            }
            "nullable" => {
                let inner = self.wrapped(depth)?;
                match inner {
                    DataType::Array(_) | DataType::Map(..) | DataType::Nullable(_) | DataType::LowCardinality(_) => {
                        Err(format!("Nullable cannot hold {inner}"))
                    }
                    inner => Ok(DataType::Nullable(Box::new(inner))),
                }
            }
            "lowcardinality" => Ok(DataType::LowCardinality(Box::new(self.wrapped(depth)?))),
            "array" => Ok(DataType::Array(Box::new(self.wrapped(depth)?))),
            "map" => {
                self.expect('(')?;
                let key = self.data_type(depth + 1)?;
                self.expect(',')?;
                let value = self.data_type(depth + 1)?;
                self.expect(')')?;
                Ok(DataType::Map(Box::new(key), Box::new(value)))
            }
            "tuple" => Ok(DataType::Tuple(self.items(depth)?)),
            "nested" => Ok(DataType::Array(Box::new(DataType::Tuple(self.items(depth)?)))),
            "enum" | "enum8" | "enum16" => self.enumeration(name),
            "json" | "object" => {
                // `JSON(max_dynamic_paths=16, …)`: the hints change how ClickHouse stores, not what it means
                if self.eat('(') {
                    let mut open = 1;
                    while open > 0 {
                        let Some(c) = self.rest().chars().next() else {
                            return Err(format!("a bracket is not closed in the type {:?}", self.text));
                        };
                        open += i32::from(c == '(') - i32::from(c == ')');
                        self.at += c.len_utf8();
                    }
                }
                Ok(DataType::Json)
            }
            "dynamic" => {
                // `Dynamic(max_types=16)`: how ClickHouse stores it
                if self.eat('(') {
                    self.word();
                    self.expect('=')?;
                    self.number()?;
                    self.expect(')')?;
                }
                Ok(DataType::Dynamic)
            }
            "aggregatefunction" => self.aggregate(depth),
            "simpleaggregatefunction" => {
                self.expect('(')?;
                let function = self.word().to_owned();
                self.expect(',')?;
                let inner = self.data_type(depth + 1)?;
                self.expect(')')?;
                Ok(DataType::SimpleAggregateFunction(function, Box::new(inner)))
            }
            _ => {
                let hint = nearest(name, SIMPLE.iter().map(|(known, _)| *known).chain(COMPOSED.iter().copied()));
                let hint = hint.map_or(String::new(), |near| format!("; did you mean {near}?"));
                Err(format!("unknown data type {name:?}{hint}"))
            }
        }
    }

    fn wrapped(&mut self, depth: usize) -> Result<DataType, String> {
        self.expect('(')?;
        let inner = self.data_type(depth + 1)?;
        self.expect(')')?;
        Ok(inner)
    }

    /// `(a UInt8, b String)` or `(UInt8, String)`.
    fn items(&mut self, depth: usize) -> Result<Vec<(Option<String>, DataType)>, String> {
        self.expect('(')?;
        let mut items = Vec::new();
        if self.eat(')') {
            return Ok(items);
        }
        loop {
            self.skip_space();
            let start = self.at;
            let quoted = self.rest().starts_with(['`', '"']);
            let name = if quoted { self.quoted()? } else { self.word().to_owned() };
            self.skip_space();
            let named = quoted || self.rest().starts_with(|c: char| c.is_alphabetic() || c == '_');
            if named {
                items.push((Some(name), self.data_type(depth + 1)?));
            } else {
                self.at = start;
                items.push((None, self.data_type(depth + 1)?));
            }
            if !self.eat(',') {
                break;
            }
        }
        self.expect(')')?;
        Ok(items)
    }

    fn enumeration(&mut self, name: &str) -> Result<DataType, String> {
        self.expect('(')?;
        let mut names: Vec<(String, i64)> = Vec::new();
        loop {
            let label = self.quoted()?;
            let number = if self.eat('=') { self.number()? } else { names.last().map_or(1, |(_, last)| last + 1) };
            names.push((label, number));
            if !self.eat(',') {
                break;
            }
        }
        self.expect(')')?;
        // their numbers decide, however they are written
        names.sort_by_key(|(_, number)| *number);
        let small = names.iter().all(|(_, number)| i8::try_from(*number).is_ok());
        if small && !name.eq_ignore_ascii_case("enum16") {
            return Ok(DataType::Enum8(names.into_iter().map(|(label, number)| (label, number as i8)).collect()));
        }
        if name.eq_ignore_ascii_case("enum8") || names.iter().any(|(_, number)| i16::try_from(*number).is_err()) {
            return Err(format!("a number does not fit {name}"));
        }
        Ok(DataType::Enum16(names.into_iter().map(|(label, number)| (label, number as i16)).collect()))
    }

    fn aggregate(&mut self, depth: usize) -> Result<DataType, String> {
        self.expect('(')?;
        let mut function = self.word().to_owned();
        // ClickHouse tells the version of some states first
        if function.parse::<u32>().is_ok() {
            self.expect(',')?;
            function = self.word().to_owned();
        }
        let mut parameters = Vec::new();
        if self.eat('(') {
            let (inside, length) =
                bracketed(self.rest()).ok_or_else(|| format!("a bracket is not closed in {:?}", self.text))?;
            parameters = inside;
            self.at += length;
        }
        let mut arguments = Vec::new();
        while self.eat(',') {
            arguments.push(self.data_type(depth + 1)?);
        }
        self.expect(')')?;
        Ok(DataType::AggregateFunction(Box::new(AggregateType { function, parameters, arguments })))
    }
}

/// The parts between commas up to the bracket that closes, and how long they are with it; quotes and brackets
/// hold their commas.
fn bracketed(text: &str) -> Option<(Vec<String>, usize)> {
    let mut parts = vec![String::new()];
    let (mut depth, mut in_quotes, mut escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_quotes => escaped = true,
            '\'' => in_quotes = !in_quotes,
            _ if in_quotes => {}
            '(' | '[' => depth += 1,
            ')' if depth == 0 => {
                let parts = parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty());
                return Some((parts.collect(), at + 1));
            }
            ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut()?.push(c);
    }
    None
}

fn decimal(precision: i64, scale: i64) -> Result<DataType, String> {
    if !(1..=76).contains(&precision) || !(0..=precision).contains(&scale) {
        return Err(format!(
            "Decimal({precision}, {scale}) is out of range: 1 to 76 digits, 0 to that many after the point"
        ));
    }
    Ok(DataType::Decimal { precision: precision as u8, scale: scale as u8 })
}

fn simple(name: &str) -> Option<DataType> {
    let exact = SIMPLE.iter().find(|(known, _)| *known == name);
    let any_case = || SIMPLE.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    if let Some((_, data_type)) = exact.or_else(any_case) {
        return Some(data_type.clone());
    }
    let unit = name.strip_prefix("Interval")?;
    IntervalUnit::ALL.into_iter().find(|known| known.name() == unit).map(DataType::Interval)
}

const COMPOSED: &[&str] = &[
    "DateTime",
    "DateTime64",
    "FixedString",
    "Decimal",
    "Nullable",
    "LowCardinality",
    "Array",
    "Map",
    "Tuple",
    "Nested",
    "Enum8",
    "Enum16",
    "JSON",
    "AggregateFunction",
    "SimpleAggregateFunction",
];

const SIMPLE: &[(&str, DataType)] = &[
    ("String", DataType::String),
    ("Bool", DataType::Bool),
    ("Boolean", DataType::Bool),
    ("UInt8", DataType::UInt8),
    ("UInt16", DataType::UInt16),
    ("UInt32", DataType::UInt32),
    ("UInt64", DataType::UInt64),
    ("UInt128", DataType::UInt128),
    ("UInt256", DataType::UInt256),
    ("Int8", DataType::Int8),
    ("Int16", DataType::Int16),
    ("Int32", DataType::Int32),
    ("Int64", DataType::Int64),
    ("Int128", DataType::Int128),
    ("Int256", DataType::Int256),
    ("Float32", DataType::Float32),
    ("Float64", DataType::Float64),
    ("UUID", DataType::Uuid),
    ("Date", DataType::Date),
    ("Date32", DataType::Date32),
    ("IPv4", DataType::IPv4),
    ("IPv6", DataType::IPv6),
    ("Nothing", DataType::Nothing),
    // SQL's own names, as ClickHouse maps them
    ("TINYINT", DataType::Int8),
    ("SMALLINT", DataType::Int16),
    ("INT", DataType::Int32),
    ("INTEGER", DataType::Int32),
    ("BIGINT", DataType::Int64),
    ("FLOAT", DataType::Float32),
    ("REAL", DataType::Float32),
    ("DOUBLE", DataType::Float64),
    ("TEXT", DataType::String),
    ("VARCHAR", DataType::String),
    ("CHAR", DataType::String),
];
