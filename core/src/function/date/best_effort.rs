//! `parseDateTimeBestEffort`: dates and times as people and programs write them.
//!
//! A text without a year is of the current one, where the time of the query is known; else it is refused.

use super::calendar::{self, DAY_S, MONTHS, WEEKDAYS};
use super::text::Moment;
use crate::function::convert::{OnError, from_ticks, unit_digits};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::fault::{Fault, fault};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::{Typed, literal};
use crate::value::DataType;
use arrow::array::{ArrayRef, Int64Array};
use datafusion::common::Result as EngineResult;
use datafusion::scalar::ScalarValue;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "parseDateTimeBestEffort" | "parseDateTime32BestEffort", exact_case, "parseDateTimeBestEffort(s[, zone])", "Reads a time in almost any notation; of 1/2/2024, the day first.", [("parseDateTimeBestEffort('2024-01-31T10:00:00+02:00')", "2024-01-31 08:00:00"), ("parseDateTimeBestEffort('1700000000')", "2023-11-14 22:13:20"), ("parseDateTimeBestEffort('Sat, 18 Aug 2018 07:22:16 GMT')", "2018-08-18 07:22:16"), ("parseDateTimeBestEffort('Aug 18, 2018 5:00 PM')", "2018-08-18 17:00:00"), ("parseDateTimeBestEffort('31/01/2024')", "2024-01-31 00:00:00")], |call| bind(call, OnError::Fail, |input| parsed(input, OnError::Fail, Order::DayFirst));
    "parseDateTimeBestEffortOrNull" | "parseDateTime32BestEffortOrNull", exact_case, "parseDateTimeBestEffortOrNull(s[, zone])", "As parseDateTimeBestEffort; NULL if the text is no time.", [("parseDateTimeBestEffortOrNull('hello')", "\\N")], |call| bind(call, OnError::Null, |input| parsed(input, OnError::Null, Order::DayFirst));
    "parseDateTimeBestEffortOrZero" | "parseDateTime32BestEffortOrZero", exact_case, "parseDateTimeBestEffortOrZero(s[, zone])", "As parseDateTimeBestEffort; the epoch if the text is no time.", [("parseDateTimeBestEffortOrZero('hello')", "1970-01-01 00:00:00")], |call| bind(call, OnError::Default, |input| parsed(input, OnError::Default, Order::DayFirst));
    "parseDateTimeBestEffortUS", exact_case, "parseDateTimeBestEffortUS(s[, zone])", "As parseDateTimeBestEffort; of 1/2/2024, the month first.", [("parseDateTimeBestEffortUS('01/02/2024')", "2024-01-02 00:00:00")], |call| bind(call, OnError::Fail, |input| parsed(input, OnError::Fail, Order::MonthFirst));
    "parseDateTimeBestEffortUSOrNull", exact_case, "parseDateTimeBestEffortUSOrNull(s[, zone])", "As parseDateTimeBestEffortUS; NULL if the text is no time.", [("parseDateTimeBestEffortUSOrNull('x')", "\\N")], |call| bind(call, OnError::Null, |input| parsed(input, OnError::Null, Order::MonthFirst));
    "parseDateTimeBestEffortUSOrZero", exact_case, "parseDateTimeBestEffortUSOrZero(s[, zone])", "As parseDateTimeBestEffortUS; the epoch if the text is no time.", [("parseDateTimeBestEffortUSOrZero('x')", "1970-01-01 00:00:00")], |call| bind(call, OnError::Default, |input| parsed(input, OnError::Default, Order::MonthFirst));
    "parseDateTime64BestEffort", exact_case, "parseDateTime64BestEffort(s[, digits[, zone]])", "As parseDateTimeBestEffort, with so many digits of a fraction, or 3.", [("parseDateTime64BestEffort('2024-01-31 10:00:00.5')", "2024-01-31 10:00:00.500"), ("parseDateTime64BestEffort('1700000000123')", "2023-11-14 22:13:20.123")], |call| bind(call, OnError::Fail, |input| parsed(input, OnError::Fail, Order::DayFirst));
    "parseDateTime64BestEffortOrNull", exact_case, "parseDateTime64BestEffortOrNull(s[, digits[, zone]])", "As parseDateTime64BestEffort; NULL if the text is no time.", [("parseDateTime64BestEffortOrNull('x')", "\\N")], |call| bind(call, OnError::Null, |input| parsed(input, OnError::Null, Order::DayFirst));
    "parseDateTime64BestEffortOrZero", exact_case, "parseDateTime64BestEffortOrZero(s[, digits[, zone]])", "As parseDateTime64BestEffort; the epoch if the text is no time.", [("parseDateTime64BestEffortOrZero('x')", "1970-01-01 00:00:00.000")], |call| bind(call, OnError::Default, |input| parsed(input, OnError::Default, Order::DayFirst));
    "parseDateTime64BestEffortUS", exact_case, "parseDateTime64BestEffortUS(s[, digits[, zone]])", "As parseDateTime64BestEffort; of 1/2/2024, the month first.", [("parseDateTime64BestEffortUS('05/15/2024 10:00:00.5')", "2024-05-15 10:00:00.500")], |call| bind(call, OnError::Fail, |input| parsed(input, OnError::Fail, Order::MonthFirst));
    "parseDateTime64BestEffortUSOrNull", exact_case, "parseDateTime64BestEffortUSOrNull(s[, digits[, zone]])", "As parseDateTime64BestEffortUS; NULL if the text is no time.", [("parseDateTime64BestEffortUSOrNull('x')", "\\N")], |call| bind(call, OnError::Null, |input| parsed(input, OnError::Null, Order::MonthFirst));
    "parseDateTime64BestEffortUSOrZero", exact_case, "parseDateTime64BestEffortUSOrZero(s[, digits[, zone]])", "As parseDateTime64BestEffortUS; the epoch if the text is no time.", [("parseDateTime64BestEffortUSOrZero('x')", "1970-01-01 00:00:00.000")], |call| bind(call, OnError::Default, |input| parsed(input, OnError::Default, Order::MonthFirst));
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    DayFirst,
    MonthFirst,
}

fn bind(call: &Call, on_error: OnError, kernel: Kernel) -> Result<Typed, Mismatch> {
    let is_time64 = call.function.name.starts_with("parseDateTime64");
    let zone_at = if is_time64 { 2 } else { 1 };
    let count = call.count(1..=zone_at + 1)?;
    let zone = if count > zone_at { Some(call.constant_zone(zone_at)?) } else { None };
    let result = if is_time64 {
        let digits = if count > 1 { call.constant_integer(1)? } else { 3 };
        if !(0..=9).contains(&digits) {
            return Err(call.mismatch(format_args!("takes 0 to 9 digits, not {digits}")));
        }
        DataType::DateTime64(digits as u8, zone)
    } else {
        DataType::DateTime(zone)
    };
    let result = if on_error == OnError::Null { result.nullable() } else { result };
    let now = literal(ScalarValue::Int64(Some(call.context.now_ns)), DataType::Int64);
    Ok(call.kernel_on(kernel, result, vec![call.text(0)?, now]))
}

fn parsed(input: &Input, on_error: OnError, order: Order) -> EngineResult<ArrayRef> {
    let text = input.strings(0)?;
    let now_s = input.integers(1)?(0).div_euclid(1_000_000_000);
    let this_year = i64::from(calendar::civil(now_s.div_euclid(DAY_S) as i32).year);
    let zone = super::Zone::new(input.result.time_zone());
    let unit = unit_digits(input.result);
    let digits = match input.result.bare() {
        DataType::DateTime64(digits, _) => Some(u32::from(*digits)),
        _ => None,
    };
    let mut out: Vec<Option<i64>> = Vec::with_capacity(input.rows);
    for row in 0..input.rows {
        if input.is_null(row) {
            out.push(Some(0));
            continue;
        }
        let text = text.get(row);
        let moment = read(text, order, Some(this_year), digits.is_some()).and_then(|moment| match digits {
            Some(digits) => moment.unix_in(&zone, unit, digits),
            None => Some(moment.unix(&zone).clamp(0, i64::from(u32::MAX))),
        });
        out.push(match (moment, on_error) {
            (Some(tick), _) => Some(tick),
            (None, OnError::Null) => None,
            (None, OnError::Default) => Some(0),
            (None, OnError::Fail) => {
                return fault(Fault::CannotParseTime, format!("cannot read DateTime: {text:?} is no date or time"));
            }
        });
    }
    from_ticks(Int64Array::from(out), input.result)
}

/// What has been understood so far.
#[derive(Default)]
struct Reading {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    /// Hour, minute, second, nanoseconds.
    time: Option<[i64; 4]>,
    is_afternoon: Option<bool>,
    /// Seconds that the text's zone is ahead of UTC.
    offset: Option<i64>,
}

/// A time in almost any notation; the day before the month. `has_fraction`: Unix time may have one.
pub(crate) fn read_best_effort(text: &str, this_year: Option<i64>, has_fraction: bool) -> Option<Moment> {
    read(text, Order::DayFirst, this_year, has_fraction)
}

fn read(text: &str, order: Order, this_year: Option<i64>, has_fraction: bool) -> Option<Moment> {
    let mut cursor = Cursor(text.trim().as_bytes());
    if let Some(moment) = read_unix(cursor.0, has_fraction) {
        return Some(moment);
    }
    let mut reading = Reading::default();
    while let Some(next) = cursor.peek() {
        match next {
            b'0'..=b'9' => reading.number(&mut cursor, order)?,
            b' ' | b',' | b'(' | b')' => cursor.skip(),
            b'+' | b'-' if reading.time.is_some() && reading.offset.unwrap_or(0) == 0 => reading.zone(&mut cursor)?,
            _ if next.is_ascii_alphabetic() => reading.word(&mut cursor)?,
            _ => return None,
        }
    }
    reading.moment(this_year)
}

/// 9 or 10 digits are seconds, with a fraction maybe; 13 are milliseconds, 16 microseconds, 19 nanoseconds.
fn read_unix(text: &[u8], has_fraction: bool) -> Option<Moment> {
    let mut cursor = Cursor(text);
    let (value, count) = cursor.digits(19)?;
    let (seconds, nanoseconds) = match count {
        9 | 10 if has_fraction => (value, cursor.fraction()?),
        9 | 10 => (value, 0),
        13 => (value / 1000, value % 1000 * 1_000_000),
        16 => (value / 1_000_000, value % 1_000_000 * 1000),
        19 => (value / 1_000_000_000, value % 1_000_000_000),
        _ => return None,
    };
    cursor.0.is_empty().then_some(Moment { seconds, nanoseconds, is_unix: true })
}

impl Reading {
    fn number(&mut self, cursor: &mut Cursor, order: Order) -> Option<()> {
        let (value, count) = cursor.digits(14)?;
        match count {
            14 if self.year.is_none() && self.time.is_none() => {
                self.date(value / 1_000_000);
                self.clock(cursor, value % 1_000_000)
            }
            8 if self.year.is_none() => {
                self.date(value);
                Some(())
            }
            6 if self.year.is_none() && self.month.is_none() => {
                (self.year, self.month) = (Some(value / 100), Some(value % 100));
                Some(())
            }
            6 if self.time.is_none() => self.clock(cursor, value),
            4 if self.year.is_none() => self.year_first(cursor, value),
            4 if self.time.is_none() => self.clock(cursor, value * 100),
            1 | 2 => self.small(cursor, value, order),
            _ => None,
        }
    }

    /// `YYYYMMDD`
    fn date(&mut self, digits: i64) {
        (self.year, self.month, self.day) = (Some(digits / 10_000), Some(digits / 100 % 100), Some(digits % 100));
    }

    /// `hhmmss`, and a fraction that may follow.
    fn clock(&mut self, cursor: &mut Cursor, digits: i64) -> Option<()> {
        self.time = Some([digits / 10_000, digits / 100 % 100, digits % 100, cursor.fraction()?]);
        Some(())
    }

    /// `2024`, `2024-01`, `2024-01-31`, `2024-Jan-31`
    fn year_first(&mut self, cursor: &mut Cursor, year: i64) -> Option<()> {
        self.year = Some(year);
        if self.month.is_some() || !cursor.take_separator() {
            return Some(());
        }
        self.month = Some(cursor.month()?);
        if cursor.take_separator() {
            self.day = Some(cursor.digits(2)?.0);
        }
        Some(())
    }

    /// An hour, or a day or month that other parts follow.
    fn small(&mut self, cursor: &mut Cursor, value: i64, order: Order) -> Option<()> {
        match cursor.peek() {
            Some(b':') if self.time.is_none() => {
                cursor.skip();
                let minute = cursor.digits(2)?.0;
                let mut second = 0;
                if cursor.take(b':') {
                    second = cursor.digits(2)?.0;
                }
                self.time = Some([value, minute, second, cursor.fraction()?]);
            }
            Some(b'-' | b'/' | b'.') if self.day.is_none() && self.month.is_none() => {
                cursor.skip();
                let is_name = cursor.peek().is_some_and(|next| next.is_ascii_alphabetic());
                let other = cursor.month()?;
                let (mut day, mut month) = (value, other);
                if !is_name && (order == Order::MonthFirst && value <= 12 || other > 12) {
                    (day, month) = (other, value);
                }
                (self.day, self.month) = (Some(day), Some(month));
                if cursor.take_separator() {
                    let (year, count) = cursor.digits(4)?;
                    self.year = Some(match count {
                        4 => year,
                        2 if year < 70 => 2000 + year,
                        2 => 1900 + year,
                        _ => return None,
                    });
                }
            }
            _ if self.day.is_none() => self.day = Some(value),
            next if self.time.is_none() && matches!(next, Some(b' ' | b'a' | b'A' | b'p' | b'P')) => {
                self.time = Some([value, 0, 0, 0]);
            }
            _ => return None,
        }
        Some(())
    }

    /// `+0200`, `+02:00`, `-5`
    fn zone(&mut self, cursor: &mut Cursor) -> Option<()> {
        let sign = if cursor.take(b'-') { -1 } else { 1 };
        if sign > 0 {
            cursor.skip();
        }
        let (value, count) = cursor.digits(4)?;
        let (hours, minutes) = match count {
            1 | 2 if cursor.take(b':') => (value, cursor.digits(2)?.0),
            1 | 2 => (value, 0),
            _ => (value / 100, value % 100),
        };
        self.offset = Some(sign * (hours * 3600 + minutes * 60));
        Some(())
    }

    fn word(&mut self, cursor: &mut Cursor) -> Option<()> {
        let word = cursor.word();
        match word.as_str() {
            "t" => {}
            "z" | "utc" | "gmt" => self.offset = Some(0),
            "msk" => self.offset = Some(3 * 3600),
            "msd" => self.offset = Some(4 * 3600),
            "am" => self.is_afternoon = Some(false),
            "pm" => self.is_afternoon = Some(true),
            _ if is_name_of(&word, &WEEKDAYS) => {}
            _ if self.month.is_none() => {
                self.month = Some(month_of(&word)?);
                // `18-Aug-2018`: what follows is the year
                cursor.take_separator();
            }
            _ => return None,
        }
        Some(())
    }

    fn moment(self, this_year: Option<i64>) -> Option<Moment> {
        if self.year.is_none() && self.month.is_none() && self.day.is_none() && self.time.is_none() {
            return None;
        }
        let (year, month, day) = (self.year.or(this_year)?, self.month.unwrap_or(1), self.day.unwrap_or(1));
        let [mut hour, minute, second, nanoseconds] = self.time.unwrap_or_default();
        match self.is_afternoon {
            Some(true) if hour < 12 => hour += 12,
            Some(false) if hour == 12 => hour = 0,
            _ => {}
        }
        let is_date = (1..=12).contains(&month)
            && day >= 1
            && day <= i64::from(calendar::days_in_month(year as i32, month as u32));
        // hours, minutes and seconds may run over
        if !is_date {
            return None;
        }
        let days = i64::from(calendar::days(year as i32, month as u32, day as u32));
        let local = days * DAY_S + hour * 3600 + minute * 60 + second;
        Some(Moment { seconds: local - self.offset.unwrap_or(0), nanoseconds, is_unix: self.offset.is_some() })
    }
}

/// Names are cut to three letters or written in full.
fn is_name_of(word: &str, names: &[&str]) -> bool {
    names.iter().any(|name| *name == word || name[..3] == *word)
}

fn month_of(word: &str) -> Option<i64> {
    let month = MONTHS.iter().position(|name| is_name_of(word, &[name]))?;
    Some(month as i64 + 1)
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn skip(&mut self) {
        self.0 = &self.0[1..];
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.skip();
        }
        found
    }

    fn take_separator(&mut self) -> bool {
        self.take(b'-') || self.take(b'/') || self.take(b'.')
    }

    /// A number of at most so many digits, and how many there are.
    fn digits(&mut self, most: usize) -> Option<(i64, usize)> {
        let count = self.0.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        let text = std::str::from_utf8(&self.0[..count]).ok()?;
        let value = text.parse().ok()?;
        self.0 = &self.0[count..];
        Some((value, count))
    }

    /// `.5` as nanoseconds, if it follows.
    fn fraction(&mut self) -> Option<i64> {
        if !self.take(b'.') {
            return Some(0);
        }
        let Some((value, count)) = self.digits(9) else { return Some(0) };
        while self.peek().is_some_and(|next| next.is_ascii_digit()) {
            self.skip();
        }
        Some(value * 10i64.pow(9 - count as u32))
    }

    /// The letters that follow, in lower case.
    fn word(&mut self) -> String {
        let count = self.0.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let word = String::from_utf8_lossy(&self.0[..count]).to_ascii_lowercase();
        self.0 = &self.0[count..];
        word
    }

    /// A month as a number or by name.
    fn month(&mut self) -> Option<i64> {
        match self.digits(2) {
            Some((month, _)) => Some(month),
            None => month_of(&self.word()),
        }
    }
}
