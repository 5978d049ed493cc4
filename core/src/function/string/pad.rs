//! Texts made longer: `repeat`, `space`, `leftPad` …

use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::limits;
use crate::value::DataType;
use arrow::array::ArrayRef;
use datafusion::common::{Result as EngineResult, exec_err};

pub(crate) const FUNCTIONS: &[Function] = family! {
    "repeat", any_case, "repeat(s, n)", "The text n times.", [("repeat('ab', 3)", "ababab"), ("repeat('ab', -1)", "")], |call| {
        call.count(2..=2)?;
        call.expect_integer(1)?;
        Ok(call.kernel_on(repeat, DataType::String, call.texts(1)?))
    };
    "space", any_case, "space(n)", "So many spaces.", [("length(space(3))", "3")], |call| {
        call.count(1..=1)?;
        call.expect_integer(0)?;
        Ok(call.kernel(|input| {
            let count = input.integers(0)?;
            input.write_strings(|row, out| {
                let count = checked(count(row).max(0) as usize, 1)?;
                out.extend(std::iter::repeat_n(' ', count));
                Ok(())
            })
        }, DataType::String))
    };
    "leftPad" | "lpad", any_case, "leftPad(s, length[, with])", "Filled up on the left, or cut, to so many bytes.", [("leftPad('7', 3, '0')", "007"), ("leftPad('abc', 2)", "ab")], |call| pad(call, |input| padded(input, true, false));
    "rightPad" | "rpad", any_case, "rightPad(s, length[, with])", "Filled up on the right, or cut, to so many bytes.", [("rightPad('7', 3, '0')", "700")], |call| pad(call, |input| padded(input, false, false));
    "leftPadUTF8", exact_case, "leftPadUTF8(s, length[, with])", "Filled up on the left, or cut, to so many characters.", [("leftPadUTF8('äb', 5, 'ö')", "öööäb")], |call| pad(call, |input| padded(input, true, true));
    "rightPadUTF8", exact_case, "rightPadUTF8(s, length[, with])", "Filled up on the right, or cut, to so many characters.", [("rightPadUTF8('äb', 4, 'öx')", "äböx")], |call| pad(call, |input| padded(input, false, true));
};

/// How often a text of so many bytes may be repeated: not at all beyond the bound.
fn checked(times: usize, bytes: usize) -> EngineResult<usize> {
    if bytes.saturating_mul(times) > limits::TEXT_BYTES_MAX {
        return exec_err!("too many times to repeat ({times}): a text may have {} bytes", limits::TEXT_BYTES_MAX);
    }
    Ok(if bytes == 0 { 0 } else { times })
}

fn repeat(input: &Input) -> EngineResult<ArrayRef> {
    let (text, times) = (input.strings(0)?, input.integers(1)?);
    input.write_strings(|row, out| {
        let (text, times) = (text.get(row), times(row).max(0) as usize);
        let times = checked(times, text.len())?;
        (0..times).for_each(|_| out.push_str(text));
        Ok(())
    })
}

fn pad(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    let count = call.count(2..=3)?;
    call.expect_integer(1)?;
    let mut arguments = call.texts(1)?;
    if count == 3 {
        arguments[2] = call.text(2)?;
    }
    Ok(call.kernel_on(kernel, DataType::String, arguments))
}

fn padded(input: &Input, left: bool, characters: bool) -> EngineResult<ArrayRef> {
    let (text, length) = (input.strings(0)?, input.integers(1)?);
    let fill = if input.columns.len() > 2 { Some(input.strings(2)?) } else { None };
    input.write_strings(|row, out| {
        let (text, length) = (text.get(row), length(row));
        let fill = fill.as_ref().map(|fill| fill.get(row)).filter(|fill| !fill.is_empty()).unwrap_or(" ");
        let Ok(length) = usize::try_from(length) else {
            return exec_err!("the new length {length} is negative");
        };
        checked(length, 1)?;
        let size = if characters { text.chars().count() } else { text.len() };
        if length <= size {
            out.push_str(first(text, length, characters));
            return Ok(());
        }
        if !left {
            out.push_str(text);
        }
        let missing = length - size;
        let unit = if characters { fill.chars().count() } else { fill.len() };
        (0..missing / unit).for_each(|_| out.push_str(fill));
        out.push_str(first(fill, missing % unit, characters));
        if left {
            out.push_str(text);
        }
        Ok(())
    })
}

/// The first so many bytes or characters; a character that does not fit stays away.
fn first(text: &str, count: usize, characters: bool) -> &str {
    if characters {
        return text.char_indices().nth(count).map_or(text, |(at, _)| &text[..at]);
    }
    let mut end = count.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
