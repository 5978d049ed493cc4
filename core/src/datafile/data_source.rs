//! The statements of a `.datasource` file.

use super::connector::{self, Settings};
use super::engine::{self, EngineNode, Options};
use super::lexer::{self, Statement};
use super::schema::{self, Column};
use super::{Report, SecretUse, Spanned, Tags, Token, index};
use crate::catalog::{Connector, Index};
use crate::diagnostic::Diagnostic;
use std::ops::Range;

#[derive(Clone, Debug, PartialEq)]
pub struct DataSource {
    pub description: String,
    pub columns: Vec<Column>,
    pub engine: EngineNode,
    pub indexes: Vec<Spanned<Index>>,
    pub tokens: Vec<Token>,
    pub shared_with: Vec<Spanned<String>>,
    pub tags: Tags,
    /// A SELECT's list: how the columns follow from those of the version before.
    pub forward_query: Option<Spanned<String>>,
    pub backfill_skip: bool,
    /// At the name of its connection.
    pub connector: Option<Spanned<Connector>>,
    pub secrets: Vec<SecretUse>,
}

const PLAIN: [&str; 9] =
    ["DESCRIPTION", "SCHEMA", "INDEXES", "ENGINE", "TOKEN", "SHARED_WITH", "TAGS", "FORWARD_QUERY", "BACKFILL"];

/// Not keywords, but words that must end a block all the same, since they have their own message.
const TOLERATED: [&str; 13] = [
    "SETTINGS",
    "VERSION",
    "SOURCE",
    "INCLUDE",
    "IMPORT_STRATEGY",
    "IMPORT_SERVICE",
    "IMPORT_QUERY",
    "IMPORT_EXTERNAL_DATASOURCE",
    "EXPORT_SERVICE",
    "KAFKA_TARGET_PARTITIONS",
    "KAFKA_STORE_BINARY_HEADERS",
    "KAFKA_KEY_AVRO_DESERIALIZATION",
    "KEY",
];

pub(super) fn keywords() -> Vec<&'static str> {
    PLAIN.into_iter().chain(engine::OPTIONS.map(|(keyword, _)| keyword)).chain(connector::KEYWORDS).collect()
}

pub(super) fn parse(report: &mut Report<'_>) -> DataSource {
    let keywords = keywords();
    let ends = |word: &str, _: &str| keywords.contains(&word) || TOLERATED.contains(&word);
    let statements = lexer::statements(report.text, ends);
    report.check_blocks(&statements);
    let mut schema = None;
    let mut engine_name = None;
    let mut options = Options::new();
    let mut connector = Settings::new();
    let mut out = DataSource {
        description: String::new(),
        columns: Vec::new(),
        engine: EngineNode::default(),
        indexes: Vec::new(),
        tokens: Vec::new(),
        shared_with: Vec::new(),
        tags: Tags::default(),
        forward_query: None,
        backfill_skip: false,
        connector: None,
        secrets: Vec::new(),
    };
    for statement in &statements {
        match statement.keyword.as_str() {
            "DESCRIPTION" => out.description = report.prose(statement).value,
            "SCHEMA" if schema.is_some() => report.error("D0106", statement.span.clone(), "SCHEMA stands twice"),
            "SCHEMA" if statement.value.is_empty() || !statement.is_block => {
                schema = Some(report.value(statement));
                let hint = "write the columns on the lines after SCHEMA >";
                report.error_with("D0201", statement.span.clone(), "the SCHEMA has no block of columns", hint);
            }
            "SCHEMA" => schema = Some(report.value(statement)),
            "INDEXES" => {
                let block = report.value(statement);
                out.indexes = index::indexes(report, &block);
            }
            "ENGINE" if statement.value.is_empty() => drop(report.inline(statement)),
            "ENGINE" => engine_name = Some(report.value(statement)),
            "TOKEN" => out.tokens.extend(report.token(statement, true)),
            "SHARED_WITH" => shared_with(report, statement, &mut out.shared_with),
            "TAGS" => report.tags(statement, &mut out.tags),
            "FORWARD_QUERY" => out.forward_query = forward_query(report, statement),
            "BACKFILL" => {
                if let Some(value) = report.inline(statement) {
                    out.backfill_skip = report.choice("D0102", "BACKFILL", &value, &[("skip", true)]).is_some();
                }
            }
            word if let Some(option) = engine::option(word) => {
                let value = report.value(statement);
                if options.insert(option, value).is_some() {
                    report.repeated(statement);
                }
            }
            word if let Some(keyword) = connector::KEYWORDS.into_iter().find(|known| *known == word) => {
                if let Some(value) = report.inline_text(statement)
                    && connector.insert(keyword, value).is_some()
                {
                    report.repeated(statement);
                }
            }
            _ => report.unknown(statement, "data source", &keywords, &["NODE", "SQL", "TYPE"]),
        }
    }
    match schema {
        Some(block) => out.columns = schema::columns(report, &block),
        None => {
            let hint = "write SCHEMA > and a line for each column";
            report.error_with("D0201", 0..1, "SCHEMA is mandatory", hint);
        }
    }
    out.connector = connector::connector(report, &connector);
    let own = out.connector.as_ref().map_or(Vec::new(), own_columns);
    let is_new = |column: &Column| !out.columns.iter().any(|known| known.column.name == column.column.name);
    let own: Vec<Column> = own.into_iter().filter(is_new).collect();
    out.columns.extend(own);
    out.engine = engine::engine(report, engine_name.as_ref(), &options, Some(&out.columns));
    out
}

/// What the connector adds to the schema, placed where the connector is.
fn own_columns(connector: &Spanned<Connector>) -> Vec<Column> {
    let column = |column| Column {
        column,
        span: connector.span.clone(),
        is_typed: true,
        json_path_span: None,
        default_span: None,
        codecs: Vec::new(),
    };
    connector::own_columns(&connector.value).into_iter().map(column).collect()
}

fn forward_query(report: &mut Report<'_>, statement: &Statement) -> Option<Spanned<String>> {
    let value = report.value(statement);
    if !statement.is_block || value.value.is_empty() {
        let hint = "write FORWARD_QUERY > and the SELECT on the lines after it";
        report.error_with("D0102", statement.span.clone(), "FORWARD_QUERY is a block", hint);
        return None;
    }
    let words = lexer::top_level_words(&value.value);
    let is = |word: &Range<usize>, name: &str| value.value[word.clone()].eq_ignore_ascii_case(name);
    let hint = "write SELECT and an expression for each column: it reads the live rows of this data source";
    if !words.first().is_some_and(|word| is(word, "SELECT")) {
        report.error_with("D0209", value.span.clone(), "FORWARD_QUERY is not a SELECT", hint);
    }
    if let Some(word) = words.iter().find(|word| is(word, "FROM") || is(word, "WHERE")) {
        let message = format!("FORWARD_QUERY cannot have {}", &value.value[word.clone()]);
        report.error_with("D0209", value.inside(word.clone()), message, hint);
    }
    Some(value)
}

fn shared_with(report: &mut Report<'_>, statement: &Statement, out: &mut Vec<Spanned<String>>) {
    let before = out.len();
    let range = report.written(statement);
    let mut at = range.start;
    for part in report.block(range).split_inclusive([',', '\n', ' ']) {
        let name = part.trim_matches(|c: char| c == ',' || c == '"' || c == '\'' || c.is_whitespace());
        if !name.is_empty() {
            let start = at + part.find(name).unwrap_or(0);
            out.push(Spanned { value: name.to_owned(), span: start..start + name.len() });
        }
        at += part.len();
    }
    if out.len() == before {
        report.error("D0102", statement.span.clone(), "SHARED_WITH needs the name of a workspace");
    }
}

impl DataSource {
    /// What is read of it but not acted upon yet.
    pub(crate) fn not_run_yet(&self, file: &str) -> Option<Diagnostic> {
        let connector = self.connector.as_ref()?;
        let message = "what a connector fills is read, but nothing is fetched yet";
        let diagnostic = Diagnostic::warning("D0107", file, connector.span.clone(), message);
        Some(diagnostic.with_hint("send the events to /v0/events"))
    }
}
