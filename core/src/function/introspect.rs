//! What is about the value and not of it: `identity`, `materialize`, `byteSize`, `throwIf`, and names of the server.

use super::conditional::default_of;
use super::convert::byte_width;
use super::definition::{Call, Function, Mismatch, Nulls, family};
use super::scalar::{Input, delegate};
use super::typed::{Typed, literal};
use crate::function::fault::{Fault, fault};
use crate::value::DataType;
use arrow::array::*;
use datafusion::common::Result as EngineResult;
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = &[
    own("materialize", "materialize(x)", "The argument, as a column.", &[("materialize(5)", "5")], same),
    own("identity", "identity(x)", "The argument.", &[("identity('a')", "a")], same),
    own("ignore", "ignore(x, …)", "0, whatever the arguments are.", &[("ignore(1, 'a')", "0")], |_| Ok(flag(false))),
    own("isConstant", "isConstant(x)", "Whether the argument is a constant.", &[("isConstant(1)", "1")], |call| {
        call.count(1..=1)?;
        Ok(flag(call.arguments[0].constant().is_some()))
    }),
    own(
        "isNullable",
        "isNullable(x)",
        "Whether the argument's type has NULL.",
        &[("isNullable(toNullable(1))", "1")],
        |call| {
            call.count(1..=1)?;
            Ok(flag(call.arguments[0].data_type.is_nullable()))
        },
    ),
    own(
        "byteSize",
        "byteSize(x, …)",
        "How many bytes the arguments take, before compression.",
        &[("byteSize(1)", "1"), ("byteSize('abc')", "11")],
        byte_size,
    ),
    own(
        "throwIf",
        "throwIf(x[, message])",
        "0, or an error if the argument is not zero.",
        &[("throwIf(0)", "0")],
        throw_if,
    ),
    own(
        "getSizeOfEnumType",
        "getSizeOfEnumType(x)",
        "How many names an enum has.",
        &[("getSizeOfEnumType(CAST('a', 'Enum8(\\'a\\' = 1, \\'b\\' = 2)'))", "2")],
        |call| {
            call.count(1..=1)?;
            let count = match call.bare(0) {
                DataType::Enum8(names) => names.len(),
                DataType::Enum16(names) => names.len(),
                _ => return Err(call.wrong_type(0)),
            };
            let wide = matches!(call.bare(0), DataType::Enum16(_));
            let data_type = if wide { DataType::UInt16 } else { DataType::UInt8 };
            super::cast(literal(ScalarValue::UInt64(Some(count as u64)), DataType::UInt64), &data_type)
        },
    ),
];

pub(crate) const SERVER: &[Function] = family! {
    "toStringCutToZero", exact_case, "toStringCutToZero(s)", "The text before its first zero byte.", [("toStringCutToZero(toFixedString('ab', 5))", "ab")], |call| {
        call.count(1..=1)?;
        call.expect_string(0)?;
        Ok(call.kernel_on(|input| input.slice_strings(|_, text| text.split('\0').next().unwrap_or(text)), DataType::String, vec![call.text(0)?]))
    };
    "ifNotFinite", exact_case, "ifNotFinite(x, otherwise)", "The first argument, or the second where that is infinite or no number.", [("ifNotFinite(1 / 0, 5)", "5")], |call| {
        call.count(2..=2)?;
        let finite = delegate(call, "isFinite", vec![call.arguments[0].clone()])?;
        delegate(call, "if", vec![finite, call.arguments[0].clone(), call.arguments[1].clone()])
    };
    "version", any_case, "version()", "The version of ClickHouse whose answers these are.", [("version() != ''", "1")], |call| server(call, "26.9.2.1");
    "currentDatabase" | "current_database" | "database" | "schema", any_case, "currentDatabase()", "The name that stands for the workspace.", [("currentDatabase()", "default")], |call| server(call, "default");
    "currentUser" | "current_user" | "user", any_case, "currentUser()", "The name that stands for whoever asks.", [("currentUser()", "default")], |call| server(call, "default");
    "hostName" | "hostname", any_case, "hostName()", "The name of the host, which is not told.", [("hostName()", "localhost")], |call| server(call, "localhost");
};

const fn own(
    name: &'static str,
    syntax: &'static str,
    summary: &'static str,
    examples: &'static [(&'static str, &'static str)],
    bind: fn(&Call) -> Result<Typed, Mismatch>,
) -> Function {
    Function { name, syntax, summary, examples, nulls: Nulls::Own, bind, ..Function::DEFAULT }
}

fn same(call: &Call) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    Ok(call.arguments[0].clone())
}

fn flag(holds: bool) -> Typed {
    literal(ScalarValue::UInt8(Some(holds.into())), DataType::UInt8)
}

fn server(call: &Call, name: &str) -> Result<Typed, Mismatch> {
    call.count(0..=0)?;
    Ok(literal(ScalarValue::Utf8View(Some(name.to_owned())), DataType::String))
}

fn byte_size(call: &Call) -> Result<Typed, Mismatch> {
    let arguments = call.arguments.iter().cloned().map(Typed::into_value).collect();
    Ok(call.kernel_on(byte_sizes, DataType::UInt64, arguments))
}

fn byte_sizes(input: &Input) -> EngineResult<ArrayRef> {
    let mut sizes = vec![0u64; input.rows];
    for (column, data_type) in input.columns.iter().zip(input.types) {
        for (row, size) in sizes.iter_mut().enumerate() {
            *size += size_of(&column.array, data_type, column.at(row));
        }
    }
    Ok(Arc::new(UInt64Array::from(sizes)))
}

/// ClickHouse counts eight bytes for the length of a text or array and one for what says that a value is NULL.
fn size_of(array: &ArrayRef, data_type: &DataType, row: usize) -> u64 {
    let mark = u64::from(matches!(data_type, DataType::Nullable(_)));
    let items = |values: &ArrayRef, item: &DataType, from: i32, to: i32| {
        (from as usize..to as usize).map(|index| size_of(values, item, index)).sum::<u64>()
    };
    mark + match data_type.bare() {
        DataType::Nothing => 0,
        DataType::String | DataType::Json => {
            let text = if array.is_null(row) { 0 } else { array.as_string_view().value(row).len() };
            8 + text as u64
        }
        DataType::Array(item) => {
            let list = array.as_list::<i32>();
            8 + items(list.values(), item, list.value_offsets()[row], list.value_offsets()[row + 1])
        }
        DataType::Map(key, value) => {
            let map = array.as_map();
            let (from, to) = (map.value_offsets()[row], map.value_offsets()[row + 1]);
            8 + items(map.keys(), key, from, to) + items(map.values(), value, from, to)
        }
        DataType::Tuple(types) => {
            let columns = array.as_struct().columns().iter().zip(types);
            columns.map(|(column, (_, item))| size_of(column, item, row)).sum()
        }
        other => byte_width(other).unwrap_or(0) as u64,
    }
}

fn throw_if(call: &Call) -> Result<Typed, Mismatch> {
    let count = call.count(1..=3)?;
    let condition = &call.arguments[0];
    if !condition.data_type.is_integer() && !condition.data_type.is_float() {
        return Err(call.wrong_type(0));
    }
    let message = if count > 1 {
        call.constant_text(1)?.to_owned()
    } else {
        "value passed to 'throwIf' function is non-zero".to_owned()
    };
    let message = literal(ScalarValue::Utf8View(Some(message)), DataType::String);
    let zero = default_of(condition.data_type.bare()).ok_or_else(|| call.wrong_type(0))?;
    let zero = literal(zero, condition.data_type.bare().clone());
    let holds = delegate(call, "notEquals", vec![condition.clone(), zero])?.into_value();
    Ok(call.kernel_on(throw, DataType::UInt8, vec![holds, message]))
}

fn throw(input: &Input) -> EngineResult<ArrayRef> {
    let holds = input.integers(0)?;
    let (column, message) = (&input.columns[0], input.strings(1)?);
    for row in 0..input.rows {
        if !column.array.is_null(column.at(row)) && holds(row) != 0 {
            return fault(Fault::Thrown, message.get(row));
        }
    }
    Ok(Arc::new(UInt8Array::from(vec![0; input.rows])))
}
