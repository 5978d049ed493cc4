//! `sanderling check`: what it prints, and with which exit code it ends.

use crate::many_pipes;
use crate::process::{Folder, program};
use sanderling_core::catalog::Catalog;
use sanderling_core::compile::compile;
use sanderling_core::manifest;
use serde_json::{Value, json};
use std::fs;
use std::process::Output;

const EVENTS: &str = "SCHEMA >\n    `id` String `json:$.id`,\n    `at` DateTime `json:$.at`\n";
const TOP: &str = "NODE top\nSQL >\n    %\n    SELECT id FROM events LIMIT {{ Int32(limit, 10) }}\n\nTYPE endpoint\n";

fn project(files: &[(&str, &str)]) -> Folder {
    let folder = Folder::new();
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder for the file");
        fs::write(path, text).expect("the file can be written");
    }
    folder
}

fn check(folder: &Folder, arguments: &[&str]) -> Output {
    let mut check = program();
    check.arg("check").arg(folder.join("")).args(arguments);
    check.output().expect("the program runs")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("is UTF-8")
}

#[test]
fn a_clean_project() {
    let folder = project(&[("datasources/events.datasource", EVENTS), ("endpoints/top_ids.pipe", TOP)]);
    let output = check(&folder, &[]);
    assert_eq!((output.status.code(), text(&output).as_str()), (Some(0), "0 errors, 0 warnings in 2 files\n"));
}

#[test]
fn problems_have_a_caret() {
    let wrong = TOP.replace("FROM events", "FROM evnts");
    let folder = project(&[("datasources/events.datasource", EVENTS), ("endpoints/top_ids.pipe", &wrong)]);
    let output = check(&folder, &[]);
    let expected = "error[S0201]: unknown data source, pipe or node \"evnts\"
 --> endpoints/top_ids.pipe:4:20
  |
4 |     SELECT id FROM evnts LIMIT {{ Int32(limit, 10) }}
  |                    ^^^^^ did you mean \"events\"?

1 error, 0 warnings in 2 files
";
    let unpadded = |text: &str| text.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>();
    assert_eq!((output.status.code(), unpadded(&text(&output))), (Some(1), unpadded(expected)));
}

#[test]
fn editors_get_ranges() {
    // the wide letter counts two, as UTF-16 has it
    let wrong = TOP.replace("SELECT id", "SELECT '𝄞', idd");
    let folder = project(&[("events.datasource", EVENTS), ("top_ids.pipe", &wrong)]);
    let output = check(&folder, &["--format", "json"]);
    let found: Value = serde_json::from_slice(&output.stdout).expect("is JSON");
    let range = json!({ "start": { "line": 3, "character": 17 }, "end": { "line": 3, "character": 20 } });
    assert_eq!((output.status.code(), &found["errors"]), (Some(1), &json!(1)));
    let diagnostic = &found["diagnostics"][0];
    assert_eq!(
        (&diagnostic["code"], &diagnostic["file"], &diagnostic["range"]),
        (&json!("S0202"), &json!("top_ids.pipe"), &range)
    );
    let output = check(&folder, &["--format", "lsp"]);
    let found: Value = serde_json::from_slice(&output.stdout).expect("is JSON");
    assert_eq!(found[0], json!({ "uri": "events.datasource", "diagnostics": [] }));
    assert_eq!((&found[1]["diagnostics"][0]["severity"], &found[1]["diagnostics"][0]["range"]), (&json!(1), &range));
}

#[test]
fn what_cannot_be_read_is_another_exit_code() {
    let nothing = project(&[("readme.md", "")]);
    assert_eq!(check(&nothing, &[]).status.code(), Some(2));
    assert_eq!(check(&nothing, &["--no-such-flag"]).status.code(), Some(2));
    let folder = project(&[("events.datasource", EVENTS)]);
    assert_eq!(check(&folder, &["--secret", "nonsense"]).status.code(), Some(2));
}

#[test]
fn what_lies_beside_the_datafiles() {
    let kafka =
        "TYPE kafka\nKAFKA_BOOTSTRAP_SERVERS {{ tb_secret(\"servers\") }}\nKAFKA_KEY {{ tb_secret(\"key\") }}\n";
    let tests =
        "- name: one\n  parameters: limt=1\n- name: one\n  parameters: top_ids?limit=1\n  expected_http_status: 400\n";
    let files = [
        ("tinybird.config.json", "{ \"folder\": \"data\", \"mode\": \"x\" }"),
        (".env.local", "servers=localhost:9092\nunused=1\n"),
        ("data/events.datasource", EVENTS),
        ("data/top_ids.pipe", TOP),
        ("data/main.connection", kafka),
        ("data/a/b/c/d/deep.pipe", "nonsense"),
        ("data/fixtures/events_some.ndjson", "{\"id\":\"a\",\"at\":\"2024-01-01 00:00:00\"}\n{\"id\":\"a\"}\n"),
        ("data/fixtures/evens.csv", "a,b\n"),
        ("data/tests/top_ids.yaml", tests),
        ("data/tests/topids.yaml", ""),
        ("outside.pipe", "nonsense"),
    ];
    let folder = project(&files);
    let output = check(&folder, &["--format", "json", "--secret", "key=x"]);
    let found: Value = serde_json::from_slice(&output.stdout).expect("is JSON");
    let shown = found["diagnostics"].as_array().expect("a list").iter().map(|diagnostic| {
        let (code, file) = (&diagnostic["code"], &diagnostic["file"]);
        format!(
            "{} {} {}",
            code.as_str().expect("text"),
            file.as_str().expect("text"),
            diagnostic["range"]["start"]["line"]
        )
    });
    let expected = [
        "P0113 tests/top_ids.yaml 0",
        "P0114 tinybird.config.json 0",
        "P0106 a/b/c/d/deep.pipe 0",
        "P0111 .env.local 1",
        "P0113 fixtures/evens.csv 0",
        "P0113 fixtures/events_some.ndjson 1",
        "P0113 tests/top_ids.yaml 1",
        "P0113 tests/topids.yaml 0",
    ];
    assert_eq!((output.status.code(), shown.collect::<Vec<_>>()), (Some(1), expected.map(str::to_owned).to_vec()));
    let output = check(&folder, &["--secret", "kye=x"]);
    assert!(text(&output).contains("error[P0110]: Cannot access secret 'key': it is not defined"), "{}", text(&output));
}

/// 300 pipes fit into what a worker may load; benches/compile.rs says how fast.
#[test]
fn a_large_project_is_a_small_catalog() {
    for pipes in [75, 300] {
        let compiled = compile(&many_pipes::project(pipes), &Catalog::empty("w", "w"), &mut || 1);
        let compiled = compiled.unwrap_or_else(|found| panic!("{}", found[0].render("")));
        let bytes = manifest::encode(&compiled.catalog);
        assert!(bytes.len() < 1 << 20, "{pipes} pipes take {} bytes", bytes.len());
    }
}
