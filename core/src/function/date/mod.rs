//! Dates, times, intervals and zones.

mod best_effort;
mod calendar;
mod component;
mod format;
mod interval;
mod now;
mod start_of;
mod text;
mod unix;

pub(crate) use calendar::{DAY_S, Zone};
pub(crate) use interval::add;
pub use interval::takes_unit;
pub(crate) use text::{Moment, read_date, read_moment, write_date, write_time, write_time64};

use super::definition::{Call, Function, Mismatch};
use crate::value::DataType;

pub(crate) const FUNCTIONS: &[&[Function]] = &[
    now::FUNCTIONS,
    start_of::FUNCTIONS,
    component::FUNCTIONS,
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
