//! Some of the items of an array, or all in another order.

use super::comparable_rows;
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel, delegate};
use crate::function::typed::{Typed, literal};
use crate::value::DataType;
use arrow::array::*;
use arrow::datatypes::{Float32Type, Float64Type};
use datafusion::common::Result as EngineResult;
use datafusion::scalar::ScalarValue;
use std::collections::HashSet;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "arraySlice", exact_case, "arraySlice(array, start[, length])", "Some items from a place from 1, or from the end if negative; a negative length leaves so many off.", [("arraySlice([1, 2, 3, 4], 2, 2)", "[2,3]"), ("arraySlice([1, 2, 3, 4], -2)", "[3,4]"), ("arraySlice([1, 2, 3, 4], 2, -1)", "[2,3]"), ("arraySlice([1, 2, 3], -5, 4)", "[1,2]"), ("arraySlice([1, 2, 3], 5)", "[]")], |call| {
        let count = call.count(2..=3)?;
        (1..count).try_for_each(|index| call.expect_integer(index))?;
        same_items(call, slice)
    };
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
    "arraySort", exact_case, "arraySort(array)", "The items, smallest first; NaN and NULL last.", [("arraySort([3, 1, 2])", "[1,2,3]"), ("arraySort([3, NULL, 1])", "[1,3,NULL]"), ("arraySort(['b', 'a'])", "['a','b']")], |call| one(call, |input| sorted(input, false));
    "arrayReverseSort", exact_case, "arrayReverseSort(array)", "The items, largest first; NaN and NULL last.", [("arrayReverseSort([3, 1, 2])", "[3,2,1]"), ("arrayReverseSort([3, NULL, 1])", "[3,1,NULL]")], |call| one(call, |input| sorted(input, true));
    "arrayDistinct", exact_case, "arrayDistinct(array)", "The different items, in the order in which they come first; without NULL.", [("arrayDistinct([1, 2, 2, 1])", "[1,2]"), ("arrayDistinct(['b', 'a', 'b'])", "['b','a']"), ("arrayDistinct([1, NULL, NULL])", "[1]")], |call| {
        call.count(1..=1)?;
        let item = match call.item_type(0)? {
            DataType::Nullable(item) if **item != DataType::Nothing => item.as_ref().clone(),
            item => item.clone(),
        };
        Ok(call.kernel(distinct, item.array()))
    };
    "arrayCompact", exact_case, "arrayCompact(array)", "The items without those that equal the one before.", [("arrayCompact([1, 1, 2, 1])", "[1,2,1]")], |call| one(call, |input| {
        let lists = input.lists(0)?;
        let rows = &comparable_rows(&[lists.values()], false)?[0];
        input.chosen(lists.values(), |row, places| {
            let items = lists.range(row);
            let start = items.start;
            places.extend(items.filter(|place| *place == start || rows.row(*place) != rows.row(*place - 1)).map(|place| place as u64));
            Ok(())
        })
    });
};

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
    input.chosen(lists.values(), |row, places| {
        let items = lists.range(row);
        let length = length.as_ref().map(|length| length(row));
        let (begin, end) = crate::function::string::bounds(items.len(), start(row), length);
        places.extend((items.start + begin..items.start + end).map(|place| place as u64));
        Ok(())
    })
}

fn sorted(input: &Input, descending: bool) -> EngineResult<ArrayRef> {
    let lists = input.lists(0)?;
    let values = lists.values();
    let rows = &comparable_rows(&[values], descending)?[0];
    let is_nan = |place: usize| {
        let wide = values.as_primitive_opt::<Float64Type>().map(|values| values.value(place).is_nan());
        let narrow = values.as_primitive_opt::<Float32Type>().map(|values| values.value(place).is_nan());
        values.is_valid(place) && wide.or(narrow).unwrap_or(false)
    };
    input.chosen(values, |row, places| {
        let start = places.len();
        places.extend(lists.range(row).map(|place| place as u64));
        let key = |place: u64| (values.is_null(place as usize), is_nan(place as usize), rows.row(place as usize));
        places[start..].sort_by(|left, right| key(*left).cmp(&key(*right)));
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
