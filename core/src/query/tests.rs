use super::*;
use crate::catalog::{Column, Engine, EngineKind, Node};
use crate::format;
use crate::segment;
use arrow::array::{StringViewArray, TimestampSecondArray, UInt32Array};

mod arrays;
mod text;

/// A data source `hits` of `rows` rows in two segments and a tail, and pipes over it.
fn world(pipes: &[(&str, &[(&str, &str)])]) -> (Catalog, Snapshot, BTreeMap<String, Vec<u8>>) {
    let mut catalog = Catalog::empty("w", "test");
    let column = |name: &str, data_type: &str| Column {
        name: name.to_owned(),
        data_type: crate::value::DataType::parse(data_type).expect("a type"),
        json_path: None,
        default: None,
    };
    let hits = DataSource {
        id: "t_hits".to_owned(),
        name: "hits".to_owned(),
        description: String::new(),
        columns: vec![column("ts", "DateTime"), column("tenant", "LowCardinality(String)"), column("ms", "UInt32")],
        engine: Engine {
            kind: EngineKind::MergeTree,
            sorting_key: vec!["tenant".to_owned(), "ts".to_owned()],
            partition_key: Vec::new(),
            primary_key: Vec::new(),
            ..Engine::default()
        },
        file: "hits.datasource".to_owned(),
        text: String::new(),
        ..DataSource::default()
    };
    let schema = Schema(hits.columns.iter().map(|column| (column.name.clone(), column.data_type.clone())).collect());
    catalog.data_sources.insert("hits".to_owned(), Arc::new(hits));
    for (name, nodes) in pipes {
        let mut text = String::new();
        let nodes = nodes.iter().map(|(node, sql)| {
            let offset = text.len();
            text.push_str(sql);
            text.push('\n');
            let (template, diagnostics) = Template::compile(sql, "x.pipe", offset);
            assert!(diagnostics.is_empty(), "{diagnostics:?}");
            node_of(node, template)
        });
        let nodes: Vec<Node> = nodes.collect();
        let pipe = Pipe {
            id: format!("t_{name}"),
            name: (*name).to_owned(),
            description: String::new(),
            endpoint: Some(nodes.len() - 1),
            nodes,
            file: format!("{name}.pipe"),
            text,
            ..Pipe::default()
        };
        catalog.pipes.insert((*name).to_owned(), Arc::new(pipe));
    }
    let batch = |tenants: &[&str], from: i64| {
        let rows = tenants.len() as i64;
        let columns: Vec<arrow::array::ArrayRef> = vec![
            Arc::new(TimestampSecondArray::from_iter_values((0..rows).map(|row| from + row * 60))),
            Arc::new(StringViewArray::from_iter_values(tenants)),
            Arc::new(UInt32Array::from_iter_values((0..rows).map(|row| row as u32 * 10))),
        ];
        RecordBatch::try_new(schema.to_arrow(), columns).expect("a batch")
    };
    let mut objects = BTreeMap::new();
    let mut manifest = Manifest::empty("t_hits");
    for (id, rows) in
        [("a", batch(&["acme", "acme", "bolt"], 1_700_000_000)), ("b", batch(&["cone", "cone"], 1_700_100_000))]
    {
        let written = segment::write(&schema, &[rows]).expect("written");
        objects.insert(key::segment("w", "t_hits", id), written.bytes.to_vec());
        manifest.segments.push(crate::manifest::Segment {
            id: id.to_owned(),
            partition: String::new(),
            level: 0,
            rows: written.rows,
            bytes: written.bytes.len() as u64,
            footer: written.footer.into(),
        });
    }
    let snapshot = Snapshot {
        version: 1,
        manifests: BTreeMap::from([("t_hits".to_owned(), Arc::new(manifest))]),
        tail: BTreeMap::from([("t_hits".to_owned(), vec![batch(&["acme"], 1_700_200_000)])]),
        ..Snapshot::default()
    };
    (catalog, snapshot, objects)
}

fn node_of(name: &str, template: Template) -> Node {
    Node { name: name.to_owned(), description: String::new(), kind: crate::catalog::NodeKind::Standard, template }
}

fn options(visible: Visible) -> Options {
    Options {
        now_ns: 1_700_300_000_000_000_000,
        visible,
        read_bytes_max: 1 << 30,
        memory_bytes_max: 1 << 28,
        settings: Vec::new(),
    }
}

fn answer(pipes: &[(&str, &[(&str, &str)])], source: Source, visible: Visible) -> Result<(Answer, usize)> {
    let (catalog, snapshot, objects) = world(pipes);
    let mut query = Query::new(&catalog, source, options(visible))?;
    query.prune(&snapshot)?;
    let reads = query.reads().to_vec();
    for fetch in coalesce(&reads) {
        for index in fetch.serves {
            let range = reads[index].range.start as usize..reads[index].range.end as usize;
            let bytes = Bytes::copy_from_slice(&objects[&reads[index].key][range]);
            query.verify(index, &bytes)?;
            query.feed(index, bytes);
        }
    }
    Ok((query.run()?, reads.len()))
}

#[track_caller]
fn check(sql: &str, expected: &str) {
    check_as(sql, Visible::everything(), expected);
}

#[track_caller]
fn check_as(sql: &str, visible: Visible, expected: &str) {
    let source = Source::Sql { text: sql.to_owned(), pipeline: None, params: Params::default() };
    let got = match answer(&[], source, visible) {
        Ok((answer, _)) => csv(&answer),
        Err(error) => format!("{error}\n"),
    };
    assert_eq!(got, format!("{expected}\n"), "{sql}");
}

fn csv(answer: &Answer) -> String {
    let results = format::Results::of(&answer.rows);
    let bytes = format::find("TSVWithNames").and_then(|format| format.write(&results, &format::Options::default()));
    String::from_utf8(bytes.expect("formatted")).expect("text")
}

#[test]
fn templates_know_when_they_run() {
    check("% SELECT {{DateTime(job_timestamp)}} > '2000-01-01 00:00:00' AS x", "x\n1");
    let params = Params([("job_timestamp".to_owned(), vec!["1999-01-01 00:00:00".to_owned()])].into());
    let source = Source::Sql { text: "% SELECT {{DateTime(job_timestamp)}} AS x".to_owned(), pipeline: None, params };
    let (answer, _) = answer(&[], source, Visible::everything()).expect("answers");
    assert_eq!(csv(&answer), "x\n1999-01-01 00:00:00\n");
}

#[test]
fn counts_and_groups() {
    check("SELECT count() FROM hits", "count()\n6");
    check(
        "SELECT tenant, count() AS n, sum(ms) FROM hits GROUP BY tenant ORDER BY n DESC, tenant",
        "tenant\tn\tsum(ms)\nacme\t3\t10\ncone\t2\t10\nbolt\t1\t20",
    );
    check("SELECT count() FROM hits WHERE tenant = 'none'", "count()\n0");
    check("SELECT tenant FROM hits WHERE ms >= 10 ORDER BY 1 LIMIT 1", "tenant\nacme");
    check("SELECT DISTINCT tenant FROM hits ORDER BY tenant", "tenant\nacme\nbolt\ncone");
}

#[test]
fn aliases_win_over_columns() {
    check(
        "SELECT toStartOfHour(ts) AS ts, count() AS n FROM hits GROUP BY ts ORDER BY ts LIMIT 1",
        "ts\tn\n2023-11-14 22:00:00\t3",
    );
    check("SELECT ms / 2 AS half, half * 2 AS whole FROM hits WHERE half > 9 ORDER BY whole", "half\twhole\n10\t20");
    check("WITH 10 AS least SELECT count() FROM hits WHERE ms >= least", "count()\n3");
    check("WITH t AS (SELECT tenant, max(ms) AS m FROM hits GROUP BY tenant) SELECT sum(m) FROM t", "sum(m)\n40");
    check("SELECT (SELECT max(ms) FROM hits) AS m, count() FROM hits WHERE ms = m", "m\tcount()\n20\t1");
    check("SELECT count() FROM hits WHERE tenant IN (SELECT tenant FROM hits WHERE ms = 20)", "count()\n1");
}

#[test]
fn format_is_no_alias() {
    let source = |text: &str| Source::Sql { text: text.to_owned(), pipeline: None, params: Params::default() };
    for text in ["SELECT 1 FORMAT CSV", "SELECT 1 AS x FROM hits LIMIT 1 FORMAT CSV;"] {
        let (got, _) = answer(&[], source(text), Visible::everything()).expect("answered");
        assert_eq!(got.format.as_deref(), Some("CSV"));
    }
}

#[test]
fn joins_fill_with_defaults() {
    check(
        "SELECT a.tenant, b.n FROM (SELECT DISTINCT tenant FROM hits) AS a LEFT JOIN (SELECT tenant, count() AS n FROM hits WHERE ms > 0 GROUP BY tenant) AS b ON a.tenant = b.tenant ORDER BY a.tenant",
        "tenant\tn\nacme\t1\nbolt\t1\ncone\t1",
    );
    check(
        "SELECT tenant, n FROM (SELECT DISTINCT tenant FROM hits) AS a LEFT JOIN (SELECT tenant, count() AS n FROM hits WHERE ms > 10 GROUP BY tenant) AS b USING (tenant) ORDER BY tenant",
        "tenant\tn\nacme\t0\nbolt\t1\ncone\t0",
    );
    check("SELECT 1 AS x UNION ALL SELECT 300", "x\n1\n300");
}

#[test]
fn problems_are_named() {
    check("SELECT tenat FROM hits", "unknown column \"tenat\"; did you mean \"tenant\"?");
    check("SELECT x FROM hitz", "resource \"hitz\" not found; did you mean \"hits\"?");
    check("SELECT tenant, count() FROM hits", "column \"tenant\" is neither grouped nor inside an aggregate function");
    check("SELECT count() FROM hits WHERE count() > 1", "the aggregate function count must not stand here");
}

#[test]
fn row_filters_hold_everywhere() {
    let mut visible = Visible::default();
    visible.data_sources.insert("hits".to_owned());
    visible.filters.insert("hits".to_owned(), vec!["tenant = 'acme'".to_owned()]);
    let acme = "tenant\nacme";
    for sql in [
        "SELECT DISTINCT tenant FROM hits",
        "SELECT DISTINCT tenant FROM hits WHERE 1 OR tenant = 'cone'",
        "SELECT DISTINCT b.tenant AS tenant FROM hits a CROSS JOIN hits b",
        "SELECT DISTINCT tenant FROM (SELECT 'acme' AS tenant UNION ALL SELECT tenant FROM hits)",
        "WITH x AS (SELECT * FROM hits) SELECT DISTINCT tenant FROM x",
        "SELECT DISTINCT tenant FROM hits ARRAY JOIN [1, 2] AS n WHERE n = 1 OR tenant = 'cone'",
        "SELECT DISTINCT tenant FROM (SELECT 'bolt' AS tenant UNION ALL SELECT 'acme') WHERE tenant IN (SELECT tenant FROM hits)",
        "SELECT b.tenant AS tenant FROM hits AS a ANY LEFT JOIN hits AS b ON a.tenant = b.tenant WHERE a.ms = 10",
        "SELECT tenant FROM hits INTERSECT DISTINCT SELECT arrayJoin(['acme', 'bolt', 'cone'])",
    ] {
        check_as(sql, visible.clone(), acme);
    }
    check_as("SELECT count() FROM hits", visible.clone(), "count()\n3");
    // a row that is filtered away cannot even raise an error
    check_as("SELECT count() FROM hits WHERE toUInt8(substring(tenant, 1, 1) = 'c') = 0", visible, "count()\n3");
    check_as("SELECT count() FROM hits", Visible::default(), "not enough permissions to read \"hits\"");
    for sql in [
        "SELECT 1 WHERE 'acme' IN hits",
        "SELECT joinGet('hits', 'ms', 1)",
        "SELECT 1 FROM numbers(3) AS n LEFT JOIN hits AS h ON n.number = h.ms",
        "SELECT 1 EXCEPT SELECT ms FROM hits",
        "SELECT 1 FROM view(SELECT * FROM hits)",
    ] {
        check_as(sql, Visible::default(), "not enough permissions to read \"hits\"");
    }
}

#[test]
fn only_what_can_match_is_read() {
    let read = |sql: &str| {
        let source = Source::Sql { text: sql.to_owned(), pipeline: None, params: Params::default() };
        answer(&[], source, Visible::everything()).expect("answered").1
    };
    assert_eq!(read("SELECT sum(ms) FROM hits"), 2);
    assert_eq!(read("SELECT sum(ms) FROM hits WHERE tenant = 'acme'"), 2);
    assert_eq!(read("SELECT sum(ms) FROM hits WHERE tenant IN ('zorn', 'yaw')"), 0);
    assert_eq!(read("SELECT sum(ms) FROM hits WHERE toDate(ts) >= '2024-01-01'"), 0);
    assert_eq!(read("SELECT count() FROM hits"), 0);
    // bounds prove the condition, so its column stays where it is
    assert_eq!(read("SELECT sum(ms) FROM hits WHERE tenant = 'cone'"), 1);
    assert_eq!(read("SELECT sum(ms) FROM hits WHERE tenant IN ('bone', 'cone')"), 1);
    assert_eq!(read("SELECT sum(ms) FROM hits WHERE tenant != 'cone'"), 1);
    assert_eq!(read("SELECT sum(ms) FROM hits WHERE tenant NOT IN ('acme', 'cone')"), 2);
    assert_eq!(read("SELECT sum(ms) FROM hits WHERE tenant BETWEEN 'a' AND 'bz'"), 1);
    assert_eq!(read("SELECT count() FROM hits WHERE toDate(ts) > '2023-01-01' AND (ms < 100 OR tenant = 'x')"), 0);
}

#[test]
fn proven_conditions_leave_the_rows() {
    check("SELECT sum(ms), count() FROM hits WHERE tenant = 'cone'", "sum(ms)\tcount()\n10\t2");
    check("SELECT sum(ms), count() FROM hits WHERE tenant != 'cone'", "sum(ms)\tcount()\n30\t4");
    check("SELECT sum(ms), count() FROM hits WHERE tenant NOT IN ('acme', 'cone')", "sum(ms)\tcount()\n20\t1");
    check("SELECT count() FROM hits WHERE ms >= 0 AND tenant >= 'b'", "count()\n3");
    check("SELECT count() FROM hits WHERE ms > 5 OR tenant = 'cone'", "count()\n4");
}

#[test]
fn what_has_no_end_ends_in_an_error() {
    let source = |text: &str| Source::Sql { text: text.to_owned(), pipeline: None, params: Params::default() };
    for sql in [
        "SELECT number FROM system.numbers",
        "SELECT * FROM numbers(18446744073709551615)",
        "SELECT arrayJoin(range(1000000)) AS a, arrayJoin(range(999999)) AS b",
        "SELECT arr, x FROM (SELECT range(1000000) AS arr) ARRAY JOIN arr AS x",
        "SELECT a.number FROM numbers(1000000) AS a CROSS JOIN numbers(1000000) AS b",
        "SELECT 1 WHERE 0 IN (SELECT number FROM system.numbers)",
    ] {
        let error = answer(&[], source(sql), Visible::everything()).map(|_| ()).expect_err(sql);
        assert_eq!(error.kind, crate::error::Kind::LimitExceeded, "{sql}: {error}");
    }
    check("SELECT number FROM system.numbers WHERE number % 7 = 3 LIMIT 2", "number\n3\n10");
}

#[test]
fn pipes_read_nodes_and_pipes() {
    let pipes: &[(&str, &[(&str, &str)])] = &[
        ("base", &[("all", "SELECT tenant, ms FROM hits")]),
        (
            "top",
            &[
                ("grouped", "SELECT tenant, sum(ms) AS total FROM base GROUP BY tenant"),
                ("out", "SELECT * FROM grouped ORDER BY total DESC, tenant LIMIT 2"),
            ],
        ),
    ];
    let source = Source::Endpoint { pipe: "top".to_owned(), params: Params::default(), over: None };
    let (got, _) = answer(pipes, source, Visible::default()).expect("answered");
    assert_eq!(csv(&got), "tenant\ttotal\nbolt\t20\nacme\t10\n");
    assert_eq!(got.rows_before_limit, Some(3));
    let over = Some("SELECT count() AS n FROM _".to_owned());
    let source = Source::Endpoint { pipe: "top".to_owned(), params: Params::default(), over };
    assert_eq!(csv(&answer(pipes, source, Visible::default()).expect("answered").0), "n\n2\n");
}

#[test]
fn problems_of_a_node_point_into_its_file() {
    let pipes: &[(&str, &[(&str, &str)])] =
        &[("bad", &[("first", "SELECT 1 AS x"), ("second", "SELECT\n  y\nFROM first")])];
    let source = Source::Endpoint { pipe: "bad".to_owned(), params: Params::default(), over: None };
    let error = answer(pipes, source, Visible::everything()).expect_err("y is unknown");
    assert_eq!(error.message, "unknown column \"y\" (bad.pipe:3:3)");
    assert_eq!(error.exception_code, Some(47));
}

#[test]
fn the_longest_chains_have_stack_enough() {
    let run = || {
        let sum = "ms".to_owned() + &" + 1".repeat(limits::SQL_CHAIN_MAX - 1);
        check(&format!("SELECT count() FROM hits WHERE {sum} > 1"), "count()\n6");
        let either = "ms = 0".to_owned() + &" OR ms = 1".repeat(limits::SQL_CHAIN_MAX / 2 - 1);
        check(&format!("SELECT count() FROM hits WHERE {either}"), "count()\n3");
        let text = "tenant".to_owned() + &" || tenant".repeat(limits::SQL_CHAIN_MAX - 1);
        check(&format!("SELECT count() FROM hits WHERE {text} = 'x'"), "count()\n0");
    };
    let thread = std::thread::Builder::new().stack_size(limits::QUERY_STACK_BYTES).spawn(run);
    thread.expect("started").join().expect("no panic");
}

#[test]
fn aliases_grow_to_an_end() {
    let run = || {
        let doubled: Vec<String> = (1..60).map(|n| format!("a{} + a{} AS a{n}", n - 1, n - 1)).collect();
        let grown = "the expressions of the SQL grow too large with their aliases expanded";
        check(&format!("SELECT ms AS a0, {} FROM hits", doubled.join(", ")), grown);
        let backwards: Vec<String> = doubled.iter().rev().cloned().collect();
        check(&format!("SELECT {}, ms AS a0 FROM hits", backwards.join(", ")), grown);
        let chained: Vec<String> = (1..2000).map(|n| format!("a{} + 1 AS a{n}", n - 1)).collect();
        check(&format!("SELECT ms AS a0, {} FROM hits", chained.join(", ")), grown);
        let long: Vec<String> = (1..60).map(|n| format!("a{} + 1 AS a{n}", n - 1)).collect();
        check(&format!("SELECT max(a59) FROM (SELECT ms AS a0, {} FROM hits)", long.join(", ")), "max(a59)\n79");
    };
    let thread = std::thread::Builder::new().stack_size(limits::QUERY_STACK_BYTES).spawn(run);
    thread.expect("started").join().expect("no panic");
}

#[test]
fn window_functions_answer_as_they_say() {
    for function in crate::function::WINDOW_FUNCTIONS {
        for (call, values) in function.examples {
            let rows = "SELECT toUInt32(1) AS x UNION ALL SELECT 2 UNION ALL SELECT 2 UNION ALL SELECT 3";
            let sql = format!("SELECT {call} OVER (ORDER BY x) AS v FROM ({rows})");
            check(&sql, &format!("v\n{}", values.replace(' ', "\n")));
        }
    }
}
