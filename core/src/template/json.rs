//! JSON text → template value, keys in the order of the text, by the rules and in the words of Python's
//! `json.loads`: it takes `NaN` and counts places in characters.

use super::value::{VALUE_DEPTH_MAX, Value};
use std::collections::HashMap;

/// `Err` says where the text stops being JSON.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader { text, at: 0 };
    reader.blank();
    let value = reader.value(0)?;
    reader.blank();
    if reader.at < text.len() {
        return Err(reader.wrong("Extra data", reader.at));
    }
    Ok(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

const CONSTANTS: [(&str, Value); 6] = [
    ("null", Value::None),
    ("true", Value::Bool(true)),
    ("false", Value::Bool(false)),
    ("NaN", Value::Float(f64::NAN)),
    ("Infinity", Value::Float(f64::INFINITY)),
    ("-Infinity", Value::Float(f64::NEG_INFINITY)),
];

impl<'a> Reader<'a> {
    fn wrong(&self, what: &str, at: usize) -> String {
        let before = &self.text[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        let column = before[line_start..].chars().count() + 1;
        format!("{what}: line {line} column {column} (char {})", before.chars().count())
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn blank(&mut self) {
        self.at = self.text.len() - self.rest().trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.rest().starts_with(wanted);
        self.at += if found { wanted.len_utf8() } else { 0 };
        found
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > VALUE_DEPTH_MAX {
            return Err(format!("nested deeper than {VALUE_DEPTH_MAX}"));
        }
        let rest = self.rest();
        match rest.chars().next() {
            Some('"') => {
                self.at += 1;
                self.string().map(Value::text)
            }
            Some('{') => self.object(depth),
            Some('[') => self.array(depth),
            _ => {
                if let Some((name, value)) = CONSTANTS.iter().find(|(name, _)| rest.starts_with(name)) {
                    self.at += name.len();
                    return Ok(value.clone());
                }
                self.number().ok_or_else(|| self.wrong("Expecting value", self.at))
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, String> {
        self.at += 1;
        self.blank();
        let mut values = Vec::new();
        if self.eat(']') {
            return Ok(Value::list(values));
        }
        loop {
            self.blank();
            values.push(self.value(depth + 1)?);
            self.blank();
            if self.eat(']') {
                return Ok(Value::list(values));
            }
            if !self.eat(',') {
                return Err(self.wrong("Expecting ',' delimiter", self.at));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, String> {
        self.at += 1;
        self.blank();
        let mut entries: Vec<(Value, Value)> = Vec::new();
        let mut positions: HashMap<String, usize> = HashMap::new();
        if self.eat('}') {
            return Ok(Value::dict(entries));
        }
        loop {
            self.blank();
            let key_at = self.at;
            if !self.eat('"') {
                return Err(self.wrong("Expecting property name enclosed in double quotes", key_at));
            }
            let key = self.string()?;
            self.blank();
            if !self.eat(':') {
                return Err(self.wrong("Expecting ':' delimiter", self.at));
            }
            self.blank();
            let value = self.value(depth + 1)?;
            match positions.get(&key) {
                Some(position) => entries[*position].1 = value,
                None => {
                    positions.insert(key.clone(), entries.len());
                    entries.push((Value::text(key), value));
                }
            }
            self.blank();
            if self.eat('}') {
                return Ok(Value::dict(entries));
            }
            if !self.eat(',') {
                return Err(self.wrong("Expecting ',' delimiter", self.at));
            }
        }
    }

    /// After the opening quote.
    fn string(&mut self) -> Result<String, String> {
        let begin = self.at - 1;
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let stop = rest.find(|c: char| c == '"' || c == '\\' || c < ' ');
            let Some(stop) = stop else { return Err(self.wrong("Unterminated string starting at", begin)) };
            out.push_str(&rest[..stop]);
            self.at += stop;
            match rest.as_bytes()[stop] {
                b'"' => {
                    self.at += 1;
                    return Ok(out);
                }
                b'\\' => self.escape(begin, &mut out)?,
                _ => return Err(self.wrong("Invalid control character at", self.at)),
            }
        }
    }

    fn escape(&mut self, begin: usize, out: &mut String) -> Result<(), String> {
        let at = self.at;
        let Some(letter) = self.rest().chars().nth(1) else {
            return Err(self.wrong("Unterminated string starting at", begin));
        };
        self.at += 1 + letter.len_utf8();
        out.push(match letter {
            '"' | '\\' | '/' => letter,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => self.code(at)?,
            _ => return Err(self.wrong("Invalid \\escape", at)),
        });
        Ok(())
    }

    /// Behind `\u`. Half of a pair alone is no character; it becomes the one that says so.
    fn code(&mut self, at: usize) -> Result<char, String> {
        let first = self.hex().ok_or_else(|| self.wrong("Invalid \\uXXXX escape", at + 1))?;
        if (0xd800..0xdc00).contains(&first) && self.rest().starts_with("\\u") {
            let before = self.at;
            self.at += 2;
            match self.hex() {
                Some(second) if (0xdc00..0xe000).contains(&second) => {
                    let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                    return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                _ => self.at = before,
            }
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    fn number(&mut self) -> Option<Value> {
        let rest = self.rest().as_bytes();
        let digits = |from: usize| rest[from.min(rest.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let sign = usize::from(rest.first() == Some(&b'-'));
        let whole = if rest.get(sign) == Some(&b'0') { 1 } else { digits(sign) };
        if whole == 0 {
            return None;
        }
        let mut end = sign + whole;
        let mut is_float = false;
        if rest.get(end) == Some(&b'.') && digits(end + 1) > 0 {
            is_float = true;
            end += 1 + digits(end + 1);
        }
        if matches!(rest.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(rest.get(end + 1), Some(b'+' | b'-')));
            let count = digits(end + 1 + sign);
            if count > 0 {
                is_float = true;
                end += 1 + sign + count;
            }
        }
        let text = &self.text[self.at..self.at + end];
        self.at += end;
        match text.parse::<i128>() {
            Ok(number) if !is_float => Some(Value::Int(number)),
            _ => text.parse().ok().map(Value::Float),
        }
    }
}
