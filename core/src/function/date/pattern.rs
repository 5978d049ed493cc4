//! `parseDateTime` and `parseDateTimeInJodaSyntax`: times read by a pattern, MySQL's or Joda's.
//!
//! A pattern becomes a list of [`Item`]s once for each column. What is not read keeps its default: the year is
//! 2000 if anything of a date is read, else 1970.

use super::calendar::{self, DAY_S, Zone};
use super::format::{DAYS, MONTHS};
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
    "parseDateTime" | "TO_UNIXTIME", any_case, "parseDateTime(s[, format[, zone]])", "Reads a time by a pattern of formatDateTime's letters.", [("parseDateTime('15/05/24', '%d/%m/%y')", "2024-05-15 00:00:00"), ("parseDateTime('2024-05-15 13:47:12+0200', '%Y-%m-%d %H:%i:%s%z')", "2024-05-15 11:47:12")], |call| bind(call, false, OnError::Fail, |input| parsed(input, OnError::Fail));
    "parseDateTimeOrNull" | "str_to_date", any_case, "parseDateTimeOrNull(s[, format[, zone]])", "As parseDateTime; NULL if the text does not fit.", [("parseDateTimeOrNull('x', '%Y')", "\\N")], |call| bind(call, false, OnError::Null, |input| parsed(input, OnError::Null));
    "parseDateTimeOrZero", any_case, "parseDateTimeOrZero(s[, format[, zone]])", "As parseDateTime; the epoch if the text does not fit.", [("parseDateTimeOrZero('x', '%Y')", "1970-01-01 00:00:00")], |call| bind(call, false, OnError::Default, |input| parsed(input, OnError::Default));
    "parseDateTime64", exact_case, "parseDateTime64(s[, format[, zone]])", "As parseDateTime, with six digits of a second.", [("parseDateTime64('2024-05-15 13:47:12.5', '%F %T.%f')", "2024-05-15 13:47:12.500000")], |call| bind(call, false, OnError::Fail, |input| parsed(input, OnError::Fail));
    "parseDateTime64OrNull", exact_case, "parseDateTime64OrNull(s[, format[, zone]])", "As parseDateTime64; NULL if the text does not fit.", [("parseDateTime64OrNull('x', '%Y')", "\\N")], |call| bind(call, false, OnError::Null, |input| parsed(input, OnError::Null));
    "parseDateTime64OrZero", exact_case, "parseDateTime64OrZero(s[, format[, zone]])", "As parseDateTime64; the epoch if the text does not fit.", [("parseDateTime64OrZero('x', '%Y')", "1970-01-01 00:00:00.000000")], |call| bind(call, false, OnError::Default, |input| parsed(input, OnError::Default));
    "parseDateTimeInJodaSyntax", exact_case, "parseDateTimeInJodaSyntax(s[, format[, zone]])", "Reads a time by a pattern of Joda's letters.", [("parseDateTimeInJodaSyntax('15/5/24', 'dd/M/yy')", "2024-05-15 00:00:00")], |call| bind(call, true, OnError::Fail, |input| parsed(input, OnError::Fail));
    "parseDateTimeInJodaSyntaxOrNull", exact_case, "parseDateTimeInJodaSyntaxOrNull(s[, format[, zone]])", "As parseDateTimeInJodaSyntax; NULL if the text does not fit.", [("parseDateTimeInJodaSyntaxOrNull('x', 'yyyy')", "\\N")], |call| bind(call, true, OnError::Null, |input| parsed(input, OnError::Null));
    "parseDateTimeInJodaSyntaxOrZero", exact_case, "parseDateTimeInJodaSyntaxOrZero(s[, format[, zone]])", "As parseDateTimeInJodaSyntax; the epoch if the text does not fit.", [("parseDateTimeInJodaSyntaxOrZero('x', 'yyyy')", "1970-01-01 00:00:00")], |call| bind(call, true, OnError::Default, |input| parsed(input, OnError::Default));
    "parseDateTime64InJodaSyntax", exact_case, "parseDateTime64InJodaSyntax(s[, format[, zone]])", "As parseDateTimeInJodaSyntax, with as many digits of a second as the pattern has S.", [("parseDateTime64InJodaSyntax('2024-05-15 13:47:12.123', 'yyyy-MM-dd HH:mm:ss.SSS')", "2024-05-15 13:47:12.123")], |call| bind(call, true, OnError::Fail, |input| parsed(input, OnError::Fail));
    "parseDateTime64InJodaSyntaxOrNull", exact_case, "parseDateTime64InJodaSyntaxOrNull(s[, format[, zone]])", "As parseDateTime64InJodaSyntax; NULL if the text does not fit.", [("parseDateTime64InJodaSyntaxOrNull('x', 'yyyy')", "\\N")], |call| bind(call, true, OnError::Null, |input| parsed(input, OnError::Null));
    "parseDateTime64InJodaSyntaxOrZero", exact_case, "parseDateTime64InJodaSyntaxOrZero(s[, format[, zone]])", "As parseDateTime64InJodaSyntax; the epoch if the text does not fit.", [("parseDateTime64InJodaSyntaxOrZero('x', 'yyyy')", "1970-01-01 00:00:00")], |call| bind(call, true, OnError::Default, |input| parsed(input, OnError::Default));
};

fn bind(call: &Call, is_joda: bool, on_error: OnError, kernel: Kernel) -> Result<Typed, Mismatch> {
    let count = call.count(1..=3)?;
    let format = match count {
        1 if is_joda => "yyyy-MM-dd HH:mm:ss".to_owned(),
        1 => "%Y-%m-%d %H:%i:%s".to_owned(),
        _ => call.constant_text(1)?.to_owned(),
    };
    let items = if is_joda { joda(&format) } else { mysql(&format) };
    let items = items.map_err(|problem| call.mismatch(problem))?;
    let zone = Some(if count == 3 { call.constant_zone(2)? } else { chrono_tz::Tz::Etc__UTC });
    let result = if call.function.name.starts_with("parseDateTime64") {
        let fraction = |item: &Item| if item.part == Part::Fraction { item.most } else { 0 };
        let digits = if is_joda { items.iter().map(fraction).max().unwrap_or(0).min(9) } else { 6 };
        DataType::DateTime64(digits as u8, zone)
    } else {
        DataType::DateTime(zone)
    };
    let result = if on_error == OnError::Null { result.nullable() } else { result };
    let text = |text: String| literal(ScalarValue::Utf8View(Some(text)), DataType::String);
    let syntax = text(if is_joda { "joda" } else { "mysql" }.to_owned());
    Ok(call.kernel_on(kernel, result, vec![call.text(0)?, text(format), syntax]))
}

fn parsed(input: &Input, on_error: OnError) -> EngineResult<ArrayRef> {
    let (text, format) = (input.strings(0)?, input.strings(1)?.get(0));
    let items = if input.strings(2)?.get(0) == "joda" { joda(format) } else { mysql(format) };
    let items = items.map_err(datafusion::error::DataFusionError::Execution)?;
    let zone = Zone::new(input.result.time_zone());
    let mut out: Vec<Option<i64>> = Vec::with_capacity(input.rows);
    for row in 0..input.rows {
        if input.is_null(row) {
            out.push(Some(0));
            continue;
        }
        let tick = Fields::default()
            .read(&items, text.get(row).as_bytes())
            .and_then(|fields| fields.tick(input.result, &zone));
        out.push(match (tick, on_error) {
            (Some(tick), _) => Some(tick),
            (None, OnError::Null) => None,
            (None, OnError::Default) => Some(0),
            (None, OnError::Fail) => {
                let message = format!("cannot parse DateTime {:?} by the format {format:?}", text.get(row));
                return fault(Fault::CannotParseTime, message);
            }
        });
    }
    from_ticks(Int64Array::from(out), input.result)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Character(char),
    Year,
    /// 70 to 99 are of the last century.
    ShortYear,
    Century,
    Month,
    MonthName,
    Day,
    DayOfYear,
    Hour,
    /// 1 to 12, of half a day.
    HalfHour,
    /// 0 to 11, of half a day.
    HalfHourFromZero,
    /// 1 to 24.
    HourFromOne,
    Minute,
    Second,
    Fraction,
    Half,
    WeekdayName,
    /// Monday is 1.
    Weekday,
    /// Sunday is 0.
    WeekdayFromSunday,
    Week,
    Offset,
    Era,
}

/// A part with how many digits it has at least and at most.
#[derive(Clone, Copy, Debug)]
struct Item {
    part: Part,
    least: usize,
    most: usize,
}

fn item(part: Part, least: usize, most: usize) -> Item {
    Item { part, least, most }
}

fn mysql(format: &str) -> Result<Vec<Item>, String> {
    let mut items = Vec::new();
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            items.push(item(Part::Character(character), 0, 0));
            continue;
        }
        let letter = characters.next().ok_or("got a format that ends in %")?;
        items.push(match letter {
            'Y' | 'G' => item(Part::Year, 4, 4),
            'y' | 'g' => item(Part::ShortYear, 2, 2),
            'C' => item(Part::Century, 2, 2),
            'm' => item(Part::Month, 2, 2),
            'c' => item(Part::Month, 1, 2),
            'b' | 'M' => item(Part::MonthName, 0, 0),
            'd' => item(Part::Day, 2, 2),
            'e' => item(Part::Day, 1, 2),
            'j' => item(Part::DayOfYear, 3, 3),
            'H' => item(Part::Hour, 2, 2),
            'k' => item(Part::Hour, 1, 2),
            'h' | 'I' => item(Part::HalfHour, 2, 2),
            'l' => item(Part::HalfHour, 1, 2),
            'i' => item(Part::Minute, 2, 2),
            's' | 'S' => item(Part::Second, 2, 2),
            'f' => item(Part::Fraction, 1, 6),
            'p' => item(Part::Half, 0, 0),
            'a' | 'W' => item(Part::WeekdayName, 0, 0),
            'u' => item(Part::Weekday, 1, 1),
            'w' => item(Part::WeekdayFromSunday, 1, 1),
            'V' => item(Part::Week, 2, 2),
            'z' => item(Part::Offset, 0, 0),
            'n' => item(Part::Character('\n'), 0, 0),
            't' => item(Part::Character('\t'), 0, 0),
            '%' => item(Part::Character('%'), 0, 0),
            'D' => {
                items.extend(mysql("%m/%d/%y")?);
                continue;
            }
            'F' => {
                items.extend(mysql("%Y-%m-%d")?);
                continue;
            }
            'R' => {
                items.extend(mysql("%H:%i")?);
                continue;
            }
            'T' => {
                items.extend(mysql("%H:%i:%s")?);
                continue;
            }
            'r' => {
                items.extend(mysql("%h:%i %p")?);
                continue;
            }
            other => return Err(format!("does not know %{other}")),
        });
    }
    Ok(items)
}

/// A run of one letter is one part; text between quotes stands for itself.
pub(super) fn joda_runs(format: &str) -> Result<Vec<(char, usize)>, String> {
    let mut runs = Vec::new();
    let characters: Vec<char> = format.chars().collect();
    let mut at = 0;
    while at < characters.len() {
        let character = characters[at];
        if character == '\'' {
            if characters.get(at + 1) == Some(&'\'') {
                runs.push(('\'', 0));
                at += 2;
                continue;
            }
            let end = characters[at + 1..].iter().position(|c| *c == '\'').ok_or("got a quote that is not closed")?;
            runs.extend(characters[at + 1..at + 1 + end].iter().map(|c| (*c, 0)));
            at += end + 2;
            continue;
        }
        if character.is_ascii_alphabetic() {
            let count = characters[at..].iter().take_while(|c| **c == character).count();
            runs.push((character, count));
            at += count;
            continue;
        }
        runs.push((character, 0));
        at += 1;
    }
    Ok(runs)
}

fn joda(format: &str) -> Result<Vec<Item>, String> {
    let runs = joda_runs(format)?;
    let mut items = Vec::new();
    for (index, (letter, count)) in runs.iter().enumerate() {
        if *count == 0 {
            items.push(item(Part::Character(*letter), 0, 0));
            continue;
        }
        // numbers side by side have their written width
        let digits_follow = runs.get(index + 1).is_some_and(|(next, count)| *count > 0 && !"aEGzZ".contains(*next));
        let most = |usual: usize| if digits_follow { *count } else { (*count).max(usual) };
        items.push(match letter {
            'G' => item(Part::Era, 0, 0),
            'C' => item(Part::Century, 1, most(2)),
            'y' | 'Y' | 'x' if *count == 2 => item(Part::ShortYear, 2, 2),
            'y' | 'Y' | 'x' => item(Part::Year, 1, most(4)),
            'w' => item(Part::Week, 1, most(2)),
            'e' => item(Part::Weekday, 1, most(1)),
            'E' => item(Part::WeekdayName, 0, 0),
            'D' => item(Part::DayOfYear, 1, most(3)),
            'M' if *count > 2 => item(Part::MonthName, 0, 0),
            'M' => item(Part::Month, 1, most(2)),
            'd' => item(Part::Day, 1, most(2)),
            'a' => item(Part::Half, 0, 0),
            'K' => item(Part::HalfHourFromZero, 1, most(2)),
            'h' => item(Part::HalfHour, 1, most(2)),
            'H' => item(Part::Hour, 1, most(2)),
            'k' => item(Part::HourFromOne, 1, most(2)),
            'm' => item(Part::Minute, 1, most(2)),
            's' => item(Part::Second, 1, most(2)),
            'S' => item(Part::Fraction, 1, (*count).min(9)),
            'Z' => item(Part::Offset, 0, 0),
            other => return Err(format!("does not know the letter {other}")),
        });
    }
    Ok(items)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Calendar,
    Ordinal,
    Week,
}

/// What has been read.
struct Fields {
    year: Option<i64>,
    month: i64,
    day: i64,
    day_of_year: i64,
    week: i64,
    weekday: i64,
    kind: Kind,
    has_date: bool,
    hour: i64,
    is_half: bool,
    is_afternoon: bool,
    minute: i64,
    second: i64,
    nanoseconds: i64,
    offset: Option<i64>,
}

impl Default for Fields {
    fn default() -> Fields {
        Fields {
            year: None,
            month: 1,
            day: 1,
            day_of_year: 1,
            week: 1,
            weekday: 1,
            kind: Kind::Calendar,
            has_date: false,
            hour: 0,
            is_half: false,
            is_afternoon: false,
            minute: 0,
            second: 0,
            nanoseconds: 0,
            offset: None,
        }
    }
}

impl Fields {
    fn read(mut self, items: &[Item], mut text: &[u8]) -> Option<Fields> {
        for item in items {
            text = self.part(item, text)?;
        }
        text.is_empty().then_some(self)
    }

    fn part<'t>(&mut self, item: &Item, text: &'t [u8]) -> Option<&'t [u8]> {
        let word = |names: &[&str]| named(text, names);
        match item.part {
            Part::Character(character) => text.strip_prefix(character.encode_utf8(&mut [0; 4]).as_bytes()),
            Part::MonthName => {
                let (month, rest) = word(&MONTHS)?;
                self.date(Kind::Calendar);
                self.month = month + 1;
                Some(rest)
            }
            Part::WeekdayName => {
                let (weekday, rest) = word(&DAYS)?;
                self.date(Kind::Week);
                self.weekday = weekday + 1;
                Some(rest)
            }
            Part::Half => {
                let (half, rest) = text.split_at_checked(2)?;
                self.is_afternoon = half.eq_ignore_ascii_case(b"PM");
                (self.is_afternoon || half.eq_ignore_ascii_case(b"AM")).then_some(rest)
            }
            Part::Era => {
                let (era, rest) = text.split_at_checked(2)?;
                era.eq_ignore_ascii_case(b"AD").then_some(rest)
            }
            Part::Offset => {
                let (sign, digits) = text.split_first()?;
                let (value, count, rest) = number(digits, 4)?;
                let sign = match sign {
                    b'+' => 1,
                    b'-' => -1,
                    _ => return None,
                };
                if count != 4 {
                    return None;
                }
                self.offset = Some(sign * (value / 100 * 3600 + value % 100 * 60));
                Some(rest)
            }
            part => {
                let (value, count, rest) = number(text, item.most)?;
                if count < item.least {
                    return None;
                }
                self.number(part, value, count).then_some(rest)
            }
        }
    }

    fn date(&mut self, kind: Kind) {
        self.kind = kind;
        self.has_date = true;
    }

    /// Whether the number is one that the part has.
    fn number(&mut self, part: Part, value: i64, count: usize) -> bool {
        let mut within = |place: fn(&mut Fields) -> &mut i64, least: i64, most: i64| {
            *place(self) = value;
            (least..=most).contains(&value)
        };
        match part {
            Part::Year => self.year = Some(value),
            Part::ShortYear => self.year = Some(if value >= 70 { 1900 + value } else { 2000 + value }),
            Part::Century => self.year = Some(value * 100),
            Part::Month => {
                self.date(Kind::Calendar);
                self.month = value;
                return (1..=12).contains(&value);
            }
            Part::Day => {
                self.date(Kind::Calendar);
                self.day = value;
                return (1..=31).contains(&value);
            }
            Part::DayOfYear => {
                self.date(Kind::Ordinal);
                self.day_of_year = value;
                return (1..=366).contains(&value);
            }
            Part::Week => {
                self.date(Kind::Week);
                self.week = value;
                return (1..=53).contains(&value);
            }
            Part::Weekday | Part::WeekdayFromSunday => {
                self.date(Kind::Week);
                let sunday = part == Part::WeekdayFromSunday;
                self.weekday = if sunday && value == 0 { 7 } else { value };
                return (1..=7).contains(&self.weekday) && !(sunday && value == 7);
            }
            Part::Hour => return within(|fields| &mut fields.hour, 0, 23),
            Part::HourFromOne => {
                self.hour = value % 24;
                return (1..=24).contains(&value);
            }
            Part::HalfHour => {
                (self.hour, self.is_half) = (value % 12, true);
                return (1..=12).contains(&value);
            }
            Part::HalfHourFromZero => {
                (self.hour, self.is_half) = (value, true);
                return (0..=11).contains(&value);
            }
            Part::Minute => return within(|fields| &mut fields.minute, 0, 59),
            Part::Second => return within(|fields| &mut fields.second, 0, 59),
            _ => self.nanoseconds = value * 10i64.pow(9 - count as u32),
        }
        true
    }

    fn tick(&self, result: &DataType, zone: &Zone) -> Option<i64> {
        let year = self.year.unwrap_or(if self.has_date { 2000 } else { 1970 });
        let is_time64 = matches!(result.bare(), DataType::DateTime64(..));
        if !(if is_time64 { 1900..=2299 } else { 1970..=2106 }).contains(&year) {
            return None;
        }
        let year = year as i32;
        let first = i64::from(calendar::days(year, 1, 1));
        let day = match self.kind {
            Kind::Calendar if self.day > i64::from(calendar::days_in_month(year, self.month as u32)) => return None,
            Kind::Calendar => i64::from(calendar::days(year, self.month as u32, self.day as u32)),
            Kind::Ordinal if self.day_of_year == 366 && !calendar::is_leap(year) => return None,
            Kind::Ordinal => first + self.day_of_year - 1,
            Kind::Week => {
                let fourth = calendar::days(year, 1, 4);
                i64::from(fourth - calendar::weekday(fourth)) + (self.week - 1) * 7 + self.weekday - 1
            }
        };
        let hour = self.hour + if self.is_half && self.is_afternoon { 12 } else { 0 };
        let local = day * DAY_S + hour * 3600 + self.minute * 60 + self.second;
        let unix = match self.offset {
            Some(offset) => local - offset,
            None => zone.to_unix(local),
        };
        if !is_time64 {
            return u32::try_from(unix).is_ok().then_some(unix);
        }
        let unit = unit_digits(result);
        unix.checked_mul(10i64.pow(unit))?.checked_add(self.nanoseconds / 10i64.pow(9 - unit))
    }
}

/// A number of at most so many digits, how many there are, and what follows.
fn number(text: &[u8], most: usize) -> Option<(i64, usize, &[u8])> {
    let count = text.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 {
        return None;
    }
    let value = text[..count].iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
    Some((value, count, &text[count..]))
}

/// Which of some names, whole or its first three letters, the text begins with.
fn named<'t>(text: &'t [u8], names: &[&str]) -> Option<(i64, &'t [u8])> {
    let begins = |name: &str| text.len() >= name.len() && text[..name.len()].eq_ignore_ascii_case(name.as_bytes());
    let index = names.iter().position(|name| begins(&name[..3]))?;
    let length = if begins(names[index]) { names[index].len() } else { 3 };
    Some((index as i64, &text[length..]))
}
