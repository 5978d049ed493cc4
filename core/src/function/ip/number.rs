//! Addresses as text and as numbers.

use super::{parse_v6, write_v6};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::string::Strings;
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use datafusion::common::{Result as EngineResult, exec_err};
use std::fmt::Write;
use std::net::Ipv4Addr;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "IPv4NumToString" | "INET_NTOA", any_case, "IPv4NumToString(n)", "A number as an IPv4 address.", [("IPv4NumToString(3232235777)", "192.168.1.1")], |call| four(call, |input| write_four(input, |address, out| { let _ = write!(out, "{address}"); }));
    "IPv4NumToStringClassC", exact_case, "IPv4NumToStringClassC(n)", "A number as an IPv4 address without its last part.", [("IPv4NumToStringClassC(3232235777)", "192.168.1.xxx")], |call| four(call, |input| write_four(input, |address, out| {
        let [a, b, c, _] = address.octets();
        let _ = write!(out, "{a}.{b}.{c}.xxx");
    }));
    "IPv4StringToNum" | "INET_ATON", any_case, "IPv4StringToNum(s)", "An IPv4 address as a number; fails if the text is none.", [("IPv4StringToNum('192.168.1.1')", "3232235777")], |call| of_text(call, DataType::UInt32, |input| {
        let text = input.strings(0)?;
        input.numbers(|row| match parse_v4(&text, row) {
            Some(address) => Ok(address.into()),
            None => exec_err!("invalid IPv4 value {:?}", text.get(row)),
        })
    });
    "IPv4StringToNumOrDefault", exact_case, "IPv4StringToNumOrDefault(s)", "An IPv4 address as a number; 0 if the text is none.", [("IPv4StringToNumOrDefault('x')", "0")], |call| of_text(call, DataType::UInt32, |input| {
        let text = input.strings(0)?;
        input.numbers(|row| Ok(parse_v4(&text, row).unwrap_or(0).into()))
    });
    "IPv4StringToNumOrNull", exact_case, "IPv4StringToNumOrNull(s)", "An IPv4 address as a number; NULL if the text is none.", [("IPv4StringToNumOrNull('x')", "\\N")], |call| of_text(call, DataType::UInt32.nullable(), |input| {
        let text = input.strings(0)?;
        Ok(Arc::new((0..input.rows).map(|row| if input.is_null(row) { None } else { parse_v4(&text, row) }).collect::<UInt32Array>()))
    });
    "IPv6NumToString" | "INET6_NTOA", any_case, "IPv6NumToString(bytes)", "Sixteen bytes as an IPv6 address.", [("IPv6NumToString(IPv6StringToNum('2001:db8::1'))", "2001:db8::1")], |call| {
        call.count(1..=1)?;
        six(call, 0)?;
        Ok(call.kernel(|input| {
            let bytes = input.raw(0)?;
            input.write_strings(|row, out| { let _ = write_v6(bytes.get(row), out); Ok(()) })
        }, DataType::String))
    };
    "IPv6StringToNum" | "INET6_ATON", any_case, "IPv6StringToNum(s)", "An IPv6 or IPv4 address as sixteen bytes; fails if the text is none.", [("hex(IPv6StringToNum('1.2.3.4'))", "00000000000000000000FFFF01020304")], |call| of_text(call, DataType::FixedString(16), |input| {
        let text = input.strings(0)?;
        input.write_fixed(16, |row, out| match parse_v6(text.get(row)) {
            Some(address) => { out.copy_from_slice(&address); Ok(()) }
            None => exec_err!("invalid IPv6 value {:?}", text.get(row)),
        })
    });
    "IPv6StringToNumOrDefault", exact_case, "IPv6StringToNumOrDefault(s)", "As IPv6StringToNum; zeros if the text is none.", [("hex(IPv6StringToNumOrDefault('x'))", "00000000000000000000000000000000")], |call| of_text(call, DataType::FixedString(16), |input| {
        let text = input.strings(0)?;
        input.write_fixed(16, |row, out| { out.copy_from_slice(&parse_v6(text.get(row)).unwrap_or_default()); Ok(()) })
    });
    "IPv6StringToNumOrNull", exact_case, "IPv6StringToNumOrNull(s)", "As IPv6StringToNum; NULL if the text is none.", [("IPv6StringToNumOrNull('x')", "\\N")], |call| of_text(call, DataType::FixedString(16).nullable(), |input| {
        let text = input.strings(0)?;
        let mut out = FixedSizeBinaryBuilder::with_capacity(input.rows, 16);
        for row in 0..input.rows {
            match if input.is_null(row) { None } else { parse_v6(text.get(row)) } {
                Some(address) => out.append_value(address)?,
                None => out.append_null(),
            }
        }
        Ok(Arc::new(out.finish()))
    });
    "IPv4ToIPv6", exact_case, "IPv4ToIPv6(address)", "An IPv4 address as an IPv6 one.", [("IPv6NumToString(IPv4ToIPv6(IPv4StringToNum('192.168.0.1')))", "::ffff:192.168.0.1")], |call| {
        call.count(1..=1)?;
        let result = match call.bare(0) {
            DataType::IPv4 => DataType::IPv6,
            other if other.is_unsigned_integer() && other.integer_bits() <= Some(32) => DataType::FixedString(16),
            _ => return Err(call.wrong_type(0)),
        };
        Ok(call.kernel(|input| {
            let number = input.integers(0)?;
            input.write_fixed(16, |row, out| {
                out.copy_from_slice(&Ipv4Addr::from(number(row) as u32).to_ipv6_mapped().octets());
                Ok(())
            })
        }, result))
    };
    "cutIPv6", exact_case, "cutIPv6(address, six, four)", "An address as text with so many bytes at its end made zero: of IPv6 addresses, and of IPv4 ones.", [("cutIPv6(IPv6StringToNum('2001:db8::cafe:f00d'), 2, 0)", "2001:db8::cafe:0")], |call| {
        call.count(3..=3)?;
        six(call, 0)?;
        for index in [1, 2] {
            if !(0..=16).contains(&call.constant_integer(index)?) {
                return Err(call.bad_value("cuts 0 to 16 bytes"));
            }
        }
        Ok(call.kernel(|input| {
            let (bytes, long, short) = (input.raw(0)?, input.integers(1)?, input.integers(2)?);
            input.write_strings(|row, out| {
                let mut address: [u8; 16] = bytes.get(row).try_into().unwrap_or_default();
                let is_four = address[..12] == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
                let cut = if is_four { short(row) } else { long(row) } as usize;
                address[16 - cut..].fill(0);
                let _ = write_v6(&address, out);
                Ok(())
            })
        }, DataType::String))
    };
    "isIPv4String", exact_case, "isIPv4String(s)", "Whether a text is an IPv4 address.", [("isIPv4String('1.2.3.4')", "1"), ("isIPv4String('::1')", "0")], |call| of_text(call, DataType::UInt8, |input| {
        let text = input.strings(0)?;
        input.bytes(|row| Ok(parse_v4(&text, row).is_some().into()))
    });
    "isIPv6String", exact_case, "isIPv6String(s)", "Whether a text is an IPv6 address.", [("isIPv6String('::1')", "1"), ("isIPv6String('1.2.3.4')", "0")], |call| of_text(call, DataType::UInt8, |input| {
        let text = input.strings(0)?;
        input.bytes(|row| Ok(text.get(row).parse::<std::net::Ipv6Addr>().is_ok().into()))
    });
    "MACNumToString", exact_case, "MACNumToString(n)", "A number as the address of a network card.", [("MACNumToString(1108152157446)", "01:02:03:04:05:06")], |call| {
        call.count(1..=1)?;
        call.expect_integer(0)?;
        Ok(call.kernel(|input| {
            let number = input.integers(0)?;
            input.write_strings(|row, out| {
                let bytes = number(row).to_be_bytes();
                for (index, byte) in bytes[2..].iter().enumerate() {
                    let _ = write!(out, "{}{byte:02X}", if index > 0 { ":" } else { "" });
                }
                Ok(())
            })
        }, DataType::String))
    };
    "MACStringToNum", exact_case, "MACStringToNum(s)", "The address of a network card as a number; 0 if the text is none.", [("MACStringToNum('01:02:03:04:05:06')", "1108152157446")], |call| of_text(call, DataType::UInt64, |input| mac(input, 6));
    "MACStringToOUI", exact_case, "MACStringToOUI(s)", "The first three bytes of the address of a network card, which name its maker.", [("MACStringToOUI('01:02:03:04:05:06')", "66051")], |call| of_text(call, DataType::UInt64, |input| mac(input, 3));
};

fn of_text(call: &Call, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    Ok(call.kernel_on(kernel, result, call.texts(1)?))
}

fn four(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    let bare = call.bare(0);
    if *bare != DataType::IPv4 && !(bare.is_unsigned_integer() && bare.integer_bits() <= Some(32)) {
        return Err(call.wrong_type(0));
    }
    Ok(call.kernel(kernel, DataType::String))
}

fn six(call: &Call, index: usize) -> Result<(), Mismatch> {
    match call.bare(index) {
        DataType::IPv6 | DataType::FixedString(16) => Ok(()),
        _ => Err(call.wrong_type(index)),
    }
}

fn write_four(input: &Input, write: fn(Ipv4Addr, &mut String)) -> EngineResult<ArrayRef> {
    let number = input.integers(0)?;
    input.write_strings(|row, out| {
        write(Ipv4Addr::from(number(row) as u32), out);
        Ok(())
    })
}

fn parse_v4(text: &Strings, row: usize) -> Option<u32> {
    text.get(row).parse::<Ipv4Addr>().ok().map(u32::from)
}

fn mac(input: &Input, parts: usize) -> EngineResult<ArrayRef> {
    let text = input.strings(0)?;
    input.numbers(|row| {
        let text = text.get(row).as_bytes();
        // Six pairs of digits, with any character between.
        let pairs = text.chunks(3).map(|pair| {
            std::str::from_utf8(pair.get(..2)?).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok())
        });
        let bytes: Option<Vec<u8>> = if text.len() == 17 { pairs.collect() } else { None };
        Ok(bytes.map_or(0, |bytes| bytes[..parts].iter().fold(0, |value, byte| value << 8 | i64::from(*byte))))
    })
}
