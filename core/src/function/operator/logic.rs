//! `and`, `or`, `not`, `xor`, `isNull`, `isNotNull`: three-valued logic, on Arrow booleans.

use super::compare::comparable;
use crate::function::definition::{Call, Function, Mismatch, Nulls};
use crate::function::scalar::delegate;
use crate::function::typed::{Typed, binary};
use crate::value::DataType;
use datafusion::logical_expr::{Expr, Operator};
use datafusion::scalar::ScalarValue;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "and",
        case_insensitive: true,
        syntax: "a AND b",
        summary: "Holds if all arguments hold; `0 AND NULL` is 0.",
        examples: &[("1 AND 0", "0"), ("NULL AND 0", "0"), ("NULL AND 1", "\\N")],
        nulls: Nulls::Own,
        bind: |call| connect(call, Operator::And),
        ..Function::DEFAULT
    },
    Function {
        name: "or",
        case_insensitive: true,
        syntax: "a OR b",
        summary: "Holds if any argument holds; `1 OR NULL` is 1.",
        examples: &[("0 OR 5", "1"), ("NULL OR 1", "1"), ("NULL OR 0", "\\N")],
        nulls: Nulls::Own,
        bind: |call| connect(call, Operator::Or),
        ..Function::DEFAULT
    },
    Function {
        name: "xor",
        case_insensitive: true,
        syntax: "xor(a, b)",
        summary: "Holds if exactly one of two arguments holds.",
        examples: &[("xor(1, 0)", "1"), ("xor(1, 2)", "0")],
        bind: |call| connect(call, Operator::NotEq),
        ..Function::DEFAULT
    },
    Function {
        name: "not",
        case_insensitive: true,
        syntax: "NOT a",
        summary: "Holds if the argument does not.",
        examples: &[("NOT 0", "1"), ("NOT 2", "0"), ("NOT NULL", "\\N")],
        bind: |call| {
            call.count(1..=1)?;
            let is_bool = *call.bare(0) == DataType::Bool;
            let condition = condition(call, 0)?;
            let data_type = if is_bool { DataType::Bool } else { condition.data_type };
            Ok(Typed { expr: Expr::Not(Box::new(condition.expr)), data_type, is_predicate: !is_bool })
        },
        ..Function::DEFAULT
    },
    Function {
        name: "isNull",
        case_insensitive: true,
        syntax: "x IS NULL",
        summary: "Whether the argument is NULL.",
        examples: &[("isNull(NULL)", "1"), ("isNull(0)", "0")],
        nulls: Nulls::Own,
        bind: |call| null_check(call, true),
        ..Function::DEFAULT
    },
    Function {
        name: "isZeroOrNull",
        syntax: "isZeroOrNull(x)",
        summary: "Whether the argument is 0 or NULL.",
        examples: &[("isZeroOrNull(NULL)", "1"), ("isZeroOrNull(0)", "1"), ("isZeroOrNull(5)", "0")],
        nulls: Nulls::Own,
        bind: |call| {
            call.count(1..=1)?;
            let holds = condition(call, 0)?;
            Ok(Typed::predicate(Expr::IsNotTrue(Box::new(holds.expr))))
        },
        ..Function::DEFAULT
    },
    Function {
        name: "isDistinctFrom",
        syntax: "a IS DISTINCT FROM b",
        summary: "Whether two values differ, NULL being a value.",
        examples: &[("isDistinctFrom(1, NULL)", "1"), ("isDistinctFrom(NULL, NULL)", "0")],
        nulls: Nulls::Own,
        bind: |call| distinct(call, Operator::IsDistinctFrom),
        ..Function::DEFAULT
    },
    Function {
        name: "isNotDistinctFrom",
        syntax: "a <=> b",
        summary: "Whether two values are equal, NULL being a value.",
        examples: &[("isNotDistinctFrom(NULL, NULL)", "1"), ("isNotDistinctFrom(1, NULL)", "0")],
        nulls: Nulls::Own,
        bind: |call| distinct(call, Operator::IsNotDistinctFrom),
        ..Function::DEFAULT
    },
    Function {
        name: "isNotNull",
        case_insensitive: true,
        syntax: "x IS NOT NULL",
        summary: "Whether the argument is a value.",
        examples: &[("isNotNull(NULL)", "0"), ("isNotNull(0)", "1")],
        nulls: Nulls::Own,
        bind: |call| null_check(call, false),
        ..Function::DEFAULT
    },
];

/// An argument as a condition; only numbers are.
pub(crate) fn condition(call: &Call, index: usize) -> Result<Typed, Mismatch> {
    let argument = &call.arguments[index];
    if argument.data_type.is_numeric() || *argument.data_type.bare() == DataType::Nothing {
        return Ok(argument.clone().into_predicate());
    }
    Err(call.wrong_type(index))
}

fn connect(call: &Call, operator: Operator) -> Result<Typed, Mismatch> {
    call.count(2..)?;
    let mut nullable = false;
    let mut is_bool = false;
    let mut joined: Option<Expr> = None;
    for index in 0..call.arguments.len() {
        is_bool |= *call.bare(index) == DataType::Bool;
        let condition = condition(call, index)?;
        nullable |= call.arguments[index].data_type.is_nullable();
        joined = Some(match joined {
            Some(left) => binary(left, operator, condition.expr),
            None => condition.expr,
        });
    }
    let data_type = if is_bool { DataType::Bool } else { DataType::UInt8 };
    let data_type = if nullable { data_type.nullable() } else { data_type };
    Ok(Typed { expr: joined.expect("there are two arguments at least"), data_type, is_predicate: !is_bool })
}

fn distinct(call: &Call, operator: Operator) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    let (left, right) = (call.arguments[0].clone(), call.arguments[1].clone());
    let is_equal = operator == Operator::IsNotDistinctFrom;
    match (left.is_null(), right.is_null()) {
        (true, true) => return Ok(Typed::predicate(Expr::Literal(ScalarValue::Boolean(Some(is_equal)), None))),
        (true, false) => return delegate(call, if is_equal { "isNull" } else { "isNotNull" }, vec![right]),
        (false, true) => return delegate(call, if is_equal { "isNull" } else { "isNotNull" }, vec![left]),
        _ => {}
    }
    let (left, right) = comparable(left, right)
        .map_err(|problem| call.mismatch(format_args!("cannot compare its arguments{problem}")))?;
    Ok(Typed::predicate(binary(left, operator, right)))
}

fn null_check(call: &Call, is_null: bool) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    let argument = &call.arguments[0];
    if !argument.data_type.is_nullable() {
        return Ok(Typed::predicate(Expr::Literal(ScalarValue::Boolean(Some(!is_null)), None)));
    }
    let expr = Box::new(argument.expr.clone());
    Ok(Typed::predicate(if is_null { Expr::IsNull(expr) } else { Expr::IsNotNull(expr) }))
}
