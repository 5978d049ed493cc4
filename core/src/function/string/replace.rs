//! Texts replaced in texts.

use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::ArrayRef;
use datafusion::common::Result as EngineResult;
use memchr::memmem;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "replaceAll" | "replace", any_case, "replaceAll(s, text, with)", "Every occurrence of a text replaced.", [("replaceAll('hello', 'l', 'L')", "heLLo"), ("replaceAll('abc', '', 'x')", "abc")], |call| substitute(call, |input| replaced(input, usize::MAX));
    "replaceOne", exact_case, "replaceOne(s, text, with)", "The first occurrence of a text replaced.", [("replaceOne('hello', 'l', 'L')", "heLlo")], |call| substitute(call, |input| replaced(input, 1));
};

fn substitute(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(3..=3)?;
    if let DataType::FixedString(_) = call.bare(0) {
        return Err(call.wrong_type(0));
    }
    Ok(call.kernel_on(kernel, DataType::String, call.texts(3)?))
}

fn replaced(input: &Input, most: usize) -> EngineResult<ArrayRef> {
    let (text, needle, with) = (input.strings(0)?, input.strings(1)?, input.strings(2)?);
    let constant = needle.constant().map(memmem::Finder::new);
    input.write_strings(|row, out| {
        let (text, needle, with) = (text.get(row), needle.get(row), with.get(row));
        let mut end = 0;
        for _ in 0..if needle.is_empty() { 0 } else { most } {
            let rest = &text.as_bytes()[end..];
            let found = match &constant {
                Some(finder) => finder.find(rest),
                None => memmem::find(rest, needle.as_bytes()),
            };
            let Some(at) = found else { break };
            out.push_str(&text[end..end + at]);
            out.push_str(with);
            super::bounded(out)?;
            end += at + needle.len();
        }
        out.push_str(&text[end..]);
        Ok(())
    })
}
