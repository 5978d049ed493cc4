//! What names mean at one place of a query.
//!
//! ClickHouse's rule, on which most real projects rely: an alias of the SELECT list is visible in
//! the whole query (WHERE, GROUP BY, other items …) and wins over a column of the same name,
//! except inside its own expression, where the name is the column's.

use crate::function::Typed;
use crate::sql;
use crate::value::DataType;
use datafusion::common::Column;
use sqlparser::ast;
use std::cell::RefCell;
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

/// What an alias is bound to, and the aliases that were expanded for it: while one of them is being bound, its
/// name means a column, and the alias something else.
#[derive(Clone)]
pub(super) struct Known {
    pub value: Typed,
    pub expanded: Vec<String>,
}

/// The names visible to the expressions of one SELECT.
#[derive(Default)]
pub(super) struct Scope {
    pub relations: Vec<Relation>,
    pub aliases: HashMap<String, Rc<ast::Expr>>,
    /// Aliases that are bound already, where aggregates may stand (true) and where not.
    pub bound: RefCell<HashMap<(String, bool), Known>>,
    /// Columns that `USING` merged: `*` and bare names see the left one only.
    pub hidden: Vec<Column>,
    /// What a bare name means that `USING` merged where either side may be missing: it stands in the place of the
    /// column.
    pub merged: Vec<(Column, Binding)>,
    /// What ARRAY JOIN made under a name of its own: in sight of expressions, but not of `*`.
    pub joined: Vec<Binding>,
}

pub(super) enum Lookup<'a> {
    Found(&'a Binding),
    Ambiguous,
    Missing,
}

impl Scope {
    /// A bare name. Of several relations that have it the first wins, as in ClickHouse.
    pub(super) fn column(&self, name: &str) -> Lookup<'_> {
        let columns = self.relations.iter().flat_map(|relation| &relation.columns);
        let merged = self.merged.iter().map(|(_, binding)| binding);
        (self.joined.iter().rev().chain(merged).chain(columns))
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

    /// The items of an array: in the place of the column that was joined, or under their own name.
    pub(super) fn join_array(&mut self, replaced: Option<Column>, items: Binding) {
        let mut columns = self.relations.iter_mut().flat_map(|relation| &mut relation.columns).chain(&mut self.joined);
        match replaced.and_then(|replaced| columns.find(|binding| binding.column == replaced)) {
            Some(binding) => *binding = Binding { name: binding.name.clone(), ..items },
            None => self.joined.push(items),
        }
    }

    /// The columns of `*`, or of `relation.*`.
    pub(super) fn shown(&self, relation: Option<&str>) -> Vec<Binding> {
        let relations =
            self.relations.iter().filter(|candidate| relation.is_none() || candidate.name.as_deref() == relation);
        let columns = relations.flat_map(|relation| &relation.columns);
        if relation.is_some() {
            return columns.cloned().collect();
        }
        let merged = |binding: &Binding| self.merged.iter().find(|(place, _)| *place == binding.column);
        let columns = columns.filter_map(|binding| match merged(binding) {
            Some((_, merged)) => Some(merged),
            None => Some(binding).filter(|binding| !self.hidden.contains(&binding.column)),
        });
        columns.cloned().collect()
    }

    /// What ClickHouse calls a column in the result: its bare name if that means it, else with its relation's.
    pub(super) fn title(&self, binding: &Binding) -> String {
        let relation = self
            .relations
            .iter()
            .find(|relation| relation.columns.iter().any(|column| column.column == binding.column));
        let Some(Relation { name: Some(relation), .. }) = relation else { return binding.name.clone() };
        let same_name = |relation: &Relation| {
            let mut columns = relation.columns.iter();
            columns.any(|column| column.name == binding.name && !self.hidden.contains(&column.column))
        };
        // of two relations the first is meant; of more none
        let is_clear = self.relations.len() <= 2 || self.relations.iter().filter(|one| same_name(one)).count() <= 1;
        match self.column(&binding.name) {
            Lookup::Found(found) if found.column == binding.column && is_clear => binding.name.clone(),
            _ => format!("{relation}.{}", binding.name),
        }
    }

    /// What ClickHouse calls an expression without an alias.
    pub(super) fn title_of(&self, expr: &ast::Expr) -> String {
        sql::titled(expr, |parts| {
            if let [.., relation, column] = parts
                && let Lookup::Found(binding) = self.qualified(relation, column)
            {
                return self.title(binding);
            }
            // a part of a column keeps the column's name, not the relation's
            if let [relation, column, _, ..] = parts
                && let Lookup::Found(_) = self.qualified(relation, column)
            {
                return sql::path_name(&parts[1..]);
            }
            // a column with a dot in its name, an element of a tuple
            sql::path_name(parts)
        })
    }

    /// The columns of a plan have new names.
    pub(super) fn rename(&mut self, renamed: &HashMap<Column, Column>) {
        for column in self.hidden.iter_mut().chain(self.merged.iter_mut().map(|(place, _)| place)) {
            if let Some(fresh) = renamed.get(column) {
                *column = fresh.clone();
            }
        }
    }

    /// `USING`: the right column shows no more; nor does the left one, where `merged` takes its place.
    pub(super) fn merge(&mut self, left: Column, right: Column, merged: Option<Binding>) {
        self.hidden.push(right);
        let Some(merged) = merged else { return };
        match self.merged.iter_mut().find(|(_, binding)| binding.column == left) {
            Some((_, binding)) => *binding = merged,
            None => self.merged.push((left, merged)),
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let columns = self.relations.iter().flat_map(|relation| &relation.columns).chain(&self.joined);
        let columns = columns.map(|column| column.name.as_str());
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

    /// The very same items.
    pub(super) fn is(&self, other: &Ctes) -> bool {
        match (&self.0, &other.0) {
            (Some(ours), Some(theirs)) => Rc::ptr_eq(ours, theirs),
            (ours, theirs) => ours.is_none() && theirs.is_none(),
        }
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
