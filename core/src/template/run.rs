//! Renders a compiled template: walks the tree once, values in slots, SQL out.

use super::escape;
use super::operator::unary;
use super::place::Place;
use super::program::Program;
use super::raised::{Class, Raised};
use super::syntax::*;
use super::value::{Entries, NO_VALUE, VALUE_DEPTH_MAX, Value};
use super::{Params, Piece, Rendered, Secrets, Template};
use crate::limits::{SQL_BYTES_MAX, TEMPLATE_STEPS_MAX};

pub(super) type Outcome<T> = Result<T, Raised>;

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
    pub(super) program: &'a Program,
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
    let program = template.program();
    let mut run = Run {
        template,
        program,
        source,
        slots: vec![None; program.names.len()],
        steps: 0,
        place: Place::Code,
        out: Rendered { sql: String::with_capacity(template.text.len() + 64), ..Rendered::default() },
    };
    run.body(&program.body)?;
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
            return Err(Raised::limit(message));
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
                self.assign(target, value).map_err(|raised| raised.at(expr.span))?;
            }
            Step::Augment(slot, op, expr) => {
                let left = self.load(*slot)?;
                let right = self.eval(expr)?;
                let shown = op.augmented();
                let value = self.binary(*op, shown, left, right).map_err(|raised| raised.at(expr.span))?;
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
        for value in self.iterate(&values).map_err(|raised| raised.at(over.span))? {
            self.charge(1)?;
            self.assign(target, value).map_err(|raised| raised.at(over.span))?;
            if let Flow::Break = self.body(body)? {
                return Ok(Flow::On);
            }
        }
        self.body(otherwise)
    }

    fn attempt(
        &mut self,
        body: &'a [Step],
        handlers: &'a [Handler],
        otherwise: &'a [Step],
        finally: &'a [Step],
    ) -> Outcome<Flow> {
        let result = match self.body(body) {
            Ok(Flow::On) => self.body(otherwise),
            Err(raised) if raised.class != Class::Limit => self.handle(raised, handlers),
            result => result,
        };
        if matches!(&result, Err(raised) if raised.class == Class::Limit) {
            return result;
        }
        match self.body(finally)? {
            Flow::On => result,
            stop => Ok(stop),
        }
    }

    fn handle(&mut self, raised: Raised, handlers: &'a [Handler]) -> Outcome<Flow> {
        for handler in handlers {
            let mut catches = handler.classes.is_empty();
            for class in &handler.classes {
                catches |= raised.is_caught_by(class).ok_or_else(|| {
                    Raised::kind("catching classes that do not inherit from BaseException is not allowed")
                })?;
            }
            if catches {
                if let Some(slot) = handler.name {
                    self.slots[slot as usize] = Some(Value::text(raised.text()));
                }
                let result = self.body(&handler.body);
                if let Some(slot) = handler.name {
                    self.slots[slot as usize] = None;
                }
                return result;
            }
        }
        Err(raised)
    }

    fn assign(&mut self, target: &'a Target, value: Value) -> Outcome<()> {
        match target {
            Target::Name(slot) => {
                self.slots[*slot as usize] = Some(value);
                Ok(())
            }
            Target::Each(targets) => {
                if value.items().is_none() && value.as_str().is_none() && !matches!(value, Value::Dict(_)) {
                    return Err(Raised::kind(format!("cannot unpack non-iterable {} object", value.class())));
                }
                let values = self.iterate(&value)?;
                let (wanted, found) = (targets.len(), values.len());
                if found > wanted {
                    return Err(Raised::value(format!("too many values to unpack (expected {wanted})")));
                }
                if found < wanted {
                    let message = format!("not enough values to unpack (expected {wanted}, got {found})");
                    return Err(Raised::value(message));
                }
                targets.iter().zip(values).try_for_each(|(target, value)| self.assign(target, value))
            }
            Target::All(targets) => targets.iter().try_for_each(|target| self.assign(target, value.clone())),
            Target::Item(of, key) => {
                let key = self.eval(key)?;
                self.change(of, &mut |run, of| {
                    run.set_item(of, key.clone(), value.clone())?;
                    Ok(Value::None)
                })?;
                Ok(())
            }
        }
    }

    /// Changes the list or dict that `of` names: a variable, or an item of one. `change` gets the value and
    /// gives an answer; if it fails, the value stays as far as it has come. A value without a name is
    /// changed to no effect, as in Python.
    pub(super) fn change(
        &mut self,
        of: &'a Expr,
        change: &mut dyn FnMut(&mut Self, &mut Value) -> Outcome<Value>,
    ) -> Outcome<Value> {
        match &of.kind {
            ExprKind::Name(slot) => {
                let mut value = self.load(*slot)?;
                // the variable lets go of its list meanwhile, so that it is changed without a copy
                self.slots[*slot as usize] = None;
                let answer = change(self, &mut value);
                self.slots[*slot as usize] = Some(value);
                answer
            }
            ExprKind::Index(outer, key) => {
                let key = self.eval(key)?;
                self.change(outer, &mut |run, outer| {
                    let mut value = run.index(outer, key.clone())?;
                    let answer = change(run, &mut value);
                    run.set_item(outer, key.clone(), value)?;
                    answer
                })
            }
            _ => {
                let mut value = self.eval(of)?;
                change(self, &mut value)
            }
        }
    }

    /// Replaces one item of a list or dict.
    fn set_item(&mut self, of: &mut Value, key: Value, value: Value) -> Outcome<()> {
        self.charge(of.size() / 8)?;
        let changed = match (&*of, key.as_int()) {
            (Value::Dict(entries), _) => {
                let mut entries = entries.entries.clone();
                Entries::insert(&mut entries, self.hashable(key)?, value);
                Value::dict(entries)
            }
            (Value::List(items), Some(at)) => {
                let mut items = items.values.clone();
                let at = if at < 0 { at + items.len() as i128 } else { at };
                let place = usize::try_from(at).ok().and_then(|at| items.get_mut(at));
                *place.ok_or_else(|| Raised::new(Class::Index, "list assignment index out of range"))? = value;
                Value::list(items)
            }
            _ => {
                return Err(Raised::kind(format!("'{}' object does not support item assignment", of.class())));
            }
        };
        *of = self.bounded(changed)?;
        Ok(())
    }

    pub(super) fn hashable(&self, key: Value) -> Outcome<Value> {
        match key.is_hashable() {
            true => Ok(key),
            false => Err(Raised::kind(format!("unhashable type: '{}'", key.class()))),
        }
    }

    /// The values that `for` goes through.
    pub(super) fn iterate(&mut self, value: &Value) -> Outcome<Vec<Value>> {
        self.charge(value.size())?;
        match value {
            Value::Str(text) | Value::Expression(text) => {
                Ok(text.chars().map(|c| Value::text(c.encode_utf8(&mut [0; 4]))).collect())
            }
            Value::Dict(entries) => Ok(entries.entries.iter().map(|(key, _)| key.clone()).collect()),
            Value::Placeholder => Ok(vec![Value::Placeholder; 3]),
            other => match other.items() {
                Some(items) => Ok(items.to_vec()),
                None => Err(Raised::kind(format!("'{}' object is not iterable", other.class()))),
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
            return Err(Raised::limit(message).at(span));
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
            return Err(evaluated_to_null(source[2..source.len() - 2].trim()).at(tag));
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
            _ => self.print_inside_quotes(&value).map_err(|raised| raised.at(tag))?,
        }
        self.piece(tag, false, start)
    }

    /// `'%{{ String(x) }}%'`: the author has written the quotes, so the value comes without its own
    /// and still cannot end them.
    fn print_inside_quotes(&mut self, value: &Value) -> Outcome<()> {
        let sql = &self.out.sql;
        if (sql.len() - sql.trim_end_matches('\\').len()) % 2 == 1 {
            return Err(Raised::template("a value cannot follow a backslash inside quotes"));
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
            Value::Placeholder => {
                self.out.sql.push_str(NO_VALUE);
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
            _ => Err(Raised::template("only a single value can stand inside quotes; remove the quotes around the tag")),
        }
    }

    /// The value of a name: set by the template, or brought by the request.
    pub(super) fn load(&mut self, slot: Slot) -> Outcome<Value> {
        if let Some(value) = &self.slots[slot as usize] {
            return Ok(value.clone());
        }
        if self.program.assigned.contains(&slot) {
            // as in Python: what is assigned anywhere is a variable everywhere, and no parameter
            let name = &self.program.names[slot as usize];
            let message = format!("cannot access local variable '{name}' where it is not associated with a value");
            return Err(Raised::new(Class::Name, message));
        }
        let value = self.parameter(slot)?;
        self.slots[slot as usize] = Some(value.clone());
        Ok(value)
    }

    fn parameter(&mut self, slot: Slot) -> Outcome<Value> {
        let program = self.program;
        let Source::Request { params, .. } = self.source else { return Ok(Value::Placeholder) };
        let Some(values) = params.0.get(&*program.names[slot as usize]) else { return Ok(Value::None) };
        self.charge(values.iter().map(String::len).sum())?;
        let (given, parts): (Value, Vec<&str>) = match values.as_slice() {
            [] => return Ok(Value::None),
            [one] => (Value::text(one), one.split(',').collect()),
            many => (Value::list(many.iter().map(Value::text).collect()), many.iter().map(String::as_str).collect()),
        };
        let Some((_, kind)) = program.arrays.iter().find(|(array, _)| *array == slot) else { return Ok(given) };
        let elements: Outcome<Vec<Value>> = parts.into_iter().map(|part| super::call::element(*kind, part)).collect();
        // what does not fit stays as it came, so that Array() can say what is wrong with it
        Ok(elements.map_or(given, Value::list))
    }

    pub(super) fn eval(&mut self, expr: &'a Expr) -> Outcome<Value> {
        self.charge(1)?;
        self.eval_kind(expr).map_err(|raised| raised.at(expr.span))
    }

    fn eval_kind(&mut self, expr: &'a Expr) -> Outcome<Value> {
        match &expr.kind {
            ExprKind::None => Ok(Value::None),
            ExprKind::Bool(truth) => Ok(Value::Bool(*truth)),
            ExprKind::Int(number) => Ok(Value::Int(*number)),
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
            ExprKind::Embedded(inner) => {
                // Python reads the braces as a set of a set
                self.eval(inner)?;
                Err(Raised::kind("unhashable type: 'set'"))
            }
            ExprKind::Attribute(of, name) => {
                let of = self.eval(of)?;
                Err(Raised::attribute(of.class(), name))
            }
            ExprKind::CallValue(callee, arguments) => self.call_value(callee, arguments),
            ExprKind::Unary(op, inner) => {
                let value = self.eval(inner)?;
                unary(*op, value)
            }
            ExprKind::Binary(first, rest) => {
                let mut left = self.eval(first)?;
                for (op, right) in rest {
                    let right = self.eval(right)?;
                    left = self.binary(*op, op.text(), left, right)?;
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
                self.index(&of, key)
            }
            ExprKind::Slice(of, parts) => self.slice(of, parts),
            ExprKind::Call(function, arguments) => self.call(*function, arguments),
            ExprKind::Method(of, method, arguments) => self.method(of, *method, arguments),
            ExprKind::Format(parts) => {
                let mut out = String::new();
                for (part, is_repr) in parts {
                    let value = self.eval(part)?;
                    self.charge(value.size() / 8)?;
                    out.push_str(&if *is_repr { value.to_repr() } else { value.to_text() });
                }
                Ok(Value::text(out))
            }
            ExprKind::Comprehension(inner) => self.comprehension(inner),
        }
    }

    /// A call of what is no function: a name that only looks like one, or the result of a call.
    fn call_value(&mut self, callee: &'a Expr, arguments: &'a Arguments) -> Outcome<Value> {
        let of = self.eval(callee)?;
        for argument in arguments.values.iter().chain(arguments.named.iter().map(|(_, value)| value)) {
            self.eval(argument)?;
        }
        match (of, &callee.kind) {
            (Value::Placeholder, ExprKind::Name(slot)) => {
                let line = self.template.text[..callee.span.0 as usize].matches('\n').count() + 1;
                let name = &self.program.names[*slot as usize];
                Err(Raised::template(format!("'{name}' is not a valid function, line {line}")))
            }
            (Value::None, ExprKind::Name(slot)) if &*self.program.names[*slot as usize] == "length" => {
                Err(Raised::template("length cannot be used as a variable name or as a function inside of a template"))
            }
            (of, _) => Err(Raised::kind(format!("'{}' object is not callable", of.class()))),
        }
    }

    fn eval_all(&mut self, all: &'a [Expr]) -> Outcome<Vec<Value>> {
        all.iter().map(|expr| self.eval(expr)).collect()
    }

    /// Refuses a value that nests too deeply or is too large.
    pub(super) fn bounded(&mut self, value: Value) -> Outcome<Value> {
        self.charge(value.size() / 8)?;
        if value.depth() > VALUE_DEPTH_MAX {
            return Err(Raised::limit(format!("a value nests deeper than {VALUE_DEPTH_MAX}")));
        }
        Ok(value)
    }

    fn dict(&mut self, entries: &'a [(Expr, Expr)]) -> Outcome<Value> {
        let mut out = Vec::new();
        for (key, value) in entries {
            let key = self.eval(key)?;
            let value = self.eval(value)?;
            self.charge(out.len() / 8)?;
            Entries::insert(&mut out, self.hashable(key)?, value);
        }
        self.bounded(Value::dict(out))
    }

    /// Its variables are its own: those of the template have their values again afterwards.
    fn comprehension(&mut self, inner: &'a Comprehension) -> Outcome<Value> {
        let over = self.eval(&inner.over)?;
        let mut outer = Vec::new();
        inner.target.slots(&mut |slot| outer.push((slot, self.slots[slot as usize].take())));
        let value = self.comprehended(inner, &over);
        for (slot, value) in outer {
            self.slots[slot as usize] = value;
        }
        value
    }

    fn comprehended(&mut self, inner: &'a Comprehension, over: &Value) -> Outcome<Value> {
        let (mut values, mut entries) = (Vec::new(), Vec::new());
        for value in self.iterate(over)? {
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
                    Entries::insert(&mut entries, self.hashable(key)?, element);
                }
                None => values.push(element),
            }
        }
        self.bounded(if inner.key.is_some() { Value::dict(entries) } else { Value::list(values) })
    }
}

/// A bare `{{ x }}` of nothing.
pub(super) fn evaluated_to_null(source: &str) -> Raised {
    let mut shown: String = source.chars().take(20).collect();
    if source.chars().nth(20).is_some() {
        shown.push_str("...");
    }
    Raised::template(format!("expression \"{shown}\" evaluated to null"))
}
