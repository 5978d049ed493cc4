//! Values as ClickHouse's SQL and its text formats write them: `'it\'s'`, `['a', NULL]`, `(1, 'x')`,
//! `{'k': 1}`.

use super::cell::{Cell, read_scalar};
use crate::limits::TYPE_DEPTH_MAX;
use crate::value::DataType;
use std::borrow::Cow;

/// The value at the start of `text`, and how many bytes it takes. `None`: no literal of this type.
pub(super) fn read<'a>(data_type: &DataType, text: &'a str) -> Option<(Cell<'a>, usize)> {
    let mut cursor = Cursor { text, at: 0 };
    let cell = cursor.value(data_type, 0)?;
    Some((cell, cursor.at))
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn eat(&mut self, token: char) -> bool {
        let rest = self.rest().trim_start();
        let found = rest.starts_with(token);
        if found {
            self.at = self.text.len() - rest.len() + token.len_utf8();
        }
        found
    }

    fn value(&mut self, data_type: &DataType, depth: usize) -> Option<Cell<'a>> {
        self.at = self.text.len() - self.rest().trim_start().len();
        if depth > TYPE_DEPTH_MAX {
            return None;
        }
        if data_type.is_nullable() && self.word().eq_ignore_ascii_case("null") {
            self.at += "null".len();
            return Some(Cell::Null);
        }
        match data_type.bare() {
            DataType::Array(item) => self.list('[', ']', |cursor| cursor.value(item, depth + 1)).map(Cell::List),
            DataType::Tuple(items) => {
                let mut types = items.iter().map(|(_, item)| item);
                let cells = self.list('(', ')', |cursor| cursor.value(types.next()?, depth + 1))?;
                (cells.len() == items.len()).then_some(Cell::Tuple(cells))
            }
            DataType::Map(key, value) => {
                let entry = |cursor: &mut Self| {
                    let key = cursor.value(key, depth + 1)?;
                    cursor.eat(':').then_some(())?;
                    Some((key, cursor.value(value, depth + 1)?))
                };
                self.list('{', '}', entry).map(Cell::Map)
            }
            scalar if self.rest().starts_with('\'') => self.string().and_then(|text| scalar_cell(scalar, text)),
            DataType::String | DataType::FixedString(_) => None,
            scalar => {
                let word = self.word();
                self.at += word.len();
                read_scalar(scalar, Cow::Borrowed(word))
            }
        }
    }

    fn list<T>(&mut self, open: char, close: char, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.eat(open).then_some(())?;
        let mut items = Vec::new();
        while !self.eat(close) {
            if !items.is_empty() {
                self.eat(',').then_some(())?;
                // `(1,)` is how a tuple of one is written
                if self.eat(close) {
                    break;
                }
            }
            items.push(item(self)?);
        }
        Some(items)
    }

    /// A number or a name.
    fn word(&self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_')));
        &rest[..end.unwrap_or(rest.len())]
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        let inside = &self.rest()[1..];
        let bytes = inside.as_bytes();
        let mut at = 0;
        let mut plain = true;
        loop {
            match bytes.get(at)? {
                b'\\' => {
                    plain = false;
                    at += 2;
                }
                b'\'' if bytes.get(at + 1) == Some(&b'\'') => {
                    plain = false;
                    at += 2;
                }
                b'\'' => break,
                _ => at += 1,
            }
        }
        self.at += at + 2;
        let text = &inside[..at];
        Some(if plain { Cow::Borrowed(text) } else { Cow::Owned(unescape(&text.replace("''", "\\'"))) })
    }
}

fn scalar_cell<'a>(data_type: &DataType, text: Cow<'a, str>) -> Option<Cell<'a>> {
    match data_type {
        DataType::Json => serde_json::from_str::<serde::de::IgnoredAny>(&text).ok().map(|_| Cell::Text(text)),
        scalar => read_scalar(scalar, text),
    }
}

/// The escapes of strings and of `TabSeparated`.
pub(super) fn unescape(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'b') => out.push(8),
            Some(b'f') => out.push(12),
            Some(b'n') => out.push(b'\n'),
            Some(b'r') => out.push(b'\r'),
            Some(b't') => out.push(b'\t'),
            Some(b'a') => out.push(7),
            Some(b'v') => out.push(11),
            Some(b'e') => out.push(27),
            Some(b'0') => out.push(0),
            Some(b'x') => {
                let digits: Vec<u8> = bytes.clone().take(2).collect();
                match std::str::from_utf8(&digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                    Some(byte) if digits.len() == 2 => {
                        out.push(byte);
                        bytes.nth(1);
                    }
                    _ => out.push(b'x'),
                }
            }
            // what has no meaning keeps its backslash, but for quotes and the like
            Some(other @ (b'\\' | b'\'' | b'"' | b'`' | b'/' | b'=')) => out.push(other),
            Some(other) => out.extend([b'\\', other]),
            None => out.push(b'\\'),
        }
    }
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
