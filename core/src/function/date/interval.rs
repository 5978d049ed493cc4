//! Intervals, and adding them to dates and times: `toIntervalDay`, `now() - INTERVAL 1 DAY`, `addMonths`.

use super::calendar::{self, DAY_S, Zone};
use crate::function::convert::{cast, from_ticks, ticks, unit_digits, widen};
use crate::function::definition::{Call, Function, Mismatch};
use crate::function::scalar::{Input, delegate};
use crate::function::typed::Typed;
use crate::value::{DataType, IntervalUnit};
use arrow::array::*;
use datafusion::common::Result as EngineResult;
use datafusion::logical_expr::Operator;

macro_rules! units {
    ($($unit:ident, $interval:literal, $add:literal, $subtract:literal, $after:literal;)*) => {
        &[
            DATE_ADD, DATE_SUB, ADD_DATE, SUB_DATE,
            $(
                Function {
                    name: $interval,
                    syntax: concat!($interval, "(n)"),
                    summary: concat!("An interval; the same as INTERVAL n ", stringify!($unit), "."),
                    examples: &[(concat!("toDateTime('2024-01-31 00:00:00') + ", $interval, "(1)"), $after)],
                    bind: |call| interval(call, IntervalUnit::$unit),
                    ..Function::DEFAULT
                },
                Function {
                    name: $add,
                    syntax: concat!($add, "(time, n)"),
                    summary: concat!("Adds n of the unit ", stringify!($unit), " to a date or time."),
                    examples: &[(concat!($add, "(toDateTime('2024-01-31 00:00:00'), 1)"), $after)],
                    bind: |call| shift(call, IntervalUnit::$unit, "plus"),
                    ..Function::DEFAULT
                },
                Function {
                    name: $subtract,
                    syntax: concat!($subtract, "(time, n)"),
                    summary: concat!("Takes n of the unit ", stringify!($unit), " from a date or time."),
                    examples: &[(concat!($subtract, "(toDateTime('2024-01-31 00:00:00'), -1)"), $after)],
                    bind: |call| shift(call, IntervalUnit::$unit, "minus"),
                    ..Function::DEFAULT
                },
            )*
        ]
    };
}

pub(crate) const FUNCTIONS: &[Function] = units! {
    Nanosecond, "toIntervalNanosecond", "addNanoseconds", "subtractNanoseconds", "2024-01-31 00:00:00.000000001";
    Microsecond, "toIntervalMicrosecond", "addMicroseconds", "subtractMicroseconds", "2024-01-31 00:00:00.000001";
    Millisecond, "toIntervalMillisecond", "addMilliseconds", "subtractMilliseconds", "2024-01-31 00:00:00.001";
    Second, "toIntervalSecond", "addSeconds", "subtractSeconds", "2024-01-31 00:00:01";
    Minute, "toIntervalMinute", "addMinutes", "subtractMinutes", "2024-01-31 00:01:00";
    Hour, "toIntervalHour", "addHours", "subtractHours", "2024-01-31 01:00:00";
    Day, "toIntervalDay", "addDays", "subtractDays", "2024-02-01 00:00:00";
    Week, "toIntervalWeek", "addWeeks", "subtractWeeks", "2024-02-07 00:00:00";
    Month, "toIntervalMonth", "addMonths", "subtractMonths", "2024-02-29 00:00:00";
    Quarter, "toIntervalQuarter", "addQuarters", "subtractQuarters", "2024-04-30 00:00:00";
    Year, "toIntervalYear", "addYears", "subtractYears", "2025-01-31 00:00:00";
};

const DATE_ADD: Function = Function {
    name: "date_add",
    aliases: &["dateAdd", "timestampAdd", "timestamp_add"],
    case_insensitive: true,
    syntax: "date_add(unit, n, time) or date_add(time, INTERVAL n unit)",
    summary: "Adds an interval to a date or time.",
    examples: &[
        ("date_add(toDate('2024-01-31'), INTERVAL 1 MONTH)", "2024-02-29"),
        ("date_add(day, 1, toDate('2024-01-31'))", "2024-02-01"),
    ],
    bind: |call| date_add(call, "plus"),
    ..Function::DEFAULT
};

const DATE_SUB: Function = Function {
    name: "date_sub",
    aliases: &["dateSub", "timestampSub", "timestamp_sub"],
    case_insensitive: true,
    syntax: "date_sub(unit, n, time) or date_sub(time, INTERVAL n unit)",
    summary: "Takes an interval from a date or time.",
    examples: &[("date_sub(toDate('2024-03-31'), INTERVAL 1 MONTH)", "2024-02-29")],
    bind: |call| date_add(call, "minus"),
    ..Function::DEFAULT
};

const ADD_DATE: Function = Function {
    name: "addDate",
    case_insensitive: true,
    syntax: "addDate(time, INTERVAL n unit)",
    summary: "Adds an interval to a date or time.",
    examples: &[("addDate(toDate('2024-01-31'), INTERVAL 1 DAY)", "2024-02-01")],
    bind: |call| with_interval(call, "plus"),
    ..Function::DEFAULT
};

const SUB_DATE: Function = Function {
    name: "subDate",
    case_insensitive: true,
    syntax: "subDate(time, INTERVAL n unit)",
    summary: "Takes an interval from a date or time.",
    examples: &[("subDate(toDate('2024-01-31'), INTERVAL 1 DAY)", "2024-01-30")],
    bind: |call| with_interval(call, "minus"),
    ..Function::DEFAULT
};

fn with_interval(call: &Call, operator: &str) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    if !matches!(call.bare(1), DataType::Interval(_)) {
        return Err(call.wrong_type(1));
    }
    delegate(call, operator, call.arguments.clone())
}

/// The unit comes as the text of its name; the binder makes a text of a bare `day` ([`takes_unit`]). ClickHouse
/// has the bare one only.
fn date_add(call: &Call, operator: &str) -> Result<Typed, Mismatch> {
    if call.count(2..=3)? == 2 {
        return delegate(call, operator, call.arguments.clone());
    }
    let name = call.constant_text(0)?;
    let unit =
        IntervalUnit::parse(name).ok_or_else(|| call.mismatch(format_args!("got {name:?}, which is no unit")))?;
    let amount = delegate(call, interval_name(unit), vec![call.arguments[1].clone()])?;
    delegate(call, operator, vec![call.arguments[2].clone(), amount])
}

/// The first argument of these may be the bare name of a unit: `dateDiff(day, a, b)`.
pub fn takes_unit(function: &str) -> bool {
    crate::function::table::find(function)
        .is_some_and(|function| matches!(function.name, "date_add" | "date_sub" | "dateDiff"))
}

pub(super) fn interval_name(unit: IntervalUnit) -> &'static str {
    use IntervalUnit::*;
    match unit {
        Nanosecond => "toIntervalNanosecond",
        Microsecond => "toIntervalMicrosecond",
        Millisecond => "toIntervalMillisecond",
        Second => "toIntervalSecond",
        Minute => "toIntervalMinute",
        Hour => "toIntervalHour",
        Day => "toIntervalDay",
        Week => "toIntervalWeek",
        Month => "toIntervalMonth",
        Quarter => "toIntervalQuarter",
        Year => "toIntervalYear",
    }
}

fn interval(call: &Call, unit: IntervalUnit) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    if !call.bare(0).is_numeric() && !call.bare(0).is_string() {
        return Err(call.wrong_type(0));
    }
    let amount = cast(call.arguments[0].clone(), &DataType::Int64)?;
    Ok(Typed { data_type: DataType::Interval(unit), ..amount })
}

fn shift(call: &Call, unit: IntervalUnit, operator: &str) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    let mut time = call.arguments[0].clone();
    if time.data_type.is_string() {
        time = cast(time, &DataType::DateTime64(3, None))?;
    }
    let amount = delegate(call, interval_name(unit), vec![call.arguments[1].clone()])?;
    delegate(call, operator, vec![time, amount])
}

/// `plus` and `minus` where one side is a date, time or interval.
pub(crate) fn add(call: &Call, minus: bool) -> Result<Typed, Mismatch> {
    let (mut left, mut right) = (call.arguments[0].clone(), call.arguments[1].clone());
    if !minus && right.data_type.is_date_or_time() {
        std::mem::swap(&mut left, &mut right);
    }
    let mismatch = || {
        call.mismatch(format_args!("does not take {} and {}", call.arguments[0].data_type, call.arguments[1].data_type))
    };
    if let (DataType::Interval(unit), DataType::Interval(other)) = (left.data_type.bare(), right.data_type.bare()) {
        if unit != other {
            return super::tuple::join(call, minus);
        }
        let operator = if minus { Operator::Minus } else { Operator::Plus };
        let data_type = left.data_type.clone();
        return Ok(Typed::new(crate::function::typed::binary(left.expr, operator, right.expr), data_type));
    }
    if let DataType::Tuple(_) = right.data_type.bare()
        && let Some(intervals) = super::tuple::intervals(&right)
    {
        if !left.data_type.is_date_or_time() {
            return super::tuple::join(call, minus);
        }
        let operator = if minus { "minus" } else { "plus" };
        return intervals.into_iter().try_fold(left, |time, interval| delegate(call, operator, vec![time, interval]));
    }
    if matches!(left.data_type.bare(), DataType::Tuple(_)) && matches!(right.data_type.bare(), DataType::Interval(_)) {
        return super::tuple::join(call, minus);
    }
    if left.data_type.is_string() && matches!(right.data_type.bare(), DataType::Interval(_)) {
        left = cast(left, &DataType::DateTime64(3, None))?;
    }
    if !left.data_type.is_date_or_time() {
        return Err(mismatch());
    }
    if minus && right.data_type.is_date_or_time() {
        return difference(call, left, right).ok_or_else(mismatch);
    }
    let unit = match right.data_type.bare() {
        DataType::Interval(unit) => *unit,
        other if other.is_numeric() && !matches!(other, DataType::Decimal { .. }) => match left.data_type.bare() {
            DataType::Date | DataType::Date32 => IntervalUnit::Day,
            _ => IntervalUnit::Second,
        },
        _ => return Err(mismatch()),
    };
    let result = shifted_type(left.data_type.bare(), unit).ok_or_else(mismatch)?;
    let amount = match right.data_type.bare() {
        DataType::Interval(_) => right,
        _ => cast(right, &DataType::Int64)?,
    };
    let amount = Typed { data_type: DataType::Interval(unit), ..amount };
    let kernel = if minus { subtract_interval } else { add_interval };
    Ok(call.kernel_on(kernel, result, vec![left, amount]))
}

fn difference(call: &Call, left: Typed, right: Typed) -> Option<Typed> {
    let same_kind = matches!(
        (left.data_type.bare(), right.data_type.bare()),
        (DataType::Date | DataType::Date32, DataType::Date | DataType::Date32)
            | (DataType::DateTime(_), DataType::DateTime(_))
            | (DataType::DateTime64(..) | DataType::DateTime(_), DataType::DateTime64(..) | DataType::DateTime(_))
    );
    if !same_kind
        || left.data_type.bare() != right.data_type.bare()
            && matches!(left.data_type.bare(), DataType::Date | DataType::Date32)
    {
        return None;
    }
    let digits = |one: &DataType| if let DataType::DateTime64(digits, _) = one { Some(*digits) } else { None };
    if let Some(digits) = digits(left.data_type.bare()).max(digits(right.data_type.bare())) {
        let common = DataType::DateTime64(digits, None);
        let result = DataType::Decimal { precision: 18, scale: digits };
        return Some(call.kernel_on(subtract_decimals, result, vec![widen(left, &common), widen(right, &common)]));
    }
    Some(call.kernel_on(subtract_times, DataType::Int32, vec![left, right]))
}

fn subtract_times(input: &Input) -> EngineResult<ArrayRef> {
    let (left, right) = (ticks(&input.expanded(0)?)?, ticks(&input.expanded(1)?)?);
    let difference: Int64Array = arrow::compute::binary(&left, &right, |left, right| left - right)?;
    crate::function::convert::narrow(&difference, &input.result.to_arrow())
}

fn subtract_decimals(input: &Input) -> EngineResult<ArrayRef> {
    let (left, right) = (ticks(&input.expanded(0)?)?, ticks(&input.expanded(1)?)?);
    let DataType::Decimal { precision, scale } = *input.result else {
        return datafusion::common::internal_err!("a difference of DateTime64 is a Decimal");
    };
    let surplus = 10i128.pow(unit_digits(&input.types[0]) - u32::from(scale));
    let difference: Decimal128Array =
        arrow::compute::binary(&left, &right, |left, right| i128::from(left - right) / surplus)?;
    Ok(std::sync::Arc::new(difference.with_precision_and_scale(precision, scale as i8)?))
}

/// A finer unit than the type has makes the type finer.
fn shifted_type(time: &DataType, unit: IntervalUnit) -> Option<DataType> {
    use IntervalUnit::*;
    let digits = match unit {
        Nanosecond => 9,
        Microsecond => 6,
        Millisecond => 3,
        _ => 0,
    };
    Some(match time {
        DataType::Date | DataType::Date32 if digits > 0 => return None,
        DataType::Date | DataType::Date32 if unit >= Day => time.clone(),
        DataType::Date => DataType::DateTime(None),
        DataType::Date32 => DataType::DateTime64(3, None),
        DataType::DateTime(zone) if digits > 0 => DataType::DateTime64(digits, *zone),
        DataType::DateTime64(own, zone) => DataType::DateTime64((*own).max(digits), *zone),
        _ => time.clone(),
    })
}

fn add_interval(input: &Input) -> EngineResult<ArrayRef> {
    shift_rows(input, 1)
}

fn subtract_interval(input: &Input) -> EngineResult<ArrayRef> {
    shift_rows(input, -1)
}

fn shift_rows(input: &Input, sign: i64) -> EngineResult<ArrayRef> {
    use IntervalUnit::*;
    let DataType::Interval(unit) = *input.types[1].bare() else {
        return datafusion::common::internal_err!("the second argument is an interval");
    };
    let time = crate::function::convert::cast_array(
        &input.expanded(0)?,
        &input.types[0],
        input.result,
        crate::function::convert::OnError::Fail,
    )?;
    let (times, amounts) = (ticks(&time)?, ticks(&input.expanded(1)?)?);
    let is_day = matches!(input.result, DataType::Date | DataType::Date32);
    let per_second = 10i64.pow(unit_digits(input.result));
    let zone = Zone::new(input.result.time_zone());
    let local_day = |tick: i64, moved: &dyn Fn(i64) -> i64| {
        if is_day {
            return moved(tick);
        }
        let local = zone.to_local(tick.div_euclid(per_second));
        let local = moved(local.div_euclid(DAY_S)).wrapping_mul(DAY_S).wrapping_add(local.rem_euclid(DAY_S));
        zone.to_unix(local).wrapping_mul(per_second).wrapping_add(tick.rem_euclid(per_second))
    };
    let first = if matches!(input.result, DataType::Date | DataType::DateTime(_)) { 0 } else { i64::MIN };
    let months =
        |tick: i64, count: i64| local_day(tick, &|day| i64::from(calendar::add_months(day as i32, count))).max(first);
    let subsecond = |per_second_of_unit: i64, tick: i64, count: i64| {
        tick.wrapping_add(count.wrapping_mul(per_second / per_second_of_unit))
    };
    let shifted: Int64Array = arrow::compute::binary(&times, &amounts, |tick, amount| {
        let count = amount.wrapping_mul(sign);
        match unit {
            Nanosecond => subsecond(1_000_000_000, tick, count),
            Microsecond => subsecond(1_000_000, tick, count),
            Millisecond => subsecond(1000, tick, count),
            Second => subsecond(1, tick, count),
            Minute => subsecond(1, tick, count.wrapping_mul(60)),
            Hour => subsecond(1, tick, count.wrapping_mul(3600)),
            Day => local_day(tick, &|day| day.wrapping_add(count)),
            Week => local_day(tick, &|day| day.wrapping_add(count.wrapping_mul(7))),
            Month => months(tick, count),
            Quarter => months(tick, count.wrapping_mul(3)),
            Year => months(tick, count.wrapping_mul(12)),
        }
    })?;
    from_ticks(shifted, input.result)
}
