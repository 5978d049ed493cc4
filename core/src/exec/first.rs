//! The first row of each key, which is what ANY and SEMI joins look for partners in; or how many rows of its key
//! came before each row, by which INTERSECT ALL counts.

use super::streamed::{Batches, Operation, Run};
use arrow::array::{BooleanArray, RecordBatch, UInt64Array};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::row::{RowConverter, SortField};
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::physical_expr::PhysicalExpr;
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct First {
    keys: Vec<Arc<dyn PhysicalExpr>>,
    /// A column of places is added, and all rows stay.
    counts: bool,
    schema: SchemaRef,
}

impl First {
    pub(super) fn new(input: SchemaRef, keys: Vec<Arc<dyn PhysicalExpr>>, place: Option<&str>) -> Arc<First> {
        let added = place.map(|name| Arc::new(Field::new(name, DataType::UInt64, false)));
        let fields: Vec<Arc<Field>> = input.fields().iter().cloned().chain(added).collect();
        Arc::new(First { keys, counts: place.is_some(), schema: Arc::new(Schema::new(fields)) })
    }
}

impl Operation for First {
    fn name(&self) -> &'static str {
        "FirstOfKey"
    }

    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn needs_all(&self) -> bool {
        true
    }

    fn exprs(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        self.keys.iter().collect()
    }

    fn start(self: Arc<Self>, memory: &Arc<dyn MemoryPool>) -> Box<dyn Run> {
        let memory = MemoryConsumer::new("first rows of keys").register(memory);
        Box::new(Seen { first: self, converter: None, counts: HashMap::new(), memory })
    }
}

struct Seen {
    first: Arc<First>,
    converter: Option<RowConverter>,
    /// Key → how many rows it had.
    counts: HashMap<Box<[u8]>, u64>,
    memory: MemoryReservation,
}

impl Run for Seen {
    fn push(&mut self, batch: RecordBatch) -> Result<Batches> {
        let rows = batch.num_rows();
        let keys = self.first.keys.iter().map(|key| key.evaluate(&batch)?.into_array(rows));
        let keys = keys.collect::<Result<Vec<_>>>()?;
        let converter = match &mut self.converter {
            Some(converter) => converter,
            None => {
                let fields = keys.iter().map(|key| SortField::new(key.data_type().clone()));
                self.converter.insert(RowConverter::new(fields.collect())?)
            }
        };
        let keys = converter.convert_columns(&keys)?;
        let mut grown = 0;
        let places = (0..rows).map(|row| {
            let key = keys.row(row);
            match self.counts.get_mut(key.as_ref()) {
                Some(count) => {
                    *count += 1;
                    *count
                }
                None => {
                    grown += key.as_ref().len() + size_of::<(Box<[u8]>, u64)>() * 2;
                    self.counts.insert(key.as_ref().into(), 0);
                    0
                }
            }
        });
        let places: Vec<u64> = places.collect();
        self.memory.try_grow(grown)?;
        let batch = if self.first.counts {
            let mut columns = batch.columns().to_vec();
            columns.push(Arc::new(UInt64Array::from(places)));
            RecordBatch::try_new(self.first.schema.clone(), columns)?
        } else {
            let is_first: BooleanArray = places.iter().map(|place| Some(*place == 0)).collect();
            filter_record_batch(&batch, &is_first)?
        };
        Ok(Box::new((batch.num_rows() > 0).then_some(Ok(batch)).into_iter()))
    }
}
