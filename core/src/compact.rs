//! Rows in the order they are kept: by partition, then by sorting key; and which segments to
//! make one of next.

use crate::batch::Schema;
use crate::catalog::{DataSource, EngineKind};
use crate::error::{Error, Result};
use crate::limits::{COMPACT_SEGMENTS, COMPACT_SMALL_ROWS, SEGMENT_ROWS_MAX};
use crate::manifest::{self, Manifest};
use crate::plan::Expressions;
use crate::segment;
use arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{SortOptions, concat_batches, take_record_batch};
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

/// Sorts rows that lie as the data source's schema says. Rows that agree in their keys stay in the
/// order they came.
pub fn arrange(data_source: &DataSource, batches: &[RecordBatch]) -> Result<Vec<Run>> {
    let schema = schema(data_source);
    let rows = concat_batches(&schema.to_arrow(), batches).map_err(internal)?;
    if rows.num_rows() == 0 {
        return Ok(Vec::new());
    }
    let partition_key = Expressions::new(&data_source.engine.partition_key, &schema)?.evaluate(&rows)?;
    let sorting_key = Expressions::new(&data_source.engine.sorting_key, &schema)?.evaluate(&rows)?;
    let order = order([partition_key.as_slice(), &sorting_key].concat(), rows.num_rows())?;
    let runs = partitions(&partition_key, &order)?.into_iter().flat_map(|range| {
        let starts = range.clone().step_by(SEGMENT_ROWS_MAX);
        starts.map(move |start| start..(start + SEGMENT_ROWS_MAX).min(range.end))
    });
    runs.map(|range| {
        let picked = UInt32Array::from(order[range.clone()].to_vec());
        Ok(Run {
            partition: partition_name(&partition_key, order[range.start])?,
            rows: take_record_batch(&rows, &picked).map_err(internal)?,
        })
    })
    .collect()
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

/// The segments to make one of next: those of one partition and of like size, once there are
/// [`COMPACT_SEGMENTS`] of them. Each step makes segments that many times larger, so a row is
/// written again a logarithmic number of times.
///
/// Engines other than MergeTree are left alone: to drop or add up their rows is more than sorting.
pub fn choose<'m>(data_source: &DataSource, manifest: &'m Manifest) -> Result<Option<Vec<&'m manifest::Segment>>> {
    if data_source.engine.kind != EngineKind::MergeTree {
        return Ok(None);
    }
    let mut tiers: BTreeMap<(u32, &str), Vec<&manifest::Segment>> = BTreeMap::new();
    for segment in &manifest.segments {
        tiers.entry((tier(segment.rows), &segment.partition)).or_default().push(segment);
    }
    let lies_the_same = schema(data_source).to_arrow();
    // the smallest first: they cost least, and queries most
    for segments in tiers.into_values().filter(|segments| segments.len() >= COMPACT_SEGMENTS) {
        let mut chosen = Vec::new();
        let mut rows = 0;
        for segment in segments {
            // one written before a column was added would have to be filled up
            if segment.footer.get()?.schema().fields() == lies_the_same.fields() {
                rows += segment.rows;
                chosen.push(segment);
            }
            if chosen.len() == COMPACT_SEGMENTS {
                break;
            }
        }
        if chosen.len() == COMPACT_SEGMENTS && rows <= SEGMENT_ROWS_MAX as u64 {
            return Ok(Some(chosen));
        }
    }
    Ok(None)
}

fn tier(rows: u64) -> u32 {
    (rows / COMPACT_SMALL_ROWS + 1).ilog(COMPACT_SEGMENTS as u64)
}

/// One segment of the rows of those that [`choose`] returned.
pub fn merge(
    data_source: &DataSource,
    segments: &[manifest::Segment],
    batches: &[RecordBatch],
    id: String,
) -> Result<(segment::Written, manifest::Segment)> {
    let runs = arrange(data_source, batches)?;
    let [run] = runs.as_slice() else {
        return Err(Error::internal(format!("segments of one partition have rows of {}", runs.len())));
    };
    let (written, mut merged) = encode(data_source, run, id)?;
    let rows: u64 = segments.iter().map(|segment| segment.rows).sum();
    if rows != merged.rows {
        return Err(Error::internal(format!("segments of {rows} rows became one of {}", merged.rows)));
    }
    merged.level = segments.iter().map(|segment| segment.level).max().unwrap_or(0).saturating_add(1);
    Ok((written, merged))
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
