use super::*;

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
    let source = |key: &str| format!("SCHEMA >\n a String, b Nullable(String), `c.d` Int8\nENGINE_SORTING_KEY {key}\n");
    check_codes(&[("d.datasource", &source("a, toDate(a, 'UTC'), c.d, a + INTERVAL 1 DAY"))], &[]);
    check_codes(&[("d.datasource", &source("aa"))], &["D0303"]);
    check_codes(&[("d.datasource", &source("b"))], &["D0304"]);
}

#[test]
fn references() {
    check_codes(&[EVENTS, ("a.pipe", &pipe("SELECT * FROM evnts"))], &["S0201"]);
    check_codes(&[EVENTS, ("a.pipe", &pipe("SELECT * FROM events_quarantine, numbers(3)"))], &["S0102"]);
    check_codes(
        &[
            EVENTS,
            ("a.pipe", &pipe("WITH c AS (SELECT 1) SELECT * FROM c LEFT JOIN (SELECT 1 FROM events) x USING (id)")),
        ],
        &["S0202"],
    );
    check_codes(&[EVENTS, ("a.pipe", &pipe("SELECT trim(BOTH ' ' FROM nothing) FROM events"))], &["S0102"]);
    check_codes(&[EVENTS, ("a.pipe", &pipe("SELECT 1 FROM events ARRAY JOIN arr AS x"))], &["S0102"]);
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
