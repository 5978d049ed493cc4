//! `tuple.1`: after a name or a bracket, a dot and a digit are no number but an item's place. And the paths of
//! `JSON` columns, `a.b.:Int64`, `a.^b` and `a.b[].c`, become names that the parser knows.

use sqlparser::tokenizer::{Token, TokenWithSpan};

/// Takes numbers like `.1` and `.1.2` that stand right behind a value apart into dots and places.
pub(super) fn split(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let after_dot =
            out.last().is_some_and(|before| before.token == Token::Period && before.span.end == token.span.start);
        // `json.path.:Type` and `json.^path`
        let prefix = match token.token {
            Token::Colon if after_dot => Some(":"),
            Token::Caret if after_dot => Some("^"),
            _ => None,
        };
        if let Some(prefix) = prefix
            && let Some(word) = tokens.next_if(|next| matches!(next.token, Token::Word(_)))
        {
            out.push(renamed(&word, |name| format!("{prefix}{name}")));
            continue;
        }
        // `json.items[].path`
        if after_dot
            && matches!(token.token, Token::Word(_))
            && tokens.peek().is_some_and(|next| next.token == Token::LBracket && next.span.start == token.span.end)
        {
            let bracket = tokens.next();
            match tokens.next_if(|next| next.token == Token::RBracket) {
                Some(_) => out.push(renamed(&token, |name| format!("{name}[]"))),
                None => out.extend(std::iter::once(token).chain(bracket)),
            }
            continue;
        }
        match (&token.token, out.last()) {
            (Token::Number(text, false), Some(before)) if is_place(text, before, &token) => {
                let span = token.span;
                enclose_name(&mut out);
                for (index, place) in text.split('.').enumerate() {
                    if index > 0 {
                        out.push(TokenWithSpan { token: Token::Period, span });
                    }
                    if !place.is_empty() {
                        out.push(TokenWithSpan { token: Token::Number(place.to_owned(), false), span });
                    }
                }
            }
            _ => out.push(token),
        }
    }
    out
}

/// `t.x` before a place becomes `(t.x)`: a dot behind a name makes the parser ask for another name or a `*`.
fn enclose_name(out: &mut Vec<TokenWithSpan>) {
    let is_word = |token: Option<&TokenWithSpan>| matches!(token.map(|token| &token.token), Some(Token::Word(_)));
    if !is_word(out.last()) {
        return;
    }
    let mut start = out.len() - 1;
    while start >= 2 && out[start - 1].token == Token::Period && is_word(out.get(start - 2)) {
        start -= 2;
    }
    let span = out[start].span;
    out.insert(start, TokenWithSpan { token: Token::LParen, span });
    out.push(TokenWithSpan { token: Token::RParen, span });
}

/// What ClickHouse calls a part of a column: ``json.a.:`Int64` ``.
pub(crate) fn path_name(parts: &[&str]) -> String {
    let mut out = String::new();
    for part in parts {
        out = match (part.chars().next(), part.strip_suffix("[]")) {
            (Some(sign @ (':' | '^')), _) => format!("{out}.{sign}`{}`", &part[1..]),
            (_, Some(name)) => format!("{out}.{name}.:`Array(JSON)`"),
            _ if out.is_empty() => (*part).to_owned(),
            _ => format!("{out}.{part}"),
        };
    }
    out
}

/// A name that the parser takes as it is.
fn renamed(token: &TokenWithSpan, rename: impl Fn(&str) -> String) -> TokenWithSpan {
    match &token.token {
        Token::Word(word) => {
            let token_of = Token::make_word(&rename(&word.value), Some('`'));
            TokenWithSpan { token: token_of, span: token.span }
        }
        _ => token.clone(),
    }
}

/// `1.2` behind a dot, or `.1` behind what a value ends with, without a space between.
fn is_place(text: &str, before: &TokenWithSpan, token: &TokenWithSpan) -> bool {
    let places = text.strip_prefix('.').unwrap_or(text);
    let is_list = places.contains('.') || places.len() < text.len();
    let ends_value = match before.token {
        Token::Word(_) | Token::RParen | Token::RBracket => text.starts_with('.'),
        // behind a place that was split off
        Token::Number(..) => text.starts_with('.'),
        Token::Period => true,
        _ => false,
    };
    is_list
        && ends_value
        && before.span.end == token.span.start
        && places.split('.').all(|place| !place.is_empty() && place.bytes().all(|byte| byte.is_ascii_digit()))
}
