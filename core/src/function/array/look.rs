//! Looking into arrays: `arrayElement`, `has`, `indexOf`.

use super::{comparable_rows, taken_or_default, with_items};
use crate::function::convert::widen;
use crate::function::definition::{Call, Function, Mismatch, Nulls};
use crate::function::scalar::{Column, Input, Kernel};
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
        name: "hasSubstr",
        syntax: "hasSubstr(array, items)",
        summary: "Whether the items of another array stand in an array in their order, one after the other.",
        examples: &[
            ("hasSubstr([1, 2, 3], [2, 3])", "1"),
            ("hasSubstr([1, 2, 3], [1, 3])", "0"),
            ("hasSubstr([1], [])", "1"),
        ],
        bind: |call| overlap(call, part),
        ..Function::DEFAULT
    },
    Function {
        name: "indexOfAssumeSorted",
        syntax: "indexOfAssumeSorted(array, x)",
        summary: "The place of the first equal item of an array in ascending order, from 1; 0 if there is none.",
        examples: &[("indexOfAssumeSorted([1, 3, 3, 5], 3)", "2"), ("indexOfAssumeSorted([1, 3, 5], 4)", "0")],
        nulls: Nulls::Own,
        bind: |call| search(call, index_of_sorted, DataType::UInt64),
        ..Function::DEFAULT
    },
    Function {
        name: "arrayElementOrNull",
        syntax: "arrayElementOrNull(array, n) or arrayElementOrNull(map, key)",
        summary: "The item at a place from 1, or from the end if negative, or of a key; NULL if there is none.",
        examples: &[
            ("arrayElementOrNull([1, 2], 1)", "1"),
            ("arrayElementOrNull([1, 2], 3)", "\\N"),
            ("arrayElementOrNull(map('a', 1), 'b')", "\\N"),
        ],
        bind: |call| {
            call.count(2..=2)?;
            let nullable = |item: &DataType| match item {
                DataType::Array(_) | DataType::Map(..) => item.clone(),
                item => item.clone().nullable(),
            };
            let mut arguments = call.arguments.clone();
            let wider = match call.bare(0) {
                DataType::Map(key, value) => DataType::Map(key.clone(), Box::new(nullable(value))),
                _ => nullable(call.item_type(0)?).array(),
            };
            arguments[0] = widen(arguments[0].clone(), &wider);
            crate::function::scalar::delegate(call, "arrayElement", arguments)
        },
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
    match call.bare(0) {
        DataType::Dynamic => {
            call.expect_integer(1)?;
            return Ok(call.kernel(crate::function::dynamic::item_at, DataType::Dynamic));
        }
        DataType::Json => return crate::function::scalar::delegate(call, "getSubcolumn", call.arguments.clone()),
        _ => {}
    }
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

fn item_at(input: &Input) -> EngineResult<ArrayRef> {
    let (lists, index) = (input.lists(0)?, input.integers(1)?);
    let places = (0..input.rows).map(|row| {
        if input.is_null(row) {
            return None;
        }
        let items = lists.range(row);
        let place = match index(row) {
            0 => None,
            index @ 1.. => usize::try_from(index - 1).ok(),
            index => usize::try_from(index.unsigned_abs()).ok().and_then(|back| items.len().checked_sub(back)),
        };
        place.filter(|place| *place < items.len()).map(|place| (items.start + place) as u64)
    });
    taken_or_default(lists.values(), &places.collect(), input.result)
}

fn value_of_key(input: &Input) -> EngineResult<ArrayRef> {
    let maps = input.columns[0].array.as_map();
    let equal = equal_places(maps.keys(), &input.columns[1])?;
    let places = (0..input.rows).map(|row| {
        if input.is_null(row) {
            return None;
        }
        let map = input.columns[0].at(row);
        let mut entries = maps.value_offsets()[map] as usize..maps.value_offsets()[map + 1] as usize;
        entries.find(|entry| equal(*entry, row)).map(|entry| entry as u64)
    });
    taken_or_default(maps.values(), &places.collect(), input.result)
}

/// Whether the value at a place equals the needle of a row, where NULL equals NULL. A constant is compared with all
/// values at once.
fn equal_places<'v>(values: &'v ArrayRef, needle: &'v Column) -> EngineResult<Box<dyn Fn(usize, usize) -> bool + 'v>> {
    if needle.is_constant && !values.data_type().is_nested() && !values.data_type().is_null() {
        let mask = if needle.array.is_null(0) {
            compute::is_null(values)?
        } else {
            let equal = compute::kernels::cmp::eq(values, &Scalar::new(needle.array.clone()))?;
            if equal.null_count() > 0 { compute::prep_null_mask_filter(&equal) } else { equal }
        };
        return Ok(Box::new(move |place, _| mask.value(place)));
    }
    let rows = comparable_rows(&[values, &needle.array], false)?;
    Ok(Box::new(move |place, row| rows[0].row(place) == rows[1].row(needle.at(row))))
}

fn search(call: &Call, kernel: Kernel, result: DataType) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    let item = call.item_type(0)?.clone();
    // ClickHouse compares the values of integers that no type holds both of
    let both = [item, call.arguments[1].data_type.clone()];
    let common = match call.common_type(&both) {
        Err(_) if both.iter().all(DataType::is_integer) => DataType::Decimal { precision: 20, scale: 0 }.nullable(),
        common => common?,
    };
    let arguments = vec![with_items(call.arguments[0].clone(), &common), widen(call.arguments[1].clone(), &common)];
    Ok(call.kernel_on(kernel, result, arguments))
}

/// Places of a list's items, and whether the item at a place equals the needle → a number.
type Search = fn(Range<usize>, &dyn Fn(&usize) -> bool) -> usize;

/// For each row a number, made of the places of the items and of whether one equals the needle.
fn each_search(input: &Input, of: Search) -> EngineResult<ArrayRef> {
    let lists = input.lists(0)?;
    let equal = equal_places(lists.values(), &input.columns[1])?;
    input.numbers(|row| Ok(of(lists.range(row), &|place| equal(*place, row)) as i64))
}

fn has(input: &Input) -> EngineResult<ArrayRef> {
    each_search(input, |mut items, equal| items.any(|place| equal(&place)).into())
}

fn index_of(input: &Input) -> EngineResult<ArrayRef> {
    each_search(input, |mut items, equal| items.position(|place| equal(&place)).map_or(0, |place| place + 1))
}

/// By halves; items that are not in order give any answer.
fn index_of_sorted(input: &Input) -> EngineResult<ArrayRef> {
    let lists = input.lists(0)?;
    let rows = comparable_rows(&[lists.values(), &input.columns[1].array], false)?;
    input.numbers(|row| {
        let needle = rows[1].row(input.columns[1].at(row));
        let items = lists.range(row);
        let (mut low, mut high) = (items.start, items.end);
        while low < high {
            let middle = low + (high - low) / 2;
            if rows[0].row(middle) < needle { low = middle + 1 } else { high = middle }
        }
        let found = low < items.end && rows[0].row(low) == needle;
        Ok(if found { (low - items.start + 1) as i64 } else { 0 })
    })
}

/// Whether the second array is a part of the first.
fn part(input: &Input) -> EngineResult<ArrayRef> {
    let (left, right) = (input.lists(0)?, input.lists(1)?);
    let rows = comparable_rows(&[left.values(), right.values()], false)?;
    input.bytes(|row| {
        let (items, wanted) = (left.range(row), right.range(row));
        let starts = items.start..(items.end + 1).saturating_sub(wanted.len());
        let found = starts.into_iter().any(|start| {
            wanted.clone().enumerate().all(|(index, place)| rows[0].row(start + index) == rows[1].row(place))
        });
        Ok((wanted.is_empty() || found).into())
    })
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
