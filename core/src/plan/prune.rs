//! Which row groups of a segment can hold a row that a query wants.
//!
//! A conjunct is tried on the least and greatest value of its column in each row group. It may wrap
//! the column in functions that keep order (`toDate(timestamp) >= '2026-01-01'`): these are run on
//! the bounds. Whatever is not understood keeps the row group.

use super::expression::evaluate;
use crate::function;
use crate::segment::Footer;
use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, Scalar};
use arrow::compute::kernels::cmp;
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::common::{Column, DFSchema};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, Operator};
use datafusion::physical_expr::create_physical_expr;
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

/// The row groups of a segment that may hold rows for which all of `filters` are true.
pub(crate) fn row_groups(filters: &[Expr], footer: &Footer, schema: &SchemaRef) -> Vec<usize> {
    let count = footer.row_group_count();
    let mut keep = vec![true; count];
    for filter in filters {
        if let Some(possible) = possible(filter, footer, schema) {
            keep.iter_mut().zip(possible).for_each(|(keep, possible)| *keep &= possible);
        }
    }
    (0..count).filter(|row_group| keep[*row_group]).collect()
}

/// For each row group, whether `filter` can be true for a row of it; `None` if that is not known.
fn possible(filter: &Expr, footer: &Footer, schema: &SchemaRef) -> Option<Vec<bool>> {
    match filter {
        Expr::BinaryExpr(binary) => match binary.op {
            Operator::And => {
                let left = possible(&binary.left, footer, schema);
                let right = possible(&binary.right, footer, schema);
                match (left, right) {
                    (Some(left), Some(right)) => Some(left.iter().zip(right).map(|(a, b)| *a && b).collect()),
                    (known, None) | (None, known) => known,
                }
            }
            Operator::Or => {
                let left = possible(&binary.left, footer, schema)?;
                let right = possible(&binary.right, footer, schema)?;
                Some(left.iter().zip(right).map(|(a, b)| *a || b).collect())
            }
            op => match (evaluate(&binary.left), evaluate(&binary.right)) {
                (None, Some(Ok(value))) => compared(&binary.left, op, &value, footer, schema),
                (Some(Ok(value)), None) => compared(&binary.right, op.swap()?, &value, footer, schema),
                _ => None,
            },
        },
        Expr::InList(list) if !list.negated => {
            let mut any = vec![false; footer.row_group_count()];
            for item in &list.list {
                let value = evaluate(item)?.ok()?;
                let possible = compared(&list.expr, Operator::Eq, &value, footer, schema)?;
                any.iter_mut().zip(possible).for_each(|(any, possible)| *any |= possible);
            }
            Some(any)
        }
        Expr::Between(between) if !between.negated => {
            let low = evaluate(&between.low)?.ok()?;
            let high = evaluate(&between.high)?.ok()?;
            let low = compared(&between.expr, Operator::GtEq, &low, footer, schema)?;
            let high = compared(&between.expr, Operator::LtEq, &high, footer, schema)?;
            Some(low.iter().zip(high).map(|(a, b)| *a && b).collect())
        }
        _ => None,
    }
}

fn compared(expr: &Expr, op: Operator, value: &ScalarValue, footer: &Footer, schema: &SchemaRef) -> Option<Vec<bool>> {
    let column = ordered_column(expr)?;
    let field = schema.field_with_name(&column.name).ok()?;
    let bounds = footer.bounds(&column.name)?;
    let least = along(expr, column, field, &bounds.min)?;
    let greatest = along(expr, column, field, &bounds.max)?;
    if least.data_type() != &value.data_type() || value.is_null() {
        return None;
    }
    let value = Scalar::new(value.to_array().ok()?);
    let sides = match op {
        Operator::Eq => vec![cmp::lt_eq(&least, &value).ok()?, cmp::gt_eq(&greatest, &value).ok()?],
        Operator::Lt => vec![cmp::lt(&least, &value).ok()?],
        Operator::LtEq => vec![cmp::lt_eq(&least, &value).ok()?],
        Operator::Gt => vec![cmp::gt(&greatest, &value).ok()?],
        Operator::GtEq => vec![cmp::gt_eq(&greatest, &value).ok()?],
        _ => return None,
    };
    let known = |side: &BooleanArray, row_group: usize| side.is_null(row_group) || side.value(row_group);
    Some((0..footer.row_group_count()).map(|row_group| sides.iter().all(|side| known(side, row_group))).collect())
}

/// The only column of an expression that grows (or stays) as the column grows.
fn ordered_column(expr: &Expr) -> Option<&Column> {
    match expr {
        Expr::Column(column) => Some(column),
        Expr::ScalarFunction(call) if function::is_monotonic(call.func.name()) => {
            let (first, rest) = call.args.split_first()?;
            rest.iter().all(|argument| evaluate(argument).is_some()).then_some(())?;
            ordered_column(first)
        }
        _ => None,
    }
}

/// Runs the expression on one bound of each row group.
fn along(expr: &Expr, column: &Column, field: &Field, bound: &ArrayRef) -> Option<ArrayRef> {
    if let Expr::Column(_) = expr {
        return Some(bound.clone());
    }
    let schema = Arc::new(Schema::new(vec![Field::new(&column.name, field.data_type().clone(), true)]));
    let df_schema = match &column.relation {
        Some(relation) => DFSchema::try_from_qualified_schema(relation.clone(), &schema).ok()?,
        None => DFSchema::try_from(schema.clone()).ok()?,
    };
    let physical =
        create_physical_expr(expr, &df_schema, &ExecutionProps::new(), &PhysicalPlanningContext::default()).ok()?;
    let batch = RecordBatch::try_new(schema, vec![bound.clone()]).ok()?;
    physical.evaluate(&batch).ok()?.into_array(bound.len()).ok()
}
