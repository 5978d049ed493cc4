//! Case files of what a user can write: `data/pipes/*.txt`.
//!
//! ```text
//! === endpoints/top.pipe          a file of the project, up to the next ===
//! === secrets                     NAME=VALUE lines; without them nobody knows which there are
//! === diagnostics                 what compiling says, as a user sees it
//! === render top n=5&name=x       the SQL of the last node with these parameters, or its error
//! === params top                  the parameters of the last node, as the API lists them
//! ```
//!
//! `UPDATE=1 cargo test -p sanderling-tests pipes` rewrites what is expected.

use sanderling_core::catalog::Catalog;
use sanderling_core::compile::{Compiled, ProjectFile, compile_with};
use sanderling_core::datafile::Given;
use sanderling_core::diagnostic::{CODES, Diagnostic};
use sanderling_core::template::{Params, Secrets};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Codes that no case file can show, and why.
const WITHOUT_CASE: [&str; 5] = [
    "D0104", // a file of more than a megabyte
    "P0111", // only who reads the project's folder can know; `check.rs` shows these three
    "P0113", "P0114", "P0115", // a thousand mistakes
];

struct Section {
    head: String,
    body: String,
}

pub(crate) fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/pipes");
    let entries = std::fs::read_dir(folder).expect("tests/data/pipes is there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("is readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    paths
}

fn sections(text: &str) -> Vec<Section> {
    let mut out: Vec<Section> = Vec::new();
    for line in text.split_inclusive('\n') {
        match (line.strip_prefix("=== "), out.last_mut()) {
            (Some(head), _) => out.push(Section { head: head.trim().to_owned(), body: String::new() }),
            (None, Some(section)) => section.body.push_str(line),
            (None, None) => panic!("a case starts with ==="),
        }
    }
    out
}

#[test]
fn case_files() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut failed = String::new();
    for path in cases() {
        let text = std::fs::read_to_string(&path).expect("is readable");
        let actual = run(&text);
        if actual == text {
            continue;
        }
        if update {
            std::fs::write(&path, actual).expect("is writable");
        } else {
            let _ = writeln!(failed, "--- {} expects\n{text}\n--- but got\n{actual}", path.display());
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

#[test]
fn every_code_has_a_case() {
    let all: String = cases().iter().map(|path| std::fs::read_to_string(path).expect("is readable")).collect();
    let owned = |code: &str| !code.starts_with('S') && !WITHOUT_CASE.contains(&code);
    let missing: Vec<&str> =
        CODES.iter().map(|(code, _)| *code).filter(|code| owned(code) && !all.contains(&format!("[{code}]"))).collect();
    assert!(missing.is_empty(), "codes without a case file: {missing:?}");
}

/// The case with what really happens in place of what is expected.
fn run(text: &str) -> String {
    let sections = sections(text);
    let is_file = |section: &&Section| section.head.contains('.') && !section.head.contains(' ');
    let files: Vec<ProjectFile> = sections
        .iter()
        .filter(is_file)
        .map(|section| ProjectFile { path: section.head.clone(), text: section.body.clone() })
        .collect();
    let secrets = sections.iter().find(|section| section.head == "secrets").map(|section| {
        let pairs = section.body.lines().filter_map(|line| line.split_once('='));
        Secrets(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    });
    let given = Given { secrets, ..Given::default() };
    let mut number = 0;
    let compiled = compile_with(&files, &given, &Catalog::empty("w", "workspace"), &mut || {
        number += 1;
        number
    });
    let mut out = String::new();
    for section in &sections {
        let _ = writeln!(out, "=== {}", section.head);
        let words: Vec<&str> = section.head.splitn(3, ' ').collect();
        match (&words[..], &compiled) {
            (["diagnostics"], Ok(compiled)) => out.push_str(&rendered(&compiled.warnings, &files)),
            (["diagnostics"], Err(diagnostics)) => out.push_str(&rendered(diagnostics, &files)),
            (["render", pipe, rest @ ..], Ok(compiled)) => out.push_str(&sql(compiled, pipe, rest.first(), &files)),
            (["params", pipe], Ok(compiled)) => {
                let node = compiled.catalog.pipes[*pipe].nodes.last().expect("a pipe has a node");
                for param in node.template.params() {
                    let _ = writeln!(out, "{}", serde_json::to_string(&param).expect("is JSON"));
                }
            }
            (["render" | "params", ..], Err(_)) => out.push_str("does not compile\n"),
            _ => out.push_str(&section.body),
        }
    }
    out
}

fn sql(compiled: &Compiled, pipe: &str, query: Option<&&str>, files: &[ProjectFile]) -> String {
    let pipe = &compiled.catalog.pipes[pipe];
    let node = pipe.nodes.last().expect("a pipe has a node");
    let mut params = Params::default();
    for (name, value) in query.unwrap_or(&"").split('&').filter_map(|pair| pair.split_once('=')) {
        params.0.entry(name.to_owned()).or_default().push(value.to_owned());
    }
    match node.template.render(&params) {
        Ok(rendered) => rendered.sql + "\n",
        Err(failure) => {
            let mut out = format!("{} {}\n", failure.status, failure.message);
            let text = &files.iter().find(|file| file.path == pipe.file).expect("it was compiled").text;
            if let Some(span) = failure.span {
                let _ = writeln!(out, "at {}", text[span].lines().next().unwrap_or(""));
            }
            out
        }
    }
}

fn rendered(diagnostics: &[Diagnostic], files: &[ProjectFile]) -> String {
    let text = |path: &str| files.iter().find(|file| file.path == path).map_or("", |file| file.text.as_str());
    diagnostics.iter().map(|diagnostic| diagnostic.render(text(&diagnostic.file))).collect()
}
