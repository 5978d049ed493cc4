//! `formatDateTime`, by the letters of MySQL that ClickHouse knows.

use super::calendar::{self, Civil, DAY_S, Zone};
use super::text::{write_date, write_digits, write_time};
use crate::function::convert::{ticks, unit_digits};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::Input;
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use datafusion::common::Result as EngineResult;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "formatDateTime" | "DATE_FORMAT", any_case, "formatDateTime(time, format[, zone])", "A time as text: %Y year, %m month, %d day, %H hour, %i minute, %S second and more.", [("formatDateTime(toDateTime('2024-05-05 03:07:09'), '%Y-%m-%d %H:%i:%S')", "2024-05-05 03:07:09"), ("formatDateTime(toDateTime('2024-05-05 03:07:09'), '%j %a %b %e %I %p %y %D %F %T %R %u %w %V %G %C %%')", "126 Sun May 5 03 AM 24 05/05/24 2024-05-05 03:07:09 03:07 7 0 18 2024 20 %"), ("formatDateTime(toDateTime('2024-05-05 03:07:09'), '%H', 'Asia/Tokyo')", "12")], bind;
};

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

const LETTERS: &str = "abcCdDefFgGhHiIjklmMnpQrRsStTuVwWyYz%";

fn bind(call: &Call) -> Result<Typed, Mismatch> {
    call.count(2..=3)?;
    let format = call.constant_text(1)?;
    let mut characters = format.chars();
    while characters.by_ref().any(|c| c == '%') {
        match characters.next() {
            Some(letter) if LETTERS.contains(letter) => {}
            Some(letter) => return Err(call.mismatch(format_args!("does not know %{letter}"))),
            None => return Err(call.mismatch("got a format that ends in %")),
        }
    }
    let time = super::start_of::with_zone(call, 2)?;
    Ok(call.kernel_on(write, DataType::String, vec![time, call.arguments[1].clone()]))
}

fn write(input: &Input) -> EngineResult<ArrayRef> {
    let (source, format) = (&input.types[0], input.strings(1)?);
    let is_day = matches!(source.bare(), DataType::Date | DataType::Date32);
    let unit = unit_digits(source);
    let per_second = 10i64.pow(unit);
    let (values, zone) = (ticks(&input.columns[0].array)?, Zone::new(source.time_zone()));
    let mut bytes = Vec::new();
    input.write_strings(|row, out| {
        let tick = values.value(input.columns[0].at(row));
        let (unix, fraction) =
            if is_day { (tick * DAY_S, 0) } else { (tick.div_euclid(per_second), tick.rem_euclid(per_second)) };
        let offset = if is_day { 0 } else { zone.offset(unix) };
        let moment = Shown { local: unix + offset, offset, nanoseconds: fraction * 10i64.pow(9 - unit) };
        bytes.clear();
        moment.write(&mut bytes, format.get(row));
        out.push_str(&String::from_utf8_lossy(&bytes));
        Ok(())
    })
}

struct Shown {
    local: i64,
    offset: i64,
    nanoseconds: i64,
}

impl Shown {
    fn write(&self, out: &mut Vec<u8>, format: &str) {
        let mut characters = format.chars();
        while let Some(character) = characters.next() {
            match (character, if character == '%' { characters.next() } else { None }) {
                ('%', Some(letter)) => self.letter(out, letter),
                (other, _) => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }

    fn letter(&self, out: &mut Vec<u8>, letter: char) {
        let days = self.local.div_euclid(DAY_S) as i32;
        let second = self.local.rem_euclid(DAY_S) as u64;
        let Civil { year, month, day } = calendar::civil(days);
        let weekday = calendar::weekday(days) as usize;
        let (hour, minute) = (second / 3600, second / 60 % 60);
        let hour_12 = (hour + 11) % 12 + 1;
        let mut two = |number: u64| write_digits(out, number, 2);
        match letter {
            'd' => two(u64::from(day)),
            'm' | 'c' => two(u64::from(month)),
            'y' => two(year.rem_euclid(100) as u64),
            'C' => two(year.div_euclid(100) as u64),
            'H' | 'k' => two(hour),
            'h' | 'I' | 'l' => two(hour_12),
            'i' => two(minute),
            's' | 'S' => two(second % 60),
            'V' => two(iso_week(days).1),
            'g' => two(iso_week(days).0 as u64 % 100),
            'G' => write_digits(out, iso_week(days).0 as u64, 4),
            'Y' => write_digits(out, year.max(0) as u64, 4),
            'j' => write_digits(out, (days - calendar::days(year, 1, 1) + 1) as u64, 3),
            'e' => write_digits(out, u64::from(day), 1),
            'Q' => write_digits(out, u64::from((month - 1) / 3 + 1), 1),
            'u' => write_digits(out, weekday as u64 + 1, 1),
            'w' => write_digits(out, (weekday as u64 + 1) % 7, 1),
            'a' => out.extend_from_slice(&DAYS[weekday].as_bytes()[..3]),
            'W' => out.extend_from_slice(DAYS[weekday].as_bytes()),
            'b' => out.extend_from_slice(&MONTHS[month as usize - 1].as_bytes()[..3]),
            'M' => out.extend_from_slice(MONTHS[month as usize - 1].as_bytes()),
            'p' => out.extend_from_slice(if hour < 12 { b"AM" } else { b"PM" }),
            'F' => write_date(out, days),
            'D' => self.write(out, "%m/%d/%y"),
            'T' => {
                let start = out.len();
                write_time(out, self.local);
                out.drain(start..out.len() - 8);
            }
            'R' => self.write(out, "%H:%i"),
            'r' => self.write(out, "%h:%i %p"),
            'z' => {
                out.push(if self.offset < 0 { b'-' } else { b'+' });
                let minutes = self.offset.unsigned_abs() / 60;
                write_digits(out, minutes / 60 * 100 + minutes % 60, 4);
            }
            'f' => {
                write_digits(out, (self.nanoseconds / 1000) as u64, 6);
            }
            'n' => out.push(b'\n'),
            't' => out.push(b'\t'),
            other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

pub(super) fn iso_week(days: i32) -> (i32, u64) {
    let thursday = days - calendar::weekday(days) + 3;
    let year = calendar::civil(thursday).year;
    (year, ((thursday - calendar::days(year, 1, 1)) / 7 + 1) as u64)
}
