//! Bytes as digits in base 2 and 16, and back.

use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::string::{Bytes, text};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use arrow::datatypes::*;
use datafusion::common::{Result as EngineResult, exec_err};

pub(crate) const FUNCTIONS: &[Function] = family! {
    "hex", any_case, "hex(x)", "The bytes of a text or a number in base 16, integers without leading zeros.", [("hex('ab')", "6162"), ("hex(255)", "FF"), ("hex(256)", "0100")], |call| digits(call, |input| written(input, |byte, out| {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        out.extend([char::from(DIGITS[usize::from(byte >> 4)]), char::from(DIGITS[usize::from(byte & 15)])]);
    }));
    "bin", any_case, "bin(x)", "The bytes of a text or a number in base 2, integers without leading zeros.", [("bin('a')", "01100001"), ("bin(5)", "00000101")], |call| digits(call, |input| written(input, |byte, out| {
        out.extend((0..8).rev().map(|bit| if byte >> bit & 1 == 1 { '1' } else { '0' }));
    }));
    "unhex", any_case, "unhex(s)", "The text whose bytes are given in base 16.", [("unhex('6162')", "ab")], |call| text(call, |input| read(input, 2, |digit| char::from(digit).to_digit(16).unwrap_or(15) as u8, 4));
    "unbin", any_case, "unbin(s)", "The text whose bytes are given in base 2.", [("unbin('01100001')", "a")], |call| text(call, |input| read(input, 8, |digit| digit & 1, 1));
};

fn digits(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    let bare = call.bare(0);
    let fits = bare.is_numeric()
        || matches!(
            bare,
            DataType::String
                | DataType::FixedString(_)
                | DataType::Date
                | DataType::Date32
                | DataType::DateTime(_)
                | DataType::Uuid
                | DataType::IPv4
                | DataType::IPv6
        );
    if fits { Ok(call.kernel(kernel, DataType::String)) } else { Err(call.wrong_type(0)) }
}

/// The bytes of a value as they are written.
enum Values<'a> {
    Bytes(Bytes<'a>),
    /// Integers: the highest byte first, from the first that is not zero.
    Whole(Int64Array, usize),
    Wide(Decimal256Array, usize),
    /// Floats and decimals: as they lie in memory.
    Floats(Float64Array),
    Singles(Float32Array),
    Decimals(Decimal128Array, usize),
}

fn values<'a>(input: &'a Input) -> EngineResult<Values<'a>> {
    let array = &input.columns[0].array;
    let data_type = input.types[0].bare();
    Ok(match data_type {
        DataType::String | DataType::FixedString(_) | DataType::Uuid | DataType::IPv6 => Values::Bytes(input.raw(0)?),
        wide if crate::function::convert::is_wide(wide) => {
            Values::Wide(crate::function::convert::wide(array)?, wide.integer_bits().unwrap_or(256) as usize / 8)
        }
        DataType::Float64 => Values::Floats(array.as_primitive::<Float64Type>().clone()),
        DataType::Float32 => Values::Singles(array.as_primitive::<Float32Type>().clone()),
        DataType::Decimal { precision, .. } if *precision <= 38 => {
            let width = match precision {
                0..=9 => 4,
                10..=18 => 8,
                _ => 16,
            };
            Values::Decimals(array.as_primitive::<Decimal128Type>().clone(), width)
        }
        DataType::Decimal { .. } => return exec_err!("{data_type} has no digits in base 16 here"),
        DataType::Date => Values::Whole(crate::function::convert::bits(array)?, 2),
        DataType::Date32 | DataType::IPv4 => Values::Whole(crate::function::convert::bits(array)?, 4),
        DataType::DateTime(_) => Values::Whole(crate::function::convert::ticks(array)?, 4),
        other => {
            let width = other.integer_bits().unwrap_or(64) as usize / 8;
            Values::Whole(crate::function::convert::bits(array)?, width)
        }
    })
}

fn written(input: &Input, write: fn(u8, &mut String)) -> EngineResult<ArrayRef> {
    let values = values(input)?;
    let column = &input.columns[0];
    input.write_strings(|row, out| {
        let at = column.at(row);
        match &values {
            Values::Bytes(bytes) => bytes.get(row).iter().for_each(|byte| write(*byte, out)),
            Values::Whole(bits, width) => whole(&bits.value(at).to_le_bytes()[..*width], write, out),
            Values::Wide(wide, width) => whole(&wide.value(at).to_le_bytes()[..*width], write, out),
            Values::Floats(floats) => floats.value(at).to_le_bytes().iter().for_each(|byte| write(*byte, out)),
            Values::Singles(floats) => floats.value(at).to_le_bytes().iter().for_each(|byte| write(*byte, out)),
            Values::Decimals(decimals, width) => {
                decimals.value(at).to_le_bytes()[..*width].iter().for_each(|byte| write(*byte, out));
            }
        }
        Ok(())
    })
}

/// An integer given with its lowest byte first.
fn whole(bytes: &[u8], write: fn(u8, &mut String), out: &mut String) {
    let size = bytes.iter().rposition(|byte| *byte != 0).map_or(1, |last| last + 1);
    bytes[..size].iter().rev().for_each(|byte| write(*byte, out));
}

/// So many digits make a byte; the first may have fewer.
fn read(input: &Input, digits: usize, value: fn(u8) -> u8, bits: u32) -> EngineResult<ArrayRef> {
    let text = input.strings(0)?;
    input.write_bytes(|row, out| {
        let text = text.get(row).as_bytes();
        let (first, rest) = text.split_at(text.len() % digits);
        let byte = |part: &[u8]| part.iter().fold(0u8, |byte, digit| byte << bits | value(*digit));
        if !first.is_empty() {
            out.push(byte(first));
        }
        out.extend(rest.chunks(digits).map(byte));
        Ok(())
    })
}
