//! Parts of a text: `substring`, `trim`, `position`, `startsWith`.

use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::{Typed, literal};
use crate::value::DataType;
use arrow::array::ArrayRef;
use datafusion::common::Result as EngineResult;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::Like;
use datafusion::scalar::ScalarValue;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "substring" | "substr" | "mid" | "byteSlice", any_case, "substring(s, start[, length])", "A part of a text, in bytes from 1; from the end if negative.", [("substring('hello', 2, 3)", "ell"), ("substring('hello', -3)", "llo"), ("substring('hello', 2, -1)", "ell"), ("substring('hello', 0)", "")], |call| part(call, substring);
    "substringUTF8" | "substrUTF8", exact_case, "substringUTF8(s, start[, length])", "A part of a text, in characters from 1.", [("substringUTF8('ñandu', 1, 2)", "ña")], |call| part(call, substring_utf8);
    "left", any_case, "left(s, n)", "The first n bytes.", [("left('hello', 2)", "he")], |call| end(call, |input| ends(input, true));
    "right", any_case, "right(s, n)", "The last n bytes.", [("right('hello', 2)", "lo")], |call| end(call, |input| ends(input, false));
    "trim" | "trimBoth", any_case, "trim(s)", "Without spaces at both ends.", [("trim('  a ')", "a")], |call| trim(call, |text| text.trim_matches(' '), |input| input.slice_strings(|_, text| text.trim_matches(' ')));
    "trimLeft" | "ltrim", any_case, "trimLeft(s)", "Without spaces at the start.", [("trimLeft(' a')", "a")], |call| trim(call, |text| text.trim_start_matches(' '), |input| input.slice_strings(|_, text| text.trim_start_matches(' ')));
    "trimRight" | "rtrim", any_case, "trimRight(s)", "Without spaces at the end.", [("trimRight('a ')", "a")], |call| trim(call, |text| text.trim_end_matches(' '), |input| input.slice_strings(|_, text| text.trim_end_matches(' ')));
    "startsWith" | "startsWithUTF8", exact_case, "startsWith(s, prefix)", "Whether a text starts with another.", [("startsWith('hello', 'he')", "1"), ("startsWith('50%', '5_')", "0")], |call| affix(call, true);
    "endsWith" | "endsWithUTF8", exact_case, "endsWith(s, suffix)", "Whether a text ends with another.", [("endsWith('hello', 'lo')", "1")], |call| affix(call, false);
    "position", any_case, "position(s, needle[, start])", "Where a text stands in another, in bytes from 1; 0 if it does not.", [("position('hello', 'l')", "3"), ("position('hello', 'z')", "0"), ("position('hello', 'l', 4)", "4")], |call| position(call, |input| positions(input, false, false));
    "positionCaseInsensitive", exact_case, "positionCaseInsensitive(s, needle[, start])", "As position, in any case.", [("positionCaseInsensitive('HELLO', 'l')", "3")], |call| position(call, |input| positions(input, false, true));
    "positionUTF8", exact_case, "positionUTF8(s, needle[, start])", "As position, in characters.", [("positionUTF8('ñl', 'l')", "2")], |call| position(call, |input| positions(input, true, false));
    "positionCaseInsensitiveUTF8", exact_case, "positionCaseInsensitiveUTF8(s, needle[, start])", "As position, in characters and any case.", [("positionCaseInsensitiveUTF8('ñL', 'l')", "2")], |call| position(call, |input| positions(input, true, true));
    "locate", any_case, "locate(needle, s[, start])", "As position, with the needle first.", [("locate('l', 'hello')", "3")], |call| {
        call.count(2..=3)?;
        let mut arguments = call.texts(2)?;
        arguments.swap(0, 1);
        Ok(call.kernel_on(|input| positions(input, false, false), DataType::UInt64, arguments))
    };
};

fn part(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    let count = call.count(2..=3)?;
    (1..count).try_for_each(|index| call.expect_integer(index))?;
    Ok(call.kernel_on(kernel, DataType::String, call.texts(1)?))
}

/// Where a part starts and ends among so many units; `start` counts from one, or from the end.
pub(crate) fn bounds(units: usize, start: i64, length: Option<i64>) -> (usize, usize) {
    let units = units as i64;
    let begin = match start {
        0 => return (0, 0),
        1.. => (start - 1).min(units),
        _ => (units + start).max(0),
    };
    // What lies before the first unit counts against the length.
    let lost = if start < 0 { (-start - units).max(0) } else { 0 };
    let end = match length {
        None => units,
        Some(length) if length < 0 => units + length,
        Some(length) => begin.saturating_add(length - lost).min(units),
    };
    (begin as usize, end.max(begin) as usize)
}

fn substring(input: &Input) -> EngineResult<ArrayRef> {
    let start = input.integers(1)?;
    let length = if input.columns.len() > 2 { Some(input.integers(2)?) } else { None };
    input.slice_strings(|row, text| {
        let (begin, end) = bounds(text.len(), start(row), length.as_ref().map(|length| length(row)));
        slice(text, begin, end)
    })
}

/// Text stays text: a part that would cut a character in two gives way to the nearest that does not.
fn slice(text: &str, mut begin: usize, mut end: usize) -> &str {
    while !text.is_char_boundary(begin) {
        begin += 1;
    }
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(begin..end).unwrap_or(&text[..0])
}

fn substring_utf8(input: &Input) -> EngineResult<ArrayRef> {
    let start = input.integers(1)?;
    let length = if input.columns.len() > 2 { Some(input.integers(2)?) } else { None };
    input.slice_strings(|row, text| {
        let (begin, end) = bounds(text.chars().count(), start(row), length.as_ref().map(|length| length(row)));
        let at = |index: usize| text.char_indices().nth(index).map_or(text.len(), |(at, _)| at);
        &text[at(begin)..at(end)]
    })
}

fn end(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    call.expect_integer(1)?;
    Ok(call.kernel_on(kernel, DataType::String, call.texts(1)?))
}

fn ends(input: &Input, first: bool) -> EngineResult<ArrayRef> {
    let count = input.integers(1)?;
    input.slice_strings(|row, text| {
        let (count, size) = (count(row), text.len() as i64);
        // A negative count is what stays off on the other side.
        let count = if count < 0 { (size + count).max(0) } else { count.min(size) } as usize;
        if first { slice(text, 0, count) } else { slice(text, text.len() - count, text.len()) }
    })
}

fn trim(call: &Call, now: fn(&str) -> &str, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    if let Some(text) = call.arguments[0].text() {
        return Ok(literal(ScalarValue::Utf8View(Some(now(text).to_owned())), DataType::String));
    }
    Ok(call.kernel_on(kernel, DataType::String, call.texts(1)?))
}

/// With a constant, a LIKE that the engine can prune by.
fn affix(call: &Call, start: bool) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    let arguments = call.texts(2)?;
    if let Some(text) = arguments[1].text() {
        let escaped: String =
            text.chars().flat_map(|c| matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c])).collect();
        let pattern = if start { format!("{escaped}%") } else { format!("%{escaped}") };
        let pattern = Expr::Literal(ScalarValue::Utf8View(Some(pattern)), None);
        let like = Like::new(false, Box::new(arguments[0].expr.clone()), Box::new(pattern), None, false);
        return Ok(Typed::predicate(Expr::Like(like)));
    }
    let kernel: Kernel = if start {
        |input| {
            let (text, affix) = (input.strings(0)?, input.strings(1)?);
            input.bytes(|row| Ok(text.get(row).starts_with(affix.get(row)).into()))
        }
    } else {
        |input| {
            let (text, affix) = (input.strings(0)?, input.strings(1)?);
            input.bytes(|row| Ok(text.get(row).ends_with(affix.get(row)).into()))
        }
    };
    Ok(call.kernel_on(kernel, DataType::UInt8, arguments))
}

fn position(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    if call.count(2..=3)? == 3 {
        call.expect_integer(2)?;
    }
    Ok(call.kernel_on(kernel, DataType::UInt64, call.texts(2)?))
}

fn positions(input: &Input, characters: bool, any_case: bool) -> EngineResult<ArrayRef> {
    let (text, needle) = (input.strings(0)?, input.strings(1)?);
    let start = if input.columns.len() > 2 { Some(input.integers(2)?) } else { None };
    input.numbers(|row| {
        let (text, needle) = (text.get(row), needle.get(row));
        let skip = start.as_ref().map_or(0, |start| (start(row) - 1).max(0) as usize);
        let from = if characters { text.char_indices().nth(skip).map_or(text.len(), |(at, _)| at) } else { skip };
        let Some(rest) = text.get(from..) else { return Ok(0) };
        let found =
            if any_case { rest.to_ascii_lowercase().find(&needle.to_ascii_lowercase()) } else { rest.find(needle) };
        Ok(found.map_or(0, |at| if characters { text[..from + at].chars().count() + 1 } else { from + at + 1 } as i64))
    })
}
