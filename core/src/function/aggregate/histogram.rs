//! `histogram`: an adaptive histogram (Ben-Haim and Tom-Tov), merged as ClickHouse merges it.
//!
//! The payload is the smallest and the largest value, then mean and weight of each point (Float64 each).

use super::Aggregate;
use super::bytes::Reader;
use super::fit::{Empty, Fitted, Signature};
use super::states::{Fold, Kind, Rows, State, each};
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::OffsetBuffer;
use arrow::compute;
use arrow::datatypes::{DataType as Arrow, Float64Type};
use datafusion::common::{Result as EngineResult, exec_err};
use std::sync::Arc;

pub(crate) const AGGREGATES: &[Aggregate] = &[Aggregate {
    name: "histogram",
    syntax: "histogram(bins)(x)",
    summary: "An array of (from, to, weight) of at most so many intervals, which are narrow where values are many.",
    examples: &[("histogram(2)(x)", "[(1,2.5,2),(2.5,4,2)]")],
    kind: Kind::Histogram,
    empty: Empty::Value,
    fit,
    ..Aggregate::DEFAULT
}];

/// As in ClickHouse.
const BINS_MAX: u64 = 250;

fn fit(signature: &Signature) -> Fitted {
    signature.count(1..=1)?;
    signature.parameter_count(1..=1)?;
    signature.expect_number(0)?;
    let bins = match signature.natural(0)? {
        Some(bins) if (1..=BINS_MAX).contains(&bins) => bins as usize,
        _ => return Err(signature.bad(format_args!("makes 1 to {BINS_MAX} intervals"))),
    };
    let item = DataType::Tuple(vec![(None, DataType::Float64), (None, DataType::Float64), (None, DataType::Float64)]);
    Ok((item.clone().array(), each(Histogram { bins, item })))
}

#[derive(Debug)]
struct Histogram {
    bins: usize,
    item: DataType,
}

#[derive(Clone, Copy, Debug)]
struct Point {
    mean: f64,
    weight: f64,
}

#[derive(Clone, Debug, Default)]
struct Points {
    points: Vec<Point>,
    lowest: f64,
    highest: f64,
}

impl State for Points {
    fn save(&self, out: &mut Vec<u8>) {
        if self.points.is_empty() {
            return;
        }
        out.extend_from_slice(&self.lowest.to_le_bytes());
        out.extend_from_slice(&self.highest.to_le_bytes());
        for point in &self.points {
            out.extend_from_slice(&point.mean.to_le_bytes());
            out.extend_from_slice(&point.weight.to_le_bytes());
        }
    }

    fn bytes(&self) -> usize {
        self.points.capacity() * 16
    }
}

impl Points {
    fn bound(&mut self, lowest: f64, highest: f64) {
        let is_first = self.points.is_empty();
        self.lowest = if is_first { lowest } else { self.lowest.min(lowest) };
        self.highest = if is_first { highest } else { self.highest.max(highest) };
    }

    fn add(&mut self, mean: f64, weight: f64, bins: usize) {
        self.points.push(Point { mean, weight });
        if self.points.len() >= bins * 2 {
            self.compress(bins);
        }
    }

    /// Merges the two points that are nearest, until there are few enough.
    fn compress(&mut self, bins: usize) {
        self.points.sort_by(|left, right| left.mean.total_cmp(&right.mean));
        self.points.dedup_by(|right, left| {
            let is_same = left.mean == right.mean;
            left.weight += if is_same { right.weight } else { 0.0 };
            is_same
        });
        while self.points.len() > bins {
            let distances = self.points.windows(2).map(|pair| pair[1].mean - pair[0].mean);
            let Some((nearest, _)) = distances.enumerate().min_by(|left, right| left.1.total_cmp(&right.1)) else {
                return;
            };
            let right = self.points.remove(nearest + 1);
            let left = &mut self.points[nearest];
            let weight = left.weight + right.weight;
            left.mean += right.weight * (right.mean - left.mean) / weight;
            left.weight = weight;
        }
    }

    /// From, to and weight of each interval. Borders are between points, and part of a weight belongs to its
    /// neighbours.
    fn intervals(&self) -> Vec<[f64; 3]> {
        let points = &self.points;
        let last = points.len().saturating_sub(1);
        let interval = |index: usize| {
            let Point { mean, weight } = points[index];
            let side = |neighbour: Point| (3.0 * weight + neighbour.weight) / 8.0;
            let (from, left) = match index {
                0 => (self.lowest, weight / 2.0),
                _ => ((points[index - 1].mean + mean) / 2.0, side(points[index - 1])),
            };
            let (to, right) = match index {
                index if index == last => (self.highest, weight / 2.0),
                _ => ((mean + points[index + 1].mean) / 2.0, side(points[index + 1])),
            };
            [from, to, left + right]
        };
        (0..points.len()).map(interval).collect()
    }
}

impl Fold for Histogram {
    type State = Points;

    fn update(&self, states: &mut [Points], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let values = compute::cast(&columns[0], &Arrow::Float64)?;
        let values = values.as_primitive::<Float64Type>().values();
        for (row, group) in rows.iter() {
            let value = values[row];
            if !value.is_finite() {
                return exec_err!("invalid value (inf or nan) for aggregation by histogram");
            }
            states[group].bound(value, value);
            states[group].add(value, 1.0, self.bins);
        }
        Ok(())
    }

    fn merge(&self, state: &mut Points, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        let (lowest, highest) = (reader.f64()?, reader.f64()?);
        state.bound(lowest, highest);
        while !reader.is_empty() {
            let (mean, weight) = (reader.f64()?, reader.f64()?);
            if !mean.is_finite() || !weight.is_finite() {
                return exec_err!("a saved histogram has a point at {mean} of weight {weight}");
            }
            state.add(mean, weight, self.bins);
        }
        Ok(())
    }

    fn finish(&self, states: &[Points]) -> EngineResult<ArrayRef> {
        let mut columns: [Vec<f64>; 3] = Default::default();
        let mut lengths = Vec::with_capacity(states.len());
        for state in states {
            let mut state = state.clone();
            state.compress(self.bins);
            let intervals = state.intervals();
            lengths.push(intervals.len());
            for interval in intervals {
                columns.iter_mut().zip(interval).for_each(|(column, value)| column.push(value));
            }
        }
        let Arrow::Struct(fields) = self.item.to_arrow() else { return exec_err!("{} is no tuple", self.item) };
        let columns = columns.into_iter().map(|column| Arc::new(Float64Array::from(column)) as ArrayRef).collect();
        let items = StructArray::try_new(fields, columns, None)?;
        let field = Arc::new(self.item.to_field("item"));
        Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), Arc::new(items), None)?))
    }
}
