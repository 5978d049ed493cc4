//! The end of a query: `LIMIT 1 BY k LIMIT 10 WITH TIES`, of which the parser knows a part.
//!
//! Written as one call, `LIMIT __limits(n, offset, (keys), n, offset, ties)`, it goes through the parser whole;
//! [`Limits`] reads it. What the parser understands is left as it is.

use sqlparser::ast::{self, Expr};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

const CALL: &str = "__limits";

/// How many rows a query gives.
#[derive(Default)]
pub(crate) struct Limits<'a> {
    pub(crate) by: Option<LimitBy<'a>>,
    pub(crate) limit: Option<&'a Expr>,
    pub(crate) offset: Option<&'a Expr>,
    /// Rows that sort like the last one come too.
    pub(crate) with_ties: bool,
}

pub(crate) struct LimitBy<'a> {
    pub(crate) limit: Option<&'a Expr>,
    pub(crate) offset: Option<&'a Expr>,
    pub(crate) keys: Vec<&'a Expr>,
}

impl<'a> Limits<'a> {
    pub(crate) fn of(query: &'a ast::Query) -> Limits<'a> {
        match &query.limit_clause {
            None => Limits::default(),
            Some(ast::LimitClause::OffsetCommaLimit { offset, limit }) => {
                Limits { limit: Some(limit), offset: Some(offset), ..Limits::default() }
            }
            Some(ast::LimitClause::LimitOffset { limit: Some(Expr::Function(call)), offset: None, .. })
                if call.name.to_string() == CALL =>
            {
                Limits::written(call)
            }
            Some(ast::LimitClause::LimitOffset { limit, offset, .. }) => Limits {
                limit: limit.as_ref(),
                offset: offset.as_ref().map(|offset| &offset.value),
                ..Limits::default()
            },
        }
    }

    fn written(call: &'a ast::Function) -> Limits<'a> {
        let ast::FunctionArguments::List(list) = &call.args else { return Limits::default() };
        let argument = |index: usize| match list.args.get(index) {
            Some(ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr))) if !is_missing(expr) => Some(expr),
            _ => None,
        };
        let keys = match argument(2) {
            Some(Expr::Tuple(keys)) => keys.iter().collect(),
            Some(Expr::Nested(key)) => vec![key.as_ref()],
            _ => Vec::new(),
        };
        let by = (!keys.is_empty()).then(|| LimitBy { limit: argument(0), offset: argument(1), keys });
        Limits { by, limit: argument(3), offset: argument(4), with_ties: argument(5).is_some() }
    }
}

/// `__limits()` stands for what is not written.
fn is_missing(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(name) if name.value == CALL)
}

/// One clause's tokens.
#[derive(Default)]
struct Clause {
    limit: Option<Vec<TokenWithSpan>>,
    offset: Option<Vec<TokenWithSpan>>,
    by: Option<Vec<TokenWithSpan>>,
    with_ties: bool,
}

/// At the first `LIMIT`, `OFFSET` or `FETCH` of a query: what to put there, and the place behind the clauses.
pub(super) fn rewrite(tokens: &[TokenWithSpan], at: usize) -> Option<(Vec<TokenWithSpan>, usize)> {
    let starts = matches!(keyword(tokens, at), Some(Keyword::LIMIT | Keyword::OFFSET | Keyword::FETCH));
    if !starts || !stands_behind_expression(tokens, at) {
        return None;
    }
    let mut reader = Reader { tokens, at };
    let mut by = None;
    let mut last = Clause::default();
    let mut clauses = 0;
    while let Some(clause) = reader.clause() {
        clauses += 1;
        match clause.by {
            Some(_) if by.is_none() => by = Some(clause),
            Some(_) => return None,
            None => {
                last.limit = clause.limit.or(last.limit);
                last.offset = clause.offset.or(last.offset);
                last.with_ties |= clause.with_ties;
            }
        }
    }
    if clauses == 0 {
        return None;
    }
    let span = tokens[at].span;
    let token = |token: Token| TokenWithSpan { token, span };
    if let (1, None, false, Some(limit)) = (clauses, &by, last.with_ties, &last.limit) {
        // the parser knows this much
        let mut out = vec![token(Token::make_keyword("LIMIT"))];
        out.extend(limit.iter().cloned());
        if let Some(offset) = last.offset {
            out.push(token(Token::make_keyword("OFFSET")));
            out.extend(offset);
        }
        return Some((out, reader.at));
    }
    let missing = || vec![token(Token::make_word(CALL, None))];
    let by = by.unwrap_or_default();
    let keys = by.by.map(|keys| {
        let open = std::iter::once(token(Token::LParen));
        open.chain(keys).chain([token(Token::RParen)]).collect::<Vec<_>>()
    });
    let ties = last.with_ties.then(|| vec![token(Token::Number("1".to_owned(), false))]);
    let mut out = vec![token(Token::make_keyword("LIMIT")), token(Token::make_word(CALL, None)), token(Token::LParen)];
    for (index, part) in [by.limit, by.offset, keys, last.limit, last.offset, ties].into_iter().enumerate() {
        if index > 0 {
            out.push(token(Token::Comma));
        }
        out.extend(part.unwrap_or_else(missing));
    }
    out.push(token(Token::RParen));
    Some((out, reader.at))
}

/// `limit` may also be a column's name.
fn stands_behind_expression(tokens: &[TokenWithSpan], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|before| &tokens[before].token) else { return false };
    let ends = match before {
        Token::Word(word) => {
            word.quote_style.is_some()
                || !matches!(
                    word.keyword,
                    Keyword::SELECT
                        | Keyword::AS
                        | Keyword::BY
                        | Keyword::WHERE
                        | Keyword::AND
                        | Keyword::OR
                        | Keyword::ON
                )
        }
        Token::RParen | Token::RBracket | Token::Number(..) | Token::SingleQuotedString(_) | Token::Mul => true,
        Token::DoubleQuotedString(_) | Token::RBrace => true,
        _ => false,
    };
    let named = matches!(
        tokens.get(at + 1).map(|token| &token.token),
        None | Some(Token::Comma | Token::RParen | Token::Period | Token::Eq | Token::EOF)
    );
    ends && !named
}

fn keyword(tokens: &[TokenWithSpan], at: usize) -> Option<Keyword> {
    match tokens.get(at).map(|token| &token.token) {
        Some(Token::Word(word)) if word.quote_style.is_none() => Some(word.keyword),
        _ => None,
    }
}

struct Reader<'t> {
    tokens: &'t [TokenWithSpan],
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, wanted: &[Keyword]) -> bool {
        let found = keyword(self.tokens, self.at).is_some_and(|found| wanted.contains(&found));
        self.at += usize::from(found);
        found
    }

    fn clause(&mut self) -> Option<Clause> {
        let mut clause = Clause::default();
        if self.take(&[Keyword::LIMIT]) {
            let first = self.expression();
            if self.tokens.get(self.at).is_some_and(|token| token.token == Token::Comma) {
                self.at += 1;
                clause.offset = Some(first);
                clause.limit = Some(self.expression());
            } else {
                clause.limit = Some(first);
            }
            if self.take(&[Keyword::OFFSET]) {
                clause.offset = Some(self.expression());
                self.take(&[Keyword::ROW, Keyword::ROWS]);
            }
        } else if self.take(&[Keyword::OFFSET]) {
            clause.offset = Some(self.expression());
            self.take(&[Keyword::ROW, Keyword::ROWS]);
        } else if self.take(&[Keyword::FETCH]) {
            self.take(&[Keyword::FIRST, Keyword::NEXT]);
            clause.limit = Some(self.expression());
            self.take(&[Keyword::ROW, Keyword::ROWS]);
            if !self.take(&[Keyword::ONLY]) && self.take(&[Keyword::WITH]) {
                clause.with_ties = self.take(&[Keyword::TIES]);
            }
            return Some(clause);
        } else {
            return None;
        }
        if keyword(self.tokens, self.at) == Some(Keyword::WITH)
            && keyword(self.tokens, self.at + 1) == Some(Keyword::TIES)
        {
            self.at += 2;
            clause.with_ties = true;
        }
        if self.take(&[Keyword::BY]) {
            clause.by = Some(self.list());
        }
        Some(clause)
    }

    fn expression(&mut self) -> Vec<TokenWithSpan> {
        self.until(true)
    }

    fn list(&mut self) -> Vec<TokenWithSpan> {
        self.until(false)
    }

    /// Tokens up to the next clause, or the end of the query.
    fn until(&mut self, comma_ends: bool) -> Vec<TokenWithSpan> {
        let start = self.at;
        let mut depth = 0;
        while let Some(token) = self.tokens.get(self.at) {
            match &token.token {
                Token::LParen | Token::LBracket => depth += 1,
                Token::RParen | Token::RBracket if depth == 0 => break,
                Token::RParen | Token::RBracket => depth -= 1,
                Token::SemiColon | Token::EOF if depth == 0 => break,
                Token::Comma if depth == 0 && comma_ends => break,
                Token::Word(_) if depth == 0 && self.at > start => {
                    if let Some(
                        Keyword::LIMIT
                        | Keyword::OFFSET
                        | Keyword::BY
                        | Keyword::WITH
                        | Keyword::FETCH
                        | Keyword::ROW
                        | Keyword::ROWS
                        | Keyword::SETTINGS
                        | Keyword::FORMAT
                        | Keyword::UNION
                        | Keyword::EXCEPT
                        | Keyword::INTERSECT,
                    ) = keyword(self.tokens, self.at)
                    {
                        break;
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
        super::with::rewrite(self.tokens[start..self.at].to_vec())
    }
}
