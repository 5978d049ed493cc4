//! Every example of every function is run. The evaluator below binds parsed SQL through [`call`] and
//! [`aggregate`] alone, and computes on one row, or for aggregates on the column `x` of 1, 2, 3, 4.

mod evaluator;
mod recorded;
mod states;

use super::{aggregate, table};
use crate::value::DataType;
use evaluator::{Evaluator, evaluate, type_of};
use std::sync::Arc;

#[test]
fn examples_of_functions() {
    let mut wrong = Vec::new();
    for function in table::functions() {
        for (sql, expected) in function.examples {
            let found = evaluate(sql).unwrap_or_else(|error| format!("error: {error}"));
            if found != *expected {
                wrong.push(format!("{sql}\n    is {found}\n   not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn examples_of_aggregates() {
    let mut wrong = Vec::new();
    for function in aggregate::aggregates() {
        for (sql, expected) in function.examples {
            let found = Evaluator::over_numbers(4).aggregate(sql).unwrap_or_else(|error| format!("error: {error}"));
            if found != *expected {
                wrong.push(format!("{sql}\n    is {found}\n   not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_function_is_documented() {
    for function in table::functions() {
        let name = function.name;
        assert!(!function.syntax.is_empty() && !function.examples.is_empty(), "{name} lacks syntax or examples");
        assert!(function.summary.ends_with('.'), "{name}: the summary is one sentence");
    }
    for function in aggregate::aggregates() {
        let name = function.name;
        assert!(!function.syntax.is_empty() && !function.examples.is_empty(), "{name} lacks syntax or examples");
        assert!(function.summary.ends_with('.'), "{name}: the summary is one sentence");
    }
}

#[track_caller]
fn check_type(sql: &str, expected: &str) {
    assert_eq!(type_of(sql).unwrap_or_else(|error| error), expected, "{sql}");
}

#[track_caller]
fn check(sql: &str, expected: &str) {
    assert_eq!(evaluate(sql).unwrap_or_else(|error| format!("error: {error}")), expected, "{sql}");
}

#[test]
fn arithmetic_widens_as_clickhouse_does() {
    check_type("toUInt8(1) + toUInt8(1)", "UInt16");
    check_type("toUInt8(1) - toUInt8(1)", "Int16");
    check_type("toUInt64(1) + toInt8(1)", "Int64");
    check_type("toFloat32(1) + toFloat32(1)", "Float64");
    check_type("intDiv(toUInt8(1), toInt64(1))", "Int8");
    check_type("toUInt32(1) % toInt8(3)", "UInt8");
    check_type("toInt8(1) % toUInt16(3)", "Int32");
    check_type("toUInt32(1) / 2", "Float64");
    check_type("negate(toUInt64(1))", "Int64");
    check_type("toDate('2020-01-01') + 1", "Date");
    check_type("now() - now()", "Int32");
    check_type("now64(3) - now64(3)", "Decimal(18, 3)");
    check_type("toDate('2020-01-01') + INTERVAL 1 HOUR", "DateTime");
    check_type("toDate32('2020-01-01') + INTERVAL 1 HOUR", "DateTime64(3)");
    check_type("now() + INTERVAL 1 MILLISECOND", "DateTime64(3)");
    check_type("NULL + 1", "Nullable(Nothing)");
    check_type("toNullable(1) + 1", "Nullable(UInt16)");
}

#[test]
fn comparisons_and_logic() {
    check_type("1 = 1", "UInt8");
    check_type("true AND true", "Bool");
    check_type("NULL AND 1", "Nullable(UInt8)");
    check_type("1 IN (1, 2)", "UInt8");
    check("toUInt64(18446744073709551615) > -1", "1");
    check("toDate('2024-01-01') = toDateTime('2024-01-01 00:00:00')", "1");
    check("toDateTime('2024-01-01 00:00:00') > 5", "1");

    check(
        "toDateTime('2024-01-01 00:00:00') = 'garbage'",
        "error: function equals cannot compare DateTime with String: \"garbage\" is no DateTime",
    );
    check("toDate('2024-01-01') > 5", "error: function greater cannot compare Date with UInt8");
    check("1 IN (NULL, 1)", "1");
    check("NULL IN (1, 2)", "\\N");
}

#[test]
fn unknown_names_get_a_hint() {
    let mismatch = super::call(&super::Context { now_ns: 0 }, "toStartofHuor", vec![]).unwrap_err();
    assert_eq!(mismatch.hint.as_deref(), Some("did you mean \"toStartOfHour\"?"));
}

/// Beyond 65,536 values `uniq` keeps a sample, by ClickHouse's hashes: the estimates are its own.
#[test]
fn uniq_estimates_as_clickhouse_does() {
    use arrow::array::{StringViewArray, UInt64Array};
    let over = |rows: u64| {
        let texts = StringViewArray::from_iter_values((1..=rows).map(|number| format!("k{number}")));
        Evaluator::over(vec![
            ("x", DataType::UInt64, Arc::new(UInt64Array::from_iter_values(1..=rows))),
            ("text", DataType::String, Arc::new(texts)),
        ])
    };
    assert_eq!(over(60_000).aggregate("uniq(x)"), Ok("60000".to_owned()));
    assert_eq!(over(70_000).aggregate("uniq(x)"), Ok("70358".to_owned()));
    let many = over(200_000);
    assert_eq!(many.aggregate("uniq(x)"), Ok("199902".to_owned()));
    assert_eq!(many.aggregate("uniq(text)"), Ok("198907".to_owned()));
    assert_eq!(many.aggregate("uniqExact(text)"), Ok("200000".to_owned()));
}

#[test]
fn aggregates_answer_as_clickhouse_does() {
    let few = Evaluator::over_numbers(4);
    for (sql, expected) in [
        ("quantile(0.9)(x)", "3.7"),
        ("quantiles(0.25, 0.75)(x)", "[1.75,3.25]"),
        ("quantileExact(0.5)(x)", "3"),
        ("windowFunnel(10)(toDateTime(x), x = 1, x = 2, x = 4)", "3"),
        ("windowFunnel(10)(toDateTime(x), x = 1, x = 3, x = 2)", "2"),
        ("windowFunnel(1)(toDateTime(x), x = 1, x = 2, x = 4)", "2"),
    ] {
        assert_eq!(few.aggregate(sql), Ok(expected.to_owned()), "{sql}");
    }
    let many = Evaluator::over_numbers(1000);
    assert_eq!(many.aggregate("quantile(0.9)(x)"), Ok("900.1".to_owned()));
    assert_eq!(many.aggregate("quantile(0.33)(x)"), Ok("330.67".to_owned()));
    assert_eq!(many.aggregate("quantileExact(0.9)(x)"), Ok("901".to_owned()));
    for (sql, expected) in [
        ("quantile(x)", "Float64"),
        ("quantileExact(x)", "UInt64"),
        ("quantiles(0.5)(x)", "Array(Float64)"),
        ("uniq(x)", "UInt64"),
        ("avg(x)", "Float64"),
        ("sum(x)", "UInt64"),
        ("groupArray(x)", "Array(UInt64)"),
        ("stddevPop(x)", "Float64"),
        ("argMax(x, x)", "UInt64"),
        ("topK(2)(x)", "Array(UInt64)"),
        ("windowFunnel(10)(toDateTime(x), x = 1)", "UInt8"),
    ] {
        let found = few.bind(sql).map(|typed| typed.data_type.to_string());
        assert_eq!(found, Ok(expected.to_owned()), "{sql}");
    }
}

#[test]
fn best_effort_reads_what_clickhouse_reads() {
    for (text, expected) in [
        ("1/2/2024", "2024-02-01 00:00:00"),
        ("1/2/24", "2024-02-01 00:00:00"),
        ("12/31/2024", "2024-12-31 00:00:00"),
        ("31.12.2024 5:06", "2024-12-31 05:06:00"),
        ("2024", "2024-01-01 00:00:00"),
        ("2024-01", "2024-01-01 00:00:00"),
        ("2024-1-5", "2024-01-05 00:00:00"),
        ("20240131101112", "2024-01-31 10:11:12"),
        ("20240131T101112Z", "2024-01-31 10:11:12"),
        ("2024-01-31T10:00", "2024-01-31 10:00:00"),
        ("2024-01-31 10 PM", "2024-01-31 22:00:00"),
        ("2024-01-31 10:00:00 +0200", "2024-01-31 08:00:00"),
        ("2024/01/31 1:2:3 AM", "2024-01-31 01:02:03"),
        ("Wed Jan 31 10:00:00 UTC 2024", "2024-01-31 10:00:00"),
        ("January 5, 2024", "2024-01-05 00:00:00"),
        ("1700000000123", "2023-11-14 22:13:20"),
    ] {
        check(&format!("parseDateTimeBestEffort('{text}')"), expected);
    }
    for text in ["", "2024-13-31", "2024-02-31", "2024-01-31 10:00:00 PST"] {
        check(&format!("parseDateTimeBestEffortOrNull('{text}')"), "\\N");
    }
}
