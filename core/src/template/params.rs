//! Which parameters a template takes, found without rendering it.

use super::check;
use super::function::Function;
use super::syntax::*;
use super::{Param, Template};
use serde_json::Value as Json;
use std::collections::BTreeSet;

pub(super) fn discover(template: &Template) -> Vec<Param> {
    let mut finder = Finder { template, assigned: BTreeSet::new(), found: Vec::new() };
    finder.body(&template.body);
    finder.result()
}

/// How a name is used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Typed,
    Bare,
    InFunction,
    /// `table(x)`, `symbol(x)`: not listed.
    Hidden,
}

struct Finder<'a> {
    template: &'a Template,
    assigned: BTreeSet<Slot>,
    found: Vec<(Use, Param)>,
}

impl<'a> Finder<'a> {
    /// A typed use wins over a bare one, and that over a mention in a function.
    fn result(self) -> Vec<Param> {
        let best = |name: &str| {
            let uses = self.found.iter().filter(|(_, param)| param.name == name).map(|(kind, _)| *kind);
            uses.min_by_key(|kind| *kind as u8).expect("the name was found")
        };
        let mut out: Vec<Param> = Vec::new();
        for (kind, param) in &self.found {
            let is_repeated = *kind != Use::Typed && out.iter().any(|known| known.name == param.name);
            if *kind == best(&param.name) && !is_repeated {
                out.push(param.clone());
            }
        }
        out
    }

    fn body(&mut self, body: &'a [Step]) {
        for step in body {
            match step {
                Step::Text(..) | Step::Squeezed(..) | Step::Break | Step::Continue => {}
                Step::Print(expr, _) | Step::Evaluate(expr) => self.expr(expr, Use::Bare),
                Step::Set(target, expr) => {
                    self.expr(expr, Use::Bare);
                    self.assign(target);
                }
                Step::Augment(slot, _, expr) => {
                    self.expr(expr, Use::Bare);
                    self.assigned.insert(*slot);
                }
                Step::If(arms, otherwise) => {
                    for (condition, body) in arms {
                        self.expr(condition, Use::Bare);
                        self.body(body);
                    }
                    self.body(otherwise);
                }
                Step::For(target, over, body, otherwise) => {
                    self.expr(over, Use::Bare);
                    self.assign(target);
                    self.body(body);
                    self.body(otherwise);
                }
                Step::While(condition, body, otherwise) => {
                    self.expr(condition, Use::Bare);
                    self.body(body);
                    self.body(otherwise);
                }
                Step::Try { body, handlers, otherwise, finally } => {
                    self.body(body);
                    for (name, handler) in handlers {
                        self.assigned.extend(name);
                        self.body(handler);
                    }
                    self.body(otherwise);
                    self.body(finally);
                }
            }
        }
    }

    fn assign(&mut self, target: &Target) {
        match target {
            Target::Name(slot) => {
                self.assigned.insert(*slot);
            }
            Target::Each(all) => all.iter().for_each(|target| self.assign(target)),
        }
    }

    fn expr(&mut self, expr: &'a Expr, kind: Use) {
        match &expr.kind {
            ExprKind::Name(slot) => self.push(*slot, kind, Param::default()),
            ExprKind::Call(function, arguments) => self.call(*function, arguments, kind),
            ExprKind::Comprehension(inner) => {
                self.expr(&inner.over, kind);
                self.assign(&inner.target);
                inner.conditions.iter().for_each(|condition| self.expr(condition, kind));
                inner.key.iter().for_each(|key| self.expr(key, kind));
                self.expr(&inner.element, kind);
            }
            _ => check::children(expr, &mut |child| self.expr(child, kind)),
        }
    }

    fn call(&mut self, function: Function, arguments: &'a Arguments, kind: Use) {
        let kind = match function {
            Function::Typed(_) | Function::Array | Function::Json => return self.typed(function, arguments),
            Function::Table | Function::Symbol | Function::Secret | Function::IsInstance => Use::Hidden,
            Function::Defined
            | Function::Column
            | Function::Columns
            | Function::DayDiff
            | Function::DateDiffInDays
            | Function::DateDiffInHours
            | Function::DateDiffInMinutes
            | Function::DateDiffInSeconds
            | Function::SplitToArray
            | Function::EnumerateWithLast
            | Function::SqlAnd => Use::InFunction,
            _ => kind,
        };
        let start = match (function, arguments.values.first()) {
            (Function::IsInstance, Some(first)) => {
                self.expr(first, Use::Bare);
                1
            }
            (Function::Column | Function::Columns | Function::SplitToArray, Some(first)) => {
                if let ExprKind::Name(slot) = first.kind {
                    let default = named(arguments, 1, "default").and_then(|expr| self.literal(expr));
                    self.push(slot, kind, Param { default, ..Param::default() });
                } else {
                    self.expr(first, kind);
                }
                1
            }
            _ => 0,
        };
        arguments.values[start..].iter().for_each(|argument| self.expr(argument, kind));
        arguments.named.iter().for_each(|(_, argument)| self.expr(argument, kind));
    }

    fn typed(&mut self, function: Function, arguments: &'a Arguments) {
        let rest = match arguments.values.first() {
            Some(Expr { kind: ExprKind::Name(slot), .. }) => {
                let param = self.describe(function, arguments);
                self.push(*slot, Use::Typed, param);
                &arguments.values[1..]
            }
            _ => &arguments.values[..],
        };
        rest.iter().for_each(|argument| self.expr(argument, Use::Bare));
        arguments.named.iter().for_each(|(_, argument)| self.expr(argument, Use::Bare));
    }

    fn describe(&self, function: Function, arguments: &Arguments) -> Param {
        let is_array = function == Function::Array;
        let shift = usize::from(is_array);
        let json = |index: usize, name: &str| named(arguments, index, name).and_then(|expr| self.literal(expr));
        let text = |index: usize, name: &str| match json(index, name) {
            Some(Json::String(text)) => Some(text),
            Some(other) => Some(other.to_string()),
            None => None,
        };
        let data_type = match is_array {
            true => format!("Array({})", text(1, "type").unwrap_or_else(|| "String".to_owned())),
            false => function.name().to_owned(),
        };
        Param {
            name: String::new(),
            data_type,
            default: json(1 + shift, "default"),
            required: json(3 + shift, "required").and_then(|value| value.as_bool()),
            description: text(4 + shift, "description"),
            allowed: json(5 + shift, "enum"),
            example: json(6 + shift, "example"),
            format: text(7 + shift, "format"),
            used_in: None,
        }
    }

    fn push(&mut self, slot: Slot, kind: Use, param: Param) {
        if kind == Use::Hidden || self.assigned.contains(&slot) {
            return;
        }
        let name = self.template.names[slot as usize].to_string();
        let used_in = (kind == Use::InFunction).then(|| "function_call".to_owned());
        self.found.push((kind, Param { name, used_in, ..param }));
    }

    /// The value of a constant; the source text of anything else.
    fn literal(&self, expr: &Expr) -> Option<Json> {
        const EXACT_MAX: i64 = (1 << 53) - 1;
        Some(match &expr.kind {
            ExprKind::None => return None,
            ExprKind::Bool(truth) => Json::Bool(*truth),
            ExprKind::Int(number) if number.abs() > EXACT_MAX => Json::from(number.to_string()),
            ExprKind::Int(number) => Json::from(*number),
            ExprKind::Float(number) => Json::from(*number),
            ExprKind::Str(text) => Json::from(&**text),
            ExprKind::Unary(UnaryOp::Negate, inner) => match (&inner.kind, self.literal(inner)) {
                (ExprKind::Int(number), _) => Json::from(-number),
                (ExprKind::Float(number), _) => Json::from(-number),
                _ => self.source(expr),
            },
            ExprKind::List(all) | ExprKind::Tuple(all) => {
                Json::Array(all.iter().map(|item| self.literal(item).unwrap_or(Json::Null)).collect())
            }
            _ => self.source(expr),
        })
    }

    fn source(&self, expr: &Expr) -> Json {
        Json::from(self.template.text.get(expr.span.range()).unwrap_or(""))
    }
}

fn named<'e>(arguments: &'e Arguments, index: usize, name: &str) -> Option<&'e Expr> {
    let named = || arguments.named.iter().find(|(known, _)| **known == *name).map(|(_, expr)| expr);
    arguments.values.get(index).or_else(named)
}
