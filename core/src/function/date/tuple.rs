//! Intervals of different units side by side: `INTERVAL 1 MONTH + INTERVAL 1 DAY` is a tuple of both.

use super::interval::interval_name;
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::operator::tuple_items;
use crate::function::scalar::delegate;
use crate::function::typed::Typed;
use crate::value::{DataType, IntervalUnit};

pub(crate) const FUNCTIONS: &[Function] = family! {
    "addTupleOfIntervals", exact_case, "addTupleOfIntervals(time, (interval, …))", "Adds each of several intervals to a time.", [("addTupleOfIntervals(toDate('2024-01-31'), (INTERVAL 1 DAY, INTERVAL 2 MONTH))", "2024-04-01")], |call| each(call, "plus");
    "subtractTupleOfIntervals", exact_case, "subtractTupleOfIntervals(time, (interval, …))", "Takes each of several intervals from a time.", [("subtractTupleOfIntervals(toDate('2024-01-31'), (INTERVAL 1 DAY, INTERVAL 2 MONTH))", "2023-11-30")], |call| each(call, "minus");
    "addInterval", exact_case, "addInterval(interval, interval)", "The sum of two intervals; of different units, a tuple.", [("addInterval(INTERVAL 1 DAY, INTERVAL 2 HOUR)", "(1,2)")], |call| { call.count(2..=2)?; join(call, false) };
    "subtractInterval", exact_case, "subtractInterval(interval, interval)", "The difference of two intervals; of different units, a tuple.", [("subtractInterval(INTERVAL 1 DAY, INTERVAL 2 HOUR)", "(1,-2)")], |call| { call.count(2..=2)?; join(call, true) };
    "toInterval", exact_case, "toInterval(n, 'unit')", "An interval of a unit that is given by its name.", [("toInterval(3, 'day')", "3")], |call| {
        call.count(2..=2)?;
        let name = call.constant_text(1)?;
        let unit = IntervalUnit::ALL.into_iter().find(|unit| unit.name().eq_ignore_ascii_case(name));
        let unit = unit.ok_or_else(|| call.mismatch(format_args!("got {name:?}, which is no unit")))?;
        delegate(call, interval_name(unit), vec![call.arguments[0].clone()])
    };
};

/// The argument's intervals, if it is one or a tuple of them.
pub(super) fn intervals(typed: &Typed) -> Option<Vec<Typed>> {
    if matches!(typed.data_type.bare(), DataType::Interval(_)) {
        return Some(vec![typed.clone()]);
    }
    let items = tuple_items(typed)?;
    items.iter().all(|item| matches!(item.data_type.bare(), DataType::Interval(_))).then_some(items)
}

fn each(call: &Call, operator: &str) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    let intervals = intervals(&call.arguments[1]).ok_or_else(|| call.wrong_type(1))?;
    intervals
        .into_iter()
        .try_fold(call.arguments[0].clone(), |time, interval| delegate(call, operator, vec![time, interval]))
}

/// An interval of the same unit joins that one.
pub(super) fn join(call: &Call, minus: bool) -> Result<Typed, Mismatch> {
    let mut joined = intervals(&call.arguments[0]).ok_or_else(|| call.wrong_type(0))?;
    for interval in intervals(&call.arguments[1]).ok_or_else(|| call.wrong_type(1))? {
        match joined.last_mut().filter(|last| last.data_type.bare() == interval.data_type.bare()) {
            Some(last) => {
                *last = delegate(call, if minus { "minus" } else { "plus" }, vec![last.clone(), interval])?;
            }
            None if minus => joined.push(delegate(call, "negate", vec![interval])?),
            None => joined.push(interval),
        }
    }
    match joined.len() {
        1 => Ok(joined.remove(0)),
        _ => delegate(call, "tuple", joined),
    }
}
