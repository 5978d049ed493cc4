//! `quantileTiming`: milliseconds from 0 to 30,000. Exact below 1,024, or as long as there are few values; else
//! in steps of 16, as in ClickHouse.
//!
//! The payload is whether values are counted in steps (1 byte), then pairs of a value, as its distance from the one
//! before (varint), and its count (varint).

use super::Quantiles;
use crate::function::aggregate::bytes::{Reader, put_varint};
use crate::function::aggregate::states::{Fold, Rows, State};
use crate::function::convert::bits;
use arrow::array::*;
use arrow::datatypes::Float64Type;
use datafusion::common::{Result as EngineResult, exec_err};
use std::collections::BTreeMap;

const LARGEST: u16 = 30_000;
/// Smaller values are counted each for itself.
const SMALL: u16 = 1024;
const STEP: u16 = 16;
/// More values than these are counted in steps.
const FEW: u64 = 5672;
/// With weights, no more than these are kept as they are.
const FEW_WEIGHTED: u64 = 31;

#[derive(Debug, Default)]
pub(super) struct Times {
    /// Values as they came, until there are too many.
    few: Vec<u16>,
    steps: BTreeMap<u16, u64>,
    in_steps: bool,
}

impl Times {
    fn add(&mut self, value: u16, count: u64, few: u64) {
        if !self.in_steps && (self.few.len() as u64).saturating_add(count) > few {
            self.in_steps = true;
            for value in std::mem::take(&mut self.few) {
                *self.steps.entry(step_of(value)).or_default() += 1;
            }
        }
        if self.in_steps {
            let known = self.steps.entry(step_of(value)).or_default();
            *known = known.saturating_add(count);
        } else {
            self.few.extend(std::iter::repeat_n(value, count as usize));
        }
    }

    fn value(&self, level: f64, sorted: &[u16]) -> f32 {
        if !self.in_steps {
            let Some(last) = sorted.len().checked_sub(1) else { return f32::NAN };
            let index = if level < 1.0 { (level * sorted.len() as f64) as usize } else { last };
            return f32::from(sorted[index.min(last)]);
        }
        let total: u64 = self.steps.values().fold(0, |sum, count| sum.saturating_add(*count));
        let wanted = (total as f64 * level).ceil() as u64;
        let mut sum = 0u64;
        let reached = self.steps.iter().find(|(_, count)| {
            sum = sum.saturating_add(**count);
            sum >= wanted
        });
        f32::from(reached.map_or(LARGEST, |(step, _)| value_of(*step)))
    }
}

/// Values from [`SMALL`] on share steps, whose numbers follow.
fn step_of(value: u16) -> u16 {
    match value {
        small if small < SMALL => small,
        value => SMALL + (value.min(LARGEST) - SMALL) / STEP,
    }
}

/// A value of the step, which one is told by a hash.
fn value_of(step: u16) -> u16 {
    if step < SMALL {
        return step;
    }
    let index = step - SMALL;
    if index >= (LARGEST - SMALL) / STEP {
        return LARGEST;
    }
    (index * STEP + SMALL + (hash32(u64::from(index)) % u32::from(STEP)) as u16) - STEP / 2
}

/// ClickHouse's `intHash32` without a salt.
fn hash32(mut key: u64) -> u32 {
    key = (!key).wrapping_add(key << 18);
    key ^= key.rotate_right(31);
    key = key.wrapping_mul(21);
    key ^= key.rotate_right(11);
    key = key.wrapping_add(key << 6);
    key ^= key.rotate_right(22);
    key as u32
}

impl State for Times {
    fn save(&self, out: &mut Vec<u8>) {
        let mut pairs: Vec<(u16, u64)> = Vec::new();
        if self.in_steps {
            pairs.extend(self.steps.iter().map(|(step, count)| (*step, *count)));
        } else {
            let mut sorted = self.few.clone();
            sorted.sort_unstable();
            pairs.extend(sorted.chunk_by(|left, right| left == right).map(|same| (same[0], same.len() as u64)));
        }
        if pairs.is_empty() {
            return;
        }
        out.push(u8::from(self.in_steps));
        let mut last = 0;
        for (value, count) in pairs {
            put_varint(out, u64::from(value - last));
            put_varint(out, count);
            last = value;
        }
    }

    fn bytes(&self) -> usize {
        self.few.capacity() * 2 + self.steps.len() * 24
    }
}

#[derive(Debug)]
pub(super) struct Timing(pub(super) Quantiles);

impl Fold for Timing {
    type State = Times;

    fn update(&self, states: &mut [Times], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let values = self.0.floats(&columns[0])?;
        let values = values.as_primitive::<Float64Type>().values();
        let weights = columns.get(1).map(bits).transpose()?;
        for (row, group) in rows.iter().filter(|(row, _)| values[*row] >= 0.0) {
            let value = values[row].min(f64::from(LARGEST)) as u16;
            match &weights {
                None => states[group].add(value, 1, FEW),
                Some(weights) => match weights.value(row) as u64 {
                    0 => {}
                    weight => states[group].add(value, weight, FEW_WEIGHTED),
                },
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut Times, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        let in_steps = match reader.u8()? {
            0 => false,
            1 => true,
            other => return exec_err!("a saved quantileTiming of the unknown sort {other}"),
        };
        if in_steps && !state.in_steps {
            state.in_steps = true;
            for value in std::mem::take(&mut state.few) {
                *state.steps.entry(step_of(value)).or_default() += 1;
            }
        }
        let mut last = 0u64;
        while !reader.is_empty() {
            last = last.saturating_add(reader.varint()?);
            let count = reader.varint()?;
            let Ok(value) = u16::try_from(last) else {
                return exec_err!("a saved quantileTiming has the value {last}");
            };
            if in_steps {
                let known = state.steps.entry(value.min(step_of(LARGEST))).or_default();
                *known = known.saturating_add(count);
            } else if count > 0 {
                state.add(value.min(LARGEST), count, FEW);
            }
        }
        Ok(())
    }

    fn finish(&self, states: &[Times]) -> EngineResult<ArrayRef> {
        let mut values = Vec::with_capacity(states.len() * self.0.levels.len());
        for state in states {
            let mut sorted = state.few.clone();
            sorted.sort_unstable();
            let is_empty = sorted.is_empty() && state.steps.is_empty();
            values.extend(
                self.0.levels.iter().map(
                    |level| {
                        if is_empty { f64::NAN } else { f64::from(state.value(*level, &sorted)) }
                    },
                ),
            );
        }
        self.0.of_floats(values, states.len())
    }
}
