//! Every left row with every right row, in the order that ClickHouse gives them: the left side streams, though the
//! engine's own operator would keep it.

use super::bytes::{batch_bytes, rows_of};
use super::paired::{Batches, PairedExec, Pairing};
use arrow::array::{RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::CrossJoinExec;
use std::sync::Arc;

/// Puts our operator in the place of the engine's.
#[derive(Debug)]
pub(super) struct StreamLeft;

impl PhysicalOptimizerRule for StreamLeft {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|plan| {
            let Some(join) = plan.downcast_ref::<CrossJoinExec>() else { return Ok(Transformed::no(plan)) };
            let inputs = [join.left().clone(), join.right().clone()];
            let schema = plan.schema();
            Ok(Transformed::yes(Arc::new(PairedExec::new(inputs, Arc::new(Cross), schema)) as _))
        })
        .data()
    }

    fn name(&self) -> &str {
        "StreamLeft"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct Cross;

impl Pairing for Cross {
    type Right = RecordBatch;

    fn name(&self) -> &'static str {
        "CrossJoin"
    }

    fn exprs(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        Vec::new()
    }

    fn prepare(&self, right: RecordBatch) -> Result<RecordBatch> {
        Ok(right)
    }

    fn join(&self, left: RecordBatch, right: &Arc<RecordBatch>, schema: &SchemaRef) -> Result<Batches> {
        let (schema, right) = (schema.clone(), right.clone());
        let (width, total) = (right.num_rows(), left.num_rows() * right.num_rows());
        let average = |batch: &RecordBatch| batch_bytes(batch) / batch.num_rows().max(1);
        let rows_max = rows_of(average(&left) + average(&right));
        let pieces = (0..total).step_by(rows_max).map(move |start| {
            let pairs = start..total.min(start + rows_max);
            let ours = UInt32Array::from_iter_values(pairs.clone().map(|pair| (pair / width) as u32));
            let theirs = UInt32Array::from_iter_values(pairs.clone().map(|pair| (pair % width) as u32));
            let columns = left.columns().iter().map(|column| take(column, &ours, None));
            let columns = columns.chain(right.columns().iter().map(|column| take(column, &theirs, None)));
            let options = RecordBatchOptions::new().with_row_count(Some(pairs.len()));
            Ok(RecordBatch::try_new_with_options(schema.clone(), columns.collect::<Result<Vec<_>, _>>()?, &options)?)
        });
        Ok(Box::new(pieces))
    }
}
