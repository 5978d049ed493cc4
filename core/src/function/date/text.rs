//! Dates and times as text: `2024-01-31`, `2024-01-31 23:59:59.123`.

use super::calendar::{self, Civil, DAY_S, Zone};
use std::io::Write;

pub(crate) fn write_date(out: &mut Vec<u8>, days: i32) {
    let Civil { year, month, day } = calendar::civil(days);
    write_digits(out, year.max(0) as u64, 4);
    out.push(b'-');
    write_digits(out, u64::from(month), 2);
    out.push(b'-');
    write_digits(out, u64::from(day), 2);
}

/// `local` seconds as a wall clock shows them.
pub(crate) fn write_time(out: &mut Vec<u8>, local: i64) {
    write_date(out, local.div_euclid(DAY_S) as i32);
    out.push(b' ');
    let second = local.rem_euclid(DAY_S) as u64;
    write_digits(out, second / 3600, 2);
    out.push(b':');
    write_digits(out, second / 60 % 60, 2);
    out.push(b':');
    write_digits(out, second % 60, 2);
}

/// A count of `10^-unit_digits` seconds with `digits` digits of fraction.
pub(crate) fn write_time64(out: &mut Vec<u8>, value: i64, unit_digits: u32, digits: u32, zone: &Zone) {
    let per_second = 10i64.pow(unit_digits);
    write_time(out, zone.to_local(value.div_euclid(per_second)));
    if digits > 0 {
        out.push(b'.');
        let fraction = value.rem_euclid(per_second) / 10i64.pow(unit_digits - digits);
        write_digits(out, fraction as u64, digits as usize);
    }
}

pub(crate) fn write_digits(out: &mut Vec<u8>, value: u64, width: usize) {
    if width == 2 && value < 100 {
        out.extend_from_slice(&[b'0' + (value / 10) as u8, b'0' + (value % 10) as u8]);
        return;
    }
    let _ = write!(out, "{value:0width$}");
}

/// `YYYY-MM-DD` (or with any one character between, or `YYYYMMDD`), which may be followed by a time.
/// Gives the days and what is left of the text.
pub(crate) fn read_date(text: &[u8]) -> Option<(i32, &[u8])> {
    let (year, month, day, rest) = parts_of_date(text)?;
    let valid =
        (1..=12).contains(&month) && day >= 1 && day <= i64::from(calendar::days_in_month(year as i32, month as u32));
    valid.then(|| (calendar::days(year as i32, month as u32, day as u32), rest))
}

/// As [`read_date`], but a day that its month lacks runs into the next; `None` days for what no month has.
pub(crate) fn read_day(text: &[u8]) -> Option<(Option<i32>, &[u8])> {
    let (year, month, day, rest) = parts_of_date(text)?;
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day);
    Some((valid.then(|| calendar::days(year as i32, month as u32, 1) + day as i32 - 1), rest))
}

fn parts_of_date(text: &[u8]) -> Option<(i64, i64, i64, &[u8])> {
    let year = digits(text.get(..4)?)?;
    let rest = &text[4..];
    match rest {
        [m1, m2, d1, d2, rest @ ..]
            if rest.first().is_none_or(|c| !c.is_ascii_digit()) && all_digits(&[*m1, *m2, *d1, *d2]) =>
        {
            Some((year, digits(&[*m1, *m2])?, digits(&[*d1, *d2])?, rest))
        }
        [separator, rest @ ..] if !separator.is_ascii_digit() => {
            let (month, rest) = one_or_two(rest)?;
            let [separator, rest @ ..] = rest else { return None };
            if separator.is_ascii_digit() {
                return None;
            }
            let (day, rest) = one_or_two(rest)?;
            Some((year, month, day, rest))
        }
        _ => None,
    }
}

/// A moment: local seconds or Unix seconds, with nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) seconds: i64,
    pub(crate) nanoseconds: i64,
    /// The text was a number, or ended in `Z`: `seconds` is Unix time.
    pub(crate) is_unix: bool,
}

/// `YYYY-MM-DD[( |T)hh:mm[:ss[.fraction]]][Z]` or Unix time, `1700000000[.5]`.
pub(crate) fn read_moment(text: &[u8]) -> Option<Moment> {
    if let Some(moment) = read_unix(text) {
        return Some(moment);
    }
    let (days, rest) = read_date(text)?;
    let mut moment = Moment { seconds: i64::from(days) * DAY_S, nanoseconds: 0, is_unix: false };
    let rest = match rest {
        [] => return Some(moment),
        [b' ' | b'T', rest @ ..] => rest,
        _ => return None,
    };
    let (hour, rest) = one_or_two(rest)?;
    let [b':', rest @ ..] = rest else { return None };
    let (minute, mut rest) = one_or_two(rest)?;
    let mut second = 0;
    if let [b':', after @ ..] = rest {
        (second, rest) = one_or_two(after)?;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    moment.seconds += hour * 3600 + minute * 60 + second;
    if let [b'.', after @ ..] = rest {
        let end = after.iter().position(|c| !c.is_ascii_digit()).unwrap_or(after.len());
        moment.nanoseconds = fraction(&after[..end])?;
        rest = &after[end..];
    }
    match rest {
        [] => Some(moment),
        [b'Z'] => Some(Moment { is_unix: true, ..moment }),
        _ => None,
    }
}

/// Five digits and more are Unix time; fewer, a year that lacks its month.
fn read_unix(text: &[u8]) -> Option<Moment> {
    let (sign, unsigned) = match text {
        [b'-', rest @ ..] => (-1, rest),
        _ => (1, text),
    };
    let point = unsigned.iter().position(|c| *c == b'.').unwrap_or(unsigned.len());
    if !(5..=12).contains(&point) || point == 8 && point == unsigned.len() {
        return None;
    }
    let seconds = digits(&unsigned[..point])?;
    let nanoseconds = if point < unsigned.len() { fraction(&unsigned[point + 1..])? } else { 0 };
    if sign < 0 && nanoseconds > 0 {
        return Some(Moment { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds, is_unix: true });
    }
    Some(Moment { seconds: sign * seconds, nanoseconds, is_unix: true })
}

/// The first nine digits of a fraction, as nanoseconds.
pub(crate) fn fraction(text: &[u8]) -> Option<i64> {
    if !all_digits(text) {
        return None;
    }
    let kept = &text[..text.len().min(9)];
    Some(digits(kept).unwrap_or(0) * 10i64.pow(9 - kept.len() as u32))
}

fn one_or_two(text: &[u8]) -> Option<(i64, &[u8])> {
    let end = text.iter().take(2).take_while(|c| c.is_ascii_digit()).count();
    Some((digits(&text[..end])?, &text[end..]))
}

fn all_digits(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_digit)
}

/// An unsigned number of digits only; the caller bounds its length.
fn digits(text: &[u8]) -> Option<i64> {
    if text.is_empty() || !all_digits(text) {
        return None;
    }
    Some(text.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
}

impl Moment {
    /// Unix seconds, if wall clocks are read in `zone`.
    pub(crate) fn unix(&self, zone: &Zone) -> i64 {
        if self.is_unix { self.seconds } else { zone.to_unix(self.seconds) }
    }

    /// A count of `10^-unit_digits` seconds, cut to `digits` digits, if 64 bits hold it.
    pub(crate) fn unix_in(&self, zone: &Zone, unit_digits: u32, digits: u32) -> Option<i64> {
        let cut = 10i64.pow(9 - digits);
        let fraction = self.nanoseconds / cut * cut / 10i64.pow(9 - unit_digits);
        self.unix(zone).checked_mul(10i64.pow(unit_digits))?.checked_add(fraction)
    }
}
