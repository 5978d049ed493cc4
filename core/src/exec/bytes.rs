//! How many bytes rows surely take: those of texts are often shared, so only their views count.

use crate::limits::{BATCH_BYTES_MAX, BATCH_ROWS};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::DataType;

/// Of `len` rows from `start`.
pub(super) fn least_bytes(array: &dyn Array, start: usize, len: usize) -> usize {
    if len == 0 {
        return 0;
    }
    match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let (from, to) = (list.value_offsets()[start] as usize, list.value_offsets()[start + len] as usize);
            len * 4 + least_bytes(list.values(), from, to - from)
        }
        DataType::Map(..) => {
            let map = array.as_map();
            let (from, to) = (map.value_offsets()[start] as usize, map.value_offsets()[start + len] as usize);
            len * 4 + least_bytes(map.entries(), from, to - from)
        }
        DataType::Struct(_) => {
            array.as_struct().columns().iter().map(|column| least_bytes(column, start, len)).sum::<usize>() + len
        }
        DataType::FixedSizeBinary(width) => len * *width as usize,
        DataType::Utf8View | DataType::BinaryView => len * 16,
        other => len * other.primitive_width().unwrap_or(1),
    }
}

/// Of all rows of a batch.
pub(super) fn batch_bytes(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(|column| least_bytes(column, 0, batch.num_rows())).sum()
}

/// How many rows of so many bytes each one batch holds.
pub(super) fn rows_of(row_bytes: usize) -> usize {
    (BATCH_BYTES_MAX / row_bytes.max(1)).clamp(1, BATCH_ROWS)
}
