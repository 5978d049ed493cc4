//! Items in order: `arraySort` and its kin.

use super::{comparable_rows, nan_places};
use crate::function::definition::{Call, Function, Mismatch, Takes, higher_family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use arrow::array::*;
use datafusion::common::Result as EngineResult;

pub(crate) const FUNCTIONS: &[Function] = higher_family! {
    "arraySort", Takes::Items(0), "arraySort([(x, …) -> key, ]array, …)", "The items, smallest first, or smallest key first; NaN and NULL last.", [("arraySort([3, 1, 2])", "[1,2,3]"), ("arraySort([3, NULL, 1])", "[1,3,NULL]"), ("arraySort(['b', 'a'])", "['a','b']"), ("arraySort(x -> -x, [3, 1, 2])", "[3,2,1]"), ("arraySort((x, y) -> y, ['a', 'b', 'c'], [3, 1, 2])", "['b','c','a']")],
        |call| plain(call, |input| sorted(input, Order { keys: 0, items: 0, most: None, descending: false })),
        |call| by_key(call, |input| sorted(input, Order { keys: 0, items: 1, most: None, descending: false }));
    "arrayReverseSort", Takes::Items(0), "arrayReverseSort([(x, …) -> key, ]array, …)", "The items, largest first, or largest key first; NaN and NULL last.", [("arrayReverseSort([3, 1, 2])", "[3,2,1]"), ("arrayReverseSort([3, NULL, 1])", "[3,1,NULL]"), ("arrayReverseSort((x, y) -> y, ['a', 'b', 'c'], [3, 1, 2])", "['a','c','b']")],
        |call| plain(call, |input| sorted(input, Order { keys: 0, items: 0, most: None, descending: true })),
        |call| by_key(call, |input| sorted(input, Order { keys: 0, items: 1, most: None, descending: true }));
    "arrayPartialSort", Takes::Items(1), "arrayPartialSort([(x, …) -> key, ]limit, array, …)", "So many smallest items, or those of the smallest keys, in order, and then the others.", [("arrayPartialSort(2, [5, 9, 1, 3])", "[1,3,5,9]")],
        |call| partial(call, |input| sorted(input, Order { keys: 1, items: 1, most: Some(0), descending: false })),
        |call| partial_by_key(call, |input| sorted(input, Order { keys: 0, items: 2, most: Some(1), descending: false }));
    "arrayPartialReverseSort", Takes::Items(1), "arrayPartialReverseSort([(x, …) -> key, ]limit, array, …)", "So many largest items, or those of the largest keys, in order, and then the others.", [("arrayPartialReverseSort(2, [5, 9, 1, 3])", "[9,5,1,3]")],
        |call| partial(call, |input| sorted(input, Order { keys: 1, items: 1, most: Some(0), descending: true })),
        |call| partial_by_key(call, |input| sorted(input, Order { keys: 0, items: 2, most: Some(1), descending: true }));
};

fn plain(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    Ok(call.kernel(kernel, call.item_type(0)?.clone().array()))
}

fn by_key(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    Ok(call.kernel(kernel, call.item_type(1)?.clone().array()))
}

fn partial(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    call.expect_integer(0)?;
    Ok(call.kernel(kernel, call.item_type(1)?.clone().array()))
}

fn partial_by_key(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(3..)?;
    call.expect_integer(1)?;
    Ok(call.kernel(kernel, call.item_type(2)?.clone().array()))
}

/// Which arguments are what.
struct Order {
    keys: usize,
    items: usize,
    /// How many are to be in order; all, if that is not positive.
    most: Option<usize>,
    descending: bool,
}

fn sorted(input: &Input, order: Order) -> EngineResult<ArrayRef> {
    let (keys, lists) = (input.lists(order.keys)?, input.lists(order.items)?);
    let most = order.most.map(|index| input.integers(index)).transpose()?;
    let places_of_row = places_in_order(keys.values(), order.descending)?;
    input.chosen(lists.values(), |row, places| {
        let (key, item) = (keys.range(row), lists.range(row));
        let mut sorted: Vec<usize> = key.clone().collect();
        places_of_row(&mut sorted);
        let most = most.as_ref().map_or(0, |most| most(row));
        let most = usize::try_from(most).ok().filter(|most| *most > 0 && *most < sorted.len()).unwrap_or(sorted.len());
        sorted[most..].sort_unstable();
        places.extend(sorted.into_iter().map(|place| (place - key.start + item.start) as u64));
        Ok(())
    })
}

/// Puts places among `values` in the order of the values there; NaN and NULL go last.
pub(crate) fn places_in_order(values: &ArrayRef, descending: bool) -> EngineResult<impl Fn(&mut [usize]) + '_> {
    let rows = comparable_rows(&[values], descending)?.remove(0);
    let nulls = values.logical_nulls();
    let is_nan = nan_places(values);
    Ok(move |places: &mut [usize]| {
        let key = |place: usize| {
            let is_null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(place));
            (is_null, !is_null && is_nan(place), rows.row(place))
        };
        places.sort_by(|left, right| key(*left).cmp(&key(*right)));
    })
}
