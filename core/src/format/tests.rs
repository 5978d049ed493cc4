//! `recorded/*.txt` is what ClickHouse prints for `recorded/*.sql`; here the same rows are made by
//! hand.

use super::*;
use crate::batch::Schema;
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{Float64Type, UInt8Type, i256};
use std::sync::Arc;

type Column = (&'static str, &'static str, ArrayRef);

fn rows(columns: Vec<Column>) -> Rows {
    let types = columns.iter().map(|(name, data_type, _)| (name.to_string(), DataType::parse(data_type).unwrap()));
    let schema = Schema(types.collect());
    let arrays = columns.into_iter().map(|(name, _, array)| (name, array, true));
    Rows { schema, batches: vec![RecordBatch::try_from_iter_with_nullable(arrays).unwrap()] }
}

fn print(name: &str, rows: &Rows, rows_before_limit: Option<u64>, options: &Options) -> String {
    let results = Results {
        rows,
        totals: None,
        extremes: None,
        rows_before_limit,
        elapsed_ns: 1_500_000,
        rows_read: 7,
        bytes_read: 9,
    };
    String::from_utf8(find(name).unwrap().write(&results, options).unwrap()).unwrap()
}

#[track_caller]
fn check(recorded: &str, rows: &Rows, rows_before_limit: Option<u64>) {
    for part in recorded.split("==== ").skip(1) {
        let (name, expected) = part.split_once('\n').unwrap();
        let printed = print(name, rows, rows_before_limit, &Options::default());
        for (printed, expected) in printed.lines().zip(expected.lines()) {
            assert_eq!(printed, expected, "{name}");
        }
        assert_eq!(printed, expected, "{name}");
    }
}

fn bytes(values: &[&[u8]]) -> ArrayRef {
    Arc::new(FixedSizeBinaryArray::try_from_iter(values.iter()).unwrap())
}

fn wide(value: i256) -> ArrayRef {
    Arc::new(Decimal256Array::from(vec![value]).with_precision_and_scale(76, 0).unwrap())
}

fn texts<const N: usize>(values: [&str; N]) -> ArrayRef {
    Arc::new(StringViewArray::from_iter_values(values))
}

fn u8s<const N: usize>(values: [u8; N]) -> ArrayRef {
    Arc::new(UInt8Array::from_iter_values(values))
}

fn list(data_type: &str, items: ArrayRef, lengths: &[usize]) -> ArrayRef {
    let DataType::Array(item) = DataType::parse(data_type).unwrap() else { panic!("{data_type}") };
    let mut field = item.to_field("item");
    field.set_nullable(true);
    Arc::new(ListArray::new(Arc::new(field), OffsetBuffer::from_lengths(lengths.iter().copied()), items, None))
}

fn tuple(data_type: &str, items: Vec<ArrayRef>) -> ArrayRef {
    let arrow::datatypes::DataType::Struct(fields) = DataType::parse(data_type).unwrap().to_arrow() else { panic!() };
    Arc::new(StructArray::new(fields, items, None))
}

fn map(data_type: &str, keys: ArrayRef, values: ArrayRef, lengths: &[usize]) -> ArrayRef {
    let arrow::datatypes::DataType::Map(entries, _) = DataType::parse(data_type).unwrap().to_arrow() else { panic!() };
    let arrow::datatypes::DataType::Struct(fields) = entries.data_type() else { panic!() };
    let items = StructArray::new(fields.clone(), vec![keys, values], None);
    Arc::new(MapArray::new(entries, OffsetBuffer::from_lengths(lengths.iter().copied()), items, None, false))
}

const UUID: [u8; 16] = [0x61, 0xf0, 0xc4, 0x04, 0x5c, 0xb3, 0x11, 0xe7, 0x90, 0x7b, 0xa6, 0x00, 0x6a, 0xd3, 0xdb, 0xa0];

fn v6(text: &str) -> ArrayRef {
    bytes(&[&text.parse::<std::net::Ipv6Addr>().unwrap().octets()])
}

fn numbers() -> Vec<Column> {
    vec![
        ("u8", "UInt8", u8s([255])),
        ("u16", "UInt16", Arc::new(UInt16Array::from(vec![65535]))),
        ("u32", "UInt32", Arc::new(UInt32Array::from(vec![u32::MAX]))),
        ("u64", "UInt64", Arc::new(UInt64Array::from(vec![u64::MAX]))),
        ("i8", "Int8", Arc::new(Int8Array::from(vec![-128]))),
        ("i16", "Int16", Arc::new(Int16Array::from(vec![-5]))),
        ("i32", "Int32", Arc::new(Int32Array::from(vec![-6]))),
        ("i64", "Int64", Arc::new(Int64Array::from(vec![i64::MIN]))),
        ("i128", "Int128", Arc::new(Decimal128Array::from(vec![i128::MIN]).with_precision_and_scale(38, 0).unwrap())),
        ("u128", "UInt128", wide(i256::from_parts(u128::MAX, 0))),
        ("i256", "Int256", wide(i256::from_i128(-5))),
        ("u256", "UInt256", wide(i256::MINUS_ONE)),
        ("b", "Bool", Arc::new(BooleanArray::from(vec![true]))),
    ]
}

fn words() -> Vec<Column> {
    vec![
        ("s", "String", texts(["a\"b'c\td\ne,f\\/"])),
        ("control", "String", texts(["é\u{8}\u{c}\r\0\u{1f}\u{7f}"])),
        ("separator", "String", texts(["\u{2028}"])),
        ("fixed", "FixedString(4)", bytes(&[b"ab\0\0"])),
    ]
}

fn times() -> Vec<Column> {
    let nanos = 1_577_836_800_123_456_789;
    vec![
        ("d", "Date", Arc::new(Date32Array::from(vec![18263]))),
        ("d32", "Date32", Arc::new(Date32Array::from(vec![-25567]))),
        ("dt", "DateTime('UTC')", Arc::new(TimestampSecondArray::from(vec![1_577_836_800]))),
        ("dt_zone", "DateTime('America/New_York')", Arc::new(TimestampSecondArray::from(vec![1_593_561_600]))),
        ("dt3", "DateTime64(3, 'UTC')", Arc::new(TimestampMillisecondArray::from(vec![-1_577_923_199_500]))),
        ("dt0", "DateTime64(0, 'UTC')", Arc::new(TimestampSecondArray::from(vec![1_577_836_800]))),
        ("dt9", "DateTime64(9, 'UTC')", Arc::new(TimestampNanosecondArray::from(vec![nanos]))),
        ("dt4", "DateTime64(4, 'Europe/Madrid')", {
            Arc::new(TimestampMicrosecondArray::from(vec![nanos / 1_000_000_000 * 1_000_000 + 123_400 - 3_600_000_000]))
        }),
    ]
}

fn names_and_decimals() -> Vec<Column> {
    let decimal = |value: i128, precision, scale| -> ArrayRef {
        Arc::new(Decimal128Array::from(vec![value]).with_precision_and_scale(precision, scale).unwrap())
    };
    let wide = i256::from_string("12345678901234567890123456789067").unwrap();
    vec![
        ("u", "UUID", bytes(&[&UUID])),
        ("v4", "IPv4", Arc::new(UInt32Array::from(vec![0x01020304]))),
        ("v6", "IPv6", v6("2001:db8::1")),
        ("v6_mapped", "IPv6", v6("::ffff:1.2.3.4")),
        ("v6_old", "IPv6", v6("::1.2.3.4")),
        ("v6_one", "IPv6", v6("::1")),
        ("e8", "Enum8('a' = 1, 'b \"q\\'' = 2)", Arc::new(Int8Array::from(vec![2]))),
        ("e16", "Enum16('x' = 1000)", Arc::new(Int16Array::from(vec![1000]))),
        ("d64", "Decimal(18, 4)", decimal(15_000, 18, 4)),
        ("d128", "Decimal(38, 2)", decimal(-5, 38, 2)),
        ("dec0", "Decimal(18, 0)", decimal(10, 18, 0)),
        ("d256", "Decimal(76, 2)", {
            Arc::new(Decimal256Array::from(vec![wide]).with_precision_and_scale(76, 2).unwrap())
        }),
        ("dec100", "Decimal(18, 2)", decimal(10_000, 18, 2)),
        ("n", "Nullable(String)", Arc::new(StringViewArray::from(vec![None::<&str>]))),
        ("not_null", "Nullable(String)", texts(["x"])),
        ("lc", "LowCardinality(String)", texts(["lc"])),
        ("nothing", "Nullable(Nothing)", Arc::new(NullArray::new(1))),
        ("days", "IntervalDay", Arc::new(Int64Array::from(vec![3]))),
    ]
}

#[test]
fn every_type_prints_as_recorded() {
    let columns = [numbers(), words(), times(), names_and_decimals()].concat();
    check(include_str!("recorded/types.txt"), &rows(columns), None);
}

fn lists() -> Vec<Column> {
    let decimals: ArrayRef = Arc::new(Decimal128Array::from(vec![150]).with_precision_and_scale(18, 2).unwrap());
    vec![
        ("numbers", "Array(UInt8)", list("Array(UInt8)", u8s([1, 2]), &[2])),
        ("strings", "Array(String)", list("Array(String)", texts(["a\"b'c", "x\ty"]), &[2])),
        ("none", "Array(UInt8)", list("Array(UInt8)", u8s([]), &[0])),
        ("lists", "Array(Array(UInt8))", lists_of(u8s([1, 2, 3]), &[2, 1], 2)),
        ("no_lists", "Array(Array(UInt8))", lists_of(u8s([]), &[], 0)),
        ("empty_lists", "Array(Array(UInt8))", lists_of(u8s([]), &[0], 1)),
        ("nullable", "Array(Nullable(String))", {
            list("Array(Nullable(String))", Arc::new(StringViewArray::from(vec![None, Some("x")])), &[2])
        }),
        ("bools", "Array(Bool)", list("Array(Bool)", Arc::new(BooleanArray::from(vec![true])), &[1])),
        ("dates", "Array(Date)", list("Array(Date)", Arc::new(Date32Array::from(vec![18262])), &[1])),
        ("uuids", "Array(UUID)", list("Array(UUID)", bytes(&[&UUID]), &[1])),
        ("decimals", "Array(Decimal(18, 2))", list("Array(Decimal(18, 2))", decimals, &[1])),
    ]
}

fn lists_of(items: ArrayRef, inner: &[usize], outer: usize) -> ArrayRef {
    let field = DataType::parse("Array(UInt8)").unwrap().to_field("item");
    let inner = ListArray::new(
        Arc::new(DataType::UInt8.to_field("item")),
        OffsetBuffer::from_lengths(inner.iter().copied()),
        items,
        None,
    );
    Arc::new(ListArray::new(Arc::new(field), OffsetBuffer::from_lengths([outer]), Arc::new(inner), None))
}

fn tuples() -> Vec<Column> {
    let named = "Tuple(a UInt8, b String)";
    let deep = "Tuple(Array(UInt8), Tuple(UInt8, Tuple(UInt8, UInt8)))";
    let pair = tuple("Tuple(UInt8, UInt8)", vec![u8s([3]), u8s([4])]);
    let inner = tuple("Tuple(UInt8, Tuple(UInt8, UInt8))", vec![u8s([2]), pair]);
    let one =
        ListArray::new(Arc::new(DataType::UInt8.to_field("item")), OffsetBuffer::from_lengths([1]), u8s([1]), None);
    let pairs = tuple("Tuple(UInt8, String)", vec![u8s([1, 2]), texts(["x", "y"])]);
    vec![
        ("tuple", "Tuple(UInt8, String)", tuple("Tuple(UInt8, String)", vec![u8s([1]), texts(["a\"'b"])])),
        ("named", named, tuple(named, vec![u8s([1]), texts(["z"])])),
        ("tuples", "Array(Tuple(UInt8, String))", list("Array(Tuple(UInt8, String))", pairs, &[2])),
        ("nameds", "Array(Tuple(a UInt8, b String))", {
            list("Array(Tuple(a UInt8, b String))", tuple(named, vec![u8s([1]), texts(["z"])]), &[1])
        }),
        ("deep", deep, tuple(deep, vec![Arc::new(one), inner])),
    ]
}

fn maps() -> Vec<Column> {
    let numbers = |values: ArrayRef, length| -> ArrayRef {
        let field = Arc::new(DataType::UInt8.to_field("item"));
        Arc::new(ListArray::new(field, OffsetBuffer::from_lengths([length]), values, None))
    };
    let inner = || map("Map(String, UInt8)", texts(["b"]), u8s([1]), &[1]);
    let pair = tuple("Tuple(UInt8, UInt8)", vec![u8s([1]), u8s([2])]);
    vec![
        ("m", "Map(String, Array(UInt8))", {
            map("Map(String, Array(UInt8))", texts(["k'\""]), numbers(u8s([1, 2]), 2), &[1])
        }),
        ("maps", "Map(String, Map(String, UInt8))", {
            map("Map(String, Map(String, UInt8))", texts(["a"]), inner(), &[1])
        }),
        ("by_number", "Map(UInt8, UInt8)", map("Map(UInt8, UInt8)", u8s([1, 3]), u8s([2, 4]), &[2])),
        ("no_map", "Map(String, UInt8)", map("Map(String, UInt8)", texts([]), u8s([]), &[0])),
        ("map_list", "Array(Map(String, UInt8))", {
            list("Array(Map(String, UInt8))", map("Map(String, UInt8)", texts(["k"]), u8s([1]), &[1]), &[1])
        }),
        ("map_tuple", "Map(String, Tuple(UInt8, UInt8))", {
            map("Map(String, Tuple(UInt8, UInt8))", texts(["k"]), pair, &[1])
        }),
        ("by_date", "Map(Date, UInt8)", {
            map("Map(Date, UInt8)", Arc::new(Date32Array::from(vec![18262])), u8s([1]), &[1])
        }),
        ("control", "Array(String)", list("Array(String)", texts(["\u{8}\0"]), &[1])),
        ("nans", "Array(Float64)", list("Array(Float64)", Arc::new(Float64Array::from(vec![f64::NAN])), &[1])),
        ("odd \"name\"/,", "String", texts(["x"])),
    ]
}

#[test]
fn nested_values_print_as_recorded() {
    check(include_str!("recorded/nested.txt"), &rows([lists(), tuples(), maps()].concat()), None);
}

#[test]
fn floats_print_as_recorded() {
    let values: Vec<f64> = vec![
        0.0,
        -0.0,
        1.0,
        -1.5,
        0.1,
        100.0,
        1e-5,
        0.000001,
        0.0000012345,
        1e-7,
        123456789.125,
        1e15,
        1e16,
        9007199254740993.0,
        4611686018427387904.0,
        1e20,
        123456789012345680000.0,
        1e21,
        1.5e30,
        -1e-30,
        3.4e38,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    let narrow = Float32Array::from_iter_values(values.iter().map(|value| *value as f32));
    let columns: Vec<Column> =
        vec![("x", "Float64", Arc::new(Float64Array::from(values))), ("y", "Float32", Arc::new(narrow))];
    check(include_str!("recorded/floats.txt"), &rows(columns), None);
}

#[test]
fn an_empty_result_prints_as_recorded() {
    let columns: Vec<Column> =
        vec![("n", "UInt64", Arc::new(UInt64Array::from(vec![0; 0]))), ("s", "String", texts([]))];
    check(include_str!("recorded/empty.txt"), &rows(columns), Some(0));
}

#[test]
fn numbers_can_be_quoted() {
    let columns: Vec<Column> = vec![
        ("a", "UInt64", Arc::new(UInt64Array::from(vec![1]))),
        ("b", "Int128", Arc::new(Decimal128Array::from(vec![2]).with_precision_and_scale(38, 0).unwrap())),
        ("c", "UInt32", Arc::new(UInt32Array::from(vec![3]))),
        ("d", "Array(Float64)", {
            Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>([Some(
                [f64::NAN, f64::NEG_INFINITY].map(Some),
            )]))
        }),
    ];
    let options = Options { quote_64bit_integers: true, quote_denormals: true, ..Options::default() };
    let expected = "{\"a\":\"1\",\"b\":\"2\",\"c\":3,\"d\":[\"nan\",\"-inf\"]}\n";
    assert_eq!(print("JSONEachRow", &rows(columns), None, &options), expected);
}

#[test]
fn json_columns_stay_json() {
    let text = r#"{"b":1,"a":{"x":[1,2,{"y":"/"}]}}"#;
    let columns: Vec<Column> = vec![("g", "JSON", texts([text]))];
    let rows = rows(columns);
    let options = Options::default();
    assert_eq!(print("JSONEachRow", &rows, None, &options), "{\"g\":{\"a\":{\"x\":[1,2,{\"y\":\"\\/\"}]},\"b\":1}}\n");
    assert_eq!(
        print("CSV", &rows, None, &options),
        "\"{\"\"a\"\":{\"\"x\"\":[1,2,{\"\"y\"\":\"\"\\/\"\"}]},\"\"b\"\":1}\"\n"
    );
    let pretty = print("JSON", &rows, None, &options);
    let expected = "\t\t\t\"g\": {\n\t\t\t\t\"a\": {\n\t\t\t\t\t\"x\": [1,2,{\n\t\t\t\t\t\t\t\"y\": \"\\/\"\n\t\t\t\t\t\t}]\n\t\t\t\t},\n\t\t\t\t\"b\": 1\n\t\t\t}\n";
    assert!(pretty.contains(expected), "{pretty}");
}

#[test]
fn batches_print_as_one_result() {
    let schema = Schema(vec![("n".to_owned(), DataType::UInt8)]);
    let batch = |values| RecordBatch::try_new(schema.to_arrow(), vec![values]).unwrap();
    let rows = Rows { batches: vec![batch(u8s([1])), batch(u8s([])), batch(u8s([2, 3]))], schema };
    assert_eq!(print("JSONCompactEachRow", &rows, None, &Options::default()), "[1]\n[2]\n[3]\n");
    let json: serde_json::Value = serde_json::from_str(&print("JSON", &rows, None, &Options::default())).unwrap();
    assert_eq!(json["data"], serde_json::json!([{"n": 1}, {"n": 2}, {"n": 3}]));
    assert_eq!(json["rows"], 3);
}

#[test]
fn slices_print_their_own_rows() {
    let list =
        ListArray::from_iter_primitive::<UInt8Type, _, _>([Some(vec![Some(1)]), Some(vec![Some(2), Some(3)]), None]);
    let batch =
        RecordBatch::try_from_iter_with_nullable([("l", Arc::new(list) as ArrayRef, true)]).unwrap().slice(1, 2);
    let schema = Schema(vec![("l".to_owned(), DataType::parse("Array(UInt8)").unwrap())]);
    let rows = Rows { schema, batches: vec![batch] };
    assert_eq!(print("JSONCompactEachRow", &rows, None, &Options::default()), "[[2,3]]\n[null]\n");
}

#[test]
fn unknown_formats_are_named() {
    let error = find("JSONEachRowe").err().unwrap();
    assert_eq!(error.message, "unknown format \"JSONEachRowe\"; did you mean JSONEachRow?");
    assert_eq!(error.exception_code, Some(73));
    assert!(find("Nonsense").err().unwrap().message.contains("JSONCompact"));
    assert_eq!(find("jsoneachrow").unwrap().names[0], "JSONEachRow");
}

#[test]
fn rows_that_lie_differently_are_refused() {
    let schema = Schema(vec![("n".to_owned(), DataType::UInt64)]);
    let batch = RecordBatch::try_from_iter([("n", u8s([1]))]).unwrap();
    let rows = Rows { schema, batches: vec![batch] };
    let results = Results {
        rows: &rows,
        totals: None,
        extremes: None,
        rows_before_limit: None,
        elapsed_ns: 0,
        rows_read: 0,
        bytes_read: 0,
    };
    let error = find("JSON").unwrap().write(&results, &Options::default()).unwrap_err();
    assert_eq!(error.message, "n: UInt64 lies in memory as UInt8");
}
