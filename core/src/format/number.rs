//! Numbers, dates and addresses as ClickHouse prints them.

use super::DateTimeOutput;
use arrow::datatypes::i256;
use chrono::{DateTime, Datelike, Offset, TimeZone, Timelike};
use std::fmt::{Display, Write};

/// Appends what `Display` prints.
pub(super) fn display(out: &mut Vec<u8>, value: impl Display) {
    struct Bytes<'a>(&'a mut Vec<u8>);
    impl Write for Bytes<'_> {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }
    write!(Bytes(out), "{value}").expect("writing to memory cannot fail");
}

/// The shortest digits that read back as the same number; an exponent only below 1e-6 and from
/// 1e21 on. `scientific` is Rust's `{:e}` of the number, whose digits are the shortest already.
fn shortest(out: &mut Vec<u8>, scientific: &str) {
    let (mantissa, exponent) = scientific.split_once('e').expect("`{:e}` prints an exponent");
    let exponent: i32 = exponent.parse().expect("`{:e}` prints a number after the e");
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |mantissa| ("-", mantissa));
    out.extend_from_slice(sign.as_bytes());
    if !(-6..21).contains(&exponent) {
        return display(out, format_args!("{mantissa}e{exponent}"));
    }
    let digits = mantissa.bytes().filter(|byte| *byte != b'.');
    let digit_count = digits.clone().count() as i32;
    if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', (-exponent - 1) as usize));
        return out.extend(digits);
    }
    let whole = exponent + 1;
    out.extend(digits.clone().take(whole as usize));
    out.extend(std::iter::repeat_n(b'0', (whole - digit_count).max(0) as usize));
    if digit_count > whole {
        out.push(b'.');
        out.extend(digits.skip(whole as usize));
    }
}

pub(super) fn float64(out: &mut Vec<u8>, value: f64) {
    match value {
        value if value.is_nan() => out.extend_from_slice(b"nan"),
        value if value.is_infinite() => out.extend_from_slice(if value > 0.0 { b"inf" } else { b"-inf" }),
        value => shortest(out, &format!("{value:e}")),
    }
}

pub(super) fn float32(out: &mut Vec<u8>, value: f32) {
    match value.is_finite() {
        true => shortest(out, &format!("{value:e}")),
        false => float64(out, value.into()),
    }
}

/// A decimal from the digits of its unscaled value, with or without zeros at the end.
pub(super) fn decimal(out: &mut Vec<u8>, unscaled: &str, scale: usize, zeros: bool) {
    let (sign, digits) = unscaled.strip_prefix('-').map_or(("", unscaled), |digits| ("-", digits));
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let fraction = if zeros { fraction } else { fraction.trim_end_matches('0') };
    out.extend_from_slice(sign.as_bytes());
    out.extend_from_slice(whole.as_bytes());
    if !fraction.is_empty() {
        out.push(b'.');
        out.extend_from_slice(fraction.as_bytes());
    }
}

/// Little-endian bytes of a signed or unsigned integer of 16 or 32 bytes.
pub(crate) fn wide_integer(out: &mut Vec<u8>, value: i256, signed: bool) {
    match signed || value >= i256::ZERO {
        true => display(out, value),
        false => unsigned256(out, value.to_le_bytes()),
    }
}

/// Long division by 10^18, from the highest limb.
fn unsigned256(out: &mut Vec<u8>, bytes: [u8; 32]) {
    const BASE: u128 = 1_000_000_000_000_000_000;
    let mut limbs: Vec<u64> = bytes
        .chunks_exact(8)
        .rev()
        .map(|limb| u64::from_le_bytes(limb.try_into().expect("chunks have 8 bytes")))
        .collect();
    let mut groups = Vec::new();
    while limbs.iter().any(|limb| *limb != 0) {
        let mut rest = 0;
        for limb in &mut limbs {
            let value = rest << 64 | u128::from(*limb);
            *limb = (value / BASE) as u64;
            rest = value % BASE;
        }
        groups.push(rest);
    }
    let (first, rest) = groups.split_last().expect("callers pass values above i256::MAX");
    display(out, first);
    rest.iter().rev().for_each(|group| display(out, format_args!("{group:018}")));
}

/// `2020-01-02`, from days since 1970.
pub(super) fn date(out: &mut Vec<u8>, days: i32) {
    let day = i64::from(days).checked_mul(86_400).and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let day = day.unwrap_or_default();
    two_digits(out, (day.year() / 100) as u32);
    two_digits(out, (day.year() % 100) as u32);
    for part in [day.month(), day.day()] {
        out.push(b'-');
        two_digits(out, part);
    }
}

/// `2020-01-02 03:04:05` as a clock in `zone` shows it.
pub(super) fn date_time(out: &mut Vec<u8>, seconds: i64, zone: chrono_tz::Tz) {
    let utc = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    let offset = match zone {
        chrono_tz::UTC => 0,
        zone => i64::from(zone.offset_from_utc_datetime(&utc.naive_utc()).fix().local_minus_utc()),
    };
    let local = DateTime::from_timestamp(seconds + offset, 0).unwrap_or_default();
    date(out, (seconds + offset).div_euclid(86_400) as i32);
    for (before, part) in [(b' ', local.hour()), (b':', local.minute()), (b':', local.second())] {
        out.push(before);
        two_digits(out, part);
    }
}

fn two_digits(out: &mut Vec<u8>, value: u32) {
    out.push(b'0' + (value / 10 % 10) as u8);
    out.push(b'0' + (value % 10) as u8);
}

/// `ticks` of 10^-`unit_digits` s, printed with `digits` of them.
pub(super) fn date_time64(out: &mut Vec<u8>, ticks: i64, unit_digits: u8, digits: u8, zone: chrono_tz::Tz) {
    let unit = 10_i64.pow(unit_digits.into());
    date_time(out, ticks.div_euclid(unit), zone);
    if digits > 0 {
        let fraction = format!("{:0>width$}", ticks.rem_euclid(unit), width = unit_digits.into());
        out.push(b'.');
        out.extend_from_slice(&fraction.as_bytes()[..digits.into()]);
    }
}

/// A moment without a clock: in UTC as ISO 8601 has it, or as seconds since 1970.
pub(super) fn moment(out: &mut Vec<u8>, ticks: i64, unit_digits: u8, digits: u8, style: DateTimeOutput) {
    let unit = 10_i64.pow(unit_digits.into());
    let is_negative = style == DateTimeOutput::UnixTimestamp && ticks < 0;
    let (seconds, rest) = match is_negative {
        true => ((ticks / unit).unsigned_abs() as i64, (ticks % unit).abs()),
        false => (ticks.div_euclid(unit), ticks.rem_euclid(unit)),
    };
    if style == DateTimeOutput::UnixTimestamp {
        display(out, format_args!("{}{seconds}", if is_negative { "-" } else { "" }));
    } else {
        let start = out.len();
        date_time(out, seconds, chrono_tz::UTC);
        out[start..].iter_mut().filter(|byte| **byte == b' ').for_each(|byte| *byte = b'T');
    }
    if digits > 0 {
        let fraction = format!("{rest:0>width$}", width = unit_digits.into());
        out.push(b'.');
        out.extend_from_slice(&fraction.as_bytes()[..digits.into()]);
    }
    if style == DateTimeOutput::Iso {
        out.push(b'Z');
    }
}

/// The lengths of the groups that dashes separate, in bytes.
const UUID_GROUPS: [usize; 5] = [4, 2, 2, 2, 6];

pub(super) fn uuid(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut rest = bytes;
    for (index, length) in UUID_GROUPS.into_iter().enumerate() {
        if index > 0 {
            out.push(b'-');
        }
        let (group, after) = rest.split_at(length);
        group.iter().for_each(|byte| display(out, format_args!("{byte:02x}")));
        rest = after;
    }
}

/// Rust prints `::1.2.3.4` as `::102:304`; ClickHouse, as inet_ntop does, prints the dots.
pub(super) fn ipv6(out: &mut Vec<u8>, bytes: &[u8]) {
    let bytes: [u8; 16] = bytes.try_into().expect("IPv6 values have 16 bytes");
    let is_v4_compatible = bytes[..12].iter().all(|byte| *byte == 0) && (bytes[12] != 0 || bytes[13] != 0);
    if is_v4_compatible {
        out.extend_from_slice(b"::");
        return ipv4(out, u32::from_be_bytes([bytes[12], bytes[13], bytes[14], bytes[15]]));
    }
    display(out, std::net::Ipv6Addr::from(bytes));
}

pub(super) fn ipv4(out: &mut Vec<u8>, address: u32) {
    display(out, std::net::Ipv4Addr::from(address));
}
