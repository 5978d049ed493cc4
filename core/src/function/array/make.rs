//! Making arrays: `array`, `range`, `arrayConcat`.

use super::{default_of, with_items};
use crate::function::convert::{narrow, widen};
use crate::function::definition::{Call, Function, Mismatch, Nulls, family};
use crate::function::scalar::{Input, delegate};
use crate::function::typed::{Typed, literal};
use crate::limits;
use crate::value::DataType;
use arrow::array::*;
use arrow::compute;
use datafusion::common::{Result as EngineResult, exec_err};
use datafusion::scalar::ScalarValue;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "array",
        syntax: "[a, b, …] or array(a, b, …)",
        summary: "An array of values, which are widened to one type.",
        examples: &[
            ("[1, 2]", "[1,2]"),
            ("toTypeName([1, -1])", "Array(Int16)"),
            ("[1, NULL]", "[1,NULL]"),
            ("toTypeName([[], [1]])", "Array(Array(UInt8))"),
        ],
        nulls: Nulls::Own,
        keeps_low_cardinality: true,
        bind: array,
        ..Function::DEFAULT
    },
    Function {
        name: "arrayConcat",
        syntax: "arrayConcat(a, b, …)",
        summary: "The items of several arrays, one after the other.",
        examples: &[("arrayConcat([1], [2, 300])", "[1,2,300]"), ("arrayConcat([1], [NULL])", "[1,NULL]")],
        bind: concat,
        ..Function::DEFAULT
    },
    Function {
        name: "arrayPushBack",
        syntax: "arrayPushBack(array, x)",
        summary: "The array with one more item at its end.",
        examples: &[("arrayPushBack([1], 2)", "[1,2]"), ("arrayPushBack([1], NULL)", "[1,NULL]")],
        nulls: Nulls::Own,
        bind: |call| push(call, false),
        ..Function::DEFAULT
    },
    Function {
        name: "arrayPushFront",
        syntax: "arrayPushFront(array, x)",
        summary: "The array with one more item at its start.",
        examples: &[("arrayPushFront([1], 2)", "[2,1]")],
        nulls: Nulls::Own,
        bind: |call| push(call, true),
        ..Function::DEFAULT
    },
];

pub(crate) const INTEGERS: &[Function] = family! {
    "range", exact_case, "range([start, ]end[, step])", "The integers from start, or 0, up to but without end.", [("range(5)", "[0,1,2,3,4]"), ("range(1, 10, 3)", "[1,4,7]"), ("range(5, 1, -1)", "[5,4,3,2]"), ("toTypeName(range(1, 300))", "Array(UInt16)")], range;
    "emptyArrayToSingle", exact_case, "emptyArrayToSingle(array)", "The array, or an array of the type's default if it is empty.", [("emptyArrayToSingle([1, 2])", "[1,2]"), ("emptyArrayToSingle(emptyArrayInt64())", "[0]")], |call| {
        call.count(1..=1)?;
        let result = call.item_type(0)?.clone().array();
        Ok(call.kernel(single, result))
    };
    "arrayEnumerate", exact_case, "arrayEnumerate(array)", "1, 2, … as many as the array has items.", [("arrayEnumerate(['a', 'b'])", "[1,2]")], |call| {
        call.count(1..=1)?;
        call.item_type(0)?;
        Ok(call.kernel(enumerate, DataType::UInt32.array()))
    };
};

pub(crate) const SIZED: &[Function] = &[
    Function {
        name: "arrayWithConstant",
        syntax: "arrayWithConstant(length, x)",
        summary: "An array of one value, so many times.",
        examples: &[
            ("arrayWithConstant(3, 'a')", "['a','a','a']"),
            ("arrayWithConstant(0, 1)", "[]"),
            ("arrayWithConstant(2, NULL)", "[NULL,NULL]"),
        ],
        nulls: Nulls::Own,
        bind: |call| {
            call.count(2..=2)?;
            call.expect_integer(0)?;
            Ok(call.kernel(repeated, call.arguments[1].data_type.clone().array()))
        },
        ..Function::DEFAULT
    },
    Function {
        name: "arrayResize",
        syntax: "arrayResize(array, size[, extender])",
        summary: "The array cut to a size, or filled up with a value or the type's default; at its start, if the size is negative.",
        examples: &[
            ("arrayResize([1], 3)", "[1,0,0]"),
            ("arrayResize([1], 3, NULL)", "[1,NULL,NULL]"),
            ("arrayResize([1, 2, 3], -2)", "[2,3]"),
            ("arrayResize([1, 2, 3], 2)", "[1,2]"),
        ],
        nulls: Nulls::Own,
        bind: resize,
        ..Function::DEFAULT
    },
];

macro_rules! empty_arrays {
    ($($name:literal, $item:expr, $summary:literal, $type:literal;)*) => {
        &[$(Function {
            name: $name,
            syntax: concat!($name, "()"),
            summary: $summary,
            examples: &[(concat!($name, "()"), "[]"), (concat!("toTypeName(", $name, "())"), $type)],
            bind: |call| {
                call.count(0..=0)?;
                Ok(empty_of(&$item))
            },
            ..Function::DEFAULT
        }),*]
    };
}

pub(crate) const EMPTY: &[Function] = empty_arrays! {
    "emptyArrayUInt8", DataType::UInt8, "An empty array of UInt8.", "Array(UInt8)";
    "emptyArrayUInt16", DataType::UInt16, "An empty array of UInt16.", "Array(UInt16)";
    "emptyArrayUInt32", DataType::UInt32, "An empty array of UInt32.", "Array(UInt32)";
    "emptyArrayUInt64", DataType::UInt64, "An empty array of UInt64.", "Array(UInt64)";
    "emptyArrayInt8", DataType::Int8, "An empty array of Int8.", "Array(Int8)";
    "emptyArrayInt16", DataType::Int16, "An empty array of Int16.", "Array(Int16)";
    "emptyArrayInt32", DataType::Int32, "An empty array of Int32.", "Array(Int32)";
    "emptyArrayInt64", DataType::Int64, "An empty array of Int64.", "Array(Int64)";
    "emptyArrayFloat32", DataType::Float32, "An empty array of Float32.", "Array(Float32)";
    "emptyArrayFloat64", DataType::Float64, "An empty array of Float64.", "Array(Float64)";
    "emptyArrayDate", DataType::Date, "An empty array of Date.", "Array(Date)";
    "emptyArrayDateTime", DataType::DateTime(None), "An empty array of DateTime.", "Array(DateTime)";
    "emptyArrayString", DataType::String, "An empty array of String.", "Array(String)";
};

fn empty_of(item: &DataType) -> Typed {
    let nothing = ScalarValue::new_list(&[], &item.to_arrow(), item.is_nullable());
    literal(ScalarValue::List(nothing), item.clone().array())
}

fn array(call: &Call) -> Result<Typed, Mismatch> {
    let types: Vec<DataType> = call.arguments.iter().map(|one| one.data_type.clone()).collect();
    let item = call.common_type(&types)?;
    let arguments: Vec<Typed> = call.arguments.iter().map(|one| widen(one.clone(), &item)).collect();
    if arguments.is_empty() {
        return Ok(empty_of(&item));
    }
    Ok(call.kernel_on(interleaved, item.array(), arguments))
}

/// Row by row, one value of each column.
fn interleaved(input: &Input) -> EngineResult<ArrayRef> {
    let columns: Vec<&dyn Array> = input.columns.iter().map(|column| column.array.as_ref()).collect();
    let places: Vec<(usize, usize)> = (0..input.rows)
        .flat_map(|row| input.columns.iter().enumerate().map(move |(index, column)| (index, column.at(row))))
        .collect();
    let values = compute::interleave(&columns, &places)?;
    input.list_of(vec![columns.len(); input.rows], values)
}

fn concat(call: &Call) -> Result<Typed, Mismatch> {
    let count = call.count(1..)?;
    let items = (0..count).map(|index| call.item_type(index).cloned()).collect::<Result<Vec<_>, _>>()?;
    let item = call.common_type(&items)?;
    let arguments = call.arguments.iter().map(|one| with_items(one.clone(), &item)).collect();
    Ok(call.kernel_on(concatenated, item.array(), arguments))
}

fn concatenated(input: &Input) -> EngineResult<ArrayRef> {
    let lists = (0..input.columns.len()).map(|index| input.lists(index)).collect::<EngineResult<Vec<_>>>()?;
    let mut bases = Vec::with_capacity(lists.len());
    let mut total = 0;
    for list in &lists {
        bases.push(total);
        total += list.values().len();
    }
    let values: Vec<&dyn Array> = lists.iter().map(|list| list.values().as_ref()).collect();
    let values = compute::concat(&values)?;
    input.chosen(&values, |row, places| {
        for (list, base) in lists.iter().zip(&bases) {
            places.extend(list.range(row).map(|place| (place + base) as u64));
        }
        Ok(())
    })
}

fn push(call: &Call, front: bool) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    call.item_type(0)?;
    let array = call.arguments[0].clone();
    let item = delegate(call, "array", vec![call.arguments[1].clone()])?;
    delegate(call, "arrayConcat", if front { vec![item, array] } else { vec![array, item] })
}

fn range(call: &Call) -> Result<Typed, Mismatch> {
    let count = call.count(1..=3)?;
    (0..count).try_for_each(|index| call.expect_integer(index))?;
    let types: Vec<DataType> = (0..count).map(|index| call.bare(index).clone()).collect();
    let item = match call.common_type(&types)? {
        DataType::Bool => DataType::UInt8,
        item => item,
    };
    Ok(call.kernel(integers, item.array()))
}

fn integers(input: &Input) -> EngineResult<ArrayRef> {
    let arguments = (0..input.columns.len()).map(|index| input.integers(index)).collect::<EngineResult<Vec<_>>>()?;
    let mut values = Vec::new();
    let mut lengths = Vec::with_capacity(input.rows);
    for row in 0..input.rows {
        let before = values.len();
        if !input.is_null(row) {
            let (start, end, step) = match arguments.as_slice() {
                [end] if end(row) < 0 => return exec_err!("range without a start needs an end that is not negative"),
                [end] => (0, end(row), 1),
                [start, end] => (start(row), end(row), 1),
                [start, end, step, ..] => (start(row), end(row), step(row)),
                [] => return exec_err!("range needs an argument"),
            };
            if step == 0 {
                return exec_err!("the step of range must not be 0");
            }
            let distance = (i128::from(end) - i128::from(start)) * i128::from(step.signum());
            let length = (distance.max(0) as u128).div_ceil(u128::from(step.unsigned_abs())) as usize;
            if length > limits::ARRAY_ITEMS_MAX || values.len() + length > limits::BATCH_ITEMS_MAX {
                return exec_err!("range would make {length} items; at most {} are allowed", limits::ARRAY_ITEMS_MAX);
            }
            values.extend((0..length as i64).map(|index| start + index * step));
        }
        lengths.push(values.len() - before);
    }
    let DataType::Array(item) = input.result.bare() else { return exec_err!("range makes an array") };
    input.list_of(lengths, narrow(&Int64Array::from(values), &item.to_arrow())?)
}

fn enumerate(input: &Input) -> EngineResult<ArrayRef> {
    let lists = input.lists(0)?;
    let lengths: Vec<usize> =
        (0..input.rows).map(|row| if input.is_null(row) { 0 } else { lists.range(row).len() }).collect();
    let values: UInt32Array = lengths.iter().flat_map(|length| 1..=*length as u32).collect::<Vec<u32>>().into();
    input.list_of(lengths, std::sync::Arc::new(values))
}

/// How many items a length stands for, of which all rows together may have so many.
fn checked_length(function: &str, length: i64, before: usize) -> EngineResult<usize> {
    match usize::try_from(length) {
        Ok(length) if length <= limits::ARRAY_ITEMS_MAX && length + before <= limits::BATCH_ITEMS_MAX => Ok(length),
        _ => exec_err!("{function} cannot make {length} items; at most {} are allowed", limits::ARRAY_ITEMS_MAX),
    }
}

fn repeated(input: &Input) -> EngineResult<ArrayRef> {
    let counts = input.integers(0)?;
    let (mut places, mut lengths) = (Vec::new(), Vec::with_capacity(input.rows));
    for row in 0..input.rows {
        let length =
            if input.is_null(row) { 0 } else { checked_length("arrayWithConstant", counts(row), places.len())? };
        places.extend(std::iter::repeat_n(input.columns[1].at(row) as u64, length));
        lengths.push(length);
    }
    let values = compute::take(&input.columns[1].array, &UInt64Array::from(places), None)?;
    input.list_of(lengths, values)
}

fn resize(call: &Call) -> Result<Typed, Mismatch> {
    let count = call.count(2..=3)?;
    call.expect_integer(1)?;
    let mut arguments = call.arguments.clone();
    let item = match count {
        3 => call.common_type(&[call.item_type(0)?.clone(), arguments[2].data_type.clone()])?,
        _ => call.item_type(0)?.clone(),
    };
    if item == DataType::Nothing {
        return Err(call.mismatch("needs an array whose items have a type"));
    }
    arguments[0] = with_items(arguments[0].clone(), &item);
    match arguments.get_mut(2) {
        Some(extender) => *extender = widen(extender.clone(), &item),
        None => {
            let default = ScalarValue::try_from_array(&default_of(&item).map_err(|error| call.mismatch(error))?, 0);
            arguments.push(literal(default.map_err(|error| call.mismatch(error))?, item.clone()));
        }
    }
    Ok(call.kernel_on(resized, item.array(), arguments))
}

fn resized(input: &Input) -> EngineResult<ArrayRef> {
    let (lists, sizes, extender) = (input.lists(0)?, input.integers(1)?, &input.columns[2]);
    let known = lists.values().len();
    let values = compute::concat(&[lists.values().as_ref(), extender.array.as_ref()])?;
    input.chosen(&values, |row, places| {
        let (items, size) = (lists.range(row), sizes(row));
        let length = checked_length("arrayResize", size.saturating_abs(), places.len())?;
        let kept = items.len().min(length);
        let filling = std::iter::repeat_n((known + extender.at(row)) as u64, length - kept);
        if size < 0 {
            places.extend(filling);
            places.extend((items.end - kept..items.end).map(|place| place as u64));
        } else {
            places.extend((items.start..items.start + kept).map(|place| place as u64));
            places.extend(filling);
        }
        Ok(())
    })
}

fn single(input: &Input) -> EngineResult<ArrayRef> {
    let lists = input.lists(0)?;
    let DataType::Array(item) = input.result.bare() else { return exec_err!("an array was promised") };
    let known = lists.values().len() as u64;
    let values = compute::concat(&[lists.values().as_ref(), default_of(item)?.as_ref()])?;
    input.chosen(&values, |row, places| {
        let items = lists.range(row);
        if items.is_empty() {
            places.push(known);
        }
        places.extend(items.map(|place| place as u64));
        Ok(())
    })
}
