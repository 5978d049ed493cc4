//! `changeYear` … `changeSecond`: a time with one of its numbers replaced.

use super::calendar::{self, Civil, DAY_S, Zone};
use crate::function::convert::{cast, from_ticks, ticks, unit_digits, widen};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::Input;
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::{ArrayRef, Int64Array};
use datafusion::common::Result as EngineResult;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "changeYear", exact_case, "changeYear(time, year)", "The time with another year.", [("changeYear(toDate('2024-01-31'), 2023)", "2023-01-31")], bind;
    "changeMonth", exact_case, "changeMonth(time, month)", "The time with another month.", [("changeMonth(toDate('2024-01-31'), 3)", "2024-03-31")], bind;
    "changeDay", exact_case, "changeDay(time, day)", "The time with another day of the month.", [("changeDay(toDate('2024-01-31'), 15)", "2024-01-15")], bind;
    "changeHour", exact_case, "changeHour(time, hour)", "The time with another hour; a date becomes a time.", [("changeHour(toDate('2024-01-31'), 15)", "2024-01-31 15:00:00")], bind;
    "changeMinute", exact_case, "changeMinute(time, minute)", "The time with another minute; a date becomes a time.", [("changeMinute(toDateTime('2024-01-31 10:11:12'), 15)", "2024-01-31 10:15:12")], bind;
    "changeSecond", exact_case, "changeSecond(time, second)", "The time with another second; a date becomes a time.", [("changeSecond(toDateTime('2024-01-31 10:11:12'), 15)", "2024-01-31 10:11:15")], bind;
};

fn bind(call: &Call) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    let time = call.arguments[0].clone();
    if !call.bare(1).is_numeric() {
        return Err(call.wrong_type(1));
    }
    let of_day = matches!(call.function.name, "changeHour" | "changeMinute" | "changeSecond");
    let result = match call.expect_time(0)? {
        DataType::Date if of_day => DataType::DateTime(None),
        DataType::Date32 if of_day => DataType::DateTime64(3, None),
        other => other.clone(),
    };
    let part = match call.function.name {
        "changeYear" => 0,
        "changeMonth" => 1,
        "changeDay" => 2,
        "changeHour" => 3,
        "changeMinute" => 4,
        _ => 5,
    };
    let part = crate::function::literal(datafusion::scalar::ScalarValue::Int64(Some(part)), DataType::Int64);
    let number = cast(call.arguments[1].clone(), &DataType::Int64)?;
    let time = if time.data_type.bare() == &result { time } else { widen(time, &result) };
    Ok(call.kernel_on(changed, result, vec![time, number, part]))
}

/// A number that its place does not take gives the type's first moment.
fn changed(input: &Input) -> EngineResult<ArrayRef> {
    let (number, part) = (input.integers(1)?, input.integers(2)?(0));
    let values = ticks(&input.expanded(0)?)?;
    let result = input.result;
    let is_day = matches!(result, DataType::Date | DataType::Date32);
    let per_second = if is_day { 1 } else { 10i64.pow(unit_digits(result)) };
    let zone = Zone::new(result.time_zone());
    let change = |row: usize| {
        let tick = values.value(row);
        let local = if is_day { tick * DAY_S } else { zone.to_local(tick.div_euclid(per_second)) };
        let Civil { year, month, day } = calendar::civil(local.div_euclid(DAY_S) as i32);
        let mut parts = [
            i64::from(year),
            i64::from(month),
            i64::from(day),
            local.rem_euclid(DAY_S) / 3600,
            local.rem_euclid(3600) / 60,
            local.rem_euclid(60),
        ];
        parts[part as usize] = number(row);
        let local = super::make::local_second(parts)?;
        let tick = if is_day {
            local.div_euclid(DAY_S)
        } else {
            zone.to_unix(local).saturating_mul(per_second).saturating_add(tick.rem_euclid(per_second))
        };
        Some(super::make::saturated(tick, result))
    };
    let first = super::make::first_tick(result);
    let rows = (0..input.rows).map(|row| if input.is_null(row) { 0 } else { change(row).unwrap_or(first) });
    from_ticks(Int64Array::from_iter_values(rows), result)
}
