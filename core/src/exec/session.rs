//! DataFusion's settings and rules for one query: those of its rules that our plans can profit from.
//!
//! A session of our own rather than the engine's `SessionState`, because that brings all rules there
//! are, and the edge pays for each of them twice: in the worker's size, and in every query's planning.

use super::codes::group_by_codes;
use super::cross::StreamLeft;
use super::operator;
use crate::error::Result;
use crate::limits;
use crate::plan::failure;
use async_trait::async_trait;
use datafusion::catalog::{CatalogProviderList, MemoryCatalogProviderList, Session};
use datafusion::common::DFSchema;
use datafusion::config::{ConfigNonZeroUsize, ConfigOptions, TableOptions};
use datafusion::error::Result as EngineResult;
use datafusion::execution::TaskContext;
use datafusion::execution::config::SessionConfig;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::registry::{ExtensionTypeRegistryRef, MemoryExtensionTypeRegistry};
use datafusion::logical_expr::{AggregateUDF, Expr, HigherOrderUDF, LogicalPlan, ScalarUDF, WindowUDF};
use datafusion::optimizer::common_subexpr_eliminate::CommonSubexprEliminate;
use datafusion::optimizer::eliminate_cross_join::EliminateCrossJoin;
use datafusion::optimizer::eliminate_filter::EliminateFilter;
use datafusion::optimizer::eliminate_outer_join::EliminateOuterJoin;
use datafusion::optimizer::extract_equijoin_predicate::ExtractEquijoinPredicate;
use datafusion::optimizer::optimize_projections::OptimizeProjections;
use datafusion::optimizer::propagate_empty_relation::PropagateEmptyRelation;
use datafusion::optimizer::push_down_filter::PushDownFilter;
use datafusion::optimizer::push_down_limit::PushDownLimit;
use datafusion::optimizer::replace_distinct_aggregate::ReplaceDistinctWithAggregate;
use datafusion::optimizer::scalar_subquery_to_join::ScalarSubqueryToJoin;
use datafusion::optimizer::simplify_expressions::SimplifyExpressions;
use datafusion::optimizer::{Optimizer, OptimizerContext, OptimizerRule};
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::combine_partial_final_agg::CombinePartialFinalAggregate;
use datafusion::physical_optimizer::ensure_requirements::EnsureRequirements;
use datafusion::physical_optimizer::limited_distinct_aggregation::LimitedDistinctAggregation;
use datafusion::physical_optimizer::output_requirements::OutputRequirements;
use datafusion::physical_optimizer::projection_pushdown::ProjectionPushdown;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::PhysicalPlanner;
use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

type LogicalRule = Arc<dyn OptimizerRule + Send + Sync>;
type PhysicalRule = Arc<dyn PhysicalOptimizerRule + Send + Sync>;

/// In this order, as DataFusion has them.
fn logical_rules() -> Vec<LogicalRule> {
    vec![
        Arc::new(SimplifyExpressions::new()),
        Arc::new(ReplaceDistinctWithAggregate::new()),
        Arc::new(ScalarSubqueryToJoin::new()),
        Arc::new(ExtractEquijoinPredicate::new()),
        Arc::new(EliminateFilter::new()),
        Arc::new(EliminateCrossJoin::new()),
        Arc::new(PropagateEmptyRelation::new()),
        Arc::new(EliminateOuterJoin::new()),
        Arc::new(PushDownLimit::new()),
        Arc::new(PushDownFilter::new()),
        Arc::new(CommonSubexprEliminate::new()),
        Arc::new(OptimizeProjections::new()),
    ]
}

/// One partition and scans without statistics leave little to choose.
fn physical_rules() -> Vec<PhysicalRule> {
    vec![
        Arc::new(StreamLeft),
        Arc::new(OutputRequirements::new_add_mode()),
        Arc::new(LimitedDistinctAggregation::new()),
        Arc::new(EnsureRequirements::new()),
        Arc::new(CombinePartialFinalAggregate::new()),
        Arc::new(OutputRequirements::new_remove_mode()),
        Arc::new(ProjectionPushdown::new()),
    ]
}

/// What one query is planned and run with.
pub(super) struct QuerySession {
    config: SessionConfig,
    runtime: Arc<RuntimeEnv>,
    physical_rules: Vec<PhysicalRule>,
    execution_props: ExecutionProps,
    table_options: TableOptions,
    extension_types: ExtensionTypeRegistryRef,
    functions: Functions,
}

/// Plans hold their functions themselves, so nothing is looked up by name.
#[derive(Default)]
struct Functions {
    scalar: HashMap<String, Arc<ScalarUDF>>,
    higher_order: HashMap<String, Arc<HigherOrderUDF>>,
    aggregate: HashMap<String, Arc<AggregateUDF>>,
    window: HashMap<String, Arc<WindowUDF>>,
}

impl QuerySession {
    pub(super) fn new(memory_bytes_max: usize) -> Result<QuerySession> {
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
        // the binder's types say what may be NULL, and the result is held to them; what the engine derives on its two
        // levels may differ in that alone
        options.execution.skip_physical_aggregate_schema_check = true;
        Ok(QuerySession {
            config: SessionConfig::from(options),
            runtime,
            physical_rules: physical_rules(),
            execution_props: ExecutionProps::new(),
            table_options: TableOptions::default(),
            extension_types: Arc::new(MemoryExtensionTypeRegistry::new_empty()),
            functions: Functions::default(),
        })
    }

    pub(super) fn optimize(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let context = OptimizerContext::new_with_config_options(self.config.options().clone())
            .without_query_execution_start_time();
        let plan = Optimizer::with_rules(logical_rules()).optimize(plan, &context, |_, _| {}).map_err(failure)?;
        group_by_codes(plan, &self.runtime.memory_pool).map_err(failure)
    }

    pub(super) async fn physical(&self, plan: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>> {
        operator::planner().create_physical_plan(plan, self).await.map_err(failure)
    }
}

#[async_trait]
impl Session for QuerySession {
    fn session_id(&self) -> &str {
        "query"
    }

    fn config(&self) -> &SessionConfig {
        &self.config
    }

    fn catalog_list(&self) -> Arc<dyn CatalogProviderList> {
        Arc::new(MemoryCatalogProviderList::new())
    }

    fn physical_optimizers(&self) -> &[PhysicalRule] {
        &self.physical_rules
    }

    async fn create_physical_plan(&self, plan: &LogicalPlan) -> EngineResult<Arc<dyn ExecutionPlan>> {
        operator::planner().create_physical_plan(plan, self).await
    }

    fn create_physical_expr(&self, expr: Expr, schema: &DFSchema) -> EngineResult<Arc<dyn PhysicalExpr>> {
        create_physical_expr(&expr, schema, &self.execution_props, &PhysicalPlanningContext::default())
    }

    fn scalar_functions(&self) -> &HashMap<String, Arc<ScalarUDF>> {
        &self.functions.scalar
    }

    fn higher_order_functions(&self) -> &HashMap<String, Arc<HigherOrderUDF>> {
        &self.functions.higher_order
    }

    fn aggregate_functions(&self) -> &HashMap<String, Arc<AggregateUDF>> {
        &self.functions.aggregate
    }

    fn window_functions(&self) -> &HashMap<String, Arc<WindowUDF>> {
        &self.functions.window
    }

    fn extension_type_registry(&self) -> &ExtensionTypeRegistryRef {
        &self.extension_types
    }

    fn runtime_env(&self) -> &Arc<RuntimeEnv> {
        &self.runtime
    }

    fn execution_props(&self) -> &ExecutionProps {
        &self.execution_props
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn table_options(&self) -> &TableOptions {
        &self.table_options
    }

    fn table_options_mut(&mut self) -> &mut TableOptions {
        &mut self.table_options
    }

    fn task_ctx(&self) -> Arc<TaskContext> {
        Arc::new(TaskContext::from(self as &dyn Session))
    }
}
