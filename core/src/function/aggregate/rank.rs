//! `rankCorr`: whether two columns put rows into the same order.
//!
//! The payload is x and y of each row (Float64 each), in rising order.

use super::Aggregate;
use super::bytes::Reader;
use super::states::{Fold, Kind, Rows, State, each};
use crate::value::DataType;
use arrow::array::*;
use arrow::compute;
use arrow::datatypes::{DataType as Arrow, Float64Type};
use datafusion::common::Result as EngineResult;
use std::sync::Arc;

pub(crate) const AGGREGATES: &[Aggregate] = &[Aggregate {
    name: "rankCorr",
    syntax: "rankCorr(x, y)",
    summary: "Spearman's coefficient of correlation of ranks.",
    examples: &[("rankCorr(x, x * x)", "1"), ("rankCorr(x, x % 3)", "-0.25")],
    kind: Kind::Ranks,
    fit: |signature| {
        signature.count(2..=2)?;
        signature.expect_number(0)?;
        signature.expect_number(1)?;
        Ok((DataType::Float64, each(RankCorr)))
    },
    ..Aggregate::DEFAULT
}];

#[derive(Debug)]
struct RankCorr;

#[derive(Debug, Default)]
struct Pairs(Vec<(f64, f64)>);

impl State for Pairs {
    fn save(&self, out: &mut Vec<u8>) {
        let mut pairs = self.0.clone();
        pairs.sort_unstable_by(|left, right| left.0.total_cmp(&right.0).then(left.1.total_cmp(&right.1)));
        for (x, y) in pairs {
            out.extend_from_slice(&x.to_le_bytes());
            out.extend_from_slice(&y.to_le_bytes());
        }
    }

    fn bytes(&self) -> usize {
        self.0.capacity() * 16
    }
}

/// The rank of each value; equal ones share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|left, right| values[*left].total_cmp(&values[*right]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for same in order.chunk_by(|left, right| values[*left] == values[*right]) {
        let rank = start as f64 + (same.len() as f64 + 1.0) / 2.0;
        same.iter().for_each(|index| ranks[*index] = rank);
        start += same.len();
    }
    ranks
}

impl Pairs {
    fn correlation(&self) -> f64 {
        let count = self.0.len() as f64;
        let (xs, ys): (Vec<f64>, Vec<f64>) = self.0.iter().copied().unzip();
        let squares: f64 = ranks(&xs).iter().zip(ranks(&ys)).map(|(x, y)| (x - y) * (x - y)).sum();
        1.0 - 6.0 * squares / (count * (count * count - 1.0))
    }
}

impl Fold for RankCorr {
    type State = Pairs;

    fn update(&self, states: &mut [Pairs], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let float = |column: &ArrayRef| compute::cast(column, &Arrow::Float64);
        let (xs, ys) = (float(&columns[0])?, float(&columns[1])?);
        let (xs, ys) = (xs.as_primitive::<Float64Type>().values(), ys.as_primitive::<Float64Type>().values());
        rows.iter().for_each(|(row, group)| states[group].0.push((xs[row], ys[row])));
        Ok(())
    }

    fn merge(&self, state: &mut Pairs, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            state.0.push((reader.f64()?, reader.f64()?));
        }
        Ok(())
    }

    fn finish(&self, states: &[Pairs]) -> EngineResult<ArrayRef> {
        Ok(Arc::new(Float64Array::from_iter_values(states.iter().map(Pairs::correlation))))
    }
}
