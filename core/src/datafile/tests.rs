use super::*;
use crate::catalog::{EngineKind, JsonPath, NodeKind, PathStep};

fn codes(diagnostics: &[Diagnostic]) -> Vec<&str> {
    diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

/// The columns as `name type [path] [default]`, or the codes and places of what is wrong.
#[track_caller]
fn check_schema(columns: &str, expected: &str) {
    let text = format!("SCHEMA >\n    {columns}\n");
    let (tree, diagnostics) = parse_data_source(&text, "d.datasource");
    let shown: Vec<String> = match diagnostics.as_slice() {
        [] => tree
            .columns
            .iter()
            .map(|column| {
                let column = &column.column;
                let mut out = format!("{} {}", column.name, column.data_type);
                if let Some(JsonPath(steps)) = &column.json_path {
                    let step = |step: &PathStep| match step {
                        PathStep::Key(key) => format!(".{key}"),
                        PathStep::Each => "[:]".to_owned(),
                    };
                    out += &format!(" ${}", steps.iter().map(step).collect::<String>());
                }
                if let Some(default) = &column.default {
                    out += &format!(" = {default}");
                }
                out
            })
            .collect(),
        wrong => wrong.iter().map(|wrong| format!("{} {:?}", wrong.code, &text[wrong.span.clone()])).collect(),
    };
    assert_eq!(shown.join("; "), expected, "{columns}: {diagnostics:?}");
}

#[test]
fn columns() {
    check_schema("a String, b Int32", "a String; b Int32");
    check_schema("`a b` String", "D0202 \"`\"");
    check_schema("`a-b` String `json:$.a.b`,", "a-b String $.a.b");
    check_schema("a Array(String) `json:$.items[:].x` DEFAULT []", "a Array(String) $.items[:].x = []");
    check_schema("a String `json:$.a.['dotted.key'].b`", "a String $.a.dotted.key.b");
    check_schema("a String `json:$`", "a String $");
    check_schema(
        "a DateTime64(3, 'UTC') DEFAULT now64(), -- note, with comma\n b Int8",
        "a DateTime64(3, 'UTC') = now64(); b Int8",
    );
    check_schema("a Nullable(String) DEFAULT NULL", "a Nullable(String)");
    check_schema("a Enum8('x, y' = 1, 'z' = 2) CODEC(ZSTD(1))", "a Enum8('x, y' = 1, 'z' = 2)");
    check_schema("a String DEFAULT 'it, is' CODEC(NONE)", "a String = 'it, is'");
    check_schema("d DEFAULT 42", "d String = 42");
    check_schema("a LowCardinality(Nullable(String))", "a LowCardinality(Nullable(String))");
}

#[test]
fn wrong_columns() {
    check_schema("a Strin", "D0203 \"Strin\"");
    check_schema("a Array(Strin)", "D0203 \"Strin\"");
    check_schema("a Boolean", "D0203 \"Boolean\"");
    check_schema("a DateTime64", "D0203 \"DateTime64\"");
    check_schema("a Int", "D0203 \"Int\"");
    check_schema("a String NOT NULL", "D0202 \"NOT\"; D0202 \"NULL\"");
    check_schema("a String MATERIALIZED 1", "D0202 \"MATERIALIZED 1\"");
    check_schema("a String CODEC(NONE) DEFAULT 1", "D0202 \"1\"");
    check_schema("a String, a Int8", "D0204 \"a\"");
    check_schema("a", "D0202 \"a\"");
    check_schema("a String `json:a`", "D0205 \"`json:a`\"");
    check_schema("a String `json:$.[0]`", "D0205 \"`json:$.[0]`\"");
    check_schema("INDEX i a TYPE minmax GRANULARITY 1", "D0202 \"INDEX i a TYPE minmax GRANULARITY 1\"");
    check_schema("a$ String", "D0202 \"a$\"");
}

#[track_caller]
fn check_engine(lines: &str, expected: Result<(EngineKind, &[&str]), &[&str]>) {
    let text = format!("SCHEMA >\n    a String, b DateTime, s Int8, v UInt32\n\n{lines}\n");
    let (tree, diagnostics) = parse_data_source(&text, "d.datasource");
    match expected {
        Ok((kind, key)) => {
            assert_eq!(codes(&diagnostics), [""; 0], "{diagnostics:?}");
            assert_eq!(tree.engine.engine.kind, kind);
            assert_eq!(tree.engine.engine.sorting_key, key);
        }
        Err(expected) => assert_eq!(codes(&diagnostics), expected, "{diagnostics:?}"),
    }
}

#[test]
fn engines() {
    check_engine("", Ok((EngineKind::MergeTree, &[])));
    check_engine(
        "ENGINE \"MergeTree\"\nENGINE_SORTING_KEY \"a, toDate(b, 'UTC')\"",
        Ok((EngineKind::MergeTree, &["a", "toDate(b, 'UTC')"])),
    );
    check_engine("ENGINE MergeTree\nENGINE_SORTING_KEY a, b # why", Ok((EngineKind::MergeTree, &["a", "b"])));
    check_engine("engine mergetree\nsorting_key (a, b)", Ok((EngineKind::MergeTree, &["a", "b"])));
    check_engine("ENGINE_SORTING_KEY tuple()", Ok((EngineKind::MergeTree, &[])));
    let replacing = EngineKind::Replacing { version: Some("v".to_owned()), is_deleted: None };
    check_engine("ENGINE ReplacingMergeTree\nENGINE_VER v\nENGINE_SORTING_KEY a", Ok((replacing.clone(), &["a"])));
    check_engine("ENGINE \"ReplacingMergeTree(v)\"\nENGINE_SORTING_KEY a", Ok((replacing, &["a"])));
    let summing = EngineKind::Summing { columns: vec!["s".to_owned(), "v".to_owned()] };
    check_engine("ENGINE SummingMergeTree\nENGINE_SUMMING_COLUMNS s, v", Ok((summing, &[])));
    check_engine("ENGINE MergTree", Err(&["D0301"]));
    check_engine("ENGINE CollapsingMergeTree\nENGINE_SORTING_KEY a", Err(&["D0302"]));
    check_engine("ENGINE ReplacingMergeTree", Err(&["D0302"]));
    check_engine("ENGINE ReplacingMergeTree\nENGINE_SORTING_KEY a\nENGINE_VER w", Err(&["D0303"]));
    check_engine("ENGINE_TTL \"\"\nENGINE_TTL \"\"", Err(&["D0106"]));
    check_engine("ENGIN MergeTree", Err(&["D0203"]));
}

#[test]
fn data_source_statements() {
    let text = "DESCRIPTION >\n    Two\n    lines\n\nTOKEN \"my token\" append\nTAGS \"a, b\"\nSHARED_WITH >\n    one,\n    two\n\
                SCHEMA >\n    a String -- # not a comment\n\nENGINE_TTL \"toDate(a) + toIntervalDay(1)\"\nBACKFILL skip\n\
                INDEXES >\n    INDEX i a TYPE minmax GRANULARITY 1\n";
    let (tree, diagnostics) = parse_data_source(text, "d.datasource");
    assert_eq!(diagnostics, []);
    assert_eq!(tree.description, "Two\nlines");
    assert_eq!((tree.tokens[0].name.as_str(), tree.tokens[0].permission), ("my token", Permission::Append));
    assert_eq!(tree.tags, ["a", "b"]);
    assert_eq!(tree.shared_with.iter().map(|name| name.value.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(tree.engine.engine.ttl.as_deref(), Some("toDate(a) + toIntervalDay(1)"));
    assert!(tree.backfill_skip);
    assert_eq!(tree.indexes.len(), 1);
}

#[track_caller]
fn check_pipe(text: &str, expected: &[&str]) -> Pipe {
    let (tree, diagnostics) = parse_pipe(text, "p.pipe");
    assert_eq!(codes(&diagnostics), expected, "{text}: {diagnostics:?}");
    tree
}

#[test]
fn pipes() {
    let text = "DESCRIPTION it's a pipe\nTOKEN t READ\n\nNODE first\nDESCRIPTION >\n    A node\nSQL >\n    %\n    SELECT 1\n      FROM x\n\n\
                NODE last\nSQL >\n\n    SELECT 2\n\nTYPE ENDPOINT\nCACHE 60\n";
    let tree = check_pipe(text, &[]);
    assert_eq!(tree.description, "it's a pipe");
    assert_eq!(tree.nodes[0].sql.value, "%\n    SELECT 1\n      FROM x");
    assert_eq!(&text[tree.nodes[1].sql.span.clone()], "SELECT 2");
    assert_eq!((&tree.nodes[0].kind.value, &tree.nodes[1].kind.value), (&NodeKind::Standard, &NodeKind::Endpoint));
    let tree = check_pipe(
        "NODE a\nSQL >\n  SELECT 1\nTYPE copy\nTARGET_DATASOURCE t\nCOPY_SCHEDULE 0 * * * *\nCOPY_MODE replace\n",
        &[],
    );
    let copy = NodeKind::Copy { target: "t".to_owned(), schedule: Some("0 * * * *".to_owned()), replaces: true };
    assert_eq!(tree.nodes[0].kind.value, copy);
    let tree = check_pipe("NODE a\nSQL >\n  SELECT 1\nTYPE materialized\nDATASOURCE t\n", &[]);
    assert_eq!(tree.nodes[0].kind.value, NodeKind::Materialized { target: "t".to_owned(), alters: false });
}

#[test]
fn wrong_pipes() {
    check_pipe("", &["D0403"]);
    check_pipe("NODE a\n", &["D0401"]);
    check_pipe("NODE a\nSQL SELECT 1\n", &["D0401", "D0102"]);
    check_pipe("SQL >\n  SELECT 1\n", &["D0103", "D0403"]);
    check_pipe("NODE a\nSQL >\n  SELECT 1\nNODE a\nSQL >\n  SELECT 1\n", &["D0404"]);
    check_pipe("NODE a\nSQL >\n  SELECT 1\nTYPE endpont\n", &["D0402"]);
    check_pipe("NODE a\nSQL >\n  SELECT 1\nTYPE materialized\n", &["D0405"]);
    check_pipe("NODE a\nSQL >\n  SELECT 1\nTYPE endpoint\nDATASOURCE x\n", &["D0405"]);
    check_pipe("NODE a\nSQL >\n  SELECT 1\nTYPE materialized\nDATASOURCE x\nENGINE MergeTree\n", &["D0103"]);
    check_pipe("TOKEN t APPEND\nNODE a\nSQL >\n  SELECT 1\n", &["P0103"]);
    check_pipe("NOD a\nNODE a\nSQL >\n  SELECT 1\n", &["D0101"]);
    let two = "NODE a\nSQL >\n  SELECT 1\nTYPE endpoint\nNODE b\nSQL >\n  SELECT 1\nTYPE endpoint\n";
    check_pipe(two, &["D0403"]);
}

#[test]
fn any_text_is_survived() {
    let pieces = [
        "SCHEMA >\n",
        "NODE a",
        "SQL >\n",
        "\n",
        " ",
        "TYPE ",
        "endpoint",
        "copy",
        "`",
        "json:$",
        "`json:$.a[:]`",
        "(",
        ")",
        "'",
        "\"",
        ",",
        "DEFAULT ",
        "CODEC(",
        "a String",
        "é",
        "#",
        "--",
        "ENGINE ",
        "ENGINE_SORTING_KEY ",
        "tuple(",
        "TOKEN ",
        "READ",
        "DESCRIPTION",
        ">",
        "INDEXES >\n",
        "SHARED_WITH ",
        "TAGS ",
        "KAFKA_TOPIC x\n",
        "\\",
        "\r\n",
        "\u{2028}",
        "%",
    ];
    let mut state = 0x5eed_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((state >> 33) % below as u64) as usize
    };
    for _ in 0..1_000 {
        let text: String = (0..next(30)).map(|_| pieces[next(pieces.len())]).collect();
        let (_, mut diagnostics) = parse_data_source(&text, "d.datasource");
        diagnostics.extend(parse_pipe(&text, "p.pipe").1);
        for diagnostic in diagnostics {
            diagnostic.render(&text);
        }
    }
}
