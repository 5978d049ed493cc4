//! Python's operators over template values: what they accept, and what they answer.

use super::Failure;
use super::run::{Outcome, Run};
use super::syntax::*;
use super::value::{Value, equal, order};
use std::cmp::Ordering;
use std::rc::Rc;

impl<'a> Run<'a> {
    pub(super) fn compare(&mut self, first: &'a Expr, rest: &'a [(CompareOp, Expr)]) -> Outcome<Value> {
        let mut left = self.eval(first)?;
        for (op, right) in rest {
            let right = self.eval(right)?;
            self.charge(left.size().min(right.size()) / 8)?;
            if !self.holds(*op, &left, &right)? {
                return Ok(Value::Bool(false));
            }
            left = right;
        }
        Ok(Value::Bool(true))
    }

    fn holds(&mut self, op: CompareOp, left: &Value, right: &Value) -> Outcome<bool> {
        let ordered = |symbol: &str| {
            order(left, right).ok_or_else(|| {
                let message = format!(
                    "'{symbol}' not supported between instances of '{}' and '{}'. If you are using a dynamic parameter, \
                     you need to wrap it around a valid Data Type (e.g. Int8(placeholder))",
                    left.class(),
                    right.class()
                );
                Failure::template(message)
            })
        };
        match op {
            CompareOp::Equal => Ok(equal(left, right)),
            CompareOp::NotEqual => Ok(!equal(left, right)),
            CompareOp::Is => Ok(equal(left, right) && (*left == Value::None) == (*right == Value::None)),
            CompareOp::IsNot => Ok(!equal(left, right)),
            CompareOp::Less => ordered("<").map(Ordering::is_lt),
            CompareOp::LessOrEqual => ordered("<=").map(Ordering::is_le),
            CompareOp::Greater => ordered(">").map(Ordering::is_gt),
            CompareOp::GreaterOrEqual => ordered(">=").map(Ordering::is_ge),
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
                    Err(Failure::template(message))
                }
            };
        }
        match all {
            Value::Dict(entries) => Ok(entries.get(one).is_some()),
            _ => match all.items() {
                Some(items) => Ok(items.iter().any(|item| equal(item, one))),
                None => Err(Failure::template(format!("argument of type '{}' is not iterable", all.class()))),
            },
        }
    }

    pub(super) fn binary(&mut self, op: BinaryOp, left: Value, right: Value) -> Outcome<Value> {
        if let Some(value) = self.sequence_op(op, &left, &right)? {
            return Ok(value);
        }
        let unsupported = || {
            let (left, right) = (left.class(), right.class());
            Failure::template(format!("unsupported operand type(s) for {}: '{left}' and '{right}'", op.text()))
        };
        let overflow = || Failure::template("the number is too large");
        if let (Some(a), Some(b)) = (left.as_int(), right.as_int()) {
            let zero = || Failure::template("division by zero");
            let value = match op {
                BinaryOp::Add => a.checked_add(b),
                BinaryOp::Subtract => a.checked_sub(b),
                BinaryOp::Multiply => a.checked_mul(b),
                BinaryOp::Divide if b == 0 => return Err(zero()),
                BinaryOp::Divide => return Ok(Value::Float(a as f64 / b as f64)),
                BinaryOp::FloorDivide | BinaryOp::Modulo if b == 0 => return Err(zero()),
                BinaryOp::FloorDivide => a.checked_div_euclid(b).map(|_| floor_divide(a, b)),
                BinaryOp::Modulo => a.checked_rem_euclid(b).map(|_| a.wrapping_sub(floor_divide(a, b).wrapping_mul(b))),
                BinaryOp::Power if b < 0 => return Ok(Value::Float((a as f64).powf(b as f64))),
                BinaryOp::Power => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
            };
            return value.map(Value::Int).ok_or_else(overflow);
        }
        let (Some(a), Some(b)) = (left.as_float(), right.as_float()) else { return Err(unsupported()) };
        if b == 0.0 && matches!(op, BinaryOp::Divide | BinaryOp::FloorDivide | BinaryOp::Modulo) {
            return Err(Failure::template("division by zero"));
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

    /// `+` and `*` of texts and lists.
    fn sequence_op(&mut self, op: BinaryOp, left: &Value, right: &Value) -> Outcome<Option<Value>> {
        match op {
            BinaryOp::Add => {
                self.charge((left.size() + right.size()) / 8)?;
                if let (Some(a), Some(b)) = (left.as_str(), right.as_str()) {
                    return Ok(Some(Value::Str(Rc::from(format!("{a}{b}")))));
                }
                if let (Some(a), Some(b)) = (left.items(), right.items()) {
                    let joined: Vec<Value> = a.iter().chain(b).cloned().collect();
                    let is_tuple = matches!((left, right), (Value::Tuple(_), Value::Tuple(_)));
                    return Ok(Some(if is_tuple { Value::tuple(joined) } else { Value::list(joined) }));
                }
                if let (Some(_), None) = (left.as_str(), right.as_str()) {
                    let message = format!("can only concatenate str (not \"{}\") to str", right.class());
                    return Err(Failure::template(message));
                }
            }
            BinaryOp::Multiply => {
                let (sequence, count) = match (left.as_int(), right.as_int()) {
                    (None, Some(count)) => (left, count),
                    (Some(count), None) => (right, count),
                    _ => return Ok(None),
                };
                if sequence.as_str().is_none() && sequence.items().is_none() {
                    return Ok(None);
                }
                let count = usize::try_from(count.max(0)).unwrap_or(usize::MAX);
                self.charge(sequence.size().max(1).saturating_mul(count))?;
                return Ok(Some(match (sequence.as_str(), sequence.items()) {
                    (Some(text), _) => Value::text(text.repeat(count)),
                    (_, items) => {
                        let items = items.unwrap_or_default();
                        Value::list((0..count).flat_map(|_| items.iter().cloned()).collect())
                    }
                }));
            }
            _ => {}
        }
        Ok(None)
    }

    pub(super) fn index(&mut self, of: &Value, key: &Value) -> Outcome<Value> {
        if let Value::Dict(entries) = of {
            self.charge(entries.entries.len() / 8)?;
            return entries.get(key).cloned().ok_or_else(|| {
                Failure::template(format!("Missing key '{}' while rendering the template", key.to_text()))
            });
        }
        let Some(at) = key.as_int() else {
            return Err(Failure::template(format!("indices must be integers, not {}", key.class())));
        };
        let place = |length: usize| {
            let at = if at < 0 { at + length as i128 } else { at };
            usize::try_from(at).ok().filter(|at| *at < length)
        };
        if let Some(text) = of.as_str() {
            self.charge(text.len() / 8)?;
            let chosen = place(text.chars().count()).and_then(|at| text.chars().nth(at));
            let out_of_range = || Failure::template("String index out of range while rendering the template");
            return chosen.map(|c| Value::text(c.encode_utf8(&mut [0; 4]))).ok_or_else(out_of_range);
        }
        match of.items() {
            Some(items) => place(items.len())
                .map(|at| items[at].clone())
                .ok_or_else(|| Failure::template("list index out of range while rendering the template")),
            None => Err(Failure::template(format!("'{}' object is not subscriptable", of.class()))),
        }
    }

    pub(super) fn slice(&mut self, of: &'a Expr, parts: &'a [Option<Expr>; 3]) -> Outcome<Value> {
        let of = self.eval(of)?;
        self.charge(of.size())?;
        let mut bounds = [None; 3];
        for (bound, part) in bounds.iter_mut().zip(parts) {
            if let Some(part) = part {
                let value = self.eval(part)?;
                if value != Value::None {
                    *bound = Some(value.as_int().ok_or_else(|| Failure::template("slice indices must be integers"))?);
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
            _ => Err(Failure::template(format!("'{}' object is not subscriptable", of.class()))),
        }
    }
}

pub(super) fn unary(op: UnaryOp, value: Value) -> Outcome<Value> {
    match (op, value.as_int(), value.as_float()) {
        (UnaryOp::Not, ..) => Ok(Value::Bool(!value.truth())),
        (UnaryOp::Negate, Some(number), _) => {
            number.checked_neg().map(Value::Int).ok_or_else(|| Failure::template("the number is too large"))
        }
        (UnaryOp::Negate, None, Some(number)) => Ok(Value::Float(-number)),
        (UnaryOp::Plus, Some(number), _) => Ok(Value::Int(number)),
        (UnaryOp::Plus, None, Some(number)) => Ok(Value::Float(number)),
        (UnaryOp::Negate | UnaryOp::Plus, None, None) => {
            Err(Failure::template(format!("bad operand type for a sign: '{}'", value.class())))
        }
    }
}

fn floor_divide(a: i128, b: i128) -> i128 {
    let quotient = a.wrapping_div(b);
    if (a % b != 0) && ((a < 0) != (b < 0)) { quotient - 1 } else { quotient }
}

/// Python's `items[start:stop:step]`.
fn sliced<T: Clone>(items: &[T], [start, stop, step]: [Option<i128>; 3]) -> Outcome<Vec<T>> {
    let length = items.len() as i128;
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(Failure::template("slice step cannot be zero"));
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
