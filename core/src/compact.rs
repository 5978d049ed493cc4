//! Rows as they are kept: by partition, sorted, and folded as the engine says; and which segments to make one of next.

use crate::batch::Schema;
use crate::catalog::{DataSource, EngineKind};
use crate::error::{Error, Result};
use crate::fold::{Purpose, fold};
use crate::limits::{COMPACT_SEGMENTS, COMPACT_SMALL_ROWS, SEGMENT_ROWS_MAX};
use crate::manifest::{self, Manifest};
use crate::plan::Expressions;
use crate::segment;
use arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{SortOptions, concat_batches, take, take_record_batch};
use arrow::row::{RowConverter, Rows, SortField};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::collections::BTreeMap;
use std::ops::Range;

/// Rows that belong in one segment, in order.
pub struct Run {
    /// For [`manifest::Segment::partition`].
    pub partition: String,
    pub rows: RecordBatch,
}

pub fn schema(data_source: &DataSource) -> Schema {
    Schema(data_source.columns.iter().map(|column| (column.name.clone(), column.data_type.clone())).collect())
}

/// Sorts rows that lie as the data source's schema says, and folds those that agree in their keys; what the engine keeps
/// stands in the order it came.
pub fn arrange(data_source: &DataSource, batches: &[RecordBatch]) -> Result<Vec<Run>> {
    let schema = schema(data_source);
    let rows = concat_batches(&schema.to_arrow(), batches).map_err(internal)?;
    if rows.num_rows() == 0 {
        return Ok(Vec::new());
    }
    let partition_key = Expressions::new(&data_source.engine.partition_key, &schema)?.evaluate(&rows)?;
    let sorting_key = Expressions::new(&data_source.engine.sorting_key, &schema)?;
    let key = sorting_key.evaluate(&rows)?;
    let order = order([partition_key.as_slice(), &key].concat(), rows.num_rows())?;
    let mut runs = Vec::new();
    for range in partitions(&partition_key, &order)? {
        let partition = partition_name(&partition_key, order[range.start])?;
        let picked = UInt32Array::from(order[range].to_vec());
        let sorted = take_record_batch(&rows, &picked).map_err(internal)?;
        let key = key.iter().map(|column| take(column, &picked, None)).collect::<Result<Vec<_>, _>>();
        let kept = fold(data_source, sorted, &key.map_err(internal)?, Purpose::Merge)?;
        for start in (0..kept.num_rows()).step_by(SEGMENT_ROWS_MAX) {
            let rows = kept.slice(start, SEGMENT_ROWS_MAX.min(kept.num_rows() - start));
            runs.push(Run { partition: partition.clone(), rows });
        }
    }
    Ok(runs)
}

/// A run as a segment's bytes and the entry that makes it live.
pub fn encode(data_source: &DataSource, run: &Run, id: String) -> Result<(segment::Written, manifest::Segment)> {
    let written = segment::write(&schema(data_source), std::slice::from_ref(&run.rows))?;
    let entry = manifest::Segment {
        id,
        partition: run.partition.clone(),
        level: 0,
        rows: written.rows,
        bytes: written.bytes.len() as u64,
        footer: written.footer.clone().into(),
    };
    Ok((written, entry))
}

/// The segments to make one of next: neighbours of one partition and of like size, once there are [`COMPACT_SEGMENTS`] of
/// them. Each step makes segments that many times larger, so a row is written again a logarithmic number of times.
///
/// Neighbours, because which row came last is what some engines keep. Where that leaves many segments of changing sizes,
/// those of the fewest rows are taken.
pub fn choose<'m>(data_source: &DataSource, manifest: &'m Manifest) -> Result<Option<Vec<&'m manifest::Segment>>> {
    let mut partitions: BTreeMap<&str, Vec<&manifest::Segment>> = BTreeMap::new();
    for segment in &manifest.segments {
        partitions.entry(&segment.partition).or_default().push(segment);
    }
    let lies_the_same = schema(data_source).to_arrow();
    let mut best: Option<(_, Vec<&manifest::Segment>)> = None;
    for segments in partitions.into_values().filter(|segments| segments.len() >= COMPACT_SEGMENTS) {
        let is_long = segments.len() >= COMPACT_SEGMENTS * COMPACT_SEGMENTS / 2;
        for window in segments.windows(COMPACT_SEGMENTS) {
            let rows: u64 = window.iter().map(|segment| segment.rows).sum();
            let is_even = window.iter().all(|segment| tier(segment.rows) == tier(window[0].rows));
            // the smallest first: they cost least, and queries most
            let rank = (!is_even, window.iter().map(|segment| tier(segment.rows)).max().unwrap_or(0), rows);
            if rows > SEGMENT_ROWS_MAX as u64
                || !(is_even || is_long)
                || best.as_ref().is_some_and(|(known, _)| *known <= rank)
            {
                continue;
            }
            let mut is_whole = true;
            for segment in window {
                // one written before a column was added would have to be filled up
                is_whole &= segment.footer.get()?.schema().fields() == lies_the_same.fields();
            }
            if is_whole {
                best = Some((rank, window.to_vec()));
            }
        }
    }
    Ok(best.map(|(_, segments)| segments))
}

fn tier(rows: u64) -> u32 {
    (rows / COMPACT_SMALL_ROWS + 1).ilog(COMPACT_SEGMENTS as u64)
}

/// One segment of the rows of those that [`choose`] returned; none, if the engine leaves no row.
pub fn merge(
    data_source: &DataSource,
    segments: &[manifest::Segment],
    batches: &[RecordBatch],
    id: String,
) -> Result<Option<(segment::Written, manifest::Segment)>> {
    let runs = arrange(data_source, batches)?;
    let (before, after) = (rows_of(segments), runs.iter().map(|run| run.rows.num_rows() as u64).sum::<u64>());
    let [run] = runs.as_slice() else {
        return match after {
            0 => Ok(None),
            _ => Err(Error::internal(format!("segments of one partition have rows of {}", runs.len()))),
        };
    };
    if after > before || data_source.engine.kind == EngineKind::MergeTree && after != before {
        return Err(Error::internal(format!("segments of {before} rows became one of {after}")));
    }
    let (written, mut merged) = encode(data_source, run, id)?;
    merged.level = segments.iter().map(|segment| segment.level).max().unwrap_or(0).saturating_add(1);
    Ok(Some((written, merged)))
}

fn rows_of(segments: &[manifest::Segment]) -> u64 {
    segments.iter().map(|segment| segment.rows).sum()
}

/// Row numbers, sorted by these columns; NULLs are last, as in ClickHouse.
fn order(columns: Vec<ArrayRef>, count: usize) -> Result<Vec<u32>> {
    let mut order: Vec<u32> = (0..u32::try_from(count).map_err(internal)?).collect();
    if let Some(rows) = comparable(&columns)? {
        order.sort_by(|left, right| rows.row(*left as usize).cmp(&rows.row(*right as usize)));
    }
    Ok(order)
}

/// Where each partition's rows stand in `order`.
fn partitions(partition_key: &[ArrayRef], order: &[u32]) -> Result<Vec<Range<usize>>> {
    let Some(rows) = comparable(partition_key)? else { return Ok(std::iter::once(0..order.len()).collect()) };
    let same = |left: &u32, right: &u32| rows.row(*left as usize) == rows.row(*right as usize);
    let mut start = 0;
    Ok(order
        .chunk_by(same)
        .map(|chunk| {
            start += chunk.len();
            start - chunk.len()..start
        })
        .collect())
}

fn comparable(columns: &[ArrayRef]) -> Result<Option<Rows>> {
    if columns.is_empty() {
        return Ok(None);
    }
    let options = SortOptions { descending: false, nulls_first: false };
    let fields = columns.iter().map(|column| SortField::new_with_options(column.data_type().clone(), options));
    let converter = RowConverter::new(fields.collect()).map_err(internal)?;
    converter.convert_columns(columns).map(Some).map_err(internal)
}

/// `202601`, `2026-01-31`, `202601-eu`; `all` without a partition key.
fn partition_name(partition_key: &[ArrayRef], row: u32) -> Result<String> {
    let options = FormatOptions::default().with_null("NULL");
    let parts = partition_key
        .iter()
        .map(|column| {
            let formatter = ArrayFormatter::try_new(column.as_ref(), &options).map_err(internal)?;
            Ok(formatter.value(row as usize).to_string())
        })
        .collect::<Result<Vec<String>>>()?;
    Ok(if parts.is_empty() { "all".to_owned() } else { parts.join("-") })
}

fn internal(error: impl std::fmt::Display) -> Error {
    Error::internal(format!("rows not arranged: {error}"))
}

#[cfg(test)]
mod tests;
