//! An array as one value: `arraySum`, `arrayMax`, `arrayUniq`.

use super::{comparable_rows, default_of};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use arrow::compute;
use arrow::datatypes::DataType as Arrow;
use arrow::datatypes::*;
use datafusion::common::{Result as EngineResult, not_impl_err};
use std::collections::HashSet;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "arraySum", exact_case, "arraySum(array)", "The sum of the items.", [("arraySum([1, 2])", "3"), ("arraySum([1.5, 2])", "3.5"), ("toTypeName(arraySum([1, -2]))", "Int64"), ("toTypeName(arraySum([1, 2]))", "UInt64")], |call| {
        let result = match numbers(call)? {
            item if item.is_float() => DataType::Float64,
            DataType::Decimal { precision, scale } if precision <= 38 => DataType::Decimal { precision: 38, scale },
            item if item.is_signed_integer() => DataType::Int64,
            item if item.is_unsigned_integer() => DataType::UInt64,
            _ => return Err(call.wrong_type(0)),
        };
        Ok(call.kernel(sums, result))
    };
    "arrayAvg", exact_case, "arrayAvg(array)", "The mean of the items; 0, if there are none.", [("arrayAvg([1, 2])", "1.5")], |call| {
        numbers(call)?;
        Ok(call.kernel(means, DataType::Float64))
    };
    "arrayMin", exact_case, "arrayMin(array)", "The smallest item; the type's default, if there are none.", [("arrayMin([3, 1, 2])", "1"), ("arrayMin(['b', 'a'])", "a")], |call| best(call, |input| first_by(input, false));
    "arrayMax", exact_case, "arrayMax(array)", "The largest item; the type's default, if there are none.", [("arrayMax([3, 1, 2])", "3")], |call| best(call, |input| first_by(input, true));
    "arrayUniq", exact_case, "arrayUniq(array)", "How many different items there are.", [("arrayUniq([1, 2, 2])", "2")], |call| {
        call.count(1..=1)?;
        call.item_type(0)?;
        Ok(call.kernel(uniq, DataType::UInt32))
    };
};

/// The type of the items, which must be numbers that are never NULL, as ClickHouse wants it.
fn numbers(call: &Call) -> Result<DataType, Mismatch> {
    call.count(1..=1)?;
    let item = call.item_type(0)?;
    if !item.is_numeric() || item.is_nullable() {
        return Err(call.wrong_type(0));
    }
    Ok(item.clone())
}

fn best(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    let item = call.item_type(0)?;
    if item.is_nullable() {
        return Err(call.wrong_type(0));
    }
    Ok(call.kernel(kernel, item.clone()))
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
            Arc::new(PrimitiveArray::<$kind>::from_iter_values(sums).with_data_type(arrow))
        }};
    }
    Ok(match arrow {
        Arrow::UInt64 => sum!(UInt64Type, u64::wrapping_add),
        Arrow::Int64 => sum!(Int64Type, i64::wrapping_add),
        Arrow::Float64 => sum!(Float64Type, |sum, value| sum + value),
        Arrow::Decimal128(..) => sum!(Decimal128Type, i128::wrapping_add),
        other => return not_impl_err!("arraySum of {other}"),
    })
}

fn means(input: &Input) -> EngineResult<ArrayRef> {
    let lists = input.lists(0)?;
    let values = compute::cast(lists.values(), &Arrow::Float64)?;
    let values = values.as_primitive::<Float64Type>().values();
    let means = (0..input.rows).map(|row| {
        let items = &values[lists.range(row)];
        items.iter().sum::<f64>() / items.len().max(1) as f64
    });
    Ok(Arc::new(Float64Array::from_iter_values(means)))
}

/// The item that comes first in order, or the default after all items.
fn first_by(input: &Input, descending: bool) -> EngineResult<ArrayRef> {
    let lists = input.lists(0)?;
    let rows = &comparable_rows(&[lists.values()], descending)?[0];
    let missing = lists.values().len() as u64;
    let values = compute::concat(&[lists.values().as_ref(), default_of(input.result)?.as_ref()])?;
    let places = (0..input.rows).map(|row| {
        let best = lists.range(row).min_by(|left, right| rows.row(*left).cmp(&rows.row(*right)));
        best.map_or(missing, |place| place as u64)
    });
    Ok(compute::take(&values, &UInt64Array::from_iter_values(places), None)?)
}

fn uniq(input: &Input) -> EngineResult<ArrayRef> {
    let lists = input.lists(0)?;
    let rows = &comparable_rows(&[lists.values()], false)?[0];
    input.numbers(|row| {
        let different: HashSet<&[u8]> = lists.range(row).map(|place| rows.row(place).data()).collect();
        Ok(different.len() as i64)
    })
}
