//! `like`, regular expressions, and replacing.

use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::ArrayRef;
use datafusion::common::{Result as EngineResult, exec_datafusion_err};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::Like;
use regex::{Regex, RegexBuilder};

pub(crate) const FUNCTIONS: &[Function] = family! {
    "like", exact_case, "s LIKE pattern", "Whether a text matches a pattern: % is any text, _ any character.", [("'hello' LIKE 'h%'", "1"), ("'hello' LIKE '_ello'", "1")], |call| like(call, false, false);
    "notLike", exact_case, "s NOT LIKE pattern", "Whether a text does not match a pattern.", [("'hello' NOT LIKE 'x%'", "1")], |call| like(call, true, false);
    "ilike", exact_case, "s ILIKE pattern", "As LIKE, in any case.", [("'HELLO' ILIKE 'h%'", "1")], |call| like(call, false, true);
    "notILike", exact_case, "s NOT ILIKE pattern", "As NOT LIKE, in any case.", [("'HELLO' NOT ILIKE 'h%'", "0")], |call| like(call, true, true);
    "match" | "REGEXP_MATCHES", exact_case, "match(s, regexp)", "Whether a regular expression matches somewhere in a text.", [("match('hello', 'l+')", "1"), ("match('ABC', '(?i)abc')", "1")], |call| regexp(call, 2, DataType::UInt8, |input| {
        let (text, regexp) = (input.strings(0)?, compiled(input, 1)?);
        input.bytes(|row| Ok(regexp.is_match(text.get(row)).into()))
    });
    "extract" | "regexpExtract", exact_case, "extract(s, regexp)", "The first match, or its first group.", [("extract('hello123', '[0-9]+')", "123"), ("extract('a=1', 'a=([0-9])')", "1")], |call| regexp(call, 2, DataType::String, |input| {
        let regexp = compiled(input, 1)?;
        let group = usize::from(regexp.captures_len() > 1);
        input.slice_strings(|_, text| regexp.captures(text).and_then(|found| found.get(group)).map_or(&text[..0], |part| part.as_str()))
    });
    "extractAll", exact_case, "extractAll(s, regexp)", "All matches, or their first groups.", [("extractAll('a1b2', '[0-9]')", "['1','2']")], |call| regexp(call, 2, DataType::String.array(), |input| {
        let (text, regexp) = (input.strings(0)?, compiled(input, 1)?);
        let group = usize::from(regexp.captures_len() > 1);
        input.string_lists(|row, out| {
            out.extend(regexp.captures_iter(text.get(row)).map(|found| found.get(group).map_or(String::new(), |part| part.as_str().to_owned())));
            Ok(())
        })
    });
    "replaceAll" | "replace", any_case, "replaceAll(s, text, with)", "Every occurrence of a text replaced.", [("replaceAll('hello', 'l', 'L')", "heLLo"), ("replaceAll('abc', '', 'x')", "abc")], |call| substitute(call, |input| replaced(input, false));
    "replaceOne", exact_case, "replaceOne(s, text, with)", "The first occurrence of a text replaced.", [("replaceOne('hello', 'l', 'L')", "heLlo")], |call| substitute(call, |input| replaced(input, true));
    "replaceRegexpAll" | "REGEXP_REPLACE", any_case, "replaceRegexpAll(s, regexp, with)", r"Every match replaced; \1 in the replacement is the first group, \0 the match.", [("replaceRegexpAll('hello', 'l', 'x')", "hexxo"), ("replaceRegexpAll('abc', '(b)', '[\\\\1]')", "a[b]c")], |call| regexp(call, 3, DataType::String, |input| replaced_regexp(input, 0));
    "replaceRegexpOne", exact_case, "replaceRegexpOne(s, regexp, with)", "The first match replaced.", [("replaceRegexpOne('hello', 'l', 'x')", "hexlo")], |call| regexp(call, 3, DataType::String, |input| replaced_regexp(input, 1));
    "multiSearchAny", exact_case, "multiSearchAny(s, needles)", "Whether any of the texts stands in another.", [("multiSearchAny('hello', ['x', 'll'])", "1")], |call| search_any(call, |input| any_needle(input, false));
    "multiSearchAnyCaseInsensitive", exact_case, "multiSearchAnyCaseInsensitive(s, needles)", "As multiSearchAny, in any case.", [("multiSearchAnyCaseInsensitive('HELLO', ['ll'])", "1")], |call| search_any(call, |input| any_needle(input, true));
};

fn like(call: &Call, negated: bool, any_case: bool) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    let [text, pattern] = <[Typed; 2]>::try_from(call.texts(2)?).expect("there are two");
    Ok(Typed::predicate(Expr::Like(Like::new(negated, Box::new(text.expr), Box::new(pattern.expr), None, any_case))))
}

fn regexp(call: &Call, count: usize, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(count..=count)?;
    compile(call.constant_text(1)?).map_err(|problem| call.mismatch(problem))?;
    Ok(call.kernel_on(kernel, result, call.texts(count)?))
}

/// As RE2 does for ClickHouse, a dot is any character, a line's end too.
fn compile(regexp: &str) -> Result<Regex, String> {
    RegexBuilder::new(regexp)
        .dot_matches_new_line(true)
        .build()
        .map_err(|error| format!("cannot read the regular expression {regexp:?}: {error}"))
}

fn compiled(input: &Input, index: usize) -> EngineResult<Regex> {
    compile(input.strings(index)?.get(0)).map_err(|problem| exec_datafusion_err!("{problem}"))
}

fn substitute(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(3..=3)?;
    Ok(call.kernel_on(kernel, DataType::String, call.texts(3)?))
}

fn replaced(input: &Input, once: bool) -> EngineResult<ArrayRef> {
    let (text, needle, with) = (input.strings(0)?, input.strings(1)?, input.strings(2)?);
    input.write_strings(|row, out| {
        let (mut rest, needle, with) = (text.get(row), needle.get(row), with.get(row));
        if !needle.is_empty() {
            while let Some(at) = rest.find(needle) {
                out.push_str(&rest[..at]);
                out.push_str(with);
                rest = &rest[at + needle.len()..];
                if once {
                    break;
                }
            }
        }
        out.push_str(rest);
        Ok(())
    })
}

fn replaced_regexp(input: &Input, limit: usize) -> EngineResult<ArrayRef> {
    let (text, regexp, with) = (input.strings(0)?, compiled(input, 1)?, input.strings(2)?);
    input.write_strings(|row, out| {
        let (text, with) = (text.get(row), with.get(row));
        let mut end = 0;
        for (index, found) in regexp.captures_iter(text).enumerate() {
            let all = found.get(0).expect("a match has its whole");
            if limit > 0 && index >= limit || all.is_empty() && regexp.as_str().is_empty() {
                break;
            }
            out.push_str(&text[end..all.start()]);
            push_replacement(out, with, &found);
            end = all.end();
        }
        out.push_str(&text[end..]);
        Ok(())
    })
}

/// `\1` is a group, `\\` a backslash.
fn push_replacement(out: &mut String, with: &str, found: &regex::Captures) {
    let mut characters = with.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match characters.next() {
            Some(digit) if digit.is_ascii_digit() => {
                let group = digit as usize - '0' as usize;
                out.push_str(found.get(group).map_or("", |part| part.as_str()));
            }
            Some(other) => out.push(other),
            None => out.push('\\'),
        }
    }
}

fn search_any(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    if !matches!(call.bare(1), DataType::Array(item) if **item == DataType::String) {
        return Err(call.wrong_type(1));
    }
    Ok(call.kernel_on(kernel, DataType::UInt8, call.texts(1)?))
}

fn any_needle(input: &Input, any_case: bool) -> EngineResult<ArrayRef> {
    use arrow::array::{Array, AsArray};
    let text = input.strings(0)?;
    let lists = input.columns[1].array.as_list::<i32>();
    let needles = lists.values().as_string_view();
    let lowered: Vec<String> =
        if any_case { (0..needles.len()).map(|row| needles.value(row).to_lowercase()).collect() } else { Vec::new() };
    input.bytes(|row| {
        let list = input.columns[1].at(row);
        let (start, end) = (lists.value_offsets()[list] as usize, lists.value_offsets()[list + 1] as usize);
        let text = text.get(row);
        let found = if any_case {
            let text = text.to_lowercase();
            lowered[start..end].iter().any(|needle| text.contains(needle))
        } else {
            (start..end).any(|needle| text.contains(needles.value(needle)))
        };
        Ok(found.into())
    })
}
