//! What ClickHouse calls a result column that has no alias: the expression in prefix form,
//! `a + 1` → `plus(a, 1)`, `COUNT(*)` → `count()`.

use sqlparser::ast::{self, BinaryOperator, Expr, UnaryOperator};

/// The column name of an expression without an alias. `title` says what a qualified name is called in it.
pub(crate) fn titled(expr: &Expr, title: impl Fn(&[&str]) -> String) -> String {
    let marked = column_name(expr);
    let pieces = marked.split(QUALIFIED).enumerate().map(|(index, piece)| match index % 2 {
        0 => piece.to_owned(),
        _ => title(&piece.split(PART).collect::<Vec<_>>()),
    });
    pieces.collect()
}

/// … where the table's name goes: `e.timestamp` is called `timestamp`.
pub fn plain(expr: &Expr) -> String {
    titled(expr, |parts| parts.last().map_or(String::new(), |part| (*part).to_owned()))
}

/// Around a qualified name, and between its parts: characters that no text of a query needs.
const QUALIFIED: &str = "\u{f0000}";
const PART: &str = "\u{f0001}";

fn column_name(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(name) => name.value.clone(),
        // which of its parts stay is for the scope to say
        Expr::CompoundIdentifier(parts) => {
            let parts: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
            format!("{QUALIFIED}{}{QUALIFIED}", parts.join(PART))
        }
        Expr::Nested(inner) => column_name(inner),
        Expr::Value(value) => literal_name(&value.value),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match expr.as_ref() {
            Expr::Value(value) => format!("-{}", literal_name(&value.value)),
            other => call("negate", [other]),
        },
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => call("not", [expr.as_ref()]),
        Expr::BinaryOp {
            op: op @ (BinaryOperator::And | BinaryOperator::Or | BinaryOperator::StringConcat), ..
        } => {
            let mut operands = Vec::new();
            flatten(expr, op, &mut operands);
            call(operator_function(op).expect("these have functions"), operands)
        }
        Expr::BinaryOp { left, op, right } => match operator_function(op) {
            Some(function) => call(function, [left.as_ref(), right.as_ref()]),
            None => expr.to_string(),
        },
        Expr::Function(function) => function_name(function),
        Expr::Cast { kind, expr, data_type, .. } => {
            let text = data_type.to_string();
            let text = crate::value::DataType::parse(&text).map_or(text, |data_type| data_type.to_string());
            let value = match (kind, literal_text(expr)) {
                // what stands before `::` is read as the type's text
                (ast::CastKind::DoubleColon, Some(text)) => quoted(&text),
                _ => column_name(expr),
            };
            format!("CAST({value}, '{}')", text.replace('\'', "\\'"))
        }
        Expr::TypedString(typed) => {
            let function = match &typed.data_type {
                ast::DataType::Date => "toDate",
                _ => "toDateTime",
            };
            format!("{function}({})", literal_name(&typed.value.value))
        }
        Expr::Named { name, .. } => name.value.clone(),
        Expr::Lambda(lambda) => {
            let names: Vec<&str> = lambda.params.iter().map(|parameter| parameter.name.value.as_str()).collect();
            format!("lambda(tuple({}), {})", names.join(", "), column_name(&lambda.body))
        }
        Expr::IsDistinctFrom(left, right) => call("isDistinctFrom", [left.as_ref(), right.as_ref()]),
        Expr::IsNotDistinctFrom(left, right) => call("isNotDistinctFrom", [left.as_ref(), right.as_ref()]),
        Expr::Extract { field, expr, .. } => {
            super::extract_function(field).map_or_else(|| expr.to_string(), |function| call(function, [expr.as_ref()]))
        }
        Expr::Position { expr: needle, r#in } => call("position", [r#in.as_ref(), needle.as_ref()]),
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
                list => format!("{function}({}, ({}))", column_name(expr), list.join(", ")),
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
        Expr::Tuple(items) => format!("({})", names(items)),
        Expr::Array(array) => format!("[{}]", names(&array.elem)),
        Expr::RLike { negated: false, expr, pattern, .. } => call("match", [expr.as_ref(), pattern.as_ref()]),
        Expr::UnaryOp { op: UnaryOperator::Plus, expr } => column_name(expr),
        Expr::InSubquery { expr, negated, .. } => {
            format!("{}({}, _subquery_1)", if *negated { "notIn" } else { "in" }, column_name(expr))
        }
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
        Expr::Trim { expr, trim_where, trim_what, .. } => {
            let function = match trim_where {
                Some(ast::TrimWhereField::Leading) => "trimLeft",
                Some(ast::TrimWhereField::Trailing) => "trimRight",
                Some(ast::TrimWhereField::Both) | None => "trimBoth",
            };
            call(function, std::iter::once(expr.as_ref()).chain(trim_what.as_deref()))
        }
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

fn names(items: &[Expr]) -> String {
    items.iter().map(column_name).collect::<Vec<_>>().join(", ")
}

/// A literal as the text that a cast reads.
fn literal_text(expr: &Expr) -> Option<String> {
    let list = |items: &[Expr]| items.iter().map(literal_item).collect::<Option<Vec<_>>>().map(|items| items.join(","));
    match expr {
        Expr::Value(value) => match &value.value {
            ast::Value::SingleQuotedString(text) => Some(text.clone()),
            other => Some(literal_name(other)),
        },
        Expr::Array(array) => list(&array.elem).map(|items| format!("[{items}]")),
        Expr::Tuple(items) => list(items).map(|items| format!("({items})")),
        _ => None,
    }
}

fn literal_item(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Value(value) => Some(literal_name(&value.value)),
        other => literal_text(other),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n").replace('\t', "\\t"))
}

/// `1e3` is called `1000.`, as ClickHouse writes floats.
fn number_name(text: &str) -> String {
    let plain = text.replace('_', "");
    if plain.bytes().all(|byte| byte.is_ascii_digit()) && plain.parse::<u64>().is_ok() {
        return plain.parse::<u64>().map_or(plain, |value| value.to_string());
    }
    match plain.parse::<f64>() {
        Ok(value) if !value.is_finite() => value.to_string().to_ascii_lowercase(),
        Ok(value) if value != 0.0 && (value.abs() < 1e-6 || value.abs() >= 1e21) => format!("{value:e}"),
        Ok(value) if value.fract() == 0.0 => format!("{value}."),
        Ok(value) => value.to_string(),
        Err(_) => plain,
    }
}

fn literal_name(value: &ast::Value) -> String {
    match value {
        ast::Value::SingleQuotedString(text) => quoted(text),
        ast::Value::DollarQuotedString(text) => quoted(&text.value),
        ast::Value::Number(text, _) => number_name(text),
        ast::Value::HexStringLiteral(digits) => {
            super::unhex(digits).map_or_else(|| value.to_string(), |text| quoted(&text))
        }
        ast::Value::Boolean(value) => value.to_string(),
        ast::Value::Null => "NULL".to_owned(),
        other => other.to_string(),
    }
}

fn function_name(function: &ast::Function) -> String {
    if function.filter.is_some() || function.null_treatment.is_some() {
        let mut plain = super::plain_call(function);
        if function.null_treatment.is_some() {
            plain.name = function.name.clone();
        }
        return function_name(&plain);
    }
    if let Some(name) = shifted(function) {
        return name;
    }
    let list = |arguments: &ast::FunctionArguments| match arguments {
        ast::FunctionArguments::List(list) => {
            let parts: Vec<String> = list
                .args
                .iter()
                .enumerate()
                .filter_map(|(index, argument)| match argument {
                    // dateDiff(day, …)
                    ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(Expr::Identifier(unit)))
                        if index == 0 && takes_unit(function) =>
                    {
                        Some(format!("'{}'", unit.value.to_ascii_lowercase()))
                    }
                    ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => Some(column_name(expr)),
                    // count(*) is called count()
                    ast::FunctionArg::Unnamed(_) => None,
                    other => Some(other.to_string()),
                })
                .collect();
            format!("({})", parts.join(", "))
        }
        other => other.to_string(),
    };
    let name = function_title(function);
    let parameters = match &function.parameters {
        ast::FunctionArguments::None => String::new(),
        parameters => list(parameters),
    };
    let over = function.over.as_ref().map_or(String::new(), |over| format!(" OVER {}", window_name(over)));
    let arguments = list(&function.args);
    match (name.as_str(), parameters.is_empty() && over.is_empty()) {
        // these two are written as their literals
        ("tuple", true) => arguments,
        ("array", true) => format!("[{}]", &arguments[1..arguments.len().max(2) - 1]),
        _ => format!("{name}{parameters}{arguments}{over}"),
    }
}

fn takes_unit(function: &ast::Function) -> bool {
    crate::function::takes_unit(&function.name.to_string())
}

/// `count(DISTINCT x)` is called `countDistinct(x)`, and `sum(x) FILTER (WHERE c)` is `sumIf(x, c)`.
fn function_title(function: &ast::Function) -> String {
    let mut name = function.name.to_string();
    if let ast::FunctionArguments::List(list) = &function.args
        && matches!(list.duplicate_treatment, Some(ast::DuplicateTreatment::Distinct))
    {
        name.push_str("Distinct");
    }
    // these have a grammar of their own, and one name
    const ONE_NAME: &[&str] = &["dateDiff", "position", "substring", "extract"];
    if let Some(known) = ONE_NAME.iter().find(|known| known.eq_ignore_ascii_case(&name)) {
        return (*known).to_owned();
    }
    match name.to_ascii_lowercase().as_str() {
        "date_diff" | "timestampdiff" | "timestamp_diff" => "dateDiff".to_owned(),
        "trim" => "trimBoth".to_owned(),
        "ltrim" => "trimLeft".to_owned(),
        "rtrim" => "trimRight".to_owned(),
        "cast" => "CAST".to_owned(),
        _ => name,
    }
}

/// `dateAdd(day, 1, t)` and its like are called as the operators that they are.
fn shifted(function: &ast::Function) -> Option<String> {
    let operator = match function.name.to_string().to_ascii_lowercase().as_str() {
        "date_add" | "dateadd" | "timestamp_add" | "timestampadd" => "plus",
        "date_sub" | "datesub" | "timestamp_sub" | "timestampsub" => "minus",
        _ => return None,
    };
    let ast::FunctionArguments::List(list) = &function.args else { return None };
    let arguments: Vec<&Expr> = list
        .args
        .iter()
        .filter_map(|argument| match argument {
            ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        })
        .collect();
    match arguments.as_slice() {
        [Expr::Identifier(unit), count, time] => {
            let unit = crate::value::IntervalUnit::parse(&unit.value)?.name();
            Some(format!("{operator}({}, toInterval{unit}({}))", column_name(time), column_name(count)))
        }
        [time, interval] => Some(format!("{operator}({}, {})", column_name(time), column_name(interval))),
        _ => None,
    }
}

fn window_name(over: &ast::WindowType) -> String {
    let spec = match over {
        ast::WindowType::NamedWindow(name) => return name.value.clone(),
        ast::WindowType::WindowSpec(spec) => spec,
    };
    let names = |exprs: &[Expr]| exprs.iter().map(column_name).collect::<Vec<_>>().join(", ");
    let mut parts: Vec<String> = spec.window_name.iter().map(|name| name.value.clone()).collect();
    if !spec.partition_by.is_empty() {
        parts.push(format!("PARTITION BY {}", names(&spec.partition_by)));
    }
    if !spec.order_by.is_empty() {
        let elements = spec.order_by.iter().map(|element| {
            let direction = if element.options.asc == Some(false) { "DESC" } else { "ASC" };
            let nulls = match element.options.nulls_first {
                Some(true) => " NULLS FIRST",
                // last is what they are anyway
                Some(false) | None => "",
            };
            format!("{} {direction}{nulls}", column_name(&element.expr))
        });
        parts.push(format!("ORDER BY {}", elements.collect::<Vec<_>>().join(", ")));
    }
    if let Some(frame) = &spec.window_frame {
        let bound = |bound: &ast::WindowFrameBound| match bound {
            ast::WindowFrameBound::Preceding(Some(offset)) => format!("{} PRECEDING", column_name(offset)),
            ast::WindowFrameBound::Following(Some(offset)) => format!("{} FOLLOWING", column_name(offset)),
            other => other.to_string(),
        };
        let end = frame.end_bound.as_ref().map_or("CURRENT ROW".to_owned(), bound);
        parts.push(format!("{} BETWEEN {} AND {end}", frame.units, bound(&frame.start_bound)));
    }
    format!("({})", parts.join(" "))
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
        BinaryOperator::Spaceship => "isNotDistinctFrom",
        _ => return None,
    })
}
