//! Rows → the bytes of a segment.

use super::format;
use crate::batch::Schema;
use crate::error::{Error, Result};
use arrow::array::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, RowGroupMetaData};
use std::sync::Arc;

/// A segment as written.
pub struct Written {
    pub bytes: Bytes,
    /// For [`crate::manifest::Segment::footer`].
    pub footer: Arc<[u8]>,
    pub rows: u64,
}

/// Encodes rows that are already sorted and lie as `schema` says.
pub fn write(schema: &Schema, rows: &[RecordBatch]) -> Result<Written> {
    let arrow_schema = schema.to_arrow();
    for batch in rows {
        assert_eq!(batch.schema().fields(), arrow_schema.fields(), "rows lie as the schema says");
    }
    let properties = format::properties(&arrow_schema).map_err(not_written)?;
    let mut writer = ArrowWriter::try_new(Vec::new(), arrow_schema, Some(properties)).map_err(not_written)?;
    for batch in rows {
        writer.write(batch).map_err(not_written)?;
    }
    writer.flush().map_err(not_written)?;
    writer.sync().map_err(|error| not_written(error.into()))?;
    let checksums = checksums(writer.flushed_row_groups(), writer.inner());
    writer.append_key_value_metadata(KeyValue::new(format::CHECKSUMS.to_owned(), format::print_checksums(&checksums)));
    let bytes = writer.into_inner().map_err(not_written)?;
    let footer = footer_of(&bytes);
    Ok(Written { footer, rows: rows.iter().map(|batch| batch.num_rows() as u64).sum(), bytes: Bytes::from(bytes) })
}

fn checksums(row_groups: &[RowGroupMetaData], file: &[u8]) -> Vec<u32> {
    let chunks = row_groups.iter().flat_map(|row_group| row_group.columns());
    chunks
        .map(|chunk| {
            let (start, length) = chunk.byte_range();
            crc32c::crc32c(&file[start as usize..(start + length) as usize])
        })
        .collect()
}

/// The file ends in its metadata, the metadata's length (4 bytes, little-endian) and `PAR1`.
fn footer_of(file: &[u8]) -> Arc<[u8]> {
    let (rest, _magic) = file.split_last_chunk::<4>().expect("a Parquet file ends in its magic");
    let (rest, length) = rest.split_last_chunk::<4>().expect("a Parquet file ends in its metadata's length");
    let metadata = &rest[rest.len() - u32::from_le_bytes(*length) as usize..];
    [metadata, &crc32c::crc32c(metadata).to_le_bytes()].concat().into()
}

fn not_written(error: ParquetError) -> Error {
    Error::internal(format!("segment not written: {error}"))
}
