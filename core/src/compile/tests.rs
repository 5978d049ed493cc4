use super::*;

mod mistakes;

fn file(path: &str, text: &str) -> ProjectFile {
    ProjectFile { path: path.to_owned(), text: text.to_owned() }
}

fn run(files: &[(&str, &str)], previous: &Catalog) -> Result<Compiled, Vec<Diagnostic>> {
    let files: Vec<_> = files.iter().map(|(path, text)| file(path, text)).collect();
    let mut number = 0;
    compile(&files, previous, &mut || {
        number += 1;
        number
    })
}

#[track_caller]
fn check_given(files: &[(&str, &str)], secrets: &[&str], expected: &[&str]) {
    let files: Vec<_> = files.iter().map(|(path, text)| file(path, text)).collect();
    let secrets = secrets.iter().map(|name| ((*name).to_owned(), "value".to_owned())).collect();
    let given = Given { secrets: Some(crate::template::Secrets(secrets)), ..Given::default() };
    let diagnostics = match compile_with(&files, &given, &empty(), &mut || 1) {
        Ok(compiled) => compiled.warnings,
        Err(diagnostics) => diagnostics,
    };
    let codes: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes, expected, "{diagnostics:?}");
}

fn empty() -> Catalog {
    Catalog::empty("w", "workspace")
}

#[track_caller]
fn check_codes(files: &[(&str, &str)], expected: &[&str]) {
    let diagnostics = match run(files, &empty()) {
        Ok(compiled) => compiled.warnings,
        Err(diagnostics) => diagnostics,
    };
    let codes: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes, expected, "{diagnostics:?}");
}

const EVENTS: (&str, &str) =
    ("datasources/events.datasource", "TOKEN app APPEND\nSCHEMA >\n  id String, at DateTime\nENGINE_SORTING_KEY id\n");

fn pipe(sql: &str) -> String {
    format!("TOKEN app READ\nNODE n_first\nSQL >\n  {sql}\nTYPE endpoint\n")
}

#[test]
fn a_project_becomes_a_catalog() {
    let top = pipe("%\n SELECT id FROM events WHERE at > {{DateTime(since, '2024-01-01 00:00:00')}}");
    let first = run(&[EVENTS, ("endpoints/top.pipe", &top)], &empty()).expect("compiles");
    assert_eq!(first.catalog.data_sources["events"].id, format!("t_{:032x}", 1));
    assert_eq!(first.catalog.pipes["top"].endpoint, Some(0));
    assert_eq!(first.changes.data_sources.new, ["events"]);
    let scopes: Vec<_> = first.token_grants.iter().map(|grant| (grant.token.as_str(), &grant.scope)).collect();
    let append = Scope::DataSourceAppend { name: "events".to_owned() };
    let read = Scope::PipeRead { name: "top".to_owned(), fixed_params: BTreeMap::new(), filter: None };
    assert_eq!(scopes, [("app", &append), ("app", &read)]);
    let [token] = &first.catalog.tokens[..] else { panic!("one token: {:?}", first.catalog.tokens) };
    assert_eq!((token.name.as_str(), &token.scopes), ("app", &vec![append, read.clone()]));
    assert_eq!((token.id.as_str(), token.digest), ("00000000-0000-0000-0000-000000000003", [0; 32]));

    let changed = pipe("SELECT 1");
    let next = run(&[("endpoints/top.pipe", &changed), ("extra.pipe", &pipe("SELECT 2"))], &first.catalog);
    let next = next.expect("compiles");
    assert_eq!(next.catalog.pipes["top"].id, first.catalog.pipes["top"].id);
    assert_eq!(next.changes.data_sources.deleted, ["events"]);
    assert_eq!((&next.catalog.tokens[0].id, &next.catalog.tokens[0].scopes[0]), (&token.id, &read));
    let pipes = Change { new: vec!["extra".to_owned()], changed: vec!["top".to_owned()], deleted: Vec::new() };
    assert_eq!(next.changes.pipes, pipes);
}

#[test]
fn names() {
    check_codes(&[EVENTS, ("events.pipe", &pipe("SELECT 1"))], &["P0101"]);
    check_codes(&[("a-b.pipe", &pipe("SELECT 1"))], &["P0104"]);
    check_codes(&[("readme.md", "")], &["P0106"]);
    check_codes(&[("n_first.pipe", &pipe("SELECT 1"))], &["P0105"]);
    check_codes(
        &[("a.pipe", &pipe("SELECT 1").replace("TYPE endpoint", "TYPE copy\nTARGET_DATASOURCE x"))],
        &["P0107", "D0107"],
    );
}

#[test]
fn keys() {
    let source =
        |key: &str| format!("SCHEMA >\n a String, b Nullable(String), `c.d` Int8, at Date\nENGINE_SORTING_KEY {key}\n");
    check_codes(&[("d.datasource", &source("a, toDate(a, 'UTC'), c.d, at + INTERVAL 1 DAY"))], &[]);
    check_codes(&[("d.datasource", &source("aa"))], &["D0303"]);
    check_codes(&[("d.datasource", &source("b"))], &["D0304"]);
    check_codes(&[("d.datasource", &source("sum(a)"))], &["D0304"]);
    check_codes(&[("d.datasource", &source("nonsense(a)"))], &["D0304"]);
    check_codes(&[("d.datasource", &source("a\nENGINE ReplacingMergeTree\nENGINE_VER a"))], &["D0304"]);
    check_codes(&[("d.datasource", &source("a\nENGINE_TTL at + INTERVAL 1 DAY WHERE a != ''"))], &[]);
    check_codes(&[("d.datasource", &source("a\nENGINE_TTL att + INTERVAL 1 DAY WHERE aa != ''"))], &["D0303", "D0303"]);
    check_codes(&[("d.datasource", &source("a\nENGINE_TTL a + INTERVAL 1 DAY"))], &["D0306"]);
    check_codes(&[("d.datasource", &source("a\nINDEXES >\n i lower(aa) TYPE minmax"))], &["D0303"]);
}

#[test]
fn references() {
    check_codes(&[EVENTS, ("a.pipe", &pipe("SELECT * FROM evnts"))], &["S0201"]);
    check_codes(&[EVENTS, ("a.pipe", &pipe("SELECT * FROM events_quarantine, s3('x')"))], &["S0102"]);
    check_codes(&[EVENTS, ("a.pipe", &pipe("SELECT * FROM tinybird.pipe_stats"))], &["S0102"]);
    check_codes(
        &[
            EVENTS,
            ("a.pipe", &pipe("WITH c AS (SELECT 1) SELECT * FROM c LEFT JOIN (SELECT 1 FROM events) x USING (id)")),
        ],
        &["S0202"],
    );
    check_codes(&[EVENTS, ("a.pipe", &pipe("SELECT trim(BOTH ' ' FROM nothing) FROM events"))], &["S0202"]);
    check_codes(&[EVENTS, ("a.pipe", &pipe("SELECT 1 FROM events ARRAY JOIN arr AS x"))], &["S0202"]);
    check_codes(&[EVENTS, ("a.pipe", &pipe("SELECT 1 FROM events JOIN nothing ON 1"))], &["S0201"]);
    check_codes(&[("a.pipe", &pipe("%\n SELECT 1 FROM {{table(t)}}"))], &[]);
    check_codes(&[("a.pipe", &pipe("SELECT 1 FROM b")), ("b.pipe", &pipe("SELECT 1 FROM a"))], &["P0102"]);
    check_codes(&[("a.pipe", &pipe("SELECT 1 FROM a"))], &["P0102"]);
    check_codes(&[("a.pipe", &pipe("SELECT 1 FROM n_first"))], &["S0201"]);
    let names: Vec<String> = (0..40).map(|number| format!("p{number}.pipe")).collect();
    let texts: Vec<String> = (0..40)
        .map(|number| pipe(&if number < 39 { format!("SELECT 1 FROM p{}", number + 1) } else { "SELECT 1".to_owned() }))
        .collect();
    let chain: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
    check_codes(&chain, &["P0108"]);
}

#[test]
fn sql() {
    check_codes(&[("a.pipe", &pipe("SELECT 1 +"))], &["S0101"]);
    check_codes(&[("a.pipe", &pipe("%\n {% if defined(x) %}SELECT 1{% end %}"))], &["T0302"]);
    check_codes(&[("a.pipe", &pipe("%\n SELECT {{JSON(x)['a']}}"))], &["T0301"]);
    let text = pipe("%\n SELECT {{Int32(x)}} FRM events LIMIT 'x");
    let wrong = run(&[EVENTS, ("a.pipe", &text)], &empty()).expect_err("is wrong");
    assert_eq!(wrong[0].code, "S0101", "{}", wrong[0].render(&text));
}

const COPY: &str = "NODE n\nSQL >\n  SELECT id, at FROM events\nTYPE copy\nTARGET_DATASOURCE target\n";

#[test]
fn targets() {
    let target = |columns: &str| format!("SCHEMA >\n  {columns}\n");
    let check = |columns: &str, expected: &[&str]| {
        check_codes(&[EVENTS, ("target.datasource", &target(columns)), ("c.pipe", COPY)], expected);
    };
    check("id String, at DateTime64(3), more Int8", &["D0107"]);
    check("id String", &["P0112", "D0107"]);
    check("id UInt64, at DateTime", &["P0112", "D0107"]);
    check("id Array(String), at DateTime", &["P0112", "D0107"]);
}

#[test]
fn materialized_nodes() {
    let own = "NODE n\nSQL >\n  SELECT id, count() AS hits FROM events GROUP BY id\nTYPE materialized\nDATASOURCE made\n\
               ENGINE \"SummingMergeTree\"\nENGINE_SORTING_KEY \"id\"\n";
    let reader = pipe("SELECT hits FROM made");
    let files = [EVENTS, ("m.pipe", own), ("a.pipe", &reader)];
    let compiled = run(&files, &empty()).expect("compiles");
    let made = &compiled.catalog.data_sources["made"];
    let columns: Vec<_> = made.columns.iter().map(|column| format!("{} {}", column.name, column.data_type)).collect();
    assert_eq!(columns, ["id String", "hits UInt64"]);
    assert_eq!(compiled.changes.data_sources.new, ["events", "made"]);
    check_codes(&[EVENTS, ("m.pipe", &own.replace("\"id\"", "\"it\""))], &["D0303"]);
    let circle = "NODE n\nSQL >\n  SELECT id, at FROM events\nTYPE materialized\nDATASOURCE events\n";
    check_codes(&[EVENTS, ("m.pipe", circle)], &["P0102"]);
}

#[test]
fn connections_and_secrets() {
    let source = "SCHEMA >\n  a String\nKAFKA_CONNECTION_NAME k\nKAFKA_TOPIC t\nKAFKA_GROUP_ID g\n";
    let kafka = "TYPE kafka\nKAFKA_BOOTSTRAP_SERVERS {{ tb_secret(\"servers\") }}\n";
    let s3 = "TYPE s3\nS3_REGION r\nS3_ARN a\n";
    check_codes(&[("d.datasource", source), ("k.connection", kafka)], &["D0107"]);
    check_codes(&[("d.datasource", source), ("k.connection", s3)], &["P0109", "D0107"]);
    check_codes(&[("d.datasource", source), ("kk.connection", kafka)], &["P0109", "D0107"]);
    check_given(&[("k.connection", kafka)], &["servers"], &[]);
    check_given(&[("k.connection", kafka)], &["server"], &["P0110"]);
    let secret = pipe("%\n SELECT {{ tb_secret('key') }}");
    check_given(&[("p.pipe", &secret)], &["key"], &[]);
    check_given(&[("p.pipe", &secret)], &[], &["P0110"]);
}

#[test]
fn endpoints_without_a_type() {
    let endpoint =
        |path: &str, text: &str| run(&[(path, text)], &empty()).expect("compiles").catalog.pipes["p"].endpoint;
    let two = "NODE a\nSQL >\n  SELECT 1\nNODE b\nSQL >\n  SELECT 2\n";
    assert_eq!(endpoint("pipes/p.pipe", two), None);
    assert_eq!(endpoint("endpoints/p.pipe", two), Some(1));
    assert_eq!(endpoint("pipes/p.pipe", &format!("TOKEN t READ\n{two}")), Some(1));
    assert_eq!(endpoint("endpoints/p.pipe", &two.replace("NODE b", "TYPE standard\nNODE b")), None);
}

#[test]
fn shared_data_sources() {
    let shared = ("vendor/other/datasources/hits.datasource", "SCHEMA >\n  a String\n");
    let compiled = run(&[shared, ("p.pipe", &pipe("SELECT a FROM other.hits"))], &empty()).expect("compiles");
    assert!(compiled.catalog.data_sources.is_empty());
    assert_eq!(compiled.warnings[0].code, "D0107");
    check_codes(&[shared, ("p.pipe", &pipe("SELECT b FROM other.hits"))], &["S0202", "D0107"]);
    check_codes(&[shared, ("p.pipe", &pipe("SELECT a FROM other.hit"))], &["S0201"]);
}

#[test]
fn included_text() {
    let text = "NODE n\nINCLUDE \"sql.incl\" \"what=nothing\"\nTYPE endpoint\n";
    let files = [("sql.incl", "SQL >\n  SELECT 1 FROM $what\n"), ("p.pipe", text)];
    let wrong = run(&files, &empty()).expect_err("is wrong");
    assert_eq!((wrong[0].code, wrong[0].file.as_str()), ("S0201", "sql.incl"));
}

#[test]
fn defaults() {
    let source = |column: &str| format!("SCHEMA >\n id String, at DateTime, {column}\n");
    let check = |column: &str, expected: &[&str]| check_codes(&[("d.datasource", &source(column))], expected);
    check("a DateTime DEFAULT now()", &[]);
    check("a Array(String) DEFAULT []", &[]);
    check("a Date DEFAULT toDate(at)", &["D0206"]);
    check("a Int8 DEFAULT 'x'", &["D0206"]);
    check("a String `json:$.a[:]`", &["D0205"]);
    let compiled = run(&[("d.datasource", &source("a DEFAULT 42"))], &empty()).expect("compiles");
    assert_eq!(compiled.catalog.data_sources["d"].columns[2].data_type.to_string(), "UInt8");
}

#[test]
fn many_problems_are_cut_short() {
    let text: String = (0..3 * DIAGNOSTICS_MAX).map(|n| format!("WORD{n} x\n")).collect();
    let wrong = run(&[("d.datasource", &text)], &empty()).expect_err("is wrong");
    assert_eq!((wrong.len(), wrong[DIAGNOSTICS_MAX].code), (DIAGNOSTICS_MAX + 1, "P0115"));
}

#[test]
fn versions_in_names() {
    let text = "VERSION 3\nSCHEMA >\n  a String\n";
    let reader = pipe("SELECT a FROM hits__v3");
    check_codes(&[("hits.datasource", text), ("p.pipe", &reader)], &["D0105"]);
    check_codes(&[("hits.datasource", text), ("p.pipe", &pipe("SELECT a FROM hit__v3"))], &["S0201", "D0105"]);
    let catalog = run(&[("hits.datasource", text)], &empty()).expect("compiles").catalog;
    assert!(catalog.data_source("hits__v3").is_some() && catalog.data_source("hits__vx").is_none());
}

#[test]
fn columns_of_connectors() {
    let kafka = "SCHEMA >\n  a String, __key String\nENGINE_SORTING_KEY __timestamp, __topic\nKAFKA_CONNECTION_NAME k\nKAFKA_TOPIC t\n\
                 KAFKA_GROUP_ID g\nKAFKA_STORE_HEADERS True\n";
    let connection = ("k.connection", "TYPE kafka\nKAFKA_BOOTSTRAP_SERVERS h:1\n");
    let catalog = run(&[("d.datasource", kafka), connection], &empty()).expect("compiles").catalog;
    let columns = &catalog.data_sources["d"].columns;
    let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
    let expected = ["a", "__key", "__value", "__topic", "__partition", "__offset", "__timestamp", "__headers"];
    assert_eq!(names, expected);
    for column in columns.iter().filter(|column| column.default.is_some()) {
        let default = column.default.as_deref().expect("it has one");
        crate::plan::constant(default, &column.data_type, 0).unwrap_or_else(|error| panic!("{default}: {error}"));
    }
    let dynamo = "SCHEMA >\n  a String\nENGINE ReplacingMergeTree\nENGINE_SORTING_KEY a\nENGINE_VER _timestamp\nENGINE_IS_DELETED _is_deleted\n\
                  IMPORT_CONNECTION_NAME k\nIMPORT_TABLE_ARN t\nIMPORT_EXPORT_BUCKET b\n";
    let connection = ("k.connection", "TYPE dynamodb\nDYNAMODB_ARN a\nDYNAMODB_REGION r\n");
    check_codes(&[("d.datasource", dynamo), connection], &["D0107"]);
}
