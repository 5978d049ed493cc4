//! One column of a batch, ready to print any of its cells in any style.
//!
//! A style is how a cell stands among others: in JSON, in a CSV record, in a TSV record, or inside
//! an array that is printed as text (`quoted`).

use super::{DateTimeOutput, Options, number, xml};
use crate::batch::Schema;
use crate::error::{Error, Result};
use crate::value::{DataType, json};
use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    Decimal128Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use std::collections::HashMap;

pub(super) struct Printer<'a> {
    cells: Cells<'a>,
    nulls: Option<&'a NullBuffer>,
}

/// Prints the value of a row.
type Cell<'a> = Box<dyn Fn(usize, &mut Vec<u8>) + 'a>;

enum Cells<'a> {
    Nothing,
    Bool(&'a BooleanArray),
    Integer(Cell<'a>),
    /// Of 64 bits or more: may be quoted in JSON.
    LongInteger(Cell<'a>),
    Float32(&'a Float32Array),
    Float64(&'a Float64Array),
    /// Prints only characters that need no escape anywhere, but stands in quotes: dates, ids.
    Word(Cell<'a>),
    Decimal(Cell<'a>),
    Text(Box<dyn Fn(usize) -> &'a [u8] + 'a>),
    Enum(&'a dyn Array, HashMap<i16, &'a str>),
    /// Text of a JSON value.
    Json(&'a StringViewArray),
    /// JSON text of a value of any type.
    Dynamic(&'a StringViewArray),
    Array(&'a OffsetBuffer<i32>, Box<Printer<'a>>),
    Tuple(Vec<(Option<&'a str>, Printer<'a>)>),
    Map(&'a OffsetBuffer<i32>, Box<Printer<'a>>, Box<Printer<'a>>),
}

/// How a NULL shows where no value could look like it.
pub(super) const NULL_TEXT: &str = "ᴺᵁᴸᴸ";

/// How deep pretty JSON is at the moment, if it is pretty.
#[derive(Clone, Copy)]
pub(super) enum Layout {
    Compact,
    Pretty {
        level: usize,
        /// What stands before a line of a level.
        indent: fn(usize, &mut Vec<u8>),
    },
}

impl Layout {
    pub(super) const FOUR_SPACES: fn(usize, &mut Vec<u8>) =
        |level, out| out.extend(std::iter::repeat_n(b' ', 4 * level));
    /// What tables have.
    pub(super) const ONE_MORE_SPACE: fn(usize, &mut Vec<u8>) =
        |level, out| out.extend(std::iter::repeat_n(b' ', if level == 0 { 0 } else { level + 1 }));

    pub(super) fn tabs(level: usize) -> Layout {
        Layout::Pretty { level, indent: |level, out| out.extend(std::iter::repeat_n(b'\t', level)) }
    }

    fn deeper(self) -> Layout {
        match self {
            Layout::Compact => Layout::Compact,
            Layout::Pretty { level, indent } => Layout::Pretty { level: level + 1, indent },
        }
    }

    /// Begins a line, if there are lines.
    fn line(self, out: &mut Vec<u8>) {
        if let Layout::Pretty { level, indent } = self {
            out.push(b'\n');
            indent(level, out);
        }
    }
}

fn is_named(items: &[(Option<&str>, Printer)]) -> bool {
    !items.is_empty() && items.iter().all(|(name, _)| name.is_some())
}

impl<'a> Printer<'a> {
    pub(super) fn of_batch(schema: &'a Schema, batch: &'a RecordBatch, options: &Options) -> Result<Vec<Printer<'a>>> {
        if schema.0.len() != batch.num_columns() {
            let (expected, found) = (schema.0.len(), batch.num_columns());
            return Err(Error::internal(format!("a batch has {found} columns instead of {expected}")));
        }
        let columns = schema.0.iter().zip(batch.columns());
        columns
            .map(|((name, data_type), array)| Printer::new(data_type, array, options).map_err(|e| e.context(name)))
            .collect()
    }

    fn new(data_type: &'a DataType, array: &'a dyn Array, options: &Options) -> Result<Printer<'a>> {
        if !matches!(data_type, DataType::Nothing) && !same_layout(array.data_type(), &data_type.to_arrow()) {
            return Err(Error::internal(format!("{data_type} lies in memory as {}", array.data_type())));
        }
        let nulls = array.nulls();
        Ok(Printer { cells: cells(data_type, array, options)?, nulls })
    }

    fn is_null(&self, row: usize) -> bool {
        matches!(self.cells, Cells::Nothing) || self.nulls.is_some_and(|nulls| nulls.is_null(row))
    }

    pub(super) fn json(&self, row: usize, options: &Options, layout: Layout, out: &mut Vec<u8>) {
        if self.is_null(row) {
            return out.extend_from_slice(b"null");
        }
        match &self.cells {
            Cells::Integer(print) => print(row, out),
            Cells::Decimal(print) if !options.quote_decimals => print(row, out),
            Cells::LongInteger(print) if !options.quote_64bit_integers => print(row, out),
            Cells::LongInteger(print) | Cells::Word(print) | Cells::Decimal(print) => {
                out.push(b'"');
                print(row, out);
                out.push(b'"');
            }
            Cells::Float32(values) => json_float(values.value(row).into(), options, out, |out| {
                number::float32(out, values.value(row));
            }),
            Cells::Float64(values) if options.quote_64bit_floats => {
                let value = values.value(row);
                out.push(b'"');
                match value.is_finite() || options.quote_denormals {
                    true => number::float64(out, value),
                    false => out.extend_from_slice(b"null"),
                }
                out.push(b'"');
            }
            Cells::Float64(values) => json_float(values.value(row), options, out, |out| {
                number::float64(out, values.value(row));
            }),
            Cells::Text(value) => json_string(&String::from_utf8_lossy(value(row)), options, out),
            Cells::Json(values) => json_value(values.value(row), layout, options, out),
            Cells::Dynamic(values) => json_tree(&dynamic(values.value(row)), layout, options, out),
            Cells::Array(offsets, items) => {
                let range = range(offsets, row);
                let layout = if items.is_nested() { layout } else { Layout::Compact };
                let mut list = List::open(b"[]", layout, range.is_empty(), out);
                range.for_each(|item| items.json(item, options, list.next(out), out));
                list.close(out);
            }
            Cells::Tuple(items) => {
                let is_named = options.named_tuples_as_objects && is_named(items);
                let mut list = List::open(if is_named { b"{}" } else { b"[]" }, layout, false, out);
                for (name, item) in items {
                    let inner = list.next(out);
                    if let Some(name) = name.filter(|_| is_named) {
                        json_string(name, options, out);
                        list.colon(out);
                    }
                    item.json(row, options, inner, out);
                }
                list.close(out);
            }
            Cells::Map(offsets, keys, values) => {
                let range = range(offsets, row);
                let mut list = List::open(b"{}", layout, range.is_empty(), out);
                for entry in range {
                    let inner = list.next(out);
                    keys.json_text(entry, options, out);
                    list.colon(out);
                    values.json(entry, options, inner, out);
                }
                list.close(out);
            }
            Cells::Enum(..) => json_string(&self.plain_text(row), options, out),
            Cells::Nothing | Cells::Bool(_) => self.plain(row, out),
        }
    }

    /// As a JSON string, whatever the type: keys of objects, and formats of strings.
    pub(super) fn json_text(&self, row: usize, options: &Options, out: &mut Vec<u8>) {
        let mut text = Vec::new();
        self.text(row, NULL_TEXT, &mut text);
        json_string(&String::from_utf8_lossy(&text), options, out);
    }

    pub(super) fn csv(&self, row: usize, options: &Options, out: &mut Vec<u8>) {
        if self.is_null(row) {
            return out.extend_from_slice(options.csv_null.as_bytes());
        }
        match &self.cells {
            Cells::Tuple(items) => {
                for (index, (_, item)) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(options.csv_delimiter);
                    }
                    item.csv(row, options, out);
                }
            }
            cells if cells.is_bare_word() => self.plain(row, out),
            _ => {
                let mut text = Vec::new();
                self.plain(row, &mut text);
                csv_string(&text, out);
            }
        }
    }

    pub(super) fn tsv(&self, row: usize, options: &Options, out: &mut Vec<u8>) {
        if self.is_null(row) {
            return out.extend_from_slice(options.tsv_null.as_bytes());
        }
        match &self.cells {
            Cells::Text(value) => escaped(value(row), out),
            Cells::Json(_) | Cells::Enum(..) => escaped(self.plain_text(row).as_bytes(), out),
            Cells::Dynamic(values) if !values.value(row).starts_with('[') => {
                escaped(self.plain_text(row).as_bytes(), out);
            }
            _ => self.plain(row, out),
        }
    }

    /// Without quotes or escapes, for people and for formats that put their own around it.
    pub(super) fn text(&self, row: usize, null: &str, out: &mut Vec<u8>) {
        match self.is_null(row) {
            true => out.extend_from_slice(null.as_bytes()),
            false => self.plain(row, out),
        }
    }

    /// As a table shows it: like `text`, but tuples with names are JSON over several lines.
    pub(super) fn pretty(&self, row: usize, options: &Options, out: &mut Vec<u8>) {
        match &self.cells {
            _ if self.is_null(row) => {
                let null = if options.pretty_ascii { "NULL" } else { NULL_TEXT };
                out.extend_from_slice(null.as_bytes());
            }
            Cells::Tuple(items) if is_named(items) => {
                self.json(row, options, Layout::Pretty { level: 0, indent: Layout::ONE_MORE_SPACE }, out);
            }
            Cells::Array(offsets, items) if items.has_named_tuple() => {
                out.push(b'[');
                separated(range(offsets, row), out, |item, out| items.pretty(item, options, out));
                out.push(b']');
            }
            _ => self.plain(row, out),
        }
    }

    fn has_named_tuple(&self) -> bool {
        match &self.cells {
            Cells::Tuple(items) => is_named(items),
            Cells::Array(_, items) => items.has_named_tuple(),
            _ => false,
        }
    }

    pub(super) fn xml(&self, row: usize, out: &mut Vec<u8>) {
        let put = |text: &str, out: &mut Vec<u8>| out.extend_from_slice(text.as_bytes());
        if self.is_null(row) {
            return put("\\N", out);
        }
        let element = |item: &Printer, row: usize, out: &mut Vec<u8>| {
            put("<elem>", out);
            item.xml(row, out);
            put("</elem>", out);
        };
        match &self.cells {
            Cells::Array(offsets, items) => {
                put("<array>", out);
                range(offsets, row).for_each(|item| element(items, item, out));
                put("</array>", out);
            }
            Cells::Tuple(items) => {
                put("<tuple>", out);
                items.iter().for_each(|(_, item)| element(item, row, out));
                put("</tuple>", out);
            }
            Cells::Map(offsets, keys, values) => {
                put("<map>", out);
                for entry in range(offsets, row) {
                    put("<elem><key>", out);
                    keys.xml(entry, out);
                    put("</key><value>", out);
                    values.xml(entry, out);
                    put("</value></elem>", out);
                }
                put("</map>", out);
            }
            _ => put(&xml::escaped(&self.plain_text(row)), out),
        }
    }

    /// Key and value of each entry of a map.
    pub(super) fn entries(&self, row: usize) -> Vec<(String, String)> {
        match &self.cells {
            Cells::Map(offsets, keys, values) => {
                range(offsets, row).map(|entry| (keys.plain_text(entry), values.plain_text(entry))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// As SQL has it: inside an array, tuple or map that is printed as text, and in `Values`.
    pub(super) fn quoted(&self, row: usize, out: &mut Vec<u8>) {
        if self.is_null(row) {
            return out.extend_from_slice(b"NULL");
        }
        match &self.cells {
            cells if cells.is_bare_word() => self.plain(row, out),
            Cells::Array(..) | Cells::Tuple(_) | Cells::Map(..) => self.plain(row, out),
            Cells::Dynamic(values) => json::write_value(&dynamic(values.value(row)), true, &float, out),
            _ => {
                let mut text = Vec::new();
                self.plain(row, &mut text);
                out.push(b'\'');
                escaped(&text, out);
                out.push(b'\'');
            }
        }
    }

    /// The value by itself, without quotes or escapes around it.
    fn plain(&self, row: usize, out: &mut Vec<u8>) {
        match &self.cells {
            Cells::Nothing => {}
            Cells::Bool(values) => out.extend_from_slice(if values.value(row) { b"true" } else { b"false" }),
            Cells::Integer(print) | Cells::LongInteger(print) | Cells::Word(print) | Cells::Decimal(print) => {
                print(row, out);
            }
            Cells::Float32(values) => number::float32(out, values.value(row)),
            Cells::Float64(values) => number::float64(out, values.value(row)),
            Cells::Text(value) => out.extend_from_slice(value(row)),
            Cells::Json(values) => json_value(values.value(row), Layout::Compact, &Options::default(), out),
            Cells::Dynamic(values) => json::write_value(&dynamic(values.value(row)), false, &float, out),
            Cells::Enum(values, names) => out.extend_from_slice(enum_name(*values, names, row).as_bytes()),
            Cells::Array(offsets, items) => {
                out.push(b'[');
                separated(range(offsets, row), out, |item, out| items.quoted(item, out));
                out.push(b']');
            }
            Cells::Tuple(items) => {
                out.push(b'(');
                separated(items.iter(), out, |(_, item), out| item.quoted(row, out));
                out.push(b')');
            }
            Cells::Map(offsets, keys, values) => {
                out.push(b'{');
                separated(range(offsets, row), out, |entry, out| {
                    keys.quoted(entry, out);
                    out.push(b':');
                    values.quoted(entry, out);
                });
                out.push(b'}');
            }
        }
    }

    fn plain_text(&self, row: usize) -> String {
        let mut text = Vec::new();
        self.plain(row, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Whether pretty JSON gives each item of an array of these a line.
    fn is_nested(&self) -> bool {
        matches!(&self.cells, Cells::Array(..) | Cells::Tuple(_) | Cells::Map(..) | Cells::Json(_) | Cells::Dynamic(_))
    }
}

impl Cells<'_> {
    /// Stands without quotes in text formats.
    fn is_bare_word(&self) -> bool {
        use Cells::*;
        matches!(self, Bool(_) | Integer(_) | LongInteger(_) | Decimal(_) | Float32(_) | Float64(_))
    }
}

/// Nullability inside lists may be wider than the type says; the kind of array may not differ.
fn same_layout(found: &arrow::datatypes::DataType, expected: &arrow::datatypes::DataType) -> bool {
    use arrow::datatypes::DataType as Arrow;
    match (found, expected) {
        (Arrow::List(_), Arrow::List(_)) | (Arrow::Struct(_), Arrow::Struct(_)) | (Arrow::Map(..), Arrow::Map(..)) => {
            true
        }
        (found, expected) => found == expected,
    }
}

fn cells<'a>(data_type: &'a DataType, array: &'a dyn Array, options: &Options) -> Result<Cells<'a>> {
    macro_rules! display {
        ($cells:ident, $arrow:ty) => {{
            let values = array.as_primitive::<$arrow>().values();
            Cells::$cells(Box::new(move |row, out| number::display(out, values[row])))
        }};
    }
    Ok(match data_type {
        DataType::Nullable(inner) | DataType::LowCardinality(inner) | DataType::SimpleAggregateFunction(_, inner) => {
            return cells(inner, array, options);
        }
        DataType::Nothing => Cells::Nothing,
        DataType::Bool => Cells::Bool(array.as_boolean()),
        DataType::UInt8 => display!(Integer, UInt8Type),
        DataType::UInt16 => display!(Integer, UInt16Type),
        DataType::UInt32 => display!(Integer, UInt32Type),
        DataType::UInt64 => display!(LongInteger, UInt64Type),
        DataType::Int8 => display!(Integer, Int8Type),
        DataType::Int16 => display!(Integer, Int16Type),
        DataType::Int32 => display!(Integer, Int32Type),
        DataType::Int64 | DataType::Interval(_) => display!(LongInteger, Int64Type),
        DataType::UInt128 | DataType::UInt256 => wide(array, false),
        DataType::Int256 => wide(array, true),
        DataType::Int128 => display!(LongInteger, Decimal128Type),
        DataType::Float32 => Cells::Float32(array.as_primitive()),
        DataType::Float64 => Cells::Float64(array.as_primitive()),
        DataType::Decimal { scale, .. } => decimal(array, usize::from(*scale), options.decimal_trailing_zeros),
        DataType::String => {
            let values = array.as_string_view();
            Cells::Text(Box::new(move |row| values.value(row).as_bytes()))
        }
        DataType::FixedString(_) => {
            let values = array.as_fixed_size_binary();
            Cells::Text(Box::new(move |row| values.value(row)))
        }
        DataType::AggregateFunction(_) => {
            let values = array.as_binary::<i32>();
            Cells::Text(Box::new(move |row| values.value(row)))
        }
        DataType::Json => Cells::Json(array.as_string_view()),
        DataType::Dynamic => Cells::Dynamic(array.as_string_view()),
        DataType::Uuid => {
            let values = array.as_fixed_size_binary();
            Cells::Word(Box::new(move |row, out| number::uuid(out, values.value(row))))
        }
        DataType::IPv6 => {
            let values = array.as_fixed_size_binary();
            Cells::Word(Box::new(move |row, out| number::ipv6(out, values.value(row))))
        }
        DataType::IPv4 => {
            let values = array.as_primitive::<UInt32Type>().values();
            Cells::Word(Box::new(move |row, out| number::ipv4(out, values[row])))
        }
        DataType::Date | DataType::Date32 => {
            let values = array.as_primitive::<arrow::datatypes::Date32Type>().values();
            Cells::Word(Box::new(move |row, out| number::date(out, values[row])))
        }
        DataType::DateTime(_) => {
            let (values, zone) = (array.as_primitive::<TimestampSecondType>().values(), data_type.time_zone());
            match options.date_time {
                DateTimeOutput::Simple => {
                    Cells::Word(Box::new(move |row, out| number::date_time(out, values[row], zone)))
                }
                style => Cells::Word(Box::new(move |row, out| number::moment(out, values[row], 0, 0, style))),
            }
        }
        DataType::DateTime64(digits, _) => date_time64(array, *digits, data_type.time_zone(), options.date_time),
        DataType::Enum8(names) => {
            Cells::Enum(array, names.iter().map(|(name, n)| ((*n).into(), name.as_str())).collect())
        }
        DataType::Enum16(names) => Cells::Enum(array, names.iter().map(|(name, n)| (*n, name.as_str())).collect()),
        DataType::Array(item) => {
            let list = array.as_list::<i32>();
            Cells::Array(list.offsets(), Box::new(Printer::new(item, list.values(), options)?))
        }
        DataType::Tuple(items) => {
            let columns = items.iter().zip(array.as_struct().columns());
            let printers =
                columns.map(|((name, item), column)| Ok((name.as_deref(), Printer::new(item, column, options)?)));
            Cells::Tuple(printers.collect::<Result<_>>()?)
        }
        DataType::Map(key, value) => {
            let map = array.as_map();
            let keys = Printer::new(key, map.keys(), options)?;
            let values = Printer::new(value, map.values(), options)?;
            Cells::Map(map.offsets(), Box::new(keys), Box::new(values))
        }
    })
}

fn wide(array: &dyn Array, signed: bool) -> Cells<'_> {
    let values = array.as_primitive::<arrow::datatypes::Decimal256Type>().values();
    Cells::LongInteger(Box::new(move |row, out| number::wide_integer(out, values[row], signed)))
}

fn decimal(array: &dyn Array, scale: usize, zeros: bool) -> Cells<'_> {
    if let Some(values) = array.as_any().downcast_ref::<Decimal128Array>() {
        let values = values.values();
        return Cells::Decimal(Box::new(move |row, out| number::decimal(out, &values[row].to_string(), scale, zeros)));
    }
    let values = array.as_primitive::<arrow::datatypes::Decimal256Type>().values();
    Cells::Decimal(Box::new(move |row, out| number::decimal(out, &values[row].to_string(), scale, zeros)))
}

fn date_time64(array: &dyn Array, digits: u8, zone: chrono_tz::Tz, style: DateTimeOutput) -> Cells<'_> {
    let (values, unit_digits) = match crate::value::time_unit(digits) {
        TimeUnit::Second => (array.as_primitive::<TimestampSecondType>().values(), 0),
        TimeUnit::Millisecond => (array.as_primitive::<TimestampMillisecondType>().values(), 3),
        TimeUnit::Microsecond => (array.as_primitive::<TimestampMicrosecondType>().values(), 6),
        TimeUnit::Nanosecond => (array.as_primitive::<TimestampNanosecondType>().values(), 9),
    };
    match style {
        DateTimeOutput::Simple => {
            Cells::Word(Box::new(move |row, out| number::date_time64(out, values[row], unit_digits, digits, zone)))
        }
        style => Cells::Word(Box::new(move |row, out| number::moment(out, values[row], unit_digits, digits, style))),
    }
}

/// A number without a name cannot come from ClickHouse; printing the number hides nothing.
fn enum_name<'a>(values: &dyn Array, names: &HashMap<i16, &'a str>, row: usize) -> std::borrow::Cow<'a, str> {
    let number = match values.as_any().downcast_ref::<Int8Array>() {
        Some(values) => values.value(row).into(),
        None => values.as_primitive::<Int16Type>().value(row),
    };
    names.get(&number).map_or_else(|| number.to_string().into(), |name| (*name).into())
}

fn range(offsets: &OffsetBuffer<i32>, row: usize) -> std::ops::Range<usize> {
    offsets[row] as usize..offsets[row + 1] as usize
}

fn separated<T>(items: impl Iterator<Item = T>, out: &mut Vec<u8>, mut print: impl FnMut(T, &mut Vec<u8>)) {
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        print(item, out);
    }
}

/// Brackets, commas and, in pretty JSON, the lines and tabs between items.
struct List {
    brackets: &'static [u8; 2],
    layout: Layout,
    is_first: bool,
}

impl List {
    /// Pretty lists without items stay on one line, but for tuples, which never are without.
    fn open(brackets: &'static [u8; 2], layout: Layout, is_empty: bool, out: &mut Vec<u8>) -> List {
        out.push(brackets[0]);
        List { brackets, layout: if is_empty { Layout::Compact } else { layout }, is_first: true }
    }

    fn next(&mut self, out: &mut Vec<u8>) -> Layout {
        if !self.is_first {
            out.push(b',');
        }
        self.is_first = false;
        let inner = self.layout.deeper();
        inner.line(out);
        inner
    }

    fn colon(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(match self.layout {
            Layout::Compact => b":",
            Layout::Pretty { .. } => b": ",
        });
    }

    fn close(self, out: &mut Vec<u8>) {
        if let Layout::Pretty { .. } = self.layout {
            if self.is_first {
                out.push(b'\n');
            }
            self.layout.line(out);
        }
        out.push(self.brackets[1]);
    }
}

fn json_float(value: f64, options: &Options, out: &mut Vec<u8>, print: impl Fn(&mut Vec<u8>)) {
    match (value.is_finite(), options.quote_denormals) {
        (true, _) => print(out),
        (false, false) => out.extend_from_slice(b"null"),
        (false, true) => {
            out.push(b'"');
            print(out);
            out.push(b'"');
        }
    }
}

pub(super) fn json_string(text: &str, options: &Options, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut copied = 0;
    for (index, byte) in bytes.iter().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'/' if options.escape_forward_slashes => b"\\/",
            b'\n' => b"\\n",
            b'\t' => b"\\t",
            b'\r' => b"\\r",
            0x08 => b"\\b",
            0x0c => b"\\f",
            0..0x20 => &[b'\\', b'u', b'0', b'0', b'0' + (byte >> 4), b"0123456789ABCDEF"[usize::from(byte & 15)]],
            // U+2028 and U+2029 end a line in JavaScript.
            0xe2 if matches!(bytes.get(index + 1..index + 3), Some([0x80, 0xa8])) => b"\\u2028",
            0xe2 if matches!(bytes.get(index + 1..index + 3), Some([0x80, 0xa9])) => b"\\u2029",
            _ => continue,
        };
        out.extend_from_slice(&bytes[copied..index]);
        out.extend_from_slice(escape);
        copied = index + if *byte == 0xe2 { 3 } else { 1 };
    }
    out.extend_from_slice(&bytes[copied..]);
    out.push(b'"');
}

/// A JSON value with its keys in order, as ClickHouse keeps them; text that is none is a string.
fn json_value(text: &str, layout: Layout, options: &Options, out: &mut Vec<u8>) {
    match json::normal(text) {
        Some(value) => json_tree(&value, layout, options, out),
        None => json_tree(&dynamic(text), layout, options, out),
    }
}

/// A Dynamic value; text that is no JSON is a string.
fn dynamic(text: &str) -> serde_json::Value {
    serde_json::from_str(text).map_or_else(|_| text.into(), json::normal_value)
}

fn float(value: f64, out: &mut Vec<u8>) {
    number::float64(out, value);
}

fn json_tree(value: &serde_json::Value, layout: Layout, options: &Options, out: &mut Vec<u8>) {
    use serde_json::Value;
    match value {
        Value::String(text) => json_string(text, options, out),
        Value::Number(value) => match value.as_f64().filter(|_| value.is_f64()) {
            Some(value) => number::float64(out, value),
            None => number::display(out, value),
        },
        Value::Array(items) => {
            out.push(b'[');
            // Objects inside arrays are two levels further in than the array.
            let inner = layout.deeper();
            separated(items.iter(), out, |item, out| json_tree(item, inner, options, out));
            out.push(b']');
        }
        Value::Object(entries) => {
            let mut list = List::open(b"{}", layout, entries.is_empty(), out);
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by_key(|(key, _)| *key);
            for (key, value) in sorted {
                let inner = list.next(out);
                json_string(key, options, out);
                list.colon(out);
                json_tree(value, inner, options, out);
            }
            list.close(out);
        }
        other => number::display(out, other),
    }
}

pub(super) fn csv_string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

pub(super) fn escaped(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        let escape = match byte {
            b'\t' => b't',
            b'\n' => b'n',
            b'\r' => b'r',
            0x08 => b'b',
            0x0c => b'f',
            0 => b'0',
            b'\\' | b'\'' => *byte,
            _ => {
                out.push(*byte);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', escape]);
    }
}
