//! Text: cutting, searching, replacing, URLs, JSON.

mod base64;
mod column;
mod cut;
mod edit;
mod json;
mod pattern;
mod split;
mod url;

pub(crate) use column::Strings;
pub(crate) use cut::bounds;

use super::definition::{Call, Function, Mismatch};
use super::typed::Typed;
use crate::value::DataType;

pub(crate) const FUNCTIONS: &[&[Function]] = &[
    base64::FUNCTIONS,
    edit::FUNCTIONS,
    cut::FUNCTIONS,
    pattern::FUNCTIONS,
    split::FUNCTIONS,
    url::FUNCTIONS,
    json::FUNCTIONS,
];

impl Call<'_> {
    /// An argument as text, if it is a kind of text.
    pub(crate) fn text(&self, index: usize) -> Result<Typed, Mismatch> {
        let argument = self.arguments[index].clone();
        match argument.data_type.bare() {
            DataType::String => Ok(argument),
            DataType::FixedString(_) | DataType::Json | DataType::Enum8(_) | DataType::Enum16(_) => {
                super::cast(argument, &DataType::String)
            }
            _ => Err(self.wrong_type(index)),
        }
    }

    /// The first so many arguments as text, the others as they are.
    pub(crate) fn texts(&self, count: usize) -> Result<Vec<Typed>, Mismatch> {
        let mut arguments = Vec::with_capacity(self.arguments.len());
        for index in 0..self.arguments.len() {
            arguments.push(if index < count { self.text(index)? } else { self.arguments[index].clone() });
        }
        Ok(arguments)
    }
}
