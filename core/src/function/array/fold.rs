//! An array as one value, or its running values: `arraySum`, `arrayMax`, `arrayCumSum`.

use super::{comparable_rows, nan_places, taken_or_default};
use crate::function::convert::narrow;
use crate::function::definition::{Call, Function, Mismatch, Takes, higher_family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use arrow::compute;
use arrow::datatypes::DataType as Arrow;
use arrow::datatypes::*;
use datafusion::common::{Result as EngineResult, exec_err, not_impl_err};
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = higher_family! {
    "arraySum", Takes::Items(0), "arraySum([(x, …) -> y, ]array, …)", "The sum of the items, or of what the lambda gives for them.", [("arraySum([1, 2])", "3"), ("arraySum([1.5, 2])", "3.5"), ("toTypeName(arraySum([1, -2]))", "Int64"), ("toTypeName(arraySum([1, 2]))", "UInt64"), ("arraySum((x, y) -> x * y, [1, 2], [3, 4])", "11")],
        |call| one(call, |call| Ok(call.kernel(sums, total_type(call)?))),
        |call| Ok(call.kernel(sums, total_type(call)?));
    "arrayAvg", Takes::Items(0), "arrayAvg([(x, …) -> y, ]array, …)", "The mean of the items, or of what the lambda gives for them; 0, if there are none.", [("arrayAvg([1, 2])", "1.5"), ("arrayAvg(x -> x * 2, [1, 2])", "3")],
        |call| one(call, mean),
        mean;
    "arrayProduct", Takes::Items(0), "arrayProduct([(x, …) -> y, ]array, …)", "The product of the items, or of what the lambda gives for them.", [("arrayProduct([2, 3])", "6"), ("arrayProduct(x -> x + 1, [2, 3])", "12")],
        |call| one(call, product),
        product;
    "arrayMin", Takes::Items(0), "arrayMin([(x, …) -> y, ]array, …)", "The smallest item, or the smallest value that the lambda gives; the type's default, if there are none.", [("arrayMin([3, 1, 2])", "1"), ("arrayMin(['b', 'a'])", "a"), ("arrayMin(x -> -x, [3, 1])", "-3"), ("arrayMin([2, NULL])", "2")],
        |call| one(call, |call| best(call, |input| first_by(input, false))),
        |call| best(call, |input| first_by(input, false));
    "arrayMax", Takes::Items(0), "arrayMax([(x, …) -> y, ]array, …)", "The largest item, or the largest value that the lambda gives; the type's default, if there are none.", [("arrayMax([3, 1, 2])", "3"), ("arrayMax(x -> -x, [3, 1])", "-1"), ("arrayMax([1, 0 / 0])", "1")],
        |call| one(call, |call| best(call, |input| first_by(input, true))),
        |call| best(call, |input| first_by(input, true));
    "arrayCumSum", Takes::Items(0), "arrayCumSum([(x, …) -> y, ]array, …)", "For each item the sum of the items up to it.", [("arrayCumSum([1, 2, 3])", "[1,3,6]"), ("arrayCumSum(x -> x * 2, [1, 2, 3])", "[2,6,12]"), ("toTypeName(arrayCumSum([1]))", "Array(UInt64)")],
        |call| one(call, |call| running(call, |input| sums_so_far(input, false))),
        |call| running(call, |input| sums_so_far(input, false));
    "arrayCumSumNonNegative", Takes::Items(0), "arrayCumSumNonNegative([(x, …) -> y, ]array, …)", "For each item the sum of the items up to it, which begins again from 0 when it would be negative.", [("arrayCumSumNonNegative([1, 1, -4, 1])", "[1,2,0,1]")],
        |call| one(call, |call| running(call, |input| sums_so_far(input, true))),
        |call| running(call, |input| sums_so_far(input, true));
    "arrayDifference", Takes::Items(0), "arrayDifference([(x, …) -> y, ]array, …)", "How much each item is more than the one before; 0 for the first.", [("arrayDifference([1, 2, 3, 10])", "[0,1,1,7]"), ("toTypeName(arrayDifference([1, 2]))", "Array(Int16)"), ("arrayDifference([1.5, 1])", "[0,-0.5]")],
        |call| one(call, difference),
        difference;
};

fn one(call: &Call, bind: fn(&Call) -> Result<Typed, Mismatch>) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    bind(call)
}

/// The type of a sum of the items, which must be numbers that are never NULL, as ClickHouse wants it.
fn total_type(call: &Call) -> Result<DataType, Mismatch> {
    let item = call.item_type(0)?;
    match item {
        _ if item.is_nullable() => {}
        item if item.is_float() => return Ok(DataType::Float64),
        DataType::Decimal { precision, scale } if *precision <= 38 => {
            return Ok(DataType::Decimal { precision: 38, scale: *scale });
        }
        item if item.integer_bits().is_some_and(|bits| bits <= 64) => {
            return Ok(if item.is_signed_integer() { DataType::Int64 } else { DataType::UInt64 });
        }
        _ => {}
    }
    Err(call.mismatch(format_args!("cannot add values of type {item}")))
}

fn mean(call: &Call) -> Result<Typed, Mismatch> {
    total_type(call)?;
    let kernel = |input: &Input| {
        as_floats(input, |items| items.iter().fold(0.0, |sum, item| sum + item) / items.len().max(1) as f64)
    };
    Ok(call.kernel(kernel, DataType::Float64))
}

fn product(call: &Call) -> Result<Typed, Mismatch> {
    total_type(call)?;
    Ok(call.kernel(
        |input| as_floats(input, |items| if items.is_empty() { 0.0 } else { items.iter().product() }),
        DataType::Float64,
    ))
}

fn best(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    match call.item_type(0)? {
        DataType::Nothing => Err(call.mismatch("needs items of a type")),
        item => Ok(call.kernel(kernel, item.clone())),
    }
}

fn running(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    let total = total_type(call)?;
    Ok(call.kernel(kernel, total.array()))
}

/// Sums, or running sums, of the values in their widest type.
macro_rules! in_total_type {
    ($arrow:expr, $macro:ident, $name:literal) => {
        match $arrow {
            Arrow::UInt64 => $macro!(UInt64Type, u64::wrapping_add),
            Arrow::Int64 => $macro!(Int64Type, i64::wrapping_add),
            Arrow::Float64 => $macro!(Float64Type, |sum: f64, value: f64| sum + value),
            Arrow::Decimal128(..) => $macro!(Decimal128Type, i128::wrapping_add),
            other => return not_impl_err!("{} of {other}", $name),
        }
    };
}

fn sums(input: &Input) -> EngineResult<ArrayRef> {
    let lists = input.lists(0)?;
    let arrow = input.result.to_arrow();
    let values = compute::cast(lists.values(), &arrow)?;
    macro_rules! sum {
        ($kind:ty, $add:expr) => {{
            let values = values.as_primitive::<$kind>().values();
            let zero = <$kind as ArrowPrimitiveType>::Native::default();
            let sums = (0..input.rows).map(|row| values[lists.range(row)].iter().copied().fold(zero, $add));
            Arc::new(PrimitiveArray::<$kind>::from_iter_values(sums).with_data_type(arrow)) as ArrayRef
        }};
    }
    Ok(in_total_type!(arrow, sum, "arraySum"))
}

fn sums_so_far(input: &Input, non_negative: bool) -> EngineResult<ArrayRef> {
    let lists = input.lists(0)?;
    let DataType::Array(item) = input.result else { return exec_err!("an array was promised") };
    let arrow = item.to_arrow();
    let values = compute::cast(lists.values(), &arrow)?;
    let lengths: Vec<usize> = (0..input.rows).map(|row| lists.range(row).len()).collect();
    macro_rules! sum {
        ($kind:ty, $add:expr) => {{
            let values = values.as_primitive::<$kind>().values();
            let zero = <$kind as ArrowPrimitiveType>::Native::default();
            let mut out = Vec::with_capacity(lengths.iter().sum());
            for row in 0..input.rows {
                let mut sum = zero;
                for value in &values[lists.range(row)] {
                    sum = $add(sum, *value);
                    if non_negative && sum < zero {
                        sum = zero;
                    }
                    out.push(sum);
                }
            }
            Arc::new(PrimitiveArray::<$kind>::new(out.into(), None).with_data_type(arrow)) as ArrayRef
        }};
    }
    let sums = in_total_type!(arrow, sum, "arrayCumSum");
    input.list_of(lengths, sums)
}

fn as_floats(input: &Input, of: impl Fn(&[f64]) -> f64) -> EngineResult<ArrayRef> {
    let lists = input.lists(0)?;
    let values = compute::cast(lists.values(), &Arrow::Float64)?;
    let values = values.as_primitive::<Float64Type>().values();
    Ok(Arc::new(Float64Array::from_iter_values((0..input.rows).map(|row| of(&values[lists.range(row)])))))
}

/// The item that comes first in order, or the default after all items.
fn first_by(input: &Input, descending: bool) -> EngineResult<ArrayRef> {
    let lists = input.lists(0)?;
    let rows = &comparable_rows(&[lists.values()], descending)?[0];
    let is_nan = nan_places(lists.values());
    let nulls = lists.values().logical_nulls();
    let key = |place: usize| {
        let is_null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(place));
        (is_null, !is_null && is_nan(place), rows.row(place))
    };
    let places = (0..input.rows).map(|row| {
        let best = lists.range(row).min_by(|left, right| key(*left).cmp(&key(*right)));
        best.map(|place| place as u64)
    });
    taken_or_default(lists.values(), &places.collect(), input.result)
}

fn difference(call: &Call) -> Result<Typed, Mismatch> {
    let item = call.item_type(0)?;
    let result = match item {
        DataType::Float32 | DataType::Float64 => DataType::Float64,
        DataType::Decimal { .. } => item.clone(),
        DataType::Date | DataType::Date32 => DataType::Int32,
        DataType::DateTime(_) => DataType::Int64,
        item if !item.is_nullable() => match item.integer_bits() {
            Some(8) => DataType::Int16,
            Some(16) => DataType::Int32,
            Some(32 | 64) => DataType::Int64,
            _ => return Err(call.mismatch(format_args!("cannot process values of type {item}"))),
        },
        item => return Err(call.mismatch(format_args!("cannot process values of type {item}"))),
    };
    Ok(call.kernel(differences, result.array()))
}

fn differences(input: &Input) -> EngineResult<ArrayRef> {
    let lists = input.lists(0)?;
    let DataType::Array(item) = input.result else { return exec_err!("an array was promised") };
    let lengths: Vec<usize> = (0..input.rows).map(|row| lists.range(row).len()).collect();
    macro_rules! subtract {
        ($values:expr, $minus:expr) => {{
            let values = $values;
            let mut out = Vec::with_capacity(lengths.iter().sum());
            for row in 0..input.rows {
                let items = &values[lists.range(row)];
                out.extend(items.iter().take(1).map(|first| $minus(*first, *first)));
                out.extend(items.windows(2).map(|pair| $minus(pair[1], pair[0])));
            }
            out
        }};
    }
    let arrow = item.to_arrow();
    let values: ArrayRef = match &arrow {
        Arrow::Float64 => {
            let values = compute::cast(lists.values(), &Arrow::Float64)?;
            let out = subtract!(values.as_primitive::<Float64Type>().values(), |a: f64, b: f64| a - b);
            Arc::new(Float64Array::from(out))
        }
        Arrow::Decimal128(..) => {
            let out = subtract!(lists.values().as_primitive::<Decimal128Type>().values(), i128::wrapping_sub);
            Arc::new(Decimal128Array::from(out).with_data_type(arrow.clone()))
        }
        _ => {
            let values = crate::function::convert::bits(lists.values())?;
            narrow(&Int64Array::from(subtract!(values.values(), i64::wrapping_sub)), &arrow)?
        }
    };
    input.list_of(lengths, values)
}
