//! Case, length, order of bytes, joining.

use super::column::bounded;
use super::fold::fold_full;
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel, delegate};
use crate::function::typed::{Typed, literal};
use crate::value::DataType;
use arrow::array::*;
use datafusion::common::Result as EngineResult;
use datafusion::scalar::ScalarValue;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "lower" | "lcase", any_case, "lower(s)", "Latin letters in lower case.", [("lower('ABCÄ')", "abcÄ")], |call| bytewise(call, |input| each(input, |text, out| { out.push_str(text); out.make_ascii_lowercase(); }), |input| mapped(input, <[u8]>::make_ascii_lowercase));
    "upper" | "ucase", any_case, "upper(s)", "Latin letters in upper case.", [("upper('abc')", "ABC")], |call| bytewise(call, |input| each(input, |text, out| { out.push_str(text); out.make_ascii_uppercase(); }), |input| mapped(input, <[u8]>::make_ascii_uppercase));
    "lowerUTF8", exact_case, "lowerUTF8(s)", "All letters in lower case.", [("lowerUTF8('ABCÄ')", "abcä")], |call| text(call, |input| each(input, |text, out| {
        if text.is_ascii() {
            out.push_str(text);
            out.make_ascii_lowercase();
        } else {
            out.push_str(&text.to_lowercase());
        }
    }));
    "upperUTF8", exact_case, "upperUTF8(s)", "All letters in upper case.", [("upperUTF8('ñ')", "Ñ")], |call| text(call, |input| each(input, |text, out| {
        if text.is_ascii() {
            out.push_str(text);
            out.make_ascii_uppercase();
        } else {
            out.extend(text.chars().flat_map(char::to_uppercase));
        }
    }));
    "caseFoldUTF8", exact_case, "caseFoldUTF8(s)", "Letters as they compare in any case.", [("caseFoldUTF8('Straße')", "strasse")], |call| text(call, |input| each(input, fold_full));
    "initcap", any_case, "initcap(s)", "Latin words with a capital first.", [("initcap('hello world')", "Hello World")], |call| text(call, |input| each(input, |text, out| capitalised(text, out, false)));
    "initcapUTF8", exact_case, "initcapUTF8(s)", "Words with a capital first.", [("initcapUTF8('ébé été')", "Ébé Été")], |call| text(call, |input| each(input, |text, out| capitalised(text, out, true)));
    "reverse", any_case, "reverse(s)", "The characters, or the items of an array, last first.", [("reverse('abc')", "cba")], |call| {
        if let DataType::Array(_) = call.bare(0) {
            return delegate(call, "arrayReverse", call.arguments.clone());
        }
        bytewise(call, reversed, |input| mapped(input, <[u8]>::reverse))
    };
    "reverseUTF8", exact_case, "reverseUTF8(s)", "The characters, last first.", [("reverseUTF8('añb')", "bña")], |call| text(call, reversed);
    "length" | "OCTET_LENGTH" | "CARDINALITY", any_case, "length(s)", "Bytes of a text, or items of an array or map.", [("length('ñ')", "2"), ("length([1, 2])", "2")], length;
    "lengthUTF8" | "CHAR_LENGTH" | "CHARACTER_LENGTH", any_case, "lengthUTF8(s)", "Characters of a text.", [("lengthUTF8('ñ')", "1")], |call| {
        call.count(1..=1)?;
        Ok(call.kernel_on(|input| { let text = input.strings(0)?; input.numbers(|row| Ok(text.get(row).chars().count() as i64)) }, DataType::UInt64, call.texts(1)?))
    };
    "empty", exact_case, "empty(x)", "Whether a text, array or map has nothing in it.", [("empty('')", "1"), ("empty([1])", "0")], |call| empty(call, "equals");
    "notEmpty", exact_case, "notEmpty(x)", "Whether a text, array or map has something in it.", [("notEmpty('a')", "1")], |call| empty(call, "notEquals");
    "concat", any_case, "concat(a, b, …)", "The arguments as text, one after the other; of arrays, an array.", [("concat('a', 1, 'b')", "a1b"), ("'a' || 'b'", "ab"), ("concat([1], [2])", "[1,2]")], concat;
    "concatAssumeInjective", exact_case, "concatAssumeInjective(a, b, …)", "As concat; promises that different arguments yield different texts.", [("concatAssumeInjective('a', 'b')", "ab")], concat;
    "concatWithSeparator" | "concat_ws", any_case, "concatWithSeparator(separator, a, b, …)", "The arguments as text, with a separator between.", [("concatWithSeparator('-', 'a', 'b')", "a-b")], separated;
    "concatWithSeparatorAssumeInjective", exact_case, "concatWithSeparatorAssumeInjective(separator, a, b, …)", "As concatWithSeparator; promises that different arguments yield different texts.", [("concatWithSeparatorAssumeInjective('-', 'a', 'b')", "a-b")], separated;
    "appendTrailingCharIfAbsent", exact_case, "appendTrailingCharIfAbsent(s, c)", "A text that is not empty, with a character at its end.", [("appendTrailingCharIfAbsent('abc', '/')", "abc/"), ("appendTrailingCharIfAbsent('abc/', '/')", "abc/")], |call| {
        call.count(2..=2)?;
        if call.constant_text(1)?.len() != 1 {
            return Err(call.bad_value("needs one character as its second argument"));
        }
        Ok(call.kernel_on(|input| {
            let (text, last) = (input.strings(0)?, input.strings(1)?);
            input.write_strings(|row, out| {
                let (text, last) = (text.get(row), last.get(row));
                out.push_str(text);
                if !text.is_empty() && !text.ends_with(last) {
                    out.push_str(last);
                }
                Ok(())
            })
        }, DataType::String, call.texts(2)?))
    };
};

/// A function of one text that yields text.
pub(crate) fn text(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    Ok(call.kernel_on(kernel, DataType::String, call.texts(1)?))
}

pub(crate) fn each(input: &Input, write: impl Fn(&str, &mut String)) -> EngineResult<ArrayRef> {
    let text = input.strings(0)?;
    input.write_strings(|row, out| {
        write(text.get(row), out);
        Ok(())
    })
}

/// A function that keeps the number of bytes, so that fixed strings stay fixed.
fn bytewise(call: &Call, of_text: Kernel, of_fixed: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    if let fixed @ DataType::FixedString(_) = call.bare(0) {
        return Ok(call.kernel(of_fixed, fixed.clone()));
    }
    text(call, of_text)
}

fn mapped(input: &Input, change: fn(&mut [u8])) -> EngineResult<ArrayRef> {
    let bytes = input.raw(0)?;
    let DataType::FixedString(width) = input.result.bare() else {
        return datafusion::common::exec_err!("fixed bytes were promised");
    };
    input.write_fixed(*width as usize, |row, out| {
        out.copy_from_slice(bytes.get(row));
        change(out);
        Ok(())
    })
}

fn reversed(input: &Input) -> EngineResult<ArrayRef> {
    each(input, |text, out| out.extend(text.chars().rev()))
}

fn capitalised(text: &str, out: &mut String, unicode: bool) {
    let mut inside = false;
    for character in text.chars() {
        let is_word = if unicode { character.is_alphanumeric() } else { character.is_ascii_alphanumeric() };
        match (is_word, inside, unicode) {
            (true, false, false) => out.push(character.to_ascii_uppercase()),
            (true, true, false) => out.push(character.to_ascii_lowercase()),
            (true, false, true) => out.extend(character.to_uppercase()),
            (true, true, true) => out.extend(character.to_lowercase()),
            (false, ..) => out.push(character),
        }
        inside = is_word;
    }
}

fn length(call: &Call) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    match call.bare(0) {
        DataType::Array(_) => {
            Ok(call.kernel(|input| lengths(input, input.columns[0].array.as_list::<i32>().offsets()), DataType::UInt64))
        }
        DataType::Map(..) => {
            Ok(call.kernel(|input| lengths(input, input.columns[0].array.as_map().offsets()), DataType::UInt64))
        }
        DataType::FixedString(bytes) => Ok(literal(ScalarValue::UInt64(Some(u64::from(*bytes))), DataType::UInt64)),
        _ => Ok(call.kernel_on(
            |input| {
                let text = input.strings(0)?;
                input.numbers(|row| Ok(text.get(row).len() as i64))
            },
            DataType::UInt64,
            call.texts(1)?,
        )),
    }
}

fn lengths(input: &Input, offsets: &[i32]) -> EngineResult<ArrayRef> {
    input.numbers(|row| Ok(i64::from(offsets[row + 1] - offsets[row])))
}

fn empty(call: &Call, operator: &str) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    if let DataType::Array(_) | DataType::Map(..) = call.bare(0) {
        let length = delegate(call, "length", call.arguments.clone())?;
        return delegate(call, operator, vec![length, literal(ScalarValue::UInt8(Some(0)), DataType::UInt8)]);
    }
    // Fixed bytes that are all zero are empty: their text without its zeros is.
    let argument = match call.bare(0) {
        DataType::FixedString(width) => {
            let zeros = literal(
                ScalarValue::FixedSizeBinary(*width as i32, Some(vec![0; *width as usize])),
                call.bare(0).clone(),
            );
            return delegate(call, operator, vec![call.arguments[0].clone(), zeros]);
        }
        _ => call.text(0)?,
    };
    let nothing = literal(ScalarValue::Utf8View(Some(String::new())), DataType::String);
    delegate(call, operator, vec![argument, nothing])
}

fn concat(call: &Call) -> Result<Typed, Mismatch> {
    call.count(1..)?;
    Ok(call.kernel_on(join, DataType::String, call.all_as_text()?))
}

fn separated(call: &Call) -> Result<Typed, Mismatch> {
    call.count(1..)?;
    call.expect_string(0)?;
    Ok(call.kernel_on(join_with_separator, DataType::String, call.all_as_text()?))
}

fn join(input: &Input) -> EngineResult<ArrayRef> {
    let parts = (0..input.columns.len()).map(|index| input.strings(index)).collect::<EngineResult<Vec<_>>>()?;
    input.write_strings(|row, out| {
        parts.iter().try_for_each(|part| {
            out.push_str(part.get(row));
            bounded(out)
        })
    })
}

fn join_with_separator(input: &Input) -> EngineResult<ArrayRef> {
    let parts = (0..input.columns.len()).map(|index| input.strings(index)).collect::<EngineResult<Vec<_>>>()?;
    input.write_strings(|row, out| {
        for (index, part) in parts[1..].iter().enumerate() {
            if index > 0 {
                out.push_str(parts[0].get(row));
            }
            out.push_str(part.get(row));
            bounded(out)?;
        }
        Ok(())
    })
}
