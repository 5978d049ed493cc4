//! `simpleJSONExtract…`: the value after the first `"name":`, wherever that stands, without reading the rest.

use super::tape::unescape;
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::ArrayRef;
use datafusion::common::Result as EngineResult;
use memchr::memmem;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "simpleJSONExtractString" | "visitParamExtractString", exact_case, "simpleJSONExtractString(json, name)", "The text after the name; empty, if there is none.", [(r#"simpleJSONExtractString('{"a":"x"}', 'a')"#, "x"), (r#"simpleJSONExtractString('{"a": "x"}', 'a')"#, "")], |call| simple(call, DataType::String, |input| texts(input, write_string));
    "simpleJSONExtractRaw" | "visitParamExtractRaw", exact_case, "simpleJSONExtractRaw(json, name)", "What stands after the name, as it is written.", [(r#"simpleJSONExtractRaw('{"a":[1, 2],"b":3}', 'a')"#, "[1, 2]")], |call| simple(call, DataType::String, |input| texts(input, |rest, out| out.push_str(raw(rest))));
    "simpleJSONExtractInt" | "visitParamExtractInt", exact_case, "simpleJSONExtractInt(json, name)", "The integer after the name, also in quotes; 0, if there is none.", [(r#"simpleJSONExtractInt('{"a":"-12"}', 'a')"#, "-12")], |call| simple(call, DataType::Int64, |input| numbers(input, |rest| integer(rest, true)));
    "simpleJSONExtractUInt" | "visitParamExtractUInt", exact_case, "simpleJSONExtractUInt(json, name)", "The unsigned integer after the name; 0, if there is none.", [(r#"simpleJSONExtractUInt('{"a":5}', 'a')"#, "5")], |call| simple(call, DataType::UInt64, |input| numbers(input, |rest| integer(rest, false)));
    "simpleJSONExtractFloat" | "visitParamExtractFloat", exact_case, "simpleJSONExtractFloat(json, name)", "The number after the name; 0, if there is none.", [(r#"simpleJSONExtractFloat('{"a":1.5e3}', 'a')"#, "1500")], |call| simple(call, DataType::Float64, |input| {
        let after = After::new(input)?;
        input.floats(|row| Ok(after.at(row).map_or(0.0, float)))
    });
    "simpleJSONExtractBool" | "visitParamExtractBool", exact_case, "simpleJSONExtractBool(json, name)", "Whether `true` stands after the name.", [(r#"simpleJSONExtractBool('{"a":true}', 'a')"#, "1")], |call| simple(call, DataType::UInt8, |input| numbers(input, |rest| rest.starts_with("true").into()));
    "simpleJSONHas" | "visitParamHas", exact_case, "simpleJSONHas(json, name)", "Whether the name occurs.", [(r#"simpleJSONHas('{"a":1}', 'a')"#, "1")], |call| simple(call, DataType::UInt8, |input| numbers(input, |_| 1));
};

fn simple(call: &Call, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    call.constant_text(1)?;
    Ok(call.kernel_on(kernel, result, call.texts(2)?))
}

/// Finds what stands after `"name":`.
struct After<'a> {
    text: crate::function::string::Strings<'a>,
    name: memmem::Finder<'static>,
}

impl<'a> After<'a> {
    fn new(input: &'a Input) -> EngineResult<After<'a>> {
        let name = format!("\"{}\":", input.strings(1)?.get(0));
        Ok(After { text: input.strings(0)?, name: memmem::Finder::new(name.as_bytes()).into_owned() })
    }

    fn at(&self, row: usize) -> Option<&'a str> {
        let text = self.text.get(row);
        self.name.find(text.as_bytes()).map(|at| &text[at + self.name.needle().len()..])
    }
}

fn numbers(input: &Input, of: fn(&str) -> i64) -> EngineResult<ArrayRef> {
    let after = After::new(input)?;
    input.numbers(|row| Ok(after.at(row).map_or(0, of)))
}

fn texts(input: &Input, write: fn(&str, &mut String)) -> EngineResult<ArrayRef> {
    let after = After::new(input)?;
    input.write_strings(|row, out| {
        if let Some(rest) = after.at(row) {
            write(rest, out);
        }
        Ok(())
    })
}

fn integer(rest: &str, signed: bool) -> i64 {
    let rest = rest.strip_prefix('"').unwrap_or(rest);
    let (negative, digits) = match rest.strip_prefix('-') {
        Some(digits) if signed => (true, digits),
        _ => (false, rest.strip_prefix('+').unwrap_or(rest)),
    };
    let value = digits
        .bytes()
        .take_while(u8::is_ascii_digit)
        .fold(0i64, |value, digit| value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0')));
    if negative { value.wrapping_neg() } else { value }
}

fn float(rest: &str) -> f64 {
    let rest = rest.strip_prefix('"').unwrap_or(rest);
    let end =
        rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'))).unwrap_or(rest.len());
    rest[..end].parse().unwrap_or(0.0)
}

fn write_string(rest: &str, out: &mut String) {
    let Some(text) = rest.strip_prefix('"') else { return };
    if let Some(end) = string_end(text) {
        unescape(&text[..end], out);
    }
}

/// Where the quote stands that closes a text.
fn string_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        match *bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Up to the comma or bracket that ends a value.
fn raw(rest: &str) -> &str {
    let bytes = rest.as_bytes();
    let (mut at, mut depth) = (0, 0usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => match string_end(&rest[at + 1..]) {
                Some(end) => at += end + 1,
                None => return "",
            },
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => return &rest[..at],
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    rest
}
