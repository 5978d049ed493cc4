//! `quantile` and its kin.
//!
//! `quantileTDigest` is a Float64 here; in ClickHouse it is a Float32.
//!
//! `quantile` keeps a reservoir of 8192 values, filled with ClickHouse's generator: exact up to that many, and
//! beyond it the same from run to run.

use super::states::{Each, Fold, Rows, State, States};
use super::udaf::{Empty, Shape};
use super::{Aggregate, Binding, Bound};
use crate::function::convert::{from_ticks, narrow, ticks};
use crate::function::definition::Mismatch;
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::compute;
use arrow::datatypes::DataType as Arrow;
use arrow::datatypes::*;
use datafusion::common::{Result as EngineResult, internal_err};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

macro_rules! quantiles {
    ($($name:literal, $aliases:expr, $syntax:literal, $summary:literal, [$($example:expr),*], $bind:expr;)*) => {
        &[$(Aggregate {
            name: $name,
            aliases: $aliases,
            case_insensitive: false,
            syntax: $syntax,
            summary: $summary,
            examples: &[$($example),*],
            bind: $bind,
        }),*]
    };
}

pub(crate) const AGGREGATES: &[Aggregate] = quantiles! {
    "quantile", &["median", "quantileTDigest", "medianTDigest", "quantileBFloat16"], "quantile(level)(x)", "The value that so much of the others is below, interpolated: the median if no level is given.", [("quantile(0.9)(x)", "3.7"), ("median(x)", "2.5"), ("quantileIf(0.5)(x, 0)", "nan")], |binding| bind(binding, Kind::Sampled, false);
    "quantiles", &["quantilesTDigest"], "quantiles(level, …)(x)", "Several quantiles at once, as an array.", [("quantiles(0.25, 0.75)(x)", "[1.75,3.25]")], |binding| bind(binding, Kind::Sampled, true);
    "quantileExact", &["medianExact"], "quantileExact(level)(x)", "The quantile of all values, which is always one of them.", [("quantileExact(0.5)(x)", "3"), ("quantileExactIf(0.5)(x, 0)", "0")], |binding| bind(binding, Kind::Exact, false);
    "quantilesExact", &[], "quantilesExact(level, …)(x)", "Several exact quantiles at once, as an array.", [("quantilesExact(0.25, 0.75)(x)", "[2,4]")], |binding| bind(binding, Kind::Exact, true);
    "quantileTiming", &["medianTiming"], "quantileTiming(level)(x)", "The quantile of times in milliseconds, as Float32; negative times count as zero.", [("quantileTiming(0.5)(x)", "3")], |binding| bind(binding, Kind::Timing, false);
    "quantilesTiming", &[], "quantilesTiming(level, …)(x)", "Several quantiles of times at once, as an array.", [("quantilesTiming(0.25, 0.75)(x)", "[2,4]")], |binding| bind(binding, Kind::Timing, true);
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sampled,
    Exact,
    Timing,
}

fn bind(binding: &Binding, kind: Kind, several: bool) -> Result<Bound, Mismatch> {
    binding.count(1..=1)?;
    let bare = binding.bare(0).clone();
    let number = bare.is_float() || bare.integer_bits().is_some_and(|bits| bits <= 64) && bare != DataType::Bool;
    let decimal = matches!(bare, DataType::Decimal { .. }) && kind != Kind::Exact;
    if !(number || decimal || bare.is_date_or_time() && kind != Kind::Timing) {
        return Err(binding.wrong_type(0));
    }
    let levels = levels(binding.parameters).ok_or_else(|| binding.mismatch("needs levels from 0 to 1"))?;
    if !several && levels.len() != 1 || several && binding.parameters.is_empty() {
        return Err(binding.mismatch(format_args!("does not take {} levels", binding.parameters.len())));
    }
    let item = match kind {
        Kind::Sampled if bare.is_date_or_time() => bare,
        Kind::Sampled => DataType::Float64,
        Kind::Exact => bare,
        Kind::Timing => DataType::Float32,
    };
    let new: fn(&Shape) -> Box<dyn States> = match kind {
        Kind::Sampled => |shape| Box::new(Each::new(Sampled(Quantiles::new(shape)))),
        Kind::Exact => |shape| Box::new(Each::new(Exact(Quantiles::new(shape)))),
        Kind::Timing => |shape| Box::new(Each::new(Timing(Quantiles::new(shape)))),
    };
    if several {
        return Ok(binding.ours(item.array(), Empty::Value, new));
    }
    Ok(binding.ours(item, Empty::Null, new))
}

fn levels(parameters: &[ScalarValue]) -> Option<Vec<f64>> {
    if parameters.is_empty() {
        return Some(vec![0.5]);
    }
    let level = |parameter: &ScalarValue| match parameter.cast_to(&Arrow::Float64).ok()? {
        ScalarValue::Float64(Some(level)) if (0.0..=1.0).contains(&level) => Some(level),
        _ => None,
    };
    parameters.iter().map(level).collect()
}

/// What is asked for, and the shape of the answer.
#[derive(Debug)]
struct Quantiles {
    levels: Vec<f64>,
    argument: DataType,
    item: DataType,
    several: bool,
}

impl Quantiles {
    fn new(shape: &Shape) -> Quantiles {
        let levels = levels(&shape.parameters).expect("the binding has checked the levels");
        let (item, several) = match shape.result.bare() {
            DataType::Array(item) => (item.as_ref().clone(), true),
            other => (other.clone(), false),
        };
        Quantiles { levels, argument: shape.arguments[0].bare().clone(), item, several }
    }

    /// Values for each level of each group, in that order, as the result.
    fn shaped(&self, values: ArrayRef, groups: usize) -> EngineResult<ArrayRef> {
        if !self.several {
            return Ok(values);
        }
        let each = self.levels.len() as i32;
        let offsets: Vec<i32> = (0..=groups as i32).map(|group| group * each).collect();
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        Ok(Arc::new(ListArray::try_new(Arc::new(self.item.to_field("item")), offsets, values, None)?))
    }

    fn floats(&self, column: &ArrayRef) -> EngineResult<ArrayRef> {
        let column: ArrayRef = if self.argument.is_date_or_time() { Arc::new(ticks(column)?) } else { column.clone() };
        Ok(compute::cast(&column, &Arrow::Float64)?)
    }
}

const SAMPLES_MAX: usize = 8192;

/// Vitter's algorithm R with the generator `pcg32_fast`.
#[derive(Debug)]
struct Reservoir {
    samples: Vec<f64>,
    seen: u64,
    random: u64,
}

impl Default for Reservoir {
    fn default() -> Reservoir {
        Reservoir { samples: Vec::new(), seen: 0, random: 0xcafe_f00d_d15e_a5e5 | 3 }
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
        self.random = state.wrapping_mul(12_605_985_483_714_917_081);
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
        let total = self.seen + seen;
        for (place, sample) in samples.iter().enumerate() {
            if self.below(total) < seen {
                self.samples[place] = *sample;
            }
        }
        self.seen = total;
    }
}

impl State for Reservoir {
    /// `seen, sample*`
    fn save(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.seen.to_le_bytes());
        for sample in &self.samples {
            out.extend_from_slice(&sample.to_le_bytes());
        }
    }

    fn bytes(&self) -> usize {
        self.samples.capacity() * 8
    }
}

fn interpolated(sorted: &[f64], level: f64) -> f64 {
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
struct Sampled(Quantiles);

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
        let Some((seen, rest)) = bytes.split_first_chunk::<8>() else {
            return internal_err!("a saved quantile of {} bytes", bytes.len());
        };
        let samples: Vec<f64> =
            rest.chunks_exact(8).map(|bytes| f64::from_le_bytes(bytes.try_into().expect("eight bytes"))).collect();
        state.absorb(u64::from_le_bytes(*seen), &samples);
        Ok(())
    }

    fn finish(&self, states: &[Reservoir]) -> EngineResult<ArrayRef> {
        let mut values = Vec::with_capacity(states.len() * self.0.levels.len());
        for state in states {
            let mut sorted = state.samples.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            values.extend(self.0.levels.iter().map(|level| interpolated(&sorted, *level)));
        }
        let values: ArrayRef = Arc::new(Float64Array::from(values));
        let values = if self.0.item.is_date_or_time() {
            from_ticks(crate::function::convert::bits(&values)?, &self.0.item)?
        } else {
            values
        };
        self.0.shaped(values, states.len())
    }
}

/// All values, as numbers that sort as they do.
#[derive(Debug, Default)]
struct All(Vec<u64>);

impl State for All {
    fn save(&self, out: &mut Vec<u8>) {
        for key in &self.0 {
            out.extend_from_slice(&key.to_le_bytes());
        }
    }

    fn bytes(&self) -> usize {
        self.0.capacity() * 8
    }
}

fn absorb_all(state: &mut All, bytes: &[u8]) {
    state.0.extend(bytes.chunks_exact(8).map(|key| u64::from_le_bytes(key.try_into().expect("eight bytes"))));
}

/// The keys at each level of each group; none for a group without values.
fn exact_keys(levels: &[f64], states: &[All]) -> Vec<Option<u64>> {
    let mut found = Vec::with_capacity(states.len() * levels.len());
    for state in states {
        let mut keys = state.0.clone();
        keys.sort_unstable();
        for level in levels {
            let index = (level * keys.len() as f64) as usize;
            found.push(keys.get(index.min(keys.len().saturating_sub(1))).copied());
        }
    }
    found
}

const SIGN: u64 = 1 << 63;

fn float_key(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

fn float_of(key: u64) -> f64 {
    f64::from_bits(if key & SIGN == 0 { !key } else { key & !SIGN })
}

#[derive(Debug)]
struct Exact(Quantiles);

impl Fold for Exact {
    type State = All;

    fn update(&self, states: &mut [All], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let argument = &self.0.argument;
        if argument.is_float() {
            let values = self.0.floats(&columns[0])?;
            let values = values.as_primitive::<Float64Type>().values();
            for (row, group) in rows.iter().filter(|(row, _)| !values[*row].is_nan()) {
                states[group].0.push(float_key(values[row]));
            }
            return Ok(());
        }
        let values =
            if argument.is_date_or_time() { ticks(&columns[0])? } else { crate::function::convert::bits(&columns[0])? };
        let flip = if argument.is_unsigned_integer() { 0 } else { SIGN };
        for (row, group) in rows.iter() {
            states[group].0.push(values.value(row) as u64 ^ flip);
        }
        Ok(())
    }

    fn merge(&self, state: &mut All, bytes: &[u8]) -> EngineResult<()> {
        absorb_all(state, bytes);
        Ok(())
    }

    fn finish(&self, states: &[All]) -> EngineResult<ArrayRef> {
        let keys = exact_keys(&self.0.levels, states);
        let argument = &self.0.argument;
        let values: ArrayRef = if argument.is_float() {
            let floats = keys.into_iter().map(|key| key.map_or(f64::NAN, float_of));
            compute::cast(&(Arc::new(Float64Array::from_iter_values(floats)) as ArrayRef), &argument.to_arrow())?
        } else {
            let flip = if argument.is_unsigned_integer() { 0 } else { SIGN };
            let numbers = keys.into_iter().map(|key| key.map_or(0, |key| (key ^ flip) as i64));
            let numbers = Int64Array::from_iter_values(numbers);
            if argument.is_date_or_time() {
                from_ticks(numbers, argument)?
            } else {
                narrow(&numbers, &argument.to_arrow())?
            }
        };
        self.0.shaped(values, states.len())
    }
}

#[derive(Debug)]
struct Timing(Quantiles);

impl Fold for Timing {
    type State = All;

    fn update(&self, states: &mut [All], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let values = self.0.floats(&columns[0])?;
        let values = values.as_primitive::<Float64Type>().values();
        for (row, group) in rows.iter() {
            states[group].0.push(values[row].max(0.0) as u64);
        }
        Ok(())
    }

    fn merge(&self, state: &mut All, bytes: &[u8]) -> EngineResult<()> {
        absorb_all(state, bytes);
        Ok(())
    }

    fn finish(&self, states: &[All]) -> EngineResult<ArrayRef> {
        let values = exact_keys(&self.0.levels, states).into_iter().map(|key| key.map_or(f32::NAN, |key| key as f32));
        self.0.shaped(Arc::new(Float32Array::from_iter_values(values)), states.len())
    }
}
