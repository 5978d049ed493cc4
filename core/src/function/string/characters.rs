//! Characters and their codes: `ascii`, `char`, `translate`, `soundex`, `conv` …

use super::edit::{each, text};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::Input;
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use datafusion::common::{Result as EngineResult, exec_err};
use std::collections::BTreeMap;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "ascii", any_case, "ascii(s)", "The code of the first byte; 0 of nothing.", [("ascii('abc')", "97"), ("ascii('')", "0")], |call| {
        call.count(1..=1)?;
        Ok(call.kernel_on(|input| {
            let text = input.strings(0)?;
            input.numbers(|row| Ok(text.get(row).bytes().next().unwrap_or(0).into()))
        }, DataType::Int32, call.texts(1)?))
    };
    "char", any_case, "char(code, …)", "A text of so many bytes, each given by its number.", [("char(65, 66)", "AB"), ("char(195, 177)", "ñ")], |call| {
        let count = call.count(1..)?;
        for index in 0..count {
            if !call.bare(index).is_numeric() {
                return Err(call.wrong_type(index));
            }
        }
        Ok(call.kernel(|input| {
            let codes = (0..input.columns.len()).map(|index| input.integers(index)).collect::<EngineResult<Vec<_>>>()?;
            input.write_bytes(|row, out| { out.extend(codes.iter().map(|code| code(row) as u8)); Ok(()) })
        }, DataType::String))
    };
    "soundex", any_case, "soundex(s)", "The sound of an English name, as a letter and three digits.", [("soundex('Robert')", "R163"), ("soundex('Rupert')", "R163")], |call| text(call, |input| each(input, soundex));
    "translate", exact_case, "translate(s, from, to)", "Each Latin character of one list replaced by that of another; those without a partner go.", [("translate('Hello, World!', 'delor', 'DELOR')", "HELLO, WORLD!"), ("translate('abc', 'ab', 'x')", "xc")], translate;
    "translateUTF8", exact_case, "translateUTF8(s, from, to)", "As translate, of all characters.", [("translateUTF8('Münchener Straße', 'üß', 'us')", "Munchener Strase")], translate;
    "firstLine", exact_case, "firstLine(s)", "What stands before the first line break.", [("firstLine('a\\nb')", "a")], |call| text(call, |input| input.slice_strings(|_, text| {
        text.split('\n').next().map_or(text, |line| if line.len() < text.len() { line.strip_suffix('\r').unwrap_or(line) } else { line })
    }));
    "basename", exact_case, "basename(path)", "What follows the last slash or backslash.", [("basename('/a/b/c.txt')", "c.txt")], |call| text(call, |input| input.slice_strings(|_, text| text.rfind(['/', '\\']).map_or(text, |at| &text[at + 1..])));
    "isValidUTF8", exact_case, "isValidUTF8(s)", "Whether the bytes are UTF-8; text here always is.", [("isValidUTF8('añb')", "1")], |call| {
        call.count(1..=1)?;
        call.text(0)?;
        Ok(call.kernel(|input| {
            let bytes = input.raw(0)?;
            input.bytes(|row| Ok(std::str::from_utf8(bytes.get(row)).is_ok().into()))
        }, DataType::UInt8))
    };
    "isValidASCII" | "isASCII", exact_case, "isValidASCII(s)", "Whether all bytes are ASCII.", [("isValidASCII('abc')", "1"), ("isValidASCII('ñ')", "0")], |call| {
        call.count(1..=1)?;
        Ok(call.kernel_on(|input| {
            let text = input.strings(0)?;
            input.bytes(|row| Ok(text.get(row).is_ascii().into()))
        }, DataType::UInt8, call.texts(1)?))
    };
    "toValidUTF8", exact_case, "toValidUTF8(s)", "The text with U+FFFD for what is no UTF-8.", [("toValidUTF8('añb')", "añb")], |call| text(call, |input| input.slice_strings(|_, text| text));
    "stringBytesUniq", exact_case, "stringBytesUniq(s)", "How many different bytes a text has.", [("stringBytesUniq('hello')", "4")], |call| {
        call.count(1..=1)?;
        Ok(call.kernel_on(|input| {
            let text = input.strings(0)?;
            input.numbers(|row| Ok(histogram(text.get(row)).iter().filter(|count| **count > 0).count() as i64))
        }, DataType::UInt16, call.texts(1)?))
    };
    "stringBytesEntropy", exact_case, "stringBytesEntropy(s)", "The entropy of the bytes of a text, in bits.", [("stringBytesEntropy('aabb')", "1")], |call| {
        call.count(1..=1)?;
        Ok(call.kernel_on(|input| {
            let text = input.strings(0)?;
            input.floats(|row| {
                let text = text.get(row);
                let total = text.len() as f64;
                let counts = histogram(text);
                let bits = counts.iter().filter(|count| **count > 0).map(|count| {
                    let share = *count as f64 / total;
                    -share * share.log2()
                });
                Ok(bits.sum::<f64>() + 0.0)
            })
        }, DataType::Float64, call.texts(1)?))
    };
    "conv", exact_case, "conv(number, from, to)", "A number in another base, as 64 bits without sign.", [("conv('ff', 16, 10)", "255"), ("conv(10, 10, 2)", "1010")], conv;
    "reverseBySeparator", exact_case, "reverseBySeparator(s[, separator])", "The parts between separators, which are dots, last first.", [("reverseBySeparator('a.b.c')", "c.b.a")], |call| {
        let count = call.count(1..=2)?;
        Ok(call.kernel_on(|input| {
            let text = input.strings(0)?;
            let separator = if input.columns.len() > 1 { Some(input.strings(1)?) } else { None };
            input.write_strings(|row, out| {
                let separator = separator.as_ref().map_or(".", |separator| separator.get(row));
                if separator.is_empty() {
                    out.extend(text.get(row).chars().rev());
                    return Ok(());
                }
                for (index, part) in text.get(row).rsplit(separator).enumerate() {
                    if index > 0 {
                        out.push_str(separator);
                    }
                    out.push_str(part);
                }
                Ok(())
            })
        }, DataType::String, call.texts(count)?))
    };
};

fn histogram(text: &str) -> [u32; 256] {
    let mut counts = [0; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    counts
}

/// As ClickHouse (and MySQL) has it: equal neighbours count once, and any letter between, also h and w, parts them.
fn soundex(text: &str, out: &mut String) {
    const DIGITS: &[u8; 26] = b"01230120022455012623010202";
    let mut letters = text.bytes().filter(u8::is_ascii_alphabetic);
    let Some(first) = letters.next() else { return out.push_str("0000") };
    let digit = |letter: u8| DIGITS[usize::from(letter.to_ascii_uppercase() - b'A')];
    out.push(char::from(first.to_ascii_uppercase()));
    let mut last = digit(first);
    for letter in letters {
        let digit = digit(letter);
        if digit != last && digit != b'0' {
            out.push(char::from(digit));
        }
        last = digit;
        if out.len() == 4 {
            return;
        }
    }
    while out.len() < 4 {
        out.push('0');
    }
}

fn translate(call: &Call) -> Result<Typed, Mismatch> {
    call.count(3..=3)?;
    if let (Some(from), Some(to)) = (call.arguments[1].text(), call.arguments[2].text()) {
        table(from, to, call.name.ends_with("UTF8")).map_err(|problem| call.bad_value(problem))?;
    }
    let kernel: crate::function::scalar::Kernel = if call.function.name.ends_with("UTF8") {
        |input| translated(input, true)
    } else {
        |input| translated(input, false)
    };
    Ok(call.kernel_on(kernel, DataType::String, call.texts(3)?))
}

/// What each character becomes; the last mention of one counts, as in ClickHouse.
/// What each character becomes; some become nothing.
type Table = BTreeMap<char, Option<char>>;

fn table(from: &str, to: &str, unicode: bool) -> Result<Table, String> {
    if !(unicode || from.is_ascii() && to.is_ascii()) {
        return Err("takes lists of Latin characters; translateUTF8 takes all".to_owned());
    }
    let (from_count, to_count) = (from.chars().count(), to.chars().count());
    if from_count < to_count {
        return Err(format!(
            "got a second argument of {from_count} characters, shorter than the third, which has {to_count}"
        ));
    }
    Ok(from.chars().zip(to.chars().map(Some).chain(std::iter::repeat(None))).collect())
}

fn translated(input: &Input, unicode: bool) -> EngineResult<ArrayRef> {
    let (text, from, to) = (input.strings(0)?, input.strings(1)?, input.strings(2)?);
    let mut known: Option<((&str, &str), Table)> = None;
    input.write_strings(|row, out| {
        let key = (from.get(row), to.get(row));
        let map = match &known {
            Some((old, map)) if *old == key => map,
            _ => match table(key.0, key.1, unicode) {
                Ok(map) => &known.insert((key, map)).1,
                Err(problem) => return exec_err!("function translate {problem}"),
            },
        };
        out.extend(text.get(row).chars().filter_map(|character| match map.get(&character) {
            Some(other) => *other,
            None => Some(character),
        }));
        Ok(())
    })
}

fn conv(call: &Call) -> Result<Typed, Mismatch> {
    call.count(3..=3)?;
    call.expect_integer(1)?;
    call.expect_integer(2)?;
    let number = match call.bare(0) {
        other if other.is_integer() => super::as_text(call.arguments[0].clone())?,
        _ => call.text(0)?,
    };
    let arguments = vec![number, call.arguments[1].clone(), call.arguments[2].clone()];
    Ok(call.kernel_on(
        |input| {
            let (number, from, to) = (input.strings(0)?, input.integers(1)?, input.integers(2)?);
            input.write_strings(|row, out| {
                let (from, to) = (from(row), to(row));
                if !(2..=36).contains(&from) || !(2..=36).contains(&to) {
                    return exec_err!("conv takes bases of 2 to 36, not {from} and {to}");
                }
                let text = number.get(row).trim_matches(' ');
                if text.is_empty() {
                    return exec_err!("the number for conv is empty");
                }
                write_in_base(based(text, from as u32), to as u64, out);
                Ok(())
            })
        },
        DataType::String,
        arguments,
    ))
}

/// The digits up to the first that is none of the base; too large a number is the largest.
fn based(text: &str, base: u32) -> u64 {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let mut value = 0u64;
    for digit in digits.chars().map_while(|c| c.to_digit(base)) {
        value = match value.checked_mul(u64::from(base)).and_then(|value| value.checked_add(u64::from(digit))) {
            Some(value) => value,
            None => return u64::MAX,
        };
    }
    if negative { value.wrapping_neg() } else { value }
}

fn write_in_base(mut value: u64, base: u64, out: &mut String) {
    let mut digits = [0u8; 64];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(value % base) as usize];
        value /= base;
        if value == 0 {
            break;
        }
    }
    out.extend(digits[at..].iter().map(|digit| char::from(*digit)));
}
