//! Text ↔ arrays of text.

use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use datafusion::common::Result as EngineResult;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "splitByChar", exact_case, "splitByChar(separator, s[, most])", "The parts between one-character separators.", [("splitByChar(',', 'a,b,,c')", "['a','b','','c']"), ("splitByChar(',', '')", "['']")], |call| {
        if call.constant_text(0)?.len() != 1 {
            return Err(call.mismatch("needs a separator of one byte"));
        }
        split(call, by_string)
    };
    "splitByString", exact_case, "splitByString(separator, s[, most])", "The parts between separators; characters, if the separator is empty.", [("splitByString('--', 'a--b')", "['a','b']"), ("splitByString('', 'abc')", "['a','b','c']")], |call| split(call, by_string);
    "splitByWhitespace", exact_case, "splitByWhitespace(s)", "The words between spaces.", [("splitByWhitespace(' a  b ')", "['a','b']")], |call| {
        call.count(1..=1)?;
        Ok(call.kernel_on(|input| {
            let text = input.strings(0)?;
            input.string_lists(|row, out| { out.extend(text.get(row).split_ascii_whitespace().map(str::to_owned)); Ok(()) })
        }, DataType::String.array(), call.texts(1)?))
    };
    "arrayStringConcat", exact_case, "arrayStringConcat(array[, separator])", "The items as text, with a separator between; NULLs are left out.", [("arrayStringConcat(['a', 'b'], '-')", "a-b"), ("arrayStringConcat([1, 2], ',')", "1,2")], concat;
};

fn split(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    if call.count(2..=3)? == 3 {
        call.expect_integer(2)?;
    }
    Ok(call.kernel_on(kernel, DataType::String.array(), call.texts(2)?))
}

fn by_string(input: &Input) -> EngineResult<ArrayRef> {
    let (separator, text) = (input.strings(0)?, input.strings(1)?);
    let most = if input.columns.len() > 2 { Some(input.integers(2)?) } else { None };
    input.string_lists(|row, out| {
        let (separator, text) = (separator.get(row), text.get(row));
        let most =
            most.as_ref().map(|most| most(row)).filter(|most| *most > 0).map_or(usize::MAX, |most| most as usize);
        if separator.is_empty() {
            out.extend(text.chars().take(most).map(String::from));
        } else {
            out.extend(text.split(separator).take(most).map(str::to_owned));
        }
        Ok(())
    })
}

fn concat(call: &Call) -> Result<Typed, Mismatch> {
    let count = call.count(1..=2)?;
    let DataType::Array(_) = call.bare(0) else { return Err(call.wrong_type(0)) };
    let array = crate::function::cast(call.arguments[0].clone(), &DataType::String.nullable().array())?;
    let mut arguments = vec![array];
    if count == 2 {
        arguments.push(call.text(1)?);
    }
    Ok(call.kernel_on(joined, DataType::String, arguments))
}

fn joined(input: &Input) -> EngineResult<ArrayRef> {
    let lists = input.columns[0].array.as_list::<i32>();
    let items = lists.values().as_string_view();
    let separator = if input.columns.len() > 1 { Some(input.strings(1)?) } else { None };
    input.write_strings(|row, out| {
        let list = input.columns[0].at(row);
        let (start, end) = (lists.value_offsets()[list] as usize, lists.value_offsets()[list + 1] as usize);
        let mut is_first = true;
        for item in (start..end).filter(|item| items.is_valid(*item)) {
            if !is_first {
                out.push_str(separator.as_ref().map_or("", |separator| separator.get(row)));
            }
            is_first = false;
            out.push_str(items.value(item));
        }
        Ok(())
    })
}
