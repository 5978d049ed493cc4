//! URLs: their parts, parameters and levels. Nothing is checked: what does not look like a URL has empty parts.

mod code;
mod domain;
mod levels;
mod parameter;
mod part;

use super::definition::Function;

pub(crate) const FUNCTIONS: &[&[Function]] =
    &[part::FUNCTIONS, domain::FUNCTIONS, parameter::FUNCTIONS, levels::FUNCTIONS, code::FUNCTIONS];
