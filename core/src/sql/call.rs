//! Calls whose grammar says what function they are.

use sqlparser::ast;

/// `f(x) FILTER (WHERE c)` is `fIf(x, c)`, and `f(x) RESPECT NULLS` is `f_respect_nulls(x)`.
pub(crate) fn plain_call(function: &ast::Function) -> ast::Function {
    let mut plain = function.clone();
    let mut suffix = String::new();
    if let Some(ast::NullTreatment::RespectNulls) = plain.null_treatment.take() {
        suffix.push_str("_respect_nulls");
    }
    if let Some(condition) = plain.filter.take() {
        suffix.push_str("If");
        if let ast::FunctionArguments::List(list) = &mut plain.args {
            list.args.push(ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(*condition)));
        }
    }
    if let Some(ast::ObjectNamePart::Identifier(name)) = plain.name.0.last_mut() {
        name.value.push_str(&suffix);
    }
    plain
}

/// `EXTRACT(YEAR FROM t)` is `toYear(t)`.
pub(crate) fn extract_function(field: &ast::DateTimeField) -> Option<&'static str> {
    use crate::value::IntervalUnit as Unit;
    Some(match Unit::parse(&field.to_string())? {
        Unit::Year => "toYear",
        Unit::Quarter => "toQuarter",
        Unit::Month => "toMonth",
        Unit::Week => "toWeek",
        Unit::Day => "toDayOfMonth",
        Unit::Hour => "toHour",
        Unit::Minute => "toMinute",
        Unit::Second => "toSecond",
        Unit::Millisecond => "toMillisecond",
        Unit::Microsecond | Unit::Nanosecond => return None,
    })
}

/// Calls `found` with every alias inside an expression, `(a AS x) + 1`, but not inside its subqueries.
pub(crate) fn named<'e>(expr: &'e ast::Expr, found: &mut impl FnMut(&'e ast::Ident, &'e ast::Expr)) {
    use ast::Expr;
    match expr {
        Expr::Named { expr, name } => {
            found(name, expr);
            named(expr, found);
        }
        Expr::Nested(inner)
        | Expr::UnaryOp { expr: inner, .. }
        | Expr::Cast { expr: inner, .. }
        | Expr::IsNull(inner)
        | Expr::IsNotNull(inner)
        | Expr::IsTrue(inner)
        | Expr::IsFalse(inner)
        | Expr::Extract { expr: inner, .. }
        | Expr::InSubquery { expr: inner, .. } => named(inner, found),
        Expr::BinaryOp { left, right, .. } => {
            // a chain of operators is as deep as it is long on its left side
            let mut left = left;
            named(right, found);
            while let Expr::BinaryOp { left: inner, right, .. } = left.as_ref() {
                named(right, found);
                left = inner;
            }
            named(left, found);
        }
        Expr::Between { expr, low, high, .. } => [expr, low, high].into_iter().for_each(|part| named(part, found)),
        Expr::InList { expr, list, .. } => {
            named(expr, found);
            list.iter().for_each(|item| named(item, found));
        }
        Expr::Like { expr, pattern, .. } | Expr::ILike { expr, pattern, .. } => {
            named(expr, found);
            named(pattern, found);
        }
        Expr::Case { operand, conditions, else_result, .. } => {
            operand.iter().chain(else_result).for_each(|part| named(part, found));
            for when in conditions {
                named(&when.condition, found);
                named(&when.result, found);
            }
        }
        Expr::Tuple(items) => items.iter().for_each(|item| named(item, found)),
        Expr::Array(array) => array.elem.iter().for_each(|item| named(item, found)),
        Expr::Lambda(lambda) => named(&lambda.body, found),
        Expr::CompoundFieldAccess { root, .. } => named(root, found),
        Expr::Function(function) => {
            for arguments in [&function.parameters, &function.args] {
                let ast::FunctionArguments::List(list) = arguments else { continue };
                for argument in &list.args {
                    if let ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) = argument {
                        named(expr, found);
                    }
                }
            }
            function.filter.iter().for_each(|filter| named(filter, found));
        }
        _ => {}
    }
}

/// `x'4142'`
pub(crate) fn unhex(digits: &str) -> Option<String> {
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let bytes = (0..digits.len()).step_by(2).map(byte).collect::<Option<Vec<u8>>>()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
