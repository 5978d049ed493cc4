use super::*;
use arrow::array::{StringViewArray, UInt64Array};
use sanderling_core::catalog::{Column, Engine, EngineKind};
use sanderling_core::value;

fn data_source(id: &str, columns: &[&str]) -> Arc<DataSource> {
    let column = |name: &&str| Column {
        name: (*name).to_owned(),
        data_type: value::DataType::parse("String").unwrap(),
        json_path: None,
        default: None,
    };
    Arc::new(DataSource {
        id: id.to_owned(),
        name: id.to_owned(),
        description: String::new(),
        columns: columns.iter().map(column).collect(),
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
    })
}

fn one_row(text: &str) -> RecordBatch {
    RecordBatch::try_from_iter([("c", Arc::new(StringViewArray::from(vec![text])) as ArrayRef)]).unwrap()
}

#[test]
fn single_rows_are_joined() {
    let mut buffer = Buffer::new(0);
    let source = data_source("t_1", &["c"]);
    for row in 1..=1000u64 {
        buffer.insert(row, 0, 10, vec![(source.clone(), one_row(&format!("a text that is not inline {row}")))]);
    }
    let batches: Vec<&RecordBatch> = buffer.batches("t_1").collect();
    assert!(batches.len() < 20, "{} batches", batches.len());
    let texts = batches.iter().flat_map(|batch| batch.column(0).as_string_view().iter().flatten());
    let expected = (1..=1000).map(|row| format!("a text that is not inline {row}"));
    assert!(texts.eq(expected), "the order stays");
}

#[test]
fn a_flush_is_due_by_age_rows_or_bytes() {
    let source = data_source("t_1", &["c"]);
    let mut buffer = Buffer::new(0);
    assert!(!buffer.is_due(i64::MAX, 0), "nothing is never due");
    assert!(buffer.take().is_none());
    buffer.insert(1, 5_000_000, 10, vec![(source.clone(), one_row("a"))]);
    assert!(!buffer.is_due(5_999_999, 1));
    assert!(buffer.is_due(6_000_000, 1));
    buffer.insert(2, 5_000_000, FLUSH_BYTES, vec![(source.clone(), one_row("a"))]);
    assert!(buffer.is_due(5_000_000, 1));
    let cut = buffer.take().unwrap();
    assert_eq!((cut.position, cut.bytes), (2, FLUSH_BYTES + 10));
    assert!(!buffer.is_due(i64::MAX, 1) && buffer.batches("t_1").next().is_none());
    let numbers = UInt64Array::from_iter_values(0..FLUSH_ROWS as u64);
    let many = RecordBatch::try_from_iter([("n", Arc::new(numbers) as ArrayRef)]).unwrap();
    buffer.insert(3, 0, 1, vec![(source, many)]);
    assert!(buffer.is_due(0, 1));
}

#[test]
fn other_columns_make_another_group() {
    let mut buffer = Buffer::new(0);
    buffer.insert(1, 0, 1, vec![(data_source("t_1", &["c"]), one_row("a"))]);
    buffer.insert(2, 0, 1, vec![(data_source("t_1", &["c", "d"]), one_row("b"))]);
    buffer.insert(3, 0, 1, vec![(data_source("t_1", &["c", "d"]), one_row("c"))]);
    let cut = buffer.take().unwrap();
    let rows: Vec<usize> =
        cut.groups["t_1"].iter().map(|group| group.batches.iter().map(RecordBatch::num_rows).sum()).collect();
    assert_eq!(rows, [1, 2]);
}
