//! One JSON value, given as text, as a value of a ClickHouse type; as tolerant as ClickHouse's
//! `JSONEachRow`, but what does not fit is refused instead of wrapped or cut.

use super::json::Scanner;
use super::moment;
use crate::value::{DataType, time_unit};
use arrow::datatypes::{TimeUnit, i256};
use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A value on its way into a column. Integers, dates, times and enums are `Int` or `UInt`, in the
/// unit of the column.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float(f64),
    Decimal(i256),
    Text(Cow<'a, str>),
    Bytes(Vec<u8>),
    List(Vec<Cell<'a>>),
    Tuple(Vec<Cell<'a>>),
    Map(Vec<(Cell<'a>, Cell<'a>)>),
}

/// `None`: the value does not fit the type.
pub(super) fn read<'a>(data_type: &DataType, json: &'a str) -> Option<Cell<'a>> {
    if json == "null" {
        return data_type.is_nullable().then_some(Cell::Null);
    }
    match data_type {
        DataType::Nullable(inner) | DataType::LowCardinality(inner) | DataType::SimpleAggregateFunction(_, inner) => {
            read(inner, json)
        }
        DataType::String => Some(Cell::Text(any_text(json)?)),
        DataType::Json => match json.as_bytes()[0] {
            b'{' | b'[' => Some(Cell::Text(Cow::Borrowed(json))),
            // an object that was sent as a string
            _ => Some(Cell::Text(scalar_text(json)?)).filter(|_| json.starts_with("\"{")),
        },
        DataType::Array(item) => {
            let mut cells = Vec::new();
            let mut scanner = Scanner::new(json);
            scanner.array(|scanner| push(&mut cells, item, scanner)).ok()?;
            Some(Cell::List(cells))
        }
        DataType::Tuple(items) => read_tuple(items, json),
        DataType::Map(key_type, value_type) => {
            let mut entries = Vec::new();
            let mut scanner = Scanner::new(json);
            let misfit = String::new;
            scanner
                .object(|scanner, key| {
                    let key = read_scalar(key_type.bare(), key).ok_or_else(misfit)?;
                    let value = read(value_type, scanner.value(0)?).ok_or_else(misfit)?;
                    entries.push((key, value));
                    Ok(())
                })
                .ok()?;
            Some(Cell::Map(entries))
        }
        scalar => read_scalar(scalar, scalar_text(json)?),
    }
}

fn push<'a>(cells: &mut Vec<Cell<'a>>, item: &DataType, scanner: &mut Scanner<'a>) -> Result<(), String> {
    cells.push(read(item, scanner.value(0)?).ok_or_else(String::new)?);
    Ok(())
}

/// `[1, "a"]`, or `{"x": 1, "y": "a"}` where the parts have names.
fn read_tuple<'a>(items: &[(Option<String>, DataType)], json: &'a str) -> Option<Cell<'a>> {
    let mut scanner = Scanner::new(json);
    if json.starts_with('[') {
        let mut cells = Vec::new();
        scanner
            .array(|scanner| {
                let (_, item) = items.get(cells.len()).ok_or_else(String::new)?;
                push(&mut cells, item, scanner)
            })
            .ok()?;
        return (cells.len() == items.len()).then_some(Cell::Tuple(cells));
    }
    let mut cells = vec![None; items.len()];
    scanner
        .object(|scanner, key| {
            let value = scanner.value(0)?;
            if let Some(at) = items.iter().position(|(name, _)| name.as_deref() == Some(&key)) {
                cells[at] = Some(read(&items[at].1, value).ok_or_else(String::new)?);
            }
            Ok(())
        })
        .ok()?;
    cells.into_iter().collect::<Option<Vec<Cell>>>().map(Cell::Tuple)
}

/// A string's text, or the JSON of anything else as it was sent.
pub(super) fn any_text(json: &str) -> Option<Cow<'_, str>> {
    if json.starts_with('"') { Scanner::new(json).string().ok() } else { Some(Cow::Borrowed(json)) }
}

fn scalar_text(json: &str) -> Option<Cow<'_, str>> {
    if json.starts_with(['{', '[']) { None } else { any_text(json) }
}

pub(super) fn read_scalar<'a>(data_type: &DataType, text: Cow<'a, str>) -> Option<Cell<'a>> {
    use DataType::*;
    Some(match data_type {
        String => Cell::Text(text),
        Bool => Cell::Bool(read_bool(&text)?),
        UInt8 => unsigned(&text, u64::from(u8::MAX))?,
        UInt16 => unsigned(&text, u64::from(u16::MAX))?,
        UInt32 => unsigned(&text, u64::from(u32::MAX))?,
        UInt64 => unsigned(&text, u64::MAX)?,
        Int8 => signed(&text, i64::from(i8::MIN), i64::from(i8::MAX))?,
        Int16 => signed(&text, i64::from(i16::MIN), i64::from(i16::MAX))?,
        Int32 => signed(&text, i64::from(i32::MIN), i64::from(i32::MAX))?,
        Int64 | Interval(_) => signed(&text, i64::MIN, i64::MAX)?,
        UInt128 => Cell::Decimal(i256::from_parts(text.parse::<u128>().ok()?, 0)),
        Int128 => Cell::Decimal(i256::from_i128(text.parse::<i128>().ok()?)),
        UInt256 => Cell::Decimal(i256::from_le_bytes(parse_u256(&text)?)),
        Int256 => Cell::Decimal(i256::from_string(&text)?),
        Float32 | Float64 => Cell::Float(read_float(&text)?),
        Decimal { precision, scale } => Cell::Decimal(read_decimal(&text, *precision, *scale)?),
        FixedString(bytes) => {
            let mut out = text.as_bytes().to_vec();
            if out.len() > *bytes as usize {
                return None;
            }
            out.resize(*bytes as usize, 0);
            Cell::Bytes(out)
        }
        Uuid => Cell::Bytes(read_uuid(&text)?),
        Date => day(&text, 0, 65_535)?,
        Date32 => day(&text, -25_567, 120_529)?,
        DateTime(zone) => {
            let seconds = moment::parse(&text, zone.unwrap_or(chrono_tz::UTC))?.div_euclid(1_000_000_000);
            // four bytes in ClickHouse: 1970 to 2106
            Cell::Int(i64::from(u32::try_from(seconds).ok()?))
        }
        DateTime64(digits, zone) => {
            let nanoseconds = moment::parse(&text, zone.unwrap_or(chrono_tz::UTC))?;
            Cell::Int(in_unit(nanoseconds, *digits)?)
        }
        Enum8(names) => enumerated(&text, names.iter().map(|(name, number)| (name, i64::from(*number))))?,
        Enum16(names) => enumerated(&text, names.iter().map(|(name, number)| (name, i64::from(*number))))?,
        IPv4 => Cell::UInt(u64::from(text.parse::<Ipv4Addr>().ok()?.to_bits())),
        IPv6 => {
            let address = text.parse::<Ipv6Addr>().ok();
            let address = address.or_else(|| Some(text.parse::<Ipv4Addr>().ok()?.to_ipv6_mapped()))?;
            Cell::Bytes(address.octets().to_vec())
        }
        Nothing => Cell::Null,
        // states have no text; the rest is handled where values may nest
        _ => return None,
    })
}

fn read_bool(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" | "t" | "1" => Some(true),
        "false" | "False" | "FALSE" | "f" | "0" => Some(false),
        _ => None,
    }
}

fn unsigned<'a>(text: &str, max: u64) -> Option<Cell<'a>> {
    let value = match text.parse::<u64>() {
        Ok(value) => value,
        Err(_) => u64::try_from(whole(text)?).ok()?,
    };
    (value <= max).then_some(Cell::UInt(value))
}

fn signed<'a>(text: &str, min: i64, max: i64) -> Option<Cell<'a>> {
    let value = match text.parse::<i64>() {
        Ok(value) => value,
        Err(_) => whole(text)?,
    };
    (min..=max).contains(&value).then_some(Cell::Int(value))
}

/// `true`, and numbers such as `3.0` and `1e3` that lose nothing.
fn whole(text: &str) -> Option<i64> {
    match text {
        "true" => return Some(1),
        "false" => return Some(0),
        _ => {}
    }
    if !text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    (value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0).then_some(value as i64)
}

fn read_float(text: &str) -> Option<f64> {
    match text {
        "true" => Some(1.0),
        "false" => Some(0.0),
        // Rust reads nan, inf and infinity in any case, as ClickHouse does
        _ => text.parse().ok(),
    }
}

/// Digits beyond the scale are cut, as ClickHouse does; too many before the point do not fit.
fn read_decimal(text: &str, precision: u8, scale: u8) -> Option<i256> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let negative = mantissa.starts_with('-');
    let unsigned = mantissa.trim_start_matches(['-', '+']);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    if whole.is_empty() && fraction.is_empty() || whole.len() + fraction.len() > 400 || exponent.abs() > 400 {
        return None;
    }
    let digits = format!("{whole}{fraction}");
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let kept = whole.len() as i32 + exponent + i32::from(scale);
    let mut scaled: String = digits.chars().take(kept.max(0) as usize).collect();
    scaled.extend(std::iter::repeat_n('0', kept.max(0) as usize - scaled.len()));
    let scaled = scaled.trim_start_matches('0');
    if scaled.len() > usize::from(precision) {
        return None;
    }
    let value = if scaled.is_empty() { i256::ZERO } else { i256::from_string(scaled)? };
    Some(if negative { value.wrapping_neg() } else { value })
}

fn parse_u256(text: &str) -> Option<[u8; 32]> {
    let mut limbs = [0u64; 4];
    if text.is_empty() {
        return None;
    }
    for digit in text.bytes() {
        let mut carry = u128::from(char::from(digit).to_digit(10)?);
        for limb in &mut limbs {
            let value = u128::from(*limb) * 10 + carry;
            *limb = value as u64;
            carry = value >> 64;
        }
        if carry > 0 {
            return None;
        }
    }
    let mut out = [0; 32];
    for (chunk, limb) in out.chunks_exact_mut(8).zip(limbs) {
        chunk.copy_from_slice(&limb.to_le_bytes());
    }
    Some(out)
}

fn read_uuid(text: &str) -> Option<Vec<u8>> {
    let hex: Vec<u8> = match text.len() {
        36 if [8, 13, 18, 23].iter().all(|at| text.as_bytes()[*at] == b'-') => {
            text.bytes().filter(|byte| *byte != b'-').collect()
        }
        32 => text.bytes().collect(),
        _ => return None,
    };
    if hex.len() != 32 {
        return None;
    }
    hex.chunks_exact(2)
        .map(|pair| Some((char::from(pair[0]).to_digit(16)? * 16 + char::from(pair[1]).to_digit(16)?) as u8))
        .collect()
}

fn day<'a>(text: &str, min: i64, max: i64) -> Option<Cell<'a>> {
    // a small number counts days, as in ClickHouse
    let few = text.parse::<i64>().ok().filter(|days| text.len() <= 5 && (min..=max).contains(days));
    let days = few.or_else(|| moment::parse_days(text, chrono_tz::UTC))?;
    (min..=max).contains(&days).then_some(Cell::Int(days))
}

/// Nanoseconds in the unit that a `DateTime64` of so many digits is kept in, cut to its digits.
fn in_unit(nanoseconds: i128, digits: u8) -> Option<i64> {
    let step = 10i128.pow(9 - u32::from(digits));
    let cut = nanoseconds.div_euclid(step) * step;
    let unit = match time_unit(digits) {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    };
    i64::try_from(cut.div_euclid(unit)).ok()
}

fn enumerated<'a, 'n>(text: &str, mut names: impl Iterator<Item = (&'n String, i64)> + Clone) -> Option<Cell<'a>> {
    let by_name = names.clone().find(|(name, _)| *name == text);
    by_name
        .or_else(|| {
            let wanted = text.parse::<i64>().ok()?;
            names.find(|(_, number)| *number == wanted)
        })
        .map(|(_, number)| Cell::Int(number))
}
