//! Days, seconds and wall clocks as plain integers.
//!
//! Days count from 1970-01-01. A *local* second is what a clock on the wall shows, counted as if it were UTC;
//! [`Zone`] goes between it and Unix time.

use chrono::{Offset, TimeZone};
use chrono_tz::Tz;
use std::cell::Cell;

/// English names, in lower case.
pub(crate) const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
pub(crate) const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

pub(crate) const DAY_S: i64 = 86_400;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i32,
    pub(crate) month: u32,
    pub(crate) day: u32,
}

/// Howard Hinnant's `civil_from_days`.
#[inline]
pub(crate) fn civil(days: i32) -> Civil {
    let shifted = i64::from(days) + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u32;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 } as u32;
    let year = (year_of_era + era * 400) as i32 + i32::from(month <= 2);
    Civil { year, month, day }
}

/// Howard Hinnant's `days_from_civil`.
#[inline]
pub(crate) fn days(year: i32, month: u32, day: u32) -> i32 {
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era - 719_468) as i32
}

pub(crate) fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(crate) fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Monday is 0.
#[inline]
pub(crate) fn weekday(days: i32) -> i32 {
    (days + 3).rem_euclid(7)
}

const MONTHS_MAX: i64 = 12 * 20_000;

/// The day so many months later; the 31st of a short month is its last day.
pub(crate) fn add_months(from: i32, months: i64) -> i32 {
    let Civil { year, month, day } = civil(from);
    // no calendar goes further, and the sum stays small
    let total = i64::from(year) * 12 + i64::from(month) - 1 + months.clamp(-MONTHS_MAX, MONTHS_MAX);
    let (year, month) = (total.div_euclid(12) as i32, total.rem_euclid(12) as u32 + 1);
    days(year, month, day.min(days_in_month(year, month)))
}

/// A time zone that remembers the offset of the quarter of an hour it was asked for last: offsets change
/// only at quarters, and rows come mostly in order.
pub(crate) struct Zone {
    zone: Option<Tz>,
    utc: Cell<(i64, i64)>,
}

const QUARTER_S: i64 = 900;

impl Zone {
    pub(crate) fn new(zone: Tz) -> Zone {
        let is_utc = matches!(zone.name(), "UTC" | "Etc/UTC" | "GMT" | "Etc/GMT" | "Zulu" | "UCT");
        Zone { zone: (!is_utc).then_some(zone), utc: Cell::new((i64::MIN, 0)) }
    }

    /// Seconds that a wall clock is ahead of UTC.
    #[inline]
    pub(crate) fn offset(&self, unix: i64) -> i64 {
        let Some(zone) = self.zone else { return 0 };
        let quarter = unix.div_euclid(QUARTER_S);
        let (known, offset) = self.utc.get();
        if known == quarter {
            return offset;
        }
        let offset = offset_at(zone, quarter * QUARTER_S);
        self.utc.set((quarter, offset));
        offset
    }

    #[inline]
    pub(crate) fn to_local(&self, unix: i64) -> i64 {
        unix.wrapping_add(self.offset(unix))
    }

    /// The first moment a wall clock shows this; a time that is skipped counts by the offset after the gap.
    #[inline]
    pub(crate) fn to_unix(&self, local: i64) -> i64 {
        let Some(zone) = self.zone else { return local };
        let before = offset_at(zone, local.saturating_sub(DAY_S));
        let after = offset_at(zone, local.saturating_add(DAY_S));
        if before == after {
            // Two changes within two days are not known of any zone.
            return local.saturating_sub(before);
        }
        let early = local.saturating_sub(before);
        if offset_at(zone, early) == before { early } else { local.saturating_sub(after) }
    }
}

fn offset_at(zone: Tz, unix: i64) -> i64 {
    match chrono::DateTime::from_timestamp(unix, 0) {
        Some(moment) => i64::from(zone.offset_from_utc_datetime(&moment.naive_utc()).fix().local_minus_utc()),
        None => 0,
    }
}

/// Day zero of the calendar that [`civil`] counts in, as `chrono` agrees.
#[cfg(test)]
pub(crate) fn chrono_days(year: i32, month: u32, day: u32) -> i32 {
    let epoch = chrono::NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
    (chrono::NaiveDate::from_ymd_opt(year, month, day).unwrap() - epoch).num_days() as i32
}
