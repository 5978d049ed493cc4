//! Operators, under the names that ClickHouse's parser gives them.

mod arithmetic;
mod compare;
mod decimal;
mod logic;
mod member;

pub use compare::sort_key;
pub(crate) use logic::condition;
pub(crate) use member::{tuple_items, unpacked};

use super::definition::Function;

pub(crate) const FUNCTIONS: &[&[Function]] =
    &[arithmetic::FUNCTIONS, compare::FUNCTIONS, logic::FUNCTIONS, member::FUNCTIONS, member::WITH_NULL];
