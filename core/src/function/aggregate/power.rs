//! Statistics of sums of powers: `skewPop`, `kurtPop`, `covarPop`, `corr`, `simpleLinearRegression`.
//!
//! Payloads of `Powers` and `Regression` are the sums, as Float64 each, in the order of [`Sums`].

use super::Aggregate;
use super::fit::{Fitted, Signature, whole};
use super::states::{Fold, Kind, Rows, State, each};
use crate::value::DataType;
use arrow::array::*;
use arrow::compute;
use arrow::datatypes::{DataType as Arrow, Float64Type};
use datafusion::common::{Result as EngineResult, exec_err};
use std::sync::Arc;

macro_rules! statistics {
    ($($name:literal, $aliases:expr, $arguments:literal, $kind:ident, $value:expr, $summary:literal, $example:expr;)*) => {
        &[$(Aggregate {
            name: $name,
            aliases: $aliases,
            syntax: concat!($name, $arguments),
            summary: $summary,
            examples: &[$example],
            kind: Kind::$kind,
            fit: |signature| fit(signature, if $arguments == "(x)" { 1 } else { 2 }, $value),
            ..Aggregate::DEFAULT
        }),*]
    };
}

#[rustfmt::skip]
pub(crate) const AGGREGATES: &[Aggregate] = statistics! {
    "varPop", &["VAR_POP"], "(x)", Powers, Sums::var_pop, "The variance of all there is.", ("varPop(x)", "1.25");
    "varSamp", &["VAR_SAMP"], "(x)", Powers, Sums::var_samp, "The variance, estimated from a sample.", ("varSamp(x)", "1.6666666666666667");
    "stddevPop", &["STDDEV_POP", "STD", "STDDEV"], "(x)", Powers, |sums| sums.var_pop().sqrt(), "The standard deviation of all there is.", ("stddevPop(x)", "1.118033988749895");
    "stddevSamp", &["STDDEV_SAMP"], "(x)", Powers, |sums| sums.var_samp().sqrt(), "The standard deviation, estimated from a sample.", ("stddevSamp(x)", "1.2909944487358056");
    "skewPop", &[], "(x)", Powers, Sums::skew_pop, "The skewness of all there is.", ("skewPop(x * x)", "0.4095120494537785");
    "skewSamp", &[], "(x)", Powers, Sums::skew_samp, "The skewness, estimated from a sample.", ("skewSamp(x * x)", "0.26598587848710115");
    "kurtPop", &[], "(x)", Powers, Sums::kurt_pop, "The kurtosis of all there is.", ("kurtPop(x)", "1.64");
    "kurtSamp", &[], "(x)", Powers, Sums::kurt_samp, "The kurtosis, estimated from a sample.", ("kurtSamp(x)", "0.9224999999999999");
    "covarPop", &["COVAR_POP", "covarPopStable"], "(x, y)", Regression, Sums::covar_pop, "The covariance of all there is.", ("covarPop(x, x * x)", "6.25");
    "covarSamp", &["COVAR_SAMP", "covarSampStable"], "(x, y)", Regression, Sums::covar_samp, "The covariance, estimated from a sample.", ("covarSamp(x, x * x)", "8.333333333333334");
    "corr", &["corrStable"], "(x, y)", Regression, Sums::corr, "Pearson's coefficient of correlation.", ("corr(x, x * x)", "0.9843740386976972");
    "simpleLinearRegression", &[], "(x, y)", Regression, Sums::slope, "The line y = k x + b that fits best, as (k, b).", ("simpleLinearRegression(x, x * 2 + 1)", "(2,1)");
};

/// count, x, x², x³, x⁴, or: count, x, x², y, y², xy.
#[derive(Debug, Default)]
struct Sums([f64; 6]);

impl State for Sums {
    fn save(&self, out: &mut Vec<u8>) {
        if self.0[0] > 0.0 {
            self.0.iter().for_each(|sum| out.extend_from_slice(&sum.to_le_bytes()));
        }
    }
}

impl Sums {
    fn spread(&self, degrees: f64) -> f64 {
        let [count, x, xx, ..] = self.0;
        ((xx - x * x / count) / degrees).max(0.0)
    }

    fn var_pop(&self) -> f64 {
        if self.0[0] == 0.0 { f64::NAN } else { self.spread(self.0[0]) }
    }

    fn var_samp(&self) -> f64 {
        if self.0[0] < 2.0 { f64::NAN } else { self.spread(self.0[0] - 1.0) }
    }

    fn third(&self) -> f64 {
        let [count, x, xx, xxx, ..] = self.0;
        (xxx - (3.0 * xx - 2.0 * x * x / count) * x / count) / count
    }

    fn fourth(&self) -> f64 {
        let [count, x, xx, xxx, xxxx, _] = self.0;
        (xxxx - (4.0 * xxx - (6.0 * xx - 3.0 * x * x / count) * x / count) * x / count) / count
    }

    fn skew_pop(&self) -> f64 {
        over(self.third(), self.spread(self.0[0]), 1.5)
    }

    fn skew_samp(&self) -> f64 {
        over(self.third(), self.spread(self.0[0] - 1.0), 1.5)
    }

    fn kurt_pop(&self) -> f64 {
        over(self.fourth(), self.spread(self.0[0]), 2.0)
    }

    fn kurt_samp(&self) -> f64 {
        over(self.fourth(), self.spread(self.0[0] - 1.0), 2.0)
    }

    fn covar_pop(&self) -> f64 {
        let [count, x, _, y, _, xy] = self.0;
        (xy - x * y / count) / count
    }

    fn covar_samp(&self) -> f64 {
        let [count, x, _, y, _, xy] = self.0;
        if count < 2.0 { f64::NAN } else { (xy - x * y / count) / (count - 1.0) }
    }

    fn corr(&self) -> f64 {
        let [count, x, xx, y, yy, xy] = self.0;
        (count * xy - x * y) / ((count * xx - x * x) * (count * yy - y * y)).sqrt()
    }

    fn slope(&self) -> f64 {
        let [count, x, xx, y, _, xy] = self.0;
        (xy * count - x * y) / (xx * count - x * x)
    }

    fn intercept(&self) -> f64 {
        let [count, x, _, y, ..] = self.0;
        (y - self.slope() * x) / count
    }
}

fn over(moment: f64, spread: f64, power: f64) -> f64 {
    if spread > 0.0 { moment / spread.powf(power) } else { f64::NAN }
}

fn fit(signature: &Signature, arguments: usize, value: fn(&Sums) -> f64) -> Fitted {
    signature.count(arguments..=arguments)?;
    (0..arguments).try_for_each(|index| signature.expect_number(index))?;
    let is_line = signature.aggregate.name == "simpleLinearRegression";
    let named = |name: &str| (Some(name.to_owned()), DataType::Float64);
    let result = if is_line { DataType::Tuple(vec![named("k"), named("b")]) } else { DataType::Float64 };
    Ok((result.clone(), each(Statistic { value, result, is_line })))
}

#[derive(Debug)]
struct Statistic {
    value: fn(&Sums) -> f64,
    result: DataType,
    is_line: bool,
}

fn floats(column: &ArrayRef) -> EngineResult<Float64Array> {
    Ok(compute::cast(column, &Arrow::Float64)?.as_primitive::<Float64Type>().clone())
}

impl Fold for Statistic {
    type State = Sums;

    fn update(&self, states: &mut [Sums], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let xs = floats(&columns[0])?;
        let ys = columns.get(1).map(floats).transpose()?;
        for (row, group) in rows.iter() {
            let x = xs.value(row);
            let added = match &ys {
                None => [1.0, x, x * x, x * x * x, x * x * x * x, 0.0],
                Some(ys) => {
                    let y = ys.value(row);
                    [1.0, x, x * x, y, y * y, x * y]
                }
            };
            states[group].0.iter_mut().zip(added).for_each(|(sum, value)| *sum += value);
        }
        Ok(())
    }

    fn merge(&self, state: &mut Sums, bytes: &[u8]) -> EngineResult<()> {
        whole(bytes, |reader| {
            for sum in &mut state.0 {
                *sum += reader.f64()?;
            }
            Ok(())
        })
    }

    fn finish(&self, states: &[Sums]) -> EngineResult<ArrayRef> {
        let values: ArrayRef = Arc::new(Float64Array::from_iter_values(states.iter().map(self.value)));
        if !self.is_line {
            return Ok(values);
        }
        let Arrow::Struct(fields) = self.result.to_arrow() else { return exec_err!("{} is no tuple", self.result) };
        let intercepts: ArrayRef = Arc::new(Float64Array::from_iter_values(states.iter().map(Sums::intercept)));
        Ok(Arc::new(StructArray::try_new(fields, vec![values, intercepts], None)?))
    }
}
