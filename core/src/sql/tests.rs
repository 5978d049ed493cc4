use super::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    match parse(text) {
        Ok(parsed) => assert_eq!(parsed.query.to_string(), expected),
        Err(problem) => {
            assert_eq!(format!("{} at {:?}", problem.message, &text[problem.span.clone()]), expected)
        }
    }
}

#[test]
fn with_expressions_become_one_row_ctes() {
    check(
        "WITH now() AS n, t AS (SELECT 1 AS x), (SELECT max(x) FROM t) AS m SELECT n, m",
        "WITH n AS (SELECT now() AS __with_expression), t AS (SELECT 1 AS x), m AS (SELECT (SELECT max(x) FROM t) AS __with_expression) SELECT n, m",
    );
    check("SELECT a FROM t ORDER BY a WITH FILL", "SELECT a FROM t ORDER BY a WITH FILL");
}

#[test]
fn casts_with_a_comma_are_calls() {
    check("SELECT CAST(x, 'UInt8'), CAST(y AS UInt8)", "SELECT CAST(x, 'UInt8'), CAST(y AS UInt8)");
    check("SELECT extract(x, '[a-z]+')", "SELECT extract(x, '[a-z]+')");
}

#[test]
fn syntax_errors_have_a_place() {
    check("SELECT a FROM t WHERE GROUP BY a", "syntax error: unexpected BY at \"BY\"");
    check("SELECT 1 1", "syntax error: unexpected 1 at \"1\"");
    check("SELECT 'a", "syntax error: Unterminated string literal at \"'\"");
}

#[test]
fn deep_nesting_ends() {
    let problem = parse(&format!("SELECT {}1{}", "(".repeat(5000), ")".repeat(5000))).expect_err("too deep");
    assert_eq!(problem.code, "S0103");
}

#[test]
fn columns_are_called_as_clickhouse_calls_them() {
    let name = |text: &str| column_name(&parse_expression(text).expect("parses").0);
    assert_eq!(name("COUNT(*)"), "COUNT()");
    assert_eq!(name("a + 1"), "plus(a, 1)");
    assert_eq!(name("e.timestamp"), "timestamp");
    assert_eq!(name("a = 'x' AND b < 2 AND c"), "and(equals(a, 'x'), less(b, 2), c)");
    assert_eq!(name("quantile(0.9)(latency)"), "quantile(0.9)(latency)");
    assert_eq!(name("INTERVAL 1 DAY"), "toIntervalDay(1)");
    assert_eq!(name("x IN ('a', 'b')"), "in(x, ('a', 'b'))");
}

#[test]
fn zones_and_remainders() {
    check(
        "SELECT CAST(x AS DateTime('UTC')), y::Nullable(DateTime('Europe/Madrid'))",
        "SELECT CAST(x AS DateTime(\"UTC\")), y::Nullable(DateTime(\"Europe/Madrid\"))",
    );
    check("SELECT now() - INTERVAL '1 day'", "SELECT now() - INTERVAL 1 DAY");
    check("SELECT a MOD 3, mod(a, 3), a AS mod", "SELECT a % 3, mod(a, 3), a AS mod");
}
