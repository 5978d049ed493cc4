//! `cityHash64`, `hex`, `MD5` …

use super::{city, uniq_keys};
use crate::function::definition::{Function, family};
use crate::value::DataType;
use arrow::array::*;
use std::fmt::Write;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "cityHash64", exact_case, "cityHash64(a, …)", "A fast hash of 64 bits of text and numbers.", [("cityHash64('')", "11160318154034397263"), ("cityHash64('a', 'b')", "7468329322676821011"), ("cityHash64(1)", "10577349846663553072")], |call| {
        call.count(1..)?;
        Ok(call.kernel(|input| {
            let mut combined: Option<Vec<u64>> = None;
            for index in 0..input.columns.len() {
                let column = [input.expanded(index)?];
                let keys = uniq_keys(&column, &input.types[index..=index])?;
                let is_number = !input.types[index].is_string() && super::is_number(&column[0]);
                let hashes = keys.into_iter().map(|key| if is_number { hash64(key) } else { key });
                combined = Some(match combined {
                    None => hashes.collect(),
                    Some(combined) => combined.into_iter().zip(hashes).map(|(left, right)| city::combine(left, right)).collect(),
                });
            }
            Ok(Arc::new(UInt64Array::from(combined.unwrap_or_default())))
        }, DataType::UInt64))
    };
    "intHash64", exact_case, "intHash64(n)", "A fast hash of an integer.", [("intHash64(1)", "10577349846663553072")], |call| {
        call.count(1..=1)?;
        call.expect_integer(0)?;
        Ok(call.kernel(|input| {
            let keys = crate::function::convert::bits(&input.columns[0].array)?;
            Ok(Arc::new(keys.unary::<_, arrow::datatypes::UInt64Type>(|key| hash64(key as u64))))
        }, DataType::UInt64))
    };
    "hex", any_case, "hex(x)", "Bytes of a text, or an unsigned integer, in base 16.", [("hex('ab')", "6162"), ("hex(255)", "FF")], |call| {
        call.count(1..=1)?;
        if call.bare(0).is_unsigned_integer() {
            return Ok(call.kernel(|input| {
                let number = input.integers(0)?;
                input.write_strings(|row, out| {
                    let text = format!("{:X}", number(row) as u64);
                    if text.len() % 2 == 1 {
                        out.push('0');
                    }
                    out.push_str(&text);
                    Ok(())
                })
            }, DataType::String));
        }
        Ok(call.kernel_on(|input| {
            let text = input.strings(0)?;
            input.write_strings(|row, out| {
                text.get(row).bytes().for_each(|byte| { let _ = write!(out, "{byte:02X}"); });
                Ok(())
            })
        }, DataType::String, call.texts(1)?))
    };
};

/// The function `intHash64`: a salt, then the mixing.
fn hash64(key: u64) -> u64 {
    mixed(key ^ 0x4cf2_d2ba_ae6d_a887)
}

/// The finalizer of MurmurHash3, by which ClickHouse's own tables mix keys.
pub(crate) fn mixed(mut key: u64) -> u64 {
    key ^= key >> 33;
    key = key.wrapping_mul(0xff51_afd7_ed55_8ccd);
    key ^= key >> 33;
    key = key.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    key ^ (key >> 33)
}
