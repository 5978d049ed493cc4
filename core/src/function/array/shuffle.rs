//! Items in random order. With a seed the order is ClickHouse's own: its generator (`pcg64_fast`), the way in
//! which C++ draws from it, and the forward shuffle of `std::shuffle`.

use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::Input;
use crate::function::typed::{Typed, literal};
use crate::value::DataType;
use arrow::array::*;
use datafusion::common::Result as EngineResult;
use datafusion::scalar::ScalarValue;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "arrayShuffle", exact_case, "arrayShuffle(array[, seed])", "The items in random order.", [("arrayShuffle([1, 2, 3, 4, 5], 42)", "[3,2,5,1,4]")], |call| {
        call.count(1..=2)?;
        shuffle(call, i64::MAX, 1)
    };
    "arrayPartialShuffle", exact_case, "arrayPartialShuffle(array[, limit[, seed]])", "The array with so many of its items, or all, chosen at random and put to the start.", [("arrayPartialShuffle([1, 2, 3, 4, 5], 2, 42)", "[3,2,1,4,5]")], |call| {
        let count = call.count(1..=3)?;
        let limit = if count > 1 { call.constant_integer(1)? } else { 0 };
        shuffle(call, if limit <= 0 { i64::MAX } else { limit }, 2)
    };
    "arrayRandomSample", exact_case, "arrayRandomSample(array, count)", "So many items, chosen at random.", [("length(arrayRandomSample([1, 2, 3], 2))", "2"), ("arrayRandomSample([1], 5)", "[1]")], |call| {
        call.count(2..=2)?;
        if !call.bare(1).is_unsigned_integer() {
            return Err(call.wrong_type(1));
        }
        let count = call.constant_integer(1)?;
        let shuffled = shuffle(call, if count <= 0 { 0 } else { count }, 2)?;
        let bounds = [literal(ScalarValue::Int64(Some(1)), DataType::Int64), literal(ScalarValue::Int64(Some(count)), DataType::Int64)];
        crate::function::scalar::delegate(call, "arraySlice", std::iter::once(shuffled).chain(bounds).collect())
    };
};

/// Shuffles `limit` items to the start. The seed is an argument, or the time of the query.
fn shuffle(call: &Call, limit: i64, seed: usize) -> Result<Typed, Mismatch> {
    let seed = if call.arguments.len() > seed { call.constant_integer(seed)? } else { call.context.now_ns };
    let result = call.item_type(0)?.clone().array();
    let number = |value: i64| literal(ScalarValue::Int64(Some(value)), DataType::Int64);
    Ok(call.kernel_on(shuffled, result, vec![call.arguments[0].clone(), number(limit), number(seed)]))
}

fn shuffled(input: &Input) -> EngineResult<ArrayRef> {
    let (lists, limits, seeds) = (input.lists(0)?, input.integers(1)?, input.integers(2)?);
    let mut random: Option<Pcg64> = None;
    input.chosen(lists.values(), |row, places| {
        // one sequence for all rows
        let random = random.get_or_insert_with(|| Pcg64::new(seeds(row) as u64));
        let begin = places.len();
        places.extend(lists.range(row).map(|place| place as u64));
        let items = &mut places[begin..];
        let limit = usize::try_from(limits(row)).unwrap_or(0);
        for index in 0..limit.min(items.len().saturating_sub(1)) {
            let other = index + random.below((items.len() - index) as u64) as usize;
            items.swap(index, other);
        }
        Ok(())
    })
}

/// PCG of M.E. O'Neill: a multiplicative generator of 128 bits, of which a rotated half is given out.
struct Pcg64 {
    state: u128,
}

impl Pcg64 {
    fn new(seed: u64) -> Pcg64 {
        Pcg64 { state: u128::from(seed) | 3 }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_mul(0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645);
        let folded = (self.state >> 64) as u64 ^ self.state as u64;
        folded.rotate_right((self.state >> 122) as u32)
    }

    /// As `std::uniform_int_distribution`: the lowest bits that can hold the bound, until they are below it.
    fn below(&mut self, bound: u64) -> u64 {
        let mask = bound.next_power_of_two() - 1;
        loop {
            let drawn = self.next() & mask;
            if drawn < bound {
                return drawn;
            }
        }
    }
}
