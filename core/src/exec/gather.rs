//! The rows of a subquery as one set: what `IN` asks.

use super::streamed::{Batches, Operation, Run};
use crate::plan::set_type;
use arrow::array::{Array, ArrayRef, BooleanArray, ListArray, RecordBatch, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::{DataType as Arrow, Field, Schema, SchemaRef};
use arrow::row::{RowConverter, SortField};
use datafusion::common::internal_err;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::physical_expr::PhysicalExpr;
use std::collections::HashSet;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Gather {
    input: SchemaRef,
    schema: SchemaRef,
}

impl Gather {
    pub(super) fn new(input: SchemaRef) -> Arc<Gather> {
        let field = Field::new("set", set_type(input.fields().clone()), false);
        Arc::new(Gather { input, schema: Arc::new(Schema::new(vec![field])) })
    }
}

impl Operation for Gather {
    fn name(&self) -> &'static str {
        "GatherSet"
    }

    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn needs_all(&self) -> bool {
        true
    }

    fn exprs(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        Vec::new()
    }

    fn start(self: Arc<Self>, memory: &Arc<dyn MemoryPool>) -> Box<dyn Run> {
        let memory = MemoryConsumer::new("set of an IN").register(memory);
        Box::new(Gathering { gather: self, seen: HashSet::new(), batches: Vec::new(), memory })
    }
}

struct Gathering {
    gather: Arc<Gather>,
    seen: HashSet<Box<[u8]>>,
    batches: Vec<RecordBatch>,
    memory: MemoryReservation,
}

impl Run for Gathering {
    fn push(&mut self, batch: RecordBatch) -> Result<Batches> {
        let fields = batch.columns().iter().map(|column| SortField::new(column.data_type().clone()));
        let rows = RowConverter::new(fields.collect())?.convert_columns(batch.columns())?;
        let mut grown = 0;
        let is_new: BooleanArray = (0..batch.num_rows())
            .map(|row| {
                let row = rows.row(row);
                let is_new = !self.seen.contains(row.as_ref());
                if is_new {
                    // once here, once in the set that is asked
                    grown += (row.as_ref().len() + size_of::<Box<[u8]>>()) * 2;
                    self.seen.insert(row.as_ref().into());
                }
                Some(is_new)
            })
            .collect();
        let batch = filter_record_batch(&batch, &is_new)?;
        self.memory.try_grow(grown + batch.get_array_memory_size())?;
        if batch.num_rows() > 0 {
            self.batches.push(batch);
        }
        Ok(Box::new(std::iter::empty()))
    }

    fn finish(&mut self) -> Result<Batches> {
        self.seen = HashSet::new();
        let all = concat_batches(&self.gather.input, &self.batches)?;
        let Arrow::List(item) = self.gather.schema.field(0).data_type() else {
            return internal_err!("a set is a list");
        };
        let Arrow::Struct(fields) = item.data_type() else { return internal_err!("a set is a list of rows") };
        let rows: ArrayRef = Arc::new(StructArray::try_new(fields.clone(), all.columns().to_vec(), None)?);
        let list = ListArray::try_new(item.clone(), OffsetBuffer::from_lengths([rows.len()]), rows, None)?;
        let batch = RecordBatch::try_new(self.gather.schema.clone(), vec![Arc::new(list)])?;
        Ok(Box::new(std::iter::once(Ok(batch))))
    }
}
