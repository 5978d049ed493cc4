//! JSON in text: values by their paths, paths in SQL's own language, and values as JSON.

mod build;
mod extract;
mod merge;
mod path;
mod simple;
mod tape;
mod write;

use super::definition::{Call, Function, Mismatch};
use super::scalar::Input;
use super::string::Strings;
use crate::value::DataType;
use datafusion::common::Result as EngineResult;
use tape::{Kind, Tape, Value};

pub(crate) const FUNCTIONS: &[&[Function]] =
    &[extract::FUNCTIONS, build::FUNCTIONS, path::FUNCTIONS, simple::FUNCTIONS, write::FUNCTIONS, merge::FUNCTIONS];

/// One step of a path: a key of an object, or a place in an array or object.
enum Step<'a> {
    Key(Strings<'a>),
    Place(Box<dyn Fn(usize) -> i64 + 'a>),
}

/// The arguments after the JSON are steps.
fn check_steps(call: &Call, steps: std::ops::Range<usize>) -> Result<(), Mismatch> {
    call.expect_string(0)?;
    for index in steps {
        if !call.bare(index).is_string() && !call.bare(index).is_integer() {
            return Err(call.wrong_type(index));
        }
    }
    Ok(())
}

/// The value at the path in each row, if there is one, and the last key on the way to it.
fn each(
    input: &Input,
    any_case: bool,
    mut take: impl FnMut(usize, Option<Value>, Option<Value>) -> EngineResult<()>,
) -> EngineResult<()> {
    let text = input.strings(0)?;
    let mut steps = Vec::with_capacity(input.columns.len() - 1);
    for index in 1..input.columns.len() {
        steps.push(if input.types[index].is_string() {
            Step::Key(input.strings(index)?)
        } else {
            Step::Place(Box::new(input.integers(index)?))
        });
    }
    let mut tape = Tape::default();
    for row in 0..input.rows {
        let mut key = None;
        let mut value = if input.is_null(row) { None } else { tape.read(text.get(row)) };
        for step in &steps {
            (key, value) = value.and_then(|value| follow(value, step, row, any_case)).unzip();
        }
        take(row, value, key.flatten())?;
    }
    Ok(())
}

/// Places count from one, and from the end if negative; objects have them too. Beside the value its key.
fn follow<'v>(value: Value<'v>, step: &Step, row: usize, any_case: bool) -> Option<(Option<Value<'v>>, Value<'v>)> {
    let place = |position: i64| match position {
        1.. => Some(position as usize - 1),
        0 => None,
        _ => value.len().checked_sub(position.unsigned_abs() as usize),
    };
    match (value.kind(), step) {
        (Kind::Object, Step::Key(wanted)) => {
            let wanted = wanted.get(row);
            let (key, value) = value.pairs().find(|(key, _)| key.is_text(wanted, any_case))?;
            Some((Some(key), value))
        }
        (Kind::Object, Step::Place(position)) => {
            let (key, value) = value.pairs().nth(place(position(row))?)?;
            Some((Some(key), value))
        }
        (Kind::Array, Step::Place(position)) => Some((None, value.items().nth(place(position(row))?)?)),
        _ => None,
    }
}

/// The names of `JSONType`, whose numbers are ClickHouse's.
fn type_names() -> DataType {
    const NAMES: [(&str, i8); 8] = [
        ("Null", 0),
        ("String", 34),
        ("Array", 91),
        ("Bool", 98),
        ("Double", 100),
        ("Int64", 105),
        ("UInt64", 117),
        ("Object", 123),
    ];
    DataType::Enum8(NAMES.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect())
}
