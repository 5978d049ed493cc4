//! Decimals in arithmetic. To 38 digits they are 128 bits, above 256; what a type's own width does not hold is
//! an error.

use crate::function::convert::{decimal_holds, finish_decimal, power_of_ten, wide, wide128};
use crate::function::definition::{Call, Mismatch};
use crate::function::fault::{Fault, fault};
use crate::function::scalar::Input;
use crate::value::DataType;
use arrow::array::*;
use arrow::datatypes::i256;
use datafusion::common::{Result as EngineResult, exec_err};
use std::sync::Arc;

pub(super) fn scale(data_type: &DataType) -> u8 {
    if let DataType::Decimal { scale, .. } = data_type { *scale } else { 0 }
}

/// Bits of the integer behind so many digits.
pub(super) fn width(precision: u8) -> u32 {
    match precision {
        0..=9 => 32,
        10..=18 => 64,
        19..=38 => 128,
        _ => 256,
    }
}

/// The type of a sum, if either is a decimal: the wider of two; of a decimal and an integer, the decimal's.
pub(super) fn result(left: &DataType, right: &DataType) -> Option<DataType> {
    match (left, right) {
        (DataType::Decimal { precision: left, scale }, DataType::Decimal { precision: right, scale: other }) => {
            let precision = [9, 18, 38, 76].into_iter().find(|most| left.max(right) <= most).unwrap_or(76);
            Some(DataType::Decimal { precision, scale: *scale.max(other) })
        }
        (decimal @ DataType::Decimal { .. }, _) | (_, decimal @ DataType::Decimal { .. }) => Some(decimal.clone()),
        _ => None,
    }
}

/// The type of a quotient: the scale is the dividend's.
pub(super) fn divided(call: &Call, left: &DataType, right: &DataType) -> Result<DataType, Mismatch> {
    let both = matches!((left, right), (DataType::Decimal { .. }, DataType::Decimal { .. }));
    match result(left, right) {
        Some(DataType::Decimal { precision, .. }) if both => {
            let (own, other) = (scale(left), scale(right));
            if own < other {
                return Err(call.mismatch(format_args!("cannot divide {left} by {right}, whose scale is larger")));
            }
            Ok(DataType::Decimal { precision, scale: own })
        }
        Some(result) => Ok(result),
        None => Err(call.mismatch("needs a decimal")),
    }
}

/// One result for each row: `narrow` on 128 bits, or `wide` on 256, with each side raised to a scale.
fn each(
    input: &Input,
    raise: [u8; 2],
    narrow: fn(i128, i128) -> Option<i128>,
    wides: fn(i256, i256) -> Option<i256>,
) -> EngineResult<ArrayRef> {
    let DataType::Decimal { precision, .. } = *input.result else {
        return exec_err!("the result is no decimal");
    };
    let divides = narrow(1, 0).is_none();
    let overflow =
        || fault(Fault::DecimalOverflow, format!("decimal overflow: a value is out of the range of {}", input.result));
    if precision > 38 {
        let (left, right) = (wide(&input.expanded(0)?)?, wide(&input.expanded(1)?)?);
        let factors = raise.map(|digits| power_of_ten(digits.into()));
        let mut out = Vec::with_capacity(input.rows);
        for row in 0..input.rows {
            let raised = left.value(row).checked_mul(factors[0]).zip(right.value(row).checked_mul(factors[1]));
            match raised.and_then(|(left, right)| wides(left, right)) {
                Some(value) => out.push(value),
                None if input.is_null(row) => out.push(i256::ZERO),
                None if divides && right.value(row) == i256::ZERO => return fault(Fault::Division, "division by zero"),
                None => return overflow(),
            }
        }
        return finish_decimal(Decimal256Array::new(out.into(), None), input.result);
    }
    let (left, right) = (wide128(&input.expanded(0)?)?, wide128(&input.expanded(1)?)?);
    let factors = raise.map(|digits| 10i128.pow(digits.min(38).into()));
    let mut out = Vec::with_capacity(input.rows);
    for row in 0..input.rows {
        let raised = left.value(row).checked_mul(factors[0]).zip(right.value(row).checked_mul(factors[1]));
        let value = raised.and_then(|(left, right)| narrow(left, right));
        match value.filter(|value| precision > 18 || decimal_holds(i256::from_i128(*value), precision)) {
            Some(value) => out.push(value),
            None if input.is_null(row) => out.push(0),
            None if divides && right.value(row) == 0 => return fault(Fault::Division, "division by zero"),
            None => return overflow(),
        }
    }
    let out = Decimal128Array::new(out.into(), None);
    Ok(Arc::new(out.with_data_type(input.result.to_arrow())))
}

/// By how many digits each side is short of the result's scale.
fn same_scale(input: &Input) -> [u8; 2] {
    let most = scale(input.result);
    [0, 1].map(|index: usize| most.saturating_sub(scale(input.types[index].bare())))
}

pub(super) fn add(input: &Input) -> EngineResult<ArrayRef> {
    each(input, same_scale(input), i128::checked_add, i256::checked_add)
}

pub(super) fn subtract(input: &Input) -> EngineResult<ArrayRef> {
    each(input, same_scale(input), i128::checked_sub, i256::checked_sub)
}

pub(super) fn multiply(input: &Input) -> EngineResult<ArrayRef> {
    each(input, [0, 0], i128::checked_mul, i256::checked_mul)
}

pub(super) fn divide(input: &Input) -> EngineResult<ArrayRef> {
    // the dividend is raised by what division takes off, and to the result's scale
    let raise = scale(input.types[1].bare()) + scale(input.result) - scale(input.types[0].bare());
    each(input, [raise, 0], i128::checked_div, |left, right| left.checked_div(right))
}
