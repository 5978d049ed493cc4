//! Our dialect: ClickHouse SQL text → syntax tree (`sqlparser`'s), with every problem placed.
//!
//! `with.rs` rewrites, on tokens, what the parser does not know: `WITH expr AS name`,
//! `CAST(x, 'T')`, a `FORMAT` that it would take for an alias. `literal.rs` reads the escapes of
//! strings, `spell.rs` how times with zones are written, `from.rs` what only ClickHouse has in FROM. `name.rs` says what an expression without an alias is called in the result.

mod call;
mod chain;
mod dialect;
mod from;
mod limit;
mod literal;
mod name;
mod place;
mod spell;
mod with;
mod word;

pub(crate) use call::{extract_function, named, plain_call, unhex};
pub(crate) use dialect::call;
pub(crate) use from::{ARRAY_JOIN_ALIAS, LEFT_ARRAY_JOIN_ALIAS, Side, Strictness, join_kind};
pub(crate) use limit::{LimitBy, Limits};
pub use name::plain as column_name;
pub(crate) use name::{flatten, operator_function, titled};
pub(crate) use place::path_name;
pub(crate) use with::EXPRESSION_ALIAS;
pub(crate) use word::APPLY;

use crate::diagnostic::Code;
use crate::limits;
use sqlparser::ast;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer};
use std::ops::Range;

/// What is wrong with a SQL text, and where in it (bytes).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub code: Code,
    pub message: String,
    pub span: Range<usize>,
    pub hint: Option<String>,
    /// ClickHouse's number for it.
    pub exception_code: u16,
}

/// ClickHouse's error numbers, as far as clients look at them.
pub mod exception {
    pub const CANNOT_PARSE_TEXT: u16 = 6;
    pub const NUMBER_OF_COLUMNS_DOESNT_MATCH: u16 = 20;
    pub const NO_SUCH_COLUMN_IN_TABLE: u16 = 16;
    pub const BAD_ARGUMENTS: u16 = 36;
    pub const NUMBER_OF_ARGUMENTS: u16 = 42;
    pub const ILLEGAL_TYPE_OF_ARGUMENT: u16 = 43;
    pub const UNKNOWN_FUNCTION: u16 = 46;
    pub const UNKNOWN_IDENTIFIER: u16 = 47;
    pub const NOT_IMPLEMENTED: u16 = 48;
    pub const UNKNOWN_TYPE: u16 = 50;
    pub const UNKNOWN_TABLE: u16 = 60;
    pub const TYPE_MISMATCH: u16 = 53;
    pub const SYNTAX_ERROR: u16 = 62;
    pub const UNKNOWN_AGGREGATE_FUNCTION: u16 = 63;
    pub const UNKNOWN_SETTING: u16 = 115;
    pub const AMBIGUOUS_IDENTIFIER: u16 = 207;
    pub const DIVISION_BY_ZERO: u16 = 153;
    pub const ILLEGAL_AGGREGATION: u16 = 184;
    pub const NOT_AN_AGGREGATE: u16 = 215;
    pub const MEMORY: u16 = 241;
    pub const UNION_ALL_RESULT_STRUCTURES_MISMATCH: u16 = 258;
    pub const TOO_BIG_AST: u16 = 168;
    pub const INCORRECT_RESULT_OF_SCALAR_SUBQUERY: u16 = 125;
    pub const INVALID_LIMIT_EXPRESSION: u16 = 440;
    pub const INVALID_WITH_FILL_EXPRESSION: u16 = 475;
    pub const NO_COMMON_TYPE: u16 = 386;
    pub const SAMPLING_NOT_SUPPORTED: u16 = 141;
    pub const ILLEGAL_FINAL: u16 = 181;
    pub const SIZES_OF_ARRAYS_DONT_MATCH: u16 = 190;
    pub const QUERY_IS_TOO_LARGE: u16 = 191;
    pub const INVALID_JOIN_ON_EXPRESSION: u16 = 403;
    pub const ACCESS_DENIED: u16 = 497;
    pub const EXPECTED_ALL_OR_DISTINCT: u16 = 558;
    pub const INTERSECT_OR_EXCEPT_RESULT_STRUCTURES_MISMATCH: u16 = 596;
}

impl Problem {
    pub fn new(code: Code, exception_code: u16, span: Range<usize>, message: impl Into<String>) -> Problem {
        Problem { code, message: message.into(), span, hint: None, exception_code }
    }

    pub fn with_hint(mut self, hint: Option<String>) -> Problem {
        self.hint = hint;
        self
    }
}

/// One query, parsed.
#[derive(Debug)]
pub struct Parsed {
    pub query: ast::Query,
    /// The name after `FORMAT`.
    pub format: Option<String>,
    /// What follows `SETTINGS`.
    pub settings: Vec<(String, String)>,
    pub lines: Lines,
}

/// Parses one `SELECT` (or `WITH … SELECT`), with an optional `FORMAT` and `;`.
pub fn parse(text: &str) -> Result<Parsed, Problem> {
    if text.len() > limits::SQL_BYTES_MAX {
        return Err(Problem::new(
            "S0103",
            exception::QUERY_IS_TOO_LARGE,
            0..0,
            format!("the SQL has {} bytes; at most {} are allowed", text.len(), limits::SQL_BYTES_MAX),
        ));
    }
    let lines = Lines::new(text);
    let mut tokens = tokens(text, &lines)?;
    let format = with::take_format(&mut tokens);
    let mut parser = parser(tokens);
    let query = parser.parse_query().map_err(|error| parse_problem(error, &lines))?;
    expect_end(&mut parser, &lines)?;
    let settings = query.settings.iter().flatten().map(|setting| (setting.key.value.clone(), text_of(&setting.value)));
    Ok(Parsed { settings: settings.collect(), query: *query, format, lines })
}

/// Parses one expression: a key, a default, a row filter.
pub fn parse_expression(text: &str) -> Result<(ast::Expr, Lines), Problem> {
    let lines = Lines::new(text);
    let mut parser = parser(tokens(text, &lines)?);
    let expression = parser.parse_expr().map_err(|error| parse_problem(error, &lines))?;
    expect_end(&mut parser, &lines)?;
    Ok((expression, lines))
}

/// A setting's value without its quotes.
fn text_of(value: &ast::Expr) -> String {
    match value {
        ast::Expr::Value(value) => match &value.value {
            ast::Value::SingleQuotedString(text) => text.clone(),
            other => other.to_string(),
        },
        other => other.to_string(),
    }
}

static DIALECT: dialect::ClickHouse = dialect::ClickHouse;

fn tokens(text: &str, lines: &Lines) -> Result<Vec<TokenWithSpan>, Problem> {
    let mut tokenizer = Tokenizer::new(&DIALECT, text).with_unescape(false);
    let tokens = tokenizer.tokenize_with_location().map_err(|error| {
        let at = lines.offset(error.location);
        Problem::new("S0101", exception::SYNTAX_ERROR, at..at + 1, format!("syntax error: {}", error.message))
    })?;
    chain::check(&tokens, lines)?;
    let mut tokens = literal::unescape(tokens);
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    let tokens = word::rewrite(tokens, |token| &text[lines.range(token.span)]);
    Ok(from::rewrite(with::rewrite(spell::rewrite(tokens))))
}

fn parser(tokens: Vec<TokenWithSpan>) -> Parser<'static> {
    Parser::new(&DIALECT).with_recursion_limit(limits::SQL_DEPTH_MAX).with_tokens_with_locations(tokens)
}

fn expect_end(parser: &mut Parser<'_>, lines: &Lines) -> Result<(), Problem> {
    while parser.consume_token(&Token::SemiColon) {}
    let next = parser.peek_token();
    if next.token == Token::EOF {
        return Ok(());
    }
    let span = lines.range(next.span);
    Err(Problem::new("S0101", exception::SYNTAX_ERROR, span, format!("syntax error: unexpected {}", next.token)))
}

fn parse_problem(error: ParserError, lines: &Lines) -> Problem {
    let text = match error {
        ParserError::RecursionLimitExceeded => {
            let message = format!("the SQL nests deeper than {}", limits::SQL_DEPTH_MAX);
            return Problem::new("S0103", exception::SYNTAX_ERROR, 0..0, message);
        }
        ParserError::ParserError(text) | ParserError::TokenizerError(text) => text,
    };
    // the parser puts the place into its text: "Expected: x, found: y at Line: 1, Column: 5"
    let (message, place) = match text.rfind(" at Line: ") {
        Some(at) => (&text[..at], parse_place(&text[at..])),
        None => (text.as_str(), None),
    };
    let start = place.map_or(lines.len, |location| lines.offset(location));
    let message = message.strip_prefix("sql parser error: ").unwrap_or(message);
    let end = lines.word_end(start);
    Problem::new("S0101", exception::SYNTAX_ERROR, start..end, format!("syntax error: {}", lower_first(message)))
}

fn parse_place(text: &str) -> Option<Location> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    Some(Location { line: numbers.next()?.parse().ok()?, column: numbers.next()?.parse().ok()? })
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_lowercase().chain(chars).collect())
}

/// The parser counts lines and characters; we count bytes.
#[derive(Debug)]
pub struct Lines {
    text: String,
    starts: Vec<usize>,
    len: usize,
}

impl Lines {
    fn new(text: &str) -> Lines {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Lines { text: text.to_owned(), starts, len: text.len() }
    }

    fn offset(&self, location: Location) -> usize {
        let line = (location.line.max(1) as usize - 1).min(self.starts.len() - 1);
        let start = self.starts[line];
        let column = location.column.max(1) as usize - 1;
        self.text[start..].char_indices().nth(column).map_or(self.len, |(at, _)| start + at)
    }

    /// Bytes of a span; empty spans (the parser gives none for some nodes) are `0..0`.
    pub fn range(&self, span: Span) -> Range<usize> {
        if span == Span::empty() {
            return 0..0;
        }
        let start = self.offset(span.start);
        start..self.offset(span.end).max(start)
    }

    fn word_end(&self, start: usize) -> usize {
        let rest = &self.text[start.min(self.len)..];
        let word = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        start + word.max(rest.chars().next().map_or(0, char::len_utf8))
    }
}

#[cfg(test)]
mod tests;
