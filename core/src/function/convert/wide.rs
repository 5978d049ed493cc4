//! Integers of 128 and 256 bits: any number as 256 bits in two's complement, and back.

use super::cast::{OnError, primitive};
use super::number::{bits, narrow};
use crate::function::fault::{Fault, fault};
use crate::value::DataType;
use arrow::array::*;
use arrow::compute;
use arrow::datatypes::DataType as Arrow;
use arrow::datatypes::*;
use datafusion::common::Result as EngineResult;
use std::io::Write;
use std::sync::Arc;

pub(crate) fn is_wide(data_type: &DataType) -> bool {
    data_type.integer_bits() > Some(64)
}

/// The unscaled values of integers and decimals; floats are cut to whole numbers.
pub(crate) fn wide(array: &ArrayRef) -> EngineResult<Decimal256Array> {
    Ok(match array.data_type() {
        Arrow::Decimal256(..) => primitive::<Decimal256Type>(array)?.clone(),
        Arrow::Decimal128(..) => primitive::<Decimal128Type>(array)?.unary(i256::from_i128),
        Arrow::UInt64 => primitive::<UInt64Type>(array)?.unary(|value| i256::from_i128(value.into())),
        Arrow::Float32 | Arrow::Float64 => {
            let floats = compute::cast(array, &Arrow::Float64)?;
            primitive::<Float64Type>(&floats)?.unary(from_float)
        }
        _ => bits(array)?.unary(|value| i256::from_i128(value.into())),
    })
}

/// Those of decimals to 38 digits and of all integers but the widest.
pub(crate) fn wide128(array: &ArrayRef) -> EngineResult<Decimal128Array> {
    Ok(match array.data_type() {
        Arrow::Decimal128(..) => primitive::<Decimal128Type>(array)?.clone(),
        Arrow::Decimal256(..) => primitive::<Decimal256Type>(array)?.unary(|value| value.as_i128()),
        Arrow::UInt64 => primitive::<UInt64Type>(array)?.unary(i128::from),
        _ => bits(array)?.unary(i128::from),
    })
}

/// The integer modulo the width of `to`.
pub(crate) fn cut(values: &Decimal256Array, to: &DataType) -> EngineResult<ArrayRef> {
    let typed = |array: Decimal256Array| Ok(Arc::new(array.with_data_type(Arrow::Decimal256(76, 0))) as ArrayRef);
    match to.bare() {
        DataType::Int128 => {
            let cut = values.unary::<_, Decimal128Type>(|value| value.as_i128());
            Ok(Arc::new(cut.with_data_type(Arrow::Decimal128(38, 0))))
        }
        DataType::UInt128 => typed(values.unary(|value| i256::from_parts(value.to_parts().0, 0))),
        DataType::Int256 | DataType::UInt256 => typed(values.clone()),
        _ => narrow(&values.unary(|value| value.as_i128() as i64), &to.to_arrow()),
    }
}

/// A whole number of any type as a wide integer.
pub(super) fn cast(array: &ArrayRef, to: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    if array.data_type().is_floating() && on_error == OnError::Fail {
        let floats = compute::cast(array, &Arrow::Float64)?;
        if primitive::<Float64Type>(&floats)?.iter().flatten().any(|value| !value.is_finite()) {
            return fault(Fault::CannotConvert, format!("cannot convert a float that is not finite to {to}"));
        }
    }
    cut(&wide(array)?, to)
}

pub(crate) fn from_float(value: f64) -> i256 {
    i256::from_f64(value.trunc()).unwrap_or(i256::ZERO)
}

pub(crate) fn to_float(value: i256) -> f64 {
    match value.to_i128() {
        Some(value) => value as f64,
        None => {
            let (low, high) = value.to_parts();
            high as f64 * 2f64.powi(128) + low as f64
        }
    }
}

/// What is the float of the unscaled value; a `UInt256` has no sign.
pub(crate) fn float_of(value: i256, from: &DataType) -> f64 {
    let float = to_float(value);
    if *from.bare() == DataType::UInt256 && float < 0.0 { float + 2f64.powi(256) } else { float }
}

pub(super) fn from_strings(strings: &StringViewArray, to: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    let mut out = Decimal256Builder::with_capacity(strings.len());
    for text in strings {
        let Some(text) = text else {
            out.append_null();
            continue;
        };
        match (parse(text, to, on_error != OnError::Fail), on_error) {
            (Some(value), _) => out.append_value(value),
            (None, OnError::Null) => out.append_null(),
            (None, OnError::Default) => out.append_value(i256::ZERO),
            (None, OnError::Fail) => return Err(super::number::failure(text, to)),
        }
    }
    cut(&out.finish(), to)
}

/// Digits modulo 2^256; `checked`, only what the type holds.
fn parse(text: &str, to: &DataType, checked: bool) -> Option<i256> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] if to.is_signed_integer() => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || digits.len() > 100 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let ten = i256::from_i128(10);
    let magnitude = digits
        .iter()
        .fold(i256::ZERO, |value, digit| value.wrapping_mul(ten).wrapping_add(i256::from_i128((digit - b'0').into())));
    let value = if negative { magnitude.wrapping_neg() } else { magnitude };
    let held = match to {
        DataType::Int128 => value.to_i128().is_some(),
        DataType::UInt128 => value.to_parts().1 == 0,
        DataType::Int256 => negative == value.is_negative() || value == i256::ZERO,
        _ => true,
    } && digits.len() <= 78;
    (held || !checked).then_some(value)
}

pub(crate) fn write(out: &mut Vec<u8>, value: i256, signed: bool) {
    if signed || !value.is_negative() {
        let _ = write!(out, "{value}");
        return;
    }
    // half of it has no sign bit
    let (low, high) = value.to_parts();
    let half = i256::from_parts(low >> 1 | (high as u128) << 127, ((high as u128) >> 1) as i128);
    let tenth = half.wrapping_div(i256::from_i128(5));
    let rest = value.wrapping_sub(tenth.wrapping_mul(i256::from_i128(10)));
    let _ = write!(out, "{tenth}{}", rest.as_i128());
}
