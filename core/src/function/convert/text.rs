//! Any value as text, as `toString` writes it.

use super::cast::{enum_names, primitive};
use super::time::{unit_digits, zone_of};
use crate::function::date::{write_date, write_time, write_time64};
use crate::value::DataType;
use crate::value::json::write_quoted;
use arrow::array::*;
use arrow::datatypes::*;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::{Result as EngineResult, not_impl_err};
use std::io::Write;
use std::sync::Arc;

/// Writes one row of a column. Chosen once for each array, so that the loop over rows does not look at types.
pub(crate) type Writer<'a> = Box<dyn Fn(&mut Vec<u8>, usize) + 'a>;

pub(super) fn to_strings(array: &ArrayRef, from: &DataType) -> EngineResult<ArrayRef> {
    if array.data_type() == &arrow::datatypes::DataType::Utf8View {
        return Ok(array.clone());
    }
    let write = writer(array.as_ref(), from, false)?;
    let mut out = StringViewBuilder::with_capacity(array.len());
    let mut buffer = Vec::with_capacity(32);
    for row in 0..array.len() {
        if array.is_null(row) {
            out.append_null();
            continue;
        }
        buffer.clear();
        write(&mut buffer, row);
        out.append_value(String::from_utf8_lossy(&buffer));
    }
    Ok(Arc::new(out.finish()))
}

/// A FixedString's value ends before the zeros at its end.
pub(super) fn without_zeros(strings: &ArrayRef) -> ArrayRef {
    let trimmed = strings.as_string_view().iter().map(|text| text.map(|text| text.trim_end_matches('\0')));
    Arc::new(trimmed.collect::<StringViewArray>())
}

/// `is_nested`: inside of arrays, tuples and maps, where text and dates are quoted.
pub(crate) fn writer<'a>(array: &'a dyn Array, from: &DataType, is_nested: bool) -> EngineResult<Writer<'a>> {
    use DataType as T;
    macro_rules! numbers {
        ($kind:ty) => {{
            let values = primitive::<$kind>(array)?;
            Box::new(move |out: &mut Vec<u8>, row: usize| {
                let _ = write!(out, "{}", values.value(row));
            })
        }};
    }
    let plain: Writer<'a> = match from.bare() {
        T::Nothing => Box::new(|out, _| out.extend_from_slice(b"NULL")),
        T::Bool => {
            let values = array.as_boolean();
            Box::new(|out, row| out.extend_from_slice(if values.value(row) { b"true" } else { b"false" }))
        }
        T::UInt8 => numbers!(UInt8Type),
        T::UInt16 => numbers!(UInt16Type),
        T::UInt32 => numbers!(UInt32Type),
        T::UInt64 => numbers!(UInt64Type),
        T::Int8 => numbers!(Int8Type),
        T::Int16 => numbers!(Int16Type),
        T::Int32 => numbers!(Int32Type),
        T::Int64 | T::Interval(_) => numbers!(Int64Type),
        T::Float32 => {
            let values = primitive::<Float32Type>(array)?;
            Box::new(|out, row| write_float(out, f64::from(values.value(row)), || format!("{:e}", values.value(row))))
        }
        T::Float64 => {
            let values = primitive::<Float64Type>(array)?;
            Box::new(|out, row| write_float(out, values.value(row), || format!("{:e}", values.value(row))))
        }
        T::Decimal { .. } => decimals(array)?,
        T::Int128 => {
            let values = primitive::<Decimal128Type>(array)?.values();
            Box::new(|out, row| {
                let _ = write!(out, "{}", values[row]);
            })
        }
        T::UInt128 | T::Int256 | T::UInt256 => {
            let (values, signed) = (primitive::<Decimal256Type>(array)?.values(), *from.bare() == T::Int256);
            Box::new(move |out, row| super::wide::write(out, values[row], signed))
        }
        T::IPv6 => {
            let values = array.as_fixed_size_binary();
            quoted(is_nested, Box::new(|out, row| write_ipv6(out, values.value(row))))
        }
        T::Dynamic => {
            let values = array.as_string_view();
            Box::new(move |out, row| crate::function::dynamic::write_dynamic(values.value(row), is_nested, out))
        }
        T::Json => {
            let values = array.as_string_view();
            Box::new(move |out, row| crate::function::dynamic::write_object(values.value(row), is_nested, out))
        }
        T::String => {
            let values = array.as_string_view();
            if is_nested {
                return Ok(Box::new(|out, row| write_quoted(values.value(row), out)));
            }
            Box::new(|out, row| out.extend_from_slice(values.value(row).as_bytes()))
        }
        T::FixedString(_) => {
            let values = array.as_fixed_size_binary();
            Box::new(|out, row| out.extend_from_slice(values.value(row)))
        }
        T::Uuid => {
            let values = array.as_fixed_size_binary();
            quoted(is_nested, Box::new(|out, row| write_uuid(out, values.value(row))))
        }
        T::IPv4 => {
            let values = primitive::<UInt32Type>(array)?;
            let write: Writer = Box::new(|out, row| {
                let _ = write!(out, "{}", std::net::Ipv4Addr::from(values.value(row)));
            });
            quoted(is_nested, write)
        }
        T::Date | T::Date32 => {
            let values = primitive::<Date32Type>(array)?;
            quoted(is_nested, Box::new(|out, row| write_date(out, values.value(row))))
        }
        T::DateTime(_) => {
            let values = primitive::<TimestampSecondType>(array)?;
            let zone = zone_of(from);
            quoted(is_nested, Box::new(move |out, row| write_time(out, zone.to_local(values.value(row)))))
        }
        T::DateTime64(digits, _) => {
            let (zone, digits, unit) = (zone_of(from), u32::from(*digits), unit_digits(from));
            let values = super::time::ticks(&make_array(array.to_data()))?;
            quoted(is_nested, Box::new(move |out, row| write_time64(out, values.value(row), unit, digits, &zone)))
        }
        T::Enum8(_) | T::Enum16(_) => {
            let names: Vec<(String, i16)> =
                enum_names(from.bare()).into_iter().map(|(name, number)| (name.to_owned(), number)).collect();
            let numbers = arrow::compute::cast(array, &arrow::datatypes::DataType::Int16)?;
            let numbers = numbers.as_primitive::<Int16Type>().clone();
            let write: Writer = Box::new(move |out, row| {
                if let Some((name, _)) = names.iter().find(|(_, number)| *number == numbers.value(row)) {
                    out.extend_from_slice(name.as_bytes());
                }
            });
            quoted(is_nested, write)
        }
        T::Array(item) => {
            let list = array.as_list::<i32>();
            let write = nested(list.values().as_ref(), item)?;
            Box::new(move |out, row| {
                let (start, end) = (list.value_offsets()[row] as usize, list.value_offsets()[row + 1] as usize);
                separated(out, b'[', b']', start..end, |out, row| write(out, row));
            })
        }
        T::Tuple(items) => {
            let tuple = array.as_struct();
            let writers = items
                .iter()
                .zip(tuple.columns())
                .map(|((_, item), column)| nested(column.as_ref(), item))
                .collect::<EngineResult<Vec<_>>>()?;
            Box::new(move |out, row| {
                separated(out, b'(', b')', 0..writers.len(), |out, index| writers[index](out, row))
            })
        }
        T::Map(key, value) => {
            let map = array.as_map();
            let (write_key, write_value) = (nested(map.keys().as_ref(), key)?, nested(map.values().as_ref(), value)?);
            Box::new(move |out, row| {
                let (start, end) = (map.value_offsets()[row] as usize, map.value_offsets()[row + 1] as usize);
                separated(out, b'{', b'}', start..end, |out, row| {
                    write_key(out, row);
                    out.push(b':');
                    write_value(out, row);
                });
            })
        }
        other => return not_impl_err!("{other} as text"),
    };
    Ok(plain)
}

fn nested<'a>(array: &'a dyn Array, item: &DataType) -> EngineResult<Writer<'a>> {
    let write = writer(array, item, true)?;
    Ok(Box::new(move |out, row| if array.is_null(row) { out.extend_from_slice(b"NULL") } else { write(out, row) }))
}

fn separated(
    out: &mut Vec<u8>,
    open: u8,
    close: u8,
    items: std::ops::Range<usize>,
    write: impl Fn(&mut Vec<u8>, usize),
) {
    out.push(open);
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(close);
}

fn quoted<'a>(is_nested: bool, write: Writer<'a>) -> Writer<'a> {
    if !is_nested {
        return write;
    }
    Box::new(move |out, row| {
        out.push(b'\'');
        write(out, row);
        out.push(b'\'');
    })
}

/// The shortest digits that read back as the value, with an exponent outside of 1e-6 … 1e21. `scientific` are
/// those digits as `d.ddde±x`; a `Float32` has fewer of them than its value as `f64`.
pub(crate) fn write_float(out: &mut Vec<u8>, value: f64, scientific: impl Fn() -> String) {
    if value.is_nan() {
        return out.extend_from_slice(b"nan");
    }
    if value.is_infinite() {
        return out.extend_from_slice(if value > 0.0 { b"inf" } else { b"-inf" });
    }
    let text = scientific();
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        return out.extend_from_slice(text.as_bytes());
    }
    let (digits, exponent) = text.split_once('e').expect("{:e} writes an exponent");
    let exponent: i32 = exponent.parse().expect("{:e} writes a number after the e");
    let digits = digits.strip_prefix('-').inspect(|_| out.push(b'-')).unwrap_or(digits);
    let digits: Vec<u8> = digits.bytes().filter(|c| *c != b'.').collect();
    if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', (-exponent - 1) as usize));
        return out.extend_from_slice(&digits);
    }
    let whole = exponent as usize + 1;
    if digits.len() <= whole {
        out.extend_from_slice(&digits);
        out.extend(std::iter::repeat_n(b'0', whole - digits.len()));
        return;
    }
    out.extend_from_slice(&digits[..whole]);
    out.push(b'.');
    out.extend_from_slice(&digits[whole..]);
}

/// ClickHouse writes decimals without trailing zeros.
fn decimals(array: &dyn Array) -> EngineResult<Writer<'_>> {
    static OPTIONS: FormatOptions<'static> = FormatOptions::new();
    let formatter = ArrayFormatter::try_new(array, &OPTIONS)?;
    Ok(Box::new(move |out, row| {
        let text = formatter.value(row).to_string();
        let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        out.extend_from_slice(short.as_bytes());
    }))
}

fn write_ipv6(out: &mut Vec<u8>, bytes: &[u8]) {
    if let Ok(octets) = <[u8; 16]>::try_from(bytes) {
        let _ = write!(out, "{}", std::net::Ipv6Addr::from(octets));
    }
}

/// Sixteen bytes in the order they are written.
fn write_uuid(out: &mut Vec<u8>, bytes: &[u8]) {
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        let _ = write!(out, "{byte:02x}");
    }
}

pub(super) fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let digits: Vec<u8> = text.bytes().filter(|c| *c != b'-').collect();
    if digits.len() != 32 {
        return None;
    }
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}
