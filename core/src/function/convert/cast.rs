//! Arrays of one type as arrays of another: every pair of types that ClickHouse converts.

use super::{decimal, nested, number, text, time, wide};
use crate::function::dynamic;
use crate::function::fault::{Fault, fault};
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::NullBuffer;
use arrow::compute;
use arrow::datatypes as arrow_types;
use datafusion::common::{Result as EngineResult, exec_datafusion_err};
use datafusion::error::DataFusionError;
use std::sync::Arc;

/// What a value that cannot be converted becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnError {
    Fail,
    Null,
    /// The type's default: zero, the epoch, the empty string.
    Default,
}

/// Whether [`cast_array`] knows the pair.
pub(super) fn is_possible(from: &DataType, to: &DataType) -> bool {
    use DataType::*;
    let (from, to) = (from.bare(), to.bare());
    let is_enum = |one: &DataType| matches!(one, Enum8(_) | Enum16(_));
    if from == to
        || *from == Nothing
        || *to == String
        || *from == Dynamic
        || *to == Dynamic
        || nested::is_possible(from, to, is_possible)
    {
        return true;
    }
    match (from, to) {
        (String | FixedString(_) | Json, _) => {
            to.is_numeric()
                || to.is_date_or_time()
                || is_enum(to)
                || matches!(to, Uuid | FixedString(_) | IPv4 | IPv6 | Json)
        }
        (IPv4, IPv6) | (IPv6, IPv4) => true,
        (Array(from), Array(to)) => is_possible(from, to),
        (Tuple(from), Tuple(to)) => {
            from.len() == to.len() && from.iter().zip(to).all(|(from, to)| is_possible(&from.1, &to.1))
        }
        (Map(key, value), Map(to_key, to_value)) => is_possible(key, to_key) && is_possible(value, to_value),
        (Interval(_), _) => to.is_integer() || to.is_float() || to.is_date_or_time(),
        (_, Interval(_)) => from.is_integer(),
        (IPv4, to) => matches!(to, UInt32 | UInt64),
        (Bool | UInt8 | UInt16 | UInt32 | UInt64, IPv4) => true,
        (from, to) if is_enum(from) => {
            to.is_integer() || to.is_float() || to.is_date_or_time() || is_enum(to) || matches!(to, FixedString(_))
        }
        (Decimal { .. }, to) => to.is_numeric() || matches!(to, DateTime64(..)),
        (from, to) if from.is_numeric() => to.is_numeric() || to.is_date_or_time() || is_enum(to),
        (Date | Date32 | DateTime(_), Decimal { .. }) => false,
        (from, to) if from.is_date_or_time() => to.is_numeric() || to.is_date_or_time(),
        _ => false,
    }
}

/// `array`, which lies as `from` says, as `to`. NULL stays NULL.
pub(crate) fn cast_array(
    array: &ArrayRef,
    from: &DataType,
    to: &DataType,
    on_error: OnError,
) -> EngineResult<ArrayRef> {
    use DataType::*;
    let (from, to) = (from.bare(), to.bare());
    let arrow = to.to_arrow();
    if from == to && *array.data_type() == arrow {
        return Ok(array.clone());
    }
    match (from, to) {
        (Nothing, _) => Ok(new_null_array(&arrow, array.len())),
        (Dynamic, _) => dynamic::from_dynamic(array.as_string_view(), to, on_error),
        (_, Dynamic) => dynamic::to_dynamic(array, from),
        (Json, String) => json(array.as_string_view(), on_error),
        (String, Json) => json(array.as_string_view(), on_error).map(|_| array.clone()),
        (_, String) => text::to_strings(array, from),
        (from, to) if nested::is_possible(from, to, is_possible) => nested::cast(array, from, to, on_error),
        (String | Json, _) => from_strings(array.as_string_view(), to, on_error),
        (Enum8(_) | Enum16(_), FixedString(_)) => {
            from_strings(text::to_strings(array, from)?.as_string_view(), to, on_error)
        }
        (FixedString(_), _) => {
            let strings = text::without_zeros(&text::to_strings(array, from)?);
            from_strings(strings.as_string_view(), to, on_error)
        }
        (Array(from_item), Array(to_item)) => {
            let list = array.as_list::<i32>();
            let values = cast_array(list.values(), from_item, to_item, on_error)?;
            let field = Arc::new(to_item.to_field("item"));
            Ok(Arc::new(ListArray::try_new(field, list.offsets().clone(), values, list.nulls().cloned())?))
        }
        (Tuple(from_items), Tuple(to_items)) => {
            let tuple = array.as_struct();
            let columns = from_items
                .iter()
                .zip(to_items)
                .zip(tuple.columns())
                .map(|((from, to), column)| cast_array(column, &from.1, &to.1, on_error))
                .collect::<EngineResult<Vec<_>>>()?;
            let arrow_types::DataType::Struct(fields) = arrow else { unreachable!("a tuple is a struct") };
            Ok(Arc::new(StructArray::try_new(fields, columns, tuple.nulls().cloned())?))
        }
        (Map(from_key, from_value), Map(to_key, to_value)) => {
            let map = array.as_map();
            let keys = cast_array(map.keys(), from_key, to_key, on_error)?;
            let values = cast_array(map.values(), from_value, to_value, on_error)?;
            let arrow_types::DataType::Map(field, _) = &arrow else { unreachable!("a map is a map") };
            let arrow_types::DataType::Struct(fields) = field.data_type() else { unreachable!("entries are a struct") };
            let entries = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
            Ok(Arc::new(MapArray::try_new(field.clone(), map.offsets().clone(), entries, map.nulls().cloned(), false)?))
        }
        (_, Enum8(_) | Enum16(_)) => to_enum(array, from, to, on_error),
        (from, to) if from.is_date_or_time() || to.is_date_or_time() => time::cast(array, from, to, on_error),
        (IPv4, IPv6) | (IPv6, IPv4) => address(array, to, on_error),
        (Decimal { .. }, _) | (_, Decimal { .. }) => decimal::cast(array, from, to, on_error),
        (from, to) if wide::is_wide(from) && to.is_float() => {
            let floats = wide::wide(array)?.unary::<_, arrow_types::Float64Type>(|value| wide::float_of(value, from));
            Ok(compute::cast(&floats, &arrow)?)
        }
        (from, to) if (wide::is_wide(from) || wide::is_wide(to)) && *to != Bool => {
            let whole =
                if *from == Bool { compute::cast(array, &arrow_types::DataType::UInt8)? } else { array.clone() };
            wide::cast(&whole, to, on_error)
        }
        _ => number::cast(array, to, on_error),
    }
}

/// The text of JSON objects, in order.
fn json(texts: &StringViewArray, on_error: OnError) -> EngineResult<ArrayRef> {
    let mut out = StringViewBuilder::with_capacity(texts.len());
    for text in texts {
        match text.map(|text| (text, dynamic::json_text(text))) {
            Some((_, Some(normal))) => out.append_value(normal),
            Some((text, None)) if on_error == OnError::Fail => {
                return fault(Fault::IncorrectData, format!("cannot parse JSON object here: {text}"));
            }
            _ => out.append_null(),
        }
    }
    Ok(Arc::new(out.finish()))
}

/// Parses each row. `parse` gives `None` where the text is not a value.
pub(super) fn parse_rows<T: ArrowPrimitiveType>(
    strings: &StringViewArray,
    to: &DataType,
    on_error: OnError,
    parse: impl Fn(&str) -> Option<T::Native>,
    failure: impl Fn(&str) -> DataFusionError,
) -> EngineResult<ArrayRef> {
    let mut values = Vec::with_capacity(strings.len());
    let mut failed: Option<BooleanBufferBuilder> = None;
    for row in 0..strings.len() {
        if strings.is_null(row) {
            values.push(T::Native::default());
            continue;
        }
        let text = strings.value(row);
        match parse(text) {
            Some(value) => values.push(value),
            None => {
                match on_error {
                    OnError::Fail => return Err(failure(text)),
                    OnError::Default => {}
                    OnError::Null => {
                        let valid = failed.get_or_insert_with(|| {
                            let mut valid = BooleanBufferBuilder::new(strings.len());
                            valid.append_n(strings.len(), true);
                            valid
                        });
                        valid.set_bit(row, false);
                    }
                }
                values.push(T::Native::default());
            }
        }
    }
    let failed = failed.map(|mut valid| NullBuffer::new(valid.finish()));
    let nulls = NullBuffer::union(strings.nulls(), failed.as_ref());
    let array = PrimitiveArray::<T>::new(values.into(), nulls);
    let array: ArrayRef = Arc::new(array);
    let arrow = to.to_arrow();
    if *array.data_type() == arrow { Ok(array) } else { Ok(compute::cast(&array, &arrow)?) }
}

fn from_strings(strings: &StringViewArray, to: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    match to {
        to if to.is_date_or_time() => time::from_strings(strings, to, on_error),
        DataType::Json => Ok(Arc::new(strings.clone())),
        DataType::Enum8(_) | DataType::Enum16(_) => {
            let names = enum_names(to);
            let numbered = |text: &str| {
                let number = text.parse::<i16>().ok()?;
                names.iter().any(|(_, known)| *known == number).then_some(number)
            };
            let find = |text: &str| {
                names.iter().find(|(name, _)| *name == text).map(|(_, number)| *number).or_else(|| numbered(text))
            };
            parse_rows::<arrow_types::Int16Type>(strings, to, on_error, find, |text| {
                Fault::UnknownEnumElement.error(format!("unknown element {text:?} for enum {to}"))
            })
        }
        to if wide::is_wide(to) => wide::from_strings(strings, to, on_error),
        DataType::Decimal { .. } => decimal::from_strings(strings, to, on_error),
        DataType::Uuid | DataType::FixedString(_) | DataType::IPv6 => to_fixed(strings, to, on_error),
        DataType::IPv4 => parse_rows::<arrow_types::UInt32Type>(
            strings,
            to,
            on_error,
            |text| text.parse::<std::net::Ipv4Addr>().ok().map(u32::from),
            |text| Fault::CannotParseIPv4.error(format!("invalid IPv4 value {text:?}")),
        ),
        _ => number::from_strings(strings, to, on_error),
    }
}

pub(super) fn enum_names(data_type: &DataType) -> Vec<(&str, i16)> {
    match data_type {
        DataType::Enum8(names) => names.iter().map(|(name, number)| (name.as_str(), i16::from(*number))).collect(),
        DataType::Enum16(names) => names.iter().map(|(name, number)| (name.as_str(), *number)).collect(),
        _ => Vec::new(),
    }
}

fn to_enum(array: &ArrayRef, from: &DataType, to: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    if matches!(from, DataType::Enum8(_) | DataType::Enum16(_)) {
        let names = text::to_strings(array, from)?;
        return from_strings(names.as_string_view(), to, on_error);
    }
    let numbers = compute::cast(array, &arrow_types::DataType::Int16)?;
    let known = enum_names(to);
    for number in numbers.as_primitive::<arrow_types::Int16Type>().iter().flatten() {
        if !known.iter().any(|(_, known)| *known == number) {
            return fault(Fault::CannotConvert, format!("unexpected value {number} in enum {to}"));
        }
    }
    Ok(compute::cast(&numbers, &to.to_arrow())?)
}

fn to_fixed(strings: &StringViewArray, to: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    let width = match to {
        DataType::FixedString(width) => *width as i32,
        _ => 16,
    };
    let mut out = FixedSizeBinaryBuilder::with_capacity(strings.len(), width);
    for text in strings {
        let Some(text) = text else {
            out.append_null();
            continue;
        };
        match fixed_bytes(text, to, width as usize) {
            Some(bytes) => out.append_value(bytes)?,
            None => match on_error {
                OnError::Fail => return Err(fixed_failure(text, to)),
                OnError::Null => out.append_null(),
                OnError::Default => out.append_value(vec![0; width as usize])?,
            },
        }
    }
    Ok(Arc::new(out.finish()))
}

fn fixed_failure(text: &str, to: &DataType) -> DataFusionError {
    let kind = match to {
        DataType::Uuid => Fault::CannotParseUuid,
        DataType::IPv6 => Fault::CannotParseIPv6,
        _ => Fault::TextIsTooLong,
    };
    kind.error(format!("cannot parse {text:?} as {to}"))
}

fn fixed_bytes(text: &str, to: &DataType, width: usize) -> Option<Vec<u8>> {
    if *to == DataType::Uuid {
        return text::parse_uuid(text).map(Vec::from);
    }
    if *to == DataType::IPv6 {
        let mapped = || Some(text.parse::<std::net::Ipv4Addr>().ok()?.to_ipv6_mapped());
        return text.parse::<std::net::Ipv6Addr>().ok().or_else(mapped).map(|address| address.octets().to_vec());
    }
    let mut bytes = text.as_bytes().to_vec();
    if bytes.len() > width {
        return None;
    }
    bytes.resize(width, 0);
    Some(bytes)
}

/// An address of four bytes as one of sixteen, and back.
fn address(array: &ArrayRef, to: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    use std::net::{Ipv4Addr, Ipv6Addr};
    if *to == DataType::IPv6 {
        let mut out = FixedSizeBinaryBuilder::with_capacity(array.len(), 16);
        for address in primitive::<arrow_types::UInt32Type>(array)? {
            match address {
                Some(address) => out.append_value(Ipv4Addr::from(address).to_ipv6_mapped().octets())?,
                None => out.append_null(),
            }
        }
        return Ok(Arc::new(out.finish()));
    }
    let mut out = UInt32Builder::with_capacity(array.len());
    for octets in array.as_fixed_size_binary() {
        let octets = octets.and_then(|octets| <[u8; 16]>::try_from(octets).ok());
        let Some(octets) = octets else {
            out.append_null();
            continue;
        };
        match (Ipv6Addr::from(octets).to_ipv4_mapped(), on_error) {
            (Some(address), _) => out.append_value(address.into()),
            (None, OnError::Null) => out.append_null(),
            (None, OnError::Default) => out.append_value(0),
            (None, OnError::Fail) => return fault(Fault::CannotConvert, "an IPv6 address is no mapped IPv4 one"),
        }
    }
    Ok(Arc::new(out.finish()))
}

/// The array type that a kernel was promised.
pub(crate) fn primitive<T: ArrowPrimitiveType>(array: &dyn Array) -> EngineResult<&PrimitiveArray<T>> {
    array
        .as_primitive_opt::<T>()
        .ok_or_else(|| exec_datafusion_err!("expected {} but the column lies as {}", T::DATA_TYPE, array.data_type()))
}
