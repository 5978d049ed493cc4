//! Conversions: `CAST`, `toString`, `toUInt32OrNull` and the lossless widening that binding does by itself.

mod accurate;
mod cast;
mod decimal;
mod functions;
mod nested;
mod number;
mod reinterpret;
mod text;
mod time;
mod wide;

pub(crate) use cast::{OnError, cast_array};
pub(crate) use decimal::{finish as finish_decimal, holds as decimal_holds, power_of_ten};
pub(crate) use number::{bits, narrow};
pub(crate) use reinterpret::width as byte_width;
pub(crate) use text::{write_float, writer};
pub(crate) use time::{from_ticks, ticks, unit_digits};
pub(crate) use wide::{cut, from_float as whole, is_wide, wide, wide128};

pub(crate) const FUNCTIONS: &[&[Function]] =
    &[functions::CAST_ENTRIES, functions::FUNCTIONS, functions::PLAIN, accurate::FUNCTIONS, reinterpret::FUNCTIONS];

use super::definition::{Context, Function, Mismatch, Nulls};
use super::fault;
use super::scalar::{self, Input};
use super::typed::{Typed, arrow_cast};
use crate::value::DataType;
use arrow::array::{Array, ArrayRef};
use datafusion::common::Result as EngineResult;
use datafusion::logical_expr::Expr;
use datafusion::scalar::ScalarValue;

/// `CAST(typed AS to)`.
pub fn cast(typed: Typed, to: &DataType) -> Result<Typed, Mismatch> {
    let from = typed.data_type.clone();
    if *from.bare() == DataType::Nothing {
        if !to.is_nullable() {
            return Err(Mismatch::new(format!("cannot convert NULL to {to}")));
        }
        return Ok(widen(typed, to));
    }
    if is_widening(&from, to) && (to.is_nullable() || !from.is_nullable()) {
        return Ok(widen(typed, to));
    }
    if !cast::is_possible(from.bare(), to.bare()) {
        return Err(impossible(&from, to));
    }
    let context = Context { now_ns: 0 };
    let all_constant = typed.constant().is_some();
    let call = super::definition::Call { function: &CAST, name: "CAST", context: &context, arguments: vec![typed] };
    let reads_text = from.is_string() && to.is_nullable();
    let bound = call.kernel(if reads_text { read_kernel } else { cast_kernel }, to.clone());
    Ok(if all_constant { scalar::fold(bound) } else { bound })
}

/// There is no such conversion; ClickHouse has several names for it.
pub(crate) fn impossible(from: &DataType, to: &DataType) -> Mismatch {
    const TYPE_MISMATCH: u16 = 53;
    const ILLEGAL_COLUMN: u16 = 44;
    const NOT_IMPLEMENTED: u16 = 48;
    const CANNOT_CONVERT_TYPE: u16 = 70;
    let is_nested = |one: &DataType| matches!(one, DataType::Array(_) | DataType::Tuple(_) | DataType::Map(..));
    let exception = match (from.bare(), to.bare()) {
        (_, to) if is_nested(to) => Some(TYPE_MISMATCH),
        (_, DataType::FixedString(_)) => Some(NOT_IMPLEMENTED),
        (from, _) if is_nested(from) => None,
        (DataType::Decimal { .. }, _) => Some(ILLEGAL_COLUMN),
        (from, DataType::Decimal { .. }) if from.is_date_or_time() => Some(ILLEGAL_COLUMN),
        (_, DataType::Decimal { .. } | DataType::DateTime64(..)) => Some(CANNOT_CONVERT_TYPE),
        _ => Some(NOT_IMPLEMENTED),
    };
    Mismatch { exception, ..Mismatch::new(format!("cannot convert {from} to {to}")) }
}

/// The value as a type that holds it without loss ([`crate::value::supertype`]).
pub fn widen(typed: Typed, to: &DataType) -> Typed {
    let typed = typed.into_value();
    let (from, arrow) = (typed.data_type.to_arrow(), to.to_arrow());
    if *typed.data_type.bare() == DataType::Nothing {
        let expr = match ScalarValue::try_from(&arrow) {
            Ok(null) => Expr::Literal(null, None),
            Err(_) => arrow_cast(typed.expr, &arrow),
        };
        return Typed::new(expr, to.clone());
    }
    if from == arrow && same_meaning(typed.data_type.bare(), to.bare()) {
        return Typed::new(typed.expr, to.clone());
    }
    if is_arrow_cast(typed.data_type.bare(), to.bare()) {
        return Typed::new(arrow_cast(typed.expr, &arrow), to.clone());
    }
    let all_constant = typed.constant().is_some();
    let context = Context { now_ns: 0 };
    let target = if typed.data_type.is_nullable() { to.clone().nullable() } else { to.clone() };
    let call = super::definition::Call { function: &CAST, name: "CAST", context: &context, arguments: vec![typed] };
    let bound = Typed { data_type: to.clone(), ..call.kernel(cast_kernel, target) };
    if all_constant { scalar::fold(bound) } else { bound }
}

/// Equal memory is equal meaning, but for these.
fn same_meaning(from: &DataType, to: &DataType) -> bool {
    match (from, to) {
        (DataType::Enum8(from), DataType::Enum8(to)) => from == to,
        (DataType::Enum16(from), DataType::Enum16(to)) => from == to,
        (DataType::Enum8(_) | DataType::Enum16(_), _) | (_, DataType::Enum8(_) | DataType::Enum16(_)) => false,
        (DataType::DateTime64(from, _), DataType::DateTime64(to, _)) => from <= to,
        (DataType::DateTime64(..), DataType::DateTime(_)) => false,
        (DataType::Array(from), DataType::Array(to)) => same_meaning(from.bare(), to.bare()),
        (DataType::Date32, DataType::Date) => false,
        (DataType::Json | DataType::Dynamic, to) => from == to,
        (_, DataType::Json | DataType::Dynamic) => false,
        // one width of memory, but what it holds differs
        (from, to) if wide::is_wide(from) || wide::is_wide(to) => from == to,
        (DataType::Decimal { .. }, _) | (_, DataType::Decimal { .. }) => from == to,
        (DataType::Interval(_), _) | (_, DataType::Interval(_)) => from == to,
        (DataType::IPv4, _) | (_, DataType::IPv4) => from == to,
        (DataType::FixedString(_) | DataType::Uuid | DataType::IPv6, _) => from == to,
        _ => true,
    }
}

/// Arrow's cast does what ClickHouse's does, without loss and without error.
fn is_arrow_cast(from: &DataType, to: &DataType) -> bool {
    use DataType::*;
    match (from, to) {
        (Bool, _) => to.is_integer() && *to != Bool && to.integer_bits() <= Some(64),
        (from, Float64) => from.is_float() || from.integer_bits().is_some_and(|bits| bits <= 64),
        (from, Float32) => from.is_integer() && from.integer_bits() <= Some(16),
        (DateTime(_), DateTime64(..)) => true,
        (DateTime64(from, _), DateTime64(to, _)) => from <= to,
        (Array(from), Array(to)) => {
            from.to_arrow() == to.to_arrow() && same_meaning(from.bare(), to.bare())
                || is_arrow_cast(from.bare(), to.bare())
        }
        (from, to) if from.is_integer() && to.is_integer() && *to != Bool => holds(from, to),
        _ => false,
    }
}

fn holds(from: &DataType, to: &DataType) -> bool {
    let (Some(from_bits), Some(to_bits)) = (from.integer_bits(), to.integer_bits()) else { return false };
    if from_bits > 64 || to_bits > 64 {
        return false;
    }
    match (from.is_signed_integer(), to.is_signed_integer()) {
        (false, true) => from_bits < to_bits,
        (true, false) => false,
        _ => from_bits <= to_bits,
    }
}

/// No value is lost and no row can fail, so that `widen` may do it.
pub(crate) fn is_widening(from: &DataType, to: &DataType) -> bool {
    let (from, to) = (from.bare(), to.bare());
    (from.to_arrow() == to.to_arrow() && same_meaning(from, to)) || is_arrow_cast(from, to)
}

pub(crate) static CAST: Function = Function {
    name: "CAST",
    aliases: &["_CAST"],
    case_insensitive: true,
    syntax: "CAST(x AS T), CAST(x, 'T') or x::T",
    summary: "Converts a value to the type T; fails if it cannot.",
    examples: &[("CAST('2024-01-01', 'DateTime')", "2024-01-01 00:00:00"), ("CAST(1.9, 'Int32')", "1")],
    nulls: Nulls::Own,
    keeps_low_cardinality: true,
    bind: |call| {
        call.count(2..=2)?;
        let to = call.constant_text(1)?;
        let to = DataType::parse(to).map_err(|error| call.mismatch(format_args!("got a wrong type: {error}")))?;
        cast(call.arguments[0].clone(), &to)
    },
    ..Function::DEFAULT
};

/// All bytes of a FixedString as text.
pub(crate) fn raw_text(input: &Input) -> EngineResult<ArrayRef> {
    cast_array(&input.columns[0].array, &input.types[0], &DataType::String, OnError::Fail)
}

/// [`cast_array`], as `CAST` and `toString` do it: a FixedString becomes text without the zeros at its end.
fn cast_text(array: &ArrayRef, from: &DataType, to: &DataType, on_error: OnError) -> EngineResult<ArrayRef> {
    let converted = cast_array(array, from, to, on_error)?;
    Ok(match (from.bare(), to.bare()) {
        (DataType::FixedString(_), DataType::String) => text::without_zeros(&converted),
        _ => converted,
    })
}

/// Text that is no value of a nullable type is NULL.
fn read_kernel(input: &Input) -> EngineResult<ArrayRef> {
    cast_text(&input.columns[0].array, &input.types[0], input.result, OnError::Null)
}

fn cast_kernel(input: &Input) -> EngineResult<ArrayRef> {
    let column = &input.columns[0];
    let (from, to) = (&input.types[0], input.result);
    if *from == DataType::Dynamic && !to.is_nullable() {
        // what is NULL there becomes the type's default
        let values = cast_array(&column.array, from, to, OnError::Fail)?;
        return super::dynamic::without_nulls(values, to);
    }
    if from.is_nullable() && !to.is_nullable() && column.array.null_count() > 0 {
        return fault::fault(
            fault::Fault::NullWhereNoneMayBe,
            format!("cannot convert NULL value to the non-Nullable type {to}"),
        );
    }
    cast_text(&column.array, from, to, OnError::Fail)
}
