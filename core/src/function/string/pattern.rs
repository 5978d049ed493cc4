//! `LIKE` and regular expressions: matching, extracting, replacing, counting.

use super::Strings;
use super::regexp::{Flags, compile};
use crate::function::array::Lists;
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel, delegate};
use crate::function::typed::Typed;
use crate::limits;
use crate::value::DataType;
use arrow::array::*;
use datafusion::common::{Result as EngineResult, exec_datafusion_err, exec_err};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::Like;
use regex::{CaptureLocations, Match, Regex};
use std::borrow::Cow;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "like", exact_case, "s LIKE pattern", "Whether a text matches a pattern: % is any text, _ any character.", [("'hello' LIKE 'h%'", "1"), ("'hello' LIKE '_ello'", "1")], |call| like(call, false, false);
    "notLike", exact_case, "s NOT LIKE pattern", "Whether a text does not match a pattern.", [("'hello' NOT LIKE 'x%'", "1")], |call| like(call, true, false);
    "ilike", exact_case, "s ILIKE pattern", "As LIKE, in any case.", [("'HELLO' ILIKE 'h%'", "1")], |call| like(call, false, true);
    "notILike", exact_case, "s NOT ILIKE pattern", "As NOT LIKE, in any case.", [("'HELLO' NOT ILIKE 'h%'", "0")], |call| like(call, true, true);
    "match" | "REGEXP_MATCHES", exact_case, "match(s, regexp)", "Whether a regular expression matches somewhere in a text.", [("match('hello', 'l+')", "1"), ("match('ABC', '(?i)abc')", "1")], |call| two(call, Flags::Plain, DataType::UInt8, |input| matched(input, Flags::Plain, true));
    "notMatch", exact_case, "notMatch(s, regexp)", "Whether a regular expression matches nowhere in a text.", [("notMatch('hello', 'z')", "1")], |call| two(call, Flags::Plain, DataType::UInt8, |input| matched(input, Flags::Plain, false));
    "matchCaseInsensitive", exact_case, "matchCaseInsensitive(s, regexp)", "As match, in any case.", [("matchCaseInsensitive('ABC', 'b')", "1")], |call| two(call, Flags::AnyCase, DataType::UInt8, |input| matched(input, Flags::AnyCase, true));
    "notMatchCaseInsensitive", exact_case, "notMatchCaseInsensitive(s, regexp)", "As notMatch, in any case.", [("notMatchCaseInsensitive('ABC', 'b')", "0")], |call| two(call, Flags::AnyCase, DataType::UInt8, |input| matched(input, Flags::AnyCase, false));
    "multiMatchAny", exact_case, "multiMatchAny(s, regexps)", "Whether any of the regular expressions matches.", [("multiMatchAny('hello', ['z', 'l+'])", "1")], |call| many(call, DataType::UInt8, |input| each_list(input, |input, text, regexps| input.bytes(|row| {
        let text = text.get(row);
        Ok(regexps.of(row).iter().any(|regexp| regexp.is_match(text)).into())
    })));
    "multiMatchAnyIndex", exact_case, "multiMatchAnyIndex(s, regexps)", "The first of the regular expressions that matches, from 1; 0 if none does.", [("multiMatchAnyIndex('hello', ['z', 'l+'])", "2")], |call| many(call, DataType::UInt64, |input| each_list(input, |input, text, regexps| input.numbers(|row| {
        let text = text.get(row);
        Ok(regexps.of(row).iter().position(|regexp| regexp.is_match(text)).map_or(0, |index| index as i64 + 1))
    })));
    "multiMatchAllIndices", exact_case, "multiMatchAllIndices(s, regexps)", "All of the regular expressions that match, from 1.", [("multiMatchAllIndices('hello', ['z', 'l+', 'o'])", "[2,3]")], |call| many(call, DataType::UInt64.array(), |input| each_list(input, all_indices));
    "extract", exact_case, "extract(s, regexp)", "The first match, or its first group.", [("extract('hello123', '[0-9]+')", "123"), ("extract('a=1', 'a=([0-9])')", "1")], |call| two(call, Flags::Plain, DataType::String, extracted);
    "extractAll", exact_case, "extractAll(s, regexp)", "All matches, or their first groups.", [("extractAll('a1b2', '[0-9]')", "['1','2']")], |call| two(call, Flags::Plain, DataType::String.array(), extracted_all);
    "extractGroups", exact_case, "extractGroups(s, regexp)", "The groups of the first match.", [("extractGroups('a=1', '(\\\\w)=(\\\\d)')", "['a','1']")], |call| groups(call, DataType::String.array(), first_groups);
    "extractAllGroupsVertical" | "extractAllGroups", exact_case, "extractAllGroupsVertical(s, regexp)", "The groups of all matches, an array for each match.", [("extractAllGroupsVertical('a=1, b=2', '(\\\\w)=(\\\\d)')", "[['a','1'],['b','2']]")], |call| groups(call, DataType::String.array().array(), |input| all_groups(input, true));
    "extractAllGroupsHorizontal", exact_case, "extractAllGroupsHorizontal(s, regexp)", "The groups of all matches, an array for each group.", [("extractAllGroupsHorizontal('a=1, b=2', '(\\\\w)=(\\\\d)')", "[['a','b'],['1','2']]")], |call| groups(call, DataType::String.array().array(), |input| all_groups(input, false));
    "regexpExtract" | "REGEXP_EXTRACT" | "REGEXP_SUBSTR", any_case, "regexpExtract(s, regexp[, group])", "A group of the first match; without a number the first, 0 is the whole match.", [("regexpExtract('100-200', '(\\\\d+)-(\\\\d+)', 2)", "200")], group_of;
    "regexpPosition" | "regexpInstr" | "regexp_instr", any_case, "regexpPosition(s, regexp)", "Where the first match begins, in bytes from 1; 0 if there is none.", [("regexpPosition('hello', 'l+')", "3")], |call| two(call, Flags::Plain, DataType::UInt64, |input| {
        let (text, regexps) = (input.strings(0)?, Regexps::new(input, 1, Flags::Plain)?);
        input.numbers(|row| Ok(regexps.at(row)?.find(text.get(row)).map_or(0, |found| found.start() as i64 + 1)))
    });
    "countMatches", exact_case, "countMatches(s, regexp)", "How often a regular expression matches; an empty match ends the count.", [("countMatches('foobar.com', 'o+')", "2")], |call| two(call, Flags::Plain, DataType::UInt64, |input| counted(input, Flags::Plain));
    "countMatchesCaseInsensitive", exact_case, "countMatchesCaseInsensitive(s, regexp)", "As countMatches, in any case.", [("countMatchesCaseInsensitive('AaA', 'a')", "3")], |call| two(call, Flags::AnyCase, DataType::UInt64, |input| counted(input, Flags::AnyCase));
    "replaceRegexpAll" | "REGEXP_REPLACE", any_case, "replaceRegexpAll(s, regexp, with)", r"Every match replaced; \1 in the replacement is the first group, \0 the match.", [("replaceRegexpAll('hello', 'l', 'x')", "hexxo"), ("replaceRegexpAll('abc', '(b)', '[\\\\1]')", "a[b]c")], |call| substitute(call, |input| replaced(input, usize::MAX));
    "replaceRegexpOne", exact_case, "replaceRegexpOne(s, regexp, with)", "The first match replaced.", [("replaceRegexpOne('hello', 'l', 'x')", "hexlo")], |call| substitute(call, |input| replaced(input, 1));
    "regexpQuoteMeta", exact_case, "regexpQuoteMeta(s)", "The text as a regular expression that matches it alone.", [("regexpQuoteMeta('a.b')", "a\\.b")], |call| super::text(call, |input| super::each(input, |text, out| {
        for character in text.chars() {
            if matches!(character, '\0' | '\\' | '(' | ')' | '^' | '$' | '.' | '[' | ']' | '?' | '*' | '+' | '{' | ':' | '-' | '|') {
                out.push('\\');
            }
            out.push(character);
        }
    }));
};

fn like(call: &Call, negated: bool, any_case: bool) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    let [text, pattern] = <[Typed; 2]>::try_from(call.texts(2)?).expect("there are two");
    if let Some(pattern) = pattern.text()
        && pattern.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
    {
        return Err(call.bad_value(format_args!("got an escape at the end of the pattern {pattern:?}")));
    }
    Ok(Typed::predicate(Expr::Like(Like::new(negated, Box::new(text.expr), Box::new(pattern.expr), None, any_case))))
}

/// Checks a constant pattern while binding, so that the mistake is found before any row is read.
fn check(call: &Call, index: usize, flags: Flags) -> Result<Option<Regex>, Mismatch> {
    match call.arguments[index].text() {
        Some(pattern) => compile(pattern, flags).map(Some).map_err(|problem| call.bad_value(problem)),
        None => Ok(None),
    }
}

fn two(call: &Call, flags: Flags, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    check(call, 1, flags)?;
    Ok(call.kernel_on(kernel, result, call.texts(2)?))
}

fn groups(call: &Call, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    if check(call, 1, Flags::Plain)?.is_some_and(|regexp| regexp.captures_len() < 2) {
        return Err(
            call.bad_value(format_args!("finds no groups in the regular expression {:?}", call.constant_text(1)?))
        );
    }
    call.constant_text(1)?;
    Ok(call.kernel_on(kernel, result, call.texts(2)?))
}

fn group_of(call: &Call) -> Result<Typed, Mismatch> {
    let count = call.count(2..=3)?;
    call.constant_text(1)?;
    if count == 3 {
        call.expect_integer(2)?;
    }
    let regexp = check(call, 1, Flags::Plain)?;
    if let (Some(regexp), Some(group)) = (regexp, call.arguments.get(2).and_then(Typed::integer))
        && !(0..regexp.captures_len() as i64).contains(&group)
    {
        return Err(
            call.bad_value(format_args!("finds no group {group} in the regular expression {:?}", regexp.as_str()))
        );
    }
    let kernel: Kernel = |input| {
        let regexp = compiled(input.strings(1)?.get(0), Flags::Plain)?;
        let group = if input.columns.len() > 2 { Some(input.integers(2)?) } else { None };
        let first = usize::from(regexp.captures_len() > 1);
        let mut places = regexp.capture_locations();
        input.slice_strings(|row, text| {
            let group = group.as_ref().map_or(first, |group| usize::try_from(group(row)).unwrap_or(usize::MAX));
            let found = regexp.captures_read(&mut places, text).and_then(|_| places.get(group));
            found.map_or(&text[..0], |(start, end)| &text[start..end])
        })
    };
    Ok(call.kernel_on(kernel, DataType::String, call.texts(2)?))
}

/// The regular expressions of a column; a constant one is compiled once.
struct Regexps<'a> {
    constant: Option<Regex>,
    column: Strings<'a>,
    flags: Flags,
}

impl<'a> Regexps<'a> {
    fn new(input: &'a Input, index: usize, flags: Flags) -> EngineResult<Regexps<'a>> {
        let column = input.strings(index)?;
        let constant = match column.constant() {
            Some(pattern) => Some(compiled(pattern, flags)?),
            None => None,
        };
        Ok(Regexps { constant, column, flags })
    }

    /// A constant one is lent: a clone would begin with empty caches.
    fn at(&self, row: usize) -> EngineResult<Cow<'_, Regex>> {
        match &self.constant {
            Some(regexp) => Ok(Cow::Borrowed(regexp)),
            None => compiled(self.column.get(row), self.flags).map(Cow::Owned),
        }
    }

    /// Room for the places of groups, which rows share if the expression is constant.
    fn places(&self) -> Places {
        Places(self.constant.as_ref().map(Regex::capture_locations))
    }
}

struct Places(Option<CaptureLocations>);

impl Places {
    fn of<'p>(&'p mut self, regexp: &Regex, fresh: &'p mut Option<CaptureLocations>) -> &'p mut CaptureLocations {
        match &mut self.0 {
            Some(places) => places,
            None => fresh.insert(regexp.capture_locations()),
        }
    }
}

fn compiled(pattern: &str, flags: Flags) -> EngineResult<Regex> {
    compile(pattern, flags).map_err(|problem| exec_datafusion_err!("{problem}"))
}

fn matched(input: &Input, flags: Flags, wanted: bool) -> EngineResult<ArrayRef> {
    let (text, regexps) = (input.strings(0)?, Regexps::new(input, 1, flags)?);
    if let Some(regexp) = &regexps.constant {
        return input.bytes(|row| Ok((regexp.is_match(text.get(row)) == wanted).into()));
    }
    input.bytes(|row| Ok((regexps.at(row)?.is_match(text.get(row)) == wanted).into()))
}

/// Matches one after the other, up to the first empty one: such would find no end.
fn full_matches<'t>(regexp: &Regex, text: &'t str, mut take: impl FnMut(Match<'t>) -> bool) {
    let mut at = 0;
    while at < text.len() {
        let Some(found) = regexp.find_at(text, at).filter(|found| !found.is_empty()) else { return };
        at = found.end();
        if !take(found) {
            return;
        }
    }
}

fn counted(input: &Input, flags: Flags) -> EngineResult<ArrayRef> {
    let (text, regexps) = (input.strings(0)?, Regexps::new(input, 1, flags)?);
    input.numbers(|row| {
        let mut count = 0;
        full_matches(regexps.at(row)?.as_ref(), text.get(row), |_| {
            count += 1;
            true
        });
        Ok(count)
    })
}

fn extracted(input: &Input) -> EngineResult<ArrayRef> {
    let regexps = Regexps::new(input, 1, Flags::Plain)?;
    let mut places = regexps.places();
    let mut problem = None;
    let out = input.slice_strings(|row, text| {
        let regexp = match regexps.at(row) {
            Ok(regexp) => regexp,
            Err(error) => {
                problem = Some(error);
                return &text[..0];
            }
        };
        if regexp.captures_len() == 1 {
            return regexp.find(text).map_or(&text[..0], |found| found.as_str());
        }
        let mut fresh = None;
        let places = places.of(&regexp, &mut fresh);
        let found = regexp.captures_read(places, text).and_then(|_| places.get(1));
        found.map_or(&text[..0], |(start, end)| &text[start..end])
    });
    problem.map_or(out, Err)
}

fn extracted_all(input: &Input) -> EngineResult<ArrayRef> {
    let regexps = Regexps::new(input, 1, Flags::Plain)?;
    let mut places = regexps.places();
    input.slice_lists(0, |row, text, parts| {
        let regexp = regexps.at(row)?;
        if regexp.captures_len() == 1 {
            full_matches(&regexp, text, |found| {
                parts.push(found.as_str());
                true
            });
            return Ok(());
        }
        let mut fresh = None;
        let places = places.of(&regexp, &mut fresh);
        let mut at = 0;
        while at < text.len() {
            let Some(found) = regexp.captures_read_at(places, text, at).filter(|found| !found.is_empty()) else {
                break;
            };
            at = found.end();
            parts.push(places.get(1).map_or(&text[..0], |(start, end)| &text[start..end]));
        }
        Ok(())
    })
}

fn first_groups(input: &Input) -> EngineResult<ArrayRef> {
    let regexp = compiled(input.strings(1)?.get(0), Flags::Plain)?;
    let mut places = regexp.capture_locations();
    input.slice_lists(0, |_, text, parts| {
        if regexp.captures_read(&mut places, text).is_some() {
            for group in 1..places.len() {
                parts.push(places.get(group).map_or(&text[..0], |(start, end)| &text[start..end]));
            }
        }
        Ok(())
    })
}

/// Arrays of arrays: one for each match, of its groups, or one for each group, of its matches.
fn all_groups(input: &Input, by_match: bool) -> EngineResult<ArrayRef> {
    let regexp = compiled(input.strings(1)?.get(0), Flags::Plain)?;
    let count = regexp.captures_len() - 1;
    let text = input.strings(0)?;
    let mut places = regexp.capture_locations();
    let mut values = StringViewBuilder::new();
    let (mut inner, mut outer) = (Vec::new(), Vec::with_capacity(input.rows));
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut total = 0;
    for row in 0..input.rows {
        if input.is_null(row) {
            outer.push(0);
            continue;
        }
        let text = text.get(row);
        found.clear();
        let mut at = 0;
        while at < text.len() {
            let Some(whole) = regexp.captures_read_at(&mut places, text, at) else { break };
            found.extend((1..=count).map(|group| places.get(group).unwrap_or((0, 0))));
            // An empty match moves on by a character.
            let step = text[whole.end()..].chars().next().map_or(1, char::len_utf8);
            at = if whole.is_empty() { whole.end() + step } else { whole.end() };
            if found.len() > limits::REGEXP_GROUPS_MAX {
                return exec_err!("a row has more than {} groups that match", limits::REGEXP_GROUPS_MAX);
            }
        }
        let matches = found.len() / count;
        total += found.iter().map(|(start, end)| end - start).sum::<usize>();
        if total > limits::COLUMN_BYTES_MAX {
            return exec_err!("the groups of one batch have more than {} bytes together", limits::COLUMN_BYTES_MAX);
        }
        let mut put = |(start, end): (usize, usize)| values.append_value(&text[start..end]);
        if by_match {
            found.iter().for_each(|part| put(*part));
            inner.extend(std::iter::repeat_n(count, matches));
            outer.push(matches);
        } else {
            (0..count).for_each(|group| (0..matches).for_each(|index| put(found[index * count + group])));
            inner.extend(std::iter::repeat_n(matches, count));
            outer.push(count);
        }
    }
    let field = Arc::new(DataType::String.to_field("item"));
    let offsets = arrow::buffer::OffsetBuffer::from_lengths(inner);
    let lists = ListArray::try_new(field, offsets, Arc::new(values.finish()), None)?;
    input.list_of(outer, Arc::new(lists))
}

/// The regular expressions of arrays, compiled once for each batch.
struct RegexpLists<'a> {
    lists: Lists<'a>,
    compiled: Vec<Regex>,
}

impl RegexpLists<'_> {
    fn of(&self, row: usize) -> &[Regex] {
        &self.compiled[self.lists.range(row)]
    }
}

fn many(call: &Call, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    if !matches!(call.bare(1), DataType::Array(item) if **item == DataType::String) {
        return Err(call.wrong_type(1));
    }
    Ok(call.kernel_on(kernel, result, call.texts(1)?))
}

fn each_list(
    input: &Input,
    run: impl FnOnce(&Input, &Strings, &RegexpLists) -> EngineResult<ArrayRef>,
) -> EngineResult<ArrayRef> {
    let (text, lists) = (input.strings(0)?, input.lists(1)?);
    let patterns = lists.values().as_string_view();
    let compiled = (0..patterns.len())
        .map(|index| compiled(patterns.value(index), Flags::Plain))
        .collect::<EngineResult<Vec<_>>>()?;
    run(input, &text, &RegexpLists { lists, compiled })
}

fn all_indices(input: &Input, text: &Strings, regexps: &RegexpLists) -> EngineResult<ArrayRef> {
    let (mut places, mut lengths) = (Vec::new(), Vec::with_capacity(input.rows));
    for row in 0..input.rows {
        let before = places.len();
        if !input.is_null(row) {
            let text = text.get(row);
            let found = regexps.of(row).iter().enumerate().filter(|(_, regexp)| regexp.is_match(text));
            places.extend(found.map(|(index, _)| index as u64 + 1));
        }
        lengths.push(places.len() - before);
    }
    input.list_of(lengths, Arc::new(UInt64Array::from(places)))
}

fn substitute(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(3..=3)?;
    if let DataType::FixedString(_) = call.bare(0) {
        return Err(call.wrong_type(0));
    }
    let regexp = check(call, 1, Flags::Plain)?;
    if let (Some(regexp), Some(with)) = (regexp, call.arguments[2].text()) {
        pieces(with, regexp.captures_len()).map_err(|problem| call.bad_value(problem))?;
        if regexp.as_str().is_empty() {
            return call.text(0);
        }
        if regex::escape(call.constant_text(1)?) == *call.constant_text(1)? && !with.contains('\\') {
            // A plain text is found faster as such.
            let name = if call.function.name.ends_with("One") { "replaceOne" } else { "replaceAll" };
            return delegate(call, name, call.texts(3)?);
        }
    }
    Ok(call.kernel_on(kernel, DataType::String, call.texts(3)?))
}

/// A replacement, taken apart.
enum Piece<'t> {
    Text(&'t str),
    Group(usize),
}

/// `\1` is a group; before anything else a backslash goes, but for the last.
fn pieces(with: &str, groups: usize) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = with;
    while let Some(at) = rest.find('\\') {
        if at > 0 {
            pieces.push(Piece::Text(&rest[..at]));
        }
        let after = &rest[at + 1..];
        match after.chars().next() {
            Some(digit) if digit.is_ascii_digit() => {
                let group = digit as usize - '0' as usize;
                if group >= groups {
                    return Err(format!(
                        "got the substitution \\{group}, but the regular expression has only {} groups",
                        groups - 1
                    ));
                }
                pieces.push(Piece::Group(group));
                rest = &after[1..];
            }
            Some(other) => {
                pieces.push(Piece::Text(&after[..other.len_utf8()]));
                rest = &after[other.len_utf8()..];
            }
            None => {
                pieces.push(Piece::Text("\\"));
                rest = after;
            }
        }
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Ok(pieces)
}

fn replaced(input: &Input, most: usize) -> EngineResult<ArrayRef> {
    let (text, with) = (input.strings(0)?, input.strings(2)?);
    let regexps = Regexps::new(input, 1, Flags::Plain)?;
    let mut places = regexps.places();
    let constant = match (with.constant(), &regexps.constant) {
        (Some(with), Some(regexp)) => {
            Some(pieces(with, regexp.captures_len()).map_err(|problem| exec_datafusion_err!("{problem}"))?)
        }
        _ => None,
    };
    input.write_strings(|row, out| {
        let (text, regexp) = (text.get(row), regexps.at(row)?);
        if regexp.as_str().is_empty() {
            out.push_str(text);
            return Ok(());
        }
        let own;
        let pieces = match &constant {
            Some(pieces) => pieces,
            None => {
                own = pieces(with.get(row), regexp.captures_len())
                    .map_err(|problem| exec_datafusion_err!("{problem}"))?;
                &own
            }
        };
        let mut fresh = None;
        let places = places.of(&regexp, &mut fresh);
        let (mut end, mut at) = (0, 0);
        for _ in 0..most {
            // The end of a text is a place to match, as `$` shows.
            let Some(found) = (at <= text.len()).then(|| regexp.captures_read_at(places, text, at)).flatten() else {
                break;
            };
            out.push_str(&text[end..found.start()]);
            for piece in pieces {
                match piece {
                    Piece::Text(text) => out.push_str(text),
                    Piece::Group(group) => {
                        out.push_str(places.get(*group).map_or("", |(start, end)| &text[start..end]))
                    }
                }
            }
            if out.len() > limits::TEXT_BYTES_MAX {
                return exec_err!("a text with its parts replaced has more than {} bytes", limits::TEXT_BYTES_MAX);
            }
            end = found.end();
            at = end;
            if found.is_empty() {
                let step = text[end..].chars().next().map_or(1, char::len_utf8);
                at += step;
            }
        }
        out.push_str(&text[end..]);
        Ok(())
    })
}
