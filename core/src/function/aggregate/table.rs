//! Every aggregate function, and how its name is found.

use super::{
    Aggregate, bit, event, extreme, funnel, histogram, kept, list, moments, number, power, quantile, rank, sum_map,
    top, uniq,
};
use std::collections::HashMap;
use std::sync::LazyLock;

pub(crate) const ALL: &[&[Aggregate]] = &[
    number::AGGREGATES,
    extreme::AGGREGATES,
    kept::AGGREGATES,
    uniq::AGGREGATES,
    list::AGGREGATES,
    list::MORE[0],
    list::MORE[1],
    top::AGGREGATES,
    quantile::AGGREGATES,
    moments::AGGREGATES,
    power::AGGREGATES,
    bit::AGGREGATES,
    sum_map::AGGREGATES,
    funnel::AGGREGATES,
    event::AGGREGATES,
    histogram::AGGREGATES,
    rank::AGGREGATES,
];

struct Index {
    exact: HashMap<&'static str, &'static Aggregate>,
    /// Lower-cased names of those that ClickHouse finds in any case.
    insensitive: HashMap<String, &'static Aggregate>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index { exact: HashMap::new(), insensitive: HashMap::new() };
    for aggregate in aggregates() {
        for name in std::iter::once(&aggregate.name).chain(aggregate.aliases) {
            assert!(index.exact.insert(name, aggregate).is_none(), "two aggregate functions are called {name}");
            // SQL's own spellings, which are all upper case, are found in any case
            let is_sql = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            if aggregate.case_insensitive || is_sql {
                index.insensitive.insert(name.to_ascii_lowercase(), aggregate);
            }
        }
    }
    index
});

pub(crate) fn aggregates() -> impl Iterator<Item = &'static Aggregate> {
    ALL.iter().flat_map(|family| family.iter())
}

pub(crate) fn find(name: &str) -> Option<&'static Aggregate> {
    let index = &*INDEX;
    index.exact.get(name).or_else(|| index.insensitive.get(&name.to_ascii_lowercase())).copied()
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    aggregates().flat_map(|aggregate| std::iter::once(aggregate.name).chain(aggregate.aliases.iter().copied()))
}
