//! Runs the plan's own nodes ([`crate::plan::node`]): all rows of the input are taken in as one batch, in their
//! order, and the operation makes of them what comes out.

mod accumulate;
mod fill;
mod frame;
mod limit;
mod window;

use crate::limits::BATCH_ROWS;
use crate::plan::node::{Node, Operation};
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::UserDefinedLogicalNodeCore;
use datafusion::physical_expr::{Distribution, EquivalenceProperties, OrderingRequirements, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, ReplaceChildrenOptions, collect,
};
use std::fmt;
use std::sync::Arc;

/// What an operation gets: all rows, and the values of its expressions for them.
struct Rows<'a> {
    batch: RecordBatch,
    values: Vec<ArrayRef>,
    output: SchemaRef,
    memory: &'a MemoryReservation,
}

#[derive(Debug)]
pub(super) struct WholeExec {
    input: Arc<dyn ExecutionPlan>,
    operation: Operation,
    exprs: Vec<Arc<dyn PhysicalExpr>>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl WholeExec {
    pub(super) fn new(input: Arc<dyn ExecutionPlan>, node: &Node, exprs: Vec<Arc<dyn PhysicalExpr>>) -> WholeExec {
        let schema = Arc::new(UserDefinedLogicalNodeCore::schema(node).as_arrow().clone());
        WholeExec::over(input, node.operation.clone(), exprs, schema)
    }

    fn over(
        input: Arc<dyn ExecutionPlan>,
        operation: Operation,
        exprs: Vec<Arc<dyn PhysicalExpr>>,
        schema: SchemaRef,
    ) -> WholeExec {
        let equivalence = match operation.keeps_order() {
            true => input.properties().equivalence_properties().clone(),
            false => EquivalenceProperties::new(schema.clone()),
        };
        let properties = PlanProperties::new(
            equivalence,
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        WholeExec {
            input,
            operation,
            exprs,
            schema,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }

    fn run(&self, batches: Vec<RecordBatch>, memory: &MemoryReservation) -> Result<RecordBatch> {
        let batch = whole(&self.input.schema(), &batches)?;
        drop(batches);
        let count = batch.num_rows();
        let values = self.exprs.iter().map(|expr| expr.evaluate(&batch)?.into_array(count));
        let values = values.collect::<Result<Vec<_>>>()?;
        let rows = Rows { batch, values, output: self.schema.clone(), memory };
        match &self.operation {
            Operation::Window(window) => window::run(window, rows),
            Operation::LimitBy { offset, limit } => limit::by(rows, *offset, *limit),
            Operation::LimitWithTies { offset, limit } => limit::with_ties(rows, *offset, *limit),
            Operation::Slice(slice) => Ok(limit::slice(rows, slice)),
            Operation::Fill(fill) => fill::run(fill, &self.exprs, rows),
        }
    }
}

/// All rows as one batch, which may have no columns at all.
fn whole(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<RecordBatch> {
    if schema.fields().is_empty() {
        let count = batches.iter().map(RecordBatch::num_rows).sum();
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        return Ok(RecordBatch::try_new_with_options(schema.clone(), Vec::new(), &options)?);
    }
    Ok(concat_batches(schema, batches)?)
}

impl DisplayAs for WholeExec {
    fn fmt_as(&self, _: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "WholeExec: {:?}", self.operation)
    }
}

impl ExecutionPlan for WholeExec {
    fn name(&self) -> &str {
        "WholeExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![Distribution::SinglePartition]
    }

    /// The order that the input has means something: rows are numbered in it.
    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        vec![self.input.properties().output_ordering().map(|order| OrderingRequirements::from(order.clone()))]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![self.operation.keeps_order()]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.swap_remove(0);
        Ok(Arc::new(WholeExec::over(input, self.operation.clone(), self.exprs.clone(), self.schema.clone())))
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.swap_remove(0);
        Ok(Arc::new(WholeExec::over(input, self.operation.clone(), self.exprs.clone(), self.schema.clone())))
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for expr in &self.exprs {
            if f(expr)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, _partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let again =
            WholeExec::over(self.input.clone(), self.operation.clone(), self.exprs.clone(), self.schema.clone());
        let metrics = BaselineMetrics::new(&self.metrics, 0);
        let result = async move {
            let memory = MemoryConsumer::new("whole").register(context.memory_pool());
            let batches = collect(again.input.clone(), context).await?;
            let bytes: usize = batches.iter().map(RecordBatch::get_array_memory_size).sum();
            // the rows as they came, and as one batch
            memory.try_grow(bytes.saturating_mul(2))?;
            let out = again.run(batches, &memory)?;
            metrics.record_output(out.num_rows());
            Ok(out)
        };
        let pieces = |whole: Result<RecordBatch>| {
            let pieces: Vec<Result<RecordBatch>> = match whole {
                Ok(batch) => (0..batch.num_rows())
                    .step_by(BATCH_ROWS)
                    .map(|start| Ok(batch.slice(start, BATCH_ROWS.min(batch.num_rows() - start))))
                    .collect(),
                Err(error) => vec![Err(error)],
            };
            futures::stream::iter(pieces)
        };
        let stream = futures::StreamExt::flat_map(futures::stream::once(result), pieces);
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), stream)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
