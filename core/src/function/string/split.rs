//! Text ↔ arrays of text.

use super::column::Parts;
use super::regexp::{Flags, compile};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::{Typed, literal};
use crate::value::DataType;
use arrow::array::*;
use datafusion::common::{Result as EngineResult, exec_datafusion_err, exec_err};
use datafusion::scalar::ScalarValue;
use memchr::{memchr, memmem};

pub(crate) const FUNCTIONS: &[Function] = family! {
    "splitByChar", exact_case, "splitByChar(separator, s[, most])", "The parts between one-character separators.", [("splitByChar(',', 'a,b,,c')", "['a','b','','c']"), ("splitByChar(',', '')", "['']")], |call| {
        if call.count(2..=3).and_then(|_| call.constant_text(0))?.len() != 1 {
            return Err(call.bad_value("needs a separator of exactly one byte"));
        }
        split(call, by_char)
    };
    "splitByString", exact_case, "splitByString(separator, s[, most])", "The parts between separators; characters, if the separator is empty.", [("splitByString('--', 'a--b')", "['a','b']"), ("splitByString('', 'abc')", "['a','b','c']")], |call| split(call, by_string);
    "splitByRegexp", exact_case, "splitByRegexp(regexp, s[, most])", "The parts between matches of a regular expression; characters, if it is empty.", [("splitByRegexp('\\\\d+', 'a12bc3d')", "['a','bc','d']")], |call| {
        call.count(2..=3)?;
        compile(call.constant_text(0)?, Flags::Plain).map_err(|problem| call.bad_value(problem))?;
        split(call, by_regexp)
    };
    "splitByWhitespace", exact_case, "splitByWhitespace(s[, most])", "The words between spaces.", [("splitByWhitespace(' a  b ')", "['a','b']")], |call| words(call, |input| runs(input, |byte| !byte.is_ascii_whitespace() && byte != 0x0b));
    "splitByNonAlpha", exact_case, "splitByNonAlpha(s[, most])", "The words between spaces and punctuation.", [("splitByNonAlpha('user@example.com')", "['user','example','com']")], |call| words(call, |input| runs(input, is_word));
    "alphaTokens" | "splitByAlpha", exact_case, "alphaTokens(s[, most])", "The runs of Latin letters.", [("alphaTokens('abca1abc')", "['abca','abc']")], |call| words(call, |input| runs(input, |byte| byte.is_ascii_alphabetic()));
    "tokens", exact_case, "tokens(s[, tokenizer[, argument]])", "The words of a text, by the tokenizer splitByNonAlpha, splitByString, ngrams or array.", [("tokens('a-b c')", "['a','b','c']"), ("tokens('abcd', 'ngrams', 3)", "['abc','bcd']")], tokens;
    "ngrams", exact_case, "ngrams(s, n)", "All parts of n characters.", [("ngrams('ClickH', 3)", "['Cli','lic','ick','ckH']")], |call| {
        call.count(2..=2)?;
        if call.constant_integer(1)? < 1 {
            return Err(call.bad_value("needs a length of at least 1"));
        }
        Ok(call.kernel_on(|input| grams(input, 0, 1), DataType::String.array(), call.texts(1)?))
    };
    "arrayStringConcat" | "array_to_string", exact_case, "arrayStringConcat(array[, separator])", "The items as text, with a separator between; NULLs are left out.", [("arrayStringConcat(['a', 'b'], '-')", "a-b"), ("arrayStringConcat([1, 2], ',')", "1,2")], concat;
};

fn is_word(byte: u8) -> bool {
    !byte.is_ascii() || byte.is_ascii_alphanumeric()
}

fn split(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    if call.count(2..=3)? == 3 {
        call.expect_integer(2)?;
    }
    if let DataType::FixedString(_) = call.bare(1) {
        return Err(call.wrong_type(1));
    }
    Ok(call.kernel_on(kernel, DataType::String.array(), call.texts(2)?))
}

fn words(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    if call.count(1..=2)? == 2 {
        call.expect_integer(1)?;
    }
    Ok(call.kernel_on(kernel, DataType::String.array(), call.texts(1)?))
}

/// How many parts are wanted at most, from the argument `index`; zero and less are no bound.
fn most(input: &Input, index: usize) -> EngineResult<impl Fn(usize) -> usize + use<>> {
    let most = if input.columns.len() > index { Some(input.integers(index)?) } else { None };
    Ok(move |row: usize| {
        most.as_ref().map(|most| most(row)).filter(|most| *most > 0).map_or(usize::MAX, |most| most as usize)
    })
}

fn by_char(input: &Input) -> EngineResult<ArrayRef> {
    let separator = input.strings(0)?.get(0).as_bytes()[0];
    let most = most(input, 2)?;
    input.slice_lists(1, |row, text, parts| {
        let mut rest = text;
        for _ in 0..most(row) {
            match memchr(separator, rest.as_bytes()) {
                Some(at) => {
                    parts.push(&rest[..at]);
                    rest = &rest[at + 1..];
                }
                None => {
                    parts.push(rest);
                    break;
                }
            }
        }
        Ok(())
    })
}

fn by_string(input: &Input) -> EngineResult<ArrayRef> {
    let separator = input.strings(0)?;
    let most = most(input, 2)?;
    let constant = separator.constant().map(memmem::Finder::new);
    input.slice_lists(1, |row, text, parts| {
        let (separator, most) = (separator.get(row), most(row));
        if separator.is_empty() {
            characters(text, most, parts);
            return Ok(());
        }
        let mut rest = text;
        for _ in 0..most {
            let found = match &constant {
                Some(finder) => finder.find(rest.as_bytes()),
                None => memmem::find(rest.as_bytes(), separator.as_bytes()),
            };
            let Some(at) = found else {
                parts.push(rest);
                break;
            };
            parts.push(&rest[..at]);
            rest = &rest[at + separator.len()..];
        }
        Ok(())
    })
}

fn characters<'t>(text: &'t str, most: usize, parts: &mut Parts<'t, '_>) {
    for (at, character) in text.char_indices().take(most) {
        parts.push(&text[at..at + character.len_utf8()]);
    }
}

fn by_regexp(input: &Input) -> EngineResult<ArrayRef> {
    let pattern = input.strings(0)?.get(0);
    let regexp = compile(pattern, Flags::Plain).map_err(|problem| exec_datafusion_err!("{problem}"))?;
    let most = most(input, 2)?;
    input.slice_lists(1, |row, text, parts| {
        if pattern.is_empty() {
            characters(text, most(row), parts);
            return Ok(());
        }
        let mut start = 0;
        for _ in 0..most(row) {
            // An empty match parts nothing.
            match regexp.find_at(text, start).filter(|found| !found.is_empty()) {
                Some(found) => {
                    parts.push(&text[start..found.start()]);
                    start = found.end();
                }
                None => {
                    parts.push(&text[start..]);
                    break;
                }
            }
        }
        Ok(())
    })
}

/// The runs of bytes that belong to words.
fn runs(input: &Input, is_inside: fn(u8) -> bool) -> EngineResult<ArrayRef> {
    let most = most(input, 1)?;
    input.slice_lists(0, |row, text, parts| {
        let bytes = text.as_bytes();
        let (mut at, most, mut count) = (0, most(row), 0);
        while count < most {
            let Some(start) = bytes[at..].iter().position(|byte| is_inside(*byte)) else { break };
            let start = at + start;
            let end = bytes[start..].iter().position(|byte| !is_inside(*byte)).map_or(bytes.len(), |end| start + end);
            parts.push(&text[start..end]);
            (at, count) = (end, count + 1);
        }
        Ok(())
    })
}

fn grams(input: &Input, text: usize, size: usize) -> EngineResult<ArrayRef> {
    let Ok(size) = usize::try_from(input.integers(size)?(0)) else { return exec_err!("a length must not be negative") };
    input.slice_lists(text, |_, text, parts| {
        let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]).skip(size);
        for ((start, _), end) in text.char_indices().zip(ends) {
            parts.push(&text[start..end]);
        }
        Ok(())
    })
}

fn tokens(call: &Call) -> Result<Typed, Mismatch> {
    let count = call.count(1..=3)?;
    let tokenizer = if count > 1 { call.constant_text(1)? } else { "splitByNonAlpha" };
    let text = call.text(0)?;
    let result = DataType::String.array();
    match tokenizer {
        "splitByNonAlpha" | "default" => Ok(call.kernel_on(|input| runs(input, is_word), result, vec![text])),
        "ngrams" | "ngram" => {
            let size = if count > 2 { call.constant_integer(2)? } else { 3 };
            if !(1..=8).contains(&size) {
                return Err(call.bad_value(format_args!("takes ngrams of 1 to 8 characters, not {size}")));
            }
            let size = literal(ScalarValue::Int64(Some(size)), DataType::Int64);
            Ok(call.kernel_on(|input| grams(input, 0, 1), result, vec![text, size]))
        }
        "array" | "noOp" | "no_op" => Ok(call.kernel_on(
            |input| {
                input.slice_lists(0, |_, text, parts| {
                    parts.push(text);
                    Ok(())
                })
            },
            result,
            vec![text],
        )),
        "splitByString" | "split" => {
            let separators = match call.arguments.get(2) {
                Some(separators) => separators.clone(),
                None => crate::function::call(
                    call.context,
                    "array",
                    vec![literal(ScalarValue::Utf8View(Some(" ".to_owned())), DataType::String)],
                )?,
            };
            if separators.data_type != DataType::String.array() {
                return Err(call.bad_value("needs an array of separators"));
            }
            Ok(call.kernel_on(by_strings, result, vec![text, separators]))
        }
        other => Err(call.bad_value(format_args!("does not know the tokenizer {other:?}"))),
    }
}

/// The parts between any of several separators, the first of which wins; empty parts are left out.
fn by_strings(input: &Input) -> EngineResult<ArrayRef> {
    let lists = input.lists(1)?;
    let separators = lists.values().as_string_view();
    input.slice_lists(0, |row, text, parts| {
        let known = || lists.range(row).map(|index| separators.value(index)).filter(|one| !one.is_empty());
        let (mut start, mut at) = (0, 0);
        while at < text.len() {
            if let Some(separator) = known().find(|separator| text.as_bytes()[at..].starts_with(separator.as_bytes())) {
                if at > start {
                    parts.push(&text[start..at]);
                }
                at += separator.len();
                start = at;
            } else {
                at += 1;
            }
        }
        if start < text.len() {
            parts.push(&text[start..]);
        }
        Ok(())
    })
}

fn concat(call: &Call) -> Result<Typed, Mismatch> {
    let count = call.count(1..=2)?;
    let DataType::Array(_) = call.bare(0) else { return Err(call.wrong_type(0)) };
    let array = crate::function::cast(call.arguments[0].clone(), &DataType::String.nullable().array())?;
    let mut arguments = vec![array];
    if count == 2 {
        arguments.push(call.text(1)?);
    }
    Ok(call.kernel_on(joined, DataType::String, arguments))
}

fn joined(input: &Input) -> EngineResult<ArrayRef> {
    let lists = input.lists(0)?;
    let items = lists.values().as_string_view();
    let separator = if input.columns.len() > 1 { Some(input.strings(1)?) } else { None };
    input.write_strings(|row, out| {
        let separator = separator.as_ref().map_or("", |separator| separator.get(row));
        let mut is_first = true;
        for item in lists.range(row).filter(|item| items.is_valid(*item)) {
            if !is_first {
                out.push_str(separator);
            }
            is_first = false;
            out.push_str(items.value(item));
        }
        Ok(())
    })
}
