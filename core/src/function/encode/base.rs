//! Base 32, 58 and 64.

use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::string::text;
use crate::function::typed::Typed;
use crate::limits;
use crate::value::DataType;
use arrow::array::ArrayRef;
use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD, URL_SAFE_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use datafusion::common::{Result as EngineResult, exec_err};

pub(crate) const FUNCTIONS: &[Function] = family! {
    "base64Encode" | "TO_BASE64", any_case, "base64Encode(s)", "The bytes of a text in base 64.", [("base64Encode('hello')", "aGVsbG8=")], |call| encode(call, |input| encoded(input, |bytes, out| STANDARD.encode_string(bytes, out)));
    "base64Decode" | "FROM_BASE64", any_case, "base64Decode(s)", "The text of base 64; fails if it is none.", [("base64Decode('aGVsbG8=')", "hello")], |call| text(call, |input| decoded(input, Some("base64Decode"), |text| STANDARD.decode(text).ok()));
    "tryBase64Decode", exact_case, "tryBase64Decode(s)", "The text of base 64; empty if it is none.", [("tryBase64Decode('aGVsbG8=')", "hello"), ("tryBase64Decode('!!')", "")], |call| text(call, |input| decoded(input, None, |text| STANDARD.decode(text).ok()));
    "base64URLEncode", exact_case, "base64URLEncode(s)", "The bytes of a text in base 64 for URLs, without padding.", [("base64URLEncode('a?>')", "YT8-")], |call| encode(call, |input| encoded(input, |bytes, out| URL_SAFE_NO_PAD.encode_string(bytes, out)));
    "base64URLDecode", exact_case, "base64URLDecode(s)", "The text of base 64 for URLs; fails if it is none.", [("base64URLDecode('YT8-')", "a?>")], |call| text(call, |input| decoded(input, Some("base64URLDecode"), |text| URL_ANY.decode(text).ok()));
    "tryBase64URLDecode", exact_case, "tryBase64URLDecode(s)", "The text of base 64 for URLs; empty if it is none.", [("tryBase64URLDecode('!!')", "")], |call| text(call, |input| decoded(input, None, |text| URL_ANY.decode(text).ok()));
    "base58Encode", exact_case, "base58Encode(s)", "The bytes of a text in base 58.", [("base58Encode('hello world')", "StV1DL6CwTryKyV")], |call| encode(call, |input| encoded(input, encode58));
    "base58Decode", exact_case, "base58Decode(s)", "The text of base 58; fails if it is none.", [("base58Decode('StV1DL6CwTryKyV')", "hello world")], |call| text(call, |input| decoded(input, Some("base58Decode"), decode58));
    "tryBase58Decode", exact_case, "tryBase58Decode(s)", "The text of base 58; empty if it is none.", [("tryBase58Decode('0')", "")], |call| text(call, |input| decoded(input, None, decode58));
    "base32Encode", exact_case, "base32Encode(s)", "The bytes of a text in base 32.", [("base32Encode('hello')", "NBSWY3DP")], |call| encode(call, |input| encoded(input, encode32));
    "base32Decode", exact_case, "base32Decode(s)", "The text of base 32; fails if it is none.", [("base32Decode('NBSWY3DP')", "hello")], |call| text(call, |input| decoded(input, Some("base32Decode"), decode32));
    "tryBase32Decode", exact_case, "tryBase32Decode(s)", "The text of base 32; empty if it is none.", [("tryBase32Decode('!!')", "")], |call| text(call, |input| decoded(input, None, decode32));
};

/// For URLs, with or without padding.
const URL_ANY: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn encode(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    call.expect_string(0)?;
    Ok(call.kernel(kernel, DataType::String))
}

fn encoded(input: &Input, write: fn(&[u8], &mut String)) -> EngineResult<ArrayRef> {
    let bytes = input.raw(0)?;
    input.write_strings(|row, out| {
        let bytes = bytes.get(row);
        if bytes.len() > limits::TEXT_BYTES_MAX {
            return exec_err!("a text of {} bytes is too long to encode", bytes.len());
        }
        write(bytes, out);
        Ok(())
    })
}

/// Without a name to complain in, what cannot be decoded is empty.
fn decoded(input: &Input, name: Option<&str>, decode: fn(&str) -> Option<Vec<u8>>) -> EngineResult<ArrayRef> {
    let text = input.strings(0)?;
    input.write_bytes(|row, out| {
        match (decode(text.get(row)), name) {
            (Some(bytes), _) => out.extend_from_slice(&bytes),
            (None, Some(name)) => return exec_err!("invalid {name} value ({}), cannot be decoded", text.get(row)),
            (None, None) => {}
        }
        Ok(())
    })
}

const DIGITS58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// Base 58 is one long number, whose digits cost the square of its length.
const BASE58_BYTES_MAX: usize = 16 << 10;

/// Digits in one base as digits in another; leading zeros stay as they are.
fn converted(digits: impl Iterator<Item = u32>, from: u32, to: u32) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    let mut zeros = 0;
    let mut leading = true;
    for digit in digits {
        leading &= digit == 0;
        zeros += usize::from(leading);
        let mut carry = digit;
        for place in &mut out {
            carry += u32::from(*place) * from;
            *place = (carry % to) as u8;
            carry /= to;
        }
        while carry > 0 {
            out.push((carry % to) as u8);
            carry /= to;
        }
    }
    out.extend(std::iter::repeat_n(0, zeros));
    out.reverse();
    out
}

fn encode58(bytes: &[u8], out: &mut String) {
    let bytes = &bytes[..bytes.len().min(BASE58_BYTES_MAX)];
    let digits = converted(bytes.iter().map(|byte| u32::from(*byte)), 256, 58);
    out.extend(digits.iter().map(|digit| char::from(DIGITS58[usize::from(*digit)])));
}

fn decode58(text: &str) -> Option<Vec<u8>> {
    if text.len() > BASE58_BYTES_MAX {
        return None;
    }
    let digit = |byte: u8| DIGITS58.iter().position(|digit| *digit == byte).map(|digit| digit as u32);
    let digits: Vec<u32> = text.bytes().map(digit).collect::<Option<_>>()?;
    Some(converted(digits.into_iter(), 58, 256))
}

const DIGITS32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn encode32(bytes: &[u8], out: &mut String) {
    for group in bytes.chunks(5) {
        let mut padded = [0u8; 8];
        padded[3..3 + group.len()].copy_from_slice(group);
        let number = u64::from_be_bytes(padded);
        let digits = (group.len() * 8).div_ceil(5);
        for index in 0..8 {
            let digit = DIGITS32[(number >> (35 - 5 * index) & 31) as usize];
            out.push(if index < digits { char::from(digit) } else { '=' });
        }
    }
}

fn decode32(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(8) {
        return None;
    }
    let digits = text.trim_end_matches('=');
    if text.len() - digits.len() > 6 || matches!(digits.len() % 8, 1 | 3 | 6) {
        return None;
    }
    let mut out = Vec::with_capacity(digits.len() * 5 / 8);
    let (mut bits, mut count) = (0u32, 0);
    for byte in digits.bytes() {
        let digit = DIGITS32.iter().position(|digit| *digit == byte.to_ascii_uppercase())?;
        bits = bits << 5 | digit as u32;
        count += 5;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    Some(out)
}
