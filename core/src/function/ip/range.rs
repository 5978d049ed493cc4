//! Ranges of addresses: `192.168.0.0/16`.

use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::Input;
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use arrow::datatypes::DataType as Arrow;
use datafusion::common::{Result as EngineResult, exec_datafusion_err, exec_err};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "isIPAddressInRange", exact_case, "isIPAddressInRange(address, range)", "Whether an address lies in a range such as '10.0.0.0/8'.", [("isIPAddressInRange('192.168.1.5', '192.168.1.0/24')", "1"), ("isIPAddressInRange('2001:db9::1', '2001:db8::/32')", "0")], in_range;
    "IPv4CIDRToRange", exact_case, "IPv4CIDRToRange(address, bits)", "The first and the last address that share so many bits.", [("toTypeName(IPv4CIDRToRange(toIPv4('192.168.5.2'), 16))", "Tuple(IPv4, IPv4)")], |call| {
        bounds(call, DataType::IPv4, |input| {
            let (address, bits) = (input.integers(0)?, input.integers(1)?);
            let pairs = (0..input.rows).map(|row| {
                let host = u32::MAX.checked_shr((bits(row).clamp(0, 32)) as u32).unwrap_or(0);
                let address = address(row) as u32;
                (address & !host, address | host)
            });
            let (low, high): (Vec<u32>, Vec<u32>) = pairs.unzip();
            pair(input, Arc::new(UInt32Array::from(low)), Arc::new(UInt32Array::from(high)))
        })
    };
    "IPv6CIDRToRange", exact_case, "IPv6CIDRToRange(address, bits)", "The first and the last address that share so many bits.", [("toTypeName(IPv6CIDRToRange(toIPv6('2001:db8::1'), 32))", "Tuple(IPv6, IPv6)")], |call| {
        bounds(call, DataType::IPv6, |input| {
            let (address, bits) = (input.raw(0)?, input.integers(1)?);
            let (mut low, mut high) = (Vec::with_capacity(input.rows * 16), Vec::with_capacity(input.rows * 16));
            for row in 0..input.rows {
                let host = u128::MAX.checked_shr((bits(row).clamp(0, 128)) as u32).unwrap_or(0);
                let address = if input.is_null(row) { 0 } else { u128::from_be_bytes(address.get(row).try_into().unwrap_or_default()) };
                low.extend((address & !host).to_be_bytes());
                high.extend((address | host).to_be_bytes());
            }
            pair(input, Arc::new(FixedSizeBinaryArray::try_new(16, low.into(), None)?), Arc::new(FixedSizeBinaryArray::try_new(16, high.into(), None)?))
        })
    };
};

fn bounds(call: &Call, address: DataType, kernel: crate::function::scalar::Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    let fits = match call.bare(0) {
        own if *own == address => true,
        DataType::FixedString(16) => address == DataType::IPv6,
        own => address == DataType::IPv4 && own.is_unsigned_integer() && own.integer_bits() <= Some(32),
    };
    if !fits {
        return Err(call.wrong_type(0));
    }
    call.expect_integer(1)?;
    Ok(call.kernel(kernel, DataType::Tuple(vec![(None, address.clone()), (None, address)])))
}

fn pair(input: &Input, low: ArrayRef, high: ArrayRef) -> EngineResult<ArrayRef> {
    let Arrow::Struct(fields) = input.result.to_arrow() else { return exec_err!("a tuple is a struct") };
    Ok(Arc::new(StructArray::try_new(fields, vec![low, high], None)?))
}

fn in_range(call: &Call) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    call.expect_string(1)?;
    let kernel: crate::function::scalar::Kernel = match call.bare(0) {
        DataType::IPv4 => |input| {
            let number = input.integers(0)?;
            contained(input, |row| Ok(IpAddr::V4(Ipv4Addr::from(number(row) as u32))))
        },
        DataType::IPv6 => |input| {
            let bytes = input.raw(0)?;
            contained(input, |row| {
                Ok(IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes.get(row)).unwrap_or_default())))
            })
        },
        _ => |input| {
            let text = input.strings(0)?;
            contained(input, |row| address(text.get(row)))
        },
    };
    let mut arguments = call.arguments.clone();
    if !matches!(call.bare(0), DataType::IPv4 | DataType::IPv6) {
        arguments[0] = call.text(0)?;
    }
    arguments[1] = call.text(1)?;
    Ok(call.kernel_on(kernel, DataType::UInt8, arguments))
}

fn address(text: &str) -> EngineResult<IpAddr> {
    text.parse().map_err(|_| exec_datafusion_err!("neither IPv4 nor IPv6 address: {text:?}"))
}

/// A range as its address and how many bits count.
fn parse_range(text: &str) -> EngineResult<(IpAddr, u32)> {
    let Some((first, bits)) = text.split_once('/') else { return exec_err!("the text does not contain '/': {text:?}") };
    let first = address(first)?;
    let most = if first.is_ipv4() { 32 } else { 128 };
    match bits.parse::<u32>() {
        Ok(bits) if bits <= most => Ok((first, bits)),
        _ => exec_err!("the range {text:?} has malformed prefix bits"),
    }
}

fn contained(input: &Input, address: impl Fn(usize) -> EngineResult<IpAddr>) -> EngineResult<ArrayRef> {
    let ranges = input.strings(1)?;
    let constant = ranges.constant().map(parse_range).transpose()?;
    input.bytes(|row| {
        let (first, bits) = match constant {
            Some(range) => range,
            None => parse_range(ranges.get(row))?,
        };
        let differ = match (first, address(row)?) {
            (IpAddr::V4(first), IpAddr::V4(own)) => {
                u128::from((u32::from(first) ^ u32::from(own)).checked_shr(32 - bits).unwrap_or(0))
            }
            (IpAddr::V6(first), IpAddr::V6(own)) => {
                (u128::from(first) ^ u128::from(own)).checked_shr(128 - bits).unwrap_or(0)
            }
            _ => 1,
        };
        Ok((differ == 0).into())
    })
}
