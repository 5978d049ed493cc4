//! `untuple(t)` in a SELECT list: the items of a tuple, each a column of its own.

use super::scope::{Lookup, Scope};
use super::star::Item;
use crate::sql;
use crate::value::DataType;
use sqlparser::ast;
use std::borrow::Cow;

/// The items of `untuple` of a tuple that is written out, or of a column; `None` if it is something else.
pub(super) fn items<'e>(scope: &Scope, expr: &ast::Expr, alias: Option<&str>) -> Option<Vec<Item<'e>>> {
    let ast::Expr::Function(call) = expr else { return None };
    if call.name.to_string() != "untuple" {
        return None;
    }
    let ast::FunctionArguments::List(list) = &call.args else { return None };
    let [ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(tuple))] = list.args.as_slice() else { return None };
    let keys = keys(scope, tuple)?;
    let items = keys.into_iter().enumerate().map(|(index, key)| {
        let place = ast::Expr::value(ast::Value::Number((index + 1).to_string(), false));
        let name = match alias {
            Some(alias) => format!("{alias}.{key}"),
            None => format!("tupleElement({}, '{key}')", scope.title_of(tuple)),
        };
        Item::Expression {
            name,
            expr: Cow::Owned(sql::call("tupleElement", vec![tuple.clone(), place])),
            aliased: false,
        }
    });
    Some(items.collect())
}

/// What the items are called: their names, or their places from 1.
fn keys(scope: &Scope, tuple: &ast::Expr) -> Option<Vec<String>> {
    let places = |count: usize| Some((1..=count).map(|place| place.to_string()).collect());
    match tuple {
        ast::Expr::Nested(inner) => keys(scope, inner),
        ast::Expr::Tuple(items) => places(items.len()),
        ast::Expr::Function(call) if call.name.to_string() == "tuple" => match &call.args {
            ast::FunctionArguments::List(list) => places(list.args.len()),
            _ => None,
        },
        ast::Expr::Identifier(name) => match scope.column(&name.value) {
            Lookup::Found(binding) => match binding.data_type.bare() {
                DataType::Tuple(items) => {
                    let names = items.iter().enumerate();
                    Some(
                        names
                            .map(|(index, (name, _))| name.clone().unwrap_or_else(|| (index + 1).to_string()))
                            .collect(),
                    )
                }
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}
