//! A borrowed walk over JSON text: no tree, no copies but for strings with escapes.
//!
//! Everything that is walked over is checked, so what it hands out as a value's text is JSON.

use crate::limits::EVENT_DEPTH_MAX;
use std::borrow::Cow;

pub(super) type Result<T> = std::result::Result<T, String>;

pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Scanner<'a> {
        Scanner { text, at: 0 }
    }

    /// The next byte that is not white space.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    pub(super) fn eat(&mut self, token: u8) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, token: u8) -> Result<()> {
        if self.eat(token) { Ok(()) } else { Err(self.unexpected(&format!("{:?}", char::from(token)))) }
    }

    /// Nothing but white space may follow.
    pub(super) fn end(&mut self) -> Result<()> {
        if self.peek().is_none() { Ok(()) } else { Err(self.unexpected("the end")) }
    }

    /// Calls `entry` at each value of an object, which must walk over it.
    pub(super) fn object(&mut self, mut entry: impl FnMut(&mut Scanner<'a>, Cow<'a, str>) -> Result<()>) -> Result<()> {
        self.expect(b'{')?;
        if self.eat(b'}') {
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a key in quotes"));
            }
            let key = self.string()?;
            self.expect(b':')?;
            entry(self, key)?;
            if !self.eat(b',') {
                return if self.eat(b'}') { Ok(()) } else { Err(self.unexpected("',' or '}'")) };
            }
        }
    }

    /// Calls `item` at each value of an array, which must walk over it.
    pub(super) fn array(&mut self, mut item: impl FnMut(&mut Scanner<'a>) -> Result<()>) -> Result<()> {
        self.expect(b'[')?;
        if self.eat(b']') {
            return Ok(());
        }
        loop {
            item(self)?;
            if !self.eat(b',') {
                return if self.eat(b']') { Ok(()) } else { Err(self.unexpected("',' or ']'")) };
            }
        }
    }

    /// Walks over one value and returns its text.
    pub(super) fn value(&mut self, depth: usize) -> Result<&'a str> {
        let first = self.peek();
        let start = self.at;
        match first {
            Some(b'"') => self.quoted().map(|_| ())?,
            Some(b'{') => {
                self.check_depth(depth)?;
                self.object(|scanner, _| scanner.value(depth + 1).map(|_| ()))?;
            }
            Some(b'[') => {
                self.check_depth(depth)?;
                self.array(|scanner| scanner.value(depth + 1).map(|_| ()))?;
            }
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.word()?,
        }
        Ok(&self.text[start..self.at])
    }

    pub(super) fn string(&mut self) -> Result<Cow<'a, str>> {
        let (inside, has_escape) = self.quoted()?;
        if has_escape { unescape(inside).map(Cow::Owned) } else { Ok(Cow::Borrowed(inside)) }
    }

    fn check_depth(&self, depth: usize) -> Result<()> {
        if depth < EVENT_DEPTH_MAX {
            return Ok(());
        }
        Err(format!("nests deeper than {EVENT_DEPTH_MAX} at byte {}", self.at))
    }

    /// What stands between the quotes, and whether it has a backslash.
    fn quoted(&mut self) -> Result<(&'a str, bool)> {
        self.expect(b'"')?;
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut has_escape = false;
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.at += 1;
                    return Ok((&self.text[start..self.at - 1], has_escape));
                }
                b'\\' => {
                    has_escape = true;
                    self.escape()?;
                }
                0..0x20 => return Err(format!("a control character in a string at byte {}", self.at)),
                _ => self.at += 1,
            }
        }
        Err("a string is not closed".to_owned())
    }

    /// Walks over `\n`, `\u00e9` …
    fn escape(&mut self) -> Result<()> {
        let rest = &self.text.as_bytes()[self.at + 1..];
        let length = match rest.first() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') if rest.len() > 4 && rest[1..5].iter().all(u8::is_ascii_hexdigit) => 6,
            _ => return Err(format!("an unknown escape at byte {}", self.at)),
        };
        self.at += length;
        Ok(())
    }

    fn number(&mut self) -> Result<()> {
        let start = self.at;
        self.at += usize::from(self.text.as_bytes()[self.at] == b'-');
        let whole = self.digits();
        let mut complete = whole > 0 && (whole == 1 || self.text.as_bytes()[self.at - whole] != b'0');
        if self.text.as_bytes().get(self.at) == Some(&b'.') {
            self.at += 1;
            complete &= self.digits() > 0;
        }
        if matches!(self.text.as_bytes().get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.text.as_bytes().get(self.at), Some(b'+' | b'-')));
            complete &= self.digits() > 0;
        }
        if complete { Ok(()) } else { Err(format!("a broken number at byte {start}")) }
    }

    fn digits(&mut self) -> usize {
        let rest = &self.text.as_bytes()[self.at..];
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    fn word(&mut self) -> Result<()> {
        for word in ["true", "false", "null"] {
            if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(());
            }
        }
        Err(self.unexpected("a value"))
    }

    fn unexpected(&self, wanted: &str) -> String {
        // `at` may stand inside a character only after a byte that already is an error
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(found) => format!("expected {wanted} but found {found:?} at byte {}", self.at),
            None => format!("expected {wanted} but the text ends"),
        }
    }
}

/// The text of a JSON string, given what stands between its quotes. Halves of surrogate pairs
/// that stand alone become U+FFFD.
pub(super) fn unescape(inside: &str) -> Result<String> {
    let mut out = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = rest.as_bytes().get(at + 1).copied().ok_or("a string ends in a backslash")?;
        rest = &rest[at + 2..];
        match escape {
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => {
                let first = hex4(rest).ok_or("a broken \\u escape")?;
                rest = &rest[4..];
                let second = rest.strip_prefix("\\u").and_then(hex4);
                match (first, second) {
                    (0xd800..0xdc00, Some(low @ 0xdc00..0xe000)) => {
                        rest = &rest[6..];
                        let code = 0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00);
                        out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    _ => out.push(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER)),
                }
            }
            other => out.push(char::from(other)),
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn hex4(text: &str) -> Option<u32> {
    u32::from_str_radix(text.get(..4)?, 16).ok()
}
