//! Numbers in order and intervals: `deltaSum`, `boundingRatio`, `exponentialMovingAverage`, `maxIntersections`,
//! `intervalLengthSum`, `entropy`, `singleValueOrNull`.
//!
//! Payloads are Float64 each: of `Delta` sum, first, last (and the times of these two); of `Bounding` the leftmost and
//! the rightmost point; of `Decay` value and time. `Intervals` has begin and end (8 bytes each) of each interval;
//! `Counts` has key (16 bytes) and count (varint) of each different row.

use super::Aggregate;
use super::bytes::{Reader, put_varint};
use super::cell::Values;
use super::fit::{Empty, Fitted, Signature, whole};
use super::key::{float_key, float_of, from_keys, keys};
use super::states::{Fold, Kind, Rows, State, each};
use crate::function::convert::{bits, narrow};
use crate::function::hash::exact_keys;
use crate::value::DataType;
use arrow::array::*;
use arrow::compute;
use arrow::datatypes::{DataType as Arrow, Float64Type};
use datafusion::common::{Result as EngineResult, exec_err};
use std::collections::HashMap;
use std::sync::Arc;

pub(crate) const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        name: "deltaSum",
        syntax: "deltaSum(x)",
        summary: "The sum of what each value is more than the one before; falls do not count.",
        examples: &[("deltaSum(x % 3)", "2"), ("deltaSum(x / 2)", "1.5")],
        kind: Kind::Delta,
        fit: |signature| fit_delta(signature, false),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "deltaSumTimestamp",
        syntax: "deltaSumTimestamp(x, time)",
        summary: "The sum of what each value is more than the one before; merged states are put in order by time.",
        examples: &[("deltaSumTimestamp(x % 3, x)", "2")],
        kind: Kind::Delta,
        fit: |signature| fit_delta(signature, true),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "boundingRatio",
        syntax: "boundingRatio(x, y)",
        summary: "The slope from the leftmost to the rightmost point.",
        examples: &[("boundingRatio(x, x * x)", "5")],
        kind: Kind::Bounding,
        fit: |signature| {
            signature.count(2..=2)?;
            signature.expect_number(0)?;
            signature.expect_number(1)?;
            Ok((DataType::Float64, each(Bounding)))
        },
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "exponentialMovingAverage",
        syntax: "exponentialMovingAverage(half_decay)(x, time)",
        summary: "The mean of values, of which each counts half as much as one that is younger by half_decay.",
        examples: &[("exponentialMovingAverage(1)(x, x)", "3.0625")],
        kind: Kind::Decay,
        fit: |signature| {
            signature.count(2..=2)?;
            signature.expect_number(0)?;
            if !signature.bare(1).is_date_or_time() {
                signature.expect_number(1)?;
            }
            signature.parameter_count(1..=1)?;
            let Some(half) = signature.number(0)?.filter(|half| *half != 0.0) else {
                return Err(signature.mismatch("needs a half-decay other than 0"));
            };
            Ok((DataType::Float64, each(Decay(half))))
        },
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "maxIntersections",
        syntax: "maxIntersections(begin, end)",
        summary: "How many intervals meet where most of them do; ends do not belong to them.",
        examples: &[("maxIntersections(x, x + 2)", "2")],
        kind: Kind::Intervals,
        fit: |signature| fit_intervals(signature, Wanted::Most),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "maxIntersectionsPosition",
        syntax: "maxIntersectionsPosition(begin, end)",
        summary: "Where most intervals meet for the first time.",
        examples: &[("maxIntersectionsPosition(x, x + 2)", "2")],
        kind: Kind::Intervals,
        fit: |signature| fit_intervals(signature, Wanted::Position),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "intervalLengthSum",
        syntax: "intervalLengthSum(begin, end)",
        summary: "How long all intervals are together, where several meet only once.",
        examples: &[("intervalLengthSum(x, x + 2)", "5"), ("intervalLengthSum(x / 2, x / 2 + 0.25)", "1")],
        kind: Kind::Intervals,
        empty: Empty::Value,
        fit: |signature| fit_intervals(signature, Wanted::Length),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "entropy",
        syntax: "entropy(x, …)",
        summary: "Shannon's entropy of the frequencies of values, in bits.",
        examples: &[("entropy(x)", "2"), ("entropy(x % 2)", "1")],
        kind: Kind::Counts,
        fit: |signature| {
            signature.count(1..)?;
            Ok((DataType::Float64, each(Entropy(signature.arguments.clone()))))
        },
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "singleValueOrNull",
        syntax: "singleValueOrNull(x)",
        summary: "The value, if all rows have the same; else NULL.",
        examples: &[("singleValueOrNull(x)", "\\N"), ("singleValueOrNull(x > 0)", "1")],
        kind: Kind::Single,
        fit: |signature| {
            signature.count(1..=1)?;
            let result = signature.arguments[0].clone().nullable();
            Ok((result.clone(), each(Only(Values::new(&result)))))
        },
        ..Aggregate::DEFAULT
    },
];

fn floats(column: &ArrayRef) -> EngineResult<Float64Array> {
    let column = if column.data_type().is_temporal() {
        Arc::new(crate::function::convert::ticks(column)?) as ArrayRef
    } else {
        column.clone()
    };
    Ok(compute::cast(&column, &Arrow::Float64)?.as_primitive::<Float64Type>().clone())
}

fn put_floats(out: &mut Vec<u8>, numbers: &[f64]) {
    numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
}

fn fit_delta(signature: &Signature, timed: bool) -> Fitted {
    signature.count(if timed { 2..=2 } else { 1..=1 })?;
    let bare = signature.bare(0);
    if !(bare.is_float() || bare.is_integer() && bare.integer_bits() <= Some(64)) {
        return Err(signature.wrong_type(0));
    }
    if timed && !signature.bare(1).is_date_or_time() {
        signature.expect_number(1)?;
    }
    Ok((bare.clone(), each(Delta { result: bare.clone(), timed })))
}

#[derive(Debug)]
struct Delta {
    result: DataType,
    timed: bool,
}

#[derive(Clone, Debug, Default)]
struct Rise {
    sum: f64,
    first: f64,
    last: f64,
    first_time: f64,
    last_time: f64,
    seen: bool,
}

impl State for Rise {
    fn save(&self, out: &mut Vec<u8>) {
        if self.seen {
            put_floats(out, &[self.sum, self.first, self.last, self.first_time, self.last_time]);
        }
    }
}

impl Rise {
    /// Adds what came after.
    fn then(&mut self, next: &Rise) {
        if next.first > self.last {
            self.sum += next.first - self.last;
        }
        self.sum += next.sum;
        (self.last, self.last_time) = (next.last, next.last_time);
    }

    fn absorb(&mut self, other: Rise, timed: bool) {
        if !self.seen {
            *self = other;
        } else if timed && other.last_time < self.first_time {
            let own = std::mem::replace(self, other);
            self.then(&own);
        } else {
            self.then(&other);
        }
    }
}

impl Fold for Delta {
    type State = Rise;

    fn update(&self, states: &mut [Rise], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let values = floats(&columns[0])?;
        let times = if self.timed { Some(floats(&columns[1])?) } else { None };
        for (row, group) in rows.iter() {
            let (state, value) = (&mut states[group], values.value(row));
            let time = times.as_ref().map_or(0.0, |times| times.value(row));
            if !state.seen {
                *state = Rise { first: value, first_time: time, seen: true, ..Rise::default() };
            } else if value > state.last {
                state.sum += value - state.last;
            }
            (state.last, state.last_time) = (value, time);
        }
        Ok(())
    }

    fn merge(&self, state: &mut Rise, bytes: &[u8]) -> EngineResult<()> {
        let other = whole(bytes, |reader| {
            let [sum, first, last] = [reader.f64()?, reader.f64()?, reader.f64()?];
            Ok(Rise { sum, first, last, first_time: reader.f64()?, last_time: reader.f64()?, seen: true })
        })?;
        state.absorb(other, self.timed);
        Ok(())
    }

    fn finish(&self, states: &[Rise]) -> EngineResult<ArrayRef> {
        let sums: ArrayRef = Arc::new(Float64Array::from_iter_values(states.iter().map(|state| state.sum)));
        if self.result.is_float() {
            return Ok(compute::cast(&sums, &self.result.to_arrow())?);
        }
        narrow(&bits(&sums)?, &self.result.to_arrow())
    }
}

#[derive(Debug)]
struct Bounding;

#[derive(Debug, Default)]
struct Points(Option<[f64; 4]>);

impl State for Points {
    fn save(&self, out: &mut Vec<u8>) {
        if let Some(points) = &self.0 {
            put_floats(out, points);
        }
    }
}

impl Points {
    fn add(&mut self, x: f64, y: f64) {
        let points = self.0.get_or_insert([x, y, x, y]);
        if x < points[0] {
            (points[0], points[1]) = (x, y);
        }
        if x > points[2] {
            (points[2], points[3]) = (x, y);
        }
    }
}

impl Fold for Bounding {
    type State = Points;

    fn update(&self, states: &mut [Points], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let (xs, ys) = (floats(&columns[0])?, floats(&columns[1])?);
        rows.iter().for_each(|(row, group)| states[group].add(xs.value(row), ys.value(row)));
        Ok(())
    }

    fn merge(&self, state: &mut Points, bytes: &[u8]) -> EngineResult<()> {
        let [left, low, right, high] =
            whole(bytes, |reader| Ok([reader.f64()?, reader.f64()?, reader.f64()?, reader.f64()?]))?;
        state.add(left, low);
        state.add(right, high);
        Ok(())
    }

    fn finish(&self, states: &[Points]) -> EngineResult<ArrayRef> {
        let slope = |state: &Points| match state.0 {
            Some([left, low, right, high]) => (high - low) / (right - left),
            None => f64::NAN,
        };
        Ok(Arc::new(Float64Array::from_iter_values(states.iter().map(slope))))
    }
}

#[derive(Debug)]
struct Decay(f64);

#[derive(Debug, Default)]
struct Fading {
    value: f64,
    time: f64,
    seen: bool,
}

impl State for Fading {
    fn save(&self, out: &mut Vec<u8>) {
        if self.seen {
            put_floats(out, &[self.value, self.time]);
        }
    }
}

impl Decay {
    fn add(&self, state: &mut Fading, value: f64, time: f64) {
        let scale = |passed: f64| (-passed / self.0).exp2();
        if !state.seen {
            *state = Fading { value, time, seen: true };
        } else if time > state.time {
            state.value = value + state.value * scale(time - state.time);
            state.time = time;
        } else {
            state.value += value * scale(state.time - time);
        }
    }
}

impl Fold for Decay {
    type State = Fading;

    fn update(&self, states: &mut [Fading], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let (values, times) = (floats(&columns[0])?, floats(&columns[1])?);
        rows.iter().for_each(|(row, group)| self.add(&mut states[group], values.value(row), times.value(row)));
        Ok(())
    }

    fn merge(&self, state: &mut Fading, bytes: &[u8]) -> EngineResult<()> {
        let (value, time) = whole(bytes, |reader| Ok((reader.f64()?, reader.f64()?)))?;
        self.add(state, value, time);
        Ok(())
    }

    fn finish(&self, states: &[Fading]) -> EngineResult<ArrayRef> {
        let weights = 1.0 / (1.0 - (-1.0 / self.0).exp2());
        Ok(Arc::new(Float64Array::from_iter_values(states.iter().map(|state| state.value / weights))))
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Wanted {
    Most,
    Position,
    Length,
}

fn fit_intervals(signature: &Signature, wanted: Wanted) -> Fitted {
    signature.count(2..=2)?;
    let bare = signature.bare(0).clone();
    let is_time = bare.is_date_or_time() && wanted == Wanted::Length;
    if !(bare.is_float() || is_time || bare.is_integer() && bare.integer_bits() <= Some(64)) {
        return Err(signature.wrong_type(0));
    }
    if *signature.bare(1) != bare {
        return Err(signature.wrong_type(1));
    }
    let result = match wanted {
        Wanted::Most => DataType::UInt64,
        Wanted::Position => bare.clone(),
        Wanted::Length if bare.is_float() => DataType::Float64,
        Wanted::Length => DataType::UInt64,
    };
    Ok((result, each(Intervals { wanted, types: signature.arguments.clone() })))
}

#[derive(Debug)]
struct Intervals {
    wanted: Wanted,
    types: Vec<DataType>,
}

/// Begin and end as keys.
#[derive(Debug, Default)]
struct Spans(Vec<(u64, u64)>);

impl State for Spans {
    fn save(&self, out: &mut Vec<u8>) {
        let mut spans = self.0.clone();
        spans.sort_unstable();
        for (begin, end) in spans {
            out.extend_from_slice(&begin.to_le_bytes());
            out.extend_from_slice(&end.to_le_bytes());
        }
    }

    fn bytes(&self) -> usize {
        self.0.capacity() * 16
    }
}

impl Spans {
    /// Most that meet, and where they do first.
    fn most(&self) -> (u64, Option<u64>) {
        let mut events: Vec<(u64, i64)> = self.0.iter().flat_map(|(begin, end)| [(*begin, 1), (*end, -1)]).collect();
        // at one place, ends are before begins
        events.sort_unstable();
        let (mut count, mut most, mut place) = (0i64, 0i64, None);
        for (at, change) in events {
            count += change;
            if count > most {
                (most, place) = (count, Some(at));
            }
        }
        (most as u64, place)
    }

    /// Intervals of which none meet.
    fn apart(&self) -> Vec<(u64, u64)> {
        let mut spans = self.0.clone();
        spans.sort_unstable();
        let mut apart: Vec<(u64, u64)> = Vec::new();
        for (begin, end) in spans {
            match apart.last_mut() {
                Some((_, last)) if begin <= *last => *last = end.max(*last),
                _ => apart.push((begin, end)),
            }
        }
        apart
    }
}

impl Fold for Intervals {
    type State = Spans;

    fn update(&self, states: &mut [Spans], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let begins = keys(&columns[0], &self.types[0])?;
        let ends = keys(&columns[1], &self.types[1])?;
        for (row, group) in rows.iter() {
            let (begin, end) = (begins[row], ends[row]);
            match self.wanted {
                Wanted::Length if begin != end => states[group].0.push((begin.min(end), begin.max(end))),
                Wanted::Length => {}
                _ => states[group].0.push((begin, end)),
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut Spans, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            state.0.push((reader.u64()?, reader.u64()?));
        }
        Ok(())
    }

    fn finish(&self, states: &[Spans]) -> EngineResult<ArrayRef> {
        match self.wanted {
            Wanted::Most => Ok(Arc::new(UInt64Array::from_iter_values(states.iter().map(|state| state.most().0)))),
            Wanted::Position => {
                let nothing =
                    if self.types[0].is_float() { float_key(0.0) } else { super::key::zero_key(&self.types[0]) };
                from_keys(states.iter().map(|state| state.most().1.unwrap_or(nothing)), &self.types[0])
            }
            Wanted::Length if self.types[0].is_float() => {
                let length = |state: &Spans| {
                    state.apart().iter().map(|(begin, end)| float_of(*end) - float_of(*begin)).sum::<f64>() + 0.0
                };
                Ok(Arc::new(Float64Array::from_iter_values(states.iter().map(length))))
            }
            Wanted::Length => {
                let length = |state: &Spans| {
                    state.apart().iter().fold(0u64, |sum, (begin, end)| sum.wrapping_add(end.wrapping_sub(*begin)))
                };
                Ok(Arc::new(UInt64Array::from_iter_values(states.iter().map(length))))
            }
        }
    }
}

#[derive(Debug)]
struct Entropy(Vec<DataType>);

#[derive(Debug, Default)]
struct Frequencies(HashMap<u128, u64>);

impl State for Frequencies {
    fn save(&self, out: &mut Vec<u8>) {
        let mut all: Vec<(&u128, &u64)> = self.0.iter().collect();
        all.sort_unstable();
        for (key, count) in all {
            out.extend_from_slice(&key.to_le_bytes());
            put_varint(out, *count);
        }
    }

    fn bytes(&self) -> usize {
        self.0.capacity() * 25
    }
}

impl Fold for Entropy {
    type State = Frequencies;

    fn update(&self, states: &mut [Frequencies], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let keys = exact_keys(columns, &self.0)?;
        rows.iter().for_each(|(row, group)| *states[group].0.entry(keys[row]).or_default() += 1);
        Ok(())
    }

    fn merge(&self, state: &mut Frequencies, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let known = state.0.entry(reader.u128()?).or_default();
            *known = known.saturating_add(reader.varint()?);
        }
        Ok(())
    }

    fn finish(&self, states: &[Frequencies]) -> EngineResult<ArrayRef> {
        let entropy = |state: &Frequencies| {
            let mut counts: Vec<u64> = state.0.values().copied().collect();
            // the same order of additions each time
            counts.sort_unstable();
            let total: f64 = counts.iter().map(|count| *count as f64).sum();
            let share = |count: u64| count as f64 / total;
            counts.iter().filter(|count| **count > 0).fold(0.0, |sum, count| sum - share(*count) * share(*count).log2())
        };
        Ok(Arc::new(Float64Array::from_iter_values(states.iter().map(entropy))))
    }
}

/// The payload is whether there are several (1 byte), and the first value (`cell`).
#[derive(Debug)]
struct Only(Values);

#[derive(Debug, Default)]
struct First {
    value: Option<Vec<u8>>,
    several: bool,
}

impl State for First {
    fn save(&self, out: &mut Vec<u8>) {
        if let Some(value) = &self.value {
            out.push(u8::from(self.several));
            out.extend_from_slice(value);
        }
    }

    fn bytes(&self) -> usize {
        self.value.as_ref().map_or(0, Vec::capacity)
    }
}

impl First {
    fn add(&mut self, value: &[u8]) {
        match &self.value {
            None => self.value = Some(value.to_vec()),
            Some(known) => self.several |= known != value,
        }
    }
}

impl Fold for Only {
    type State = First;

    fn update(&self, states: &mut [First], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let source = self.0.source(&columns[0])?;
        let mut bytes = Vec::new();
        for (row, group) in rows.iter() {
            bytes.clear();
            source.write(row, &mut bytes);
            states[group].add(&bytes);
        }
        Ok(())
    }

    fn merge(&self, state: &mut First, bytes: &[u8]) -> EngineResult<()> {
        let (several, value) = whole(bytes, |reader| Ok((reader.u8()? != 0, self.0.layout.value(reader)?)))?;
        state.add(value);
        state.several |= several;
        Ok(())
    }

    fn finish(&self, states: &[First]) -> EngineResult<ArrayRef> {
        if self.0.data_type == DataType::Nothing {
            return exec_err!("singleValueOrNull of nothing");
        }
        self.0.column(states.iter().map(|state| state.value.as_deref().filter(|_| !state.several)))
    }
}
