//! Events as text → rows by column; what does not fit goes to quarantine with the reason.

use crate::catalog::DataSource;
use crate::error::{Error, Result};
use arrow::array::RecordBatch;

/// How a data source's events are read: built once per deployment.
pub struct Shape {}

/// One request's events.
pub struct Events {
    /// Rows that fit, as the data source's schema lies in memory.
    pub rows: RecordBatch,
    pub quarantined: Vec<Quarantined>,
}

/// An event that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// The event as sent.
    pub text: String,
    /// Column and reason, each column once.
    pub errors: Vec<(String, String)>,
}

impl Shape {
    pub fn new(_data_source: &DataSource) -> Result<Shape> {
        Err(Error::internal("not yet"))
    }

    /// One JSON object a line. `now_ns` is what `now()` in a DEFAULT means.
    pub fn parse_ndjson(&self, _body: &[u8], _now_ns: i64) -> Result<Events> {
        Err(Error::internal("not yet"))
    }
}
