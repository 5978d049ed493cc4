//! `formatDateTimeInJodaSyntax`: times as text by Joda's letters.

use super::calendar::{self, DAY_S, Zone};
use super::format::{DAYS, MONTHS, iso_week};
use super::pattern::joda_runs;
use crate::function::convert::{ticks, unit_digits};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::Input;
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::ArrayRef;
use datafusion::common::Result as EngineResult;
use std::fmt::Write;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "formatDateTimeInJodaSyntax", exact_case, "formatDateTimeInJodaSyntax(time, format[, zone])", "A time as text by Joda's letters: yyyy year, MM month, dd day, HH hour, mm minute, ss second and more.", [("formatDateTimeInJodaSyntax(toDateTime('2024-05-05 03:07:09'), 'yyyy-MM-dd HH:mm:ss')", "2024-05-05 03:07:09"), ("formatDateTimeInJodaSyntax(toDateTime('2024-05-05 03:07:09'), 'EEEE d MMM yy, h a')", "Sunday 5 May 24, 3 AM")], bind;
};

const LETTERS: &str = "GCYyxweEDMdaKhHkmsSz";

fn bind(call: &Call) -> Result<Typed, Mismatch> {
    call.count(2..=3)?;
    let runs = joda_runs(call.constant_text(1)?).map_err(|problem| call.mismatch(problem))?;
    for (letter, count) in runs {
        if count > 0 && (!LETTERS.contains(letter) || letter == 'z' && count < 4) {
            return Err(call.mismatch(format_args!("does not know the letter {letter}")));
        }
    }
    let time = super::start_of::with_zone(call, 2)?;
    Ok(call.kernel_on(write, DataType::String, vec![time, call.arguments[1].clone()]))
}

fn write(input: &Input) -> EngineResult<ArrayRef> {
    let source = &input.types[0];
    let runs = joda_runs(input.strings(1)?.get(0)).map_err(datafusion::error::DataFusionError::Execution)?;
    let is_day = matches!(source.bare(), DataType::Date | DataType::Date32);
    let unit = unit_digits(source);
    let per_second = 10i64.pow(unit);
    let (values, zone) = (ticks(&input.columns[0].array)?, Zone::new(source.time_zone()));
    let zone_name = match source.bare() {
        DataType::DateTime(Some(zone)) | DataType::DateTime64(_, Some(zone)) => zone.name(),
        _ => super::zone::SERVER_ZONE,
    };
    input.write_strings(|row, out| {
        let tick = values.value(input.columns[0].at(row));
        let (local, fraction) = if is_day {
            (tick * DAY_S, 0)
        } else {
            (zone.to_local(tick.div_euclid(per_second)), tick.rem_euclid(per_second) * 10i64.pow(9 - unit))
        };
        for (letter, count) in &runs {
            match (letter, count) {
                (letter, 0) => out.push(*letter),
                ('z', _) => out.push_str(zone_name),
                ('S', count) => {
                    let digits = format!("{fraction:09}");
                    let count = *count;
                    out.push_str(&digits[..count.min(9)]);
                    out.extend(std::iter::repeat_n('0', count.saturating_sub(9).min(crate::limits::SQL_BYTES_MAX)));
                }
                (letter, count) => part(out, *letter, *count, local),
            }
        }
        Ok(())
    })
}

fn part(out: &mut String, letter: char, count: usize, local: i64) {
    let (day, second) = (local.div_euclid(DAY_S) as i32, local.rem_euclid(DAY_S));
    let civil = calendar::civil(day);
    let year = i64::from(civil.year);
    let (hour, weekday) = (second / 3600, calendar::weekday(day) as usize);
    let named = |name: &'static str| if count > 3 { name } else { &name[..3] };
    let number = match letter {
        'G' => return out.push_str("AD"),
        'E' => return out.push_str(named(DAYS[weekday])),
        'M' if count > 2 => return out.push_str(named(MONTHS[civil.month as usize - 1])),
        'a' => return out.push_str(if hour < 12 { "AM" } else { "PM" }),
        'C' => year / 100,
        'Y' | 'y' if count == 2 => year % 100,
        'Y' | 'y' => year,
        'x' => i64::from(iso_week(day).0),
        'w' => iso_week(day).1 as i64,
        'e' => weekday as i64 + 1,
        'D' => i64::from(day - calendar::days(civil.year, 1, 1) + 1),
        'M' => i64::from(civil.month),
        'd' => i64::from(civil.day),
        'K' => hour % 12,
        'h' => (hour + 11) % 12 + 1,
        'H' => hour,
        'k' => (hour + 23) % 24 + 1,
        'm' => second / 60 % 60,
        _ => second % 60,
    };
    let width = count.min(crate::limits::SQL_BYTES_MAX);
    let _ = write!(out, "{number:0width$}");
}
