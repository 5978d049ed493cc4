//! Dates as `day_diff` and `date_diff_in_*` read them: by the rules of Python's `strptime`.

use super::value::Value;
use crate::function::{MONTHS, WEEKDAYS};
use chrono::NaiveDate;

/// What a `date_diff_in_*` function counts.
pub(super) struct Unit {
    seconds: i128,
    /// How it reads dates unless told.
    pub(super) format: &'static str,
    /// What it says of dates that it cannot read.
    pub(super) invalid: &'static str,
}

const MOMENT: &str = "%Y-%m-%d %H:%M:%S";

pub(super) const DAYS: Unit = Unit {
    seconds: 86_400,
    format: "%Y-%m-%d",
    invalid: "invalid date format in function `date_diff_in_days`, it must be ISO format date YYYY-MM-DD, e.g. 2018-09-26",
};
pub(super) const HOURS: Unit = Unit {
    seconds: 3_600,
    format: MOMENT,
    invalid: "invalid date_format in function `date_diff_in_hours`, defaults to YYYY-MM-DD hh:mm:ss. Or %Y-%m-%d %H:%M:%S \
              [.ssssss]Z, e.g. ms: 2022-12-19T18:42:22.591Z s:2022-12-19T18:42:22Z",
};
/// The reference engine names the wrong function here; messages are part of the contract.
pub(super) const MINUTES: Unit = Unit { seconds: 60, format: MOMENT, invalid: SECONDS.invalid };
pub(super) const SECONDS: Unit = Unit {
    seconds: 1,
    format: MOMENT,
    invalid: "invalid date_format in function `date_diff_in_seconds`, defaults to YYYY-MM-DD hh:mm:ss. Or %Y-%m-%d \
              %H:%M:%S [.ssssss]Z, e.g. ms: 2022-12-19T18:42:22.591Z s:2022-12-19T18:42:22Z",
};

/// Whole units between two texts, without sign. `None` if one is no text or no date of these formats.
pub(super) fn difference(
    unit: &Unit,
    left: Option<&Value>,
    right: Option<&Value>,
    format: &str,
    backup: Option<&str>,
) -> Option<i64> {
    let read = |value: Option<&Value>| {
        let text = value?.as_str()?;
        [Some(format), backup].into_iter().flatten().find_map(|format| strptime(text, format))
    };
    let (left, right) = (read(left)?, read(right)?);
    if left.has_zone != right.has_zone {
        return None;
    }
    let micros = (left.micros - right.micros).abs();
    i64::try_from(micros / 1_000_000 / unit.seconds).ok()
}

struct Moment {
    micros: i128,
    has_zone: bool,
}

/// What the directives of a format have said so far.
struct Fields {
    year: i32,
    month: u32,
    day: u32,
    day_of_year: Option<u32>,
    hour: u32,
    minute: u32,
    second: u32,
    micros: u32,
    is_afternoon: Option<bool>,
    zone_s: Option<i64>,
}

/// The whole of `text` in the whole of `format`.
fn strptime(text: &str, format: &str) -> Option<Moment> {
    let mut fields = Fields {
        year: 1900,
        month: 1,
        day: 1,
        day_of_year: None,
        hour: 0,
        minute: 0,
        second: 0,
        micros: 0,
        is_afternoon: None,
        zone_s: None,
    };
    let mut rest = text;
    let mut wanted = format.chars();
    while let Some(c) = wanted.next() {
        if c == '%' {
            rest = directive(wanted.next()?, rest, &mut fields)?;
        } else if c.is_whitespace() {
            let after = rest.trim_start();
            if after.len() == rest.len() {
                return None;
            }
            rest = after;
            let skipped = wanted.as_str().trim_start();
            wanted = skipped.chars();
        } else {
            let found = rest.chars().next()?;
            if !found.to_lowercase().eq(c.to_lowercase()) {
                return None;
            }
            rest = &rest[found.len_utf8()..];
        }
    }
    if rest.is_empty() { fields.moment() } else { None }
}

impl Fields {
    fn moment(self) -> Option<Moment> {
        let date = match self.day_of_year {
            Some(day) => NaiveDate::from_yo_opt(self.year, day)?,
            None => NaiveDate::from_ymd_opt(self.year, self.month, self.day)?,
        };
        let hour = match self.is_afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        // a leap second counts as the one before
        let time = date.and_hms_micro_opt(hour, self.minute, self.second.min(59), self.micros)?;
        let micros = i128::from(time.and_utc().timestamp_micros()) - i128::from(self.zone_s.unwrap_or(0)) * 1_000_000;
        Some(Moment { micros, has_zone: self.zone_s.is_some() })
    }
}

/// What is left of `text` behind the directive.
fn directive<'a>(letter: char, text: &'a str, fields: &mut Fields) -> Option<&'a str> {
    let (number, rest) = match letter {
        'Y' => exactly(text, 4)?,
        'y' | 'm' | 'd' | 'H' | 'I' | 'M' | 'S' => up_to(text, 2)?,
        'j' => up_to(text, 3)?,
        _ => (0, text),
    };
    let fits = |low: u32, high: u32| (low..=high).contains(&number).then_some(number);
    match letter {
        'Y' => fields.year = i32::try_from(number).ok().filter(|year| *year > 0)?,
        'y' => fields.year = number as i32 + if number < 69 { 2000 } else { 1900 },
        'm' => fields.month = fits(1, 12)?,
        'd' => fields.day = fits(1, 31)?,
        'j' => fields.day_of_year = Some(fits(1, 366)?),
        'H' => fields.hour = fits(0, 23)?,
        'I' => fields.hour = fits(1, 12)?,
        'M' => fields.minute = fits(0, 59)?,
        'S' => fields.second = fits(0, 61)?,
        'f' => {
            let (digits, rest) = digits(text, 6);
            let number: u32 = digits.parse().ok()?;
            fields.micros = number * 10u32.pow(6 - digits.len() as u32);
            return Some(rest);
        }
        'p' => {
            let word = text.get(..2)?.to_ascii_lowercase();
            fields.is_afternoon = Some(match word.as_str() {
                "am" => false,
                "pm" => true,
                _ => return None,
            });
            return Some(&text[2..]);
        }
        'b' | 'B' => {
            let (index, rest) = word(text, &MONTHS, letter == 'b')?;
            fields.month = index as u32 + 1;
            return Some(rest);
        }
        'a' | 'A' => return word(text, &WEEKDAYS, letter == 'a').map(|(_, rest)| rest),
        'z' => {
            let (offset_s, rest) = zone(text)?;
            fields.zone_s = Some(offset_s);
            return Some(rest);
        }
        '%' => return text.strip_prefix('%'),
        _ => return None,
    }
    Some(rest)
}

fn digits(text: &str, most: usize) -> (&str, &str) {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    text.split_at(count)
}

fn exactly(text: &str, count: usize) -> Option<(u32, &str)> {
    let (found, rest) = digits(text, count);
    if found.len() == count { Some((found.parse().ok()?, rest)) } else { None }
}

fn up_to(text: &str, most: usize) -> Option<(u32, &str)> {
    let (found, rest) = digits(text, most);
    Some((found.parse().ok()?, rest))
}

fn word<'a>(text: &'a str, words: &[&str], is_short: bool) -> Option<(usize, &'a str)> {
    words.iter().enumerate().find_map(|(index, word)| {
        let word = if is_short { &word[..3] } else { word };
        let found = text.get(..word.len())?;
        found.eq_ignore_ascii_case(word).then(|| (index, &text[word.len()..]))
    })
}

/// `Z`, `+02:00`, `-0330`: seconds east.
fn zone(text: &str) -> Option<(i64, &str)> {
    if let Some(rest) = text.strip_prefix('Z') {
        return Some((0, rest));
    }
    let is_west = text.starts_with('-');
    let rest = text.strip_prefix(['+', '-'])?;
    let (hours, rest) = exactly(rest, 2)?;
    let (minutes, rest) = exactly(rest.strip_prefix(':').unwrap_or(rest), 2)?;
    let offset_s = i64::from(hours) * 3_600 + i64::from(minutes) * 60;
    (hours < 24 && minutes < 60).then_some((if is_west { -offset_s } else { offset_s }, rest))
}
