//! Which resources a query reads: a light scan of its tokens, for the order and the circles of
//! pipes. Names and types proper are the binder's business.

use sqlparser::dialect::ClickHouseDialect;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};
use std::collections::BTreeSet;
use std::ops::Range;

/// A name after FROM, JOIN or IN, and its bytes in the SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) name: String,
    pub(super) span: Range<usize>,
    /// Of `x IN name`: it may also be a column.
    pub(super) is_operand: bool,
}

/// What is open at one level of brackets.
#[derive(Clone, Copy, Default)]
struct Level {
    is_query: bool,
    /// Between FROM and the next clause: a comma brings another table.
    in_from: bool,
}

pub(super) fn references(sql: &str) -> Vec<Reference> {
    let Ok(tokens) = Tokenizer::new(&ClickHouseDialect {}, sql).tokenize_with_location() else { return Vec::new() };
    let tokens: Vec<TokenWithSpan> =
        tokens.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    let named = with_names(&tokens);
    let lines = Lines::new(sql);
    let mut levels = vec![Level { is_query: true, in_from: false }];
    let mut out = Vec::new();
    for index in 0..tokens.len() {
        let before = keyword(&tokens, index.wrapping_sub(1));
        let depth = levels.len();
        let last = levels.last_mut().expect("the outermost level is never closed");
        match (&tokens[index].token, keyword(&tokens, index)) {
            (Token::LParen, _) => {
                let is_query =
                    matches!(keyword(&tokens, index + 1), Some(Keyword::SELECT | Keyword::WITH | Keyword::FROM));
                // `FROM (a JOIN b)` goes on with the tables
                let goes_on = last.in_from && matches!(before, Some(Keyword::FROM | Keyword::JOIN));
                levels.push(Level { is_query: is_query || goes_on, in_from: goes_on && !is_query });
                continue;
            }
            (Token::RParen, _) if depth > 1 => {
                levels.pop();
                continue;
            }
            (_, Some(Keyword::FROM)) if last.is_query && before != Some(Keyword::DISTINCT) => last.in_from = true,
            (_, Some(Keyword::JOIN)) if before != Some(Keyword::ARRAY) => last.in_from = true,
            (_, Some(Keyword::IN)) => {
                out.extend(name_at(&tokens, index + 1, &lines, true));
                continue;
            }
            (Token::Comma, _) if last.in_from => {}
            (
                _,
                Some(
                    Keyword::SELECT
                    | Keyword::WHERE
                    | Keyword::PREWHERE
                    | Keyword::GROUP
                    | Keyword::ORDER
                    | Keyword::HAVING
                    | Keyword::LIMIT
                    | Keyword::UNION
                    | Keyword::SETTINGS
                    | Keyword::FORMAT
                    | Keyword::ON
                    | Keyword::USING
                    | Keyword::ARRAY,
                ),
            ) => {
                last.in_from = false;
                continue;
            }
            _ => continue,
        }
        out.extend(name_at(&tokens, index + 1, &lines, false));
    }
    out.retain(|reference| !named.contains(&reference.name));
    out
}

fn keyword(tokens: &[TokenWithSpan], index: usize) -> Option<Keyword> {
    match &tokens.get(index)?.token {
        Token::Word(word) if word.quote_style.is_none() && word.keyword != Keyword::NoKeyword => Some(word.keyword),
        _ => None,
    }
}

/// `a` or `a.b`, unless it is a function call.
fn name_at(tokens: &[TokenWithSpan], index: usize, lines: &Lines<'_>, is_operand: bool) -> Option<Reference> {
    let Token::Word(first) = &tokens.get(index)?.token else { return None };
    let starts_clause = matches!(keyword(tokens, index), Some(Keyword::SELECT | Keyword::WITH | Keyword::LATERAL));
    if starts_clause {
        return None;
    }
    let mut name = first.value.clone();
    let mut last = index;
    while let (Some(Token::Period), Some(Token::Word(next))) =
        (tokens.get(last + 1).map(|token| &token.token), tokens.get(last + 2).map(|token| &token.token))
    {
        name = format!("{name}.{}", next.value);
        last += 2;
    }
    if matches!(tokens.get(last + 1).map(|token| &token.token), Some(Token::LParen)) {
        return None;
    }
    let span = lines.offset(tokens[index].span.start)..lines.offset(tokens[last].span.end);
    Some(Reference { name, span, is_operand })
}

/// Names of `WITH name AS (…)` and `, name AS (…)`, wherever they stand.
fn with_names(tokens: &[TokenWithSpan]) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for index in 1..tokens.len() {
        let Token::Word(word) = &tokens[index].token else { continue };
        let opens = matches!(keyword(tokens, index - 1), Some(Keyword::WITH | Keyword::RECURSIVE))
            || tokens[index - 1].token == Token::Comma;
        let is_query = keyword(tokens, index + 1) == Some(Keyword::AS)
            && matches!(tokens.get(index + 2).map(|token| &token.token), Some(Token::LParen));
        if opens && is_query {
            out.insert(word.value.clone());
        }
    }
    out
}

/// Line and column, as the tokenizer counts, → byte.
pub(super) struct Lines<'a> {
    sql: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(sql: &'a str) -> Lines<'a> {
        let starts = std::iter::once(0).chain(sql.match_indices('\n').map(|(index, _)| index + 1)).collect();
        Lines { sql, starts }
    }

    pub(super) fn offset(&self, location: Location) -> usize {
        let line = (location.line as usize).saturating_sub(1);
        let Some(start) = self.starts.get(line) else { return self.sql.len() };
        let column = (location.column as usize).saturating_sub(1);
        let inside = self.sql[*start..].char_indices().nth(column).map(|(index, _)| index);
        inside.map_or(self.sql.len(), |inside| start + inside)
    }
}
