//! Every function, and how its name is found.

use super::definition::Function;
use super::{array, conditional, convert, date, hash, math, operator, string, tuple};
use std::collections::HashMap;
use std::sync::LazyLock;

/// A folder's families of functions, and their heading in `docs/sql.md`.
pub(crate) type Families = (&'static str, &'static [&'static [Function]]);

pub(crate) const FAMILIES: &[Families] = &[
    ("Operators", operator::FUNCTIONS),
    ("Conditions and NULL", &[conditional::FUNCTIONS]),
    ("Conversions", &[convert::FUNCTIONS]),
    ("Dates and times", date::FUNCTIONS),
    ("Numbers", math::FUNCTIONS),
    ("Text", string::FUNCTIONS),
    ("Arrays", array::FUNCTIONS),
    ("Tuples and maps", &[tuple::FUNCTIONS]),
    ("Hashes", &[hash::FUNCTIONS]),
];

struct Index {
    exact: HashMap<&'static str, &'static Function>,
    /// Lower-cased names of those that ClickHouse finds in any case.
    insensitive: HashMap<String, &'static Function>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index { exact: HashMap::new(), insensitive: HashMap::new() };
    for function in functions() {
        for name in std::iter::once(&function.name).chain(function.aliases) {
            assert!(index.exact.insert(name, function).is_none(), "two functions are called {name}");
            if function.case_insensitive {
                index.insensitive.insert(name.to_ascii_lowercase(), function);
            }
        }
    }
    index
});

pub(crate) fn functions() -> impl Iterator<Item = &'static Function> {
    FAMILIES.iter().flat_map(|(_, folder)| folder.iter()).flat_map(|file| file.iter())
}

pub(crate) fn find(name: &str) -> Option<&'static Function> {
    let index = &*INDEX;
    index.exact.get(name).or_else(|| index.insensitive.get(&name.to_ascii_lowercase())).copied()
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    functions().flat_map(|function| std::iter::once(function.name).chain(function.aliases.iter().copied()))
}
