//! What an expression may contain. `{{ }}` has a list of what is allowed; blocks may use any of
//! the Python that the parser reads.

use super::function::Function;
use super::problem::Problem;
use super::syntax::*;
use std::sync::Arc;

/// Names that a request uses for itself: a parameter of that name never gets a value.
const RESERVED: [&str; 20] = [
    "__tb__csv_header",
    "__tb__semver",
    "debug_source_tables",
    "debug",
    "explain",
    "finalize_aggregations",
    "output_format_json_quote_64bit_integers",
    "output_format_json_quote_denormals",
    "output_format_parquet_string_as_string",
    "pipeline",
    "playground",
    "query_id",
    "release_replacements",
    "tag",
    "template_parameters",
    "token",
    "cli_version",
    "explain_plan",
    "__tb__deployment",
    "__tb__min_deployment",
];

/// An expression of `{{ }}`.
pub(super) fn output(expr: &Expr, names: &[Arc<str>], problems: &mut Vec<Problem>) {
    walk(expr, &mut |expr| {
        let refused = match &expr.kind {
            ExprKind::Binary(_, rest) => rest
                .iter()
                .find(|(op, _)| !matches!(op, BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply))
                .map(|(op, _)| format!("Invalid BinOp: {}", op.text())),
            ExprKind::And(_) | ExprKind::Or(_) => Some("Invalid expression type: BoolOp".to_owned()),
            ExprKind::Compare(..) => Some("Invalid expression type: Compare".to_owned()),
            ExprKind::Comprehension(_) => Some("Invalid expression type: ListComp".to_owned()),
            ExprKind::Call(function, _) if function.only_in_blocks() => {
                Some(format!("Invalid function name: {}", function.name()))
            }
            ExprKind::Method(_, method, _) if !method.allowed_in_output() => {
                let name = Method::ALL.iter().find(|(_, known)| known == method).map_or("", |(name, _)| name);
                Some(format!("Invalid method name: {name}"))
            }
            _ => None,
        };
        if let Some(message) = refused {
            let hint = "{{ }} takes parameters, functions and + - *; compute the value in {% set %}";
            problems.push(Problem::new("T0203", expr.span.range(), message).with_hint(Some(hint.to_owned())));
        }
    });
    block(expr, names, problems);
}

/// An expression of `{% %}`.
pub(super) fn block(expr: &Expr, names: &[Arc<str>], problems: &mut Vec<Problem>) {
    walk(expr, &mut |expr| match &expr.kind {
        ExprKind::Name(slot) => name(&names[*slot as usize], expr, problems),
        ExprKind::Call(function, arguments) => call(*function, arguments, expr, problems),
        _ => {}
    });
}

fn name(name: &str, expr: &Expr, problems: &mut Vec<Problem>) {
    if name == "format" || name == "q" {
        let message = format!("\"{name}\" can not be used as a variable name");
        problems.push(Problem::new("T0204", expr.span.range(), message));
    } else if name == "length" {
        let message = "length cannot be used as a variable name as it is a function inside of the templates";
        problems.push(Problem::new("T0204", expr.span.range(), message));
    } else if RESERVED.contains(&name) {
        let message = format!("{name:?} is reserved for the API: as a parameter it never gets a value");
        problems.push(Problem::new("T0205", expr.span.range(), message));
    }
}

fn call(function: Function, arguments: &Arguments, expr: &Expr, problems: &mut Vec<Problem>) {
    let (least, most) = function.arity();
    let given = arguments.values.len();
    let missing = least.saturating_sub(given + arguments.named.len());
    let count = match (missing > 0, given > most) {
        (true, _) => Some(format!("{} is missing an argument", function.name())),
        (_, true) => Some(format!("{} takes at most {most} arguments, not {given}", function.name())),
        _ => None,
    };
    if let Some(message) = count {
        problems.push(Problem::new("T0202", expr.span.range(), message));
        return;
    }
    let takes_parameter = matches!(function, Function::Typed(_) | Function::Array | Function::Json);
    if let Some(first) = arguments.values.first().filter(|_| takes_parameter) {
        let literal = match &first.kind {
            ExprKind::Int(number) => Some(number.to_string()),
            ExprKind::Float(number) => Some(number.to_string()),
            ExprKind::Str(text) => Some(text.to_string()),
            _ => None,
        };
        if let Some(literal) = literal {
            let message = format!("\"{literal}\" can not be used as a variable name");
            let hint = "the first argument is the name of the parameter, without quotes".to_owned();
            problems.push(Problem::new("T0204", first.span.range(), message).with_hint(Some(hint)));
        }
    }
    let unknown = |name: &Arc<str>| match function {
        Function::SqlAnd => sql_and_operator(name).is_none(),
        Function::Dict => false,
        _ => !named_arguments(function).contains(&&**name),
    };
    if let Some((name, value)) = arguments.named.iter().find(|(name, _)| unknown(name)) {
        let message = match function {
            Function::SqlAnd => {
                format!("operand {} not supported", name.rsplit_once("__").map_or(&**name, |(_, op)| op))
            }
            _ => format!("{} has no argument {name:?}", function.name()),
        };
        problems.push(Problem::new("T0202", value.span.range(), message));
    }
}

/// `col__op` → the column and its SQL operator.
pub(super) fn sql_and_operator(name: &str) -> Option<(&str, &'static str)> {
    let Some((column, suffix)) = name.rsplit_once("__") else { return Some((name, "=")) };
    let operator = match suffix {
        "in" => "in",
        "not_in" => "not in",
        "gt" => ">",
        "lt" => "<",
        "gte" => ">=",
        "lte" => "<=",
        _ => return None,
    };
    Some((column, operator))
}

const DESCRIBING: [&str; 6] = ["required", "description", "enum", "example", "format", "x"];

fn named_arguments(function: Function) -> Vec<&'static str> {
    let own: &[&str] = match function {
        Function::Typed(_) => &["default", "defined"],
        Function::Array => &["type", "default", "defined", "sep", "separator"],
        Function::Json => &["default", "defined"],
        Function::Column => &["default"],
        Function::Columns => &["default", "fn"],
        Function::Symbol => &["quote"],
        Function::SqlUnescape => &["what"],
        Function::SplitToArray => &["arr", "default", "separator"],
        Function::DateDiffInDays
        | Function::DateDiffInHours
        | Function::DateDiffInMinutes
        | Function::DateDiffInSeconds => &["date_format", "default", "backup_date_format", "none_if_error"],
        Function::CustomError => &["code"],
        Function::Secret => &["default"],
        Function::Sorted => &["reverse"],
        Function::Max | Function::Min => &["default"],
        Function::Enumerate => &["start"],
        _ => &[],
    };
    own.iter().chain(&DESCRIBING).copied().collect()
}

/// Every node of the tree, outermost first.
pub(super) fn walk<'a>(expr: &'a Expr, visit: &mut impl FnMut(&'a Expr)) {
    visit(expr);
    children(expr, &mut |child| walk_dyn(child, visit));
}

fn walk_dyn<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    visit(expr);
    children(expr, &mut |child| walk_dyn(child, visit));
}

pub(super) fn children<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    match &expr.kind {
        ExprKind::None
        | ExprKind::Bool(_)
        | ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Str(_)
        | ExprKind::Name(_) => {}
        ExprKind::List(all) | ExprKind::Tuple(all) | ExprKind::And(all) | ExprKind::Or(all) | ExprKind::Format(all) => {
            all.iter().for_each(visit);
        }
        ExprKind::Dict(entries) => entries.iter().for_each(|(key, value)| {
            visit(key);
            visit(value);
        }),
        ExprKind::Unary(_, inner) => visit(inner),
        ExprKind::Binary(first, rest) => {
            visit(first);
            rest.iter().for_each(|(_, expr)| visit(expr));
        }
        ExprKind::Compare(first, rest) => {
            visit(first);
            rest.iter().for_each(|(_, expr)| visit(expr));
        }
        ExprKind::If(parts) => {
            visit(&parts.1);
            visit(&parts.0);
            visit(&parts.2);
        }
        ExprKind::Index(of, key) => {
            visit(of);
            visit(key);
        }
        ExprKind::Slice(of, parts) => {
            visit(of);
            parts.iter().flatten().for_each(visit);
        }
        ExprKind::Call(_, arguments) => each_argument(arguments, visit),
        ExprKind::Method(of, _, arguments) => {
            visit(of);
            each_argument(arguments, visit);
        }
        ExprKind::Comprehension(inner) => {
            visit(&inner.over);
            inner.conditions.iter().for_each(&mut *visit);
            inner.key.iter().for_each(&mut *visit);
            visit(&inner.element);
        }
    }
}

fn each_argument<'a>(arguments: &'a Arguments, visit: &mut dyn FnMut(&'a Expr)) {
    arguments.values.iter().for_each(&mut *visit);
    arguments.named.iter().for_each(|(_, value)| visit(value));
}

/// Every expression of a body, in source order.
pub(super) fn expressions<'a>(body: &'a [Step], visit: &mut dyn FnMut(&'a Expr)) {
    for step in body {
        match step {
            Step::Text(..) | Step::Squeezed(..) | Step::Break | Step::Continue => {}
            Step::Print(expr, _) | Step::Set(_, expr) | Step::Augment(_, _, expr) | Step::Evaluate(expr) => visit(expr),
            Step::If(arms, otherwise) => {
                for (condition, body) in arms {
                    visit(condition);
                    expressions(body, visit);
                }
                expressions(otherwise, visit);
            }
            Step::For(_, head, body, otherwise) | Step::While(head, body, otherwise) => {
                visit(head);
                expressions(body, visit);
                expressions(otherwise, visit);
            }
            Step::Try { body, handlers, otherwise, finally } => {
                expressions(body, visit);
                handlers.iter().for_each(|(_, body)| expressions(body, visit));
                expressions(otherwise, visit);
                expressions(finally, visit);
            }
        }
    }
}
