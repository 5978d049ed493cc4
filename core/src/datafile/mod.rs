//! `.datasource` and `.pipe` text → trees with spans.
//!
//! ```text
//! text ─ lexer ─▶ statements ─ data_source (schema, engine) | pipe ─▶ tree + diagnostics
//! ```
//!
//! Parsing never fails: what cannot be read is reported and left out.

mod data_source;
mod engine;
mod lexer;
mod pipe;
mod schema;

pub use data_source::DataSource;
pub use engine::EngineNode;
pub use pipe::{Node, Pipe};
pub use schema::Column;

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::limits::DATAFILE_BYTES_MAX;
use lexer::Statement;
use std::ops::Range;

/// A value and the bytes of the file that it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Range<usize>,
}

/// `TOKEN name READ`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub name: String,
    pub permission: Permission,
    pub span: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    Read,
    Append,
}

/// Reads a `.datasource` file.
pub fn parse_data_source(text: &str, file: &str) -> (DataSource, Vec<Diagnostic>) {
    let mut report = Report::new(text, file);
    let tree = data_source::parse(&mut report);
    (tree, report.finish())
}

/// Reads a `.pipe` file.
pub fn parse_pipe(text: &str, file: &str) -> (Pipe, Vec<Diagnostic>) {
    let mut report = Report::new(text, file);
    let tree = pipe::parse(&mut report);
    (tree, report.finish())
}

/// The file that is read and what is wrong with it so far.
struct Report<'a> {
    text: &'a str,
    file: &'a str,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Report<'a> {
    /// A file that is too large is read as an empty one.
    fn new(text: &'a str, file: &'a str) -> Report<'a> {
        let mut report = Report { text, file, diagnostics: Vec::new() };
        if text.len() > DATAFILE_BYTES_MAX {
            report.error("D0104", 0..1, format!("the file is larger than {DATAFILE_BYTES_MAX} bytes"));
            report.text = "";
        }
        report
    }

    fn push(&mut self, code: Code, span: Range<usize>, message: impl Into<String>, hint: Option<String>) {
        self.diagnostics.push(Diagnostic { hint, ..Diagnostic::error(code, self.file, span, message) });
    }

    fn error(&mut self, code: Code, span: Range<usize>, message: impl Into<String>) {
        self.push(code, span, message, None);
    }

    fn error_with(&mut self, code: Code, span: Range<usize>, message: impl Into<String>, hint: &str) {
        self.push(code, span, message, Some(hint.to_owned()));
    }

    fn warning(&mut self, code: Code, span: Range<usize>, message: impl Into<String>, hint: Option<&str>) {
        let hint = hint.map(str::to_owned);
        self.diagnostics.push(Diagnostic { hint, ..Diagnostic::warning(code, self.file, span, message) });
    }

    /// In the order of the file.
    fn finish(mut self) -> Vec<Diagnostic> {
        self.diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
        self.diagnostics
    }

    /// The statement's value as written, without quotes around it and comments behind it.
    fn value(&mut self, statement: &Statement) -> Spanned<String> {
        let range = match statement.is_block {
            true => statement.value.clone(),
            false => lexer::uncomment(self.text, statement.value.clone()),
        };
        let span = lexer::unquote(self.text, range);
        Spanned { value: self.text[span.clone()].to_owned(), span }
    }

    /// As [`Report::value`], where an empty value or a block is a mistake.
    fn inline(&mut self, statement: &Statement) -> Option<Spanned<String>> {
        if statement.is_block {
            let message = format!("{} does not support multiline arguments", statement.keyword);
            self.error("D0102", statement.span.clone(), message);
            return None;
        }
        let value = self.value(statement);
        if value.value.is_empty() {
            self.error("D0102", statement.span.clone(), format!("{} lacks its value", statement.keyword));
            return None;
        }
        Some(value)
    }

    /// Free text: nothing in it is a comment.
    fn prose(&mut self, statement: &Statement) -> Spanned<String> {
        let span = lexer::unquote(self.text, statement.value.clone());
        let lines: Vec<&str> = self.text[span.clone()].lines().map(str::trim).collect();
        Spanned { value: lines.join("\n"), span }
    }

    fn token(&mut self, statement: &Statement, may_append: bool) -> Option<Token> {
        let range = lexer::uncomment(self.text, statement.value.clone());
        let words = lexer::words(self.text, range);
        let usage = if may_append { "TOKEN <name> READ|APPEND" } else { "TOKEN <name> READ" };
        let [(name, _), (permission, place)] = &words[..] else {
            let message = "TOKEN takes a name and a permission";
            self.push("P0103", statement.span.clone(), message, Some(format!("write {usage}")));
            return None;
        };
        let permission = match permission.to_ascii_uppercase().as_str() {
            "READ" => Permission::Read,
            "APPEND" if may_append => Permission::Append,
            _ => {
                let message = format!("{permission:?} is not a permission here");
                self.push("P0103", place.clone(), message, Some(format!("write {usage}")));
                return None;
            }
        };
        Some(Token { name: name.clone(), permission, span: statement.span.start..place.end })
    }

    fn unknown(&mut self, statement: &Statement, kind: &str, keywords: &[&'static str], elsewhere: &[&str]) {
        let word = &statement.keyword;
        let span = statement.span.clone();
        match word.as_str() {
            "SETTINGS" => {
                return self.error_with("D0101", span, "SETTINGS is not a valid option", "use ENGINE_SETTINGS");
            }
            "INCLUDE" => return self.error("D0105", span, "INCLUDE is not supported"),
            "SOURCE" | "IMPORT_STRATEGY" | "KAFKA_STORE_BINARY_HEADERS" | "KAFKA_KEY_AVRO_DESERIALIZATION" => {
                return self.error_with("D0105", span, format!("{word} is deprecated"), "remove the line");
            }
            "VERSION"
            | "KAFKA_TARGET_PARTITIONS"
            | "IMPORT_SERVICE"
            | "IMPORT_EXTERNAL_DATASOURCE"
            | "EXPORT_SERVICE" => {
                return self.warning(
                    "D0105",
                    span,
                    format!("{word} is deprecated and has no effect"),
                    Some("remove the line"),
                );
            }
            _ => {}
        }
        let message = format!("{word} is not a valid option in {kind} files");
        if elsewhere.contains(&word.as_str()) {
            return self.error("D0103", span, message);
        }
        let hint = nearest(word, keywords.iter().copied()).map(|near| format!("did you mean {near}?"));
        self.push("D0101", span, message, hint);
    }
}

#[cfg(test)]
mod tests;
