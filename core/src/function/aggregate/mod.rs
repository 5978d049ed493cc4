//! Aggregate functions and their combinators.
//!
//! ```text
//!  sumArrayIf(x, c)  combinator  suffixes off the name: base "sum", [-Array, -If]
//!                    table       base name → Aggregate
//!                    mod         an outermost -If becomes the engine's FILTER
//!                    fit         argument types → the result's type, and States wrapped in States
//!                    udaf        States as a function of the engine
//! ```
//!
//! Plain `count`, `sum`, `min`, `max` and `avg` are the engine's own functions, on arguments that already have
//! the result's type. All others, and these five under a combinator, are [`states::States`] of ours, whose saved
//! form is one column of versioned bytes: partial aggregation, spilling, `-State` and `-Merge` use the same.

mod bit;
mod bytes;
mod cell;
mod combinator;
mod compacted;
mod event;
mod extreme;
mod fit;
mod funnel;
mod histogram;
mod kept;
mod key;
mod list;
mod moments;
mod number;
mod power;
mod quantile;
mod rank;
pub(crate) mod reduce;
mod states;
mod sum_map;
mod table;
mod top;
mod udaf;
mod uniq;
mod wrap;

use super::conditional;
use super::definition::{Context, Mismatch};
use super::typed::{Typed, arrow_cast};
use crate::value::DataType;
use combinator::Combinator;
use datafusion::logical_expr::{AggregateUDF, Expr};
use datafusion::scalar::ScalarValue;
pub use fit::are_same_states;
use fit::{Empty, Fitted, Signature, without_low_cardinality};
use states::Kind;
use std::sync::Arc;

pub use compacted::{merge_rows, merge_states};
use fit::literal;
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
    pub(crate) kind: Kind,
    pub(crate) empty: Empty,
    pub(crate) fit: fn(&Signature) -> Fitted,
    /// The engine's own function, if it does the same on these arguments.
    engine: Option<number::Engine>,
}

impl Aggregate {
    pub(crate) const DEFAULT: Aggregate = Aggregate {
        name: "",
        aliases: &[],
        case_insensitive: false,
        syntax: "",
        summary: "",
        examples: &[],
        kind: Kind::Nothing,
        empty: Empty::Null,
        fit: |signature| Err(signature.mismatch("cannot be called")),
        engine: None,
    };
}

/// The engine's function that does what a base function does.
struct Bound {
    udaf: Arc<AggregateUDF>,
    arguments: Vec<Expr>,
    result: DataType,
    /// The engine's function yields another Arrow type than the result's, which holds the same values.
    differs: bool,
    /// The value of no rows; none, if the function itself knows it.
    empty: Option<ScalarValue>,
}

/// Whether a name, with its combinators, is an aggregate function's.
pub fn is_aggregate(name: &str) -> bool {
    combinator::parse(name).is_some()
}

/// Binds an aggregate call. The expression holds exactly one `Expr::AggregateFunction`, mostly below a cast or
/// the default for no rows.
pub fn aggregate(context: &Context, call: AggregateCall) -> Result<Typed, Mismatch> {
    let mut stack = combinator::parse(&call.name).ok_or_else(|| fit::unknown(&call.name))?;
    let mut name = call.name.clone();
    if call.distinct {
        stack.combinators.push(Combinator::Distinct);
        name.push_str(Combinator::Distinct.suffix());
    }
    while let [.., inner @ Combinator::If, outer] = stack.combinators.as_mut_slice()
        && matches!(outer, Combinator::Distinct | Combinator::OrNull | Combinator::OrDefault)
    {
        // what looks at rows, looks at those of which the condition holds
        std::mem::swap(inner, outer);
    }
    // of a value that is a simple state, it is one again
    let simple = match call.arguments.first().map(|first| first.data_type.clone()) {
        Some(simple @ DataType::SimpleAggregateFunction(..))
            if stack.combinators.iter().all(|one| *one == Combinator::If)
                && ["any", "anyLast", "min", "max", "argMin", "argMax"].contains(&stack.aggregate.name) =>
        {
            Some(simple)
        }
        _ => None,
    };
    let typed = |bound: Bound, filter| {
        let value = finish(bound, filter);
        match &simple {
            Some(DataType::SimpleAggregateFunction(function, inner)) if **inner == value.data_type => {
                let data_type = DataType::SimpleAggregateFunction(function.clone(), inner.clone());
                Typed { data_type, ..value }
            }
            _ => value,
        }
    };
    let mut arguments: Vec<Typed> = call.arguments.into_iter().map(plain).collect();
    let mut filter: Option<Typed> = None;
    while stack.combinators.last() == Some(&Combinator::If) {
        stack.combinators.pop();
        let condition = arguments
            .pop()
            .filter(|condition| condition.data_type.is_numeric() || *condition.data_type.bare() == DataType::Nothing);
        let condition = condition.ok_or_else(|| {
            Mismatch::new(format!("aggregate function {} needs a condition as last argument", call.name))
        })?;
        filter = Some(match filter {
            Some(other) => super::call(context, "and", vec![other, condition])?.into_predicate(),
            None => condition.into_predicate(),
        });
    }
    let mut parameters = call.parameters;
    if stack.aggregate.name == "groupConcat"
        && arguments.len() == 2
        && let Some(delimiter) = arguments[1].constant().cloned()
    {
        // string_agg(x, ',')
        parameters.insert(0, delimiter);
        arguments.pop();
    }
    let arguments: Vec<Typed> = arguments.into_iter().map(Typed::into_value).collect();
    let types: Vec<DataType> = arguments.iter().map(|argument| argument.data_type.clone()).collect();
    if stack.combinators.is_empty()
        && let Some(engine) = stack.aggregate.engine
        && parameters.is_empty()
    {
        let signature =
            Signature { aggregate: stack.aggregate, name: &name, parameters: &parameters, arguments: types.clone() };
        if let Some(bound) = engine(&signature, &arguments)? {
            return Ok(typed(bound, filter));
        }
    }
    let fit = fit::fit_parsed(&name, &stack, &parameters, &types)?;
    Ok(typed(udaf::bound(&name, &parameters, fit, arguments), filter))
}

fn plain(typed: Typed) -> Typed {
    if typed.data_type == DataType::Dynamic {
        // a Dynamic value may be NULL without being missing
        let null = ScalarValue::Utf8View(Some("null".to_owned()));
        return super::conditional::or_literal(typed, null);
    }
    Typed { data_type: without_low_cardinality(&typed.data_type), ..typed }
}

fn finish(bound: Bound, filter: Option<Typed>) -> Typed {
    let filter = filter.map(|condition| Box::new(condition.expr));
    let function = datafusion::logical_expr::expr::AggregateFunction::new_udf(
        bound.udaf,
        bound.arguments,
        false,
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

#[cfg(test)]
pub(super) mod tested {
    //! What the tests of this folder look at.
    pub(crate) use super::combinator::parse;
    pub(crate) use super::fit::{Fit, fit, literal};
    pub(crate) use super::states::{Rows, payload, stored};
}
