//! `timeSlots`: the slots of half an hour, or of another size, that a span of time touches.

use crate::function::convert::{cast, from_ticks, ticks, unit_digits};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::Input;
use crate::function::typed::{Typed, literal};
use crate::limits::ARRAY_ITEMS_MAX;
use crate::value::DataType;
use arrow::array::{ArrayRef, Int64Array, ListArray};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use datafusion::common::{Result as EngineResult, exec_err};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "timeSlots", exact_case, "timeSlots(start, seconds[, size])", "The starts of all slots, of half an hour or of so many seconds, that a span of time touches.", [("timeSlots(toDateTime('2024-01-01 12:20:00'), toUInt32(600))", "['2024-01-01 12:00:00','2024-01-01 12:30:00']"), ("timeSlots(toDateTime('2024-01-01 12:20:00'), toUInt32(600), 299)", "['2024-01-01 12:15:31','2024-01-01 12:20:30','2024-01-01 12:25:29']")], bind;
};

fn bind(call: &Call) -> Result<Typed, Mismatch> {
    let count = call.count(2..=3)?;
    let result = call.bare(0).clone();
    let whole = |index: usize| {
        if !call.bare(index).is_numeric() {
            return Err(call.wrong_type(index));
        }
        cast(call.arguments[index].clone(), &DataType::Int64)
    };
    if !matches!(result, DataType::DateTime(_) | DataType::DateTime64(..)) {
        return Err(call.wrong_type(0));
    }
    let size = match count {
        3 => whole(2)?,
        _ => literal(ScalarValue::Int64(Some(1800)), DataType::Int64),
    };
    if size.integer().is_none_or(|size| size <= 0) {
        return Err(call.mismatch("needs a constant size of one second or more"));
    }
    Ok(call.kernel_on(slots, result.array(), vec![call.arguments[0].clone(), whole(1)?, size]))
}

fn slots(input: &Input) -> EngineResult<ArrayRef> {
    let (start, span, size) = (ticks(&input.expanded(0)?)?, input.integers(1)?, input.integers(2)?(0));
    let DataType::Array(item) = input.result else {
        return datafusion::common::internal_err!("timeSlots gives an array");
    };
    let per_second = 10i64.pow(unit_digits(item));
    let (mut values, mut offsets) = (Vec::new(), vec![0i32]);
    for row in 0..input.rows {
        if !input.is_null(row) {
            let first = start.value(row).div_euclid(per_second);
            let last = first.saturating_add(span(row)).div_euclid(size);
            let slots = first.div_euclid(size)..=last;
            if values.len() as i64 + (last - slots.start()) >= ARRAY_ITEMS_MAX as i64 {
                return exec_err!("timeSlots makes more than {ARRAY_ITEMS_MAX} items");
            }
            values.extend(slots.map(|slot| slot * size * per_second));
        }
        offsets.push(values.len() as i32);
    }
    let values = from_ticks(Int64Array::from(values), item)?;
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    Ok(Arc::new(ListArray::try_new(Arc::new(item.to_field("item")), offsets, values, None)?))
}
