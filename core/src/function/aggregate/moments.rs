//! `varPop`, `varSamp`, `stddevPop`, `stddevSamp`.

use super::states::{Each, Fold, Rows, State, States};
use super::udaf::{Empty, Shape};
use super::{Aggregate, Binding, Bound};
use crate::function::definition::Mismatch;
use crate::value::DataType;
use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::compute;
use arrow::datatypes::{DataType as Arrow, Float64Type};
use datafusion::common::{Result as EngineResult, internal_err};
use std::sync::Arc;

macro_rules! moments {
    ($($name:literal, $aliases:expr, $sample:literal, $root:literal, $summary:literal, $example:expr;)*) => {
        &[$(Aggregate {
            name: $name,
            aliases: $aliases,
            case_insensitive: true,
            syntax: concat!($name, "(x)"),
            summary: $summary,
            examples: &[$example],
            bind: |binding| bind(binding, |_| Box::new(Each::new(Moments { sample: $sample, root: $root }))),
        }),*]
    };
}

pub(crate) const AGGREGATES: &[Aggregate] = moments! {
    "varPop", &["VAR_POP", "varPopStable"], false, false, "The variance of all there is.", ("varPop(x)", "1.25");
    "varSamp", &["VAR_SAMP", "varSampStable"], true, false, "The variance, estimated from a sample.", ("varSamp(x)", "1.6666666666666667");
    "stddevPop", &["STDDEV_POP", "STD", "STDDEV", "stddevPopStable"], false, true, "The standard deviation of all there is.", ("stddevPop(x)", "1.118033988749895");
    "stddevSamp", &["STDDEV_SAMP", "stddevSampStable"], true, true, "The standard deviation, estimated from a sample.", ("stddevSamp(x)", "1.2909944487358056");
};

fn bind(binding: &Binding, new: fn(&Shape) -> Box<dyn States>) -> Result<Bound, Mismatch> {
    binding.count(1..=1)?;
    if !binding.arguments[0].data_type.is_numeric() {
        return Err(binding.wrong_type(0));
    }
    Ok(binding.ours(DataType::Float64, Empty::Null, new))
}

#[derive(Debug)]
struct Moments {
    sample: bool,
    root: bool,
}

/// Welford's running mean and sum of squared distances: large values lose no digits.
#[derive(Debug, Default)]
struct Spread {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Spread {
    fn absorb(&mut self, other: &Spread) {
        if other.count == 0.0 {
            return;
        }
        let count = self.count + other.count;
        let distance = other.mean - self.mean;
        self.squares += other.squares + distance * distance * self.count * other.count / count;
        self.mean += distance * other.count / count;
        self.count = count;
    }
}

impl State for Spread {
    fn save(&self, out: &mut Vec<u8>) {
        for number in [self.count, self.mean, self.squares] {
            out.extend_from_slice(&number.to_le_bytes());
        }
    }
}

impl Fold for Moments {
    type State = Spread;

    fn update(&self, states: &mut [Spread], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let values = compute::cast(&columns[0], &Arrow::Float64)?;
        let values = values.as_primitive::<Float64Type>().values();
        for (row, group) in rows.iter() {
            let state = &mut states[group];
            state.count += 1.0;
            let distance = values[row] - state.mean;
            state.mean += distance / state.count;
            state.squares += distance * (values[row] - state.mean);
        }
        Ok(())
    }

    fn merge(&self, state: &mut Spread, bytes: &[u8]) -> EngineResult<()> {
        if bytes.len() != 24 {
            return internal_err!("a saved variance of {} bytes", bytes.len());
        }
        let number = |at: usize| f64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        state.absorb(&Spread { count: number(0), mean: number(8), squares: number(16) });
        Ok(())
    }

    fn finish(&self, states: &[Spread]) -> EngineResult<ArrayRef> {
        let value = |state: &Spread| {
            let degrees = if self.sample { state.count - 1.0 } else { state.count };
            if degrees <= 0.0 {
                return f64::NAN;
            }
            let variance = state.squares / degrees;
            if self.root { variance.sqrt() } else { variance }
        };
        Ok(Arc::new(Float64Array::from_iter_values(states.iter().map(value))))
    }
}
