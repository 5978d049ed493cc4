//! What stands behind a SELECT: DISTINCT, ORDER BY, LIMIT BY, WITH FILL, LIMIT; in this order they are done.

use super::expression::{Aggregates, Expressions};
use super::node::{Amount, Direction, Node, Operation, Share, Slice};
use super::scope::{Binding, Ctes, Relation, Scope};
use super::select::direction;
use super::trouble::unsupported;
use super::{Binder, Output, Trouble};
use crate::function::{self, Typed};
use crate::sql::{LimitBy, Limits, Problem, exception};
use datafusion::common::Column;
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::{EmptyRelation, Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::scalar::ScalarValue;
use sqlparser::ast::{self, Spanned};

/// The clauses as written.
#[derive(Default)]
pub(super) struct Tail<'q> {
    pub order_by: &'q [ast::OrderByExpr],
    /// ORDER BY ALL
    order_all: Option<&'q ast::OrderByOptions>,
    pub interpolate: Option<&'q ast::Interpolate>,
    limits: Limits<'q>,
}

impl<'q> Tail<'q> {
    pub(super) fn of(query: &'q ast::Query) -> Tail<'q> {
        let mut tail = Tail { limits: Limits::of(query), ..Tail::default() };
        if let Some(order_by) = &query.order_by {
            tail.interpolate = order_by.interpolate.as_ref();
            match &order_by.kind {
                ast::OrderByKind::Expressions(list) => tail.order_by = list,
                ast::OrderByKind::All(options) => tail.order_all = Some(options),
            }
        }
        tail
    }
}

/// An ORDER BY element, bound.
pub(super) struct Order<'q> {
    pub value: Typed,
    pub direction: Direction,
    pub fill: Option<&'q ast::WithFill>,
}

/// LIMIT BY, bound.
pub(super) struct ByKeys {
    pub keys: Vec<Expr>,
    offset: u64,
    limit: u64,
}

/// A SELECT list with what is done to its rows.
pub(super) struct Listed<'q> {
    pub outputs: Vec<(String, Typed)>,
    pub orders: Vec<Order<'q>>,
    pub limit_by: Option<ByKeys>,
    pub distinct: bool,
}

/// Rows in order, and the columns that say which of them are alike.
pub(super) struct Sorted {
    pub output: Output,
    by: Vec<Expr>,
}

impl Binder<'_> {
    pub(super) fn orders<'q>(
        &mut self,
        tail: &Tail<'q>,
        outputs: &[(String, Typed)],
        scope: &Scope,
        ctes: &Ctes,
        aggregates: &mut Aggregates,
    ) -> Result<Vec<Order<'q>>, Trouble> {
        let mut orders = Vec::new();
        for element in tail.order_by {
            let value = match place(&element.expr, outputs.len()) {
                Some(index) => outputs[index].1.clone(),
                None => self.with_aggregates(&element.expr, scope, ctes, aggregates, Vec::new())?.into_value(),
            };
            let value = function::sort_key(value);
            let fill = element.with_fill.as_ref();
            orders.push(Order { value, direction: direction(&element.options), fill });
        }
        if let Some(options) = tail.order_all {
            let order = |(_, value): &(String, Typed)| Order {
                value: value.clone(),
                direction: direction(options),
                fill: None,
            };
            orders.extend(outputs.iter().map(order));
        }
        Ok(orders)
    }

    /// LIMIT BY; and DISTINCT ON, which is `LIMIT 1 BY`.
    pub(super) fn limit_by(
        &mut self,
        tail: &Tail<'_>,
        distinct: Option<&ast::Distinct>,
        outputs: &[(String, Typed)],
        scope: &Scope,
        ctes: &Ctes,
        aggregates: &mut Aggregates,
    ) -> Result<Option<ByKeys>, Trouble> {
        let (keys, offset, limit) = match (distinct, &tail.limits.by) {
            (Some(ast::Distinct::On(keys)), None) => (keys.iter().collect(), 0, 1),
            (Some(ast::Distinct::On(keys)), Some(_)) => {
                let span = keys.first().map_or(0..0, |key| self.span(key.span()));
                return Err(unsupported("DISTINCT ON together with LIMIT BY", span));
            }
            (_, Some(LimitBy { limit, offset, keys })) => {
                let offset = offset.map(|offset| self.row_count(offset, ctes)).transpose()?.unwrap_or(0);
                let limit = limit.map(|limit| self.row_count(limit, ctes)).transpose()?.unwrap_or(u64::MAX);
                (keys.clone(), offset, limit)
            }
            (_, None) => return Ok(None),
        };
        let keys = keys.into_iter().map(|key| match place(key, outputs.len()) {
            Some(index) => Ok(outputs[index].1.expr.clone()),
            None => Ok(self.with_aggregates(key, scope, ctes, aggregates, Vec::new())?.into_value().expr),
        });
        Ok(Some(ByKeys { keys: keys.collect::<Result<_, Trouble>>()?, offset, limit }))
    }

    /// The SELECT list itself, then what is done to its rows, which may look at columns that it leaves out.
    pub(super) fn project(
        &mut self,
        plan: LogicalPlan,
        listed: Listed<'_>,
        tail: &Tail<'_>,
        ctes: &Ctes,
    ) -> Result<Sorted, Trouble> {
        let mut columns = Vec::new();
        let mut exprs: Vec<(Expr, Column)> = Vec::new();
        for (name, output) in listed.outputs {
            let column = self.fresh_column();
            exprs.push((output.expr, column.clone()));
            columns.push(Binding { name, column, data_type: output.data_type });
        }
        let listed_count = exprs.len();
        let mut column_of = |binder: &mut Self, expr: &Expr| match exprs.iter().find(|(known, _)| known == expr) {
            Some((_, column)) => column.clone(),
            None => {
                let column = binder.fresh_column();
                exprs.push((expr.clone(), column.clone()));
                column
            }
        };
        let mut sorted = Vec::new();
        for order in &listed.orders {
            sorted.push(column_of(self, &order.value.expr));
        }
        let keys = listed.limit_by.iter().flat_map(|by| &by.keys);
        let keys: Vec<Expr> = keys.map(|key| Expr::Column(column_of(self, key))).collect();
        let hides_columns = exprs.len() > listed_count;
        let exprs: Vec<Expr> = exprs.into_iter().map(|(expr, column)| expr.alias(column.name)).collect();
        let mut plan = LogicalPlanBuilder::from(plan).project(exprs)?.build()?;
        if listed.distinct && hides_columns {
            // what is sorted by comes from the first of the rows that are alike
            let keys = columns.iter().map(|binding| Expr::Column(binding.column.clone())).collect();
            plan = Node::plan(plan, Operation::LimitBy { offset: 0, limit: 1 }, keys)?;
        } else if listed.distinct {
            plan = LogicalPlanBuilder::from(plan).distinct()?.build()?;
        }
        if !listed.orders.is_empty() {
            let sorts = listed.orders.iter().zip(&sorted).map(|(order, column)| {
                Sort::new(Expr::Column(column.clone()), order.direction.ascending, order.direction.nulls_first)
            });
            plan = LogicalPlanBuilder::from(plan).sort(sorts.collect::<Vec<_>>())?.build()?;
        }
        if let Some(by) = &listed.limit_by {
            plan = Node::plan(plan, Operation::LimitBy { offset: by.offset, limit: by.limit }, keys)?;
        }
        let output = Output { plan, columns };
        let output = self.fill(output, &listed.orders, &sorted, tail, ctes)?;
        Ok(Sorted { output, by: sorted.into_iter().map(Expr::Column).collect() })
    }

    /// The clauses behind a UNION: its columns by name or place.
    pub(super) fn order_output(&mut self, output: Output, tail: &Tail<'_>, ctes: &Ctes) -> Result<Sorted, Trouble> {
        let sorts = !tail.order_by.is_empty() || tail.order_all.is_some();
        if !sorts && tail.limits.by.is_none() {
            return Ok(Sorted { output, by: Vec::new() });
        }
        let relation = Relation { name: None, columns: output.columns.clone() };
        let scope = Scope { relations: vec![relation], ..Scope::default() };
        let outputs: Vec<(String, Typed)> =
            output.columns.iter().map(|binding| (binding.name.clone(), super::relation::typed(binding))).collect();
        let mut aggregates = Aggregates::default();
        let orders = self.orders(tail, &outputs, &scope, ctes, &mut aggregates)?;
        let limit_by = self.limit_by(tail, None, &outputs, &scope, ctes, &mut aggregates)?;
        self.project(output.plan, Listed { outputs, orders, limit_by, distinct: false }, tail, ctes)
    }

    pub(super) fn limit(&mut self, sorted: Sorted, tail: &Tail<'_>, ctes: &Ctes) -> Result<Output, Trouble> {
        let Sorted { output, by } = sorted;
        let limits = &tail.limits;
        if limits.limit.is_none() && limits.offset.is_none() {
            return Ok(output);
        }
        let limit = limits.limit.map(|limit| self.amount(limit, ctes)).transpose()?;
        let offset = limits.offset.map(|offset| self.amount(offset, ctes)).transpose()?.unwrap_or(Amount::First(0));
        let Output { plan, columns } = output;
        let plan = match (offset, limit) {
            // the engine's sorts take no limit of no rows
            (_, Some(Amount::First(0))) => {
                LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: false, schema: plan.schema().clone() })
            }
            (Amount::First(offset), Some(Amount::First(limit))) if limits.with_ties && !by.is_empty() => {
                Node::plan(plan, Operation::LimitWithTies { offset, limit }, by)?
            }
            (Amount::First(offset), None) => LogicalPlanBuilder::from(plan).limit(rows(offset), None)?.build()?,
            (Amount::First(offset), Some(Amount::First(limit))) => {
                LogicalPlanBuilder::from(plan).limit(rows(offset), Some(rows(limit)))?.build()?
            }
            (offset, limit) => Node::plan(plan, Operation::Slice(Slice { offset, limit }), Vec::new())?,
        };
        Ok(Output { plan, columns })
    }

    /// A number of rows: of the last ones if below zero, a share of all between zero and one.
    fn amount(&mut self, expr: &ast::Expr, ctes: &Ctes) -> Result<Amount, Trouble> {
        let value = self.limit_value(expr, ctes)?;
        let amount = match &value {
            ScalarValue::Float64(Some(share)) => Share::new(*share).map(Amount::Share),
            value if value.data_type().is_integer() && !value.is_null() => {
                match value.cast_to(&arrow::datatypes::DataType::UInt64) {
                    Ok(ScalarValue::UInt64(Some(rows))) => Some(Amount::First(rows)),
                    _ => match value.cast_to(&arrow::datatypes::DataType::Int64) {
                        Ok(ScalarValue::Int64(Some(rows))) => Some(Amount::Last(rows.unsigned_abs())),
                        _ => None,
                    },
                }
            }
            _ => None,
        };
        amount.ok_or_else(|| self.no_row_count(expr, &value.to_string()))
    }

    fn row_count(&mut self, expr: &ast::Expr, ctes: &Ctes) -> Result<u64, Trouble> {
        match self.amount(expr, ctes)? {
            Amount::First(rows) => Ok(rows),
            _ => Err(self.no_row_count(expr, &expr.to_string())),
        }
    }

    fn limit_value(&mut self, expr: &ast::Expr, ctes: &Ctes) -> Result<ScalarValue, Trouble> {
        let scope = Scope::default();
        let mut expressions =
            Expressions { binder: self, scope: &scope, ctes, aggregates: None, resolving: Vec::new() };
        let value = expressions.bind(expr).ok().and_then(|typed| super::expression::evaluate(&typed.into_value().expr));
        match value {
            Some(Ok(value)) => Ok(value),
            _ => Err(self.no_row_count(expr, &expr.to_string())),
        }
    }

    fn no_row_count(&self, expr: &ast::Expr, value: &str) -> Trouble {
        let span = self.span(expr.span());
        let message = format!("a number of rows must stand here, not {value}");
        Trouble::Here(Problem::new("S0209", exception::INVALID_LIMIT_EXPRESSION, span, message))
    }
}

fn rows(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// `ORDER BY 2`: the second item.
pub(super) fn place(expr: &ast::Expr, items: usize) -> Option<usize> {
    match expr {
        ast::Expr::Value(value) => match &value.value {
            ast::Value::Number(text, _) => {
                text.parse::<usize>().ok().filter(|place| (1..=items).contains(place)).map(|place| place - 1)
            }
            _ => None,
        },
        _ => None,
    }
}
