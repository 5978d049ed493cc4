//! Hashes of any values: `cityHash64`, `sipHash64`, `xxHash64` …

use super::any::{self, Algorithm, int_hash32, int_hash64, rows};
use super::{city, farm, metro, murmur, sip, wy};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use datafusion::common::{Result as EngineResult, exec_err};
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "cityHash64", exact_case, "cityHash64(a, …)", "A fast hash of 64 bits of any values.", [("cityHash64('')", "11160318154034397263"), ("cityHash64('a', 'b')", "7468329322676821011"), ("cityHash64(1)", "10577349846663553072")], |call| wide(call, |input| hash64(input, &Algorithm { bytes: city::hash, combine: city::combine, mixes_numbers: Some(int_hash64), length: int_hash64 }));
    "sipHash64", exact_case, "sipHash64(a, …)", "A hash of 64 bits that is hard to steer.", [("sipHash64('a')", "10863254463029944905"), ("sipHash64('a', 'b')", "1193743241355087095")], |call| wide(call, |input| hash64(input, &SIP));
    "sipHash64Keyed", exact_case, "sipHash64Keyed((k0, k1), a, …)", "As sipHash64, with a key of two numbers.", [("sipHash64Keyed((506097522914230528, 1084818905618843912), 'a')", "3144613055062689994")], |call| keyed(call, DataType::UInt64, |input| {
        Ok(Arc::new(UInt64Array::from(keyed_rows(input, sip::keyed64, |left, right| (u128::from(left) | u128::from(right) << 64).to_le_bytes().to_vec())?)))
    });
    "sipHash128Keyed", exact_case, "sipHash128Keyed((k0, k1), a, …)", "As sipHash128, with a key of two numbers.", [("hex(sipHash128Keyed((toUInt64(1), toUInt64(2)), 'a'))", "7A8AD4F2115F08188C76AC243F949D5F")], |call| keyed(call, DataType::FixedString(16), |input| fixed(input, keyed_rows(input, sip::keyed128, |left, right| sip::pair128(left, right).to_vec())?));
    "sipHash128Reference", exact_case, "sipHash128Reference(a, …)", "As sipHash128, by the rule of SipHash's authors.", [("hex(sipHash128Reference('a'))", "FFCC4E749C37A0BEE6C404890ECD7325")], |call| widest(call, |input| hash128(input, &Algorithm { bytes: |bytes| sip::reference128(0, 0, bytes), combine: |left, right| sip::reference128(0, 0, &sip::pair128(left, right)), mixes_numbers: None, length: |length| int_hash32(length).into() }));
    "sipHash128ReferenceKeyed", exact_case, "sipHash128ReferenceKeyed((k0, k1), a, …)", "As sipHash128Reference, with a key of two numbers.", [("hex(sipHash128ReferenceKeyed((toUInt64(1), toUInt64(2)), 'a'))", "9B458EFAD72B6ACBA51B89563BB82AD4")], |call| keyed(call, DataType::FixedString(16), |input| fixed(input, keyed_rows(input, sip::reference128, |left, right| sip::pair128(left, right).to_vec())?));
    "xxh3_128", exact_case, "xxh3_128(s)", "A very fast hash of 128 bits.", [("hex(xxh3_128('a'))", "A96FAF705AF16834E6C632B61E964E1F")], |call| {
        call.count(1..=1)?;
        call.expect_string(0)?;
        widest(call, |input| {
            let bytes = input.raw(0)?;
            input.write_fixed(16, |row, out| { out.copy_from_slice(&xxhash_rust::xxh3::xxh3_128(bytes.get(row)).to_be_bytes()); Ok(()) })
        })
    };
    "sipHash128", exact_case, "sipHash128(a, …)", "A hash of 128 bits that is hard to steer.", [("hex(sipHash128('a'))", "71315E763CCB60893893CDBB5CC3A21F")], |call| widest(call, |input| hash128(input, &Algorithm { bytes: sip::hash128, combine: sip::combine128, mixes_numbers: None, length: |length| int_hash32(length).into() }));
    "xxHash32", exact_case, "xxHash32(a, …)", "A fast hash of 32 bits.", [("xxHash32('a')", "1426945110")], |call| narrow(call, |input| hash32(input, |bytes| xxhash_rust::xxh32::xxh32(bytes, 0).into()));
    "xxHash64", exact_case, "xxHash64(a, …)", "A fast hash of 64 bits.", [("xxHash64('a')", "15154266338359012955")], |call| wide(call, |input| hash64(input, &Algorithm { bytes: |bytes| xxhash_rust::xxh64::xxh64(bytes, 0), combine: city::combine, mixes_numbers: None, length: int_hash64 }));
    "xxh3", exact_case, "xxh3(a, …)", "A very fast hash of 64 bits.", [("xxh3('a')", "16629034431890738719")], |call| wide(call, |input| hash64(input, &Algorithm { bytes: xxhash_rust::xxh3::xxh3_64, combine: city::combine, mixes_numbers: None, length: int_hash64 }));
    "wyHash64", exact_case, "wyHash64(s)", "A very fast hash of 64 bits.", [("wyHash64('a')", "7852112099385141351")], |call| wide(call, |input| hash64(input, &Algorithm { bytes: wy::hash, combine: wy::combine, mixes_numbers: None, length: int_hash64 }));
    "farmHash64", exact_case, "farmHash64(a, …)", "A fast hash of 64 bits, of FarmHash.", [("farmHash64('hello world')", "6381520714923946011")], |call| wide(call, |input| hash64(input, &Algorithm { bytes: farm::hash, combine: city::combine, mixes_numbers: Some(int_hash64), length: int_hash64 }));
    "farmFingerprint64", exact_case, "farmFingerprint64(a, …)", "As farmHash64, for results that are stored.", [("farmFingerprint64('hello world')", "6381520714923946011")], |call| wide(call, |input| hash64(input, &Algorithm { bytes: farm::fingerprint, combine: farm::combine_fingerprints, mixes_numbers: Some(int_hash64), length: int_hash64 }));
    "metroHash64", exact_case, "metroHash64(a, …)", "A fast hash of 64 bits, MetroHash.", [("metroHash64('a')", "6759146875928959315")], |call| wide(call, |input| hash64(input, &Algorithm { bytes: metro::hash, combine: city::combine, mixes_numbers: Some(int_hash64), length: int_hash64 }));
    "murmurHash2_32", exact_case, "murmurHash2_32(a, …)", "MurmurHash2 of 32 bits.", [("murmurHash2_32('a')", "2456313694")], |call| narrow(call, |input| hash32(input, |bytes| murmur::two32(bytes, 0).into()));
    "murmurHash2_64", exact_case, "murmurHash2_64(a, …)", "MurmurHash2 of 64 bits.", [("murmurHash2_64('a')", "510903276987443985")], |call| wide(call, |input| hash64(input, &murmured(|bytes| murmur::two64(bytes, 0))));
    "gccMurmurHash", exact_case, "gccMurmurHash(a, …)", "MurmurHash2 of 64 bits with the seed of GCC's library.", [("gccMurmurHash('hello')", "2762169579135187400")], |call| wide(call, |input| hash64(input, &murmured(|bytes| murmur::two64(bytes, 0xc70f_6907))));
    "kafkaMurmurHash", exact_case, "kafkaMurmurHash(a, …)", "MurmurHash2 of 32 bits with the seed that Kafka chooses partitions by.", [("kafkaMurmurHash('hello')", "2132663229")], |call| narrow(call, |input| hash32(input, |bytes| u64::from(murmur::two32(bytes, 0x9747_b28c) & 0x7fff_ffff)));
    "murmurHash3_32", exact_case, "murmurHash3_32(a, …)", "MurmurHash3 of 32 bits.", [("murmurHash3_32('a')", "1009084850")], |call| narrow(call, |input| hash32(input, |bytes| murmur::three32(bytes).into()));
    "murmurHash3_64", exact_case, "murmurHash3_64(a, …)", "The halves of MurmurHash3 of 128 bits as one.", [("murmurHash3_64('hello')", "10432086992150038043")], |call| wide(call, |input| hash64(input, &murmured(murmur::three64)));
    "murmurHash3_128", exact_case, "murmurHash3_128(s)", "MurmurHash3 of 128 bits.", [("hex(murmurHash3_128('hello'))", "029BBD41B3A7D8CB191DAE486A901E5B")], |call| {
        call.count(1..=1)?;
        widest(call, |input| hash128(input, &Algorithm { bytes: murmur::three128, combine: |left, right| murmur::three128(&sip::pair128(left, right)), mixes_numbers: None, length: |length| int_hash32(length).into() }))
    };
    "halfMD5", exact_case, "halfMD5(a, …)", "The first eight bytes of MD5, of each value or of two hashes.", [("halfMD5('a')", "919145239626757800")], |call| wide(call, |input| hash64(input, &Algorithm { bytes: half_md5, combine: |left, right| half_md5(&(u128::from(left) | u128::from(right) << 64).to_le_bytes()), mixes_numbers: None, length: int_hash64 }));
};

const SIP: Algorithm<u64> =
    Algorithm { bytes: sip::hash64, combine: sip::combine64, mixes_numbers: None, length: int_hash64 };

fn half_md5(bytes: &[u8]) -> u64 {
    use sha2::Digest;
    let digest = md5::Md5::digest(bytes);
    digest.iter().take(8).fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// The 64-bit Murmurs combine by `intHash64`.
fn murmured(bytes: fn(&[u8]) -> u64) -> Algorithm<u64> {
    Algorithm { bytes, combine: |left, right| int_hash64(left) ^ right, mixes_numbers: None, length: int_hash64 }
}

fn wide(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    any::call(call, DataType::UInt64, kernel)
}

fn narrow(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    any::call(call, DataType::UInt32, kernel)
}

fn widest(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    any::call(call, DataType::FixedString(16), kernel)
}

fn hash64(input: &Input, algorithm: &Algorithm<u64>) -> EngineResult<ArrayRef> {
    Ok(Arc::new(UInt64Array::from(rows(input, 0, algorithm)?)))
}

fn hash32(input: &Input, bytes: fn(&[u8]) -> u64) -> EngineResult<ArrayRef> {
    let algorithm = Algorithm {
        bytes,
        combine: |left, right| u64::from(int_hash32(left)) ^ right,
        mixes_numbers: None,
        length: |length| int_hash32(length).into(),
    };
    Ok(Arc::new(UInt32Array::from_iter_values(rows(input, 0, &algorithm)?.into_iter().map(|hash| hash as u32))))
}

fn hash128(input: &Input, algorithm: &Algorithm<u128>) -> EngineResult<ArrayRef> {
    fixed(input, rows(input, 0, algorithm)?)
}

fn fixed(input: &Input, hashes: Vec<u128>) -> EngineResult<ArrayRef> {
    input.write_fixed(16, |row, out| {
        out.copy_from_slice(&hashes[row].to_le_bytes());
        Ok(())
    })
}

fn keyed(call: &Call, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(2..)?;
    let is_number = |item: &DataType| item.is_unsigned_integer() && item.integer_bits() <= Some(64);
    match call.bare(0) {
        DataType::Tuple(items) if items.len() == 2 && items.iter().all(|(_, item)| is_number(item)) => {}
        _ => return Err(call.mismatch("needs a key of two unsigned numbers, such as (1, 2)")),
    }
    Ok(call.kernel(kernel, result))
}

/// The key is no part of an [`Algorithm`], so only texts and numbers are hashed by one.
fn keyed_rows<T: Copy>(
    input: &Input,
    bytes: fn(u64, u64, &[u8]) -> T,
    pair: fn(T, T) -> Vec<u8>,
) -> EngineResult<Vec<T>> {
    let key = input.columns[0].array.as_struct();
    let part = |index: usize| crate::function::convert::bits(key.column(index));
    let (first, second) = (part(0)?, part(1)?);
    let mut columns = Vec::new();
    for index in 1..input.columns.len() {
        match super::rows::little_endian(&input.columns[index].array, &input.types[index]) {
            Some((numbers, width)) => columns.push((index, Some((numbers, width)))),
            None if input.types[index].is_string() => columns.push((index, None)),
            None => return exec_err!("a hash with a key takes texts and numbers, not {}", input.types[index]),
        }
    }
    let mut out = Vec::with_capacity(input.rows);
    for row in 0..input.rows {
        let at = input.columns[0].at(row);
        let (first, second) = (first.value(at) as u64, second.value(at) as u64);
        let mut hash: Option<T> = None;
        for (index, numbers) in &columns {
            let one = match numbers {
                Some((numbers, width)) => {
                    bytes(first, second, &numbers[input.columns[*index].at(row)].to_le_bytes()[..*width])
                }
                None => bytes(first, second, input.raw(*index)?.get(row)),
            };
            hash = Some(match hash {
                None => one,
                Some(left) => bytes(first, second, &pair(left, one)),
            });
        }
        out.extend(hash);
    }
    Ok(out)
}

/// The finalizer of MurmurHash3, by which ClickHouse's own tables mix keys.
pub(crate) fn mixed(mut key: u64) -> u64 {
    key ^= key >> 33;
    key = key.wrapping_mul(0xff51_afd7_ed55_8ccd);
    key ^= key >> 33;
    key = key.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    key ^ (key >> 33)
}
