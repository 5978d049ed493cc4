//! Text: case, joining, cutting, searching, regular expressions, splitting, likeness.

mod characters;
mod column;
mod cut;
mod distance;
mod edit;
mod fold;
mod format;
mod multi;
mod ngram;
mod normal;
mod pad;
mod pattern;
mod regexp;
mod replace;
mod search;
mod split;

pub(crate) use column::{Bytes, Strings, bounded};
pub(crate) use cut::bounds;
pub(crate) use edit::{each, text};

use super::definition::{Call, Context, Function, Mismatch, Nulls};
use super::scalar;
use super::typed::Typed;
use crate::value::DataType;

pub(crate) const FUNCTIONS: &[&[Function]] = &[
    characters::FUNCTIONS,
    cut::FUNCTIONS,
    distance::FUNCTIONS,
    edit::FUNCTIONS,
    format::FUNCTIONS,
    multi::FUNCTIONS,
    ngram::FUNCTIONS,
    normal::FUNCTIONS,
    pad::FUNCTIONS,
    pattern::FUNCTIONS,
    replace::FUNCTIONS,
    search::FUNCTIONS,
    split::FUNCTIONS,
];

/// Fixed bytes as text, with their zeros, which `CAST` would cut.
static AS_TEXT: Function = Function { name: "fixedAsText", nulls: Nulls::Propagate, ..Function::DEFAULT };

impl Call<'_> {
    /// An argument as text, if it is a kind of text.
    pub(crate) fn text(&self, index: usize) -> Result<Typed, Mismatch> {
        let argument = self.arguments[index].clone();
        match argument.data_type.bare() {
            DataType::String => Ok(argument),
            DataType::FixedString(_) => Ok(fixed_text(argument)),
            DataType::Json | DataType::Enum8(_) | DataType::Enum16(_) => super::cast(argument, &DataType::String),
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

    /// Every argument as text, whatever it is.
    pub(crate) fn all_as_text(&self) -> Result<Vec<Typed>, Mismatch> {
        self.arguments.iter().map(|one| as_text(one.clone())).collect()
    }
}

/// A value of any type as text.
pub(crate) fn as_text(argument: Typed) -> Result<Typed, Mismatch> {
    match argument.data_type.bare() {
        DataType::FixedString(_) => Ok(fixed_text(argument)),
        _ => super::cast(argument, &DataType::String),
    }
}

fn fixed_text(argument: Typed) -> Typed {
    let is_constant = argument.constant().is_some();
    let context = Context { now_ns: 0 };
    let call = Call { function: &AS_TEXT, name: AS_TEXT.name, context: &context, arguments: vec![argument] };
    let bound = call.kernel(super::convert::raw_text, DataType::String);
    if is_constant { scalar::fold(bound) } else { bound }
}
