//! Dates and times ↔ numbers, text and each other.

use super::cast::{OnError, parse_rows, primitive};
use super::number;
use crate::function::date::{DAY_S, Moment, Zone, read_date, read_moment};
use crate::value::{DataType, time_unit};
use arrow::array::*;
use arrow::compute;
use arrow::datatypes::DataType as Arrow;
use arrow::datatypes::*;
use datafusion::common::{Result as EngineResult, exec_err};
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

/// The inverse of [`ticks`].
pub(crate) fn from_ticks(ticks: Int64Array, to: &DataType) -> EngineResult<ArrayRef> {
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
        (Date | Date32, Date) => values.unary(|days| days.clamp(0, DATE_MAX)),
        (Date | Date32, Date32) => values,
        (Date | Date32, _) => {
            let (zone, units) = (zone_of(to), 10i64.pow(unit_digits(to)));
            values.unary(|days| zone.to_unix(days * DAY_S).saturating_mul(units))
        }
        (_, Date) => {
            let zone = zone_of(from);
            values.unary(|value| zone.to_local(value.div_euclid(per_second)).div_euclid(DAY_S).clamp(0, DATE_MAX))
        }
        (_, Date32) => {
            let zone = zone_of(from);
            values.unary(|value| zone.to_local(value.div_euclid(per_second)).div_euclid(DAY_S))
        }
        (_, DateTime(_)) => values.unary(|value| value.div_euclid(per_second).clamp(0, i64::from(u32::MAX))),
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
    if to.is_float() || matches!(to, DataType::Decimal { .. }) {
        let floats = values.unary::<_, Float64Type>(|value| value as f64 / per_second as f64);
        return Ok(compute::cast(&floats, &to.to_arrow())?);
    }
    let whole: ArrayRef = Arc::new(values.unary::<_, Int64Type>(|value| value.div_euclid(per_second)));
    number::cast(&whole, to)
}

/// Small numbers are days for `Date`; larger ones, and all for `DateTime`, Unix time.
fn from_number(array: &ArrayRef, from: &DataType, to: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    if (from.is_float() || matches!(from, DataType::Decimal { .. }))
        && let DataType::DateTime64(..) = to
    {
        let (units, cut) = (10f64.powi(unit_digits(to) as i32), 10i64.pow(unit_digits(to) - digits(to)));
        let floats = compute::cast(array, &Arrow::Float64)?;
        let values = primitive::<Float64Type>(&floats)?
            .unary::<_, Int64Type>(|value| ((value * units).round() as i64).div_euclid(cut) * cut);
        return from_ticks(values, to);
    }
    if !from.is_numeric() && !matches!(from, DataType::Interval(_)) {
        return exec_err!("cannot convert {from} to {to}");
    }
    let _ = on_error;
    let whole = match array.data_type() {
        Arrow::Decimal128(..) | Arrow::Decimal256(..) => compute::cast(array, &Arrow::Int64)?,
        _ => array.clone(),
    };
    let values = number::bits(&whole)?;
    let values = match to {
        DataType::Date => values.unary(|value| days_of(value).clamp(0, DATE_MAX)),
        DataType::Date32 => values.unary(days_of),
        DataType::DateTime(_) => values.unary(|value| value.clamp(0, i64::from(u32::MAX))),
        _ => {
            let units = 10i64.pow(unit_digits(to));
            values.unary(|value| value.saturating_mul(units))
        }
    };
    from_ticks(values, to)
}

fn days_of(value: i64) -> i64 {
    if value > DATE_MAX { value.div_euclid(DAY_S) } else { value }
}

pub(super) fn from_strings(strings: &StringViewArray, to: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    let zone = zone_of(to);
    match to {
        DataType::Date | DataType::Date32 => {
            let clamp = *to == DataType::Date;
            let parse = |text: &str| {
                let days = parse_date(text)?;
                Some(if clamp { days.clamp(0, DATE_MAX as i32) } else { days })
            };
            parse_rows::<Date32Type>(strings, to, on_error, parse, |text| {
                format!(
                    "cannot parse date {text:?}: expected a date in the YYYY-MM-DD or YYYYMMDD format: cannot parse {to} from String"
                )
            })
        }
        _ => {
            let is_time64 = matches!(to, DataType::DateTime64(..));
            let (unit, digits) = (unit_digits(to), digits(to));
            let parse = |text: &str| {
                let value = parse_moment(text)?.unix_in(&zone, unit, digits);
                Some(if is_time64 { value } else { value.clamp(0, i64::from(u32::MAX)) })
            };
            let values = parse_rows::<Int64Type>(strings, &DataType::Int64, on_error, parse, |text| {
                format!("cannot read DateTime {text:?}: cannot parse {to} from String")
            })?;
            from_ticks(values.as_primitive().clone(), to)
        }
    }
}

fn parse_date(text: &str) -> Option<i32> {
    let (days, rest) = read_date(text.as_bytes())?;
    let time_follows = matches!(rest, [] | [b' ' | b'T', ..]);
    time_follows.then_some(days)
}

fn parse_moment(text: &str) -> Option<Moment> {
    read_moment(text.as_bytes())
}
