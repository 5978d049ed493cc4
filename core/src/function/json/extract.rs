//! `JSONExtractString` and its kin: values out of JSON text, by keys and places.

use super::tape::{Kind, Number, Value};
use super::write::{write_raw, write_text};
use super::{check_steps, each, type_names};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use datafusion::common::Result as EngineResult;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "JSONExtractString", exact_case, "JSONExtractString(json, key or position, …)", "A text, or other values as JSON; empty, if there is none.", [(r#"JSONExtractString('{"a":{"b":"x"}}', 'a', 'b')"#, "x"), ("JSONExtractString('no json', 'a')", "")], |call| extract(call, DataType::String, |input| texts(input, false, write_string));
    "JSONExtractStringCaseInsensitive", exact_case, "JSONExtractStringCaseInsensitive(json, key or position, …)", "As JSONExtractString, with keys in any case.", [(r#"JSONExtractStringCaseInsensitive('{"ABC":"x"}', 'abc')"#, "x")], |call| extract(call, DataType::String, |input| texts(input, true, write_string));
    "JSONExtractRaw", exact_case, "JSONExtractRaw(json, key or position, …)", "A part of the JSON, as JSON.", [(r#"JSONExtractRaw('{"a":[1, 2.5]}', 'a')"#, "[1,2.5]")], |call| extract(call, DataType::String, |input| texts(input, false, write_raw));
    "JSONExtractRawCaseInsensitive", exact_case, "JSONExtractRawCaseInsensitive(json, key or position, …)", "As JSONExtractRaw, with keys in any case.", [(r#"JSONExtractRawCaseInsensitive('{"A":[1]}', 'a')"#, "[1]")], |call| extract(call, DataType::String, |input| texts(input, true, write_raw));
    "JSONExtractInt", exact_case, "JSONExtractInt(json, key or position, …)", "An integer, also out of a text; 0, if there is none.", [(r#"JSONExtractInt('{"a":[1,2]}', 'a', -1)"#, "2"), (r#"JSONExtractInt('{"a":"12"}', 'a')"#, "12")], |call| extract(call, DataType::Int64, |input| numbers(input, false, signed));
    "JSONExtractIntCaseInsensitive", exact_case, "JSONExtractIntCaseInsensitive(json, key or position, …)", "As JSONExtractInt, with keys in any case.", [(r#"JSONExtractIntCaseInsensitive('{"A":5}', 'a')"#, "5")], |call| extract(call, DataType::Int64, |input| numbers(input, true, signed));
    "JSONExtractUInt", exact_case, "JSONExtractUInt(json, key or position, …)", "An unsigned integer; 0, if there is none.", [(r#"JSONExtractUInt('{"a":5}', 'a')"#, "5"), (r#"JSONExtractUInt('{"a":-1}', 'a')"#, "0")], |call| extract(call, DataType::UInt64, |input| numbers(input, false, unsigned));
    "JSONExtractUIntCaseInsensitive", exact_case, "JSONExtractUIntCaseInsensitive(json, key or position, …)", "As JSONExtractUInt, with keys in any case.", [(r#"JSONExtractUIntCaseInsensitive('{"A":5}', 'a')"#, "5")], |call| extract(call, DataType::UInt64, |input| numbers(input, true, unsigned));
    "JSONExtractFloat", exact_case, "JSONExtractFloat(json, key or position, …)", "A number; 0, if there is none.", [(r#"JSONExtractFloat('{"a":1.5}', 'a')"#, "1.5")], |call| extract(call, DataType::Float64, |input| floats(input, false));
    "JSONExtractFloatCaseInsensitive", exact_case, "JSONExtractFloatCaseInsensitive(json, key or position, …)", "As JSONExtractFloat, with keys in any case.", [(r#"JSONExtractFloatCaseInsensitive('{"A":1.5}', 'a')"#, "1.5")], |call| extract(call, DataType::Float64, |input| floats(input, true));
    "JSONExtractBool", exact_case, "JSONExtractBool(json, key or position, …)", "Whether there is `true`, or a whole number other than 0.", [(r#"JSONExtractBool('{"a":true}', 'a')"#, "1")], |call| extract(call, DataType::UInt8, |input| numbers(input, false, boolean));
    "JSONExtractBoolCaseInsensitive", exact_case, "JSONExtractBoolCaseInsensitive(json, key or position, …)", "As JSONExtractBool, with keys in any case.", [(r#"JSONExtractBoolCaseInsensitive('{"A":true}', 'a')"#, "1")], |call| extract(call, DataType::UInt8, |input| numbers(input, true, boolean));
    "JSONHas", exact_case, "JSONHas(json, key or position, …)", "Whether there is such a value.", [(r#"JSONHas('{"a":null}', 'a')"#, "1"), (r#"JSONHas('{"a":1}', 'b')"#, "0")], |call| extract(call, DataType::UInt8, |input| numbers(input, false, |_| 1));
    "JSONLength", exact_case, "JSONLength(json, key or position, …)", "The number of items or keys.", [("JSONLength('[1,2,3]')", "3")], |call| extract(call, DataType::UInt64, |input| numbers(input, false, |value| value.len() as i64));
    "JSONType", exact_case, "JSONType(json, key or position, …)", "The kind of a value.", [(r#"JSONType('{"a":"x"}', 'a')"#, "String")], |call| extract(call, type_names(), |input| {
        let mut out = Vec::with_capacity(input.rows);
        each(input, false, |_, value, _| { out.push(value.map_or(0, |value| kind(&value))); Ok(()) })?;
        Ok(Arc::new(Int8Array::from(out)))
    });
    "JSONKey", exact_case, "JSONKey(json, key or position, …)", "The key of a value in its object.", [(r#"JSONKey('{"a":1,"b":2}', 2)"#, "b")], |call| extract(call, DataType::String, |input| {
        let mut out = StringViewBuilder::with_capacity(input.rows);
        let mut buffer = String::new();
        each(input, false, |_, _, key| {
            buffer.clear();
            if let Some(key) = key {
                key.unescape(&mut buffer);
            }
            out.append_value(&buffer);
            Ok(())
        })?;
        Ok(Arc::new(out.finish()))
    });
    "JSONExtractKeys", exact_case, "JSONExtractKeys(json, key or position, …)", "The keys of an object.", [(r#"JSONExtractKeys('{"a":1,"b":2}')"#, "['a','b']")], |call| extract(call, DataType::String.array(), |input| lists(input, false, push_keys));
    "JSONExtractKeysCaseInsensitive", exact_case, "JSONExtractKeysCaseInsensitive(json, key or position, …)", "As JSONExtractKeys, with keys of the path in any case.", [(r#"JSONExtractKeysCaseInsensitive('{"A":{"b":1}}', 'a')"#, "['b']")], |call| extract(call, DataType::String.array(), |input| lists(input, true, push_keys));
    "JSONExtractArrayRaw", exact_case, "JSONExtractArrayRaw(json, key or position, …)", "The items of an array, as JSON.", [(r#"JSONExtractArrayRaw('{"a":[1,"x"]}', 'a')"#, "['1','\"x\"']")], |call| extract(call, DataType::String.array(), |input| lists(input, false, push_items));
    "JSONExtractArrayRawCaseInsensitive", exact_case, "JSONExtractArrayRawCaseInsensitive(json, key or position, …)", "As JSONExtractArrayRaw, with keys in any case.", [(r#"JSONExtractArrayRawCaseInsensitive('{"A":[1]}', 'a')"#, "['1']")], |call| extract(call, DataType::String.array(), |input| lists(input, true, push_items));
    "JSONArrayLength" | "JSON_ARRAY_LENGTH", any_case, "JSONArrayLength(json)", "The number of items of an array; NULL, if the text is none.", [("JSONArrayLength('[1,2]')", "2"), ("JSONArrayLength('{}')", "\\N")], |call| {
        call.count(1..=1)?;
        extract(call, DataType::UInt64.nullable(), |input| {
            let mut out = Vec::with_capacity(input.rows);
            each(input, false, |_, value, _| {
                out.push(value.filter(|value| value.kind() == Kind::Array).map(|value| value.len() as u64));
                Ok(())
            })?;
            Ok(Arc::new(UInt64Array::from(out)))
        })
    };
    "isValidJSON", exact_case, "isValidJSON(s)", "Whether a text is JSON.", [("isValidJSON('{}')", "1"), ("isValidJSON('x')", "0")], |call| {
        call.count(1..=1)?;
        extract(call, DataType::UInt8, |input| numbers(input, false, |_| 1))
    };
};

fn extract(call: &Call, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    let count = call.count(1..)?;
    check_steps(call, 1..count)?;
    Ok(call.kernel_on(kernel, result, call.texts(1)?))
}

fn numbers(input: &Input, any_case: bool, of: fn(&Value) -> i64) -> EngineResult<ArrayRef> {
    let mut out = Vec::with_capacity(input.rows);
    each(input, any_case, |_, value, _| {
        out.push(value.map_or(0, |value| of(&value)));
        Ok(())
    })?;
    crate::function::convert::narrow(&Int64Array::from(out), &input.result.to_arrow())
}

fn floats(input: &Input, any_case: bool) -> EngineResult<ArrayRef> {
    let mut out = Vec::with_capacity(input.rows);
    each(input, any_case, |_, value, _| {
        out.push(value.filter(|value| !is_boolean(value)).and_then(|value| float(&value)).unwrap_or(0.0));
        Ok(())
    })?;
    Ok(Arc::new(Float64Array::from(out)))
}

fn texts(input: &Input, any_case: bool, write: fn(&Value, &mut String)) -> EngineResult<ArrayRef> {
    let mut out = StringViewBuilder::with_capacity(input.rows);
    let mut buffer = String::new();
    each(input, any_case, |_, value, _| {
        buffer.clear();
        if let Some(value) = value {
            write(&value, &mut buffer);
        }
        out.append_value(&buffer);
        Ok(())
    })?;
    Ok(Arc::new(out.finish()))
}

fn lists(
    input: &Input,
    any_case: bool,
    push: fn(&Value, &mut StringViewBuilder, &mut String) -> usize,
) -> EngineResult<ArrayRef> {
    let (mut values, mut buffer) = (StringViewBuilder::new(), String::new());
    let mut lengths = Vec::with_capacity(input.rows);
    each(input, any_case, |_, value, _| {
        lengths.push(value.map_or(0, |value| push(&value, &mut values, &mut buffer)));
        Ok(())
    })?;
    input.list_of(lengths, Arc::new(values.finish()))
}

fn push_keys(value: &Value, out: &mut StringViewBuilder, buffer: &mut String) -> usize {
    for (key, _) in value.pairs() {
        buffer.clear();
        key.unescape(buffer);
        out.append_value(&*buffer);
    }
    if value.kind() == Kind::Object { value.len() } else { 0 }
}

fn push_items(value: &Value, out: &mut StringViewBuilder, buffer: &mut String) -> usize {
    for item in value.items() {
        buffer.clear();
        write_raw(&item, buffer);
        out.append_value(&*buffer);
    }
    if value.kind() == Kind::Array { value.len() } else { 0 }
}

/// What `JSONExtractString` makes of a value.
pub(super) fn write_string(value: &Value, out: &mut String) {
    match value.kind() {
        Kind::Text { .. } => write_text(value, out),
        Kind::Null => {}
        _ => write_raw(value, out),
    }
}

fn is_boolean(value: &Value) -> bool {
    matches!(value.kind(), Kind::True | Kind::False)
}

fn boolean(value: &Value) -> i64 {
    match (value.kind(), value.number()) {
        (Kind::True, _) => 1,
        (_, Some(Number::Int(number))) => i64::from(number != 0),
        (_, Some(Number::UInt(_))) => 1,
        _ => 0,
    }
}

fn signed(value: &Value) -> i64 {
    let found = if is_boolean(value) { None } else { integer(value) };
    found.and_then(|number| i64::try_from(number).ok()).unwrap_or(0)
}

fn unsigned(value: &Value) -> i64 {
    let found = if is_boolean(value) { None } else { integer(value) };
    found.and_then(|number| u64::try_from(number).ok()).unwrap_or(0) as i64
}

/// A whole number, without its fraction, also out of a text; `true` is one.
pub(super) fn integer(value: &Value) -> Option<i128> {
    let whole = |number: f64| (number.abs() < 1e30).then_some(number as i128);
    match value.kind() {
        Kind::True => Some(1),
        Kind::False => Some(0),
        Kind::Number => match value.number()? {
            Number::Int(number) => Some(number.into()),
            Number::UInt(number) => Some(number.into()),
            Number::Double(number) | Number::Big(number) => whole(number),
        },
        Kind::Text { .. } => {
            let text = value.written();
            text.parse().ok().or_else(|| whole(parse_float(text)?))
        }
        _ => None,
    }
}

pub(super) fn float(value: &Value) -> Option<f64> {
    match value.kind() {
        Kind::True => Some(1.0),
        Kind::False => Some(0.0),
        Kind::Number => Some(match value.number()? {
            Number::Int(number) => number as f64,
            Number::UInt(number) => number as f64,
            Number::Double(number) | Number::Big(number) => number,
        }),
        Kind::Text { .. } => parse_float(value.written()),
        _ => None,
    }
}

fn parse_float(text: &str) -> Option<f64> {
    let first = text.trim_start_matches(['-', '+']).bytes().next()?;
    if first.is_ascii_digit() || first == b'.' { text.parse().ok() } else { None }
}

fn kind(value: &Value) -> i8 {
    match (value.kind(), value.number()) {
        (Kind::Null, _) => 0,
        (Kind::True | Kind::False, _) => 98,
        (_, Some(Number::Int(_))) => 105,
        (_, Some(Number::UInt(_))) => 117,
        (Kind::Number, _) => 100,
        (Kind::Text { .. }, _) => 34,
        (Kind::Array, _) => 91,
        (Kind::Object, _) => 123,
    }
}
