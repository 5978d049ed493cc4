//! Tuples and maps.

use super::definition::{Call, Function, Mismatch, Nulls};
use super::operator::tuple_items;
use super::scalar::{Input, delegate};
use super::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::DataType as Arrow;
use datafusion::common::{Result as EngineResult, exec_datafusion_err, exec_err};
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "tuple",
        syntax: "(a, b, …) or tuple(a, b, …)",
        summary: "Several values as one.",
        examples: &[
            ("tuple(1, 'a')", "(1,'a')"),
            ("toTypeName((1, NULL))", "Tuple(UInt8, Nullable(Nothing))"),
            ("(1, 2) < (1, 3)", "1"),
            ("(1, 'a') IN ((1, 'a'), (2, 'b'))", "1"),
        ],
        nulls: Nulls::Own,
        bind: |call| {
            call.count(1..)?;
            let items = call.arguments.iter().map(|one| (None, one.data_type.clone())).collect();
            Ok(call.kernel(together, DataType::Tuple(items)))
        },
        ..Function::DEFAULT
    },
    Function {
        name: "tupleElement",
        syntax: "tuple.1, tuple.name or tupleElement(tuple, 1 or 'name')",
        summary: "One value of a tuple, by its place from 1 or its name.",
        examples: &[
            ("tupleElement((1, 'a'), 2)", "a"),
            ("tupleElement(CAST((1, 'a'), 'Tuple(a UInt8, b String)'), 'b')", "a"),
        ],
        nulls: Nulls::Own,
        bind: element,
        ..Function::DEFAULT
    },
    Function {
        name: "map",
        syntax: "map(key, value, …)",
        summary: "A map of keys to values.",
        examples: &[
            ("map('a', 1, 'b', 2)", "{'a':1,'b':2}"),
            ("toTypeName(map('a', 1, 'b', 300))", "Map(String, UInt16)"),
        ],
        nulls: Nulls::Own,
        bind: map,
        ..Function::DEFAULT
    },
    Function {
        name: "mapFromArrays",
        aliases: &["MAP_FROM_ARRAYS"],
        syntax: "mapFromArrays(keys, values)",
        summary: "A map of the items of one array to those of another.",
        examples: &[("mapFromArrays(['a', 'b'], [1, 2])", "{'a':1,'b':2}")],
        bind: |call| {
            call.count(2..=2)?;
            let (key, value) = (call.item_type(0)?.clone(), call.item_type(1)?.clone());
            Ok(call.kernel(zipped, DataType::Map(Box::new(key), Box::new(value))))
        },
        ..Function::DEFAULT
    },
    Function {
        name: "mapKeys",
        syntax: "mapKeys(map)",
        summary: "The keys of a map.",
        examples: &[("mapKeys(map('a', 1, 'b', 2))", "['a','b']")],
        bind: |call| {
            call.count(1..=1)?;
            let DataType::Map(key, _) = call.bare(0) else { return Err(call.wrong_type(0)) };
            Ok(call.kernel(|input| side(input, |maps| maps.keys()), key.as_ref().clone().array()))
        },
        ..Function::DEFAULT
    },
    Function {
        name: "mapValues",
        syntax: "mapValues(map)",
        summary: "The values of a map.",
        examples: &[("mapValues(map('a', 1, 'b', 2))", "[1,2]")],
        bind: |call| {
            call.count(1..=1)?;
            let DataType::Map(_, value) = call.bare(0) else { return Err(call.wrong_type(0)) };
            Ok(call.kernel(|input| side(input, |maps| maps.values()), value.as_ref().clone().array()))
        },
        ..Function::DEFAULT
    },
    Function {
        name: "mapContains",
        aliases: &["mapContainsKey"],
        syntax: "mapContains(map, key)",
        summary: "Whether a map has a key.",
        examples: &[("mapContains(map('a', 1), 'a')", "1"), ("mapContains(map('a', 1), 'b')", "0")],
        bind: |call| {
            call.count(2..=2)?;
            let keys = delegate(call, "mapKeys", vec![call.arguments[0].clone()])?;
            delegate(call, "has", vec![keys, call.arguments[1].clone()])
        },
        ..Function::DEFAULT
    },
];

fn together(input: &Input) -> EngineResult<ArrayRef> {
    let columns = (0..input.columns.len()).map(|index| input.expanded(index)).collect::<EngineResult<Vec<_>>>()?;
    let Arrow::Struct(fields) = input.result.to_arrow() else { return exec_err!("a tuple is a struct") };
    Ok(Arc::new(StructArray::try_new(fields, columns, None)?))
}

fn element(call: &Call) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    let DataType::Tuple(items) = call.bare(0) else { return Err(call.wrong_type(0)) };
    let place = place_of(items, &call.arguments[1])
        .ok_or_else(|| call.mismatch(format_args!("finds no such item in {}", call.arguments[0].data_type)))?;
    if let Some(items) = tuple_items(&call.arguments[0]) {
        return Ok(items[place].clone());
    }
    Ok(call.kernel(
        |input| {
            let DataType::Tuple(items) = input.types[0].bare() else { return exec_err!("expected a tuple") };
            let key = datafusion::scalar::ScalarValue::try_from_array(&input.columns[1].array, 0)?;
            let key = super::literal(key, input.types[1].clone());
            let place = place_of(items, &key).ok_or_else(|| exec_datafusion_err!("the tuple has no such item"))?;
            Ok(input.expanded(0)?.as_struct().column(place).clone())
        },
        items[place].1.clone(),
    ))
}

fn place_of(items: &[(Option<String>, DataType)], key: &Typed) -> Option<usize> {
    if let Some(name) = key.text() {
        return items.iter().position(|(known, _)| known.as_deref() == Some(name));
    }
    let place = usize::try_from(key.integer()?).ok()?.checked_sub(1)?;
    (place < items.len()).then_some(place)
}

/// `map()`, whose keys have no type, is refused; ClickHouse gives an empty map.
fn map(call: &Call) -> Result<Typed, Mismatch> {
    if !call.count(2..)?.is_multiple_of(2) {
        return Err(call.mismatch("needs a value for each key"));
    }
    let array = |offset: usize| {
        let items: Vec<Typed> = call.arguments.iter().skip(offset).step_by(2).cloned().collect();
        delegate(call, "array", items)
    };
    let (keys, values) = (array(0)?, array(1)?);
    delegate(call, "mapFromArrays", vec![keys, values])
}

fn zipped(input: &Input) -> EngineResult<ArrayRef> {
    let (keys, values) = (input.expanded(0)?, input.expanded(1)?);
    let (keys, values) = (keys.as_list::<i32>(), values.as_list::<i32>());
    let lengths: Vec<usize> = keys.offsets().lengths().collect();
    if let Some(row) = (0..input.rows).find(|row| !input.is_null(*row) && lengths[*row] != values.value(*row).len()) {
        return exec_err!("a map of {} keys cannot have {} values", lengths[row], values.value(row).len());
    }
    let Arrow::Map(field, _) = input.result.to_arrow() else { return exec_err!("a map was promised") };
    let Arrow::Struct(fields) = field.data_type() else { return exec_err!("the entries of a map are a struct") };
    let flat = |lists: &ListArray| -> EngineResult<ArrayRef> {
        let (start, end) = (lists.value_offsets()[0] as usize, lists.value_offsets()[lists.len()] as usize);
        Ok(lists.values().slice(start, end - start))
    };
    let entries = StructArray::try_new(fields.clone(), vec![flat(keys)?, flat(values)?], None)?;
    Ok(Arc::new(MapArray::try_new(field, OffsetBuffer::from_lengths(lengths), entries, None, false)?))
}

/// The keys, or the values, of maps as arrays.
fn side(input: &Input, of: impl Fn(&MapArray) -> &ArrayRef) -> EngineResult<ArrayRef> {
    let maps = input.expanded(0)?;
    let maps = maps.as_map();
    let DataType::Array(item) = input.result.bare() else { return exec_err!("an array was promised") };
    let field = Arc::new(item.to_field("item"));
    Ok(Arc::new(ListArray::try_new(field, maps.offsets().clone(), of(maps).clone(), None)?))
}
