//! Dates, times, intervals and zones.

mod best_effort;
mod calendar;
mod change;
mod component;
mod format;
mod identifier;
mod interval;
mod joda;
mod make;
mod now;
mod origin;
mod pattern;
mod slot;
mod start_of;
mod text;
mod tuple;
mod unix;
mod week;
mod zone;

pub(crate) use best_effort::read_best_effort;
pub(crate) use calendar::{DAY_S, MONTHS, WEEKDAYS, Zone};
pub(crate) use interval::add;
pub use interval::takes_unit;
pub(crate) use text::{Moment, fraction, read_date, read_day, read_moment, write_date, write_time, write_time64};

use super::definition::{Call, Function, Mismatch};
use crate::value::DataType;

pub(crate) const FUNCTIONS: &[&[Function]] = &[
    now::FUNCTIONS,
    start_of::FUNCTIONS,
    start_of::DAYS,
    component::FUNCTIONS,
    component::MOMENTS,
    week::FUNCTIONS,
    change::FUNCTIONS,
    make::FUNCTIONS,
    slot::FUNCTIONS,
    zone::FUNCTIONS,
    identifier::FUNCTIONS,
    tuple::FUNCTIONS,
    joda::FUNCTIONS,
    pattern::FUNCTIONS,
    interval::FUNCTIONS,
    unix::FUNCTIONS,
    format::FUNCTIONS,
    best_effort::FUNCTIONS,
];

impl Call<'_> {
    pub(crate) fn expect_time(&self, index: usize) -> Result<&DataType, Mismatch> {
        let data_type = self.bare(index);
        if data_type.is_date_or_time() { Ok(data_type) } else { Err(self.wrong_type(index)) }
    }
}

#[cfg(test)]
mod tests;
