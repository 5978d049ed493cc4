//! SQL's own paths into JSON: `$.a.b[0]`, `$["a b"]`, `$.a[*]`, `$.a[0 to 2, 4]`.

use super::tape::{Kind, Tape, Value};
use super::write::write_raw;
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::limits;
use crate::value::DataType;
use arrow::array::ArrayRef;
use datafusion::common::{Result as EngineResult, exec_datafusion_err, exec_err};

pub(crate) const FUNCTIONS: &[Function] = family! {
    "JSON_VALUE", exact_case, "JSON_VALUE(json, path)", "The first value at a path that is no array and no object, as text.", [(r#"JSON_VALUE('{"a":{"b":"c"}}', '$.a.b')"#, "c")], |call| at_path(call, DataType::String, value);
    "JSON_QUERY", exact_case, "JSON_QUERY(json, path)", "All values at a path, as an array of JSON.", [(r#"JSON_QUERY('{"a":{"b":"c"}}', '$.a')"#, r#"[{"b":"c"}]"#)], |call| at_path(call, DataType::String, query);
    "JSON_EXISTS", exact_case, "JSON_EXISTS(json, path)", "Whether there is a value at a path.", [(r#"JSON_EXISTS('{"a":1}', '$.a')"#, "1")], |call| at_path(call, DataType::UInt8, exists);
};

fn at_path(call: &Call, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    parse(call.constant_text(1)?).map_err(|problem| call.bad_value(problem))?;
    Ok(call.kernel_on(kernel, result, call.texts(2)?))
}

enum Step {
    Member(String),
    /// Ranges of places, from and up to but without.
    Places(Vec<(usize, usize)>),
}

/// Reads a path.
fn parse(path: &str) -> Result<Vec<Step>, String> {
    let failed = || format!("cannot parse the JSON path {path:?}");
    let mut rest = path.trim().strip_prefix('$').ok_or_else(failed)?;
    let mut steps = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Ok(steps);
        }
        if steps.len() > limits::JSON_DEPTH_MAX {
            return Err(failed());
        }
        if let Some(after) = rest.strip_prefix('.') {
            let (name, after) = member(after.trim_start()).ok_or_else(failed)?;
            steps.push(Step::Member(name));
            rest = after;
            continue;
        }
        let inside = rest.strip_prefix('[').ok_or_else(failed)?.trim_start();
        if inside.starts_with(['"', '\'']) {
            let (name, after) = member(inside).ok_or_else(failed)?;
            steps.push(Step::Member(name));
            rest = after.trim_start().strip_prefix(']').ok_or_else(failed)?;
            continue;
        }
        let (inside, after) = inside.split_once(']').ok_or_else(failed)?;
        steps.push(Step::Places(places(inside).ok_or_else(failed)?));
        rest = after;
    }
}

fn member(text: &str) -> Option<(String, &str)> {
    if let Some(quote @ ('"' | '\'' | '`')) = text.chars().next() {
        let end = text[1..].find(quote)? + 1;
        return Some((text[1..end].to_owned(), &text[end + 1..]));
    }
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    (end > 0).then(|| (text[..end].to_owned(), &text[end..]))
}

fn places(inside: &str) -> Option<Vec<(usize, usize)>> {
    if inside.trim() == "*" {
        return Some(vec![(0, usize::MAX)]);
    }
    let range = |part: &str| {
        let number = |text: &str| text.trim().parse::<usize>().ok();
        match part.split_once("to") {
            Some((from, to)) => Some((number(from)?, number(to)?)),
            None => Some((number(part)?, number(part)?.checked_add(1)?)),
        }
    };
    inside.split(',').map(range).collect()
}

/// A walk along a path. It stops when it has visited too many values: ranges may name the same ones again and again.
struct Walk<'p, 't, 'v> {
    left: usize,
    take: &'t mut dyn FnMut(Value<'v>) -> bool,
    path: &'p [Step],
}

impl<'v> Walk<'_, '_, 'v> {
    /// Hands the values at a path to `take` in their order, until it has had enough.
    fn run(path: &[Step], value: Value<'v>, take: &mut dyn FnMut(Value<'v>) -> bool) -> EngineResult<()> {
        let mut walk = Walk { left: limits::JSON_PATH_STEPS_MAX, take, path };
        walk.step(value, 0);
        match walk.left {
            0 => exec_err!("a JSON path visits more than {} values", limits::JSON_PATH_STEPS_MAX),
            _ => Ok(()),
        }
    }

    fn step(&mut self, value: Value<'v>, depth: usize) -> bool {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return false;
        }
        let path = self.path;
        match path.get(depth) {
            None => (self.take)(value),
            Some(Step::Member(name)) => match value.pairs().find(|(key, _)| key.is_text(name, false)) {
                Some((_, value)) => self.step(value, depth + 1),
                None => true,
            },
            Some(Step::Places(ranges)) => ranges.iter().all(|(from, to)| {
                let count = to.saturating_sub(*from);
                value.items().skip(*from).take(count).all(|item| self.step(item, depth + 1))
            }),
        }
    }
}

fn path_of(input: &Input) -> EngineResult<Vec<Step>> {
    parse(input.strings(1)?.get(0)).map_err(|problem| exec_datafusion_err!("{problem}"))
}

fn value(input: &Input) -> EngineResult<ArrayRef> {
    let (text, path, mut tape) = (input.strings(0)?, path_of(input)?, Tape::default());
    input.write_strings(|row, out| {
        if let Some(root) = tape.read(text.get(row)) {
            Walk::run(&path, root, &mut |value| match value.kind() {
                Kind::Array | Kind::Object => true,
                Kind::Text { .. } => {
                    value.unescape(out);
                    false
                }
                _ => {
                    write_raw(&value, out);
                    false
                }
            })?;
        }
        Ok(())
    })
}

fn query(input: &Input) -> EngineResult<ArrayRef> {
    let (text, path, mut tape) = (input.strings(0)?, path_of(input)?, Tape::default());
    input.write_strings(|row, out| {
        if let Some(root) = tape.read(text.get(row)) {
            Walk::run(&path, root, &mut |value| {
                out.push_str(if out.is_empty() { "[" } else { ", " });
                write_raw(&value, out);
                // Ranges may name the same values again and again.
                out.len() <= limits::TEXT_BYTES_MAX
            })?;
            if !out.is_empty() {
                out.push(']');
            }
        }
        Ok(())
    })
}

fn exists(input: &Input) -> EngineResult<ArrayRef> {
    let (text, path, mut tape) = (input.strings(0)?, path_of(input)?, Tape::default());
    input.bytes(|row| {
        let Some(root) = tape.read(text.get(row)) else { return Ok(0) };
        let mut found = false;
        Walk::run(&path, root, &mut |_| {
            found = true;
            false
        })?;
        Ok(found.into())
    })
}
