//! Hashes of single integers, Java's hashes, and consistent hashing.

use super::any::{int_hash32, int_hash64};
use crate::function::convert::bits;
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use arrow::datatypes::{Int32Type, UInt32Type, UInt64Type};
use datafusion::common::{Result as EngineResult, exec_err};
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "intHash32", exact_case, "intHash32(n)", "A fast hash of 32 bits of an integer.", [("intHash32(1)", "1343103100")], |call| integer(call, DataType::UInt32, |input| Ok(Arc::new(whole(input)?.unary::<_, UInt32Type>(|key| int_hash32(key as u64)))));
    "intHash64", exact_case, "intHash64(n)", "A fast hash of an integer.", [("intHash64(1)", "10577349846663553072")], |call| integer(call, DataType::UInt64, |input| Ok(Arc::new(whole(input)?.unary::<_, UInt64Type>(|key| int_hash64(key as u64)))));
    "javaHash", exact_case, "javaHash(x)", "The hash that Java gives a text or a number.", [("javaHash('hello')", "99162322")], |call| {
        call.count(1..=1)?;
        if call.bare(0).is_signed_integer() && call.bare(0).integer_bits() <= Some(64) {
            return Ok(call.kernel(|input| Ok(Arc::new(whole(input)?.unary::<_, Int32Type>(|key| match i32::try_from(key) {
                Ok(small) => small,
                Err(_) => (key as u64 ^ (key as u64 >> 32)) as i32,
            }))), DataType::Int32));
        }
        Ok(call.kernel_on(|input| java(input, i32::MAX as u32 | 1 << 31), DataType::Int32, call.texts(1)?))
    };
    "hiveHash", exact_case, "hiveHash(s)", "The hash that Hive gives a text.", [("hiveHash('hello')", "99162322")], |call| {
        call.count(1..=1)?;
        Ok(call.kernel_on(|input| java(input, i32::MAX as u32), DataType::Int32, call.texts(1)?))
    };
    "jumpConsistentHash", exact_case, "jumpConsistentHash(n, buckets)", "One of so many buckets, which few numbers leave when there is one more.", [("jumpConsistentHash(256, 4)", "3")], |call| consistent(call, DataType::Int32, |input| {
        let (key, buckets) = (input.integers(0)?, input.integers(1)?);
        input.numbers(|row| match buckets(row) {
            buckets @ 1..=0x7fff_ffff => Ok(jump(key(row) as u64, buckets)),
            other => exec_err!("jumpConsistentHash takes a positive number of buckets, not {other}"),
        })
    });
    "URLHash", exact_case, "URLHash(url[, level])", "A hash of a URL, or of its start, without `/`, `?` or `#` at the end.", [("URLHash('http://example.com/a/') = URLHash('http://example.com/a')", "1")], |call| {
        if call.count(1..=2)? == 2 {
            call.expect_integer(1)?;
        }
        Ok(call.kernel_on(|input| {
            let urls = input.strings(0)?;
            let level = if input.columns.len() > 1 { Some(input.integers(1)?) } else { None };
            input.numbers(|row| {
                let url = urls.get(row);
                let url = level.as_ref().map_or(url, |level| up_to_level(url, level(row)));
                let url = url.strip_suffix(['/', '?', '#']).unwrap_or(url);
                Ok(super::city::hash(url.as_bytes()) as i64)
            })
        }, DataType::UInt64, call.texts(1)?))
    };
};

fn whole(input: &Input) -> EngineResult<Int64Array> {
    let column = &input.columns[0].array;
    match super::rows::little_endian(column, &input.types[0]) {
        Some((numbers, _)) => Ok(numbers.into_iter().map(|number| number as i64).collect::<Vec<_>>().into()),
        None => bits(column),
    }
}

fn integer(call: &Call, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    let bare = call.bare(0);
    let fits = bare.is_integer() && bare.integer_bits() <= Some(64) || bare.is_date_or_time();
    if fits { Ok(call.kernel(kernel, result)) } else { Err(call.wrong_type(0)) }
}

fn consistent(call: &Call, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    call.expect_integer(0)?;
    call.expect_integer(1)?;
    Ok(call.kernel(kernel, result))
}

/// `h = 31 h + c` over the bytes, which are signed.
fn java(input: &Input, keep: u32) -> EngineResult<ArrayRef> {
    let text = input.strings(0)?;
    input.numbers(|row| {
        let hash = text
            .get(row)
            .bytes()
            .fold(0u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(i32::from(byte as i8) as u32));
        Ok(i64::from((hash & keep) as i32))
    })
}

/// By John Lamping and Eric Veach.
fn jump(mut key: u64, buckets: i64) -> i64 {
    let (mut bucket, mut next) = (-1i64, 0i64);
    while next < buckets {
        bucket = next;
        key = key.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1);
        next = ((bucket + 1) as f64 * ((1u64 << 31) as f64 / ((key >> 33) + 1) as f64)) as i64;
    }
    bucket
}

fn up_to_level(url: &str, level: i64) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let mut at = host;
    for turn in 0..=level.max(0) {
        let Some(end) = url[at..].find(['/', '?', '#']) else { return url };
        at += end + 1;
        if turn == level.max(0) {
            break;
        }
    }
    &url[..at]
}
