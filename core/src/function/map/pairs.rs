//! `extractKeyValuePairs`: text of keys and values → a map.

use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::Input;
use crate::function::typed::{Typed, literal};
use crate::value::DataType;
use arrow::array::*;
use datafusion::common::Result as EngineResult;
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "extractKeyValuePairs" | "str_to_map" | "mapFromString", exact_case, "extractKeyValuePairs(text[, between[, after[, quote]]])", "A map of the keys and values in a text: a colon is between them, a space, comma or semicolon after them, and either may be quoted.", [("extractKeyValuePairs('a:1, b:2')", "{'a':'1','b':'2'}"), ("extractKeyValuePairs('name:\"John Smith\", age:31')", "{'name':'John Smith','age':'31'}"), ("extractKeyValuePairs('a=1&b=2', '=', '&')", "{'a':'1','b':'2'}")], bind;
};

fn bind(call: &Call) -> Result<Typed, Mismatch> {
    let count = call.count(1..=4)?;
    call.expect_string(0)?;
    let mut arguments = vec![call.arguments[0].clone()];
    for (index, default) in [":", " ,;", "\""].into_iter().enumerate() {
        let index = index + 1;
        let text = if index < count { call.constant_text(index)? } else { default };
        if index != 2 && text.chars().count() != 1 {
            return Err(call.mismatch(format_args!("needs one character as argument {}", index + 1)));
        }
        arguments.push(literal(ScalarValue::Utf8View(Some(text.to_owned())), DataType::String));
    }
    let text = Box::new(DataType::String);
    Ok(call.kernel_on(pairs, DataType::Map(text.clone(), text), arguments))
}

fn pairs(input: &Input) -> EngineResult<ArrayRef> {
    let texts = input.expanded(0)?;
    let texts = crate::function::convert::cast_array(
        &texts,
        &input.types[0],
        &DataType::String,
        crate::function::convert::OnError::Fail,
    )?;
    let texts = texts.as_string_view();
    let sign = |index: usize| input.columns[index].array.as_string_view().value(0).to_owned();
    let (between, after, quote) = (sign(1), sign(2), sign(3));
    let signs = Signs {
        between: between.chars().next().unwrap_or(':'),
        after: &after,
        quote: quote.chars().next().unwrap_or('"'),
    };
    let (mut keys, mut values) = (StringViewBuilder::new(), StringViewBuilder::new());
    let mut lengths = Vec::with_capacity(input.rows);
    for row in 0..input.rows {
        let mut count = 0;
        if !input.is_null(row) && texts.is_valid(row) {
            signs.read(texts.value(row), |key, value| {
                keys.append_value(key);
                values.append_value(value);
                count += 1;
            });
        }
        lengths.push(count);
    }
    input.map_of(lengths, Arc::new(keys.finish()), Arc::new(values.finish()))
}

struct Signs<'s> {
    between: char,
    after: &'s str,
    quote: char,
}

impl Signs<'_> {
    fn read(&self, text: &str, mut found: impl FnMut(&str, &str)) {
        let mut rest = text;
        loop {
            rest = rest.trim_start_matches(|c: char| c == self.between || self.after.contains(c));
            if rest.is_empty() {
                return;
            }
            let (key, behind) = self.piece(rest, |c| c == self.between || self.after.contains(c));
            let Some(value_text) = behind.strip_prefix(self.between) else {
                // no value belongs to it
                rest = behind;
                continue;
            };
            let (value, behind) = self.piece(value_text, |c| self.after.contains(c));
            if !key.is_empty() {
                found(key, value);
            }
            rest = behind;
        }
    }

    /// A text in quotes, or one that goes up to where it ends; and what is behind it.
    fn piece<'t>(&self, text: &'t str, ends: impl Fn(char) -> bool) -> (&'t str, &'t str) {
        if let Some(quoted) = text.strip_prefix(self.quote)
            && let Some(end) = quoted.find(self.quote)
        {
            return (&quoted[..end], &quoted[end + self.quote.len_utf8()..]);
        }
        let end = text.find(ends).unwrap_or(text.len());
        text.split_at(end)
    }
}
