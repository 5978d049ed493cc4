//! Operators over one input that go batch by batch: each says what it does to a batch, the rest is here.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::internal_err;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::distribution_requirements::InputDistributionRequirements;
use datafusion::physical_plan::execution_plan::{EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties,
    SendableRecordBatchStream,
};
use futures::{StreamExt, stream};
use std::fmt;
use std::sync::Arc;

/// What an operator does.
pub(super) trait Operation: fmt::Debug + Send + Sync {
    fn name(&self) -> &'static str;

    /// What comes out.
    fn schema(&self) -> SchemaRef;

    /// It must see all rows, not those of one partition.
    fn needs_all(&self) -> bool;

    fn exprs(&self) -> Vec<&Arc<dyn PhysicalExpr>>;

    /// One run. What it keeps is accounted for in `memory`.
    fn start(self: Arc<Self>, memory: &Arc<dyn MemoryPool>) -> Box<dyn Run>;
}

pub(super) type Batches = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

pub(super) trait Run: Send {
    /// The rows that come out now.
    fn push(&mut self, batch: RecordBatch) -> Result<Batches>;

    /// The rows that come out once all were pushed.
    fn finish(&mut self) -> Result<Batches> {
        Ok(Box::new(std::iter::empty()))
    }
}

pub(super) struct StreamedExec<O> {
    input: Arc<dyn ExecutionPlan>,
    operation: Arc<O>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl<O: Operation + 'static> StreamedExec<O> {
    pub(super) fn new(input: Arc<dyn ExecutionPlan>, operation: Arc<O>) -> StreamedExec<O> {
        let partitions = if operation.needs_all() { 1 } else { input.output_partitioning().partition_count() };
        let properties = PlanProperties::new(
            EquivalenceProperties::new(operation.schema()),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            input.boundedness(),
        );
        let metrics = ExecutionPlanMetricsSet::new();
        StreamedExec { input, operation, properties: Arc::new(properties), metrics }
    }

    fn over(&self, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(input) => Ok(Arc::new(StreamedExec::new(input, self.operation.clone()))),
            None => internal_err!("{} has one input", self.operation.name()),
        }
    }
}

impl<O: Operation> fmt::Debug for StreamedExec<O> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?} over {:?}", self.operation, self.input)
    }
}

impl<O: Operation> DisplayAs for StreamedExec<O> {
    fn fmt_as(&self, _: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.operation.name())
    }
}

impl<O: Operation + 'static> ExecutionPlan for StreamedExec<O> {
    fn name(&self) -> &str {
        self.operation.name()
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.over(children)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.over(children)
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![match self.operation.needs_all() {
            true => Distribution::SinglePartition,
            false => Distribution::UnspecifiedDistribution,
        }])
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for expr in self.operation.exprs() {
            if f(expr)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let run = self.operation.clone().start(context.memory_pool());
        let input = self.input.execute(partition, context)?;
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        // what is left to read, and what to do with it; none once all was put out
        let state = Some((input, run));
        let batches = stream::unfold(state, |state| async {
            let (mut input, mut run) = state?;
            let next = input.next().await;
            let (out, state) = match next {
                Some(Ok(batch)) => (run.push(batch), Some((input, run))),
                Some(Err(error)) => (Err(error), None),
                None => (run.finish(), None),
            };
            match out {
                Ok(batches) => Some((stream::iter(batches), state)),
                Err(error) => {
                    let failed: Batches = Box::new(std::iter::once(Err(error)));
                    Some((stream::iter(failed), None))
                }
            }
        });
        let batches = batches.flatten().inspect(move |batch: &Result<RecordBatch>| {
            if let Ok(batch) = batch {
                metrics.record_output(batch.num_rows());
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.operation.schema(), batches)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
