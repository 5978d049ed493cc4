//! Digests of bytes: `MD5`, `SHA256`, checksums.

use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::ArrayRef;
use datafusion::common::{Result as EngineResult, exec_err};
use sha2::Digest;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "MD5", any_case, "MD5(s)", "The MD5 digest, 16 bytes.", [("lower(hex(MD5('abc')))", "900150983cd24fb0d6963f7d28e17f72")], |call| digest(call, 16, digests::<md5::Md5>);
    "SHA1", exact_case, "SHA1(s)", "The SHA-1 digest, 20 bytes.", [("hex(SHA1('abc'))", "A9993E364706816ABA3E25717850C26C9CD0D89D")], |call| digest(call, 20, digests::<sha1::Sha1>);
    "SHA224", exact_case, "SHA224(s)", "The SHA-224 digest, 28 bytes.", [("hex(SHA224('abc'))", "23097D223405D8228642A477BDA255B32AADBCE4BDA0B3F7E36C9DA7")], |call| digest(call, 28, digests::<sha2::Sha224>);
    "SHA256", exact_case, "SHA256(s)", "The SHA-256 digest, 32 bytes.", [("hex(SHA256('abc'))", "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD")], |call| digest(call, 32, digests::<sha2::Sha256>);
    "SHA384", exact_case, "SHA384(s)", "The SHA-384 digest, 48 bytes.", [("length(SHA384('abc'))", "48")], |call| digest(call, 48, digests::<sha2::Sha384>);
    "SHA512", any_case, "SHA512(s)", "The SHA-512 digest, 64 bytes.", [("length(SHA512('abc'))", "64")], |call| digest(call, 64, digests::<sha2::Sha512>);
    "SHA512_256", exact_case, "SHA512_256(s)", "The SHA-512/256 digest, 32 bytes.", [("hex(SHA512_256('abc'))", "53048E2681941EF99B2E29B76B4C7DABE4C2D0C634FC6D46E0E2F13107E7AF23")], |call| digest(call, 32, digests::<sha2::Sha512_256>);
    "CRC32", any_case, "CRC32(s)", "The checksum of zlib.", [("CRC32('hello')", "907060870")], |call| checksum(call, DataType::UInt32, |input| checksums(input, |bytes| (!crc(bytes, 0xedb8_8320, 0xffff_ffff) & 0xffff_ffff) as i64));
    "CRC32IEEE", any_case, "CRC32IEEE(s)", "The checksum of IEEE 802.3 that begins with 0.", [("CRC32IEEE('hello')", "4029829531")], |call| checksum(call, DataType::UInt32, |input| checksums(input, |bytes| crc(bytes, 0xedb8_8320, 0) as i64));
    "CRC64", any_case, "CRC64(s)", "The checksum of 64 bits by the polynomial of ECMA.", [("CRC64('hello')", "5834985313318655876")], |call| checksum(call, DataType::UInt64, |input| checksums(input, |bytes| crc(bytes, 0xc96c_5795_d787_0f42, 0) as i64));
};

fn digest(call: &Call, width: u32, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    if !matches!(call.bare(0), DataType::String | DataType::FixedString(_) | DataType::IPv6) {
        return Err(call.wrong_type(0));
    }
    Ok(call.kernel(kernel, DataType::FixedString(width)))
}

fn digests<D: Digest>(input: &Input) -> EngineResult<ArrayRef> {
    let bytes = input.raw(0)?;
    let DataType::FixedString(width) = input.result.bare() else { return exec_err!("fixed bytes were promised") };
    input.write_fixed(*width as usize, |row, out| {
        out.copy_from_slice(&D::digest(bytes.get(row)));
        Ok(())
    })
}

fn checksum(call: &Call, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    call.expect_string(0)?;
    Ok(call.kernel(kernel, result))
}

fn checksums(input: &Input, of: fn(&[u8]) -> i64) -> EngineResult<ArrayRef> {
    let bytes = input.raw(0)?;
    input.numbers(|row| Ok(of(bytes.get(row))))
}

/// Four bits at a time, the lowest first.
fn crc(bytes: &[u8], polynomial: u64, start: u64) -> u64 {
    let mut table = [0u64; 16];
    for (index, entry) in table.iter_mut().enumerate() {
        *entry = (0..4).fold(index as u64, |value, _| (value >> 1) ^ if value & 1 == 1 { polynomial } else { 0 });
    }
    bytes.iter().fold(start, |value, byte| {
        let value = value ^ u64::from(*byte);
        let value = (value >> 4) ^ table[(value & 15) as usize];
        (value >> 4) ^ table[(value & 15) as usize]
    })
}
