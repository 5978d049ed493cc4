//! Rewrites, on tokens, what the tokenizer reads in another way than ClickHouse, and aliases inside expressions:
//!
//! | written                     | rewritten                     |
//! |-----------------------------|-------------------------------|
//! | `a.b.1`                     | `tupleElement(a.b, 1)`        |
//! | `# …`                       | nothing: a comment            |
//! | `0xFF`, `0b11`, `inf`       | numbers                       |
//! | `INTERVAL '1 day'`          | `INTERVAL 1 day`              |
//! | `f(a AS x)`, `(a AS x) + x`  | with an operator in place of AS |
//! | `* APPLY(f)`                | `* REPLACE (__apply(f) AS __apply)` |
//! | `substring(s, 1)` and others that have a grammar of their own | plain calls, if written as such |

use super::dialect::INNER_ALIAS;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

/// What stands for a function that `APPLY` names.
pub(crate) const APPLY: &str = "__apply";

/// `tokens` without white space; `text` is what they were read from, by span.
pub(super) fn rewrite<'t>(
    tokens: Vec<TokenWithSpan>,
    text_of: impl Fn(&TokenWithSpan) -> &'t str,
) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut brackets = Brackets::default();
    let mut at = 0;
    while at < tokens.len() {
        brackets.pass(&tokens, at);
        at = one(&tokens, at, &brackets, &text_of, &mut out);
    }
    out
}

fn one<'t>(
    tokens: &[TokenWithSpan],
    at: usize,
    brackets: &Brackets,
    text_of: &impl Fn(&TokenWithSpan) -> &'t str,
    out: &mut Vec<TokenWithSpan>,
) -> usize {
    let current = &tokens[at];
    let with = |token: Token| TokenWithSpan { token, span: current.span };
    let number = |text: String| with(Token::Number(text, false));
    match &current.token {
        Token::Number(text, false) if text.starts_with('.') && follows_name(tokens, at) => {
            let from = chain_start(out);
            for place in text.split('.').filter(|place| !place.is_empty()) {
                let open = [with(Token::make_word("tupleElement", None)), with(Token::LParen)];
                out.splice(from..from, open);
                out.extend([with(Token::Comma), number(place.to_owned()), with(Token::RParen)]);
            }
        }
        Token::Number(text, _) if text == "0" => match binary(tokens, at) {
            Some(value) => {
                out.push(number(value));
                return at + 2;
            }
            None => out.push(current.clone()),
        },
        Token::HexStringLiteral(digits) if text_of(current).starts_with("0x") || text_of(current).starts_with("0X") => {
            match u64::from_str_radix(digits, 16) {
                Ok(value) => out.push(number(value.to_string())),
                Err(_) => out.push(current.clone()),
            }
        }
        Token::Word(word) if word.quote_style.is_none() => return plain_word(tokens, at, word, brackets, out),
        Token::Sharp => {
            let line = current.span.start.line;
            return (at..tokens.len()).find(|next| tokens[*next].span.start.line != line).unwrap_or(tokens.len());
        }
        _ => out.push(current.clone()),
    }
    at + 1
}

fn plain_word(
    tokens: &[TokenWithSpan],
    at: usize,
    word: &Word,
    brackets: &Brackets,
    out: &mut Vec<TokenWithSpan>,
) -> usize {
    let current = &tokens[at];
    let with = |token: Token| TokenWithSpan { token, span: current.span };
    let next = tokens.get(at + 1).map(|token| &token.token);
    match word.keyword {
        Keyword::AS
            if brackets.in_expression() && matches!(next, Some(Token::Word(_) | Token::DoubleQuotedString(_))) =>
        {
            out.push(with(Token::CustomBinaryOperator(INNER_ALIAS.to_owned())));
            return at + 1;
        }
        Keyword::INTERVAL => {
            out.push(current.clone());
            if let Some(Token::SingleQuotedString(text)) = next
                && let Some((count, unit)) = text.trim().split_once(char::is_whitespace)
                && count.parse::<i64>().is_ok()
            {
                out.push(with(Token::Number(count.to_owned(), false)));
                out.push(with(Token::make_word(unit.trim(), None)));
                return at + 2;
            }
            return at + 1;
        }
        Keyword::SUBSTRING | Keyword::SUBSTR | Keyword::TRIM | Keyword::CEIL | Keyword::FLOOR | Keyword::POSITION => {
            out.push(if is_plain_call(tokens, at) { without_keyword(current, word) } else { current.clone() });
            return at + 1;
        }
        _ => {}
    }
    let behind_name =
        at > 0 && (matches!(&tokens[at - 1].token, Token::Period) || keyword(tokens, at - 1) == Some(Keyword::AS));
    let is_name = behind_name || matches!(next, Some(Token::LParen | Token::Period | Token::Eq | Token::Arrow));
    match word.value.to_ascii_lowercase().as_str() {
        "inf" | "infinity" | "nan" if !is_name => {
            let text = if word.value.eq_ignore_ascii_case("nan") { "nan" } else { "inf" };
            out.push(with(Token::Number(text.to_owned(), false)));
        }
        "apply" if follows_star(tokens, at) => return apply(tokens, at, out),
        _ => out.push(current.clone()),
    }
    at + 1
}

fn without_keyword(token: &TokenWithSpan, word: &Word) -> TokenWithSpan {
    let word = Word { keyword: Keyword::NoKeyword, ..word.clone() };
    TokenWithSpan { token: Token::Word(word), span: token.span }
}

/// `f(a, b)` without the words that only a function's own grammar has.
fn is_plain_call(tokens: &[TokenWithSpan], at: usize) -> bool {
    if !matches!(tokens.get(at + 1).map(|token| &token.token), Some(Token::LParen)) {
        return false;
    }
    let mut depth = 0;
    for here in at + 1..tokens.len() {
        match &tokens[here].token {
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket => depth -= 1,
            Token::Word(_) if depth == 1 => {
                if let Some(
                    Keyword::FROM
                    | Keyword::FOR
                    | Keyword::BOTH
                    | Keyword::LEADING
                    | Keyword::TRAILING
                    | Keyword::IN
                    | Keyword::TO,
                ) = keyword(tokens, here)
                {
                    return false;
                }
            }
            _ => {}
        }
        if depth == 0 {
            return true;
        }
    }
    false
}

fn keyword(tokens: &[TokenWithSpan], at: usize) -> Option<Keyword> {
    match tokens.get(at).map(|token| &token.token) {
        Some(Token::Word(word)) if word.quote_style.is_none() => Some(word.keyword),
        _ => None,
    }
}

/// The token before is a name, without a space between.
fn follows_name(tokens: &[TokenWithSpan], at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| &tokens[before]);
    before.is_some_and(|before| matches!(before.token, Token::Word(_)) && before.span.end == tokens[at].span.start)
}

/// Where the name `a.b.c` at the end begins.
fn chain_start(out: &[TokenWithSpan]) -> usize {
    let mut start = out.len().saturating_sub(1);
    while start >= 2 && matches!(out[start - 1].token, Token::Period) && matches!(out[start - 2].token, Token::Word(_))
    {
        start -= 2;
    }
    start
}

/// `0b11` comes as `0` and `b11`.
fn binary(tokens: &[TokenWithSpan], at: usize) -> Option<String> {
    let next = tokens.get(at + 1)?;
    let Token::Word(word) = &next.token else { return None };
    let digits = word.value.strip_prefix(['b', 'B'])?;
    if next.span.start != tokens[at].span.end {
        return None;
    }
    u64::from_str_radix(digits, 2).ok().map(|value| value.to_string())
}

fn follows_star(tokens: &[TokenWithSpan], at: usize) -> bool {
    matches!(at.checked_sub(1).map(|before| &tokens[before].token), Some(Token::Mul | Token::RParen))
        && matches!(tokens.get(at + 1).map(|token| &token.token), Some(Token::LParen | Token::Word(_)))
}

/// Several `APPLY` make one REPLACE.
fn apply(tokens: &[TokenWithSpan], mut at: usize, out: &mut Vec<TokenWithSpan>) -> usize {
    let span = tokens[at].span;
    let token = |token: Token| TokenWithSpan { token, span };
    out.push(token(Token::make_keyword("REPLACE")));
    out.push(token(Token::LParen));
    let mut first = true;
    while let Some(Token::Word(word)) = tokens.get(at).map(|token| &token.token)
        && word.value.eq_ignore_ascii_case("apply")
    {
        if !first {
            out.push(token(Token::Comma));
        }
        first = false;
        at += 1;
        out.push(token(Token::make_word(APPLY, None)));
        let end = match tokens.get(at).map(|token| &token.token) {
            Some(Token::LParen) => closing(tokens, at),
            _ => at,
        };
        if end > at {
            out.extend(tokens[at..=end].iter().cloned());
        } else {
            out.push(token(Token::LParen));
            out.push(tokens[at].clone());
            out.push(token(Token::RParen));
        }
        out.push(token(Token::make_keyword("AS")));
        out.push(token(Token::make_word(APPLY, None)));
        at = end + 1;
    }
    out.push(token(Token::RParen));
    at
}

fn closing(tokens: &[TokenWithSpan], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    tokens.len().saturating_sub(1)
}

/// What the innermost open bracket holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// A query, a CAST, a list of REPLACE: AS has a meaning of its own.
    Clause,
    Expression,
}

#[derive(Default)]
struct Brackets(Vec<Inside>);

impl Brackets {
    fn in_expression(&self) -> bool {
        self.0.last() == Some(&Inside::Expression)
    }

    fn pass(&mut self, tokens: &[TokenWithSpan], at: usize) {
        match &tokens[at].token {
            Token::LParen => self.0.push(self.opened(tokens, at)),
            Token::LBracket => self.0.push(Inside::Expression),
            Token::RParen | Token::RBracket => drop(self.0.pop()),
            _ => {}
        }
    }

    fn opened(&self, tokens: &[TokenWithSpan], at: usize) -> Inside {
        let inside = keyword(tokens, at + 1);
        if matches!(inside, Some(Keyword::SELECT | Keyword::WITH | Keyword::FROM | Keyword::VALUES)) {
            return Inside::Clause;
        }
        let Some(before) = at.checked_sub(1) else { return Inside::Expression };
        match keyword(tokens, before) {
            Some(
                Keyword::CAST
                | Keyword::REPLACE
                | Keyword::INTERPOLATE
                | Keyword::FROM
                | Keyword::JOIN
                | Keyword::UNION
                | Keyword::ALL,
            ) => Inside::Clause,
            // `(a AS b)` in brackets of FROM
            _ if matches!(tokens[before].token, Token::LParen) && self.0.last() == Some(&Inside::Clause) => {
                Inside::Clause
            }
            _ => Inside::Expression,
        }
    }
}
