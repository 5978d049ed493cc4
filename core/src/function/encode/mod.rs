//! Bytes and text written in other ways: base 2 to 64, XML and HTML, bit masks.
//!
//! Text is UTF-8 here: what decodes to other bytes gets U+FFFD in their place.

mod base;
mod bits;
mod markup;
mod mask;

use super::definition::Function;

pub(crate) const FUNCTIONS: &[&[Function]] = &[base::FUNCTIONS, bits::FUNCTIONS, markup::FUNCTIONS, mask::FUNCTIONS];
