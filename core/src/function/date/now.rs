//! The time of the query: the same for all of it, so these are literals by the time a plan is made.

use super::calendar::{DAY_S, Zone};
use crate::function::definition::{Call, Function, Mismatch};
use crate::function::typed::{Typed, literal};
use crate::value::{DataType, time_unit};
use arrow::datatypes::TimeUnit;
use datafusion::scalar::ScalarValue;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "now",
        aliases: &["current_timestamp", "localtimestamp", "localtime"],
        case_insensitive: true,
        syntax: "now([zone])",
        summary: "The time of the query, to the second.",
        examples: &[("toTypeName(now())", "DateTime")],
        bind: |call| {
            call.count(0..=1)?;
            let zone = if call.arguments.is_empty() { None } else { Some(call.constant_zone(0)?) };
            let second = call.context.now_ns.div_euclid(1_000_000_000);
            Ok(literal(ScalarValue::TimestampSecond(Some(second), None), DataType::DateTime(zone)))
        },
        ..Function::DEFAULT
    },
    Function {
        name: "now64",
        case_insensitive: true,
        syntax: "now64([digits[, zone]])",
        summary: "The time of the query, to so many digits of a second.",
        examples: &[("toTypeName(now64())", "DateTime64(3)"), ("toTypeName(now64(6))", "DateTime64(6)")],
        bind: now64,
        ..Function::DEFAULT
    },
    Function {
        name: "nowInBlock",
        case_insensitive: true,
        syntax: "nowInBlock([zone])",
        summary: "The time of the query, to the second: all of a query sees one time.",
        examples: &[("toTypeName(nowInBlock())", "DateTime")],
        bind: |call| super::super::scalar::delegate(call, "now", call.arguments.clone()),
        ..Function::DEFAULT
    },
    Function {
        name: "nowInBlock64",
        case_insensitive: true,
        syntax: "nowInBlock64([digits[, zone]])",
        summary: "The time of the query, to so many digits of a second.",
        examples: &[("toTypeName(nowInBlock64())", "DateTime64(3)")],
        bind: now64,
        ..Function::DEFAULT
    },
    Function {
        name: "UTCTimestamp",
        aliases: &["UTC_timestamp"],
        case_insensitive: true,
        syntax: "UTCTimestamp()",
        summary: "The time of the query as a DateTime('UTC').",
        examples: &[("toTypeName(UTCTimestamp())", "DateTime('UTC')")],
        bind: |call| {
            call.count(0..=0)?;
            let second = call.context.now_ns.div_euclid(1_000_000_000);
            Ok(literal(ScalarValue::TimestampSecond(Some(second), None), DataType::DateTime(Some(chrono_tz::UTC))))
        },
        ..Function::DEFAULT
    },
    Function {
        name: "today",
        aliases: &["curdate", "current_date"],
        case_insensitive: true,
        syntax: "today()",
        summary: "The day of the query.",
        examples: &[("toTypeName(today())", "Date")],
        bind: |call| day(call, 0),
        ..Function::DEFAULT
    },
    Function {
        name: "yesterday",
        syntax: "yesterday()",
        summary: "The day before the query.",
        examples: &[("today() - yesterday()", "1")],
        bind: |call| day(call, -1),
        ..Function::DEFAULT
    },
    Function {
        name: "timezone",
        aliases: &["timeZone", "serverTimezone", "serverTimeZone"],
        syntax: "timezone()",
        summary: "The zone of dates and times that name none.",
        examples: &[("timezone()", "Etc/UTC")],
        bind: |call| {
            call.count(0..=0)?;
            Ok(literal(ScalarValue::Utf8View(Some(super::zone::SERVER_ZONE.to_owned())), DataType::String))
        },
        ..Function::DEFAULT
    },
];

fn day(call: &Call, shift: i64) -> Result<Typed, Mismatch> {
    call.count(0..=0)?;
    let local = Zone::new(chrono_tz::UTC).to_local(call.context.now_ns.div_euclid(1_000_000_000));
    let days = local.div_euclid(DAY_S) + shift;
    Ok(literal(ScalarValue::Date32(Some(days as i32)), DataType::Date))
}

fn now64(call: &Call) -> Result<Typed, Mismatch> {
    call.count(0..=2)?;
    let digits = if call.arguments.is_empty() { 3 } else { call.constant_integer(0)? };
    if !(0..=9).contains(&digits) {
        return Err(call.mismatch(format_args!("takes 0 to 9 digits, not {digits}")));
    }
    let zone = if call.arguments.len() > 1 { Some(call.constant_zone(1)?) } else { None };
    let cut = 10i64.pow(9 - digits as u32);
    let now = call.context.now_ns.div_euclid(cut) * cut;
    let value = match time_unit(digits as u8) {
        TimeUnit::Second => ScalarValue::TimestampSecond(Some(now / 1_000_000_000), None),
        TimeUnit::Millisecond => ScalarValue::TimestampMillisecond(Some(now / 1_000_000), None),
        TimeUnit::Microsecond => ScalarValue::TimestampMicrosecond(Some(now / 1_000), None),
        TimeUnit::Nanosecond => ScalarValue::TimestampNanosecond(Some(now), None),
    };
    Ok(literal(value, DataType::DateTime64(digits as u8, zone)))
}
