//! DataFusion's driver over bytes in memory, and the operators it lacks.
//!
//! `optimize` turns a bound plan into one whose scans know their columns and filters, so that
//! `query` can say what must be read; `run` executes it. Nothing here waits for anything: all
//! bytes are there before the first operator starts.

mod array_join;
mod asof;
mod bytes;
mod codes;
mod cross;
mod final_rows;
mod first;
mod gather;
mod made;
mod operator;
mod paired;
mod scan;
mod session;
mod streamed;
mod whole;

pub(crate) use scan::{Input, SegmentInput, Table};

use crate::batch::{Rows, Schema};
use crate::catalog::DataSource;
use crate::error::{Error, Result};
use crate::plan::{Made, Tables, failure};
use crate::sql::exception;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::batch_bytes;
use datafusion::catalog::Session;
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::logical_expr::{Expr, LogicalPlan, TableSource};
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream, execute_stream};
use futures::StreamExt;
use made::MadeTable;
use session::QuerySession;
use std::cell::Cell;
use std::sync::Arc;

/// Gives the binder scans that are fed later.
#[derive(Default)]
pub(crate) struct Scans {
    /// The next scan is of the rows that a view is run over.
    next_is_block: Cell<bool>,
}

impl Scans {
    /// Of a view: the first data source that its SQL names is the one whose rows come in.
    pub(crate) fn of_view() -> Scans {
        Scans { next_is_block: Cell::new(true) }
    }
}

impl Tables for Scans {
    fn table(&self, data_source: &Arc<DataSource>, row_filter: Vec<Expr>) -> Arc<dyn TableSource> {
        let is_block = self.next_is_block.take();
        provider_as_source(Arc::new(Table::new(data_source.clone(), row_filter, is_block)))
    }

    fn made(&self, made: &Made) -> Arc<dyn TableSource> {
        provider_as_source(Arc::new(MadeTable::new(made.clone())))
    }
}

/// A plan that says what it reads.
pub(crate) struct Optimized {
    plan: LogicalPlan,
    session: QuerySession,
    memory_bytes_max: usize,
    pub scans: Vec<Scan>,
}

impl Optimized {
    /// The plan, a line for each operator.
    pub(crate) fn explain(&self) -> String {
        self.plan.display_indent().to_string()
    }
}

/// One read of a data source.
pub(crate) struct Scan {
    pub table: Arc<Table>,
    /// Conditions that every row it gives satisfies, the token's first.
    pub filters: Vec<Expr>,
    /// Columns that it gives.
    output: Vec<String>,
}

impl Scan {
    /// The columns that it gives, and those that these of its filters look at.
    pub(crate) fn columns(&self, filters: &[usize]) -> Vec<&str> {
        let mut columns: Vec<&str> = self.output.iter().map(String::as_str).collect();
        for column in filters.iter().flat_map(|filter| self.filters[*filter].column_refs()) {
            if !columns.contains(&column.name.as_str()) {
                columns.push(&column.name);
            }
        }
        columns
    }
}

pub(crate) fn optimize(plan: LogicalPlan, memory_bytes_max: usize) -> Result<Optimized> {
    let session = QuerySession::new(memory_bytes_max)?;
    let plan = with_tables_of_their_own(session.optimize(plan)?)?;
    let mut scans = Vec::new();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            let provider = source_as_provider(&scan.source)?;
            let provider: Arc<dyn std::any::Any + Send + Sync> = provider;
            // what is made is not read
            let Ok(table) = provider.downcast::<Table>() else { return Ok(TreeNodeRecursion::Continue) };
            let output = scan.projected_schema.fields().iter().map(|field| field.name().clone()).collect();
            let filters = table.conditions(&scan.filters).cloned().collect();
            scans.push(Scan { table, filters, output });
        }
        Ok(TreeNodeRecursion::Continue)
    })
    .map_err(failure)?;
    Ok(Optimized { plan, session, memory_bytes_max, scans })
}

/// A subquery stands in the plan twice where an alias repeats it, or where a condition on a UNION goes down to its
/// members; but a table is fed for one scan.
fn with_tables_of_their_own(plan: LogicalPlan) -> Result<LogicalPlan> {
    let mut seen: Vec<*const ()> = Vec::new();
    let rewritten = plan.transform_down_with_subqueries(|node| {
        let LogicalPlan::TableScan(mut scan) = node else { return Ok(Transformed::no(node)) };
        let address = Arc::as_ptr(&scan.source).cast();
        if !seen.contains(&address) {
            seen.push(address);
            return Ok(Transformed::no(LogicalPlan::TableScan(scan)));
        }
        let provider = source_as_provider(&scan.source)?;
        let provider: Arc<dyn std::any::Any + Send + Sync> = provider;
        let Ok(table) = provider.downcast::<Table>() else {
            return Ok(Transformed::no(LogicalPlan::TableScan(scan)));
        };
        scan.source = provider_as_source(Arc::new(table.unfed()));
        Ok(Transformed::yes(LogicalPlan::TableScan(scan)))
    });
    Ok(rewritten.map_err(failure)?.data)
}

/// Rows, and how many there were before the outermost LIMIT.
pub(crate) struct Ran {
    pub rows: Rows,
    pub rows_before_limit: Option<u64>,
}

/// Executes a plan whose scans have been fed.
pub(crate) fn run(optimized: Optimized, schema: Schema) -> Result<Ran> {
    let Optimized { plan, session, memory_bytes_max, .. } = optimized;
    // plans may spawn tasks; on one thread they take turns, and none of them ever waits for I/O
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| Error::internal(format!("no runtime for the query: {error}")))?;
    let (batches, physical) = runtime.block_on(async {
        let physical = session.physical(&plan).await?;
        let batches =
            collected(execute_stream(physical.clone(), session.task_ctx()).map_err(failure)?, memory_bytes_max).await?;
        Result::<_, Error>::Ok((batches, physical))
    })?;
    let arrow = schema.to_arrow();
    let batches = batches
        .into_iter()
        .filter(|batch| batch.num_rows() > 0)
        .map(|batch| conform(batch, &arrow))
        .collect::<Result<_>>()?;
    let rows_before_limit = rows_before_limit(&physical);
    Ok(Ran { rows: Rows { schema, batches }, rows_before_limit })
}

/// All rows of the result, as long as they are fewer than the memory of the query could hold. Texts of a column are
/// often shared with other rows, so only what is surely a row's own counts.
async fn collected(mut rows: SendableRecordBatchStream, memory_bytes_max: usize) -> Result<Vec<RecordBatch>> {
    let mut batches = Vec::new();
    let mut held = 0;
    while let Some(batch) = rows.next().await {
        let batch = batch.map_err(failure)?;
        held += batch_bytes(&batch);
        if held > memory_bytes_max {
            let message =
                format!("the result holds more than the {memory_bytes_max} bytes that the query may: use LIMIT");
            return Err(Error::limit(message).with_exception_code(exception::MEMORY));
        }
        batches.push(batch);
    }
    Ok(batches)
}

/// The result lies as its schema says, or we were wrong while binding.
fn conform(batch: RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| {
        match column.data_type() == field.data_type() {
            true => Ok(column.clone()),
            false => arrow::compute::cast(column, field.data_type()),
        }
    });
    let columns = columns.collect::<Result<Vec<_>, _>>();
    columns
        .and_then(|columns| RecordBatch::try_new(schema.clone(), columns))
        .map_err(|error| Error::internal(format!("the result does not lie as planned: {error}")))
}

/// What the operator below the outermost LIMIT put out.
fn rows_before_limit(plan: &Arc<dyn ExecutionPlan>) -> Option<u64> {
    let mut plan = plan;
    loop {
        let limited = plan.fetch().is_some() || plan.name() == "GlobalLimitExec";
        let [input] = plan.children()[..] else { return None };
        if limited {
            // a limit over a limit is one limit
            let mut input = input;
            while input.fetch().is_some() {
                let [below] = input.children()[..] else { break };
                input = below;
            }
            return input.metrics()?.output_rows().map(|rows| rows as u64);
        }
        plan = input;
    }
}
