use super::{Footer, Reader, SparseBytes, Written, write};
use crate::batch::Schema;
use crate::error::{Kind, Result};
use crate::limits::ROW_GROUP_ROWS_MAX;
use crate::value::DataType;
use arrow::array::{
    ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal256Array, FixedSizeBinaryArray, Float64Array,
    Int8Array, ListArray, RecordBatch, StringViewArray, TimestampMillisecondArray, TimestampSecondArray, UInt64Array,
};
use arrow::compute::kernels::cmp;
use arrow::datatypes::{Int32Type, TimeUnit, TimestampSecondType, UInt64Type, i256};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowPredicateFn, RowFilter};
use std::sync::{Arc, LazyLock};

fn schema(columns: &[(&str, &str)]) -> Schema {
    let parse = |text: &str| DataType::parse(text).expect("a data type");
    Schema(columns.iter().map(|(name, data_type)| (name.to_string(), parse(data_type))).collect())
}

fn batch(schema: &Schema, columns: Vec<ArrayRef>) -> RecordBatch {
    RecordBatch::try_new(schema.to_arrow(), columns).unwrap()
}

fn whole(written: &Written) -> SparseBytes {
    SparseBytes::new(vec![(0, written.bytes.clone())])
}

fn rows(reader: Result<Reader>) -> Vec<RecordBatch> {
    reader.unwrap().collect::<Result<_>>().unwrap()
}

/// Counts up: `at` by the second, `number` by one, `name` by hundreds.
fn counting(from: usize, count: usize) -> (Schema, RecordBatch) {
    let schema = schema(&[("at", "DateTime"), ("number", "UInt64"), ("name", "LowCardinality(String)")]);
    let rows = from..from + count;
    let columns: Vec<ArrayRef> = vec![
        Arc::new(TimestampSecondArray::from_iter_values(rows.clone().map(|row| 1_700_000_000 + row as i64))),
        Arc::new(UInt64Array::from_iter_values(rows.clone().map(|row| row as u64))),
        Arc::new(StringViewArray::from_iter_values(rows.map(|row| format!("name {}", row / 100)))),
    ];
    let batch = batch(&schema, columns);
    (schema, batch)
}

#[test]
fn every_type_comes_back_as_it_was_written() {
    let schema = schema(&[
        ("string", "Nullable(String)"),
        ("date_time", "DateTime('Europe/Madrid')"),
        ("date_time64", "DateTime64(3)"),
        ("date", "Date"),
        ("bool", "Bool"),
        ("float", "Float64"),
        ("enum", "Enum8('a' = 1, 'b' = 2)"),
        ("uuid", "UUID"),
        ("wide", "UInt256"),
        ("list", "Array(Int32)"),
        ("state", "AggregateFunction(uniq, String)"),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringViewArray::from(vec![Some("a string longer than a view holds inline"), None])),
        Arc::new(TimestampSecondArray::from(vec![0, 4_102_444_800])),
        Arc::new(TimestampMillisecondArray::from(vec![-1, 1])),
        Arc::new(Date32Array::from(vec![-1, 20_000])),
        Arc::new(BooleanArray::from(vec![true, false])),
        Arc::new(Float64Array::from(vec![f64::NAN, -0.0])),
        Arc::new(Int8Array::from(vec![1, 2])),
        Arc::new(FixedSizeBinaryArray::try_from_iter([[1u8; 16], [2; 16]].into_iter()).unwrap()),
        Arc::new(Decimal256Array::from(vec![i256::MAX, i256::MINUS_ONE]).with_precision_and_scale(76, 0).unwrap()),
        Arc::new(with_item_field(
            ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), Some(2)]), Some(vec![])]),
            &schema,
            "list",
        )),
        Arc::new(BinaryArray::from_iter_values([b"\x00\xff".as_slice(), b""])),
    ];
    let expected = batch(&schema, columns);
    let written = write(&schema, std::slice::from_ref(&expected)).unwrap();
    let footer = Footer::decode(&written.footer).unwrap();
    let names: Vec<&str> = schema.0.iter().map(|(name, _)| name.as_str()).collect();
    let actual = rows(footer.read(&[0], &names, whole(&written), None));
    assert_eq!(format!("{actual:?}"), format!("{:?}", [expected]));
    let date_time = actual[0].schema().field_with_name("date_time").unwrap().data_type().clone();
    assert_eq!(date_time, arrow::datatypes::DataType::Timestamp(TimeUnit::Second, None));
}

/// The list's item as our schema declares it: never NULL.
fn with_item_field(list: ListArray, schema: &Schema, column: &str) -> ListArray {
    let field = schema.to_arrow().field_with_name(column).unwrap().clone();
    let arrow::datatypes::DataType::List(item) = field.data_type() else { panic!("{column} is no list") };
    let (_, offsets, values, nulls) = list.into_parts();
    ListArray::new(item.clone(), offsets, values, nulls)
}

#[test]
fn row_groups_have_bounds() {
    let (schema, batch) = counting(0, ROW_GROUP_ROWS_MAX + 1000);
    let written = write(&schema, &[batch]).unwrap();
    let footer = Footer::decode(&written.footer).unwrap();
    assert_eq!(written.rows, ROW_GROUP_ROWS_MAX as u64 + 1000);
    assert_eq!(footer.row_group_count(), 2);
    assert_eq!((footer.row_group_rows(0), footer.row_group_rows(1)), (ROW_GROUP_ROWS_MAX as u64, 1000));

    let number = footer.bounds("number").unwrap();
    let last = ROW_GROUP_ROWS_MAX as u64 + 999;
    assert_eq!(number.min.as_primitive::<UInt64Type>().values(), &[0, ROW_GROUP_ROWS_MAX as u64]);
    assert_eq!(number.max.as_primitive::<UInt64Type>().values(), &[ROW_GROUP_ROWS_MAX as u64 - 1, last]);
    assert_eq!(number.null_count, [Some(0), Some(0)]);
    let at = footer.bounds("at").unwrap();
    assert_eq!(at.min.as_primitive::<TimestampSecondType>().value(0), 1_700_000_000);
    assert_eq!(footer.bounds("name").unwrap().min.as_string_view().value(0), "name 0");
    assert!(footer.bounds("missing").is_none());
    assert!(footer.column_range(0, "missing").is_none());
}

#[test]
fn columns_come_in_the_order_asked_for_and_may_be_none() {
    let (schema, batch) = counting(0, 10);
    let written = write(&schema, std::slice::from_ref(&batch)).unwrap();
    let footer = Footer::decode(&written.footer).unwrap();
    let swapped = rows(footer.read(&[0], &["name", "at"], whole(&written), None));
    assert_eq!(swapped, [batch.project(&[2, 0]).unwrap()]);
    let none = rows(footer.read(&[0], &[], SparseBytes::default(), None));
    assert_eq!((none[0].num_columns(), none[0].num_rows()), (0, 10));
}

#[test]
fn a_filter_reads_only_what_it_needs() {
    let (schema, batch) = counting(0, 2 * ROW_GROUP_ROWS_MAX);
    let written = write(&schema, &[batch]).unwrap();
    let footer = Footer::decode(&written.footer).unwrap();
    let pieces = ["name", "number"].map(|column| {
        let range = footer.column_range(1, column).unwrap();
        (range.start, written.bytes.slice(range.start as usize..range.end as usize))
    });
    let filter = ArrowPredicateFn::new(footer.mask(&["number"]), |batch| {
        cmp::lt(batch.column(0), &UInt64Array::new_scalar(ROW_GROUP_ROWS_MAX as u64 + 2))
    });
    let filter = RowFilter::new(vec![Box::new(filter)]);
    let found = rows(footer.read(&[1], &["name"], SparseBytes::new(pieces.to_vec()), Some(filter)));
    let names: Vec<&str> = found.iter().flat_map(|batch| batch.column(0).as_string_view().iter().flatten()).collect();
    assert_eq!(names, ["name 655", "name 655"]);
}

#[test]
fn bytes_that_were_not_fetched_are_our_fault() {
    let (schema, batch) = counting(0, 10);
    let written = write(&schema, &[batch]).unwrap();
    let footer = Footer::decode(&written.footer).unwrap();
    let error = footer.read(&[0], &["name"], SparseBytes::default(), None).err().unwrap();
    assert_eq!(error.kind, Kind::Internal);
    let error = footer.read(&[0], &["nme"], whole(&written), None).err().unwrap();
    assert_eq!((error.kind, error.message.as_str()), (Kind::Internal, "the segment has no column \"nme\""));
}

#[test]
fn sizes_stay_small() {
    let (schema, batch) = counting(0, ROW_GROUP_ROWS_MAX);
    let bytes = write(&schema, &[batch]).unwrap().bytes.len();
    assert!(bytes < ROW_GROUP_ROWS_MAX, "counting rows take less than a byte each, not {bytes}");
}

static SAMPLE: LazyLock<Written> = LazyLock::new(|| {
    let (schema, batch) = counting(0, 3000);
    write(&schema, &[batch]).unwrap()
});

#[test]
fn damaged_footers_are_refused() {
    for at in 0..SAMPLE.footer.len() {
        for flip in [1, 0x80, 0xff] {
            let mut footer = SAMPLE.footer.to_vec();
            footer[at] ^= flip;
            assert_eq!(Footer::decode(&footer).err().unwrap().kind, Kind::Corrupt, "byte {at} flipped by {flip}");
        }
        assert_eq!(Footer::decode(&SAMPLE.footer[..at]).err().unwrap().kind, Kind::Corrupt, "cut at {at}");
    }
}

#[test]
fn damaged_columns_are_refused() {
    let footer = Footer::decode(&SAMPLE.footer).unwrap();
    let range = footer.column_range(0, "name").unwrap();
    let good = &SAMPLE.bytes[range.start as usize..range.end as usize];
    footer.verify(range.start, good).unwrap();
    for at in 0..good.len() {
        let mut bytes = good.to_vec();
        bytes[at] ^= 0x10;
        assert_eq!(footer.verify(range.start, &bytes).unwrap_err().kind, Kind::Corrupt, "byte {at}");
    }
}

#[test]
fn any_split_into_pieces_reads_the_same() {
    let footer = Footer::decode(&SAMPLE.footer).unwrap();
    let columns = ["at", "number", "name"];
    for cut in (0..SAMPLE.bytes.len()).step_by(97) {
        let mut pieces: Vec<(u64, Bytes)> =
            vec![(cut as u64, SAMPLE.bytes.slice(cut..)), (0, SAMPLE.bytes.slice(..cut))];
        pieces.extend(columns.map(|column| {
            let range = footer.column_range(0, column).unwrap();
            (range.start, SAMPLE.bytes.slice(range.start as usize..range.end as usize))
        }));
        let read = rows(footer.read(&[0], &columns, SparseBytes::new(pieces), None));
        assert_eq!(read, [counting(0, 3000).1]);
    }
}
