//! SETTINGS of a query, as far as they change what it means.

use super::{Binder, Trouble};
use crate::diagnostic::nearest;
use crate::sql::{Problem, exception};
use sqlparser::ast;

/// Those in force. Subqueries inherit them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Settings {
    /// A missing partner of an outer join is NULL, not a default value.
    pub join_use_nulls: bool,
    /// A name that is both a column's and an alias's is the column's.
    pub prefer_column_name_to_alias: bool,
    /// What GROUPING SETS leave out of a group is NULL, not a default value.
    pub group_by_use_nulls: bool,
    /// What a bare UNION, INTERSECT or EXCEPT means.
    pub union_mode: SetMode,
    pub intersect_mode: SetMode,
    pub except_mode: SetMode,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SetMode {
    /// It is an error.
    #[default]
    Unset,
    All,
    Distinct,
}

impl<'a> Binder<'a> {
    pub(super) fn with_settings<T>(
        &mut self,
        query: &ast::Query,
        bind: impl FnOnce(&mut Binder<'a>) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let outer = self.settings;
        for setting in query.settings.iter().flatten() {
            self.known_setting(&setting.key)?;
            self.settings.set(&setting.key.value, &setting.value.to_string());
        }
        let result = bind(self);
        self.settings = outer;
        result
    }
}

/// Every setting that ClickHouse has, a line each. Most of them say how it runs, which is no matter of ours.
const NAMES: &str = include_str!("settings.txt");

impl Binder<'_> {
    fn known_setting(&self, key: &ast::Ident) -> Result<(), Trouble> {
        let name = key.value.as_str();
        // an application's own settings have this prefix
        if NAMES.lines().any(|known| known == name) || name.starts_with("SQL_") {
            return Ok(());
        }
        let hint = nearest(name, NAMES.lines()).map(|near| format!("did you mean {near:?}?"));
        let message = format!("unknown setting {name}");
        let problem = Problem::new("S0202", exception::UNKNOWN_SETTING, self.span(key.span), message);
        Err(Trouble::Here(problem.with_hint(hint)))
    }
}

impl Settings {
    /// A setting that changes no meaning is no matter of the binder's.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        let value = value.trim_matches('\'');
        let mode = match value.to_ascii_uppercase().as_str() {
            "ALL" => SetMode::All,
            "DISTINCT" => SetMode::Distinct,
            _ => SetMode::Unset,
        };
        match name {
            "join_use_nulls" => self.join_use_nulls = matches!(value, "1" | "true"),
            "prefer_column_name_to_alias" => self.prefer_column_name_to_alias = matches!(value, "1" | "true"),
            "group_by_use_nulls" => self.group_by_use_nulls = matches!(value, "1" | "true"),
            "union_default_mode" => self.union_mode = mode,
            "intersect_default_mode" => self.intersect_mode = mode,
            "except_default_mode" => self.except_mode = mode,
            _ => {}
        }
    }
}
