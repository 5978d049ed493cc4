//! Dates and times as events write them: ISO 8601 and its relatives, and Unix time.
//!
//! ```text
//! 2026-01-31   2026/01/31   20260131
//! 2026-01-31 12:30   2026-01-31T12:30:59.123456Z   2026-01-31 12:30:59+02:00
//! 1769862659   1769862659.5   1769862659123 (ms)   …456 (µs)   …789 (ns)
//! ```

use chrono::{DateTime, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use chrono_tz::Tz;

/// Unix time in nanoseconds. A text without an offset is wall-clock time in `zone`.
pub(super) fn parse(text: &str, zone: Tz) -> Option<i128> {
    let text = text.trim();
    if let Some(unix) = parse_unix(text) {
        return Some(unix);
    }
    let (date, rest) = parse_date(text)?;
    let (time, rest) = parse_time(rest)?;
    let seconds = match parse_offset(rest)? {
        Some(offset_seconds) => date.and_time(time.whole).and_utc().timestamp() - offset_seconds,
        None => local_seconds(date.and_time(time.whole), zone),
    };
    Some(i128::from(seconds) * 1_000_000_000 + i128::from(time.nanoseconds))
}

/// Days since 1970 of a text that is a date, or a moment on it.
pub(super) fn parse_days(text: &str, zone: Tz) -> Option<i64> {
    let text = text.trim();
    match parse_date(text) {
        // the wall-clock date as written, whatever the offset
        Some((date, rest)) => {
            let (_, rest) = parse_time(rest)?;
            parse_offset(rest)?;
            Some(days(date))
        }
        None => {
            let seconds = parse_unix(text)?.div_euclid(1_000_000_000);
            let moment = DateTime::from_timestamp(seconds.try_into().ok()?, 0)?;
            Some(days(moment.with_timezone(&zone).date_naive()))
        }
    }
}

fn days(date: NaiveDate) -> i64 {
    (date - NaiveDate::default()).num_days()
}

/// Seconds, or finer units by the count of digits: seconds reach 11 digits in the year 5138.
fn parse_unix(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // eight digits are a date without dashes
    if digits.is_empty() || digits.len() > 19 || !all_digits(digits) || !all_digits(fraction) {
        return None;
    }
    if digits.len() == 8 && fraction.is_empty() && digits == whole && parse_date(text).is_some() {
        return None;
    }
    let unit: i128 = match digits.len() {
        0..=11 => 1_000_000_000,
        12..=14 => 1_000_000,
        15..=17 => 1_000,
        _ => 1,
    };
    let mut value = digits.parse::<i128>().ok()? * unit;
    let mut place = unit;
    for digit in fraction.bytes() {
        place /= 10;
        value += i128::from(digit - b'0') * place;
    }
    Some(if digits == whole { value } else { -value })
}

fn parse_date(text: &str) -> Option<(NaiveDate, &str)> {
    let bytes = text.as_bytes();
    let number = |from: usize, length: usize| -> Option<u32> {
        let digits = bytes.get(from..from + length)?;
        digits.iter().all(u8::is_ascii_digit).then(|| digits.iter().fold(0, |n, d| n * 10 + u32::from(d - b'0')))
    };
    let year = number(0, 4)? as i32;
    let separator = *bytes.get(4)?;
    if !matches!(separator, b'-' | b'/' | b'.') {
        let date = NaiveDate::from_ymd_opt(year, number(4, 2)?, number(6, 2)?)?;
        return Some((date, &text[8..]));
    }
    // a month or day of one digit is tolerated
    let (month, at) = number(5, 2).map(|month| (month, 7)).or_else(|| Some((number(5, 1)?, 6)))?;
    if bytes.get(at) != Some(&separator) {
        return None;
    }
    let at = at + 1;
    let (day, end) = number(at, 2).map(|day| (day, at + 2)).or_else(|| Some((number(at, 1)?, at + 1)))?;
    Some((NaiveDate::from_ymd_opt(year, month, day)?, &text[end..]))
}

struct Time {
    whole: NaiveTime,
    nanoseconds: u32,
}

/// What follows a date: nothing, or `T` or spaces and a time.
fn parse_time(text: &str) -> Option<(Time, &str)> {
    let midnight = Time { whole: NaiveTime::MIN, nanoseconds: 0 };
    let Some(rest) = text.strip_prefix(['T', 't', ' ']) else { return Some((midnight, text)) };
    let (hour, rest) = two_digits(rest.trim_start())?;
    let (minute, rest) = two_digits(rest.strip_prefix(':')?)?;
    let (second, mut rest) = match rest.strip_prefix(':') {
        Some(rest) => two_digits(rest)?,
        None => (0, rest),
    };
    let mut nanoseconds = 0;
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if length == 0 {
            return None;
        }
        for place in 0..9 {
            let digit = fraction.as_bytes()[..length].get(place).map_or(0, |digit| u32::from(digit - b'0'));
            nanoseconds = nanoseconds * 10 + digit;
        }
        rest = &fraction[length..];
    }
    // a leap second is the second before it
    Some((Time { whole: NaiveTime::from_hms_opt(hour, minute, second.min(59))?, nanoseconds }, rest))
}

fn two_digits(text: &str) -> Option<(u32, &str)> {
    let digits = text.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some((digits.parse().ok()?, &text[2..]))
}

/// Seconds east of UTC. `Some(None)`: there is no offset; `None`: not readable.
fn parse_offset(text: &str) -> Option<Option<i64>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(None);
    }
    if matches!(text, "Z" | "z" | "UTC" | "GMT") {
        return Some(Some(0));
    }
    let sign = match text.as_bytes()[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, rest) = two_digits(&text[1..])?;
    let (minutes, rest) = match rest.strip_prefix(':').unwrap_or(rest) {
        "" => (0, ""),
        rest => two_digits(rest)?,
    };
    (rest.is_empty() && hours < 24 && minutes < 60).then(|| Some(sign * i64::from(hours * 3600 + minutes * 60)))
}

/// A time that a clock change skips is moved past it; of a time that happens twice, the first.
fn local_seconds(local: NaiveDateTime, zone: Tz) -> i64 {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => moment.timestamp(),
        LocalResult::None => {
            let before = local.checked_sub_days(Days::new(1)).unwrap_or(local);
            let moment = zone.from_local_datetime(&before).earliest();
            moment.map_or(local.and_utc().timestamp(), |moment| moment.timestamp() + 86_400)
        }
    }
}
