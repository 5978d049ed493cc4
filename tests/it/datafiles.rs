//! Our reading of datafiles against the PyPI package `tinybird`: `data/datafiles/*.jsonl`, recorded by
//! `cargo xtask record datafiles`.
//!
//! Both readings are brought to the package's words (`view.rs`) and compared; what differs on purpose is in
//! `differences.rs`, each with its reason.

mod differences;
mod view;

use sanderling_core::catalog::Catalog;
use sanderling_core::compile::{ProjectFile, compile_with};
use sanderling_core::datafile::{self, Given};
use sanderling_core::diagnostic::Diagnostic;
use sanderling_core::template::Secrets;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

#[derive(Deserialize)]
pub(crate) struct Case {
    #[serde(rename = "t")]
    pub(crate) text: String,
    #[serde(default, rename = "s")]
    secrets: BTreeMap<String, String>,
    #[serde(default, rename = "e")]
    variables: BTreeMap<String, String>,
    ok: Option<Value>,
    error: Option<String>,
}

pub(crate) fn cases(kind: &str) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("data/datafiles/{kind}.jsonl"));
    let text = std::fs::read_to_string(path).expect("the cases are recorded");
    text.lines().map(|line| serde_json::from_str(line).expect("a case is JSON")).collect()
}

#[test]
fn data_sources() {
    replay("datasource");
}

#[test]
fn pipes() {
    replay("pipe");
}

#[test]
fn connections() {
    replay("connection");
}

fn replay(kind: &'static str) {
    let mut used = BTreeMap::new();
    let mut failed = String::new();
    let cases = cases(kind);
    for (index, case) in cases.iter().enumerate() {
        let Some(difference) = compare(kind, case) else { continue };
        match differences::reason(kind, &case.text, &difference) {
            Some(reason) => *used.entry(reason).or_insert(0) += 1,
            None => {
                let _ = writeln!(failed, "--- {kind} {}\n{}\n--- {difference}\n", index + 1, case.text);
            }
        }
    }
    assert!(failed.is_empty(), "{failed}");
    let unused = differences::of(kind).filter(|reason| !used.contains_key(reason));
    assert_eq!(unused.collect::<Vec<_>>(), [""; 0], "no case needs these reasons");
}

/// `ours: …`, `theirs: …` or `field: …`.
fn compare(kind: &str, case: &Case) -> Option<String> {
    let given = Given { variables: case.variables.clone(), secrets: Some(Secrets(case.secrets.clone())) };
    let file = format!("case.{kind}");
    let (read, mut diagnostics): (Box<dyn view::View>, _) = match kind {
        "datasource" => boxed(datafile::parse_data_source(&case.text, &file, &given)),
        "connection" => boxed(datafile::parse_connection(&case.text, &file, &given)),
        _ => boxed(datafile::parse_pipe(&case.text, &file, &given)),
    };
    let files = [ProjectFile { path: file, text: case.text.clone() }];
    let compiled = match compile_with(&files, &given, &Catalog::empty("", ""), &mut || 0) {
        Ok(compiled) => compiled.warnings,
        Err(diagnostics) => diagnostics,
    };
    // Of one file nobody can say what its names mean, and the package looks neither at SQL nor at types.
    let is_of_file =
        |code: &str| code.starts_with('T') || ["D0109", "D0304", "P0103", "P0104", "P0110"].contains(&code);
    diagnostics.extend(compiled.into_iter().filter(|diagnostic| is_of_file(diagnostic.code)));
    let problem = diagnostics.iter().find(|diagnostic| diagnostic.is_error());
    let problem = problem.map(|problem| format!("{} {}", problem.code, problem.message));
    match (&case.ok, problem) {
        (None, Some(_)) => None,
        (None, None) => Some(format!("theirs: {}", case.error.as_deref().unwrap_or("?"))),
        (Some(_), Some(problem)) => Some(format!("ours: {problem}")),
        (Some(theirs), None) => {
            let warnings = diagnostics.iter().filter(|diagnostic| diagnostic.code == "D0105").count();
            if theirs["warnings"] != warnings {
                return Some(format!("warnings: {} and {warnings}", theirs["warnings"]));
            }
            read.differs(theirs, &Secrets(case.secrets.clone()))
        }
    }
}

fn boxed<T: view::View + 'static>((tree, found): (T, Vec<Diagnostic>)) -> (Box<dyn view::View>, Vec<Diagnostic>) {
    (Box::new(tree), found)
}
