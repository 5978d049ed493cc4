//! The time that is inside of identifiers: snowflake ids and UUIDs of version 7.

use crate::function::convert::{cast, from_ticks, ticks, unit_digits};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::Input;
use crate::function::typed::{Typed, literal};
use crate::value::DataType;
use arrow::array::{ArrayRef, AsArray, Int64Array};
use datafusion::common::Result as EngineResult;
use datafusion::scalar::ScalarValue;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "snowflakeIDToDateTime", exact_case, "snowflakeIDToDateTime(id[, epoch_ms[, zone]])", "The time in a snowflake id.", [("snowflakeIDToDateTime(7204436857747984384)", "2024-06-06 10:59:58")], |call| from_snowflake(call, DataType::DateTime);
    "snowflakeIDToDateTime64", exact_case, "snowflakeIDToDateTime64(id[, epoch_ms[, zone]])", "The time in a snowflake id, to the millisecond.", [("snowflakeIDToDateTime64(7204436857747984384)", "2024-06-06 10:59:58.851")], |call| from_snowflake(call, |zone| DataType::DateTime64(3, zone));
    "dateTimeToSnowflakeID", exact_case, "dateTimeToSnowflakeID(time[, epoch_ms])", "The first snowflake id of a time.", [("dateTimeToSnowflakeID(toDateTime('2024-06-06 10:59:58'))", "7204436854177792000")], to_snowflake;
    "dateTime64ToSnowflakeID", exact_case, "dateTime64ToSnowflakeID(time[, epoch_ms])", "The first snowflake id of a time.", [("dateTime64ToSnowflakeID(toDateTime64('2024-06-06 10:59:58.851', 3))", "7204436857747144704")], to_snowflake;
    "UUIDv7ToDateTime", exact_case, "UUIDv7ToDateTime(uuid[, zone])", "The time in a UUID of version 7; the epoch for others.", [("UUIDv7ToDateTime(toUUID('018f05c9-4ab8-7b86-b64e-c9f03fbd45d1'))", "2024-04-22 12:30:29.048")], |call| {
        let zone = if call.count(1..=2)? == 2 { Some(call.constant_zone(1)?) } else { None };
        if *call.bare(0) != DataType::Uuid {
            return Err(call.wrong_type(0));
        }
        Ok(call.kernel_on(uuid_times, DataType::DateTime64(3, zone), vec![call.arguments[0].clone()]))
    };
};

/// Bits of a snowflake id below its milliseconds.
const SNOWFLAKE_BITS: u32 = 22;

fn epoch(call: &Call) -> Result<Typed, Mismatch> {
    let epoch = if call.arguments.len() > 1 { call.constant_integer(1)? } else { 0 };
    Ok(literal(ScalarValue::Int64(Some(epoch)), DataType::Int64))
}

fn from_snowflake(call: &Call, result: fn(Option<chrono_tz::Tz>) -> DataType) -> Result<Typed, Mismatch> {
    let count = call.count(1..=3)?;
    call.expect_integer(0)?;
    let zone = if count == 3 { Some(call.constant_zone(2)?) } else { None };
    let id = cast(call.arguments[0].clone(), &DataType::Int64)?;
    Ok(call.kernel_on(snowflake_times, result(zone), vec![id, epoch(call)?]))
}

fn snowflake_times(input: &Input) -> EngineResult<ArrayRef> {
    let (id, epoch) = (input.integers(0)?, input.integers(1)?(0));
    let per_tick = if unit_digits(input.result) == 3 { 1 } else { 1000 };
    let times = (0..input.rows).map(|row| {
        let milliseconds = ((id(row) as u64) >> SNOWFLAKE_BITS) as i64;
        milliseconds.wrapping_add(epoch).div_euclid(per_tick)
    });
    from_ticks(Int64Array::from_iter_values(times), input.result)
}

fn to_snowflake(call: &Call) -> Result<Typed, Mismatch> {
    call.count(1..=2)?;
    let is_time64 = call.function.name.starts_with("dateTime64");
    match call.bare(0) {
        DataType::DateTime(_) if !is_time64 => {}
        DataType::DateTime64(..) if is_time64 => {}
        _ => return Err(call.wrong_type(0)),
    }
    Ok(call.kernel_on(snowflakes, DataType::UInt64, vec![call.arguments[0].clone(), epoch(call)?]))
}

fn snowflakes(input: &Input) -> EngineResult<ArrayRef> {
    let (times, epoch) = (ticks(&input.columns[0].array)?, input.integers(1)?(0));
    let per_second = i128::from(10i64.pow(unit_digits(&input.types[0])));
    input.numbers(|row| {
        let tick = i128::from(times.value(input.columns[0].at(row)));
        let milliseconds = (tick * 1000).div_euclid(per_second) as i64;
        Ok(milliseconds.wrapping_sub(epoch).wrapping_shl(SNOWFLAKE_BITS))
    })
}

fn uuid_times(input: &Input) -> EngineResult<ArrayRef> {
    let uuids = input.columns[0].array.as_fixed_size_binary();
    let times = (0..input.rows).map(|row| {
        let bytes = uuids.value(input.columns[0].at(row));
        if input.is_null(row) || bytes[6] >> 4 != 7 {
            return 0;
        }
        bytes[..6].iter().fold(0, |value, byte| value << 8 | i64::from(*byte))
    });
    from_ticks(Int64Array::from_iter_values(times), input.result)
}
