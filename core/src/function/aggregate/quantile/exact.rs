//! `quantileExact` and its kin: all values, as numbers that sort as they do.
//!
//! The payload is the keys (`key`) in rising order, each as its distance from the one before (varint).

use super::Quantiles;
use crate::function::aggregate::bytes::{Reader, put_varint};
use crate::function::aggregate::key::{float_key, float_of};
use crate::function::aggregate::states::{Fold, Rows, State};
use crate::value::DataType;
use arrow::array::ArrayRef;
use datafusion::common::Result as EngineResult;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pick {
    /// The value that a share of all others is below.
    Plain,
    /// The lower of the two in the middle.
    Low,
    /// The higher of the two in the middle.
    High,
    /// Interpolated, as if values lay within a larger whole.
    Exclusive,
    /// Interpolated, as if the values were the whole.
    Inclusive,
}

#[derive(Debug, Default)]
pub(super) struct All(Vec<u64>);

impl State for All {
    fn save(&self, out: &mut Vec<u8>) {
        let mut keys = self.0.clone();
        keys.sort_unstable();
        put_rising(out, keys.into_iter());
    }

    fn bytes(&self) -> usize {
        self.0.capacity() * 8
    }
}

pub(super) fn put_rising(out: &mut Vec<u8>, keys: impl Iterator<Item = u64>) {
    let mut last = 0;
    for key in keys {
        put_varint(out, key - last);
        last = key;
    }
}

#[derive(Debug)]
pub(super) struct Exact {
    pub(super) quantiles: Quantiles,
    pub(super) pick: Pick,
}

impl Fold for Exact {
    type State = All;

    fn update(&self, states: &mut [All], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let keys = self.quantiles.keys(&columns[0])?;
        let nan = self.quantiles.nan_key();
        for (row, group) in rows.iter().filter(|(row, _)| Some(keys[*row]) != nan) {
            states[group].0.push(keys[row]);
        }
        Ok(())
    }

    fn merge(&self, state: &mut All, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        let mut last = 0u64;
        while !reader.is_empty() {
            last = last.wrapping_add(reader.varint()?);
            state.0.push(last);
        }
        Ok(())
    }

    fn finish(&self, states: &[All]) -> EngineResult<ArrayRef> {
        let levels = &self.quantiles.levels;
        if matches!(self.pick, Pick::Exclusive | Pick::Inclusive) {
            let mut values = Vec::with_capacity(states.len() * levels.len());
            for state in states {
                let mut sorted = state.0.clone();
                sorted.sort_unstable();
                values.extend(levels.iter().map(|level| self.between(&sorted, *level)));
            }
            return self.quantiles.of_floats(values, states.len());
        }
        let mut found = Vec::with_capacity(states.len() * levels.len());
        for state in states {
            let mut sorted = state.0.clone();
            sorted.sort_unstable();
            found.extend(levels.iter().map(|level| sorted.get(self.index(sorted.len(), *level)).copied()));
        }
        self.quantiles.of_keys(found, states.len())
    }
}

impl Exact {
    fn index(&self, count: usize, level: f64) -> usize {
        let last = count.saturating_sub(1);
        let index = match self.pick {
            Pick::Low if level == 0.5 => last / 2,
            Pick::High if level == 0.5 => count / 2,
            _ if level < 1.0 => (level * count as f64) as usize,
            _ => last,
        };
        index.min(last)
    }

    fn between(&self, sorted: &[u64], level: f64) -> f64 {
        let value = |index: usize| self.quantiles.float_of_key(sorted[index]);
        let (Some(_), count) = (sorted.first(), sorted.len()) else { return f64::NAN };
        let place = match self.pick {
            Pick::Exclusive => level * (count + 1) as f64,
            _ => level * (count - 1) as f64 + 1.0,
        };
        let index = place as usize;
        match index {
            0 => value(0),
            index if index >= count => value(count - 1),
            index => value(index - 1) + (place - index as f64) * (value(index) - value(index - 1)),
        }
    }
}

impl Quantiles {
    /// The value of a key as a Float64.
    pub(super) fn float_of_key(&self, key: u64) -> f64 {
        if self.argument.is_float() {
            return float_of(key);
        }
        let number = (key ^ (1 << 63)) as i64 as f64;
        match self.argument {
            DataType::Decimal { scale, .. } => number / 10f64.powi(i32::from(scale)),
            _ if self.argument.is_unsigned_integer() => key as f64,
            _ => number,
        }
    }

    /// Floats that are NaN count for nothing.
    pub(super) fn nan_key(&self) -> Option<u64> {
        self.argument.is_float().then(|| float_key(f64::NAN))
    }
}
