//! Unix time in and out, zones, and distances between two times.

use super::calendar::{self, Civil, DAY_S, Zone};
use crate::function::convert::{cast, from_ticks, ticks, unit_digits, widen};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel, delegate};
use crate::function::typed::Typed;
use crate::value::{DataType, IntervalUnit};
use arrow::array::*;
use arrow::datatypes::Int64Type;
use datafusion::common::Result as EngineResult;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "fromUnixTimestamp" | "FROM_UNIXTIME", any_case, "fromUnixTimestamp(seconds[, format[, zone]])", "The time so many seconds after 1970-01-01 00:00:00 UTC; with a format, as formatDateTime writes it.", [("fromUnixTimestamp(1700000000)", "2023-11-14 22:13:20"), ("fromUnixTimestamp(1700000000, '%Y')", "2023")], |call| from_seconds(call, "formatDateTime");
    "fromUnixTimestampInJodaSyntax", exact_case, "fromUnixTimestampInJodaSyntax(seconds[, format[, zone]])", "As fromUnixTimestamp, with a format of Joda's.", [("fromUnixTimestampInJodaSyntax(1700000000, 'yyyy-MM-dd')", "2023-11-14")], |call| from_seconds(call, "formatDateTimeInJodaSyntax");
    "timeDiff", exact_case, "timeDiff(start, end)", "The seconds between two times.", [("timeDiff(toDateTime('2024-01-01 00:00:00'), toDateTime('2024-01-01 00:01:00'))", "60")], |call| {
        call.count(2..=2)?;
        let unit = crate::function::literal(datafusion::scalar::ScalarValue::Utf8View(Some("second".into())), DataType::String);
        delegate(call, "dateDiff", vec![unit, call.arguments[0].clone(), call.arguments[1].clone()])
    };
    "fromUnixTimestamp64Second", exact_case, "fromUnixTimestamp64Second(n[, zone])", "Unix time as DateTime64.", [("fromUnixTimestamp64Second(1700000000)", "2023-11-14 22:13:20")], |call| from_unix(call, 0);
    "fromUnixTimestamp64Milli", exact_case, "fromUnixTimestamp64Milli(n[, zone])", "Unix time in milliseconds as DateTime64(3).", [("fromUnixTimestamp64Milli(1700000000123)", "2023-11-14 22:13:20.123"), ("fromUnixTimestamp64Milli(1700000000123, 'Asia/Tokyo')", "2023-11-15 07:13:20.123")], |call| from_unix(call, 3);
    "fromUnixTimestamp64Micro", exact_case, "fromUnixTimestamp64Micro(n[, zone])", "Unix time in microseconds as DateTime64(6).", [("fromUnixTimestamp64Micro(1700000000123456)", "2023-11-14 22:13:20.123456")], |call| from_unix(call, 6);
    "fromUnixTimestamp64Nano", exact_case, "fromUnixTimestamp64Nano(n[, zone])", "Unix time in nanoseconds as DateTime64(9).", [("fromUnixTimestamp64Nano(1700000000123456789)", "2023-11-14 22:13:20.123456789")], |call| from_unix(call, 9);
    "toUnixTimestamp64Second", exact_case, "toUnixTimestamp64Second(time)", "Unix time of a DateTime64.", [("toUnixTimestamp64Second(toDateTime64('2023-11-14 22:13:20.5', 3))", "1700000000")], |call| to_unix(call, 0);
    "toUnixTimestamp64Milli", exact_case, "toUnixTimestamp64Milli(time)", "Unix time of a DateTime64, in milliseconds.", [("toUnixTimestamp64Milli(toDateTime64('2023-11-14 22:13:20.5', 3))", "1700000000500")], |call| to_unix(call, 3);
    "toUnixTimestamp64Micro", exact_case, "toUnixTimestamp64Micro(time)", "Unix time of a DateTime64, in microseconds.", [("toUnixTimestamp64Micro(toDateTime64('2023-11-14 22:13:20.5', 3))", "1700000000500000")], |call| to_unix(call, 6);
    "toUnixTimestamp64Nano", exact_case, "toUnixTimestamp64Nano(time)", "Unix time of a DateTime64, in nanoseconds.", [("toUnixTimestamp64Nano(toDateTime64('2023-11-14 22:13:20.5', 3))", "1700000000500000000")], |call| to_unix(call, 9);
    "toTimezone" | "toTimeZone", exact_case, "toTimezone(time, zone)", "The same moment as a time of another zone.", [("toTimezone(toDateTime('2024-01-01 00:00:00'), 'Asia/Tokyo')", "2024-01-01 09:00:00")], |call| {
        call.count(2..=2)?;
        call.constant_zone(1)?;
        if matches!(call.expect_time(0)?, DataType::Date | DataType::Date32) {
            return Err(call.wrong_type(0));
        }
        super::start_of::with_zone(call, 1)
    };
    "dateDiff" | "date_diff" | "timestampDiff" | "timestamp_diff", any_case, "dateDiff('unit', start, end[, zone])", "How many boundaries of a unit lie between two times.", [("dateDiff('day', toDateTime('2024-01-01 23:00:00'), toDateTime('2024-01-02 01:00:00'))", "1"), ("dateDiff('month', toDate('2024-01-31'), toDate('2024-02-01'))", "1"), ("dateDiff('week', toDate('2024-05-11'), toDate('2024-05-13'))", "1")], |call| difference(call, |input| distances(input, false));
    "age", exact_case, "age('unit', start, end[, zone])", "How many whole units lie between two times.", [("age('day', toDateTime('2024-01-01 23:00:00'), toDateTime('2024-01-02 01:00:00'))", "0"), ("age('month', toDate('2024-01-31'), toDate('2024-03-30'))", "1")], |call| difference(call, |input| distances(input, true));
};

fn from_seconds(call: &Call, format: &str) -> Result<Typed, Mismatch> {
    let count = call.count(1..=3)?;
    if !call.bare(0).is_integer() && !call.bare(0).is_date_or_time() {
        return Err(call.wrong_type(0));
    }
    let time = cast(call.arguments[0].clone(), &DataType::DateTime(None))?;
    if count == 1 {
        return Ok(time);
    }
    delegate(call, format, std::iter::once(time).chain(call.arguments[1..].iter().cloned()).collect())
}

fn from_unix(call: &Call, digits: u8) -> Result<Typed, Mismatch> {
    let count = call.count(1..=2)?;
    call.expect_integer(0)?;
    let zone = if count == 2 { Some(call.constant_zone(1)?) } else { None };
    let number = cast(call.arguments[0].clone(), &DataType::Int64)?;
    let kernel: Kernel = |input| from_ticks(ticks(&input.columns[0].array)?, input.result);
    Ok(call.kernel_on(kernel, DataType::DateTime64(digits, zone), vec![number]))
}

fn to_unix(call: &Call, digits: u8) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    let DataType::DateTime64(..) = call.bare(0) else { return Err(call.wrong_type(0)) };
    let time = cast(call.arguments[0].clone(), &DataType::DateTime64(digits, None))?;
    Ok(call.kernel_on(|input| Ok(Arc::new(ticks(&input.columns[0].array)?)), DataType::Int64, vec![time]))
}

fn difference(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    let count = call.count(3..=4)?;
    let name = call.constant_text(0)?;
    if IntervalUnit::parse(name).is_none() {
        return Err(call.mismatch(format_args!("got {name:?}, which is no unit")));
    }
    call.expect_time(1)?;
    call.expect_time(2)?;
    let zone = if count == 4 { Some(call.constant_zone(3)?) } else { None };
    let digits = (1..3).map(|index| unit_digits(call.bare(index)) as u8).max().unwrap_or(0);
    let own = (1..3).map(|index| call.bare(index).time_zone()).find(|zone| *zone != chrono_tz::UTC);
    let common = DataType::DateTime64(digits, zone.or(own));
    let arguments = vec![
        call.arguments[0].clone(),
        widen(call.arguments[1].clone(), &common),
        widen(call.arguments[2].clone(), &common),
    ];
    Ok(call.kernel_on(kernel, DataType::Int64, arguments))
}

fn distances(input: &Input, whole: bool) -> EngineResult<ArrayRef> {
    let unit = IntervalUnit::parse(input.strings(0)?.get(0)).unwrap_or(IntervalUnit::Second);
    let (start, end) = (ticks(&input.expanded(1)?)?, ticks(&input.expanded(2)?)?);
    let per_second = 10i64.pow(unit_digits(&input.types[1]));
    let zone = Zone::new(input.types[1].time_zone());
    let distance = |start: i64, end: i64| {
        if whole {
            elapsed(unit, start, end, per_second, &zone)
        } else {
            place(unit, end, per_second, &zone) - place(unit, start, per_second, &zone)
        }
    };
    Ok(Arc::new(arrow::compute::binary::<_, _, _, Int64Type>(&start, &end, distance)?))
}

/// The number of the unit that a moment lies in.
fn place(unit: IntervalUnit, tick: i64, per_second: i64, zone: &Zone) -> i64 {
    let unix = tick.div_euclid(per_second);
    let day = zone.to_local(unix).div_euclid(DAY_S);
    let month = || {
        let Civil { year, month, .. } = calendar::civil(day as i32);
        i64::from(year) * 12 + i64::from(month) - 1
    };
    let fine = |units: i64| (i128::from(tick) * i128::from(units)).div_euclid(i128::from(per_second)) as i64;
    match unit {
        IntervalUnit::Nanosecond => fine(1_000_000_000),
        IntervalUnit::Microsecond => fine(1_000_000),
        IntervalUnit::Millisecond => fine(1000),
        IntervalUnit::Second => unix,
        IntervalUnit::Minute => unix.div_euclid(60),
        IntervalUnit::Hour => (unix + zone.offset(unix).rem_euclid(3600)).div_euclid(3600),
        IntervalUnit::Day => day,
        IntervalUnit::Week => (day + 3).div_euclid(7),
        IntervalUnit::Month => month(),
        IntervalUnit::Quarter => month().div_euclid(3),
        IntervalUnit::Year => month().div_euclid(12),
    }
}

/// Whole units: one less, towards zero, if the last one is not over.
fn elapsed(unit: IntervalUnit, start: i64, end: i64, per_second: i64, zone: &Zone) -> i64 {
    if end < start {
        return -elapsed(unit, end, start, per_second, zone);
    }
    let span = i128::from(end) - i128::from(start);
    let seconds = match unit {
        IntervalUnit::Nanosecond => return (span * 1_000_000_000 / i128::from(per_second)) as i64,
        IntervalUnit::Microsecond => return (span * 1_000_000 / i128::from(per_second)) as i64,
        IntervalUnit::Millisecond => return (span * 1000 / i128::from(per_second)) as i64,
        IntervalUnit::Second => 1,
        IntervalUnit::Minute => 60,
        IntervalUnit::Hour => 3600,
        IntervalUnit::Day => DAY_S,
        IntervalUnit::Week => 7 * DAY_S,
        IntervalUnit::Month | IntervalUnit::Quarter | IntervalUnit::Year => {
            let within = |tick: i64| {
                let local = zone.to_local(tick.div_euclid(per_second));
                let day = calendar::civil(local.div_euclid(DAY_S) as i32).day;
                (day, local.rem_euclid(DAY_S), tick.rem_euclid(per_second))
            };
            let month = |tick| place(IntervalUnit::Month, tick, per_second, zone);
            let months = month(end) - month(start) - i64::from(within(end) < within(start));
            return months
                / match unit {
                    IntervalUnit::Month => 1,
                    IntervalUnit::Quarter => 3,
                    _ => 12,
                };
        }
    };
    (span / (i128::from(per_second) * i128::from(seconds))) as i64
}
