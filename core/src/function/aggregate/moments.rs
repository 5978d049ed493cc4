//! `varPopStable`, `varSampStable`, `stddevPopStable`, `stddevSampStable`. The payload is count, mean and sum of
//! squared distances (Float64 each).

use super::Aggregate;
use super::fit::{Fitted, Signature, whole};
use super::states::{Fold, Kind, New, Rows, State, each};
use crate::value::DataType;
use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::compute;
use arrow::datatypes::{DataType as Arrow, Float64Type};
use datafusion::common::Result as EngineResult;
use std::sync::Arc;

macro_rules! moments {
    ($($name:literal, $aliases:expr, $sample:literal, $root:literal, $summary:literal, $example:expr;)*) => {
        &[$(Aggregate {
            name: $name,
            aliases: $aliases,
            case_insensitive: false,
            syntax: concat!($name, "(x)"),
            summary: $summary,
            examples: &[$example],
            kind: Kind::Moments,
            fit: |signature| fit(signature, each(Moments { sample: $sample, root: $root })),
            ..Aggregate::DEFAULT
        }),*]
    };
}

pub(crate) const AGGREGATES: &[Aggregate] = moments! {
    "varPopStable", &[], false, false, "The variance of all there is; large values lose no digits.", ("varPopStable(x)", "1.25");
    "varSampStable", &[], true, false, "The variance, estimated from a sample.", ("varSampStable(x)", "1.6666666666666667");
    "stddevPopStable", &[], false, true, "The standard deviation of all there is.", ("stddevPopStable(x)", "1.118033988749895");
    "stddevSampStable", &[], true, true, "The standard deviation, estimated from a sample.", ("stddevSampStable(x)", "1.2909944487358056");
};

fn fit(signature: &Signature, new: New) -> Fitted {
    signature.count(1..=1)?;
    signature.expect_number(0)?;
    Ok((DataType::Float64, new))
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
        let other =
            whole(bytes, |reader| Ok(Spread { count: reader.f64()?, mean: reader.f64()?, squares: reader.f64()? }))?;
        state.absorb(&other);
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
