//! `ORDER BY … WITH FILL FROM … TO … STEP … INTERPOLATE (…)`.

use super::expression::Expressions;
use super::node::{Fill, FillColumn, Node, Number, Operation, Step};
use super::relation::default_value;
use super::scope::{Binding, Ctes, Relation, Scope};
use super::tail::{Order, Tail};
use super::trouble::mismatch;
use super::{Binder, Output, Trouble};
use crate::function::{self, Typed};
use crate::sql::{Problem, exception};
use crate::value::{DataType, IntervalUnit};
use arrow::datatypes::DataType as Arrow;
use datafusion::common::Column;
use datafusion::logical_expr::Expr;
use datafusion::scalar::ScalarValue;
use sqlparser::ast::{self, Spanned};
use std::ops::Range;

impl Binder<'_> {
    /// Makes the rows that WITH FILL asks for; `sorted` are the columns of the ORDER BY elements.
    pub(super) fn fill(
        &mut self,
        output: Output,
        orders: &[Order<'_>],
        sorted: &[Column],
        tail: &Tail<'_>,
        ctes: &Ctes,
    ) -> Result<Output, Trouble> {
        let Some(first) = orders.iter().position(|order| order.fill.is_some()) else { return Ok(output) };
        let mut fill = Fill { prefix: Vec::new(), columns: Vec::new(), interpolated: Vec::new(), defaults: Vec::new() };
        let mut exprs: Vec<Expr> = sorted[..first].iter().map(|column| Expr::Column(column.clone())).collect();
        fill.prefix = sorted[..first].iter().map(|column| column.name.clone()).collect();
        for (index, (order, column)) in orders.iter().zip(sorted).enumerate().skip(first) {
            let Some(written) = order.fill else { continue };
            let span = self.span(tail.order_by[index].expr.span());
            fill.columns.push(self.fill_column(order, column, written, &span, ctes)?);
            exprs.push(Expr::Column(column.clone()));
        }
        for binding in &output.columns {
            fill.defaults.push((binding.column.name.clone(), default_value(&binding.data_type)?));
        }
        if let Some(interpolate) = tail.interpolate {
            self.interpolate(interpolate, &output, sorted, ctes, (&mut fill, &mut exprs))?;
        }
        Ok(Output { plan: Node::plan(output.plan, Operation::Fill(fill), exprs)?, columns: output.columns })
    }

    fn fill_column(
        &mut self,
        order: &Order<'_>,
        column: &Column,
        written: &ast::WithFill,
        span: &Range<usize>,
        ctes: &Ctes,
    ) -> Result<FillColumn, Trouble> {
        let data_type = order.value.data_type.bare().clone();
        let fits = data_type.is_numeric()
            || matches!(
                data_type,
                DataType::Date | DataType::Date32 | DataType::DateTime(_) | DataType::DateTime64(..)
            );
        if !fits || data_type.integer_bits() > Some(64) {
            return Err(invalid(span, format!("WITH FILL does not take {data_type}")));
        }
        let mut bound = |expr: &Option<ast::Expr>| match expr {
            Some(expr) => {
                let value = self.fill_constant(expr, ctes)?;
                let value = function::cast(value, &data_type).map_err(|problem| mismatch(problem, span.clone()))?;
                number(&value).map(Some).ok_or_else(|| invalid(span, format!("{expr} is no bound of WITH FILL")))
            }
            None => Ok(None),
        };
        let (from, to) = (bound(&written.from)?, bound(&written.to)?);
        let ascending = order.direction.ascending;
        let step = match &written.step {
            None => Step::By(steps(&data_type, if ascending { 1.0 } else { -1.0 })),
            Some(step) => self.fill_step(step, &data_type, ascending, span, ctes)?,
        };
        Ok(FillColumn { name: column.name.clone(), ascending, from, to, step })
    }

    fn fill_step(
        &mut self,
        expr: &ast::Expr,
        data_type: &DataType,
        ascending: bool,
        span: &Range<usize>,
        ctes: &Ctes,
    ) -> Result<Step, Trouble> {
        let step = self.fill_constant(expr, ctes)?;
        let Some(size) = step.constant().and_then(float) else {
            return Err(invalid(span, format!("{expr} is no step of WITH FILL")));
        };
        if size == 0.0 || (size > 0.0) != ascending {
            let direction = if ascending { "above" } else { "below" };
            return Err(invalid(span, format!("the step of WITH FILL must be {direction} zero, not {expr}")));
        }
        let DataType::Interval(unit) = step.data_type.bare() else {
            return Ok(Step::By(steps(data_type, size)));
        };
        let in_utc = match data_type {
            DataType::DateTime(zone) | DataType::DateTime64(_, zone) => {
                zone.is_none_or(|zone| zone == chrono_tz::Tz::UTC)
            }
            _ => true,
        };
        let is_date = matches!(data_type, DataType::Date | DataType::Date32);
        let seconds = match unit {
            IntervalUnit::Nanosecond => Some(1e-9),
            IntervalUnit::Microsecond => Some(1e-6),
            IntervalUnit::Millisecond => Some(1e-3),
            IntervalUnit::Second => Some(1.0),
            IntervalUnit::Minute => Some(60.0),
            IntervalUnit::Hour => Some(3600.0),
            IntervalUnit::Day if in_utc => Some(86_400.0),
            IntervalUnit::Week if in_utc => Some(604_800.0),
            _ => None,
        };
        match (seconds, data_type) {
            (Some(seconds), _) if is_date && seconds >= 86_400.0 => {
                Ok(Step::By(steps(data_type, size * seconds / 86_400.0)))
            }
            (_, DataType::Date | DataType::Date32) if seconds.is_some() => {
                Err(invalid(span, format!("WITH FILL cannot step through {data_type} by {expr}")))
            }
            (Some(seconds), DataType::DateTime(_) | DataType::DateTime64(..)) => {
                Ok(Step::By(steps(data_type, size * seconds)))
            }
            (None, DataType::Date | DataType::Date32 | DataType::DateTime(_) | DataType::DateTime64(..)) => {
                let column = Expr::Column(Column::new_unqualified("x"));
                let column = Typed { expr: column, data_type: data_type.clone(), is_predicate: false };
                let context = &self.environment.context;
                let next = function::call(context, "plus", vec![column, step])
                    .and_then(|next| function::cast(next, data_type))
                    .map_err(|problem| mismatch(problem, span.clone()))?;
                Ok(Step::Calendar(next.into_value().expr))
            }
            _ => Err(invalid(span, format!("WITH FILL cannot step through {data_type} by {expr}"))),
        }
    }

    fn fill_constant(&mut self, expr: &ast::Expr, ctes: &Ctes) -> Result<Typed, Trouble> {
        let scope = Scope::default();
        let mut expressions =
            Expressions { binder: self, scope: &scope, ctes, aggregates: None, resolving: Vec::new() };
        let typed = expressions.bind(expr)?.into_value();
        match super::expression::evaluate(&typed.expr) {
            Some(value) => Ok(function::literal(value?, typed.data_type)),
            None => {
                let span = self.span(expr.span());
                Err(invalid(&span, format!("a constant must stand in WITH FILL, not {expr}")))
            }
        }
    }

    /// Columns that go on from the row before, by themselves or by an expression over that row.
    fn interpolate(
        &mut self,
        written: &ast::Interpolate,
        output: &Output,
        sorted: &[Column],
        ctes: &Ctes,
        (fill, exprs): (&mut Fill, &mut Vec<Expr>),
    ) -> Result<(), Trouble> {
        let Some(list) = &written.exprs else {
            for binding in output.columns.iter().filter(|binding| !sorted.contains(&binding.column)) {
                fill.interpolated.push(binding.column.name.clone());
                exprs.push(Expr::Column(binding.column.clone()));
            }
            return Ok(());
        };
        let relation = Relation { name: None, columns: output.columns.clone() };
        let scope = Scope { relations: vec![relation], ..Scope::default() };
        for ast::InterpolateExpr { column, expr } in list {
            let span = self.span(column.span);
            let target: &Binding =
                output.columns.iter().find(|binding| binding.name == column.value).ok_or_else(|| {
                    let message = format!("unknown column {:?}", column.value);
                    Trouble::Here(Problem::new("S0202", exception::UNKNOWN_IDENTIFIER, span.clone(), message))
                })?;
            let value = match expr {
                Some(expr) => {
                    let mut expressions =
                        Expressions { binder: self, scope: &scope, ctes, aggregates: None, resolving: Vec::new() };
                    expressions.bind(expr)?.into_value()
                }
                None => super::relation::typed(target),
            };
            let value = function::cast(value, &target.data_type).map_err(|problem| mismatch(problem, span))?;
            fill.interpolated.push(target.column.name.clone());
            exprs.push(value.into_value().expr);
        }
        Ok(())
    }
}

fn invalid(span: &Range<usize>, message: String) -> Trouble {
    Trouble::Here(Problem::new("S0209", exception::INVALID_WITH_FILL_EXPRESSION, span.clone(), message))
}

fn float(value: &ScalarValue) -> Option<f64> {
    match value.cast_to(&Arrow::Float64).ok()? {
        ScalarValue::Float64(value) => value,
        _ => None,
    }
}

/// A constant as it lies in its column.
fn number(value: &Typed) -> Option<Number> {
    match value.constant()? {
        ScalarValue::Float64(value) => (*value).map(Number::Float),
        ScalarValue::Float32(value) => value.map(|value| Number::Float(f64::from(value))),
        ScalarValue::Decimal128(value, ..) => (*value).map(Number::Integer),
        ScalarValue::Date32(value) => value.map(|value| Number::Integer(i128::from(value))),
        ScalarValue::UInt64(value) => value.map(|value| Number::Integer(i128::from(value))),
        other => match other.cast_to(&Arrow::Int64).ok()? {
            ScalarValue::Int64(value) => value.map(|value| Number::Integer(i128::from(value))),
            _ => None,
        },
    }
}

/// So many days, seconds or units of a column as a difference of its values.
fn steps(data_type: &DataType, size: f64) -> Number {
    let scaled = |digits: u32| Number::Integer((size * 10f64.powi(digits as i32)).round() as i128);
    match data_type {
        DataType::Float32 | DataType::Float64 => Number::Float(size),
        DataType::Decimal { scale, .. } => scaled(u32::from(*scale)),
        // ticks lie in the next unit of 0, 3, 6 or 9 digits
        DataType::DateTime64(digits, _) => scaled(u32::from(digits.div_ceil(3) * 3)),
        _ => scaled(0),
    }
}
