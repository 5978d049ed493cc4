//! `.datasource`, `.pipe`, `.connection` and `.incl` text → trees with spans.
//!
//! ```text
//! text ─ include ─ lexer ─▶ statements ─ data_source (schema, engine, ttl, index, connector)
//!                                      ├ pipe (engine, sink)
//!                                      └ connection                          ─▶ tree + diagnostics
//! ```
//!
//! Parsing never fails: what cannot be read is reported and left out.

mod connection;
mod connector;
mod data_source;
mod engine;
pub mod include;
mod index;
mod lexer;
mod pipe;
mod schema;
mod sink;
mod text;
mod ttl;

pub use connection::Connection;
pub use data_source::DataSource;
pub use engine::EngineNode;
pub use pipe::{Node, Pipe};
pub use schema::{Codec, Column};

use crate::catalog::{SecretPart, SecretText};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::limits::DATAFILE_BYTES_MAX;
use crate::template::Secrets;
use lexer::Statement;
use std::collections::BTreeMap;
use std::ops::Range;

/// What the texts of a project may refer to without holding it.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// For `$NAME` and `${NAME}` in values.
    pub variables: BTreeMap<String, String>,
    /// None if nobody knows here which secrets there are: then none counts as missing.
    pub secrets: Option<Secrets>,
}

/// A value and the bytes of the file that it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Range<usize>,
}

impl Spanned<String> {
    /// The place of a part of the value; all of it, if a variable or a secret moved its bytes.
    pub fn inside(&self, part: Range<usize>) -> Range<usize> {
        match self.value.len() == self.span.len() {
            true => self.span.start + part.start..self.span.start + part.end,
            false => self.span.clone(),
        }
    }
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

/// `TAGS`: some are for people to filter by, some (`key=value`) for operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    pub filters: Vec<String>,
    pub settings: Vec<(String, String)>,
}

/// A `tb_secret` in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretUse {
    pub name: String,
    pub has_default: bool,
    pub span: Range<usize>,
}

/// Reads a `.datasource` file.
pub fn parse_data_source(text: &str, file: &str, given: &Given) -> (DataSource, Vec<Diagnostic>) {
    let mut report = Report::new(text, file, given);
    let mut tree = data_source::parse(&mut report);
    tree.secrets = std::mem::take(&mut report.secrets);
    (tree, report.finish())
}

/// Reads a `.pipe` file.
pub fn parse_pipe(text: &str, file: &str, given: &Given) -> (Pipe, Vec<Diagnostic>) {
    let mut report = Report::new(text, file, given);
    let mut tree = pipe::parse(&mut report);
    tree.secrets = std::mem::take(&mut report.secrets);
    (tree, report.finish())
}

/// Reads a `.connection` file.
pub fn parse_connection(text: &str, file: &str, given: &Given) -> (Connection, Vec<Diagnostic>) {
    let mut report = Report::new(text, file, given);
    let mut tree = connection::parse(&mut report);
    tree.secrets = std::mem::take(&mut report.secrets);
    (tree, report.finish())
}

/// The file that is read and what is wrong with it so far.
struct Report<'a> {
    text: &'a str,
    file: &'a str,
    given: &'a Given,
    secrets: Vec<SecretUse>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Report<'a> {
    /// A file that is too large is read as an empty one.
    fn new(text: &'a str, file: &'a str, given: &'a Given) -> Report<'a> {
        let mut report = Report { text, file, given, secrets: Vec::new(), diagnostics: Vec::new() };
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
    fn written(&self, statement: &Statement) -> Range<usize> {
        let range = match statement.is_block {
            true => statement.value.clone(),
            false => lexer::uncomment(self.text, statement.value.clone()),
        };
        lexer::unquote(self.text, range)
    }

    /// A block without its lines of comment: they become spaces, so that every offset stays.
    fn block(&self, span: Range<usize>) -> String {
        let blank = |line: &str| match line.trim_start().starts_with('#') {
            true => line.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect(),
            false => line.to_owned(),
        };
        self.text[span].split_inclusive('\n').map(blank).collect()
    }

    /// The value with its variables; its secrets stay names.
    fn secret_text(&mut self, statement: &Statement) -> Spanned<SecretText> {
        let span = self.written(statement);
        let with_variables = match statement.is_block {
            true => self.block(span.clone()),
            false => text::substitute(&self.text[span.clone()], &self.given.variables),
        };
        let (value, bad) = text::parts(&with_variables);
        let whole = Spanned { value: with_variables, span: span.clone() };
        for (place, message) in bad {
            self.error("D0108", whole.inside(place), message);
        }
        for part in &value.0 {
            if let SecretPart::Secret { name, default } = part {
                let place = self.text[span.clone()].find(name.as_str()).map(|at| span.start + at);
                let place = place.map_or(span.clone(), |at| at..at + name.len());
                self.secrets.push(SecretUse { name: name.clone(), has_default: default.is_some(), span: place });
            }
        }
        Spanned { value, span }
    }

    /// The value with its variables and secrets. A secret that is not known leaves nothing.
    fn value(&mut self, statement: &Statement) -> Spanned<String> {
        let Spanned { value, span } = self.secret_text(statement);
        Spanned { value: text::known(&value, self.given).unwrap_or_default(), span }
    }

    /// Whether the statement may have its value: no block, and something written.
    fn is_inline(&mut self, statement: &Statement) -> bool {
        if statement.is_block {
            let message = format!("{} does not support multiline arguments", statement.keyword);
            self.error("D0102", statement.span.clone(), message);
            return false;
        }
        if lexer::uncomment(self.text, statement.value.clone()).is_empty() {
            self.error("D0102", statement.span.clone(), format!("{} lacks its value", statement.keyword));
            return false;
        }
        true
    }

    /// As [`Report::value`], where an empty value or a block is a mistake.
    fn inline(&mut self, statement: &Statement) -> Option<Spanned<String>> {
        self.is_inline(statement).then(|| self.value(statement))
    }

    /// As [`Report::secret_text`], where an empty value or a block is a mistake.
    fn inline_text(&mut self, statement: &Statement) -> Option<Spanned<SecretText>> {
        self.is_inline(statement).then(|| self.secret_text(statement))
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

    fn tags(&mut self, statement: &Statement, out: &mut Tags) {
        for tag in self.value(statement).value.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
            match tag.split_once('=') {
                Some((key, value)) => out.settings.push((key.trim().to_owned(), value.trim().to_owned())),
                None => out.filters.push(tag.to_owned()),
            }
        }
    }

    /// One of a few words, in any case.
    fn choice<T: Copy>(
        &mut self,
        code: Code,
        keyword: &str,
        value: &Spanned<String>,
        choices: &[(&str, T)],
    ) -> Option<T> {
        // a secret that is not known here
        if value.value.is_empty() && !value.span.is_empty() {
            return None;
        }
        let found = choices.iter().find(|(name, _)| value.value.eq_ignore_ascii_case(name));
        if found.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            let near = nearest(&value.value, names.iter().copied());
            let hint = near.map_or_else(|| format!("use {}", names.join(", ")), |near| format!("did you mean {near}?"));
            let message = format!("{:?} is not a value of {keyword}", value.value);
            self.push(code, value.span.clone(), message, Some(hint));
        }
        found.map(|(_, value)| *value)
    }

    /// What stands behind `>` belongs to no value.
    fn check_blocks(&mut self, statements: &[Statement]) {
        for statement in statements {
            if let Some(behind) = &statement.behind {
                let message = format!("{} is a block: this is not part of it", statement.keyword);
                self.error_with("D0102", behind.clone(), message, "write it on the next line");
            }
        }
    }

    fn repeated(&mut self, statement: &Statement) {
        let message = format!("{} stands twice; the last one counts", statement.keyword);
        self.warning("D0106", statement.span.clone(), message, None);
    }

    fn unknown(&mut self, statement: &Statement, kind: &str, keywords: &[&'static str], elsewhere: &[&str]) {
        let word = &statement.keyword;
        let span = statement.span.clone();
        match word.as_str() {
            "VERSION" | "EXPORT_SERVICE" | "INCLUDE" => {}
            // words of a data source that stand nowhere else
            _ if kind == "pipe" => return self.not_an_option(statement, kind, keywords, elsewhere),
            _ => {}
        }
        match word.as_str() {
            "SETTINGS" => {
                return self.error_with("D0101", span, "SETTINGS is not a valid option", "use ENGINE_SETTINGS");
            }
            // `include` has put everything else in place, and told of this one
            "INCLUDE" => return,
            "SOURCE" | "IMPORT_STRATEGY" | "KAFKA_STORE_BINARY_HEADERS" | "KAFKA_KEY_AVRO_DESERIALIZATION" => {
                let hint = match word.as_str() {
                    "KAFKA_STORE_BINARY_HEADERS" => "remove the line: __headers is always Map(String, String)",
                    "KAFKA_KEY_AVRO_DESERIALIZATION" => "use KAFKA_KEY_FORMAT avro in the .datasource file",
                    "IMPORT_STRATEGY" => "remove the line: files are always appended",
                    _ => "remove the line",
                };
                return self.error_with("D0105", span, format!("{word} is deprecated"), hint);
            }
            "VERSION"
            | "KAFKA_TARGET_PARTITIONS"
            | "IMPORT_SERVICE"
            | "IMPORT_EXTERNAL_DATASOURCE"
            | "EXPORT_SERVICE"
            | "KEY"
            | "IMPORT_QUERY" => {
                return self.warning(
                    "D0105",
                    span,
                    format!("{word} is deprecated and has no effect"),
                    Some("remove the line"),
                );
            }
            _ => {}
        }
        self.not_an_option(statement, kind, keywords, elsewhere);
    }

    fn not_an_option(&mut self, statement: &Statement, kind: &str, keywords: &[&'static str], elsewhere: &[&str]) {
        let (word, span) = (&statement.keyword, statement.span.clone());
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
