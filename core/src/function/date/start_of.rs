//! `toStartOfHour`, `toStartOfMonth`, `toStartOfInterval` …: a time rounded down to a unit of the calendar.

use super::calendar::{self, Civil, DAY_S, Zone};
use crate::function::convert::{from_ticks, ticks, unit_digits};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::Input;
use crate::function::typed::Typed;
use crate::value::{DataType, IntervalUnit};
use arrow::array::*;
use arrow::datatypes::Int64Type;
use datafusion::common::{Result as EngineResult, exec_err};

macro_rules! starts {
    ($($name:literal, $aliases:expr, $unit:ident, $amount:literal, $summary:literal, [$($example:expr),*];)*) => {
        &[
            TO_START_OF_WEEK, TO_LAST_DAY_OF_WEEK, TO_START_OF_INTERVAL, DATE_TRUNC,
            $(Function {
                name: $name,
                aliases: $aliases,
                syntax: concat!($name, "(time[, zone])"),
                summary: $summary,
                examples: &[$($example),*],
                monotonic: true,
                bind: |call| {
                    call.count(1..=2)?;
                    start_of(call, $amount, IntervalUnit::$unit, 1)
                },
                ..Function::DEFAULT
            }),*
        ]
    };
}

pub(crate) const FUNCTIONS: &[Function] = starts! {
    "toStartOfSecond", &[], Second, 1, "Cuts the fraction of a second off.", [("toStartOfSecond(toDateTime64('2024-05-15 13:47:12.345', 3))", "2024-05-15 13:47:12.000")];
    "toStartOfMillisecond", &[], Millisecond, 1, "Rounds down to the millisecond.", [("toStartOfMillisecond(toDateTime64('2024-05-15 13:47:12.345678', 6))", "2024-05-15 13:47:12.345000")];
    "toStartOfMicrosecond", &[], Microsecond, 1, "Rounds down to the microsecond.", [("toStartOfMicrosecond(toDateTime64('2024-05-15 13:47:12.345678912', 9))", "2024-05-15 13:47:12.345678000")];
    "toStartOfNanosecond", &[], Nanosecond, 1, "The time with nine digits.", [("toStartOfNanosecond(toDateTime64('2024-05-15 13:47:12.345', 3))", "2024-05-15 13:47:12.345000000")];
    "timeSlot", &[], Minute, 30, "Rounds down to half an hour.", [("timeSlot(toDateTime('2024-05-15 13:47:12'))", "2024-05-15 13:30:00")];
    "toStartOfMinute", &[], Minute, 1, "Rounds down to the minute.", [("toStartOfMinute(toDateTime('2024-05-15 13:47:12'))", "2024-05-15 13:47:00")];
    "toStartOfFiveMinutes", &["toStartOfFiveMinute"], Minute, 5, "Rounds down to five minutes.", [("toStartOfFiveMinutes(toDateTime('2024-05-15 13:47:12'))", "2024-05-15 13:45:00")];
    "toStartOfTenMinutes", &[], Minute, 10, "Rounds down to ten minutes.", [("toStartOfTenMinutes(toDateTime('2024-05-15 13:47:12'))", "2024-05-15 13:40:00")];
    "toStartOfFifteenMinutes", &[], Minute, 15, "Rounds down to a quarter of an hour.", [("toStartOfFifteenMinutes(toDateTime('2024-05-15 13:47:12'))", "2024-05-15 13:45:00")];
    "toStartOfHour", &[], Hour, 1, "Rounds down to the hour.", [("toStartOfHour(toDateTime('2024-05-15 13:47:12'))", "2024-05-15 13:00:00"), ("toStartOfHour(toDateTime('2024-01-01 12:34:00', 'Asia/Kolkata'))", "2024-01-01 12:00:00")];
    "toStartOfDay", &[], Day, 1, "Rounds down to midnight.", [("toStartOfDay(toDateTime('2024-05-15 13:47:12'))", "2024-05-15 00:00:00"), ("toTypeName(toStartOfDay(today()))", "DateTime")];
    "toMonday", &[], Week, 1, "The Monday of the week.", [("toMonday(toDate('2024-05-12'))", "2024-05-06")];
    "toStartOfMonth", &[], Month, 1, "The first day of the month.", [("toStartOfMonth(toDateTime('2024-05-15 13:47:12'))", "2024-05-01")];
    "toStartOfQuarter", &[], Quarter, 1, "The first day of the quarter.", [("toStartOfQuarter(toDate('2024-05-15'))", "2024-04-01")];
    "toStartOfYear", &[], Year, 1, "The first day of the year.", [("toStartOfYear(toDate('2024-05-15'))", "2024-01-01")];
};

const TO_START_OF_WEEK: Function = Function {
    name: "toStartOfWeek",
    syntax: "toStartOfWeek(time[, mode[, zone]])",
    summary: "The first day of the week: Sunday in mode 0, the default, and all even modes; Monday in odd ones.",
    examples: &[
        ("toStartOfWeek(toDate('2024-05-15'))", "2024-05-12"),
        ("toStartOfWeek(toDate('2024-05-15'), 1)", "2024-05-13"),
    ],
    monotonic: true,
    bind: |call| {
        call.count(1..=3)?;
        let mode = if call.arguments.len() > 1 { call.constant_integer(1)? } else { 0 };
        let time = with_zone(call, 2)?;
        let kernel = if mode % 2 == 0 { sundays } else { rounded::<{ Unit::WEEK }> };
        Ok(call.kernel_on(kernel, DataType::Date, arguments(time, 1)))
    },
    ..Function::DEFAULT
};

const TO_LAST_DAY_OF_WEEK: Function = Function {
    name: "toLastDayOfWeek",
    syntax: "toLastDayOfWeek(time[, mode[, zone]])",
    summary: "The last day of the week: Saturday in mode 0, the default, and all even modes; Sunday in odd ones.",
    examples: &[
        ("toLastDayOfWeek(toDate('2024-05-15'))", "2024-05-18"),
        ("toLastDayOfWeek(toDate('2024-05-15'), 1)", "2024-05-19"),
    ],
    monotonic: true,
    bind: |call| {
        call.count(1..=3)?;
        let mode = if call.arguments.len() > 1 { call.constant_integer(1)? } else { 0 };
        let time = with_zone(call, 2)?;
        let kernel: crate::function::scalar::Kernel = if mode % 2 == 0 {
            |input| days(input, |day| day - (day + 4).rem_euclid(7) + 6)
        } else {
            |input| days(input, |day| day - i64::from(calendar::weekday(day as i32)) + 6)
        };
        Ok(call.kernel_on(kernel, DataType::Date, arguments(time, mode % 2)))
    },
    ..Function::DEFAULT
};

/// The start of an ISO year, and the last day of a month.
pub(crate) const DAYS: &[Function] = family! {
    "toStartOfISOYear", exact_case, "toStartOfISOYear(time[, zone])", "The Monday that the ISO year begins on.", [("toStartOfISOYear(toDate('2021-01-02'))", "2019-12-30")], |call| {
        call.count(1..=2)?;
        let time = with_zone(call, 1)?;
        Ok(call.kernel_on(|input| days(input, iso_year_start), DataType::Date, vec![time]))
    };
    "toLastDayOfMonth" | "LAST_DAY", any_case, "toLastDayOfMonth(time[, zone])", "The last day of the month.", [("toLastDayOfMonth(toDate('2024-02-03'))", "2024-02-29")], |call| {
        call.count(1..=2)?;
        let time = with_zone(call, 1)?;
        Ok(call.kernel_on(|input| days(input, last_day_of_month), DataType::Date, vec![time]))
    };
};

fn iso_year_start(day: i64) -> i64 {
    let thursday = day as i32 - calendar::weekday(day as i32) + 3;
    let fourth = calendar::days(calendar::civil(thursday).year, 1, 4);
    i64::from(fourth - calendar::weekday(fourth))
}

fn last_day_of_month(day: i64) -> i64 {
    let Civil { year, month, .. } = calendar::civil(day as i32);
    i64::from(calendar::days(year, month, calendar::days_in_month(year, month)))
}

const TO_START_OF_INTERVAL: Function = Function {
    name: "toStartOfInterval",
    aliases: &["time_bucket", "date_bin"],
    syntax: "toStartOfInterval(time, INTERVAL n unit[, origin][, zone])",
    summary: "Rounds down to a multiple of an interval, counted from the origin if there is one.",
    examples: &[
        ("toStartOfInterval(toDateTime('2024-05-15 13:47:12'), INTERVAL 15 MINUTE)", "2024-05-15 13:45:00"),
        ("toStartOfInterval(toDateTime('2024-05-15 13:47:12'), INTERVAL 7 HOUR)", "2024-05-15 07:00:00"),
        ("toStartOfInterval(toDateTime('2024-05-15 13:47:12'), INTERVAL 2 WEEK)", "2024-05-13"),
        ("toStartOfInterval(toDateTime('2024-05-15 13:47:12'), INTERVAL 5 MONTH)", "2024-03-01"),
        ("toStartOfInterval(toDateTime('2024-05-15 13:47:12'), INTERVAL 3 YEAR)", "2022-01-01"),
    ],
    monotonic: true,
    bind: |call| {
        call.count(2..=4)?;
        let DataType::Interval(unit) = *call.bare(1) else { return Err(call.wrong_type(1)) };
        let amount = call.arguments[1].integer().ok_or_else(|| call.mismatch("needs a constant interval"))?;
        if amount <= 0 {
            return Err(call.mismatch(format_args!("needs an interval of one or more, not {amount}")));
        }
        if call.arguments.len() > 2 && !call.bare(2).is_string() {
            return super::origin::bind(call, amount, unit);
        }
        call.count(2..=3)?;
        start_of(call, amount, unit, 2)
    },
    ..Function::DEFAULT
};

const DATE_TRUNC: Function = Function {
    name: "date_trunc",
    aliases: &["dateTrunc"],
    case_insensitive: true,
    syntax: "date_trunc('unit', time[, zone])",
    summary: "Rounds down to a unit, given by its name.",
    examples: &[
        ("date_trunc('hour', toDateTime('2024-05-15 13:47:12'))", "2024-05-15 13:00:00"),
        ("date_trunc('month', toDateTime('2024-05-15 13:47:12'))", "2024-05-01"),
    ],
    monotonic: false,
    bind: |call| {
        call.count(2..=3)?;
        let name = call.constant_text(0)?;
        let unit =
            IntervalUnit::parse(name).ok_or_else(|| call.mismatch(format_args!("got {name:?}, which is no unit")))?;
        let mut arguments = call.arguments[1..].to_vec();
        let inner = Call {
            function: call.function,
            name: call.name,
            context: call.context,
            arguments: std::mem::take(&mut arguments),
        };
        truncated(&inner, unit)
    },
    ..Function::DEFAULT
};

/// `date_trunc` of a wide type stays wide.
fn truncated(call: &Call, unit: IntervalUnit) -> Result<Typed, Mismatch> {
    let is_wide = matches!(call.bare(0), DataType::Date32 | DataType::DateTime64(..));
    let bound = start_of(call, 1, unit, 1)?;
    if !is_wide || unit < IntervalUnit::Second {
        return Ok(bound);
    }
    let time = with_zone(call, 1)?;
    let zone = if let DataType::DateTime64(_, zone) = time.data_type.bare() { *zone } else { None };
    let result = if unit <= IntervalUnit::Day { DataType::DateTime64(0, zone) } else { DataType::Date32 };
    let (kernel, amount): (crate::function::scalar::Kernel, i64) = match unit {
        IntervalUnit::Second => (rounded::<{ Unit::SECOND }>, 1),
        IntervalUnit::Minute => (rounded::<{ Unit::MINUTE }>, 1),
        IntervalUnit::Hour => (rounded::<{ Unit::HOUR }>, 1),
        IntervalUnit::Day => (rounded::<{ Unit::DAY }>, 1),
        IntervalUnit::Week => (rounded::<{ Unit::WEEK }>, 1),
        IntervalUnit::Month => (rounded::<{ Unit::MONTH }>, 1),
        IntervalUnit::Quarter => (rounded::<{ Unit::MONTH }>, 3),
        _ => (rounded::<{ Unit::YEAR }>, 1),
    };
    Ok(call.kernel_on(kernel, result, arguments(time, amount)))
}

/// What a kernel rounds to. A kernel is a plain function, so the unit is part of its type, and the amount
/// comes as a constant argument.
struct Unit;

impl Unit {
    const SUBSECOND: u8 = 0;
    const SECOND: u8 = 1;
    const MINUTE: u8 = 2;
    const HOUR: u8 = 3;
    const DAY: u8 = 4;
    const WEEK: u8 = 5;
    const MONTH: u8 = 6;
    const YEAR: u8 = 7;
}

fn start_of(call: &Call, amount: i64, unit: IntervalUnit, zone_argument: usize) -> Result<Typed, Mismatch> {
    use IntervalUnit::*;
    let time = with_zone(call, zone_argument)?;
    let bare = time.data_type.bare().clone();
    let zone = match &bare {
        DataType::DateTime(zone) | DataType::DateTime64(_, zone) => *zone,
        _ => None,
    };
    let is_day = matches!(bare, DataType::Date | DataType::Date32);
    if is_day && unit < Day {
        return Err(call.wrong_type(0));
    }
    let subsecond = match unit {
        Nanosecond => 9,
        Microsecond => 6,
        _ => 3,
    };
    let is_interval = !call.function.name.starts_with("toStartOf") || call.function.name == "toStartOfInterval";
    let result = match (unit, &bare) {
        (Nanosecond | Microsecond | Millisecond, DataType::DateTime64(own, _)) if !is_interval => {
            DataType::DateTime64((*own).max(subsecond), zone)
        }
        (Nanosecond | Microsecond | Millisecond, DataType::DateTime64(..)) => DataType::DateTime64(subsecond, zone),
        (Nanosecond | Microsecond | Millisecond, _) => return Err(call.wrong_type(0)),
        (Second, DataType::DateTime64(..)) if call.function.name == "toStartOfSecond" => bare.clone(),
        (Second, _) if call.function.name == "toStartOfSecond" => return Err(call.wrong_type(0)),
        (Second | Minute | Hour | Day, _) => DataType::DateTime(zone),
        (Week | Month | Quarter | Year, _) => DataType::Date,
    };
    // in the source's own unit a step of a coarser one is several
    let amount = match (unit, &result) {
        (Nanosecond | Microsecond | Millisecond, DataType::DateTime64(digits, _)) => {
            let unit_of_result = unit_digits(&DataType::DateTime64(*digits, None));
            amount.saturating_mul(10i64.pow(unit_of_result.saturating_sub(u32::from(subsecond))))
        }
        _ => amount,
    };
    let (kernel, amount): (crate::function::scalar::Kernel, i64) = match unit {
        Nanosecond | Microsecond | Millisecond => (rounded::<{ Unit::SUBSECOND }>, amount),
        Second => (rounded::<{ Unit::SECOND }>, amount),
        Minute => (rounded::<{ Unit::MINUTE }>, amount),
        Hour => (rounded::<{ Unit::HOUR }>, amount),
        Day => (rounded::<{ Unit::DAY }>, amount),
        Week => (rounded::<{ Unit::WEEK }>, amount),
        Month => (rounded::<{ Unit::MONTH }>, amount),
        Quarter => (rounded::<{ Unit::MONTH }>, amount.saturating_mul(3)),
        Year => (rounded::<{ Unit::YEAR }>, amount),
    };
    Ok(call.kernel_on(kernel, result, arguments(time, amount)))
}

fn arguments(time: Typed, amount: i64) -> Vec<Typed> {
    let amount = crate::function::literal(datafusion::scalar::ScalarValue::Int64(Some(amount)), DataType::Int64);
    vec![time, amount]
}

/// The first argument, seen in the zone that another argument names.
pub(super) fn with_zone(call: &Call, zone_argument: usize) -> Result<Typed, Mismatch> {
    call.expect_time(0)?;
    let mut time = call.arguments[0].clone();
    if call.arguments.len() > zone_argument {
        let zone = call.constant_zone(zone_argument)?;
        time.data_type = match time.data_type {
            DataType::DateTime(_) => DataType::DateTime(Some(zone)),
            DataType::DateTime64(digits, _) => DataType::DateTime64(digits, Some(zone)),
            other => other,
        };
    }
    Ok(time)
}

/// The source's ticks as local seconds or, for dates, as midnight.
struct Reader {
    per_second: i64,
    is_day: bool,
    zone: Zone,
}

impl Reader {
    fn new(data_type: &DataType) -> Reader {
        let is_day = matches!(data_type.bare(), DataType::Date | DataType::Date32);
        Reader { per_second: 10i64.pow(unit_digits(data_type)), is_day, zone: Zone::new(data_type.time_zone()) }
    }

    #[inline]
    fn day(&self, tick: i64) -> i64 {
        if self.is_day { tick } else { self.zone.to_local(tick.div_euclid(self.per_second)).div_euclid(DAY_S) }
    }
}

fn rounded<const UNIT: u8>(input: &Input) -> EngineResult<ArrayRef> {
    let source = &input.types[0];
    let read = Reader::new(source);
    let Some(amount) = input.columns[1].array.as_primitive_opt::<Int64Type>().map(|amount| amount.value(0)) else {
        return exec_err!("an interval's amount is an Int64");
    };
    let values = ticks(&input.columns[0].array)?;
    let zone = &read.zone;
    let from_day = |day: i64| match input.result {
        DataType::Date | DataType::Date32 => day,
        DataType::DateTime64(..) => zone.to_unix(day * DAY_S) * 10i64.pow(unit_digits(input.result)),
        _ => zone.to_unix(day * DAY_S),
    };
    let result: Int64Array = match UNIT {
        Unit::SUBSECOND => {
            let from = unit_digits(source) as i32;
            let to = unit_digits(input.result) as i32;
            values.unary(|tick| {
                let tick = if to >= from {
                    tick * 10i64.pow((to - from) as u32)
                } else {
                    tick.div_euclid(10i64.pow((from - to) as u32))
                };
                tick.div_euclid(amount).saturating_mul(amount)
            })
        }
        Unit::SECOND if unit_digits(input.result) > 0 => {
            values.unary(|tick| tick.div_euclid(read.per_second) * read.per_second)
        }
        Unit::SECOND => values.unary(|tick| tick.div_euclid(read.per_second).div_euclid(amount).saturating_mul(amount)),
        Unit::MINUTE => {
            // By the wall clock where its minutes are not UTC's.
            let step = amount.saturating_mul(60);
            values.unary(|tick| {
                let unix = tick.div_euclid(read.per_second);
                let skew = zone.offset(unix) % 3600;
                (unix + skew).div_euclid(step) * step - skew
            })
        }
        Unit::HOUR if amount == 1 => values.unary(|tick| {
            let unix = tick.div_euclid(read.per_second);
            let skew = zone.offset(unix) % 3600;
            (unix + skew).div_euclid(3600) * 3600 - skew
        }),
        Unit::HOUR => {
            // Several hours count from midnight.
            let step = amount.saturating_mul(3600);
            values.unary(|tick| {
                let local = zone.to_local(tick.div_euclid(read.per_second));
                let midnight = local.div_euclid(DAY_S) * DAY_S;
                zone.to_unix(midnight + (local - midnight) / step * step)
            })
        }
        Unit::DAY => values.unary(|tick| from_day(read.day(tick).div_euclid(amount).saturating_mul(amount))),
        Unit::WEEK if amount == 1 => values.unary(|tick| {
            let day = read.day(tick);
            day - i64::from(calendar::weekday(day as i32))
        }),
        // The epoch was a Thursday; weeks are counted from the Monday after it.
        Unit::WEEK => values.unary(|tick| {
            let step = amount.saturating_mul(7);
            4 + (read.day(tick) - 4).div_euclid(step).saturating_mul(step)
        }),
        Unit::MONTH => values.unary(|tick| {
            let Civil { year, month, .. } = calendar::civil(read.day(tick) as i32);
            // several months are counted from 1900, where ClickHouse's calendar began
            let months = (i64::from(year - 1900) * 12 + i64::from(month) - 1).div_euclid(amount).saturating_mul(amount);
            i64::from(calendar::days(months.div_euclid(12) as i32 + 1900, months.rem_euclid(12) as u32 + 1, 1))
        }),
        _ => values.unary(|tick| {
            let year = i64::from(calendar::civil(read.day(tick) as i32).year);
            i64::from(calendar::days((year.div_euclid(amount).saturating_mul(amount)) as i32, 1, 1))
        }),
    };
    if let DataType::Date | DataType::DateTime(_) = input.result {
        return from_ticks(result.unary::<_, Int64Type>(|value| value.max(0)), input.result);
    }
    from_ticks(result, input.result)
}

fn sundays(input: &Input) -> EngineResult<ArrayRef> {
    days(input, |day| day - (day + 4).rem_euclid(7))
}

/// A day for each row's day; before the epoch, the epoch.
fn days(input: &Input, of: impl Fn(i64) -> i64) -> EngineResult<ArrayRef> {
    let read = Reader::new(&input.types[0]);
    let values = ticks(&input.columns[0].array)?;
    let result = values.unary::<_, Int64Type>(|tick| match read.day(tick) {
        day if day < 0 => 0,
        day => of(day).max(0),
    });
    from_ticks(result, input.result)
}
