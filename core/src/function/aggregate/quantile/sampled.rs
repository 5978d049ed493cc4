//! `quantile`: a reservoir of 8192 values, filled with ClickHouse's generator. Exact up to that many, and beyond
//! it the same from run to run. `quantileDeterministic` chooses by the hash of its second argument instead.
//!
//! Payloads: of `Reservoir` how many values were seen (varint) and the samples (Float64 each); of `Deterministic`
//! how many zero bits hashes begin with (1 byte), the total (varint), and value (Float64) and hash (4 bytes) of each sample.

use super::Quantiles;
use crate::function::aggregate::bytes::{Reader, put_varint};
use crate::function::aggregate::states::{Fold, Rows, State};
use crate::function::convert::bits;
use crate::function::hash::mixed;
use arrow::array::*;
use arrow::datatypes::Float64Type;
use datafusion::common::{Result as EngineResult, exec_err};

const SAMPLES_MAX: usize = 8192;

/// Vitter's algorithm R with the generator `pcg32_fast`.
#[derive(Debug)]
pub(super) struct Reservoir {
    samples: Vec<f64>,
    seen: u64,
    random: u64,
}

impl Default for Reservoir {
    fn default() -> Reservoir {
        Reservoir { samples: Vec::new(), seen: 0, random: 123_456 | 3 }
    }
}

impl Reservoir {
    #[inline]
    fn insert(&mut self, value: f64) {
        if value.is_nan() {
            return;
        }
        self.seen += 1;
        if self.samples.len() < SAMPLES_MAX {
            self.samples.push(value);
            return;
        }
        let place = self.below(self.seen);
        if let Some(sample) = self.samples.get_mut(place as usize) {
            *sample = value;
        }
    }

    fn below(&mut self, limit: u64) -> u64 {
        if limit <= u64::from(u32::MAX) {
            return u64::from(self.next()) % limit;
        }
        (u64::from(self.next()) << 32).wrapping_add(u64::from(self.next())) % limit
    }

    fn next(&mut self) -> u32 {
        let state = self.random;
        self.random = state.wrapping_mul(6_364_136_223_846_793_005);
        ((state ^ (state >> 22)) >> (22 + (state >> 61))) as u32
    }

    /// Takes samples from both sides in proportion to what each has seen.
    fn absorb(&mut self, seen: u64, samples: &[f64]) {
        if seen == samples.len() as u64 {
            samples.iter().for_each(|sample| self.insert(*sample));
            return;
        }
        if self.seen == self.samples.len() as u64 {
            let own = std::mem::take(&mut self.samples);
            self.samples.extend_from_slice(samples);
            self.seen = seen;
            own.into_iter().for_each(|sample| self.insert(sample));
            return;
        }
        let total = self.seen.saturating_add(seen).max(1);
        for (place, sample) in samples.iter().enumerate() {
            if self.below(total) < seen {
                self.samples[place] = *sample;
            }
        }
        self.seen = total;
    }
}

impl State for Reservoir {
    fn save(&self, out: &mut Vec<u8>) {
        if self.seen > 0 {
            put_varint(out, self.seen);
            self.samples.iter().for_each(|sample| out.extend_from_slice(&sample.to_le_bytes()));
        }
    }

    fn bytes(&self) -> usize {
        self.samples.capacity() * 8
    }
}

/// Between the two values next to where the level falls.
pub(super) fn interpolated(sorted: &[f64], level: f64) -> f64 {
    if sorted.is_empty() {
        return f64::NAN;
    }
    let index = (level * (sorted.len() - 1) as f64).clamp(0.0, (sorted.len() - 1) as f64);
    let left = index as usize;
    let right = left + 1;
    if right == sorted.len() {
        return sorted[left];
    }
    sorted[left] * (right as f64 - index) + sorted[right] * (index - left as f64)
}

#[derive(Debug)]
pub(super) struct Sampled(pub(super) Quantiles);

impl Fold for Sampled {
    type State = Reservoir;

    fn update(&self, states: &mut [Reservoir], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let values = self.0.floats(&columns[0])?;
        let values = values.as_primitive::<Float64Type>().values();
        for (row, group) in rows.iter() {
            states[group].insert(values[row]);
        }
        Ok(())
    }

    fn merge(&self, state: &mut Reservoir, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        let seen = reader.varint()?;
        let count = reader.rest().len() / 8;
        if count > SAMPLES_MAX || (count as u64) > seen || seen > 1 << 60 || count < SAMPLES_MAX && count as u64 != seen
        {
            return exec_err!("a saved quantile has {count} samples of {seen} values");
        }
        let samples = (0..count).map(|_| reader.f64()).collect::<EngineResult<Vec<f64>>>()?;
        reader.end()?;
        state.absorb(seen, &samples);
        Ok(())
    }

    fn finish(&self, states: &[Reservoir]) -> EngineResult<ArrayRef> {
        let mut values = Vec::with_capacity(states.len() * self.0.levels.len());
        for state in states {
            let mut sorted = state.samples.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            values.extend(self.0.levels.iter().map(|level| interpolated(&sorted, *level)));
        }
        self.0.of_floats(values, states.len())
    }
}

/// Samples whose hashes begin with so many zero bits.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    samples: Vec<(f64, u32)>,
    zero_bits: u32,
    total: u64,
}

impl Chosen {
    fn is_chosen(&self, hash: u32) -> bool {
        hash.trailing_zeros() >= self.zero_bits
    }

    fn insert(&mut self, value: f64, hash: u32) {
        if self.is_chosen(hash) {
            self.samples.push((value, hash));
            self.thin_out();
        }
    }

    fn thin_out(&mut self) {
        while self.samples.len() > SAMPLES_MAX && self.zero_bits < 32 {
            self.zero_bits += 1;
            let bits = self.zero_bits;
            self.samples.retain(|(_, hash)| hash.trailing_zeros() >= bits);
        }
    }
}

impl State for Chosen {
    fn save(&self, out: &mut Vec<u8>) {
        if self.total == 0 {
            return;
        }
        out.push(self.zero_bits as u8);
        put_varint(out, self.total);
        let mut samples = self.samples.clone();
        samples.sort_unstable_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
        for (value, hash) in samples {
            out.extend_from_slice(&value.to_le_bytes());
            out.extend_from_slice(&hash.to_le_bytes());
        }
    }

    fn bytes(&self) -> usize {
        self.samples.capacity() * 16
    }
}

#[derive(Debug)]
pub(super) struct Deterministic(pub(super) Quantiles);

impl Fold for Deterministic {
    type State = Chosen;

    fn update(&self, states: &mut [Chosen], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let values = self.0.floats(&columns[0])?;
        let values = values.as_primitive::<Float64Type>().values();
        let determinators = bits(&columns[1])?;
        for (row, group) in rows.iter() {
            if !values[row].is_nan() {
                states[group].insert(values[row], mixed(determinators.value(row) as u64) as u32);
                states[group].total += 1;
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut Chosen, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        let zero_bits = u32::from(reader.u8()?);
        let total = reader.varint()?;
        if zero_bits > 32 {
            return exec_err!("a saved quantile wants hashes with {zero_bits} zero bits");
        }
        if zero_bits > state.zero_bits {
            state.zero_bits = zero_bits;
            state.samples.retain(|(_, hash)| hash.trailing_zeros() >= zero_bits);
        }
        while !reader.is_empty() {
            let (value, hash) = (reader.f64()?, reader.u32()?);
            state.insert(value, hash);
        }
        state.total = state.total.wrapping_add(total);
        Ok(())
    }

    fn finish(&self, states: &[Chosen]) -> EngineResult<ArrayRef> {
        let mut values = Vec::with_capacity(states.len() * self.0.levels.len());
        for state in states {
            let mut sorted: Vec<f64> = state.samples.iter().map(|(value, _)| *value).collect();
            sorted.sort_unstable_by(f64::total_cmp);
            values.extend(self.0.levels.iter().map(|level| interpolated(&sorted, *level)));
        }
        self.0.of_floats(values, states.len())
    }
}
