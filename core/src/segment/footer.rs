//! What can be known of a segment without reading it.

use super::format;
use crate::error::{Error, Result};
use arrow::array::ArrayRef;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::ParquetMetaDataReader;
use std::ops::Range;
use std::sync::Arc;

/// The index of a segment, decoded once and cheap to clone.
#[derive(Clone)]
pub struct Footer {
    pub(super) metadata: ArrowReaderMetadata,
    /// One for each leaf column chunk, row group by row group.
    checksums: Arc<[u32]>,
}

/// Least and greatest value and count of NULLs of one column, one entry for each row group.
/// An entry of `min` or `max` that is NULL is unknown. Long strings are cut: `min` may be less and
/// `max` greater than every value there is.
#[derive(Clone, Debug)]
pub struct Bounds {
    pub min: ArrayRef,
    pub max: ArrayRef,
    pub null_count: Vec<Option<u64>>,
}

impl Footer {
    pub fn decode(footer: &[u8]) -> Result<Footer> {
        let (metadata, checksum) =
            footer.split_last_chunk::<4>().ok_or_else(|| Error::corrupt("segment footer: too short"))?;
        if crc32c::crc32c(metadata) != u32::from_le_bytes(*checksum) {
            return Err(Error::corrupt("segment footer: checksum mismatch"));
        }
        let unreadable = |error| Error::corrupt(format!("segment footer: not readable: {error}"));
        let metadata = Arc::new(ParquetMetaDataReader::decode_metadata(metadata).map_err(unreadable)?);
        let checksums = (metadata.file_metadata().key_value_metadata().into_iter().flatten())
            .find(|entry| entry.key == format::CHECKSUMS)
            .and_then(|entry| format::parse_checksums(entry.value.as_deref().unwrap_or_default()))
            .filter(|checksums| {
                let chunks = metadata.row_groups().iter().map(|row_group| row_group.num_columns());
                checksums.len() == chunks.sum::<usize>()
            })
            .ok_or_else(|| Error::corrupt("segment footer: the checksums of its column chunks are missing"))?;
        let metadata = ArrowReaderMetadata::try_new(metadata, ArrowReaderOptions::new()).map_err(unreadable)?;
        Ok(Footer { metadata, checksums: checksums.into() })
    }

    /// The segment's columns, in the order they were written.
    pub fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    pub fn row_group_count(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    pub fn row_group_rows(&self, row_group: usize) -> u64 {
        self.metadata.metadata().row_group(row_group).num_rows() as u64
    }

    /// Where one column of one row group lies in the file. `None`: the segment lacks the column.
    pub fn column_range(&self, row_group: usize, column: &str) -> Option<Range<u64>> {
        let chunks = self.leaves(column)?.map(|leaf| self.chunk_range(row_group, leaf));
        chunks.reduce(|all, chunk| all.start.min(chunk.start)..all.end.max(chunk.end))
    }

    /// `None`: the segment lacks the column, or its type has no bounds (arrays, tuples, maps).
    pub fn bounds(&self, column: &str) -> Option<Bounds> {
        if self.schema().field_with_name(column).ok()?.data_type().is_nested() {
            return None;
        }
        let converter = StatisticsConverter::try_new(column, self.schema(), self.metadata.parquet_schema())
            .ok()?
            .with_missing_null_counts_as_zero(false);
        let row_groups = self.metadata.metadata().row_groups();
        Some(Bounds {
            min: converter.row_group_mins(row_groups).ok()?,
            max: converter.row_group_maxes(row_groups).ok()?,
            null_count: converter.row_group_null_counts(row_groups).ok()?.iter().collect(),
        })
    }

    /// For the predicates of a [`parquet::arrow::arrow_reader::RowFilter`]: their batches have
    /// these columns, in the segment's order.
    pub fn mask(&self, columns: &[&str]) -> ProjectionMask {
        let roots = columns.iter().filter_map(|column| self.schema().index_of(column).ok());
        ProjectionMask::roots(self.metadata.parquet_schema(), roots)
    }

    /// Checks bytes that a store returned for `start..start + bytes.len()` of the file: every
    /// column chunk that lies wholly inside. What passed once need not be checked again.
    pub fn verify(&self, start: u64, bytes: &[u8]) -> Result<()> {
        let leaves = self.metadata.parquet_schema().num_columns();
        for (index, checksum) in self.checksums.iter().enumerate() {
            let range = self.chunk_range(index / leaves, index % leaves);
            if range.start < start || range.end > start + bytes.len() as u64 {
                continue;
            }
            let chunk = &bytes[(range.start - start) as usize..(range.end - start) as usize];
            if crc32c::crc32c(chunk) != *checksum {
                return Err(Error::corrupt(format!(
                    "row group {}, column {:?}: checksum mismatch in bytes {} to {}",
                    index / leaves,
                    self.metadata.parquet_schema().column(index % leaves).path().string(),
                    range.start,
                    range.end
                )));
            }
        }
        Ok(())
    }

    pub(super) fn chunk_range(&self, row_group: usize, leaf: usize) -> Range<u64> {
        let (start, length) = self.metadata.metadata().row_group(row_group).column(leaf).byte_range();
        start..start + length
    }

    /// The Parquet columns that make up one of ours: one, or those of its nested parts.
    fn leaves(&self, column: &str) -> Option<impl Iterator<Item = usize>> {
        let root = self.schema().index_of(column).ok()?;
        let schema = self.metadata.parquet_schema();
        Some((0..schema.num_columns()).filter(move |leaf| schema.get_column_root_idx(*leaf) == root))
    }
}
