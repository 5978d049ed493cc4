//! Table functions: rows that are made batch by batch while they are asked for.

mod random;

use crate::error::Error;
use crate::limits::{BATCH_ROWS, MADE_ROWS_MAX};
use crate::plan::Made;
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, UInt8Array, UInt64Array};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::internal_err;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, SendableRecordBatchStream,
};
use random::Generator;
use std::fmt;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct MadeTable {
    made: Made,
    schema: SchemaRef,
}

impl MadeTable {
    pub(super) fn new(made: Made) -> MadeTable {
        let schema = made.schema().to_arrow();
        MadeTable { made, schema }
    }
}

#[async_trait]
impl TableProvider for MadeTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        _session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let columns = match projection {
            Some(columns) => columns.clone(),
            None => (0..self.schema.fields().len()).collect(),
        };
        let schema = Arc::new(self.schema.project(&columns)?);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema.clone()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            // what has no end ends in an error, so that any operator may stand above it
            Boundedness::Bounded,
        );
        Ok(Arc::new(MadeExec {
            made: self.made.clone(),
            columns,
            schema,
            limit,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }))
    }
}

#[derive(Debug)]
struct MadeExec {
    made: Made,
    columns: Vec<usize>,
    schema: SchemaRef,
    limit: Option<usize>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl DisplayAs for MadeExec {
    fn fmt_as(&self, _: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "MadeExec: {:?}", self.schema.fields())
    }
}

impl ExecutionPlan for MadeExec {
    fn name(&self) -> &str {
        "MadeExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn replace_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(self: Arc<Self>, _children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let batches = Batches {
            source: Source::new(&self.made),
            columns: self.columns.clone(),
            schema: self.schema.clone(),
            wanted: self.limit.unwrap_or(usize::MAX),
        };
        let batches = batches.inspect(move |batch| {
            if let Ok(batch) = batch {
                metrics.record_output(batch.num_rows());
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), futures::stream::iter(batches))))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// What is left to make.
struct Batches {
    source: Source,
    columns: Vec<usize>,
    schema: SchemaRef,
    wanted: usize,
}

enum Source {
    Series { next: u64, step: u64, left: Left },
    Zeros { left: Left },
    Random { generator: Box<Generator>, left: Left },
    Rows(std::vec::IntoIter<RecordBatch>),
}

/// Rows that may still be made.
struct Left {
    rows: u64,
    /// There would be more: the end is an error.
    is_cut: bool,
}

impl Left {
    fn new(count: Option<u64>) -> Left {
        Left {
            rows: count.unwrap_or(u64::MAX).min(MADE_ROWS_MAX),
            is_cut: count.is_none_or(|count| count > MADE_ROWS_MAX),
        }
    }

    fn take(&mut self, wanted: usize) -> Result<usize> {
        let count = self.rows.min(wanted.min(BATCH_ROWS) as u64);
        self.rows -= count;
        if count == 0 && self.is_cut {
            let error = Error::limit(format!("a table function made {MADE_ROWS_MAX} rows: a LIMIT must stop it"));
            return Err(DataFusionError::External(Box::new(error)));
        }
        Ok(count as usize)
    }
}

impl Source {
    fn new(made: &Made) -> Source {
        match made {
            Made::Series { from, step, count, .. } => {
                Source::Series { next: *from, step: *step, left: Left::new(*count) }
            }
            Made::Zeros { count } => Source::Zeros { left: Left::new(*count) },
            Made::Random(random) => {
                Source::Random { generator: Box::new(Generator::new(random)), left: Left::new(None) }
            }
            Made::Rows(rows) => Source::Rows(rows.batches.clone().into_iter()),
        }
    }

    /// All columns of the next rows, and how many these are; no rows are the end.
    fn next(&mut self, wanted: usize, columns: &[usize]) -> Result<(Vec<ArrayRef>, usize)> {
        match self {
            Source::Series { next, step, left } => {
                let count = left.take(wanted)?;
                let first = *next;
                *next = first.wrapping_add(step.wrapping_mul(count as u64));
                let value = |index: usize| first.wrapping_add(step.wrapping_mul(index as u64));
                let numbers = || -> ArrayRef { Arc::new(UInt64Array::from_iter_values((0..count).map(value))) };
                Ok((columns.iter().map(|_| numbers()).collect(), count))
            }
            Source::Zeros { left } => {
                let count = left.take(wanted)?;
                let zeros = || -> ArrayRef { Arc::new(UInt8Array::from(vec![0; count])) };
                Ok((columns.iter().map(|_| zeros()).collect(), count))
            }
            Source::Random { generator, left } => {
                let count = left.take(wanted)?;
                let all = generator.rows(count)?;
                Ok((columns.iter().map(|column| all[*column].clone()).collect(), count))
            }
            Source::Rows(batches) => {
                let Some(batch) = batches.find(|batch| batch.num_rows() > 0) else { return Ok((Vec::new(), 0)) };
                if columns.iter().any(|column| *column >= batch.num_columns()) {
                    return internal_err!("rows of a table function lack columns");
                }
                let batch = batch.slice(0, batch.num_rows().min(wanted));
                Ok((columns.iter().map(|column| batch.column(*column).clone()).collect(), batch.num_rows()))
            }
        }
    }

    fn batch(&mut self, wanted: usize, columns: &[usize], schema: &SchemaRef) -> Result<Option<RecordBatch>> {
        let (arrays, count) = self.next(wanted, columns)?;
        if count == 0 {
            return Ok(None);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        Ok(Some(RecordBatch::try_new_with_options(schema.clone(), arrays, &options)?))
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Result<RecordBatch>> {
        if self.wanted == 0 {
            return None;
        }
        let batch = self.source.batch(self.wanted, &self.columns, &self.schema).transpose()?;
        self.wanted = match &batch {
            Ok(batch) => self.wanted - batch.num_rows(),
            Err(_) => 0,
        };
        Some(batch)
    }
}
