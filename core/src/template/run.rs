//! Renders a compiled template: walks the tree once, values in slots, SQL out.

use super::escape;
use super::operator::unary;
use super::place::Place;
use super::syntax::*;
use super::value::{Items, VALUE_DEPTH_MAX, Value};
use super::{Failure, Params, Piece, Rendered, Secrets, Template, cast};
use crate::limits::{SQL_BYTES_MAX, TEMPLATE_STEPS_MAX};
use std::rc::Rc;

pub(super) type Outcome<T> = Result<T, Failure>;

/// Where values come from.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    Request {
        params: &'a Params,
        secrets: &'a Secrets,
    },
    /// A deployment checks the SQL: every parameter is a placeholder of its type.
    Check,
}

pub(super) struct Run<'a> {
    pub(super) template: &'a Template,
    pub(super) source: Source<'a>,
    /// One for each name of the template; `None` until it is read or set.
    slots: Vec<Option<Value>>,
    steps: usize,
    place: Place,
    pub(super) out: Rendered,
}

enum Flow {
    On,
    Break,
    Continue,
}

pub(super) fn render(template: &Template, source: Source<'_>) -> Outcome<Rendered> {
    let mut run = Run {
        template,
        source,
        slots: vec![None; template.names.len()],
        steps: 0,
        place: Place::Code,
        out: Rendered { sql: String::with_capacity(template.text.len() + 64), ..Rendered::default() },
    };
    run.body(&template.body)?;
    Ok(run.out)
}

impl<'a> Run<'a> {
    pub(super) fn is_check(&self) -> bool {
        matches!(self.source, Source::Check)
    }

    /// Counts work; what a template can do is bounded by it.
    pub(super) fn charge(&mut self, steps: usize) -> Outcome<()> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > TEMPLATE_STEPS_MAX {
            let message = format!("the template takes more than {TEMPLATE_STEPS_MAX} steps; does a loop end?");
            return Err(Failure::template(message));
        }
        Ok(())
    }

    fn body(&mut self, body: &'a [Step]) -> Outcome<Flow> {
        for step in body {
            self.charge(1)?;
            match self.step(step)? {
                Flow::On => {}
                stop => return Ok(stop),
            }
        }
        Ok(Flow::On)
    }

    fn step(&mut self, step: &'a Step) -> Outcome<Flow> {
        match step {
            Step::Text(span) => {
                let template = self.template;
                let range = span.range();
                self.write(*span, true, &template.text[range])?;
            }
            Step::Squeezed(text, span) => self.write(*span, false, text)?,
            Step::Print(expr, tag) => self.print(expr, *tag)?,
            Step::If(arms, otherwise) => {
                for (condition, body) in arms {
                    if self.eval(condition)?.truth() {
                        return self.body(body);
                    }
                }
                return self.body(otherwise);
            }
            Step::For(target, over, body, otherwise) => return self.for_each(target, over, body, otherwise),
            Step::While(condition, body, otherwise) => {
                while self.eval(condition)?.truth() {
                    self.charge(1)?;
                    if let Flow::Break = self.body(body)? {
                        return Ok(Flow::On);
                    }
                }
                return self.body(otherwise);
            }
            Step::Try { body, handlers, otherwise, finally } => {
                return self.attempt(body, handlers, otherwise, finally);
            }
            Step::Set(target, expr) => {
                let value = self.eval(expr)?;
                self.assign(target, value).map_err(|failure| failure.at(expr.span))?;
            }
            Step::Augment(slot, op, expr) => {
                let left = self.load(*slot)?;
                let right = self.eval(expr)?;
                let value = self.binary(*op, left, right).map_err(|failure| failure.at(expr.span))?;
                self.slots[*slot as usize] = Some(value);
            }
            Step::Evaluate(expr) => {
                self.eval(expr)?;
            }
            Step::Break => return Ok(Flow::Break),
            Step::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    fn for_each(
        &mut self,
        target: &'a Target,
        over: &'a Expr,
        body: &'a [Step],
        otherwise: &'a [Step],
    ) -> Outcome<Flow> {
        let values = self.eval(over)?;
        for value in self.iterate(&values).map_err(|failure| failure.at(over.span))? {
            self.charge(1)?;
            self.assign(target, value).map_err(|failure| failure.at(over.span))?;
            if let Flow::Break = self.body(body)? {
                return Ok(Flow::On);
            }
        }
        self.body(otherwise)
    }

    fn attempt(
        &mut self,
        body: &'a [Step],
        handlers: &'a [(Option<Slot>, Body)],
        otherwise: &'a [Step],
        finally: &'a [Step],
    ) -> Outcome<Flow> {
        let result = match (self.body(body), handlers.first()) {
            (Ok(Flow::On), _) => self.body(otherwise),
            (Err(failure), Some((name, handler))) if self.steps <= TEMPLATE_STEPS_MAX => {
                if let Some(slot) = name {
                    self.slots[*slot as usize] = Some(Value::text(&failure.message));
                }
                self.body(handler)
            }
            (result, _) => result,
        };
        match self.body(finally)? {
            Flow::On => result,
            stop => Ok(stop),
        }
    }

    fn assign(&mut self, target: &'a Target, value: Value) -> Outcome<()> {
        match target {
            Target::Name(slot) => {
                self.slots[*slot as usize] = Some(value);
                Ok(())
            }
            Target::Each(targets) => {
                let values = self.iterate(&value)?;
                if values.len() != targets.len() {
                    let message = format!("{} values cannot be unpacked into {} names", values.len(), targets.len());
                    return Err(Failure::template(message));
                }
                targets.iter().zip(values).try_for_each(|(target, value)| self.assign(target, value))
            }
        }
    }

    /// The values that `for` goes through.
    pub(super) fn iterate(&mut self, value: &Value) -> Outcome<Vec<Value>> {
        self.charge(value.size())?;
        match value {
            Value::Str(text) | Value::Sql(text) => {
                Ok(text.chars().map(|c| Value::text(c.encode_utf8(&mut [0; 4]))).collect())
            }
            Value::Dict(entries) => Ok(entries.entries.iter().map(|(key, _)| key.clone()).collect()),
            other => match other.items() {
                Some(items) => Ok(items.to_vec()),
                None => Err(Failure::template(format!("'{}' object is not iterable", other.class()))),
            },
        }
    }

    fn write(&mut self, span: Span, verbatim: bool, text: &str) -> Outcome<()> {
        self.place = self.place.after(text);
        let start = self.out.sql.len();
        self.out.sql.push_str(text);
        self.piece(span, verbatim, start)
    }

    fn piece(&mut self, span: Span, verbatim: bool, start: usize) -> Outcome<()> {
        let sql = start..self.out.sql.len();
        if sql.len() > SQL_BYTES_MAX || sql.end > SQL_BYTES_MAX {
            let message = format!("the SQL is longer than {SQL_BYTES_MAX} bytes");
            return Err(Failure::template(message).at(span));
        }
        if !sql.is_empty() {
            let offset = self.template.offset as usize;
            let source = span.0 as usize + offset..span.1 as usize + offset;
            self.out.pieces.push(Piece { sql, source, verbatim });
        }
        Ok(())
    }

    fn print(&mut self, expr: &'a Expr, tag: Span) -> Outcome<()> {
        let value = self.eval(expr)?;
        self.charge(value.size())?;
        if value == Value::None {
            let source = &self.template.text[tag.range()];
            let shown: String = source[2..source.len() - 2].trim().chars().take(20).collect();
            return Err(Failure::template(format!("expression \"{shown}...\" evaluated to null")).at(tag));
        }
        let start = self.out.sql.len();
        match self.place {
            Place::Code => value.print(&mut self.out.sql),
            Place::LineComment => {
                value.print(&mut self.out.sql);
                if self.out.sql[start..].contains('\n') {
                    self.place = Place::Code;
                }
            }
            Place::BlockComment => {
                let mut text = String::new();
                value.print(&mut text);
                self.out.sql.push_str(&text.replace("*/", "* /").replace("/*", "/ *"));
            }
            _ => self.print_inside_quotes(&value).map_err(|failure| failure.at(tag))?,
        }
        self.piece(tag, false, start)
    }

    /// `'%{{ String(x) }}%'`: the author has written the quotes, so the value comes without its own
    /// and still cannot end them.
    fn print_inside_quotes(&mut self, value: &Value) -> Outcome<()> {
        let sql = &self.out.sql;
        if (sql.len() - sql.trim_end_matches('\\').len()) % 2 == 1 {
            return Err(Failure::template("a value cannot follow a backslash inside quotes"));
        }
        match value {
            Value::Str(text) => {
                match self.place {
                    Place::Single => escape::bare(text, &mut self.out.sql),
                    _ => escape::identifier(text, &mut self.out.sql),
                }
                Ok(())
            }
            Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
                value.print(&mut self.out.sql);
                Ok(())
            }
            Value::TypedInt(_, number) => {
                self.out.sql.push_str(&number.to_string());
                Ok(())
            }
            Value::TypedBig(_, digits) => {
                self.out.sql.push_str(digits);
                Ok(())
            }
            Value::TypedFloat(_, number) => {
                self.out.sql.push_str(&super::value::float_text(*number));
                Ok(())
            }
            _ => {
                Err(Failure::template("only a single value can stand inside quotes; remove the quotes around the tag"))
            }
        }
    }

    /// The value of a name: set by the template, or brought by the request.
    pub(super) fn load(&mut self, slot: Slot) -> Outcome<Value> {
        if let Some(value) = &self.slots[slot as usize] {
            return Ok(value.clone());
        }
        let value = self.parameter(slot)?;
        self.slots[slot as usize] = Some(value.clone());
        Ok(value)
    }

    fn parameter(&mut self, slot: Slot) -> Outcome<Value> {
        let template = self.template;
        let element = template.arrays.iter().find(|(array, _)| *array == slot).map(|(_, kind)| *kind);
        let Source::Request { params, .. } = self.source else {
            return Ok(match element {
                Some(kind) => super::call::placeholder_array(kind),
                None => Value::text("__no_value__"),
            });
        };
        let Some(values) = params.0.get(&*template.names[slot as usize]) else { return Ok(Value::None) };
        match element {
            Some(kind) => {
                let parts: Vec<&str> = values.iter().flat_map(|value| value.split(',')).collect();
                self.charge(parts.len())?;
                let whole = values.join(",");
                let elements = parts.into_iter().map(Value::text).collect();
                super::call::elements(kind, elements, &whole).map(Value::list)
            }
            None => Ok(values.last().map_or(Value::None, Value::text)),
        }
    }

    /// A name has a value: given by the request (even an empty one) or set before.
    pub(super) fn is_defined(&self, slot: Slot) -> bool {
        match (&self.slots[slot as usize], self.source) {
            (_, Source::Check) => false,
            (Some(value), _) => *value != Value::None,
            (None, Source::Request { params, .. }) => {
                params.0.get(&*self.template.names[slot as usize]).is_some_and(|values| !values.is_empty())
            }
        }
    }

    /// The variable's value, to be changed in place by `append` and its like.
    pub(super) fn store(&mut self, slot: Slot, value: Value) {
        self.slots[slot as usize] = Some(value);
    }

    pub(super) fn eval(&mut self, expr: &'a Expr) -> Outcome<Value> {
        self.charge(1)?;
        self.eval_kind(expr).map_err(|failure| failure.at(expr.span))
    }

    fn eval_kind(&mut self, expr: &'a Expr) -> Outcome<Value> {
        match &expr.kind {
            ExprKind::None => Ok(Value::None),
            ExprKind::Bool(truth) => Ok(Value::Bool(*truth)),
            ExprKind::Int(number) => Ok(Value::Int((*number).into())),
            ExprKind::Float(number) => Ok(Value::Float(*number)),
            ExprKind::Str(text) => Ok(Value::text(text)),
            ExprKind::Name(slot) => self.load(*slot),
            ExprKind::List(all) => {
                let values = self.eval_all(all)?;
                self.bounded(Value::list(values))
            }
            ExprKind::Tuple(all) => {
                let values = self.eval_all(all)?;
                self.bounded(Value::tuple(values))
            }
            ExprKind::Dict(entries) => self.dict(entries),
            ExprKind::Unary(op, inner) => {
                let value = self.eval(inner)?;
                unary(*op, value)
            }
            ExprKind::Binary(first, rest) => {
                let mut left = self.eval(first)?;
                for (op, right) in rest {
                    let right = self.eval(right)?;
                    left = self.binary(*op, left, right)?;
                }
                Ok(left)
            }
            ExprKind::And(all) | ExprKind::Or(all) => {
                let stops_at = matches!(expr.kind, ExprKind::Or(_));
                let mut value = Value::None;
                for expr in all {
                    value = self.eval(expr)?;
                    if value.truth() == stops_at {
                        break;
                    }
                }
                Ok(value)
            }
            ExprKind::Compare(first, rest) => self.compare(first, rest),
            ExprKind::If(parts) => {
                let (condition, then, otherwise) = &**parts;
                let chosen = if self.eval(condition)?.truth() { then } else { otherwise };
                self.eval(chosen)
            }
            ExprKind::Index(of, key) => {
                let of = self.eval(of)?;
                let key = self.eval(key)?;
                self.index(&of, &key)
            }
            ExprKind::Slice(of, parts) => self.slice(of, parts),
            ExprKind::Call(function, arguments) => self.call(*function, arguments),
            ExprKind::Method(of, method, arguments) => self.method(of, *method, arguments),
            ExprKind::Format(parts) => {
                let mut out = String::new();
                for part in parts {
                    let text = self.eval(part)?.to_text();
                    self.charge(text.len() / 8)?;
                    out.push_str(&text);
                }
                Ok(Value::text(out))
            }
            ExprKind::Comprehension(inner) => self.comprehension(inner),
        }
    }

    fn eval_all(&mut self, all: &'a [Expr]) -> Outcome<Vec<Value>> {
        all.iter().map(|expr| self.eval(expr)).collect()
    }

    /// Refuses a value that nests too deeply or is too large.
    pub(super) fn bounded(&mut self, value: Value) -> Outcome<Value> {
        self.charge(value.size() / 8)?;
        if value.depth() > VALUE_DEPTH_MAX {
            return Err(Failure::template(format!("a value nests deeper than {VALUE_DEPTH_MAX}")));
        }
        Ok(value)
    }

    fn dict(&mut self, entries: &'a [(Expr, Expr)]) -> Outcome<Value> {
        let mut out = Vec::new();
        for (key, value) in entries {
            let key = self.eval(key)?;
            let value = self.eval(value)?;
            self.charge(out.len() / 8)?;
            super::value::Entries::insert(&mut out, key, value);
        }
        self.bounded(Value::dict(out))
    }

    fn comprehension(&mut self, inner: &'a Comprehension) -> Outcome<Value> {
        let over = self.eval(&inner.over)?;
        let (mut values, mut entries) = (Vec::new(), Vec::new());
        for value in self.iterate(&over)? {
            self.charge(1)?;
            self.assign(&inner.target, value)?;
            let mut keeps = true;
            for condition in &inner.conditions {
                keeps = keeps && self.eval(condition)?.truth();
            }
            if !keeps {
                continue;
            }
            let key = inner.key.as_ref().map(|key| self.eval(key)).transpose()?;
            let element = self.eval(&inner.element)?;
            match key {
                Some(key) => {
                    self.charge(entries.len() / 8)?;
                    super::value::Entries::insert(&mut entries, key, element);
                }
                None => values.push(element),
            }
        }
        self.bounded(if inner.key.is_some() { Value::dict(entries) } else { Value::list(values) })
    }

    /// A list in a variable, taken out so that it can be changed without a copy.
    pub(super) fn take_items(&mut self, slot: Slot) -> Outcome<Vec<Value>> {
        let value = self.load(slot)?;
        self.slots[slot as usize] = None;
        match value {
            Value::List(items) | Value::Array(items) => {
                self.charge(items.values.len() / 8)?;
                Ok(Rc::try_unwrap(items).unwrap_or_else(|shared: Rc<Items>| (*shared).clone()).values)
            }
            other => Err(Failure::template(format!("'{}' object is not a list", other.class()))),
        }
    }

    pub(super) fn cast(&self, kind: super::function::Type, value: &Value) -> Outcome<Value> {
        cast::cast(kind, value)
            .map_err(|shown| Failure::template(format!("Error validating '{shown}' to type {}", kind.name())))
    }
}
