//! The parser's dialect: its own for ClickHouse, and what that one leaves out of expressions.
//!
//! | written               | parsed                            |
//! |-----------------------|-----------------------------------|
//! | `a ? b : c`           | the call `if(a, b, c)`            |
//! | `a DIV b`, `a MOD b`  | the operators                     |
//! | `(a AS x) + x`        | a named expression inside another |
//! | `x::T`, `CAST(x AS T)` | casts; the type is kept as text, for it has more forms than the parser knows |

use sqlparser::ast::{
    BinaryOperator, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, ObjectName,
};
use sqlparser::dialect::{ClickHouseDialect, Dialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;
use std::any::TypeId;

/// The token that stands for `AS` inside an expression, where the parser knows no alias ([`super::word`]).
pub(super) const INNER_ALIAS: &str = "__as";

#[derive(Debug)]
pub(super) struct ClickHouse;

/// Below every operator.
const ALIAS_PRECEDENCE: u8 = 1;
const TERNARY_PRECEDENCE: u8 = 3;

macro_rules! yes {
    ($($name:ident),* $(,)?) => { $(fn $name(&self) -> bool { true })* };
}

impl Dialect for ClickHouse {
    /// The parser asks for its own dialect by type in a few places.
    fn dialect(&self) -> TypeId {
        TypeId::of::<ClickHouseDialect>()
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_ascii_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_ascii_alphanumeric() || ch == '_'
    }

    yes! {
        supports_string_literal_backslash_escape, supports_select_wildcard_except, describe_requires_table_keyword,
        require_interval_qualifier, supports_limit_comma, supports_insert_table_function, supports_insert_format,
        supports_numeric_literal_underscores, supports_partition_by_after_order_by, supports_array_join_syntax,
        supports_dictionary_syntax, supports_lambda_functions, supports_from_first_select, supports_order_by_all,
        supports_group_by_expr, supports_group_by_with_modifier, supports_nested_comments, supports_optimize_table,
        supports_prewhere, supports_with_fill, supports_limit_by, supports_interpolate, supports_settings,
        supports_select_format, supports_select_wildcard_replace, supports_comma_separated_trim,
        supports_filter_during_aggregation, supports_window_clause_named_window_reference, supports_in_empty_list,
        supports_projection_trailing_commas, supports_window_function_null_treatment_arg,
    }

    /// These begin the next clause; as a name they need AS.
    fn is_select_item_alias(&self, explicit: bool, kw: &Keyword, parser: &mut Parser) -> bool {
        let clause = matches!(kw, Keyword::SETTINGS | Keyword::FORMAT | Keyword::QUALIFY | Keyword::WINDOW);
        explicit || !clause && self.is_column_alias(kw, parser)
    }

    fn is_table_factor_alias(&self, explicit: bool, kw: &Keyword, parser: &mut Parser) -> bool {
        let clause = matches!(kw, Keyword::SETTINGS | Keyword::FORMAT | Keyword::QUALIFY | Keyword::WINDOW);
        explicit || !clause && self.is_table_alias(kw, parser)
    }

    fn parse_prefix(&self, parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        let is_cast = matches!(&parser.peek_token_ref().token,
            Token::Word(word) if word.keyword == Keyword::CAST && word.quote_style.is_none());
        if !is_cast || parser.peek_nth_token_ref(1).token != Token::LParen {
            return None;
        }
        parser.advance_token();
        parser.advance_token();
        Some(cast(parser))
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        let precedence = match &parser.peek_token_ref().token {
            Token::Placeholder(text) if text == "?" => TERNARY_PRECEDENCE,
            Token::CustomBinaryOperator(text) if text == INNER_ALIAS => ALIAS_PRECEDENCE,
            Token::DoubleColon => self.prec_value(Precedence::DoubleColon),
            // the second part of a ternary
            Token::Colon => 0,
            Token::Word(word) if word.quote_style.is_none() && starts_operand(parser) => {
                match word.value.to_ascii_uppercase().as_str() {
                    "DIV" | "MOD" => self.prec_value(Precedence::MulDivModOp),
                    _ => return None,
                }
            }
            _ => return None,
        };
        Some(Ok(precedence))
    }

    fn parse_infix(&self, parser: &mut Parser, expr: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>> {
        match &parser.peek_token_ref().token {
            Token::Placeholder(text) if text == "?" => Some(ternary(parser, expr)),
            Token::DoubleColon => {
                parser.advance_token();
                Some(type_name(parser).map(|data_type| cast_to(CastKind::DoubleColon, expr.clone(), data_type)))
            }
            Token::CustomBinaryOperator(text) if text == INNER_ALIAS => {
                parser.advance_token();
                let name = parser.parse_identifier();
                Some(name.map(|name| Expr::Named { expr: Box::new(expr.clone()), name }))
            }
            Token::Word(word) if word.quote_style.is_none() => {
                let op = match word.value.to_ascii_uppercase().as_str() {
                    "DIV" => BinaryOperator::MyIntegerDivide,
                    "MOD" => BinaryOperator::Modulo,
                    _ => return None,
                };
                parser.advance_token();
                let right = parser.parse_subexpr(precedence);
                Some(right.map(|right| Expr::BinaryOp { left: Box::new(expr.clone()), op, right: Box::new(right) }))
            }
            _ => None,
        }
    }
}

/// Behind `CAST(`.
fn cast(parser: &mut Parser) -> Result<Expr, ParserError> {
    let expr = parser.parse_expr()?;
    parser.expect_keyword(Keyword::AS)?;
    let data_type = type_name(parser)?;
    parser.expect_token(&Token::RParen)?;
    Ok(cast_to(CastKind::Cast, expr, data_type))
}

fn cast_to(kind: CastKind, expr: Expr, data_type: String) -> Expr {
    let data_type = DataType::Custom(ObjectName::from(vec![Ident::new(data_type)]), Vec::new());
    Expr::Cast { kind, expr: Box::new(expr), data_type, array: false, format: None }
}

/// A name, and what stands behind it in brackets.
fn type_name(parser: &mut Parser) -> Result<String, ParserError> {
    let name = parser.parse_identifier()?;
    let mut text = name.value;
    if parser.peek_token_ref().token != Token::LParen {
        return Ok(text);
    }
    let mut depth = 0;
    loop {
        let token = parser.next_token();
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            Token::EOF => return parser.expected("the end of the type", token),
            _ => {}
        }
        let written = match &token.token {
            Token::SingleQuotedString(name) => format!("'{}'", name.replace('\\', "\\\\").replace('\'', "\\'")),
            other => other.to_string(),
        };
        // names of a tuple's items stand before their types
        if text.ends_with(|last: char| last.is_alphanumeric() || last == '_' || last == '`')
            && matches!(token.token, Token::Word(_) | Token::Number(..))
        {
            text.push(' ');
        }
        text.push_str(&written);
        if depth == 0 {
            return Ok(text);
        }
    }
}

/// Behind the next token something stands that an operator could be followed by.
fn starts_operand(parser: &Parser) -> bool {
    match &parser.peek_nth_token_ref(1).token {
        Token::Word(word) => !matches!(word.keyword, Keyword::FROM | Keyword::AS | Keyword::WHERE),
        Token::Number(..) | Token::LParen | Token::LBracket | Token::Minus | Token::SingleQuotedString(_) => true,
        _ => false,
    }
}

fn ternary(parser: &mut Parser, condition: &Expr) -> Result<Expr, ParserError> {
    parser.advance_token();
    let yes = parser.parse_expr()?;
    parser.expect_token(&Token::Colon)?;
    let no = parser.parse_subexpr(TERNARY_PRECEDENCE - 1)?;
    Ok(call("if", vec![condition.clone(), yes, no]))
}

/// A call of these arguments.
pub(crate) fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let arguments = arguments.into_iter().map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)));
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: arguments.collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
