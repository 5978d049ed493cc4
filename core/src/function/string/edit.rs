//! Case, length, joining and padding.

use crate::function::convert::cast;
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel, delegate};
use crate::function::typed::{Typed, literal};
use crate::value::DataType;
use arrow::array::*;
use datafusion::common::{Result as EngineResult, exec_err};
use datafusion::scalar::ScalarValue;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "lower" | "lcase", any_case, "lower(s)", "Latin letters in lower case.", [("lower('ABCÄ')", "abcÄ")], |call| text(call, |input| each(input, |text, out| { out.push_str(text); out.make_ascii_lowercase(); }));
    "upper" | "ucase", any_case, "upper(s)", "Latin letters in upper case.", [("upper('abc')", "ABC")], |call| text(call, |input| each(input, |text, out| { out.push_str(text); out.make_ascii_uppercase(); }));
    "lowerUTF8", exact_case, "lowerUTF8(s)", "All letters in lower case.", [("lowerUTF8('ABCÄ')", "abcä")], |call| text(call, |input| each(input, |text, out| out.push_str(&text.to_lowercase())));
    "upperUTF8", exact_case, "upperUTF8(s)", "All letters in upper case.", [("upperUTF8('ñ')", "Ñ")], |call| text(call, |input| each(input, |text, out| out.push_str(&text.to_uppercase())));
    "reverse", any_case, "reverse(s)", "The characters, last first.", [("reverse('abc')", "cba")], |call| {
        if let DataType::Array(_) = call.bare(0) {
            return delegate(call, "arrayReverse", call.arguments.clone());
        }
        text(call, |input| each(input, |text, out| out.extend(text.chars().rev())))
    };
    "length" | "OCTET_LENGTH", any_case, "length(s)", "Bytes of a text, or items of an array or map.", [("length('ñ')", "2"), ("length([1, 2])", "2")], length;
    "lengthUTF8" | "char_length" | "character_length", any_case, "lengthUTF8(s)", "Characters of a text.", [("lengthUTF8('ñ')", "1")], |call| {
        call.count(1..=1)?;
        Ok(call.kernel_on(|input| { let text = input.strings(0)?; input.numbers(|row| Ok(text.get(row).chars().count() as i64)) }, DataType::UInt64, call.texts(1)?))
    };
    "empty", exact_case, "empty(x)", "Whether a text, array or map has nothing in it.", [("empty('')", "1"), ("empty([1])", "0")], |call| empty(call, "equals");
    "notEmpty", exact_case, "notEmpty(x)", "Whether a text, array or map has something in it.", [("notEmpty('a')", "1")], |call| empty(call, "notEquals");
    "concat", any_case, "concat(a, b, …)", "The arguments as text, one after the other.", [("concat('a', 1, 'b')", "a1b"), ("'a' || 'b'", "ab")], |call| {
        call.count(1..)?;
        let arguments = call.arguments.iter().map(|one| cast(one.clone(), &DataType::String)).collect::<Result<Vec<_>, _>>()?;
        Ok(call.kernel_on(join, DataType::String, arguments))
    };
    "concatWithSeparator" | "concat_ws", any_case, "concatWithSeparator(separator, a, b, …)", "The arguments as text, with a separator between.", [("concatWithSeparator('-', 'a', 'b')", "a-b")], |call| {
        call.count(1..)?;
        let arguments = call.arguments.iter().map(|one| cast(one.clone(), &DataType::String)).collect::<Result<Vec<_>, _>>()?;
        Ok(call.kernel_on(join_with_separator, DataType::String, arguments))
    };
    "repeat", any_case, "repeat(s, n)", "The text n times.", [("repeat('ab', 3)", "ababab")], |call| {
        call.count(2..=2)?;
        call.expect_integer(1)?;
        Ok(call.kernel_on(repeat, DataType::String, call.texts(1)?))
    };
    "leftPad" | "lpad", any_case, "leftPad(s, length[, with])", "Filled up on the left, or cut, to so many bytes.", [("leftPad('7', 3, '0')", "007"), ("leftPad('abc', 2)", "ab")], |call| pad(call, |input| padded(input, true));
    "rightPad" | "rpad", any_case, "rightPad(s, length[, with])", "Filled up on the right, or cut, to so many bytes.", [("rightPad('7', 3, '0')", "700")], |call| pad(call, |input| padded(input, false));
    "format", exact_case, "format(pattern, a, b, …)", "The pattern with {} or {0} replaced by the arguments.", [("format('{} {}', 'a', 'b')", "a b"), ("format('{1} {0}', 'a', 'b')", "b a")], |call| {
        call.count(2..)?;
        call.constant_text(0)?;
        let arguments = call.arguments.iter().map(|one| cast(one.clone(), &DataType::String)).collect::<Result<Vec<_>, _>>()?;
        Ok(call.kernel_on(format, DataType::String, arguments))
    };
};

/// A function of one text that yields text.
pub(super) fn text(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    Ok(call.kernel_on(kernel, DataType::String, call.texts(1)?))
}

pub(super) fn each(input: &Input, write: impl Fn(&str, &mut String)) -> EngineResult<ArrayRef> {
    let text = input.strings(0)?;
    input.write_strings(|row, out| {
        write(text.get(row), out);
        Ok(())
    })
}

fn length(call: &Call) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    match call.bare(0) {
        DataType::Array(_) => {
            Ok(call.kernel(|input| lengths(input, input.columns[0].array.as_list::<i32>().offsets()), DataType::UInt64))
        }
        DataType::Map(..) => {
            Ok(call.kernel(|input| lengths(input, input.columns[0].array.as_map().offsets()), DataType::UInt64))
        }
        DataType::FixedString(bytes) => Ok(literal(ScalarValue::UInt64(Some(u64::from(*bytes))), DataType::UInt64)),
        _ => Ok(call.kernel_on(
            |input| {
                let text = input.strings(0)?;
                input.numbers(|row| Ok(text.get(row).len() as i64))
            },
            DataType::UInt64,
            call.texts(1)?,
        )),
    }
}

fn lengths(input: &Input, offsets: &[i32]) -> EngineResult<ArrayRef> {
    input.numbers(|row| Ok(i64::from(offsets[row + 1] - offsets[row])))
}

fn empty(call: &Call, operator: &str) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    if let DataType::Array(_) | DataType::Map(..) = call.bare(0) {
        let length = delegate(call, "length", call.arguments.clone())?;
        return delegate(call, operator, vec![length, literal(ScalarValue::UInt8(Some(0)), DataType::UInt8)]);
    }
    let nothing = literal(ScalarValue::Utf8View(Some(String::new())), DataType::String);
    delegate(call, operator, vec![call.text(0)?, nothing])
}

fn join(input: &Input) -> EngineResult<ArrayRef> {
    let parts = (0..input.columns.len()).map(|index| input.strings(index)).collect::<EngineResult<Vec<_>>>()?;
    input.write_strings(|row, out| {
        parts.iter().for_each(|part| out.push_str(part.get(row)));
        Ok(())
    })
}

fn join_with_separator(input: &Input) -> EngineResult<ArrayRef> {
    let parts = (0..input.columns.len()).map(|index| input.strings(index)).collect::<EngineResult<Vec<_>>>()?;
    input.write_strings(|row, out| {
        for (index, part) in parts[1..].iter().enumerate() {
            if index > 0 {
                out.push_str(parts[0].get(row));
            }
            out.push_str(part.get(row));
        }
        Ok(())
    })
}

fn repeat(input: &Input) -> EngineResult<ArrayRef> {
    let (text, times) = (input.strings(0)?, input.integers(1)?);
    input.write_strings(|row, out| {
        let (text, times) = (text.get(row), times(row).max(0) as usize);
        if text.len().saturating_mul(times) > crate::limits::TEXT_BYTES_MAX {
            return exec_err!("a text of {} bytes repeated {times} times is too long", text.len());
        }
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

fn padded(input: &Input, left: bool) -> EngineResult<ArrayRef> {
    let (text, length) = (input.strings(0)?, input.integers(1)?);
    let fill = if input.columns.len() > 2 { Some(input.strings(2)?) } else { None };
    input.write_strings(|row, out| {
        let (text, length) = (text.get(row), length(row).max(0) as usize);
        let fill = fill.as_ref().map_or(" ", |fill| fill.get(row));
        if length > crate::limits::TEXT_BYTES_MAX {
            return exec_err!("a text of {length} bytes is too long");
        }
        let missing = length.saturating_sub(text.len());
        let cut = text.len().min(length);
        let text = text.get(..cut).unwrap_or(text);
        if !left {
            out.push_str(text);
        }
        if !fill.is_empty() {
            out.extend(fill.chars().cycle().take(missing));
        }
        if left {
            out.push_str(text);
        }
        Ok(())
    })
}

fn format(input: &Input) -> EngineResult<ArrayRef> {
    let parts = (0..input.columns.len()).map(|index| input.strings(index)).collect::<EngineResult<Vec<_>>>()?;
    let pattern = parts[0].get(0);
    input.write_strings(|row, out| {
        let mut next = 0;
        let mut rest = pattern;
        while let Some(at) = rest.find(['{', '}']) {
            out.push_str(&rest[..at]);
            let brace = &rest[at..];
            if brace.starts_with("{{") || brace.starts_with("}}") {
                out.push_str(&brace[..1]);
                rest = &brace[2..];
                continue;
            }
            let Some(end) = brace.find('}').filter(|_| brace.starts_with('{')) else {
                return exec_err!("a brace in the pattern {pattern:?} has no partner");
            };
            let index = match &brace[1..end] {
                "" => next,
                digits => match digits.parse::<usize>() {
                    Ok(index) => index,
                    Err(_) => return exec_err!("{digits:?} in the pattern {pattern:?} is no number"),
                },
            };
            next += 1;
            let Some(part) = parts.get(index + 1) else {
                return exec_err!("the pattern {pattern:?} asks for argument {index}");
            };
            out.push_str(part.get(row));
            rest = &brace[end + 1..];
        }
        out.push_str(rest);
        Ok(())
    })
}
