//! GROUP BY: its keys, the aggregation, and how the expressions above it read from it.

use super::expression::{Aggregates, Expressions};
use super::node::{Amount, Node, Operation, Slice};
use super::relation::default_value;
use super::scope::{Ctes, Scope};
use super::tail::place;
use super::trouble::unsupported;
use super::{Binder, Trouble};
use crate::function::{Typed, arrow_cast, binary};
use crate::limits::GROUPING_SETS_MAX;
use crate::sql::{Problem, exception};
use crate::value::DataType;
use arrow::datatypes::DataType as Arrow;
use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Aggregate, Expr, GroupingSet, LogicalPlan, LogicalPlanBuilder, Operator, when};
use datafusion::scalar::ScalarValue;
use sqlparser::ast::{self, Spanned};
use std::ops::Range;

/// An aggregation, and how expressions above it read from it.
pub(super) struct Grouped {
    pub plan: LogicalPlan,
    keys: Vec<(Expr, Column)>,
    pub columns: Vec<Column>,
}

impl Grouped {
    fn over_keys(&self, expr: &Expr) -> Result<Expr, Trouble> {
        let replaced = expr.clone().transform_down(|part| match self.keys.iter().find(|(key, _)| *key == part) {
            Some((_, column)) => Ok(Transformed::new(Expr::Column(column.clone()), true, TreeNodeRecursion::Jump)),
            None => Ok(Transformed::no(part)),
        })?;
        Ok(replaced.data)
    }

    /// Replaces grouping keys by their columns; what is left must not read below the aggregation.
    pub(super) fn rewrite(&self, expr: &Expr, scope: &Scope, span: &Range<usize>) -> Result<Expr, Trouble> {
        let replaced = self.over_keys(expr)?;
        let below = replaced.column_refs().into_iter().find(|column| !self.columns.contains(column)).cloned();
        let Some(below) = below else { return Ok(replaced) };
        let name = scope
            .relations
            .iter()
            .flat_map(|relation| &relation.columns)
            .find(|binding| binding.column == below)
            .map_or("?", |binding| binding.name.as_str());
        let message = format!("column {name:?} is neither grouped nor inside an aggregate function");
        Err(Trouble::Here(Problem::new("S0205", exception::NOT_AN_AGGREGATE, span.clone(), message)))
    }
}

impl Binder<'_> {
    /// Grouping keys, or `None` without GROUP BY. Numbers are places in the SELECT list.
    pub(super) fn keys(
        &mut self,
        group_by: &ast::GroupByExpr,
        outputs: &[(String, Typed)],
        scope: &Scope,
        ctes: &Ctes,
        aggregates: &Aggregates,
    ) -> Result<Option<Keys>, Trouble> {
        let (exprs, modifiers) = match group_by {
            ast::GroupByExpr::Expressions(exprs, modifiers) => (exprs.as_slice(), modifiers),
            ast::GroupByExpr::All(modifiers) => (&[][..], modifiers),
        };
        let is_all = matches!(group_by, ast::GroupByExpr::All(_));
        if exprs.is_empty() && modifiers.is_empty() && !is_all {
            return Ok(None);
        }
        let mut keys = Keys::default();
        if is_all {
            let mut parts = Vec::new();
            outputs.iter().for_each(|(_, output)| parts_without_aggregates(&output.expr, aggregates, &mut parts));
            for part in parts {
                let output = outputs.iter().find(|(_, output)| output.expr == part).map(|(_, output)| output);
                let data_type = output.map_or(DataType::Nothing, |output| output.data_type.clone());
                keys.add(Typed { expr: part, data_type, is_predicate: false });
            }
        }
        let bind = |binder: &mut Self, expr: &ast::Expr| match place(expr, outputs.len()) {
            Some(index) => Ok(outputs[index].1.clone()),
            None => {
                let mut expressions = Expressions { binder, scope, ctes, aggregates: None, resolving: Vec::new() };
                Ok::<_, Trouble>(expressions.bind(expr)?.into_value())
            }
        };
        for expr in exprs {
            let Some(sets) = grouping_sets(expr) else {
                for item in group_items(expr) {
                    let key = bind(self, item)?;
                    keys.add(key);
                }
                continue;
            };
            for set in sets {
                let mut places = Vec::new();
                for item in set {
                    let key = bind(self, item)?;
                    places.push(keys.add_always(key));
                }
                keys.sets.push(places);
            }
        }
        for modifier in modifiers {
            match modifier {
                ast::GroupByWithModifier::Rollup => keys.sets = rollup(keys.keys.len()),
                ast::GroupByWithModifier::Cube => keys.sets = cube(keys.keys.len()),
                ast::GroupByWithModifier::Totals => keys.totals = true,
                other => return Err(unsupported(&format!("{other}"), self.span(group_by.span()))),
            }
        }
        if keys.sets.len() > GROUPING_SETS_MAX {
            let message = format!("more than {GROUPING_SETS_MAX} grouping sets");
            let span = self.span(group_by.span());
            return Err(Trouble::Here(Problem::new("S0103", exception::QUERY_IS_TOO_LARGE, span, message)));
        }
        Ok(Some(keys))
    }

    pub(super) fn aggregate(
        &mut self,
        plan: LogicalPlan,
        keys: Keys,
        aggregates: &Aggregates,
    ) -> Result<Grouped, Trouble> {
        let plan = if aggregates.0.iter().any(|(call, _)| looks_at_order(call)) { kept_in_order(plan)? } else { plan };
        if !keys.sets.is_empty() {
            return self.aggregate_sets(plan, keys, aggregates);
        }
        let constant_only = keys.constants && keys.keys.is_empty();
        let keys: Vec<(Expr, Column)> = keys.keys.into_iter().map(|key| (key.expr, self.fresh_column())).collect();
        let mut group_exprs: Vec<Expr> =
            keys.iter().map(|(key, column)| key.clone().alias(column.name.clone())).collect();
        let aggregate_exprs: Vec<Expr> =
            aggregates.0.iter().map(|(call, column)| call.clone().alias(column.name.clone())).collect();
        let builder = LogicalPlanBuilder::from(plan);
        let plan = match (group_exprs.is_empty(), aggregate_exprs.is_empty()) {
            // GROUP BY of constants only: one group, if there is any row
            (true, true) => builder.limit(0, Some(1))?.build()?,
            (true, false) if constant_only => {
                let one = self.fresh_column();
                group_exprs.push(Expr::Literal(ScalarValue::UInt8(Some(1)), None).alias(one.name));
                builder.aggregate(group_exprs, aggregate_exprs)?.build()?
            }
            _ => builder.aggregate(group_exprs, aggregate_exprs)?.build()?,
        };
        let columns = keys.iter().map(|(_, column)| column).chain(aggregates.0.iter().map(|(_, column)| column));
        Ok(Grouped { plan, columns: columns.cloned().collect(), keys })
    }

    /// Several groupings at once. A key that a grouping leaves out has its type's default.
    fn aggregate_sets(&mut self, plan: LogicalPlan, keys: Keys, aggregates: &Aggregates) -> Result<Grouped, Trouble> {
        let inner: Vec<Column> = keys.keys.iter().map(|_| self.fresh_column()).collect();
        let mut exprs: Vec<Expr> = plan.schema().columns().into_iter().map(Expr::Column).collect();
        let named = keys.keys.iter().zip(&inner).map(|(key, column)| key.expr.clone().alias(column.name.clone()));
        exprs.extend(named);
        let sets =
            keys.sets.iter().map(|set| set.iter().map(|place| Expr::Column(inner[*place].clone())).collect::<Vec<_>>());
        // the first set names every key, so that their order is known
        let all = inner.iter().cloned().map(Expr::Column).collect::<Vec<_>>();
        let has_all = keys.sets.iter().any(|set| set.len() == inner.len());
        let mut sets: Vec<Vec<Expr>> = sets.collect();
        sets.sort_by_key(|set| std::cmp::Reverse(set.len()));
        if !has_all {
            sets.insert(0, all);
        }
        let aggregate_exprs = aggregates.0.iter().map(|(call, column)| call.clone().alias(column.name.clone()));
        let grouping = Expr::GroupingSet(GroupingSet::GroupingSets(sets));
        let plan = LogicalPlanBuilder::from(plan)
            .project(exprs)?
            .aggregate([grouping], aggregate_exprs.collect::<Vec<_>>())?
            .build()?;
        let columns = plan.schema().columns();
        let place_of = |column: &Column| columns.iter().position(|known| known.name == column.name);
        let id = columns.iter().find(|column| column.name == Aggregate::INTERNAL_GROUPING_ID).cloned();
        let id = id.expect("grouping sets have an id");
        let id = arrow_cast(Expr::Column(id), &Arrow::UInt64);
        let missing = |key: usize| {
            let place = place_of(&inner[key]).expect("every key is a column of the aggregation");
            let bit = 1u64 << (inner.len() - 1 - place);
            let masked = binary(id.clone(), Operator::BitwiseAnd, number(bit));
            binary(masked, Operator::NotEq, number(0))
        };
        let mut out = Vec::new();
        let mut named = Vec::new();
        for (index, key) in keys.keys.iter().enumerate() {
            let column = self.fresh_column();
            let default = Expr::Literal(default_value(&key.data_type)?, None);
            let value = when(missing(index), default).otherwise(Expr::Column(inner[index].clone()))?;
            out.push(value.alias(column.name.clone()));
            named.push((key.expr.clone(), column));
        }
        for (_, column) in &aggregates.0 {
            out.push(Expr::Column(column.clone()));
        }
        for (arguments, column) in aggregates.1.groupings() {
            let mut bits = number(0);
            for argument in arguments {
                let key = keys.keys.iter().position(|key| key.expr == *argument);
                let bit = match key {
                    Some(key) => arrow_cast(missing(key), &Arrow::UInt64),
                    None => number(0),
                };
                let shifted = binary(bits, Operator::Multiply, number(2));
                bits = binary(shifted, Operator::Plus, bit);
            }
            out.push(bits.alias(column.name.clone()));
        }
        let mut builder = LogicalPlanBuilder::from(plan);
        if !has_all {
            let all_there = binary(id.clone(), Operator::NotEq, number(0));
            builder = builder.filter(all_there)?;
        }
        let plan = builder.project(out)?.build()?;
        let columns = plan.schema().columns();
        Ok(Grouped { plan, columns, keys: named })
    }

    /// `arrayJoin` of what a group gives.
    pub(super) fn join_groups(
        &mut self,
        grouped: &mut Grouped,
        read: &[&Expr],
        scope: &Scope,
        span: &Range<usize>,
    ) -> Result<(), Trouble> {
        let read: Vec<Expr> = read.iter().map(|expr| grouped.over_keys(expr)).collect::<Result<_, _>>()?;
        let read: Vec<&Expr> = read.iter().collect();
        let mut columns = Vec::new();
        let plan = grouped.plan.clone();
        let rewrite = |array: &Expr| grouped.rewrite(array, scope, span);
        let plan = self.place_array_joins_over(plan, &read, rewrite, |below, above| {
            columns.push((Expr::Column(below.clone()), above));
        })?;
        grouped.plan = plan;
        grouped.columns.extend(columns.iter().map(|(_, above)| above.clone()));
        grouped.keys.extend(columns);
        Ok(())
    }
}

/// What GROUP BY says.
#[derive(Default)]
pub(super) struct Keys {
    pub keys: Vec<Typed>,
    /// GROUPING SETS, ROLLUP, CUBE: places in `keys`; none for a plain GROUP BY.
    sets: Vec<Vec<usize>>,
    /// A constant was among the keys; it groups nothing, but without rows there is no group.
    constants: bool,
    pub totals: bool,
}

impl Keys {
    fn add(&mut self, key: Typed) {
        if matches!(key.expr, Expr::Literal(..)) {
            self.constants = true;
        } else {
            self.add_always(key);
        }
    }

    fn add_always(&mut self, key: Typed) -> usize {
        match self.keys.iter().position(|known| known.expr == key.expr) {
            Some(place) => place,
            None => {
                self.keys.push(key);
                self.keys.len() - 1
            }
        }
    }
}

fn grouping_sets(expr: &ast::Expr) -> Option<Vec<Vec<&ast::Expr>>> {
    match expr {
        ast::Expr::GroupingSets(sets) => {
            Some(sets.iter().map(|set| set.iter().flat_map(group_items).collect()).collect())
        }
        ast::Expr::Rollup(items) => Some(chosen(items, rollup(items.len()))),
        ast::Expr::Cube(items) => Some(chosen(items, cube(items.len()))),
        _ => None,
    }
}

fn chosen(items: &[Vec<ast::Expr>], sets: Vec<Vec<usize>>) -> Vec<Vec<&ast::Expr>> {
    sets.into_iter().map(|set| set.into_iter().flat_map(|place| &items[place]).collect()).collect()
}

/// All keys, all but the last, …, none.
fn rollup(keys: usize) -> Vec<Vec<usize>> {
    (0..=keys).rev().map(|count| (0..count).collect()).collect()
}

/// Every choice of keys; of too many, one set more than are allowed.
fn cube(keys: usize) -> Vec<Vec<usize>> {
    let choices = 1usize.checked_shl(keys as u32).unwrap_or(usize::MAX).min(GROUPING_SETS_MAX + 1);
    (0..choices).rev().map(|choice| (0..keys).filter(|key| choice >> (keys - 1 - key) & 1 == 1).collect()).collect()
}

/// Values of these depend on the order of rows, which a subquery's ORDER BY gives.
fn looks_at_order(call: &Expr) -> bool {
    const NAMES: &[&str] =
        &["groupArray", "any", "first_value", "last_value", "deltaSum", "exponentialMoving", "array_agg"];
    let Expr::AggregateFunction(call) = call else { return false };
    NAMES.iter().any(|name| call.func.name().starts_with(name))
}

/// Keeps the engine from dropping a subquery's ORDER BY, which it takes for idle below an aggregation.
fn kept_in_order(plan: LogicalPlan) -> Result<LogicalPlan, Trouble> {
    match plan {
        LogicalPlan::Sort(_) => {
            let everything = Slice { offset: Amount::First(0), limit: None };
            Node::plan(plan, Operation::Slice(everything), Vec::new())
        }
        LogicalPlan::Projection(_) | LogicalPlan::Filter(_) | LogicalPlan::SubqueryAlias(_) => {
            let input = plan.inputs()[0].clone();
            let input = kept_in_order(input)?;
            Ok(plan.with_new_exprs(plan.expressions(), vec![input])?)
        }
        other => Ok(other),
    }
}

fn number(value: u64) -> Expr {
    Expr::Literal(ScalarValue::UInt64(Some(value)), None)
}

/// `GROUP BY (a, b)` groups by both.
fn group_items(expr: &ast::Expr) -> Vec<&ast::Expr> {
    match expr {
        ast::Expr::Tuple(items) => items.iter().collect(),
        ast::Expr::Nested(inner) => group_items(inner),
        other => vec![other],
    }
}

fn has_any(expr: &Expr, columns: &[(Expr, Column)]) -> bool {
    expr.column_refs().into_iter().any(|column| columns.iter().any(|(_, aggregate)| aggregate == column))
}

/// GROUP BY ALL: the largest parts of an item that hold columns and no aggregate.
fn parts_without_aggregates(expr: &Expr, aggregates: &Aggregates, keys: &mut Vec<Expr>) {
    let computed = has_any(expr, &aggregates.0)
        || expr.column_refs().into_iter().any(|column| aggregates.1.columns().any(|window| window == column));
    if computed {
        let _ = expr.apply_children(|part| {
            parts_without_aggregates(part, aggregates, keys);
            Ok(TreeNodeRecursion::Continue)
        });
    } else if !expr.column_refs().is_empty() && !keys.contains(expr) {
        keys.push(expr.clone());
    }
}
