//! A segment: an immutable sorted Parquet file, and the footer that a manifest keeps of it.

use crate::batch::Schema;
use crate::error::{Error, Result};
use arrow::array::{ArrayRef, RecordBatch};
use bytes::Bytes;
use std::ops::Range;
use std::sync::Arc;

/// A segment as written.
pub struct Written {
    pub bytes: Bytes,
    /// For [`crate::manifest::Segment::footer`].
    pub footer: Arc<[u8]>,
    pub rows: u64,
}

/// Encodes rows that are already sorted and lie as `schema` says.
pub fn write(_schema: &Schema, _rows: &[RecordBatch]) -> Result<Written> {
    Err(Error::internal("not yet"))
}

/// What can be known of a segment without reading it.
#[derive(Clone)]
pub struct Footer {}

/// Least and greatest value and count of NULLs of one column, one entry for each row group.
/// An entry of `min` or `max` that is NULL is unknown.
pub struct Bounds {
    pub min: ArrayRef,
    pub max: ArrayRef,
    pub null_count: Vec<Option<u64>>,
}

impl Footer {
    pub fn decode(_footer: &[u8]) -> Result<Footer> {
        Err(Error::internal("not yet"))
    }

    pub fn row_group_count(&self) -> usize {
        0
    }

    pub fn row_group_rows(&self, _row_group: usize) -> u64 {
        0
    }

    /// Where one column of one row group lies in the file.
    pub fn column_range(&self, _row_group: usize, _column: &str) -> Option<Range<u64>> {
        None
    }

    pub fn bounds(&self, _column: &str) -> Option<Bounds> {
        None
    }
}
