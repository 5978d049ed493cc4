//! Where a text stands in another: `position`, `countSubstrings`, `hasToken`, `hasSubsequence`.

use super::Strings;
use super::fold::Case;
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel, delegate};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::{Array, ArrayRef, AsArray, UInt8Array};
use datafusion::common::Result as EngineResult;
use memchr::memmem;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "position", any_case, "position(s, needle[, start])", "Where a text stands in another, in bytes from 1; 0 if it does not.", [("position('hello', 'l')", "3"), ("position('hello', 'z')", "0"), ("position('hello', 'l', 4)", "4")], |call| position(call, |input| positions(input, Case::Exact, false));
    "positionCaseInsensitive" | "instr", any_case, "positionCaseInsensitive(s, needle[, start])", "As position, with Latin letters in any case.", [("positionCaseInsensitive('HELLO', 'l')", "3")], |call| position(call, |input| positions(input, Case::Ascii, false));
    "positionUTF8", exact_case, "positionUTF8(s, needle[, start])", "As position, in characters.", [("positionUTF8('ñl', 'l')", "2")], |call| position(call, |input| positions(input, Case::Exact, true));
    "positionCaseInsensitiveUTF8", exact_case, "positionCaseInsensitiveUTF8(s, needle[, start])", "As position, in characters and any case.", [("positionCaseInsensitiveUTF8('ñL', 'l')", "2")], |call| position(call, |input| positions(input, Case::Unicode, true));
    "locate", any_case, "locate(needle, s[, start])", "As position, with the needle first.", [("locate('l', 'hello')", "3")], |call| {
        call.count(2..=3)?;
        let mut arguments = call.texts(2)?;
        arguments.swap(0, 1);
        Ok(call.kernel_on(|input| positions(input, Case::Exact, false), DataType::UInt64, arguments))
    };
    "countSubstrings", any_case, "countSubstrings(s, needle[, start])", "How often a text stands in another, without overlaps.", [("countSubstrings('aaaa', 'aa')", "2")], |call| position(call, |input| counts(input, Case::Exact, false));
    "countSubstringsCaseInsensitive", exact_case, "countSubstringsCaseInsensitive(s, needle[, start])", "As countSubstrings, with Latin letters in any case.", [("countSubstringsCaseInsensitive('aAbA', 'a')", "3")], |call| position(call, |input| counts(input, Case::Ascii, false));
    "countSubstringsCaseInsensitiveUTF8", exact_case, "countSubstringsCaseInsensitiveUTF8(s, needle[, start])", "As countSubstrings, with letters in any case.", [("countSubstringsCaseInsensitiveUTF8('ñÑñ', 'Ñ')", "3")], |call| position(call, |input| counts(input, Case::Unicode, true));
    "hasToken", exact_case, "hasToken(s, token)", "Whether a word, between characters that are no Latin letters or digits, stands in a text.", [("hasToken('hello-world', 'world')", "1"), ("hasToken('hello', 'hell')", "0")], |call| token(call, false, |input| tokens(input, Case::Exact));
    "hasTokenOrNull", exact_case, "hasTokenOrNull(s, token)", "As hasToken; NULL if the token has other characters.", [("hasTokenOrNull('hello world', 'hello world')", "\\N")], |call| token(call, true, |input| tokens(input, Case::Exact));
    "hasTokenCaseInsensitive", any_case, "hasTokenCaseInsensitive(s, token)", "As hasToken, with Latin letters in any case.", [("hasTokenCaseInsensitive('Hello World', 'WORLD')", "1")], |call| token(call, false, |input| tokens(input, Case::Ascii));
    "hasTokenCaseInsensitiveOrNull", any_case, "hasTokenCaseInsensitiveOrNull(s, token)", "As hasTokenOrNull, with Latin letters in any case.", [("hasTokenCaseInsensitiveOrNull('Hello', 'HELLO')", "1")], |call| token(call, true, |input| tokens(input, Case::Ascii));
    "hasAnyTokens" | "hasAnyToken", exact_case, "hasAnyTokens(s, tokens)", "Whether any of some words, an array or a text of them, stands in a text.", [("hasAnyTokens('hello big world', ['xx', 'big'])", "1")], |call| token_list(call, |input| token_lists(input, false));
    "hasAllTokens" | "hasAllToken", exact_case, "hasAllTokens(s, tokens)", "Whether all of some words, an array or a text of them, stand in a text.", [("hasAllTokens('hello big world', 'world hello')", "1")], |call| token_list(call, |input| token_lists(input, true));
    "hasSubsequence", any_case, "hasSubsequence(s, needle)", "Whether the characters of a text occur in another in their order.", [("hasSubsequence('garbage', 'arg')", "1"), ("hasSubsequence('garbage', 'agr')", "0")], |call| pair(call, |input| subsequence(input, Case::Exact));
    "hasSubsequenceCaseInsensitive", any_case, "hasSubsequenceCaseInsensitive(s, needle)", "As hasSubsequence, with Latin letters in any case.", [("hasSubsequenceCaseInsensitive('GARBAGE', 'arg')", "1")], |call| pair(call, |input| subsequence(input, Case::Ascii));
    "hasSubsequenceUTF8", any_case, "hasSubsequenceUTF8(s, needle)", "As hasSubsequence.", [("hasSubsequenceUTF8('ñandú', 'ñú')", "1")], |call| pair(call, |input| subsequence(input, Case::Exact));
    "hasSubsequenceCaseInsensitiveUTF8", any_case, "hasSubsequenceCaseInsensitiveUTF8(s, needle)", "As hasSubsequence, with letters in any case.", [("hasSubsequenceCaseInsensitiveUTF8('ÑANDÚ', 'ñú')", "1")], |call| pair(call, |input| subsequence(input, Case::Unicode));
};

/// The second text of each row, prepared once if it is constant.
enum Needle<'a> {
    Constant(Box<memmem::Finder<'static>>),
    Column(Strings<'a>, Case),
}

impl<'a> Needle<'a> {
    fn new(input: &'a Input, index: usize, case: Case) -> EngineResult<Needle<'a>> {
        let strings = input.strings(index)?;
        Ok(match strings.constant() {
            Some(text) => Needle::Constant(Box::new(memmem::Finder::new(case.fold(text).as_bytes()).into_owned())),
            None => Needle::Column(strings, case),
        })
    }

    fn with<T>(&self, row: usize, use_it: impl FnOnce(&memmem::Finder) -> T) -> T {
        match self {
            Needle::Constant(finder) => use_it(finder),
            Needle::Column(strings, case) => use_it(&memmem::Finder::new(case.fold(strings.get(row)).as_bytes())),
        }
    }
}

fn position(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    if call.count(2..=3)? == 3 && !call.bare(2).is_unsigned_integer() {
        return Err(call.wrong_type(2));
    }
    Ok(call.kernel_on(kernel, DataType::UInt64, call.texts(2)?))
}

fn pair(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    Ok(call.kernel_on(kernel, DataType::UInt8, call.texts(2)?))
}

/// Where a search begins, in bytes: `start` counts bytes or characters from one. Behind the end there is nothing.
fn begin(text: &str, start: i64, characters: bool) -> Option<usize> {
    let skip = (start as u64).saturating_sub(1) as usize;
    if !characters {
        return (skip <= text.len()).then_some(skip);
    }
    if skip == 0 {
        return Some(0);
    }
    text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(skip)
}

fn positions(input: &Input, case: Case, characters: bool) -> EngineResult<ArrayRef> {
    let (text, needle) = (input.strings(0)?, Needle::new(input, 1, case)?);
    let start = if input.columns.len() > 2 { Some(input.integers(2)?) } else { None };
    let mut buffer = String::new();
    input.numbers(|row| {
        let text = case.fold_into(text.get(row), &mut buffer);
        let start = start.as_ref().map_or(1, |start| start(row));
        let Some(from) = begin(text, start, characters) else { return Ok(0) };
        let found = needle.with(row, |finder| finder.find(&text.as_bytes()[from..]));
        Ok(found.map_or(0, |at| match characters {
            true => text[..from + at].chars().count() + 1,
            false => from + at + 1,
        } as i64))
    })
}

fn counts(input: &Input, case: Case, characters: bool) -> EngineResult<ArrayRef> {
    let (text, needle) = (input.strings(0)?, Needle::new(input, 1, case)?);
    let start = if input.columns.len() > 2 { Some(input.integers(2)?) } else { None };
    let mut buffer = String::new();
    input.numbers(|row| {
        let text = case.fold_into(text.get(row), &mut buffer);
        let start = start.as_ref().map_or(1, |start| start(row));
        let Some(from) = begin(text, start, characters) else { return Ok(0) };
        Ok(needle.with(row, |finder| match finder.needle().is_empty() {
            true => 0,
            false => finder.find_iter(&text.as_bytes()[from..]).count() as i64,
        }))
    })
}

fn is_separator(byte: u8) -> bool {
    byte.is_ascii() && !byte.is_ascii_alphanumeric()
}

fn token(call: &Call, or_null: bool, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    let is_word = !call.constant_text(1)?.bytes().any(is_separator);
    if !is_word && !or_null {
        return Err(call.bad_value("needs a token without whitespace or separator characters"));
    }
    if !is_word {
        let kernel: Kernel = |input| Ok(Arc::new(UInt8Array::new_null(input.rows)));
        return Ok(call.kernel_on(kernel, DataType::UInt8.nullable(), call.texts(2)?));
    }
    let result = if or_null { DataType::UInt8.nullable() } else { DataType::UInt8 };
    Ok(call.kernel_on(kernel, result, call.texts(2)?))
}

fn tokens(input: &Input, case: Case) -> EngineResult<ArrayRef> {
    let (text, needle) = (input.strings(0)?, Needle::new(input, 1, case)?);
    let mut buffer = String::new();
    input.bytes(|row| {
        let text = case.fold_into(text.get(row), &mut buffer).as_bytes();
        Ok(needle.with(row, |finder| has_word(text, finder)).into())
    })
}

/// The words as an array, which a text is split into.
fn token_list(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    let words = match call.bare(1) {
        DataType::Array(item) if matches!(**item, DataType::String | DataType::Nothing) => {
            crate::function::cast(call.arguments[1].clone(), &DataType::String.array())?
        }
        _ => delegate(call, "splitByNonAlpha", vec![call.text(1)?])?,
    };
    Ok(call.kernel_on(kernel, DataType::UInt8, vec![call.text(0)?, words]))
}

fn token_lists(input: &Input, all: bool) -> EngineResult<ArrayRef> {
    let (text, lists) = (input.strings(0)?, input.lists(1)?);
    let words = lists.values().as_string_view();
    let finders: Vec<memmem::Finder> = (0..words.len()).map(|index| memmem::Finder::new(words.value(index))).collect();
    input.bytes(|row| {
        let (text, finders) = (text.get(row).as_bytes(), &finders[lists.range(row)]);
        let has = |finder: &memmem::Finder| has_word(text, finder);
        Ok((!finders.is_empty() && if all { finders.iter().all(has) } else { finders.iter().any(has) }).into())
    })
}

fn has_word(text: &[u8], finder: &memmem::Finder) -> bool {
    let size = finder.needle().len();
    // Occurrences may overlap, but a word that ends inside of another occurrence is none.
    let stands_alone = |at: usize| {
        let before = at == 0 || is_separator(text[at - 1]);
        before && text.get(at + size).is_none_or(|byte| is_separator(*byte))
    };
    size > 0 && !finder.needle().iter().any(|byte| is_separator(*byte)) && finder.find_iter(text).any(stands_alone)
}

fn subsequence(input: &Input, case: Case) -> EngineResult<ArrayRef> {
    let (text, needle) = (input.strings(0)?, input.strings(1)?);
    let (mut text_buffer, mut needle_buffer) = (String::new(), String::new());
    input.bytes(|row| {
        let mut text = case.fold_into(text.get(row), &mut text_buffer).chars();
        let needle = case.fold_into(needle.get(row), &mut needle_buffer);
        Ok(needle.chars().all(|wanted| text.any(|one| one == wanted)).into())
    })
}
