use super::*;

fn check(types: &[&str], expected: &str) {
    let types: Vec<DataType> = types.iter().map(|text| DataType::parse(text).unwrap()).collect();
    let found = supertype(&types).map_or_else(|error| error, |found| found.to_string());
    assert_eq!(found, expected, "{types:?}");
}

/// As `toTypeName([a, b])` of ClickHouse 26.9 says, `Variant` aside.
#[test]
fn numbers() {
    check(&["UInt8", "UInt16"], "UInt16");
    check(&["UInt8", "Int8"], "Int16");
    check(&["UInt16", "Int8"], "Int32");
    check(&["UInt8", "Int64"], "Int64");
    check(&["UInt32", "Int32"], "Int64");
    check(&["UInt64", "Int8"], "there is no common type for UInt64, Int8");
    check(&["UInt16", "Float32"], "Float32");
    check(&["UInt32", "Float32"], "Float64");
    check(&["Int64", "Float64"], "there is no common type for Int64, Float64");
    check(&["Decimal(9, 2)", "UInt8"], "Decimal(9, 2)");
    check(&["Decimal(9, 2)", "Decimal(18, 6)"], "Decimal(18, 6)");
    check(&["UInt8", "String"], "there is no common type for UInt8, String");
}

#[test]
fn times_strings_and_nesting() {
    check(&["Date", "DateTime('Asia/Tokyo')"], "DateTime('Asia/Tokyo')");
    check(&["DateTime", "DateTime64(3)"], "DateTime64(3)");
    check(&["Date", "Date32"], "Date32");
    check(&["FixedString(3)", "String"], "String");
    check(&["Array(UInt8)", "Array(Int8)"], "Array(Int16)");
    check(&["Tuple(UInt8, String)", "Tuple(UInt16, Nullable(String))"], "Tuple(UInt16, Nullable(String))");
    check(&["UInt8", "Nothing"], "UInt8");
    check(&["Nullable(UInt8)", "UInt16"], "Nullable(UInt16)");
    check(&["LowCardinality(String)", "String"], "String");
    check(&["LowCardinality(String)", "LowCardinality(Nullable(String))"], "LowCardinality(Nullable(String))");
    check(&[], "Nothing");
}
