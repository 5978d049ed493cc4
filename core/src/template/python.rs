//! Python's own functions and methods, those that templates use.

use super::Failure;
use super::call::position;
use super::function::Function;
use super::run::{Outcome, Run};
use super::syntax::*;
use super::value::{Entries, Value, order};
use std::cmp::Ordering;

/// A template value as the body of an HTTP answer.
pub(super) fn to_json(value: &Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Value::None => Json::Null,
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Int(number) | Value::TypedInt(_, number) => match i64::try_from(*number) {
            Ok(number) => Json::from(number),
            Err(_) => Json::from(number.to_string()),
        },
        Value::TypedBig(_, digits) => Json::from(&**digits),
        Value::Float(number) | Value::TypedFloat(_, number) => Json::from(*number),
        Value::Str(text) | Value::Sql(text) => Json::from(&**text),
        Value::List(items) | Value::Tuple(items) | Value::Array(items) => {
            Json::Array(items.values.iter().map(to_json).collect())
        }
        Value::Dict(entries) => {
            Json::Object(entries.entries.iter().map(|(key, value)| (key.to_text(), to_json(value))).collect())
        }
    }
}

fn wrong(message: impl AsRef<str>) -> Failure {
    Failure::template(message)
}

impl<'a> Run<'a> {
    pub(super) fn python(&mut self, function: Function, arguments: &'a Arguments) -> Outcome<Value> {
        if function == Function::IsInstance {
            return self.is_instance(arguments);
        }
        let mut values = Vec::with_capacity(arguments.values.len());
        for expr in &arguments.values {
            values.push(self.eval(expr)?);
        }
        let first = values.first().cloned();
        match (function, first) {
            (Function::Len, Some(value)) => match (&value, value.as_str(), value.items()) {
                (_, Some(text), _) => {
                    self.charge(text.len() / 8)?;
                    Ok(Value::Int(text.chars().count() as i128))
                }
                (_, _, Some(items)) => Ok(Value::Int(items.len() as i128)),
                (Value::Dict(entries), ..) => Ok(Value::Int(entries.entries.len() as i128)),
                _ => Err(wrong(format!("object of type '{}' has no len()", value.class()))),
            },
            (Function::List | Function::Set | Function::Tuple, None) => Ok(Value::list(Vec::new())),
            (Function::List, Some(value)) => self.iterate(&value).map(Value::list),
            (Function::Tuple, Some(value)) => self.iterate(&value).map(Value::tuple),
            (Function::Set, Some(value)) => {
                let mut unique: Vec<Value> = Vec::new();
                for item in self.iterate(&value)? {
                    self.charge(unique.len() / 8)?;
                    if position(&unique, &item).is_none() {
                        unique.push(item);
                    }
                }
                Ok(Value::list(unique))
            }
            (Function::Dict, None) => {
                let mut entries = Vec::new();
                for (name, expr) in &arguments.named {
                    let value = self.eval(expr)?;
                    Entries::insert(&mut entries, Value::text(name), value);
                }
                self.bounded(Value::dict(entries))
            }
            (Function::Dict, Some(value)) => Ok(value),
            (Function::Bool, value) => Ok(Value::Bool(value.is_some_and(|value| value.truth()))),
            (Function::Str, value) => Ok(Value::text(value.map_or(String::new(), |value| value.to_text()))),
            (Function::Int, None) => Ok(Value::Int(0)),
            (Function::Int, Some(value)) => to_int(&value),
            (Function::Float, None) => Ok(Value::Float(0.0)),
            (Function::Float, Some(value)) => to_float(&value),
            (Function::Abs, Some(value)) => match (value.as_int(), value.as_float()) {
                (Some(number), _) => {
                    number.checked_abs().map(Value::Int).ok_or_else(|| wrong("the number is too large"))
                }
                (None, Some(number)) => Ok(Value::Float(number.abs())),
                _ => Err(wrong(format!("bad operand type for abs(): '{}'", value.class()))),
            },
            (Function::Round, Some(value)) => round(&value, values.get(1)),
            (Function::Sum, Some(value)) => {
                let mut sum = values.get(1).cloned().unwrap_or(Value::Int(0));
                for item in self.iterate(&value)? {
                    sum = self.binary(BinaryOp::Add, sum, item)?;
                }
                Ok(sum)
            }
            (Function::Any, Some(value)) => Ok(Value::Bool(self.iterate(&value)?.iter().any(Value::truth))),
            (Function::All, Some(value)) => Ok(Value::Bool(self.iterate(&value)?.iter().all(Value::truth))),
            (Function::Reversed, Some(value)) => {
                let mut items = self.iterate(&value)?;
                items.reverse();
                Ok(Value::list(items))
            }
            (Function::Enumerate, Some(value)) => {
                let named = self.argument(arguments, 1, "start")?;
                let start = named.as_ref().and_then(Value::as_int).unwrap_or(0);
                let items = self.iterate(&value)?;
                let pair = |(index, item)| Value::tuple(vec![Value::Int(start.saturating_add(index as i128)), item]);
                self.bounded(Value::list(items.into_iter().enumerate().map(pair).collect()))
            }
            (Function::Zip, Some(_)) => self.zip(&values),
            (Function::Range, Some(_)) => self.range(&values),
            (Function::Sorted, Some(value)) => {
                let items = self.iterate(&value)?;
                self.charge(items.len() * 4)?;
                let mut items = sorted(items)?;
                if self.argument(arguments, 1, "reverse")?.is_some_and(|reverse| reverse.truth()) {
                    items.reverse();
                }
                Ok(Value::list(items))
            }
            (Function::Max, Some(first)) => self.extreme(first, &values, Ordering::Greater, "max"),
            (Function::Min, Some(first)) => self.extreme(first, &values, Ordering::Less, "min"),
            (function, _) => Err(wrong(format!("{} is missing an argument", function.name()))),
        }
    }

    fn extreme(&mut self, first: Value, values: &[Value], wanted: Ordering, name: &str) -> Outcome<Value> {
        let candidates = if values.len() == 1 { self.iterate(&first)? } else { values.to_vec() };
        let mut best: Option<Value> = None;
        for value in candidates {
            let is_better = match &best {
                None => true,
                Some(best) => {
                    order(&value, best).ok_or_else(|| {
                        wrong(format!("{name}() cannot compare '{}' and '{}'", value.class(), best.class()))
                    })? == wanted
                }
            };
            best = if is_better { Some(value) } else { best };
        }
        best.ok_or_else(|| wrong(format!("{name}() arg is an empty sequence")))
    }

    fn zip(&mut self, values: &[Value]) -> Outcome<Value> {
        let mut columns = Vec::new();
        for value in values {
            columns.push(self.iterate(value)?);
        }
        let count = columns.iter().map(Vec::len).min().unwrap_or(0);
        self.charge(count * columns.len())?;
        let row = |index: usize| Value::tuple(columns.iter().map(|column| column[index].clone()).collect());
        self.bounded(Value::list((0..count).map(row).collect()))
    }

    fn range(&mut self, values: &[Value]) -> Outcome<Value> {
        let mut numbers = Vec::new();
        for value in values {
            let number = value.as_int().and_then(|number| i64::try_from(number).ok());
            numbers.push(number.ok_or_else(|| wrong(format!("range() takes integers, not '{}'", value.class())))?);
        }
        let (start, stop, step) = match numbers[..] {
            [stop] => (0, stop, 1),
            [start, stop] => (start, stop, 1),
            [start, stop, step, ..] => (start, stop, step),
            [] => (0, 0, 1),
        };
        if step == 0 {
            return Err(wrong("range() step must not be zero"));
        }
        let mut out = Vec::new();
        let mut at = i128::from(start);
        let (stop, step) = (i128::from(stop), i128::from(step));
        while (step > 0 && at < stop) || (step < 0 && at > stop) {
            self.charge(1)?;
            out.push(Value::Int(at));
            at += step;
        }
        Ok(Value::list(out))
    }

    /// The second argument is the name of a class, or a tuple of them; it is not a parameter.
    fn is_instance(&mut self, arguments: &'a Arguments) -> Outcome<Value> {
        let [value, classes] = &arguments.values[..] else {
            return Err(wrong("isinstance() takes a value and a class"));
        };
        let value = self.eval(value)?;
        let classes = match &classes.kind {
            ExprKind::Tuple(all) => all.as_slice(),
            _ => std::slice::from_ref(classes),
        };
        let is_class = |expr: &Expr| match expr.kind {
            ExprKind::Name(slot) => *self.template.names[slot as usize] == *value.class(),
            _ => false,
        };
        Ok(Value::Bool(classes.iter().any(is_class)))
    }

    pub(super) fn method(&mut self, of: &'a Expr, method: Method, arguments: &'a Arguments) -> Outcome<Value> {
        if method.mutates() {
            return self.mutate(of, method, arguments);
        }
        let receiver = self.eval(of)?;
        let mut values = Vec::with_capacity(arguments.values.len());
        for expr in &arguments.values {
            values.push(self.eval(expr)?);
        }
        self.charge(receiver.size() / 8)?;
        let result = match (&receiver, receiver.as_str(), receiver.items()) {
            (_, Some(text), _) => self.text_method(text, method, &values)?,
            (Value::Dict(entries), ..) => dict_method(entries, method, &values),
            (_, _, Some(items)) => list_method(items, method, &values)?,
            _ => None,
        };
        let name = Method::ALL.iter().find(|(_, known)| *known == method).map_or("", |(name, _)| name);
        let value = result.ok_or_else(|| {
            wrong(format!(
                "'{}' object has no attribute '{name}'. Make sure you're using an object/dictionary when trying to use .{name}() method.",
                receiver.class()
            ))
        })?;
        self.bounded(value)
    }

    fn mutate(&mut self, of: &'a Expr, method: Method, arguments: &'a Arguments) -> Outcome<Value> {
        let ExprKind::Name(slot) = of.kind else {
            return Err(wrong("append, extend, pop and update change a variable, so they are called on its name"));
        };
        let mut values = Vec::with_capacity(arguments.values.len());
        for expr in &arguments.values {
            values.push(self.eval(expr)?);
        }
        if let (Value::Dict(entries), Method::Update | Method::Pop) = (self.load(slot)?, method) {
            self.charge(entries.entries.len())?;
            let mut entries = entries.entries.clone();
            let mut result = Value::None;
            match (method, values.first()) {
                (Method::Update, Some(Value::Dict(more))) => {
                    for (key, value) in &more.entries {
                        self.charge(entries.len() / 8)?;
                        Entries::insert(&mut entries, key.clone(), value.clone());
                    }
                }
                (Method::Pop, Some(key)) => {
                    match entries.iter().position(|(known, _)| super::value::equal(known, key)) {
                        Some(index) => result = entries.remove(index).1,
                        None => result = values.get(1).cloned().ok_or_else(|| wrong("Missing key"))?,
                    }
                }
                _ => return Err(wrong("update() takes a dict")),
            }
            let value = self.bounded(Value::dict(entries))?;
            self.store(slot, value);
            return Ok(result);
        }
        let mut items = self.take_items(slot)?;
        let mut result = Value::None;
        match (method, values.into_iter().next()) {
            (Method::Append, Some(value)) => items.push(value),
            (Method::Extend, Some(value)) => items.extend(self.iterate(&value)?),
            (Method::Pop, None) => result = items.pop().ok_or_else(|| wrong("pop from empty list"))?,
            (Method::Pop, Some(index)) => {
                let index = index.as_int().map(|at| if at < 0 { at + items.len() as i128 } else { at });
                let index = index.and_then(|at| usize::try_from(at).ok()).filter(|at| *at < items.len());
                result = items.remove(index.ok_or_else(|| wrong("pop index out of range"))?);
            }
            _ => return Err(wrong("the method is missing an argument")),
        }
        let value = self.bounded(Value::list(items))?;
        self.store(slot, value);
        Ok(result)
    }

    fn text_method(&mut self, text: &str, method: Method, values: &[Value]) -> Outcome<Option<Value>> {
        let first = values.first().filter(|value| **value != Value::None);
        let part =
            || first.and_then(Value::as_str).ok_or_else(|| wrong("the method of a text takes a text as its argument"));
        let chars = |text: &str| text.chars().count() as i128;
        let strip = |from_left: bool, from_right: bool| {
            let set: Option<Vec<char>> = first.and_then(Value::as_str).map(|set| set.chars().collect());
            let drop = |c: char| set.as_ref().map_or(c.is_whitespace(), |set| set.contains(&c));
            let mut rest = text;
            rest = if from_left { rest.trim_start_matches(drop) } else { rest };
            rest = if from_right { rest.trim_end_matches(drop) } else { rest };
            Value::text(rest)
        };
        let ends = |test: fn(&str, &str) -> bool| match first {
            Some(Value::Tuple(all)) => Ok(all.values.iter().filter_map(Value::as_str).any(|end| test(text, end))),
            _ => part().map(|end| test(text, end)),
        };
        Ok(Some(match method {
            Method::Split | Method::RightSplit => {
                let limit = values.get(1).and_then(Value::as_int).and_then(|limit| usize::try_from(limit).ok());
                let limit = limit.map_or(usize::MAX, |limit| limit.saturating_add(1));
                let parts: Vec<Value> = match first {
                    None => text.split_whitespace().map(Value::text).collect(),
                    Some(_) => {
                        let separator = part()?;
                        if separator.is_empty() {
                            return Err(wrong("empty separator"));
                        }
                        if method == Method::Split {
                            text.splitn(limit, separator).map(Value::text).collect()
                        } else {
                            let mut parts: Vec<Value> = text.rsplitn(limit, separator).map(Value::text).collect();
                            parts.reverse();
                            parts
                        }
                    }
                };
                self.charge(parts.len())?;
                Value::list(parts)
            }
            Method::SplitLines => Value::list(text.lines().map(Value::text).collect()),
            Method::Join => {
                let Some(value) = first else { return Err(wrong("join() takes a list of texts")) };
                let mut out = String::new();
                for (index, item) in self.iterate(value)?.iter().enumerate() {
                    let Some(item) = item.as_str() else {
                        let class = item.class();
                        return Err(wrong(format!("sequence item {index}: expected str instance, {class} found")));
                    };
                    self.charge((item.len() + text.len()) / 8)?;
                    out.push_str(if index > 0 { text } else { "" });
                    out.push_str(item);
                }
                Value::text(out)
            }
            Method::Replace => {
                let from = part()?;
                let Some(to) = values.get(1).and_then(Value::as_str) else {
                    return Err(wrong("replace() takes two texts"));
                };
                self.charge((text.len() + 1).saturating_mul(to.len() + 1) / 8)?;
                Value::text(text.replace(from, to))
            }
            Method::Upper => Value::text(text.to_uppercase()),
            Method::Lower => Value::text(text.to_lowercase()),
            Method::Capitalize => Value::text(capitalized(text)),
            Method::Title => Value::text(titled(text)),
            Method::Strip => strip(true, true),
            Method::LeftStrip => strip(true, false),
            Method::RightStrip => strip(false, true),
            Method::StartsWith => Value::Bool(ends(|text, end| text.starts_with(end))?),
            Method::EndsWith => Value::Bool(ends(|text, end| text.ends_with(end))?),
            Method::Find => Value::Int(text.find(part()?).map_or(-1, |at| chars(&text[..at]))),
            Method::Index => {
                let at = text.find(part()?).ok_or_else(|| wrong("substring not found"))?;
                Value::Int(chars(&text[..at]))
            }
            Method::Count => Value::Int(match part()? {
                "" => chars(text) + 1,
                part => text.matches(part).count() as i128,
            }),
            Method::IsDigit | Method::IsNumeric => Value::Bool(!text.is_empty() && text.chars().all(char::is_numeric)),
            Method::IsAlpha => Value::Bool(!text.is_empty() && text.chars().all(char::is_alphabetic)),
            Method::IsAlnum => Value::Bool(!text.is_empty() && text.chars().all(char::is_alphanumeric)),
            _ => return Ok(None),
        }))
    }
}

fn dict_method(entries: &Entries, method: Method, values: &[Value]) -> Option<Value> {
    Some(match method {
        Method::Get => {
            let found = values.first().and_then(|key| entries.get(key)).cloned();
            found.or_else(|| values.get(1).cloned()).unwrap_or(Value::None)
        }
        Method::Keys => Value::list(entries.entries.iter().map(|(key, _)| key.clone()).collect()),
        Method::Values => Value::list(entries.entries.iter().map(|(_, value)| value.clone()).collect()),
        Method::Items => {
            let pair = |(key, value): &(Value, Value)| Value::tuple(vec![key.clone(), value.clone()]);
            Value::list(entries.entries.iter().map(pair).collect())
        }
        _ => return None,
    })
}

fn list_method(items: &[Value], method: Method, values: &[Value]) -> Outcome<Option<Value>> {
    let value = values.first().unwrap_or(&Value::None);
    Ok(Some(match method {
        Method::Count => Value::Int(items.iter().filter(|item| super::value::equal(item, value)).count() as i128),
        Method::Index => {
            let index = position(items, value).ok_or_else(|| wrong(format!("{} is not in list", value.to_text())))?;
            Value::Int(index as i128)
        }
        _ => return Ok(None),
    }))
}

fn to_int(value: &Value) -> Outcome<Value> {
    if let Some(text) = value.as_str() {
        let digits = text.trim().replace('_', "");
        return digits
            .parse()
            .map(Value::Int)
            .map_err(|_| wrong(format!("invalid literal for int() with base 10: '{text}'")));
    }
    match (value.as_int(), value.as_float()) {
        (Some(number), _) => Ok(Value::Int(number)),
        (None, Some(number)) if number.abs() < 1e38 => Ok(Value::Int(number as i128)),
        _ => Err(wrong(format!("int() argument must be a string or a number, not '{}'", value.class()))),
    }
}

fn to_float(value: &Value) -> Outcome<Value> {
    if let Some(text) = value.as_str() {
        let number = text.trim().parse().map(Value::Float);
        return number.map_err(|_| wrong(format!("could not convert string to float: '{text}'")));
    }
    let number = value.as_float().map(Value::Float);
    number.ok_or_else(|| wrong(format!("float() argument must be a string or a number, not '{}'", value.class())))
}

fn round(value: &Value, digits: Option<&Value>) -> Outcome<Value> {
    let Some(number) = value.as_float() else {
        return Err(wrong(format!("type {} doesn't define __round__ method", value.class())));
    };
    match (digits.and_then(Value::as_int), value.as_int()) {
        (None, Some(number)) => Ok(Value::Int(number)),
        (None, None) => to_int(&Value::Float(number.round_ties_even())),
        (Some(digits), _) => {
            let scale = 10f64.powi(digits.clamp(-300, 300) as i32);
            Ok(Value::Float((number * scale).round_ties_even() / scale))
        }
    }
}

/// Texts or numbers; what Python would not order is refused before the sort, which needs a total
/// order.
fn sorted(mut items: Vec<Value>) -> Outcome<Vec<Value>> {
    let all_text = items.iter().all(|item| item.as_str().is_some());
    let all_numbers = items.iter().all(|item| item.as_float().is_some_and(|number| !number.is_nan()));
    if !all_text && !all_numbers {
        return Err(wrong("sorted() takes texts or numbers, and not both"));
    }
    match all_text {
        true => items.sort_by(|left, right| left.as_str().cmp(&right.as_str())),
        false => items.sort_by(|left, right| {
            let pair = (left.as_float().unwrap_or(0.0), right.as_float().unwrap_or(0.0));
            pair.0.total_cmp(&pair.1)
        }),
    }
    Ok(items)
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or(String::new(), |first| first.to_uppercase().collect::<String>() + &chars.as_str().to_lowercase())
}

fn titled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_word = false;
    for c in text.chars() {
        match in_word {
            true => out.extend(c.to_lowercase()),
            false => out.extend(c.to_uppercase()),
        }
        in_word = c.is_alphabetic();
    }
    out
}
