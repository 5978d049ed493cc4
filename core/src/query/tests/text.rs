//! Expressions over text, JSON, URLs, addresses, hashes and places with ClickHouse's answers, which
//! `tests/record/expressions.py` has recorded.

use super::arrays::{answered, replay};

const RECORDED: &str = include_str!("text.tsv");

#[test]
fn text() {
    replay(RECORDED);
}

/// The first argument as a column: the same value, but for arguments that must be constant.
#[test]
fn text_in_columns() {
    let mut wrong = Vec::new();
    let mut count = 0;
    let mut differs = false;
    for line in RECORDED.lines() {
        if line.starts_with('#') {
            differs = line.starts_with("# differs: ");
            continue;
        }
        let was_different = std::mem::take(&mut differs);
        let Some((sql, expected)) = line.split_once('\t') else { continue };
        let Some(sql) = with_column(sql).filter(|_| !was_different && !expected.starts_with('!')) else { continue };
        count += 1;
        let found = answered(&sql, "");
        if found != expected && !(found.starts_with('!') && found.contains("constant")) {
            wrong.push(format!("{sql}\n    is {found}\n   not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

/// `f('a', …)` as `f(materialize('a'), …)`.
fn with_column(sql: &str) -> Option<String> {
    let (function, rest) = sql.split_once('(')?;
    let literal = rest
        .strip_prefix('\'')
        .filter(|_| function.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))?;
    let mut escaped = false;
    let end = literal.bytes().position(|byte| {
        let is_end = byte == b'\'' && !escaped;
        escaped = byte == b'\\' && !escaped;
        is_end
    })?;
    if literal[end + 1..].starts_with('\'') {
        return None;
    }
    Some(format!("{function}(materialize('{}'){}", &literal[..end], &literal[end + 1..]))
}

/// Errors have ClickHouse's numbers, but for these.
#[test]
fn text_errors() {
    const OTHERS: &[&str] = &[
        // fixed strings are text here, where ClickHouse refuses them
        "substringUTF8(toFixedString('abc', 5), 2)",
        "position('hello', toFixedString('l', 1))",
        "domain(toFixedString('http://a.com', 12))",
        "replaceAll(toFixedString('ab', 4), 'b', 'xyz')",
        "replaceRegexpAll(toFixedString('abc', 3), 'b', 'x')",
        // a regular expression that cannot be read is always 427
        "replaceRegexpAll('abc', '[', 'x')",
        "multiMatchAny('hello', ['['])",
        // a wrong type is always 43
        "javaHash(5)",
        "hex(toDateTime64('2024-01-01 00:00:00.123', 3, 'UTC'))",
        "JSONExtract('{\"a\":1}', 'a', 5)",
    ];
    let mut wrong = Vec::new();
    for line in RECORDED.lines().filter(|line| !line.starts_with('#')) {
        let Some((sql, expected)) = line.split_once("\t!\t") else { continue };
        let found = answered(sql, "");
        let number = found.strip_prefix("!\t").map_or("", |found| found.split(' ').next().unwrap_or_default());
        if number != expected && !OTHERS.contains(&sql) {
            wrong.push(format!("{sql}\n    is {found}\n   not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
