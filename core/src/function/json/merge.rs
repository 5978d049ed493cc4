//! `JSONMergePatch`: objects laid over each other.

use super::tape::{Kind, Tape, Value};
use super::write::write_raw;
use crate::function::definition::{Function, family};
use crate::value::DataType;
use datafusion::common::{Result as EngineResult, exec_err};

pub(crate) const FUNCTIONS: &[Function] = family! {
    "JSONMergePatch" | "jsonMergePatch", exact_case, "JSONMergePatch(json, json, …)", "Objects laid over each other: a later value wins, objects in objects are merged.", [(r#"JSONMergePatch('{"a":1}', '{"a":"x","b":2}')"#, r#"{"a":"x","b":2}"#)], |call| {
        let count = call.count(1..)?;
        Ok(call.kernel_on(|input| {
            let texts = (0..input.columns.len()).map(|index| input.strings(index)).collect::<EngineResult<Vec<_>>>()?;
            let (mut below, mut above) = (Tape::default(), Tape::default());
            let mut merged = String::new();
            input.write_strings(|row, out| {
                for (index, text) in texts.iter().enumerate() {
                    let over = object(&mut above, text.get(row))?;
                    if index == 0 {
                        write_raw(&over, out);
                        continue;
                    }
                    merged.clear();
                    merge(&object(&mut below, out)?, &over, &mut merged);
                    std::mem::swap(out, &mut merged);
                    if out.len() > crate::limits::TEXT_BYTES_MAX {
                        return exec_err!("the merged JSON has {} bytes, which are too many", out.len());
                    }
                }
                Ok(())
            })
        }, DataType::String, call.texts(count)?))
    };
};

fn object<'a>(tape: &'a mut Tape, text: &'a str) -> EngineResult<Value<'a>> {
    match tape.read(text) {
        Some(value) if value.kind() == Kind::Object => Ok(value),
        Some(_) => exec_err!("wrong JSON to merge: expected an object"),
        None => exec_err!("wrong JSON to merge: the text is no JSON"),
    }
}

fn merge(below: &Value, above: &Value, out: &mut String) {
    if below.kind() != Kind::Object || above.kind() != Kind::Object {
        return write_raw(above, out);
    }
    let mut is_first = true;
    let mut begin = |key: &Value, out: &mut String| {
        out.push_str(if std::mem::take(&mut is_first) { "{" } else { "," });
        write_raw(key, out);
        out.push(':');
    };
    for (key, value) in below.pairs() {
        let over = find(above, &key);
        begin(&key, out);
        match over {
            Some(over) => merge(&value, &over, out),
            None => write_raw(&value, out),
        }
    }
    for (key, value) in above.pairs().filter(|(key, _)| find(below, key).is_none()) {
        begin(&key, out);
        write_raw(&value, out);
    }
    out.push_str(if is_first { "{}" } else { "}" });
}

fn find<'v>(within: &Value<'v>, key: &Value) -> Option<Value<'v>> {
    let mut name = String::new();
    key.unescape(&mut name);
    within.pairs().find(|(other, _)| other.is_text(&name, false)).map(|(_, value)| value)
}
