//! Typed parameters: text of a request → checked value.

use super::function::Type;
use super::value::Value;
use std::rc::Rc;

/// The value as `kind` has it; `Err` is what the message quotes.
pub(super) fn cast(kind: Type, value: &Value) -> Result<Value, String> {
    if kind == Type::Boolean {
        return Ok(Value::Int(i128::from(boolean(value))));
    }
    let text: Rc<str> = match value {
        Value::Str(text) | Value::Sql(text) => text.clone(),
        // an Array parameter that is also used as a single value
        Value::List(items) | Value::Array(items) if kind == Type::String => {
            items.values.iter().map(Value::to_text).collect::<Vec<_>>().join(",").into()
        }
        other => other.to_text().into(),
    };
    let fits = match kind {
        Type::String => return Ok(Value::Str(text)),
        Type::Uuid => is_uuid(&text),
        Type::Date => matches_shape(&text, "dddd-dd-dd") == Some(""),
        Type::DateTime => is_date_time(&text).is_some(),
        Type::DateTime64 => is_date_time(&text).is_some_and(|rest| {
            let digits = rest.strip_prefix('.').unwrap_or("");
            digits.len() - digits.trim_start_matches(|c: char| c.is_ascii_digit()).len() >= 1
        }),
        _ => return number(kind, &text).ok_or_else(|| text.to_string()),
    };
    if fits { Ok(Value::Str(text)) } else { Err(text.to_string()) }
}

/// Steps into the shape of a placeholder that passes every check of its type.
pub(super) fn placeholder(kind: Type) -> Value {
    match kind {
        Type::String => Value::text("__no_value__"),
        Type::Uuid => Value::text("00000000-0000-0000-0000-000000000000"),
        Type::Boolean | Type::Int | Type::Integer => Value::Int(0),
        Type::Date => Value::text("2019-01-01"),
        Type::DateTime => Value::text("2019-01-01 00:00:00"),
        Type::DateTime64 => Value::text("2019-01-01 00:00:00.000"),
        kind if kind.is_float() => Value::TypedFloat(kind, 0.0),
        kind => Value::TypedInt(kind, 0),
    }
}

fn boolean(value: &Value) -> bool {
    match value.as_str() {
        Some(text) if text == "0" || text.eq_ignore_ascii_case("false") => false,
        _ => value.truth(),
    }
}

fn number(kind: Type, text: &str) -> Option<Value> {
    if kind.is_float() {
        if text.contains('_') {
            return None;
        }
        return text.trim().parse().ok().map(|number| Value::TypedFloat(kind, number));
    }
    let (bits, signed) = kind.integer()?;
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

/// What follows a date and time in one of the accepted spellings.
fn is_date_time(text: &str) -> Option<&str> {
    matches_shape(text, "dddd?dd?ddTdd:dd:dd").or_else(|| matches_shape(text, "dd?dd?dddd?n:n:n"))
}

/// The rest of `text` after `shape`: `d` a digit, `n` one or two, `?` anything, `T` a T or a space.
fn matches_shape<'a>(text: &'a str, shape: &str) -> Option<&'a str> {
    let mut rest = text;
    for wanted in shape.chars() {
        let c = rest.chars().next()?;
        let fits = match wanted {
            'd' | 'n' => c.is_ascii_digit(),
            '?' => true,
            'T' => c == 'T' || c.is_whitespace(),
            literal => c == literal,
        };
        if !fits {
            return None;
        }
        rest = &rest[c.len_utf8()..];
        if wanted == 'n' && rest.starts_with(|c: char| c.is_ascii_digit()) {
            rest = &rest[1..];
        }
    }
    Some(rest)
}
