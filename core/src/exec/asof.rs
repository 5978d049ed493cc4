//! ASOF JOIN: each left row with the right row of its key that is nearest on one side of its moment.
//!
//! The right side's rows of one key are sorted by moment. Keys and moments are compared as Arrow rows, whose bytes
//! sort as the values do.

use super::paired::{Batches, Pairing};
use crate::plan::Nearest;
use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::error::Result;
use datafusion::physical_expr::PhysicalExpr;
use std::collections::HashMap;
use std::sync::Arc;

/// What is compared of one side: equal keys, and the one moment.
#[derive(Clone, Debug)]
pub(super) struct Side {
    pub(super) keys: Vec<Arc<dyn PhysicalExpr>>,
    pub(super) at: Vec<Arc<dyn PhysicalExpr>>,
}

#[derive(Debug)]
pub(super) struct Asof {
    pub(super) sides: [Side; 2],
    pub(super) nearest: Nearest,
    pub(super) keeps_left: bool,
}

/// What comes out of these two inputs.
pub(super) fn schema(left: &SchemaRef, right: &SchemaRef, keeps_left: bool) -> SchemaRef {
    let theirs = right.fields().iter().map(|field| match keeps_left {
        true => Arc::new(field.as_ref().clone().with_nullable(true)),
        false => field.clone(),
    });
    let fields: Vec<Arc<Field>> = left.fields().iter().cloned().chain(theirs).collect();
    Arc::new(Schema::new(fields))
}

impl Pairing for Asof {
    type Right = Partners;

    fn name(&self) -> &'static str {
        "AsofJoin"
    }

    fn exprs(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        self.sides.iter().flat_map(|side| side.keys.iter().chain(&side.at)).collect()
    }

    fn prepare(&self, right: RecordBatch) -> Result<Partners> {
        Partners::new(right, &self.sides[1])
    }

    fn join(&self, left: RecordBatch, partners: &Arc<Partners>, schema: &SchemaRef) -> Result<Batches> {
        let compared = Compared::new(&self.sides[0], &left)?;
        let (mut ours, mut theirs) = (Vec::with_capacity(left.num_rows()), Vec::with_capacity(left.num_rows()));
        for row in 0..left.num_rows() {
            let partner = partners.find(&compared, row, self.nearest);
            if partner.is_some() || self.keeps_left {
                ours.push(row as u32);
                theirs.push(partner);
            }
        }
        let (ours, theirs) = (UInt32Array::from(ours), UInt32Array::from(theirs));
        let columns = left.columns().iter().map(|column| take(column, &ours, None));
        let columns = columns.chain(partners.batch.columns().iter().map(|column| take(column, &theirs, None)));
        let options = RecordBatchOptions::new().with_row_count(Some(ours.len()));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let batch = RecordBatch::try_new_with_options(schema.clone(), columns, &options)?;
        Ok(Box::new(std::iter::once(Ok(batch))))
    }
}

/// Keys and moments of one batch, as comparable bytes.
struct Compared {
    keys: Rows,
    at: Rows,
    /// Rows without a NULL: the others have no partner.
    valid: Vec<bool>,
}

impl Compared {
    fn new(side: &Side, batch: &RecordBatch) -> Result<Compared> {
        let evaluate = |exprs: &[Arc<dyn PhysicalExpr>]| -> Result<Vec<ArrayRef>> {
            exprs.iter().map(|expr| expr.evaluate(batch)?.into_array(batch.num_rows())).collect()
        };
        let (keys, at) = (evaluate(&side.keys)?, evaluate(&side.at)?);
        let valid = (0..batch.num_rows()).map(|row| keys.iter().chain(&at).all(|column| column.is_valid(row)));
        let valid = valid.collect();
        let rows = |columns: &[ArrayRef]| -> Result<Rows> {
            let fields = columns.iter().map(|column| SortField::new(column.data_type().clone()));
            Ok(RowConverter::new(fields.collect())?.convert_columns(columns)?)
        };
        Ok(Compared { keys: rows(&keys)?, at: rows(&at)?, valid })
    }
}

/// The right side.
pub(super) struct Partners {
    batch: RecordBatch,
    compared: Compared,
    /// Rows of each key by moment.
    rows_of_key: HashMap<Box<[u8]>, Vec<u32>>,
}

impl Partners {
    fn new(batch: RecordBatch, side: &Side) -> Result<Partners> {
        let compared = Compared::new(side, &batch)?;
        let mut rows_of_key: HashMap<Box<[u8]>, Vec<u32>> = HashMap::new();
        for row in (0..batch.num_rows()).filter(|row| compared.valid[*row]) {
            let key = compared.keys.row(row);
            match rows_of_key.get_mut(key.as_ref()) {
                Some(rows) => rows.push(row as u32),
                None => drop(rows_of_key.insert(key.as_ref().into(), vec![row as u32])),
            }
        }
        for rows in rows_of_key.values_mut() {
            rows.sort_by(|a, b| compared.at.row(*a as usize).cmp(&compared.at.row(*b as usize)));
        }
        Ok(Partners { batch, compared, rows_of_key })
    }

    fn find(&self, probe: &Compared, row: usize, nearest: Nearest) -> Option<u32> {
        if !probe.valid[row] {
            return None;
        }
        let rows = self.rows_of_key.get(probe.keys.row(row).as_ref())?;
        let at = probe.at.row(row);
        let moment = |row: &u32| self.compared.at.row(*row as usize);
        let index = match nearest {
            Nearest::NotAfter => rows.partition_point(|row| moment(row).as_ref() <= at.as_ref()).checked_sub(1)?,
            Nearest::Before => rows.partition_point(|row| moment(row).as_ref() < at.as_ref()).checked_sub(1)?,
            Nearest::NotBefore => rows.partition_point(|row| moment(row).as_ref() < at.as_ref()),
            Nearest::After => rows.partition_point(|row| moment(row).as_ref() <= at.as_ref()),
        };
        rows.get(index).copied()
    }
}
