//! Lambdas: `arrayMap(x -> x + outer, items)`, and names of WITH that stand for one.

use super::expression::{Expressions, fold};
use super::scope::Cte;
use super::trouble::{mismatch, unsupported};
use super::{Output, Trouble};
use crate::function::{self, Lambda, Typed};
use datafusion::logical_expr::Expr;
use sqlparser::ast;
use std::ops::Range;
use std::rc::Rc;

impl Expressions<'_, '_> {
    /// A parameter of a lambda around here; it hides everything else of its name.
    pub(super) fn parameter(&self, name: &str) -> Option<Typed> {
        let parameters = self.binder.parameters.iter().rev();
        parameters.into_iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    /// A subquery sees no parameter of a lambda: it is computed once, before any.
    pub(super) fn subquery(&mut self, query: &ast::Query) -> Result<Output, Trouble> {
        let parameters = std::mem::take(&mut self.binder.parameters);
        let output = self.binder.expression_subquery(query, self.ctes);
        self.binder.parameters = parameters;
        output
    }

    /// A call whose first argument is a lambda, or of a lambda that WITH has given a name.
    pub(super) fn higher_order(
        &mut self,
        name: &str,
        arguments: &ast::FunctionArguments,
        span: &Range<usize>,
    ) -> Result<Option<Typed>, Trouble> {
        let ast::FunctionArguments::List(list) = arguments else { return Ok(None) };
        let called = self.named_lambda(name).filter(|_| !function::is_function(name));
        let passed = match list.args.first() {
            Some(ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(first))) if called.is_none() => {
                self.as_lambda(first)
            }
            _ => None,
        };
        let (lambda, skip) = match (called, passed) {
            (Some(lambda), _) => (lambda, 0),
            (None, Some(lambda)) => (lambda, 1),
            (None, None) => return Ok(None),
        };
        let names: Vec<String> = lambda.params.iter().map(|parameter| parameter.name.value.clone()).collect();
        if let Some((_, twice)) = names.iter().enumerate().find(|(index, one)| names[..*index].contains(one)) {
            let message = format!("a lambda has two parameters {twice:?}");
            return Err(mismatch(function::Mismatch::new(message), span.clone()));
        }
        let mut operands = Vec::with_capacity(list.args.len());
        for argument in &list.args[skip..] {
            match argument {
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => operands.push(self.bind(expr)?),
                other => return Err(unsupported(&format!("the argument {other}"), span.clone())),
            }
        }
        if skip == 0 {
            return self.substituted(name, &lambda, names, operands, span).map(Some);
        }
        let context = &self.binder.environment.context;
        let misfit = |problem| mismatch(problem, span.clone());
        let pending = function::pending(context, name, operands, names.len()).map_err(misfit)?;
        let columns: Vec<_> = names.iter().map(|_| self.binder.fresh_column()).collect();
        let values = columns.iter().zip(&pending.parameters).map(|(column, data_type)| Typed {
            expr: Expr::Column(column.clone()),
            data_type: data_type.clone(),
            is_predicate: false,
        });
        let values = values.collect();
        let body = self.body(&lambda, names, values)?;
        pending.bind(Lambda { parameters: columns, body }).map(fold).map(Some).map_err(misfit)
    }

    /// The body of a lambda whose parameters are `values`.
    fn body(&mut self, lambda: &ast::LambdaFunction, names: Vec<String>, values: Vec<Typed>) -> Result<Typed, Trouble> {
        let outer = self.binder.parameters.len();
        self.binder.parameters.extend(names.into_iter().zip(values));
        let body = self.bind(&lambda.body);
        self.binder.parameters.truncate(outer);
        body
    }

    /// `WITH x -> x + 1 AS f SELECT f(2)`
    fn substituted(
        &mut self,
        name: &str,
        lambda: &ast::LambdaFunction,
        names: Vec<String>,
        operands: Vec<Typed>,
        span: &Range<usize>,
    ) -> Result<Typed, Trouble> {
        if names.len() != operands.len() {
            let problem = format!("{name} is a lambda with {} parameters, not {}", names.len(), operands.len());
            return Err(mismatch(
                function::Mismatch { code: "S0204", message: problem, hint: None, exception: None },
                span.clone(),
            ));
        }
        self.resolving.push(name.to_owned());
        let body = self.body(lambda, names, operands);
        self.resolving.pop();
        body
    }

    fn as_lambda(&self, expr: &ast::Expr) -> Option<Rc<ast::LambdaFunction>> {
        match expr {
            ast::Expr::Lambda(lambda) => Some(Rc::new(lambda.clone())),
            ast::Expr::Nested(inner) => self.as_lambda(inner),
            ast::Expr::Identifier(name) => self.named_lambda(&name.value),
            _ => None,
        }
    }

    /// An alias, or an expression of WITH, that is a lambda.
    fn named_lambda(&self, name: &str) -> Option<Rc<ast::LambdaFunction>> {
        if self.parameter(name).is_some() || self.resolving.iter().any(|resolving| resolving == name) {
            return None;
        }
        let expr = match self.scope.aliases.get(name) {
            Some(expr) => expr.clone(),
            None => match self.ctes.find(name) {
                Some((Cte::Expression(expr), _)) => expr,
                _ => return None,
            },
        };
        match expr.as_ref() {
            ast::Expr::Lambda(lambda) => Some(Rc::new(lambda.clone())),
            _ => None,
        }
    }
}
