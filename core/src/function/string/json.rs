//! `JSONExtract…`: values out of JSON text, by keys and positions.

use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use datafusion::common::Result as EngineResult;
use serde_json::Value;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "JSONExtractString" | "simpleJSONExtractString" | "visitParamExtractString", exact_case, "JSONExtractString(json, key or position, …)", "A text; empty, if there is none.", [(r#"JSONExtractString('{"a":{"b":"x"}}', 'a', 'b')"#, "x"), ("JSONExtractString('no json', 'a')", "")], |call| extract(call, DataType::String, |input| {
        strings(input, |value, out| match value {
            Value::String(text) => out.push_str(text),
            Value::Null => {}
            other => out.push_str(&other.to_string()),
        })
    });
    "JSONExtractRaw" | "simpleJSONExtractRaw" | "visitParamExtractRaw", exact_case, "JSONExtractRaw(json, key or position, …)", "A part of the JSON, as JSON.", [(r#"JSONExtractRaw('{"a":[1, 2.5]}', 'a')"#, "[1,2.5]")], |call| extract(call, DataType::String, |input| strings(input, |value, out| out.push_str(&value.to_string())));
    "JSONExtractInt" | "simpleJSONExtractInt" | "visitParamExtractInt", exact_case, "JSONExtractInt(json, key or position, …)", "An integer, also out of a text; 0, if there is none.", [(r#"JSONExtractInt('{"a":[1,2]}', 'a', -1)"#, "2"), (r#"JSONExtractInt('{"a":"12"}', 'a')"#, "12")], |call| extract(call, DataType::Int64, |input| numbers(input, integer));
    "JSONExtractUInt" | "simpleJSONExtractUInt" | "visitParamExtractUInt", exact_case, "JSONExtractUInt(json, key or position, …)", "An unsigned integer; 0, if there is none.", [(r#"JSONExtractUInt('{"a":5}', 'a')"#, "5"), (r#"JSONExtractUInt('{"a":-1}', 'a')"#, "0")], |call| extract(call, DataType::UInt64, |input| numbers(input, unsigned));
    "JSONExtractFloat" | "simpleJSONExtractFloat" | "visitParamExtractFloat", exact_case, "JSONExtractFloat(json, key or position, …)", "A number; 0, if there is none.", [(r#"JSONExtractFloat('{"a":1.5}', 'a')"#, "1.5")], |call| extract(call, DataType::Float64, |input| {
        let mut out = Vec::with_capacity(input.rows);
        each(input, |_, value| out.push(value.map_or(0.0, float)))?;
        Ok(Arc::new(Float64Array::from(out)))
    });
    "JSONExtractBool" | "simpleJSONExtractBool" | "visitParamExtractBool", exact_case, "JSONExtractBool(json, key or position, …)", "Whether there is `true`.", [(r#"JSONExtractBool('{"a":true}', 'a')"#, "1")], |call| extract(call, DataType::UInt8, |input| numbers(input, |value| i64::from(value == &Value::Bool(true))));
    "JSONHas" | "simpleJSONHas" | "visitParamHas", exact_case, "JSONHas(json, key or position, …)", "Whether there is such a value.", [(r#"JSONHas('{"a":null}', 'a')"#, "1"), (r#"JSONHas('{"a":1}', 'b')"#, "0")], |call| extract(call, DataType::UInt8, |input| numbers(input, |_| 1));
    "JSONLength", exact_case, "JSONLength(json, key or position, …)", "The number of items or keys.", [("JSONLength('[1,2,3]')", "3")], |call| extract(call, DataType::UInt64, |input| numbers(input, |value| match value {
        Value::Array(items) => items.len() as i64,
        Value::Object(keys) => keys.len() as i64,
        _ => 0,
    }));
    "JSONType", exact_case, "JSONType(json, key or position, …)", "The kind of a value.", [(r#"JSONType('{"a":"x"}', 'a')"#, "String")], |call| extract(call, DataType::String, |input| strings(input, |value, out| out.push_str(kind(value))));
    "JSONExtractKeys", exact_case, "JSONExtractKeys(json, key or position, …)", "The keys of an object.", [(r#"JSONExtractKeys('{"a":1,"b":2}')"#, "['a','b']")], |call| extract(call, DataType::String.array(), |input| lists(input, |value| match value {
        Value::Object(keys) => keys.keys().cloned().collect(),
        _ => Vec::new(),
    }));
    "JSONExtractArrayRaw", exact_case, "JSONExtractArrayRaw(json, key or position, …)", "The items of an array, as JSON.", [(r#"JSONExtractArrayRaw('{"a":[1,"x"]}', 'a')"#, "['1','\"x\"']")], |call| extract(call, DataType::String.array(), |input| lists(input, |value| match value {
        Value::Array(items) => items.iter().map(Value::to_string).collect(),
        _ => Vec::new(),
    }));
    "isValidJSON", exact_case, "isValidJSON(s)", "Whether a text is JSON.", [("isValidJSON('{}')", "1"), ("isValidJSON('x')", "0")], |call| {
        call.count(1..=1)?;
        Ok(call.kernel_on(|input| {
            let text = input.strings(0)?;
            input.bytes(|row| Ok(serde_json::from_str::<serde::de::IgnoredAny>(text.get(row)).is_ok().into()))
        }, DataType::UInt8, call.texts(1)?))
    };
};

fn extract(call: &Call, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    let count = call.count(1..)?;
    for index in 1..count {
        if !call.bare(index).is_string() && !call.bare(index).is_integer() {
            return Err(call.wrong_type(index));
        }
    }
    Ok(call.kernel_on(kernel, result, call.texts(1)?))
}

enum Step<'a> {
    Key(super::Strings<'a>),
    Position(Box<dyn Fn(usize) -> i64 + 'a>),
}

/// The value at the path in each row, if there is one.
fn each(input: &Input, mut take: impl FnMut(usize, Option<&Value>)) -> EngineResult<()> {
    let text = input.strings(0)?;
    let mut steps = Vec::with_capacity(input.columns.len() - 1);
    for index in 1..input.columns.len() {
        steps.push(if input.types[index].is_string() {
            Step::Key(input.strings(index)?)
        } else {
            Step::Position(Box::new(input.integers(index)?))
        });
    }
    let mut parsed = Value::Null;
    let mut parsed_row = None;
    for row in 0..input.rows {
        if input.is_null(row) {
            take(row, None);
            continue;
        }
        if parsed_row.is_none() || text.constant().is_none() {
            parsed_row = Some(serde_json::from_str(text.get(row)).map(|value| parsed = value).is_ok());
        }
        let root = if parsed_row == Some(true) { Some(&parsed) } else { None };
        take(row, steps.iter().try_fold(root, |value, step| follow(value?, step, row).map(Some)).flatten());
    }
    Ok(())
}

/// Positions count from one, and from the end if negative; objects have them too.
fn follow<'v>(value: &'v Value, step: &Step, row: usize) -> Option<&'v Value> {
    let place = |count: usize, position: i64| match position {
        1.. => Some(position as usize - 1),
        0 => None,
        _ => count.checked_sub(position.unsigned_abs() as usize),
    };
    match (value, step) {
        (Value::Object(keys), Step::Key(key)) => keys.get(key.get(row)),
        (Value::Object(keys), Step::Position(position)) => keys.values().nth(place(keys.len(), position(row))?),
        (Value::Array(items), Step::Position(position)) => items.get(place(items.len(), position(row))?),
        _ => None,
    }
}

fn numbers(input: &Input, of: fn(&Value) -> i64) -> EngineResult<ArrayRef> {
    let mut out = Vec::with_capacity(input.rows);
    each(input, |_, value| out.push(value.map_or(0, of)))?;
    crate::function::convert::narrow(&Int64Array::from(out), &input.result.to_arrow())
}

fn strings(input: &Input, write: impl Fn(&Value, &mut String)) -> EngineResult<ArrayRef> {
    let mut out = StringViewBuilder::with_capacity(input.rows);
    let mut buffer = String::new();
    each(input, |_, value| {
        buffer.clear();
        if let Some(value) = value {
            write(value, &mut buffer);
        }
        out.append_value(&buffer);
    })?;
    Ok(Arc::new(out.finish()))
}

fn lists(input: &Input, of: fn(&Value) -> Vec<String>) -> EngineResult<ArrayRef> {
    let mut rows = Vec::with_capacity(input.rows);
    each(input, |_, value| rows.push(value.map_or(Vec::new(), of)))?;
    input.string_lists(|row, out| {
        *out = std::mem::take(&mut rows[row]);
        Ok(())
    })
}

fn integer(value: &Value) -> i64 {
    match value {
        Value::Number(number) => number
            .as_i64()
            .or_else(|| number.as_f64().filter(|number| number.abs() < 9.3e18).map(|number| number as i64))
            .unwrap_or(0),
        Value::String(text) => text.parse().unwrap_or(0),
        _ => 0,
    }
}

fn unsigned(value: &Value) -> i64 {
    match value {
        Value::Number(number) => number
            .as_u64()
            .or_else(|| number.as_f64().filter(|number| (0.0..1.8e19).contains(number)).map(|number| number as u64))
            .unwrap_or(0) as i64,
        Value::String(text) => text.parse::<u64>().unwrap_or(0) as i64,
        _ => 0,
    }
}

fn float(value: &Value) -> f64 {
    match value {
        Value::Number(number) => number.as_f64().unwrap_or(0.0),
        Value::String(text) => text.parse().unwrap_or(0.0),
        _ => 0.0,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Bool",
        Value::Number(number) if number.is_i64() => "Int64",
        Value::Number(number) if number.is_u64() => "UInt64",
        Value::Number(_) => "Double",
        Value::String(_) => "String",
        Value::Array(_) => "Array",
        Value::Object(_) => "Object",
    }
}
