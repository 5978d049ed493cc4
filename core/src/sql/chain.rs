//! Long chains of operators: `a OR b OR c …` is a tree as deep as it is long, and everything that walks
//! a tree needs stack for its depth. The parser builds such a tree without recursion, so its own limit
//! does not see it.

use super::{Lines, Problem, exception};
use crate::limits::SQL_CHAIN_MAX;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// Refuses SQL in which more operators than [`SQL_CHAIN_MAX`] could be one chain.
pub(super) fn check(tokens: &[TokenWithSpan], lines: &Lines) -> Result<(), Problem> {
    // operators since the last comma or clause, one count for each open bracket
    let mut counts = vec![0usize];
    let mut unions = 0;
    for token in tokens {
        let depth = counts.len() - 1;
        match &token.token {
            Token::LParen | Token::LBracket => {
                counts[depth] += 1;
                counts.push(0);
            }
            Token::RParen | Token::RBracket if depth > 0 => drop(counts.pop()),
            Token::Comma | Token::SemiColon => counts[depth] = 0,
            Token::Word(word) => match word.keyword {
                Keyword::WHEN | Keyword::THEN | Keyword::ELSE | Keyword::SELECT | Keyword::FROM | Keyword::ON => {
                    counts[depth] = 0;
                }
                Keyword::WHERE | Keyword::HAVING | Keyword::BY | Keyword::LIMIT => counts[depth] = 0,
                Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT => unions += 1,
                Keyword::AND | Keyword::OR | Keyword::IS | Keyword::LIKE | Keyword::IN | Keyword::DIV => {
                    counts[depth] += 1;
                }
                _ => {}
            },
            operator if is_operator(operator) => counts[depth] += 1,
            _ => {}
        }
        if unions > SQL_CHAIN_MAX || counts.last().is_some_and(|count| *count > SQL_CHAIN_MAX) {
            let message = format!("more than {SQL_CHAIN_MAX} operators in a row");
            let problem = Problem::new("S0103", exception::QUERY_IS_TOO_LARGE, lines.range(token.span), message);
            let hint = "a list of values goes behind IN".to_owned();
            return Err(problem.with_hint(Some(hint)));
        }
    }
    Ok(())
}

fn is_operator(token: &Token) -> bool {
    !matches!(
        token,
        Token::EOF
            | Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::Whitespace(_)
            | Token::RParen
            | Token::RBracket
            | Token::Placeholder(_)
    )
}

#[cfg(test)]
mod tests {
    use crate::limits::SQL_CHAIN_MAX;
    use crate::sql::{parse, parse_expression};

    fn chain(operator: &str, count: usize) -> String {
        format!("1{}", format!(" {operator} 1").repeat(count))
    }

    #[test]
    fn chains_end() {
        for operator in ["+", "OR", "AND", "=", "||", "-", "::Int8 +", "IS NOT NULL AND"] {
            let problem = parse_expression(&chain(operator, SQL_CHAIN_MAX + 1)).expect_err("too long");
            assert!(problem.message.contains("operators in a row"), "{problem:?}");
        }
        let unions = format!("SELECT {}", chain("UNION ALL SELECT", 20_000));
        assert!(parse(&unions).is_err());
    }

    #[test]
    fn long_lists_are_no_chains() {
        let list = format!("SELECT x IN ({}), {}", "1 + 1, ".repeat(5_000) + "1", "a + b, ".repeat(5_000) + "c");
        parse(&list).expect("parses");
        let case = format!("SELECT CASE {} END", "WHEN a = 1 AND b = 2 THEN 3 + 4 ".repeat(1_000));
        parse(&case).expect("parses");
        parse_expression(&chain("+", SQL_CHAIN_MAX - 1)).expect("parses");
    }
}
