//! Every aggregate function, and how its name is found.

use super::{Aggregate, engine, funnel, moments, quantile, uniq, values};
use std::collections::HashMap;
use std::sync::LazyLock;

pub(crate) const ALL: &[&[Aggregate]] = &[
    engine::AGGREGATES,
    uniq::AGGREGATES,
    values::AGGREGATES,
    quantile::AGGREGATES,
    moments::AGGREGATES,
    funnel::AGGREGATES,
];

static INDEX: LazyLock<HashMap<String, &'static Aggregate>> = LazyLock::new(|| {
    let mut index = HashMap::new();
    for aggregate in aggregates() {
        for name in std::iter::once(&aggregate.name).chain(aggregate.aliases) {
            let known = index.insert((*name).to_owned(), aggregate);
            assert!(known.is_none(), "two aggregate functions are called {name}");
        }
    }
    for aggregate in aggregates().filter(|aggregate| aggregate.case_insensitive) {
        for name in std::iter::once(&aggregate.name).chain(aggregate.aliases) {
            index.entry(name.to_ascii_lowercase()).or_insert(aggregate);
        }
    }
    index
});

pub(crate) fn aggregates() -> impl Iterator<Item = &'static Aggregate> {
    ALL.iter().flat_map(|family| family.iter())
}

pub(crate) fn find(name: &str) -> Option<&'static Aggregate> {
    let lower = || INDEX.get(&name.to_ascii_lowercase()).filter(|aggregate| aggregate.case_insensitive);
    INDEX.get(name).or_else(lower).copied()
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    aggregates().flat_map(|aggregate| std::iter::once(aggregate.name).chain(aggregate.aliases.iter().copied()))
}
