//! Operations that leave rows out, and keep the order of the others.

use super::Rows;
use crate::plan::node::{Amount, Slice};
use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::row::{RowConverter, Rows as Encoded, SortField};
use datafusion::common::Result;
use std::collections::HashMap;
use std::ops::Range;

/// `LIMIT n OFFSET m BY keys`: so many rows of each combination of keys.
pub(super) fn by(rows: Rows, offset: u64, limit: u64) -> Result<RecordBatch> {
    let Rows { batch, values, memory, .. } = rows;
    let keys = encode(&values)?;
    memory.try_grow(keys.size() + batch.num_rows() * 16)?;
    let mut seen: HashMap<&[u8], u64> = HashMap::new();
    let mut kept = Vec::new();
    for row in 0..batch.num_rows() {
        let count = seen.entry(keys.row(row).data()).or_default();
        if (offset..offset.saturating_add(limit)).contains(count) {
            kept.push(row as u32);
        }
        *count += 1;
    }
    Ok(take_record_batch(&batch, &UInt32Array::from(kept))?)
}

/// `LIMIT n WITH TIES`: rows that sort like the last one come too.
pub(super) fn with_ties(rows: Rows, offset: u64, limit: u64) -> Result<RecordBatch> {
    let Rows { batch, values, memory, .. } = rows;
    let keys = encode(&values)?;
    memory.try_grow(keys.size())?;
    let count = batch.num_rows();
    let place = |rows: u64| usize::try_from(rows).unwrap_or(count).min(count);
    let start = place(offset);
    let mut end = place(offset.saturating_add(limit));
    while start < end && end < count && keys.row(end) == keys.row(end - 1) {
        end += 1;
    }
    Ok(batch.slice(start, end - start))
}

/// Numbers of rows below zero count from the end; those between zero and one are shares of all rows.
pub(super) fn slice(rows: Rows, slice: &Slice) -> RecordBatch {
    let range = range(slice, rows.batch.num_rows());
    rows.batch.slice(range.start, range.len())
}

fn range(slice: &Slice, count: usize) -> Range<usize> {
    let rows = |rows: u64| usize::try_from(rows).unwrap_or(count);
    let mut range = 0..count;
    match slice.offset {
        Amount::First(offset) => range.start = rows(offset).min(count),
        Amount::Last(offset) => range.end = count.saturating_sub(rows(offset)),
        Amount::Share(share) => range.start = share.of(count).min(count),
    }
    let left = range.len();
    match slice.limit {
        None => {}
        Some(Amount::First(limit)) => range.end = range.start + rows(limit).min(left),
        Some(Amount::Last(limit)) => range.start = range.end - rows(limit).min(left),
        Some(Amount::Share(share)) => range.end = range.start + share.of(count).min(left),
    }
    range
}

pub(super) fn encode(values: &[ArrayRef]) -> Result<Encoded> {
    let fields = values.iter().map(|value| SortField::new(value.data_type().clone()));
    Ok(RowConverter::new(fields.collect())?.convert_columns(values)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::node::Share;

    #[track_caller]
    fn check(offset: Amount, limit: Option<Amount>, expected: Range<usize>) {
        assert_eq!(range(&Slice { offset, limit }, 10), expected);
    }

    #[test]
    fn rows_are_counted_from_both_ends() {
        check(Amount::First(0), Some(Amount::Last(3)), 7..10);
        check(Amount::Last(2), Some(Amount::Last(3)), 5..8);
        check(Amount::Last(3), Some(Amount::First(2)), 0..2);
        check(Amount::First(2), Some(Amount::Last(100)), 2..10);
        check(Amount::Last(100), Some(Amount::First(2)), 0..0);
        check(Amount::First(0), Some(Amount::Share(Share::new(0.25).expect("a share"))), 0..3);
        check(Amount::Share(Share::new(0.2).expect("a share")), None, 2..10);
        check(Amount::First(u64::MAX), Some(Amount::First(u64::MAX)), 10..10);
    }
}
