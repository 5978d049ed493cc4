//! Tuples.

mod arithmetic;

use super::definition::{Call, Function, Mismatch, Nulls};
use super::operator::tuple_items;
use super::scalar::{Input, delegate};
use super::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use arrow::datatypes::DataType as Arrow;
use datafusion::common::{Result as EngineResult, exec_datafusion_err, exec_err};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

pub(crate) use arithmetic::{FUNCTIONS as ARITHMETIC, of_composites};

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
        keeps_low_cardinality: true,
        bind: |call| {
            let items = call.arguments.iter().map(|one| (None, one.data_type.clone())).collect();
            if call.arguments.is_empty() {
                let empty = StructArray::new_empty_fields(1, None);
                return Ok(super::literal(ScalarValue::Struct(Arc::new(empty)), DataType::Tuple(items)));
            }
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
        keeps_low_cardinality: true,
        bind: element,
        ..Function::DEFAULT
    },
    Function {
        name: "tupleConcat",
        syntax: "tupleConcat(tuple, …)",
        summary: "The items of several tuples as one tuple.",
        examples: &[("tupleConcat((1, 2), ('a', 'b'))", "(1,2,'a','b')")],
        nulls: Nulls::Own,
        bind: |call| {
            let count = call.count(1..)?;
            let items = (0..count).map(|index| items_of(call, index)).collect::<Result<Vec<_>, _>>()?;
            of_items(call, items.concat())
        },
        ..Function::DEFAULT
    },
    Function {
        name: "tupleNames",
        syntax: "tupleNames(tuple)",
        summary: "The names of a tuple's items, which are their places if they have none.",
        examples: &[
            ("tupleNames((1, 2))", "['1','2']"),
            ("tupleNames(CAST((1, 'a'), 'Tuple(x UInt8, y String)'))", "['x','y']"),
        ],
        bind: |call| {
            call.count(1..=1)?;
            delegate(call, "array", names_of(call, 0)?)
        },
        ..Function::DEFAULT
    },
    Function {
        name: "tupleToNameValuePairs",
        syntax: "tupleToNameValuePairs(tuple)",
        summary: "The items of a tuple, all of one type, as an array of names and values.",
        examples: &[("tupleToNameValuePairs(CAST((1, 2), 'Tuple(x UInt8, y UInt8)'))", "[('x',1),('y',2)]")],
        nulls: Nulls::Own,
        bind: |call| {
            call.count(1..=1)?;
            let values = items_of(call, 0)?;
            if values.windows(2).any(|pair| pair[0].data_type != pair[1].data_type) {
                return Err(call.mismatch("needs a tuple whose items are of one type"));
            }
            let pairs = names_of(call, 0)?
                .into_iter()
                .zip(values)
                .map(|(name, value)| delegate(call, "tuple", vec![name, value]));
            let pairs = pairs.collect::<Result<Vec<_>, _>>()?;
            delegate(call, "array", pairs)
        },
        ..Function::DEFAULT
    },
    Function {
        name: "flattenTuple",
        syntax: "flattenTuple(tuple)",
        summary: "The items of a named tuple and of the named tuples in it, with their paths as names.",
        examples: &[("flattenTuple(CAST((1, (2, 3)), 'Tuple(a UInt8, b Tuple(c UInt8, d UInt8))'))", "(1,2,3)")],
        nulls: Nulls::Own,
        bind: |call| {
            call.count(1..=1)?;
            let mut flat = Vec::new();
            flatten(call, call.arguments[0].clone(), "", &mut flat)?;
            let names: Vec<String> = flat.iter().map(|(name, _)| name.clone()).collect();
            let tuple = of_items(call, flat.into_iter().map(|(_, item)| item).collect())?;
            let DataType::Tuple(items) = tuple.data_type.clone() else { return Err(call.wrong_type(0)) };
            let named = names.into_iter().zip(items).map(|(name, (_, item))| (Some(name), item)).collect();
            super::cast(tuple, &DataType::Tuple(named))
        },
        ..Function::DEFAULT
    },
];

fn together(input: &Input) -> EngineResult<ArrayRef> {
    let columns = (0..input.columns.len()).map(|index| input.expanded(index)).collect::<EngineResult<Vec<_>>>()?;
    let Arrow::Struct(fields) = input.result.to_arrow() else { return exec_err!("a tuple is a struct") };
    Ok(Arc::new(StructArray::try_new(fields, columns, None)?))
}

/// The items of a tuple argument, each by itself.
pub(crate) fn items_of(call: &Call, index: usize) -> Result<Vec<Typed>, Mismatch> {
    separate(call, &call.arguments[index]).ok_or_else(|| call.wrong_type(index))?
}

/// The items of a tuple; `None` if it is none.
pub(crate) fn separate(call: &Call, tuple: &Typed) -> Option<Result<Vec<Typed>, Mismatch>> {
    let DataType::Tuple(types) = tuple.data_type.bare() else { return None };
    let places = (1..=types.len()).map(|place| {
        let place = super::literal(ScalarValue::UInt64(Some(place as u64)), DataType::UInt64);
        delegate(call, "tupleElement", vec![tuple.clone(), place])
    });
    Some(places.collect())
}

pub(crate) fn of_items(call: &Call, items: Vec<Typed>) -> Result<Typed, Mismatch> {
    delegate(call, "tuple", items)
}

/// `a + b + c`
pub(crate) fn join(call: &Call, function: &str, items: Vec<Typed>) -> Result<Typed, Mismatch> {
    let mut items = items.into_iter();
    let first = items.next().ok_or_else(|| call.mismatch("needs a tuple with items"))?;
    items.try_fold(first, |joined, item| delegate(call, function, vec![joined, item]))
}

fn names_of(call: &Call, index: usize) -> Result<Vec<Typed>, Mismatch> {
    let DataType::Tuple(items) = call.bare(index) else { return Err(call.wrong_type(index)) };
    let names = items.iter().enumerate().map(|(place, (name, _))| {
        let name = name.clone().unwrap_or_else(|| (place + 1).to_string());
        super::literal(ScalarValue::Utf8View(Some(name)), DataType::String)
    });
    Ok(names.collect())
}

fn flatten(call: &Call, tuple: Typed, path: &str, flat: &mut Vec<(String, Typed)>) -> Result<(), Mismatch> {
    let DataType::Tuple(types) = tuple.data_type.bare().clone() else { return Err(call.wrong_type(0)) };
    let items = separate(call, &tuple).ok_or_else(|| call.wrong_type(0))??;
    for ((name, data_type), item) in types.into_iter().zip(items) {
        let Some(name) = name else { return Err(call.mismatch("needs a tuple whose items have names")) };
        let path = if path.is_empty() { name } else { format!("{path}.{name}") };
        match data_type.bare() {
            DataType::Tuple(items) if items.iter().all(|(name, _)| name.is_some()) => flatten(call, item, &path, flat)?,
            _ => flat.push((path, item)),
        }
    }
    Ok(())
}

fn element(call: &Call) -> Result<Typed, Mismatch> {
    call.count(2..=3)?;
    if let DataType::Array(item) = call.bare(0) {
        return element_of_items(call, item);
    }
    if let DataType::Json = call.bare(0) {
        return delegate(call, "getSubcolumn", call.arguments.clone());
    }
    let DataType::Tuple(items) = call.bare(0) else { return Err(call.wrong_type(0)) };
    let Some(place) = place_of(items, &call.arguments[1]) else {
        return match call.arguments.get(2) {
            Some(otherwise) => Ok(otherwise.clone()),
            None => Err(call.mismatch(format_args!("finds no such item in {}", call.arguments[0].data_type))),
        };
    };
    if let Some(items) = tuple_items(&call.arguments[0]) {
        return Ok(items[place].clone());
    }
    Ok(call.kernel(
        |input| {
            let DataType::Tuple(items) = input.types[0].bare() else { return exec_err!("expected a tuple") };
            let key = ScalarValue::try_from_array(&input.columns[1].array, 0)?;
            let key = super::literal(key, input.types[1].clone());
            let place = place_of(items, &key).ok_or_else(|| exec_datafusion_err!("the tuple has no such item"))?;
            Ok(input.expanded(0)?.as_struct().column(place).clone())
        },
        items[place].1.clone(),
    ))
}

/// An item of each tuple in an array, as an array.
fn element_of_items(call: &Call, item: &DataType) -> Result<Typed, Mismatch> {
    let DataType::Tuple(items) = item.bare() else { return Err(call.wrong_type(0)) };
    let place = place_of(items, &call.arguments[1])
        .ok_or_else(|| call.mismatch(format_args!("finds no such item in {}", call.arguments[0].data_type)))?;
    let place = super::literal(ScalarValue::UInt64(Some(place as u64)), DataType::UInt64);
    let result = items[place.integer().unwrap_or_default() as usize].1.clone().array();
    let kernel = |input: &Input| -> EngineResult<ArrayRef> {
        let place = input.columns[1].array.as_primitive::<arrow::datatypes::UInt64Type>().value(0);
        let lists = input.expanded(0)?;
        let lists = lists.as_list::<i32>();
        let values = lists.values().as_struct().column(place as usize).clone();
        let DataType::Array(item) = input.result else { return exec_err!("an array was promised") };
        let field = Arc::new(item.to_field("item"));
        Ok(Arc::new(ListArray::try_new(field, lists.offsets().clone(), values, None)?))
    };
    Ok(call.kernel_on(kernel, result, vec![call.arguments[0].clone(), place]))
}

fn place_of(items: &[(Option<String>, DataType)], key: &Typed) -> Option<usize> {
    if let Some(name) = key.text() {
        return items.iter().position(|(known, _)| known.as_deref() == Some(name));
    }
    let place = key.integer()?;
    let place = match place {
        1.. => usize::try_from(place).ok()?.checked_sub(1)?,
        // from the end
        _ => items.len().checked_sub(usize::try_from(place.unsigned_abs()).ok()?)?,
    };
    (place < items.len()).then_some(place)
}
