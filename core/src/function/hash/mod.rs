//! Hash functions, and rows as numbers for those who hash them.

mod any;
pub(crate) mod city;
mod digest;
mod farm;
mod functions;
mod integer;
mod metro;
mod murmur;
mod rows;
mod sip;
mod wy;

use super::definition::Function;

pub(crate) use functions::mixed;
pub(crate) use rows::{exact_keys, uniq_keys};

pub(crate) const FUNCTIONS: &[&[Function]] = &[functions::FUNCTIONS, integer::FUNCTIONS, digest::FUNCTIONS];

#[cfg(test)]
pub(crate) const CITY_OF_DIGITS: &[(usize, u64)] = &[
    (0, 11160318154034397263),
    (1, 10408321403207385874),
    (2, 10729262491330949055),
    (3, 10004111379364466413),
    (4, 12579659945566698690),
    (7, 5387440934952303906),
    (8, 7994146191380129035),
    (9, 2943582641455212157),
    (15, 11189843760565256995),
    (16, 13127848778468552123),
    (17, 10405240257558556855),
    (24, 6714758936735472205),
    (31, 13102516000215040200),
    (32, 7314106400606791880),
    (33, 6240481354720766799),
    (48, 70780920303832979),
    (63, 13217626020143130759),
    (64, 6883403192180386677),
    (65, 4542353326030384943),
    (100, 9488119657355999865),
    (127, 1741707123680412834),
    (128, 7219484646688739894),
    (129, 12446843158975398907),
    (192, 3657015055189387251),
    (200, 5774316752020984239),
];
