//! `toUInt8` … `toDateTime64OrNull`: one `bind` for the family, which reads the target off the name.

use super::cast::{OnError, cast_array, is_possible};
use super::{CAST, widen};
use crate::function::definition::{Call, Function, Mismatch};
use crate::function::scalar::Input;
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::ArrayRef;
use datafusion::common::Result as EngineResult;

macro_rules! conversions {
    ($($name:literal, $aliases:expr, $summary:literal, [$($example:expr),*];)*) => {
        &[CAST_ENTRY, $(Function {
            name: $name,
            aliases: $aliases,
            syntax: concat!($name, "(x)"),
            summary: $summary,
            examples: &[$($example),*],
            monotonic: is_monotonic($name),
            bind,
            ..Function::DEFAULT
        }),*]
    };
}

const CAST_ENTRY: Function = Function { examples: CAST.examples, ..CAST };

const fn is_monotonic(name: &str) -> bool {
    matches!(name.as_bytes(), b"toDate" | b"toDate32" | b"toDateTime" | b"toDateTime64")
}

pub(crate) const FUNCTIONS: &[Function] = conversions! {
    "toUInt8", &[], "Converts to UInt8; larger numbers wrap.", [("toUInt8('7')", "7"), ("toUInt8(300)", "44")];
    "toUInt16", &[], "Converts to UInt16; larger numbers wrap.", [("toUInt16('7')", "7")];
    "toUInt32", &[], "Converts to UInt32; larger numbers wrap.", [("toUInt32(-1)", "4294967295")];
    "toUInt64", &[], "Converts to UInt64; negative numbers wrap.", [("toUInt64('7')", "7")];
    "toInt8", &[], "Converts to Int8; larger numbers wrap.", [("toInt8(-200)", "56")];
    "toInt16", &[], "Converts to Int16; larger numbers wrap.", [("toInt16('-7')", "-7")];
    "toInt32", &[], "Converts to Int32; larger numbers wrap.", [("toInt32(1.9)", "1")];
    "toInt64", &[], "Converts to Int64; fractions are cut.", [("toInt64('-7')", "-7")];
    "toFloat32", &[], "Converts to Float32.", [("toFloat32('1.5')", "1.5")];
    "toFloat64", &[], "Converts to Float64.", [("toFloat64('1e3')", "1000")];
    "toString", &[], "Writes any value as text.", [("toString(1.5)", "1.5"), ("toString(toDate('2024-01-31'))", "2024-01-31"), ("toString(toDateTime('2024-01-01 23:30:00', 'UTC'), 'Asia/Tokyo')", "2024-01-02 08:30:00")];
    "toBool", &[], "Converts to Bool.", [("toBool('yes')", "true")];
    "toUUID", &[], "Reads a UUID.", [("toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')", "61f0c404-5cb3-11e7-907b-a6006ad3dba0")];
    "toIPv4", &[], "Reads an IPv4 address.", [("toIPv4('1.2.3.4')", "1.2.3.4")];
    "toDate", &["DATE"], "Converts to Date: text, a time (its day in its zone), a number of days or Unix time.", [("toDate('2024-01-31 10:00:00')", "2024-01-31"), ("toDate(19000)", "2022-01-08"), ("toDate(toDateTime('2024-01-01 23:30:00', 'UTC'), 'Asia/Tokyo')", "2024-01-02")];
    "toDate32", &[], "Converts to Date32, which also holds days before 1970.", [("toDate32('1960-01-01')", "1960-01-01")];
    "toDateTime", &[], "Converts to DateTime: text, a date, or Unix time; a second argument is the time zone.", [("toDateTime('2024-01-31 10:00:00')", "2024-01-31 10:00:00"), ("toDateTime(1700000000)", "2023-11-14 22:13:20"), ("toUnixTimestamp(toDateTime('2024-10-27 02:30:00', 'Europe/Berlin'))", "1729989000")];
    "toDateTime64", &[], "Converts to DateTime64 of so many digits; a third argument is the time zone.", [("toDateTime64('2024-01-31 10:00:00.123', 3)", "2024-01-31 10:00:00.123")];
    "toUInt8OrNull", &[], "Reads a UInt8; NULL if the text is none.", [("toUInt8OrNull('300')", "\\N")];
    "toUInt16OrNull", &[], "Reads a UInt16; NULL if the text is none.", [("toUInt16OrNull('7')", "7")];
    "toUInt32OrNull", &[], "Reads a UInt32; NULL if the text is none.", [("toUInt32OrNull('1.5')", "\\N")];
    "toUInt64OrNull", &[], "Reads a UInt64; NULL if the text is none.", [("toUInt64OrNull('x')", "\\N")];
    "toInt8OrNull", &[], "Reads an Int8; NULL if the text is none.", [("toInt8OrNull('x')", "\\N")];
    "toInt16OrNull", &[], "Reads an Int16; NULL if the text is none.", [("toInt16OrNull('x')", "\\N")];
    "toInt32OrNull", &[], "Reads an Int32; NULL if the text is none.", [("toInt32OrNull('x')", "\\N")];
    "toInt64OrNull", &[], "Reads an Int64; NULL if the text is none.", [("toInt64OrNull('-5')", "-5")];
    "toFloat32OrNull", &[], "Reads a Float32; NULL if the text is none.", [("toFloat32OrNull('x')", "\\N")];
    "toFloat64OrNull", &[], "Reads a Float64; NULL if the text is none.", [("toFloat64OrNull('1.5x')", "\\N")];
    "toDateOrNull", &[], "Reads a Date; NULL if the text is none.", [("toDateOrNull('x')", "\\N")];
    "toDate32OrNull", &[], "Reads a Date32; NULL if the text is none.", [("toDate32OrNull('x')", "\\N")];
    "toDateTimeOrNull", &[], "Reads a DateTime; NULL if the text is none.", [("toDateTimeOrNull('x')", "\\N")];
    "toDateTime64OrNull", &[], "Reads a DateTime64; NULL if the text is none.", [("toDateTime64OrNull('x', 3)", "\\N")];
    "toUUIDOrNull", &[], "Reads a UUID; NULL if the text is none.", [("toUUIDOrNull('x')", "\\N")];
    "toUInt8OrZero", &[], "Reads a UInt8; 0 if the text is none.", [("toUInt8OrZero('300')", "0")];
    "toUInt16OrZero", &[], "Reads a UInt16; 0 if the text is none.", [("toUInt16OrZero('x')", "0")];
    "toUInt32OrZero", &[], "Reads a UInt32; 0 if the text is none.", [("toUInt32OrZero('1.5')", "0")];
    "toUInt64OrZero", &[], "Reads a UInt64; 0 if the text is none.", [("toUInt64OrZero('7')", "7")];
    "toInt8OrZero", &[], "Reads an Int8; 0 if the text is none.", [("toInt8OrZero('x')", "0")];
    "toInt16OrZero", &[], "Reads an Int16; 0 if the text is none.", [("toInt16OrZero('x')", "0")];
    "toInt32OrZero", &[], "Reads an Int32; 0 if the text is none.", [("toInt32OrZero('x')", "0")];
    "toInt64OrZero", &[], "Reads an Int64; 0 if the text is none.", [("toInt64OrZero('x')", "0")];
    "toFloat32OrZero", &[], "Reads a Float32; 0 if the text is none.", [("toFloat32OrZero('x')", "0")];
    "toFloat64OrZero", &[], "Reads a Float64; 0 if the text is none.", [("toFloat64OrZero('1.5x')", "0")];
    "toDateOrZero", &[], "Reads a Date; 1970-01-01 if the text is none.", [("toDateOrZero('x')", "1970-01-01")];
    "toDateTimeOrZero", &[], "Reads a DateTime; the epoch if the text is none.", [("toDateTimeOrZero('x')", "1970-01-01 00:00:00")];
    "toDateTime64OrZero", &[], "Reads a DateTime64; the epoch if the text is none.", [("toDateTime64OrZero('x', 3)", "1970-01-01 00:00:00.000")];
};

fn bind(call: &Call) -> Result<Typed, Mismatch> {
    let name = call.function.name;
    let (target, on_error) = match (name.strip_suffix("OrNull"), name.strip_suffix("OrZero")) {
        (Some(target), _) => (target, OnError::Null),
        (_, Some(target)) => (target, OnError::Default),
        _ => (name, OnError::Fail),
    };
    let to = target_type(call, target.trim_start_matches("to"))?;
    let argument = in_zone(call, &to)?;
    if on_error != OnError::Fail {
        call.expect_string(0)?;
    }
    let from = argument.data_type.bare().clone();
    if from == to {
        return Ok(argument);
    }
    if !is_possible(&from, &to) {
        return Err(call.wrong_type(0));
    }
    let arguments = vec![argument.into_value()];
    Ok(match on_error {
        OnError::Fail if super::is_widening(&from, &to) => {
            let [argument] = <[Typed; 1]>::try_from(arguments).expect("one argument was put in");
            widen(argument, &to)
        }
        OnError::Fail => call.kernel_on(|input| convert(input, OnError::Fail), to, arguments),
        OnError::Null => call.kernel_on(|input| convert(input, OnError::Null), to.nullable(), arguments),
        OnError::Default => call.kernel_on(|input| convert(input, OnError::Default), to, arguments),
    })
}

/// `toDate(time, zone)` and `toString(time, zone)` first take the time to that zone.
fn in_zone(call: &Call, to: &DataType) -> Result<Typed, Mismatch> {
    let argument = call.arguments[0].clone();
    if call.arguments.len() < 2 || !matches!(to, DataType::Date | DataType::Date32 | DataType::String) {
        return Ok(argument);
    }
    let zone = Some(call.constant_zone(1)?);
    match call.bare(0) {
        DataType::DateTime(_) => Ok(Typed { data_type: DataType::DateTime(zone), ..argument }),
        DataType::DateTime64(digits, _) => Ok(Typed { data_type: DataType::DateTime64(*digits, zone), ..argument }),
        other if other.is_integer() => super::cast(argument, &DataType::DateTime(zone)),
        _ => Ok(argument),
    }
}

fn target_type(call: &Call, target: &str) -> Result<DataType, Mismatch> {
    let zone = |index: usize| {
        if call.arguments.len() > index {
            return call.constant_zone(index).map(Some);
        }
        // A time keeps its zone.
        Ok(match call.bare(0) {
            DataType::DateTime(zone) | DataType::DateTime64(_, zone) => *zone,
            _ => None,
        })
    };
    match target {
        "DateTime64" => {
            call.count(2..=3)?;
            let digits = call.constant_integer(1)?;
            if !(0..=9).contains(&digits) {
                return Err(call.mismatch(format_args!("takes 0 to 9 digits, not {digits}")));
            }
            Ok(DataType::DateTime64(digits as u8, zone(2)?))
        }
        "DateTime" => {
            call.count(1..=2)?;
            Ok(DataType::DateTime(zone(1)?))
        }
        other => {
            let takes_zone = match other {
                "Date" | "Date32" => true,
                "String" => matches!(call.bare(0), DataType::DateTime(_) | DataType::DateTime64(..)),
                _ => false,
            };
            call.count(if takes_zone { 1..=2 } else { 1..=1 })?;
            DataType::parse(other).map_err(|error| call.mismatch(error))
        }
    }
}

fn convert(input: &Input, on_error: OnError) -> EngineResult<ArrayRef> {
    cast_array(&input.columns[0].array, &input.types[0], input.result, on_error)
}
