//! Time zones: what zone a time has, and clocks of one zone read as another's.

use super::calendar::Zone;
use crate::function::convert::{cast, from_ticks, ticks, unit_digits};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::{Typed, literal};
use crate::value::DataType;
use arrow::array::ArrayRef;
use arrow::datatypes::Int64Type;
use datafusion::common::Result as EngineResult;
use datafusion::scalar::ScalarValue;

/// The name of the zone of times that name none.
pub(super) const SERVER_ZONE: &str = "Etc/UTC";

pub(crate) const FUNCTIONS: &[Function] = family! {
    "timezoneOf" | "timeZoneOf", any_case, "timezoneOf(time)", "The name of the time's zone.", [("timezoneOf(toDateTime('2024-01-01 00:00:00', 'Europe/Madrid'))", "Europe/Madrid"), ("timezoneOf(now())", "Etc/UTC")], |call| {
        call.count(1..=1)?;
        let name = match call.bare(0) {
            DataType::DateTime(zone) | DataType::DateTime64(_, zone) => zone.map_or(SERVER_ZONE, |zone| zone.name()),
            _ => return Err(call.wrong_type(0)),
        };
        Ok(literal(ScalarValue::Utf8View(Some(name.to_owned())), DataType::String))
    };
    "toUTCTimestamp" | "to_utc_timestamp", any_case, "toUTCTimestamp(time, zone)", "The clock of the zone read as UTC's.", [("toUTCTimestamp(toDateTime('2024-01-01 00:00:00'), 'Asia/Tokyo')", "2023-12-31 15:00:00")], |call| shifted(call, |input| clocks(input, false));
    "fromUTCTimestamp" | "from_utc_timestamp", any_case, "fromUTCTimestamp(time, zone)", "UTC's clock read as the zone's.", [("fromUTCTimestamp(toDateTime('2024-01-01 00:00:00'), 'Asia/Tokyo')", "2024-01-01 09:00:00")], |call| shifted(call, |input| clocks(input, true));
    "toTimeWithFixedDate", exact_case, "toTimeWithFixedDate(time)", "The time of the day, on 1970-01-02.", [("toTimeWithFixedDate(toDateTime('2024-05-15 13:47:12'))", "1970-01-02 13:47:12")], |call| {
        call.count(1..=2)?;
        if matches!(call.expect_time(0)?, DataType::Date | DataType::Date32) {
            return Err(call.wrong_type(0));
        }
        let time = super::start_of::with_zone(call, 1)?;
        let zone = match time.data_type.bare() {
            DataType::DateTime(zone) | DataType::DateTime64(_, zone) => *zone,
            _ => None,
        };
        Ok(call.kernel_on(fixed_date, DataType::DateTime(zone), vec![time]))
    };
};

fn shifted(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    call.constant_zone(1)?;
    let mut time = call.arguments[0].clone();
    if time.data_type.is_string() {
        time = cast(time, &DataType::DateTime64(3, None))?;
    }
    if !matches!(time.data_type.bare(), DataType::DateTime(_) | DataType::DateTime64(..)) {
        return Err(call.wrong_type(0));
    }
    let result = time.data_type.bare().clone();
    Ok(call.kernel_on(kernel, result, vec![time, call.arguments[1].clone()]))
}

fn clocks(input: &Input, from_utc: bool) -> EngineResult<ArrayRef> {
    let zone = Zone::new(input.strings(1)?.get(0).parse().unwrap_or(chrono_tz::UTC));
    let per_second = 10i64.pow(unit_digits(input.result));
    let moved = ticks(&input.columns[0].array)?.unary::<_, Int64Type>(|tick| {
        let second = tick.div_euclid(per_second);
        let moved = if from_utc { zone.to_local(second) } else { zone.to_unix(second) };
        tick + (moved - second) * per_second
    });
    from_ticks(moved, input.result)
}

fn fixed_date(input: &Input) -> EngineResult<ArrayRef> {
    let per_second = 10i64.pow(unit_digits(&input.types[0]));
    let zone = Zone::new(input.result.time_zone());
    let times = ticks(&input.columns[0].array)?.unary::<_, Int64Type>(|tick| {
        let local = zone.to_local(tick.div_euclid(per_second));
        zone.to_unix(local.rem_euclid(super::DAY_S) + super::DAY_S)
    });
    from_ticks(times, input.result)
}
