//! Values of up to 64 bits as numbers that sort as they do.

use crate::function::convert::{bits, from_ticks, narrow, ticks};
use crate::value::DataType;
use arrow::array::*;
use arrow::compute;
use arrow::datatypes::DataType as Arrow;
use arrow::datatypes::{Decimal128Type, Float64Type};
use datafusion::common::Result as EngineResult;
use std::sync::Arc;

const SIGN: u64 = 1 << 63;

/// Whether values of the type have keys.
pub(crate) fn has_keys(data_type: &DataType) -> bool {
    let bare = data_type.bare();
    bare.is_float()
        || bare.is_date_or_time()
        || bare.is_integer() && bare.integer_bits() <= Some(64)
        || matches!(bare, DataType::Enum8(_) | DataType::Enum16(_) | DataType::IPv4)
        || is_small_decimal(bare)
}

/// A decimal without its point fits 64 bits.
fn is_small_decimal(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Decimal { precision, .. } if *precision <= 18)
}

fn is_unsigned(data_type: &DataType) -> bool {
    data_type.is_unsigned_integer() || *data_type.bare() == DataType::IPv4
}

pub(crate) fn keys(column: &ArrayRef, data_type: &DataType) -> EngineResult<Vec<u64>> {
    if data_type.is_float() {
        let floats = compute::cast(column, &Arrow::Float64)?;
        return Ok(floats.as_primitive::<Float64Type>().values().iter().map(|value| float_key(*value)).collect());
    }
    if let Some(decimals) = column.as_primitive_opt::<Decimal128Type>() {
        return Ok(decimals.values().iter().map(|value| *value as i64 as u64 ^ SIGN).collect());
    }
    let values = if data_type.is_date_or_time() { ticks(column)? } else { bits(column)? };
    let flip = if is_unsigned(data_type) { 0 } else { SIGN };
    Ok(values.values().iter().map(|value| *value as u64 ^ flip).collect())
}

pub(crate) fn from_keys(keys: impl Iterator<Item = u64>, data_type: &DataType) -> EngineResult<ArrayRef> {
    let bare = data_type.bare();
    if bare.is_float() {
        let floats: ArrayRef = Arc::new(Float64Array::from_iter_values(keys.map(float_of)));
        return Ok(compute::cast(&floats, &bare.to_arrow())?);
    }
    if is_small_decimal(bare) {
        let decimals = Decimal128Array::from_iter_values(keys.map(|key| i128::from((key ^ SIGN) as i64)));
        return Ok(Arc::new(decimals.with_data_type(bare.to_arrow())));
    }
    let flip = if is_unsigned(bare) { 0 } else { SIGN };
    let numbers = Int64Array::from_iter_values(keys.map(|key| (key ^ flip) as i64));
    if bare.is_date_or_time() {
        return from_ticks(numbers, bare);
    }
    if *bare == DataType::Bool {
        return Ok(compute::cast(&numbers, &Arrow::Boolean)?);
    }
    narrow(&numbers, &bare.to_arrow())
}

/// The key of zero, the epoch, false.
pub(crate) fn zero_key(data_type: &DataType) -> u64 {
    if is_unsigned(data_type) { 0 } else { SIGN }
}

/// NaN has the largest key, whatever its sign.
#[inline]
pub(crate) fn float_key(value: f64) -> u64 {
    if value.is_nan() {
        return u64::MAX;
    }
    // -0.0 equals 0.0
    let bits = (value + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

#[inline]
pub(crate) fn float_of(key: u64) -> f64 {
    f64::from_bits(if key & SIGN == 0 { !key } else { key & !SIGN })
}

/// The key of a value from its bytes (`cell`).
pub(crate) fn key_of(bytes: &[u8], data_type: &DataType) -> u64 {
    if data_type.is_float() {
        return float_key(super::cell::float(bytes));
    }
    let width = bytes.len().min(8);
    let unsigned = is_unsigned(data_type);
    let is_negative = !unsigned && bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut all = [if is_negative { 0xff } else { 0 }; 8];
    all[..width].copy_from_slice(&bytes[..width]);
    u64::from_le_bytes(all) ^ if unsigned { 0 } else { SIGN }
}

/// The bytes (`cell`) of the value that has this key.
pub(crate) fn put_key(key: u64, data_type: &DataType, out: &mut Vec<u8>) {
    match data_type.bare() {
        DataType::Float32 => out.extend_from_slice(&(float_of(key) as f32).to_le_bytes()),
        DataType::Float64 => out.extend_from_slice(&float_of(key).to_le_bytes()),
        bare => {
            let value = key ^ if is_unsigned(bare) { 0 } else { SIGN };
            let width = if *bare == DataType::Bool { 1 } else { bare.to_arrow().primitive_width().unwrap_or(8) };
            // decimals are wider than their values
            let wide = i128::from(value as i64).to_le_bytes();
            out.extend_from_slice(&wide[..width.min(16)]);
        }
    }
}
