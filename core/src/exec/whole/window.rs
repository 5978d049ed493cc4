//! Window functions. Rows are sorted by partition and order; each function then walks the partitions.

use super::Rows;
use super::accumulate;
use super::frame::{Keys, Partition, Peers};
use crate::function::WindowKind;
use crate::plan::node::{Bound, FrameUnit, Window, WindowCall, WindowFunction};
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, UInt32Array, UInt64Array};
use arrow::compute::{SortOptions, cast, interleave, take};
use arrow::datatypes::{DataType as Arrow, Float64Type, Int64Type, TimeUnit};
use arrow::row::{RowConverter, Rows as Encoded, SortField};
use datafusion::common::{Result, exec_err};
use std::ops::Range;
use std::sync::Arc;

/// What a function sees: arguments by sorted place, and the partitions.
pub(super) struct Sorted<'a> {
    pub(super) arguments: Vec<ArrayRef>,
    pub(super) filter: Option<ArrayRef>,
    partitions: &'a [Range<usize>],
    peers: &'a Peers,
    keys: Option<&'a Keys>,
    ascending: bool,
}

impl Sorted<'_> {
    pub(super) fn partitions(&self) -> impl Iterator<Item = Partition<'_>> {
        self.partitions.iter().map(|rows| Partition {
            rows: rows.clone(),
            peers: self.peers,
            keys: self.keys,
            ascending: self.ascending,
        })
    }

    fn rows(&self) -> usize {
        self.peers.group.len()
    }
}

pub(super) fn run(window: &Window, rows: Rows) -> Result<RecordBatch> {
    let Rows { batch, values, output, memory } = rows;
    let count = batch.num_rows();
    let (partition, rest) = values.split_at(window.partition);
    let (order, mut rest) = rest.split_at(window.order.len());
    let options = window
        .order
        .iter()
        .map(|direction| SortOptions { descending: !direction.ascending, nulls_first: direction.nulls_first });
    let partition_bytes = encode(partition, std::iter::repeat(SortOptions { descending: false, nulls_first: false }))?;
    let order_bytes = encode(order, options)?;
    memory.try_grow(count * 16 + size(&partition_bytes) + size(&order_bytes))?;

    let indices = sort(count, partition_bytes.as_ref(), order_bytes.as_ref());
    let partitions = split(&indices, partition_bytes.as_ref());
    let peers = peers(&indices, &partitions, order_bytes.as_ref());
    let places = UInt32Array::from(indices);
    let needs_keys = window.calls.iter().any(|call| {
        let moved = |bound: Bound| matches!(bound, Bound::Offset(offset) if offset != 0);
        call.frame.unit == FrameUnit::Range && (moved(call.frame.start) || moved(call.frame.end))
    });
    let keys = match order {
        [key] if needs_keys => Some(Keys::new(&take(key, &places, None)?)?),
        _ => None,
    };
    let ascending = window.order.first().is_none_or(|direction| direction.ascending);

    let mut columns: Vec<ArrayRef> =
        batch.columns().iter().map(|column| take(column, &places, None)).collect::<Result<_, _>>()?;
    for call in &window.calls {
        let (arguments, after) = rest.split_at(call.arguments);
        let (filter, after) = after.split_at(usize::from(call.filtered));
        rest = after;
        let sorted = Sorted {
            arguments: arguments.iter().map(|argument| take(argument, &places, None)).collect::<Result<_, _>>()?,
            filter: filter.first().map(|filter| take(filter, &places, None)).transpose()?,
            partitions: &partitions,
            peers: &peers,
            keys: keys.as_ref(),
            ascending,
        };
        let column = evaluate(call, &sorted)?;
        columns.push(if *column.data_type() == call.result { column } else { cast(&column, &call.result)? });
    }
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(count));
    Ok(RecordBatch::try_new_with_options(output, columns, &options)?)
}

fn encode(columns: &[ArrayRef], options: impl Iterator<Item = SortOptions>) -> Result<Option<Encoded>> {
    if columns.is_empty() {
        return Ok(None);
    }
    let fields = columns.iter().zip(options);
    let fields = fields.map(|(column, options)| SortField::new_with_options(column.data_type().clone(), options));
    Ok(Some(RowConverter::new(fields.collect())?.convert_columns(columns)?))
}

fn size(encoded: &Option<Encoded>) -> usize {
    encoded.as_ref().map_or(0, Encoded::size)
}

/// Rows by partition, then by order; rows that sort alike stay as they lie.
fn sort(count: usize, partition: Option<&Encoded>, order: Option<&Encoded>) -> Vec<u32> {
    let mut indices: Vec<u32> = (0..count as u32).collect();
    let by = |rows: Option<&Encoded>, a: usize, b: usize| {
        rows.map_or(std::cmp::Ordering::Equal, |rows| rows.row(a).cmp(&rows.row(b)))
    };
    if partition.is_some() || order.is_some() {
        indices.sort_by(|a, b| {
            let (a, b) = (*a as usize, *b as usize);
            by(partition, a, b).then_with(|| by(order, a, b))
        });
    }
    indices
}

fn split(indices: &[u32], partition: Option<&Encoded>) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    for end in 1..=indices.len() {
        let differs = end == indices.len()
            || partition.is_some_and(|rows| rows.row(indices[end] as usize) != rows.row(indices[start] as usize));
        if differs {
            ranges.push(start..end);
            start = end;
        }
    }
    ranges
}

fn peers(indices: &[u32], partitions: &[Range<usize>], order: Option<&Encoded>) -> Peers {
    let mut peers = Peers { group: Vec::with_capacity(indices.len()), starts: Vec::new() };
    for rows in partitions {
        for row in rows.clone() {
            let alike = row > rows.start
                && order.is_none_or(|order| order.row(indices[row] as usize) == order.row(indices[row - 1] as usize));
            if !alike {
                peers.starts.push(row as u32);
            }
            peers.group.push(peers.starts.len() as u32 - 1);
        }
    }
    peers
}

fn evaluate(call: &WindowCall, sorted: &Sorted) -> Result<ArrayRef> {
    let kind = match &call.function {
        WindowFunction::Aggregate { udaf, distinct } => return accumulate::run(udaf, *distinct, call, sorted),
        WindowFunction::Native(kind) => *kind,
    };
    Ok(match kind {
        WindowKind::RowNumber => numbers(sorted, |partition, row| row - partition.rows.start + 1),
        WindowKind::Rank => numbers(sorted, |partition, row| partition.peers.of(row).start - partition.rows.start + 1),
        WindowKind::DenseRank => numbers(sorted, |partition, row| {
            (partition.peers.group[row] - partition.peers.group[partition.rows.start]) as usize + 1
        }),
        WindowKind::PercentRank => shares(sorted, |partition, row| {
            let (rank, rows) = (partition.peers.of(row).start - partition.rows.start, partition.rows.len());
            if rows > 1 { rank as f64 / (rows - 1) as f64 } else { 0.0 }
        }),
        WindowKind::CumeDist => shares(sorted, |partition, row| {
            (partition.peers.of(row).end - partition.rows.start) as f64 / partition.rows.len() as f64
        }),
        WindowKind::Ntile => ntile(sorted),
        WindowKind::Shift { sign, .. } => shift(call, sorted, i64::from(sign))?,
        WindowKind::NthValue => nth_value(call, sorted)?,
        WindowKind::NonNegativeDerivative => derivative(sorted)?,
    })
}

fn numbers(sorted: &Sorted, number: impl Fn(&Partition, usize) -> usize) -> ArrayRef {
    let mut out = Vec::with_capacity(sorted.rows());
    for partition in sorted.partitions() {
        out.extend(partition.rows.clone().map(|row| number(&partition, row) as u64));
    }
    Arc::new(UInt64Array::from(out))
}

fn shares(sorted: &Sorted, share: impl Fn(&Partition, usize) -> f64) -> ArrayRef {
    let mut out = Vec::with_capacity(sorted.rows());
    for partition in sorted.partitions() {
        out.extend(partition.rows.clone().map(|row| share(&partition, row)));
    }
    Arc::new(Float64Array::from(out))
}

/// The first buckets get one row more, if the rows cannot be dealt out evenly.
fn ntile(sorted: &Sorted) -> ArrayRef {
    let buckets = sorted.arguments[0].as_primitive::<Int64Type>();
    numbers(sorted, |partition, row| {
        let (rows, place) = (partition.rows.len(), row - partition.rows.start);
        let buckets = usize::try_from(buckets.value(row)).unwrap_or(1).clamp(1, rows);
        let (small, larger) = (rows / buckets, rows % buckets);
        let in_larger = larger * (small + 1);
        if place < in_larger { place / (small + 1) + 1 } else { larger + (place - in_larger) / small + 1 }
    })
}

/// `value, offset, default`
fn shift(call: &WindowCall, sorted: &Sorted, sign: i64) -> Result<ArrayRef> {
    let offsets = sorted.arguments[1].as_primitive::<Int64Type>();
    let mut places = Vec::with_capacity(sorted.rows());
    for partition in sorted.partitions() {
        for row in partition.rows.clone() {
            let offset = if offsets.is_valid(row) { offsets.value(row) } else { 0 };
            if offset < 0 {
                return exec_err!("an offset of {offset} rows is below zero");
            }
            let place = (row as i64).checked_add(sign.saturating_mul(offset));
            let frame = partition.frame(&call.frame, row);
            let inside = place.and_then(|place| usize::try_from(place).ok()).filter(|place| frame.contains(place));
            places.push(inside.map_or((1, row), |place| (0, place)));
        }
    }
    Ok(interleave(&[&sorted.arguments[0], &sorted.arguments[2]], &places)?)
}

/// `value, number, default`
fn nth_value(call: &WindowCall, sorted: &Sorted) -> Result<ArrayRef> {
    let nth = sorted.arguments[1].as_primitive::<Int64Type>();
    let mut places = Vec::with_capacity(sorted.rows());
    for partition in sorted.partitions() {
        for row in partition.rows.clone() {
            let frame = partition.frame(&call.frame, row);
            let place = usize::try_from(nth.value(row) - 1).ok().and_then(|nth| frame.start.checked_add(nth));
            places.push(place.filter(|place| frame.contains(place)).map_or((1, row), |place| (0, place)));
        }
    }
    Ok(interleave(&[&sorted.arguments[0], &sorted.arguments[2]], &places)?)
}

/// `value, time, interval in nanoseconds`
fn derivative(sorted: &Sorted) -> Result<ArrayRef> {
    let values = sorted.arguments[0].as_primitive::<Float64Type>();
    let seconds = match sorted.arguments[1].data_type() {
        Arrow::Timestamp(TimeUnit::Second, _) => 1e9,
        Arrow::Timestamp(TimeUnit::Millisecond, _) => 1e6,
        Arrow::Timestamp(TimeUnit::Microsecond, _) => 1e3,
        _ => 1.0,
    };
    let times = cast(&sorted.arguments[1], &Arrow::Int64)?;
    let times = times.as_primitive::<Int64Type>();
    let interval = sorted.arguments[2].as_primitive::<Int64Type>();
    Ok(shares(sorted, |partition, row| {
        if row == partition.rows.start {
            return 0.0;
        }
        let grown = values.value(row) - values.value(row - 1);
        let elapsed_ns = (times.value(row) as f64 - times.value(row - 1) as f64) * seconds;
        let result = grown / elapsed_ns * interval.value(row) as f64;
        if elapsed_ns <= 0.0 || result < 0.0 { 0.0 } else { result }
    }))
}
