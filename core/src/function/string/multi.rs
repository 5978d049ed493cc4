//! Several texts searched at once: `multiSearch…`.

use super::fold::Case;
use crate::function::array::Lists;
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use datafusion::common::Result as EngineResult;
use memchr::memmem::Finder;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "multiSearchAny", exact_case, "multiSearchAny(s, needles)", "Whether any of the texts stands in another.", [("multiSearchAny('hello', ['x', 'll'])", "1")], |call| any(call, |input| found_any(input, Case::Exact));
    "multiSearchAnyCaseInsensitive", exact_case, "multiSearchAnyCaseInsensitive(s, needles)", "As multiSearchAny, with Latin letters in any case.", [("multiSearchAnyCaseInsensitive('HELLO', ['ll'])", "1")], |call| any(call, |input| found_any(input, Case::Ascii));
    "multiSearchAnyUTF8", exact_case, "multiSearchAnyUTF8(s, needles)", "As multiSearchAny.", [("multiSearchAnyUTF8('ñandú', ['ú'])", "1")], |call| any(call, |input| found_any(input, Case::Exact));
    "multiSearchAnyCaseInsensitiveUTF8", exact_case, "multiSearchAnyCaseInsensitiveUTF8(s, needles)", "As multiSearchAny, with letters in any case.", [("multiSearchAnyCaseInsensitiveUTF8('ÑANDÚ', ['ú'])", "1")], |call| any(call, |input| found_any(input, Case::Unicode));
    "multiSearchFirstIndex", exact_case, "multiSearchFirstIndex(s, needles)", "The first of the texts that stands in another, from 1; 0 if none does.", [("multiSearchFirstIndex('hello', ['z', 'o', 'h'])", "2")], |call| number(call, |input| first_index(input, Case::Exact));
    "multiSearchFirstIndexCaseInsensitive", exact_case, "multiSearchFirstIndexCaseInsensitive(s, needles)", "As multiSearchFirstIndex, with Latin letters in any case.", [("multiSearchFirstIndexCaseInsensitive('HELLO', ['z', 'o'])", "2")], |call| number(call, |input| first_index(input, Case::Ascii));
    "multiSearchFirstIndexUTF8", exact_case, "multiSearchFirstIndexUTF8(s, needles)", "As multiSearchFirstIndex.", [("multiSearchFirstIndexUTF8('ñandú', ['z', 'ú'])", "2")], |call| number(call, |input| first_index(input, Case::Exact));
    "multiSearchFirstIndexCaseInsensitiveUTF8", exact_case, "multiSearchFirstIndexCaseInsensitiveUTF8(s, needles)", "As multiSearchFirstIndex, with letters in any case.", [("multiSearchFirstIndexCaseInsensitiveUTF8('ÑANDÚ', ['z', 'ú'])", "2")], |call| number(call, |input| first_index(input, Case::Unicode));
    "multiSearchFirstPosition", exact_case, "multiSearchFirstPosition(s, needles)", "The first place, in bytes from 1, where any of the texts stands; 0 if none does.", [("multiSearchFirstPosition('hello world', ['world', 'o'])", "5")], |call| number(call, |input| first_position(input, Case::Exact, false));
    "multiSearchFirstPositionCaseInsensitive", exact_case, "multiSearchFirstPositionCaseInsensitive(s, needles)", "As multiSearchFirstPosition, with Latin letters in any case.", [("multiSearchFirstPositionCaseInsensitive('HELLO', ['l'])", "3")], |call| number(call, |input| first_position(input, Case::Ascii, false));
    "multiSearchFirstPositionUTF8", exact_case, "multiSearchFirstPositionUTF8(s, needles)", "As multiSearchFirstPosition, in characters.", [("multiSearchFirstPositionUTF8('ñandú', ['ú', 'n'])", "3")], |call| number(call, |input| first_position(input, Case::Exact, true));
    "multiSearchFirstPositionCaseInsensitiveUTF8", exact_case, "multiSearchFirstPositionCaseInsensitiveUTF8(s, needles)", "As multiSearchFirstPosition, in characters and any case.", [("multiSearchFirstPositionCaseInsensitiveUTF8('ÑANDÚ', ['ú'])", "5")], |call| number(call, |input| first_position(input, Case::Unicode, true));
    "multiSearchAllPositions", exact_case, "multiSearchAllPositions(s, needles)", "Where each of the texts stands, in bytes from 1; 0 where it does not.", [("multiSearchAllPositions('hello world', ['o', 'world', 'zz'])", "[5,7,0]")], |call| all(call, |input| all_positions(input, Case::Exact, false));
    "multiSearchAllPositionsCaseInsensitive", exact_case, "multiSearchAllPositionsCaseInsensitive(s, needles)", "As multiSearchAllPositions, with Latin letters in any case.", [("multiSearchAllPositionsCaseInsensitive('HELLO', ['l', 'O'])", "[3,5]")], |call| all(call, |input| all_positions(input, Case::Ascii, false));
    "multiSearchAllPositionsUTF8", exact_case, "multiSearchAllPositionsUTF8(s, needles)", "As multiSearchAllPositions, in characters.", [("multiSearchAllPositionsUTF8('ñandú', ['a', 'ú'])", "[2,5]")], |call| all(call, |input| all_positions(input, Case::Exact, true));
    "multiSearchAllPositionsCaseInsensitiveUTF8", exact_case, "multiSearchAllPositionsCaseInsensitiveUTF8(s, needles)", "As multiSearchAllPositions, in characters and any case.", [("multiSearchAllPositionsCaseInsensitiveUTF8('ÑANDÚ', ['ú'])", "[5]")], |call| all(call, |input| all_positions(input, Case::Unicode, true));
};

fn check(call: &Call) -> Result<Vec<Typed>, Mismatch> {
    call.count(2..=2)?;
    if !matches!(call.bare(1), DataType::Array(item) if **item == DataType::String) {
        return Err(call.wrong_type(1));
    }
    call.texts(1)
}

fn any(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    Ok(call.kernel_on(kernel, DataType::UInt8, check(call)?))
}

fn number(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    Ok(call.kernel_on(kernel, DataType::UInt64, check(call)?))
}

fn all(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    Ok(call.kernel_on(kernel, DataType::UInt64.array(), check(call)?))
}

/// The needles of all rows, prepared once.
struct Needles<'a> {
    lists: Lists<'a>,
    finders: Vec<Finder<'static>>,
}

impl<'a> Needles<'a> {
    fn new(input: &'a Input, case: Case) -> EngineResult<Needles<'a>> {
        let lists = input.lists(1)?;
        let texts = lists.values().as_string_view();
        let finders =
            (0..texts.len()).map(|index| Finder::new(case.fold(texts.value(index)).as_bytes()).into_owned()).collect();
        Ok(Needles { lists, finders })
    }

    fn of(&self, row: usize) -> &[Finder<'static>] {
        &self.finders[self.lists.range(row)]
    }
}

fn found_any(input: &Input, case: Case) -> EngineResult<ArrayRef> {
    let (text, needles, mut buffer) = (input.strings(0)?, Needles::new(input, case)?, String::new());
    input.bytes(|row| {
        let text = case.fold_into(text.get(row), &mut buffer).as_bytes();
        Ok((!text.is_empty() && needles.of(row).iter().any(|finder| finder.find(text).is_some())).into())
    })
}

fn first_index(input: &Input, case: Case) -> EngineResult<ArrayRef> {
    let (text, needles, mut buffer) = (input.strings(0)?, Needles::new(input, case)?, String::new());
    input.numbers(|row| {
        let text = case.fold_into(text.get(row), &mut buffer).as_bytes();
        let found = needles.of(row).iter().position(|finder| finder.find(text).is_some());
        Ok(found.filter(|_| !text.is_empty()).map_or(0, |index| index as i64 + 1))
    })
}

/// The place of a byte as ClickHouse counts.
fn place(text: &str, at: usize, characters: bool) -> u64 {
    (if characters { text[..at].chars().count() } else { at }) as u64 + 1
}

fn first_position(input: &Input, case: Case, characters: bool) -> EngineResult<ArrayRef> {
    let (text, needles, mut buffer) = (input.strings(0)?, Needles::new(input, case)?, String::new());
    input.numbers(|row| {
        let text = case.fold_into(text.get(row), &mut buffer);
        let found = needles.of(row).iter().filter_map(|finder| finder.find(text.as_bytes())).min();
        Ok(found.filter(|_| !text.is_empty()).map_or(0, |at| place(text, at, characters) as i64))
    })
}

fn all_positions(input: &Input, case: Case, characters: bool) -> EngineResult<ArrayRef> {
    let (text, needles, mut buffer) = (input.strings(0)?, Needles::new(input, case)?, String::new());
    let mut places = Vec::new();
    let mut lengths = Vec::with_capacity(input.rows);
    for row in 0..input.rows {
        let before = places.len();
        if !input.is_null(row) {
            let text = case.fold_into(text.get(row), &mut buffer);
            let found = needles.of(row).iter().map(|finder| finder.find(text.as_bytes()));
            places.extend(found.map(|at| at.map_or(0, |at| place(text, at, characters))));
        }
        lengths.push(places.len() - before);
    }
    input.list_of(lengths, Arc::new(UInt64Array::from(places)))
}
