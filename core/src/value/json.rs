//! JSON as ClickHouse's `JSON` and `Dynamic` types see it.
//!
//! A `JSON` column holds the text that came in. What ClickHouse makes of it, an object of paths without NULLs and
//! empty objects, in order, is [`normal`]; a value of one path is found without reading the rest by [`find`]. A
//! `Dynamic` column holds the JSON text of each value, whose type is [`type_name`].

use serde_json::{Map, Number, Value};

/// Deeper values are taken for no JSON.
const DEPTH_MAX: usize = 64;

/// The object of a `JSON` value; `None` if the text is none.
pub(crate) fn normal(text: &str) -> Option<Value> {
    match serde_json::from_str(text).ok()? {
        Value::Object(entries) => Some(Value::Object(normal_object(entries))),
        _ => None,
    }
}

/// A value inside of arrays, or of a `Dynamic`: its objects are normal too.
pub(crate) fn normal_value(value: Value) -> Value {
    match value {
        Value::Object(entries) => Value::Object(normal_object(entries)),
        Value::Array(items) => Value::Array(items.into_iter().map(normal_value).collect()),
        other => other,
    }
}

fn normal_object(entries: Map<String, Value>) -> Map<String, Value> {
    let mut sorted: Vec<(String, Value)> = entries.into_iter().collect();
    sorted.sort_by(|left, right| left.0.cmp(&right.0));
    let mut out = Map::new();
    for (key, value) in sorted {
        let value = normal_value(value);
        let is_nothing = value.is_null() || value.as_object().is_some_and(Map::is_empty);
        if !is_nothing {
            insert(&mut out, &key, value);
        }
    }
    in_order(out)
}

/// A dot in a key is a path.
fn insert(out: &mut Map<String, Value>, key: &str, value: Value) {
    if let Some((head, rest)) = key.split_once('.')
        && let Value::Object(inner) = out.entry(head).or_insert_with(|| Value::Object(Map::new()))
    {
        return insert(inner, rest, value);
    }
    match (out.get_mut(key), value) {
        (Some(Value::Object(known)), Value::Object(more)) => more.into_iter().for_each(|(key, value)| {
            known.insert(key, value);
        }),
        (_, value) => {
            out.insert(key.to_owned(), value);
        }
    }
}

fn in_order(entries: Map<String, Value>) -> Map<String, Value> {
    let mut sorted: Vec<(String, Value)> = entries.into_iter().collect();
    sorted.sort_by(|left, right| left.0.cmp(&right.0));
    sorted.into_iter().collect()
}

/// Each path of a normal object with its value: `a.b`, 1.
pub(crate) fn paths<'v>(value: &'v Value, prefix: &str, out: &mut Vec<(String, &'v Value)>) {
    let Value::Object(entries) = value else { return };
    for (key, value) in entries {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Object(_) => paths(value, &path, out),
            value => out.push((path, value)),
        }
    }
}

/// The text of the value at a path `a.b.c` of an object; keys may have dots in them.
pub(crate) fn find<'t>(text: &'t str, path: &str) -> Option<&'t str> {
    let mut scan = Scan { text, at: 0 };
    scan.object(path, 0)
}

/// Writes a float as ClickHouse does.
pub(crate) type WriteFloat<'f> = &'f dyn Fn(f64, &mut Vec<u8>);

/// A value as text: what stands in TSV, and in quotes inside of arrays.
pub(crate) fn write_value(value: &Value, is_nested: bool, float: WriteFloat, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"NULL"),
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(item, true, float, out);
            }
            out.push(b']');
        }
        Value::String(text) if is_nested => write_quoted(text, out),
        Value::String(text) => out.extend_from_slice(text.as_bytes()),
        Value::Object(_) if is_nested => {
            let mut text = Vec::new();
            write(value, float, &mut text);
            write_quoted(&String::from_utf8_lossy(&text), out);
        }
        value => write(value, float, out),
    }
}

/// A text as ClickHouse writes it inside arrays: in single quotes, with escapes.
pub(crate) fn write_quoted(text: &str, out: &mut Vec<u8>) {
    out.push(b'\'');
    for byte in text.bytes() {
        match byte {
            b'\'' => out.extend_from_slice(b"\\'"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0 => out.extend_from_slice(b"\\0"),
            other => out.push(other),
        }
    }
    out.push(b'\'');
}

/// JSON without spaces.
pub(crate) fn write(value: &Value, float: WriteFloat, out: &mut Vec<u8>) {
    match value {
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(value) => float(value, out),
            None => out.extend_from_slice(number.to_string().as_bytes()),
        },
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(item, float, out);
            }
            out.push(b']');
        }
        Value::Object(entries) => {
            out.push(b'{');
            for (index, (key, value)) in entries.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                string(key, out);
                out.push(b':');
                write(value, float, out);
            }
            out.push(b'}');
        }
        Value::String(text) => string(text, out),
        other => out.extend_from_slice(other.to_string().as_bytes()),
    }
}

/// A string with ClickHouse's escapes, of which `\/` is one.
fn string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'/' => out.extend_from_slice(b"\\/"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04X}").as_bytes()),
            other => out.push(other),
        }
    }
    out.push(b'"');
}

/// What type ClickHouse finds in a JSON value.
pub(crate) fn type_name(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(_) => "Bool".to_owned(),
        Value::Number(number) => number_type(number).to_owned(),
        Value::String(text) => text_type(text).to_owned(),
        Value::Object(_) => OBJECT.to_owned(),
        Value::Array(items) => match item_type(items) {
            Some(item) => format!("Array({item})"),
            None => "Array(Dynamic)".to_owned(),
        },
    }
}

/// Objects inside arrays have a type of their own.
const OBJECT: &str = "JSON(max_dynamic_types=16, max_dynamic_paths=256)";

fn number_type(number: &Number) -> &'static str {
    match number {
        number if number.is_i64() => "Int64",
        number if number.is_u64() => "UInt64",
        _ => "Float64",
    }
}

/// The one type of the items, which are NULL beside it; `None` if they differ.
fn item_type(items: &[Value]) -> Option<String> {
    let mut common: Option<String> = None;
    for item in items.iter().filter(|item| !item.is_null()) {
        let own = type_name(item);
        common = Some(match common {
            None => own,
            Some(known) if known == own => known,
            Some(known) => match [known.as_str(), own.as_str()] {
                ["Int64", "Float64"] | ["Float64", "Int64"] => "Float64".to_owned(),
                ["Date" | "DateTime", "String"] | ["String", "Date" | "DateTime"] => "String".to_owned(),
                ["Date", "DateTime"] | ["DateTime", "Date"] => "DateTime".to_owned(),
                _ => return None,
            },
        });
    }
    let common = common.unwrap_or_else(|| "String".to_owned());
    Some(match common.starts_with("Array(") || common.starts_with("JSON") {
        true => common,
        false => format!("Nullable({common})"),
    })
}

/// Text that reads as a date or a time is one.
fn text_type(text: &str) -> &'static str {
    let digits = |range: std::ops::Range<usize>| text.as_bytes()[range].iter().all(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    let is_date = bytes.len() >= 10
        && digits(0..4)
        && bytes[4] == b'-'
        && digits(5..7)
        && bytes[7] == b'-'
        && digits(8..10)
        && (1..=12).contains(&number(&bytes[5..7]))
        && (1..=31).contains(&number(&bytes[8..10]));
    if !is_date {
        return "String";
    }
    if bytes.len() == 10 {
        return "Date";
    }
    let is_time = bytes.len() >= 19
        && matches!(bytes[10], b' ' | b'T')
        && digits(11..13)
        && bytes[13] == b':'
        && digits(14..16)
        && bytes[16] == b':'
        && digits(17..19)
        && number(&bytes[11..13]) < 24
        && number(&bytes[14..16]) < 60
        && number(&bytes[17..19]) < 60;
    match &bytes[19.min(bytes.len())..] {
        _ if !is_time => "String",
        b"" => "DateTime",
        [b'.', digits @ ..] if !digits.is_empty() && digits.len() <= 9 && digits.iter().all(u8::is_ascii_digit) => {
            "DateTime64(9)"
        }
        _ => "String",
    }
}

fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
}

/// Walks over JSON text without making values of it.
struct Scan<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scan<'t> {
    fn rest(&self) -> &'t [u8] {
        &self.text.as_bytes()[self.at..]
    }

    fn skip_space(&mut self) {
        let space = self.rest().iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.at += space;
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.skip_space();
        let found = self.rest().first() == Some(&byte);
        self.at += usize::from(found);
        found
    }

    /// Looks for `path` in the object that begins here.
    fn object(&mut self, path: &str, depth: usize) -> Option<&'t str> {
        if depth > DEPTH_MAX || !self.eat(b'{') || self.eat(b'}') {
            return None;
        }
        loop {
            self.skip_space();
            let key = self.string()?;
            if !self.eat(b':') {
                return None;
            }
            self.skip_space();
            let unescaped: std::borrow::Cow<str> = match key.contains('\\') {
                true => serde_json::from_str::<String>(&format!("\"{key}\"")).ok()?.into(),
                false => key.into(),
            };
            let start = self.at;
            match path.strip_prefix(unescaped.as_ref()) {
                Some("") => {
                    self.value(depth)?;
                    return Some(&self.text[start..self.at]);
                }
                Some(rest) if rest.starts_with('.') && self.rest().first() == Some(&b'{') => {
                    if let Some(found) = self.object(&rest[1..], depth + 1) {
                        return Some(found);
                    }
                    // the path may go on in another key
                    self.at = start;
                    self.value(depth)?;
                }
                _ => self.value(depth)?,
            }
            if !self.eat(b',') {
                return None;
            }
        }
    }

    /// A string's text between its quotes, as written.
    fn string(&mut self) -> Option<&'t str> {
        if !self.eat(b'"') {
            return None;
        }
        let start = self.at;
        loop {
            match self.rest() {
                [b'"', ..] => {
                    self.at += 1;
                    return Some(&self.text[start..self.at - 1]);
                }
                [b'\\', _, ..] => self.at += 2,
                [_, ..] => self.at += 1,
                [] => return None,
            }
        }
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        match self.rest().first()? {
            b'"' => {
                self.string()?;
            }
            b'{' | b'[' => {
                let mut open = 0;
                loop {
                    match self.rest().first()? {
                        b'"' => {
                            self.string()?;
                            continue;
                        }
                        b'{' | b'[' => open += 1,
                        b'}' | b']' => open -= 1,
                        _ => {}
                    }
                    self.at += 1;
                    if open == 0 {
                        break;
                    }
                    if open + depth > DEPTH_MAX * 4 {
                        return None;
                    }
                }
            }
            _ => {
                let end = self
                    .rest()
                    .iter()
                    .take_while(|byte| !matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r'));
                let length = end.count();
                if length == 0 {
                    return None;
                }
                self.at += length;
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_path() {
        let text = r#"{"a.b": 1, "a": {"c": [1, {"x": 2}], "d": {}}, "k\"q": "v", "z": null}"#;
        for (path, found) in [
            ("a.b", Some("1")),
            ("a.c", Some(r#"[1, {"x": 2}]"#)),
            ("a.d", Some("{}")),
            ("a.e", None),
            ("a", Some(r#"{"c": [1, {"x": 2}], "d": {}}"#)),
            ("k\"q", Some("\"v\"")),
            ("z", Some("null")),
            ("a.c.x", None),
            ("", None),
        ] {
            assert_eq!(find(text, path), found, "{path}");
        }
        for broken in ["", "{", "[1]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"b\":,\"a\":1}", "{\"a\":\"x"] {
            assert!(find(broken, "a").is_none_or(|found| found == "1"), "{broken}");
        }
    }

    #[test]
    fn objects_are_put_in_order() {
        let normal = |text: &str| normal(text).map(|value| value.to_string());
        assert_eq!(
            normal(r#"{"b":1,"a":{"y":null,"x":{}},"c.d":[{"k":null,"j":1}]}"#).as_deref(),
            Some(r#"{"b":1,"c":{"d":[{"j":1}]}}"#)
        );
        assert_eq!(normal(r#"{"a.b":1,"a":{"c":2}}"#).as_deref(), Some(r#"{"a":{"b":1,"c":2}}"#));
        assert_eq!(normal("[1]"), None);
        assert_eq!(normal("x"), None);
    }

    #[test]
    fn types_of_values() {
        for (text, expected) in [
            ("1", "Int64"),
            ("18446744073709551615", "UInt64"),
            ("1.5", "Float64"),
            ("true", "Bool"),
            ("\"x\"", "String"),
            ("\"2024-01-02\"", "Date"),
            ("\"2024-01-02 03:04:05\"", "DateTime"),
            ("\"2024-13-02\"", "String"),
            ("[1,null]", "Array(Nullable(Int64))"),
            ("[1,\"a\"]", "Array(Dynamic)"),
            ("[]", "Array(Nullable(String))"),
            ("[[1],[2,3]]", "Array(Array(Nullable(Int64)))"),
            ("[{}]", "Array(JSON(max_dynamic_types=16, max_dynamic_paths=256))"),
            ("null", "None"),
        ] {
            assert_eq!(type_name(&serde_json::from_str(text).unwrap()), expected, "{text}");
        }
    }
}
