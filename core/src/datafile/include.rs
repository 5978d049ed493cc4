//! `INCLUDE "file.incl" name=value …`: the text of another file in place of the line, with
//! `$name` replaced. Older projects share schemas and nodes so.

use super::lexer;
use crate::diagnostic::{Diagnostic, nearest};
use crate::limits::{DATAFILE_BYTES_MAX, INCLUDE_DEPTH_MAX};
use std::collections::BTreeMap;
use std::ops::Range;

/// A datafile with everything that it includes.
#[derive(Clone, Debug, Default)]
pub struct Expanded {
    pub text: String,
    pieces: Vec<Piece>,
    files: Vec<String>,
}

/// A part of the text that stands so in a file.
#[derive(Clone, Debug)]
struct Piece {
    /// Where it starts in the text.
    at: usize,
    file: usize,
    source: Range<usize>,
}

impl Expanded {
    /// Where a place of the text was written.
    pub fn locate(&self, span: Range<usize>) -> (&str, Range<usize>) {
        let index = self.pieces.partition_point(|piece| piece.at <= span.start);
        let Some(piece) = self.pieces.get(index.saturating_sub(1)) else {
            // nothing but includes that brought nothing
            return (&self.files[0], 0..0);
        };
        let start = (piece.source.start + span.start.saturating_sub(piece.at)).min(piece.source.end);
        let end = (start + span.len()).min(piece.source.end).max(start);
        (&self.files[piece.file], start..end)
    }
}

/// None if nothing is included.
pub fn expand(
    text: &str,
    file: &str,
    includes: &BTreeMap<&str, &str>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Expanded> {
    if !statements(text).any(|_| true) {
        return None;
    }
    let mut expansion = Expansion { includes, out: Expanded::default(), open: Vec::new(), diagnostics };
    expansion.add(text, file, &BTreeMap::new());
    Some(expansion.out)
}

/// Lines that start with INCLUDE.
fn statements(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let start = at;
        at += line.len();
        let word = line.split_whitespace().next().unwrap_or("");
        (line.starts_with(word) && word.eq_ignore_ascii_case("INCLUDE")).then_some(start..at)
    })
}

struct Expansion<'e> {
    /// Path → text.
    includes: &'e BTreeMap<&'e str, &'e str>,
    out: Expanded,
    /// Paths of the files that are being read, outermost first.
    open: Vec<String>,
    diagnostics: &'e mut Vec<Diagnostic>,
}

impl Expansion<'_> {
    fn add(&mut self, text: &str, file: &str, variables: &BTreeMap<String, String>) {
        self.open.push(file.to_owned());
        self.out.files.push(file.to_owned());
        let number = self.out.files.len() - 1;
        let mut at = 0;
        for line in statements(text) {
            self.copy(text, number, at..line.start, variables);
            self.include(text, file, line.clone());
            at = line.end;
        }
        self.copy(text, number, at..text.len(), variables);
        self.open.pop();
    }

    fn copy(&mut self, text: &str, file: usize, source: Range<usize>, variables: &BTreeMap<String, String>) {
        let mut at = source.start;
        for line in text[source].split_inclusive('\n') {
            self.out.pieces.push(Piece { at: self.out.text.len(), file, source: at..at + line.len() });
            self.out.text.push_str(&super::text::substitute(line, variables));
            at += line.len();
        }
    }

    fn include(&mut self, text: &str, file: &str, line: Range<usize>) {
        let word = line.start..line.start + "INCLUDE".len();
        let mut wrong = |message: String, hint: Option<String>| {
            let diagnostic = Diagnostic::error("D0109", file, word.clone(), message);
            self.diagnostics.push(Diagnostic { hint, ..diagnostic });
        };
        let words = lexer::words(text, lexer::uncomment(text, lexer::trim(text, word.end..line.end)));
        let Some(((name, _), attributes)) = words.split_first() else {
            return wrong("INCLUDE lacks the name of a file".to_owned(), None);
        };
        let Some((path, included)) = find(self.includes, name, file) else {
            let near = nearest(name, self.includes.keys().copied()).map(|near| format!("did you mean {near:?}?"));
            return wrong(format!("the project has no file {name:?} to include"), near);
        };
        if self.open.iter().any(|open| open == path) || self.open.len() > INCLUDE_DEPTH_MAX {
            return wrong(format!("{name:?} includes itself, or files include files too deep"), None);
        }
        if self.out.text.len() + included.len() > DATAFILE_BYTES_MAX {
            return wrong(format!("the file is larger than {DATAFILE_BYTES_MAX} bytes with what it includes"), None);
        }
        let pairs = attributes.iter().filter_map(|(pair, _)| pair.split_once('='));
        let unquoted = |value: &str| value.trim_matches(['"', '\'']).to_owned();
        let variables = pairs.map(|(name, value)| (name.to_owned(), unquoted(value))).collect();
        let (path, included) = (path.to_owned(), included.to_owned());
        self.add(&included, &path, &variables);
        if !self.out.text.ends_with('\n') {
            self.out.text.push('\n');
        }
    }
}

/// By its path from the including file, else by its name alone.
fn find<'i>(includes: &BTreeMap<&'i str, &'i str>, name: &str, file: &str) -> Option<(&'i str, &'i str)> {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut steps: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in name.split('/') {
        match step {
            "." | "" => {}
            ".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    let path = steps.join("/");
    let base = name.rsplit('/').next().unwrap_or(name);
    let exact = includes.get_key_value(path.as_str());
    let by_name = || includes.iter().find(|(known, _)| known.rsplit('/').next() == Some(base));
    exact.or_else(by_name).map(|(path, text)| (*path, *text))
}
