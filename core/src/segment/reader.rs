//! Fetched bytes of a segment → batches, decoding late what a filter may drop.

use super::Footer;
use crate::error::{Error, Result};
use crate::limits::BATCH_ROWS;
use arrow::array::RecordBatch;
use bytes::{Buf, Bytes};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowFilter};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};
use std::sync::Arc;

/// The pieces of one file that have been fetched. What is asked for and missing is our own
/// mistake, and an error.
#[derive(Clone, Debug, Default)]
pub struct SparseBytes {
    /// Start and bytes, sorted by start.
    pieces: Arc<[(u64, Bytes)]>,
}

impl SparseBytes {
    /// Pieces that [`Footer::verify`] has accepted, in any order.
    pub fn new(mut pieces: Vec<(u64, Bytes)>) -> SparseBytes {
        pieces.sort_by_key(|(start, _)| *start);
        SparseBytes { pieces: pieces.into() }
    }

    /// The piece that holds `length` bytes from `start` on, cut to begin there.
    fn from(&self, start: u64, length: u64) -> Option<Bytes> {
        // pieces may overlap, so the last one that starts early enough need not be the longest
        let candidates = &self.pieces[..self.pieces.partition_point(|(piece, _)| *piece <= start)];
        let holder = candidates.iter().rev().find(|(piece, bytes)| start - piece + length <= bytes.len() as u64);
        holder.map(|(piece, bytes)| bytes.slice((start - piece) as usize..))
    }
}

impl Length for SparseBytes {
    fn len(&self) -> u64 {
        self.pieces.iter().map(|(start, bytes)| start + bytes.len() as u64).max().unwrap_or(0)
    }
}

impl ChunkReader for SparseBytes {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        self.from(start, 1).map(Buf::reader).ok_or_else(|| not_fetched(start, 1))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        let bytes = self.from(start, length as u64).ok_or_else(|| not_fetched(start, length))?;
        Ok(bytes.slice(..length))
    }
}

/// `read` has made sure of every column chunk: only a damaged file asks for bytes outside them.
fn not_fetched(start: u64, length: usize) -> ParquetError {
    ParquetError::General(format!("{length} bytes from {start} on are not part of the fetched columns"))
}

/// The batches of [`Footer::read`].
pub struct Reader {
    batches: ParquetRecordBatchReader,
    /// The wanted columns' places in the decoded batches, which come in the segment's order.
    order: Vec<usize>,
}

impl Footer {
    /// Rows of these row groups with these columns, in this order, in batches of [`BATCH_ROWS`].
    /// `filter` sees its own columns first (see [`Footer::mask`]); the others are decoded only for
    /// the rows that it keeps. The bytes must hold every column that is named here or there.
    pub fn read(
        &self,
        row_groups: &[usize],
        columns: &[&str],
        bytes: SparseBytes,
        filter: Option<RowFilter>,
    ) -> Result<Reader> {
        let roots = columns
            .iter()
            .map(|column| {
                let position = self.schema().index_of(column);
                position.map_err(|_| Error::internal(format!("the segment has no column {column:?}")))
            })
            .collect::<Result<Vec<usize>>>()?;
        let projection = self.mask(columns);
        let predicates = filter.iter().flat_map(|filter| filter.predicates());
        for mask in predicates.map(|predicate| predicate.projection()).chain([&projection]) {
            self.expect_fetched(row_groups, mask, &bytes)?;
        }
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, self.metadata.clone())
            .with_batch_size(BATCH_ROWS)
            .with_row_groups(row_groups.to_vec())
            .with_projection(projection);
        if let Some(filter) = filter {
            builder = builder.with_row_filter(filter);
        }
        let batches = builder.build().map_err(unreadable)?;
        let mut sorted = roots.clone();
        sorted.sort_unstable();
        sorted.dedup();
        let place = |root: &usize| sorted.binary_search(root).expect("sorted has every root");
        Ok(Reader { batches, order: roots.iter().map(place).collect() })
    }

    fn expect_fetched(&self, row_groups: &[usize], mask: &ProjectionMask, bytes: &SparseBytes) -> Result<()> {
        let leaves = (0..self.metadata.parquet_schema().num_columns()).filter(|leaf| mask.leaf_included(*leaf));
        for leaf in leaves {
            for row_group in row_groups {
                let range = self.chunk_range(*row_group, leaf);
                if bytes.from(range.start, range.end - range.start).is_none() {
                    let column = self.metadata.parquet_schema().column(leaf).path().string();
                    return Err(Error::internal(format!(
                        "row group {row_group}, column {column:?}: bytes {} to {} were not fetched",
                        range.start, range.end
                    )));
                }
            }
        }
        Ok(())
    }
}

impl Iterator for Reader {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Result<RecordBatch>> {
        let batch = self.batches.next()?;
        let batch = batch.and_then(|batch| batch.project(&self.order));
        Some(batch.map_err(|error| Error::corrupt(format!("segment not readable: {error}"))))
    }
}

fn unreadable(error: ParquetError) -> Error {
    Error::corrupt(format!("segment not readable: {error}"))
}
