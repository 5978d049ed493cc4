//! Arithmetic item by item: `tuplePlus`, and the operators on tuples and arrays.

use super::{items_of, join, of_items};
use crate::function::definition::{Call, Context, Function, Mismatch, family};
use crate::function::lambda::with_lambda;
use crate::function::scalar::delegate;
use crate::function::typed::Typed;
use crate::value::DataType;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "tuplePlus" | "vectorSum", exact_case, "tuplePlus(a, b)", "The sums of the items of two tuples.", [("tuplePlus((1, 2), (3, 4))", "(4,6)")], |call| both(call, "plus");
    "tupleMinus" | "vectorDifference", exact_case, "tupleMinus(a, b)", "The differences of the items of two tuples.", [("tupleMinus((1, 2), (3, 4))", "(-2,-2)")], |call| both(call, "minus");
    "tupleMultiply", exact_case, "tupleMultiply(a, b)", "The products of the items of two tuples.", [("tupleMultiply((1, 2), (3, 4))", "(3,8)")], |call| both(call, "multiply");
    "tupleDivide", exact_case, "tupleDivide(a, b)", "The quotients of the items of two tuples.", [("tupleDivide((1, 2), (4, 4))", "(0.25,0.5)")], |call| both(call, "divide");
    "tupleModulo", exact_case, "tupleModulo(a, b)", "The remainders of the items of two tuples.", [("tupleModulo((5, 7), (3, 4))", "(2,3)")], |call| both(call, "modulo");
    "tupleIntDiv", exact_case, "tupleIntDiv(a, b)", "The whole quotients of the items of two tuples.", [("tupleIntDiv((5, 7), (3, 4))", "(1,1)")], |call| both(call, "intDiv");
    "tupleIntDivOrZero", exact_case, "tupleIntDivOrZero(a, b)", "The whole quotients of the items of two tuples; 0 for division by zero.", [("tupleIntDivOrZero((5, 7), (0, 4))", "(0,1)")], |call| both(call, "intDivOrZero");
    "tupleNegate", exact_case, "tupleNegate(tuple)", "The items of a tuple with the other sign.", [("tupleNegate((1, 2))", "(-1,-2)")], |call| {
        call.count(1..=1)?;
        let items = items_of(call, 0)?.into_iter().map(|item| delegate(call, "negate", vec![item]));
        let items = items.collect::<Result<Vec<_>, _>>()?;
        of_items(call, items)
    };
    "tupleMultiplyByNumber", exact_case, "tupleMultiplyByNumber(tuple, x)", "The items of a tuple times a number.", [("tupleMultiplyByNumber((1, 2), 3)", "(3,6)")], |call| each(call, "multiply");
    "tupleDivideByNumber", exact_case, "tupleDivideByNumber(tuple, x)", "The items of a tuple divided by a number.", [("tupleDivideByNumber((1, 2), 4)", "(0.25,0.5)")], |call| each(call, "divide");
    "tupleModuloByNumber", exact_case, "tupleModuloByNumber(tuple, x)", "The remainders of the items of a tuple by a number.", [("tupleModuloByNumber((5, 7), 3)", "(2,1)")], |call| each(call, "modulo");
    "tupleIntDivByNumber", exact_case, "tupleIntDivByNumber(tuple, x)", "The whole quotients of the items of a tuple by a number.", [("tupleIntDivByNumber((5, 7), 3)", "(1,2)")], |call| each(call, "intDiv");
    "tupleIntDivOrZeroByNumber", exact_case, "tupleIntDivOrZeroByNumber(tuple, x)", "The whole quotients of the items of a tuple by a number; 0 for division by zero.", [("tupleIntDivOrZeroByNumber((5, 7), 0)", "(0,0)")], |call| each(call, "intDivOrZero");
    "tupleHammingDistance", exact_case, "tupleHammingDistance(a, b)", "How many items of two tuples differ.", [("tupleHammingDistance((1, 2, 3), (1, 3, 3))", "1")], |call| {
        let differ = pairs(call)?.into_iter().map(|pair| delegate(call, "notEquals", pair).map(Typed::into_value));
        let differ = differ.collect::<Result<Vec<_>, _>>()?;
        join(call, "plus", differ)
    };
};

fn pairs(call: &Call) -> Result<Vec<Vec<Typed>>, Mismatch> {
    call.count(2..=2)?;
    let (left, right) = (items_of(call, 0)?, items_of(call, 1)?);
    if left.len() != right.len() {
        return Err(call.mismatch(format_args!("needs tuples of one size, not of {} and {}", left.len(), right.len())));
    }
    Ok(left.into_iter().zip(right).map(|(left, right)| vec![left, right]).collect())
}

fn both(call: &Call, function: &str) -> Result<Typed, Mismatch> {
    let items = pairs(call)?.into_iter().map(|pair| delegate(call, function, pair));
    let items = items.collect::<Result<Vec<_>, _>>()?;
    of_items(call, items)
}

fn each(call: &Call, function: &str) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    let items =
        items_of(call, 0)?.into_iter().map(|item| delegate(call, function, vec![item, call.arguments[1].clone()]));
    let items = items.collect::<Result<Vec<_>, _>>()?;
    of_items(call, items)
}

/// What `+ - * /` and their kin are for tuples and arrays; `None` where they are for numbers.
pub(crate) fn of_composites(context: &Context, name: &str, arguments: &[Typed]) -> Option<Result<Typed, Mismatch>> {
    let kind = |index: usize| arguments.get(index).map(|one| one.data_type.bare());
    let call = |name: &str, arguments: &[Typed]| crate::function::call(context, name, arguments.to_vec());
    let reversed = || [arguments[1].clone(), arguments[0].clone()];
    // Beside other types they are text.
    let all = |is: &dyn Fn(&DataType) -> bool| arguments.iter().all(|one| is(one.data_type.bare()));
    match (name, kind(0)?, kind(1)) {
        ("concat", DataType::Array(_), _) if all(&|one| matches!(one, DataType::Array(_))) => {
            Some(call("arrayConcat", arguments))
        }
        ("concat", DataType::Tuple(_), _) if all(&|one| matches!(one, DataType::Tuple(_))) => {
            Some(call("tupleConcat", arguments))
        }
        ("concat", DataType::Map(..), _) if all(&|one| matches!(one, DataType::Map(..))) => {
            Some(call("mapConcat", arguments))
        }
        ("negate", DataType::Tuple(_), None) => Some(call("tupleNegate", arguments)),
        ("plus", DataType::Tuple(_), Some(DataType::Tuple(_))) => Some(call("tuplePlus", arguments)),
        ("minus", DataType::Tuple(_), Some(DataType::Tuple(_))) => Some(call("tupleMinus", arguments)),
        ("multiply", DataType::Tuple(_), Some(DataType::Tuple(_))) => Some(call("dotProduct", arguments)),
        ("multiply", DataType::Tuple(_), Some(number)) if number.is_numeric() => {
            Some(call("tupleMultiplyByNumber", arguments))
        }
        ("multiply", number, Some(DataType::Tuple(_))) if number.is_numeric() => {
            Some(call("tupleMultiplyByNumber", &reversed()))
        }
        ("divide", DataType::Tuple(_), Some(number)) if number.is_numeric() => {
            Some(call("tupleDivideByNumber", arguments))
        }
        ("modulo", DataType::Tuple(_), Some(number)) if number.is_numeric() => {
            Some(call("tupleModuloByNumber", arguments))
        }
        ("plus" | "minus", DataType::Array(_), Some(DataType::Array(_))) => {
            Some(with_lambda(context, "arrayMap", arguments.to_vec(), 2, |items| {
                crate::function::call(context, name, items)
            }))
        }
        ("multiply" | "divide", DataType::Array(_), Some(number)) if number.is_numeric() => {
            Some(with_lambda(context, "arrayMap", arguments[..1].to_vec(), 1, |mut items| {
                items.push(arguments[1].clone());
                crate::function::call(context, name, items)
            }))
        }
        ("multiply", number, Some(DataType::Array(_))) if number.is_numeric() => {
            Some(of_composites(context, name, &reversed())?)
        }
        _ => None,
    }
}
