//! What stands in FROM: data sources, pipes, nodes, subqueries, joins.

use super::final_rows::Reading;
use super::scope::{Binding, Cte, Ctes, Relation, Scope};
use super::trouble::unsupported;
use super::{Binder, Output, Trouble};
use crate::catalog::{DataSource, Pipe};
use crate::diagnostic::nearest;
use crate::error::Error;
use crate::function::Typed;
use crate::limits;
use crate::sql::{self, Problem, exception};
use crate::template::Secrets;
use crate::value::DataType;
use datafusion::common::Column;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
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
            scope.joined.extend(right_scope.joined);
            scope.merged.extend(right_scope.merged);
        }
        Ok((plan, scope))
    }

    fn joined(&mut self, table: &ast::TableWithJoins, ctes: &Ctes) -> Result<(LogicalPlan, Scope), Trouble> {
        let (mut plan, relation) = self.relation(&table.relation, ctes)?;
        let mut scope = Scope { relations: vec![relation], ..Scope::default() };
        for join in &table.joins {
            if let Some((items, keeps_empty)) = array_join(&join.relation) {
                plan = self.array_join_clause(plan, &mut scope, items, keeps_empty, ctes)?;
                continue;
            }
            let (right, right_relation) = self.relation(&join.relation, ctes)?;
            plan = self.join(plan, &mut scope, (right, right_relation), join, ctes)?;
        }
        Ok((plan, scope))
    }

    fn relation(&mut self, factor: &ast::TableFactor, ctes: &Ctes) -> Result<(LogicalPlan, Relation), Trouble> {
        let (output, name) = match factor {
            ast::TableFactor::Table { name, alias, args: None, .. } => {
                let parts: Vec<&str> =
                    name.0.iter().filter_map(|part| part.as_ident()).map(|i| i.value.as_str()).collect();
                let span = self.span(name.span());
                let reading = self.reading(factor, ctes)?;
                let output = self.named_as(&parts, span, ctes, &reading)?;
                (output, alias.as_ref().map_or(parts.last().map(|part| (*part).to_owned()), alias_name))
            }
            ast::TableFactor::Table { name, alias, args: Some(arguments), sample: None, .. } => {
                let span = self.span(name.span());
                let output = self.table_function(&name.to_string(), &arguments.args, span, ctes)?;
                (output, alias.as_ref().and_then(alias_name))
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
        let mut columns = output.columns;
        for (binding, renamed) in columns.iter_mut().zip(alias_columns(factor)) {
            binding.name.clone_from(&renamed.name.value);
        }
        Ok((output.plan, Relation { name, columns }))
    }

    /// A name in FROM: a CTE, a node of this pipe, a data source, another pipe.
    pub(super) fn named(
        &mut self,
        parts: &[&str],
        span: std::ops::Range<usize>,
        ctes: &Ctes,
    ) -> Result<Output, Trouble> {
        self.named_as(parts, span, ctes, &Reading::default())
    }

    fn named_as(
        &mut self,
        parts: &[&str],
        span: std::ops::Range<usize>,
        ctes: &Ctes,
        reading: &Reading,
    ) -> Result<Output, Trouble> {
        let full = parts.join(".");
        if let Some(output) = self.system_table(parts)? {
            return Ok(output);
        }
        if let [name] = parts {
            match ctes.find(name) {
                Some((Cte::Query(query), outer)) => {
                    self.refuse_reading(reading, "a subquery")?;
                    return self.query(&query, &outer);
                }
                Some((Cte::Expression(_), _)) | None => {}
            }
            if *name == "_"
                && let Some(pipe) = self.frame().pipeline.clone()
            {
                self.refuse_reading(reading, "a pipe")?;
                return self.nested(span, |binder| binder.pipe(&pipe));
            }
            if let Some((pipe, current)) = self.frame().pipe.clone()
                && let Some(index) = pipe.nodes.iter().position(|node| node.name == *name)
                && index != current
            {
                self.refuse_reading(reading, "a node")?;
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
            return self.data_source(&data_source, reading);
        }
        if let Some(pipe) = catalog.pipe(&full) {
            let visible = self.environment.visible;
            if by_caller && !visible.everything && !visible.pipes.contains(&pipe.name) {
                return Err(self.not_visible(&full, span));
            }
            let pipe = pipe.clone();
            self.refuse_reading(reading, "a pipe")?;
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

    fn data_source(&mut self, data_source: &Arc<DataSource>, reading: &Reading) -> Result<Output, Trouble> {
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
        let plan = self.read(builder.project(exprs)?.build()?, data_source, &columns, reading)?;
        Ok(Output { plan, columns })
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
}

/// What stands behind `ARRAY JOIN`, which `sql` has put into a SELECT list; and whether it is a LEFT one.
fn array_join(factor: &ast::TableFactor) -> Option<(&[ast::SelectItem], bool)> {
    let ast::TableFactor::Derived { subquery, alias: Some(alias), .. } = factor else { return None };
    let keeps_empty = match alias.name.value.as_str() {
        sql::ARRAY_JOIN_ALIAS => false,
        sql::LEFT_ARRAY_JOIN_ALIAS => true,
        _ => return None,
    };
    match subquery.body.as_ref() {
        ast::SetExpr::Select(select) => Some((&select.projection, keeps_empty)),
        _ => None,
    }
}

/// What stands for a missing value of a type that has no NULL.
pub(super) fn default_value(data_type: &DataType) -> Result<ScalarValue, Trouble> {
    crate::function::default_of(data_type)
        .ok_or_else(|| Trouble::Failed(Error::internal(format!("{data_type} has no default value"))))
}

pub(super) fn typed(binding: &Binding) -> Typed {
    Typed { expr: Expr::Column(binding.column.clone()), data_type: binding.data_type.clone(), is_predicate: false }
}

/// `AS t(a, b)`.
fn alias_columns(factor: &ast::TableFactor) -> &[ast::TableAliasColumnDef] {
    match factor {
        ast::TableFactor::Table { alias: Some(alias), .. } | ast::TableFactor::Derived { alias: Some(alias), .. } => {
            &alias.columns
        }
        _ => &[],
    }
}

fn alias_name(alias: &ast::TableAlias) -> Option<String> {
    Some(alias.name.value.clone())
}
