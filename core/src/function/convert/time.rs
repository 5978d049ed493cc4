//! Dates and times ↔ numbers, text and each other.

use super::cast::{OnError, parse_rows, primitive};
use super::number;
use crate::function::date::{DAY_S, Moment, Zone, read_best_effort, read_day, read_moment};
use crate::function::fault::{Fault, fault};
use crate::value::{DataType, time_unit};
use arrow::array::*;
use arrow::compute;
use arrow::datatypes::DataType as Arrow;
use arrow::datatypes::*;
use datafusion::common::Result as EngineResult;
use std::sync::Arc;

/// The last day of `Date`, 2149-06-06.
const DATE_MAX: i64 = 65_535;

pub(crate) fn zone_of(data_type: &DataType) -> Zone {
    Zone::new(data_type.time_zone())
}

/// Digits of the unit that `DateTime64(digits)` is stored in.
pub(crate) fn unit_digits(data_type: &DataType) -> u32 {
    match data_type.bare() {
        DataType::DateTime64(digits, _) => match time_unit(*digits) {
            TimeUnit::Second => 0,
            TimeUnit::Millisecond => 3,
            TimeUnit::Microsecond => 6,
            TimeUnit::Nanosecond => 9,
        },
        _ => 0,
    }
}

fn digits(data_type: &DataType) -> u32 {
    match data_type {
        DataType::DateTime64(digits, _) => u32::from(*digits),
        _ => 0,
    }
}

/// Days or a count of units since the epoch.
pub(crate) fn ticks(array: &ArrayRef) -> EngineResult<Int64Array> {
    let array = match array.data_type() {
        Arrow::Date32 => compute::cast(array, &Arrow::Int32)?,
        _ => array.clone(),
    };
    Ok(primitive::<Int64Type>(&compute::cast(&array, &Arrow::Int64)?)?.clone())
}

/// The inverse of [`ticks`]. What `Date` and `DateTime` do not hold wraps, as their 16 and 32 bits do.
pub(crate) fn from_ticks(ticks: Int64Array, to: &DataType) -> EngineResult<ArrayRef> {
    let ticks = match to.bare() {
        DataType::Date => ticks.unary(|days| i64::from(days as u16)),
        DataType::DateTime(_) => ticks.unary(|second| i64::from(second as u32)),
        _ => ticks,
    };
    Ok(match to.to_arrow() {
        Arrow::Date32 => Arc::new(ticks.unary::<_, Date32Type>(|days| days as i32)),
        arrow => compute::cast(&(Arc::new(ticks) as ArrayRef), &arrow)?,
    })
}

pub(super) fn cast(array: &ArrayRef, from: &DataType, to: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    match (from.is_date_or_time(), to.is_date_or_time()) {
        (true, true) => between(array, from, to),
        (true, false) => to_number(array, from, to),
        _ => from_number(array, from, to, on_error),
    }
}

fn between(array: &ArrayRef, from: &DataType, to: &DataType) -> EngineResult<ArrayRef> {
    use DataType::*;
    let values = ticks(array)?;
    let per_second = 10i64.pow(unit_digits(from));
    let result = match (from, to) {
        (Date | Date32, Date | Date32) => values,
        (Date | Date32, _) => {
            let (zone, units) = (zone_of(to), 10i64.pow(unit_digits(to)));
            values.unary(|days| zone.to_unix(days * DAY_S).saturating_mul(units))
        }
        (_, Date | Date32) => {
            let zone = zone_of(from);
            values.unary(|value| zone.to_local(value.div_euclid(per_second)).div_euclid(DAY_S))
        }
        (_, DateTime(_)) => values.unary(|value| value.div_euclid(per_second)),
        _ => {
            let (from_unit, to_unit) = (unit_digits(from), unit_digits(to));
            let cut = 10i64.pow(to_unit - digits(to));
            values.unary(|value| {
                let value = if to_unit >= from_unit {
                    value.saturating_mul(10i64.pow(to_unit - from_unit))
                } else {
                    value.div_euclid(10i64.pow(from_unit - to_unit))
                };
                value.div_euclid(cut) * cut
            })
        }
    };
    from_ticks(result, to)
}

fn to_number(array: &ArrayRef, from: &DataType, to: &DataType) -> EngineResult<ArrayRef> {
    let values = ticks(array)?;
    let per_second = 10i64.pow(unit_digits(from));
    if let (DataType::Decimal { .. }, DataType::DateTime64(..)) = (to, from) {
        let scale = unit_digits(from) as u8;
        let unscaled: ArrayRef =
            Arc::new(values.unary::<_, Decimal128Type>(i128::from).with_precision_and_scale(38, scale as i8)?);
        return super::decimal::cast(&unscaled, &DataType::Decimal { precision: 38, scale }, to, OnError::Fail);
    }
    if to.is_float() || matches!(to, DataType::Decimal { .. }) {
        let floats = values.unary::<_, Float64Type>(|value| value as f64 / per_second as f64);
        return Ok(compute::cast(&floats, &to.to_arrow())?);
    }
    let whole = values.unary::<_, Int64Type>(|value| value.div_euclid(per_second));
    let bits = to.integer_bits().unwrap_or(64);
    if let (DataType::DateTime64(..), 0..64) = (from, bits) {
        let (least, most) = match to.is_signed_integer() {
            true => (-(1i64 << (bits - 1)), (1i64 << (bits - 1)) - 1),
            false => (0, (1i64 << bits) - 1),
        };
        if whole.iter().flatten().any(|value| !(least..=most).contains(&value)) {
            return fault(
                Fault::DecimalOverflow,
                format!("decimal overflow: a value of {from} is out of the range of {to}"),
            );
        }
    }
    let whole: ArrayRef = Arc::new(whole);
    if super::wide::is_wide(to) {
        return super::wide::cast(&whole, to, OnError::Fail);
    }
    number::cast(&whole, to, OnError::Fail)
}

/// The last second that is written with four digits of a year.
const SECOND_MAX: i64 = 253_402_300_799;

/// Small numbers are days for `Date`; larger ones, and all for `DateTime`, Unix time.
fn from_number(array: &ArrayRef, from: &DataType, to: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    if (from.is_float() || matches!(from, DataType::Decimal { .. }))
        && let DataType::DateTime64(..) = to
    {
        let (units, cut) = (10f64.powi(unit_digits(to) as i32), 10i64.pow(unit_digits(to) - digits(to)));
        let floats = super::cast_array(array, from, &DataType::Float64, on_error)?;
        if primitive::<Float64Type>(&floats)?.iter().flatten().any(f64::is_nan) {
            return fault(Fault::DecimalOverflow, format!("decimal overflow: a float that is not a number is no {to}"));
        }
        // digits beyond the type's are cut, but not those that a float cannot hold
        let values = primitive::<Float64Type>(&floats)?.unary::<_, Int64Type>(|value| {
            let scaled = value * units / cut as f64;
            let near = scaled.round();
            let whole = if (scaled - near).abs() < 1e-6 * near.abs().max(1.0) * 1e-6 { near } else { scaled.trunc() };
            (whole as i64).saturating_mul(cut)
        });
        return from_ticks(values, to);
    }
    let values = match array.data_type() {
        Arrow::Float32 | Arrow::Float64 => {
            let floats = compute::cast(array, &Arrow::Float64)?;
            let floats = primitive::<Float64Type>(&floats)?;
            if *to != DataType::Date32 && floats.iter().flatten().any(|value| !value.is_finite()) {
                return fault(Fault::CannotConvert, format!("cannot convert a float that is not finite to {to}"));
            }
            floats.unary(|value| value as i64)
        }
        Arrow::UInt64 => primitive::<UInt64Type>(array)?.unary(|value| i64::try_from(value).unwrap_or(i64::MAX)),
        Arrow::Decimal128(..) | Arrow::Decimal256(..) => super::wide(array)?.unary(|value| {
            let end = if value.is_negative() { i64::MIN } else { i64::MAX };
            value.to_i128().and_then(|value| i64::try_from(value).ok()).unwrap_or(end)
        }),
        Arrow::Boolean => number::bits(&compute::cast(array, &Arrow::UInt8)?)?,
        _ => number::bits(array)?,
    };
    let latest = i64::from(u32::MAX);
    let values = match to {
        DataType::Date => values.unary(|value| match value {
            value if value > DATE_MAX => value.min(latest).div_euclid(DAY_S),
            value => value.max(0),
        }),
        DataType::Date32 => values.unary(|value| match value {
            value if value > DATE32_MAX => value.min(SECOND_MAX).div_euclid(DAY_S),
            value => value.max(DATE32_MIN),
        }),
        DataType::DateTime(_) => values.unary(|value| value.clamp(0, latest)),
        _ => {
            let units = 10i64.pow(unit_digits(to));
            let cut = 10i64.pow(unit_digits(to) - digits(to));
            values.unary(|value| match value {
                value if value > SECOND_MAX => SECOND_MAX.saturating_mul(units).saturating_add(units - cut),
                value => value.saturating_mul(units),
            })
        }
    };
    from_ticks(values, to)
}

/// The days of the years 0000 and 9999.
const DATE32_MIN: i64 = -719_528;
const DATE32_MAX: i64 = 2_932_896;

/// Text in almost any notation.
pub(super) fn from_strings(strings: &StringViewArray, to: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    match to {
        DataType::Date | DataType::Date32 => dates(strings, to, on_error),
        _ => times(strings, to, on_error, |text| {
            read_usual(text).or_else(|| read_best_effort(text, None, matches!(to, DataType::DateTime64(..))))
        }),
    }
}

/// Text in the notation that ClickHouse writes, or Unix time.
pub(super) fn from_plain_strings(strings: &ArrayRef, to: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    let units = 10i64.pow(unit_digits(to));
    times(strings.as_string_view(), to, on_error, |text| read_plain(text, to, units))
}

fn dates(strings: &StringViewArray, to: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    let first = if *to == DataType::Date { 0 } else { YEAR_1900 };
    let latest = if *to == DataType::Date { DATE_MAX as i32 } else { i32::MAX };
    let parse = |text: &str| {
        let (days, rest) = read_day(text.as_bytes())?;
        // a time of day is passed over
        matches!(rest, [] | [b' ', _, _, _, _, _, _, _, _]).then(|| days.unwrap_or(first))
    };
    let parse = |text: &str| match parse(text) {
        None if on_error == OnError::Default => Some(first),
        days => days.map(|days| days.clamp(if *to == DataType::Date { 0 } else { i32::MIN }, latest)),
    };
    parse_rows::<Date32Type>(strings, to, on_error, parse, |text| {
        let kind = if read_day(text.as_bytes()).is_some() { Fault::CannotParseText } else { Fault::CannotParseDate };
        kind.error(format!(
            "cannot parse date {text:?}: expected a date in the YYYY-MM-DD or YYYYMMDD format: cannot parse {to} from String"
        ))
    })
}

/// The first day that ClickHouse's calendar had.
const YEAR_1900: i32 = -25_567;

fn times(
    strings: &StringViewArray,
    to: &DataType,
    on_error: OnError,
    read: impl Fn(&str) -> Option<Moment>,
) -> EngineResult<ArrayRef> {
    let zone = zone_of(to);
    let is_time64 = matches!(to, DataType::DateTime64(..));
    let (unit, digits) = (unit_digits(to), digits(to));
    let parse = |text: &str| {
        let moment = read(text)?;
        if is_time64 {
            return moment.unix_in(&zone, unit, digits);
        }
        Some(moment.unix(&zone).clamp(0, i64::from(u32::MAX)))
    };
    let values = parse_rows::<Int64Type>(strings, &DataType::Int64, on_error, parse, |text| {
        Fault::CannotParseTime.error(format!("cannot read DateTime {text:?}: cannot parse {to} from String"))
    })?;
    from_ticks(values.as_primitive().clone(), to)
}

/// `2024-01-31 10:00:00.123`, the notation that is read most.
fn read_usual(text: &str) -> Option<Moment> {
    if text.as_bytes().get(4) != Some(&b'-') {
        return None;
    }
    read_moment(text.as_bytes())
}

/// `YYYY-MM-DD[ hh:mm:ss[.fraction]]`, whose numbers may run over, or a number: Unix time, of more than twelve
/// digits in the units of a `DateTime64`.
fn read_plain(text: &str, to: &DataType, units: i64) -> Option<Moment> {
    let is_time64 = matches!(to, DataType::DateTime64(..));
    let bytes = text.as_bytes();
    if let [y1, y2, y3, y4, separator, ..] = bytes
        && [y1, y2, y3, y4].iter().all(|byte| byte.is_ascii_digit())
        && !separator.is_ascii_digit()
    {
        if bytes.get(7).is_none_or(u8::is_ascii_digit) || bytes.len() < 10 {
            return None;
        }
        let (days, rest) = read_day(bytes)?;
        let days = i64::from(days.unwrap_or(if is_time64 { YEAR_1900 } else { 0 }));
        let moment =
            |seconds: i64, nanoseconds: i64| Moment { seconds: days * DAY_S + seconds, nanoseconds, is_unix: false };
        let rest = match rest {
            [] => return Some(moment(0, 0)),
            [b' ' | b'T', rest @ ..] => std::str::from_utf8(rest).ok()?,
            _ => return None,
        };
        let (clock, fraction) = rest.split_at_checked(8)?;
        let mut parts = clock.split(':').map(|part| part.parse::<i64>().ok().filter(|_| part.len() == 2));
        let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
        let fraction = match fraction.strip_prefix('.') {
            Some(fraction) => crate::function::date::fraction(fraction.as_bytes())?,
            None if fraction.is_empty() => 0,
            None => return None,
        };
        return Some(moment(hour * 3600 + minute * 60 + second, fraction));
    }
    if is_time64 && text.is_empty() {
        return Some(Moment { seconds: 0, nanoseconds: 0, is_unix: true });
    }
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let unsigned = whole.strip_prefix('-').filter(|_| is_time64).unwrap_or(whole);
    let is_number = unsigned.len() >= if is_time64 && unsigned != whole { 1 } else { 5 };
    if !is_number || unsigned.len() > 19 || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    let nanoseconds = match fraction {
        Some(_) if !is_time64 => return None,
        Some(fraction) => crate::function::date::fraction(fraction.as_bytes())?,
        None => 0,
    };
    if is_time64 && unsigned.len() > 12 {
        let nanoseconds = number.rem_euclid(units) * (1_000_000_000 / units);
        return Some(Moment { seconds: number.div_euclid(units), nanoseconds, is_unix: true });
    }
    Some(Moment { seconds: number, nanoseconds, is_unix: true })
}
