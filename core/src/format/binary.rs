//! Values as ClickHouse's binary formats have them: little-endian, texts and arrays behind their length.

use crate::value::{DataType, time_unit};
use arrow::array::*;
use arrow::datatypes::*;

/// Appends an unsigned number, seven bits a byte, the lowest first.
pub(super) fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn text(text: &[u8], out: &mut Vec<u8>) {
    varint(text.len() as u64, out);
    out.extend_from_slice(text);
}

/// One value; its place is not NULL, or what lies there is a default.
pub(super) fn plain(data_type: &DataType, array: &dyn Array, row: usize, out: &mut Vec<u8>) {
    macro_rules! number {
        ($arrow:ty) => {
            out.extend_from_slice(&array.as_primitive::<$arrow>().value(row).to_le_bytes())
        };
    }
    match data_type.bare() {
        // one digit, which says nothing
        DataType::Nothing => out.push(b'0'),
        DataType::Bool => out.push(u8::from(array.as_boolean().value(row))),
        DataType::UInt8 => number!(UInt8Type),
        DataType::UInt16 => number!(UInt16Type),
        DataType::UInt32 | DataType::IPv4 => number!(UInt32Type),
        DataType::UInt64 => number!(UInt64Type),
        DataType::Int8 | DataType::Enum8(_) => number!(Int8Type),
        DataType::Int16 | DataType::Enum16(_) => number!(Int16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::Int64 | DataType::Interval(_) => number!(Int64Type),
        DataType::Float32 => number!(Float32Type),
        DataType::Float64 => number!(Float64Type),
        DataType::Date32 => number!(Date32Type),
        DataType::Date => {
            out.extend_from_slice(&(array.as_primitive::<Date32Type>().value(row) as u16).to_le_bytes());
        }
        DataType::DateTime(_) => {
            out.extend_from_slice(&(array.as_primitive::<TimestampSecondType>().value(row) as u32).to_le_bytes());
        }
        DataType::DateTime64(digits, _) => out.extend_from_slice(&ticks(array, *digits, row).to_le_bytes()),
        DataType::Decimal { precision, .. } => decimal(array, *precision, row, out),
        DataType::UInt128 | DataType::Int128 | DataType::UInt256 | DataType::Int256 => {
            out.extend_from_slice(&wide(array, row)[..wide_bytes(data_type.bare())]);
        }
        DataType::FixedString(_) | DataType::IPv6 => out.extend_from_slice(array.as_fixed_size_binary().value(row)),
        // two halves, each with its lowest byte first
        DataType::Uuid => {
            let bytes = array.as_fixed_size_binary().value(row);
            out.extend(bytes[..8].iter().rev().chain(bytes[8..].iter().rev()));
        }
        DataType::String | DataType::Json | DataType::Dynamic => {
            text(array.as_string_view().value(row).as_bytes(), out)
        }
        DataType::AggregateFunction(_) => text(array.as_binary::<i32>().value(row), out),
        DataType::Array(item) => {
            let list = array.as_list::<i32>();
            let range = list.value_offsets()[row] as usize..list.value_offsets()[row + 1] as usize;
            varint(range.len() as u64, out);
            range.for_each(|index| value(item, list.values(), index, out));
        }
        DataType::Tuple(items) => {
            let columns = items.iter().zip(array.as_struct().columns());
            columns.for_each(|((_, item), column)| value(item, column, row, out));
        }
        DataType::Map(key, item) => {
            let map = array.as_map();
            let range = map.value_offsets()[row] as usize..map.value_offsets()[row + 1] as usize;
            varint(range.len() as u64, out);
            range.for_each(|index| {
                value(key, map.keys(), index, out);
                value(item, map.values(), index, out);
            });
        }
        DataType::Nullable(_) | DataType::LowCardinality(_) | DataType::SimpleAggregateFunction(..) => {
            unreachable!("bare types have none of these")
        }
    }
}

/// One value with, where the type is nullable, a byte before it that says whether it is NULL.
pub(super) fn value(data_type: &DataType, array: &dyn Array, row: usize, out: &mut Vec<u8>) {
    if data_type.is_nullable() {
        let is_null = *data_type.bare() == DataType::Nothing || array.is_null(row);
        out.push(u8::from(is_null));
        if is_null {
            return;
        }
    }
    plain(data_type, array, row, out);
}

/// Ticks of the type's own digits, which may be fewer than those of the unit that it is kept in.
fn ticks(array: &dyn Array, digits: u8, row: usize) -> i64 {
    let (ticks, kept) = match time_unit(digits) {
        TimeUnit::Second => (array.as_primitive::<TimestampSecondType>().value(row), 0),
        TimeUnit::Millisecond => (array.as_primitive::<TimestampMillisecondType>().value(row), 3),
        TimeUnit::Microsecond => (array.as_primitive::<TimestampMicrosecondType>().value(row), 6),
        TimeUnit::Nanosecond => (array.as_primitive::<TimestampNanosecondType>().value(row), 9),
    };
    ticks.div_euclid(10i64.pow(u32::from(kept - digits)))
}

/// The bytes of 128 or 256 bits, the lowest first.
pub(super) fn wide(array: &dyn Array, row: usize) -> [u8; 32] {
    let mut bytes = [0; 32];
    match array.as_any().downcast_ref::<Decimal128Array>() {
        Some(values) => bytes[..16].copy_from_slice(&values.value(row).to_le_bytes()),
        None => bytes = array.as_primitive::<Decimal256Type>().value(row).to_le_bytes(),
    }
    bytes
}

pub(super) fn wide_bytes(data_type: &DataType) -> usize {
    if matches!(data_type, DataType::UInt128 | DataType::Int128) { 16 } else { 32 }
}

fn decimal(array: &dyn Array, precision: u8, row: usize, out: &mut Vec<u8>) {
    let bytes = wide(array, row);
    let length = match precision {
        0..=9 => 4,
        10..=18 => 8,
        19..=38 => 16,
        _ => 32,
    };
    out.extend_from_slice(&bytes[..length]);
}
