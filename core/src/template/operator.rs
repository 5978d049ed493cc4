//! Python's operators over template values: what they accept, and what they answer.

use super::raised::{Class, Raised};
use super::run::{Outcome, Run};
use super::syntax::*;
use super::value::{Unordered, Value, equal, order};
use std::cmp::Ordering;

impl<'a> Run<'a> {
    pub(super) fn compare(&mut self, first: &'a Expr, rest: &'a [(CompareOp, Expr)]) -> Outcome<Value> {
        let mut left = self.eval(first)?;
        let mut left_expr = first;
        for (op, right_expr) in rest {
            let right = self.eval(right_expr)?;
            self.charge(left.size().min(right.size()) / 8)?;
            // of placeholders each equals itself alone
            let is_same = left == Value::Placeholder && left_expr.kind == right_expr.kind;
            let holds = match op {
                CompareOp::Equal | CompareOp::Is if is_same => true,
                CompareOp::NotEqual | CompareOp::IsNot if is_same => false,
                op => self.holds(*op, &left, &right)?,
            };
            if !holds {
                return Ok(Value::Bool(false));
            }
            (left, left_expr) = (right, right_expr);
        }
        Ok(Value::Bool(true))
    }

    fn holds(&mut self, op: CompareOp, left: &Value, right: &Value) -> Outcome<bool> {
        match op {
            CompareOp::Equal => Ok(equal(left, right)),
            CompareOp::NotEqual => Ok(!equal(left, right)),
            CompareOp::Is => Ok(is_same(left, right)),
            CompareOp::IsNot => Ok(!is_same(left, right)),
            CompareOp::Less => ordered("<", left, right).map(|order| order.is_some_and(Ordering::is_lt)),
            CompareOp::LessOrEqual => ordered("<=", left, right).map(|order| order.is_some_and(Ordering::is_le)),
            CompareOp::Greater => ordered(">", left, right).map(|order| order.is_some_and(Ordering::is_gt)),
            CompareOp::GreaterOrEqual => ordered(">=", left, right).map(|order| order.is_some_and(Ordering::is_ge)),
            CompareOp::In => self.contains(right, left),
            CompareOp::NotIn => self.contains(right, left).map(|found| !found),
        }
    }

    fn contains(&mut self, all: &Value, one: &Value) -> Outcome<bool> {
        self.charge(all.size() / 8)?;
        if let Some(text) = all.as_str() {
            return match one.as_str() {
                Some(part) => Ok(text.contains(part)),
                None => {
                    let message = format!("'in <string>' requires string as left operand, not {}", one.class());
                    Err(Raised::kind(message))
                }
            };
        }
        match all {
            Value::Dict(_) if !one.is_hashable() => Err(Raised::kind(format!("unhashable type: '{}'", one.class()))),
            Value::Dict(entries) => Ok(entries.get(one).is_some()),
            Value::Placeholder => Ok(false),
            _ => match all.items() {
                Some(items) => Ok(items.iter().any(|item| equal(item, one))),
                None => Err(Raised::kind(format!("argument of type '{}' is not iterable", all.class()))),
            },
        }
    }

    /// `shown` is how the operator was written: `+` or `+=`.
    pub(super) fn binary(&mut self, op: BinaryOp, shown: &str, left: Value, right: Value) -> Outcome<Value> {
        if let Some(value) = self.sequence_op(op, &left, &right)? {
            return Ok(value);
        }
        if let (Some(a), Some(b)) = (left.as_int(), right.as_int()) {
            return integers(op, a, b);
        }
        let (Some(a), Some(b)) = (left.as_float(), right.as_float()) else {
            let (left, right) = (left.class(), right.class());
            let shown = if op == BinaryOp::Power && shown == "**" { "** or pow()" } else { shown };
            let message = format!("unsupported operand type(s) for {shown}: '{left}' and '{right}'");
            return Err(Raised::kind(message));
        };
        floats(op, a, b)
    }

    /// `+` and `*` of texts and lists.
    fn sequence_op(&mut self, op: BinaryOp, left: &Value, right: &Value) -> Outcome<Option<Value>> {
        match op {
            BinaryOp::Add => {
                self.charge((left.size() + right.size()) / 8)?;
                match (left, right) {
                    (Value::Placeholder, _) => return Ok(Some(Value::Placeholder)),
                    (Value::List(a), Value::List(b)) => {
                        return Ok(Some(Value::list(a.values.iter().chain(&b.values).cloned().collect())));
                    }
                    (Value::Tuple(a), Value::Tuple(b)) => {
                        return Ok(Some(Value::tuple(a.values.iter().chain(&b.values).cloned().collect())));
                    }
                    _ => {}
                }
                match (left.as_str(), right.as_str()) {
                    (Some(a), Some(b)) => return Ok(Some(Value::text(format!("{a}{b}")))),
                    (Some(_), None) => {
                        let class = right.class();
                        return Err(Raised::kind(format!("can only concatenate str (not \"{class}\") to str")));
                    }
                    _ => {}
                }
                if let Value::List(_) | Value::Tuple(_) = left {
                    let (own, other) = (left.class(), right.class());
                    return Err(Raised::kind(format!("can only concatenate {own} (not \"{other}\") to {own}")));
                }
                Ok(None)
            }
            BinaryOp::Multiply => self.repeated(left, right),
            BinaryOp::Modulo => match left.as_str() {
                Some(text) => self.formatted(text, right).map(Some),
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// Python's `text % values`, with `%s`, `%d` and `%%`.
    fn formatted(&mut self, text: &str, values: &Value) -> Outcome<Value> {
        let single = std::slice::from_ref(values);
        let mut rest = if let Value::Tuple(items) = values { items.values.iter() } else { single.iter() };
        let mut out = String::new();
        let mut parts = text.split('%');
        out.push_str(parts.next().unwrap_or(""));
        let mut is_percent = false;
        for part in parts {
            if std::mem::take(&mut is_percent) {
                out.push_str(part);
                continue;
            }
            let missing = || Raised::kind("not enough arguments for format string");
            match part.chars().next() {
                None => {
                    is_percent = true;
                    out.push('%');
                    continue;
                }
                Some('s') => out.push_str(&rest.next().ok_or_else(missing)?.to_text()),
                Some('d') => {
                    let value = rest.next().ok_or_else(missing)?;
                    let Some(number) = value.as_float() else {
                        let class = value.class();
                        return Err(Raised::kind(format!("%d format: a real number is required, not {class}")));
                    };
                    out.push_str(&value.as_int().unwrap_or(number as i128).to_string());
                }
                Some(other) => {
                    let at = out.chars().count() + 1;
                    let message =
                        format!("unsupported format character '{other}' (0x{:x}) at index {at}", other as u32);
                    return Err(Raised::value(message));
                }
            }
            out.push_str(&part[1..]);
            self.charge(out.len() / 8)?;
        }
        // lists and dicts count as mappings, which may be left over
        let is_mapping = matches!(values, Value::List(_) | Value::Dict(_) | Value::Placeholder);
        if rest.next().is_some() && !is_mapping {
            return Err(Raised::kind("not all arguments converted during string formatting"));
        }
        Ok(Value::text(out))
    }

    fn repeated(&mut self, left: &Value, right: &Value) -> Outcome<Option<Value>> {
        let is_sequence = |value: &Value| value.as_str().is_some() || value.items().is_some();
        let (sequence, count) = match (is_sequence(left), is_sequence(right)) {
            (true, _) => (left, right),
            (false, true) => (right, left),
            (false, false) => return Ok(None),
        };
        let Some(count) = count.as_int() else {
            let class = count.class();
            return Err(Raised::kind(format!("can't multiply sequence by non-int of type '{class}'")));
        };
        let count = usize::try_from(count.max(0)).unwrap_or(usize::MAX);
        self.charge(sequence.size().max(1).saturating_mul(count))?;
        Ok(Some(match (sequence.as_str(), sequence) {
            (Some(text), _) => Value::text(text.repeat(count)),
            (_, sequence) => {
                let items = sequence.items().unwrap_or_default();
                let values = (0..count).flat_map(|_| items.iter().cloned()).collect();
                if matches!(sequence, Value::Tuple(_)) { Value::tuple(values) } else { Value::list(values) }
            }
        }))
    }

    pub(super) fn index(&mut self, of: &Value, key: Value) -> Outcome<Value> {
        if let Value::Dict(entries) = of {
            self.charge(entries.entries.len() / 8)?;
            let key = self.hashable(key)?;
            return entries.get(&key).cloned().ok_or_else(|| Raised::new(Class::Key, key.to_repr()));
        }
        let class = match (of, of.as_str()) {
            (Value::Placeholder, _) => return part_of_placeholder(&key),
            (_, Some(_)) => "string",
            (Value::List(_), _) => "list",
            (Value::Tuple(_), _) => "tuple",
            _ => return Err(Raised::kind(format!("'{}' object is not subscriptable", of.class()))),
        };
        let Some(at) = key.as_int() else {
            let (wanted, found) = match class {
                "string" => ("integers", format!("'{}'", key.class())),
                _ => ("integers or slices", key.class().to_owned()),
            };
            let plural = if class == "string" { "string".to_owned() } else { class.to_owned() };
            return Err(Raised::kind(format!("{plural} indices must be {wanted}, not {found}")));
        };
        let out_of_range = || Raised::new(Class::Index, format!("{class} index out of range"));
        let place = |length: usize| {
            let at = if at < 0 { at + length as i128 } else { at };
            usize::try_from(at).ok().filter(|at| *at < length).ok_or_else(out_of_range)
        };
        if let Some(text) = of.as_str() {
            self.charge(text.len() / 8)?;
            let at = place(text.chars().count())?;
            let chosen = text.chars().nth(at).expect("the place is below the count");
            return Ok(Value::text(chosen.encode_utf8(&mut [0; 4])));
        }
        let items = of.items().expect("texts, lists and tuples are what is left");
        Ok(items[place(items.len())?].clone())
    }

    pub(super) fn slice(&mut self, of: &'a Expr, parts: &'a [Option<Expr>; 3]) -> Outcome<Value> {
        let of = self.eval(of)?;
        self.charge(of.size())?;
        let mut bounds = [None; 3];
        for (bound, part) in bounds.iter_mut().zip(parts) {
            if let Some(part) = part {
                let value = self.eval(part)?;
                if value != Value::None {
                    *bound = Some(value.as_int().ok_or_else(|| {
                        Raised::kind("slice indices must be integers or None or have an __index__ method")
                    })?);
                }
            }
        }
        if let Some(text) = of.as_str() {
            let chars: Vec<char> = text.chars().collect();
            return Ok(Value::text(sliced(&chars, bounds)?.into_iter().collect::<String>()));
        }
        match (&of, of.items()) {
            (Value::Tuple(_), Some(items)) => Ok(Value::tuple(sliced(items, bounds)?)),
            (_, Some(items)) => Ok(Value::list(sliced(items, bounds)?)),
            (Value::Dict(_), _) => Err(Raised::kind("unhashable type: 'slice'")),
            (Value::Placeholder, _) => Err(Raised::kind("'>' not supported between instances of 'slice' and 'int'")),
            _ => Err(Raised::kind(format!("'{}' object is not subscriptable", of.class()))),
        }
    }
}

/// The first characters of a placeholder are placeholders.
fn part_of_placeholder(key: &Value) -> Outcome<Value> {
    match key.as_int() {
        Some(at) if at > 2 => Err(Raised::new(Class::Index, "")),
        Some(_) => Ok(Value::Placeholder),
        None => Err(Raised::kind(format!("'>' not supported between instances of '{}' and 'int'", key.class()))),
    }
}

/// `None` if nothing holds between the two, as with what is not a number.
pub(super) fn ordered(symbol: &str, left: &Value, right: &Value) -> Outcome<Option<Ordering>> {
    match order(left, right) {
        Ok(order) => Ok(Some(order)),
        Err(Unordered::NotANumber) => Ok(None),
        Err(Unordered::Classes(left, right)) => {
            let (left, right) = (left.class(), right.class());
            Err(Raised::kind(format!("'{symbol}' not supported between instances of '{left}' and '{right}'")))
        }
    }
}

/// Python's `is`, for what templates ask it of: None, truths, small numbers and texts.
fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::List(left), Value::List(right)) => std::rc::Rc::ptr_eq(left, right),
        (Value::Tuple(left), Value::Tuple(right)) => std::rc::Rc::ptr_eq(left, right),
        (Value::Dict(left), Value::Dict(right)) => std::rc::Rc::ptr_eq(left, right),
        (Value::TypedInt(..) | Value::TypedFloat(..), _) | (_, Value::TypedInt(..) | Value::TypedFloat(..)) => false,
        _ => left.class() == right.class() && equal(left, right),
    }
}

fn integers(op: BinaryOp, a: i128, b: i128) -> Outcome<Value> {
    let zero = |message: &str| Raised::new(Class::ZeroDivision, message);
    let value = match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Subtract => a.checked_sub(b),
        BinaryOp::Multiply => a.checked_mul(b),
        BinaryOp::Divide if b == 0 => return Err(zero("division by zero")),
        BinaryOp::Divide => return Ok(Value::Float(a as f64 / b as f64)),
        BinaryOp::FloorDivide if b == 0 => return Err(zero("integer division or modulo by zero")),
        BinaryOp::Modulo if b == 0 => return Err(zero("integer modulo by zero")),
        BinaryOp::FloorDivide => a.checked_div_euclid(b).map(|_| floor_divide(a, b)),
        BinaryOp::Modulo => a.checked_rem_euclid(b).map(|_| a.wrapping_sub(floor_divide(a, b).wrapping_mul(b))),
        BinaryOp::Power if b < 0 && a == 0 => {
            return Err(zero("0.0 cannot be raised to a negative power"));
        }
        BinaryOp::Power if b < 0 => return Ok(Value::Float((a as f64).powf(b as f64))),
        BinaryOp::Power => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
    };
    value.map(Value::Int).ok_or_else(Raised::too_large)
}

fn floats(op: BinaryOp, a: f64, b: f64) -> Outcome<Value> {
    if b == 0.0 {
        let message = match op {
            BinaryOp::Divide => "float division by zero",
            BinaryOp::FloorDivide => "float floor division by zero",
            BinaryOp::Modulo => "float modulo",
            _ => "",
        };
        if !message.is_empty() {
            return Err(Raised::new(Class::ZeroDivision, message));
        }
    }
    if op == BinaryOp::Power && a < 0.0 && b.fract() != 0.0 && b.is_finite() {
        return Err(Raised::value("complex numbers have no place in SQL"));
    }
    Ok(Value::Float(match op {
        BinaryOp::Add => a + b,
        BinaryOp::Subtract => a - b,
        BinaryOp::Multiply => a * b,
        BinaryOp::Divide => a / b,
        BinaryOp::FloorDivide => (a / b).floor(),
        BinaryOp::Modulo => a - b * (a / b).floor(),
        BinaryOp::Power => a.powf(b),
    }))
}

pub(super) fn unary(op: UnaryOp, value: Value) -> Outcome<Value> {
    match (op, value.as_int(), value.as_float()) {
        (UnaryOp::Not, ..) => Ok(Value::Bool(!value.truth())),
        (UnaryOp::Negate, Some(number), _) => number.checked_neg().map(Value::Int).ok_or_else(Raised::too_large),
        (UnaryOp::Negate, None, Some(number)) => Ok(Value::Float(-number)),
        (UnaryOp::Plus, Some(number), _) => Ok(Value::Int(number)),
        (UnaryOp::Plus, None, Some(number)) => Ok(Value::Float(number)),
        (sign, None, None) => {
            let sign = if sign == UnaryOp::Negate { '-' } else { '+' };
            Err(Raised::kind(format!("bad operand type for unary {sign}: '{}'", value.class())))
        }
    }
}

pub(super) fn floor_divide(a: i128, b: i128) -> i128 {
    let quotient = a.wrapping_div(b);
    if (a % b != 0) && ((a < 0) != (b < 0)) { quotient - 1 } else { quotient }
}

/// Python's `items[start:stop:step]`.
fn sliced<T: Clone>(items: &[T], [start, stop, step]: [Option<i128>; 3]) -> Outcome<Vec<T>> {
    let length = items.len() as i128;
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(Raised::value("slice step cannot be zero"));
    }
    let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let place = |bound: Option<i128>, missing: i128| match bound {
        None => missing,
        Some(at) if at < 0 => at.saturating_add(length).clamp(low, high),
        Some(at) => at.clamp(low, high),
    };
    let (mut at, stop) =
        if step > 0 { (place(start, 0), place(stop, length)) } else { (place(start, length - 1), place(stop, -1)) };
    let mut out = Vec::new();
    while (step > 0 && at < stop) || (step < 0 && at > stop) {
        out.push(items[at as usize].clone());
        at = at.saturating_add(step);
    }
    Ok(out)
}
