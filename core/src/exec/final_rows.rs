//! FINAL: all rows of a data source sorted by its key, and those that agree in it folded as the engine says.

use super::streamed::{Batches, Operation, Run};
use crate::batch;
use crate::catalog::DataSource;
use crate::error::Error;
use crate::fold::{Purpose, fold};
use crate::limits::BATCH_ROWS;
use crate::plan::{Expressions, FinalRows};
use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::{SortColumn, SortOptions, concat_batches, lexsort_to_indices, take_record_batch};
use arrow::datatypes::SchemaRef;
use datafusion::common::internal_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::physical_expr::PhysicalExpr;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Final {
    /// With those of its columns that the input has, in its order.
    data_source: DataSource,
    /// Names of the plan.
    schema: SchemaRef,
}

impl Final {
    pub(super) fn new(input: SchemaRef, node: &FinalRows) -> Result<Arc<Final>> {
        let mut columns = Vec::with_capacity(input.fields().len());
        for field in input.fields() {
            let Some(index) = node.names.iter().position(|name| name == field.name()) else {
                return internal_err!("{} is no column of {}", field.name(), node.data_source.name);
            };
            columns.push(node.data_source.columns[index].clone());
        }
        let data_source = DataSource { columns, ..node.data_source.as_ref().clone() };
        Ok(Arc::new(Final { data_source, schema: input }))
    }
}

impl Operation for Final {
    fn name(&self) -> &'static str {
        "FinalRows"
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
        let memory = MemoryConsumer::new("rows of a FINAL").register(memory);
        Box::new(Folding { operation: self, batches: Vec::new(), memory })
    }
}

struct Folding {
    operation: Arc<Final>,
    batches: Vec<RecordBatch>,
    memory: MemoryReservation,
}

impl Run for Folding {
    fn push(&mut self, batch: RecordBatch) -> Result<Batches> {
        // as they come, and sorted
        self.memory.try_grow(batch.get_array_memory_size() * 2)?;
        self.batches.push(batch);
        Ok(Box::new(std::iter::empty()))
    }

    fn finish(&mut self) -> Result<Batches> {
        let Final { data_source, schema } = self.operation.as_ref();
        let columns = data_source.columns.iter().map(|column| (column.name.clone(), column.data_type.clone()));
        let named = batch::Schema(columns.collect());
        let rows = concat_batches(schema, &std::mem::take(&mut self.batches))?;
        let rows = RecordBatch::try_new(named.to_arrow(), rows.columns().to_vec())?;
        let external = |error: Error| DataFusionError::External(Box::new(error));
        let keys = Expressions::new(&data_source.engine.sorting_key, &named).map_err(external)?;
        let key = keys.evaluate(&rows).map_err(external)?;
        let mut sort: Vec<SortColumn> = (key.iter())
            .map(|values| SortColumn {
                values: values.clone(),
                options: Some(SortOptions { descending: false, nulls_first: false }),
            })
            .collect();
        // rows of one key stay in the order in which they arrived
        let arrival = Arc::new(UInt32Array::from_iter_values(0..rows.num_rows() as u32));
        sort.push(SortColumn { values: arrival, options: None });
        let order = lexsort_to_indices(&sort, None)?;
        let rows = take_record_batch(&rows, &order)?;
        let key = key.iter().map(|values| arrow::compute::take(values, &order, None)).collect::<Result<Vec<_>, _>>()?;
        let folded = fold(data_source, rows, &key, Purpose::Final).map_err(external)?;
        let folded = RecordBatch::try_new(schema.clone(), folded.columns().to_vec())?;
        let count = folded.num_rows();
        let pieces = (0..count).step_by(BATCH_ROWS);
        Ok(Box::new(pieces.map(move |start| Ok(folded.slice(start, BATCH_ROWS.min(count - start))))))
    }
}
