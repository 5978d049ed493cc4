//! Decimals ↔ numbers, text and each other. Digits that a type lacks are cut; numbers that it does not hold
//! are an error, or what `on_error` says.

use super::cast::{OnError, primitive};
use super::wide::{cut, float_of, from_float, wide};
use crate::function::fault::{Fault, fault};
use crate::value::DataType;
use arrow::array::*;
use arrow::compute;
use arrow::datatypes::DataType as Arrow;
use arrow::datatypes::*;
use datafusion::common::{Result as EngineResult, exec_err};
use std::sync::Arc;

pub(crate) fn power_of_ten(digits: u32) -> i256 {
    i256::from_i128(10).wrapping_pow(digits)
}

/// What the integer behind a decimal of so many digits holds.
pub(crate) fn holds(value: i256, precision: u8) -> bool {
    match precision {
        0..=9 => value.to_i128().is_some_and(|value| i32::try_from(value).is_ok()),
        10..=18 => value.to_i128().is_some_and(|value| i64::try_from(value).is_ok()),
        19..=38 => value.to_i128().is_some(),
        _ => true,
    }
}

/// Unscaled values as the decimal type; each was checked by [`holds`].
pub(crate) fn finish(values: Decimal256Array, to: &DataType) -> EngineResult<ArrayRef> {
    let arrow = to.to_arrow();
    Ok(match arrow {
        Arrow::Decimal128(..) => {
            Arc::new(values.unary::<_, Decimal128Type>(|value| value.as_i128()).with_data_type(arrow))
        }
        arrow => Arc::new(values.with_data_type(arrow)),
    })
}

fn scale_of(data_type: &DataType) -> u32 {
    if let DataType::Decimal { scale, .. } = data_type { u32::from(*scale) } else { 0 }
}

pub(super) fn cast(array: &ArrayRef, from: &DataType, to: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    let DataType::Decimal { precision, scale } = *to else { return from_decimal(array, from, to, on_error) };
    if from.is_float() {
        let floats = compute::cast(array, &Arrow::Float64)?;
        let floats = primitive::<Float64Type>(&floats)?;
        // the product is of the float's own width
        let factor = 10f64.powi(scale.into());
        let is_narrow = *from == DataType::Float32;
        let unscaled = |value: f64| {
            let product = if is_narrow { f64::from((value as f32) * (factor as f32)) } else { value * factor };
            // 2^255 is beyond what any decimal holds
            (product.abs() < 2f64.powi(255)).then(|| from_float(product)).filter(|value| holds(*value, precision))
        };
        return rows(floats.len(), floats.nulls(), to, on_error, |row| unscaled(floats.value(row)));
    }
    let whole: ArrayRef = if *from == DataType::Bool { compute::cast(array, &Arrow::UInt8)? } else { array.clone() };
    let values = wide(&whole)?;
    let (from_scale, to_scale) = (scale_of(from), u32::from(scale));
    let (up, down) =
        (power_of_ten(to_scale.saturating_sub(from_scale)), power_of_ten(from_scale.saturating_sub(to_scale)));
    let is_down = from_scale > to_scale;
    rows(values.len(), values.nulls(), to, on_error, |row| {
        let value = values.value(row);
        let value = if is_down { value.wrapping_div(down) } else { value.checked_mul(up)? };
        holds(value, precision).then_some(value)
    })
}

/// One unscaled value for each row.
fn rows(
    count: usize,
    nulls: Option<&arrow::buffer::NullBuffer>,
    to: &DataType,
    on_error: OnError,
    value: impl Fn(usize) -> Option<i256>,
) -> EngineResult<ArrayRef> {
    let mut out = Decimal256Builder::with_capacity(count);
    for row in 0..count {
        if nulls.is_some_and(|nulls| nulls.is_null(row)) {
            out.append_null();
            continue;
        }
        match (value(row), on_error) {
            (Some(value), _) => out.append_value(value),
            (None, OnError::Null) => out.append_null(),
            (None, OnError::Default) => out.append_value(i256::ZERO),
            (None, OnError::Fail) => {
                return fault(Fault::DecimalOverflow, format!("decimal overflow: a value is out of the range of {to}"));
            }
        }
    }
    finish(out.finish(), to)
}

fn from_decimal(array: &ArrayRef, from: &DataType, to: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    let values = wide(array)?;
    let scale = scale_of(from);
    let one = power_of_ten(scale);
    if to.is_float() {
        let divisor = 10f64.powi(scale as i32);
        let floats = values.unary::<_, Float64Type>(|value| float_of(value, from) / divisor);
        return Ok(compute::cast(&floats, &to.to_arrow())?);
    }
    if *to == DataType::Bool {
        let flags = values.unary::<_, UInt8Type>(|value| u8::from(value != i256::ZERO));
        return Ok(compute::cast(&flags, &Arrow::Boolean)?);
    }
    let whole = values.unary::<_, Decimal256Type>(|value| value.wrapping_div(one));
    let width = to.integer_bits().unwrap_or(64);
    let fits = |value: i256| match (to.is_signed_integer(), width) {
        (true, 256..) => true,
        (true, width) => {
            let most = i256::from_i128(2).wrapping_pow(width - 1);
            value < most && value >= most.wrapping_neg()
        }
        (false, 255..) => !value.is_negative(),
        (false, width) => !value.is_negative() && value < i256::from_i128(2).wrapping_pow(width),
    };
    if whole.iter().flatten().all(fits) {
        return cut(&whole, to);
    }
    match on_error {
        OnError::Fail => {
            fault(Fault::DecimalOverflow, format!("decimal overflow: a value is out of the range of {to}"))
        }
        OnError::Null => {
            let kept: Decimal256Array = whole.iter().map(|value| value.filter(|value| fits(*value))).collect();
            cut(&kept, to)
        }
        OnError::Default => cut(&whole.unary(|value| if fits(value) { value } else { i256::ZERO }), to),
    }
}

pub(super) fn from_strings(strings: &StringViewArray, to: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    let DataType::Decimal { precision, scale } = *to else {
        return exec_err!("{to} is no decimal");
    };
    let mut out = Decimal256Builder::with_capacity(strings.len());
    for text in strings {
        let Some(text) = text else {
            out.append_null();
            continue;
        };
        match (parse(text, precision.into(), scale.into()), on_error) {
            (Some(value), _) => out.append_value(value),
            (None, OnError::Null) => out.append_null(),
            (None, OnError::Default) => out.append_value(i256::ZERO),
            (None, OnError::Fail) => return Err(failure(text, to)),
        }
    }
    finish(out.finish(), to)
}

fn failure(text: &str, to: &DataType) -> datafusion::error::DataFusionError {
    let is_number = parse(text, i64::MAX / 2, 0).is_some();
    let kind = match text {
        "" => Fault::TextIsTooShort,
        _ if is_number => Fault::OutOfBound,
        _ => Fault::CannotParseText,
    };
    kind.error(format!("cannot parse {text:?} as {to}"))
}

/// `[-+]digits[.digits][e[-+]digits]` with at most so many digits before the point.
pub(crate) fn parse(text: &str, precision: i64, scale: i64) -> Option<i256> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (number, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i64>().ok().filter(|one| one.abs() < 1000)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = i256::ZERO;
    // the power of ten of the digit that is read next, the lowest digit kept being zero
    let mut place = whole.len() as i64 - 1 + exponent + scale;
    for digit in whole.bytes().chain(fraction.bytes()) {
        if !digit.is_ascii_digit() {
            return None;
        }
        if digit != b'0' && place >= precision {
            return None;
        }
        if digit != b'0' && place >= 0 {
            let digit = i256::from_i128((digit - b'0').into());
            value = value.wrapping_add(digit.wrapping_mul(power_of_ten(place as u32)));
        }
        place -= 1;
    }
    Some(if text.starts_with('-') { value.wrapping_neg() } else { value })
}
