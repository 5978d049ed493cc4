//! JSON as text: parts of JSON written anew, and values of any type (`toJSONString`).

use super::tape::{Kind, Number, Tape, Value};
use crate::function::convert::{write_float, writer};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::Input;
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use datafusion::common::{Result as EngineResult, exec_err};

pub(crate) const FUNCTIONS: &[Function] = family! {
    "toJSONString", exact_case, "toJSONString(x)", "Any value as JSON.", [("toJSONString([1, 2])", "[1,2]"), ("toJSONString(map('a', 'b/c'))", r#"{"a":"b\/c"}"#), ("toJSONString(CAST((1, 'a'), 'Tuple(x UInt8, y String)'))", r#"{"x":1,"y":"a"}"#)], |call| {
        call.count(1..=1)?;
        if *call.bare(0) == DataType::Json {
            return crate::function::cast(call.arguments[0].clone(), &DataType::String);
        }
        Ok(call.kernel(to_json, DataType::String))
    };
    "prettyPrintJSON", exact_case, "prettyPrintJSON(json)", "JSON on many lines, with what is inside further to the right.", [("prettyPrintJSON('[]')", "[]")], pretty;
};

fn to_json(input: &Input) -> EngineResult<ArrayRef> {
    let column = &input.columns[0];
    let write = json_writer(column.array.as_ref(), &input.types[0])?;
    let mut buffer = Vec::new();
    input.write_strings(|row, out| {
        buffer.clear();
        write(&mut buffer, column.at(row));
        out.push_str(&String::from_utf8_lossy(&buffer));
        Ok(())
    })
}

type Writer<'a> = Box<dyn Fn(&mut Vec<u8>, usize) + 'a>;

/// Writes one row of a column as JSON. Chosen once for each array.
fn json_writer<'a>(array: &'a dyn Array, data_type: &DataType) -> EngineResult<Writer<'a>> {
    let write = present_writer(array, data_type)?;
    if array.null_count() == 0 && *data_type.bare() != DataType::Nothing {
        return Ok(write);
    }
    let nulls = array.logical_nulls();
    Ok(Box::new(move |out, row| match nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
        true => out.extend_from_slice(b"null"),
        false => write(out, row),
    }))
}

fn present_writer<'a>(array: &'a dyn Array, data_type: &DataType) -> EngineResult<Writer<'a>> {
    use DataType as T;
    Ok(match data_type.bare() {
        T::String => {
            let texts = array.as_string_view();
            Box::new(|out, row| quote(texts.value(row), true, out))
        }
        T::Json => writer(array, data_type, false)?,
        T::Dynamic => {
            let values = array.as_string_view();
            Box::new(|out, row| crate::function::dynamic::write_json(values.value(row), out))
        }
        T::FixedString(_) => {
            let bytes = array.as_fixed_size_binary();
            Box::new(|out, row| quote(&String::from_utf8_lossy(bytes.value(row)), true, out))
        }
        T::Array(item) => {
            let list = array.as_list::<i32>();
            let write = json_writer(list.values().as_ref(), item)?;
            Box::new(move |out, row| {
                let (start, end) = (list.value_offsets()[row] as usize, list.value_offsets()[row + 1] as usize);
                separated(out, *b"[]", start..end, |out, row| write(out, row));
            })
        }
        T::Tuple(items) => {
            let tuple = array.as_struct();
            let writers = items
                .iter()
                .zip(tuple.columns())
                .map(|((_, item), column)| json_writer(column.as_ref(), item))
                .collect::<EngineResult<Vec<_>>>()?;
            let names: Option<Vec<String>> = items.iter().map(|(name, _)| name.clone()).collect();
            match names.filter(|names| !names.is_empty()) {
                None => Box::new(move |out, row| {
                    separated(out, *b"[]", 0..writers.len(), |out, index| writers[index](out, row))
                }),
                Some(names) => Box::new(move |out, row| {
                    separated(out, *b"{}", 0..writers.len(), |out, index| {
                        quote(&names[index], true, out);
                        out.push(b':');
                        writers[index](out, row);
                    })
                }),
            }
        }
        T::Map(key, value) => {
            let map = array.as_map();
            let is_text = matches!(key.bare(), T::String);
            let write_key =
                if is_text { json_writer(map.keys().as_ref(), key)? } else { quoted(map.keys().as_ref(), key)? };
            let write_value = json_writer(map.values().as_ref(), value)?;
            Box::new(move |out, row| {
                let (start, end) = (map.value_offsets()[row] as usize, map.value_offsets()[row + 1] as usize);
                separated(out, *b"{}", start..end, |out, row| {
                    write_key(out, row);
                    out.push(b':');
                    write_value(out, row);
                });
            })
        }
        T::Float32 | T::Float64 => {
            let write = writer(array, data_type, false)?;
            Box::new(move |out, row| {
                let before = out.len();
                write(out, row);
                if matches!(&out[before..], b"nan" | b"inf" | b"-inf" | b"-nan") {
                    out.truncate(before);
                    out.extend_from_slice(b"null");
                }
            })
        }
        T::Bool | T::Decimal { .. } | T::Interval(_) => writer(array, data_type, false)?,
        other if other.is_integer() => writer(array, data_type, false)?,
        T::Nothing => Box::new(|out, _| out.extend_from_slice(b"null")),
        _ => quoted(array, data_type)?,
    })
}

/// A value as text in quotes.
fn quoted<'a>(array: &'a dyn Array, data_type: &DataType) -> EngineResult<Writer<'a>> {
    let write = writer(array, data_type, false)?;
    Ok(Box::new(move |out, row| {
        let mut text = Vec::new();
        write(&mut text, row);
        quote(&String::from_utf8_lossy(&text), true, out);
    }))
}

fn separated(out: &mut Vec<u8>, brackets: [u8; 2], items: std::ops::Range<usize>, write: impl Fn(&mut Vec<u8>, usize)) {
    out.push(brackets[0]);
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(brackets[1]);
}

/// A text in quotes. ClickHouse escapes slashes in results, but not in parts of JSON that it copies.
pub(super) fn quote(text: &str, slashes: bool, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'/' if slashes => out.extend_from_slice(b"\\/"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => {
                const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
                out.extend_from_slice(b"\\u00");
                out.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
            }
            other => out.push(other),
        }
    }
    out.push(b'"');
}

/// A text value without quotes and escapes.
pub(super) fn write_text(value: &Value, out: &mut String) {
    value.unescape(out);
}

/// A value as ClickHouse writes it again: without spaces, numbers in their shortest form.
pub(super) fn write_raw(value: &Value, out: &mut String) {
    match value.kind() {
        Kind::Null | Kind::True | Kind::False => out.push_str(value.written()),
        Kind::Number => match value.number() {
            Some(Number::Double(number)) => {
                let mut bytes = Vec::with_capacity(24);
                write_float(&mut bytes, number, || format!("{number:e}"));
                out.push_str(&String::from_utf8_lossy(&bytes));
            }
            Some(Number::Big(_)) => {
                out.push('"');
                out.push_str(value.written());
                out.push('"');
            }
            _ => out.push_str(value.written()),
        },
        Kind::Text { escaped: false } => {
            out.push('"');
            out.push_str(value.written());
            out.push('"');
        }
        Kind::Text { escaped: true } => {
            let (mut text, mut bytes) = (String::new(), Vec::new());
            value.unescape(&mut text);
            quote(&text, false, &mut bytes);
            out.push_str(&String::from_utf8_lossy(&bytes));
        }
        Kind::Array => {
            out.push('[');
            for (index, item) in value.items().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_raw(&item, out);
            }
            out.push(']');
        }
        Kind::Object => {
            out.push('{');
            for (index, (key, item)) in value.pairs().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_raw(&key, out);
                out.push(':');
                write_raw(&item, out);
            }
            out.push('}');
        }
    }
}

fn pretty(call: &Call) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    let kernel: crate::function::scalar::Kernel = |input| {
        let text = input.strings(0)?;
        let mut tape = Tape::default();
        input.write_strings(|row, out| match tape.read(text.get(row)) {
            Some(value) => {
                write_pretty(&value, 0, out);
                Ok(())
            }
            None => exec_err!("prettyPrintJSON got a text that is no JSON"),
        })
    };
    Ok(call.kernel_on(kernel, DataType::String, call.texts(1)?))
}

fn write_pretty(value: &Value, depth: usize, out: &mut String) {
    let line = |depth: usize, out: &mut String| {
        out.push('\n');
        out.extend(std::iter::repeat_n("    ", depth));
    };
    let is_object = value.kind() == Kind::Object;
    if !(is_object || value.kind() == Kind::Array) || value.len() == 0 {
        return write_raw(value, out);
    }
    out.push(if is_object { '{' } else { '[' });
    let mut index = 0;
    let mut begin = |out: &mut String| {
        if index > 0 {
            out.push(',');
        }
        index += 1;
        line(depth + 1, out);
    };
    for item in value.items() {
        begin(out);
        write_pretty(&item, depth + 1, out);
    }
    for (key, item) in value.pairs() {
        begin(out);
        write_raw(&key, out);
        out.push_str(": ");
        write_pretty(&item, depth + 1, out);
    }
    line(depth, out);
    out.push(if is_object { '}' } else { ']' });
}
