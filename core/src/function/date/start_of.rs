//! `toStartOfHour`, `toStartOfMonth`, `toStartOfInterval` …: a time rounded down to a unit of the calendar.

use super::calendar::{self, Civil, DAY_S, Zone};
use crate::function::convert::{from_ticks, ticks, unit_digits};
use crate::function::definition::{Call, Function, Mismatch};
use crate::function::scalar::Input;
use crate::function::typed::Typed;
use crate::value::{DataType, IntervalUnit};
use arrow::array::*;
use arrow::datatypes::Int64Type;
use datafusion::common::{Result as EngineResult, exec_err};
use std::sync::Arc;

macro_rules! starts {
    ($($name:literal, $aliases:expr, $unit:ident, $amount:literal, $summary:literal, [$($example:expr),*];)*) => {
        &[
            TO_START_OF_WEEK, TO_START_OF_INTERVAL, DATE_TRUNC,
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

const TO_START_OF_INTERVAL: Function = Function {
    name: "toStartOfInterval",
    syntax: "toStartOfInterval(time, INTERVAL n unit[, zone])",
    summary: "Rounds down to a multiple of an interval.",
    examples: &[
        ("toStartOfInterval(toDateTime('2024-05-15 13:47:12'), INTERVAL 15 MINUTE)", "2024-05-15 13:45:00"),
        ("toStartOfInterval(toDateTime('2024-05-15 13:47:12'), INTERVAL 7 HOUR)", "2024-05-15 07:00:00"),
        ("toStartOfInterval(toDateTime('2024-05-15 13:47:12'), INTERVAL 2 WEEK)", "2024-05-13"),
        ("toStartOfInterval(toDateTime('2024-05-15 13:47:12'), INTERVAL 5 MONTH)", "2024-03-01"),
        ("toStartOfInterval(toDateTime('2024-05-15 13:47:12'), INTERVAL 3 YEAR)", "2022-01-01"),
    ],
    monotonic: true,
    bind: |call| {
        call.count(2..=3)?;
        let DataType::Interval(unit) = *call.bare(1) else { return Err(call.wrong_type(1)) };
        let amount = call.arguments[1].integer().ok_or_else(|| call.mismatch("needs a constant interval"))?;
        if amount <= 0 {
            return Err(call.mismatch(format_args!("needs an interval of one or more, not {amount}")));
        }
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
        start_of(&inner, 1, unit, 1)
    },
    ..Function::DEFAULT
};

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
    let result = match (unit, &bare) {
        (Nanosecond, DataType::DateTime64(..)) => DataType::DateTime64(9, zone),
        (Microsecond, DataType::DateTime64(..)) => DataType::DateTime64(6, zone),
        (Millisecond, DataType::DateTime64(..)) => DataType::DateTime64(3, zone),
        (Nanosecond | Microsecond | Millisecond, _) => return Err(call.wrong_type(0)),
        (Second, DataType::DateTime64(..)) if call.function.name == "toStartOfSecond" => bare.clone(),
        (Second, _) if call.function.name == "toStartOfSecond" => return Err(call.wrong_type(0)),
        (Second | Minute | Hour | Day, _) => DataType::DateTime(zone),
        (Week | Month | Quarter | Year, _) => DataType::Date,
    };
    let (kernel, amount): (crate::function::scalar::Kernel, i64) = match unit {
        Nanosecond | Microsecond | Millisecond => (rounded::<{ Unit::SUBSECOND }>, amount),
        Second => (rounded::<{ Unit::SECOND }>, amount),
        Minute => (rounded::<{ Unit::MINUTE }>, amount),
        Hour => (rounded::<{ Unit::HOUR }>, amount),
        Day => (rounded::<{ Unit::DAY }>, amount),
        Week => (rounded::<{ Unit::WEEK }>, amount),
        Month => (rounded::<{ Unit::MONTH }>, amount),
        Quarter => (rounded::<{ Unit::MONTH }>, amount * 3),
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
                tick.div_euclid(amount) * amount
            })
        }
        Unit::SECOND if matches!(input.result, DataType::DateTime64(..)) => {
            values.unary(|tick| tick.div_euclid(read.per_second) * read.per_second)
        }
        Unit::SECOND => values.unary(|tick| tick.div_euclid(read.per_second).div_euclid(amount) * amount),
        Unit::MINUTE => {
            // By the wall clock where its minutes are not UTC's.
            let step = amount * 60;
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
            let step = amount * 3600;
            values.unary(|tick| {
                let local = zone.to_local(tick.div_euclid(read.per_second));
                let midnight = local.div_euclid(DAY_S) * DAY_S;
                zone.to_unix(midnight + (local - midnight) / step * step)
            })
        }
        Unit::DAY => values.unary(|tick| from_day(read.day(tick).div_euclid(amount) * amount)),
        Unit::WEEK if amount == 1 => values.unary(|tick| {
            let day = read.day(tick);
            day - i64::from(calendar::weekday(day as i32))
        }),
        // The epoch was a Thursday; weeks are counted from the Monday after it.
        Unit::WEEK => values.unary(|tick| 4 + (read.day(tick) - 4).div_euclid(amount * 7) * amount * 7),
        Unit::MONTH => values.unary(|tick| {
            let Civil { year, month, .. } = calendar::civil(read.day(tick) as i32);
            let months = (i64::from(year) * 12 + i64::from(month) - 1).div_euclid(amount) * amount;
            i64::from(calendar::days(months.div_euclid(12) as i32, months.rem_euclid(12) as u32 + 1, 1))
        }),
        _ => values.unary(|tick| {
            let year = i64::from(calendar::civil(read.day(tick) as i32).year);
            i64::from(calendar::days((year.div_euclid(amount) * amount) as i32, 1, 1))
        }),
    };
    if let DataType::Date = input.result {
        return from_ticks(result.unary::<_, Int64Type>(|day| day.max(0)), input.result);
    }
    from_ticks(result, input.result)
}

fn sundays(input: &Input) -> EngineResult<ArrayRef> {
    let read = Reader::new(&input.types[0]);
    let values = ticks(&input.columns[0].array)?;
    let result = values.unary::<_, Int64Type>(|tick| {
        let day = read.day(tick);
        (day - (day + 4).rem_euclid(7)).max(0)
    });
    let result: ArrayRef = Arc::new(result);
    from_ticks(result.as_primitive().clone(), input.result)
}
