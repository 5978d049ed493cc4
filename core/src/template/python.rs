//! Python's own functions and methods, those that templates use.

use super::function::Function;
use super::operator::{floor_divide, ordered};
use super::raised::{Class, Raised};
use super::run::{Outcome, Run};
use super::syntax::*;
use super::value::{Entries, Value, equal};
use std::cmp::Ordering;
use std::rc::Rc;

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
        Value::Str(text) | Value::Symbol(text) | Value::Expression(text) => Json::from(&**text),
        Value::Placeholder => Json::from(value.to_text()),
        Value::List(items) | Value::Tuple(items) => Json::Array(items.values.iter().map(to_json).collect()),
        Value::Dict(entries) => {
            Json::Object(entries.entries.iter().map(|(key, value)| (key.to_text(), to_json(value))).collect())
        }
    }
}

static NO_ARGUMENTS: Arguments = Arguments { values: Vec::new(), named: Vec::new() };

fn missing(function: Function) -> Raised {
    Raised::kind(format!("{}() missing 1 required positional argument", function.name()))
}

/// Python's `len`.
pub(super) fn length(value: &Value) -> Outcome<i128> {
    match (value, value.as_str(), value.items()) {
        (_, Some(text), _) => Ok(text.chars().count() as i128),
        (_, _, Some(items)) => Ok(items.len() as i128),
        (Value::Dict(entries), ..) => Ok(entries.entries.len() as i128),
        _ => Err(Raised::kind(format!("object of type '{}' has no len()", value.class()))),
    }
}

impl<'a> Run<'a> {
    pub(super) fn python(&mut self, function: Function, arguments: &'a Arguments) -> Outcome<Value> {
        match function {
            Function::IsInstance => return self.is_instance(arguments),
            Function::Map | Function::Filter => return self.each(function, arguments),
            _ => {}
        }
        let mut values = Vec::with_capacity(arguments.values.len());
        for expr in &arguments.values {
            values.push(self.eval(expr)?);
        }
        self.apply(function, values, arguments)
    }

    /// `map(int, x)` and `filter(None, x)`: the first argument is the name of one of Python's functions.
    fn each(&mut self, function: Function, arguments: &'a Arguments) -> Outcome<Value> {
        let [by, rest @ ..] = &arguments.values[..] else { return Err(missing(function)) };
        let name = match by.kind {
            ExprKind::Name(slot) => &*self.program.names[slot as usize],
            _ => "",
        };
        let by = match (function, &by.kind, Function::named(name)) {
            (Function::Filter, ExprKind::None, _) => None,
            (_, _, Some(by)) if by.is_python() => Some(by),
            _ => return Err(Raised::kind(format!("{}() calls one of Python's functions", function.name()))),
        };
        let [over] = rest else { return Err(missing(function)) };
        let over = self.eval(over)?;
        let mut out = Vec::new();
        for item in self.iterate(&over)? {
            self.charge(1)?;
            let answer = match by {
                Some(by) => self.apply(by, vec![item.clone()], &NO_ARGUMENTS)?,
                None => item.clone(),
            };
            match function {
                Function::Map => out.push(answer),
                _ if answer.truth() => out.push(item),
                _ => {}
            }
        }
        self.bounded(Value::list(out))
    }

    fn apply(&mut self, function: Function, values: Vec<Value>, arguments: &'a Arguments) -> Outcome<Value> {
        arity(function, values.len())?;
        let first = values.first().cloned();
        match (function, first) {
            (Function::Len, Some(value)) => {
                self.charge(value.size() / 8)?;
                length(&value).map(Value::Int)
            }
            (Function::List | Function::Set | Function::Tuple, None) => Ok(Value::list(Vec::new())),
            (Function::List, Some(value)) => self.iterate(&value).map(Value::list),
            (Function::Tuple, Some(value)) => self.iterate(&value).map(Value::tuple),
            (Function::Set, Some(value)) => {
                let mut unique: Vec<Value> = Vec::new();
                for item in self.iterate(&value)? {
                    self.charge(unique.len() / 8)?;
                    let item = self.hashable(item)?;
                    if !unique.iter().any(|known| equal(known, &item)) {
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
            (Function::Dict, Some(value @ Value::Dict(_))) => Ok(value),
            (Function::Dict, Some(value)) => {
                let mut entries = Vec::new();
                for pair in self.iterate(&value)? {
                    let [key, value] = pair.items().unwrap_or_default() else {
                        return Err(Raised::kind("cannot convert dictionary update sequence element to a sequence"));
                    };
                    self.charge(entries.len() / 8)?;
                    Entries::insert(&mut entries, self.hashable(key.clone())?, value.clone());
                }
                self.bounded(Value::dict(entries))
            }
            // the typed parameter of that name has taken the place of Python's own
            (Function::Bool, Some(value)) => Ok(super::cast::boolean(&value)),
            (Function::Str, value) => Ok(Value::text(value.map_or(String::new(), |value| value.to_text()))),
            (Function::Int, None) => Ok(Value::Int(0)),
            (Function::Int, Some(value)) => to_int(&value, values.get(1)),
            (Function::Repr, Some(value)) => Ok(Value::text(value.to_repr())),
            (Function::Chr, Some(value)) => match value.as_int().map(u32::try_from) {
                Some(code) => code
                    .ok()
                    .and_then(char::from_u32)
                    .map(|c| Value::text(c.to_string()))
                    .ok_or_else(|| Raised::value("chr() arg not in range(0x110000)")),
                None => Err(Raised::kind(format!("'{}' object cannot be interpreted as an integer", value.class()))),
            },
            (Function::Ord, Some(value)) => {
                let mut chars = value.as_str().unwrap_or("").chars();
                match (chars.next(), chars.next()) {
                    (Some(c), None) => Ok(Value::Int(u32::from(c).into())),
                    _ => Err(Raised::kind("ord() expected a character")),
                }
            }
            (Function::Pow, Some(value)) => {
                self.binary(BinaryOp::Power, "**", value, values.get(1).cloned().unwrap_or(Value::None))
            }
            (Function::DivMod, Some(value)) => {
                let by = values.get(1).cloned().unwrap_or(Value::None);
                match (value.as_int(), by.as_int()) {
                    (Some(_), Some(0)) => Err(Raised::new(Class::ZeroDivision, "integer division or modulo by zero")),
                    (Some(a), Some(b)) if a != i128::MIN => {
                        let quotient = floor_divide(a, b);
                        Ok(Value::tuple(vec![Value::Int(quotient), Value::Int(a - quotient * b)]))
                    }
                    _ => {
                        let quotient = self.binary(BinaryOp::FloorDivide, "divmod()", value.clone(), by.clone())?;
                        let rest = self.binary(BinaryOp::Modulo, "divmod()", value, by)?;
                        Ok(Value::tuple(vec![quotient, rest]))
                    }
                }
            }
            (Function::Float, None) => Ok(Value::Float(0.0)),
            (Function::Float, Some(value)) => to_float(&value),
            (Function::Abs, Some(value)) => match (value.as_int(), value.as_float()) {
                (Some(number), _) => number.checked_abs().map(Value::Int).ok_or_else(Raised::too_large),
                (None, Some(number)) => Ok(Value::Float(number.abs())),
                _ => Err(Raised::kind(format!("bad operand type for abs(): '{}'", value.class()))),
            },
            (Function::Round, Some(value)) => round(&value, values.get(1)),
            (Function::Sum, Some(value)) => {
                let mut sum = values.get(1).cloned().unwrap_or(Value::Int(0));
                if sum.as_str().is_some() {
                    return Err(Raised::kind("sum() can't sum strings [use ''.join(seq) instead]"));
                }
                for item in self.iterate(&value)? {
                    sum = self.binary(BinaryOp::Add, "+", sum, item)?;
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
                let named = self.named(arguments, "start")?;
                let start = values.get(1).or(named.as_ref()).and_then(Value::as_int).unwrap_or(0);
                let items = self.iterate(&value)?;
                let pair = |(index, item)| Value::tuple(vec![Value::Int(start.saturating_add(index as i128)), item]);
                self.bounded(Value::list(items.into_iter().enumerate().map(pair).collect()))
            }
            (Function::Zip, _) => self.zip(&values),
            (Function::Range, Some(_)) => self.range(&values),
            (Function::Sorted, Some(value)) => {
                let items = self.iterate(&value)?;
                self.charge(items.len() * 4)?;
                let mut items = sorted(items)?;
                if self.named(arguments, "reverse")?.is_some_and(|reverse| reverse.truth()) {
                    items.reverse();
                }
                Ok(Value::list(items))
            }
            (Function::Max | Function::Min, Some(first)) => {
                let default = self.named(arguments, "default")?;
                self.extreme(function, first, &values, default)
            }
            (function, _) => Err(missing(function)),
        }
    }

    fn named(&mut self, arguments: &'a Arguments, name: &str) -> Outcome<Option<Value>> {
        match arguments.named.iter().find(|(known, _)| **known == *name) {
            Some((_, expr)) => self.eval(expr).map(Some),
            None => Ok(None),
        }
    }

    fn extreme(
        &mut self,
        function: Function,
        first: Value,
        values: &[Value],
        default: Option<Value>,
    ) -> Outcome<Value> {
        let (symbol, wanted) = if function == Function::Max { (">", Ordering::Greater) } else { ("<", Ordering::Less) };
        let candidates = if values.len() == 1 { self.iterate(&first)? } else { values.to_vec() };
        let mut best: Option<Value> = None;
        for value in candidates {
            let is_better = match &best {
                None => true,
                Some(best) => ordered(symbol, &value, best)? == Some(wanted),
            };
            best = if is_better { Some(value) } else { best };
        }
        best.or(default).ok_or_else(|| Raised::value(format!("{}() arg is an empty sequence", function.name())))
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
            numbers.push(number.ok_or_else(|| {
                Raised::kind(format!("'{}' object cannot be interpreted as an integer", value.class()))
            })?);
        }
        let (start, stop, step) = match numbers[..] {
            [stop] => (0, stop, 1),
            [start, stop] => (start, stop, 1),
            [start, stop, step, ..] => (start, stop, step),
            [] => (0, 0, 1),
        };
        if step == 0 {
            return Err(Raised::value("range() arg 3 must not be zero"));
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
            let message = format!("isinstance expected 2 arguments, got {}", arguments.values.len());
            return Err(Raised::kind(message));
        };
        let value = self.eval(value)?;
        let classes = match &classes.kind {
            ExprKind::Tuple(all) => all.as_slice(),
            _ => std::slice::from_ref(classes),
        };
        let is_class = |expr: &Expr| match expr.kind {
            ExprKind::Name(slot) => value.is_instance(&self.program.names[slot as usize]),
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
            (Value::Placeholder, ..) => placeholder_method(method, &values)?,
            _ => None,
        };
        self.bounded(result.ok_or_else(|| Raised::attribute(receiver.class(), method.name()))?)
    }

    fn mutate(&mut self, of: &'a Expr, method: Method, arguments: &'a Arguments) -> Outcome<Value> {
        let mut values = Vec::with_capacity(arguments.values.len());
        for expr in &arguments.values {
            values.push(self.eval(expr)?);
        }
        self.change(of, &mut |run, value| {
            let (changed, answer) = match value {
                Value::List(items) => {
                    run.charge(items.values.len() / 8)?;
                    let mut items = std::mem::take(&mut Rc::make_mut(items).values);
                    let answer = run.change_list(&mut items, method, &values);
                    (Value::list(items), answer)
                }
                Value::Dict(entries) if matches!(method, Method::Update | Method::Pop) => {
                    run.charge(entries.entries.len())?;
                    let mut entries = std::mem::take(&mut Rc::make_mut(entries).entries);
                    let answer = run.change_dict(&mut entries, method, &values);
                    (Value::dict(entries), answer)
                }
                other => return Err(Raised::attribute(other.class(), method.name())),
            };
            *value = run.bounded(changed)?;
            answer
        })
    }

    fn change_dict(&mut self, entries: &mut Vec<(Value, Value)>, method: Method, values: &[Value]) -> Outcome<Value> {
        match (method, values) {
            (Method::Update, [Value::Dict(more)]) => {
                for (key, value) in &more.entries {
                    self.charge(entries.len() / 8)?;
                    Entries::insert(entries, key.clone(), value.clone());
                }
                Ok(Value::None)
            }
            (Method::Pop, [key, default @ ..]) => match entries.iter().position(|(known, _)| equal(known, key)) {
                Some(index) => Ok(entries.remove(index).1),
                None => default.first().cloned().ok_or_else(|| Raised::new(Class::Key, key.to_repr())),
            },
            _ => Err(Raised::kind(format!("{}() takes a dict", method.name()))),
        }
    }

    fn change_list(&mut self, items: &mut Vec<Value>, method: Method, values: &[Value]) -> Outcome<Value> {
        let mut result = Value::None;
        match (method, values) {
            (Method::Append, [value]) => items.push(value.clone()),
            (Method::Extend, [value]) => items.extend(self.iterate(value)?),
            (Method::Insert, [at, value]) => {
                let at = at.as_int().unwrap_or(0);
                let at = if at < 0 { (at + items.len() as i128).max(0) } else { at };
                let at = usize::try_from(at).map_or(items.len(), |at| at.min(items.len()));
                items.insert(at, value.clone());
            }
            (Method::Remove, [value]) => {
                let at = items.iter().position(|item| equal(item, value));
                items.remove(at.ok_or_else(|| Raised::value("list.remove(x): x not in list"))?);
            }
            (Method::Reverse, []) => items.reverse(),
            (Method::Sort, []) => {
                self.charge(items.len() * 4)?;
                *items = sorted(std::mem::take(items))?;
            }
            (Method::Pop, []) => {
                result = items.pop().ok_or_else(|| Raised::new(Class::Index, "pop from empty list"))?;
            }
            (Method::Pop, [index]) => {
                let index = index.as_int().map(|at| if at < 0 { at + items.len() as i128 } else { at });
                let index = index.and_then(|at| usize::try_from(at).ok()).filter(|at| *at < items.len());
                let missing = || Raised::new(Class::Index, "pop index out of range");
                result = items.remove(index.ok_or_else(missing)?);
            }
            (method, values) => {
                let (name, given) = (method.name(), values.len());
                return Err(Raised::kind(format!("list.{name}() takes exactly one argument ({given} given)")));
            }
        }
        Ok(result)
    }
}

fn placeholder_method(method: Method, values: &[Value]) -> Outcome<Option<Value>> {
    match (method, values.len()) {
        (Method::Split, 1) => Ok(Some(Value::list(vec![Value::Placeholder; 2]))),
        (Method::StartsWith, 1) => Ok(Some(Value::Bool(false))),
        (Method::Split | Method::StartsWith, 0) => {
            Err(Raised::kind(format!("Placeholder.{}() missing 1 required positional argument", method.name())))
        }
        (Method::Split | Method::StartsWith, count) => {
            let (name, given) = (method.name(), count + 1);
            Err(Raised::kind(format!("Placeholder.{name}() takes 2 positional arguments but {given} were given")))
        }
        _ => Ok(None),
    }
}

/// Python's complaint about too few or too many arguments of one of its own functions.
fn arity(function: Function, given: usize) -> Outcome<()> {
    let (least, most) = function.python_arity();
    if (least..=most).contains(&given) {
        return Ok(());
    }
    let name = function.name();
    Err(Raised::kind(match function {
        _ if (least, most) == (1, 1) && function != Function::Sorted => {
            format!("{name}() takes exactly one argument ({given} given)")
        }
        Function::Sorted => format!("sorted expected 1 argument, got {given}"),
        Function::Round | Function::Enumerate if given == 0 => {
            let argument = if function == Function::Round { "number" } else { "iterable" };
            format!("{name}() missing required argument '{argument}' (pos 1)")
        }
        Function::Sum if given == 0 => "sum() takes at least 1 positional argument (0 given)".to_owned(),
        Function::Int | Function::Str | Function::Round | Function::Enumerate | Function::Sum => {
            format!("{name}() takes at most {most} arguments ({given} given)")
        }
        _ if given < least => {
            let (at_least, plural) = match (least == most, least) {
                (true, 1) => ("", "argument"),
                (true, _) => ("", "arguments"),
                (false, 1) => ("at least ", "argument"),
                (false, _) => ("at least ", "arguments"),
            };
            format!("{name} expected {at_least}{least} {plural}, got {given}")
        }
        _ => {
            let at_most = if least == most { "" } else { "at most " };
            format!("{name} expected {at_most}{most} argument{}, got {given}", if most == 1 { "" } else { "s" })
        }
    }))
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
        Method::Count => Value::Int(items.iter().filter(|item| equal(item, value)).count() as i128),
        Method::Index => {
            let index = items.iter().position(|item| equal(item, value));
            let index = index.ok_or_else(|| Raised::value(format!("{} is not in list", value.to_repr())))?;
            Value::Int(index as i128)
        }
        _ => return Ok(None),
    }))
}

/// Python's `int(value, base)`.
pub(super) fn to_int(value: &Value, base: Option<&Value>) -> Outcome<Value> {
    let radix = base.map_or(Some(10), Value::as_int).and_then(|base| u32::try_from(base).ok());
    let Some(radix) = radix.filter(|radix| (2..=36).contains(radix)) else {
        return Err(Raised::value("int() base must be >= 2 and <= 36, or 0"));
    };
    if let Some(text) = value.as_str() {
        let wrong = || Raised::value(format!("invalid literal for int() with base {radix}: {}", value.to_repr()));
        let lower = text.trim().to_lowercase();
        let (sign, digits) = match lower.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", lower.strip_prefix('+').unwrap_or(&lower)),
        };
        let prefix = [(16, "0x"), (8, "0o"), (2, "0b")].into_iter().find(|(base, _)| *base == radix);
        let digits = prefix.and_then(|(_, prefix)| digits.strip_prefix(prefix)).unwrap_or(digits);
        let is_grouped = !digits.starts_with('_') && !digits.ends_with('_') && !digits.contains("__");
        let digits = digits.replace('_', "");
        if !is_grouped || digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
            return Err(wrong());
        }
        return i128::from_str_radix(&format!("{sign}{digits}"), radix)
            .map(Value::Int)
            .map_err(|_| Raised::too_large());
    }
    match (value.as_int(), value.as_float()) {
        (Some(number), _) => Ok(Value::Int(number)),
        (None, Some(number)) if number.is_nan() => Err(Raised::value("cannot convert float NaN to integer")),
        (None, Some(number)) if number.is_infinite() => {
            Err(Raised::new(Class::Overflow, "cannot convert float infinity to integer"))
        }
        (None, Some(number)) if number.abs() < 1e38 => Ok(Value::Int(number as i128)),
        (None, Some(_)) => Err(Raised::too_large()),
        _ => Err(Raised::kind(format!(
            "int() argument must be a string, a bytes-like object or a real number, not '{}'",
            value.class()
        ))),
    }
}

fn to_float(value: &Value) -> Outcome<Value> {
    if let Some(text) = value.as_str() {
        let number = text.trim().parse().map(Value::Float);
        return number.map_err(|_| Raised::value(format!("could not convert string to float: {}", value.to_repr())));
    }
    value.as_float().map(Value::Float).ok_or_else(|| {
        Raised::kind(format!("float() argument must be a string or a real number, not '{}'", value.class()))
    })
}

fn round(value: &Value, digits: Option<&Value>) -> Outcome<Value> {
    let Some(number) = value.as_float() else {
        return Err(Raised::kind(format!("type {} doesn't define __round__ method", value.class())));
    };
    match (digits.and_then(Value::as_int), value.as_int()) {
        (_, Some(number)) => Ok(Value::Int(number)),
        (None, None) => to_int(&Value::Float(number.round_ties_even()), None),
        // the decimal text is exact, so it rounds as Python does
        (Some(digits @ 0..=300), None) => {
            let text = format!("{number:.*}", digits as usize);
            Ok(Value::Float(text.parse().unwrap_or(number)))
        }
        (Some(digits), None) => {
            let scale = 10f64.powi(digits.clamp(-300, 300) as i32);
            Ok(Value::Float((number * scale).round_ties_even() / scale))
        }
    }
}

/// Texts or numbers; what Python would not order is refused before the sort, which needs a total
/// order.
fn sorted(mut items: Vec<Value>) -> Outcome<Vec<Value>> {
    for pair in items.windows(2) {
        ordered("<", &pair[1], &pair[0])?;
    }
    let all_text = items.iter().all(|item| item.as_str().is_some());
    let all_numbers = items.iter().all(|item| item.as_float().is_some_and(|number| !number.is_nan()));
    if !all_text && !all_numbers {
        return Err(Raised::value("sorted() takes texts or numbers, and not both"));
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
