//! `quantile` and its kin: which there are, what they are called, and the shape of their results.

mod digest;
mod exact;
mod sampled;
mod sketch;
mod timing;
mod weighted;

use super::Aggregate;
use super::fit::{Empty, Fitted, Signature};
use super::key::{from_keys, has_keys, keys, zero_key};
use super::states::{Kind, New, each};
use crate::function::convert::{OnError, bits, cast_array, from_ticks, ticks};
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::compute;
use arrow::datatypes::DataType as Arrow;
use datafusion::common::Result as EngineResult;
use datafusion::scalar::ScalarValue;
use exact::{Exact, Pick};
use std::sync::Arc;
use weighted::{Way, Weighted};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Method {
    Sampled,
    Deterministic,
    Exact(Pick),
    Weighted(Way),
    /// Cut to few bits, with a weight or without.
    Cut(bool),
    Timing(bool),
    Digest(bool),
    /// The first parameter is the accuracy.
    Sketch,
}

/// `name, plural, median's name, method, kind, summary, [example], [example of the plural]`
macro_rules! quantiles {
    ($($name:literal, $plural:literal, [$($median:literal),*], $arguments:literal, $method:expr, $kind:ident, $summary:literal, $one:expr, $several:expr;)*) => {
        &[$(
            Aggregate {
                name: $name,
                aliases: &[$($median),*],
                syntax: concat!($name, "(level)", $arguments),
                summary: $summary,
                examples: &[$one],
                kind: Kind::$kind,
                empty: Empty::Null,
                fit: |signature| fit(signature, $method, false),
                ..Aggregate::DEFAULT
            },
            Aggregate {
                name: $plural,
                syntax: concat!($plural, "(level, …)", $arguments),
                summary: concat!("Several levels of ", $name, " at once, as an array."),
                examples: &[$several],
                kind: Kind::$kind,
                empty: Empty::Value,
                fit: |signature| fit(signature, $method, true),
                ..Aggregate::DEFAULT
            },
        )*]
    };
}

#[rustfmt::skip]
pub(crate) const AGGREGATES: &[Aggregate] = quantiles! {
    "quantile", "quantiles", ["median"], "(x)", Method::Sampled, Reservoir, "The value that so much of the others is below, interpolated: the median if no level is given.", ("quantile(0.9)(x)", "3.7"), ("quantiles(0.25, 0.75)(x)", "[1.75,3.25]");
    "quantileDeterministic", "quantilesDeterministic", ["medianDeterministic"], "(x, determinator)", Method::Deterministic, Deterministic, "The quantile of values that are chosen by the hash of a second argument, so that it is the same each time.", ("quantileDeterministic(0.9)(x, x)", "3.7"), ("quantilesDeterministic(0.1, 0.5)(x, x)", "[1.3,2.5]");
    "quantileExact", "quantilesExact", ["medianExact"], "(x)", Method::Exact(Pick::Plain), AllNumbers, "The quantile of all values, which is always one of them.", ("quantileExact(0.5)(x)", "3"), ("quantilesExact(0.25, 0.75)(x)", "[2,4]");
    "quantileExactLow", "quantilesExactLow", ["medianExactLow"], "(x)", Method::Exact(Pick::Low), AllNumbers, "The quantile of all values; of two in the middle, the lower.", ("quantileExactLow(0.5)(x)", "2"), ("quantilesExactLow(0.5, 0.9)(x)", "[2,4]");
    "quantileExactHigh", "quantilesExactHigh", ["medianExactHigh"], "(x)", Method::Exact(Pick::High), AllNumbers, "The quantile of all values; of two in the middle, the higher.", ("quantileExactHigh(0.5)(x)", "3"), ("quantilesExactHigh(0.5, 0.9)(x)", "[3,4]");
    "quantileExactExclusive", "quantilesExactExclusive", ["medianExactExclusive"], "(x)", Method::Exact(Pick::Exclusive), AllNumbers, "The quantile of all values, interpolated as PERCENTILE.EXC of spreadsheets does.", ("quantileExactExclusive(0.4)(x)", "2"), ("quantilesExactExclusive(0.3, 0.9)(x)", "[1.5,4]");
    "quantileExactInclusive", "quantilesExactInclusive", ["medianExactInclusive"], "(x)", Method::Exact(Pick::Inclusive), AllNumbers, "The quantile of all values, interpolated as PERCENTILE.INC of spreadsheets does.", ("quantileExactInclusive(0.5)(x)", "2.5"), ("quantilesExactInclusive(0.25, 0.5)(x)", "[1.75,2.5]");
    "quantileExactWeighted", "quantilesExactWeighted", ["medianExactWeighted"], "(x, weight)", Method::Weighted(Way::Exact), Weighted, "The quantile of all values, each as often as it weighs.", ("quantileExactWeighted(0.5)(x, x)", "3"), ("quantilesExactWeighted(0.1, 0.9)(x, x)", "[1,4]");
    "quantileExactWeightedInterpolated", "quantilesExactWeightedInterpolated", ["medianExactWeightedInterpolated"], "(x, weight)", Method::Weighted(Way::Repeated), Weighted, "The quantile of all values, each as often as it weighs, interpolated.", ("quantileExactWeightedInterpolated(0.5)(x, x)", "3"), ("quantilesExactWeightedInterpolated(0.1, 0.9)(x, x)", "[1.9,4]");
    "quantileInterpolatedWeighted", "quantilesInterpolatedWeighted", ["medianInterpolatedWeighted"], "(x, weight)", Method::Weighted(Way::Interpolated), Weighted, "The quantile between the middles of the weights of values, as the values' type.", ("quantileInterpolatedWeighted(0.5)(x, x)", "3"), ("quantilesInterpolatedWeighted(0.1, 0.9)(x / 2, x)", "[0.6666666666666666,2]");
    "quantileTiming", "quantilesTiming", ["medianTiming"], "(x)", Method::Timing(false), Timing, "The quantile of times in milliseconds up to 30,000, as Float32.", ("quantileTiming(0.5)(x)", "3"), ("quantilesTiming(0.25, 0.75)(x)", "[2,4]");
    "quantileTimingWeighted", "quantilesTimingWeighted", ["medianTimingWeighted"], "(x, weight)", Method::Timing(true), Timing, "The quantile of times in milliseconds up to 30,000, each as often as it weighs.", ("quantileTimingWeighted(0.5)(x, x)", "3"), ("quantilesTimingWeighted(0.1, 0.9)(x, x)", "[2,4]");
    "quantileTDigest", "quantilesTDigest", ["medianTDigest"], "(x)", Method::Digest(false), Digest, "The quantile by a t-digest: most exact near 0 and 1.", ("quantileTDigest(0.5)(x)", "2"), ("quantilesTDigest(0.5, 0.9)(x)", "[2,4]");
    "quantileTDigestWeighted", "quantilesTDigestWeighted", ["medianTDigestWeighted"], "(x, weight)", Method::Digest(true), Digest, "The quantile by a t-digest of values that stand there as often as they weigh.", ("quantileTDigestWeighted(0.9)(x, x)", "4"), ("quantilesTDigestWeighted(0, 1)(x, x)", "[1,4]");
    "quantileBFloat16", "quantilesBFloat16", ["medianBFloat16"], "(x)", Method::Cut(false), Weighted, "The quantile of values cut to 16 bits.", ("quantileBFloat16(0.5)(x)", "2"), ("quantilesBFloat16(0.25, 0.75)(x)", "[1,3]");
    "quantileBFloat16Weighted", "quantilesBFloat16Weighted", ["medianBFloat16Weighted"], "(x, weight)", Method::Cut(true), Weighted, "The quantile of values cut to 16 bits, each as often as it weighs.", ("quantileBFloat16Weighted(0.5)(x, x)", "3"), ("quantilesBFloat16Weighted(0.1, 0.9)(x, x)", "[1,4]");
    "quantileDD", "quantilesDD", ["medianDD"], "(x)", Method::Sketch, Sketch, "The quantile with a bounded relative error, which is the first parameter.", ("quantileDD(0.01, 0.5)(x)", "1.9936617014173448"), ("quantilesDD(0.01, 0, 0.5)(x)", "[1.01,1.9936617014173448]");
};

fn is_weighted(method: Method) -> bool {
    matches!(
        method,
        Method::Deterministic | Method::Weighted(_) | Method::Cut(true) | Method::Timing(true) | Method::Digest(true)
    )
}

fn fit(signature: &Signature, method: Method, several: bool) -> Fitted {
    let with_second = is_weighted(method);
    signature.count(if with_second { 2..=2 } else { 1..=1 })?;
    if with_second && !matches!(method, Method::Deterministic) {
        signature.expect_unsigned(1)?;
    } else if with_second && !signature.bare(1).is_integer() && !signature.bare(1).is_date_or_time() {
        return Err(signature.wrong_type(1));
    }
    let bare = signature.bare(0).clone();
    let is_decimal = matches!(bare, DataType::Decimal { .. });
    let takes_decimals = match method {
        Method::Sampled | Method::Exact(Pick::Plain | Pick::Low | Pick::High) => true,
        Method::Weighted(way) => way != Way::Repeated,
        _ => false,
    };
    let by_key = matches!(method, Method::Exact(_) | Method::Weighted(_));
    let is_number = signature.expect_number(0).is_ok() && (!by_key || has_keys(&bare));
    let is_time = match method {
        Method::Timing(_) => matches!(bare, DataType::Date | DataType::DateTime(_)),
        _ => bare.is_date_or_time(),
    };
    if !(is_number || is_time) || is_decimal && !takes_decimals {
        return Err(signature.wrong_type(0));
    }
    let (parameters, accuracy) = match (method, signature.parameters.split_first()) {
        (Method::Sketch, Some((_, rest))) => (rest, signature.number(0)?.unwrap_or_default()),
        (Method::Sketch, None) => return Err(signature.mismatch("needs its accuracy as first parameter")),
        _ => (signature.parameters, 0.0),
    };
    if method == Method::Sketch && !(accuracy > 0.0 && accuracy < 1.0) {
        return Err(signature.bad("needs an accuracy between 0 and 1"));
    }
    let levels = levels(parameters).ok_or_else(|| signature.bad("needs levels from 0 to 1"))?;
    if !several && levels.len() != 1 || several && parameters.is_empty() {
        return signature
            .parameter_count(if several { 1..=usize::MAX } else { 0..=1 })
            .and(Err(signature.bad("needs levels")));
    }
    let item = match method {
        Method::Timing(_) => DataType::Float32,
        Method::Digest(_) | Method::Cut(_) | Method::Sketch if bare.is_date_or_time() => bare.clone(),
        Method::Digest(_) => DataType::Float32,
        Method::Exact(Pick::Plain | Pick::Low | Pick::High) => bare.clone(),
        Method::Weighted(Way::Exact | Way::Interpolated) => bare.clone(),
        Method::Sampled | Method::Deterministic if bare.is_date_or_time() || is_decimal => bare.clone(),
        _ => DataType::Float64,
    };
    let quantiles = Quantiles { levels, argument: bare, item: item.clone(), several };
    Ok((if several { item.array() } else { item }, new(method, quantiles, accuracy)))
}

fn new(method: Method, quantiles: Quantiles, accuracy: f64) -> New {
    match method {
        Method::Sampled => each(sampled::Sampled(quantiles)),
        Method::Deterministic => each(sampled::Deterministic(quantiles)),
        Method::Exact(pick) => each(Exact { quantiles, pick }),
        Method::Weighted(way) => each(Weighted { quantiles, way }),
        Method::Cut(_) => each(Weighted { quantiles, way: Way::Cut }),
        Method::Timing(_) => each(timing::Timing(quantiles)),
        Method::Digest(_) => each(digest::TDigest(quantiles)),
        Method::Sketch => each(sketch::Sketch { quantiles, accuracy }),
    }
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
    fn floats(&self, column: &ArrayRef) -> EngineResult<ArrayRef> {
        let column: ArrayRef = if self.argument.is_date_or_time() { Arc::new(ticks(column)?) } else { column.clone() };
        Ok(compute::cast(&column, &Arrow::Float64)?)
    }

    fn keys(&self, column: &ArrayRef) -> EngineResult<Vec<u64>> {
        keys(column, &self.argument)
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

    /// NaN, as a type that has none, is zero.
    fn of_floats(&self, values: Vec<f64>, groups: usize) -> EngineResult<ArrayRef> {
        let values: ArrayRef = Arc::new(Float64Array::from(values));
        let values = match &self.item {
            item if item.is_float() => compute::cast(&values, &item.to_arrow())?,
            item if item.is_date_or_time() => from_ticks(bits(&values)?, item)?,
            item => cast_array(&values, &DataType::Float64, item, OnError::Default)?,
        };
        self.shaped(values, groups)
    }

    fn of_keys(&self, found: Vec<Option<u64>>, groups: usize) -> EngineResult<ArrayRef> {
        let nothing = self.nan_key().unwrap_or_else(|| zero_key(&self.item));
        self.shaped(from_keys(found.into_iter().map(|key| key.unwrap_or(nothing)), &self.item)?, groups)
    }
}
