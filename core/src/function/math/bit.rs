//! Bits of integers. Of two types the wider decides how many there are, and a sign carries over.

use crate::function::convert::{cut, is_wide, wide};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::fault::{Fault, fault};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::{DataType, signed_of, unsigned_of};
use arrow::array::{Array, ArrayRef, Decimal256Array};
use arrow::datatypes::i256;
use datafusion::common::{Result as EngineResult, exec_err};

pub(crate) const FUNCTIONS: &[Function] = family! {
    "bitAnd", any_case, "bitAnd(a, b)", "The bits that both have.", [("bitAnd(6, 3)", "2")], |call| both(call, |input| pairs(input, |left, right| left & right, |left, right| left & right));
    "bitOr", any_case, "bitOr(a, b)", "The bits that either has.", [("bitOr(6, 3)", "7")], |call| both(call, |input| pairs(input, |left, right| left | right, |left, right| left | right));
    "bitXor", any_case, "bitXor(a, b)", "The bits that one has.", [("bitXor(6, 3)", "5")], |call| both(call, |input| pairs(input, |left, right| left ^ right, |left, right| left ^ right));
    "bitNot", any_case, "bitNot(a)", "The bits turned over.", [("bitNot(toUInt8(5))", "250"), ("bitNot(toInt8(5))", "-6")], |call| one(call, |input| {
        if is_wide(input.result) {
            return cut(&wide(&input.columns[0].array)?.unary(|value| !value), input.result);
        }
        let number = input.integers(0)?;
        input.numbers(|row| Ok(!number(row)))
    });
    "bitShiftLeft", exact_case, "bitShiftLeft(a, n)", "The bits moved up by n.", [("bitShiftLeft(toUInt8(5), 3)", "40")], |call| both(call, |input| shifts(input, |value, count, _| value << count));
    "bitShiftRight", exact_case, "bitShiftRight(a, n)", "The bits moved down by n; a sign stays.", [("bitShiftRight(40, 3)", "5"), ("bitShiftRight(toInt8(-5), 1)", "-3")], |call| both(call, |input| shifts(input, |value, count, signed| if signed { value >> count } else { (value as u64 >> count) as i64 }));
    "bitRotateLeft", exact_case, "bitRotateLeft(a, n)", "The bits turned up by n.", [("bitRotateLeft(toUInt8(3), 7)", "129")], |call| both(call, |input| rotations(input, true));
    "bitRotateRight", exact_case, "bitRotateRight(a, n)", "The bits turned down by n.", [("bitRotateRight(toUInt8(3), 1)", "129")], |call| both(call, |input| rotations(input, false));
    "bitTest", exact_case, "bitTest(a, n)", "The bit at a place, from 0.", [("bitTest(43, 1)", "1"), ("bitTest(43, 2)", "0")], |call| test(call, 2, |input| tests(input, true));
    "bitTestAll", exact_case, "bitTestAll(a, n, …)", "Whether all bits at these places are set.", [("bitTestAll(43, 0, 1, 3, 5)", "1"), ("bitTestAll(43, 0, 2)", "0")], |call| test(call, usize::MAX, |input| tests(input, true));
    "bitTestAny", exact_case, "bitTestAny(a, n, …)", "Whether a bit at any of these places is set.", [("bitTestAny(43, 0, 2)", "1"), ("bitTestAny(43, 2, 4)", "0")], |call| test(call, usize::MAX, |input| tests(input, false));
    "bitCount", exact_case, "bitCount(a)", "How many bits are set.", [("bitCount(toInt8(-5))", "7"), ("bitCount(6)", "2")], |call| {
        call.count(1..=1)?;
        let from = call.bare(0);
        if !from.is_integer() && !from.is_float() {
            return Err(call.wrong_type(0));
        }
        Ok(call.kernel(counts, DataType::UInt8))
    };
    "bitHammingDistance", any_case, "bitHammingDistance(a, b)", "How many bits of two numbers differ.", [("bitHammingDistance(5, 3)", "2")], |call| {
        integers(call, 2)?;
        Ok(call.kernel(|input| {
            let (left, right) = (input.integers(0)?, input.integers(1)?);
            input.bytes(|row| Ok((left(row) ^ right(row)).count_ones() as u8))
        }, DataType::UInt8))
    };
    "byteSwap", any_case, "byteSwap(a)", "The bytes in the other order.", [("byteSwap(toUInt16(1000))", "59395")], |call| one(call, |input| {
        let width = input.result.integer_bits().unwrap_or(64);
        if width > 64 {
            return exec_err!("byteSwap takes integers of 64 bits at most");
        }
        let number = input.integers(0)?;
        input.numbers(|row| Ok((number(row).swap_bytes() as u64 >> (64 - width)) as i64))
    });
};

fn integers(call: &Call, count: usize) -> Result<(), Mismatch> {
    call.count(count..=count)?;
    (0..count).try_for_each(|index| call.expect_integer(index))
}

fn one(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    integers(call, 1)?;
    let result = if *call.bare(0) == DataType::Bool { DataType::UInt8 } else { call.bare(0).clone() };
    Ok(call.kernel(kernel, result))
}

fn both(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    integers(call, 2)?;
    let width = call.bare(0).integer_bits().max(call.bare(1).integer_bits()).unwrap_or(64);
    let signed = call.bare(0).is_signed_integer() || call.bare(1).is_signed_integer();
    let result = if signed { signed_of(width) } else { unsigned_of(width) };
    Ok(call.kernel(kernel, result.ok_or_else(|| call.wrong_type(0))?))
}

fn pairs(input: &Input, narrow: fn(i64, i64) -> i64, wides: fn(i256, i256) -> i256) -> EngineResult<ArrayRef> {
    if is_wide(input.result) {
        let (left, right) = (wide(&input.expanded(0)?)?, wide(&input.expanded(1)?)?);
        let values = (0..input.rows).map(|row| wides(left.value(row), right.value(row)));
        return cut(&Decimal256Array::from_iter_values(values), input.result);
    }
    let (left, right) = (input.integers(0)?, input.integers(1)?);
    input.numbers(|row| Ok(narrow(left(row), right(row))))
}

fn no_wide(input: &Input) -> EngineResult<u32> {
    match input.result.integer_bits() {
        Some(width @ ..=64) => Ok(width),
        _ => exec_err!("bits of integers wider than 64 are not moved"),
    }
}

/// A shift by the value's width or more leaves nothing.
fn shifts(input: &Input, shift: fn(i64, u32, bool) -> i64) -> EngineResult<ArrayRef> {
    no_wide(input)?;
    let own = i64::from(input.types[0].integer_bits().unwrap_or(64));
    let signed = input.result.is_signed_integer();
    let (value, count) = (input.integers(0)?, input.integers(1)?);
    input.numbers(|row| match count(row) {
        count if count < 0 => exec_err!("the number of places to shift must not be negative"),
        count if count >= own => Ok(0),
        count => Ok(shift(value(row), count as u32, signed)),
    })
}

fn rotations(input: &Input, left: bool) -> EngineResult<ArrayRef> {
    let width = no_wide(input)?;
    let (value, count) = (input.integers(0)?, input.integers(1)?);
    input.numbers(|row| {
        let count = count(row).rem_euclid(width.into()) as u32;
        let up = if left { count } else { (width - count) % width };
        let bits = value(row) as u64 & (u64::MAX >> (64 - width));
        Ok(if up == 0 { bits } else { bits << up | bits >> (width - up) } as i64)
    })
}

fn test(call: &Call, most: usize, kernel: Kernel) -> Result<Typed, Mismatch> {
    let count = call.count(2..=most)?;
    (0..count).try_for_each(|index| call.expect_integer(index))?;
    Ok(call.kernel(kernel, DataType::UInt8))
}

fn tests(input: &Input, all: bool) -> EngineResult<ArrayRef> {
    let width = i64::from(input.types[0].integer_bits().unwrap_or(64).min(64));
    let value = input.integers(0)?;
    let places = (1..input.columns.len()).map(|index| input.integers(index)).collect::<EngineResult<Vec<_>>>()?;
    input.bytes(|row| {
        let value = value(row);
        if let Some(place) = places.iter().map(|place| place(row)).find(|place| !(0..width).contains(place)) {
            return fault(Fault::ParameterOutOfBound, format!("there is no bit {place} among {width}"));
        }
        let mut bits = places.iter().map(|place| value >> place(row) & 1 == 1);
        Ok(u8::from(if all { bits.all(|bit| bit) } else { bits.any(|bit| bit) }))
    })
}

fn counts(input: &Input) -> EngineResult<ArrayRef> {
    let column = &input.columns[0];
    let from = input.types[0].bare();
    if from.is_float() {
        let floats = super::floats(input, 0)?;
        let is_single = *from == DataType::Float32;
        return input.bytes(|row| {
            let value = floats.value(row);
            Ok(if is_single { (value as f32).to_bits().count_ones() } else { value.to_bits().count_ones() } as u8)
        });
    }
    if is_wide(from) {
        let values = wide(&column.array)?;
        let half = *from == DataType::Int128;
        return input.bytes(|row| {
            let (low, high) = values.value(column.at(row)).to_parts();
            Ok((low.count_ones() + if half { 0 } else { high.count_ones() }) as u8)
        });
    }
    let width = from.integer_bits().unwrap_or(64);
    debug_assert!(column.array.len() == input.rows || column.is_constant);
    let number = input.integers(0)?;
    input.bytes(|row| Ok((number(row) as u64 & (u64::MAX >> (64 - width))).count_ones() as u8))
}
