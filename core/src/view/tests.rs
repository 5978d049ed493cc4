use super::*;
use crate::compile::{ProjectFile, compile};
use crate::format;
use crate::ingest::Shape;
use crate::query::Snapshot;
use arrow::array::RecordBatch;

const ORDERS: &str = "SCHEMA >
    at DateTime `json:$.at`,
    shop String `json:$.shop`,
    cents UInt32 `json:$.cents`
ENGINE MergeTree
ENGINE_SORTING_KEY at
";

const DAYS: &str = "SCHEMA >
    day Date,
    shop LowCardinality(String),
    cents UInt64,
    note String DEFAULT 'none',
    seen Nullable(UInt8)
ENGINE MergeTree
ENGINE_SORTING_KEY day
";

const BY_DAY: &str = "NODE parts
SQL >
    SELECT toDate(at) AS day, shop, cents FROM orders WHERE cents > 0

NODE sums
TYPE materialized
DATASOURCE days
SQL >
    SELECT day, shop, sum(cents) AS cents FROM parts GROUP BY day, shop ORDER BY shop
";

fn catalog(files: &[(&str, &str)]) -> Catalog {
    let files: Vec<ProjectFile> =
        files.iter().map(|(path, text)| ProjectFile { path: (*path).to_owned(), text: (*text).to_owned() }).collect();
    let mut ids = 0;
    let id = &mut || {
        ids += 1;
        ids
    };
    match compile(&files, &Catalog::empty("w", "w"), id) {
        Ok(compiled) => compiled.catalog,
        Err(diagnostics) => panic!("{diagnostics:?}"),
    }
}

fn views(catalog: &Catalog) -> Vec<View> {
    let (views, errors) = all(catalog);
    assert!(errors.is_empty(), "{errors:?}");
    views
}

fn rows(catalog: &Catalog, data_source: &str, events: &str) -> RecordBatch {
    let shape = Shape::new(&catalog.data_sources[data_source]).expect("a shape");
    let events = shape.parse_ndjson(events.as_bytes(), 0).expect("events");
    assert!(events.quarantined.is_empty(), "{:?}", events.quarantined);
    events.rows
}

fn run(catalog: &Catalog, view: &View, snapshot: &Snapshot) -> String {
    let budget = Budget { now_ns: 0, read_bytes_max: 1 << 20, memory_bytes_max: 1 << 24 };
    let mut query = view.query(catalog, budget).expect("a query");
    query.prune(snapshot).expect("pruned");
    assert!(query.reads().is_empty(), "all rows are in memory");
    let answer = query.run().expect("rows");
    let results = format::Results::of(&answer.rows);
    let bytes = format::find("CSV").and_then(|format| format.write(&results, &format::Options::default()));
    String::from_utf8(bytes.expect("formatted")).expect("text")
}

#[test]
fn rows_of_a_block_become_rows_of_the_target() {
    let files = [("orders.datasource", ORDERS), ("days.datasource", DAYS), ("by_day.pipe", BY_DAY)];
    let catalog = catalog(&files);
    let views = views(&catalog);
    let [view] = views.as_slice() else { panic!("{views:?}") };
    assert_eq!((view.source.name.as_str(), view.target.name.as_str()), ("orders", "days"));
    let events = "{\"at\":\"2024-01-01 10:00:00\",\"shop\":\"a\",\"cents\":5}
{\"at\":\"2024-01-01 11:00:00\",\"shop\":\"a\",\"cents\":7}
{\"at\":\"2024-01-01 11:00:00\",\"shop\":\"b\",\"cents\":0}
{\"at\":\"2024-01-02 11:00:00\",\"shop\":\"b\",\"cents\":1}";
    let block = vec![rows(&catalog, "orders", events)];
    let answer = run(&catalog, view, &Snapshot { block, ..Snapshot::default() });
    assert_eq!(answer, "\"2024-01-01\",\"a\",12,\"none\",\\N\n\"2024-01-02\",\"b\",1,\"none\",\\N\n");
}

#[test]
fn only_the_first_read_is_of_the_block() {
    let again = "NODE fresh
TYPE materialized
DATASOURCE days
SQL >
    SELECT toDate(at) AS day, shop, cents FROM orders
    WHERE shop NOT IN (SELECT shop FROM orders WHERE cents = 99) ORDER BY shop
";
    let files = [("orders.datasource", ORDERS), ("days.datasource", DAYS), ("again.pipe", again)];
    let catalog = catalog(&files);
    let view = &views(&catalog)[0];
    let budget = Budget { now_ns: 0, read_bytes_max: 1 << 20, memory_bytes_max: 1 << 24 };
    let lookups = view.query(&catalog, budget).expect("a query").lookups();
    assert_eq!(lookups.iter().map(|source| source.name.as_str()).collect::<Vec<_>>(), ["orders"]);
    let old = rows(&catalog, "orders", "{\"at\":\"2024-01-01 10:00:00\",\"shop\":\"a\",\"cents\":99}");
    let new = "{\"at\":\"2024-01-02 10:00:00\",\"shop\":\"a\",\"cents\":1}
{\"at\":\"2024-01-02 10:00:00\",\"shop\":\"b\",\"cents\":2}";
    let block = vec![rows(&catalog, "orders", new)];
    let tail = BTreeMap::from([(view.source.id.clone(), vec![old])]);
    let answer = run(&catalog, view, &Snapshot { block, tail, ..Snapshot::default() });
    assert_eq!(answer, "\"2024-01-02\",\"b\",2,\"none\",\\N\n");
}

#[test]
fn a_view_of_what_another_writes_comes_after_it() {
    let months = DAYS.replace("day Date", "month Date").replace("SORTING_KEY day", "SORTING_KEY month");
    let by_month = "NODE a
TYPE materialized
DATASOURCE months
SQL >
    SELECT toStartOfMonth(day) AS month, shop, sum(cents) AS cents FROM days GROUP BY month, shop
";
    let files = [
        ("orders.datasource", ORDERS),
        ("days.datasource", DAYS),
        ("months.datasource", &months),
        ("a_by_month.pipe", by_month),
        ("by_day.pipe", BY_DAY),
    ];
    let views = views(&catalog(&files));
    let names: Vec<String> = views.iter().map(View::name).collect();
    assert_eq!(names, ["by_day.sums", "a_by_month.a"]);
}
