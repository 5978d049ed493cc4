//! DataFusion's driver over bytes in memory, and the operators it lacks.
//!
//! `optimize` turns a bound plan into one whose scans know their columns and filters, so that
//! `query` can say what must be read; `run` executes it. Nothing here waits for anything: all
//! bytes are there before the first operator starts.

mod scan;

pub(crate) use scan::{Input, SegmentInput, Table};

use crate::batch::{Rows, Schema};
use crate::catalog::DataSource;
use crate::error::{Error, Result};
use crate::limits;
use crate::plan::{Tables, failure};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::config::{ConfigNonZeroUsize, ConfigOptions};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::execution::SessionState;
use datafusion::execution::context::SessionConfig;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::{Expr, LogicalPlan, TableSource};
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use std::sync::Arc;

/// Gives the binder scans that are fed later.
pub(crate) struct Scans;

impl Tables for Scans {
    fn table(&self, data_source: &Arc<DataSource>, row_filter: Vec<Expr>) -> Arc<dyn TableSource> {
        provider_as_source(Arc::new(Table::new(data_source.clone(), row_filter)))
    }
}

/// A plan that says what it reads.
pub(crate) struct Optimized {
    plan: LogicalPlan,
    state: SessionState,
    pub scans: Vec<Scan>,
}

/// One read of a data source.
pub(crate) struct Scan {
    pub table: Arc<Table>,
    /// Columns that any operator or filter looks at.
    pub columns: Vec<String>,
    /// Conditions that every row it gives satisfies, the token's first.
    pub filters: Vec<Expr>,
}

pub(crate) fn optimize(plan: LogicalPlan, memory_bytes_max: usize) -> Result<Optimized> {
    let state = session(memory_bytes_max)?;
    let plan = state.optimizer().optimize(plan, &state, |_, _| {}).map_err(failure)?;
    let mut scans = Vec::new();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            let provider = source_as_provider(&scan.source)?;
            let provider: Arc<dyn std::any::Any + Send + Sync> = provider;
            let table = provider.downcast::<Table>().expect("every scan of a plan is of a Table");
            let mut columns: Vec<String> =
                scan.projected_schema.fields().iter().map(|field| field.name().clone()).collect();
            let filters: Vec<Expr> = table.row_filter().iter().chain(&scan.filters).cloned().collect();
            for column in filters.iter().flat_map(Expr::column_refs) {
                if !columns.contains(&column.name) {
                    columns.push(column.name.clone());
                }
            }
            scans.push(Scan { table, columns, filters });
        }
        Ok(TreeNodeRecursion::Continue)
    })
    .map_err(failure)?;
    Ok(Optimized { plan, state, scans })
}

/// Rows, and how many there were before the outermost LIMIT.
pub(crate) struct Ran {
    pub rows: Rows,
    pub rows_before_limit: Option<u64>,
}

/// Executes a plan whose scans have been fed.
pub(crate) fn run(optimized: Optimized, schema: Schema) -> Result<Ran> {
    let Optimized { plan, state, .. } = optimized;
    // plans may spawn tasks; on one thread they take turns, and none of them ever waits for I/O
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| Error::internal(format!("no runtime for the query: {error}")))?;
    let (batches, physical) = runtime.block_on(async {
        let physical = DefaultPhysicalPlanner::default().create_physical_plan(&plan, &state).await.map_err(failure)?;
        let batches = collect(physical.clone(), state.task_ctx()).await.map_err(failure)?;
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

fn session(memory_bytes_max: usize) -> Result<SessionState> {
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(GreedyMemoryPool::new(memory_bytes_max)))
        .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled))
        .build_arc()
        .map_err(failure)?;
    let mut options = ConfigOptions::new();
    options.execution.batch_size = ConfigNonZeroUsize::try_new(limits::BATCH_ROWS).map_err(failure)?;
    options.execution.target_partitions = 1;
    options.execution.collect_statistics = false;
    options.optimizer.max_passes = 2;
    options.optimizer.skip_failed_rules = false;
    let config = SessionConfig::from(options);
    // without defaults: our function table, no catalogs, no file formats
    Ok(SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_session_id("query".to_owned())
        .build())
}
