//! `-If`, `-Distinct`: suffixes that change what a function takes or yields, in any order.

use super::{Aggregate, Binding, table};
use crate::function::definition::Mismatch;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Combinator {
    /// The last argument is a condition; rows where it does not hold are left out.
    If,
    /// Equal arguments count once.
    Distinct,
}

const SUFFIXES: &[(&str, Combinator)] = &[("If", Combinator::If), ("Distinct", Combinator::Distinct)];

/// The base function and the combinators, innermost first. A base function's own name wins over a suffix.
pub(super) fn parse(name: &str) -> Option<(&'static Aggregate, Vec<Combinator>)> {
    if let Some(aggregate) = table::find(name) {
        return Some((aggregate, Vec::new()));
    }
    for (suffix, combinator) in SUFFIXES {
        if let Some(inner) = name.strip_suffix(suffix)
            && let Some((aggregate, mut combinators)) = parse(inner)
        {
            combinators.push(*combinator);
            return Some((aggregate, combinators));
        }
    }
    None
}

/// The function over distinct arguments: another function that is just that, or the engine's DISTINCT.
pub(super) fn distinct(mut binding: Binding) -> Result<Binding, Mismatch> {
    let other = match binding.aggregate.name {
        "count" if binding.arguments.is_empty() => return Err(binding.mismatch("needs an argument to be distinct")),
        "count" => "uniqExact",
        "sum" => "sumDistinct",
        "avg" => "avgDistinct",
        "groupArray" => "groupUniqArray",
        // The same value once more changes nothing.
        "min" | "max" | "any" | "anyLast" | "uniq" | "uniqExact" | "groupUniqArray" | "argMin" | "argMax" => {
            return Ok(binding);
        }
        _ => return Err(binding.mismatch("cannot take DISTINCT yet")),
    };
    binding.aggregate = table::find(other).ok_or_else(|| binding.mismatch("cannot take DISTINCT yet"))?;
    Ok(binding)
}
