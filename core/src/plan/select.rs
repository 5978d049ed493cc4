//! Queries: FROM → WHERE → GROUP BY → HAVING → SELECT → DISTINCT → ORDER BY → LIMIT.

use super::expression::{Aggregates, Expressions};
use super::relation::typed;
use super::scope::{Binding, Cte, Ctes, Relation, Scope};
use super::trouble::unsupported;
use super::{Binder, Output, Trouble};
use crate::function::{self, Typed};
use crate::sql::{self, EXPRESSION_ALIAS, Problem, exception};
use crate::value::supertype;
use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::scalar::ScalarValue;
use sqlparser::ast::{self, Spanned};
use std::ops::Range;
use std::rc::Rc;

/// An item of the SELECT list, expanded.
enum Item<'e> {
    Expression { name: String, expr: &'e ast::Expr },
    Column(Binding),
}

/// An ORDER BY element, bound.
struct Order {
    expr: Expr,
    ascending: bool,
    nulls_first: bool,
}

impl Binder<'_> {
    pub(super) fn query(&mut self, query: &ast::Query, ctes: &Ctes) -> Result<Output, Trouble> {
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
        let order_by: &[ast::OrderByExpr] = match &query.order_by {
            None => &[],
            Some(ast::OrderBy { kind: ast::OrderByKind::Expressions(list), interpolate: None }) => list,
            Some(other) => return Err(unsupported(&format!("{other}"), self.span(other.span()))),
        };
        if let Some(fill) = order_by.iter().find(|element| element.with_fill.is_some()) {
            return Err(unsupported("WITH FILL", self.span(fill.expr.span())));
        }
        let output = match query.body.as_ref() {
            ast::SetExpr::Select(select) => self.select(select, order_by, &ctes)?,
            body => {
                let output = self.set(body, &ctes)?;
                self.order_output(output, order_by, &ctes)?
            }
        };
        self.limit(output, query, &ctes)
    }

    fn set(&mut self, body: &ast::SetExpr, ctes: &Ctes) -> Result<Output, Trouble> {
        match body {
            ast::SetExpr::Select(select) => self.select(select, &[], ctes),
            ast::SetExpr::Query(query) => self.query(query, ctes),
            ast::SetExpr::SetOperation { left, op: ast::SetOperator::Union, set_quantifier, right } => {
                let left = self.set(left, ctes)?;
                let right = self.set(right, ctes)?;
                let output = self.union(left, right, self.span(body.span()))?;
                match set_quantifier {
                    ast::SetQuantifier::Distinct => {
                        let plan = LogicalPlanBuilder::from(output.plan).distinct()?.build()?;
                        Ok(Output { plan, ..output })
                    }
                    _ => Ok(output),
                }
            }
            other => Err(unsupported(&format!("{other}"), self.span(other.span()))),
        }
    }

    /// Both sides get the common types; the names are the left side's.
    fn union(&mut self, left: Output, right: Output, span: Range<usize>) -> Result<Output, Trouble> {
        if left.columns.len() != right.columns.len() {
            let message =
                format!("UNION of {} columns with {}: the counts differ", left.columns.len(), right.columns.len());
            return Err(Trouble::Here(Problem::new("S0207", exception::NO_COMMON_TYPE, span, message)));
        }
        let mut columns = Vec::new();
        let mut sides = [Vec::new(), Vec::new()];
        for (ours, theirs) in left.columns.iter().zip(&right.columns) {
            let common = supertype(&[ours.data_type.clone(), theirs.data_type.clone()]).map_err(|message| {
                Trouble::Here(Problem::new("S0207", exception::NO_COMMON_TYPE, span.clone(), message))
            })?;
            let fresh = self.fresh_column();
            for (side, column) in sides.iter_mut().zip([ours, theirs]) {
                side.push(function::widen(typed(column), &common).expr.alias(fresh.name.clone()));
            }
            columns.push(Binding { name: ours.name.clone(), column: fresh, data_type: common });
        }
        let [left_exprs, right_exprs] = sides;
        let right = LogicalPlanBuilder::from(right.plan).project(right_exprs)?.build()?;
        let plan = LogicalPlanBuilder::from(left.plan).project(left_exprs)?.union(right)?.build()?;
        Ok(Output { plan, columns })
    }

    fn select(&mut self, select: &ast::Select, order_by: &[ast::OrderByExpr], ctes: &Ctes) -> Result<Output, Trouble> {
        self.refuse_unknown_clauses(select)?;
        let (mut plan, mut scope) = self.from(&select.from, ctes)?;
        scope.aliases = select_aliases(&select.projection);
        for condition in [&select.prewhere, &select.selection].into_iter().flatten() {
            let predicate = self.predicate(condition, &scope, ctes)?;
            plan = LogicalPlanBuilder::from(plan).filter(predicate)?.build()?;
        }

        let items = self.items(&select.projection, &scope)?;
        let mut aggregates = Aggregates::default();
        let mut outputs = Vec::new();
        for item in &items {
            let bound = match item {
                Item::Column(binding) => (binding.name.clone(), typed(binding)),
                Item::Expression { name, expr } => {
                    let resolving = if scope.aliases.contains_key(name) { vec![name.clone()] } else { Vec::new() };
                    let bound = self.with_aggregates(expr, &scope, ctes, &mut aggregates, resolving)?;
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
        let mut orders = self.orders(order_by, &items, &outputs, &scope, ctes, &mut aggregates)?;

        let keys = self.keys(&select.group_by, &items, &outputs, &scope, ctes)?;
        if keys.is_some() || !aggregates.0.is_empty() {
            let mut grouped = self.aggregate(plan, keys.unwrap_or_default(), &aggregates)?;
            let span = self.span(select.span());
            for (_, output) in &mut outputs {
                output.expr = grouped.rewrite(&output.expr, &scope, &span)?;
            }
            for order in &mut orders {
                order.expr = grouped.rewrite(&order.expr, &scope, &span)?;
            }
            if let Some(having) = having {
                let having = grouped.rewrite(&having, &scope, &span)?;
                grouped.plan = LogicalPlanBuilder::from(grouped.plan).filter(having)?.build()?;
            }
            plan = grouped.plan;
        } else if let Some(having) = having {
            plan = LogicalPlanBuilder::from(plan).filter(having)?.build()?;
        }
        self.project(plan, outputs, orders, select.distinct.as_ref())
    }

    fn refuse_unknown_clauses(&self, select: &ast::Select) -> Result<(), Trouble> {
        let span = || self.span(select.span());
        let refused = [
            (select.qualify.is_some(), "QUALIFY"),
            (!select.named_window.is_empty(), "WINDOW"),
            (!select.lateral_views.is_empty(), "LATERAL VIEW"),
            (select.into.is_some(), "SELECT INTO"),
            (select.top.is_some(), "TOP"),
            (matches!(select.distinct, Some(ast::Distinct::On(_))), "DISTINCT ON"),
        ];
        match refused.into_iter().find(|(found, _)| *found) {
            Some((_, what)) => Err(unsupported(what, span())),
            None => Ok(()),
        }
    }

    fn with_aggregates(
        &mut self,
        expr: &ast::Expr,
        scope: &Scope,
        ctes: &Ctes,
        aggregates: &mut Aggregates,
        resolving: Vec<String>,
    ) -> Result<Typed, Trouble> {
        Expressions { binder: self, scope, ctes, aggregates: Some(aggregates), resolving }.bind(expr)
    }

    /// The SELECT list with its wildcards spelled out.
    fn items<'e>(&self, projection: &'e [ast::SelectItem], scope: &Scope) -> Result<Vec<Item<'e>>, Trouble> {
        let mut items = Vec::new();
        for item in projection {
            match item {
                ast::SelectItem::UnnamedExpr(expr) => {
                    items.push(Item::Expression { name: sql::column_name(expr), expr });
                }
                ast::SelectItem::ExprWithAlias { expr, alias } => {
                    items.push(Item::Expression { name: alias.value.clone(), expr });
                }
                ast::SelectItem::Wildcard(options) => self.wildcard(None, options, scope, &mut items)?,
                ast::SelectItem::QualifiedWildcard(ast::SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    let span = self.span(name.span());
                    let name = name.0.last().and_then(|part| part.as_ident()).map_or("", |ident| &ident.value);
                    if !scope.relations.iter().any(|relation| relation.name.as_deref() == Some(name)) {
                        let message = format!("nothing in FROM is called {name:?}");
                        return Err(Trouble::Here(Problem::new("S0202", exception::UNKNOWN_IDENTIFIER, span, message)));
                    }
                    self.wildcard(Some(name), options, scope, &mut items)?;
                }
                other => return Err(unsupported(&format!("the item {other}"), self.span(other.span()))),
            }
        }
        Ok(items)
    }

    fn wildcard<'e>(
        &self,
        relation: Option<&str>,
        options: &'e ast::WildcardAdditionalOptions,
        scope: &Scope,
        items: &mut Vec<Item<'e>>,
    ) -> Result<(), Trouble> {
        if options.opt_ilike.is_some() || options.opt_rename.is_some() || options.opt_exclude.is_some() {
            return Err(unsupported("this form of *", self.span(options.span())));
        }
        let except: Vec<&str> = match &options.opt_except {
            Some(except) => std::iter::once(&except.first_element)
                .chain(&except.additional_elements)
                .map(|name| name.value.as_str())
                .collect(),
            None => Vec::new(),
        };
        let replace = options.opt_replace.iter().flat_map(|replace| &replace.items);
        for binding in scope
            .relations
            .iter()
            .filter(|candidate| relation.is_none() || candidate.name.as_deref() == relation)
            .flat_map(|relation| &relation.columns)
        {
            if except.contains(&binding.name.as_str()) || scope.hidden.contains(&binding.column) {
                continue;
            }
            match replace.clone().find(|replaced| replaced.column_name.value == binding.name) {
                Some(replaced) => items.push(Item::Expression { name: binding.name.clone(), expr: &replaced.expr }),
                None => items.push(Item::Column(binding.clone())),
            }
        }
        Ok(())
    }

    /// Grouping keys, or `None` without GROUP BY. Numbers are places in the SELECT list.
    fn keys(
        &mut self,
        group_by: &ast::GroupByExpr,
        items: &[Item<'_>],
        outputs: &[(String, Typed)],
        scope: &Scope,
        ctes: &Ctes,
    ) -> Result<Option<Vec<Expr>>, Trouble> {
        let exprs = match group_by {
            ast::GroupByExpr::Expressions(exprs, modifiers) if modifiers.is_empty() => exprs,
            other => return Err(unsupported(&format!("{other}"), self.span(other.span()))),
        };
        if exprs.is_empty() {
            return Ok(None);
        }
        let mut keys = Vec::new();
        for expr in exprs.iter().flat_map(group_items) {
            let key = match place(expr, items.len()) {
                Some(index) => outputs[index].1.expr.clone(),
                None => {
                    let mut expressions =
                        Expressions { binder: self, scope, ctes, aggregates: None, resolving: Vec::new() };
                    expressions.bind(expr)?.into_value().expr
                }
            };
            // a constant groups nothing
            if !matches!(key, Expr::Literal(..)) && !keys.contains(&key) {
                keys.push(key);
            }
        }
        Ok(Some(keys))
    }

    fn aggregate(&mut self, plan: LogicalPlan, keys: Vec<Expr>, aggregates: &Aggregates) -> Result<Grouped, Trouble> {
        let keys: Vec<(Expr, Column)> = keys.into_iter().map(|key| (key, self.fresh_column())).collect();
        let group_exprs: Vec<Expr> = keys.iter().map(|(key, column)| key.clone().alias(column.name.clone())).collect();
        let aggregate_exprs: Vec<Expr> =
            aggregates.0.iter().map(|(call, column)| call.clone().alias(column.name.clone())).collect();
        let builder = LogicalPlanBuilder::from(plan);
        let plan = match (group_exprs.is_empty(), aggregate_exprs.is_empty()) {
            // GROUP BY of constants only: one group, if there is any row
            (true, true) => builder.limit(0, Some(1))?.build()?,
            _ => builder.aggregate(group_exprs, aggregate_exprs)?.build()?,
        };
        let columns = keys.iter().map(|(_, column)| column).chain(aggregates.0.iter().map(|(_, column)| column));
        Ok(Grouped { plan, columns: columns.cloned().collect(), keys })
    }

    fn orders(
        &mut self,
        order_by: &[ast::OrderByExpr],
        items: &[Item<'_>],
        outputs: &[(String, Typed)],
        scope: &Scope,
        ctes: &Ctes,
        aggregates: &mut Aggregates,
    ) -> Result<Vec<Order>, Trouble> {
        let mut orders = Vec::new();
        for element in order_by {
            let expr = match place(&element.expr, items.len()) {
                Some(index) => outputs[index].1.expr.clone(),
                None => self.with_aggregates(&element.expr, scope, ctes, aggregates, Vec::new())?.into_value().expr,
            };
            let ascending = element.options.asc.unwrap_or(true);
            // NULLs come last either way, as in ClickHouse
            let nulls_first = element.options.nulls_first.unwrap_or(false);
            orders.push(Order { expr, ascending, nulls_first });
        }
        Ok(orders)
    }

    /// The SELECT list itself, then DISTINCT and ORDER BY over it (and over what it left out).
    fn project(
        &mut self,
        plan: LogicalPlan,
        outputs: Vec<(String, Typed)>,
        orders: Vec<Order>,
        distinct: Option<&ast::Distinct>,
    ) -> Result<Output, Trouble> {
        let distinct = matches!(distinct, Some(ast::Distinct::Distinct));
        let mut columns = Vec::new();
        let mut exprs: Vec<(Expr, Column)> = Vec::new();
        for (name, output) in outputs {
            let column = self.fresh_column();
            exprs.push((output.expr, column.clone()));
            columns.push(Binding { name, column, data_type: output.data_type });
        }
        let mut sorts = Vec::new();
        for order in orders {
            let known = exprs.iter().find(|(expr, _)| *expr == order.expr).map(|(_, column)| column.clone());
            let column = match known {
                Some(column) => column,
                None if distinct => {
                    return Err(unsupported("ORDER BY what SELECT DISTINCT leaves out", 0..0));
                }
                None => {
                    let column = self.fresh_column();
                    exprs.push((order.expr, column.clone()));
                    column
                }
            };
            sorts.push(Sort::new(Expr::Column(column), order.ascending, order.nulls_first));
        }
        let exprs: Vec<Expr> = exprs.into_iter().map(|(expr, column)| expr.alias(column.name)).collect();
        let mut builder = LogicalPlanBuilder::from(plan).project(exprs)?;
        if distinct {
            builder = builder.distinct()?;
        }
        if !sorts.is_empty() {
            builder = builder.sort(sorts)?;
        }
        Ok(Output { plan: builder.build()?, columns })
    }

    /// ORDER BY of a UNION: its columns by name or place.
    fn order_output(&mut self, output: Output, order_by: &[ast::OrderByExpr], ctes: &Ctes) -> Result<Output, Trouble> {
        if order_by.is_empty() {
            return Ok(output);
        }
        let relation = Relation { name: None, columns: output.columns.clone() };
        let scope = Scope { relations: vec![relation], ..Scope::default() };
        let mut sorts = Vec::new();
        for element in order_by {
            let expr = match place(&element.expr, output.columns.len()) {
                Some(index) => Expr::Column(output.columns[index].column.clone()),
                None => {
                    let mut expressions =
                        Expressions { binder: self, scope: &scope, ctes, aggregates: None, resolving: Vec::new() };
                    expressions.bind(&element.expr)?.into_value().expr
                }
            };
            let options = &element.options;
            sorts.push(Sort::new(expr, options.asc.unwrap_or(true), options.nulls_first.unwrap_or(false)));
        }
        let plan = LogicalPlanBuilder::from(output.plan).sort(sorts)?.build()?;
        Ok(Output { plan, columns: output.columns })
    }

    fn limit(&mut self, output: Output, query: &ast::Query, ctes: &Ctes) -> Result<Output, Trouble> {
        let (limit, offset) = match &query.limit_clause {
            None => return Ok(output),
            Some(ast::LimitClause::LimitOffset { limit, offset, limit_by }) => {
                if let Some(by) = limit_by.first() {
                    return Err(unsupported("LIMIT BY", self.span(by.span())));
                }
                (limit.as_ref(), offset.as_ref().map(|offset| &offset.value))
            }
            Some(ast::LimitClause::OffsetCommaLimit { offset, limit }) => (Some(limit), Some(offset)),
        };
        let limit = limit.map(|limit| self.row_count(limit, ctes)).transpose()?;
        let offset = offset.map(|offset| self.row_count(offset, ctes)).transpose()?;
        let plan = LogicalPlanBuilder::from(output.plan).limit(offset.unwrap_or(0), limit)?.build()?;
        Ok(Output { plan, columns: output.columns })
    }

    fn row_count(&mut self, expr: &ast::Expr, ctes: &Ctes) -> Result<usize, Trouble> {
        let value = self.constant(expr, ctes)?;
        let count = match value.cast_to(&arrow::datatypes::DataType::UInt64) {
            Ok(ScalarValue::UInt64(Some(count))) => usize::try_from(count).ok(),
            _ => None,
        };
        count.ok_or_else(|| {
            let span = self.span(expr.span());
            let message = format!("a number of rows must stand here, not {value}");
            Trouble::Here(Problem::new("S0204", exception::ILLEGAL_TYPE_OF_ARGUMENT, span, message))
        })
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

/// An aggregation, and how expressions above it read from it.
struct Grouped {
    plan: LogicalPlan,
    keys: Vec<(Expr, Column)>,
    columns: Vec<Column>,
}

impl Grouped {
    /// Replaces grouping keys by their columns; what is left must not read below the aggregation.
    fn rewrite(&self, expr: &Expr, scope: &Scope, span: &Range<usize>) -> Result<Expr, Trouble> {
        let replaced = expr.clone().transform_down(|part| match self.keys.iter().find(|(key, _)| *key == part) {
            Some((_, column)) => Ok(Transformed::new(Expr::Column(column.clone()), true, TreeNodeRecursion::Jump)),
            None => Ok(Transformed::no(part)),
        })?;
        let below = replaced.data.column_refs().into_iter().find(|column| !self.columns.contains(column)).cloned();
        let Some(below) = below else { return Ok(replaced.data) };
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

fn with_expression(cte: &ast::Cte) -> Option<&ast::Expr> {
    match cte.query.body.as_ref() {
        ast::SetExpr::Select(select) => match select.projection.as_slice() {
            [ast::SelectItem::ExprWithAlias { expr, alias }] if alias.value == EXPRESSION_ALIAS => Some(expr),
            _ => None,
        },
        _ => None,
    }
}

fn select_aliases(projection: &[ast::SelectItem]) -> std::collections::HashMap<String, Rc<ast::Expr>> {
    let mut aliases = std::collections::HashMap::new();
    for item in projection {
        if let ast::SelectItem::ExprWithAlias { expr, alias } = item {
            aliases.entry(alias.value.clone()).or_insert_with(|| Rc::new(expr.clone()));
        }
    }
    aliases
}

/// `GROUP BY (a, b)` groups by both.
fn group_items(expr: &ast::Expr) -> Vec<&ast::Expr> {
    match expr {
        ast::Expr::Tuple(items) => items.iter().collect(),
        ast::Expr::Nested(inner) => group_items(inner),
        other => vec![other],
    }
}

/// `ORDER BY 2`: the second item.
fn place(expr: &ast::Expr, items: usize) -> Option<usize> {
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
