//! What is said about SQL that is wrong: `mistakes.txt` has the statements and the rendered messages, a block
//! each. `UPDATE=1` writes the messages anew.

use super::{empty, file};
use crate::compile::compile;

const CASES: &str = include_str!("mistakes.txt");

const EVENTS: &str = "SCHEMA >\n  id String, at DateTime, n UInt32, tags Array(String)\nENGINE_SORTING_KEY id\n";

fn rendered(sql: &str) -> String {
    let pipe = format!("NODE n\nSQL >\n  {sql}\nTYPE endpoint\n");
    let files = [file("events.datasource", EVENTS), file("a.pipe", &pipe)];
    let mut number = 0;
    let compiled = compile(&files, &empty(), &mut || {
        number += 1;
        number
    });
    match compiled {
        Ok(_) => "compiles".to_owned(),
        Err(diagnostics) => {
            let all: Vec<String> = diagnostics.iter().map(|diagnostic| diagnostic.render(&pipe)).collect();
            let lines = all.iter().flat_map(|text| text.lines()).map(str::trim_end).filter(|line| !line.is_empty());
            lines.collect::<Vec<_>>().join("\n")
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the developer asks for an update")]
fn mistakes() {
    let block = |block: &str| {
        let sql = block.lines().next().expect("a block has a statement");
        format!("{sql}\n{}\n", rendered(sql))
    };
    let actual: Vec<String> = CASES.split("\n\n").filter(|case| !case.trim().is_empty()).map(block).collect();
    let actual = actual.join("\n");
    if std::env::var("UPDATE").is_ok() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/compile/tests/mistakes.txt");
        std::fs::write(path, &actual).expect("written");
        return;
    }
    for (expected, actual) in CASES.split("\n\n").zip(actual.split("\n\n")) {
        assert_eq!(expected.trim_end(), actual.trim_end());
    }
}
