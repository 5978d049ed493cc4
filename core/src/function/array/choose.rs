//! Some of the items of an array, or all in another order.

use super::comparable_rows;
use crate::function::convert::{is_widening, widen};
use crate::function::definition::{Call, Function, Mismatch, Nulls, Takes, family, higher_family};
use crate::function::scalar::{Input, Kernel, delegate};
use crate::function::typed::{Typed, literal};
use crate::value::DataType;
use arrow::array::*;
use arrow::compute;
use datafusion::common::Result as EngineResult;
use datafusion::scalar::ScalarValue;
use std::collections::HashSet;

pub(crate) const SLICE: &[Function] = &[Function {
    name: "arraySlice",
    syntax: "arraySlice(array, start[, length])",
    summary: "Some items from a place from 1, or from the end if negative; a negative length leaves so many off, and NULL is no bound.",
    examples: &[
        ("arraySlice([1, 2, 3, 4], 2, 2)", "[2,3]"),
        ("arraySlice([1, 2, 3, 4], -2)", "[3,4]"),
        ("arraySlice([1, 2, 3, 4], 2, -1)", "[2,3]"),
        ("arraySlice([1, 2, 3], -5, 4)", "[1,2]"),
        ("arraySlice([1, 2, 3], 5)", "[]"),
        ("arraySlice([1, 2, 3], 2, NULL)", "[2,3]"),
    ],
    nulls: Nulls::Own,
    bind: |call| {
        let count = call.count(2..=3)?;
        let mut arguments = call.arguments.clone();
        for (index, argument) in arguments.iter_mut().enumerate().take(count).skip(1) {
            if *call.bare(index) == DataType::Nothing {
                *argument = widen(argument.clone(), &DataType::Int64.nullable());
            } else {
                call.expect_integer(index)?;
            }
        }
        let result = call.item_type(0)?.clone().array();
        Ok(call.kernel_on(slice, result, arguments))
    },
    ..Function::DEFAULT
}];

pub(crate) const FUNCTIONS: &[Function] = family! {
    "arrayPopBack", exact_case, "arrayPopBack(array)", "The array without its last item.", [("arrayPopBack([1, 2])", "[1]")], |call| {
        call.count(1..=1)?;
        delegate(call, "arraySlice", vec![call.arguments[0].clone(), integer(1), integer(-1)])
    };
    "arrayPopFront", exact_case, "arrayPopFront(array)", "The array without its first item.", [("arrayPopFront([1, 2])", "[2]")], |call| {
        call.count(1..=1)?;
        delegate(call, "arraySlice", vec![call.arguments[0].clone(), integer(2)])
    };
    "arrayReverse", exact_case, "arrayReverse(array)", "The items, last first.", [("arrayReverse([1, 2, 3])", "[3,2,1]"), ("reverse(['a', 'b'])", "['b','a']")], |call| one(call, |input| {
        let lists = input.lists(0)?;
        input.chosen(lists.values(), |row, places| { places.extend(lists.range(row).rev().map(|place| place as u64)); Ok(()) })
    });
    "arrayRotateLeft", exact_case, "arrayRotateLeft(array, n)", "The items, so many from the start put to the end.", [("arrayRotateLeft([1, 2, 3, 4], 1)", "[2,3,4,1]"), ("arrayRotateLeft([1, 2, 3, 4], -1)", "[4,1,2,3]")], |call| turn(call, true);
    "arrayRotateRight", exact_case, "arrayRotateRight(array, n)", "The items, so many from the end put to the start.", [("arrayRotateRight([1, 2, 3, 4], 1)", "[4,1,2,3]")], |call| turn(call, false);
    "arrayDistinct", exact_case, "arrayDistinct(array)", "The different items, in the order in which they come first; without NULL.", [("arrayDistinct([1, 2, 2, 1])", "[1,2]"), ("arrayDistinct(['b', 'a', 'b'])", "['b','a']"), ("arrayDistinct([1, NULL, NULL])", "[1]")], |call| {
        call.count(1..=1)?;
        let item = match call.item_type(0)? {
            DataType::Nullable(item) => item.as_ref().clone(),
            item => item.clone(),
        };
        Ok(call.kernel(distinct, item.array()))
    };
};

pub(crate) const SHIFT: &[Function] = &[
    Function {
        name: "arrayShiftLeft",
        syntax: "arrayShiftLeft(array, n[, default])",
        summary: "The items moved so many places to the start; the type's default, or another value, comes in at the end.",
        examples: &[
            ("arrayShiftLeft([1, 2, 3, 4], 1)", "[2,3,4,0]"),
            ("arrayShiftLeft([1, 2, 3, 4], -1, 9)", "[9,1,2,3]"),
        ],
        nulls: Nulls::Own,
        bind: |call| shift(call, true),
        ..Function::DEFAULT
    },
    Function {
        name: "arrayShiftRight",
        syntax: "arrayShiftRight(array, n[, default])",
        summary: "The items moved so many places to the end; the type's default, or another value, comes in at the start.",
        examples: &[("arrayShiftRight([1, 2, 3, 4], 1)", "[0,1,2,3]"), ("arrayShiftRight([1, NULL], 1)", "[NULL,1]")],
        nulls: Nulls::Own,
        bind: |call| shift(call, false),
        ..Function::DEFAULT
    },
];

pub(crate) const COMPACT: &[Function] = higher_family! {
    "arrayCompact", Takes::Items(0), "arrayCompact([(x, …) -> y, ]array, …)", "The items without those that equal the one before, or for which the lambda gives the same as for it.", [("arrayCompact([1, 1, 2, 1])", "[1,2,1]"), ("arrayCompact(x -> intDiv(x, 2), [2, 3, 4])", "[2,4]")],
        |call| one(call, |input| compact(input, 0)),
        |call| Ok(call.kernel(|input| compact(input, 1), call.item_type(1)?.clone().array()));
};

/// The items of an argument, by what is in the first.
fn compact(input: &Input, items: usize) -> EngineResult<ArrayRef> {
    let (keys, lists) = (input.lists(0)?, input.lists(items)?);
    let rows = &comparable_rows(&[keys.values()], false)?[0];
    input.chosen(lists.values(), |row, places| {
        let (key, item) = (keys.range(row), lists.range(row));
        let new = key.clone().filter(|place| *place == key.start || rows.row(*place) != rows.row(*place - 1));
        places.extend(new.map(|place| (place - key.start + item.start) as u64));
        Ok(())
    })
}

fn integer(value: i64) -> Typed {
    literal(ScalarValue::Int64(Some(value)), DataType::Int64)
}

fn one(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    same_items(call, kernel)
}

fn same_items(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    let result = call.item_type(0)?.clone().array();
    Ok(call.kernel(kernel, result))
}

fn slice(input: &Input) -> EngineResult<ArrayRef> {
    let (lists, start) = (input.lists(0)?, input.integers(1)?);
    let length = if input.columns.len() > 2 { Some(input.integers(2)?) } else { None };
    let is_null = |index: usize, row: usize| input.columns[index].array.is_null(input.columns[index].at(row));
    input.chosen(lists.values(), |row, places| {
        let items = lists.range(row);
        let start = if is_null(1, row) { 1 } else { start(row) };
        let length = length.as_ref().filter(|_| !is_null(2, row)).map(|length| length(row));
        if start == 0 {
            return Ok(());
        }
        let (begin, end) = crate::function::string::bounds(items.len(), start, length);
        places.extend((items.start + begin..items.start + end).map(|place| place as u64));
        Ok(())
    })
}

fn turn(call: &Call, left: bool) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    call.expect_integer(1)?;
    same_items(call, if left { |input| rotated(input, 1) } else { |input| rotated(input, -1) })
}

fn rotated(input: &Input, sign: i64) -> EngineResult<ArrayRef> {
    let (lists, by) = (input.lists(0)?, input.integers(1)?);
    input.chosen(lists.values(), |row, places| {
        let items = lists.range(row);
        if !items.is_empty() {
            let by = (i128::from(by(row)) * i128::from(sign)).rem_euclid(items.len() as i128) as usize;
            places.extend((items.start + by..items.end).chain(items.start..items.start + by).map(|place| place as u64));
        }
        Ok(())
    })
}

fn shift(call: &Call, left: bool) -> Result<Typed, Mismatch> {
    let count = call.count(2..=3)?;
    call.expect_integer(1)?;
    let item = call.item_type(0)?.clone();
    let mut arguments = call.arguments.clone();
    if count == 2 {
        let default = super::default_of(&item).and_then(|default| ScalarValue::try_from_array(&default, 0));
        arguments.push(literal(default.map_err(|error| call.mismatch(error))?, item.clone()));
    } else if call.arguments[2].data_type.bare() != item.bare() {
        if !is_widening(call.bare(2), item.bare()) {
            return Err(call.wrong_type(2));
        }
        arguments[2] = widen(arguments[2].clone(), &item);
    }
    let kernel: Kernel = if left { |input| shifted(input, 1) } else { |input| shifted(input, -1) };
    Ok(call.kernel_on(kernel, item.array(), arguments))
}

/// Items move towards the start if `sign` is 1; what comes in is the third argument.
fn shifted(input: &Input, sign: i64) -> EngineResult<ArrayRef> {
    let (lists, by, filling) = (input.lists(0)?, input.integers(1)?, &input.columns[2]);
    let known = lists.values().len();
    let values = compute::concat(&[lists.values().as_ref(), filling.array.as_ref()])?;
    input.chosen(&values, |row, places| {
        let items = lists.range(row);
        let by = i128::from(by(row)) * i128::from(sign);
        let moved = usize::try_from(by.unsigned_abs()).unwrap_or(items.len()).min(items.len());
        let coming = std::iter::repeat_n((known + filling.at(row)) as u64, moved);
        if by >= 0 {
            places.extend((items.start + moved..items.end).map(|place| place as u64));
            places.extend(coming);
        } else {
            places.extend(coming);
            places.extend((items.start..items.end - moved).map(|place| place as u64));
        }
        Ok(())
    })
}

fn distinct(input: &Input) -> EngineResult<ArrayRef> {
    let lists = input.lists(0)?;
    let rows = &comparable_rows(&[lists.values()], false)?[0];
    let nulls = lists.values().logical_nulls();
    let mut seen: HashSet<&[u8]> = HashSet::new();
    input.chosen(lists.values(), |row, places| {
        seen.clear();
        for place in lists.range(row) {
            let is_null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(place));
            if !is_null && seen.insert(rows.row(place).data()) {
                places.push(place as u64);
            }
        }
        Ok(())
    })
}
