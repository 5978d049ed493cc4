//! Quantiles over values with weights, and over values that are cut to few bits: each different value once,
//! with how much it weighs.
//!
//! The payload is the values' keys (`key`) in rising order, each as its distance from the one before (varint), and
//! its weight (varint).

use super::Quantiles;
use crate::function::aggregate::bytes::{Reader, put_varint};
use crate::function::aggregate::key::{float_key, float_of};
use crate::function::aggregate::states::{Fold, Rows, State};
use crate::function::convert::bits;
use arrow::array::*;
use arrow::datatypes::Float64Type;
use datafusion::common::Result as EngineResult;
use std::collections::HashMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The value where the weights up to it reach the level.
    Exact,
    /// As if each value stood there as often as it weighs, interpolated between two of them.
    Repeated,
    /// Between the middles of the weights of two values.
    Interpolated,
    /// As `Exact`, of values cut to the first 16 bits of a Float32.
    Cut,
}

#[derive(Debug, Default)]
pub(super) struct Weights(HashMap<u64, u64>);

impl Weights {
    fn add(&mut self, key: u64, weight: u64) {
        let known = self.0.entry(key).or_default();
        *known = known.wrapping_add(weight);
    }

    fn sorted(&self) -> Vec<(u64, u64)> {
        let mut all: Vec<(u64, u64)> = self.0.iter().map(|(key, weight)| (*key, *weight)).collect();
        all.sort_unstable();
        all
    }
}

impl State for Weights {
    fn save(&self, out: &mut Vec<u8>) {
        let mut last = 0;
        for (key, weight) in self.sorted() {
            put_varint(out, key - last);
            put_varint(out, weight);
            last = key;
        }
    }

    fn bytes(&self) -> usize {
        self.0.capacity() * 17
    }
}

#[derive(Debug)]
pub(super) struct Weighted {
    pub(super) quantiles: Quantiles,
    pub(super) way: Way,
}

/// The first 16 bits of a Float32.
fn cut(value: f64) -> f64 {
    f64::from(f32::from_bits((value as f32).to_bits() & 0xffff_0000))
}

impl Weighted {
    fn keys(&self, column: &ArrayRef) -> EngineResult<Vec<u64>> {
        if self.way != Way::Cut {
            return self.quantiles.keys(column);
        }
        let floats = self.quantiles.floats(column)?;
        Ok(floats.as_primitive::<Float64Type>().values().iter().map(|value| float_key(cut(*value))).collect())
    }

    fn nan_key(&self) -> Option<u64> {
        if self.way == Way::Cut { Some(float_key(f64::NAN)) } else { self.quantiles.nan_key() }
    }

    fn value(&self, key: u64) -> f64 {
        if self.way == Way::Cut { float_of(key) } else { self.quantiles.float_of_key(key) }
    }

    fn between(&self, sorted: &[(u64, u64)], level: f64) -> f64 {
        match self.way {
            Way::Repeated => self.repeated(sorted, level),
            Way::Interpolated => self.interpolated(sorted, level),
            Way::Cut | Way::Exact => {
                let total: f64 = sorted.iter().map(|(_, weight)| *weight as f64).sum();
                let mut sum = 0.0;
                let reached = sorted.iter().find(|(_, weight)| {
                    sum += *weight as f64;
                    sum >= total * level
                });
                reached.or(sorted.last()).map_or(f64::NAN, |(key, _)| self.value(*key))
            }
        }
    }

    fn repeated(&self, sorted: &[(u64, u64)], level: f64) -> f64 {
        let total: u128 = sorted.iter().map(|(_, weight)| u128::from(*weight)).sum();
        let place = total.saturating_sub(1) as f64 * level;
        let at = |place: u128| {
            let mut sum = 0u128;
            let reached = sorted.iter().find(|(_, weight)| {
                sum += u128::from(*weight);
                sum > place
            });
            reached.or(sorted.last()).map_or(f64::NAN, |(key, _)| self.value(*key))
        };
        let (low, high) = (at(place.floor() as u128), at(place.ceil() as u128));
        if low == high { low } else { low + (high - low) * (place - place.floor()) }
    }

    fn interpolated(&self, sorted: &[(u64, u64)], level: f64) -> f64 {
        let total: f64 = sorted.iter().map(|(_, weight)| *weight as f64).sum();
        let mut sum = 0.0;
        let middles: Vec<f64> = sorted
            .iter()
            .map(|(_, weight)| {
                sum += *weight as f64;
                if total == 0.0 { 0.0 } else { (sum - 0.5 * *weight as f64) / total }
            })
            .collect();
        let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
        // the last pair of neighbours that begins below the level
        let left = match middles.iter().skip(1).position(|middle| level <= *middle) {
            Some(place) => place,
            None => last.saturating_sub(1),
        };
        let right = (left + 1).min(last);
        let (from, to) = (middles[left], middles[right]);
        let (mut low, mut high) = (self.value(sorted[left].0), self.value(sorted[right].0));
        if level < from {
            high = low;
        }
        if level > to {
            low = high;
        }
        let width = if to == from { 1.0 } else { to - from };
        low + (high - low) / width * (level - from)
    }
}

impl Fold for Weighted {
    type State = Weights;

    fn update(&self, states: &mut [Weights], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let keys = self.keys(&columns[0])?;
        let weights = columns.get(1).map(bits).transpose()?;
        let nan = self.nan_key();
        for (row, group) in rows.iter() {
            let weight = weights.as_ref().map_or(1, |weights| weights.value(row) as u64);
            // interpolation goes through values that weigh nothing
            if (weight > 0 || self.way == Way::Interpolated) && Some(keys[row]) != nan {
                states[group].add(keys[row], weight);
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut Weights, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        let mut last = 0u64;
        while !reader.is_empty() {
            last = last.wrapping_add(reader.varint()?);
            state.add(last, reader.varint()?);
        }
        Ok(())
    }

    fn finish(&self, states: &[Weights]) -> EngineResult<ArrayRef> {
        let levels = &self.quantiles.levels;
        if self.way != Way::Exact {
            let mut values = Vec::with_capacity(states.len() * levels.len());
            for state in states {
                let sorted = state.sorted();
                values.extend(levels.iter().map(|level| self.between(&sorted, *level)));
            }
            return self.quantiles.of_floats(values, states.len());
        }
        let mut found = Vec::with_capacity(states.len() * levels.len());
        for state in states {
            let sorted = state.sorted();
            let total: u64 = sorted.iter().fold(0, |sum, (_, weight)| sum.wrapping_add(*weight));
            for level in levels {
                let wanted = (total as f64 * level).ceil() as u64;
                let mut sum = 0u64;
                let reached = sorted.iter().find(|(_, weight)| {
                    sum = sum.wrapping_add(*weight);
                    sum >= wanted
                });
                found.push(reached.or(sorted.last()).map(|(key, _)| *key));
            }
        }
        self.quantiles.of_keys(found, states.len())
    }
}
