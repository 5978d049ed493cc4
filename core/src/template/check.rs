//! What an expression may contain. `{{ }}` has a list of what is allowed; blocks may use any of
//! the Python that the parser reads, but for what would lead into Python itself.
//!
//! What breaks these rules is refused; what merely cannot work (a function that does not exist, an argument
//! too many) stops a deployment, and a rendering only where it comes to it.

use super::bind;
use super::function::Function;
use super::problem::{Problem, Says};
use super::raised::prefixed;
use super::syntax::*;
use crate::diagnostic::nearest;
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

/// Python's doors to itself: what calls these is refused, although they are no functions here.
const UNSAFE_FUNCTIONS: [&str; 21] = [
    "eval",
    "exec",
    "compile",
    "getattr",
    "setattr",
    "delattr",
    "globals",
    "locals",
    "vars",
    "dir",
    "breakpoint",
    "help",
    "memoryview",
    "type",
    "object",
    "super",
    "classmethod",
    "staticmethod",
    "property",
    "exit",
    "quit",
];
const UNSAFE_ATTRIBUTES: [&str; 20] = [
    "format",
    "format_map",
    "mro",
    "gi_frame",
    "gi_code",
    "gi_yieldfrom",
    "cr_frame",
    "cr_code",
    "cr_await",
    "cr_origin",
    "ag_frame",
    "ag_code",
    "ag_await",
    "f_globals",
    "f_locals",
    "f_builtins",
    "f_back",
    "f_code",
    "tb_frame",
    "tb_next",
];

/// An expression of `{{ }}`.
pub(super) fn output(expr: &Expr, names: &[Arc<str>], problems: &mut Vec<Problem>) {
    match refused(expr, names) {
        Some((message, span)) => problems.push(refusal(message, span)),
        None => {
            unnameable(expr, problems);
            lint(expr, names, problems);
        }
    }
}

/// A list where the name of a parameter is looked for. In blocks it is just a value.
fn unnameable(expr: &Expr, problems: &mut Vec<Problem>) {
    walk(expr, &mut |expr| {
        let ExprKind::Call(function, arguments) = &expr.kind else { return };
        let Some(Expr { kind: ExprKind::List(items), span }) = arguments.values.first() else { return };
        let shown: Option<Vec<String>> = items.iter().map(shown_constant).collect();
        let (Some(shown), true) = (shown, function.names_parameter()) else { return };
        let message = format!("\"[{}]\" can not be used as a variable name", shown.join(", "));
        problems.push(Problem::new("T0204", span.range(), message).saying(Says::Plain));
    });
}

fn shown_constant(expr: &Expr) -> Option<String> {
    Some(match &expr.kind {
        ExprKind::Int(number) => number.to_string(),
        ExprKind::Str(text) => format!("'{text}'"),
        _ => return None,
    })
}

/// An expression of `{% %}`.
pub(super) fn block(expr: &Expr, names: &[Arc<str>], problems: &mut Vec<Problem>) {
    match unsafe_part(expr, names) {
        Some((message, span)) => problems.push(Problem::new("T0203", span.range(), message)),
        None => lint(expr, names, problems),
    }
}

/// An unknown function has its own code and a better message than the reference engine's.
fn refusal(message: String, span: Span) -> Problem {
    let hint = match message.strip_prefix("Invalid function name: ") {
        Some(name) if Function::named(name).is_none() => {
            let text = format!("{name:?} is not a valid function");
            let problem = Problem::new("T0201", span.range(), text).with_hint(function_hint(name));
            return problem.saying(Says::Text(prefixed(&message)));
        }
        _ => match message.strip_prefix("Invalid method name: ") {
            Some(name) if Method::named(name).is_none() => method_hint(name),
            _ => Some("{{ }} takes parameters, functions and + - *; compute the value in {% set %}".to_owned()),
        },
    };
    Problem::new("T0203", span.range(), message).with_hint(hint)
}

fn function_hint(name: &str) -> Option<String> {
    match name {
        "Symbol" | "Column" => Some(format!("use {}()", name.to_lowercase())),
        name => nearest(name, Function::names()).map(|hint| format!("did you mean {hint:?}?")),
    }
}

fn method_hint(name: &str) -> Option<String> {
    nearest(name, Method::ALL.iter().map(|(known, _)| *known)).map(|hint| format!("did you mean {hint:?}?"))
}

type Refused = Option<(String, Span)>;

/// The first part that `{{ }}` does not allow, in the words of the reference engine.
fn refused(expr: &Expr, names: &[Arc<str>]) -> Refused {
    let each = |all: &[Expr]| all.iter().find_map(|expr| refused(expr, names));
    let kind = || Some((format!("Invalid expression type: {}", node(expr)), expr.span));
    match &expr.kind {
        ExprKind::None | ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Str(_) => None,
        ExprKind::Name(slot) => dunder(&names[*slot as usize], expr.span),
        ExprKind::Call(function, _) if function.only_in_blocks() => {
            Some((format!("Invalid function name: {}", function.name()), name_span(expr, function.name())))
        }
        ExprKind::Call(_, arguments) => refused_argument(arguments, names),
        ExprKind::CallValue(callee, arguments) => match &callee.kind {
            ExprKind::Name(slot) => Some((format!("Invalid function name: {}", names[*slot as usize]), callee.span)),
            ExprKind::Call(..) | ExprKind::CallValue(..) | ExprKind::Method(..) => {
                refused(callee, names).or_else(|| refused_argument(arguments, names))
            }
            ExprKind::Attribute(_, name) => Some((format!("Invalid method name: {name}"), callee.span)),
            _ => Some(("Invalid function: Call".to_owned(), expr.span)),
        },
        ExprKind::Method(_, method, _) if !method.allowed_in_output() => {
            Some((format!("Invalid method name: {}", method.name()), expr.span))
        }
        ExprKind::Method(of, _, arguments) => refused(of, names).or_else(|| refused_argument(arguments, names)),
        ExprKind::Attribute(..) => kind(),
        ExprKind::Unary(UnaryOp::Plus, _) => Some(("Invalid UnaryOp: UAdd()".to_owned(), expr.span)),
        ExprKind::Unary(_, inner) | ExprKind::Embedded(inner) => refused(inner, names),
        ExprKind::Binary(first, rest) => {
            let allowed = |op: &BinaryOp| matches!(op, BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply);
            let wrong = rest.iter().rev().find(|(op, _)| !allowed(op));
            let wrong = wrong.map(|(op, _)| (format!("Invalid BinOp: {}()", op.node()), expr.span));
            wrong.or_else(|| refused(first, names)).or_else(|| rest.iter().find_map(|(_, expr)| refused(expr, names)))
        }
        ExprKind::Index(of, key) => refused(of, names).or_else(|| match &key.kind {
            ExprKind::None
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Index(..)
            | ExprKind::Slice(..) => refused(key, names),
            _ => Some((format!("Invalid Slice expression: {}", node(key)), key.span)),
        }),
        ExprKind::Slice(of, parts) => {
            refused(of, names).or_else(|| parts.iter().flatten().find_map(|part| refused(part, names)))
        }
        ExprKind::Dict(entries) => {
            let keys = entries.iter().find_map(|(key, _)| refused(key, names));
            keys.or_else(|| entries.iter().find_map(|(_, value)| refused(value, names)))
        }
        ExprKind::List(all) | ExprKind::Tuple(all) => each(all),
        ExprKind::Format(parts) => parts.iter().find_map(|(part, _)| refused(part, names)),
        ExprKind::If(parts) => {
            let (condition, then, otherwise) = &**parts;
            [condition, then, otherwise].into_iter().find_map(|expr| refused(expr, names))
        }
        ExprKind::And(_) | ExprKind::Or(_) => kind(),
        ExprKind::Compare(..) => kind(),
        ExprKind::Comprehension(_) => kind(),
    }
}

/// What Python's syntax tree calls it.
fn node(expr: &Expr) -> &'static str {
    match &expr.kind {
        ExprKind::None | ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Str(_) => "Constant",
        ExprKind::Name(_) => "Name",
        ExprKind::List(_) => "List",
        ExprKind::Tuple(_) => "Tuple",
        ExprKind::Dict(_) => "Dict",
        ExprKind::Unary(..) => "UnaryOp",
        ExprKind::Binary(..) => "BinOp",
        ExprKind::And(_) | ExprKind::Or(_) => "BoolOp",
        ExprKind::Compare(..) => "Compare",
        ExprKind::If(_) => "IfExp",
        ExprKind::Index(..) | ExprKind::Slice(..) => "Subscript",
        ExprKind::Call(..) | ExprKind::CallValue(..) | ExprKind::Method(..) => "Call",
        ExprKind::Attribute(..) => "Attribute",
        ExprKind::Embedded(_) => "Set",
        ExprKind::Format(_) => "JoinedStr",
        ExprKind::Comprehension(inner) if inner.key.is_some() => "DictComp",
        ExprKind::Comprehension(_) => "ListComp",
    }
}

/// Named arguments may hold what blocks may.
fn refused_argument(arguments: &Arguments, names: &[Arc<str>]) -> Refused {
    let values = arguments.values.iter().find_map(|expr| refused(expr, names));
    values.or_else(|| arguments.named.iter().find_map(|(_, expr)| unsafe_part(expr, names)))
}

fn unsafe_part(expr: &Expr, names: &[Arc<str>]) -> Refused {
    let mut found = None;
    walk(expr, &mut |expr| {
        let wrong = match &expr.kind {
            ExprKind::Name(slot) => dunder(&names[*slot as usize], expr.span),
            ExprKind::Attribute(_, name) if name.starts_with('_') || UNSAFE_ATTRIBUTES.contains(&&**name) => {
                Some((format!("Invalid attribute: {name}"), expr.span))
            }
            ExprKind::CallValue(callee, _) => match callee.kind {
                ExprKind::Name(slot) if UNSAFE_FUNCTIONS.contains(&&*names[slot as usize]) => {
                    Some((format!("Invalid function name: {}", names[slot as usize]), callee.span))
                }
                _ => None,
            },
            _ => None,
        };
        if found.is_none() {
            found = wrong;
        }
    });
    found
}

fn dunder(name: &str, span: Span) -> Refused {
    let is_dunder = name.len() > 4 && name.starts_with("__") && name.ends_with("__");
    is_dunder.then(|| (format!("Invalid name: {name}"), span))
}

fn name_span(expr: &Expr, name: &str) -> Span {
    Span(expr.span.0, (expr.span.0 + name.len() as u32).min(expr.span.1))
}

/// What is allowed, but cannot be meant.
fn lint(expr: &Expr, names: &[Arc<str>], problems: &mut Vec<Problem>) {
    walk(expr, &mut |expr| match &expr.kind {
        ExprKind::Name(slot) => name(&names[*slot as usize], expr, problems),
        ExprKind::Call(function, arguments) => call(*function, arguments, expr, problems),
        ExprKind::CallValue(callee, _) => match &callee.kind {
            ExprKind::Name(slot) => {
                let name = &names[*slot as usize];
                let problem = Problem::new("T0201", callee.span.range(), format!("{name:?} is not a valid function"));
                problems.push(problem.with_hint(function_hint(name)));
            }
            ExprKind::Attribute(..) => {}
            _ => problems.push(Problem::new("T0201", expr.span.range(), "only functions can be called")),
        },
        ExprKind::Attribute(_, name) => {
            let problem = Problem::new("T0203", expr.span.range(), format!("Invalid method name: {name}"));
            problems.push(problem.saying(Says::Nothing).with_hint(method_hint(name)));
        }
        _ => {}
    });
}

fn name(name: &str, expr: &Expr, problems: &mut Vec<Problem>) {
    if name == "format" || name == "q" {
        let message = format!("\"{name}\" can not be used as a variable name");
        problems.push(Problem::new("T0204", expr.span.range(), message).saying(Says::CommaLine));
    } else if name == "length" {
        let message = "length cannot be used as a variable name as it is a function inside of the templates";
        problems.push(Problem::new("T0204", expr.span.range(), message));
    } else if RESERVED.contains(&name) {
        let message = format!("{name:?} is reserved for the API: as a parameter it never gets a value");
        problems.push(Problem::new("T0205", expr.span.range(), message));
    }
}

fn call(function: Function, arguments: &Arguments, expr: &Expr, problems: &mut Vec<Problem>) {
    let (least, most) = match bind::parameters(function) {
        Some((names, needed)) => (needed, names.len()),
        None if function == Function::SqlAnd => (0, 0),
        None => function.python_arity(),
    };
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
    let unknown = |name: &Arc<str>| match (function, bind::parameters(function)) {
        (Function::SqlAnd, _) => sql_and_operator(name).is_err(),
        (_, Some((names, _))) => !names.contains(&&**name),
        (Function::Dict, _) => false,
        _ => !["default", "reverse", "key", "start"].contains(&&**name),
    };
    if let Some((name, value)) = arguments.named.iter().find(|(name, _)| unknown(name)) {
        let message = match sql_and_operator(name) {
            Err(operator) if function == Function::SqlAnd => format!("operand {operator} not supported"),
            _ => format!("{} has no argument {name:?}", function.name()),
        };
        problems.push(Problem::new("T0202", value.span.range(), message));
    }
}

/// `col__op` → the column and its SQL operator, or what stands in the operator's place.
pub(super) fn sql_and_operator(name: &str) -> Result<(&str, &'static str), &str> {
    let Some((column, suffix)) = name.rsplit_once("__") else { return Ok((name, "=")) };
    let operator = match suffix {
        "in" => "in",
        "not_in" => "not in",
        "gt" => ">",
        "lt" => "<",
        "gte" => ">=",
        "lte" => "<=",
        other => return Err(other),
    };
    Ok((column, operator))
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
        ExprKind::List(all) | ExprKind::Tuple(all) | ExprKind::And(all) | ExprKind::Or(all) => {
            all.iter().for_each(visit);
        }
        ExprKind::Format(parts) => parts.iter().for_each(|(part, _)| visit(part)),
        ExprKind::Dict(entries) => entries.iter().for_each(|(key, value)| {
            visit(key);
            visit(value);
        }),
        ExprKind::Unary(_, inner) | ExprKind::Embedded(inner) | ExprKind::Attribute(inner, _) => visit(inner),
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
        ExprKind::Method(of, _, arguments) | ExprKind::CallValue(of, arguments) => {
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
