//! Likeness by the parts of a few characters that texts have in common.
//!
//! As in ClickHouse parts are known by 16 bits of their hash, so that two may pass for one; its hash is CRC32-C.

use super::fold::Case;
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::{ArrayRef, Float32Array};
use datafusion::common::Result as EngineResult;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "ngramDistance", exact_case, "ngramDistance(a, b)", "How much two texts differ, from 0 to 1: by their parts of four bytes.", [("ngramDistance('ClickHouse', 'ClickHouses')", "0.06666667")], |call| pair(call, |input| compared(input, Case::Exact, false, true));
    "ngramDistanceCaseInsensitive", exact_case, "ngramDistanceCaseInsensitive(a, b)", "As ngramDistance, with Latin letters in any case.", [("ngramDistanceCaseInsensitive('CLICKHOUSE', 'clickhouse')", "0")], |call| pair(call, |input| compared(input, Case::Ascii, false, true));
    "ngramDistanceUTF8", exact_case, "ngramDistanceUTF8(a, b)", "How much two texts differ, from 0 to 1: by their parts of three characters.", [("ngramDistanceUTF8('ñandú grande', 'ñandú')", "0.53846157")], |call| pair(call, |input| compared(input, Case::Exact, true, true));
    "ngramDistanceCaseInsensitiveUTF8", exact_case, "ngramDistanceCaseInsensitiveUTF8(a, b)", "As ngramDistanceUTF8, with letters in any case.", [("ngramDistanceCaseInsensitiveUTF8('ÑANDÚ', 'ñandú')", "0")], |call| pair(call, |input| compared(input, Case::Unicode, true, true));
    "ngramSearch", exact_case, "ngramSearch(s, needle)", "How much of a text stands in another, from 0 to 1: by its parts of four bytes.", [("ngramSearch('ClickHouse is fast', 'House')", "1")], |call| pair(call, |input| compared(input, Case::Exact, false, false));
    "ngramSearchCaseInsensitive", exact_case, "ngramSearchCaseInsensitive(s, needle)", "As ngramSearch, with Latin letters in any case.", [("ngramSearchCaseInsensitive('ClickHouse is fast', 'HOUSE')", "1")], |call| pair(call, |input| compared(input, Case::Ascii, false, false));
    "ngramSearchUTF8", exact_case, "ngramSearchUTF8(s, needle)", "How much of a text stands in another, from 0 to 1: by its parts of three characters.", [("ngramSearchUTF8('ñandú grande', 'ñandu')", "0.6666666")], |call| pair(call, |input| compared(input, Case::Exact, true, false));
    "ngramSearchCaseInsensitiveUTF8", exact_case, "ngramSearchCaseInsensitiveUTF8(s, needle)", "As ngramSearchUTF8, with letters in any case.", [("ngramSearchCaseInsensitiveUTF8('ÑANDÚ', 'ñandú')", "1")], |call| pair(call, |input| compared(input, Case::Unicode, true, false));
};

fn pair(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    Ok(call.kernel_on(kernel, DataType::Float32, call.texts(2)?))
}

fn compared(input: &Input, case: Case, characters: bool, both_ways: bool) -> EngineResult<ArrayRef> {
    let (text, needle) = (input.strings(0)?, input.strings(1)?);
    let mut counts = vec![0i32; 1 << 16];
    let (mut text_parts, mut needle_parts) = (Vec::new(), Vec::new());
    let mut buffer = String::new();
    let mut out = Vec::with_capacity(input.rows);
    for row in 0..input.rows {
        if input.is_null(row) {
            out.push(0.0);
            continue;
        }
        hashes(case.fold_into(text.get(row), &mut buffer), characters, &mut text_parts);
        hashes(case.fold_into(needle.get(row), &mut buffer), characters, &mut needle_parts);
        needle_parts.iter().for_each(|part| counts[usize::from(*part)] += 1);
        let mut distance = needle_parts.len() as i64;
        for part in &text_parts {
            let count = &mut counts[usize::from(*part)];
            if *count > 0 {
                distance -= 1;
            } else if both_ways {
                distance += 1;
            }
            *count -= 1;
        }
        text_parts.iter().chain(&needle_parts).for_each(|part| counts[usize::from(*part)] = 0);
        let (needle, text) = (needle_parts.len(), text_parts.len());
        out.push(match both_ways {
            true => distance as f32 / (needle + text).max(1) as f32,
            false => 1.0 - distance as f32 / needle.max(1) as f32,
        });
    }
    Ok(Arc::new(Float32Array::from(out)))
}

fn hashes(text: &str, characters: bool, out: &mut Vec<u16>) {
    out.clear();
    if !characters {
        out.extend(text.as_bytes().windows(4).map(|part| {
            let number = u32::from_le_bytes(part.try_into().expect("four bytes"));
            !crc32c::crc32c(&u64::from(number).to_le_bytes()) as u16
        }));
        return;
    }
    let mut last = [0u32; 3];
    for (index, character) in text.chars().enumerate() {
        last = [last[1], last[2], u32::from(character)];
        if index >= 2 {
            let pair = u64::from(last[0]) << 32 | u64::from(last[1]);
            out.push(!crc32c::crc32c_append(!last[2], &pair.to_le_bytes()) as u16);
        }
    }
}
