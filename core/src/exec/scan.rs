//! Reads the segments and the tail of a data source.
//!
//! The token's row filter comes first and alone: a row that fails it is gone before any other
//! expression of the query sees it, so that not even an error message can tell of it. Then the
//! query's own conditions, then the other columns, decoded only for the rows that are left.

use crate::catalog::DataSource;
use crate::plan::{Part, failure};
use crate::segment::{Footer, SparseBytes};
use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, internal_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::utils::{collect_columns, reassign_expr_columns};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr, create_physical_expr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, SendableRecordBatchStream,
};
use datafusion::scalar::ScalarValue;
use parquet::arrow::arrow_reader::{ArrowPredicate, ArrowPredicateFn, RowFilter};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A data source as one query reads it.
#[derive(Debug)]
pub(crate) struct Table {
    pub data_source: Arc<DataSource>,
    schema: SchemaRef,
    row_filter: Vec<Expr>,
    /// Reads the rows that a view is run over, not all rows.
    pub is_block: bool,
    input: OnceLock<Input>,
}

/// What was found and fetched.
#[derive(Clone, Default)]
pub(crate) struct Input {
    pub segments: Vec<SegmentInput>,
    pub tail: Vec<RecordBatch>,
}

#[derive(Clone)]
pub(crate) struct SegmentInput {
    pub footer: Footer,
    /// What to read of it; their `doubtful` are of [`Table::conditions`].
    pub parts: Vec<Part>,
    pub bytes: SparseBytes,
}

impl fmt::Debug for Input {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} segments, {} tail batches", self.segments.len(), self.tail.len())
    }
}

impl Table {
    pub(super) fn new(data_source: Arc<DataSource>, row_filter: Vec<Expr>, is_block: bool) -> Table {
        let fields: Vec<_> = data_source.columns.iter().map(|column| column.data_type.to_field(&column.name)).collect();
        Table { data_source, schema: Arc::new(Schema::new(fields)), row_filter, is_block, input: OnceLock::new() }
    }

    /// The same for another scan.
    pub(super) fn unfed(&self) -> Table {
        Table::new(self.data_source.clone(), self.row_filter.clone(), self.is_block)
    }

    /// All that a row has to satisfy: the token's conditions, then the plan's.
    pub(super) fn conditions<'a>(&'a self, filters: &'a [Expr]) -> impl Iterator<Item = &'a Expr> {
        self.row_filter.iter().chain(filters.iter().flat_map(split_conjunction))
    }

    pub(crate) fn arrow_schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(crate) fn feed(&self, input: Input) {
        assert!(self.input.set(input).is_ok(), "a scan is fed once");
    }
}

#[async_trait]
impl TableProvider for Table {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        // a subquery has no value yet when the scan is planned
        Ok(filters
            .iter()
            .map(|filter| match has_subquery(filter) {
                true => TableProviderFilterPushDown::Unsupported,
                false => TableProviderFilterPushDown::Exact,
            })
            .collect())
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(input) = self.input.get() else {
            return internal_err!("{} is read before it was fed", self.data_source.name);
        };
        let df_schema = DFSchema::try_from(self.schema.clone())?;
        let predicates = self
            .conditions(filters)
            .map(|filter| {
                create_physical_expr(filter, &df_schema, &ExecutionProps::new(), &PhysicalPlanningContext::default())
            })
            .collect::<Result<_>>()?;
        let columns = match projection {
            Some(columns) => columns.clone(),
            None => (0..self.schema.fields().len()).collect(),
        };
        let schema = Arc::new(self.schema.project(&columns)?);
        let scan = Scan { table_schema: self.schema.clone(), schema, predicates, input: input.clone(), limit };
        Ok(Arc::new(SegmentScanExec::new(scan, self.data_source.name.clone())))
    }
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

/// What one execution reads.
#[derive(Clone, Debug)]
struct Scan {
    /// All columns of the data source.
    table_schema: SchemaRef,
    /// The columns that it gives.
    schema: SchemaRef,
    predicates: Vec<Arc<dyn PhysicalExpr>>,
    input: Input,
    limit: Option<usize>,
}

impl Scan {
    fn batches(self) -> impl Iterator<Item = Result<RecordBatch>> + Send {
        let scan = Arc::new(self);
        let parts: Vec<(usize, usize)> = (scan.input.segments.iter().enumerate())
            .flat_map(|(index, segment)| (0..segment.parts.len()).map(move |part| (index, part)))
            .collect();
        let tail = scan.clone();
        let segments = parts.into_iter().flat_map(move |(segment, part)| scan.part(segment, part));
        let tail = (0..tail.input.tail.len())
            .map(move |index| tail.in_memory(tail.complete(tail.input.tail[index].clone())?, 0..tail.predicates.len()));
        segments.chain(tail)
    }

    fn part(&self, segment: usize, part: usize) -> Batches {
        let segment = &self.input.segments[segment];
        let part = &segment.parts[part];
        let has = |name: &&str| segment.footer.schema().field_with_name(name).is_ok();
        let wanted = self.wanted(part);
        let opened = match wanted.iter().all(has) {
            true => self.late(segment, part),
            false => self.with_defaults(segment, part, &wanted.into_iter().filter(has).collect::<Vec<_>>()),
        };
        opened.unwrap_or_else(|error| Box::new(std::iter::once(Err(error))))
    }

    /// Names of the columns that are put out or looked at.
    fn wanted(&self, part: &Part) -> Vec<&str> {
        let mut names: Vec<&str> = self.schema.fields().iter().map(|field| field.name().as_str()).collect();
        for predicate in &part.doubtful {
            for column in collect_columns(&self.predicates[*predicate]) {
                let name = self.table_schema.field(column.index()).name();
                if !names.contains(&name.as_str()) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// Filters while decoding.
    fn late(&self, segment: &SegmentInput, part: &Part) -> Result<Batches> {
        let doubtful = part.doubtful.iter().map(|predicate| &self.predicates[*predicate]);
        let predicates =
            doubtful.map(|predicate| self.arrow_predicate(predicate, &segment.footer)).collect::<Result<Vec<_>>>()?;
        let filter = (!predicates.is_empty()).then(|| RowFilter::new(predicates));
        let columns: Vec<&str> = self.schema.fields().iter().map(|field| field.name().as_str()).collect();
        let reader = segment
            .footer
            .read(&part.row_groups, &columns, segment.bytes.clone(), filter)
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        let schema = self.schema.clone();
        Ok(Box::new(reader.map(move |batch| {
            let batch = batch.map_err(|error| DataFusionError::External(Box::new(error)))?;
            with_schema(batch, &schema)
        })))
    }

    fn arrow_predicate(&self, predicate: &Arc<dyn PhysicalExpr>, footer: &Footer) -> Result<Box<dyn ArrowPredicate>> {
        let mut fields: Vec<_> = collect_columns(predicate)
            .iter()
            .map(|column| self.table_schema.field(column.index()).name().clone())
            .collect();
        fields.sort_by_key(|name| footer.schema().index_of(name).ok());
        fields.dedup();
        let names: Vec<&str> = fields.iter().map(String::as_str).collect();
        let mask = footer.mask(&names);
        let fields: Vec<_> =
            fields.iter().filter_map(|name| self.table_schema.field_with_name(name).ok().cloned()).collect();
        let schema = Arc::new(Schema::new(fields));
        let predicate = reassign_expr_columns(predicate.clone(), &schema)?;
        Ok(Box::new(ArrowPredicateFn::new(mask, move |batch: RecordBatch| {
            let batch = with_schema(batch, &schema).map_err(into_arrow)?;
            truth(&predicate, &batch).map_err(into_arrow)
        })))
    }

    /// A segment from before a column was added: what it lacks has default values.
    fn with_defaults(&self, segment: &SegmentInput, part: &Part, stored: &[&str]) -> Result<Batches> {
        let reader = segment
            .footer
            .read(&part.row_groups, stored, segment.bytes.clone(), None)
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        let (scan, doubtful) = (self.clone(), part.doubtful.clone());
        Ok(Box::new(reader.map(move |batch| {
            let batch = batch.map_err(|error| DataFusionError::External(Box::new(error)))?;
            scan.in_memory(scan.complete(batch)?, doubtful.iter().copied())
        })))
    }

    /// Rows from before a column was added get its default value.
    fn complete(&self, batch: RecordBatch) -> Result<RecordBatch> {
        if batch.schema().fields() == self.table_schema.fields() {
            return Ok(batch);
        }
        let columns = self.table_schema.fields().iter().map(|field| match batch.column_by_name(field.name()) {
            Some(column) => Ok(column.clone()),
            None if field.is_nullable() => Ok(new_null_array(field.data_type(), batch.num_rows())),
            None => ScalarValue::new_default(field.data_type())?.to_array_of_size(batch.num_rows()),
        });
        let columns = columns.collect::<Result<Vec<ArrayRef>>>()?;
        Ok(RecordBatch::try_new(self.table_schema.clone(), columns)?)
    }

    /// Filters by `predicates` and projects a batch that has all columns of the data source.
    fn in_memory(&self, mut batch: RecordBatch, predicates: impl Iterator<Item = usize>) -> Result<RecordBatch> {
        for predicate in predicates {
            let keep = truth(&self.predicates[predicate], &batch)?;
            if keep.null_count() > 0 || keep.false_count() > 0 {
                batch = filter_record_batch(&batch, &keep)?;
            }
        }
        let columns = self.schema.fields().iter().map(|field| self.table_schema.index_of(field.name()));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        with_schema(batch.project(&columns)?, &self.schema)
    }
}

fn has_subquery(filter: &Expr) -> bool {
    filter
        .exists(|part| Ok(matches!(part, Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::Exists(_))))
        .unwrap_or(true)
}

fn truth(predicate: &Arc<dyn PhysicalExpr>, batch: &RecordBatch) -> Result<BooleanArray> {
    let values = predicate.evaluate(batch)?.into_array(batch.num_rows())?;
    match values.as_any().downcast_ref::<BooleanArray>() {
        Some(values) => Ok(values.clone()),
        None => internal_err!("the condition {predicate} gives {}", values.data_type()),
    }
}

/// The same columns under our own schema: files carry metadata that plans do not expect.
fn with_schema(batch: RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(schema.clone(), batch.columns().to_vec(), &options)?)
}

fn into_arrow(error: DataFusionError) -> ArrowError {
    ArrowError::ExternalError(Box::new(failure(error)))
}

/// The operator at the bottom of every plan.
#[derive(Debug)]
struct SegmentScanExec {
    scan: Scan,
    name: String,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl SegmentScanExec {
    fn new(scan: Scan, name: String) -> SegmentScanExec {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(scan.schema.clone()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        SegmentScanExec { scan, name, properties: Arc::new(properties), metrics: ExecutionPlanMetricsSet::new() }
    }
}

impl DisplayAs for SegmentScanExec {
    fn fmt_as(&self, _: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SegmentScanExec: {}, {:?}", self.name, self.scan.input)
    }
}

impl ExecutionPlan for SegmentScanExec {
    fn name(&self) -> &str {
        "SegmentScanExec"
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
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for predicate in &self.scan.predicates {
            if f(predicate)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, _partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let metrics = BaselineMetrics::new(&self.metrics, 0);
        let limit = self.scan.limit;
        let mut given = 0;
        let batches = self.scan.clone().batches().take_while(move |batch| {
            let wanted = limit.is_none_or(|limit| given < limit);
            given += batch.as_ref().map_or(0, RecordBatch::num_rows);
            wanted
        });
        let batches = batches.inspect(move |batch| {
            if let Ok(batch) = batch {
                metrics.record_output(batch.num_rows());
            }
        });
        let schema = self.scan.schema.clone();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::iter(batches))))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
