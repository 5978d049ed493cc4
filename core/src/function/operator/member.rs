//! `IN`: a needle and the elements of the list, as separate arguments.

use super::compare::comparable;
use crate::function::definition::{Call, Function, Mismatch, Nulls};
use crate::function::scalar::delegate;
use crate::function::typed::{Typed, binary};
use crate::value::DataType;
use arrow::array::Array;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{Expr, Operator};
use datafusion::scalar::ScalarValue;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "in",
        syntax: "x IN (a, b, …)",
        summary: "Whether a value is one of a list; elements that are no value of its type never match.",
        examples: &[("2 IN (1, 2)", "1"), ("'c' IN ('a', 'b')", "0"), ("toUInt8(44) IN (300)", "0")],
        nulls: Nulls::Own,
        bind: |call| member(call, false),
        ..Function::DEFAULT
    },
    Function {
        name: "notIn",
        syntax: "x NOT IN (a, b, …)",
        summary: "Whether a value is none of a list.",
        examples: &[("2 NOT IN (1, 2)", "0")],
        nulls: Nulls::Own,
        bind: |call| member(call, true),
        ..Function::DEFAULT
    },
];

/// `nullIn`: a NULL is a member of a list that has one.
pub(crate) const WITH_NULL: &[Function] = &[
    Function {
        name: "nullIn",
        syntax: "nullIn(x, (a, b, …))",
        summary: "Whether a value is one of a list; NULL is one of a list that has NULL.",
        examples: &[("nullIn(2, (1, 2))", "1")],
        nulls: Nulls::Own,
        bind: |call| null_member(call, "in"),
        ..Function::DEFAULT
    },
    Function {
        name: "notNullIn",
        syntax: "notNullIn(x, (a, b, …))",
        summary: "Whether a value is none of a list; NULL is one of a list that has NULL.",
        examples: &[("notNullIn(2, (1, 2))", "0")],
        nulls: Nulls::Own,
        bind: |call| null_member(call, "notIn"),
        ..Function::DEFAULT
    },
];

/// ClickHouse's set keeps no NULL unless `transform_null_in` is set, so a NULL is a member of none.
fn null_member(call: &Call, function: &str) -> Result<Typed, Mismatch> {
    call.count(1..)?;
    let answer = Expr::Literal(ScalarValue::Boolean(Some(function == "notIn")), None);
    if call.arguments[0].is_null() {
        return Ok(Typed::predicate(answer));
    }
    let found = delegate(call, function, call.arguments.clone())?.into_predicate();
    if !found.data_type.is_nullable() {
        return Ok(found);
    }
    let expr =
        if function == "notIn" { Expr::IsNotFalse(Box::new(found.expr)) } else { Expr::IsTrue(Box::new(found.expr)) };
    Ok(Typed::predicate(expr))
}

fn member(call: &Call, negated: bool) -> Result<Typed, Mismatch> {
    call.count(1..)?;
    let needle = call.arguments[0].clone();
    if needle.is_null() {
        return Ok(Typed::null());
    }
    let nullable = needle.data_type.is_nullable();
    let data_type = if nullable { DataType::UInt8.nullable() } else { DataType::UInt8 };
    let elements = elements(&needle, &call.arguments[1..]);
    if let DataType::Tuple(items) = needle.data_type.bare() {
        // `(a, b) IN (1, 2)`: the list is one tuple
        let is_one = elements.iter().all(|one| !matches!(one.data_type.bare(), DataType::Tuple(_)));
        let elements = match is_one && elements.len() == items.len() {
            true => vec![delegate(call, "tuple", elements)?],
            false => elements,
        };
        return tuple_member(call, &needle, &elements, negated);
    }
    let mut list = Vec::with_capacity(elements.len());
    let mut others: Option<Expr> = None;
    for element in elements {
        if element.is_null() {
            continue;
        }
        let element_type = element.data_type.clone();
        let is_text = element.text().is_some() && !needle.data_type.is_string();
        match comparable(needle.clone(), element) {
            Ok((left, right @ Expr::Literal(..))) if left == needle.clone().into_value().expr => list.push(right),
            // A constant that is no value of the needle's type cannot match; anything else is compared.
            Ok((left, right)) => {
                let equal = binary(left, Operator::Eq, right);
                others = Some(match others {
                    Some(others) => binary(others, Operator::Or, equal),
                    None => equal,
                });
            }
            Err(problem) if is_text => {
                return Err(call.mismatch(format_args!("cannot look for {}{problem}", needle.data_type)));
            }
            Err(_) => {
                return Err(call.mismatch(format_args!("cannot look for {} among {element_type}", needle.data_type)));
            }
        }
    }
    let listed = match list.len() {
        0 => None,
        _ => Some(Expr::InList(InList::new(Box::new(needle.into_value().expr), list, false))),
    };
    let found = match (listed, others) {
        (Some(listed), Some(others)) => binary(listed, Operator::Or, others),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => Expr::Literal(ScalarValue::Boolean(Some(false)), None),
    };
    let expr = match (negated, found) {
        (false, found) => found,
        (true, Expr::InList(list)) => Expr::InList(InList { negated: true, ..list }),
        (true, found) => Expr::Not(Box::new(found)),
    };
    Ok(Typed { expr, data_type, is_predicate: true })
}

/// The elements, where a list may also be given as one array or tuple constant.
fn elements(needle: &Typed, arguments: &[Typed]) -> Vec<Typed> {
    let needle_is_list = |data_type: &DataType| {
        std::mem::discriminant(needle.data_type.bare()) == std::mem::discriminant(data_type.bare())
    };
    let mut out = Vec::new();
    for argument in arguments {
        match unpacked(argument) {
            Some(items) if !needle_is_list(&argument.data_type) => out.extend(items),
            _ => out.push(argument.clone()),
        }
    }
    out
}

/// The items of an array constant, or of a tuple.
pub(crate) fn unpacked(typed: &Typed) -> Option<Vec<Typed>> {
    match (typed.data_type.bare(), typed.constant()) {
        (DataType::Array(item), Some(ScalarValue::List(list))) => {
            let values = list.value(0);
            (0..values.len())
                .map(|row| {
                    let value = ScalarValue::try_from_array(&values, row).ok()?;
                    Some(crate::function::literal(value, item.as_ref().clone()))
                })
                .collect()
        }
        (DataType::Tuple(_), _) => tuple_items(typed),
        _ => None,
    }
}

/// The items of a tuple, whether it is a constant or was put together from columns.
pub(crate) fn tuple_items(typed: &Typed) -> Option<Vec<Typed>> {
    let DataType::Tuple(types) = typed.data_type.bare() else { return None };
    let types = types.iter().map(|(_, data_type)| data_type.clone());
    match &typed.expr {
        Expr::Literal(ScalarValue::Struct(tuple), _) => tuple
            .columns()
            .iter()
            .zip(types)
            .map(|(column, data_type)| {
                Some(crate::function::literal(ScalarValue::try_from_array(column, 0).ok()?, data_type))
            })
            .collect(),
        Expr::ScalarFunction(call) if call.func.name() == "tuple" => {
            Some(call.args.iter().cloned().zip(types).map(|(expr, data_type)| Typed::new(expr, data_type)).collect())
        }
        _ => None,
    }
}

/// `(a, b) IN ((1, 2), (3, 4))` is `a = 1 AND b = 2 OR a = 3 AND b = 4`.
fn tuple_member(call: &Call, needle: &Typed, elements: &[Typed], negated: bool) -> Result<Typed, Mismatch> {
    let DataType::Tuple(items) = needle.data_type.bare() else { return Err(call.wrong_type(0)) };
    // `(a, b) IN (1, 2)`: the list is the only element
    let is_one = elements.len() == items.len()
        && items.len() > 1
        && elements.iter().all(|element| !matches!(element.data_type.bare(), DataType::Tuple(_)));
    let together = if is_one { vec![delegate(call, "tuple", elements.to_vec())?] } else { elements.to_vec() };
    let mut any: Option<Typed> = None;
    for element in &together {
        let equal = delegate(call, "equals", vec![needle.clone(), element.clone()])?;
        any = Some(match any {
            Some(any) => delegate(call, "or", vec![any, equal])?,
            None => equal,
        });
    }
    let any = any.ok_or_else(|| call.mismatch("needs a list"))?;
    // a NULL inside a tuple is no value that could be equal
    let any = Typed::predicate(Expr::IsTrue(Box::new(any.into_predicate().expr)));
    if negated { delegate(call, "not", vec![any]) } else { Ok(any) }
}

/// Tuples compare item by item, the first that differs deciding.
pub(super) fn compare_tuples(call: &Call, operator: Operator, left: &Typed, right: &Typed) -> Result<Typed, Mismatch> {
    let items = |tuple: &Typed| crate::function::tuple::separate(call, tuple).unwrap_or_else(|| Ok(Vec::new()));
    let (left, right) = (items(left)?, items(right)?);
    if left.len() != right.len() || left.is_empty() {
        return Err(call.mismatch("cannot compare tuples of different sizes"));
    }
    let each = |name: &str, index: usize| delegate(call, name, vec![left[index].clone(), right[index].clone()]);
    match operator {
        Operator::Eq | Operator::NotEq => {
            let (item, join) = if operator == Operator::Eq { ("equals", "and") } else { ("notEquals", "or") };
            let mut joined = each(item, 0)?;
            for index in 1..left.len() {
                joined = delegate(call, join, vec![joined, each(item, index)?])?;
            }
            Ok(joined)
        }
        _ => {
            let strict = if matches!(operator, Operator::Lt | Operator::LtEq) { "less" } else { "greater" };
            let last = left.len() - 1;
            let mut joined = each(call.function.name, last)?;
            for index in (0..last).rev() {
                let tie = delegate(call, "and", vec![each("equals", index)?, joined])?;
                joined = delegate(call, "or", vec![each(strict, index)?, tie])?;
            }
            Ok(joined)
        }
    }
}
