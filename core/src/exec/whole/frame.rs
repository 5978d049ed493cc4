//! Which rows a window frame holds. Rows of one partition lie sorted; a frame is a range of them.

use crate::plan::node::{Bound, Frame, FrameUnit};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType as Arrow, Float64Type, Int64Type};
use datafusion::common::{Result, exec_err};
use std::ops::Range;

/// The rows of one partition, sorted, with the rows that sort alike.
pub(super) struct Partition<'a> {
    pub(super) rows: Range<usize>,
    /// The group of peers of each row, and where each group starts; both of all partitions, by sorted place.
    pub(super) peers: &'a Peers,
    /// The ORDER BY column by sorted place, for RANGE frames with an offset.
    pub(super) keys: Option<&'a Keys>,
    pub(super) ascending: bool,
}

pub(super) struct Peers {
    pub(super) group: Vec<u32>,
    pub(super) starts: Vec<u32>,
}

impl Peers {
    /// The rows that sort like this one.
    pub(super) fn of(&self, row: usize) -> Range<usize> {
        self.range(self.group[row] as usize)
    }

    pub(super) fn range(&self, group: usize) -> Range<usize> {
        let end = self.starts.get(group + 1).map_or(self.group.len(), |end| *end as usize);
        self.starts[group] as usize..end
    }
}

/// Numbers that RANGE offsets are added to; none where the column is NULL.
pub(super) enum Keys {
    Integers(Vec<Option<i128>>),
    Floats(Vec<Option<f64>>),
}

impl Keys {
    pub(super) fn new(array: &ArrayRef) -> Result<Keys> {
        if array.data_type().is_floating() {
            let floats = arrow::compute::cast(array, &Arrow::Float64)?;
            return Ok(Keys::Floats(floats.as_primitive::<Float64Type>().iter().collect()));
        }
        let integers = match array.data_type() {
            Arrow::UInt64 => {
                let values = array.as_primitive::<arrow::datatypes::UInt64Type>();
                return Ok(Keys::Integers(values.iter().map(|value| value.map(i128::from)).collect()));
            }
            Arrow::Date32 => arrow::compute::cast(&arrow::compute::cast(array, &Arrow::Int32)?, &Arrow::Int64)?,
            Arrow::Timestamp(..) | Arrow::Int64 | Arrow::Int32 | Arrow::Int16 | Arrow::Int8 => {
                arrow::compute::cast(array, &Arrow::Int64)?
            }
            Arrow::UInt32 | Arrow::UInt16 | Arrow::UInt8 => arrow::compute::cast(array, &Arrow::Int64)?,
            other => return exec_err!("a RANGE frame with an offset over {other} is not supported"),
        };
        Ok(Keys::Integers(integers.as_primitive::<Int64Type>().iter().map(|value| value.map(i128::from)).collect()))
    }

    /// How the row's key compares with that of `from`, moved by `offset`.
    fn compare(&self, row: usize, from: usize, offset: i64) -> Option<std::cmp::Ordering> {
        match self {
            Keys::Integers(keys) => Some(keys[row]?.cmp(&(keys[from]? + i128::from(offset)))),
            Keys::Floats(keys) => keys[row]?.partial_cmp(&(keys[from]? + offset as f64)),
        }
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Keys::Integers(keys) => keys[row].is_none(),
            Keys::Floats(keys) => keys[row].is_none_or(f64::is_nan),
        }
    }
}

impl Partition<'_> {
    /// The frame of the row at a sorted place.
    pub(super) fn frame(&self, frame: &Frame, row: usize) -> Range<usize> {
        let start = match frame.start {
            Bound::UnboundedPreceding => self.rows.start,
            Bound::UnboundedFollowing => self.rows.end,
            Bound::Offset(offset) => self.edge(frame.unit, row, offset, true),
        };
        let end = match frame.end {
            Bound::UnboundedPreceding => self.rows.start,
            Bound::UnboundedFollowing => self.rows.end,
            Bound::Offset(offset) => self.edge(frame.unit, row, offset, false),
        };
        start..end.max(start)
    }

    fn edge(&self, unit: FrameUnit, row: usize, offset: i64, is_start: bool) -> usize {
        let Range { start, end } = self.rows;
        match unit {
            FrameUnit::Rows => {
                let place = row as i64 + offset + i64::from(!is_start);
                place.clamp(start as i64, end as i64) as usize
            }
            FrameUnit::Groups => {
                let group = i64::from(self.peers.group[row]) + offset;
                let (first, last) = (self.peers.group[start], self.peers.group[end - 1]);
                if group < i64::from(first) {
                    start
                } else if group > i64::from(last) {
                    end
                } else {
                    let peers = self.peers.range(group as usize);
                    if is_start { peers.start } else { peers.end }
                }
            }
            FrameUnit::Range => {
                let peers = self.peers.of(row);
                match self.keys {
                    Some(keys) if offset != 0 && !keys.is_null(row) => self.search(keys, row, offset, is_start),
                    _ if is_start => peers.start,
                    _ => peers.end,
                }
            }
        }
    }

    /// The first row that is not before (or, for an end, the first that is behind) the row's key moved by `offset`.
    fn search(&self, keys: &Keys, row: usize, offset: i64, is_start: bool) -> usize {
        // rows without a key lie together at one end of the partition
        let mut rows = self.rows.clone();
        while rows.start < rows.end && keys.is_null(rows.start) {
            rows.start = self.peers.of(rows.start).end.min(rows.end);
        }
        while rows.start < rows.end && keys.is_null(rows.end - 1) {
            rows.end = self.peers.of(rows.end - 1).start.max(rows.start);
        }
        let offset = if self.ascending { offset } else { -offset };
        let (mut low, mut high) = (rows.start, rows.end);
        while low < high {
            let middle = low + (high - low) / 2;
            let mut order = keys.compare(middle, row, offset).unwrap_or(std::cmp::Ordering::Equal);
            if !self.ascending {
                order = order.reverse();
            }
            if order.is_lt() || !is_start && order.is_eq() {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}
