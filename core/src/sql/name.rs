//! What ClickHouse calls a result column that has no alias: the expression in prefix form,
//! `a + 1` → `plus(a, 1)`, `COUNT(*)` → `count()`.

use sqlparser::ast::{self, BinaryOperator, Expr, UnaryOperator};

/// The column name of an expression without an alias.
pub fn column_name(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(name) => name.value.clone(),
        // the table's name goes: `e.timestamp` is called `timestamp`
        Expr::CompoundIdentifier(parts) => parts.last().map_or(String::new(), |part| part.value.clone()),
        Expr::Nested(inner) => column_name(inner),
        Expr::Value(value) => literal_name(&value.value),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match expr.as_ref() {
            Expr::Value(value) => format!("-{}", literal_name(&value.value)),
            other => call("negate", [other]),
        },
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => call("not", [expr.as_ref()]),
        Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => {
            let mut operands = Vec::new();
            flatten(expr, op, &mut operands);
            call(if *op == BinaryOperator::And { "and" } else { "or" }, operands)
        }
        Expr::BinaryOp { left, op, right } => match operator_function(op) {
            Some(function) => call(function, [left.as_ref(), right.as_ref()]),
            None => expr.to_string(),
        },
        Expr::Function(function) => function_name(function),
        Expr::Cast { expr, data_type, .. } => format!("CAST({}, '{data_type}')", column_name(expr)),
        Expr::IsNull(inner) => call("isNull", [inner.as_ref()]),
        Expr::IsNotNull(inner) => call("isNotNull", [inner.as_ref()]),
        Expr::Between { expr, negated: false, low, high } => format!(
            "and(greaterOrEquals({0}, {1}), lessOrEquals({0}, {2}))",
            column_name(expr),
            column_name(low),
            column_name(high)
        ),
        Expr::Between { expr, negated: true, low, high } => {
            format!("or(less({0}, {1}), greater({0}, {2}))", column_name(expr), column_name(low), column_name(high))
        }
        Expr::InList { expr, list, negated } => {
            let list: Vec<String> = list.iter().map(column_name).collect();
            let function = if *negated { "notIn" } else { "in" };
            match list.as_slice() {
                [one] => format!("{function}({}, {one})", column_name(expr)),
                list => format!("{function}({}, tuple({}))", column_name(expr), list.join(", ")),
            }
        }
        Expr::Like { negated, expr, pattern, .. } => {
            call(if *negated { "notLike" } else { "like" }, [expr.as_ref(), pattern.as_ref()])
        }
        Expr::ILike { negated, expr, pattern, .. } => {
            call(if *negated { "notILike" } else { "ilike" }, [expr.as_ref(), pattern.as_ref()])
        }
        Expr::Case { operand, conditions, else_result, .. } => {
            let mut parts: Vec<String> = operand.iter().map(|operand| column_name(operand)).collect();
            for when in conditions {
                parts.push(column_name(&when.condition));
                parts.push(column_name(&when.result));
            }
            parts.push(else_result.as_ref().map_or("NULL".to_owned(), |result| column_name(result)));
            let function = if operand.is_some() { "caseWithExpression" } else { "multiIf" };
            format!("{function}({})", parts.join(", "))
        }
        Expr::Tuple(items) => call("tuple", items),
        Expr::Array(array) => format!("[{}]", array.elem.iter().map(column_name).collect::<Vec<_>>().join(", ")),
        Expr::Interval(interval) => {
            let unit = interval.leading_field.as_ref().map(ToString::to_string).unwrap_or_default();
            let unit = crate::value::IntervalUnit::parse(&unit).map_or("", |unit| unit.name());
            format!("toInterval{unit}({})", column_name(&interval.value))
        }
        Expr::Ceil { expr, .. } => call("ceil", [expr.as_ref()]),
        Expr::Floor { expr, .. } => call("floor", [expr.as_ref()]),
        Expr::Substring { expr, substring_from, substring_for, .. } => {
            let parts = [Some(expr), substring_from.as_ref(), substring_for.as_ref()];
            call("substring", parts.into_iter().flatten().map(AsRef::as_ref))
        }
        Expr::Trim { expr, .. } => call("trimBoth", [expr.as_ref()]),
        Expr::CompoundFieldAccess { root, access_chain } => {
            access_chain.iter().fold(column_name(root), |root, access| match access {
                ast::AccessExpr::Subscript(ast::Subscript::Index { index }) => {
                    format!("arrayElement({root}, {})", column_name(index))
                }
                ast::AccessExpr::Dot(field) => format!("tupleElement({root}, {})", column_name(field)),
                other => format!("{root}{other}"),
            })
        }
        other => other.to_string(),
    }
}

/// `a AND b AND c` → `[a, b, c]`.
pub(crate) fn flatten<'a>(expr: &'a Expr, op: &BinaryOperator, out: &mut Vec<&'a Expr>) {
    match expr {
        Expr::BinaryOp { left, op: this, right } if this == op => {
            flatten(left, op, out);
            flatten(right, op, out);
        }
        other => out.push(other),
    }
}

fn call<'a>(function: &str, arguments: impl IntoIterator<Item = &'a Expr>) -> String {
    let arguments: Vec<String> = arguments.into_iter().map(column_name).collect();
    format!("{function}({})", arguments.join(", "))
}

fn literal_name(value: &ast::Value) -> String {
    match value {
        ast::Value::SingleQuotedString(text) => {
            format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n").replace('\t', "\\t"))
        }
        ast::Value::Boolean(value) => value.to_string(),
        ast::Value::Null => "NULL".to_owned(),
        other => other.to_string(),
    }
}

fn function_name(function: &ast::Function) -> String {
    let list = |arguments: &ast::FunctionArguments| match arguments {
        ast::FunctionArguments::List(list) => {
            let parts: Vec<String> = list
                .args
                .iter()
                .filter_map(|argument| match argument {
                    ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => Some(column_name(expr)),
                    // count(*) is called count()
                    ast::FunctionArg::Unnamed(_) => None,
                    other => Some(other.to_string()),
                })
                .collect();
            let distinct = matches!(list.duplicate_treatment, Some(ast::DuplicateTreatment::Distinct));
            format!("({}{})", if distinct { "DISTINCT " } else { "" }, parts.join(", "))
        }
        other => other.to_string(),
    };
    let name = canonical(&function.name.to_string());
    let parameters = match &function.parameters {
        ast::FunctionArguments::None => String::new(),
        parameters => list(parameters),
    };
    let over = function.over.as_ref().map_or(String::new(), |over| format!(" OVER {over}"));
    format!("{name}{parameters}{}{over}", list(&function.args))
}

/// SQL's own functions may be written in any case; their columns are named in one.
fn canonical(name: &str) -> String {
    const ANY_CASE: &[&str] = &[
        "count",
        "sum",
        "min",
        "max",
        "avg",
        "any",
        "abs",
        "round",
        "floor",
        "ceil",
        "coalesce",
        "lower",
        "upper",
        "concat",
        "now",
        "length",
        "if",
        "least",
        "greatest",
        "replace",
        "sqrt",
        "pow",
        "power",
        "exp",
        "substring",
        "log",
        "mod",
        "rand",
        "today",
        "trim",
        "position",
        "dateDiff",
        "nullIf",
        "ifNull",
        "row_number",
        "rank",
        "dense_rank",
        "isNull",
    ];
    ANY_CASE.iter().find(|known| known.eq_ignore_ascii_case(name)).map_or(name.to_owned(), |known| (*known).to_owned())
}

/// The function that an operator stands for.
pub(crate) fn operator_function(op: &BinaryOperator) -> Option<&'static str> {
    Some(match op {
        BinaryOperator::Plus => "plus",
        BinaryOperator::Minus => "minus",
        BinaryOperator::Multiply => "multiply",
        BinaryOperator::Divide => "divide",
        BinaryOperator::Modulo => "modulo",
        BinaryOperator::MyIntegerDivide => "intDiv",
        BinaryOperator::Eq => "equals",
        BinaryOperator::NotEq => "notEquals",
        BinaryOperator::Lt => "less",
        BinaryOperator::LtEq => "lessOrEquals",
        BinaryOperator::Gt => "greater",
        BinaryOperator::GtEq => "greaterOrEquals",
        BinaryOperator::And => "and",
        BinaryOperator::Or => "or",
        BinaryOperator::Xor => "xor",
        BinaryOperator::StringConcat => "concat",
        _ => return None,
    })
}
