//! Rows in memory, by column: Arrow batches with the ClickHouse types they stand for.

use crate::value::DataType;
use arrow::array::RecordBatch;
use arrow::datatypes::{Schema as ArrowSchema, SchemaRef};
use std::sync::Arc;

/// Names and types of columns, in order.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Schema(pub Vec<(String, DataType)>);

impl Schema {
    pub fn to_arrow(&self) -> SchemaRef {
        Arc::new(ArrowSchema::new(self.0.iter().map(|(name, data_type)| data_type.to_field(name)).collect::<Vec<_>>()))
    }

    pub fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|(known, _)| known == name)
    }
}

/// A result: every batch lies as `schema` says ([`DataType::to_arrow`]).
#[derive(Clone, Debug)]
pub struct Rows {
    pub schema: Schema,
    pub batches: Vec<RecordBatch>,
}

impl Rows {
    pub fn count(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}
