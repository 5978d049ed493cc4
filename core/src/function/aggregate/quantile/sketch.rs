//! `quantileDD`: counts of values in steps that grow by a constant factor (DDSketch), so that the relative error
//! is bounded.
//!
//! The payload is how many zeros there are (varint), then for the negative and for the positive values: count of
//! pairs (varint), and of each the step (zigzag varint) and how many values it has (varint).

use super::Quantiles;
use crate::function::aggregate::bytes::{Reader, put_varint, unzigzag, zigzag};
use crate::function::aggregate::states::{Fold, Rows, State};
use crate::function::convert::bits;
use arrow::array::*;
use arrow::datatypes::Float64Type;
use datafusion::common::Result as EngineResult;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(super) struct Steps {
    zeros: u64,
    negative: BTreeMap<i64, u64>,
    positive: BTreeMap<i64, u64>,
}

impl Steps {
    fn count(&self) -> u64 {
        let sides = self.negative.values().chain(self.positive.values());
        sides.fold(self.zeros, |sum, count| sum.saturating_add(*count))
    }
}

impl State for Steps {
    fn save(&self, out: &mut Vec<u8>) {
        if self.count() == 0 {
            return;
        }
        put_varint(out, self.zeros);
        for side in [&self.negative, &self.positive] {
            put_varint(out, side.len() as u64);
            for (step, count) in side {
                put_varint(out, zigzag(*step));
                put_varint(out, *count);
            }
        }
    }

    fn bytes(&self) -> usize {
        (self.negative.len() + self.positive.len()) * 32
    }
}

#[derive(Debug)]
pub(super) struct Sketch {
    pub(super) quantiles: Quantiles,
    pub(super) accuracy: f64,
}

impl Sketch {
    fn logarithm_of_factor(&self) -> f64 {
        ((1.0 + self.accuracy) / (1.0 - self.accuracy)).ln()
    }

    fn step(&self, value: f64) -> i64 {
        (value.ln() / self.logarithm_of_factor()).floor() as i64
    }

    fn value(&self, step: i64) -> f64 {
        (step as f64 * self.logarithm_of_factor()).exp() * (1.0 + self.accuracy)
    }

    fn at(&self, state: &Steps, level: f64) -> f64 {
        let total = state.count();
        if total == 0 {
            return f64::NAN;
        }
        let rank = level * (total - 1) as f64;
        let mut sum = 0.0;
        for (step, count) in state.negative.iter().rev() {
            sum += *count as f64;
            if sum > rank {
                return -self.value(*step);
            }
        }
        sum += state.zeros as f64;
        if sum > rank {
            return 0.0;
        }
        for (step, count) in &state.positive {
            sum += *count as f64;
            if sum > rank {
                return self.value(*step);
            }
        }
        state.positive.last_key_value().map_or(f64::NAN, |(step, _)| self.value(*step))
    }
}

impl Fold for Sketch {
    type State = Steps;

    fn update(&self, states: &mut [Steps], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let values = self.quantiles.floats(&columns[0])?;
        let values = values.as_primitive::<Float64Type>().values();
        let weights = columns.get(1).map(bits).transpose()?;
        for (row, group) in rows.iter() {
            let (state, value) = (&mut states[group], values[row]);
            let count = weights.as_ref().map_or(1, |weights| weights.value(row) as u64);
            if count == 0 || !value.is_finite() {
                continue;
            }
            let known = match value {
                value if value.abs() < f64::MIN_POSITIVE => &mut state.zeros,
                value if value < 0.0 => state.negative.entry(self.step(-value)).or_default(),
                value => state.positive.entry(self.step(value)).or_default(),
            };
            *known = known.saturating_add(count);
        }
        Ok(())
    }

    fn merge(&self, state: &mut Steps, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        state.zeros = state.zeros.saturating_add(reader.varint()?);
        for side in [&mut state.negative, &mut state.positive] {
            for _ in 0..reader.count(2)? {
                let step = unzigzag(reader.varint()?);
                let known = side.entry(step).or_default();
                *known = known.saturating_add(reader.varint()?);
            }
        }
        reader.end()
    }

    fn finish(&self, states: &[Steps]) -> EngineResult<ArrayRef> {
        let levels = &self.quantiles.levels;
        let values = states.iter().flat_map(|state| levels.iter().map(|level| self.at(state, *level))).collect();
        self.quantiles.of_floats(values, states.len())
    }
}
