//! SQL text → words, texts and marks, with their places; comments and white space fall away.

use crate::error::{Error, Result};
use crate::sql::exception::SYNTAX_ERROR;
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A bare name, keyword or number.
    Word,
    /// A name in backticks or double quotes.
    Name,
    Text,
    Mark(u8),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: Kind,
    pub range: Range<usize>,
}

/// Tokens of one text, and how far they have been read.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    pub text: &'a str,
    tokens: Vec<Token>,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Cursor<'a> {
        let mut tokens = Vec::new();
        let mut at = 0;
        while let Some(token) = next(text, at) {
            at = token.range.end;
            tokens.push(token);
        }
        Cursor { text, tokens, at: 0 }
    }

    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn ahead(&self, distance: usize) -> Option<&Token> {
        self.tokens.get(self.at + distance)
    }

    /// Where the next token begins.
    pub(super) fn place(&self) -> usize {
        self.peek().map_or(self.text.len(), |token| token.range.start)
    }

    /// Where the last token ended.
    pub(super) fn end_of_last(&self) -> usize {
        self.at.checked_sub(1).map_or(0, |last| self.tokens[last].range.end)
    }

    pub(super) fn is_done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    /// Reads on at the first token from this place on.
    pub(super) fn seek(&mut self, place: usize) {
        while self.peek().is_some_and(|token| token.range.start < place) {
            self.at += 1;
        }
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.is_word_at(0, word)
    }

    fn is_word_at(&self, distance: usize, word: &str) -> bool {
        self.ahead(distance)
            .is_some_and(|token| token.kind == Kind::Word && self.text[token.range.clone()].eq_ignore_ascii_case(word))
    }

    pub(super) fn is_mark(&self, mark: u8) -> bool {
        self.peek().is_some_and(|token| token.kind == Kind::Mark(mark))
    }

    /// Takes these words, separated by spaces, if they all come next.
    pub(super) fn eat(&mut self, words: &str) -> bool {
        let count = words.split(' ').count();
        let found = words.split(' ').enumerate().all(|(distance, word)| self.is_word_at(distance, word));
        self.at += if found { count } else { 0 };
        found
    }

    pub(super) fn eat_mark(&mut self, mark: u8) -> bool {
        let found = self.is_mark(mark);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, words: &str) -> Result<()> {
        if self.eat(words) { Ok(()) } else { Err(self.unexpected(words)) }
    }

    pub(super) fn expect_mark(&mut self, mark: u8) -> Result<()> {
        if self.eat_mark(mark) { Ok(()) } else { Err(self.unexpected(&char::from(mark).to_string())) }
    }

    /// A name, without its quotes.
    pub(super) fn name(&mut self) -> Result<String> {
        let Some(token) = self.peek().filter(|token| matches!(token.kind, Kind::Word | Kind::Name)) else {
            return Err(self.unexpected("a name"));
        };
        let text = &self.text[token.range.clone()];
        let name = match token.kind {
            Kind::Name => unquoted(text),
            _ => text.to_owned(),
        };
        self.skip();
        Ok(name)
    }

    /// `table` or `database.table`; there is one database, so its name says nothing.
    pub(super) fn table_name(&mut self) -> Result<String> {
        let mut name = self.name()?;
        while self.eat_mark(b'.') {
            name = self.name()?;
        }
        Ok(name)
    }

    /// The text in quotes that comes next.
    pub(super) fn text(&mut self) -> Option<String> {
        let token = self.peek().filter(|token| token.kind == Kind::Text)?;
        let text = unquoted(&self.text[token.range.clone()]);
        self.skip();
        Some(text)
    }

    /// Skips to the first of these marks outside of brackets, or to the end; the range skipped.
    pub(super) fn until(&mut self, stop: impl Fn(&Cursor<'a>) -> bool) -> Range<usize> {
        let start = self.place();
        let mut depth = 0usize;
        while let Some(token) = self.peek() {
            let kind = token.kind;
            if depth == 0 && (stop(self) || matches!(kind, Kind::Mark(b')' | b']' | b'}'))) {
                break;
            }
            match kind {
                Kind::Mark(b'(' | b'[' | b'{') => depth += 1,
                Kind::Mark(b')' | b']' | b'}') => depth -= 1,
                _ => {}
            }
            self.skip();
        }
        start..self.end_of_last().max(start)
    }

    pub(super) fn unexpected(&self, wanted: &str) -> Error {
        let found = match self.peek() {
            Some(token) => format!("found {:?} at byte {}", &self.text[token.range.clone()], token.range.start),
            None => "the statement ends".to_owned(),
        };
        Error::invalid(format!("syntax error: expected {wanted}, {found}")).with_exception_code(SYNTAX_ERROR)
    }
}

/// The first token from byte `at` on.
pub(super) fn next(text: &str, mut at: usize) -> Option<Token> {
    let bytes = text.as_bytes();
    loop {
        let byte = *bytes.get(at)?;
        let rest = &text[at..];
        if byte.is_ascii_whitespace() {
            at += 1;
        } else if rest.starts_with("--") || rest.starts_with("#!") || rest.starts_with("# ") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            at += rest.find("*/").map_or(rest.len(), |end| end + 2);
        } else {
            break;
        }
    }
    let (kind, end) = match bytes[at] {
        b'\'' => (Kind::Text, quoted(bytes, at, b'\'')),
        quote @ (b'`' | b'"') => (Kind::Name, quoted(bytes, at, quote)),
        byte if is_word(byte) => {
            let length = bytes[at..].iter().position(|byte| !is_word(*byte)).unwrap_or(bytes.len() - at);
            (Kind::Word, at + length)
        }
        byte => (Kind::Mark(byte), at + 1),
    };
    Some(Token { kind, range: at..end })
}

/// Bytes of characters beyond ASCII belong to words, so that no token ends inside a character.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// The place behind the closing quote.
fn quoted(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            byte if byte == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn unquoted(text: &str) -> String {
    let quote = &text[..1];
    let inside = text[1..].strip_suffix(quote).unwrap_or(&text[1..]);
    let mut out = String::with_capacity(inside.len());
    let mut chars = inside.replace(&quote.repeat(2), quote).chars().collect::<Vec<_>>().into_iter();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next().map(|escaped| match escaped {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                '0' => '\0',
                other => other,
            })),
            c => out.push(c),
        }
    }
    out
}
