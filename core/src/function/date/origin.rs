//! `toStartOfInterval(time, interval, origin)`: intervals that are counted from a moment of their own.

use super::calendar::{self, Civil, DAY_S};
use crate::function::convert::{from_ticks, ticks, unit_digits};
use crate::function::definition::{Call, Mismatch};
use crate::function::scalar::Input;
use crate::function::typed::{Typed, literal};
use crate::value::{DataType, IntervalUnit};
use arrow::array::{ArrayRef, Int64Array};
use datafusion::common::{Result as EngineResult, exec_err};
use datafusion::scalar::ScalarValue;

pub(super) fn bind(call: &Call, amount: i64, unit: IntervalUnit) -> Result<Typed, Mismatch> {
    let zone = if call.arguments.len() > 3 { Some(call.constant_zone(3)?) } else { None };
    let time = call.bare(0).clone();
    if std::mem::discriminant(&time) != std::mem::discriminant(call.bare(2)) {
        return Err(call.mismatch(format_args!("needs an origin of the type {time}, not {}", call.bare(2))));
    }
    let digits = match unit {
        IntervalUnit::Nanosecond => 9,
        IntervalUnit::Microsecond => 6,
        IntervalUnit::Millisecond => 3,
        _ => 0,
    };
    let is_day = matches!(time, DataType::Date | DataType::Date32);
    let result = match &time {
        DataType::Date | DataType::Date32 if unit >= IntervalUnit::Day => time.clone(),
        DataType::DateTime(own) if digits == 0 => DataType::DateTime(zone.or(*own)),
        DataType::DateTime64(_, own) if digits > 0 => DataType::DateTime64(digits, zone.or(*own)),
        DataType::DateTime64(precision, own) => DataType::DateTime64(*precision, zone.or(*own)),
        _ => return Err(call.wrong_type(0)),
    };
    // in ticks of the result, or in months
    let per_second = 10i64.pow(unit_digits(&result));
    let (step, is_month) = match unit {
        IntervalUnit::Nanosecond | IntervalUnit::Microsecond | IntervalUnit::Millisecond => (1, false),
        IntervalUnit::Second => (per_second, false),
        IntervalUnit::Minute => (60 * per_second, false),
        IntervalUnit::Hour => (3600 * per_second, false),
        IntervalUnit::Day => (if is_day { 1 } else { DAY_S * per_second }, false),
        IntervalUnit::Week => (if is_day { 7 } else { 7 * DAY_S * per_second }, false),
        IntervalUnit::Month => (1, true),
        IntervalUnit::Quarter => (3, true),
        IntervalUnit::Year => (12, true),
    };
    let step = step.checked_mul(amount).ok_or_else(|| call.mismatch("got an interval that is too long"))?;
    let number = |value: i64| literal(ScalarValue::Int64(Some(value)), DataType::Int64);
    let same = |typed: Typed| crate::function::cast(typed, &result);
    let arguments = vec![
        same(call.arguments[0].clone())?,
        same(call.arguments[2].clone())?,
        number(step),
        number(i64::from(is_month)),
    ];
    Ok(call.kernel_on(starts, result, arguments))
}

fn starts(input: &Input) -> EngineResult<ArrayRef> {
    let (times, origins) = (ticks(&input.expanded(0)?)?, ticks(&input.expanded(1)?)?);
    let (step, is_month) = (input.integers(2)?(0), input.integers(3)?(0) == 1);
    let is_day = matches!(input.result, DataType::Date | DataType::Date32);
    let per_day = if is_day { 1 } else { DAY_S * 10i64.pow(unit_digits(input.result)) };
    let mut out = Vec::with_capacity(input.rows);
    for row in 0..input.rows {
        let (time, origin) = (times.value(row), origins.value(row));
        if input.is_null(row) {
            out.push(0);
            continue;
        }
        if time < origin {
            return exec_err!("the origin of an interval must not be after the time");
        }
        out.push(if is_month {
            let moved = |months: i64| {
                let day = calendar::add_months(origin.div_euclid(per_day) as i32, months);
                i64::from(day) * per_day + origin.rem_euclid(per_day)
            };
            let month = |tick: i64| {
                let Civil { year, month, .. } = calendar::civil(tick.div_euclid(per_day) as i32);
                i64::from(year) * 12 + i64::from(month)
            };
            let between = month(time) - month(origin);
            let between = if moved(between) > time { between - 1 } else { between };
            moved(between / step * step)
        } else {
            origin + (time - origin) / step * step
        });
    }
    from_ticks(Int64Array::from(out), input.result)
}
