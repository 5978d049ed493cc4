//! How much two texts differ, or have in common.

use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::limits;
use crate::value::DataType;
use arrow::array::ArrayRef;
use datafusion::common::{Result as EngineResult, exec_err};

pub(crate) const FUNCTIONS: &[Function] = family! {
    "editDistance" | "levenshteinDistance", exact_case, "editDistance(a, b)", "How many bytes to put in, take out or change to get from one text to the other.", [("editDistance('clickhouse', 'mouse')", "6")], |call| pair(call, DataType::UInt64, |input| whole(input, |a, b| edits(a.as_bytes(), b.as_bytes())));
    "editDistanceUTF8" | "levenshteinDistanceUTF8", exact_case, "editDistanceUTF8(a, b)", "As editDistance, in characters.", [("editDistanceUTF8('ñ', 'n')", "1")], |call| pair(call, DataType::UInt64, |input| whole(input, |a, b| edits(&characters(a), &characters(b))));
    "damerauLevenshteinDistance", exact_case, "damerauLevenshteinDistance(a, b)", "As editDistance, where two neighbours that change places count once.", [("damerauLevenshteinDistance('ab', 'ba')", "1")], |call| pair(call, DataType::UInt64, |input| whole(input, |a, b| swapping_edits(a.as_bytes(), b.as_bytes())));
    "byteHammingDistance" | "mismatches", exact_case, "byteHammingDistance(a, b)", "How many bytes differ at their places.", [("byteHammingDistance('karolin', 'kathrin')", "3")], |call| pair(call, DataType::UInt64, |input| whole(input, |a, b| {
        let differ = a.bytes().zip(b.bytes()).filter(|(a, b)| a != b).count();
        differ + a.len().abs_diff(b.len())
    }));
    "jaroSimilarity", exact_case, "jaroSimilarity(a, b)", "How alike two texts are, from 0 to 1, by Jaro.", [("round(jaroSimilarity('martha', 'marhta'), 4)", "0.9444")], |call| pair(call, DataType::Float64, |input| share(input, |a, b| jaro(a.as_bytes(), b.as_bytes())));
    "jaroWinklerSimilarity", exact_case, "jaroWinklerSimilarity(a, b)", "As jaroSimilarity; a common start counts more.", [("round(jaroWinklerSimilarity('martha', 'marhta'), 4)", "0.9611")], |call| pair(call, DataType::Float64, |input| share(input, |a, b| jaro_winkler(a.as_bytes(), b.as_bytes())));
    "stringJaccardIndex", exact_case, "stringJaccardIndex(a, b)", "The share of bytes, each counted once, that two texts have in common.", [("stringJaccardIndex('clickhouse', 'mouse')", "0.4")], |call| pair(call, DataType::Float64, |input| share(input, |a, b| Ok(jaccard(a.bytes().map(u32::from).collect(), b.bytes().map(u32::from).collect()))));
    "stringJaccardIndexUTF8", exact_case, "stringJaccardIndexUTF8(a, b)", "As stringJaccardIndex, of characters.", [("stringJaccardIndexUTF8('ñandú', 'ñand')", "0.8")], |call| pair(call, DataType::Float64, |input| share(input, |a, b| Ok(jaccard(characters(a), characters(b)))));
};

fn pair(call: &Call, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    Ok(call.kernel_on(kernel, result, call.texts(2)?))
}

/// Two texts are compared by each pair of their bytes, so none may be long, nor all of a batch together.
#[derive(Default)]
struct Work(usize);

impl Work {
    fn add(&mut self, a: &str, b: &str) -> EngineResult<()> {
        let most = limits::TEXT_COMPARED_BYTES_MAX;
        let long = a.len().max(b.len());
        if long > most {
            return exec_err!("a text of {long} bytes is too long to compare; at most {most} are allowed");
        }
        self.0 = self.0.saturating_add(a.len() * b.len());
        if self.0 > limits::TEXT_COMPARED_PAIRS_MAX {
            return exec_err!("the texts of one batch are too long to compare");
        }
        Ok(())
    }
}

fn whole(input: &Input, of: fn(&str, &str) -> usize) -> EngineResult<ArrayRef> {
    let (left, right, mut work) = (input.strings(0)?, input.strings(1)?, Work::default());
    input.numbers(|row| {
        work.add(left.get(row), right.get(row))?;
        Ok(of(left.get(row), right.get(row)) as i64)
    })
}

fn share(input: &Input, of: fn(&str, &str) -> EngineResult<f64>) -> EngineResult<ArrayRef> {
    let (left, right, mut work) = (input.strings(0)?, input.strings(1)?, Work::default());
    input.floats(|row| {
        work.add(left.get(row), right.get(row))?;
        of(left.get(row), right.get(row))
    })
}

fn characters(text: &str) -> Vec<u32> {
    text.chars().map(u32::from).collect()
}

/// Levenshtein, with one row of the table kept.
fn edits<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let mut costs: Vec<usize> = (0..=b.len()).collect();
    for (row, left) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut costs[0], row + 1);
        for (column, right) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(left != right);
            diagonal = costs[column + 1];
            costs[column + 1] = substituted.min(diagonal + 1).min(costs[column] + 1);
        }
    }
    costs[b.len()]
}

/// The distance of optimal string alignment: no part is changed twice.
fn swapping_edits(a: &[u8], b: &[u8]) -> usize {
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut costs = vec![0; b.len() + 1];
    for row in 1..=a.len() {
        costs[0] = row;
        for column in 1..=b.len() {
            let change = usize::from(a[row - 1] != b[column - 1]);
            let mut cost = (above[column - 1] + change).min(above[column] + 1).min(costs[column - 1] + 1);
            if row > 1 && column > 1 && a[row - 1] == b[column - 2] && a[row - 2] == b[column - 1] {
                cost = cost.min(before[column - 2] + 1);
            }
            costs[column] = cost;
        }
        std::mem::swap(&mut before, &mut above);
        std::mem::swap(&mut above, &mut costs);
    }
    above[b.len()]
}

fn jaro(a: &[u8], b: &[u8]) -> EngineResult<f64> {
    if a.is_empty() || b.is_empty() {
        // ClickHouse has it so: of an empty text and another, how long that is.
        return Ok((a.len() + b.len()) as f64);
    }
    let window = (a.len().max(b.len()) / 2).saturating_sub(1);
    let mut taken = vec![false; b.len()];
    let mut matched = Vec::new();
    for (place, byte) in a.iter().enumerate() {
        let range = place.saturating_sub(window)..(place + window + 1).min(b.len());
        if let Some(found) = range.into_iter().find(|other| !taken[*other] && b[*other] == *byte) {
            taken[found] = true;
            matched.push(*byte);
        }
    }
    if matched.is_empty() {
        return Ok(0.0);
    }
    let others = b.iter().zip(&taken).filter(|(_, taken)| **taken).map(|(byte, _)| byte);
    let swapped = matched.iter().zip(others).filter(|(left, right)| left != right).count() / 2;
    let count = matched.len() as f64;
    Ok((count / a.len() as f64 + count / b.len() as f64 + (count - swapped as f64) / count) * (1.0 / 3.0))
}

fn jaro_winkler(a: &[u8], b: &[u8]) -> EngineResult<f64> {
    let alike = jaro(a, b)?;
    let start = a.iter().zip(b).take(4).take_while(|(left, right)| left == right).count();
    Ok(alike + start as f64 * 0.1 * (1.0 - alike))
}

fn jaccard(mut a: Vec<u32>, mut b: Vec<u32>) -> f64 {
    for set in [&mut a, &mut b] {
        set.sort_unstable();
        set.dedup();
    }
    let common = a.iter().filter(|one| b.binary_search(one).is_ok()).count();
    common as f64 / (a.len() + b.len() - common) as f64
}
