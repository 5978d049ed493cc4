//! `count`, `sum`, `min`, `max`, `avg`: the engine's own functions with ClickHouse's types and defaults.

use super::{Aggregate, Binding, Bound};
use crate::function::conditional::default_of;
use crate::function::convert::cast;
use crate::function::definition::Mismatch;
use crate::value::DataType;
use datafusion::functions_aggregate::{average, count, min_max, sum};
use datafusion::logical_expr::{AggregateUDF, Expr};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

pub(crate) const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        name: "count",
        case_insensitive: true,
        syntax: "count() or count(x)",
        summary: "The number of rows, or of those where x is not NULL.",
        examples: &[("count()", "4"), ("count(nullIf(x, 1))", "3")],
        bind: bind_count,
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "sum",
        case_insensitive: true,
        syntax: "sum(x)",
        summary: "The sum, as UInt64, Int64, Float64 or Decimal; integers wrap, and of no rows it is 0.",
        examples: &[("sum(x)", "10"), ("sumIf(x, x > 2)", "7"), ("sumIf(x, 0)", "0")],
        bind: |binding| bind_sum(binding, false),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "sumDistinct",
        syntax: "sum(DISTINCT x)",
        summary: "The sum of distinct values.",
        examples: &[("sumDistinct(x % 2)", "1")],
        bind: |binding| bind_sum(binding, true),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "min",
        case_insensitive: true,
        syntax: "min(x)",
        summary: "The smallest value; of no rows, the type's default.",
        examples: &[("min(x)", "1"), ("min(toString(x))", "1")],
        bind: |binding| bind_extreme(binding, min_max::min_udaf()),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "max",
        case_insensitive: true,
        syntax: "max(x)",
        summary: "The largest value; of no rows, the type's default.",
        examples: &[("max(x)", "4")],
        bind: |binding| bind_extreme(binding, min_max::max_udaf()),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "avg",
        case_insensitive: true,
        syntax: "avg(x)",
        summary: "The mean, as Float64; of no rows it is nan.",
        examples: &[("avg(x)", "2.5"), ("avgIf(x, 0)", "nan")],
        bind: |binding| bind_avg(binding, false),
        ..Aggregate::DEFAULT
    },
    Aggregate {
        name: "avgDistinct",
        syntax: "avg(DISTINCT x)",
        summary: "The mean of distinct values.",
        examples: &[("avgDistinct(x % 2)", "0.5")],
        bind: |binding| bind_avg(binding, true),
        ..Aggregate::DEFAULT
    },
];

fn bind_count(binding: &Binding) -> Result<Bound, Mismatch> {
    binding.count(0..=1)?;
    let argument = match binding.arguments.first() {
        Some(argument) if argument.data_type.is_nullable() => argument.expr.clone(),
        _ => Expr::Literal(ScalarValue::Int64(Some(1)), None),
    };
    Ok(Bound {
        udaf: count::count_udaf(),
        arguments: vec![argument],
        result: DataType::UInt64,
        differs: true,
        empty: None,
        distinct: false,
    })
}

fn summed(data_type: &DataType) -> Option<DataType> {
    Some(match data_type {
        one if one.is_float() => DataType::Float64,
        one if one.integer_bits() > Some(64) => return None,
        one if one.is_unsigned_integer() => DataType::UInt64,
        one if one.is_signed_integer() => DataType::Int64,
        DataType::Decimal { precision, scale } => {
            DataType::Decimal { precision: if *precision <= 38 { 38 } else { 76 }, scale: *scale }
        }
        _ => return None,
    })
}

fn bind_sum(binding: &Binding, distinct: bool) -> Result<Bound, Mismatch> {
    binding.count(1..=1)?;
    let result = summed(binding.bare(0)).ok_or_else(|| binding.wrong_type(0))?;
    numeric(binding, sum::sum_udaf(), result.clone(), default_of(&result), distinct)
}

fn bind_avg(binding: &Binding, distinct: bool) -> Result<Bound, Mismatch> {
    binding.count(1..=1)?;
    if !binding.bare(0).is_numeric() {
        return Err(binding.wrong_type(0));
    }
    let nothing = ScalarValue::Float64(Some(f64::NAN));
    numeric(binding, average::avg_udaf(), DataType::Float64, Some(nothing), distinct)
}

/// A function of one number, whose argument has the result's type.
fn numeric(
    binding: &Binding,
    udaf: Arc<AggregateUDF>,
    result: DataType,
    empty: Option<ScalarValue>,
    distinct: bool,
) -> Result<Bound, Mismatch> {
    let nullable = binding.is_nullable();
    let result = if nullable { result.nullable() } else { result };
    let argument = cast(binding.arguments[0].clone(), &result)?;
    let empty = empty.filter(|_| !nullable);
    Ok(Bound { udaf, arguments: vec![argument.expr], result, differs: false, empty, distinct })
}

fn bind_extreme(binding: &Binding, udaf: Arc<AggregateUDF>) -> Result<Bound, Mismatch> {
    binding.count(1..=1)?;
    let argument = binding.arguments[0].clone();
    if matches!(argument.data_type.bare(), DataType::Map(..) | DataType::AggregateFunction(_)) {
        return Err(binding.wrong_type(0));
    }
    let result = argument.data_type.clone();
    let empty = if result.is_nullable() { None } else { default_of(&result) };
    Ok(Bound { udaf, arguments: vec![argument.expr], result, differs: false, empty, distinct: false })
}
