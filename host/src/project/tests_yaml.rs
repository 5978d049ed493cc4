//! `tests/<pipe>.yaml`: requests to an endpoint and what it should answer.

use super::{Project, entries, line_span, read};
use anyhow::Result;
use sanderling_core::catalog::{Catalog, Pipe};
use sanderling_core::compile::ProjectFile;
use sanderling_core::diagnostic::{Diagnostic, nearest};
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipeTests {
    pub path: String,
    /// The file's name without its extension.
    pub pipe: String,
    pub tests: Vec<Test>,
    text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    pub name: String,
    #[serde(default)]
    pub description: Option<String>,
    /// A query string; something with `?` may stand before it.
    #[serde(default)]
    pub parameters: Option<String>,
    /// The body as NDJSON, or the error's text.
    #[serde(default)]
    pub expected_result: Option<String>,
    /// Said where it is 400 or more.
    #[serde(default)]
    pub expected_http_status: Option<u16>,
}

impl Test {
    /// Name and value of each parameter, as they stand in a URL.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let text = self.parameters.as_deref().unwrap_or("").trim();
        let query = text.split_once('?').map_or(text, |(_, query)| query);
        query.split('&').filter_map(|pair| pair.split_once('='))
    }
}

impl Project {
    pub(super) fn read_tests(&mut self) -> Result<()> {
        let folder = self.root.join("tests");
        for path in if folder.is_dir() { entries(&folder)? } else { Vec::new() } {
            if !path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
                continue;
            }
            let pipe = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let file = ProjectFile { path: self.relative(&path), text: read(&path)? };
            self.others.push(file.clone());
            match parse(&file.text) {
                Ok(tests) => self.tests.push(PipeTests { path: file.path, pipe, tests, text: file.text }),
                Err((line, message)) => {
                    let span = line_span(&file.text, line);
                    self.diagnostics.push(Diagnostic::error("P0113", &file.path, span, message));
                }
            }
        }
        Ok(())
    }
}

/// The error is a line, counted from one, and what is wrong.
fn parse(text: &str) -> Result<Vec<Test>, (usize, String)> {
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Vec::new());
    }
    serde_yaml_ng::from_str(text).map_err(|error| {
        let line = error.location().map_or(1, |location| location.line());
        (line, format!("the tests cannot be read: {error}"))
    })
}

impl PipeTests {
    pub(super) fn check(&self, catalog: &Catalog) -> Vec<Diagnostic> {
        let Some(pipe) = catalog.pipes.get(&self.pipe) else {
            let near = nearest(&self.pipe, catalog.pipes.keys().map(String::as_str));
            let message = format!("the tests belong to no pipe: there is none called {:?}", self.pipe);
            let diagnostic = Diagnostic::warning("P0113", &self.path, 0..0, message);
            return vec![Diagnostic { hint: near.map(|near| format!("did you mean {near:?}?")), ..diagnostic }];
        };
        let mut found = Vec::new();
        let mut names = BTreeSet::new();
        let known = parameters_of(pipe);
        for test in &self.tests {
            if !names.insert(&test.name) {
                let message = format!("two tests are called {:?}", test.name);
                found.push(Diagnostic::error("P0113", &self.path, self.place(&test.name), message));
            }
            for (name, _) in test.parameters().filter(|(name, _)| !known.contains(*name)) {
                let near = nearest(name, known.iter().map(String::as_str));
                let message = format!("the test {:?} sets {name:?}, which is no parameter of the pipe", test.name);
                let diagnostic = Diagnostic::warning("P0113", &self.path, self.place(name), message);
                found.push(Diagnostic { hint: near.map(|near| format!("did you mean {near:?}?")), ..diagnostic });
            }
        }
        found
    }

    fn place(&self, word: &str) -> std::ops::Range<usize> {
        self.text.find(word).map_or(0..0, |at| at..at + word.len())
    }
}

fn parameters_of(pipe: &Pipe) -> BTreeSet<String> {
    pipe.nodes.iter().flat_map(|node| node.template.params()).map(|param| param.name).collect()
}
