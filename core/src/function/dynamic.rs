//! `JSON` columns, their subcolumns, and the `Dynamic` values that are found there.
//!
//! A Dynamic value is the JSON text of it ([`crate::value::json`]). ClickHouse runs a function once for each type
//! that it finds among the values, and has no result type before it does. Here a Dynamic argument becomes the type
//! that the function is about: the other side's in a comparison, a number in arithmetic, an array in functions of
//! arrays, and text anywhere else. What cannot be read as that type is NULL.

mod column;
mod convert;

pub(crate) use column::FUNCTIONS;
pub(crate) use column::item_at;
pub(crate) use convert::{from_dynamic, json_text, to_dynamic, without_nulls, write_dynamic, write_json, write_object};

use super::definition::{Context, Mismatch};
use super::typed::Typed;
use crate::value::DataType;

/// Functions that look at Dynamic values themselves.
const OWN: &[&str] = &[
    "toTypeName",
    "isNull",
    "isNotNull",
    "dynamicType",
    "dynamicElement",
    "tuple",
    "array",
    "map",
    "coalesce",
    "ifNull",
    "if",
    "multiIf",
    "CAST",
    "getSubcolumn",
    "tupleElement",
    "arrayElement",
    "toJSONString",
    "toString",
    "nullIf",
    "assumeNotNull",
    "empty",
    "notEmpty",
    "length",
    "toNullable",
    "materialize",
    "identity",
    "caseWithExpression",
    "JSONAllPaths",
];

/// A call with Dynamic arguments; `None` if there are none, or if they are the function's own matter.
pub(crate) fn of_dynamic(
    context: &Context,
    name: &str,
    family: &str,
    arguments: &[Typed],
) -> Option<Result<Typed, Mismatch>> {
    let is_dynamic = |one: &Typed| *one.data_type.bare() == DataType::Dynamic;
    if !arguments.iter().any(is_dynamic) {
        return None;
    }
    if let "toString" | "length" | "empty" | "notEmpty" = name {
        return column::of_value(context, name, arguments);
    }
    if OWN.contains(&name) {
        return None;
    }
    let other = arguments.iter().find(|one| !is_dynamic(one)).map(|one| one.data_type.bare().clone());
    let target = match (family, name) {
        (_, "equals" | "notEquals" | "less" | "greater" | "lessOrEquals" | "greaterOrEquals" | "in" | "notIn") => {
            match other {
                // integers of any size compare with any number
                Some(other) if other.is_numeric() && other != DataType::Bool => DataType::Float64,
                Some(other) if !matches!(other, DataType::Nothing | DataType::Tuple(_)) => other,
                _ => DataType::String,
            }
        }
        (_, "and" | "or" | "not" | "xor") => DataType::Bool,
        (_, "like" | "notLike" | "ilike" | "notILike" | "match") => DataType::String,
        ("Operators" | "Numbers", _) => DataType::Float64,
        ("Arrays", _) => DataType::String.nullable().array(),
        _ => DataType::String,
    };
    let converted = arguments.iter().map(|one| match is_dynamic(one) {
        true => column::read_as(context, one.clone(), &target),
        false => Ok(one.clone()),
    });
    let converted = match converted.collect::<Result<Vec<_>, _>>() {
        Ok(converted) => converted,
        Err(problem) => return Some(Err(problem)),
    };
    let called = super::call(context, name, converted);
    // conversions of NULL give the type's default
    let converts = family == "Conversions" && !name.ends_with("OrNull");
    Some(match called {
        Ok(value) if converts && value.data_type.is_nullable() => super::call(context, "assumeNotNull", vec![value]),
        other => other,
    })
}
