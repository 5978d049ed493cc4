//! `toYear`, `toHour`, `toYYYYMM`, `toUnixTimestamp` …: one number of a date or time.
//!
//! Numbers that count from the epoch are zero before it.

use super::calendar::{self, Civil, DAY_S, Zone};
use super::start_of::with_zone;
use crate::function::convert::{narrow, ticks, unit_digits};
use crate::function::definition::{Call, Function, Mismatch};
use crate::function::fault::{Fault, fault};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use arrow::datatypes::Int64Type;
use datafusion::common::Result as EngineResult;

macro_rules! components {
    ($($name:literal, $aliases:expr, $insensitive:literal, $result:ident, $least:ident, $monotonic:literal, $number:expr, $summary:literal, [$($example:expr),*];)*) => {
        &[TO_DAY_OF_WEEK, TO_UNIX_TIMESTAMP, $(Function {
            name: $name,
            aliases: $aliases,
            case_insensitive: $insensitive,
            syntax: concat!($name, "(time[, zone])"),
            summary: $summary,
            examples: &[$($example),*],
            monotonic: $monotonic,
            bind: |call| component(call, Least::$least, DataType::$result, |input| numbers(input, $number)),
            ..Function::DEFAULT
        }),*]
    };
}

/// What the argument must at least hold.
#[derive(PartialEq)]
enum Least {
    Day,
    Time,
}

pub(crate) const FUNCTIONS: &[Function] = components! {
    "toYear", &["YEAR"], true, UInt16, Day, true, |local| civil(local).year.into(), "The year.", [("toYear(toDate('2024-05-15'))", "2024")];
    "toQuarter", &["QUARTER"], true, UInt8, Day, false, |local| i64::from((civil(local).month - 1) / 3 + 1), "The quarter, 1 to 4.", [("toQuarter(toDate('2024-05-15'))", "2")];
    "toMonth", &["MONTH"], true, UInt8, Day, false, |local| civil(local).month.into(), "The month, 1 to 12.", [("toMonth(toDate('2024-05-15'))", "5")];
    "toDayOfMonth", &["DAY", "DAYOFMONTH"], true, UInt8, Day, false, |local| civil(local).day.into(), "The day of the month, from 1.", [("toDayOfMonth(toDate('2024-05-15'))", "15")];
    "toDayOfYear", &["DAYOFYEAR"], true, UInt16, Day, false, day_of_year, "The day of the year, from 1.", [("toDayOfYear(toDate('2024-02-01'))", "32")];
    "toHour", &["HOUR"], true, UInt8, Time, false, |local| local.rem_euclid(DAY_S) / 3600, "The hour, 0 to 23.", [("toHour(toDateTime('2024-05-15 13:47:12'))", "13"), ("toHour(toDateTime('2024-05-15 13:47:12'), 'Asia/Tokyo')", "22")];
    "toMinute", &["MINUTE"], true, UInt8, Time, false, |local| local.rem_euclid(3600) / 60, "The minute, 0 to 59.", [("toMinute(toDateTime('2024-05-15 13:47:12'))", "47")];
    "toSecond", &["SECOND"], true, UInt8, Time, false, |local| local.rem_euclid(60), "The second, 0 to 59.", [("toSecond(toDateTime('2024-05-15 13:47:12'))", "12")];
    "toYYYYMM", &[], false, UInt32, Day, true, |local| { let day = civil(local); i64::from(day.year) * 100 + i64::from(day.month) }, "Year and month as one number.", [("toYYYYMM(toDate('2024-05-15'))", "202405")];
    "toYYYYMMDD", &[], false, UInt32, Day, true, |local| { let day = civil(local); i64::from(day.year) * 10_000 + i64::from(day.month) * 100 + i64::from(day.day) }, "Year, month and day as one number.", [("toYYYYMMDD(toDate('2024-05-15'))", "20240515")];
    "toYYYYMMDDhhmmss", &[], false, UInt64, Day, true, all_digits, "All of a time as one number.", [("toYYYYMMDDhhmmss(toDateTime('2024-05-15 13:47:12'))", "20240515134712")];
    "toISOYear", &[], false, UInt16, Day, true, |local| iso_week(local).0, "The year that the ISO week belongs to.", [("toISOYear(toDate('2024-12-30'))", "2025")];
    "toISOWeek", &[], false, UInt8, Day, false, |local| iso_week(local).1, "The ISO week, 1 to 53.", [("toISOWeek(toDate('2024-12-30'))", "1")];
    "toDaysInMonth", &[], false, UInt8, Day, false, |local| { let day = civil(local); calendar::days_in_month(day.year, day.month).into() }, "How many days the month has.", [("toDaysInMonth(toDate('2024-02-15'))", "29")];
    "toDaysSinceYearZero", &["TO_DAYS"], true, UInt32, Day, true, |local| local.div_euclid(DAY_S) + YEAR_ZERO_DAYS, "Days since 0000-01-01.", [("toDaysSinceYearZero(toDate('2024-05-15'))", "739386")];
    "toMonthNumSinceEpoch", &[], false, UInt32, Day, true, |local| (months(local) - 1970 * 12).max(0), "Months since January 1970.", [("toMonthNumSinceEpoch(toDate('2024-05-15'))", "652")];
    "toYearNumSinceEpoch", &[], false, UInt16, Day, true, |local| i64::from(civil(local).year - 1970).max(0), "Years since 1970.", [("toYearNumSinceEpoch(toDate('2024-05-15'))", "54")];
    "toRelativeYearNum", &[], false, UInt16, Day, true, |local| civil(local).year.into(), "The year.", [("toRelativeYearNum(toDate('2024-05-15'))", "2024")];
    "toRelativeQuarterNum", &[], false, UInt32, Day, true, |local| months(local).div_euclid(3), "Quarters since the year zero.", [("toRelativeQuarterNum(toDate('2024-05-15'))", "8097")];
    "toRelativeMonthNum", &[], false, UInt32, Day, true, |local| months(local) + 1, "Months since the year zero.", [("toRelativeMonthNum(toDate('2024-05-15'))", "24293")];
    "toRelativeWeekNum", &[], false, UInt32, Day, true, |local| (local.div_euclid(DAY_S) + 3).div_euclid(7).max(0), "Weeks since the epoch.", [("toRelativeWeekNum(toDate('2024-05-15'))", "2837")];
    "toRelativeDayNum", &[], false, UInt32, Day, true, |local| local.div_euclid(DAY_S).max(0), "Days since 1970-01-01.", [("toRelativeDayNum(toDate('1970-01-11'))", "10")];
};

const TO_DAY_OF_WEEK: Function = Function {
    name: "toDayOfWeek",
    aliases: &["DAYOFWEEK"],
    case_insensitive: true,
    syntax: "toDayOfWeek(time[, mode[, zone]])",
    summary: "The day of the week: Monday is 1 in mode 0, 0 in mode 1; Sunday is 0 in mode 2, 1 in mode 3.",
    examples: &[
        ("toDayOfWeek(toDate('2024-05-12'))", "7"),
        ("toDayOfWeek(toDate('2024-05-12'), 1)", "6"),
        ("toDayOfWeek(toDate('2024-05-12'), 2)", "0"),
        ("toDayOfWeek(toDate('2024-05-12'), 3)", "1"),
    ],
    bind: |call| {
        call.count(1..=3)?;
        let mode = if call.arguments.len() > 1 { call.constant_integer(1)? } else { 0 };
        let time = with_zone(call, 2)?;
        let kernel: Kernel = match mode & 3 {
            0 => |input| numbers(input, |local| weekday(local) + 1),
            1 => |input| numbers(input, weekday),
            2 => |input| numbers(input, |local| (weekday(local) + 1) % 7),
            _ => |input| numbers(input, |local| (weekday(local) + 1) % 7 + 1),
        };
        // The mode decides the kernel, so it must be among the arguments.
        let mode = crate::function::literal(datafusion::scalar::ScalarValue::Int64(Some(mode & 3)), DataType::Int64);
        Ok(call.kernel_on(kernel, DataType::UInt8, vec![time, mode]))
    },
    ..Function::DEFAULT
};

const TO_UNIX_TIMESTAMP: Function = Function {
    name: "toUnixTimestamp",
    case_insensitive: false,
    syntax: "toUnixTimestamp(time[, zone])",
    summary: "Seconds since 1970-01-01 00:00:00 UTC.",
    examples: &[
        ("toUnixTimestamp(toDateTime('2024-01-01 00:00:00'))", "1704067200"),
        ("toUnixTimestamp('2024-01-01 00:00:00', 'Asia/Tokyo')", "1704034800"),
    ],
    monotonic: true,
    bind: |call| {
        call.count(1..=2)?;
        let zone = if call.arguments.len() > 1 { Some(call.constant_zone(1)?) } else { None };
        let time = call.arguments[0].clone();
        let time = match time.data_type.bare() {
            DataType::String | DataType::Date | DataType::Date32 => {
                crate::function::cast(time, &DataType::DateTime(zone))?
            }
            _ => {
                call.expect_time(0)?;
                time
            }
        };
        if let DataType::DateTime64(..) = time.data_type.bare() {
            return Ok(call.kernel_on(unix_seconds, DataType::UInt32, vec![time]));
        }
        crate::function::cast(time, &DataType::UInt32)
    },
    ..Function::DEFAULT
};

/// From 0000-01-01 to 1970-01-01.
pub(super) const YEAR_ZERO_DAYS: i64 = 719_528;

fn months(local: i64) -> i64 {
    let day = civil(local);
    i64::from(day.year) * 12 + i64::from(day.month) - 1
}

macro_rules! moments {
    ($($name:literal, $aliases:expr, $result:ident, $least:ident, $number:expr, $summary:literal, [$($example:expr),*];)*) => {
        &[$(Function {
            name: $name,
            aliases: $aliases,
            case_insensitive: {
                const ALIASES: &[&str] = $aliases;
                !ALIASES.is_empty()
            },
            syntax: concat!($name, "(time[, zone])"),
            summary: $summary,
            examples: &[$($example),*],
            bind: |call| component(call, Least::$least, DataType::$result, |input| moments(input, $number)),
            ..Function::DEFAULT
        }),*]
    };
}

/// Those that look at the fraction of a second, or at Unix time.
pub(crate) const MOMENTS: &[Function] = moments! {
    "toMillisecond", &["MILLISECOND"], UInt16, Time, |unix, _| unix.rem_euclid(NANOSECONDS) / 1_000_000, "The millisecond, 0 to 999.", [("toMillisecond(toDateTime64('2024-05-15 13:47:12.345', 3))", "345")];
    "toMicrosecond", &["MICROSECOND"], UInt32, Time, |unix, _| unix.rem_euclid(NANOSECONDS) / 1000, "The microsecond, 0 to 999999.", [("toMicrosecond(toDateTime64('2024-05-15 13:47:12.345', 3))", "345000")];
    "toNanosecond", &["NANOSECOND"], UInt32, Time, |unix, _| unix.rem_euclid(NANOSECONDS), "The nanosecond, 0 to 999999999.", [("toNanosecond(toDateTime64('2024-05-15 13:47:12.345', 3))", "345000000")];
    "toRelativeHourNum", &[], UInt32, Day, |unix, offset| {
        let unix = seconds(unix);
        // a wall clock whose hours are not UTC's counts its own
        let skew = offset.rem_euclid(3600);
        (unix + skew).div_euclid(3600).max(0)
    }, "Hours since the epoch.", [("toRelativeHourNum(toDateTime('2024-05-15 13:47:12'))", "476605")];
    "toRelativeMinuteNum", &[], UInt32, Day, |unix, _| seconds(unix).div_euclid(60).max(0), "Minutes since the epoch.", [("toRelativeMinuteNum(toDateTime('2024-05-15 13:47:12'))", "28596347")];
    "toRelativeSecondNum", &[], UInt32, Day, |unix, _| seconds(unix).max(0), "Seconds since the epoch.", [("toRelativeSecondNum(toDateTime('2024-05-15 13:47:12'))", "1715780832")];
    "timezoneOffset" , &["timeZoneOffset"], Int32, Time, |_, offset| offset, "Seconds that the time's zone is ahead of UTC.", [("timezoneOffset(toDateTime('2024-07-01 00:00:00', 'Europe/Madrid'))", "7200")];
};

const NANOSECONDS: i128 = 1_000_000_000;

fn seconds(nanoseconds: i128) -> i64 {
    nanoseconds.div_euclid(NANOSECONDS) as i64
}

/// A number of each row's Unix time in nanoseconds and its zone's offset.
fn moments<N: TryInto<i64>>(input: &Input, number: impl Fn(i128, i64) -> N) -> EngineResult<ArrayRef> {
    let source = &input.types[0];
    let values = ticks(&input.columns[0].array)?;
    let (nanoseconds, zone) = match source.bare() {
        DataType::Date | DataType::Date32 => (i128::from(DAY_S) * NANOSECONDS, Zone::new(chrono_tz::UTC)),
        _ => (10i128.pow(9 - unit_digits(source)), Zone::new(source.time_zone())),
    };
    let numbers: Int64Array = values.unary(|tick| {
        let unix = i128::from(tick) * nanoseconds;
        number(unix, zone.offset(seconds(unix))).try_into().unwrap_or(0)
    });
    narrow(&numbers, &input.result.to_arrow())
}

fn component(call: &Call, least: Least, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=2)?;
    let time = with_zone(call, 1)?;
    if least == Least::Time && matches!(time.data_type.bare(), DataType::Date | DataType::Date32) {
        return Err(call.wrong_type(0));
    }
    Ok(call.kernel_on(kernel, result, vec![time]))
}

/// A number of each row's local second.
fn numbers(input: &Input, number: impl Fn(i64) -> i64) -> EngineResult<ArrayRef> {
    let source = &input.types[0];
    let values = ticks(&input.columns[0].array)?;
    let numbers: Int64Array = if matches!(source.bare(), DataType::Date | DataType::Date32) {
        values.unary::<_, Int64Type>(|day| number(day * DAY_S))
    } else {
        let per_second = 10i64.pow(unit_digits(source));
        let zone = Zone::new(source.time_zone());
        values.unary(|tick| number(zone.to_local(tick.div_euclid(per_second))))
    };
    narrow(&numbers, &input.result.to_arrow())
}

fn unix_seconds(input: &Input) -> EngineResult<ArrayRef> {
    let per_second = 10i64.pow(unit_digits(&input.types[0]));
    let ticks = ticks(&input.columns[0].array)?;
    input.numbers(|row| {
        let second = ticks.value(input.columns[0].at(row)).div_euclid(per_second);
        if u32::try_from(second).is_err() {
            return fault(Fault::DecimalOverflow, format!("decimal overflow: {second} is no UInt32"));
        }
        Ok(second)
    })
}

fn civil(local: i64) -> Civil {
    calendar::civil(local.div_euclid(DAY_S) as i32)
}

fn weekday(local: i64) -> i64 {
    calendar::weekday(local.div_euclid(DAY_S) as i32).into()
}

fn day_of_year(local: i64) -> i64 {
    let first = calendar::days(civil(local).year, 1, 1);
    local.div_euclid(DAY_S) - i64::from(first) + 1
}

fn all_digits(local: i64) -> i64 {
    let (day, second) = (civil(local), local.rem_euclid(DAY_S));
    let date = i64::from(day.year) * 10_000 + i64::from(day.month) * 100 + i64::from(day.day);
    date * 1_000_000 + second / 3600 * 10_000 + second / 60 % 60 * 100 + second % 60
}

/// The year and number of the week that holds this day's Thursday.
fn iso_week(local: i64) -> (i64, i64) {
    let thursday = local.div_euclid(DAY_S) as i32 - calendar::weekday(local.div_euclid(DAY_S) as i32) + 3;
    let year = calendar::civil(thursday).year;
    (year.into(), i64::from(thursday - calendar::days(year, 1, 1)) / 7 + 1)
}
