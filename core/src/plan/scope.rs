//! What names mean at one place of a query.
//!
//! ClickHouse's rule, on which most real projects rely: an alias of the SELECT list is visible in
//! the whole query (WHERE, GROUP BY, other items …) and wins over a column of the same name,
//! except inside its own expression, where the name is the column's.

use crate::value::DataType;
use datafusion::common::Column;
use sqlparser::ast;
use std::collections::HashMap;
use std::rc::Rc;

/// A column of a relation: the name the SQL uses, and the plan's own (`c7`), which is unique in
/// the whole plan, so that no two columns are ever confused.
#[derive(Clone, Debug)]
pub(super) struct Binding {
    pub name: String,
    pub column: Column,
    pub data_type: DataType,
}

/// Something in FROM.
#[derive(Clone, Debug)]
pub(super) struct Relation {
    /// Its alias, or its name.
    pub name: Option<String>,
    pub columns: Vec<Binding>,
}

/// The names visible to the expressions of one SELECT.
#[derive(Default)]
pub(super) struct Scope {
    pub relations: Vec<Relation>,
    pub aliases: HashMap<String, Rc<ast::Expr>>,
    /// Columns that `USING` merged: `*` and bare names see the left one only.
    pub hidden: Vec<Column>,
}

pub(super) enum Lookup<'a> {
    Found(&'a Binding),
    Ambiguous,
    Missing,
}

impl Scope {
    /// A bare name. Of several relations that have it the first wins, as in ClickHouse.
    pub(super) fn column(&self, name: &str) -> Lookup<'_> {
        self.relations
            .iter()
            .flat_map(|relation| &relation.columns)
            .find(|binding| binding.name == name && !self.hidden.contains(&binding.column))
            .map_or(Lookup::Missing, Lookup::Found)
    }

    /// `relation.name`.
    pub(super) fn qualified(&self, relation: &str, name: &str) -> Lookup<'_> {
        let mut found = self
            .relations
            .iter()
            .filter(|candidate| candidate.name.as_deref() == Some(relation))
            .filter_map(|candidate| candidate.columns.iter().find(|binding| binding.name == name));
        match (found.next(), found.next()) {
            (Some(binding), None) => Lookup::Found(binding),
            (Some(_), Some(_)) => Lookup::Ambiguous,
            (None, _) => Lookup::Missing,
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let columns = self.relations.iter().flat_map(|relation| &relation.columns).map(|column| column.name.as_str());
        columns.chain(self.aliases.keys().map(String::as_str))
    }
}

/// The items of WITH clauses that are in sight, innermost first.
#[derive(Clone, Default)]
pub(super) struct Ctes(Option<Rc<CteNode>>);

struct CteNode {
    name: String,
    definition: Cte,
    outer: Ctes,
}

#[derive(Clone)]
pub(super) enum Cte {
    Query(Rc<ast::Query>),
    Expression(Rc<ast::Expr>),
}

impl Ctes {
    pub(super) fn with(&self, name: &str, definition: Cte) -> Ctes {
        Ctes(Some(Rc::new(CteNode { name: name.to_owned(), definition, outer: self.clone() })))
    }

    /// The definition, and what was in sight where it stands.
    pub(super) fn find(&self, name: &str) -> Option<(Cte, Ctes)> {
        let mut next = self;
        while let Some(node) = &next.0 {
            if node.name == name {
                return Some((node.definition.clone(), node.outer.clone()));
            }
            next = &node.outer;
        }
        None
    }

    pub(super) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut next = self;
        while let Some(node) = &next.0 {
            names.push(node.name.clone());
            next = &node.outer;
        }
        names
    }
}
