//! Subcolumns by their path, and functions of JSON and Dynamic columns.

use super::convert::{from_dynamic, item, length};
use crate::function::convert::{OnError, cast_array};
use crate::function::definition::{Call, Context, Function, Mismatch, Nulls};
use crate::function::scalar::{Input, delegate};
use crate::function::typed::{Typed, literal};
use crate::value::{DataType, json};
use arrow::array::*;
use datafusion::common::Result as EngineResult;
use datafusion::scalar::ScalarValue;
use serde_json::Value;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "getSubcolumn",
        syntax: "column.path or getSubcolumn(column, 'path')",
        summary: "A part of a JSON column (`a.b`, `a.b.:Int64`, `^a`, `a[].b`), of a tuple, map (`keys`, `values`), array (`size0`) or Nullable (`null`).",
        examples: &[
            ("getSubcolumn(CAST('{\"a\":{\"b\":42}}', 'JSON'), 'a.b')", "42"),
            ("getSubcolumn(CAST('{\"a\":{\"b\":42}}', 'JSON'), '^a')", "{\"b\":42}"),
            ("getSubcolumn(map('a', 1), 'keys')", "['a']"),
            ("getSubcolumn([1, 2], 'size0')", "2"),
        ],
        nulls: Nulls::Own,
        keeps_low_cardinality: true,
        bind: |call| {
            call.count(2..=2)?;
            let path = call.constant_text(1)?.to_owned();
            subcolumn(call, call.arguments[0].clone(), &path)
        },
        ..Function::DEFAULT
    },
    Function {
        name: "dynamicType",
        syntax: "dynamicType(dynamic)",
        summary: "The type of a Dynamic value.",
        examples: &[("dynamicType(CAST('a', 'Dynamic'))", "String"), ("dynamicType(CAST(NULL, 'Dynamic'))", "None")],
        nulls: Nulls::Own,
        bind: |call| {
            call.count(1..=1)?;
            if *call.bare(0) != DataType::Dynamic {
                return Err(call.wrong_type(0));
            }
            let kernel = |input: &Input| texts(input, |text| Some(json::type_name(&value(text))), Some("None"));
            let bound = call.kernel(kernel, DataType::String);
            Ok(Typed { data_type: DataType::LowCardinality(Box::new(DataType::String)), ..bound })
        },
        ..Function::DEFAULT
    },
    Function {
        name: "dynamicElement",
        syntax: "dynamicElement(dynamic, 'Type')",
        summary: "The value if it is of a type, else NULL, or an empty array.",
        examples: &[
            ("dynamicElement(CAST('a', 'Dynamic'), 'String')", "a"),
            ("dynamicElement(CAST('a', 'Dynamic'), 'Int64')", "\\N"),
        ],
        nulls: Nulls::Own,
        bind: |call| {
            call.count(2..=2)?;
            let wanted = call.constant_text(1)?.to_owned();
            element(call, call.arguments[0].clone(), &wanted)
        },
        ..Function::DEFAULT
    },
    Function {
        name: "JSONAllPaths",
        aliases: &["JSONDynamicPaths"],
        syntax: "JSONAllPaths(json)",
        summary: "The paths of a JSON value, in order.",
        examples: &[("JSONAllPaths(CAST('{\"b\":1,\"a\":{\"c\":2,\"d\":null}}', 'JSON'))", "['a.c','b']")],
        bind: |call| {
            expect_json(call)?;
            Ok(call.kernel(all_paths, DataType::String.array()))
        },
        ..Function::DEFAULT
    },
    Function {
        name: "JSONSharedDataPaths",
        syntax: "JSONSharedDataPaths(json)",
        summary: "The paths that ClickHouse would keep together: none.",
        examples: &[("JSONSharedDataPaths(CAST('{\"a\":1}', 'JSON'))", "[]")],
        bind: |call| {
            expect_json(call)?;
            delegate(call, "emptyArrayString", Vec::new())
        },
        ..Function::DEFAULT
    },
    Function {
        name: "JSONAllPathsWithTypes",
        aliases: &["JSONDynamicPathsWithTypes"],
        syntax: "JSONAllPathsWithTypes(json)",
        summary: "The paths of a JSON value with the types of their values.",
        examples: &[("JSONAllPathsWithTypes(CAST('{\"a\":1,\"b\":\"x\"}', 'JSON'))", "{'a':'Int64','b':'String'}")],
        bind: |call| {
            expect_json(call)?;
            let text = Box::new(DataType::String);
            Ok(call.kernel(typed_paths, DataType::Map(text.clone(), text)))
        },
        ..Function::DEFAULT
    },
];

fn expect_json(call: &Call) -> Result<(), Mismatch> {
    call.count(1..=1)?;
    if *call.bare(0) == DataType::Json { Ok(()) } else { Err(call.wrong_type(0)) }
}

/// A text that is no JSON counts as NULL.
fn value(text: &str) -> Value {
    json::normal_value(serde_json::from_str(text).unwrap_or_default())
}

/// One text for each row of the first argument; `None`, and NULL, is `otherwise`.
fn texts(input: &Input, of: impl Fn(&str) -> Option<String>, otherwise: Option<&str>) -> EngineResult<ArrayRef> {
    let column = input.expanded(0)?;
    let Some(values) = column.as_string_view_opt() else {
        // NULL alone
        return Ok(Arc::new(StringViewArray::from(vec![otherwise; input.rows])));
    };
    let found = values.iter().map(|text| text.and_then(&of).or_else(|| otherwise.map(str::to_owned)));
    Ok(Arc::new(found.collect::<StringViewArray>()))
}

/// The part of `column` that a path names.
fn subcolumn(call: &Call, column: Typed, path: &str) -> Result<Typed, Mismatch> {
    let unknown = || call.mismatch(format_args!("finds no {path:?} in {}", column.data_type));
    let of_first = |function: &str| delegate(call, function, vec![column.clone()]);
    match (column.data_type.clone(), path) {
        (DataType::Json, _) => of_json(call, column, path),
        (DataType::Dynamic, _) => of_dynamic(call, column, path),
        (DataType::Nullable(_), "null") => of_first("isNull").map(Typed::into_value),
        (DataType::Array(_), "size0") => of_first("length"),
        (DataType::Map(key, _), "keys") => Ok(Typed { data_type: key.array(), ..of_first("mapKeys")? }),
        (DataType::Map(_, value), "values") => Ok(Typed { data_type: value.array(), ..of_first("mapValues")? }),
        (DataType::Map(..), "size0") => of_first("length"),
        (DataType::Map(..), path) if path.starts_with("key_") => {
            let key = literal(ScalarValue::Utf8View(Some(path[4..].to_owned())), DataType::String);
            delegate(call, "arrayElement", vec![column, key])
        }
        (data_type, path) => {
            // an item of a tuple, whose name may have dots in it, and then a part of that
            let items = match data_type.bare() {
                DataType::Array(item) => item.bare(),
                bare => bare,
            };
            let DataType::Tuple(items) = items else { return Err(unknown()) };
            let part = |name: &str| {
                let rest = path.strip_prefix(name)?;
                (rest.is_empty() || rest.starts_with('.')).then(|| rest.trim_start_matches('.').to_owned())
            };
            let named =
                items.iter().enumerate().find_map(|(index, (name, _))| Some((index + 1, part(name.as_ref()?)?)));
            // its place serves for any item
            let item = named.or_else(|| (1..=items.len()).find_map(|place| Some((place, part(&place.to_string())?))));
            let (place, rest) = item.ok_or_else(unknown)?;
            let place = literal(ScalarValue::UInt64(Some(place as u64)), DataType::UInt64);
            let item = delegate(call, "tupleElement", vec![column, place])?;
            if rest.is_empty() { Ok(item) } else { subcolumn(call, item, &rest) }
        }
    }
}

fn of_json(call: &Call, column: Typed, path: &str) -> Result<Typed, Mismatch> {
    let text = |text: &str| literal(ScalarValue::Utf8View(Some(text.to_owned())), DataType::String);
    if let Some(path) = path.strip_prefix('^') {
        let kernel = |input: &Input| {
            let path = input.columns[1].array.as_string_view().value(0).to_owned();
            texts(
                input,
                |text| json::find(text, &path).filter(|found| found.starts_with('{')).map(str::to_owned),
                Some("{}"),
            )
        };
        return Ok(call.kernel_on(kernel, DataType::Json, vec![column, text(path)]));
    }
    // the path up to a type or an array of objects, and what comes after it
    let (head, rest) = match (path.find(".:"), path.find("[]")) {
        (Some(colon), Some(bracket)) if bracket < colon => (&path[..bracket], &path[bracket..]),
        (Some(colon), _) => (&path[..colon], &path[colon + 1..]),
        (None, Some(bracket)) => (&path[..bracket], &path[bracket..]),
        (None, None) => (path, ""),
    };
    let kernel = |input: &Input| {
        let path = input.columns[1].array.as_string_view().value(0).to_owned();
        let leaf = |found: &&str| *found != "null" && !found.starts_with('{');
        texts(input, |text| json::find(text, &path).filter(leaf).map(str::to_owned), None)
    };
    let found = call.kernel_on(kernel, DataType::Dynamic, vec![column, text(head)]);
    if rest.is_empty() { Ok(found) } else { of_dynamic(call, found, rest) }
}

/// `:Int64`, `[].key` or `[]` of a Dynamic value.
fn of_dynamic(call: &Call, column: Typed, path: &str) -> Result<Typed, Mismatch> {
    if let Some(wanted) = path.strip_prefix(':') {
        return match wanted.split_once("[]") {
            Some((wanted, rest)) => {
                let array = element(call, column, &format!("Array({wanted})"))?;
                subcolumn(call, array, rest.trim_start_matches('.'))
            }
            None => element(call, column, wanted),
        };
    }
    let Some(rest) = path.strip_prefix("[]") else {
        return delegate(
            call,
            "dynamicElement",
            vec![column, literal(ScalarValue::Utf8View(Some(path.to_owned())), DataType::String)],
        );
    };
    // the objects of an array, and a path of each
    let objects = read_as(call.context, column, &DataType::Json.array())?;
    let rest = rest.trim_start_matches('.').to_owned();
    if rest.is_empty() {
        return Ok(objects);
    }
    crate::function::lambda::with_lambda(call.context, "arrayMap", vec![objects], 1, |mut object| {
        of_json(call, object.remove(0), &rest)
    })
}

/// Values of a type, and NULL or an empty array for the others.
fn element(call: &Call, column: Typed, wanted: &str) -> Result<Typed, Mismatch> {
    if *column.data_type.bare() != DataType::Dynamic {
        // the items of an array
        if let DataType::Array(_) = column.data_type.bare() {
            return crate::function::lambda::with_lambda(call.context, "arrayMap", vec![column], 1, |mut item| {
                element(call, item.remove(0), wanted)
            });
        }
        return Err(call.mismatch(format_args!("needs a Dynamic value, not {}", column.data_type)));
    }
    let wanted = DataType::parse(wanted).map_err(|problem| call.mismatch(problem))?;
    let result = match &wanted {
        DataType::Array(_) => wanted.clone(),
        _ => wanted.clone().nullable(),
    };
    let name = literal(ScalarValue::Utf8View(Some(wanted.to_string())), DataType::String);
    let kernel = |input: &Input| {
        let wanted = input.columns[1].array.as_string_view().value(0).to_owned();
        let has_type = |text: &str| {
            let found = json::type_name(&value(text));
            found == wanted || (wanted == "Array(JSON)" && found.starts_with("Array(JSON"))
        };
        let fitting = texts(input, |text| has_type(text).then(|| text.to_owned()), None)?;
        from_dynamic(fitting.as_string_view(), input.result.bare(), OnError::Null)
    };
    Ok(call.kernel_on(kernel, result, vec![column, name]))
}

/// A Dynamic value as another type; NULL, or an empty array, where it is none.
pub(super) fn read_as(context: &Context, column: Typed, to: &DataType) -> Result<Typed, Mismatch> {
    let function = crate::function::table::find("dynamicElement").expect("it is in this file");
    let call = Call { function, name: "dynamicElement", context, arguments: Vec::new() };
    let constant = column.constant().is_some();
    let kernel = |input: &Input| {
        let column = input.expanded(0)?;
        match column.as_string_view_opt() {
            Some(values) => from_dynamic(values, input.result.bare(), OnError::Null),
            None => cast_array(&column, &DataType::Nothing, input.result, OnError::Null),
        }
    };
    let read = call.kernel_on(kernel, to.clone().nullable(), vec![column]);
    Ok(if constant { crate::function::scalar::fold(read) } else { read })
}

/// `toString`, `length` and the like, which depend on what a value is.
pub(super) fn of_value(context: &Context, name: &str, arguments: &[Typed]) -> Option<Result<Typed, Mismatch>> {
    let [column] = arguments else { return None };
    if name == "toString" {
        return Some(crate::function::cast(column.clone(), &DataType::String));
    }
    let function = crate::function::table::find("dynamicElement").expect("it is in this file");
    let call = Call { function, name, context, arguments: Vec::new() };
    let lengths = |input: &Input| -> EngineResult<ArrayRef> {
        let column = input.expanded(0)?;
        let values = column.as_string_view();
        Ok(Arc::new(
            values.iter().map(|text| text.and_then(length).map(|length| length as u64)).collect::<UInt64Array>(),
        ))
    };
    let length = call.kernel_on(lengths, DataType::UInt64.nullable(), vec![column.clone()]);
    let zero = literal(ScalarValue::UInt64(Some(0)), DataType::UInt64);
    Some(match name {
        "empty" => delegate(&call, "equals", vec![length, zero]),
        "notEmpty" => delegate(&call, "notEquals", vec![length, zero]),
        _ => Ok(length),
    })
}

/// `dynamic[1]`
pub(crate) fn item_at(input: &Input) -> EngineResult<ArrayRef> {
    let (column, places) = (input.expanded(0)?, input.integers(1)?);
    let values = column.as_string_view();
    let items = (0..input.rows).map(|row| values.is_valid(row).then(|| item(values.value(row), places(row))).flatten());
    Ok(Arc::new(items.collect::<StringViewArray>()))
}

fn all_paths(input: &Input) -> EngineResult<ArrayRef> {
    let (keys, _, lengths) = paths_of(input)?;
    input.list_of(lengths, Arc::new(keys))
}

fn typed_paths(input: &Input) -> EngineResult<ArrayRef> {
    let (keys, types, lengths) = paths_of(input)?;
    input.map_of(lengths, Arc::new(keys), Arc::new(types))
}

/// The paths of all rows, the types of their values, and how many each row has.
fn paths_of(input: &Input) -> EngineResult<(StringViewArray, StringViewArray, Vec<usize>)> {
    let column = input.expanded(0)?;
    let values = column.as_string_view();
    let (mut keys, mut types) = (StringViewBuilder::new(), StringViewBuilder::new());
    let mut lengths = Vec::with_capacity(input.rows);
    for row in 0..input.rows {
        let value = if values.is_valid(row) { json::normal(values.value(row)) } else { None };
        let mut found = Vec::new();
        if let Some(value) = &value {
            json::paths(value, "", &mut found);
        }
        found.sort_by(|left, right| left.0.cmp(&right.0));
        for (path, value) in &found {
            keys.append_value(path);
            types.append_value(json::type_name(value));
        }
        lengths.push(found.len());
    }
    Ok((keys.finish(), types.finish(), lengths))
}
