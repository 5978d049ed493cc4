//! Dynamic and JSON values from and to other types.

use crate::function::convert::{OnError, cast_array, write_float};
use crate::value::{DataType, json};
use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::common::{Result as EngineResult, exec_err};
use serde_json::Value;
use std::io::Write;
use std::sync::Arc;

/// The JSON text of values → values of `to`.
pub(crate) fn from_dynamic(texts: &StringViewArray, to: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    match to {
        DataType::Dynamic => return Ok(Arc::new(texts.clone())),
        DataType::Array(item) => return arrays(texts, item, on_error),
        _ => {}
    }
    let mut out = StringViewBuilder::with_capacity(texts.len());
    let mut buffer = Vec::new();
    for text in texts {
        let Some(value) = text.and_then(parsed) else {
            out.append_null();
            continue;
        };
        buffer.clear();
        match (to, &value) {
            (DataType::Json, value) => json::write(value, &float, &mut buffer),
            // a Bool as a number
            (to, Value::Bool(flag)) if to.is_numeric() && *to != DataType::Bool => {
                buffer.push(b'0' + u8::from(*flag));
            }
            (to, Value::Number(number)) if to.is_integer() && number.is_f64() => {
                let _ = write!(buffer, "{:.0}", number.as_f64().unwrap_or_default().trunc());
            }
            (_, value) => json::write_value(value, false, &float, &mut buffer),
        }
        out.append_value(String::from_utf8_lossy(&buffer));
    }
    let texts: ArrayRef = Arc::new(out.finish());
    match to {
        DataType::Json | DataType::String => Ok(texts),
        to => cast_array(&texts, &DataType::String, to, on_error),
    }
}

fn parsed(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().filter(|value: &Value| !value.is_null()).map(json::normal_value)
}

/// A value that is no array is an array of itself; ClickHouse refuses it.
fn arrays(texts: &StringViewArray, item: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    let mut items = StringViewBuilder::new();
    let mut lengths = Vec::with_capacity(texts.len());
    for text in texts {
        let value = text.and_then(parsed);
        match value {
            None => lengths.push(0),
            Some(Value::Array(values)) => {
                lengths.push(values.len());
                for value in values {
                    match value {
                        Value::Null => items.append_null(),
                        value => items.append_value(value.to_string()),
                    }
                }
            }
            Some(other) if on_error == OnError::Fail => return exec_err!("cannot convert {other} to Array({item})"),
            Some(_) => lengths.push(0),
        }
    }
    let items: ArrayRef = Arc::new(items.finish());
    let values = cast_array(&items, &DataType::Dynamic, item, on_error)?;
    let values = if item.is_nullable() { values } else { without_nulls(values, item)? };
    let field = Arc::new(item.to_field("item"));
    Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values, None)?))
}

/// The type's default in the place of NULL.
pub(crate) fn without_nulls(array: ArrayRef, data_type: &DataType) -> EngineResult<ArrayRef> {
    if array.null_count() == 0 {
        return Ok(array);
    }
    let default = crate::function::array::default_of(data_type)?;
    let present = arrow::compute::is_not_null(&array)?;
    Ok(arrow::compute::kernels::zip::zip(&present, &array, &Scalar::new(default))?)
}

/// Values of any type as JSON text.
pub(crate) fn to_dynamic(array: &ArrayRef, from: &DataType) -> EngineResult<ArrayRef> {
    let mut out = StringViewBuilder::with_capacity(array.len());
    let bare = from.bare();
    if let DataType::Array(item) = bare {
        let lists = array.as_list::<i32>();
        let items = to_dynamic(lists.values(), item)?;
        let items = items.as_string_view();
        for row in 0..lists.len() {
            let range = lists.value_offsets()[row] as usize..lists.value_offsets()[row + 1] as usize;
            let texts = range.map(|place| if items.is_null(place) { "null" } else { items.value(place) });
            out.append_value(format!("[{}]", texts.collect::<Vec<_>>().join(",")));
        }
        return Ok(Arc::new(out.finish()));
    }
    let texts = cast_array(array, from, &DataType::String, OnError::Fail)?;
    let texts = texts.as_string_view();
    let is_bare = bare.is_numeric() || matches!(bare, DataType::Json);
    for row in 0..array.len() {
        if array.is_null(row) {
            out.append_null();
        } else if is_bare && serde_json::from_str::<serde::de::IgnoredAny>(texts.value(row)).is_ok() {
            out.append_value(texts.value(row));
        } else {
            out.append_value(Value::from(texts.value(row)).to_string());
        }
    }
    let dynamic = out.finish();
    let nulls = NullBuffer::union(dynamic.nulls(), array.logical_nulls().as_ref());
    let data = dynamic.to_data().into_builder().nulls(nulls).build()?;
    Ok(make_array(data))
}

/// `JSON` as its text, in order.
pub(crate) fn json_text(text: &str) -> Option<String> {
    let mut out = Vec::new();
    json::write(&json::normal(text)?, &float, &mut out);
    Some(String::from_utf8_lossy(&out).into_owned())
}

/// The text of a Dynamic value, as `toString` has it.
pub(crate) fn write_dynamic(text: &str, is_nested: bool, out: &mut Vec<u8>) {
    match parsed(text) {
        Some(value) => json::write_value(&value, is_nested, &float, out),
        None => out.extend_from_slice(b"NULL"),
    }
}

/// A JSON object as text, in order, and in quotes inside of arrays; what is none stays as it is.
pub(crate) fn write_object(text: &str, is_nested: bool, out: &mut Vec<u8>) {
    match json::normal(text) {
        Some(value) => json::write_value(&value, is_nested, &float, out),
        None => json::write_value(&text.into(), is_nested, &float, out),
    }
}

/// A Dynamic value as JSON.
pub(crate) fn write_json(text: &str, out: &mut Vec<u8>) {
    match parsed(text) {
        Some(value) => json::write(&value, &float, out),
        None => out.extend_from_slice(b"null"),
    }
}

fn float(value: f64, out: &mut Vec<u8>) {
    write_float(out, value, || format!("{value:e}"));
}

/// The number of items, or of bytes.
pub(crate) fn length(text: &str) -> Option<usize> {
    Some(match parsed(text)? {
        Value::Array(items) => items.len(),
        Value::String(text) => text.len(),
        Value::Object(entries) => entries.len(),
        other => other.to_string().len(),
    })
}

/// The items at a place from 1, or from the end, of an array.
pub(crate) fn item(text: &str, place: i64) -> Option<String> {
    let Value::Array(mut items) = parsed(text)? else { return None };
    let index = match place {
        1.. => usize::try_from(place - 1).ok()?,
        0 => return None,
        _ => items.len().checked_sub(usize::try_from(place.unsigned_abs()).ok()?)?,
    };
    (index < items.len()).then(|| items.swap_remove(index)).filter(|item| !item.is_null()).map(|item| item.to_string())
}
