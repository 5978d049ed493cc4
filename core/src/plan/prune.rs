//! What the bounds of row groups say of a query's conditions.
//!
//! A conjunct is tried on the least and greatest value of its column in each row group. It may wrap
//! the column in functions that keep order (`toDate(timestamp) >= '2026-01-01'`): these are run on
//! the bounds. A row group that a condition rules out is not read; a condition that a row group's
//! bounds prove is not tried on its rows, and the columns that only it looks at are not read.

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
use std::cmp::Ordering;
use std::sync::Arc;

/// Row groups of a segment that stand in doubt of the same conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub row_groups: Vec<usize>,
    /// Indexes of the filters that are to be tried row by row.
    pub doubtful: Vec<usize>,
}

/// What the bounds of one row group say of a condition. The least of two is their AND, the greatest
/// their OR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    /// It is true for no row.
    Never,
    Unknown,
    /// It is true for every row.
    Always,
}

/// The row groups of a segment that may hold rows for which all of `filters` are true, in their order.
pub(crate) fn parts(filters: &[Expr], footer: &Footer, schema: &SchemaRef) -> Vec<Part> {
    let judge = Judge { footer, schema };
    let verdicts: Vec<Vec<Verdict>> = filters.iter().map(|filter| judge.verdicts(filter)).collect();
    let mut parts: Vec<Part> = Vec::new();
    for row_group in 0..footer.row_group_count() {
        if verdicts.iter().any(|verdicts| verdicts[row_group] == Verdict::Never) {
            continue;
        }
        let doubtful = (0..filters.len()).filter(|filter| verdicts[*filter][row_group] == Verdict::Unknown).collect();
        match parts.last_mut() {
            Some(part) if part.doubtful == doubtful => part.row_groups.push(row_group),
            _ => parts.push(Part { row_groups: vec![row_group], doubtful }),
        }
    }
    parts
}

struct Judge<'a> {
    footer: &'a Footer,
    schema: &'a SchemaRef,
}

impl Judge<'_> {
    /// One verdict for each row group.
    fn verdicts(&self, filter: &Expr) -> Vec<Verdict> {
        self.understood(filter).unwrap_or_else(|| self.all(Verdict::Unknown))
    }

    fn all(&self, verdict: Verdict) -> Vec<Verdict> {
        vec![verdict; self.footer.row_group_count()]
    }

    fn understood(&self, filter: &Expr) -> Option<Vec<Verdict>> {
        match filter {
            Expr::BinaryExpr(binary) => match binary.op {
                Operator::And => Some(and(self.verdicts(&binary.left), self.verdicts(&binary.right))),
                Operator::Or => Some(or(self.verdicts(&binary.left), self.verdicts(&binary.right))),
                op => match (evaluate(&binary.left), evaluate(&binary.right)) {
                    (None, Some(Ok(value))) => self.compared(&binary.left, op, &value),
                    (Some(Ok(value)), None) => self.compared(&binary.right, op.swap()?, &value),
                    _ => None,
                },
            },
            Expr::InList(list) => {
                let (op, join): (_, fn(_, _) -> _) =
                    if list.negated { (Operator::NotEq, and) } else { (Operator::Eq, or) };
                let items = list.list.iter().map(|item| self.compared(&list.expr, op, &evaluate(item)?.ok()?));
                items.reduce(|all, item| Some(join(all?, item?)))?
            }
            Expr::Between(between) if !between.negated => {
                let low = self.compared(&between.expr, Operator::GtEq, &evaluate(&between.low)?.ok()?)?;
                let high = self.compared(&between.expr, Operator::LtEq, &evaluate(&between.high)?.ok()?)?;
                Some(and(low, high))
            }
            _ => None,
        }
    }

    fn compared(&self, expr: &Expr, op: Operator, value: &ScalarValue) -> Option<Vec<Verdict>> {
        let column = ordered_column(expr)?;
        let field = self.schema.field_with_name(&column.name).ok()?;
        let bounds = self.footer.bounds(&column.name)?;
        let least = along(expr, column, field, &bounds.min)?;
        let greatest = along(expr, column, field, &bounds.max)?;
        if least.data_type() != &value.data_type() || value.is_null() {
            return None;
        }
        let value = Scalar::new(value.to_array().ok()?);
        let (least, greatest) = (Compared::new(&least, &value)?, Compared::new(&greatest, &value)?);
        let verdict = |row_group: usize| {
            let (least, greatest) = (least.at(row_group)?, greatest.at(row_group)?);
            let (possible, certain) = match op {
                Operator::Eq => (least.is_le() && greatest.is_ge(), least.is_eq() && greatest.is_eq()),
                Operator::NotEq => (!(least.is_eq() && greatest.is_eq()), least.is_gt() || greatest.is_lt()),
                Operator::Lt => (least.is_lt(), greatest.is_lt()),
                Operator::LtEq => (least.is_le(), greatest.is_le()),
                Operator::Gt => (greatest.is_gt(), least.is_gt()),
                Operator::GtEq => (greatest.is_ge(), least.is_ge()),
                _ => return None,
            };
            // bounds tell nothing of NULL, for which no comparison is true, nor of NaN
            let is_told = bounds.null_count[row_group] == Some(0) && !field.data_type().is_floating();
            Some(match (possible, certain) {
                (false, _) if op != Operator::NotEq || is_told => Verdict::Never,
                (_, true) if is_told => Verdict::Always,
                _ => Verdict::Unknown,
            })
        };
        let row_groups = 0..self.footer.row_group_count();
        Some(row_groups.map(|row_group| verdict(row_group).unwrap_or(Verdict::Unknown)).collect())
    }
}

/// How each of an array's values stands to one other value.
struct Compared {
    less: BooleanArray,
    equal: BooleanArray,
}

impl Compared {
    fn new(values: &ArrayRef, other: &Scalar<ArrayRef>) -> Option<Compared> {
        Some(Compared { less: cmp::lt(values, other).ok()?, equal: cmp::eq(values, other).ok()? })
    }

    /// `None` for a value that is not known.
    fn at(&self, index: usize) -> Option<Ordering> {
        match (self.less.is_valid(index), self.less.value(index), self.equal.value(index)) {
            (false, ..) => None,
            (true, true, _) => Some(Ordering::Less),
            (true, false, true) => Some(Ordering::Equal),
            (true, false, false) => Some(Ordering::Greater),
        }
    }
}

fn and(left: Vec<Verdict>, right: Vec<Verdict>) -> Vec<Verdict> {
    left.into_iter().zip(right).map(|(left, right)| left.min(right)).collect()
}

fn or(left: Vec<Verdict>, right: Vec<Verdict>) -> Vec<Verdict> {
    left.into_iter().zip(right).map(|(left, right)| left.max(right)).collect()
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
