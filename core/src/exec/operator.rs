//! Our own operators: which one runs a node that `plan` has put into a logical plan.

use super::array_join;
use super::asof;
use super::final_rows::Final;
use super::first;
use super::gather;
use super::paired::PairedExec;
use super::streamed::StreamedExec;
use super::whole::WholeExec;
use crate::plan::node::Node;
use crate::plan::{ArrayJoin, AsofJoin, FinalRows, FirstOfKey, GatherSet};
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::internal_err;
use datafusion::error::Result;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};
use std::sync::Arc;

/// A planner that knows our nodes.
pub(super) fn planner() -> DefaultPhysicalPlanner {
    DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(Operators)])
}

struct Operators;

#[async_trait]
impl ExtensionPlanner for Operators {
    async fn plan_extension(
        &self,
        planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let ([logical, ..], [input, ..]) = (logical_inputs, physical_inputs) else {
            return internal_err!("{} has no input", node.name());
        };
        let physical = |exprs: &[Expr], input: &LogicalPlan| -> Result<Vec<Arc<dyn PhysicalExpr>>> {
            exprs.iter().map(|expr| planner.create_physical_expr(expr, input.schema(), session, context)).collect()
        };
        if let Some(node) = node.as_any().downcast_ref::<ArrayJoin>() {
            let arrays = physical(node.arrays(), logical)?;
            let operation = array_join::Join::new(input.schema(), arrays, node);
            return Ok(Some(Arc::new(StreamedExec::new(input.clone(), operation))));
        }
        if let Some(node) = node.as_any().downcast_ref::<FirstOfKey>() {
            let operation = first::First::new(input.schema(), physical(node.keys(), logical)?, node.place());
            return Ok(Some(Arc::new(StreamedExec::new(input.clone(), operation))));
        }
        if let Some(node) = node.as_any().downcast_ref::<FinalRows>() {
            return Ok(Some(Arc::new(StreamedExec::new(input.clone(), Final::new(input.schema(), node)?))));
        }
        if node.as_any().is::<GatherSet>() {
            let operation = gather::Gather::new(input.schema());
            return Ok(Some(Arc::new(StreamedExec::new(input.clone(), operation))));
        }
        if let Some(node) = node.as_any().downcast_ref::<AsofJoin>() {
            let ([left, right], [left_input, right_input]) = (logical_inputs, physical_inputs) else {
                return internal_err!("an ASOF JOIN has two inputs");
            };
            let sides = [
                asof::Side { keys: physical(&node.keys[0], left)?, at: physical(&node.at[..1], left)? },
                asof::Side { keys: physical(&node.keys[1], right)?, at: physical(&node.at[1..], right)? },
            ];
            let schema = asof::schema(&left_input.schema(), &right_input.schema(), node.keeps_left);
            let asof = asof::Asof { sides, nearest: node.nearest, keeps_left: node.keeps_left };
            let inputs = [left_input.clone(), right_input.clone()];
            return Ok(Some(Arc::new(PairedExec::new(inputs, Arc::new(asof), schema))));
        }
        if let Some(node) = node.as_any().downcast_ref::<Node>() {
            let exprs = physical(&node.exprs, logical)?;
            return Ok(Some(Arc::new(WholeExec::new(input.clone(), node, exprs))));
        }
        Ok(None)
    }
}
