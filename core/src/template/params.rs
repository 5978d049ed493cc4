//! Which parameters a template takes, found without rendering it.
//!
//! The order is the reference engine's, since clients show it: a block's body comes before its condition,
//! and inside a tag the outer call before the inner.

use super::function::Function;
use super::program::Program;
use super::syntax::*;
use super::{Param, PipeParam, Template};
use serde_json::Value as Json;
use std::collections::{BTreeSet, VecDeque};

pub(super) fn discover(program: &Program) -> Vec<Param> {
    find(program, false)
}

/// The same, but for names that stand alone in `{{ }}`, as the reference engine sees a template that it
/// is about to render.
pub(super) fn discover_for_rendering(program: &Program) -> Vec<Param> {
    find(program, true)
}

fn find(program: &Program, is_rendering: bool) -> Vec<Param> {
    let mut finder = Finder { program, is_rendering, printed: BTreeSet::new(), found: Vec::new() };
    finder.body(&program.body);
    finder.found.into_iter().map(|(_, param)| param).collect()
}

pub(super) fn merged<'a>(nodes: impl IntoIterator<Item = (&'a str, &'a Template)>) -> Vec<PipeParam> {
    let mut out: Vec<PipeParam> = Vec::new();
    for (node, template) in nodes {
        for param in discover(template.program()) {
            let at = out.iter().position(|known| known.param.name == param.name);
            let index = at.unwrap_or_else(|| {
                out.push(PipeParam { param: param.clone(), nodes: Vec::new() });
                out.len() - 1
            });
            let known = &mut out[index];
            if known.nodes.last().is_none_or(|last| last != node) {
                known.nodes.push(node.to_owned());
            }
            let old = std::mem::take(&mut known.param);
            known.param = if weight(&param) > weight(&old) { filled(param, old) } else { filled(old, param) };
        }
    }
    out
}

/// How much a use says: a mention in a function less than a bare name, and that less than a type.
fn weight(param: &Param) -> u8 {
    match (&param.used_in, param.data_type.as_str(), &param.default) {
        (Some(_), ..) => 0,
        (None, "String", None) => 1,
        (None, "String", Some(_)) => 2,
        (None, ..) => 3,
    }
}

fn filled(first: Param, second: Param) -> Param {
    // a default of another type would be no value of this one
    let default = first.default.or(second.default.filter(|_| first.data_type == second.data_type));
    Param {
        default,
        required: first.required.or(second.required),
        description: first.description.or(second.description),
        allowed: first.allowed.or(second.allowed),
        example: first.example.or(second.example),
        format: first.format.or(second.format),
        ..first
    }
}

/// Python's own names; a request cannot bring a value for them.
const BUILTINS: [&str; 51] = [
    "abs",
    "aiter",
    "all",
    "anext",
    "any",
    "ascii",
    "bin",
    "bool",
    "bytearray",
    "bytes",
    "callable",
    "chr",
    "complex",
    "dict",
    "divmod",
    "enumerate",
    "filter",
    "float",
    "frozenset",
    "hasattr",
    "hash",
    "hex",
    "int",
    "isinstance",
    "issubclass",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "min",
    "next",
    "oct",
    "ord",
    "pow",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "slice",
    "sorted",
    "str",
    "sum",
    "tuple",
    "zip",
    "symbol",
    "column",
    "error",
    "custom_error",
    "columns",
];

struct Finder<'a> {
    program: &'a Program,
    is_rendering: bool,
    /// Names that some `{{ }}` has shown; a block adds nothing to them.
    printed: BTreeSet<Slot>,
    found: Vec<(Slot, Param)>,
}

/// Part of a tag, on the way from the outside in.
#[derive(Clone, Copy)]
enum Part<'a> {
    /// `true` for an argument of a call: the call speaks for it.
    Expr(&'a Expr, bool),
    /// What Python's tree has one level deeper than ours, as the receiver of a method.
    Deeper(&'a Expr),
    /// The left part of a chain: `a + b` of `a + b + c`.
    Chain(&'a Expr, &'a [(BinaryOp, Expr)]),
}

type Found = Vec<(Slot, Param)>;

impl<'a> Finder<'a> {
    fn body(&mut self, body: &'a [Step]) {
        for step in body {
            match step {
                Step::Text(..) | Step::Squeezed(..) | Step::Break | Step::Continue => {}
                Step::Print(expr, _) => {
                    let found = self.tag([Part::Expr(expr, self.is_rendering)]);
                    self.printed.extend(found.iter().map(|(slot, _)| *slot));
                    self.found.extend(found);
                }
                Step::Evaluate(expr) | Step::Augment(_, _, expr) => self.statement([expr]),
                Step::Set(Target::Item(of, key), expr) => self.statement([of, key, expr]),
                Step::Set(_, expr) => self.statement([expr]),
                Step::If(arms, otherwise) => {
                    for (index, (condition, body)) in arms.iter().enumerate() {
                        if index > 0 {
                            self.statement([condition]);
                        }
                        self.body(body);
                    }
                    self.body(otherwise);
                    if let Some((condition, _)) = arms.first() {
                        self.statement([condition]);
                    }
                }
                Step::For(_, head, body, otherwise) | Step::While(head, body, otherwise) => {
                    self.body(body);
                    self.body(otherwise);
                    self.statement([head]);
                }
                Step::Try { body, handlers, otherwise, finally } => {
                    self.body(body);
                    handlers.iter().for_each(|handler| self.body(&handler.body));
                    self.body(otherwise);
                    self.body(finally);
                }
            }
        }
    }

    fn statement<const N: usize>(&mut self, exprs: [&'a Expr; N]) {
        let mut found = Found::new();
        for expr in exprs {
            super::check::walk(expr, &mut |expr| {
                if let ExprKind::Embedded(inner) = &expr.kind {
                    found.extend(self.tag([Part::Expr(inner, false)]));
                }
            });
        }
        found.retain(|(slot, _)| !self.printed.contains(slot));
        let embedded: BTreeSet<Slot> = found.iter().map(|(slot, _)| *slot).collect();
        let rest = self.tag(exprs.map(|expr| Part::Expr(expr, false)));
        found.extend(rest.into_iter().filter(|(slot, _)| !self.printed.contains(slot) && !embedded.contains(slot)));
        self.found.extend(found);
    }

    /// The parameters of one tag, each once: a later use with a type replaces what an earlier one said.
    fn tag<const N: usize>(&self, parts: [Part<'a>; N]) -> Found {
        let mut found = Found::new();
        let mut queue = VecDeque::from(parts);
        while let Some(part) = queue.pop_front() {
            match part {
                Part::Deeper(expr) => queue.push_back(Part::Expr(expr, false)),
                Part::Chain(first, rest) => chain(first, rest, &mut queue),
                Part::Expr(expr, is_argument) => self.visit(expr, is_argument, &mut found, &mut queue),
            }
        }
        found
    }

    fn visit(&self, expr: &'a Expr, is_argument: bool, found: &mut Found, queue: &mut VecDeque<Part<'a>>) {
        match &expr.kind {
            ExprKind::Name(slot) if !is_argument => self.put(*slot, Param::default(), found),
            ExprKind::Call(function, arguments) => {
                self.call(*function, arguments, found);
                let values = arguments.values.iter();
                // of `isinstance(x, str)` the second is a class
                let count = if *function == Function::IsInstance { 1 } else { usize::MAX };
                queue.extend(values.take(count).map(|expr| Part::Expr(expr, true)));
                queue.extend(arguments.named.iter().map(|(_, expr)| Part::Deeper(expr)));
            }
            ExprKind::CallValue(callee, arguments) => {
                if !matches!(callee.kind, ExprKind::Name(_)) {
                    queue.push_back(Part::Expr(callee, true));
                }
                queue.extend(arguments.values.iter().map(|expr| Part::Expr(expr, true)));
                queue.extend(arguments.named.iter().map(|(_, expr)| Part::Deeper(expr)));
            }
            ExprKind::Method(of, _, arguments) => {
                queue.push_back(Part::Deeper(of));
                queue.extend(arguments.values.iter().map(|expr| Part::Expr(expr, true)));
                queue.extend(arguments.named.iter().map(|(_, expr)| Part::Deeper(expr)));
            }
            ExprKind::Binary(first, rest) => chain(first, rest, queue),
            ExprKind::Slice(of, parts) => {
                queue.push_back(Part::Expr(of, false));
                queue.extend(parts.iter().flatten().map(Part::Deeper));
            }
            ExprKind::Format(parts) => queue.extend(parts.iter().map(|(part, _)| Part::Deeper(part))),
            ExprKind::Dict(entries) => {
                queue.extend(entries.iter().map(|(key, _)| Part::Expr(key, false)));
                queue.extend(entries.iter().map(|(_, value)| Part::Expr(value, false)));
            }
            ExprKind::If(parts) => {
                let (condition, then, otherwise) = &**parts;
                queue.extend([condition, then, otherwise].map(|expr| Part::Expr(expr, false)));
            }
            ExprKind::Comprehension(inner) => self.comprehension(inner, found),
            // their own tag, see `statement`
            ExprKind::Embedded(_) => {}
            _ => super::check::children(expr, &mut |child| queue.push_back(Part::Expr(child, false))),
        }
    }

    /// The variables of a comprehension are no parameters.
    fn comprehension(&self, inner: &'a Comprehension, found: &mut Found) {
        let mut own = Vec::new();
        inner.target.slots(&mut |slot| own.push(slot));
        let parts = inner.key.iter().chain([&inner.element, &inner.over]).chain(&inner.conditions);
        for (slot, param) in parts.flat_map(|part| self.tag([Part::Expr(part, false)])) {
            if !own.contains(&slot) {
                self.put(slot, param, found);
            }
        }
    }

    fn call(&self, function: Function, arguments: &'a Arguments, found: &mut Found) {
        if !function.names_parameter() {
            return;
        }
        // calls among the arguments speak for themselves
        let mut plain = arguments.values.iter().filter(|expr| !is_call(expr));
        let Some(slot) = plain.next().and_then(named) else { return };
        if function.is_typed_parameter() {
            let rest: Vec<&Expr> = plain.collect();
            self.put(slot, self.describe(function, arguments, &rest), found);
        } else if !found.iter().any(|(known, _)| *known == slot) {
            let used_in = Some("function_call".to_owned());
            self.put(slot, Param { used_in, ..Param::default() }, found);
        }
    }

    /// What a typed call says of its parameter. `rest` are the plain arguments behind the name.
    fn describe(&self, function: Function, arguments: &Arguments, rest: &[&Expr]) -> Param {
        let given = |name: &str| arguments.named.iter().find(|(known, _)| **known == *name).map(|(_, expr)| expr);
        let literal = |expr: Option<&Expr>| expr.and_then(|expr| self.literal(expr));
        let text = |json: Option<Json>| match json {
            Some(Json::String(text)) => Some(text),
            Some(Json::Null) | None => None,
            Some(other) => Some(other.to_string()),
        };
        let is_array = function == Function::Array;
        let shift = usize::from(is_array);
        let part = |name: &str| literal(given(name));
        let data_type = match is_array {
            true => {
                let element = literal(rest.first().copied().or_else(|| given("_type")).or_else(|| given("type")));
                format!("Array({})", text(element).unwrap_or_else(|| "String".to_owned()))
            }
            false => function.name().to_owned(),
        };
        let default = match given("default") {
            Some(expr) => literal(Some(expr)),
            None => {
                let default = literal(rest.get(shift).copied());
                let is_empty = |json: &Json| json.as_str() == Some("") || json.as_array().is_some_and(Vec::is_empty);
                default.filter(|default| !is_array || !is_empty(default))
            }
        };
        Param {
            name: String::new(),
            data_type,
            default: default.map(exact),
            required: part("required").and_then(|value| value.as_bool()),
            description: text(part("description")),
            allowed: part("enum"),
            example: part("example"),
            format: text(part("format")),
            used_in: None,
        }
    }

    fn put(&self, slot: Slot, param: Param, found: &mut Found) {
        let name = &*self.program.names[slot as usize];
        if self.program.assigned.contains(&slot) || BUILTINS.contains(&name) || Function::named(name).is_some() {
            return;
        }
        let param = Param { name: name.to_owned(), ..param };
        match found.iter_mut().find(|(known, _)| *known == slot) {
            Some((_, old)) => *old = param,
            None => found.push((slot, param)),
        }
    }

    /// The value of a constant; of a sum its first part's.
    fn literal(&self, expr: &Expr) -> Option<Json> {
        Some(match &expr.kind {
            ExprKind::Bool(truth) => Json::Bool(*truth),
            ExprKind::Int(number) => whole(*number),
            ExprKind::Float(number) => Json::from(*number),
            ExprKind::Str(text) => Json::from(&**text),
            ExprKind::Name(slot) => Json::from(&*self.program.names[*slot as usize]),
            ExprKind::Unary(UnaryOp::Negate, inner) => match inner.kind {
                ExprKind::Int(number) => whole(-number),
                ExprKind::Float(number) => Json::from(-number),
                _ => return None,
            },
            ExprKind::Unary(_, inner) => return self.literal(inner),
            ExprKind::List(all) => Json::Array(all.iter().filter_map(|item| self.literal(item)).collect()),
            ExprKind::Binary(first, rest) => {
                let parts = std::iter::once(&**first).chain(rest.iter().map(|(_, expr)| expr));
                return parts.map(|part| self.literal(part)).find(Option::is_some).flatten();
            }
            _ => return None,
        })
    }
}

/// Python nests a chain to the left, so its last part is the outermost.
fn chain<'a>(first: &'a Expr, rest: &'a [(BinaryOp, Expr)], queue: &mut VecDeque<Part<'a>>) {
    match rest {
        [] => queue.push_back(Part::Expr(first, false)),
        [(_, only)] => queue.extend([Part::Expr(first, false), Part::Expr(only, false)]),
        [before @ .., (_, last)] => queue.extend([Part::Chain(first, before), Part::Expr(last, false)]),
    }
}

fn is_call(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Call(..) | ExprKind::CallValue(..) | ExprKind::Method(..))
}

/// The name that an argument stands for: itself, or the first of a sum.
fn named(expr: &Expr) -> Option<Slot> {
    match &expr.kind {
        ExprKind::Name(slot) => Some(*slot),
        ExprKind::Binary(first, _) => named(first),
        _ => None,
    }
}

fn whole(number: i128) -> Json {
    i64::try_from(number).map_or_else(|_| Json::from(number.to_string()), Json::from)
}

/// JavaScript reads larger numbers wrong, so defaults beyond are texts.
fn exact(default: Json) -> Json {
    const EXACT_MAX: i64 = (1 << 53) - 1;
    match default.as_i64() {
        Some(number) if number > EXACT_MAX => Json::from(number.to_string()),
        _ => default,
    }
}
