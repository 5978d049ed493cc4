//! `reinterpretAsUInt32` … and `reinterpret`: the bytes of a value as another type, the lowest first. Text that
//! is not UTF-8 cannot be had: bytes that make none are replaced.

use super::cast::primitive;
use super::wide::{cut, is_wide, wide};
use crate::function::definition::{Call, Function, Mismatch};
use crate::function::scalar::Input;
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use arrow::compute;
use arrow::datatypes::DataType as Arrow;
use arrow::datatypes::*;
use datafusion::common::{Result as EngineResult, exec_err};
use std::sync::Arc;

macro_rules! reinterpreters {
    ($($type:literal, $summary:literal, $example:expr;)*) => {
        &[REINTERPRET, $(Function {
            name: concat!("reinterpretAs", $type),
            syntax: concat!("reinterpretAs", $type, "(x)"),
            summary: $summary,
            examples: &[$example],
            bind: |call| {
                call.count(1..=1)?;
                let to = match $type {
                    "FixedString" => {
                        let width = width(call.bare(0)).ok_or_else(|| call.wrong_type(0))?;
                        DataType::FixedString(width as u32)
                    }
                    other => DataType::parse(other).map_err(|error| call.mismatch(error))?,
                };
                reinterpret(call, to)
            },
            ..Function::DEFAULT
        }),*]
    };
}

pub(super) const FUNCTIONS: &[Function] = reinterpreters! {
    "UInt8", "The value's first byte as UInt8.", ("reinterpretAsUInt8('A')", "65");
    "UInt16", "The value's first bytes as UInt16.", ("reinterpretAsUInt16('AB')", "16961");
    "UInt32", "The value's first bytes as UInt32.", ("reinterpretAsUInt32('ABCD')", "1145258561");
    "UInt64", "The value's first bytes as UInt64.", ("reinterpretAsUInt64('AB')", "16961");
    "UInt128", "The value's first bytes as UInt128.", ("reinterpretAsUInt128('AB')", "16961");
    "UInt256", "The value's first bytes as UInt256.", ("reinterpretAsUInt256('AB')", "16961");
    "Int8", "The value's first byte as Int8.", ("reinterpretAsInt8(toUInt8(255))", "-1");
    "Int16", "The value's first bytes as Int16.", ("reinterpretAsInt16('AB')", "16961");
    "Int32", "The value's first bytes as Int32.", ("reinterpretAsInt32('ABCD')", "1145258561");
    "Int64", "The value's first bytes as Int64.", ("reinterpretAsInt64(toFloat64(1.5))", "4609434218613702656");
    "Int128", "The value's first bytes as Int128.", ("reinterpretAsInt128('AB')", "16961");
    "Int256", "The value's first bytes as Int256.", ("reinterpretAsInt256('AB')", "16961");
    "Float32", "The value's bytes as Float32.", ("reinterpretAsFloat32(toUInt32(1069547520))", "1.5");
    "Float64", "The value's bytes as Float64.", ("reinterpretAsFloat64(toUInt64(4609434218613702656))", "1.5");
    "Date", "The value's first bytes as the number of a day.", ("reinterpretAsDate(65)", "1970-03-07");
    "DateTime", "The value's first bytes as Unix time.", ("reinterpretAsDateTime('ABCD')", "2006-04-17 07:22:41");
    "String", "The value's bytes as text, without zeros at the end.", ("reinterpretAsString(1145258561)", "ABCD");
    "FixedString", "The value's bytes as a FixedString of as many.", ("reinterpretAsFixedString(toUInt16(16961))", "AB");
    "UUID", "Sixteen bytes as a UUID.", ("reinterpretAsUUID('0123456789abcdef')", "37363534-3332-3130-6665-646362613938");
};

const REINTERPRET: Function = Function {
    name: "reinterpret",
    syntax: "reinterpret(x, 'T')",
    summary: "The value's bytes as the type T.",
    examples: &[("reinterpret(toInt8(-1), 'UInt8')", "255"), ("reinterpret('AB', 'UInt16')", "16961")],
    bind: |call| {
        call.count(2..=2)?;
        let to = DataType::parse(call.constant_text(1)?).map_err(|error| call.mismatch(error))?;
        reinterpret(call, to)
    },
    ..Function::DEFAULT
};

/// Bytes of a value; `None` if there is no fixed number of them, or the type is none that has such bytes.
pub(crate) fn width(data_type: &DataType) -> Option<usize> {
    use DataType::*;
    Some(match data_type.bare() {
        Bool | UInt8 | Int8 | Enum8(_) => 1,
        UInt16 | Int16 | Enum16(_) | Date => 2,
        UInt32 | Int32 | Float32 | Date32 | DateTime(_) | IPv4 => 4,
        UInt64 | Int64 | Float64 | DateTime64(..) | Interval(_) => 8,
        UInt128 | Int128 | Uuid | IPv6 => 16,
        UInt256 | Int256 => 32,
        Decimal { precision, .. } => match precision {
            0..=9 => 4,
            10..=18 => 8,
            19..=38 => 16,
            _ => 32,
        },
        FixedString(bytes) => *bytes as usize,
        _ => return None,
    })
}

fn reinterpret(call: &Call, to: DataType) -> Result<Typed, Mismatch> {
    let from = call.bare(0);
    let is_text = from.is_string();
    if !is_text && width(from).is_none() || to != DataType::String && width(&to).is_none() {
        return Err(call.wrong_type(0));
    }
    let fits = match (width(from), width(&to)) {
        (Some(from), Some(_)) if matches!(to, DataType::FixedString(_)) => width(&to) >= Some(from),
        _ => true,
    };
    if !fits || matches!(to, DataType::Uuid) && !is_text {
        return Err(call.wrong_type(0));
    }
    Ok(call.kernel_on(bytes_as, to, vec![call.arguments[0].clone().into_value()]))
}

/// Each row's bytes, written one value after the other.
fn bytes_of(array: &ArrayRef, from: &DataType, row: usize, out: &mut Vec<u8>) -> EngineResult<()> {
    match array.data_type() {
        Arrow::Utf8View => out.extend_from_slice(array.as_string_view().value(row).as_bytes()),
        Arrow::FixedSizeBinary(_) if *from == DataType::Uuid => {
            // two words, the lowest byte of each first
            let value = array.as_fixed_size_binary().value(row);
            out.extend(value[..8].iter().rev().chain(value[8..].iter().rev()));
        }
        Arrow::FixedSizeBinary(_) => out.extend_from_slice(array.as_fixed_size_binary().value(row)),
        Arrow::Float32 => out.extend(primitive::<Float32Type>(array)?.value(row).to_le_bytes()),
        Arrow::Float64 => out.extend(primitive::<Float64Type>(array)?.value(row).to_le_bytes()),
        Arrow::Decimal256(..) => out.extend(primitive::<Decimal256Type>(array)?.value(row).to_le_bytes()),
        Arrow::Decimal128(..) => out.extend(primitive::<Decimal128Type>(array)?.value(row).to_le_bytes()),
        _ => out.extend(primitive::<Int64Type>(array)?.value(row).to_le_bytes()),
    }
    Ok(())
}

fn bytes_as(input: &Input) -> EngineResult<ArrayRef> {
    let (from, to) = (input.types[0].bare(), input.result);
    let array = match input.columns[0].array.data_type() {
        Arrow::Date32 | Arrow::Timestamp(..) => Arc::new(super::ticks(&input.columns[0].array)?) as ArrayRef,
        Arrow::Boolean => compute::cast(&compute::cast(&input.columns[0].array, &Arrow::UInt8)?, &Arrow::Int64)?,
        arrow if arrow.is_integer() => Arc::new(super::bits(&input.columns[0].array)?),
        _ => input.columns[0].array.clone(),
    };
    let own = width(from);
    let mut bytes = Vec::with_capacity(32);
    let row_bytes = |row: usize, bytes: &mut Vec<u8>| -> EngineResult<()> {
        bytes.clear();
        if !input.is_null(row) {
            bytes_of(&array, from, row, bytes)?;
            bytes.truncate(own.unwrap_or(usize::MAX));
        }
        Ok(())
    };
    let Some(width) = width(to) else {
        let mut out = StringViewBuilder::with_capacity(input.rows);
        for row in 0..input.rows {
            row_bytes(row, &mut bytes)?;
            let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            let kept = if from.is_string() { &bytes[..] } else { &bytes[..end] };
            out.append_value(String::from_utf8_lossy(kept));
        }
        return Ok(Arc::new(out.finish()));
    };
    if let DataType::FixedString(_) | DataType::Uuid | DataType::IPv6 = to {
        let mut out = FixedSizeBinaryBuilder::with_capacity(input.rows, width as i32);
        for row in 0..input.rows {
            row_bytes(row, &mut bytes)?;
            bytes.resize(width, 0);
            if *to == DataType::Uuid {
                bytes[..8].reverse();
                bytes[8..].reverse();
            }
            out.append_value(&bytes)?;
        }
        return Ok(Arc::new(out.finish()));
    }
    let mut values = Vec::with_capacity(input.rows);
    for row in 0..input.rows {
        row_bytes(row, &mut bytes)?;
        bytes.truncate(width);
        let mut word = [0; 32];
        let length = bytes.len().min(32);
        word[..length].copy_from_slice(&bytes[..length]);
        values.push(i256::from_le_bytes(word));
    }
    from_words(Decimal256Array::new(values.into(), None), to)
}

fn from_words(words: Decimal256Array, to: &DataType) -> EngineResult<ArrayRef> {
    let low = |words: &Decimal256Array| words.unary::<_, Int64Type>(|word| word.as_i128() as i64);
    Ok(match to {
        DataType::Float32 => Arc::new(low(&words).unary::<_, Float32Type>(|bits| f32::from_bits(bits as u32))),
        DataType::Float64 => Arc::new(low(&words).unary::<_, Float64Type>(|bits| f64::from_bits(bits as u64))),
        DataType::Date | DataType::DateTime(_) | DataType::DateTime64(..) => super::from_ticks(low(&words), to)?,
        DataType::Date32 => super::from_ticks(low(&words).unary(|days| i64::from(days as i32)), to)?,
        to if is_wide(to) && to.is_integer() => cut(&words, to)?,
        DataType::Decimal { precision, .. } => {
            let signed = words.unary(|word| match precision {
                0..=9 => i256::from_i128((word.as_i128() as i32).into()),
                10..=18 => i256::from_i128((word.as_i128() as i64).into()),
                19..=38 => i256::from_i128(word.as_i128()),
                _ => word,
            });
            super::finish_decimal(signed, to)?
        }
        to if to.is_integer() && *to != DataType::Bool => cut(&wide(&(Arc::new(words) as ArrayRef))?, to)?,
        other => return exec_err!("cannot take bytes for {other}"),
    })
}
