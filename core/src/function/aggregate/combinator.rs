//! Suffixes that change what a function takes or yields, in any order: `countIfState`, `sumArrayMergeState`.

use super::{Aggregate, table};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Combinator {
    /// The last argument is a condition; rows where it does not hold are left out.
    If,
    /// Equal arguments count once.
    Distinct,
    /// Yields the state and not the value.
    State,
    /// The same, as the value's type, where states are values.
    SimpleState,
    /// Takes states and not values.
    Merge,
    /// Takes states and yields one.
    MergeState,
    /// Takes arrays, and each item counts.
    Array,
    /// Takes arrays, and yields an array of what is at each place.
    ForEach,
    /// Takes maps, and yields a map of what is at each key.
    Map,
    /// Of no rows, it is NULL.
    OrNull,
    /// Of no rows, it is the result type's default.
    OrDefault,
    /// Yields an array of what is in each interval of the last argument.
    Resample,
    /// Only rows with the smallest last argument count.
    ArgMin,
    /// Only rows with the largest last argument count.
    ArgMax,
}

impl Combinator {
    pub(super) fn suffix(self) -> &'static str {
        SUFFIXES.iter().find(|(_, known)| *known == self).map_or("", |(suffix, _)| suffix)
    }
}

const SUFFIXES: &[(&str, Combinator)] = &[
    ("If", Combinator::If),
    ("Distinct", Combinator::Distinct),
    ("SimpleState", Combinator::SimpleState),
    ("MergeState", Combinator::MergeState),
    ("State", Combinator::State),
    ("Merge", Combinator::Merge),
    ("Array", Combinator::Array),
    ("ForEach", Combinator::ForEach),
    ("Map", Combinator::Map),
    ("OrNull", Combinator::OrNull),
    ("OrDefault", Combinator::OrDefault),
    ("Resample", Combinator::Resample),
    ("ArgMin", Combinator::ArgMin),
    ("ArgMax", Combinator::ArgMax),
];

/// Longer names are nobody's.
const COMBINATORS_MAX: usize = 8;

/// A function with its combinators, innermost first.
#[derive(Clone)]
pub(crate) struct Stack {
    pub(crate) aggregate: &'static Aggregate,
    pub(crate) combinators: Vec<Combinator>,
}

/// Reads a name. A base function's own name wins over a suffix.
pub(crate) fn parse(name: &str) -> Option<Stack> {
    parse_to(name, COMBINATORS_MAX)
}

fn parse_to(name: &str, depth: usize) -> Option<Stack> {
    if let Some(aggregate) = table::find(name) {
        return Some(Stack { aggregate, combinators: Vec::new() });
    }
    for (suffix, combinator) in SUFFIXES {
        if depth > 0
            && let Some(inner) = name.strip_suffix(suffix)
            && let Some(mut stack) = parse_to(inner, depth - 1)
        {
            stack.combinators.push(*combinator);
            return Some(stack);
        }
    }
    None
}
