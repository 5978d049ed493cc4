//! The SELECT list with `*`, `t.*` and `COLUMNS('re')` spelled out.

use super::scope::{Binding, Scope};
use super::trouble::unsupported;
use super::{Binder, Trouble};
use crate::limits::PATTERN_BYTES_MAX;
use crate::sql::{self, Problem, exception};
use sqlparser::ast::{self, Spanned};
use std::borrow::Cow;

/// An item of the SELECT list, expanded.
pub(super) enum Item<'e> {
    /// `aliased`: its name is an alias, which inside it means a column.
    Expression {
        name: String,
        expr: Cow<'e, ast::Expr>,
        aliased: bool,
    },
    Column(Binding),
}

impl Binder<'_> {
    /// The SELECT list with its wildcards spelled out.
    pub(super) fn items<'e>(&self, projection: &'e [ast::SelectItem], scope: &Scope) -> Result<Vec<Item<'e>>, Trouble> {
        let mut items = Vec::new();
        let mut subqueries = 0;
        for item in projection {
            match item {
                ast::SelectItem::UnnamedExpr(expr) => {
                    if let Some(pattern) = self.columns_pattern(expr)? {
                        let matching = scope.shown(None).into_iter().filter(|binding| pattern.is_match(&binding.name));
                        items.extend(matching.map(Item::Column));
                        continue;
                    }
                    subqueries += usize::from(matches!(expr, ast::Expr::Subquery(_)));
                    if let Some(untupled) = super::untuple::items(scope, expr, None) {
                        items.extend(untupled);
                        continue;
                    }
                    let name = match expr {
                        ast::Expr::Subquery(_) => format!("_subquery_{subqueries}"),
                        expr => scope.title_of(expr),
                    };
                    items.push(Item::Expression { name, expr: Cow::Borrowed(expr), aliased: false });
                }
                ast::SelectItem::ExprWithAlias { expr, alias } => {
                    if let Some(untupled) = super::untuple::items(scope, expr, Some(&alias.value)) {
                        items.extend(untupled);
                        continue;
                    }
                    items.push(Item::Expression {
                        name: alias.value.clone(),
                        expr: Cow::Borrowed(expr),
                        aliased: true,
                    });
                }
                ast::SelectItem::Wildcard(options) => self.wildcard(None, options, scope, &mut items)?,
                ast::SelectItem::QualifiedWildcard(ast::SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    let span = self.span(name.span());
                    let name = name.0.last().and_then(|part| part.as_ident()).map_or("", |ident| &ident.value);
                    if !scope.relations.iter().any(|relation| relation.name.as_deref() == Some(name)) {
                        let message = format!("nothing in FROM is called {name:?}");
                        return Err(Trouble::Here(Problem::new("S0202", exception::UNKNOWN_IDENTIFIER, span, message)));
                    }
                    self.wildcard(Some(name), options, scope, &mut items)?;
                }
                other => return Err(unsupported(&format!("the item {other}"), self.span(other.span()))),
            }
        }
        Ok(items)
    }

    fn wildcard<'e>(
        &self,
        relation: Option<&str>,
        options: &'e ast::WildcardAdditionalOptions,
        scope: &Scope,
        items: &mut Vec<Item<'e>>,
    ) -> Result<(), Trouble> {
        if options.opt_ilike.is_some() || options.opt_rename.is_some() || options.opt_exclude.is_some() {
            return Err(unsupported("this form of *", self.span(options.span())));
        }
        let except: Vec<&str> = match &options.opt_except {
            Some(except) => std::iter::once(&except.first_element)
                .chain(&except.additional_elements)
                .map(|name| name.value.as_str())
                .collect(),
            None => Vec::new(),
        };
        let replace = options.opt_replace.iter().flat_map(|replace| &replace.items);
        for binding in scope.shown(relation) {
            if except.contains(&binding.name.as_str()) {
                continue;
            }
            let expr = replace.clone().find(|replaced| replaced.column_name.value == binding.name);
            let mut expr = expr.map(|replaced| Cow::Borrowed(&replaced.expr));
            let mut name = binding.name.clone();
            for applied in replace.clone().filter(|replaced| replaced.column_name.value == sql::APPLY) {
                let column = expr.map_or_else(|| column_named(&binding.name), Cow::into_owned);
                expr = Some(Cow::Owned(self.applied(&applied.expr, column)?));
                name = expr.as_deref().map_or(name, sql::column_name);
            }
            items.push(match expr {
                Some(expr) => Item::Expression { name, expr, aliased: true },
                None => Item::Column(Binding { name: scope.title(&binding), ..binding }),
            });
        }
        Ok(())
    }

    /// The regular expression of `COLUMNS('re')`.
    fn columns_pattern(&self, expr: &ast::Expr) -> Result<Option<regex::Regex>, Trouble> {
        let ast::Expr::Function(call) = expr else { return Ok(None) };
        if !call.name.to_string().eq_ignore_ascii_case("columns") {
            return Ok(None);
        }
        let ast::FunctionArguments::List(list) = &call.args else { return Ok(None) };
        let [ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(ast::Expr::Value(value)))] = list.args.as_slice()
        else {
            return Ok(None);
        };
        let ast::Value::SingleQuotedString(pattern) = &value.value else { return Ok(None) };
        let built = regex::RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).build();
        built.map(Some).map_err(|error| {
            let span = self.span(expr.span());
            let message = format!("{pattern:?} is no regular expression: {error}");
            Trouble::Here(Problem::new("S0209", exception::BAD_ARGUMENTS, span, message))
        })
    }

    /// `APPLY(f)` and `APPLY(f(0.5))`, of one column.
    fn applied(&self, apply: &ast::Expr, column: ast::Expr) -> Result<ast::Expr, Trouble> {
        let refused = || unsupported("APPLY of anything but a function's name", self.span(apply.span()));
        let ast::Expr::Function(apply) = apply else { return Err(refused()) };
        let ast::FunctionArguments::List(list) = &apply.args else { return Err(refused()) };
        match list.args.as_slice() {
            [ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(ast::Expr::Identifier(name)))] => {
                Ok(sql::call(&name.value, vec![column]))
            }
            [ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(ast::Expr::Function(function)))] => {
                let ast::Expr::Function(call) = sql::call(&function.name.to_string(), vec![column]) else {
                    return Err(refused());
                };
                Ok(ast::Expr::Function(ast::Function { parameters: function.args.clone(), ..call }))
            }
            _ => Err(refused()),
        }
    }
}

fn column_named(name: &str) -> ast::Expr {
    ast::Expr::Identifier(ast::Ident::new(name))
}
