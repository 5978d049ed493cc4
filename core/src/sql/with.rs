//! Rewrites, on tokens, what ClickHouse allows and the parser does not know:
//!
//! | written               | rewritten                              |
//! |-----------------------|----------------------------------------|
//! | `WITH expr AS name`   | `WITH name AS (SELECT expr AS __with_expression)` |
//! | `CAST(x, 'T')`        | a plain call of the function `cast`    |
//! | `extract(x, 're')`    | a plain call of the function `extract` |
//! | `floor(x, -1)`        | a plain call of the function `floor`, `ceil` likewise |
//! | `tuple.1.2`           | dots and numbers apart (`place.rs`)    |
//!
//! Tokens keep their places, so problems still point into the text as written.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

/// Marks a CTE that stands for an expression.
pub(crate) const EXPRESSION_ALIAS: &str = "__with_expression";

pub(super) fn rewrite(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let tokens: Vec<TokenWithSpan> =
        tokens.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    let tokens = super::place::split(tokens);
    let mut out = Vec::with_capacity(tokens.len() + 8);
    let mut at = 0;
    while at < tokens.len() {
        if keyword(&tokens, at) == Some(Keyword::WITH) && starts_query(&tokens, at) {
            out.push(tokens[at].clone());
            at = rewrite_items(&tokens, at + 1, &mut out);
        } else if let Some((call, end)) = super::limit::rewrite(&tokens, at) {
            out.extend(call);
            at = end;
        } else {
            out.push(plain_call(&tokens, at));
            at += 1;
        }
    }
    out
}

/// Cuts `FORMAT name` off the end: after an expression the parser would read it as an alias.
pub(super) fn take_format(tokens: &mut Vec<TokenWithSpan>) -> Option<String> {
    while matches!(tokens.last().map(|token| &token.token), Some(Token::SemiColon | Token::EOF)) {
        tokens.pop();
    }
    // it may also stand before the settings
    let is_settings = |at: &usize| matches!(&tokens[*at].token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("settings"));
    let end = (0..tokens.len()).rev().find(is_settings).filter(|at| closes_no_bracket(&tokens[*at..]));
    if let Some(name) = end.and_then(|end| format_before(tokens, end)) {
        return Some(name);
    }
    let end = tokens.len();
    format_before(tokens, end)
}

/// Whether the tokens are not the end of something in brackets.
fn closes_no_bracket(tokens: &[TokenWithSpan]) -> bool {
    let mut depth = 0;
    tokens.iter().all(|token| {
        match token.token {
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket => depth -= 1,
            _ => {}
        }
        depth >= 0
    })
}

/// Cuts out the `FORMAT name` that ends at this place.
fn format_before(tokens: &mut Vec<TokenWithSpan>, end: usize) -> Option<String> {
    let [.., format, name] = &tokens[..end] else { return None };
    let (Token::Word(format), Token::Word(name)) = (&format.token, &name.token) else { return None };
    if !format.value.eq_ignore_ascii_case("format") || format.quote_style.is_some() {
        return None;
    }
    let name = name.value.clone();
    tokens.drain(end - 2..end);
    Some(name)
}

fn keyword(tokens: &[TokenWithSpan], at: usize) -> Option<Keyword> {
    match tokens.get(at).map(|token| &token.token) {
        Some(Token::Word(word)) if word.quote_style.is_none() => Some(word.keyword),
        _ => None,
    }
}

fn is(tokens: &[TokenWithSpan], at: usize, token: &Token) -> bool {
    tokens.get(at).is_some_and(|found| found.token == *token)
}

/// `WITH` also stands in `WITH FILL`, `WITH TOTALS`, `WITH TIES` and the like.
fn starts_query(tokens: &[TokenWithSpan], at: usize) -> bool {
    let before = at == 0
        || is(tokens, at - 1, &Token::LParen)
        || matches!(
            keyword(tokens, at - 1),
            Some(Keyword::ALL | Keyword::UNION | Keyword::DISTINCT | Keyword::EXPLAIN)
        );
    let after = !matches!(
        tokens.get(at + 1).map(|token| &token.token),
        Some(Token::Word(word)) if ["fill", "totals", "ties", "rollup", "cube", "recursive"]
            .contains(&word.value.to_lowercase().as_str()) && !matches!(keyword(tokens, at + 2), Some(Keyword::AS))
    );
    before && after
}

/// Copies the items of a WITH clause, expressions as one-row CTEs; returns the place after them.
fn rewrite_items(tokens: &[TokenWithSpan], mut at: usize, out: &mut Vec<TokenWithSpan>) -> usize {
    loop {
        let is_cte = matches!(tokens.get(at).map(|token| &token.token), Some(Token::Word(_)))
            && keyword(tokens, at + 1) == Some(Keyword::AS)
            && is(tokens, at + 2, &Token::LParen);
        let end = if is_cte { matching_parenthesis(tokens, at + 2) } else { None };
        if let Some(end) = end {
            out.extend(tokens[at..at + 3].iter().cloned());
            out.extend(rewrite(tokens[at + 3..end].to_vec()));
            out.push(tokens[end].clone());
            at = end + 1;
        } else if let Some(alias) = expression_alias(tokens, at) {
            let place = tokens[alias].span;
            let token = |token: Token| TokenWithSpan { token, span: place };
            out.push(tokens[alias].clone());
            out.push(token(Token::make_keyword("AS")));
            out.push(token(Token::LParen));
            out.push(token(Token::make_keyword("SELECT")));
            out.extend(rewrite(tokens[at..alias - 1].to_vec()));
            out.push(token(Token::make_keyword("AS")));
            out.push(token(Token::make_word(EXPRESSION_ALIAS, None)));
            out.push(token(Token::RParen));
            at = alias + 1;
        } else {
            return at;
        }
        if !is(tokens, at, &Token::Comma) {
            return at;
        }
        out.push(tokens[at].clone());
        at += 1;
    }
}

fn matching_parenthesis(tokens: &[TokenWithSpan], open: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// The place of `name` in `expr AS name`, for an expression that starts at `at`.
fn expression_alias(tokens: &[TokenWithSpan], at: usize) -> Option<usize> {
    let mut depth = 0;
    for (here, token) in tokens.iter().enumerate().skip(at) {
        match &token.token {
            Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
            Token::RParen | Token::RBracket | Token::RBrace => depth -= 1,
            Token::Word(word) if depth == 0 && word.quote_style.is_none() && here > at => {
                if word.keyword == Keyword::AS {
                    let named = matches!(tokens.get(here + 1).map(|token| &token.token), Some(Token::Word(_)));
                    return named.then_some(here + 1);
                }
                if word.keyword == Keyword::SELECT {
                    return None;
                }
            }
            _ => {}
        }
        if depth < 0 {
            return None;
        }
    }
    None
}

/// The token at `at`; names of functions with a grammar of their own lose their keyword where
/// they are called with plain arguments.
fn plain_call(tokens: &[TokenWithSpan], at: usize) -> TokenWithSpan {
    let token = &tokens[at];
    let special =
        matches!(keyword(tokens, at), Some(Keyword::CAST | Keyword::EXTRACT | Keyword::FLOOR | Keyword::CEIL));
    if !special || !is(tokens, at + 1, &Token::LParen) {
        return token.clone();
    }
    let Some(end) = matching_parenthesis(tokens, at + 1) else { return token.clone() };
    let mut depth = 0;
    let mut comma = false;
    for token in &tokens[at + 2..end] {
        match token.token {
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket => depth -= 1,
            Token::Comma if depth == 0 => comma = true,
            _ => {}
        }
    }
    match &token.token {
        Token::Word(word) if comma => {
            let word = Word { keyword: Keyword::NoKeyword, ..word.clone() };
            TokenWithSpan { token: Token::Word(word), span: token.span }
        }
        _ => token.clone(),
    }
}
