//! Numbers as people write them: `formatReadableSize`, `formatReadableTimeDelta`, and back.

use super::convert::{OnError, cast_array};
use super::definition::{Call, Function, Mismatch, family};
use super::scalar::{Input, Kernel};
use super::typed::{Typed, literal};
use crate::value::DataType;
use arrow::array::*;
use arrow::datatypes::Float64Type;
use datafusion::common::{Result as EngineResult, exec_err};
use datafusion::scalar::ScalarValue;
use std::fmt::Write;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "formatReadableSize" | "FORMAT_BYTES", any_case, "formatReadableSize(bytes)", "A number of bytes with a unit of 1024.", [("formatReadableSize(192851925)", "183.92 MiB")], |call| scaled(call, |input| written(input, 1024.0, &BINARY));
    "formatReadableDecimalSize", exact_case, "formatReadableDecimalSize(bytes)", "A number of bytes with a unit of 1000.", [("formatReadableDecimalSize(192851925)", "192.85 MB")], |call| scaled(call, |input| written(input, 1000.0, &DECIMAL));
    "formatReadableQuantity", exact_case, "formatReadableQuantity(x)", "A number with the name of its magnitude.", [("formatReadableQuantity(192851925)", "192.85 million")], |call| scaled(call, |input| written(input, 1000.0, &QUANTITY));
    "formatReadableTimeDelta", exact_case, "formatReadableTimeDelta(seconds[, largest[, smallest]])", "A span of time in years, months, days and so on.", [("formatReadableTimeDelta(100)", "1 minute and 40 seconds"), ("formatReadableTimeDelta(432546534, 'hours')", "120151 hours, 48 minutes and 54 seconds")], time_delta;
    "parseTimeDelta", exact_case, "parseTimeDelta(s)", "The seconds of a span of time that is given as text.", [("parseTimeDelta('1 min 35 sec')", "95"), ("parseTimeDelta('11hr25min3.1s')", "41103.1")], |call| {
        call.count(1..=1)?;
        Ok(call.kernel_on(parsed_deltas, DataType::Float64, vec![call.text(0)?]))
    };
    "parseReadableSize", exact_case, "parseReadableSize(s)", "The bytes of a size that is given as text.", [("parseReadableSize('1.5 KiB')", "1536")], |call| size(call, OnError::Fail, |input| sizes(input, OnError::Fail));
    "parseReadableSizeOrNull", exact_case, "parseReadableSizeOrNull(s)", "As parseReadableSize; NULL if the text is no size.", [("parseReadableSizeOrNull('x')", "\\N")], |call| size(call, OnError::Null, |input| sizes(input, OnError::Null));
    "parseReadableSizeOrZero", exact_case, "parseReadableSizeOrZero(s)", "As parseReadableSize; 0 if the text is no size.", [("parseReadableSizeOrZero('x')", "0")], |call| size(call, OnError::Default, |input| sizes(input, OnError::Default));
};

const BINARY: [&str; 9] = [" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB", " ZiB", " YiB"];
const DECIMAL: [&str; 9] = [" B", " KB", " MB", " GB", " TB", " PB", " EB", " ZB", " YB"];
const QUANTITY: [&str; 22] = [
    "",
    " thousand",
    " million",
    " billion",
    " trillion",
    " quadrillion",
    " quintillion",
    " sextillion",
    " septillion",
    " octillion",
    " nonillion",
    " decillion",
    " undecillion",
    " duodecillion",
    " tredecillion",
    " quattuordecillion",
    " quindecillion",
    " sexdecillion",
    " septendecillion",
    " octodecillion",
    " novemdecillion",
    " vigintillion",
];

fn scaled(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    if !call.bare(0).is_numeric() {
        return Err(call.wrong_type(0));
    }
    Ok(call.kernel(kernel, DataType::String))
}

fn floats(input: &Input, index: usize) -> EngineResult<Float64Array> {
    let array = cast_array(&input.expanded(index)?, &input.types[index], &DataType::Float64, OnError::Fail)?;
    Ok(array.as_primitive::<Float64Type>().clone())
}

fn written(input: &Input, step: f64, units: &[&str]) -> EngineResult<ArrayRef> {
    let values = floats(input, 0)?;
    input.write_strings(|row, out| {
        let (mut value, mut unit) = (values.value(row), 0);
        while unit + 1 < units.len() && value.abs() >= step {
            value /= step;
            unit += 1;
        }
        let _ = match value {
            value if value.is_nan() => write!(out, "nan{}", units[unit]),
            value => write!(out, "{value:.2}{}", units[unit]),
        };
        Ok(())
    })
}

/// Units of a span, the largest first, with their nanoseconds: a year has 365 days, a month 30.5.
const SPANS: [(&str, i128); 9] = [
    ("year", 31_536_000_000_000_000),
    ("month", 2_635_200_000_000_000),
    ("day", 86_400_000_000_000),
    ("hour", 3_600_000_000_000),
    ("minute", 60_000_000_000),
    ("second", 1_000_000_000),
    ("millisecond", 1_000_000),
    ("microsecond", 1000),
    ("nanosecond", 1),
];

const _: () = assert!(SPANS[5].1 == 1_000_000_000);

fn time_delta(call: &Call) -> Result<Typed, Mismatch> {
    let count = call.count(1..=3)?;
    if !call.bare(0).is_numeric() {
        return Err(call.wrong_type(0));
    }
    let unit = |index: usize| {
        let name = call.constant_text(index)?;
        let place = SPANS.iter().position(|(unit, _)| name.strip_suffix('s') == Some(*unit));
        place.ok_or_else(|| call.mismatch(format_args!("got {name:?}, which is no unit of a span")))
    };
    let largest = if count > 1 { unit(1)? } else { 0 };
    let smallest = match count {
        3 => unit(2)?,
        // fractions of a second are shown only if asked for
        _ => 5.max(largest),
    };
    if largest > smallest {
        return Err(call.mismatch("needs a smallest unit that is not larger than the largest"));
    }
    let number = |value: usize| literal(ScalarValue::Int64(Some(value as i64)), DataType::Int64);
    let arguments = vec![call.arguments[0].clone(), number(largest), number(smallest)];
    Ok(call.kernel_on(deltas, DataType::String, arguments))
}

fn deltas(input: &Input) -> EngineResult<ArrayRef> {
    let (values, largest, smallest) = (floats(input, 0)?, input.integers(1)?(0), input.integers(2)?(0));
    let units = &SPANS[largest as usize..=smallest as usize];
    input.write_strings(|row, out| {
        let value = values.value(row);
        if !value.is_finite() {
            out.push_str(if value.is_nan() {
                "nan"
            } else if value > 0.0 {
                "inf"
            } else {
                "-inf"
            });
            return Ok(());
        }
        if value < 0.0 {
            out.push('-');
        }
        let whole = value.abs().trunc();
        // beyond that a float has no nanoseconds
        let fraction = ((value.abs() - whole) * 1e9).round() as i128;
        let mut rest = (whole.min(1e20) as i128) * 1_000_000_000 + fraction;
        let mut parts: Vec<(i128, &str)> = Vec::new();
        for (name, size) in units {
            let count = rest / size;
            rest %= size;
            if count > 0 {
                parts.push((count, name));
            }
        }
        if parts.is_empty() {
            parts.push((0, units[units.len() - 1].0));
        }
        let last = parts.len() - 1;
        for (index, (count, name)) in parts.iter().enumerate() {
            let before = match index {
                0 => "",
                index if index == last => " and ",
                _ => ", ",
            };
            let _ = write!(out, "{before}{count} {name}{}", if *count == 1 { "" } else { "s" });
        }
        Ok(())
    })
}

const DELTA_UNITS: [(&[&str], f64); 10] = [
    (&["years", "year", "yr", "y"], 31_536_000.0),
    (&["months", "month", "mo"], 2_635_200.0),
    (&["weeks", "week", "w"], 604_800.0),
    (&["days", "day", "d"], 86_400.0),
    (&["hours", "hour", "hr", "h"], 3600.0),
    (&["minutes", "minute", "min", "m"], 60.0),
    (&["seconds", "second", "sec", "s"], 1.0),
    (&["milliseconds", "millisecond", "millisec", "ms"], 1e-3),
    (&["microseconds", "microsecond", "microsec", "μs", "us"], 1e-6),
    (&["nanoseconds", "nanosecond", "nanosec", "ns"], 1e-9),
];

fn parsed_deltas(input: &Input) -> EngineResult<ArrayRef> {
    let text = input.strings(0)?;
    let mut out = Vec::with_capacity(input.rows);
    for row in 0..input.rows {
        if input.is_null(row) {
            out.push(0.0);
            continue;
        }
        match parse_delta(text.get(row)) {
            Some(seconds) => out.push(seconds),
            None => return exec_err!("cannot read the span of time {:?}", text.get(row)),
        }
    }
    Ok(Arc::new(Float64Array::from(out)))
}

/// Numbers with units, and between them space or one of `; - + , :`.
fn parse_delta(text: &str) -> Option<f64> {
    let mut rest = text.trim();
    let mut total = None;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..end].parse().ok()?;
        rest = rest[end..].trim_start();
        let end = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
        let unit = rest[..end].to_lowercase();
        let (_, seconds) = DELTA_UNITS.iter().find(|(names, _)| names.contains(&unit.as_str()))?;
        total = Some(total.unwrap_or(0.0) + number * seconds);
        rest = rest[end..].strip_prefix('.').unwrap_or(&rest[end..]).trim_start();
        rest = rest.strip_prefix([';', '-', '+', ',', ':']).unwrap_or(rest).trim_start();
    }
    total
}

fn size(call: &Call, on_error: OnError, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    let result = if on_error == OnError::Null { DataType::UInt64.nullable() } else { DataType::UInt64 };
    Ok(call.kernel_on(kernel, result, vec![call.text(0)?]))
}

fn sizes(input: &Input, on_error: OnError) -> EngineResult<ArrayRef> {
    let text = input.strings(0)?;
    let mut out: Vec<Option<u64>> = Vec::with_capacity(input.rows);
    for row in 0..input.rows {
        if input.is_null(row) {
            out.push(Some(0));
            continue;
        }
        out.push(match (parse_size(text.get(row)), on_error) {
            (Some(bytes), _) => Some(bytes),
            (None, OnError::Null) => None,
            (None, OnError::Default) => Some(0),
            (None, OnError::Fail) => return exec_err!("cannot read the size {:?}", text.get(row)),
        });
    }
    Ok(Arc::new(UInt64Array::from(out)))
}

fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim_start();
    let end = text.find(|c: char| c.is_alphabetic() && !matches!(c, 'e' | 'E') || c == ' ')?;
    let number: f64 = text[..end].parse().ok()?;
    let unit = text[end..].trim_start().to_ascii_lowercase();
    let named = |units: &[&str], step: f64| {
        let place = units.iter().position(|name| name.trim_start().eq_ignore_ascii_case(&unit))?;
        Some(step.powi(place as i32))
    };
    let factor = named(&BINARY[..7], 1024.0).or_else(|| named(&DECIMAL[..7], 1000.0))?;
    let bytes = (number * factor).ceil();
    (number >= 0.0 && bytes <= u64::MAX as f64).then_some(bytes as u64)
}
