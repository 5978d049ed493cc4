//! Python's tokens, as far as template expressions use them.

use std::ops::Range;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    Int(i128),
    Float(f64),
    Str(String),
    /// The text between the quotes of an f-string, escapes already read, and where it starts.
    Format(String, usize),
    /// An operator or bracket, the longest that fits.
    Mark(&'static str),
    End,
}

const MARKS: [&str; 37] = [
    "**=", "//=", "**", "//", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=", "%=", "->", ":=", "{{", "}}", "(", ")",
    "[", "]", "{", "}", ",", ":", ".", "=", "<", ">", "+", "-", "*", "/", "%", "|", "&", ";",
];

/// Tokens with their bytes; the last one is [`Token::End`].
pub(super) type Tokens = Vec<(Token, Range<usize>)>;

/// What cannot be read, and where.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) message: String,
    pub(super) span: Range<usize>,
}

/// The tokens of `text[start..]` up to the first `stop` outside strings and brackets, and where
/// that `stop` begins. Spans are bytes of `text`.
pub(super) fn tokens(text: &str, start: usize, stop: &'static str) -> Result<(Tokens, Option<usize>), Unreadable> {
    let mut out = Vec::new();
    let mut at = start;
    let mut braces = 0usize;
    loop {
        let rest = &text[at..];
        at += rest.len() - rest.trim_start().len();
        let rest = &text[at..];
        let Some(first) = rest.chars().next() else {
            out.push((Token::End, at..at));
            return Ok((out, None));
        };
        let closes = !stop.is_empty() && rest.starts_with(stop) && (stop != "}}" || braces == 0);
        if closes {
            out.push((Token::End, at..at));
            return Ok((out, Some(at)));
        }
        let begin = at;
        let token = if first.is_ascii_digit() || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
            number(text, &mut at)?
        } else if first == '_' || first.is_alphabetic() {
            let end = rest.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(rest.len());
            let word = &rest[..end];
            let quoted = rest[end..].starts_with(['"', '\'']);
            match word.to_ascii_lowercase().as_str() {
                "r" | "u" | "f" | "rf" | "fr" if quoted => string(text, &mut at, &word.to_ascii_lowercase())?,
                _ => {
                    at += end;
                    Token::Name(word.to_owned())
                }
            }
        } else if first == '"' || first == '\'' {
            string(text, &mut at, "")?
        } else {
            let Some(mark) = mark(rest, braces) else {
                let span = at..at + first.len_utf8();
                return Err(Unreadable { message: format!("unexpected character {first:?}"), span });
            };
            match mark {
                "{" => braces += 1,
                "}" => braces = braces.saturating_sub(1),
                _ => {}
            }
            at += mark.len();
            Token::Mark(mark)
        };
        out.push((token, begin..at));
    }
}

fn mark(rest: &str, braces: usize) -> Option<&'static str> {
    // closing braces are single as long as a dict or set is open; `{{` is told apart by the parser
    MARKS.into_iter().find(|mark| rest.starts_with(mark) && *mark != "{{" && (*mark != "}}" || braces == 0))
}

fn number(text: &str, at: &mut usize) -> Result<Token, Unreadable> {
    let rest = &text[*at..];
    if let Some((radix, _)) =
        [(16, "0x"), (8, "0o"), (2, "0b")].into_iter().find(|(_, prefix)| rest.starts_with(prefix))
    {
        return prefixed_number(text, at, radix);
    }
    let bytes = rest.as_bytes();
    let mut end = 0;
    let mut is_float = false;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'0'..=b'9' | b'_' => end += 1,
            b'.' => {
                is_float = true;
                end += 1;
            }
            b'e' | b'E' => {
                is_float = true;
                end += 1;
                if matches!(bytes.get(end), Some(b'+' | b'-')) {
                    end += 1;
                }
            }
            _ => break,
        }
    }
    let span = *at..*at + end;
    *at += end;
    let digits = rest[..end].replace('_', "");
    let token = match is_float {
        true => digits.parse().ok().map(Token::Float),
        false => digits.parse().ok().map(Token::Int),
    };
    let followed = text[*at..].starts_with(|c: char| c == '_' || c.is_alphanumeric());
    token
        .filter(|_| !followed)
        .ok_or_else(|| Unreadable { message: format!("{:?} is not a number", &rest[..end]), span })
}

fn prefixed_number(text: &str, at: &mut usize, radix: u32) -> Result<Token, Unreadable> {
    let rest = &text[*at..];
    let end = rest.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(rest.len());
    let span = *at..*at + end;
    *at += end;
    let number = i128::from_str_radix(&rest[2..end].replace('_', ""), radix);
    number.map(Token::Int).map_err(|_| Unreadable { message: format!("{:?} is not a number", &rest[..end]), span })
}

fn string(text: &str, at: &mut usize, prefix: &str) -> Result<Token, Unreadable> {
    let begin = *at;
    *at += prefix.len();
    let quote = &text[*at..*at + 1];
    let triple = quote.repeat(3);
    let close = if text[*at..].starts_with(&triple) { triple.as_str() } else { quote };
    *at += close.len();
    let inside = *at;
    let is_raw = prefix.contains('r');
    let mut out = String::new();
    loop {
        let rest = &text[*at..];
        if rest.starts_with(close) {
            *at += close.len();
            break;
        }
        let mut chars = rest.chars();
        match chars.next() {
            None => {
                let span = begin..begin + prefix.len() + 1;
                return Err(Unreadable { message: "the string is not closed".to_owned(), span });
            }
            Some('\\') => {
                let escaped = chars.next();
                *at += 1 + escaped.map_or(0, char::len_utf8);
                match escaped {
                    Some(c) if is_raw => out.extend(['\\', c]),
                    Some('n') => out.push('\n'),
                    Some('t') => out.push('\t'),
                    Some('r') => out.push('\r'),
                    Some('a') => out.push('\u{7}'),
                    Some('b') => out.push('\u{8}'),
                    Some('f') => out.push('\u{c}'),
                    Some('v') => out.push('\u{b}'),
                    Some('\n') => {}
                    Some(letter @ ('x' | 'u' | 'U')) => {
                        let count = if letter == 'x' {
                            2
                        } else if letter == 'u' {
                            4
                        } else {
                            8
                        };
                        let digits = text[*at..].get(..count).unwrap_or("");
                        let Some(c) = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32) else {
                            let message = format!("\\{letter} needs {count} digits that name a character");
                            return Err(Unreadable { message, span: *at - 2..*at });
                        };
                        *at += count;
                        out.push(c);
                    }
                    Some(first @ '0'..='7') => {
                        let is_octal = |c: &char| matches!(c, '0'..='7');
                        let more = text[*at..].chars().take(2).take_while(is_octal).count();
                        let digits = format!("{first}{}", &text[*at..*at + more]);
                        *at += more;
                        out.extend(u32::from_str_radix(&digits, 8).ok().and_then(char::from_u32));
                    }
                    Some(c @ ('\\' | '\'' | '"')) => out.push(c),
                    Some(c) => out.extend(['\\', c]),
                    None => out.push('\\'),
                }
            }
            Some(c) => {
                *at += c.len_utf8();
                out.push(c);
            }
        }
    }
    Ok(if prefix.contains('f') { Token::Format(out, inside) } else { Token::Str(out) })
}
