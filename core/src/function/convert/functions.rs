//! `toUInt8` … `toDateTime64OrNull`: one `bind` for the family, which reads the target off the name.

use super::accurate;
use super::cast::{OnError, cast_array, is_possible};
use super::{CAST, widen};
use crate::function::conditional::default_of;
use crate::function::definition::{Call, Function, Mismatch, Nulls};
use crate::function::scalar::{Input, delegate};
use crate::function::typed::{Typed, literal};
use crate::value::DataType;
use arrow::array::ArrayRef;
use datafusion::common::Result as EngineResult;

pub(super) const CAST_ENTRIES: &[Function] = &[Function { examples: CAST.examples, ..CAST }];

/// A type's four functions. `$more` are the arguments after the first; `$zero` is what the type has for no value.
macro_rules! conversions {
    ($($type:literal, $more:literal, $aliases:expr, $summary:literal, $zero:literal, [$($example:expr),*];)*) => {
        &[$(
            Function {
                name: concat!("to", $type),
                aliases: $aliases,
                case_insensitive: is_any_case($type),
                syntax: concat!("to", $type, "(x", $more, ")"),
                summary: $summary,
                examples: &[$($example),*],
                monotonic: is_monotonic($type),
                bind,
                ..Function::DEFAULT
            },
            Function {
                name: concat!("to", $type, "OrNull"),
                syntax: concat!("to", $type, "OrNull(s", $more, ")"),
                summary: concat!("Reads ", $type, " from text; NULL if the text is none."),
                examples: &[(concat!("to", $type, "OrNull('?'", $more, ")"), "\\N")],
                bind,
                ..Function::DEFAULT
            },
            Function {
                name: concat!("to", $type, "OrZero"),
                syntax: concat!("to", $type, "OrZero(s", $more, ")"),
                summary: concat!("Reads ", $type, " from text; the type's default if the text is none."),
                examples: &[(concat!("to", $type, "OrZero('?'", $more, ")"), $zero)],
                bind,
                ..Function::DEFAULT
            },
            Function {
                name: concat!("to", $type, "OrDefault"),
                syntax: concat!("to", $type, "OrDefault(x", $more, "[, otherwise])"),
                summary: concat!("Converts to ", $type, "; the last argument, or the type's default, if the value is none."),
                examples: &[(concat!("to", $type, "OrDefault('?'", $more, ")"), $zero)],
                nulls: Nulls::Own,
                bind: or_default,
                ..Function::DEFAULT
            },
        )*]
    };
}

const fn is_monotonic(name: &str) -> bool {
    matches!(name.as_bytes(), b"Date" | b"Date32" | b"DateTime" | b"DateTime64")
}

/// ClickHouse has `DATE` for `toDate`.
const fn is_any_case(name: &str) -> bool {
    matches!(name.as_bytes(), b"Bool")
}

pub(crate) const FUNCTIONS: &[Function] = conversions! {
    "UInt8", "", &[], "Converts to UInt8; larger numbers wrap.", "0", [("toUInt8('7')", "7"), ("toUInt8(300)", "44")];
    "UInt16", "", &[], "Converts to UInt16; larger numbers wrap.", "0", [("toUInt16('7')", "7")];
    "UInt32", "", &[], "Converts to UInt32; larger numbers wrap.", "0", [("toUInt32(-1)", "4294967295")];
    "UInt64", "", &[], "Converts to UInt64; negative numbers wrap.", "0", [("toUInt64('7')", "7")];
    "UInt128", "", &[], "Converts to UInt128; negative numbers wrap.", "0", [("toUInt128('340282366920938463463374607431768211455')", "340282366920938463463374607431768211455")];
    "UInt256", "", &[], "Converts to UInt256; negative numbers wrap.", "0", [("toUInt256(-1)", "115792089237316195423570985008687907853269984665640564039457584007913129639935")];
    "Int8", "", &[], "Converts to Int8; larger numbers wrap.", "0", [("toInt8(-200)", "56")];
    "Int16", "", &[], "Converts to Int16; larger numbers wrap.", "0", [("toInt16('-7')", "-7")];
    "Int32", "", &[], "Converts to Int32; larger numbers wrap.", "0", [("toInt32(1.9)", "1")];
    "Int64", "", &[], "Converts to Int64; fractions are cut.", "0", [("toInt64('-7')", "-7")];
    "Int128", "", &[], "Converts to Int128.", "0", [("toInt128('-170141183460469231731687303715884105728')", "-170141183460469231731687303715884105728")];
    "Int256", "", &[], "Converts to Int256.", "0", [("toInt256('-7')", "-7")];
    "Float32", "", &[], "Converts to Float32.", "0", [("toFloat32('1.5')", "1.5")];
    "Float64", "", &[], "Converts to Float64.", "0", [("toFloat64('1e3')", "1000")];
    "Decimal32", ", 2", &[], "Converts to a decimal of nine digits, so many of them after the point.", "0", [("toDecimal32('1.999', 2)", "1.99")];
    "Decimal64", ", 2", &[], "Converts to a decimal of eighteen digits, so many of them after the point.", "0", [("toDecimal64(1.5, 2)", "1.5")];
    "Decimal128", ", 2", &[], "Converts to a decimal of 38 digits, so many of them after the point.", "0", [("toDecimal128('1e3', 2)", "1000")];
    "Decimal256", ", 2", &[], "Converts to a decimal of 76 digits, so many of them after the point.", "0", [("toDecimal256(7, 2)", "7")];
    "UUID", "", &[], "Reads a UUID.", "00000000-0000-0000-0000-000000000000", [("toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')", "61f0c404-5cb3-11e7-907b-a6006ad3dba0")];
    "IPv4", "", &[], "Reads an IPv4 address.", "0.0.0.0", [("toIPv4('1.2.3.4')", "1.2.3.4")];
    "IPv6", "", &[], "Reads an IPv6 address; an IPv4 one is mapped.", "::", [("toIPv6('2001:db8::1')", "2001:db8::1"), ("toIPv6('1.2.3.4')", "::ffff:1.2.3.4")];
    "Date", "", &["DATE"], "Converts to Date: text, a time (its day in its zone), a number of days or Unix time.", "1970-01-01", [("toDate('2024-01-31 10:00:00')", "2024-01-31"), ("toDate(19000)", "2022-01-08"), ("toDate(toDateTime('2024-01-01 23:30:00', 'UTC'), 'Asia/Tokyo')", "2024-01-02")];
    "Date32", "", &[], "Converts to Date32, which also holds days before 1970.", "1900-01-01", [("toDate32('1960-01-01')", "1960-01-01")];
    "DateTime", "", &["toDateTime32"], "Converts to DateTime: text in almost any notation, a date, or Unix time; a second argument is the time zone.", "1970-01-01 00:00:00", [("toDateTime('2024-01-31 10:00:00')", "2024-01-31 10:00:00"), ("toDateTime(1700000000)", "2023-11-14 22:13:20"), ("toUnixTimestamp(toDateTime('2024-10-27 02:30:00', 'Europe/Berlin'))", "1729989000")];
    "DateTime64", ", 3", &[], "Converts to DateTime64 of so many digits; a third argument is the time zone.", "1970-01-01 00:00:00.000", [("toDateTime64('2024-01-31 10:00:00.123', 3)", "2024-01-31 10:00:00.123")];
};

/// Conversions without the other three.
pub(crate) const PLAIN: &[Function] = &[
    Function {
        name: "toString",
        syntax: "toString(x[, zone])",
        summary: "Writes any value as text.",
        examples: &[
            ("toString(1.5)", "1.5"),
            ("toString(toDate('2024-01-31'))", "2024-01-31"),
            ("toString(toDateTime('2024-01-01 23:30:00', 'UTC'), 'Asia/Tokyo')", "2024-01-02 08:30:00"),
        ],
        bind,
        ..Function::DEFAULT
    },
    Function {
        name: "toBool",
        syntax: "toBool(x)",
        summary: "Converts to Bool.",
        examples: &[("toBool('yes')", "true"), ("toBool(5)", "true")],
        bind,
        ..Function::DEFAULT
    },
    Function {
        name: "toFixedString",
        syntax: "toFixedString(s, n)",
        summary: "The text as so many bytes, with zeros at the end; fails if it is longer.",
        examples: &[("toFixedString('abc', 3)", "abc"), ("toTypeName(toFixedString('a', 3))", "FixedString(3)")],
        bind: |call| {
            call.count(2..=2)?;
            call.expect_string(0)?;
            let bytes = call.constant_integer(1)?;
            let Some(bytes) = u32::try_from(bytes).ok().filter(|bytes| (1..=1 << 20).contains(bytes)) else {
                return Err(call.mismatch(format_args!("takes 1 to 1048576 bytes, not {bytes}")));
            };
            let to = DataType::FixedString(bytes);
            if let DataType::FixedString(own) = call.bare(0)
                && *own > bytes
            {
                return Err(call.mismatch(format_args!("cannot hold {own} bytes in {bytes}")));
            }
            Ok(call.kernel_on(|input| convert(input, OnError::Fail), to, vec![call.arguments[0].clone().into_value()]))
        },
        ..Function::DEFAULT
    },
];

fn bind(call: &Call) -> Result<Typed, Mismatch> {
    let name = call.function.name;
    let (target, on_error) = match (name.strip_suffix("OrNull"), name.strip_suffix("OrZero")) {
        (Some(target), _) => (target, OnError::Null),
        (_, Some(target)) => (target, OnError::Default),
        _ => (name, OnError::Fail),
    };
    let (to, _) = target_type(call, target.trim_start_matches("to"), 0)?;
    let argument = in_zone(call, &to)?;
    if on_error != OnError::Fail {
        call.expect_string(0)?;
    }
    let from = argument.data_type.bare().clone();
    if from == to && on_error == OnError::Fail {
        return Ok(argument);
    }
    if !is_possible(&from, &to) || *call.bare(0) == DataType::Uuid && to != DataType::String && to != DataType::Uuid {
        let impossible = super::impossible(&from, &to);
        return Err(Mismatch { exception: impossible.exception, ..call.wrong_type(0) });
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

/// The type that the arguments describe, and how many of them did. `more` arguments may follow.
fn target_type(call: &Call, target: &str, more: usize) -> Result<(DataType, usize), Mismatch> {
    // A time keeps its zone.
    let own = match call.arguments.first().map(|argument| argument.data_type.bare()) {
        Some(DataType::DateTime(zone) | DataType::DateTime64(_, zone)) => *zone,
        _ => None,
    };
    let zone = |index: usize| match call.arguments.get(index) {
        Some(argument) if more == 0 || argument.data_type.is_string() => {
            Ok((Some(call.constant_zone(index)?), index + 1))
        }
        _ => Ok((own, index)),
    };
    match target {
        "DateTime64" => {
            call.count(1..=3 + more)?;
            let digits = if call.arguments.len() > 1 { call.constant_integer(1)? } else { 3 };
            if !(0..=9).contains(&digits) {
                return Err(call.mismatch(format_args!("takes 0 to 9 digits, not {digits}")));
            }
            let (zone, used) = zone(2)?;
            Ok((DataType::DateTime64(digits as u8, zone), used))
        }
        // `toDateTime(x, 3)` is a DateTime64
        "DateTime" if more == 0 && call.arguments.get(1).is_some_and(|one| one.data_type.is_integer()) => {
            call.count(2..=3)?;
            let digits = call.constant_integer(1)?;
            if !(0..=9).contains(&digits) {
                return Err(call.mismatch(format_args!("takes 0 to 9 digits, not {digits}")));
            }
            let (zone, used) = zone(2)?;
            let is_whole = digits == 0;
            Ok((if is_whole { DataType::DateTime(zone) } else { DataType::DateTime64(digits as u8, zone) }, used))
        }
        "DateTime" => {
            call.count(1..=2 + more)?;
            let (zone, used) = zone(1)?;
            Ok((DataType::DateTime(zone), used))
        }
        "Decimal32" | "Decimal64" | "Decimal128" | "Decimal256" => {
            call.count(2..=2 + more)?;
            let scale = call.constant_integer(1)?;
            let data_type = DataType::parse(&format!("{target}({scale})")).map_err(|error| call.mismatch(error))?;
            Ok((data_type, 2))
        }
        other => {
            let takes_zone = match other {
                "Date" | "Date32" => true,
                "String" => call.arguments.first().is_some_and(|one| {
                    matches!(one.data_type.bare(), DataType::DateTime(_) | DataType::DateTime64(..))
                }),
                _ => false,
            };
            call.count(if takes_zone { 1..=2 } else { 1..=1 + more })?;
            Ok((DataType::parse(other).map_err(|error| call.mismatch(error))?, 1))
        }
    }
}

fn convert(input: &Input, on_error: OnError) -> EngineResult<ArrayRef> {
    let (from, to) = (input.types[0].bare(), input.result.bare());
    if let (DataType::String | DataType::FixedString(_), DataType::DateTime(_) | DataType::DateTime64(..)) = (from, to)
        && on_error != OnError::Fail
    {
        // these read the usual notation only
        let strings = cast_array(&input.columns[0].array, from, &DataType::String, on_error)?;
        return super::time::from_plain_strings(&strings, to, on_error);
    }
    super::cast_text(&input.columns[0].array, from, to, on_error)
}

/// The accurate conversion, or the last argument where there is none.
fn or_default(call: &Call) -> Result<Typed, Mismatch> {
    let target = call.function.name.trim_start_matches("to").trim_end_matches("OrDefault");
    let (to, used) = target_type(call, target, 1)?;
    let otherwise = match call.arguments.get(used) {
        Some(otherwise) if !same_type(otherwise.data_type.bare(), &to) => {
            let problem = format_args!("needs a default of the type {to}, not {}", otherwise.data_type);
            return Err(call.mismatch(problem));
        }
        Some(otherwise) => Typed { data_type: to.clone(), ..otherwise.clone() },
        None => typed_default(&to).ok_or_else(|| call.mismatch(format_args!("knows no default of {to}")))?,
    };
    let converted = accurate::or_null(call, call.arguments[0].clone(), &to)?;
    if *converted.data_type.bare() == DataType::Nothing {
        return Ok(otherwise);
    }
    delegate(call, "ifNull", vec![converted, otherwise])
}

/// The zone of a default does not matter.
fn same_type(left: &DataType, right: &DataType) -> bool {
    match (left, right) {
        (DataType::DateTime(_), DataType::DateTime(_)) => true,
        (DataType::DateTime64(left, _), DataType::DateTime64(right, _)) => left == right,
        (left, right) => left == right,
    }
}

/// The default of a type where a conversion fails: that of `Date32` is its first day.
pub(super) fn typed_default(to: &DataType) -> Option<Typed> {
    const YEAR_1900: i32 = -25_567;
    let value = match to {
        DataType::Date32 => datafusion::scalar::ScalarValue::Date32(Some(YEAR_1900)),
        other => default_of(other)?,
    };
    Some(literal(value, to.clone()))
}
