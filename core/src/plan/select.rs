//! Queries: FROM → WHERE → GROUP BY → HAVING → SELECT → DISTINCT → ORDER BY → LIMIT.

use super::expression::{Aggregates, Expressions};
use super::grouping::Keys;
use super::node::Direction;
use super::relation::typed;
use super::scope::{Cte, Ctes, Known, Scope};
use super::set_operation;
use super::star::Item;
use super::tail::{Listed, Sorted, Tail};
use super::trouble::unsupported;
use super::window::Windows;
use super::{Binder, Output, Trouble};
use crate::function::Typed;
use crate::sql::{self, EXPRESSION_ALIAS};
use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use sqlparser::ast::{self, Spanned};
use std::rc::Rc;

impl Binder<'_> {
    pub(super) fn query(&mut self, query: &ast::Query, ctes: &Ctes) -> Result<Output, Trouble> {
        let moved = set_operation::with_tail(query);
        let query = moved.as_ref().unwrap_or(query);
        self.with_settings(query, |binder| binder.query_rows(query, ctes))
    }

    fn query_rows(&mut self, query: &ast::Query, ctes: &Ctes) -> Result<Output, Trouble> {
        let mut ctes = ctes.clone();
        let mut aliases = Vec::new();
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let definition = match with_expression(cte) {
                Some(expr) => {
                    let expr = Rc::new(expr.clone());
                    aliases.push((cte.alias.name.value.clone(), expr.clone()));
                    Cte::Expression(expr)
                }
                None => Cte::Query(Rc::new((*cte.query).clone())),
            };
            ctes = ctes.with(&cte.alias.name.value, definition);
        }
        let tail = Tail::of(query);
        let sorted = match query.body.as_ref() {
            ast::SetExpr::Select(select) => self.select(select, &tail, &ctes)?,
            body => {
                let output = self.set(body, &ctes)?;
                self.order_output(output, &tail, &ctes)?
            }
        };
        self.limit(sorted, &tail, &ctes)
    }

    pub(super) fn select(&mut self, select: &ast::Select, tail: &Tail<'_>, ctes: &Ctes) -> Result<Sorted, Trouble> {
        let aliases = select_aliases(select);
        self.with_array_joins(aliases, |binder| binder.select_rows(select, tail, ctes))
    }

    fn select_rows(&mut self, select: &ast::Select, tail: &Tail<'_>, ctes: &Ctes) -> Result<Sorted, Trouble> {
        self.refuse_unknown_clauses(select)?;
        let (mut plan, mut scope) = self.from(&select.from, ctes)?;
        scope.aliases = select_aliases(select);
        for condition in [&select.prewhere, &select.selection].into_iter().flatten() {
            let predicate = self.predicate(condition, &scope, ctes)?;
            plan = self.place_array_joins(plan)?;
            plan = LogicalPlanBuilder::from(plan).filter(predicate)?.build()?;
        }

        let mut items = self.items(&select.projection, &scope)?;
        if items.is_empty() {
            // `FROM t` alone gives all of it
            items.extend(scope.shown(None).into_iter().map(Item::Column));
        }
        let mut aggregates = Aggregates(Vec::new(), Windows::define(&select.named_window));
        let mut outputs = Vec::new();
        for item in &items {
            let bound = match item {
                Item::Column(binding) => (binding.name.clone(), typed(binding)),
                Item::Expression { name, expr, aliased } => {
                    let resolving = if *aliased { vec![name.clone()] } else { Vec::new() };
                    let start = self.expanded.len();
                    let bound = self.with_aggregates(expr, &scope, ctes, &mut aggregates, resolving)?;
                    if *aliased {
                        let mut expanded = self.expanded_since(start);
                        expanded.push(name.clone());
                        remember(&scope, name, Known { value: bound.clone(), expanded }, &aggregates);
                    }
                    (name.clone(), bound.into_value())
                }
            };
            outputs.push(bound);
        }
        let having = select
            .having
            .as_ref()
            .map(|having| self.with_aggregates(having, &scope, ctes, &mut aggregates, Vec::new()))
            .transpose()?
            .map(|having| having.into_predicate().expr);
        let mut qualify = select
            .qualify
            .as_ref()
            .map(|qualify| self.with_aggregates(qualify, &scope, ctes, &mut aggregates, Vec::new()))
            .transpose()?
            .map(|qualify| qualify.into_predicate().expr);
        let mut orders = self.orders(tail, &outputs, &scope, ctes, &mut aggregates)?;
        let mut limit_by = self.limit_by(tail, select.distinct.as_ref(), &outputs, &scope, ctes, &mut aggregates)?;

        let keys = self.keys(&select.group_by, &outputs, &scope, ctes, &aggregates)?;
        let mut windows;
        if keys.is_some() || !aggregates.0.is_empty() {
            let keys = keys.unwrap_or_default();
            if keys.totals {
                return Err(unsupported("WITH TOTALS", self.span(select.group_by.span())));
            }
            let below = |keys: &Keys, aggregates: &Aggregates| -> Vec<Expr> {
                let calls = aggregates.0.iter().map(|(call, _)| call);
                keys.keys.iter().map(|key| &key.expr).chain(calls).cloned().collect()
            };
            plan = self.place_array_joins_of(plan, below(&keys, &aggregates).iter())?;
            let mut grouped = self.aggregate(plan, keys, &aggregates)?;
            windows = std::mem::take(&mut aggregates.1);
            let span = self.span(select.span());
            let read = outputs.iter().map(|(_, output)| &output.expr);
            let read = read.chain(orders.iter().map(|order| &order.value.expr)).chain(&having).chain(&qualify);
            let read = read.chain(windows.exprs()).chain(limit_by.iter().flat_map(|by| &by.keys)).collect::<Vec<_>>();
            self.join_groups(&mut grouped, &read, &scope, &span)?;
            windows.rewrite(|expr| grouped.rewrite(expr, &scope, &span))?;
            let having = having.map(|having| grouped.rewrite(&having, &scope, &span)).transpose()?;
            grouped.columns.extend(windows.columns().cloned());
            if let Some(qualify) = &mut qualify {
                *qualify = grouped.rewrite(qualify, &scope, &span)?;
            }
            for (_, output) in &mut outputs {
                output.expr = grouped.rewrite(&output.expr, &scope, &span)?;
            }
            for order in &mut orders {
                order.value.expr = grouped.rewrite(&order.value.expr, &scope, &span)?;
            }
            for key in limit_by.iter_mut().flat_map(|by| &mut by.keys) {
                *key = grouped.rewrite(key, &scope, &span)?;
            }
            if let Some(having) = having {
                grouped.plan = LogicalPlanBuilder::from(grouped.plan).filter(having)?.build()?;
            }
            plan = grouped.plan;
        } else {
            windows = std::mem::take(&mut aggregates.1);
            plan = self.place_array_joins(plan)?;
            if let Some(having) = having {
                plan = LogicalPlanBuilder::from(plan).filter(having)?.build()?;
            }
        }
        if !windows.is_empty() {
            plan = windows.plan(plan)?;
        }
        if let Some(qualify) = qualify {
            plan = LogicalPlanBuilder::from(plan).filter(qualify)?.build()?;
        }
        let distinct = matches!(select.distinct, Some(ast::Distinct::Distinct));
        self.project(plan, Listed { outputs, orders, limit_by, distinct }, tail, ctes)
    }

    fn refuse_unknown_clauses(&self, select: &ast::Select) -> Result<(), Trouble> {
        let span = || self.span(select.span());
        let refused = [
            (!select.lateral_views.is_empty(), "LATERAL VIEW"),
            (select.into.is_some(), "SELECT INTO"),
            (select.top.is_some(), "TOP"),
        ];
        match refused.into_iter().find(|(found, _)| *found) {
            Some((_, what)) => Err(unsupported(what, span())),
            None => Ok(()),
        }
    }

    pub(super) fn with_aggregates(
        &mut self,
        expr: &ast::Expr,
        scope: &Scope,
        ctes: &Ctes,
        aggregates: &mut Aggregates,
        resolving: Vec<String>,
    ) -> Result<Typed, Trouble> {
        Expressions { binder: self, scope, ctes, aggregates: Some(aggregates), resolving }.bind(expr)
    }

    /// Drops what only ORDER BY needed.
    pub(super) fn only_columns(&mut self, output: Output) -> Result<LogicalPlan, Trouble> {
        let exact = output.plan.schema().fields().len() == output.columns.len()
            && output
                .columns
                .iter()
                .zip(output.plan.schema().columns())
                .all(|(binding, column)| binding.column == column);
        if exact {
            return Ok(output.plan);
        }
        let exprs = output.columns.iter().map(|binding| Expr::Column(binding.column.clone()));
        Ok(LogicalPlanBuilder::from(output.plan).project(exprs)?.build()?)
    }
}

/// What an item is bound to is what its alias means elsewhere.
fn remember(scope: &Scope, name: &str, bound: Known, aggregates: &Aggregates) {
    let computed = aggregates.0.iter().map(|(_, column)| column).chain(aggregates.1.columns()).collect::<Vec<_>>();
    let is_plain = !bound.value.expr.column_refs().into_iter().any(|column| computed.contains(&column));
    let mut known = scope.bound.borrow_mut();
    known.entry((name.to_owned(), true)).or_insert_with(|| bound.clone());
    if is_plain {
        known.entry((name.to_owned(), false)).or_insert_with(|| bound.clone());
    }
}

/// NULLs come last either way, as in ClickHouse.
pub(super) fn direction(options: &ast::OrderByOptions) -> Direction {
    Direction { ascending: options.asc.unwrap_or(true), nulls_first: options.nulls_first.unwrap_or(false) }
}

/// Reads another column instead.
pub(super) fn replace_column(expr: Expr, from: &Column, to: &Column) -> Result<Expr, Trouble> {
    let replaced = expr.transform(|part| match part {
        Expr::Column(column) if column == *from => Ok(Transformed::yes(Expr::Column(to.clone()))),
        other => Ok(Transformed::no(other)),
    })?;
    Ok(replaced.data)
}

fn with_expression(cte: &ast::Cte) -> Option<&ast::Expr> {
    match cte.query.body.as_ref() {
        ast::SetExpr::Select(select) => match select.projection.as_slice() {
            [ast::SelectItem::ExprWithAlias { expr, alias }] if alias.value == EXPRESSION_ALIAS => Some(expr),
            _ => None,
        },
        _ => None,
    }
}

/// The names that the expressions of a SELECT give.
fn select_aliases(select: &ast::Select) -> std::collections::HashMap<String, Rc<ast::Expr>> {
    let mut aliases = std::collections::HashMap::new();
    let mut add = |name: &ast::Ident, expr: &ast::Expr| {
        aliases.entry(name.value.clone()).or_insert_with(|| Rc::new(expr.clone()));
    };
    for item in &select.projection {
        match item {
            ast::SelectItem::ExprWithAlias { expr, alias } => {
                add(alias, expr);
                sql::named(expr, &mut add);
            }
            ast::SelectItem::UnnamedExpr(expr) => sql::named(expr, &mut add),
            _ => {}
        }
    }
    let conditions = [&select.prewhere, &select.selection, &select.having, &select.qualify];
    let conditions = conditions.into_iter().flatten();
    let keys = match &select.group_by {
        ast::GroupByExpr::Expressions(keys, _) => keys.as_slice(),
        ast::GroupByExpr::All(_) => &[],
    };
    conditions.chain(keys).for_each(|expr| sql::named(expr, &mut add));
    aliases
}
