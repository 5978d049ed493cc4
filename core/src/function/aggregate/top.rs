//! `topK`: the most frequent values, counted in bounded space as ClickHouse does (Filtered Space-Saving).
//!
//! Payload: `value (cell), count (varint), error (varint)` for each counted value, in falling order of counts;
//! `topKWeighted` adds weights instead of ones.

use super::Aggregate;
use super::bytes::{Reader, put_varint};
use super::cell::Values;
use super::fit::{Empty, Fitted, Signature};
use super::states::{Fold, Kind, Rows, State, each};
use crate::function::convert::bits;
use crate::function::hash::city;
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use datafusion::common::Result as EngineResult;
use std::collections::HashMap;
use std::sync::Arc;

pub(crate) const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        name: "topK",
        aliases: &["approx_top_k", "approx_top_count"],
        syntax: "topK(k[, load_factor[, 'counts']])(x)",
        summary: "The k most frequent values, about; 10 if no k is given.",
        examples: &[
            ("topK(1)(x > 3)", "[0]"),
            ("topK(2, 3, 'counts')(x > 3)", "[(0,3,0),(1,1,0)]"),
            ("approx_top_k(1)(x > 3)", "[(0,3,0)]"),
        ],
        kind: Kind::TopK,
        empty: Empty::Value,
        fit: |signature| fit(signature, false),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "topKWeighted",
        aliases: &["approx_top_sum"],
        syntax: "topKWeighted(k[, load_factor[, 'counts']])(x, weight)",
        summary: "The k values with the largest sums of weights, about; 10 if no k is given.",
        examples: &[("topKWeighted(2)(x, x)", "[4,3]"), ("topKWeighted(1, 3, 'counts')(x % 2, x)", "[(0,6,0)]")],
        kind: Kind::TopK,
        empty: Empty::Value,
        fit: |signature| fit(signature, true),
        ..Aggregate::DEFAULT
    },
];

/// As in ClickHouse.
const LOAD_FACTOR: u64 = 3;
const COUNTERS_MAX: u64 = 0xff_ffff;

fn fit(signature: &Signature, weighted: bool) -> Fitted {
    signature.count(if weighted { 2..=2 } else { 1..=1 })?;
    if weighted {
        signature.expect_unsigned(1)?;
    }
    let is_approx = signature.name.to_ascii_lowercase().contains("approx_top");
    signature.parameter_count(0..=3)?;
    let k = signature.natural(0)?.unwrap_or(10);
    let second = signature.natural(1)?;
    let reserved = match (is_approx, second) {
        (true, reserved) => reserved.unwrap_or(k.saturating_mul(LOAD_FACTOR)),
        (false, factor) => k.saturating_mul(factor.unwrap_or(LOAD_FACTOR)),
    };
    if k == 0 || k > COUNTERS_MAX || reserved > COUNTERS_MAX || reserved < k {
        return Err(signature.bad(format_args!("needs a k of 1 to {COUNTERS_MAX}, with its load factor")));
    }
    let with_counts = match signature.text(2)? {
        None => is_approx,
        Some("counts") => true,
        Some(other) => return Err(signature.bad(format_args!("does not know {other:?}"))),
    };
    let values = Values::new(&signature.arguments[0]);
    let item = if with_counts { counted(signature.name, &values.data_type) } else { values.data_type.clone() };
    let result = item.clone().array();
    let top = TopK { values, k: k as usize, counters: reserved as usize, item, with_counts, weighted };
    Ok((result, each(top)))
}

fn counted(_name: &str, value: &DataType) -> DataType {
    let named = |name: &str, data_type| (Some(name.to_owned()), data_type);
    DataType::Tuple(vec![
        named("item", value.clone()),
        named("count", DataType::UInt64),
        named("error", DataType::UInt64),
    ])
}

#[derive(Debug)]
struct TopK {
    values: Values,
    k: usize,
    counters: usize,
    item: DataType,
    with_counts: bool,
    weighted: bool,
}

#[derive(Debug, Clone)]
struct Counter {
    value: Box<[u8]>,
    hash: u64,
    count: u64,
    error: u64,
}

/// Counters in falling order. A value without one is counted in `alphas` by its hash, until that count is large
/// enough for the smallest counter to give way.
#[derive(Debug, Default)]
struct Space {
    counters: Vec<Counter>,
    places: HashMap<Box<[u8]>, usize>,
    alphas: Vec<u64>,
}

impl State for Space {
    fn save(&self, out: &mut Vec<u8>) {
        for counter in &self.counters {
            out.extend_from_slice(&counter.value);
            put_varint(out, counter.count);
            put_varint(out, counter.error);
        }
    }

    fn bytes(&self) -> usize {
        self.counters.iter().map(|counter| counter.value.len() * 2 + 96).sum::<usize>() + self.alphas.capacity() * 8
    }
}

fn ranks_before(left: &Counter, right: &Counter) -> bool {
    left.count > right.count || left.count == right.count && left.error < right.error
}

impl Space {
    fn push(&mut self, counter: Counter) {
        self.places.insert(counter.value.clone(), self.counters.len());
        self.counters.push(counter);
        self.percolate(self.counters.len() - 1);
    }

    /// Moves a counter up to where it belongs.
    fn percolate(&mut self, mut place: usize) {
        while place > 0 && ranks_before(&self.counters[place], &self.counters[place - 1]) {
            self.counters.swap(place, place - 1);
            for moved in [place, place - 1] {
                if let Some(known) = self.places.get_mut(&self.counters[moved].value) {
                    *known = moved;
                }
            }
            place -= 1;
        }
    }

    fn alpha(&mut self, hash: u64, capacity: usize) -> &mut u64 {
        if self.alphas.is_empty() {
            self.alphas = vec![0; (capacity * 6).next_power_of_two()];
        }
        let place = hash as usize & (self.alphas.len() - 1);
        &mut self.alphas[place]
    }

    fn insert(&mut self, value: &[u8], count: u64, error: u64, capacity: usize) {
        if let Some(place) = self.places.get(value).copied() {
            self.counters[place].count = self.counters[place].count.saturating_add(count);
            self.counters[place].error = self.counters[place].error.saturating_add(error);
            self.percolate(place);
            return;
        }
        let hash = city::hash(value);
        if self.counters.len() < capacity {
            self.push(Counter { value: value.into(), hash, count, error });
            return;
        }
        let Some(smallest) = self.counters.last().map(|counter| (counter.count, counter.hash)) else { return };
        let alpha = self.alpha(hash, capacity);
        if alpha.saturating_add(count) < smallest.0 {
            *alpha += count;
            return;
        }
        let alpha = *alpha;
        *self.alpha(smallest.1, capacity) = smallest.0;
        if let Some(gone) = self.counters.pop() {
            self.places.remove(&gone.value);
        }
        let counter = Counter {
            value: value.into(),
            hash,
            count: alpha.saturating_add(count),
            error: alpha.saturating_add(error),
        };
        self.push(counter);
    }
}

impl Fold for TopK {
    type State = Space;

    fn update(&self, states: &mut [Space], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let source = self.values.source(&columns[0])?;
        let weights = if self.weighted { Some(bits(&columns[1])?) } else { None };
        let mut bytes = Vec::new();
        for (row, group) in rows.iter() {
            let weight = weights.as_ref().map_or(1, |weights| weights.value(row) as u64);
            if weight > 0 {
                bytes.clear();
                source.write(row, &mut bytes);
                states[group].insert(&bytes, weight, 0, self.counters);
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut Space, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let value = self.values.layout.value(&mut reader)?;
            let (count, error) = (reader.varint()?, reader.varint()?);
            state.insert(value, count, error, self.counters);
        }
        Ok(())
    }

    fn finish(&self, states: &[Space]) -> EngineResult<ArrayRef> {
        let top = || states.iter().map(|state| &state.counters[..self.k.min(state.counters.len())]);
        if !self.with_counts {
            return self.values.lists(top().map(|counters| counters.iter().map(|counter| counter.value.as_ref())));
        }
        let all = || top().flatten();
        let values = self.values.column(all().map(|counter| Some(counter.value.as_ref())))?;
        let counts: ArrayRef = Arc::new(UInt64Array::from_iter_values(all().map(|counter| counter.count)));
        let errors: ArrayRef = Arc::new(UInt64Array::from_iter_values(all().map(|counter| counter.error)));
        let arrow::datatypes::DataType::Struct(fields) = self.item.to_arrow() else {
            return datafusion::common::exec_err!("{} is no tuple", self.item);
        };
        let items = StructArray::try_new(fields, vec![values, counts, errors], None)?;
        let mut ends = vec![0i32];
        for counters in top() {
            ends.push(ends[ends.len() - 1] + counters.len() as i32);
        }
        let offsets = OffsetBuffer::new(ScalarBuffer::from(ends));
        Ok(Arc::new(ListArray::try_new(Arc::new(self.item.to_field("item")), offsets, Arc::new(items), None)?))
    }
}
