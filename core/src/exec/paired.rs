//! Operators over two inputs, of which the left one streams and the right one is kept: each says what a left batch
//! and all right rows give, the rest is here.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use datafusion::common::internal_err;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::distribution_requirements::InputDistributionRequirements;
use datafusion::physical_plan::execution_plan::{EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties,
    SendableRecordBatchStream,
};
use futures::{StreamExt, TryStreamExt, stream};
use std::fmt;
use std::sync::Arc;

pub(super) type Batches = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

/// What an operator does.
pub(super) trait Pairing: fmt::Debug + Send + Sync {
    /// The right side, prepared to be asked.
    type Right: Send + Sync;

    fn name(&self) -> &'static str;

    fn exprs(&self) -> Vec<&Arc<dyn PhysicalExpr>>;

    fn prepare(&self, right: RecordBatch) -> Result<Self::Right>;

    /// What a left batch gives.
    fn join(&self, left: RecordBatch, right: &Arc<Self::Right>, schema: &SchemaRef) -> Result<Batches>;
}

pub(super) struct PairedExec<P> {
    inputs: [Arc<dyn ExecutionPlan>; 2],
    pairing: Arc<P>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl<P: Pairing + 'static> PairedExec<P> {
    pub(super) fn new(inputs: [Arc<dyn ExecutionPlan>; 2], pairing: Arc<P>, schema: SchemaRef) -> PairedExec<P> {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema.clone()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            inputs[0].boundedness(),
        );
        let metrics = ExecutionPlanMetricsSet::new();
        PairedExec { inputs, pairing, schema, properties: Arc::new(properties), metrics }
    }

    fn over(&self, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match <[Arc<dyn ExecutionPlan>; 2]>::try_from(children) {
            Ok(inputs) => Ok(Arc::new(PairedExec::new(inputs, self.pairing.clone(), self.schema.clone()))),
            Err(_) => internal_err!("{} has two inputs", self.pairing.name()),
        }
    }
}

impl<P: Pairing> fmt::Debug for PairedExec<P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?} over {:?}", self.pairing, self.inputs)
    }
}

impl<P: Pairing> DisplayAs for PairedExec<P> {
    fn fmt_as(&self, _: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.pairing.name())
    }
}

impl<P: Pairing + 'static> ExecutionPlan for PairedExec<P> {
    fn name(&self) -> &str {
        self.pairing.name()
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.inputs.iter().collect()
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
        InputDistributionRequirements::new(vec![Distribution::SinglePartition, Distribution::SinglePartition])
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true, false]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for expr in self.pairing.exprs() {
            if f(expr)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let [left, right] = &self.inputs;
        let memory = MemoryConsumer::new("right side of a join").register(context.memory_pool());
        let left = left.execute(partition, context.clone())?;
        let right = right.execute(partition, context)?;
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let (pairing, schema) = (self.pairing.clone(), self.schema.clone());
        let joined = async move {
            let kept = collect(right, &memory).await?;
            let kept = Arc::new(pairing.prepare(kept)?);
            let batches = left.flat_map(move |batch| {
                // held as long as rows are asked for
                let _ = &memory;
                match batch.and_then(|batch| pairing.join(batch, &kept, &schema)) {
                    Ok(batches) => stream::iter(batches),
                    Err(error) => stream::iter(Box::new(std::iter::once(Err(error))) as Batches),
                }
            });
            Result::<_, DataFusionError>::Ok(batches)
        };
        let batches = stream::once(joined).try_flatten().inspect(move |batch: &Result<RecordBatch>| {
            if let Ok(batch) = batch {
                metrics.record_output(batch.num_rows());
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), batches)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

async fn collect(mut input: SendableRecordBatchStream, memory: &MemoryReservation) -> Result<RecordBatch> {
    let schema = input.schema();
    let mut batches = Vec::new();
    while let Some(batch) = input.try_next().await? {
        // the batch itself, and what is made of it to be asked
        memory.try_grow(batch.get_array_memory_size() * 2 + batch.num_rows() * 16)?;
        batches.push(batch);
    }
    Ok(concat_batches(&schema, &batches)?)
}
