use super::{arrange, choose, encode};
use crate::catalog::{Column, DataSource, Engine, EngineKind};
use crate::ingest::Shape;
use crate::manifest::{self, Manifest};
use crate::value::DataType;
use arrow::array::AsArray;
use arrow::datatypes::UInt8Type;

fn data_source(sorting_key: &[&str], partition_key: &[&str]) -> DataSource {
    let texts = |key: &[&str]| key.iter().map(|text| text.to_string()).collect();
    let column = |name: &str, data_type| Column { name: name.to_owned(), data_type, json_path: None, default: None };
    DataSource {
        id: "t_1".to_owned(),
        name: "events".to_owned(),
        description: String::new(),
        columns: vec![column("n", DataType::UInt8), column("place", DataType::String.nullable())],
        engine: Engine {
            kind: EngineKind::MergeTree,
            sorting_key: texts(sorting_key),
            partition_key: texts(partition_key),
            primary_key: Vec::new(),
            ..Engine::default()
        },
        file: String::new(),
        text: String::new(),
        ..DataSource::default()
    }
}

/// Events → `partition: n n n` of each run.
fn check(sorting_key: &[&str], partition_key: &[&str], expected: &[&str]) {
    let source = data_source(sorting_key, partition_key);
    let shape = Shape::new(&source).unwrap();
    let events = ["{\"n\":3,\"place\":\"b\"}\n{\"n\":1,\"place\":\"b\"}", "{\"n\":2}\n{\"n\":2,\"place\":\"a\"}"];
    let batches = events.map(|body| shape.parse_ndjson(body.as_bytes(), 0).unwrap().rows);
    let runs = arrange(&source, &batches).unwrap();
    let printed: Vec<String> = runs
        .iter()
        .map(|run| {
            let numbers = run.rows.column(0).as_primitive::<UInt8Type>().values().iter();
            format!("{}: {}", run.partition, numbers.map(u8::to_string).collect::<Vec<_>>().join(" "))
        })
        .collect();
    assert_eq!(printed, expected);
}

#[test]
fn rows_are_sorted_within_partitions() {
    check(&[], &[], &["all: 3 1 2 2"]);
    check(&["n"], &[], &["all: 1 2 2 3"]);
    check(&["place", "n"], &[], &["all: 2 1 3 2"]);
    check(&["n"], &["place"], &["a: 2", "b: 1 3", "NULL: 2"]);
    check(&[], &["n", "place"], &["1-b: 1", "2-a: 2", "2-NULL: 2", "3-b: 3"]);
}

#[test]
fn nothing_makes_no_segments() {
    let source = data_source(&["n"], &[]);
    assert!(arrange(&source, &[]).unwrap().is_empty());
}

/// As many segments of so many rows each, in this order → the rows of those that are chosen.
fn check_chosen(source: &DataSource, segments: &[(usize, u64, &str)], expected: Option<&[u64]>) {
    let one = segment(source);
    let mut manifest = Manifest::empty("t_1");
    for (count, rows, partition) in segments {
        let like = manifest::Segment { rows: *rows, partition: (*partition).to_owned(), ..one.clone() };
        manifest.segments.extend(std::iter::repeat_n(like, *count));
    }
    let chosen = choose(source, &manifest).unwrap();
    let chosen = chosen.map(|segments| segments.iter().map(|segment| segment.rows).collect::<Vec<_>>());
    assert_eq!(chosen.as_deref(), expected, "{segments:?}");
}

#[test]
fn segments_of_one_size_and_partition_are_chosen() {
    let mut source = data_source(&["n"], &[]);
    check_chosen(&source, &[(7, 1, "all")], None);
    check_chosen(&source, &[(7, 1, "all"), (2, 1000, "all")], Some(&[1, 1, 1, 1, 1, 1, 1, 1000]));
    check_chosen(&source, &[(4, 1, "all"), (1, 100_000, "all"), (4, 1, "all")], None);
    let changing = [(1, 100_000, "all"), (4, 1, "all")].repeat(7);
    check_chosen(&source, &changing, Some(&[1, 1, 1, 1, 100_000, 1, 1, 1]));
    check_chosen(&source, &[(7, 1, "a"), (7, 1, "b")], None);
    check_chosen(&source, &[(7, 1, "a"), (8, 2, "b")], Some(&[2; 8]));
    check_chosen(&source, &[(7, 1, "all"), (7, 100_000, "all"), (8, 300_000, "all")], Some(&[300_000; 8]));
    check_chosen(&source, &[(8, 1_000_000, "all")], None);
    check_chosen(&source, &[(8, 300_000, "all"), (8, 5, "all")], Some(&[5; 8]));
    let old = source.clone();
    source.columns.push(Column { name: "new".to_owned(), data_type: DataType::UInt8, json_path: None, default: None });
    check_chosen(&source, &[(8, 1, "all")], Some(&[1; 8]));
    let manifest = Manifest { segments: vec![segment(&old); 8], ..Manifest::empty("t_1") };
    assert!(choose(&source, &manifest).unwrap().is_none(), "they lack a column");
}

/// Of one row.
fn segment(source: &DataSource) -> manifest::Segment {
    let rows = Shape::new(source).unwrap().parse_ndjson(b"{\"n\":1,\"new\":1}", 0).unwrap().rows;
    let run = arrange(source, &[rows]).unwrap().pop().unwrap();
    encode(source, &run, "1".to_owned()).unwrap().1
}
