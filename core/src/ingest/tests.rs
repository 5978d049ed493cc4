use super::*;
use crate::catalog::{Engine, EngineKind, JsonPath};

/// `name Type [path] [DEFAULT expression]`, one column a line.
fn data_source(schema: &str) -> DataSource {
    let columns = schema.lines().map(|line| {
        let (line, default) = match line.split_once(" DEFAULT ") {
            Some((line, default)) => (line, Some(default.to_owned())),
            None => (line, None),
        };
        let (line, path) = match line.split_once(" $") {
            Some((line, path)) => (line, Some(path)),
            None => (line, None),
        };
        let (name, data_type) = line.trim().split_once(' ').unwrap();
        Column {
            name: name.to_owned(),
            data_type: DataType::parse(data_type).unwrap(),
            json_path: path.map(json_path),
            default,
        }
    });
    DataSource {
        id: "t_1".to_owned(),
        name: "events".to_owned(),
        description: String::new(),
        columns: columns.collect(),
        engine: Engine {
            kind: EngineKind::MergeTree,
            sorting_key: Vec::new(),
            partition_key: Vec::new(),
            primary_key: Vec::new(),
            ..Engine::default()
        },
        file: String::new(),
        text: String::new(),
        ..DataSource::default()
    }
}

fn json_path(text: &str) -> JsonPath {
    let steps = text.split_inclusive("[:]").flat_map(|part| {
        let keys = part.trim_end_matches("[:]").split('.').filter(|key| !key.is_empty());
        let each = part.ends_with("[:]").then_some(PathStep::Each);
        keys.map(|key| PathStep::Key(key.to_owned())).chain(each).collect::<Vec<_>>()
    });
    JsonPath(steps.collect())
}

fn parse(schema: &str, body: &str) -> Events {
    Shape::new(&data_source(schema)).unwrap().parse_ndjson(body.as_bytes(), 1_769_862_659_000_000_000).unwrap()
}

/// Rows as JSON, then each reason on its line.
fn print(events: &Events) -> String {
    let mut out = print_rows(&events.rows);
    for event in &events.quarantined {
        event.errors.iter().for_each(|(_, reason)| out.push_str(&format!("! {reason}\n")));
    }
    out.trim_end().to_owned()
}

/// `name=value` of what is not NULL.
fn print_rows(rows: &RecordBatch) -> String {
    let mut out = String::new();
    let schema = rows.schema();
    for row in 0..rows.num_rows() {
        let columns = schema.fields().iter().zip(rows.columns()).filter(|(_, column)| column.is_valid(row));
        let values = columns.map(|(field, column)| {
            format!("{}={}", field.name(), arrow::util::display::array_value_to_string(column, row).unwrap())
        });
        out.push_str(&values.collect::<Vec<_>>().join(" "));
        out.push('\n');
    }
    out
}

/// One column `c` of a type, one value: as it comes out, or `!` if it is refused.
fn check(data_type: &str, value: &str, expected: &str) {
    let events = parse(&format!("c {data_type}"), &format!("{{\"c\":{value}}}"));
    let column = events.rows.column(0);
    let actual = match events.rows.num_rows() {
        0 => "!".to_owned(),
        _ if column.is_null(0) => "NULL".to_owned(),
        _ => arrow::util::display::array_value_to_string(column, 0).unwrap(),
    };
    assert_eq!(actual, expected, "{value} as {data_type}: {:?}", events.quarantined);
}

#[test]
fn numbers() {
    check("UInt8", "255", "255");
    check("UInt8", "256", "!");
    check("UInt8", "-1", "!");
    check("Int8", "-128", "-128");
    check("UInt64", "18446744073709551615", "18446744073709551615");
    check("UInt64", "18446744073709551616", "!");
    check("Int64", "-9223372036854775808", "-9223372036854775808");
    check("Int32", "\"42\"", "42");
    check("Int32", "3.0", "3");
    check("Int32", "1e3", "1000");
    check("Int32", "3.5", "!");
    check("Int32", "\"\"", "!");
    check("Int32", "\"abc\"", "!");
    check("Int32", "true", "1");
    check("Int32", "[1]", "!");
    check("Int32", "null", "!");
    check("Nullable(Int32)", "null", "NULL");
    check("Float64", "1.5", "1.5");
    check("Float64", "-1e-3", "-0.001");
    check("Float32", "\"nan\"", "NaN");
    check("Float64", "\"x\"", "!");
    check("Decimal(10, 2)", "1.239", "1.23");
    check("Decimal(10, 2)", "\"-12\"", "-12.00");
    check("Decimal(10, 2)", "1e3", "1000.00");
    check("Decimal(4, 2)", "100", "!");
    check("Decimal(76, 0)", "1", "1");
}

#[test]
fn texts() {
    check("String", r#""a\u00e9\n\ud83d\ude00""#, "aé\n😀");
    check("String", "12.50", "12.50");
    check("String", "true", "true");
    check("String", r#"{"a": [1, 2]}"#, r#"{"a": [1, 2]}"#);
    check("LowCardinality(String)", r#""x""#, "x");
    check("LowCardinality(Nullable(String))", "null", "NULL");
    check("JSON", r#"{"a":1}"#, r#"{"a":1}"#);
    check("JSON", "1", "!");
    check("Bool", "true", "true");
    check("Bool", "0", "false");
    check("Bool", "\"yes\"", "!");
    check("UUID", r#""00112233-4455-6677-8899-aabbccddeeff""#, "00112233445566778899aabbccddeeff");
    check("UUID", r#""0011""#, "!");
    check("IPv4", r#""1.2.3.4""#, "16909060");
    check("IPv6", r#""::1""#, "00000000000000000000000000000001");
    check("FixedString(3)", r#""ab""#, "616200");
    check("FixedString(3)", r#""abcd""#, "!");
    check("Enum8('a' = 1, 'b' = 2)", r#""b""#, "2");
    check("Enum8('a' = 1, 'b' = 2)", "1", "1");
    check("Enum8('a' = 1, 'b' = 2)", r#""c""#, "!");
    check("UInt256", "\"256\"", "256");
    check("Int128", "-1", "-1");
}

#[test]
fn moments() {
    check("Date", r#""2026-01-31""#, "2026-01-31");
    check("Date", r#""2026-01-31T23:00:00Z""#, "2026-01-31");
    check("Date", r#""2026-02-30""#, "!");
    check("Date", r#""1960-01-01""#, "!");
    check("Date32", r#""1960-01-01""#, "1960-01-01");
    check("Date", "1769862659", "2026-01-31");
    check("Date", "1", "1970-01-02");
    check("DateTime", r#""2026-01-31 12:30:59""#, "2026-01-31T12:30:59");
    check("DateTime", r#""2026-01-31T12:30:59.999Z""#, "2026-01-31T12:30:59");
    check("DateTime", r#""2026-01-31T12:30:59+02:00""#, "2026-01-31T10:30:59");
    check("DateTime", r#""2026-01-31T12:30:59-0530""#, "2026-01-31T18:00:59");
    check("DateTime", r#""2026-01-31T12:30""#, "2026-01-31T12:30:00");
    check("DateTime", r#""2026-01-31""#, "2026-01-31T00:00:00");
    check("DateTime", "1769862659", "2026-01-31T12:30:59");
    check("DateTime", "1769862659123", "2026-01-31T12:30:59");
    check("DateTime", r#""1769862659""#, "2026-01-31T12:30:59");
    check("DateTime('Europe/Madrid')", r#""2026-07-01 12:00:00""#, "2026-07-01T10:00:00");
    check("DateTime('Europe/Madrid')", r#""2026-03-29 02:30:00""#, "2026-03-29T01:30:00");
    check("DateTime", r#""1960-01-01 00:00:00""#, "!");
    check("DateTime", r#""yesterday""#, "!");
    check("DateTime", r#""2026-01-31 25:00:00""#, "!");
    check("DateTime64(3)", r#""2026-01-31T12:30:59.123456Z""#, "2026-01-31T12:30:59.123");
    check("DateTime64(3)", "1769862659123", "2026-01-31T12:30:59.123");
    check("DateTime64(3)", "1769862659.5", "2026-01-31T12:30:59.500");
    check("DateTime64(6)", r#""2026-01-31 12:30:59.1""#, "2026-01-31T12:30:59.100");
    check("DateTime64(4)", r#""2026-01-31 12:30:59.123456""#, "2026-01-31T12:30:59.123400");
    check("DateTime64(3)", r#""1960-01-01 00:00:00.5""#, "1960-01-01T00:00:00.500");
}

#[test]
fn nested() {
    check("Array(Int32)", "[1, 2]", "[1, 2]");
    check("Array(Int32)", "[]", "[]");
    check("Array(Int32)", "[null]", "!");
    check("Array(Nullable(Int32))", "[null, 1]", "[, 1]");
    check("Array(Array(String))", r#"[["a"], []]"#, "[[a], []]");
    check("Array(Int32)", "1", "!");
    check("Map(String, UInt8)", r#"{"a": 1, "b": 2}"#, "{a: 1, b: 2}");
    check("Tuple(UInt8, String)", r#"[1, "a"]"#, "{1: 1, 2: a}");
    check("Tuple(x UInt8, y String)", r#"{"y": "a", "x": 1, "z": 0}"#, "{x: 1, y: a}");
    check("Tuple(UInt8, String)", "[1]", "!");
}

#[test]
fn paths() {
    let schema = "id UInt8 $.user.id\nnames Array(String) $.tags[:].name\nall String $\nplain UInt8";
    let body = r#"{"user": {"id": 7, "x": {}}, "tags": [{"name": "a"}, {"n": 0, "name": "b"}], "plain": 1}"#;
    let expected = format!("id=7 names=[a, b] all={body} plain=1");
    assert_eq!(print(&parse(schema, body)), expected);
    let body = r#"{"user": {"id": 7}, "tags": [{"name": "a"}, {}], "plain": 1}"#;
    assert_eq!(print(&parse(schema, body)), "! value '[\"a\",null]' on column 'names' is not Array(String)");
    assert!(Shape::new(&data_source("names String $.tags[:].name")).is_err());
}

#[test]
fn what_does_not_fit_says_why() {
    let body = "{\"n\": 1}\n\n{\"n\": \"x\"}\r\n{}\n{\"n\": 2\n[1]\n{\"n\": 3} x\n{\"n\": null}\n{\"n\": 4}";
    let expected = [
        "n=1",
        "n=4",
        "! value 'x' on column 'n' is not Int32",
        "! no value for column 'n', which is not Nullable",
        "! not a JSON object: expected ',' or '}' but the text ends: {\"n\": 2",
        "! not a JSON object: an event is an object in curly brackets: [1]",
        "! not a JSON object: expected the end but found 'x' at byte 9: {\"n\": 3} x",
        "! value null on column 'n' is not Int32",
    ];
    let events = parse("n Int32", body);
    assert_eq!(print(&events), expected.join("\n"));
    assert_eq!(events.quarantined[0].values, [Some("x".to_owned())]);
    assert_eq!(events.quarantined[0].text, "{\"n\": \"x\"}");
}

#[test]
fn missing_values() {
    let schema = "a Nullable(Int32)\nb Int32 DEFAULT 5\nc Nullable(String) DEFAULT 'x'";
    assert_eq!(print(&parse(schema, "{}\n{\"b\":6,\"c\":null}")), "b=5 c=x\nb=6");
    assert_eq!(print(&parse(schema, "{\"a\":1,\"b\":null}")), "a=1 b=5 c=x");
}

#[test]
fn a_whole_body_of_json() {
    let shape = Shape::new(&data_source("n Int32")).unwrap();
    let parse = |body: &str| shape.parse_json(body.as_bytes(), 0);
    assert_eq!(parse("{\n \"n\": 1\n}\n").unwrap().rows.num_rows(), 1);
    let events = parse("[{\"n\": 1}, {\"n\": \"x\"}, 5]").unwrap();
    assert_eq!((events.rows.num_rows(), events.quarantined.len()), (1, 2));
    assert_eq!(parse("[]").unwrap().rows.num_rows(), 0);
    let error = parse("[{\"n\": 1}").err().unwrap();
    assert_eq!(error.kind, crate::Kind::Invalid);
    assert_eq!(error.message, "the body is not JSON: expected ',' or ']' but the text ends");
}

#[test]
fn depth_is_bounded() {
    let deep = |depth: usize| format!("{{\"s\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(parse("s String", &deep(60)).rows.num_rows(), 1);
    assert_eq!(parse("s String", &deep(100_000)).quarantined.len(), 1);
    assert_eq!(parse("t Int8", &deep(100_000)).quarantined.len(), 1);
}

/// No bytes make it panic, and every event ends in rows or in quarantine.
#[test]
fn damaged_events_are_taken_or_refused() {
    let schema = "id UInt8 $.user.id\nat DateTime64(3)\nnames Array(String) $.tags[:].name\nall String $\nd Date";
    let good = r#"{"user":{"id":7},"at":"2026-01-31T12:30:59.123+01:00","tags":[{"name":"a\u00e9"}],"d":"2026-1-3"}"#;
    let shape = Shape::new(&data_source(schema)).unwrap();
    assert_eq!(shape.parse_ndjson(good.as_bytes(), 0).unwrap().rows.num_rows(), 1);
    for at in 0..good.len() {
        for byte in [b'"', b'\\', b'{', b'}', b'[', b']', b'0', b'-', b'u', b' ', 0, 0x80, 0xff, 0xc3] {
            let mut bytes = good.as_bytes().to_vec();
            bytes[at] = byte;
            let events = shape.parse_ndjson(&bytes, 0).unwrap();
            assert_eq!(events.rows.num_rows() + events.quarantined.len(), 1, "byte {at} is {byte}");
            let _ = shape.parse_json(&bytes, 0);
        }
    }
}

#[test]
fn quarantine_is_a_data_source() {
    let source = data_source("n Int32\ns String");
    let events = Shape::new(&source).unwrap().parse_ndjson(b"{\"n\":\"x\",\"s\":\"y\"}\n?", 0).unwrap();
    let rows = quarantine::rows(&source, &events.quarantined, 1_769_862_659_000_000_000).unwrap();
    let expected = [
        "n=x s=y c__error_column=[n] c__error=[value 'x' on column 'n' is not Int32] insertion_date=2026-01-31T12:30:59",
        "c__error_column=[] c__error=[not a JSON object: an event is an object in curly brackets: ?] insertion_date=2026-01-31T12:30:59",
    ];
    assert_eq!(print_rows(&rows).trim_end(), expected.join("\n"));
    let schema = crate::compact::schema(&crate::catalog::quarantine::data_source(&source)).to_arrow();
    assert_eq!(rows.schema(), schema);
    assert_eq!(crate::catalog::quarantine::source_name("events_quarantine"), Some("events"));
}
