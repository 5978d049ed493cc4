//! Typed parameters: text of a request → checked value.

use super::function::Type;
use super::value::{NO_VALUE, Value, float_text};
use std::rc::Rc;

/// The value as `kind` has it, if it fits.
pub(super) fn cast(kind: Type, value: &Value) -> Option<Value> {
    let text: Rc<str> = match value {
        Value::Str(text) => text.clone(),
        other => other.to_text().into(),
    };
    let fits = match kind {
        Type::String => true,
        Type::Boolean => return Some(boolean(value)),
        Type::Uuid => is_uuid(&text),
        Type::Date => starts_like(b"dddd-dd-dd$", &text),
        Type::DateTime => DATE_TIMES.iter().any(|shape| starts_like(shape, &text)),
        Type::DateTime64 => DATE_TIMES_64.iter().any(|shape| starts_like(shape, &text)),
        _ => return number(kind, &text),
    };
    fits.then_some(Value::Str(text))
}

/// What stands for a parameter while a deployment checks the SQL, if it has no default. It passes every
/// check of its type.
pub(super) fn placeholder_argument(kind: Type) -> Value {
    match kind {
        Type::String => Value::text(NO_VALUE),
        Type::Uuid => Value::text("00000000-0000-0000-0000-000000000000"),
        Type::Date => Value::text("2019-01-01"),
        Type::DateTime => Value::text("2019-01-01 00:00:00"),
        Type::DateTime64 => Value::text("2019-01-01 00:00:00.000"),
        kind if kind.is_float() => Value::Float(0.0),
        _ => Value::Int(0),
    }
}

/// The same, cast.
pub(super) fn placeholder(kind: Type) -> Value {
    cast(kind, &placeholder_argument(kind)).expect("a placeholder fits its type")
}

/// Without the cast that it would print: inside an array numbers stand bare.
pub(super) fn plain(value: Value) -> Value {
    match value {
        Value::TypedInt(_, number) => Value::Int(number),
        Value::TypedFloat(_, number) => Value::Float(number),
        Value::TypedBig(_, digits) => Value::Expression(digits),
        other => other,
    }
}

/// As an element of an array parameter is written in a request.
pub(super) fn element_text(value: &Value) -> String {
    match value {
        Value::TypedInt(_, number) => number.to_string(),
        Value::TypedFloat(_, number) => float_text(*number),
        other => other.to_text(),
    }
}

pub(super) fn boolean(value: &Value) -> Value {
    let truth = match value.as_str() {
        Some(text) => !(text.is_empty() || text == "0" || text.to_lowercase() == "false"),
        None => value.truth(),
    };
    Value::Int(i128::from(truth))
}

fn number(kind: Type, text: &str) -> Option<Value> {
    if kind.is_float() {
        if text.contains('_') {
            return None;
        }
        return text.trim().parse().ok().map(|number| Value::TypedFloat(kind, number));
    }
    let (bits, signed) = kind.integer()?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let takes_sign = signed || bits > 64;
    if digits.is_empty()
        || !digits.bytes().all(|byte| byte.is_ascii_digit())
        || (digits.len() < text.len() && !takes_sign)
    {
        return None;
    }
    let is_negative = text.starts_with('-');
    let digits = match digits.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    if !in_range(digits, is_negative, bits, signed) {
        return None;
    }
    let sign = if is_negative && digits != "0" { "-" } else { "" };
    Some(match format!("{sign}{digits}").parse::<i128>() {
        Ok(number) if matches!(kind, Type::Int | Type::Integer) => Value::Int(number),
        Ok(number) => Value::TypedInt(kind, number),
        Err(_) => Value::TypedBig(kind, format!("{sign}{digits}").into()),
    })
}

/// Greatest magnitudes as text, since 256 bits have no type here.
fn in_range(digits: &str, is_negative: bool, bits: u32, signed: bool) -> bool {
    const INT256: &str = "57896044618658097711785492504343953926634992332820282019728792003956564819967";
    const INT256_LEAST: &str = "57896044618658097711785492504343953926634992332820282019728792003956564819968";
    const UINT256: &str = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    let narrow;
    let bound = match (bits, signed, is_negative) {
        (_, false, true) => return digits == "0",
        (256, true, false) => INT256,
        (256, true, true) => INT256_LEAST,
        (256, false, _) => UINT256,
        (128, false, _) => {
            narrow = u128::MAX.to_string();
            &narrow
        }
        (bits, true, is_negative) => {
            narrow = ((1u128 << (bits - 1)) - u128::from(!is_negative)).to_string();
            &narrow
        }
        (bits, false, _) => {
            narrow = ((1u128 << bits) - 1).to_string();
            &narrow
        }
    };
    (digits.len(), digits) <= (bound.len(), bound)
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// `d` a digit, `n` one or two, `?` anything but a line break, `T` a T or white space, `$` the end.
const DATE_TIMES: [&[u8]; 2] = [b"dddd?dd?ddTdd:dd:dd", b"dd?dd?dddd?n:n:n"];
const DATE_TIMES_64: [&[u8]; 2] = [b"dddd?dd?ddTdd:dd:dd?ddd", b"dd?dd?dddd?n:n:n?d"];

fn starts_like(shape: &[u8], text: &str) -> bool {
    let Some((wanted, shape)) = shape.split_first() else { return true };
    let mut chars = text.chars();
    let first = chars.next();
    let is_digit = first.is_some_and(|c| c.is_ascii_digit());
    match wanted {
        b'$' => matches!(text, "" | "\n"),
        b'd' => is_digit && starts_like(shape, chars.as_str()),
        b'n' if is_digit => {
            let rest = chars.as_str();
            let two = rest.strip_prefix(|c: char| c.is_ascii_digit()).is_some_and(|rest| starts_like(shape, rest));
            two || starts_like(shape, rest)
        }
        b'n' => false,
        b'?' => first.is_some_and(|c| c != '\n') && starts_like(shape, chars.as_str()),
        b'T' => first.is_some_and(|c| c == 'T' || c.is_whitespace()) && starts_like(shape, chars.as_str()),
        literal => first == Some(char::from(*literal)) && starts_like(shape, chars.as_str()),
    }
}
