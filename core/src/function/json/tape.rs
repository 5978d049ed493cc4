//! JSON text, checked as a whole and laid out flat: one node for each value and key, in the order of the text.
//!
//! ```text
//!  {"a": [1, 2]}   ▶   Object(next 5) · Key a · Array(next 5) · Number 1 · Number 2
//! ```
//!
//! The nodes of one text are overwritten by those of the next, so a row costs no allocation.

use crate::limits;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    True,
    False,
    Number,
    /// Between the quotes; `escaped` tells whether a backslash is inside.
    Text {
        escaped: bool,
    },
    Array,
    Object,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    kind: Kind,
    start: u32,
    end: u32,
    /// The node after this one and all inside it.
    next: u32,
    /// Items of an array, pairs of an object.
    count: u32,
}

#[derive(Default)]
pub(super) struct Tape {
    nodes: Vec<Node>,
    open: Vec<u32>,
}

/// A number as ClickHouse sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Int(i64),
    UInt(u64),
    Double(f64),
    /// A whole number beyond 64 bits, which some functions take for text.
    Big(f64),
}

/// One value of a text that was read.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    tape: &'a Tape,
    text: &'a str,
    node: usize,
}

impl Tape {
    /// Reads a text; `None` if it is no JSON.
    pub(super) fn read<'a>(&'a mut self, text: &'a str) -> Option<Value<'a>> {
        self.nodes.clear();
        self.open.clear();
        u32::try_from(text.len()).ok()?;
        self.parse(text.as_bytes())?;
        Some(Value { tape: self, text, node: 0 })
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        let next = self.nodes.len() as u32 + 1;
        self.nodes.push(Node { kind, start: start as u32, end: end as u32, next, count: 0 });
    }

    fn parse(&mut self, bytes: &[u8]) -> Option<()> {
        let mut at = space(bytes, 0);
        loop {
            // A value begins here.
            match *bytes.get(at)? {
                open @ (b'{' | b'[') => {
                    let (kind, close) = if open == b'{' { (Kind::Object, b'}') } else { (Kind::Array, b']') };
                    self.push(kind, at, at);
                    at = space(bytes, at + 1);
                    if *bytes.get(at)? != close {
                        if self.open.len() >= limits::JSON_DEPTH_MAX {
                            return None;
                        }
                        self.open.push(self.nodes.len() as u32 - 1);
                        if kind == Kind::Object {
                            at = self.key(bytes, at)?;
                        }
                        continue;
                    }
                    at += 1;
                    self.nodes.last_mut()?.end = at as u32;
                }
                b'"' => at = self.string(bytes, at)?,
                b't' => at = self.word(bytes, at, b"true", Kind::True)?,
                b'f' => at = self.word(bytes, at, b"false", Kind::False)?,
                b'n' => at = self.word(bytes, at, b"null", Kind::Null)?,
                _ => {
                    let end = number_end(bytes, at)?;
                    self.push(Kind::Number, at, end);
                    at = end;
                }
            }
            // A value has ended here.
            loop {
                at = space(bytes, at);
                let Some(&top) = self.open.last() else {
                    return (at == bytes.len()).then_some(());
                };
                let next = self.nodes.len() as u32;
                let node = &mut self.nodes[top as usize];
                node.count += 1;
                let is_object = node.kind == Kind::Object;
                match *bytes.get(at)? {
                    b',' => {
                        at = space(bytes, at + 1);
                        if is_object {
                            at = self.key(bytes, at)?;
                        }
                        break;
                    }
                    close if close == if is_object { b'}' } else { b']' } => {
                        at += 1;
                        (node.end, node.next) = (at as u32, next);
                        self.open.pop();
                    }
                    _ => return None,
                }
            }
        }
    }

    /// A key and its colon; where the value begins.
    fn key(&mut self, bytes: &[u8], at: usize) -> Option<usize> {
        if *bytes.get(at)? != b'"' {
            return None;
        }
        let at = space(bytes, self.string(bytes, at)?);
        (*bytes.get(at)? == b':').then(|| space(bytes, at + 1))
    }

    fn word(&mut self, bytes: &[u8], at: usize, word: &[u8], kind: Kind) -> Option<usize> {
        let end = at + word.len();
        if bytes.get(at..end)? != word {
            return None;
        }
        self.push(kind, at, end);
        Some(end)
    }

    fn string(&mut self, bytes: &[u8], at: usize) -> Option<usize> {
        let start = at + 1;
        let (mut at, mut escaped) = (start, false);
        loop {
            match *bytes.get(at)? {
                b'"' => {
                    self.push(Kind::Text { escaped }, start, at);
                    return Some(at + 1);
                }
                b'\\' => {
                    escaped = true;
                    at = escape_end(bytes, at)?;
                }
                0..0x20 => return None,
                _ => at += 1,
            }
        }
    }
}

fn space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = std::str::from_utf8(bytes.get(at..at + 4)?).ok()?;
    if digits.starts_with('+') {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}

/// Where an escape ends; half a surrogate pair is none.
fn escape_end(bytes: &[u8], at: usize) -> Option<usize> {
    match *bytes.get(at + 1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 2),
        b'u' => match hex4(bytes, at + 2)? {
            0xd800..0xdc00 => {
                let is_pair = bytes.get(at + 6..at + 8)? == b"\\u";
                (is_pair && (0xdc00..0xe000).contains(&hex4(bytes, at + 8)?)).then_some(at + 12)
            }
            0xdc00..0xe000 => None,
            _ => Some(at + 6),
        },
        _ => None,
    }
}

fn number_end(bytes: &[u8], start: usize) -> Option<usize> {
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let first = start + usize::from(*bytes.get(start)? == b'-');
    let mut at = digits(first);
    if at == first || (bytes[first] == b'0' && at > first + 1) {
        return None;
    }
    if bytes.get(at) == Some(&b'.') {
        let end = digits(at + 1);
        if end == at + 1 {
            return None;
        }
        at = end;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let end = digits(at + 1 + sign);
        if end == at + 1 + sign {
            return None;
        }
        at = end;
        let value: f64 = std::str::from_utf8(&bytes[start..at]).ok()?.parse().ok()?;
        if !value.is_finite() {
            return None;
        }
    }
    Some(at)
}

impl<'a> Value<'a> {
    fn node(&self) -> &'a Node {
        &self.tape.nodes[self.node]
    }

    pub(super) fn kind(&self) -> Kind {
        self.node().kind
    }

    /// The value as it is written; of a text, what stands between the quotes.
    pub(super) fn written(&self) -> &'a str {
        let node = self.node();
        &self.text[node.start as usize..node.end as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.node().count as usize
    }

    fn at(&self, node: usize) -> Value<'a> {
        Value { node, ..*self }
    }

    /// The items of an array.
    pub(super) fn items(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let value = *self;
        let count = if self.kind() == Kind::Array { self.len() } else { 0 };
        let mut node = self.node + 1;
        (0..count).map(move |_| {
            let item = value.at(node);
            node = item.node().next as usize;
            item
        })
    }

    /// The keys and values of an object.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (Value<'a>, Value<'a>)> + use<'a> {
        let value = *self;
        let count = if self.kind() == Kind::Object { self.len() } else { 0 };
        let mut node = self.node + 1;
        (0..count).map(move |_| {
            let (key, item) = (value.at(node), value.at(node + 1));
            node = item.node().next as usize;
            (key, item)
        })
    }

    /// Whether this text is `wanted`.
    pub(super) fn is_text(&self, wanted: &str, any_case: bool) -> bool {
        let equal = |text: &str| if any_case { text.eq_ignore_ascii_case(wanted) } else { text == wanted };
        match self.kind() {
            Kind::Text { escaped: false } => equal(self.written()),
            Kind::Text { escaped: true } => {
                let mut text = String::new();
                self.unescape(&mut text);
                equal(&text)
            }
            _ => false,
        }
    }

    /// A text without its escapes, which were checked when it was read.
    pub(super) fn unescape(&self, out: &mut String) {
        if self.kind() != (Kind::Text { escaped: true }) {
            return out.push_str(self.written());
        }
        unescape(self.written(), out);
    }

    pub(super) fn number(&self) -> Option<Number> {
        if self.kind() != Kind::Number {
            return None;
        }
        let text = self.written();
        if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
            if let Ok(value) = text.parse() {
                return Some(Number::Int(value));
            }
            if let Ok(value) = text.parse() {
                return Some(Number::UInt(value));
            }
            return text.parse().ok().map(Number::Big);
        }
        text.parse().ok().map(Number::Double)
    }
}

/// Replaces the escapes of a text that has only whole ones.
pub(super) fn unescape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let bytes = rest.as_bytes();
        let letter = bytes.get(at + 1).copied().unwrap_or(b'\\');
        let mut size = 2;
        match letter {
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => {
                size = 6;
                let high = hex4(bytes, at + 2).unwrap_or(0xfffd);
                let mut code = high;
                if (0xd800..0xdc00).contains(&high)
                    && let Some(low) = hex4(bytes, at + 8).filter(|low| (0xdc00..0xe000).contains(low))
                {
                    code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                    size = 12;
                }
                out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
            other => out.push(char::from(other)),
        }
        rest = rest.get(at + size..).unwrap_or("");
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests;
