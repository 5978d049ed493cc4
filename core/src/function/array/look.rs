//! Looking into arrays: `arrayElement`, `has`, `indexOf`.

use super::{comparable_rows, default_of, with_items};
use crate::function::convert::widen;
use crate::function::definition::{Call, Function, Mismatch, Nulls};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use arrow::compute;
use datafusion::common::Result as EngineResult;
use std::collections::HashSet;
use std::ops::Range;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "arrayElement",
        syntax: "array[n] or map[key]",
        summary: "The item at a place from 1, or from the end if negative, or of a key; the type's default if there is none.",
        examples: &[
            ("arrayElement([1, 2], 1)", "1"),
            ("arrayElement([1, 2], -1)", "2"),
            ("arrayElement([1, 2], 5)", "0"),
            ("arrayElement([1, NULL], 5)", "\\N"),
            ("arrayElement(map('a', 1), 'a')", "1"),
            ("arrayElement(map('a', 1), 'z')", "0"),
        ],
        bind: element,
        ..Function::DEFAULT
    },
    Function {
        name: "has",
        syntax: "has(array, x)",
        summary: "Whether an array has an item, which may be NULL; of a map, whether it has a key.",
        examples: &[
            ("has([1, 2], 2)", "1"),
            ("has([1, NULL], NULL)", "1"),
            ("has([1, 2], NULL)", "0"),
            ("has([], 1)", "0"),
        ],
        nulls: Nulls::Own,
        bind: |call| {
            if let DataType::Map(..) = call.bare(0) {
                return crate::function::scalar::delegate(call, "mapContains", call.arguments.clone());
            }
            search(call, has, DataType::UInt8)
        },
        ..Function::DEFAULT
    },
    Function {
        name: "indexOf",
        syntax: "indexOf(array, x)",
        summary: "The place of the first equal item, from 1; 0 if there is none.",
        examples: &[("indexOf([1, 2, 2], 2)", "2"), ("indexOf(['a'], 'b')", "0"), ("indexOf([1, NULL], NULL)", "2")],
        nulls: Nulls::Own,
        bind: |call| search(call, index_of, DataType::UInt64),
        ..Function::DEFAULT
    },
    Function {
        name: "countEqual",
        syntax: "countEqual(array, x)",
        summary: "How many items are equal to a value.",
        examples: &[("countEqual([1, 2, 1], 1)", "2")],
        nulls: Nulls::Own,
        bind: |call| search(call, count_equal, DataType::UInt64),
        ..Function::DEFAULT
    },
    Function {
        name: "hasAny",
        syntax: "hasAny(array, items)",
        summary: "Whether an array has one of the items of another.",
        examples: &[("hasAny([1, 2], [2, 3])", "1"), ("hasAny([1], [])", "0")],
        bind: |call| overlap(call, |input| subset(input, false)),
        ..Function::DEFAULT
    },
    Function {
        name: "hasAll",
        syntax: "hasAll(array, items)",
        summary: "Whether an array has all of the items of another.",
        examples: &[("hasAll([1, 2], [2, 3])", "0"), ("hasAll([1, 2], [])", "1")],
        bind: |call| overlap(call, |input| subset(input, true)),
        ..Function::DEFAULT
    },
];

fn element(call: &Call) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    if let DataType::Map(key, value) = call.bare(0) {
        let common = call.common_type(&[key.as_ref().clone(), call.bare(1).clone()])?;
        let map = widen(call.arguments[0].clone(), &DataType::Map(Box::new(common.clone()), value.clone()));
        let key = widen(call.arguments[1].clone(), &common);
        return Ok(call.kernel_on(value_of_key, value.as_ref().clone(), vec![map, key]));
    }
    let item = call.item_type(0)?.clone();
    call.expect_integer(1)?;
    if call.arguments[1].integer() == Some(0) && call.arguments[0].constant().is_none() {
        return Err(call.mismatch("counts items from 1, not from 0"));
    }
    Ok(call.kernel(item_at, item))
}

/// Values, then the type's default.
fn with_default(values: &ArrayRef, data_type: &DataType) -> EngineResult<ArrayRef> {
    Ok(compute::concat(&[values.as_ref(), default_of(data_type)?.as_ref()])?)
}

fn item_at(input: &Input) -> EngineResult<ArrayRef> {
    let (lists, index) = (input.lists(0)?, input.integers(1)?);
    let missing = lists.values().len() as u64;
    let values = with_default(lists.values(), input.result)?;
    let places = (0..input.rows).map(|row| {
        if input.is_null(row) {
            return missing;
        }
        let items = lists.range(row);
        let place = match index(row) {
            0 => None,
            index @ 1.. => usize::try_from(index - 1).ok(),
            index => usize::try_from(index.unsigned_abs()).ok().and_then(|back| items.len().checked_sub(back)),
        };
        place.filter(|place| *place < items.len()).map_or(missing, |place| (items.start + place) as u64)
    });
    Ok(compute::take(&values, &UInt64Array::from_iter_values(places), None)?)
}

fn value_of_key(input: &Input) -> EngineResult<ArrayRef> {
    let maps = input.columns[0].array.as_map();
    let rows = comparable_rows(&[maps.keys(), &input.columns[1].array], false)?;
    let missing = maps.values().len() as u64;
    let values = with_default(maps.values(), input.result)?;
    let places = (0..input.rows).map(|row| {
        if input.is_null(row) {
            return missing;
        }
        let (map, wanted) = (input.columns[0].at(row), rows[1].row(input.columns[1].at(row)));
        let mut entries = maps.value_offsets()[map] as usize..maps.value_offsets()[map + 1] as usize;
        entries.find(|entry| rows[0].row(*entry) == wanted).map_or(missing, |entry| entry as u64)
    });
    Ok(compute::take(&values, &UInt64Array::from_iter_values(places), None)?)
}

fn search(call: &Call, kernel: Kernel, result: DataType) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    let item = call.item_type(0)?.clone();
    let common = call.common_type(&[item, call.arguments[1].data_type.clone()])?;
    let arguments = vec![with_items(call.arguments[0].clone(), &common), widen(call.arguments[1].clone(), &common)];
    Ok(call.kernel_on(kernel, result, arguments))
}

/// Places of a list's items, and whether the item at a place equals the needle → a number.
type Search = fn(Range<usize>, &dyn Fn(&usize) -> bool) -> usize;

/// For each row a number, made of the places of the items and of whether one equals the needle.
fn each_search(input: &Input, of: Search) -> EngineResult<ArrayRef> {
    let lists = input.lists(0)?;
    let rows = comparable_rows(&[lists.values(), &input.columns[1].array], false)?;
    input.numbers(|row| {
        let needle = rows[1].row(input.columns[1].at(row));
        Ok(of(lists.range(row), &|place| rows[0].row(*place) == needle) as i64)
    })
}

fn has(input: &Input) -> EngineResult<ArrayRef> {
    each_search(input, |mut items, equal| items.any(|place| equal(&place)).into())
}

fn index_of(input: &Input) -> EngineResult<ArrayRef> {
    each_search(input, |mut items, equal| items.position(|place| equal(&place)).map_or(0, |place| place + 1))
}

fn count_equal(input: &Input) -> EngineResult<ArrayRef> {
    each_search(input, |items, equal| items.filter(equal).count())
}

fn overlap(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    let common = call.common_type(&[call.item_type(0)?.clone(), call.item_type(1)?.clone()])?;
    let arguments = call.arguments.iter().map(|one| with_items(one.clone(), &common)).collect();
    Ok(call.kernel_on(kernel, DataType::UInt8, arguments))
}

fn subset(input: &Input, all: bool) -> EngineResult<ArrayRef> {
    let (left, right) = (input.lists(0)?, input.lists(1)?);
    let rows = comparable_rows(&[left.values(), right.values()], false)?;
    input.bytes(|row| {
        let items: HashSet<&[u8]> = left.range(row).map(|place| rows[0].row(place).data()).collect();
        let mut found = right.range(row).map(|place| items.contains(rows[1].row(place).data()));
        Ok(if all { found.all(|one| one) } else { found.any(|one| one) }.into())
    })
}
