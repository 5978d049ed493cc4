//! Parts of a text: `substring`, `left`, `trim`, `startsWith`, `overlay`.

use super::fold::Case;
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel, delegate};
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
    "leftUTF8", exact_case, "leftUTF8(s, n)", "The first n characters.", [("leftUTF8('ñandú', 2)", "ña")], |call| end(call, |input| ends_utf8(input, true));
    "rightUTF8", exact_case, "rightUTF8(s, n)", "The last n characters.", [("rightUTF8('ñandú', 2)", "dú")], |call| end(call, |input| ends_utf8(input, false));
    "substringIndex" | "SUBSTRING_INDEX", any_case, "substringIndex(s, delimiter, n)", "What stands before the n-th delimiter; after the n-th from the end, if n is negative.", [("substringIndex('www.example.com', '.', 2)", "www.example"), ("substringIndex('www.example.com', '.', -1)", "com")], index;
    "substringIndexUTF8", exact_case, "substringIndexUTF8(s, delimiter, n)", "As substringIndex, with any character as the delimiter.", [("substringIndexUTF8('Straße', 'ß', 1)", "Stra")], index;
    "trimBoth" | "trim", exact_case, "trimBoth(s[, characters])", "Without spaces, or the given characters, at both ends.", [("trim('  a ')", "a"), ("trimBoth('xyabcx', 'xy')", "abc")], |call| trim(call, |input| trimmed(input, true, true));
    "trimLeft" | "ltrim", exact_case, "trimLeft(s[, characters])", "Without spaces, or the given characters, at the start.", [("trimLeft(' a')", "a")], |call| trim(call, |input| trimmed(input, true, false));
    "trimRight" | "rtrim", exact_case, "trimRight(s[, characters])", "Without spaces, or the given characters, at the end.", [("trimRight('a ')", "a")], |call| trim(call, |input| trimmed(input, false, true));
    "startsWith" | "startsWithUTF8", exact_case, "startsWith(s, prefix)", "Whether a text starts with another.", [("startsWith('hello', 'he')", "1"), ("startsWith('50%', '5_')", "0")], |call| affix(call, true);
    "endsWith" | "endsWithUTF8", exact_case, "endsWith(s, suffix)", "Whether a text ends with another.", [("endsWith('hello', 'lo')", "1")], |call| affix(call, false);
    "startsWithCaseInsensitive", exact_case, "startsWithCaseInsensitive(s, prefix)", "As startsWith, with Latin letters in any case.", [("startsWithCaseInsensitive('Hello', 'hE')", "1")], |call| folded_affix(call, |input| affixed(input, Case::Ascii, true));
    "endsWithCaseInsensitive", exact_case, "endsWithCaseInsensitive(s, suffix)", "As endsWith, with Latin letters in any case.", [("endsWithCaseInsensitive('HellO', 'lo')", "1")], |call| folded_affix(call, |input| affixed(input, Case::Ascii, false));
    "startsWithCaseInsensitiveUTF8", exact_case, "startsWithCaseInsensitiveUTF8(s, prefix)", "As startsWith, with letters in any case.", [("startsWithCaseInsensitiveUTF8('Ñandú', 'ñ')", "1")], |call| folded_affix(call, |input| affixed(input, Case::Unicode, true));
    "endsWithCaseInsensitiveUTF8", exact_case, "endsWithCaseInsensitiveUTF8(s, suffix)", "As endsWith, with letters in any case.", [("endsWithCaseInsensitiveUTF8('ñandÚ', 'ú')", "1")], |call| folded_affix(call, |input| affixed(input, Case::Unicode, false));
    "overlay", any_case, "overlay(s, with, start[, length])", "Some bytes of a text, as many as the other text has, replaced by it.", [("overlay('Spark SQL', 'CORE', 7)", "Spark CORE"), ("overlay('abcdef', 'xx', 2, 0)", "axxbcdef")], |call| overlay(call, |input| overlaid(input, false));
    "overlayUTF8", exact_case, "overlayUTF8(s, with, start[, length])", "As overlay, in characters.", [("overlayUTF8('añb', 'x', 2)", "axb")], |call| overlay(call, |input| overlaid(input, true));
    "compareSubstrings", exact_case, "compareSubstrings(a, b, a_offset, b_offset, bytes)", "-1, 0 or 1: how parts of two texts, each from an offset that counts from 0, compare.", [("compareSubstrings('Saxony', 'Anglo-Saxon', 0, 6, 5)", "0")], |call| {
        call.count(5..=5)?;
        (2..5).try_for_each(|index| call.expect_integer(index))?;
        Ok(call.kernel_on(compared, DataType::Int8, call.texts(2)?))
    };
};

fn part(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    let count = call.count(2..=3)?;
    for index in 1..count {
        if !call.bare(index).is_integer() && !call.bare(index).is_float() {
            return Err(call.wrong_type(index));
        }
    }
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

fn ends_utf8(input: &Input, first: bool) -> EngineResult<ArrayRef> {
    let count = input.integers(1)?;
    input.slice_strings(|row, text| {
        let count = count(row);
        // Characters are counted from the side where fewer bytes are looked at.
        let at = |skip: u64| text.char_indices().nth(skip as usize).map_or(text.len(), |(at, _)| at);
        let from_end = |skip: u64| match skip {
            0 => text.len(),
            skip => text.char_indices().nth_back(skip as usize - 1).map_or(0, |(at, _)| at),
        };
        match (first, count < 0) {
            (true, false) => &text[..at(count as u64)],
            (true, true) => &text[..from_end(count.unsigned_abs())],
            (false, false) => &text[from_end(count as u64)..],
            (false, true) => &text[at(count.unsigned_abs())..],
        }
    })
}

fn index(call: &Call) -> Result<Typed, Mismatch> {
    call.count(3..=3)?;
    call.expect_integer(2)?;
    let delimiter = call.constant_text(1)?;
    let is_utf8 = call.function.name.ends_with("UTF8");
    if if is_utf8 { delimiter.chars().count() != 1 } else { delimiter.len() != 1 } {
        return Err(call.bad_value("needs a single character as its second argument"));
    }
    let kernel: Kernel = |input| {
        let (delimiter, count) = (input.strings(1)?, input.integers(2)?);
        input.slice_strings(|row, text| {
            let (delimiter, count) = (delimiter.get(row), count(row));
            let places = text.match_indices(delimiter);
            match count {
                0 => &text[..0],
                1.. => places.map(|(at, _)| at).nth(count as usize - 1).map_or(text, |at| &text[..at]),
                _ => text
                    .rmatch_indices(delimiter)
                    .map(|(at, _)| at)
                    .nth(count.unsigned_abs() as usize - 1)
                    .map_or(text, |at| &text[at + delimiter.len()..]),
            }
        })
    };
    Ok(call.kernel_on(kernel, DataType::String, call.texts(2)?))
}

fn trim(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    let count = call.count(1..=2)?;
    if count == 2 {
        call.constant_text(1)?;
    }
    Ok(call.kernel_on(kernel, DataType::String, call.texts(count)?))
}

fn trimmed(input: &Input, left: bool, right: bool) -> EngineResult<ArrayRef> {
    let characters = if input.columns.len() > 1 { input.strings(1)?.get(0) } else { " " };
    if characters.len() == 1 {
        let byte = characters.as_bytes()[0];
        return input.slice_strings(|_, text| {
            let bytes = text.as_bytes();
            let start = if left { bytes.iter().take_while(|one| **one == byte).count() } else { 0 };
            let end = if right { bytes[start..].iter().rev().take_while(|one| **one == byte).count() } else { 0 };
            &text[start..text.len() - end]
        });
    }
    let characters: Vec<char> = characters.chars().collect();
    input.slice_strings(|_, text| {
        let text = if left { text.trim_start_matches(characters.as_slice()) } else { text };
        if right { text.trim_end_matches(characters.as_slice()) } else { text }
    })
}

fn folded_affix(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    Ok(call.kernel_on(kernel, DataType::UInt8, call.texts(2)?))
}

fn affixed(input: &Input, case: Case, start: bool) -> EngineResult<ArrayRef> {
    let (text, affix) = (input.strings(0)?, input.strings(1)?);
    let (mut text_buffer, mut affix_buffer) = (String::new(), String::new());
    input.bytes(|row| {
        let text = case.fold_into(text.get(row), &mut text_buffer);
        let affix = case.fold_into(affix.get(row), &mut affix_buffer);
        Ok(if start { text.starts_with(affix) } else { text.ends_with(affix) }.into())
    })
}

fn overlay(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    let count = call.count(3..=4)?;
    (2..count).try_for_each(|index| call.expect_integer(index))?;
    Ok(call.kernel_on(kernel, DataType::String, call.texts(2)?))
}

fn overlaid(input: &Input, characters: bool) -> EngineResult<ArrayRef> {
    let (text, with, start) = (input.strings(0)?, input.strings(1)?, input.integers(2)?);
    let length = if input.columns.len() > 3 { Some(input.integers(3)?) } else { None };
    input.write_strings(|row, out| {
        let (text, with) = (text.get(row), with.get(row));
        let units = |text: &str| if characters { text.chars().count() } else { text.len() };
        let size = units(text);
        // Place 0 is behind the end, as in ClickHouse.
        let begin = match start(row) {
            0 => size,
            start @ 1.. => (start as usize - 1).min(size),
            start => size.saturating_sub(start.unsigned_abs() as usize),
        };
        let length = match length.as_ref().map(|length| length(row)) {
            Some(length @ 0..) => length as usize,
            _ => units(with),
        };
        let end = begin.saturating_add(length).min(size);
        let at = |unit: usize| match characters {
            true => text.char_indices().nth(unit).map_or(text.len(), |(at, _)| at),
            false => boundary(text, unit),
        };
        out.push_str(&text[..at(begin)]);
        out.push_str(with);
        out.push_str(&text[at(end)..]);
        Ok(())
    })
}

/// The place, or the start of the character that it lies in.
fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn compared(input: &Input) -> EngineResult<ArrayRef> {
    let (left, right) = (input.strings(0)?, input.strings(1)?);
    let numbers = [input.integers(2)?, input.integers(3)?, input.integers(4)?];
    input.numbers(|row| {
        let [left_at, right_at, bytes] = [0, 1, 2].map(|index: usize| usize::try_from(numbers[index](row)));
        let (Ok(left_at), Ok(right_at), Ok(bytes)) = (left_at, right_at, bytes) else {
            return datafusion::common::exec_err!("compareSubstrings takes no negative offsets or lengths");
        };
        let left = cut(left.get(row).as_bytes(), left_at, bytes);
        Ok(left.cmp(cut(right.get(row).as_bytes(), right_at, bytes)) as i64)
    })
}

fn cut(bytes: &[u8], at: usize, count: usize) -> &[u8] {
    let at = at.min(bytes.len());
    &bytes[at..at.saturating_add(count).min(bytes.len())]
}

/// Whether the first, or the last, so many items are those of another array.
fn array_affix(call: &Call, start: bool) -> Result<Typed, Mismatch> {
    let [array, affix] = [call.arguments[0].clone(), call.arguments[1].clone()];
    let one = literal(ScalarValue::Int64(Some(1)), DataType::Int64);
    let count = delegate(call, "length", vec![affix.clone()])?;
    let part = if start {
        delegate(call, "arraySlice", vec![array, one, count])?
    } else {
        let length = delegate(call, "length", vec![array.clone()])?;
        let before = delegate(call, "minus", vec![length, count])?;
        let first = delegate(call, "plus", vec![before, one])?;
        delegate(call, "arraySlice", vec![array, first])?
    };
    delegate(call, "equals", vec![part, affix])
}

/// With a constant, a LIKE that the engine can prune by.
fn affix(call: &Call, start: bool) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    if let (DataType::Array(_), DataType::Array(_)) = (call.bare(0), call.bare(1)) {
        return array_affix(call, start);
    }
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
