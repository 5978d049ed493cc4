//! `toYear`, `toHour`, `toYYYYMM`, `toUnixTimestamp` …: one number of a date or time.

use super::calendar::{self, Civil, DAY_S, Zone};
use super::start_of::with_zone;
use crate::function::convert::{narrow, ticks, unit_digits};
use crate::function::definition::{Call, Function, Mismatch};
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
    "toRelativeDayNum", &[], false, UInt32, Day, true, |local| local.div_euclid(DAY_S), "Days since 1970-01-01.", [("toRelativeDayNum(toDate('1970-01-11'))", "10")];
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
            DataType::String => crate::function::cast(time, &DataType::DateTime(zone))?,
            DataType::Date | DataType::Date32 => crate::function::cast(time, &DataType::DateTime(zone))?,
            _ => {
                call.expect_time(0)?;
                time
            }
        };
        crate::function::cast(time, &DataType::UInt32)
    },
    ..Function::DEFAULT
};

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
