//! UNION, INTERSECT and EXCEPT.
//!
//! INTERSECT and EXCEPT ask a set of the right side, as IN does. ALL counts equal rows: the third `a` of the left
//! side has a partner if the right side has a third one.

use super::first_of_key::FirstOfKey;
use super::relation::typed;
use super::scope::{Binding, Ctes};
use super::settings::SetMode;
use super::tail::Tail;
use super::trouble::unsupported;
use super::{Binder, Output, Trouble, membership};
use crate::function;
use crate::sql::{Problem, exception};
use crate::value::supertype;
use datafusion::common::Column;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use sqlparser::ast::{self, SetOperator, SetQuantifier, Spanned};
use std::ops::Range;

/// ORDER BY and LIMIT behind the last SELECT are that SELECT's, as in ClickHouse.
pub(super) fn with_tail(query: &ast::Query) -> Option<ast::Query> {
    if query.order_by.is_none() && query.limit_clause.is_none() && query.fetch.is_none() {
        return None;
    }
    let mut moved = query.clone();
    let mut last = moved.body.as_mut();
    while let ast::SetExpr::SetOperation { right, .. } = last {
        last = right.as_mut();
    }
    if !matches!(last, ast::SetExpr::Select(_)) || matches!(query.body.as_ref(), ast::SetExpr::Select(_)) {
        return None;
    }
    let select = std::mem::replace(
        last,
        ast::SetExpr::Values(ast::Values { explicit_row: false, value_keyword: false, rows: Vec::new() }),
    );
    let tail = ast::Query {
        with: None,
        body: Box::new(select),
        order_by: moved.order_by.take(),
        limit_clause: moved.limit_clause.take(),
        fetch: moved.fetch.take(),
        locks: Vec::new(),
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators: Vec::new(),
    };
    *last = ast::SetExpr::Query(Box::new(tail));
    Some(moved)
}

impl Binder<'_> {
    pub(super) fn set(&mut self, body: &ast::SetExpr, ctes: &Ctes) -> Result<Output, Trouble> {
        let (op, quantifier, left, right) = match body {
            ast::SetExpr::Select(select) => return Ok(self.select(select, &Tail::default(), ctes)?.output),
            ast::SetExpr::Query(query) => return self.query(query, ctes),
            ast::SetExpr::Values(values) => return self.values_clause(values, ctes),
            ast::SetExpr::SetOperation { op, set_quantifier, left, right } => (*op, *set_quantifier, left, right),
            other => return Err(unsupported(&format!("{other}"), self.span(other.span()))),
        };
        let span = self.span(body.span());
        let is_distinct = self.is_distinct(op, quantifier, &span)?;
        let left = self.set(left, ctes)?;
        let right = self.set(right, ctes)?;
        let [left, right] = self.of_one_type([left, right], op, span)?;
        match op {
            SetOperator::Union => {
                let builder = LogicalPlanBuilder::from(left.plan).union(right.plan)?;
                let builder = if is_distinct { builder.distinct()? } else { builder };
                Ok(Output { plan: builder.build()?, columns: left.columns })
            }
            _ => self.found(left, right, op == SetOperator::Intersect, is_distinct),
        }
    }

    fn is_distinct(&self, op: SetOperator, quantifier: SetQuantifier, span: &Range<usize>) -> Result<bool, Trouble> {
        let mode = match op {
            SetOperator::Union => self.settings.union_mode,
            SetOperator::Intersect => self.settings.intersect_mode,
            SetOperator::Except | SetOperator::Minus => self.settings.except_mode,
        };
        match (quantifier, mode) {
            (SetQuantifier::All, _) | (SetQuantifier::None, SetMode::All) => Ok(false),
            (SetQuantifier::Distinct, _) | (SetQuantifier::None, SetMode::Distinct) => Ok(true),
            (SetQuantifier::None, SetMode::Unset) if op != SetOperator::Union => Ok(false),
            (SetQuantifier::None, SetMode::Unset) => {
                let message = "UNION needs ALL or DISTINCT behind it, or the setting union_default_mode";
                let problem = Problem::new("S0101", exception::EXPECTED_ALL_OR_DISTINCT, span.clone(), message);
                Err(Trouble::Here(problem.with_hint(Some("UNION ALL keeps rows that are equal".to_owned()))))
            }
            (other, _) => Err(unsupported(&format!("{op} {other}"), span.clone())),
        }
    }

    /// Both sides get the common types, and the same columns; the names are the left side's.
    fn of_one_type(
        &mut self,
        [left, right]: [Output; 2],
        op: SetOperator,
        span: Range<usize>,
    ) -> Result<[Output; 2], Trouble> {
        if left.columns.len() != right.columns.len() {
            let message =
                format!("{op} of {} columns with {}: the counts differ", left.columns.len(), right.columns.len());
            let code = match op {
                SetOperator::Union => exception::UNION_ALL_RESULT_STRUCTURES_MISMATCH,
                _ => exception::INTERSECT_OR_EXCEPT_RESULT_STRUCTURES_MISMATCH,
            };
            return Err(Trouble::Here(Problem::new("S0207", code, span, message)));
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
        let left = LogicalPlanBuilder::from(left.plan).project(left_exprs)?.build()?;
        Ok([Output { plan: left, columns: columns.clone() }, Output { plan: right, columns }])
    }

    /// The left rows that the right side has, or those that it has not.
    fn found(&mut self, left: Output, right: Output, wanted: bool, is_distinct: bool) -> Result<Output, Trouble> {
        let keys: Vec<Expr> = left.columns.iter().map(|binding| Expr::Column(binding.column.clone())).collect();
        let mut asked = keys.clone();
        let (left_plan, right_plan) = if is_distinct {
            (FirstOfKey::firsts(left.plan, keys.clone().into_iter())?, right.plan)
        } else {
            let place = self.fresh_column();
            asked.push(Expr::Column(Column::new_unqualified(place.name.clone())));
            (
                FirstOfKey::places(left.plan, keys.clone().into_iter(), place.name.clone())?,
                FirstOfKey::places(right.plan, keys.clone().into_iter(), place.name)?,
            )
        };
        let found = membership::is_member(asked, right_plan)?;
        let condition = if wanted { found } else { Expr::Not(Box::new(found)) };
        let plan = LogicalPlanBuilder::from(left_plan).filter(condition)?.project(keys)?.build()?;
        Ok(Output { plan, columns: left.columns })
    }
}
