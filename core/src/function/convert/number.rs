//! Numbers ↔ numbers and text → numbers.
//!
//! Any integer is first 64 bits, then cut: ClickHouse's integers wrap, and this keeps one loop per type
//! instead of one per pair of types.

use super::cast::{OnError, parse_rows, primitive};
use crate::function::fault::{Fault, fault};
use crate::value::DataType;
use arrow::array::*;
use arrow::compute;
use arrow::datatypes::*;
use datafusion::common::{Result as EngineResult, exec_err};
use std::sync::Arc;

use arrow::datatypes::DataType as Arrow;

/// Integers, floats, `Bool`, enums and intervals as such.
pub(super) fn cast(array: &ArrayRef, to: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    if *to == DataType::Bool {
        let zero = datafusion::scalar::ScalarValue::new_zero(array.data_type())?.to_scalar()?;
        return Ok(Arc::new(compute::kernels::cmp::neq(array, &zero)?));
    }
    match to.to_arrow() {
        arrow @ (Arrow::Float32 | Arrow::Float64) => Ok(compute::cast(array, &arrow)?),
        arrow if array.data_type().is_floating() => {
            let floats = compute::cast(array, &Arrow::Float64)?;
            let floats = primitive::<Float64Type>(&floats)?;
            if on_error == OnError::Fail && floats.iter().flatten().any(|value| !value.is_finite()) {
                return fault(Fault::CannotConvert, format!("cannot convert a float that is not finite to {to}"));
            }
            narrow(&floats.unary(float_bits), &arrow)
        }
        arrow => narrow(&bits(array)?, &arrow),
    }
}

/// The value modulo 2^64.
pub(crate) fn bits(array: &ArrayRef) -> EngineResult<Int64Array> {
    Ok(match array.data_type() {
        Arrow::Int64 => array.as_primitive::<Int64Type>().clone(),
        Arrow::UInt64 => primitive::<UInt64Type>(array)?.unary(|value| value as i64),
        Arrow::Float32 | Arrow::Float64 => {
            let floats = compute::cast(array, &Arrow::Float64)?;
            primitive::<Float64Type>(&floats)?.unary(float_bits)
        }
        _ => primitive::<Int64Type>(&compute::cast(array, &Arrow::Int64)?)?.clone(),
    })
}

fn float_bits(value: f64) -> i64 {
    // out of both ranges, what the machine's instruction gives
    match value {
        _ if !(-9_223_372_036_854_775_808.0..18_446_744_073_709_551_616.0).contains(&value) => i64::MIN,
        _ if value >= 9_223_372_036_854_775_808.0 => value as u64 as i64,
        _ => value as i64,
    }
}

/// Cuts to the width of `to`.
pub(crate) fn narrow(values: &Int64Array, to: &Arrow) -> EngineResult<ArrayRef> {
    Ok(match to {
        Arrow::Int8 => Arc::new(values.unary::<_, Int8Type>(|value| value as i8)),
        Arrow::Int16 => Arc::new(values.unary::<_, Int16Type>(|value| value as i16)),
        Arrow::Int32 => Arc::new(values.unary::<_, Int32Type>(|value| value as i32)),
        Arrow::Int64 => Arc::new(values.clone()),
        Arrow::UInt8 => Arc::new(values.unary::<_, UInt8Type>(|value| value as u8)),
        Arrow::UInt16 => Arc::new(values.unary::<_, UInt16Type>(|value| value as u16)),
        Arrow::UInt32 => Arc::new(values.unary::<_, UInt32Type>(|value| value as u32)),
        Arrow::UInt64 => Arc::new(values.unary::<_, UInt64Type>(|value| value as u64)),
        other => return exec_err!("cannot cut an integer to {other}"),
    })
}

pub(super) fn from_strings(strings: &StringViewArray, to: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    let failure = |text: &str| failure(text, to);
    match to {
        DataType::Bool => {
            let parsed = parse_rows::<UInt8Type>(strings, &DataType::UInt8, on_error, parse_bool, failure)?;
            Ok(compute::cast(&parsed, &Arrow::Boolean)?)
        }
        DataType::Float32 => {
            parse_rows::<Float32Type>(strings, to, on_error, |text| parse_float(text)?.parse().ok(), failure)
        }
        DataType::Float64 => {
            parse_rows::<Float64Type>(strings, to, on_error, |text| parse_float(text)?.parse().ok(), failure)
        }
        _ => {
            let signed = to.is_signed_integer();
            let checked = on_error != OnError::Fail;
            let width = to.integer_bits().unwrap_or(64);
            let parse = |text: &str| parse_integer(text, signed, checked.then_some(width));
            let wide = parse_rows::<Int64Type>(strings, &DataType::Int64, on_error, parse, failure)?;
            narrow(wide.as_primitive(), &to.to_arrow())
        }
    }
}

/// An integer modulo 2^64; with `fits`, only if it is a value of so many bits.
fn parse_integer(text: &str, signed: bool, fits: Option<u32>) -> Option<i64> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] if signed => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let magnitude =
        digits.iter().fold(0u128, |value, digit| value.wrapping_mul(10).wrapping_add(u128::from(digit - b'0')));
    if let Some(bits) = fits {
        let most = match (signed, negative) {
            (false, _) => (1u128 << bits) - 1,
            (true, false) => (1u128 << (bits - 1)) - 1,
            (true, true) => 1u128 << (bits - 1),
        };
        if magnitude > most || digits.len() > 20 {
            return None;
        }
    }
    let value = magnitude as i64;
    Some(if negative { value.wrapping_neg() } else { value })
}

/// The text, if Rust reads it as ClickHouse does.
fn parse_float(text: &str) -> Option<&str> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let is_word = ["inf", "infinity", "nan"].iter().any(|word| unsigned.eq_ignore_ascii_case(word));
    (is_number || is_word).then_some(text)
}

fn parse_bool(text: &str) -> Option<u8> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "on" | "enable" | "enabled" | "1" => Some(1),
        "false" | "f" | "no" | "n" | "off" | "disable" | "disabled" | "0" => Some(0),
        _ => None,
    }
}

pub(super) fn failure(text: &str, to: &DataType) -> datafusion::error::DataFusionError {
    let begins = text.trim_start_matches(['-', '+']).starts_with(|c: char| c.is_ascii_digit());
    let (kind, message) = match to {
        DataType::Bool => (Fault::CannotParseBool, format!("cannot parse boolean value {text:?}")),
        _ if to.is_float() && !begins => {
            (Fault::CannotParseNumber, format!("cannot read floating point value {text:?}"))
        }
        _ if text.is_empty() => {
            let message =
                format!("attempt to read after eof: cannot parse {to} from String, because value is too short");
            (Fault::TextIsTooShort, message)
        }
        _ if to.is_unsigned_integer() && text.starts_with('-') => (
            Fault::CannotParseNumber,
            format!("unsigned type must not contain '-' symbol: cannot parse {to} from String"),
        ),
        _ => {
            let end = text.bytes().position(|c| !c.is_ascii_digit()).unwrap_or(text.len());
            let place = match end {
                0 => "syntax error at begin of string".to_owned(),
                _ => format!("syntax error at position {end} (parsed just '{}')", &text[..end]),
            };
            let message = format!(
                "cannot parse string '{text}' as {to}: {place}; there are to{to}OrZero and to{to}OrNull functions"
            );
            (Fault::CannotParseText, message)
        }
    };
    kind.error(message)
}
