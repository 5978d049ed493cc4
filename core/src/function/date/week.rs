//! Weeks of the year by MySQL's ten modes, and the names of months and days.

use super::calendar::{self, Civil, DAY_S, Zone};
use super::start_of::with_zone;
use crate::function::convert::{cast, ticks, unit_digits};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::Input;
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::ArrayRef;
use datafusion::common::Result as EngineResult;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "toWeek" | "week", any_case, "toWeek(time[, mode[, zone]])", "The number of the week, by MySQL's modes 0 to 9.", [("toWeek(toDate('2024-05-15'))", "19"), ("toWeek(toDate('2023-12-31'), 1)", "52"), ("toWeek(toDate('2021-01-03'), 9)", "1")], |call| weeks(call, DataType::UInt8);
    "toYearWeek" | "yearweek", any_case, "toYearWeek(time[, mode[, zone]])", "The year and number of the week as one number; the year is that of the week.", [("toYearWeek(toDate('2024-05-15'))", "202419"), ("toYearWeek(toDate('2024-01-01'), 1)", "202401")], |call| weeks(call, DataType::UInt32);
    "monthName", any_case, "monthName(time)", "The name of the month.", [("monthName(toDate('2024-05-15'))", "May")], |call| {
        call.count(1..=1)?;
        call.expect_time(0)?;
        let part = crate::function::literal(datafusion::scalar::ScalarValue::Utf8View(Some("month".into())), DataType::String);
        Ok(call.kernel_on(names, DataType::String, vec![part, call.arguments[0].clone()]))
    };
    "dateName", any_case, "dateName('part', time[, zone])", "A part of a time as text: year, quarter, month, dayofyear, day, week, weekday, hour, minute or second.", [("dateName('weekday', toDate('2024-05-15'))", "Wednesday"), ("dateName('month', toDate('2024-05-15'))", "May")], |call| {
        let count = call.count(2..=3)?;
        let part = call.constant_text(0)?.to_ascii_lowercase();
        if !PARTS.contains(&part.as_str()) {
            return Err(call.mismatch(format_args!("got {part:?}, which is no part of a date")));
        }
        let time = Call { function: call.function, name: call.name, context: call.context, arguments: call.arguments[1..count].to_vec() };
        let time = with_zone(&time, 1)?;
        Ok(call.kernel_on(names, DataType::String, vec![call.arguments[0].clone(), time]))
    };
};

const PARTS: [&str; 10] =
    ["year", "quarter", "month", "dayofyear", "day", "week", "weekday", "hour", "minute", "second"];

fn weeks(call: &Call, result: DataType) -> Result<Typed, Mismatch> {
    call.count(1..=3)?;
    let mode = if call.arguments.len() > 1 { call.constant_integer(1)? } else { 0 };
    let mode = crate::function::literal(datafusion::scalar::ScalarValue::Int64(Some(mode)), DataType::Int64);
    let time = if call.bare(0).is_string() {
        cast(call.arguments[0].clone(), &DataType::DateTime64(3, None))?
    } else {
        with_zone(call, 2)?
    };
    Ok(call.kernel_on(week_numbers, result, vec![time, mode]))
}

fn week_numbers(input: &Input) -> EngineResult<ArrayRef> {
    let mode = input.integers(1)?(0);
    let with_year = *input.result == DataType::UInt32;
    let days = local_seconds(input, 0)?;
    input.numbers(|row| {
        let day = days(row).div_euclid(DAY_S) as i32;
        let (year, week) = week_of(day, mode, with_year);
        Ok(if with_year { i64::from(year) * 100 + i64::from(week) } else { i64::from(week) })
    })
}

/// MySQL's `calc_week`: bit 0 is a week that begins on Monday, bit 1 a week 53 instead of a week 0, bit 2 whether
/// the first week is the one with most days in the year or the first that begins in it, which bit 0 turns over. Modes 8 and 9 call the week of January 1 the first.
fn week_of(day: i32, mode: i64, with_year: bool) -> (i32, i32) {
    let (mode, holds_january_first) = (mode & 7, mode & 8 != 0);
    let monday_first = mode & 1 != 0;
    let Civil { year, .. } = calendar::civil(day);
    let weekday = |day: i32| {
        if monday_first { calendar::weekday(day) } else { (calendar::weekday(day) + 1) % 7 }
    };
    if holds_january_first {
        let next = calendar::days(year + 1, 1, 1);
        if day + (6 - weekday(day)) >= next {
            return (year + 1, 1);
        }
        let first = calendar::days(year, 1, 1);
        return (year, (day - (first - weekday(first))) / 7 + 1);
    }
    let week_year = mode & 2 != 0 || with_year;
    let first_whole = (mode & 4 != 0) == monday_first;
    calc_week(day, year, weekday, week_year, first_whole)
}

fn calc_week(
    day: i32,
    mut year: i32,
    weekday: impl Fn(i32) -> i32,
    mut week_year: bool,
    first_whole: bool,
) -> (i32, i32) {
    let mut first = calendar::days(year, 1, 1);
    let mut start = weekday(first);
    let begins_late = |start: i32| if first_whole { start != 0 } else { start >= 4 };
    let Civil { month, day: of_month, .. } = calendar::civil(day);
    if month == 1 && of_month as i32 <= 7 - start {
        if !week_year && begins_late(start) {
            return (year, 0);
        }
        if begins_late(start) {
            week_year = true;
            year -= 1;
            let length = if calendar::is_leap(year) { 366 } else { 365 };
            first -= length;
            start = (start + 53 * 7 - length) % 7;
        }
    }
    let since = if begins_late(start) { day - (first + (7 - start)) } else { day - (first - start) };
    if week_year && since >= 52 * 7 {
        let length = if calendar::is_leap(year) { 366 } else { 365 };
        let next = (start + length) % 7;
        let is_next = if first_whole { next == 0 } else { next < 4 };
        if is_next {
            return (year + 1, 1);
        }
    }
    (year, since / 7 + 1)
}

/// What a clock on the wall shows in each row, in seconds.
pub(super) fn local_seconds(input: &Input, index: usize) -> EngineResult<impl Fn(usize) -> i64 + use<>> {
    let source = &input.types[index];
    let is_day = matches!(source.bare(), DataType::Date | DataType::Date32);
    let per_second = 10i64.pow(unit_digits(source));
    let (values, zone) = (ticks(&input.columns[index].array)?, Zone::new(source.time_zone()));
    let is_constant = input.columns[index].is_constant;
    Ok(move |row: usize| {
        let tick = values.value(if is_constant { 0 } else { row });
        if is_day { tick * DAY_S } else { zone.to_local(tick.div_euclid(per_second)) }
    })
}

fn names(input: &Input) -> EngineResult<ArrayRef> {
    use std::fmt::Write;
    let part = input.strings(0)?.get(0).to_ascii_lowercase();
    let local = local_seconds(input, 1)?;
    input.write_strings(|row, out| {
        let local = local(row);
        let (day, second) = (local.div_euclid(DAY_S) as i32, local.rem_euclid(DAY_S));
        let civil = calendar::civil(day);
        let number = match part.as_str() {
            "month" => {
                out.push_str(super::format::MONTHS[civil.month as usize - 1]);
                return Ok(());
            }
            "weekday" => {
                out.push_str(super::format::DAYS[calendar::weekday(day) as usize]);
                return Ok(());
            }
            "year" => i64::from(civil.year),
            "quarter" => i64::from((civil.month - 1) / 3 + 1),
            "dayofyear" => i64::from(day - calendar::days(civil.year, 1, 1) + 1),
            "day" => i64::from(civil.day),
            "week" => super::format::iso_week(day).1 as i64,
            "hour" => second / 3600,
            "minute" => second / 60 % 60,
            _ => second % 60,
        };
        let _ = write!(out, "{number}");
        Ok(())
    })
}
