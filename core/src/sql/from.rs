//! Rewrites, on tokens, what ClickHouse allows in FROM and behind IN and the parser does not know:
//!
//! | written                              | rewritten                                         |
//! |--------------------------------------|---------------------------------------------------|
//! | `ARRAY JOIN a, f(b) AS c`             | `CROSS JOIN (SELECT a, f(b) AS c) AS __array_join` |
//! | `ANY LEFT JOIN`, `ASOF JOIN`, `SEMI JOIN` … | words that the parser has, see [`join_kind`] |
//! | `t AS x FINAL`                       | `t AS x WITH (FINAL)`                             |
//! | `view(SELECT …)`                     | `(SELECT …)`                                      |
//! | `x IN t`, `x IN f(y)`, `x IN [1, 2]`  | `x IN (t)` …                                      |
//! | `USING a, b`                         | `USING (a, b)`                                    |
//! | `SELECT … LIMIT 1 UNION ALL …`        | `(SELECT … LIMIT 1) UNION ALL …`                  |
//! | `SELECT 1 SETTINGS a = 1`             | `SELECT 1 WHERE TRUE SETTINGS a = 1`: no alias    |
//! | `GLOBAL IN`, `GLOBAL JOIN`           | without GLOBAL, which means nothing on one machine |
//!
//! Tokens keep their places, so problems still point into the text as written.

use sqlparser::ast;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Span, Token, TokenWithSpan};

/// The alias of a derived table whose SELECT list are the arrays of an ARRAY JOIN.
pub(crate) const ARRAY_JOIN_ALIAS: &str = "__array_join";
/// … of a LEFT ARRAY JOIN.
pub(crate) const LEFT_ARRAY_JOIN_ALIAS: &str = "__left_array_join";

/// Which rows a join keeps that have no partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Inner,
    Left,
    Right,
    Full,
    Cross,
}

/// How many partners a row gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strictness {
    All,
    Any,
    Semi,
    Anti,
    Asof,
    /// By place.
    Paste,
}

/// What a join asks for. The parser has no words for `ANY`, `ASOF` and `PASTE`: they are spelled with
/// `GLOBAL`, which [`rewrite`] has taken from everything else.
pub(crate) fn join_kind(join: &ast::Join) -> Option<(Side, Strictness)> {
    use ast::JoinOperator as Operator;
    let kind = match (&join.join_operator, join.global) {
        (Operator::Join(_) | Operator::Inner(_), false) => (Side::Inner, Strictness::All),
        (Operator::Left(_) | Operator::LeftOuter(_), false) => (Side::Left, Strictness::All),
        (Operator::Right(_) | Operator::RightOuter(_), false) => (Side::Right, Strictness::All),
        (Operator::FullOuter(_), false) => (Side::Full, Strictness::All),
        (Operator::CrossJoin(_), false) => (Side::Cross, Strictness::All),
        (Operator::LeftSemi(_), false) => (Side::Left, Strictness::Semi),
        (Operator::RightSemi(_), false) => (Side::Right, Strictness::Semi),
        (Operator::LeftAnti(_), false) => (Side::Left, Strictness::Anti),
        (Operator::RightAnti(_), false) => (Side::Right, Strictness::Anti),
        (Operator::Inner(_), true) => (Side::Inner, Strictness::Any),
        (Operator::Left(_), true) => (Side::Left, Strictness::Any),
        (Operator::Right(_), true) => (Side::Right, Strictness::Any),
        (Operator::FullOuter(_), true) => (Side::Full, Strictness::Any),
        (Operator::LeftSemi(_), true) => (Side::Inner, Strictness::Asof),
        (Operator::LeftAnti(_), true) => (Side::Left, Strictness::Asof),
        (Operator::CrossJoin(_), true) => (Side::Inner, Strictness::Paste),
        _ => return None,
    };
    Some(kind)
}

fn words(side: Side, strictness: Strictness) -> &'static [&'static str] {
    match (side, strictness) {
        (_, Strictness::Paste) => &["GLOBAL", "CROSS", "JOIN"],
        (Side::Left, Strictness::Asof) => &["GLOBAL", "LEFT", "ANTI", "JOIN"],
        (_, Strictness::Asof) => &["GLOBAL", "LEFT", "SEMI", "JOIN"],
        (Side::Right, Strictness::Semi) => &["RIGHT", "SEMI", "JOIN"],
        (_, Strictness::Semi) => &["LEFT", "SEMI", "JOIN"],
        (Side::Right, Strictness::Anti) => &["RIGHT", "ANTI", "JOIN"],
        (_, Strictness::Anti) => &["LEFT", "ANTI", "JOIN"],
        (Side::Left, Strictness::Any) => &["GLOBAL", "LEFT", "JOIN"],
        (Side::Right, Strictness::Any) => &["GLOBAL", "RIGHT", "JOIN"],
        (Side::Full, Strictness::Any) => &["GLOBAL", "FULL", "JOIN"],
        (_, Strictness::Any) => &["GLOBAL", "INNER", "JOIN"],
        (Side::Left, Strictness::All) => &["LEFT", "JOIN"],
        (Side::Right, Strictness::All) => &["RIGHT", "JOIN"],
        (Side::Full, Strictness::All) => &["FULL", "JOIN"],
        (Side::Cross, Strictness::All) => &["CROSS", "JOIN"],
        (Side::Inner, Strictness::All) => &["INNER", "JOIN"],
    }
}

/// Where in a query a token stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clause {
    /// The SELECT list, where a word behind an expression is its alias.
    List,
    From,
    Other,
}

/// The query inside one pair of parentheses.
struct Level {
    clause: Clause,
    /// Where its last SELECT went, and whether ORDER BY or LIMIT follow it: then a UNION needs it in parentheses.
    select: usize,
    has_tail: bool,
}

/// `tokens` without white space.
pub(super) fn rewrite(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out = Vec::with_capacity(tokens.len() + 8);
    let mut levels = vec![Level { clause: Clause::Other, select: 0, has_tail: false }];
    let mut at = 0;
    while at < tokens.len() {
        at = rewrite_one(&tokens, at, &mut levels, &mut out);
    }
    out
}

/// Copies what starts at `at`; returns the place behind it.
fn rewrite_one(tokens: &[TokenWithSpan], at: usize, levels: &mut Vec<Level>, out: &mut Vec<TokenWithSpan>) -> usize {
    let place = tokens[at].span;
    let level = levels.last_mut().expect("never empty");
    let clause = level.clause;
    match &tokens[at].token {
        Token::LParen => {
            let inside = if clause == Clause::From && opens_relation(tokens, at) { clause } else { Clause::Other };
            levels.push(Level { clause: inside, select: out.len() + 1, has_tail: false });
        }
        Token::RParen if levels.len() > 1 => drop(levels.pop()),
        _ => {}
    }
    let level = levels.last_mut().expect("never empty");
    match keyword(tokens, at) {
        Some(Keyword::SELECT) => *level = Level { clause: Clause::List, select: out.len(), has_tail: false },
        Some(Keyword::FROM) => level.clause = Clause::From,
        Some(Keyword::WHERE | Keyword::PREWHERE | Keyword::GROUP | Keyword::HAVING) => level.clause = Clause::Other,
        Some(Keyword::QUALIFY | Keyword::WINDOW | Keyword::ON) => level.clause = Clause::Other,
        Some(Keyword::ORDER | Keyword::LIMIT) => {
            level.clause = Clause::Other;
            level.has_tail = true;
        }
        Some(Keyword::SETTINGS) => {
            if clause == Clause::List && is(tokens, at + 2, &Token::Eq) {
                let nothing = ["WHERE", "TRUE"].map(Token::make_keyword);
                out.extend(nothing.map(|token| TokenWithSpan { token, span: place }));
            }
            level.clause = Clause::Other;
            level.has_tail = true;
        }
        Some(Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT) if level.has_tail => {
            out.insert(level.select, TokenWithSpan { token: Token::LParen, span: place });
            out.push(TokenWithSpan { token: Token::RParen, span: place });
            level.has_tail = false;
        }
        Some(Keyword::USING) => {
            level.clause = Clause::Other;
            out.push(tokens[at].clone());
            return names(tokens, at + 1, out);
        }
        Some(Keyword::JOIN) => {
            level.clause = Clause::From;
            return join(tokens, at, out);
        }
        Some(Keyword::FINAL) if clause == Clause::From && ends_relation(tokens, at) => {
            let with = [Token::make_keyword("WITH"), Token::LParen, tokens[at].token.clone(), Token::RParen];
            out.extend(with.into_iter().map(|token| TokenWithSpan { token, span: place }));
            return at + 1;
        }
        Some(Keyword::VIEW) if clause == Clause::From && is(tokens, at + 1, &Token::LParen) => {
            if matches!(keyword(tokens, at + 2), Some(Keyword::SELECT | Keyword::WITH)) {
                return at + 1;
            }
        }
        Some(Keyword::GLOBAL) if matches!(keyword(tokens, at + 1), Some(Keyword::IN | Keyword::NOT)) => return at + 1,
        Some(Keyword::IN) => {
            out.push(tokens[at].clone());
            return list(tokens, at + 1, out);
        }
        _ => {}
    }
    out.push(tokens[at].clone());
    at + 1
}

/// The words before JOIN are on `out` already.
fn join(tokens: &[TokenWithSpan], at: usize, out: &mut Vec<TokenWithSpan>) -> usize {
    let place = tokens[at].span;
    if keyword(out, out.len().wrapping_sub(1)) == Some(Keyword::ARRAY) {
        return array_join(tokens, at, out);
    }
    let (mut side, mut strictness, mut is_natural) = (Side::Inner, Strictness::All, false);
    while let Some(last) = out.len().checked_sub(1) {
        if last > 0 && is(out, last - 1, &Token::Period) {
            break;
        }
        match &out[last].token {
            Token::Word(word) if word.quote_style.is_none() => match word.value.to_ascii_uppercase().as_str() {
                "LEFT" => side = Side::Left,
                "RIGHT" => side = Side::Right,
                "FULL" => side = Side::Full,
                "CROSS" => side = Side::Cross,
                "INNER" | "OUTER" | "GLOBAL" | "LOCAL" | "ALL" => {}
                "ANY" => strictness = Strictness::Any,
                "SEMI" => strictness = Strictness::Semi,
                "ANTI" => strictness = Strictness::Anti,
                "ASOF" => strictness = Strictness::Asof,
                "PASTE" => strictness = Strictness::Paste,
                "NATURAL" => is_natural = true,
                _ => break,
            },
            _ => break,
        }
        out.pop();
    }
    let natural = is_natural.then_some("NATURAL");
    for word in natural.into_iter().chain(words(side, strictness).iter().copied()) {
        out.push(TokenWithSpan { token: Token::make_keyword(word), span: place });
    }
    at + 1
}

fn array_join(tokens: &[TokenWithSpan], at: usize, out: &mut Vec<TokenWithSpan>) -> usize {
    let place = tokens[at].span;
    out.pop();
    let alias = match keyword(out, out.len().wrapping_sub(1)) {
        Some(Keyword::LEFT) => {
            out.pop();
            LEFT_ARRAY_JOIN_ALIAS
        }
        Some(Keyword::INNER) => {
            out.pop();
            ARRAY_JOIN_ALIAS
        }
        _ => ARRAY_JOIN_ALIAS,
    };
    let end = list_end(tokens, at + 1);
    let token = |token: Token| TokenWithSpan { token, span: place };
    let before = ["CROSS", "JOIN"].map(|word| token(Token::make_keyword(word)));
    out.extend(before.into_iter().chain([token(Token::LParen), token(Token::make_keyword("SELECT"))]));
    out.extend(rewrite(tokens[at + 1..end].to_vec()));
    out.push(token(Token::RParen));
    out.push(token(Token::make_keyword("AS")));
    out.push(token(Token::make_word(alias, Some('`'))));
    end
}

/// Where the expressions of an ARRAY JOIN end.
fn list_end(tokens: &[TokenWithSpan], from: usize) -> usize {
    let mut depth = 0;
    for at in from..tokens.len() {
        match &tokens[at].token {
            Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
            Token::RParen | Token::RBracket | Token::RBrace if depth == 0 => return at,
            Token::RParen | Token::RBracket | Token::RBrace => depth -= 1,
            Token::SemiColon | Token::EOF if depth == 0 => return at,
            Token::Word(_) if depth == 0 && at > from => {
                let is_name = is(tokens, at - 1, &Token::Period)
                    || is(tokens, at - 1, &Token::Comma)
                    || keyword(tokens, at - 1) == Some(Keyword::AS);
                if !is_name && ends_list(tokens, at) {
                    return at;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

fn ends_list(tokens: &[TokenWithSpan], at: usize) -> bool {
    match keyword(tokens, at) {
        Some(
            Keyword::WHERE
            | Keyword::PREWHERE
            | Keyword::GROUP
            | Keyword::ORDER
            | Keyword::HAVING
            | Keyword::LIMIT
            | Keyword::OFFSET
            | Keyword::FETCH
            | Keyword::QUALIFY
            | Keyword::WINDOW
            | Keyword::SETTINGS
            | Keyword::UNION
            | Keyword::INTERSECT
            | Keyword::EXCEPT
            | Keyword::JOIN,
        ) => true,
        _ => {
            is_join_word(tokens, at) && (is_join_word(tokens, at + 1) || keyword(tokens, at + 1) == Some(Keyword::JOIN))
        }
    }
}

fn is_join_word(tokens: &[TokenWithSpan], at: usize) -> bool {
    const WORDS: [&str; 15] = [
        "LEFT", "RIGHT", "FULL", "CROSS", "INNER", "OUTER", "GLOBAL", "LOCAL", "ALL", "ANY", "SEMI", "ANTI", "ASOF",
        "PASTE", "ARRAY",
    ];
    match tokens.get(at).map(|token| &token.token) {
        Some(Token::Word(word)) if word.quote_style.is_none() => {
            WORDS.iter().any(|known| word.value.eq_ignore_ascii_case(known))
        }
        _ => false,
    }
}

/// A parenthesis in FROM that holds relations, not arguments.
fn opens_relation(tokens: &[TokenWithSpan], at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return false };
    is(tokens, before, &Token::Comma)
        || is(tokens, before, &Token::LParen)
        || matches!(keyword(tokens, before), Some(Keyword::FROM | Keyword::JOIN))
}

/// FINAL is a word as any other where a name must stand.
fn ends_relation(tokens: &[TokenWithSpan], at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return false };
    let is_name = is(tokens, before, &Token::Comma)
        || is(tokens, before, &Token::Period)
        || matches!(keyword(tokens, before), Some(Keyword::FROM | Keyword::JOIN | Keyword::AS));
    !is_name && !is(tokens, at + 1, &Token::Period) && !is(tokens, at + 1, &Token::LParen)
}

/// Puts what stands behind IN into parentheses, if it stands in none.
fn list(tokens: &[TokenWithSpan], at: usize, out: &mut Vec<TokenWithSpan>) -> usize {
    let end = match tokens.get(at).map(|token| &token.token) {
        Some(Token::Word(word)) => {
            // `interval IN day` and the like are no lists
            if word.quote_style.is_none() && word.keyword == Keyword::SELECT {
                return at;
            }
            let mut end = at + 1;
            while is(tokens, end, &Token::Period)
                && matches!(tokens.get(end + 1).map(|t| &t.token), Some(Token::Word(_)))
            {
                end += 2;
            }
            match is(tokens, end, &Token::LParen) {
                true => closing(tokens, end),
                false => Some(end),
            }
        }
        Some(Token::LBracket) => closing(tokens, at),
        Some(Token::SingleQuotedString(_) | Token::Number(..)) => Some(at + 1),
        _ => None,
    };
    let Some(end) = end else { return at };
    let place = tokens[at].span;
    out.push(TokenWithSpan { token: Token::LParen, span: place });
    out.extend(rewrite(tokens[at..end].to_vec()));
    out.push(TokenWithSpan {
        token: Token::RParen,
        span: tokens.get(end - 1).map_or(Span::empty(), |token| token.span),
    });
    end
}

/// `USING a, b` is `USING (a, b)`.
fn names(tokens: &[TokenWithSpan], at: usize, out: &mut Vec<TokenWithSpan>) -> usize {
    let is_word = |at: usize| matches!(tokens.get(at).map(|token| &token.token), Some(Token::Word(_)));
    if !is_word(at) {
        return at;
    }
    let mut end = at + 1;
    while is(tokens, end, &Token::Comma) && is_word(end + 1) {
        end += 2;
    }
    out.push(TokenWithSpan { token: Token::LParen, span: tokens[at].span });
    out.extend_from_slice(&tokens[at..end]);
    out.push(TokenWithSpan { token: Token::RParen, span: tokens[end - 1].span });
    end
}

/// The place behind the bracket that closes the one at `open`.
fn closing(tokens: &[TokenWithSpan], open: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.token {
            Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
            Token::RParen | Token::RBracket | Token::RBrace => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
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
