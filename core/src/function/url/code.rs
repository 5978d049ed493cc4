//! Percent signs: text as it may stand in a URL, and back.

use crate::function::definition::{Function, family};
use crate::function::scalar::Input;
use crate::function::string::{each, text};
use arrow::array::ArrayRef;
use datafusion::common::Result as EngineResult;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "decodeURLComponent", exact_case, "decodeURLComponent(s)", "Percent signs and their digits as the characters they stand for.", [("decodeURLComponent('a%20b+c')", "a b+c")], |call| text(call, |input| decoded(input, false));
    "decodeURLFormComponent", exact_case, "decodeURLFormComponent(s)", "As decodeURLComponent, and a plus is a space.", [("decodeURLFormComponent('a%20b+c')", "a b c")], |call| text(call, |input| decoded(input, true));
    "encodeURLComponent", exact_case, "encodeURLComponent(s)", "The text as it may stand in a URL.", [("encodeURLComponent('a b/c')", "a%20b%2Fc")], |call| text(call, |input| each(input, |text, out| encode(text, out, false)));
    "encodeURLFormComponent", exact_case, "encodeURLFormComponent(s)", "As encodeURLComponent, and a space is a plus.", [("encodeURLFormComponent('a b')", "a+b")], |call| text(call, |input| each(input, |text, out| encode(text, out, true)));
};

fn decoded(input: &Input, form: bool) -> EngineResult<ArrayRef> {
    let text = input.strings(0)?;
    input.write_bytes(|row, out| {
        let mut rest = text.get(row).as_bytes();
        while let [first, tail @ ..] = rest {
            let digit = |at: usize| tail.get(at).and_then(|digit| char::from(*digit).to_digit(16));
            match (first, digit(0), digit(1)) {
                (b'%', Some(high), Some(low)) => {
                    out.push((high * 16 + low) as u8);
                    rest = &tail[2..];
                }
                _ => {
                    out.push(if form && *first == b'+' { b' ' } else { *first });
                    rest = tail;
                }
            }
        }
        Ok(())
    })
}

fn encode(text: &str, out: &mut String, form: bool) {
    for byte in text.bytes() {
        match byte {
            b' ' if form => out.push('+'),
            b if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~') => out.push(char::from(b)),
            b => {
                const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
                out.extend(['%', char::from(DIGITS[usize::from(b >> 4)]), char::from(DIGITS[usize::from(b & 15)])]);
            }
        }
    }
}
