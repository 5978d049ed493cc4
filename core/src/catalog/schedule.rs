//! When copies and sinks run: a cron expression in UTC, or only when asked.
//!
//! ```text
//! 0,30 9-17 * * MON-FRI     minute, hour, day of the month, month, day of the week
//! ```

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    OnDemand,
    Cron(Cron),
}

pub const ON_DEMAND: &str = "@on-demand";

/// Bit n of a field is set if the value n fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    text: String,
    minutes: u64,
    hours: u32,
    days: u32,
    months: u16,
    /// Sunday is 0.
    weekdays: u8,
    /// Of the two ways to say a day, those that are `*` do not count; if both are said, either is enough.
    any_day: bool,
    any_weekday: bool,
}

/// Days to look ahead for one that fits: the 29th of February comes back within eight years.
const SEARCH_DAYS: u64 = 366 * 9;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Short names of whole expressions.
const ALIASES: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

impl Cron {
    /// The first moment after `after_s` (Unix time), to the minute. None if none ever comes: the 30th of February.
    pub fn next_after(&self, after_s: i64) -> Option<i64> {
        let after = DateTime::<Utc>::from_timestamp(after_s.div_euclid(60).checked_add(1)?.checked_mul(60)?, 0)?;
        let start = after.naive_utc();
        (0..SEARCH_DAYS).find_map(|days| {
            let date = start.date().checked_add_days(Days::new(days))?;
            let from = if days == 0 { (start.hour(), start.minute()) } else { (0, 0) };
            self.fits_day(date).then(|| self.first_time(date, from)).flatten().map(|at| at.and_utc().timestamp())
        })
    }

    fn fits_day(&self, date: NaiveDate) -> bool {
        let day = self.days >> date.day() & 1 == 1;
        let weekday = self.weekdays >> date.weekday().num_days_from_sunday() & 1 == 1;
        let fits = match (self.any_day, self.any_weekday) {
            (false, false) => day || weekday,
            _ => day && weekday,
        };
        fits && self.months >> date.month() & 1 == 1
    }

    fn first_time(&self, date: NaiveDate, from: (u32, u32)) -> Option<NaiveDateTime> {
        let (hour, minute) = (from.0..24)
            .filter(|hour| self.hours >> hour & 1 == 1)
            .flat_map(|hour| (0..60).map(move |minute| (hour, minute)))
            .find(|time| *time >= from && self.minutes >> time.1 & 1 == 1)?;
        date.and_hms_opt(hour, minute, 0)
    }
}

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Schedule, String> {
        if text.trim().eq_ignore_ascii_case(ON_DEMAND) {
            return Ok(Schedule::OnDemand);
        }
        text.parse().map(Schedule::Cron)
    }
}

impl FromStr for Cron {
    type Err = String;

    fn from_str(text: &str) -> Result<Cron, String> {
        let lower = text.trim().to_ascii_lowercase();
        let whole = ALIASES.iter().find(|(alias, _)| *alias == lower).map_or(lower.as_str(), |(_, whole)| whole);
        let fields: Vec<&str> = whole.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            let count = fields.len();
            return Err(format!("{text:?} is no cron expression: it has {count} fields, where five are needed"));
        };
        let named = |message: String| format!("{text:?} is no cron expression: {message}");
        let read = |field: &str, low: u32, high: u32, names: &[&str]| bits(field, low, high, names).map_err(named);
        let weekdays = read(weekday, 0, 7, &WEEKDAYS)?;
        Ok(Cron {
            minutes: read(minute, 0, 59, &[])?,
            hours: read(hour, 0, 23, &[])? as u32,
            days: read(day, 1, 31, &[])? as u32,
            months: read(month, 1, 12, &MONTHS)? as u16,
            // 7 is Sunday too
            weekdays: (weekdays & 0x7f | weekdays >> 7) as u8,
            any_day: day.starts_with('*'),
            any_weekday: weekday.starts_with('*'),
            text: fields.join(" "),
        })
    }
}

/// `*`, `5`, `1-5`, `*/10`, `10-30/5`, `5/10` and lists of them.
fn bits(field: &str, low: u32, high: u32, names: &[&str]) -> Result<u64, String> {
    let mut out = 0_u64;
    for part in field.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let number = |text: &str| -> Result<u32, String> {
            let by_name = names.iter().position(|name| *name == text).map(|at| at as u32 + low);
            let value = by_name.or_else(|| text.parse().ok()).filter(|value| (low..=high).contains(value));
            value.ok_or_else(|| format!("{text:?} is not a number from {low} to {high}"))
        };
        let step = match step {
            Some(step) => step.parse().ok().filter(|step| *step > 0).ok_or_else(|| format!("{step:?} is no step"))?,
            None => 1,
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((first, last)) => (number(first)?, number(last)?),
            None if part.contains('/') => (number(range)?, high),
            None => (number(range)?, number(range)?),
        };
        if first > last {
            return Err(format!("the range {range:?} ends before it starts"));
        }
        (first..=last).step_by(step).for_each(|value| out |= 1 << value);
    }
    Ok(out)
}

impl fmt::Display for Schedule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Schedule::OnDemand => ON_DEMAND,
            Schedule::Cron(cron) => &cron.text,
        })
    }
}

/// Stored as text: the bits follow from it.
impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Schedule, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
