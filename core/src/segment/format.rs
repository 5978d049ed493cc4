//! What a segment file is made of, and the footer beside it.
//!
//! ```text
//! file:    "PAR1" │ row group 0: chunk of column 0, 1, … │ row group 1 … │ page index │ metadata │ length │ "PAR1"
//! footer:  metadata │ CRC-32C of it (4 bytes, little-endian)
//! ```
//!
//! The metadata (Parquet's own Thrift) carries, under [`CHECKSUMS`], the CRC-32C of every column
//! chunk as 8 hex digits each, row group by row group, leaf column by leaf column: the unit of
//! reading is the unit of checking.

use crate::limits::{PAGE_ROWS_MAX, ROW_GROUP_ROWS_MAX};
use arrow::datatypes::{DataType, Schema};
use parquet::arrow::ArrowSchemaConverter;
use parquet::basic::{Compression, Encoding, Type};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

/// Key of the file's metadata that holds the checksums of its column chunks.
pub(super) const CHECKSUMS: &str = "sanderling.crc32c";

/// Distinct values of a number column are kept in a dictionary while they take less than this;
/// beyond it differences are smaller and as fast to read.
const NUMBER_DICTIONARY_BYTES_MAX: usize = 32 << 10;

/// LZ4 decodes several times faster than ZSTD, in WASM above all, and costs a few tens of percent
/// in size.
pub(super) fn properties(schema: &Schema) -> parquet::errors::Result<WriterProperties> {
    let mut properties = WriterProperties::builder()
        .set_created_by("sanderling".to_owned())
        .set_compression(Compression::LZ4_RAW)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS_MAX))
        .set_data_page_row_count_limit(PAGE_ROWS_MAX)
        .set_statistics_enabled(EnabledStatistics::Page);
    let parquet_schema = ArrowSchemaConverter::new().convert(schema)?;
    for (index, column) in parquet_schema.columns().iter().enumerate() {
        let path = column.path().clone();
        match column.physical_type() {
            // moments come nearly sorted: differences are small and a dictionary never pays
            Type::INT32 | Type::INT64
                if is_moment(schema.field(parquet_schema.get_column_root_idx(index)).data_type()) =>
            {
                properties = properties
                    .set_column_dictionary_enabled(path.clone(), false)
                    .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
            }
            Type::INT32 | Type::INT64 => {
                properties = properties
                    .set_column_dictionary_page_size_limit(path.clone(), NUMBER_DICTIONARY_BYTES_MAX)
                    .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
            }
            _ => {}
        }
    }
    Ok(properties.build())
}

fn is_moment(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(..) | DataType::Date32)
}

pub(super) fn print_checksums(checksums: &[u32]) -> String {
    checksums.iter().map(|checksum| format!("{checksum:08x}")).collect()
}

pub(super) fn parse_checksums(text: &str) -> Option<Vec<u32>> {
    if !text.is_ascii() || !text.len().is_multiple_of(8) {
        return None;
    }
    (0..text.len()).step_by(8).map(|at| u32::from_str_radix(&text[at..at + 8], 16).ok()).collect()
}
