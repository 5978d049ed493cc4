//! Dates and times put together from numbers: `makeDate`, `makeDateTime64`, `YYYYMMDDToDate` …

use super::calendar::{self, DAY_S, Zone};
use crate::function::convert::{cast, from_ticks, unit_digits};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::Input;
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::{Array, ArrayRef, Int64Array};
use datafusion::common::{Result as EngineResult, exec_err};

pub(crate) const FUNCTIONS: &[Function] = family! {
    "makeDate", any_case, "makeDate(year, month, day) or makeDate(year, day)", "A Date from its numbers; with two, of a day of the year.", [("makeDate(2024, 2, 29)", "2024-02-29"), ("makeDate(2024, 60)", "2024-02-29"), ("makeDate(2024, 13, 1)", "1970-01-01")], |call| date(call, DataType::Date);
    "makeDate32", exact_case, "makeDate32(year, month, day) or makeDate32(year, day)", "A Date32 from its numbers.", [("makeDate32(1925, 2, 3)", "1925-02-03")], |call| date(call, DataType::Date32);
    "makeDateTime", exact_case, "makeDateTime(year, month, day, hour, minute, second[, zone])", "A DateTime from its numbers.", [("makeDateTime(2024, 2, 29, 12, 30, 45)", "2024-02-29 12:30:45")], |call| {
        let count = call.count(6..=7)?;
        let zone = if count == 7 { Some(call.constant_zone(6)?) } else { None };
        Ok(call.kernel_on(made, DataType::DateTime(zone), numbers(call, 6)?))
    };
    "makeDateTime64", exact_case, "makeDateTime64(year, month, day, hour, minute, second[, fraction[, digits[, zone]]])", "A DateTime64 from its numbers.", [("makeDateTime64(2024, 2, 29, 12, 30, 45, 779, 5)", "2024-02-29 12:30:45.00779")], |call| {
        let count = call.count(6..=9)?;
        let digits = if count > 7 { call.constant_integer(7)? } else { 3 };
        if !(0..=9).contains(&digits) {
            return Err(call.mismatch(format_args!("takes 0 to 9 digits, not {digits}")));
        }
        let zone = if count > 8 { Some(call.constant_zone(8)?) } else { None };
        Ok(call.kernel_on(made, DataType::DateTime64(digits as u8, zone), numbers(call, count.min(7))?))
    };
    "YYYYMMDDToDate", exact_case, "YYYYMMDDToDate(number)", "A Date from a number of eight digits.", [("YYYYMMDDToDate(20240131)", "2024-01-31")], |call| from_digits(call, DataType::Date);
    "YYYYMMDDToDate32", exact_case, "YYYYMMDDToDate32(number)", "A Date32 from a number of eight digits.", [("YYYYMMDDToDate32(19250131)", "1925-01-31")], |call| from_digits(call, DataType::Date32);
    "YYYYMMDDhhmmssToDateTime", exact_case, "YYYYMMDDhhmmssToDateTime(number[, zone])", "A DateTime from a number of fourteen digits.", [("YYYYMMDDhhmmssToDateTime(20240131101112)", "2024-01-31 10:11:12")], |call| {
        let zone = if call.count(1..=2)? == 2 { Some(call.constant_zone(1)?) } else { None };
        from_digits(call, DataType::DateTime(zone))
    };
    "YYYYMMDDhhmmssToDateTime64", exact_case, "YYYYMMDDhhmmssToDateTime64(number[, digits[, zone]])", "A DateTime64 from a number of fourteen digits.", [("YYYYMMDDhhmmssToDateTime64(20240131101112)", "2024-01-31 10:11:12.000")], |call| {
        let count = call.count(1..=3)?;
        let digits = if count > 1 { call.constant_integer(1)? } else { 3 };
        if !(0..=9).contains(&digits) {
            return Err(call.mismatch(format_args!("takes 0 to 9 digits, not {digits}")));
        }
        let zone = if count > 2 { Some(call.constant_zone(2)?) } else { None };
        from_digits(call, DataType::DateTime64(digits as u8, zone))
    };
    "fromDaysSinceYearZero" | "FROM_DAYS", any_case, "fromDaysSinceYearZero(days)", "The Date so many days after 0000-01-01.", [("fromDaysSinceYearZero(739136)", "2023-09-08")], |call| since_year_zero(call, DataType::Date);
    "fromDaysSinceYearZero32", exact_case, "fromDaysSinceYearZero32(days)", "The Date32 so many days after 0000-01-01.", [("fromDaysSinceYearZero32(700000)", "1916-07-15")], |call| since_year_zero(call, DataType::Date32);
    "toModifiedJulianDay", exact_case, "toModifiedJulianDay('YYYY-MM-DD')", "The Modified Julian Day of a date given as text.", [("toModifiedJulianDay('2020-01-01')", "58849")], |call| to_julian(call, false);
    "toModifiedJulianDayOrNull", exact_case, "toModifiedJulianDayOrNull('YYYY-MM-DD')", "As toModifiedJulianDay; NULL if the text is no date.", [("toModifiedJulianDayOrNull('x')", "\\N")], |call| to_julian(call, true);
    "fromModifiedJulianDay", exact_case, "fromModifiedJulianDay(day)", "The date of a Modified Julian Day, as text.", [("fromModifiedJulianDay(58849)", "2020-01-01")], |call| from_julian(call, false);
    "fromModifiedJulianDayOrNull", exact_case, "fromModifiedJulianDayOrNull(day)", "As fromModifiedJulianDay; NULL if there is no such date.", [("fromModifiedJulianDayOrNull(58849)", "2020-01-01")], |call| from_julian(call, true);
};

/// Seconds of a wall clock that shows year, month, day, hour, minute, second. A day that the month lacks runs
/// into the next; anything else out of its place is no time.
pub(super) fn local_second([year, month, day, hour, minute, second]: [i64; 6]) -> Option<i64> {
    if !(0..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..60).contains(&second) {
        return None;
    }
    let days = i64::from(calendar::days(year as i32, month as u32, 1)) + day - 1;
    Some(days * DAY_S + hour * 3600 + minute * 60 + second)
}

/// What a type has where a value is no value of it.
pub(super) fn first_tick(data_type: &DataType) -> i64 {
    const YEAR_1900: i64 = -25_567;
    match data_type.bare() {
        DataType::Date32 => YEAR_1900,
        DataType::DateTime64(..) => YEAR_1900 * DAY_S * 10i64.pow(unit_digits(data_type)),
        _ => 0,
    }
}

/// Within what `Date` and `DateTime` hold.
pub(super) fn saturated(tick: i64, data_type: &DataType) -> i64 {
    match data_type.bare() {
        DataType::Date => tick.clamp(0, i64::from(u16::MAX)),
        DataType::DateTime(_) => tick.clamp(0, i64::from(u32::MAX)),
        _ => tick,
    }
}

fn numbers(call: &Call, count: usize) -> Result<Vec<Typed>, Mismatch> {
    (0..count)
        .map(|index| {
            if !call.bare(index).is_numeric() {
                return Err(call.wrong_type(index));
            }
            cast(call.arguments[index].clone(), &DataType::Int64)
        })
        .collect()
}

fn date(call: &Call, result: DataType) -> Result<Typed, Mismatch> {
    let count = call.count(2..=3)?;
    Ok(call.kernel_on(made, result, numbers(call, count)?))
}

/// Two numbers are a year and its day; more, what they are in the order of a date.
fn made(input: &Input) -> EngineResult<ArrayRef> {
    let columns: Vec<_> = (0..input.columns.len()).map(|index| input.integers(index)).collect::<EngineResult<_>>()?;
    let result = input.result;
    let zone = Zone::new(result.time_zone());
    let is_day = matches!(result, DataType::Date | DataType::Date32);
    let per_second = if is_day { 1 } else { 10i64.pow(unit_digits(result)) };
    let digits = if let DataType::DateTime64(digits, _) = result { u32::from(*digits) } else { 0 };
    let step = if is_day { 1 } else { 10i64.pow(unit_digits(result) - digits) };
    let one = |row: usize| {
        let number = |index: usize| columns[index](row);
        if columns.len() == 2 {
            let (year, day) = (number(0), number(1));
            if !(0..=9999).contains(&year) || !(1..=365 + i64::from(calendar::is_leap(year as i32))).contains(&day) {
                return None;
            }
            return Some(i64::from(calendar::days(year as i32, 1, 1)) + day - 1);
        }
        if is_day {
            return local_second([number(0), number(1), number(2), 0, 0, 0]).map(|second| second / DAY_S);
        }
        // hours beyond the day run into the next
        let day = local_second([number(0), number(1), number(2), 0, 0, 0])?;
        let second = number(3).clamp(0, 255) * 3600 + number(4).clamp(0, 255) * 60 + number(5).clamp(0, 255);
        let fraction = if columns.len() > 6 { number(6).clamp(0, 10i64.pow(digits) - 1) * step } else { 0 };
        let tick = zone.to_unix(day + second).checked_mul(per_second)?.checked_add(fraction)?;
        Some(saturated(tick, result))
    };
    let first = first_tick(result);
    let rows = (0..input.rows).map(|row| match one(row) {
        Some(tick) if *result != DataType::Date || (0..=i64::from(u16::MAX)).contains(&tick) => tick,
        _ => first,
    });
    from_ticks(Int64Array::from_iter_values(rows), result)
}

fn from_digits(call: &Call, result: DataType) -> Result<Typed, Mismatch> {
    call.count(1..=3)?;
    if !call.bare(0).is_numeric() {
        return Err(call.wrong_type(0));
    }
    Ok(call.kernel_on(digits, result, numbers(call, 1)?))
}

fn digits(input: &Input) -> EngineResult<ArrayRef> {
    let number = input.integers(0)?;
    let result = input.result;
    let zone = Zone::new(result.time_zone());
    let is_day = matches!(result, DataType::Date | DataType::Date32);
    let per_second = if is_day { 1 } else { 10i64.pow(unit_digits(result)) };
    let one = |number: i64| {
        let (date, time) = if is_day { (number, 0) } else { (number / 1_000_000, number % 1_000_000) };
        let day = local_second([date / 10_000, date / 100 % 100, date % 100, 0, 0, 0])?;
        if is_day {
            return Some(saturated(day.div_euclid(DAY_S), result));
        }
        let second = time / 10_000 * 3600 + time / 100 % 100 * 60 + time % 100;
        Some(saturated(zone.to_unix(day + second).checked_mul(per_second)?, result))
    };
    let first = first_tick(result);
    let rows = (0..input.rows).map(|row| one(number(row)).unwrap_or(first));
    from_ticks(Int64Array::from_iter_values(rows), result)
}

fn since_year_zero(call: &Call, result: DataType) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    call.expect_integer(0)?;
    let kernel = |input: &Input| {
        let number = input.integers(0)?;
        let rows = (0..input.rows).map(|row| number(row).saturating_sub(super::component::YEAR_ZERO_DAYS));
        from_ticks(Int64Array::from_iter_values(rows), input.result)
    };
    Ok(call.kernel_on(kernel, result, numbers(call, 1)?))
}

/// From 1858-11-17, where Modified Julian Days begin, to the epoch.
const JULIAN_DAYS: i64 = 40_587;

fn to_julian(call: &Call, or_null: bool) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    call.expect_string(0)?;
    let result = if or_null { DataType::Int32.nullable() } else { DataType::Int32 };
    Ok(call.kernel_on(julian_days, result, vec![call.text(0)?]))
}

fn julian_days(input: &Input) -> EngineResult<ArrayRef> {
    let text = input.strings(0)?;
    let mut out: Vec<Option<i64>> = Vec::with_capacity(input.rows);
    for row in 0..input.rows {
        if input.is_null(row) {
            out.push(Some(0));
            continue;
        }
        let day = super::read_date(text.get(row).trim().as_bytes()).filter(|(_, rest)| rest.is_empty());
        match day {
            Some((day, _)) => out.push(Some(i64::from(day) + JULIAN_DAYS)),
            None if input.result.is_nullable() => out.push(None),
            None => return exec_err!("cannot parse the date {:?}", text.get(row)),
        }
    }
    crate::function::convert::narrow(&Int64Array::from(out), &input.result.to_arrow())
}

fn from_julian(call: &Call, or_null: bool) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    call.expect_integer(0)?;
    let result = if or_null { DataType::String.nullable() } else { DataType::String };
    Ok(call.kernel_on(julian_dates, result, numbers(call, 1)?))
}

fn julian_dates(input: &Input) -> EngineResult<ArrayRef> {
    let number = input.integers(0)?;
    let mut out = arrow::array::StringViewBuilder::with_capacity(input.rows);
    let mut bytes = Vec::new();
    for row in 0..input.rows {
        // the years 0 to 9999
        let days = number(row).saturating_sub(JULIAN_DAYS);
        if !(-719_528..=2_932_896).contains(&days) && !input.is_null(row) {
            if !input.result.is_nullable() {
                return exec_err!("the day {} is out of the range of dates", number(row));
            }
            out.append_null();
            continue;
        }
        bytes.clear();
        super::write_date(&mut bytes, days.clamp(-719_528, 2_932_896) as i32);
        out.append_value(String::from_utf8_lossy(&bytes));
    }
    let array = out.finish();
    debug_assert_eq!(array.len(), input.rows);
    Ok(std::sync::Arc::new(array))
}
