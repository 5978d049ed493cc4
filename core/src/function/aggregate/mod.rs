//! Aggregate functions and their combinators.
//!
//! ```text
//!  sumIf(x, c)   combinator   suffixes off the name: base "sum", [-If]
//!                table        base name → Aggregate
//!                bind         argument types → the engine's function, or States of ours, and the result's type
//!                mod          -If becomes the engine's FILTER; NULL and "no rows" get ClickHouse's meaning
//! ```
//!
//! The hot five are the engine's own functions, on arguments that already have the result's type. All others
//! are [`states::States`] of ours, whose saved form is one column of versioned bytes: partial aggregation,
//! spilling and, in time, `-State` and `-Merge` use the same bytes.

mod combinator;
mod engine;
mod funnel;
mod moments;
mod quantile;
mod states;
mod table;
mod udaf;
mod uniq;
mod values;

use super::conditional;
use super::definition::{Context, Mismatch};
use super::typed::{Typed, arrow_cast};
use crate::diagnostic::nearest;
use crate::value::DataType;
use combinator::Combinator;
use datafusion::logical_expr::{AggregateUDF, Expr};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

pub(crate) use table::aggregates;

/// An aggregate call as written: `quantile(0.9)(DISTINCT x)`.
pub struct AggregateCall {
    pub name: String,
    pub parameters: Vec<ScalarValue>,
    pub arguments: Vec<Typed>,
    pub distinct: bool,
}

/// What a base function says of itself.
pub(crate) struct Aggregate {
    pub(crate) name: &'static str,
    pub(crate) aliases: &'static [&'static str],
    pub(crate) case_insensitive: bool,
    pub(crate) syntax: &'static str,
    pub(crate) summary: &'static str,
    /// `(expression over the column x of 1, 2, 3, 4 …, its value)`
    pub(crate) examples: &'static [(&'static str, &'static str)],
    pub(crate) bind: fn(&Binding) -> Result<Bound, Mismatch>,
}

impl Aggregate {
    pub(crate) const DEFAULT: Aggregate = Aggregate {
        name: "",
        aliases: &[],
        case_insensitive: false,
        syntax: "",
        summary: "",
        examples: &[],
        bind: |binding| Err(binding.mismatch("cannot be called")),
    };
}

/// One aggregate call being bound; combinators have taken their arguments.
pub(crate) struct Binding<'a> {
    pub(crate) aggregate: &'static Aggregate,
    pub(crate) name: &'a str,
    pub(crate) parameters: &'a [ScalarValue],
    /// Without `LowCardinality`, as values.
    pub(crate) arguments: Vec<Typed>,
}

/// A base function that fits its arguments.
pub(crate) struct Bound {
    pub(crate) udaf: Arc<AggregateUDF>,
    pub(crate) arguments: Vec<Expr>,
    pub(crate) result: DataType,
    /// The engine's function yields another Arrow type than the result's, which holds the same values.
    pub(crate) differs: bool,
    /// The value of no rows; none, if the function itself knows it.
    pub(crate) empty: Option<ScalarValue>,
    /// The engine's own DISTINCT.
    pub(crate) distinct: bool,
}

impl Binding<'_> {
    pub(crate) fn mismatch(&self, problem: impl std::fmt::Display) -> Mismatch {
        let mut mismatch = Mismatch::new(format!("aggregate function {} {problem}", self.name));
        if !self.aggregate.syntax.is_empty() {
            mismatch.hint = Some(format!("it is written {}", self.aggregate.syntax));
        }
        mismatch
    }

    pub(crate) fn count(&self, allowed: impl std::ops::RangeBounds<usize>) -> Result<usize, Mismatch> {
        let count = self.arguments.len();
        if allowed.contains(&count) {
            return Ok(count);
        }
        let plural = if count == 1 { "argument" } else { "arguments" };
        Err(self.mismatch(format_args!("does not take {count} {plural}")))
    }

    pub(crate) fn wrong_type(&self, index: usize) -> Mismatch {
        let data_type = &self.arguments[index].data_type;
        self.mismatch(format_args!("does not take {data_type} as argument {}", index + 1))
    }

    pub(crate) fn bare(&self, index: usize) -> &DataType {
        self.arguments[index].data_type.bare()
    }

    /// An argument may be NULL, so that all of them may be.
    pub(crate) fn is_nullable(&self) -> bool {
        self.arguments.iter().any(|argument| argument.data_type.is_nullable())
    }
}

/// Whether a name, with its combinators, is an aggregate function's.
pub fn is_aggregate(name: &str) -> bool {
    combinator::parse(name).is_some()
}

/// Binds an aggregate call. The expression holds exactly one `Expr::AggregateFunction`, mostly below a cast or
/// the default for no rows.
pub fn aggregate(_context: &Context, call: AggregateCall) -> Result<Typed, Mismatch> {
    let Some((aggregate, combinators)) = combinator::parse(&call.name) else {
        let hint = nearest(&call.name, table::names()).map(|near| format!("did you mean {near:?}?"));
        let message = format!("unknown aggregate function {}", call.name);
        return Err(Mismatch { code: "S0203", message, hint });
    };
    let arguments = call.arguments.into_iter().map(without_low_cardinality).collect();
    let mut binding = Binding { aggregate, name: &call.name, parameters: &call.parameters, arguments };
    let mut filter: Option<Typed> = None;
    let mut distinct = call.distinct;
    for combinator in combinators.iter().rev() {
        match combinator {
            Combinator::If => {
                let condition = binding.arguments.pop().filter(|condition| {
                    condition.data_type.is_numeric() || *condition.data_type.bare() == DataType::Nothing
                });
                let condition = condition.ok_or_else(|| binding.mismatch("needs a condition as last argument"))?;
                filter = Some(match filter {
                    Some(other) => super::call(_context, "and", vec![other, condition])?.into_predicate(),
                    None => condition.into_predicate(),
                });
            }
            Combinator::Distinct => distinct = true,
        }
    }
    binding.arguments = binding.arguments.into_iter().map(Typed::into_value).collect();
    let binding = if distinct { combinator::distinct(binding)? } else { binding };
    let bound = (binding.aggregate.bind)(&binding)?;
    Ok(finish(bound, filter))
}

fn without_low_cardinality(typed: Typed) -> Typed {
    match typed.data_type {
        DataType::LowCardinality(inner) | DataType::SimpleAggregateFunction(_, inner) => {
            without_low_cardinality(Typed { data_type: *inner, ..typed })
        }
        _ => typed,
    }
}

fn finish(bound: Bound, filter: Option<Typed>) -> Typed {
    let filter = filter.map(|condition| Box::new(condition.expr));
    let function = datafusion::logical_expr::expr::AggregateFunction::new_udf(
        bound.udaf,
        bound.arguments,
        bound.distinct,
        filter,
        vec![],
        None,
    );
    let mut expr = Expr::AggregateFunction(function);
    if bound.differs {
        expr = arrow_cast(expr, &bound.result.to_arrow());
    }
    let value = Typed::new(expr, bound.result);
    let Some(empty) = bound.empty else { return value };
    conditional::or_literal(value, empty)
}
