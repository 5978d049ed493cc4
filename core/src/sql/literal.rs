//! The escapes of ClickHouse's string literals.
//!
//! The tokenizer drops the backslash of an escape that it does not know; ClickHouse keeps it, so that
//! `match(s, '\d+')` is what it looks like. Hence the tokenizer leaves literals as they are written, and they
//! are read here.

use sqlparser::tokenizer::{Token, TokenWithSpan};

pub(super) fn unescape(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    for token in &mut tokens {
        match &mut token.token {
            Token::SingleQuotedString(text) if text.contains(['\\', '\'']) => *text = unescaped(text),
            Token::Word(word) => {
                if let Some(quote) = word.quote_style
                    && word.value.contains(quote)
                {
                    word.value = word.value.replace(&format!("{quote}{quote}"), &quote.to_string());
                }
            }
            _ => {}
        }
    }
    tokens
}

/// What stands between the quotes, as the text it means. Bytes that are no UTF-8 (`\xff`) become U+FFFD.
fn unescaped(raw: &str) -> String {
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\'' => {
                // a quote is doubled, or it would have ended the literal
                bytes.next_if_eq(&b'\'');
                out.push(b'\'');
            }
            b'\\' => match bytes.next() {
                Some(b'b') => out.push(8),
                Some(b'e') => out.push(0x1b),
                Some(b'f') => out.push(0x0c),
                Some(b'n') => out.push(b'\n'),
                Some(b'r') => out.push(b'\r'),
                Some(b't') => out.push(b'\t'),
                Some(b'a') => out.push(7),
                Some(b'v') => out.push(0x0b),
                Some(b'0') => out.push(0),
                Some(b'N') => {}
                Some(b'x') => {
                    let mut digit = || bytes.next_if(u8::is_ascii_hexdigit).map_or(0, hex_digit);
                    let high = digit();
                    out.push(high << 4 | digit());
                }
                Some(plain @ (b'\\' | b'\'' | b'"' | b'`' | b'/' | b'=')) => out.push(plain),
                Some(other) => out.extend([b'\\', other]),
                None => out.push(b'\\'),
            },
            other => out.push(other),
        }
    }
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn hex_digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => digit.to_ascii_lowercase() - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::unescaped;

    #[test]
    fn escapes_are_read_as_clickhouse_reads_them() {
        assert_eq!(unescaped(r"\d\1\%\_\q"), r"\d\1\%\_\q");
        assert_eq!(unescaped(r#"\'\"\`\\\/\=\N''z"#), "'\"`\\/='z");
        assert_eq!(unescaped(r"\x41\0\n\t"), "A\0\n\t");
        assert_eq!(unescaped(r"ñ\'é"), "ñ'é");
    }
}
