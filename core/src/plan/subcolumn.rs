//! Parts of a column: `json.a.b`, `tuple.name`, `map.keys`.

use super::Trouble;
use super::expression::Expressions;
use super::relation::typed;
use super::scope::Lookup;
use crate::function::{self, Typed};
use crate::value::DataType;
use datafusion::scalar::ScalarValue;
use sqlparser::ast;
use std::ops::Range;

impl Expressions<'_, '_> {
    /// `column.path`, `relation.column.path` or `parameter.path`; `None` if it is not one of these.
    pub(super) fn subcolumn(&mut self, parts: &[ast::Ident], span: &Range<usize>) -> Result<Option<Typed>, Trouble> {
        let [first, second, ..] = parts else { return Ok(None) };
        let (column, rest) = if let Some(parameter) = self.parameter(&first.value) {
            (parameter, &parts[1..])
        } else {
            match self.scope.qualified(&first.value, &second.value) {
                Lookup::Found(binding) if parts.len() > 2 => (typed(binding), &parts[2..]),
                Lookup::Missing => {
                    let dotted = parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".");
                    if let Lookup::Found(_) = self.scope.column(&dotted) {
                        return Ok(None);
                    }
                    match self.name(first) {
                        Ok(column) => (column, &parts[1..]),
                        Err(_) => return Ok(None),
                    }
                }
                _ => return Ok(None),
            }
        };
        let has_parts = match &column.data_type {
            DataType::Json | DataType::Dynamic | DataType::Array(_) | DataType::Map(..) => true,
            DataType::Nullable(_) => true,
            other => matches!(other.bare(), DataType::Tuple(_)),
        };
        if !has_parts {
            return Ok(None);
        }
        let path = rest.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".");
        let path = function::literal(ScalarValue::Utf8View(Some(path)), DataType::String);
        self.apply("getSubcolumn", vec![column, path], span.clone()).map(Some)
    }

    /// The value that `root.a.b[1].c` begins with, and how many accesses are in it.
    pub(super) fn accessed(&mut self, root: &ast::Expr, chain: &[ast::AccessExpr]) -> Result<(Typed, usize), Trouble> {
        let names = chain.iter().map_while(|access| match access {
            ast::AccessExpr::Dot(ast::Expr::Identifier(name)) => Some(name.clone()),
            _ => None,
        });
        let names: Vec<ast::Ident> = names.collect();
        match root {
            ast::Expr::Identifier(first) if !names.is_empty() => {
                let parts: Vec<ast::Ident> = std::iter::once(first.clone()).chain(names).collect();
                Ok((self.compound(&parts)?, parts.len() - 1))
            }
            root => Ok((self.bind(root)?, 0)),
        }
    }
}
