use super::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    match DataType::parse(text) {
        Ok(data_type) => {
            let printed = data_type.to_string();
            assert_eq!(printed, expected);
            assert_eq!(DataType::parse(&printed).as_ref(), Ok(&data_type), "the printed type reads back");
            data_type.to_arrow();
        }
        Err(message) => assert_eq!(message, expected),
    }
}

#[test]
fn types_read_and_print() {
    check("String", "String");
    check("datetime", "DateTime");
    check("DateTime('Europe/Madrid')", "DateTime('Europe/Madrid')");
    check("DateTime64(3,'UTC')", "DateTime64(3, 'UTC')");
    check("LowCardinality( Nullable(String) )", "LowCardinality(Nullable(String))");
    check("Array(Tuple(a UInt8,`b c` String))", "Array(Tuple(a UInt8, `b c` String))");
    check("Map(LowCardinality(String),String)", "Map(LowCardinality(String), String)");
    check("Enum8('a' = 1, 'b')", "Enum8('a' = 1, 'b' = 2)");
    check("Enum('x' = 1000)", "Enum16('x' = 1000)");
    check("Decimal64(4)", "Decimal(18, 4)");
    check("AggregateFunction(quantiles(0.5, 0.9), Float64)", "AggregateFunction(quantiles(0.5, 0.9), Float64)");
    check("AggregateFunction(count)", "AggregateFunction(count)");
    check(
        "AggregateFunction(1, sumMap, Array(UInt8), Array(UInt8))",
        "AggregateFunction(sumMap, Array(UInt8), Array(UInt8))",
    );
    let with_quotes = "AggregateFunction(sequenceMatch('(?1)(?t>=2),\\'(?2)'), DateTime, UInt8, UInt8)";
    check(with_quotes, with_quotes);
    check("SimpleAggregateFunction(sum, UInt64)", "SimpleAggregateFunction(sum, UInt64)");
    check("JSON(max_dynamic_types=2,max_dynamic_paths=16)", "JSON");
    check("IntervalDay", "IntervalDay");
}

#[test]
fn unknown_types_are_named() {
    check("Strng", "unknown data type \"Strng\"; did you mean String?");
    check("", "a type is missing");
    check("Array(Int32", "expected ')' but found the end in the type \"Array(Int32\"");
    check("Int32 x", "unexpected \"x\" after the type Int32");
    check("DateTime('Mars/Base')", "unknown time zone \"Mars/Base\"");
    check("DateTime64(12)", "DateTime64 has 0 to 9 digits, not 12");
    check("Nullable(Array(String))", "Nullable cannot hold Array(String)");
}

#[test]
fn deep_nesting_ends() {
    assert!(DataType::parse(&"Array(".repeat(10_000)).is_err());
}

#[test]
fn interval_units() {
    assert_eq!(IntervalUnit::parse("DAYS"), Some(IntervalUnit::Day));
    assert_eq!(IntervalUnit::parse("hour"), Some(IntervalUnit::Hour));
    assert_eq!(IntervalUnit::parse("fortnight"), None);
}
