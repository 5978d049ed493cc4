//! ARRAY JOIN: each row as often as its arrays have items.
//!
//! A batch of arrays can have any number of items, so rows come out in pieces of [`BATCH_ROWS`].

use super::bytes::{least_bytes, rows_of};
use super::streamed::{Batches, Operation, Run};
use crate::error::Error;
use crate::function;
use crate::limits::BATCH_ROWS;
use crate::plan::ArrayJoin;
use crate::sql::exception;
use crate::value::DataType;
use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StructArray, UInt32Array, new_empty_array,
};
use arrow::compute::{interleave, take};
use arrow::datatypes::{DataType as Arrow, Field, Schema, SchemaRef};
use datafusion::common::internal_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use std::sync::Arc;

/// What is done to each batch.
#[derive(Debug)]
pub(super) struct Join {
    arrays: Vec<Arc<dyn PhysicalExpr>>,
    items: Vec<(String, DataType)>,
    keeps_empty: bool,
    schema: SchemaRef,
}

impl Join {
    pub(super) fn new(input: SchemaRef, arrays: Vec<Arc<dyn PhysicalExpr>>, node: &ArrayJoin) -> Arc<Join> {
        let mut fields: Vec<Arc<Field>> = input.fields().iter().cloned().collect();
        fields.extend(node.items().iter().map(|(name, item)| Arc::new(item.to_field(name))));
        let (items, schema) = (node.items().to_vec(), Arc::new(Schema::new(fields)));
        Arc::new(Join { arrays, items, keeps_empty: node.keeps_empty(), schema })
    }
}

impl Operation for Join {
    fn name(&self) -> &'static str {
        "ArrayJoin"
    }

    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn needs_all(&self) -> bool {
        false
    }

    fn exprs(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        self.arrays.iter().collect()
    }

    fn start(self: Arc<Self>, _memory: &Arc<dyn MemoryPool>) -> Box<dyn Run> {
        Box::new(Joining(self))
    }
}

struct Joining(Arc<Join>);

impl Run for Joining {
    fn push(&mut self, batch: RecordBatch) -> Result<Batches> {
        Ok(Box::new(Pieces::new(self.0.clone(), batch)?))
    }
}

/// One array of a batch: where each row's items lie in `values`.
struct Items {
    values: ArrayRef,
    offsets: Vec<u32>,
    /// Of rows whose array is NULL, which have none.
    is_null: Vec<bool>,
    default: ArrayRef,
    /// The first row stands for all.
    is_constant: bool,
}

impl Items {
    fn new(array: &ArrayRef, item: &DataType, is_constant: bool) -> Result<Items> {
        let target = item.to_arrow();
        let (values, offsets): (ArrayRef, &[i32]) = match array.data_type() {
            Arrow::List(_) => {
                let list = array.as_list::<i32>();
                (list.values().clone(), list.value_offsets())
            }
            Arrow::Map(..) => {
                let map = array.as_map();
                let Arrow::Struct(fields) = &target else { return internal_err!("an entry of a map is a tuple") };
                let entries = map.entries();
                let entries = StructArray::try_new(fields.clone(), entries.columns().to_vec(), None)?;
                (Arc::new(entries), map.value_offsets())
            }
            Arrow::Null => (new_empty_array(&target), &[0]),
            other => return internal_err!("ARRAY JOIN of {other}"),
        };
        let values = match *values.data_type() == target {
            true => values,
            false => arrow::compute::cast(&values, &target)?,
        };
        let offsets = match array.data_type() {
            Arrow::Null => vec![0; array.len() + 1],
            _ => offsets.iter().map(|offset| *offset as u32).collect(),
        };
        let is_null = (0..array.len()).map(|row| array.is_null(row)).collect();
        let Some(default) = function::default_of(item) else { return internal_err!("{item} has no default value") };
        Ok(Items { values, offsets, is_null, default: default.to_array()?, is_constant })
    }

    fn place(&self, row: usize) -> usize {
        if self.is_constant { 0 } else { row }
    }

    fn len(&self, row: usize) -> u32 {
        let row = self.place(row);
        if self.is_null[row] { 0 } else { self.offsets[row + 1] - self.offsets[row] }
    }

    /// Where the row's first item is.
    fn start(&self, row: usize) -> u32 {
        self.offsets[self.place(row)]
    }
}

/// The rows that one batch becomes.
struct Pieces {
    join: Arc<Join>,
    batch: RecordBatch,
    items: Vec<Items>,
    /// The row at hand, and how many of its items are out.
    row: usize,
    item: u32,
}

impl Pieces {
    fn new(join: Arc<Join>, batch: RecordBatch) -> Result<Pieces> {
        let rows = batch.num_rows();
        let arrays = join.arrays.iter().zip(&join.items).map(|(array, (_, item))| {
            match array.evaluate(&batch)? {
                // one array for all rows is not repeated for each
                ColumnarValue::Scalar(value) => Items::new(&value.to_array()?, item, true),
                ColumnarValue::Array(array) => Items::new(&array, item, false),
            }
        });
        let items = arrays.collect::<Result<Vec<_>>>()?;
        for (first, other) in items.first().into_iter().flat_map(|first| items[1..].iter().map(move |one| (first, one)))
        {
            if let Some(row) = (0..rows).find(|row| first.len(*row) != other.len(*row)) {
                let (left, right) = (first.len(row), other.len(row));
                let message = format!("the arrays of ARRAY JOIN have {left} and {right} items in one row");
                let error = Error::invalid(message).with_exception_code(exception::SIZES_OF_ARRAYS_DONT_MATCH);
                return Err(DataFusionError::External(Box::new(error)));
            }
        }
        Ok(Pieces { join, batch, items, row: 0, item: 0 })
    }

    /// Up to [`BATCH_ROWS`] rows, or none if all are out.
    fn piece(&mut self) -> Result<Option<RecordBatch>> {
        let Some(first) = self.items.first() else { return internal_err!("an array join has arrays") };
        let mut rows = Vec::new();
        // for each row out, the place of its item in the row; none in a row that has no items
        let mut places: Vec<Option<u32>> = Vec::new();
        let mut has_empty = false;
        let mut rows_max = BATCH_ROWS;
        while self.row < self.batch.num_rows() && rows.len() < rows_max {
            let len = first.len(self.row);
            // a row that holds large arrays itself is not repeated as often
            let columns = self.batch.columns().iter();
            rows_max = rows_max.min(rows_of(columns.map(|column| least_bytes(column, self.row, 1)).sum()));
            if rows.len() >= rows_max {
                break;
            }
            if len == 0 && self.join.keeps_empty {
                rows.push(self.row as u32);
                places.push(None);
                has_empty = true;
            }
            let end = len.min(self.item.saturating_add(rows_max.saturating_sub(rows.len()) as u32));
            rows.extend(std::iter::repeat_n(self.row as u32, (end - self.item) as usize));
            places.extend((self.item..end).map(Some));
            self.item = end;
            if end == len {
                self.row += 1;
                self.item = 0;
            }
        }
        if rows.is_empty() {
            return Ok(None);
        }
        let count = rows.len();
        let items = self.items.iter().map(|items| {
            let place = |(row, place): (&u32, &Option<u32>)| place.map(|place| items.start(*row as usize) + place);
            if has_empty {
                let sources = rows.iter().zip(&places).map(place);
                let sources = sources.map(|source| source.map_or((1, 0), |source| (0, source as usize)));
                return Ok(interleave(&[&items.values, &items.default], &sources.collect::<Vec<_>>())?);
            }
            let sources: UInt32Array = rows.iter().zip(&places).map(place).collect();
            Ok(take(&items.values, &sources, None)?)
        });
        let items = items.collect::<Result<Vec<_>>>()?;
        let rows = UInt32Array::from(rows);
        let mut columns = Vec::with_capacity(self.join.schema.fields().len());
        for column in self.batch.columns() {
            columns.push(take(column, &rows, None)?);
        }
        columns.extend(items);
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        Ok(Some(RecordBatch::try_new_with_options(self.join.schema.clone(), columns, &options)?))
    }
}

impl Iterator for Pieces {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Result<RecordBatch>> {
        self.piece().transpose()
    }
}
