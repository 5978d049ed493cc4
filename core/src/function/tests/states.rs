//! Aggregate functions against what ClickHouse answered, and their states: merged in any grouping, stored and read
//! again, damaged, and of earlier releases.
//!
//! `aggregates.tsv` has, a line each, how many rows the column `x` of 1, 2, 3 … has, an expression, and
//! ClickHouse's answer. `states.tsv` has stored states: the type, the bytes, and the value. Lines are only added
//! to it: every one must be read by every later release.

use super::evaluator::{Apart, Evaluator, show};
use crate::function::aggregate::tested::{Fit, Rows, fit, literal, parse, payload, stored};
use crate::function::{merge_rows, merge_states};
use crate::value::DataType;
use arrow::array::*;
use std::collections::BTreeMap;
use std::sync::Arc;

const ANSWERS: &str = include_str!("aggregates.tsv");
const STATES: &str = include_str!("states.tsv");

fn answers() -> impl Iterator<Item = (u64, &'static str, &'static str)> {
    ANSWERS.lines().map(|line| {
        let mut parts = line.split('\t');
        let rows = parts.next().unwrap().parse().expect("a number of rows");
        (rows, parts.next().expect("an expression"), parts.next().expect("an answer"))
    })
}

#[test]
fn aggregates_equal_the_recorded_answers() {
    let mut wrong = Vec::new();
    for (rows, sql, expected) in answers() {
        let found =
            Evaluator::over_numbers(rows).aggregate_of(sql, 1).unwrap_or_else(|error| format!("error: {error}"));
        if found != expected {
            wrong.push(format!("{rows} {sql}\n    is {found}\n   not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{} answers differ\n{}", wrong.len(), wrong.join("\n"));
}

/// A small generator: the same tests each time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit.max(1)
    }
}

struct Case {
    sql: &'static str,
    apart: Apart,
    fit: Fit,
}

/// The calls that stand in the recorded answers and in the examples, over few rows.
fn cases() -> Vec<Case> {
    let examples = crate::function::aggregate::aggregates().flat_map(|aggregate| aggregate.examples);
    let calls = answers().map(|(rows, sql, _)| (rows, sql)).chain(examples.map(|(sql, _)| (20, *sql)));
    let mut cases = Vec::new();
    for (rows, sql) in calls.filter(|(rows, _)| *rows <= 100) {
        let Some(apart) = Evaluator::over_numbers(rows).taken_apart(sql).expect(sql) else { continue };
        // their second argument is a parameter
        if apart.name == "string_agg" || apart.name == "groupConcat" && apart.types.len() == 2 {
            continue;
        }
        let fit = fit(&apart.name, &apart.parameters, &apart.types).map_err(|mismatch| mismatch.message).expect(sql);
        cases.push(Case { sql, apart, fit });
    }
    assert!(cases.len() > 300, "only {} cases", cases.len());
    cases
}

impl Case {
    fn text(&self, array: &ArrayRef) -> String {
        match &self.fit.result {
            DataType::AggregateFunction(_) => hex(array.as_binary::<i32>().value(0)),
            // arrays of states and their like have no text
            other if other.to_string().contains("AggregateFunction(") => String::new(),
            other => show(&array.slice(0, 1), other).expect(self.sql),
        }
    }

    fn at_once(&self) -> String {
        let mut states = (self.fit.new)();
        states.resize(1);
        let zeros = vec![0; self.apart.rows];
        states.update(&self.apart.columns, &Rows { groups: &zeros, kept: None }).expect(self.sql);
        self.text(&states.finish(1).expect(self.sql))
    }

    /// What is stored of the rows of each part.
    fn parts(&self, part_of_row: &[usize], parts: usize) -> Vec<Vec<u8>> {
        let mut states = (self.fit.new)();
        states.resize(parts);
        states.update(&self.apart.columns, &Rows { groups: part_of_row, kept: None }).expect(self.sql);
        let all = stored(states.as_ref(), self.fit.kind, parts);
        all.as_binary::<i32>().iter().map(|bytes| bytes.unwrap().to_vec()).collect()
    }

    fn merged(&self, parts: &[Vec<u8>]) -> (String, Vec<u8>) {
        let mut states = (self.fit.new)();
        states.resize(1);
        for part in parts {
            if let Some(bytes) = payload(part, self.fit.kind).expect(self.sql) {
                states.merge(0, bytes).expect(self.sql);
            }
        }
        let bytes = stored(states.as_ref(), self.fit.kind, 1).as_binary::<i32>().value(0).to_vec();
        (self.text(&states.finish(1).expect(self.sql)), bytes)
    }

    fn is_any_order(&self) -> bool {
        const ORDERED: &[&str] = &[
            "any",
            "first_value",
            "last_value",
            "groupArray",
            "groupUniqArray",
            "topK",
            "approx_top",
            "deltaSum",
            "groupConcat",
            "Moving",
            "exponential",
            "argM",
            "ArgM",
            "max_by",
            "min_by",
        ];
        !ORDERED.iter().any(|name| self.apart.name.contains(name))
    }

    /// What is stored of it depends on how rows were grouped, within the bounds that it promises.
    fn is_approximate(&self) -> bool {
        let is_by_chance =
            ["TDigest", "anyHeavy", "Sample", "histogram"].iter().any(|name| self.apart.name.contains(name));
        // large values lose digits
        is_by_chance || self.sql.contains("1000000")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Equal but for the last digits of floats, which depend on the order of additions.
fn is_same(left: &str, right: &str) -> bool {
    let tokens =
        |text: &str| -> Vec<String> { text.split(|c: char| "[](),{}:'".contains(c)).map(str::to_owned).collect() };
    let (lefts, rights) = (tokens(left), tokens(right));
    left == right
        || lefts.len() == rights.len()
            && lefts.iter().zip(&rights).all(|(left, right)| match (left.parse::<f64>(), right.parse::<f64>()) {
                (Ok(left), Ok(right)) => {
                    (left - right).abs() <= 1e-9 * left.abs().max(1.0) || left.is_nan() && right.is_nan()
                }
                _ => left == right,
            })
}

#[test]
fn states_merge_in_any_grouping() {
    let mut random = Random(1);
    let mut wrong = Vec::new();
    for case in cases() {
        let expected = case.at_once();
        for round in 0..6 {
            let parts = 1 + random.below(5);
            let mut part_of_row: Vec<usize> = (0..case.apart.rows).map(|_| random.below(parts)).collect();
            let any_order = round % 2 == 0 && case.is_any_order();
            if !any_order {
                part_of_row.sort_unstable();
            }
            let mut states = case.parts(&part_of_row, parts);
            if any_order {
                states.reverse();
            }
            // one that has no rows stands anywhere
            states.insert(random.below(parts), Vec::new());
            while states.len() > 1 && random.below(3) > 0 {
                let at = random.below(states.len() - 1);
                let both = case.merged(&states[at..at + 2]).1;
                states.splice(at..at + 2, [both]);
            }
            let (found, _) = case.merged(&states);
            let is_state = matches!(case.fit.result, DataType::AggregateFunction(_));
            if !case.is_approximate() && !is_state && !is_same(&found, &expected) {
                wrong.push(format!("{}\n    merged is {found}\n    not       {expected}", case.sql));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn stored_states_are_read_as_they_were_written() {
    for case in cases() {
        let bytes = case.parts(&vec![0; case.apart.rows], 1).remove(0);
        let (value, again) = case.merged(std::slice::from_ref(&bytes));
        assert_eq!(hex(&bytes), hex(&again), "{}", case.sql);
        let is_state = matches!(case.fit.result, DataType::AggregateFunction(_));
        assert!(is_state || is_same(&value, &case.at_once()), "{}: {value} not {}", case.sql, case.at_once());
    }
}

/// Damaged bytes are an error or another value, never a panic.
#[test]
fn damaged_states_never_panic() {
    let mut random = Random(7);
    for case in cases() {
        let whole = case.parts(&vec![0; case.apart.rows], 1).remove(0);
        for round in 0..60 {
            let mut bytes = whole.clone();
            match round % 4 {
                0 => bytes.truncate(random.below(bytes.len() + 1)),
                1 => bytes.extend((0..random.below(20)).map(|byte| (byte as u8).wrapping_mul(37))),
                2 => {
                    bytes =
                        [vec![1, case.fit.kind as u8], (0..random.below(40)).map(|_| random.below(256) as u8).collect()]
                            .concat()
                }
                _ => {
                    for _ in 0..1 + random.below(3) {
                        let at = random.below(bytes.len());
                        if let Some(byte) = bytes.get_mut(at) {
                            *byte = random.below(256) as u8;
                        }
                    }
                }
            }
            let mut states = (case.fit.new)();
            states.resize(1);
            let merged = payload(&bytes, case.fit.kind).and_then(|payload| match payload {
                Some(payload) => states.merge(0, payload),
                None => Ok(()),
            });
            if merged.is_ok() && states.finish(1).is_ok() {
                stored(states.as_ref(), case.fit.kind, 1);
            }
        }
    }
}

#[test]
fn groups_can_be_taken_away_and_made_new() {
    for case in cases().iter().filter(|case| case.apart.rows >= 4) {
        let groups: Vec<usize> = (0..case.apart.rows).map(|row| row % 3).collect();
        let mut states = (case.fit.new)();
        states.resize(3);
        states.update(&case.apart.columns, &Rows { groups: &groups, kept: None }).expect(case.sql);
        let all = states.finish(3).expect(case.sql);
        states.forget(1);
        let rest = states.finish(2).expect(case.sql);
        assert_eq!(case.text(&rest), case.text(&all.slice(1, 2)), "{}", case.sql);
        states.reset(0);
        let mut new = (case.fit.new)();
        new.resize(1);
        let (reset, new) = (states.finish(1).expect(case.sql), new.finish(1).expect(case.sql));
        assert_eq!(case.text(&reset), case.text(&new), "{}", case.sql);
        states.resize(3);
        states.update(&case.apart.columns, &Rows { groups: &groups, kept: None }).expect(case.sql);
        states.bytes();
    }
}

/// Samples of every payload that was ever released.
#[test]
fn states_of_earlier_releases_merge() {
    let mut kinds = BTreeMap::new();
    for line in STATES.lines() {
        let [data_type, bytes, expected] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let data_type = DataType::parse(data_type).expect(line);
        let DataType::AggregateFunction(of) = &data_type else { panic!("{line}") };
        let bytes: Vec<u8> =
            (0..bytes.len() / 2).map(|at| u8::from_str_radix(&bytes[2 * at..2 * at + 2], 16).unwrap()).collect();
        let parameters: Vec<_> = of.parameters.iter().map(|text| literal(text).expect(line)).collect();
        let fit = fit(&format!("{}Merge", of.function), &parameters, std::slice::from_ref(&data_type));
        let fit = fit.map_err(|mismatch| mismatch.message).expect(line);
        kinds.insert(fit.kind as u8, ());
        let column: ArrayRef = Arc::new(BinaryArray::from_iter_values([bytes.as_slice(), &[], &bytes]));
        let mut states = (fit.new)();
        states.resize(2);
        states.update(&[column], &Rows { groups: &[0, 0, 1], kept: None }).expect(line);
        let values = states.finish(2).expect(line);
        for group in 0..2 {
            assert_eq!(show(&values.slice(group, 1), &fit.result).as_deref(), Ok(expected), "{line}");
        }
    }
    let mut missing = Vec::new();
    for case in cases().iter().filter(|case| case.apart.rows >= 4) {
        let is_new = kinds.insert(case.fit.kind as u8, ()).is_none();
        let simple = parse(&case.apart.name).is_some_and(|stack| stack.combinators.is_empty());
        if is_new && simple && !case.fit.state.function.is_empty() {
            let state = DataType::AggregateFunction(Box::new(case.fit.state.clone()));
            let bytes = case.parts(&vec![0; case.apart.rows], 1).remove(0);
            missing.push(format!("{state}\t{}\t{}", hex(&bytes), case.at_once()));
        } else if is_new {
            kinds.remove(&(case.fit.kind as u8));
        }
    }
    assert!(missing.is_empty(), "no samples of these states are kept:\n{}", missing.join("\n"));
}

#[test]
fn rows_of_equal_keys_become_one() {
    let numbers: ArrayRef = Arc::new(UInt64Array::from(vec![1, 2, 3, 4]));
    let fit = fit("sumState", &[], &[DataType::UInt64]).map_err(|mismatch| mismatch.message).unwrap();
    let mut states = (fit.new)();
    states.resize(4);
    states.update(std::slice::from_ref(&numbers), &Rows { groups: &[0, 1, 2, 3], kept: None }).unwrap();
    let stored = states.finish(4).unwrap();
    let groups = [0, 0, 1, 1];
    let merged = merge_states(&fit.result, &stored, &groups, 2).unwrap();
    let finalized = crate::function::aggregate::tested::fit("sumMerge", &[], std::slice::from_ref(&fit.result));
    let mut sums = (finalized.map_err(|mismatch| mismatch.message).unwrap().new)();
    sums.resize(2);
    sums.update(&[merged], &Rows { groups: &[0, 1], kept: None }).unwrap();
    assert_eq!(sums.finish(2).unwrap().as_ref(), &UInt64Array::from(vec![3, 7]) as &dyn Array);

    let check = |data_type: &str, column: ArrayRef, expected: ArrayRef| {
        let data_type = DataType::parse(data_type).unwrap();
        let merged = merge_states(&data_type, &column, &groups, 2).unwrap();
        assert_eq!(merged.as_ref(), expected.as_ref(), "{data_type}");
    };
    let small: ArrayRef = Arc::new(UInt8Array::from(vec![200, 100, 3, 4]));
    check("SimpleAggregateFunction(sum, UInt8)", small.clone(), Arc::new(UInt8Array::from(vec![44, 7])));
    check("SimpleAggregateFunction(max, UInt8)", small.clone(), Arc::new(UInt8Array::from(vec![200, 4])));
    check("SimpleAggregateFunction(anyLast, UInt64)", numbers.clone(), Arc::new(UInt64Array::from(vec![2, 4])));
    check("UInt64", numbers.clone(), Arc::new(UInt64Array::from(vec![1, 3])));
    let texts: ArrayRef = Arc::new(StringViewArray::from(vec![None, Some("b"), Some("c"), Some("d")]));
    let expected: ArrayRef = Arc::new(StringViewArray::from(vec!["b", "c"]));
    check("SimpleAggregateFunction(any, LowCardinality(Nullable(String)))", texts, expected);
    let summed = merge_rows("sumWithOverflow", &DataType::UInt64, &numbers, &groups, 2).unwrap();
    assert_eq!(summed.as_ref(), &UInt64Array::from(vec![3, 7]) as &dyn Array);
    let broken: ArrayRef = Arc::new(BinaryArray::from_iter_values([b"\x01\x02\x07".as_slice()]));
    assert!(merge_states(&fit.result, &broken, &[0], 1).is_err());
}
