//! `accurateCast`: a conversion that changes no value, and what depends on types alone.

use super::cast::{OnError, cast_array, is_possible};
use super::functions::typed_default;
use super::wide::{float_of, is_wide, wide};
use crate::function::conditional::default_of;
use crate::function::definition::{Call, Function, Mismatch, Nulls};
use crate::function::fault::{Fault, fault};
use crate::function::scalar::{Input, delegate};
use crate::function::typed::{Typed, literal};
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute;
use arrow::datatypes::DataType as Arrow;
use datafusion::common::Result as EngineResult;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "accurateCast",
        syntax: "accurateCast(x, 'T')",
        summary: "Converts a value to the type T; fails if a number would change.",
        examples: &[("accurateCast(5, 'Int8')", "5")],
        nulls: Nulls::Own,
        bind: |call| {
            let to = target(call, 2)?;
            let argument = checked(call, call.arguments[0].clone(), &to)?;
            if *argument.data_type.bare() == DataType::Nothing {
                return super::cast(argument, &to);
            }
            let to = if argument.data_type.is_nullable() { to.nullable() } else { to };
            Ok(call.kernel_on(|input| accurate(input, OnError::Fail), to, vec![argument]))
        },
        ..Function::DEFAULT
    },
    Function {
        name: "accurateCastOrNull",
        syntax: "accurateCastOrNull(x, 'T')",
        summary: "Converts a value to the type T; NULL if it is none or a number would change.",
        examples: &[("accurateCastOrNull(300, 'UInt8')", "\\N"), ("accurateCastOrNull('7', 'UInt8')", "7")],
        nulls: Nulls::Own,
        bind: |call| {
            let to = target(call, 2)?;
            or_null(call, call.arguments[0].clone(), &to)
        },
        ..Function::DEFAULT
    },
    Function {
        name: "accurateCastOrDefault",
        syntax: "accurateCastOrDefault(x, 'T'[, otherwise])",
        summary: "Converts a value to the type T; the last argument, or the type's default, if it is none.",
        examples: &[
            ("accurateCastOrDefault(300, 'UInt8')", "0"),
            ("accurateCastOrDefault('x', 'Int8', toInt8(5))", "5"),
        ],
        nulls: Nulls::Own,
        bind: |call| {
            let to = target(call, 3)?;
            let otherwise = match call.arguments.get(2) {
                Some(otherwise) => super::cast(otherwise.clone(), &to)?,
                None => typed_default(&to).ok_or_else(|| call.mismatch(format_args!("knows no default of {to}")))?,
            };
            let converted = or_null(call, call.arguments[0].clone(), &to)?;
            if *converted.data_type.bare() == DataType::Nothing {
                return Ok(otherwise);
            }
            delegate(call, "ifNull", vec![converted, otherwise])
        },
        ..Function::DEFAULT
    },
    Function {
        name: "defaultValueOfTypeName",
        syntax: "defaultValueOfTypeName('T')",
        summary: "The value that a column of the type T has where nothing was written.",
        examples: &[("defaultValueOfTypeName('Int8')", "0"), ("defaultValueOfTypeName('Nullable(Int8)')", "\\N")],
        bind: |call| {
            call.count(1..=1)?;
            let to = DataType::parse(call.constant_text(0)?).map_err(|error| call.mismatch(error))?;
            default_value(call, to)
        },
        ..Function::DEFAULT
    },
    Function {
        name: "defaultValueOfArgumentType",
        syntax: "defaultValueOfArgumentType(x)",
        summary: "The value that a column of the argument's type has where nothing was written.",
        examples: &[("defaultValueOfArgumentType('a')", ""), ("defaultValueOfArgumentType(5)", "0")],
        nulls: Nulls::Own,
        bind: |call| {
            call.count(1..=1)?;
            default_value(call, call.arguments[0].data_type.clone())
        },
        ..Function::DEFAULT
    },
];

fn default_value(call: &Call, of: DataType) -> Result<Typed, Mismatch> {
    if *of.bare() == DataType::Nothing {
        return Ok(Typed::null());
    }
    if of == DataType::Date32 {
        return typed_default(&of).ok_or_else(|| call.mismatch("knows no default"));
    }
    let value = default_of(&of);
    let value = value.ok_or_else(|| call.mismatch(format_args!("knows no default of {of}")))?;
    Ok(literal(value, of))
}

fn target(call: &Call, most: usize) -> Result<DataType, Mismatch> {
    call.count(2..=most)?;
    DataType::parse(call.constant_text(1)?).map_err(|error| call.mismatch(format_args!("got a wrong type: {error}")))
}

fn checked(call: &Call, argument: Typed, to: &DataType) -> Result<Typed, Mismatch> {
    let argument = argument.into_value();
    if is_possible(argument.data_type.bare(), to.bare()) {
        return Ok(argument);
    }
    Err(call.mismatch(format_args!("cannot convert {} to {to}", argument.data_type)))
}

/// The value as `to`, or NULL where it is none.
pub(super) fn or_null(call: &Call, argument: Typed, to: &DataType) -> Result<Typed, Mismatch> {
    let argument = checked(call, argument, to)?;
    let nullable = to.clone().nullable();
    if *argument.data_type.bare() == DataType::Nothing {
        return Ok(super::widen(argument, &nullable));
    }
    Ok(call.kernel_on(|input| accurate(input, OnError::Null), nullable, vec![argument]))
}

/// A conversion between numbers counts only if it is the same number afterwards.
fn accurate(input: &Input, on_error: OnError) -> EngineResult<ArrayRef> {
    let array = &input.columns[0].array;
    let (from, to) = (input.types[0].bare(), input.result.bare());
    let both_numbers = from.is_numeric() && to.is_numeric() && !matches!(to, DataType::Bool);
    if !both_numbers {
        return cast_array(array, from, to, on_error);
    }
    let converted = cast_array(array, from, to, OnError::Null)?;
    let same = same_numbers(array, from, &converted, to)?;
    if on_error == OnError::Fail
        && same
            .iter()
            .zip(array.nulls().map_or(NullBuffer::new_valid(array.len()), Clone::clone).iter())
            .any(|(same, valid)| valid && !same)
    {
        return fault(Fault::CannotConvert, format!("a value of {from} cannot be converted to {to} without a change"));
    }
    let nulls = NullBuffer::union(array.nulls(), Some(&NullBuffer::new(same)));
    let nulls = NullBuffer::union(nulls.as_ref(), converted.nulls());
    let data = converted.to_data().into_builder().nulls(nulls).build()?;
    Ok(make_array(data))
}

fn same_numbers(left: &ArrayRef, from: &DataType, right: &ArrayRef, to: &DataType) -> EngineResult<BooleanBuffer> {
    let has_decimal = matches!(from, DataType::Decimal { .. }) || matches!(to, DataType::Decimal { .. });
    if from.is_float() || to.is_float() || has_decimal {
        let floats = |array: &ArrayRef, data_type: &DataType| -> EngineResult<Vec<f64>> {
            if is_wide(data_type) && data_type.is_integer() {
                return Ok(wide(array)?.values().iter().map(|value| float_of(*value, data_type)).collect());
            }
            let array = compute::cast(array, &Arrow::Float64)?;
            Ok(array.as_primitive::<arrow::datatypes::Float64Type>().values().to_vec())
        };
        let (left, right) = (floats(left, from)?, floats(right, to)?);
        // digits beyond those of a narrow float or a decimal are no change
        let loses = *to == DataType::Float32 || has_decimal;
        let same = |index: usize| loses || left[index] == right[index] || left[index].is_nan() && right[index].is_nan();
        return Ok(BooleanBuffer::collect_bool(left.len(), same));
    }
    let whole = |array: &ArrayRef, data_type: &DataType| {
        let array = if *data_type == DataType::Bool { compute::cast(array, &Arrow::UInt8)? } else { array.clone() };
        wide(&array)
    };
    let (values, results) = (whole(left, from)?, whole(right, to)?);
    // of 256 bits, those of an unsigned number look negative
    let signs = |value: arrow::datatypes::i256| {
        !(value.is_negative() && (*from == DataType::UInt256) != (*to == DataType::UInt256))
    };
    let same = |index: usize| values.value(index) == results.value(index) && signs(values.value(index));
    Ok(BooleanBuffer::collect_bool(values.len(), same))
}
