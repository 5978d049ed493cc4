//! One number for each row of some columns: what `uniq` and `uniqExact` count.

use super::city;
use crate::value::DataType;
use arrow::array::*;
use arrow::datatypes::*;
use datafusion::common::{Result as EngineResult, not_impl_err};

/// ClickHouse's key of a row for `uniq`: numbers are themselves, text is hashed, several columns are combined.
pub(crate) fn uniq_keys(columns: &[ArrayRef], types: &[DataType]) -> EngineResult<Vec<u64>> {
    if let ([column], [data_type]) = (columns, types) {
        if let Some(numbers) = numbers(column, data_type) {
            return Ok(numbers);
        }
        return hashes(column, data_type);
    }
    let mut combined: Option<Vec<u64>> = None;
    for (column, data_type) in columns.iter().zip(types) {
        let hashed = hashes(column, data_type)?;
        combined = Some(match combined {
            None => hashed,
            Some(combined) => combined.iter().zip(hashed).map(|(left, right)| city::combine(right, *left)).collect(),
        });
    }
    Ok(combined.unwrap_or_default())
}

/// A key of 128 bits that no two different rows share: the number itself, or two hashes.
pub(crate) fn exact_keys(columns: &[ArrayRef], types: &[DataType]) -> EngineResult<Vec<u128>> {
    if let ([column], [data_type]) = (columns, types)
        && let Some(numbers) = numbers(column, data_type)
    {
        return Ok(numbers.into_iter().map(u128::from).collect());
    }
    let rows = columns.first().map_or(0, |column| column.len());
    let mut keys = vec![0u128; rows];
    for (column, data_type) in columns.iter().zip(types) {
        let low = hashes(column, data_type)?;
        let high = salted(column, data_type)?;
        for (row, key) in keys.iter_mut().enumerate() {
            let valid = u64::from(column.is_valid(row));
            let old = (*key as u64, (*key >> 64) as u64);
            let new_low = city::combine(low[row].wrapping_mul(valid), old.0.wrapping_add(valid));
            let new_high = city::combine(high[row].wrapping_mul(valid), old.1.wrapping_add(valid).wrapping_add(2));
            *key = u128::from(new_low) | u128::from(new_high) << 64;
        }
    }
    Ok(keys)
}

/// The bits of numbers of up to 64 bits, as ClickHouse stores them: days in 16 bits, seconds in 32.
fn numbers(column: &ArrayRef, data_type: &DataType) -> Option<Vec<u64>> {
    macro_rules! bits {
        ($kind:ty, $bits:expr) => {
            column.as_primitive_opt::<$kind>()?.values().iter().map($bits).collect()
        };
    }
    use arrow::datatypes::DataType as Arrow;
    Some(match column.data_type() {
        Arrow::Boolean => column.as_boolean().values().iter().map(u64::from).collect(),
        Arrow::Int8 => bits!(Int8Type, |value| i64::from(*value) as u64),
        Arrow::Int16 => bits!(Int16Type, |value| i64::from(*value) as u64),
        Arrow::Int32 => bits!(Int32Type, |value| i64::from(*value) as u64),
        Arrow::Int64 => bits!(Int64Type, |value| *value as u64),
        Arrow::UInt8 => bits!(UInt8Type, |value| u64::from(*value)),
        Arrow::UInt16 => bits!(UInt16Type, |value| u64::from(*value)),
        Arrow::UInt32 => bits!(UInt32Type, |value| u64::from(*value)),
        Arrow::UInt64 => bits!(UInt64Type, |value| *value),
        Arrow::Float32 => bits!(Float32Type, |value| u64::from(value.to_bits())),
        Arrow::Float64 => bits!(Float64Type, |value| value.to_bits()),
        Arrow::Date32 if *data_type.bare() == DataType::Date => bits!(Date32Type, |value| u64::from(*value as u16)),
        Arrow::Date32 => bits!(Date32Type, |value| i64::from(*value) as u64),
        Arrow::Timestamp(..) => {
            let ticks = crate::function::convert::ticks(column).ok()?;
            ticks.values().iter().map(|value| *value as u64).collect()
        }
        _ => return None,
    })
}

/// The numbers of a column and how many of their bytes ClickHouse has in memory.
pub(super) fn little_endian(column: &ArrayRef, data_type: &DataType) -> Option<(Vec<u64>, usize)> {
    Some((numbers(column, data_type)?, width(data_type)))
}

/// Bytes that ClickHouse has in memory for a number of this type.
fn width(data_type: &DataType) -> usize {
    match data_type.bare() {
        DataType::Date => 2,
        DataType::DateTime(_) | DataType::Date32 | DataType::Float32 => 4,
        DataType::Enum8(_) => 1,
        DataType::Enum16(_) => 2,
        DataType::IPv4 => 4,
        other => other.integer_bits().map_or(8, |bits| bits as usize / 8),
    }
}

fn hashes(column: &ArrayRef, data_type: &DataType) -> EngineResult<Vec<u64>> {
    each_bytes(column, data_type, city::hash)
}

fn salted(column: &ArrayRef, data_type: &DataType) -> EngineResult<Vec<u64>> {
    let mut buffer = Vec::new();
    let mut hash = |bytes: &[u8]| {
        buffer.clear();
        buffer.extend_from_slice(b"sanderling");
        buffer.extend_from_slice(bytes);
        buffer.extend_from_slice(b"exact");
        city::hash(&buffer)
    };
    each_bytes(column, data_type, &mut hash)
}

fn each_bytes(column: &ArrayRef, data_type: &DataType, mut hash: impl FnMut(&[u8]) -> u64) -> EngineResult<Vec<u64>> {
    if let Some(numbers) = numbers(column, data_type) {
        let width = width(data_type);
        return Ok(numbers.into_iter().map(|number| hash(&number.to_le_bytes()[..width])).collect());
    }
    if let Some(strings) = column.as_string_view_opt() {
        return Ok((0..strings.len()).map(|row| hash(strings.value(row).as_bytes())).collect());
    }
    if let Some(bytes) = column.as_fixed_size_binary_opt() {
        return Ok((0..bytes.len()).map(|row| hash(bytes.value(row))).collect());
    }
    match data_type.bare() {
        DataType::Array(_) | DataType::Tuple(_) | DataType::Map(..) | DataType::Decimal { .. } => {
            let text = crate::function::convert::cast_array(
                column,
                data_type,
                &DataType::String,
                crate::function::convert::OnError::Fail,
            )?;
            each_bytes(&text, &DataType::String, hash)
        }
        other => not_impl_err!("hashing {other}"),
    }
}
