//! Rewrites, on tokens, how ClickHouse spells times with zones and remainders:
//!
//! | written                | rewritten                |
//! |------------------------|--------------------------|
//! | `DateTime('UTC')`      | `DateTime("UTC")`, a type like any other |
//! | `a MOD b`              | `a % b`                  |

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

pub(super) fn rewrite(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at].token {
            Token::Word(word) if word.keyword == Keyword::DATETIME && word.quote_style.is_none() => {
                zoned(&mut tokens, at);
            }
            Token::Word(word)
                if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("mod") && is_infix(&tokens, at) =>
            {
                tokens[at].token = Token::Mod;
            }
            _ => {}
        }
        at += 1;
    }
    tokens
}

/// The place of the next token that is not white space.
fn after(tokens: &[TokenWithSpan], at: usize) -> Option<usize> {
    (at + 1..tokens.len()).find(|index| !matches!(tokens[*index].token, Token::Whitespace(_)))
}

fn zoned(tokens: &mut [TokenWithSpan], at: usize) {
    let Some(open) = after(tokens, at).filter(|open| tokens[*open].token == Token::LParen) else { return };
    let Some(zone) = after(tokens, open) else { return };
    let Token::SingleQuotedString(name) = &tokens[zone].token else { return };
    let word = Word { value: name.clone(), quote_style: Some('"'), keyword: Keyword::NoKeyword };
    tokens[zone].token = Token::Word(word);
    if let Token::Word(word) = &mut tokens[at].token {
        word.keyword = Keyword::NoKeyword;
    }
}

/// Between two values; elsewhere it is a name.
fn is_infix(tokens: &[TokenWithSpan], at: usize) -> bool {
    let is_value = |token: &Token| match token {
        Token::Word(word) => word.keyword == Keyword::NoKeyword || word.quote_style.is_some(),
        other => matches!(other, Token::Number(..) | Token::SingleQuotedString(_)),
    };
    let before = tokens[..at].iter().rev().find(|one| !matches!(one.token, Token::Whitespace(_)));
    let ends = before.is_some_and(|one| is_value(&one.token) || matches!(one.token, Token::RParen | Token::RBracket));
    let begins = after(tokens, at).is_some_and(|next| {
        is_value(&tokens[next].token) || matches!(tokens[next].token, Token::LParen | Token::Minus)
    });
    ends && begins
}
