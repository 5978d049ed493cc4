//! Every function, and how its name is found.

use super::aggregate::reduce;
use super::definition::Function;
use super::{
    array, conditional, convert, date, dynamic, encode, geo, hash, introspect, ip, json, map, math, operator, random,
    readable, string, tuple, url,
};
use std::collections::HashMap;
use std::sync::LazyLock;

/// A folder's families of functions, and their heading in `docs/sql.md`.
pub(crate) type Families = (&'static str, &'static [&'static [Function]]);

pub(crate) const FAMILIES: &[Families] = &[
    ("Operators", operator::FUNCTIONS),
    ("Conditions and NULL", &[conditional::FUNCTIONS]),
    ("Conversions", convert::FUNCTIONS),
    ("Dates and times", date::FUNCTIONS),
    ("Numbers", math::FUNCTIONS),
    ("Random values", &[random::FUNCTIONS]),
    ("Readable numbers", &[readable::FUNCTIONS]),
    ("Types and the server", &[introspect::FUNCTIONS, introspect::SERVER]),
    ("Text", string::FUNCTIONS),
    ("JSON", json::FUNCTIONS),
    ("URLs", url::FUNCTIONS),
    ("Addresses", ip::FUNCTIONS),
    ("Arrays", array::FUNCTIONS),
    ("Tuples", &[tuple::FUNCTIONS, tuple::ARITHMETIC]),
    ("Maps", map::FUNCTIONS),
    ("JSON and Dynamic columns", &[dynamic::FUNCTIONS]),
    ("Places on earth", geo::FUNCTIONS),
    ("Encodings", encode::FUNCTIONS),
    ("Hashes", hash::FUNCTIONS),
    ("Aggregate states", &[reduce::FUNCTIONS]),
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

/// Whether a scalar function is called so.
pub fn is_function(name: &str) -> bool {
    find(name).is_some()
}

/// The heading under which a function stands.
pub(crate) fn family_of(function: &'static Function) -> &'static str {
    let holds = |folder: &[&[Function]]| folder.iter().any(|file| file.iter().any(|one| std::ptr::eq(one, function)));
    FAMILIES.iter().find(|(_, folder)| holds(folder)).map_or("", |(title, _)| title)
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    functions().flat_map(|function| std::iter::once(function.name).chain(function.aliases.iter().copied()))
}
