//! `if`, `multiIf`, `coalesce` and what else looks at NULL.

use super::convert::widen;
use super::definition::{Call, Function, Mismatch, Nulls};
use super::operator;
use super::scalar::{Input, delegate};
use super::typed::Typed;
use crate::value::{DataType, supertype};
use arrow::array::*;
use arrow::buffer::OffsetBuffer;
use arrow::compute;
use arrow::datatypes::DataType as Arrow;
use datafusion::common::Result as EngineResult;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::Case;
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "if",
        case_insensitive: true,
        syntax: "if(condition, then, else)",
        summary: "The second argument where the condition holds, else the third.",
        examples: &[("if(1 > 2, 'a', 'b')", "b"), ("if(NULL, 1, 2)", "2")],
        nulls: Nulls::Own,
        bind: |call| {
            call.count(3..=3)?;
            choose(call)
        },
        ..Function::DEFAULT
    },
    Function {
        name: "multiIf",
        aliases: &["caseWithoutExpression", "caseWithoutExpr"],
        syntax: "multiIf(condition, then, …, else) or CASE WHEN condition THEN then … ELSE else END",
        summary: "The value after the first condition that holds, else the last argument.",
        examples: &[("multiIf(1 > 2, 'a', 2 > 1, 'b', 'c')", "b")],
        nulls: Nulls::Own,
        bind: choose,
        ..Function::DEFAULT
    },
    Function {
        name: "caseWithExpression",
        aliases: &["caseWithExpr"],
        syntax: "CASE x WHEN value THEN then … ELSE else END",
        summary: "The value after the first that equals x, else the last argument.",
        examples: &[("caseWithExpression(2, 1, 'a', 2, 'b', 'c')", "b")],
        nulls: Nulls::Own,
        bind: case_with_expression,
        ..Function::DEFAULT
    },
    Function {
        name: "coalesce",
        case_insensitive: true,
        syntax: "coalesce(a, b, …)",
        summary: "The first argument that is not NULL.",
        examples: &[("coalesce(NULL, 2, 3)", "2"), ("coalesce(NULL, NULL)", "\\N")],
        nulls: Nulls::Own,
        bind: coalesce,
        ..Function::DEFAULT
    },
    Function {
        name: "ifNull",
        case_insensitive: true,
        syntax: "ifNull(x, otherwise)",
        summary: "The first argument, or the second where it is NULL.",
        examples: &[("ifNull(NULL, 'none')", "none"), ("ifNull(1, 2)", "1")],
        nulls: Nulls::Own,
        bind: |call| {
            call.count(2..=2)?;
            coalesce(call)
        },
        ..Function::DEFAULT
    },
    Function {
        name: "nullIf",
        case_insensitive: true,
        syntax: "nullIf(x, y)",
        summary: "NULL where both are equal, else the first argument.",
        examples: &[("nullIf(1, 1)", "\\N"), ("nullIf('a', '')", "a")],
        nulls: Nulls::Own,
        bind: null_if,
        ..Function::DEFAULT
    },
    Function {
        name: "assumeNotNull",
        syntax: "assumeNotNull(x)",
        summary: "The argument as a type without NULL; where it is NULL, the type's default.",
        examples: &[("assumeNotNull(toNullable(5))", "5")],
        nulls: Nulls::Own,
        bind: |call| {
            call.count(1..=1)?;
            let argument = call.arguments[0].clone();
            match argument.data_type.clone() {
                DataType::Nullable(inner) => Ok(match default_of(&inner) {
                    Some(default) => or_literal(argument, default),
                    None => argument,
                }),
                _ => Ok(argument),
            }
        },
        ..Function::DEFAULT
    },
    Function {
        name: "toNullable",
        syntax: "toNullable(x)",
        summary: "The argument as a Nullable type.",
        examples: &[("toTypeName(toNullable(1))", "Nullable(UInt8)")],
        nulls: Nulls::Own,
        bind: |call| {
            call.count(1..=1)?;
            let argument = call.arguments[0].clone();
            Ok(Typed { data_type: argument.data_type.clone().nullable(), ..argument })
        },
        ..Function::DEFAULT
    },
    Function {
        name: "toLowCardinality",
        syntax: "toLowCardinality(x)",
        summary: "The argument as a LowCardinality type.",
        examples: &[("toTypeName(toLowCardinality('a'))", "LowCardinality(String)"), ("toLowCardinality(1)", "1")],
        nulls: Nulls::Own,
        bind: |call| {
            call.count(1..=1)?;
            let argument = call.arguments[0].clone().into_value();
            Ok(Typed { data_type: DataType::LowCardinality(Box::new(argument.data_type)), ..argument })
        },
        ..Function::DEFAULT
    },
    Function {
        name: "transform",
        syntax: "transform(x, from, to[, otherwise])",
        summary: "The item of one constant array that stands where x stands in another; else the last argument, or x.",
        examples: &[
            ("transform(2, [1, 2], ['a', 'b'], 'z')", "b"),
            ("transform(5, [1, 2], ['a', 'b'], 'z')", "z"),
            ("transform(5, [1, 2], [10, 20])", "5"),
            ("transform(NULL, [1], [2], 3)", "3"),
        ],
        nulls: Nulls::Own,
        bind: transform,
        ..Function::DEFAULT
    },
    Function {
        name: "clamp",
        syntax: "clamp(x, least, most)",
        summary: "The value, or the end of a range that it lies beyond.",
        examples: &[("clamp(5, 1, 3)", "3"), ("clamp(2, 1, 3)", "2")],
        bind: |call| {
            call.count(3..=3)?;
            let [value, least, most] = [0, 1, 2].map(|index: usize| call.arguments[index].clone());
            let is_ordered = delegate(call, "lessOrEquals", vec![least.clone(), most.clone()])?;
            if let Some(ScalarValue::Boolean(Some(false))) = is_ordered.into_predicate().constant() {
                return Err(call.mismatch("needs a least value that is not above the most"));
            }
            let above = delegate(call, "greatest", vec![value, least])?;
            delegate(call, "least", vec![above, most])
        },
        ..Function::DEFAULT
    },
    Function {
        name: "firstNonDefault",
        syntax: "firstNonDefault(a, b, …)",
        summary: "The first argument that is not the default of its type, else the last one.",
        examples: &[("firstNonDefault(0, 5, 6)", "5"), ("firstNonDefault('', 'a')", "a")],
        nulls: Nulls::Own,
        bind: |call| {
            let count = call.count(1..)?;
            let mut branches = Vec::with_capacity(count);
            for argument in call.arguments.iter().filter(|argument| *argument.data_type.bare() != DataType::Nothing) {
                let default = default_of(argument.data_type.bare())
                    .ok_or_else(|| call.mismatch(format_args!("knows no default of {}", argument.data_type)))?;
                let default = super::literal(default, argument.data_type.bare().clone());
                let differs = delegate(call, "notEquals", vec![argument.clone(), default])?.into_predicate();
                branches.push((differs, argument.clone()));
            }
            let has_null = branches.len() < count;
            let Some((_, last)) = branches.pop() else { return Ok(Typed::null()) };
            let chosen = case(call, branches, last)?;
            Ok(if has_null { delegate(call, "toNullable", vec![chosen])? } else { chosen })
        },
        ..Function::DEFAULT
    },
    Function {
        name: "toTypeName",
        syntax: "toTypeName(x)",
        summary: "The name of the argument's type.",
        examples: &[("toTypeName(1 + 1)", "UInt16"), ("toTypeName(NULL)", "Nullable(Nothing)")],
        nulls: Nulls::Own,
        keeps_low_cardinality: true,
        bind: |call| {
            call.count(1..=1)?;
            let name = match &call.arguments[0].data_type {
                DataType::Nothing if call.arguments[0].is_null() => "Nullable(Nothing)".to_owned(),
                other => other.to_string(),
            };
            Ok(super::literal(ScalarValue::Utf8View(Some(name)), DataType::String))
        },
        ..Function::DEFAULT
    },
];

/// `condition, value, condition, value, …, otherwise`
fn choose(call: &Call) -> Result<Typed, Mismatch> {
    let count = call.count(3..)?;
    if count % 2 == 0 {
        return Err(call.mismatch("needs a last argument for when no condition holds"));
    }
    let mut branches = Vec::with_capacity(count / 2);
    for index in (0..count - 1).step_by(2) {
        branches.push((operator::condition(call, index)?, call.arguments[index + 1].clone()));
    }
    case(call, branches, call.arguments[count - 1].clone())
}

fn case(call: &Call, branches: Vec<(Typed, Typed)>, otherwise: Typed) -> Result<Typed, Mismatch> {
    let values: Vec<&Typed> = branches.iter().map(|(_, value)| value).chain([&otherwise]).collect();
    let types: Vec<DataType> = values.iter().map(|value| value.data_type.clone()).collect();
    let common = supertype(&types)
        .map_err(|problem| Mismatch { code: "S0207", ..call.mismatch(format_args!("cannot choose: {problem}")) })?;
    let common = if types.iter().any(|one| *one.bare() == DataType::Nothing) { common.nullable() } else { common };
    let predicate = values.iter().all(|value| value.is_predicate);
    let as_common = |value: Typed| if predicate { value.expr } else { widen(value, &common).expr };
    let mut when_then_expr = Vec::with_capacity(branches.len());
    for (condition, value) in branches {
        match condition.constant() {
            Some(ScalarValue::Boolean(Some(true))) => {
                // Nothing after it is ever reached, but all of it has had its say on the type.
                let expr = finish(when_then_expr, as_common(value));
                return Ok(Typed { expr, data_type: common.clone(), is_predicate: predicate });
            }
            Some(_) => continue,
            None => when_then_expr.push((Box::new(condition.expr), Box::new(as_common(value)))),
        }
    }
    let expr = finish(when_then_expr, as_common(otherwise));
    Ok(Typed { expr, data_type: common.clone(), is_predicate: predicate })
}

fn finish(when_then_expr: Vec<(Box<Expr>, Box<Expr>)>, otherwise: Expr) -> Expr {
    if when_then_expr.is_empty() {
        return otherwise;
    }
    Expr::Case(Case { expr: None, when_then_expr, else_expr: Some(Box::new(otherwise)) })
}

fn case_with_expression(call: &Call) -> Result<Typed, Mismatch> {
    let count = call.count(4..)?;
    if count % 2 == 1 {
        return Err(call.mismatch("needs a last argument for when no value equals"));
    }
    let mut branches = Vec::with_capacity(count / 2 - 1);
    for index in (1..count - 1).step_by(2) {
        let equal = delegate(call, "equals", vec![call.arguments[0].clone(), call.arguments[index].clone()])?;
        branches.push((equal.into_predicate(), call.arguments[index + 1].clone()));
    }
    case(call, branches, call.arguments[count - 1].clone())
}

fn transform(call: &Call) -> Result<Typed, Mismatch> {
    let count = call.count(3..=4)?;
    let constant = |index: usize| {
        operator::unpacked(&call.arguments[index])
            .ok_or_else(|| call.mismatch(format_args!("needs a constant array as argument {}", index + 1)))
    };
    let (from, to) = (constant(1)?, constant(2)?);
    if from.len() != to.len() {
        return Err(call.mismatch(format_args!("got arrays of {} and {} items", from.len(), to.len())));
    }
    let value = &call.arguments[0];
    let mut branches = Vec::with_capacity(from.len());
    for (from, to) in from.into_iter().zip(to) {
        let equal = if from.is_null() {
            delegate(call, "isNull", vec![value.clone()])?
        } else {
            delegate(call, "equals", vec![value.clone(), from])?
        };
        branches.push((equal.into_predicate(), to));
    }
    case(call, branches, if count == 4 { call.arguments[3].clone() } else { value.clone() })
}

/// Arguments after one that is never NULL do not count, nor do NULLs.
fn coalesce(call: &Call) -> Result<Typed, Mismatch> {
    call.count(1..)?;
    let mut considered: Vec<Typed> = Vec::new();
    for argument in call.arguments.iter().filter(|argument| *argument.data_type.bare() != DataType::Nothing) {
        considered.push(argument.clone().into_value());
        if !argument.data_type.is_nullable() {
            break;
        }
    }
    let Some(last) = considered.pop() else { return Ok(Typed::null()) };
    let mut types: Vec<DataType> = considered.iter().map(|value| without_null(&value.data_type)).collect();
    types.push(last.data_type.clone());
    let common = supertype(&types)
        .map_err(|problem| Mismatch { code: "S0207", ..call.mismatch(format_args!("cannot choose: {problem}")) })?;
    let mut result = widen(last, &common);
    let nullable = common.clone().nullable();
    for value in considered.into_iter().rev() {
        let value = widen(value, &nullable);
        result = call.kernel_on(first_value, common.clone(), vec![value, result]);
    }
    Ok(result)
}

fn without_null(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Nullable(inner) => inner.as_ref().clone(),
        other => other.clone(),
    }
}

/// The first column, and the second where that is NULL.
fn first_value(input: &Input) -> EngineResult<ArrayRef> {
    let first = input.expanded(0)?;
    if first.null_count() == 0 {
        return Ok(first);
    }
    let present = compute::is_not_null(&first)?;
    let second = &input.columns[1];
    if second.is_constant {
        return Ok(compute::kernels::zip::zip(&present, &first, &Scalar::new(second.array.clone()))?);
    }
    Ok(compute::kernels::zip::zip(&present, &first, &second.array)?)
}

fn null_if(call: &Call) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    let value = call.arguments[0].clone().into_value();
    let result = value.data_type.clone().nullable();
    let equal = delegate(call, "equals", call.arguments.clone())?.into_predicate();
    let null = widen(Typed::null(), &result);
    let branches = vec![(Box::new(equal.expr), Box::new(null.expr))];
    let expr = finish(branches, value.expr);
    Ok(Typed::new(expr, result))
}

/// The value, or `otherwise` where it is NULL, as the value's type without NULL.
pub(crate) fn or_literal(value: Typed, otherwise: ScalarValue) -> Typed {
    let data_type = without_null(&value.data_type);
    let value = Typed { data_type: data_type.clone().nullable(), ..value };
    let function = super::table::find("ifNull").expect("it is in this file");
    let context = super::Context { now_ns: 0 };
    let call = Call { function, name: "ifNull", context: &context, arguments: Vec::new() };
    call.kernel_on(first_value, data_type.clone(), vec![value, super::literal(otherwise, data_type)])
}

/// The value that a column of this type has where nothing was written.
pub fn default_of(data_type: &DataType) -> Option<ScalarValue> {
    ScalarValue::try_from_array(&default_array(data_type)?, 0).ok()
}

/// That value as an array of one row.
pub(crate) fn default_array(data_type: &DataType) -> Option<ArrayRef> {
    let arrow = data_type.to_arrow();
    if data_type.is_nullable() {
        return Some(new_null_array(&arrow, 1));
    }
    Some(match (data_type.bare(), &arrow) {
        // the lowest element: zero may be none
        (DataType::Enum8(names), _) => {
            Arc::new(Int8Array::from_iter_values(names.iter().map(|(_, number)| *number).min()))
        }
        (DataType::Enum16(names), _) => {
            Arc::new(Int16Array::from_iter_values(names.iter().map(|(_, number)| *number).min()))
        }
        (DataType::Array(item), Arrow::List(field)) => {
            let values = new_empty_array(&item.to_arrow());
            Arc::new(ListArray::try_new(field.clone(), OffsetBuffer::from_lengths([0]), values, None).ok()?)
        }
        (DataType::Map(..), Arrow::Map(field, _)) => {
            let entries = new_empty_array(field.data_type());
            let entries = entries.as_struct().clone();
            Arc::new(MapArray::try_new(field.clone(), OffsetBuffer::from_lengths([0]), entries, None, false).ok()?)
        }
        (DataType::Tuple(items), Arrow::Struct(fields)) => {
            let columns = items.iter().map(|(_, item)| default_array(item)).collect::<Option<Vec<_>>>()?;
            match columns.is_empty() {
                true => Arc::new(StructArray::new_empty_fields(1, None)),
                false => Arc::new(StructArray::try_new(fields.clone(), columns, None).ok()?),
            }
        }
        (_, arrow) => ScalarValue::new_default(arrow).ok()?.to_array().ok()?,
    })
}
