//! `JSONExtract(json, …, 'Type')`: values of any type out of JSON.

use super::extract::{float, integer, write_string};
use super::tape::{Kind, Number, Value};
use super::write::write_raw;
use super::{check_steps, each};
use crate::function::convert::{OnError, cast_array, narrow};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::DataType as Arrow;
use datafusion::common::{Result as EngineResult, exec_datafusion_err, exec_err};
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "JSONExtract", exact_case, "JSONExtract(json, key or position, …, type)", "A value of any type, or its default if there is none.", [(r#"JSONExtract('{"a":[1,2]}', 'a', 'Array(UInt8)')"#, "[1,2]"), (r#"JSONExtract('{"a":"x","b":5}', 'Tuple(a String, b UInt8)')"#, "('x',5)"), (r#"JSONExtract('{"a":null}', 'a', 'Nullable(String)')"#, "\\N")], |call| extract(call, |input| built(input, false));
    "JSONExtractCaseInsensitive", exact_case, "JSONExtractCaseInsensitive(json, key or position, …, type)", "As JSONExtract, with keys in any case.", [(r#"JSONExtractCaseInsensitive('{"ABC":1}', 'abc', 'Int32')"#, "1")], |call| extract(call, |input| built(input, true));
    "JSONExtractKeysAndValues", exact_case, "JSONExtractKeysAndValues(json, key or position, …, type)", "The keys of an object with their values, of those that have the type.", [(r#"JSONExtractKeysAndValues('{"a":1,"b":2}', 'Int32')"#, "[('a',1),('b',2)]")], |call| pairs(call, |input| built_pairs(input, false, false));
    "JSONExtractKeysAndValuesCaseInsensitive", exact_case, "JSONExtractKeysAndValuesCaseInsensitive(json, key or position, …, type)", "As JSONExtractKeysAndValues, with keys of the path in any case.", [(r#"JSONExtractKeysAndValuesCaseInsensitive('{"A":{"b":1}}', 'a', 'Int32')"#, "[('b',1)]")], |call| pairs(call, |input| built_pairs(input, true, false));
    "JSONExtractKeysAndValuesRaw", exact_case, "JSONExtractKeysAndValuesRaw(json, key or position, …)", "The keys of an object with their values, as JSON.", [(r#"JSONExtractKeysAndValuesRaw('{"a":[1]}')"#, "[('a','[1]')]")], |call| raw_pairs(call, |input| built_pairs(input, false, true));
    "JSONExtractKeysAndValuesRawCaseInsensitive", exact_case, "JSONExtractKeysAndValuesRawCaseInsensitive(json, key or position, …)", "As JSONExtractKeysAndValuesRaw, with keys of the path in any case.", [(r#"JSONExtractKeysAndValuesRawCaseInsensitive('{"A":{"b":1}}', 'a')"#, "[('b','1')]")], |call| raw_pairs(call, |input| built_pairs(input, true, true));
};

/// The type that the last argument names.
fn named_type(call: &Call) -> Result<DataType, Mismatch> {
    let last = call.count(2..)? - 1;
    check_steps(call, 1..last)?;
    DataType::parse(call.constant_text(last)?).map_err(|problem| call.bad_value(problem))
}

/// The arguments without the type.
fn steps(call: &Call) -> Result<Vec<Typed>, Mismatch> {
    let mut arguments = call.texts(1)?;
    arguments.pop();
    Ok(arguments)
}

fn extract(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    let result = named_type(call)?;
    Builder::new(&result).map_err(|error| call.mismatch(error))?;
    Ok(call.kernel_on(kernel, result, steps(call)?))
}

fn pair_type(value: DataType) -> DataType {
    DataType::Tuple(vec![(None, DataType::String), (None, value)]).array()
}

fn pairs(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    let value = named_type(call)?;
    Builder::new(&value).map_err(|error| call.mismatch(error))?;
    Ok(call.kernel_on(kernel, pair_type(value), steps(call)?))
}

fn raw_pairs(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    let count = call.count(1..)?;
    check_steps(call, 1..count)?;
    Ok(call.kernel_on(kernel, pair_type(DataType::String), call.texts(1)?))
}

fn built(input: &Input, any_case: bool) -> EngineResult<ArrayRef> {
    let mut builder = Builder::new(input.result)?;
    each(input, any_case, |_, value, _| {
        builder.push(value.as_ref());
        Ok(())
    })?;
    builder.finish()
}

fn built_pairs(input: &Input, any_case: bool, raw: bool) -> EngineResult<ArrayRef> {
    let DataType::Array(pair) = input.result.bare() else { return exec_err!("an array was promised") };
    let DataType::Tuple(items) = pair.as_ref() else { return exec_err!("an array of pairs was promised") };
    let mut keys = Builder::new(&DataType::String)?;
    let mut values = if raw { Builder::Raw(StringViewBuilder::new()) } else { Builder::new(&items[1].1)? };
    let mut lengths = Vec::with_capacity(input.rows);
    each(input, any_case, |_, value, _| {
        let mut count = 0;
        for (key, value) in value.iter().flat_map(|value| value.pairs()) {
            if values.push_if_fits(&value) {
                keys.push(Some(&key));
                count += 1;
            }
        }
        lengths.push(count);
        Ok(())
    })?;
    let Arrow::Struct(fields) = pair.to_arrow() else { return exec_err!("a tuple is a struct") };
    let pairs = StructArray::try_new(fields, vec![keys.finish()?, values.finish()?], None)?;
    input.list_of(lengths, Arc::new(pairs))
}

/// A column in the making: how the values of one type are taken from JSON.
enum Builder {
    Bool(Vec<bool>),
    /// Up to 64 bits, with the least and the greatest value.
    Integer {
        values: Vec<i64>,
        range: (i128, i128),
        to: DataType,
    },
    Float {
        values: Vec<f64>,
        single: bool,
    },
    Text(StringViewBuilder, String),
    Raw(StringViewBuilder),
    /// Types that are read from text when all rows are there.
    Parsed {
        texts: StringViewBuilder,
        to: DataType,
    },
    List {
        item: Box<Builder>,
        lengths: Vec<usize>,
        to: DataType,
    },
    Tuple {
        names: Vec<Option<String>>,
        items: Vec<Builder>,
        rows: usize,
        to: DataType,
    },
    Map {
        keys: Box<Builder>,
        values: Box<Builder>,
        lengths: Vec<usize>,
        to: DataType,
    },
    Nullable {
        inner: Box<Builder>,
        valid: Vec<bool>,
    },
}

impl Builder {
    fn new(to: &DataType) -> EngineResult<Builder> {
        use DataType as T;
        Ok(match to {
            T::Nullable(inner) => Builder::Nullable { inner: Box::new(Builder::new(inner)?), valid: Vec::new() },
            T::LowCardinality(inner) | T::SimpleAggregateFunction(_, inner) => Builder::new(inner)?,
            T::Bool => Builder::Bool(Vec::new()),
            T::Float32 | T::Float64 => Builder::Float { values: Vec::new(), single: *to == T::Float32 },
            T::String => Builder::Text(StringViewBuilder::new(), String::new()),
            T::Json => Builder::Raw(StringViewBuilder::new()),
            T::Array(item) => {
                Builder::List { item: Box::new(Builder::new(item)?), lengths: Vec::new(), to: to.clone() }
            }
            T::Tuple(items) => Builder::Tuple {
                names: items.iter().map(|(name, _)| name.clone()).collect(),
                items: items.iter().map(|(_, item)| Builder::new(item)).collect::<EngineResult<_>>()?,
                rows: 0,
                to: to.clone(),
            },
            T::Map(key, value) => Builder::Map {
                keys: Box::new(Builder::new(key)?),
                values: Box::new(Builder::new(value)?),
                lengths: Vec::new(),
                to: to.clone(),
            },
            to if to.is_integer() && to.integer_bits() <= Some(64) => {
                let bits = to.integer_bits().unwrap_or(64);
                let range = match to.is_signed_integer() {
                    true => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
                    false => (0, (1i128 << bits) - 1),
                };
                Builder::Integer { values: Vec::new(), range, to: to.clone() }
            }
            T::AggregateFunction(_) | T::Interval(_) | T::Nothing => {
                return exec_err!("{to} cannot be taken out of JSON");
            }
            to => Builder::Parsed { texts: StringViewBuilder::new(), to: to.clone() },
        })
    }

    /// Whether the value is one of the type. Of arrays and tuples at least one item has to be.
    fn fits(&self, value: &Value) -> bool {
        match self {
            Builder::Bool(_) => boolean(value).is_some(),
            Builder::Integer { range, .. } => in_range(value, *range).is_some(),
            Builder::Float { .. } => float(value).is_some(),
            Builder::Parsed { to, .. } => parsed_text(value, to).is_some(),
            Builder::Text(..) => value.kind() != Kind::Null,
            Builder::List { item, .. } => list_fits(item, value),
            Builder::Map { .. } => value.kind() == Kind::Object,
            Builder::Tuple { names, items, .. } => {
                let named = names.iter().all(Option::is_some);
                let by_name = || {
                    value.pairs().any(|(key, value)| {
                        let is = |name: &Option<String>| key.is_text(name.as_deref().unwrap_or_default(), false);
                        names.iter().zip(items).any(|(name, item)| is(name) && item.fits(&value))
                    })
                };
                match value.kind() {
                    Kind::Object if named => by_name(),
                    Kind::Object => value.pairs().zip(items).any(|((_, value), item)| item.fits(&value)),
                    _ => value.items().zip(items).any(|(value, item)| item.fits(&value)),
                }
            }
            Builder::Raw(_) | Builder::Nullable { .. } => true,
        }
    }

    /// Adds the value only if it is one of the type.
    fn push_if_fits(&mut self, value: &Value) -> bool {
        let fits = self.fits(value);
        if fits {
            self.push(Some(value));
        }
        fits
    }

    /// Adds the value, or the type's default; whether it was a value of the type.
    fn push(&mut self, value: Option<&Value>) -> bool {
        match self {
            Builder::Bool(values) => {
                let found = value.and_then(boolean);
                values.push(found.unwrap_or(false));
                found.is_some()
            }
            Builder::Integer { values, range, .. } => {
                let found = value.and_then(|value| in_range(value, *range));
                values.push(found.unwrap_or(0) as i64);
                found.is_some()
            }
            Builder::Float { values, .. } => {
                let found = value.and_then(float);
                values.push(found.unwrap_or(0.0));
                found.is_some()
            }
            Builder::Text(texts, buffer) => {
                buffer.clear();
                if let Some(value) = value {
                    write_string(value, buffer);
                }
                texts.append_value(&*buffer);
                value.is_some_and(|value| value.kind() != Kind::Null)
            }
            Builder::Raw(texts) => {
                let mut text = String::new();
                if let Some(value) = value {
                    write_raw(value, &mut text);
                }
                texts.append_value(&text);
                value.is_some()
            }
            Builder::Parsed { texts, to } => {
                let found = value.and_then(|value| parsed_text(value, to));
                texts.append_option(found.as_deref());
                found.is_some()
            }
            Builder::List { item, lengths, .. } => {
                // An array without a single value of the type is empty.
                let items = value.filter(|value| list_fits(item, value));
                items.iter().flat_map(|value| value.items()).for_each(|value| {
                    item.push(Some(&value));
                });
                lengths.push(items.map_or(0, Value::len));
                items.is_some()
            }
            Builder::Tuple { names, items, rows, .. } => {
                *rows += 1;
                push_tuple(names, items, value)
            }
            Builder::Map { keys, values, lengths, .. } => {
                let object = value.filter(|value| value.kind() == Kind::Object);
                for (key, value) in object.iter().flat_map(|value| value.pairs()) {
                    keys.push(Some(&key));
                    values.push(Some(&value));
                }
                lengths.push(object.map_or(0, Value::len));
                object.is_some()
            }
            Builder::Nullable { inner, valid } => {
                let value = value.filter(|value| value.kind() != Kind::Null);
                let found = inner.push(value);
                valid.push(found);
                true
            }
        }
    }

    fn finish(self) -> EngineResult<ArrayRef> {
        Ok(match self {
            Builder::Bool(values) => Arc::new(BooleanArray::from(values)),
            Builder::Integer { values, to, .. } => narrow(&Int64Array::from(values), &to.to_arrow())?,
            Builder::Float { values, single: false } => Arc::new(Float64Array::from(values)),
            Builder::Float { values, single: true } => {
                Arc::new(Float32Array::from_iter_values(values.into_iter().map(|value| value as f32)))
            }
            Builder::Text(mut texts, _) | Builder::Raw(mut texts) => Arc::new(texts.finish()),
            Builder::Parsed { texts, to } => parsed(texts, &to, false)?,
            Builder::List { item, lengths, to } => {
                let DataType::Array(item_type) = &to else { return exec_err!("a list is an array") };
                let field = Arc::new(item_type.to_field("item"));
                Arc::new(ListArray::try_new(field, offsets(lengths)?, item.finish()?, None)?)
            }
            Builder::Tuple { items, rows, to, .. } => {
                let Arrow::Struct(fields) = to.to_arrow() else { return exec_err!("a tuple is a struct") };
                let columns = items.into_iter().map(Builder::finish).collect::<EngineResult<Vec<_>>>()?;
                Arc::new(StructArray::try_new_with_length(fields, columns, None, rows)?)
            }
            Builder::Map { keys, values, lengths, to } => {
                let Arrow::Map(field, _) = to.to_arrow() else { return exec_err!("a map is a map") };
                let Arrow::Struct(fields) = field.data_type() else { return exec_err!("entries are a struct") };
                let entries = StructArray::try_new(fields.clone(), vec![keys.finish()?, values.finish()?], None)?;
                Arc::new(MapArray::try_new(field, offsets(lengths)?, entries, None, false)?)
            }
            Builder::Nullable { inner, valid } => {
                let array = match *inner {
                    Builder::Parsed { texts, to } => parsed(texts, &to, true)?,
                    inner => inner.finish()?,
                };
                let nulls = NullBuffer::union(Some(&NullBuffer::from(valid)), array.nulls());
                make_array(array.to_data().into_builder().nulls(nulls).build()?)
            }
        })
    }
}

/// An array that is empty, or has a value of the type.
fn list_fits(item: &Builder, value: &Value) -> bool {
    value.kind() == Kind::Array && (value.len() == 0 || value.items().any(|value| item.fits(&value)))
}

fn offsets(lengths: Vec<usize>) -> EngineResult<OffsetBuffer<i32>> {
    let total: usize = lengths.iter().sum();
    i32::try_from(total).map_err(|_| exec_datafusion_err!("too many items in one batch"))?;
    Ok(OffsetBuffer::from_lengths(lengths))
}

/// By names from an object, by places from an array or where there are no names.
fn push_tuple(names: &[Option<String>], items: &mut [Builder], value: Option<&Value>) -> bool {
    let is_named = names.iter().all(Option::is_some);
    match value.map(|value| (value.kind(), value)) {
        Some((Kind::Object, object)) if is_named => {
            for (name, item) in names.iter().zip(items) {
                let wanted = name.as_deref().unwrap_or_default();
                let found = object.pairs().find(|(key, _)| key.is_text(wanted, false));
                item.push(found.map(|(_, value)| value).as_ref());
            }
            true
        }
        Some((Kind::Object, object)) => {
            let mut values = object.pairs().map(|(_, value)| value);
            items.iter_mut().for_each(|item| {
                item.push(values.next().as_ref());
            });
            true
        }
        Some((Kind::Array, array)) => {
            let mut values = array.items();
            items.iter_mut().for_each(|item| {
                item.push(values.next().as_ref());
            });
            true
        }
        _ => {
            items.iter_mut().for_each(|item| {
                item.push(None);
            });
            false
        }
    }
}

fn in_range(value: &Value, (least, most): (i128, i128)) -> Option<i128> {
    integer(value).filter(|number| (least..=most).contains(number))
}

fn boolean(value: &Value) -> Option<bool> {
    match (value.kind(), value.number()) {
        (Kind::True, _) => Some(true),
        (Kind::False, _) => Some(false),
        (_, Some(Number::Int(number))) => Some(number != 0),
        (_, Some(Number::UInt(_))) => Some(true),
        _ => None,
    }
}

/// The text that a type is read from. Enums also come by number.
fn parsed_text(value: &Value, to: &DataType) -> Option<String> {
    let text = match value.kind() {
        Kind::Text { .. } => {
            let mut text = String::new();
            value.unescape(&mut text);
            text
        }
        Kind::Number => value.written().to_owned(),
        _ => return None,
    };
    let name = |number: i64| match to {
        DataType::Enum8(names) => names.iter().find(|(_, own)| i64::from(*own) == number).map(|(name, _)| name.clone()),
        DataType::Enum16(names) => {
            names.iter().find(|(_, own)| i64::from(*own) == number).map(|(name, _)| name.clone())
        }
        _ => None,
    };
    match (to, value.number()) {
        (DataType::Enum8(_) | DataType::Enum16(_), Some(Number::Int(number))) => name(number),
        (DataType::FixedString(width), _) if text.len() > *width as usize => None,
        _ => Some(text),
    }
}

fn parsed(mut texts: StringViewBuilder, to: &DataType, or_null: bool) -> EngineResult<ArrayRef> {
    let texts: ArrayRef = Arc::new(texts.finish());
    let array = cast_array(&texts, &DataType::String, to, OnError::Null)?;
    if or_null || array.null_count() == 0 {
        return Ok(array);
    }
    // What is none of the type becomes its default.
    let default = crate::function::array::default_of(to)?;
    let places: Vec<(usize, usize)> =
        (0..array.len()).map(|row| if array.is_valid(row) { (0, row) } else { (1, 0) }).collect();
    Ok(arrow::compute::interleave(&[array.as_ref(), default.as_ref()], &places)?)
}
