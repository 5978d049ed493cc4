//! Base64. Text is UTF-8 here: what decodes to other bytes gets U+FFFD in their place.

use super::edit::{each, text};
use crate::function::definition::{Function, family};
use crate::function::scalar::Input;
use arrow::array::ArrayRef;
use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD, URL_SAFE_NO_PAD};
use datafusion::common::{Result as EngineResult, exec_err};

pub(crate) const FUNCTIONS: &[Function] = family! {
    "base64Encode" | "TO_BASE64", exact_case, "base64Encode(s)", "The bytes of a text in base 64.", [("base64Encode('hello')", "aGVsbG8=")], |call| text(call, |input| each(input, |text, out| STANDARD.encode_string(text, out)));
    "base64Decode" | "FROM_BASE64", exact_case, "base64Decode(s)", "The text of base 64; fails if it is none.", [("base64Decode('aGVsbG8=')", "hello")], |call| text(call, |input| decoded(input, &STANDARD, true));
    "tryBase64Decode", exact_case, "tryBase64Decode(s)", "The text of base 64; empty if it is none.", [("tryBase64Decode('aGVsbG8=')", "hello"), ("tryBase64Decode('!!')", "")], |call| text(call, |input| decoded(input, &STANDARD, false));
    "base64URLEncode", exact_case, "base64URLEncode(s)", "The bytes of a text in base 64 for URLs, without padding.", [("base64URLEncode('a?>')", "YT8-")], |call| text(call, |input| each(input, |text, out| URL_SAFE_NO_PAD.encode_string(text, out)));
    "base64URLDecode", exact_case, "base64URLDecode(s)", "The text of base 64 for URLs; fails if it is none.", [("base64URLDecode('YT8-')", "a?>")], |call| text(call, |input| decoded(input, &URL_SAFE_NO_PAD, true));
};

fn decoded(input: &Input, engine: &GeneralPurpose, strict: bool) -> EngineResult<ArrayRef> {
    let text = input.strings(0)?;
    input.write_strings(|row, out| {
        let text = text.get(row);
        match engine.decode(text) {
            Ok(bytes) => out.push_str(&String::from_utf8_lossy(&bytes)),
            Err(_) if strict => return exec_err!("{text:?} is no base 64"),
            Err(_) => {}
        }
        Ok(())
    })
}
