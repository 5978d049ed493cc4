//! What stands in FROM: data sources, pipes, nodes, subqueries, joins.

use super::scope::{Binding, Cte, Ctes, Lookup, Relation, Scope};
use super::trouble::{mismatch, unsupported};
use super::{Binder, Output, Trouble};
use crate::catalog::{DataSource, Pipe};
use crate::diagnostic::nearest;
use crate::error::Error;
use crate::function::{self, Typed};
use crate::limits;
use crate::sql::{self, Problem, exception};
use crate::template::Secrets;
use crate::value::DataType;
use datafusion::common::{Column, JoinType};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, when};
use datafusion::scalar::ScalarValue;
use sqlparser::ast::{self, Spanned};
use std::sync::Arc;

impl Binder<'_> {
    /// The whole FROM clause. Without one there is a single row of nothing.
    pub(super) fn from(&mut self, from: &[ast::TableWithJoins], ctes: &Ctes) -> Result<(LogicalPlan, Scope), Trouble> {
        let Some((first, rest)) = from.split_first() else {
            return Ok((LogicalPlanBuilder::empty(true).build()?, Scope::default()));
        };
        let (mut plan, mut scope) = self.joined(first, ctes)?;
        for comma in rest {
            let (right, right_scope) = self.joined(comma, ctes)?;
            plan = LogicalPlanBuilder::from(plan).cross_join(right)?.build()?;
            scope.relations.extend(right_scope.relations);
            scope.hidden.extend(right_scope.hidden);
        }
        Ok((plan, scope))
    }

    fn joined(&mut self, table: &ast::TableWithJoins, ctes: &Ctes) -> Result<(LogicalPlan, Scope), Trouble> {
        let (mut plan, relation) = self.relation(&table.relation, ctes)?;
        let mut scope = Scope { relations: vec![relation], ..Scope::default() };
        for join in &table.joins {
            if let Some(what) = array_join(&join.join_operator) {
                return Err(unsupported(what, self.span(join.relation.span())));
            }
            let (right, right_relation) = self.relation(&join.relation, ctes)?;
            plan = self.join(plan, &mut scope, right, right_relation, join, ctes)?;
        }
        Ok((plan, scope))
    }

    fn relation(&mut self, factor: &ast::TableFactor, ctes: &Ctes) -> Result<(LogicalPlan, Relation), Trouble> {
        let (output, name) = match factor {
            ast::TableFactor::Table { name, alias, args: None, sample: None, .. } => {
                let parts: Vec<&str> =
                    name.0.iter().filter_map(|part| part.as_ident()).map(|i| i.value.as_str()).collect();
                let span = self.span(name.span());
                let output = self.named(&parts, span, ctes)?;
                (output, alias.as_ref().map_or(parts.last().map(|part| (*part).to_owned()), alias_name))
            }
            ast::TableFactor::Derived { lateral: false, subquery, alias, sample: None } => {
                (self.query(subquery, ctes)?, alias.as_ref().and_then(alias_name))
            }
            ast::TableFactor::NestedJoin { table_with_joins, alias: None } => {
                let (plan, scope) = self.joined(table_with_joins, ctes)?;
                let columns = scope.relations.into_iter().flat_map(|relation| relation.columns).collect();
                (Output { plan, columns }, None)
            }
            other => return Err(unsupported(&format!("{other} in FROM"), self.span(other.span()))),
        };
        Ok((output.plan, Relation { name, columns: output.columns }))
    }

    /// A name in FROM: a CTE, a node of this pipe, a data source, another pipe.
    fn named(&mut self, parts: &[&str], span: std::ops::Range<usize>, ctes: &Ctes) -> Result<Output, Trouble> {
        let full = parts.join(".");
        if let [name] = parts {
            match ctes.find(name) {
                Some((Cte::Query(query), outer)) => return self.query(&query, &outer),
                Some((Cte::Expression(_), _)) | None => {}
            }
            if *name == "_"
                && let Some(pipe) = self.frame().pipeline.clone()
            {
                return self.nested(span, |binder| binder.pipe(&pipe));
            }
            if let Some((pipe, current)) = self.frame().pipe.clone()
                && let Some(index) = pipe.nodes.iter().position(|node| node.name == *name)
                && index != current
            {
                return self.nested(span, |binder| binder.node(&pipe, index));
            }
        }
        let catalog = self.environment.catalog;
        let by_caller = self.frame().pipe.is_none();
        if let Some(data_source) = catalog.readable(&full) {
            let visible = self.environment.visible;
            if by_caller && !visible.everything && !visible.data_sources.contains(&data_source.name) {
                return Err(self.not_visible(&full, span));
            }
            return self.data_source(&data_source);
        }
        if let Some(pipe) = catalog.pipe(&full) {
            let visible = self.environment.visible;
            if by_caller && !visible.everything && !visible.pipes.contains(&pipe.name) {
                return Err(self.not_visible(&full, span));
            }
            let pipe = pipe.clone();
            return self.nested(span, |binder| binder.pipe(&pipe));
        }
        Err(self.unknown_relation(&full, span, ctes))
    }

    /// Binds another text inside this one, with a bound on how deep that goes.
    fn nested(
        &mut self,
        span: std::ops::Range<usize>,
        bind: impl FnOnce(&mut Self) -> Result<Output, Trouble>,
    ) -> Result<Output, Trouble> {
        if self.frames.len() >= limits::PIPE_DEPTH_MAX {
            let message = format!("nodes and pipes read each other more than {} deep", limits::PIPE_DEPTH_MAX);
            return Err(Trouble::Here(Problem::new("P0102", exception::QUERY_IS_TOO_LARGE, span, message)));
        }
        bind(self)
    }

    fn not_visible(&self, name: &str, span: std::ops::Range<usize>) -> Trouble {
        let message = format!("not enough permissions to read {name:?}");
        Trouble::Here(Problem::new("S0201", exception::ACCESS_DENIED, span, message))
    }

    fn unknown_relation(&self, name: &str, span: std::ops::Range<usize>, ctes: &Ctes) -> Trouble {
        let catalog = self.environment.catalog;
        // a caller who may not see everything learns no names
        let mut known: Vec<String> = ctes.names();
        if let Some((pipe, _)) = &self.frame().pipe {
            known.extend(pipe.nodes.iter().map(|node| node.name.clone()));
        }
        if self.frame().pipe.is_some() || self.environment.visible.everything {
            known.extend(catalog.data_sources.keys().chain(catalog.pipes.keys()).cloned());
        }
        let hint = nearest(name, known.iter().map(String::as_str)).map(|near| format!("did you mean {near:?}?"));
        let message = format!("resource {name:?} not found");
        Trouble::Here(Problem::new("S0201", exception::UNKNOWN_TABLE, span, message).with_hint(hint))
    }

    fn data_source(&mut self, data_source: &Arc<DataSource>) -> Result<Output, Trouble> {
        if !self.data_sources.iter().any(|known| known.id == data_source.id) {
            self.data_sources.push(data_source.clone());
        }
        let filters = self.row_filters(data_source)?;
        let source = self.environment.tables.table(data_source, filters);
        self.next_table += 1;
        let table = format!("t{}", self.next_table);
        let builder = LogicalPlanBuilder::scan(table.as_str(), source, None)?;
        let mut columns = Vec::with_capacity(data_source.columns.len());
        let mut exprs = Vec::with_capacity(data_source.columns.len());
        for column in &data_source.columns {
            let fresh = self.fresh_column();
            let stored = Expr::Column(Column::new(Some(table.as_str()), &column.name));
            exprs.push(stored.alias(fresh.name.clone()));
            columns.push(Binding { name: column.name.clone(), column: fresh, data_type: column.data_type.clone() });
        }
        Ok(Output { plan: builder.project(exprs)?.build()?, columns })
    }

    /// The token's conditions on a data source, over its columns by name.
    fn row_filters(&mut self, data_source: &DataSource) -> Result<Vec<Expr>, Trouble> {
        let Some(filters) = self.environment.visible.filters.get(&data_source.name) else { return Ok(Vec::new()) };
        let columns = data_source.columns.iter().map(|column| Binding {
            name: column.name.clone(),
            column: Column::new_unqualified(&column.name),
            data_type: column.data_type.clone(),
        });
        let relation = Relation { name: Some(data_source.name.clone()), columns: columns.collect() };
        let scope = Scope { relations: vec![relation], ..Scope::default() };
        filters.iter().map(|filter| self.token_filter(filter, &scope, &data_source.name)).collect()
    }

    /// The token's conditions on a pipe, over what it gives.
    pub(super) fn filtered_pipe(&mut self, pipe: &Pipe, output: Output) -> Result<Output, Trouble> {
        let Some(filters) = self.environment.visible.filters.get(&pipe.name) else { return Ok(output) };
        let relation = Relation { name: Some(pipe.name.clone()), columns: output.columns.clone() };
        let scope = Scope { relations: vec![relation], ..Scope::default() };
        let mut builder = LogicalPlanBuilder::from(output.plan);
        for filter in filters {
            builder = builder.filter(self.token_filter(filter, &scope, &pipe.name)?)?;
        }
        Ok(Output { plan: builder.build()?, columns: output.columns })
    }

    fn token_filter(&mut self, filter: &str, scope: &Scope, resource: &str) -> Result<Expr, Trouble> {
        // the filter is not the caller's text: its problem is named, its content is not
        let denied = |trouble: Trouble| {
            let reason = Error::from(trouble).message;
            Trouble::Failed(Error::denied(format!("the token's filter on {resource:?} does not fit it: {reason}")))
        };
        let (expression, lines) = sql::parse_expression(filter).map_err(|problem| denied(Trouble::Here(problem)))?;
        self.frames.push(super::Frame { lines, pipe: None, pipeline: None, secrets: Secrets::default() });
        let bound = self.predicate(&expression, scope, &Ctes::default());
        self.frames.pop();
        bound.map_err(denied)
    }

    fn join(
        &mut self,
        left: LogicalPlan,
        scope: &mut Scope,
        right: LogicalPlan,
        relation: Relation,
        join: &ast::Join,
        ctes: &Ctes,
    ) -> Result<LogicalPlan, Trouble> {
        use ast::JoinOperator as Operator;
        let (kind, constraint) = match &join.join_operator {
            Operator::Join(constraint) | Operator::Inner(constraint) => (JoinType::Inner, constraint),
            Operator::Left(constraint) | Operator::LeftOuter(constraint) => (JoinType::Left, constraint),
            Operator::Right(constraint) | Operator::RightOuter(constraint) => (JoinType::Right, constraint),
            Operator::FullOuter(constraint) => (JoinType::Full, constraint),
            Operator::Semi(constraint) | Operator::LeftSemi(constraint) => (JoinType::LeftSemi, constraint),
            Operator::Anti(constraint) | Operator::LeftAnti(constraint) => (JoinType::LeftAnti, constraint),
            Operator::CrossJoin(_) => {
                scope.relations.push(relation);
                return Ok(LogicalPlanBuilder::from(left).cross_join(right)?.build()?);
            }
            other => {
                let span = self.span(join.relation.span());
                return Err(unsupported(&format!("the join {other:?}"), span));
            }
        };
        let left_count = scope.relations.len();
        scope.relations.push(relation);
        let mut on = Vec::new();
        let mut merged = Vec::new();
        match constraint {
            ast::JoinConstraint::On(condition) => on.push(self.predicate(condition, scope, ctes)?),
            ast::JoinConstraint::Using(names) => {
                for name in names {
                    let (pair, condition) = self.using(scope, left_count, name)?;
                    on.push(condition);
                    merged.push(pair);
                }
            }
            ast::JoinConstraint::Natural | ast::JoinConstraint::None => {
                return Err(unsupported("a join without ON or USING", self.span(join.relation.span())));
            }
        }
        let plan = LogicalPlanBuilder::from(left).join_on(right, kind, on)?.build()?;
        if matches!(kind, JoinType::LeftSemi | JoinType::LeftAnti) {
            scope.relations.truncate(left_count);
            return Ok(plan);
        }
        self.joined_defaults(plan, scope, left_count, kind, &merged)
    }

    fn using(
        &mut self,
        scope: &Scope,
        left_count: usize,
        name: &ast::ObjectName,
    ) -> Result<((Binding, Binding), Expr), Trouble> {
        let span = self.span(name.span());
        let name = name.0.last().and_then(|part| part.as_ident()).map_or("", |ident| &ident.value);
        let missing = |side: &str| {
            let message = format!("the {side} side of the join has no column {name:?}");
            Trouble::Here(Problem::new("S0202", exception::UNKNOWN_IDENTIFIER, span.clone(), message))
        };
        let Lookup::Found(left) = scope.column(name) else { return Err(missing("left")) };
        let right = scope.relations[left_count..].iter().flat_map(|relation| &relation.columns);
        let right = right.clone().find(|binding| binding.name == name).ok_or_else(|| missing("right"))?;
        let operands = [left, right].map(typed).to_vec();
        let equal = function::call(&self.environment.context, "equals", operands)
            .map_err(|problem| mismatch(problem, span.clone()))?;
        Ok(((left.clone(), right.clone()), equal.into_predicate().expr))
    }

    /// ClickHouse fills the side that found no partner with default values, not with NULLs.
    fn joined_defaults(
        &mut self,
        plan: LogicalPlan,
        scope: &mut Scope,
        left_count: usize,
        kind: JoinType,
        merged: &[(Binding, Binding)],
    ) -> Result<LogicalPlan, Trouble> {
        let filled = |index: usize| match kind {
            JoinType::Left => index >= left_count,
            JoinType::Right => index < left_count,
            JoinType::Full => true,
            _ => false,
        };
        let mut exprs = Vec::new();
        for (index, relation) in scope.relations.iter_mut().enumerate() {
            for binding in &mut relation.columns {
                let column = Expr::Column(binding.column.clone());
                let pair = merged.iter().find(|(left, _)| left.column == binding.column);
                let partner = pair.filter(|_| filled(index)).map(|(_, right)| Expr::Column(right.column.clone()));
                let expr = match partner {
                    // `USING (x)` of a RIGHT or FULL join: whichever side has it
                    Some(partner) => when(column.clone().is_null(), partner).otherwise(column)?,
                    None if filled(index) && !binding.data_type.is_nullable() => {
                        let default = default_value(&binding.data_type)?;
                        when(column.clone().is_null(), Expr::Literal(default, None)).otherwise(column)?
                    }
                    None => column,
                };
                self.next_column += 1;
                let fresh = Column::new_unqualified(format!("c{}", self.next_column));
                exprs.push(expr.alias(fresh.name.clone()));
                for (_, right) in merged {
                    if right.column == binding.column {
                        scope.hidden.push(fresh.clone());
                    }
                }
                binding.column = fresh;
            }
        }
        Ok(LogicalPlanBuilder::from(plan).project(exprs)?.build()?)
    }
}

/// What stands behind `ARRAY JOIN` is an expression, not a relation.
fn array_join(operator: &ast::JoinOperator) -> Option<&'static str> {
    match operator {
        ast::JoinOperator::ArrayJoin | ast::JoinOperator::InnerArrayJoin => Some("ARRAY JOIN"),
        ast::JoinOperator::LeftArrayJoin => Some("LEFT ARRAY JOIN"),
        _ => None,
    }
}

/// What stands for a missing value of a type that has no NULL.
pub(super) fn default_value(data_type: &DataType) -> Result<ScalarValue, Trouble> {
    Ok(ScalarValue::new_default(&data_type.to_arrow())?)
}

pub(super) fn typed(binding: &Binding) -> Typed {
    Typed { expr: Expr::Column(binding.column.clone()), data_type: binding.data_type.clone(), is_predicate: false }
}

fn alias_name(alias: &ast::TableAlias) -> Option<String> {
    Some(alias.name.value.clone())
}
