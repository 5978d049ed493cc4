//! The statements of a `.datasource` file.

use super::engine::{self, EngineNode, Options};
use super::lexer::{self, Statement};
use super::schema::{self, Column};
use super::{Report, Spanned, Token};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq)]
pub struct DataSource {
    pub description: String,
    pub columns: Vec<Column>,
    pub engine: EngineNode,
    /// One line of `INDEXES` each, as written.
    pub indexes: Vec<Spanned<String>>,
    pub tokens: Vec<Token>,
    pub shared_with: Vec<Spanned<String>>,
    pub tags: Vec<String>,
    pub forward_query: Option<Spanned<String>>,
    pub backfill_skip: bool,
    /// `KAFKA_*`, `IMPORT_*` and `PG_*` by keyword; values may hold `{{ tb_secret(…) }}`.
    pub connector: BTreeMap<String, Spanned<String>>,
}

const PLAIN: [&str; 10] = [
    "DESCRIPTION",
    "SCHEMA",
    "INDEXES",
    "ENGINE",
    "TOKEN",
    "SHARED_WITH",
    "TAGS",
    "FORWARD_QUERY",
    "BACKFILL",
    "ENGINE_SETTINGS",
];

/// Keyword → option; the spellings without `ENGINE_` are old ones.
const ENGINE_OPTIONS: [(&str, &str); 17] = [
    ("ENGINE_SORTING_KEY", "SORTING_KEY"),
    ("ENGINE_PARTITION_KEY", "PARTITION_KEY"),
    ("ENGINE_PRIMARY_KEY", "PRIMARY_KEY"),
    ("ENGINE_SAMPLING_KEY", "SAMPLING_KEY"),
    ("ENGINE_TTL", "TTL"),
    ("ENGINE_SETTINGS", "SETTINGS"),
    ("ENGINE_VER", "VER"),
    ("ENGINE_IS_DELETED", "IS_DELETED"),
    ("ENGINE_SIGN", "SIGN"),
    ("ENGINE_VERSION", "VERSION"),
    ("ENGINE_COLUMNS", "COLUMNS"),
    ("ENGINE_SUMMING_COLUMNS", "COLUMNS"),
    ("SORTING_KEY", "SORTING_KEY"),
    ("PARTITION_KEY", "PARTITION_KEY"),
    ("PRIMARY_KEY", "PRIMARY_KEY"),
    ("SAMPLING_KEY", "SAMPLING_KEY"),
    ("TTL", "TTL"),
];

const CONNECTOR: [&str; 20] = [
    "KAFKA_CONNECTION_NAME",
    "KAFKA_TOPIC",
    "KAFKA_GROUP_ID",
    "KAFKA_AUTO_OFFSET_RESET",
    "KAFKA_STORE_RAW_VALUE",
    "KAFKA_STORE_HEADERS",
    "KAFKA_KEY_FORMAT",
    "KAFKA_VALUE_FORMAT",
    "IMPORT_CONNECTION_NAME",
    "IMPORT_BUCKET_URI",
    "IMPORT_SCHEDULE",
    "IMPORT_FORMAT",
    "IMPORT_FROM_TIMESTAMP",
    "IMPORT_QUERY",
    "IMPORT_TABLE_ARN",
    "IMPORT_EXPORT_BUCKET",
    "IMPORT_SAMPLE_FILE",
    "PG_CONNECTION_NAME",
    "PG_TABLE",
    "IMPORT_TABLE",
];

/// Not keywords, but words that must end a block all the same, since they have their own message.
const TOLERATED: [&str; 7] =
    ["SETTINGS", "VERSION", "SOURCE", "INCLUDE", "IMPORT_STRATEGY", "KAFKA_TARGET_PARTITIONS", "IMPORT_SERVICE"];

pub(super) fn keywords() -> Vec<&'static str> {
    PLAIN.into_iter().chain(ENGINE_OPTIONS.map(|(keyword, _)| keyword)).chain(CONNECTOR).collect()
}

pub(super) fn parse(report: &mut Report<'_>) -> DataSource {
    let keywords = keywords();
    let statements = lexer::statements(report.text, |word| keywords.contains(&word) || TOLERATED.contains(&word));
    let mut schema = None;
    let mut engine_name = None;
    let mut options = Options::new();
    let mut out = DataSource {
        description: String::new(),
        columns: Vec::new(),
        engine: engine::engine(report, None, &options, &[]),
        indexes: Vec::new(),
        tokens: Vec::new(),
        shared_with: Vec::new(),
        tags: Vec::new(),
        forward_query: None,
        backfill_skip: false,
        connector: BTreeMap::new(),
    };
    for statement in &statements {
        match statement.keyword.as_str() {
            "DESCRIPTION" => out.description = report.prose(statement).value,
            "SCHEMA" if schema.is_some() => report.error("D0106", statement.span.clone(), "SCHEMA stands twice"),
            "SCHEMA" if statement.value.is_empty() => {
                schema = Some(statement.value.clone());
                let hint = "write the columns on the lines after SCHEMA >";
                report.error_with("D0201", statement.span.clone(), "the SCHEMA is empty", hint);
            }
            "SCHEMA" => schema = Some(statement.value.clone()),
            "INDEXES" => indexes(report, statement, &mut out.indexes),
            "ENGINE" => engine_name = report.inline(statement),
            "TOKEN" => out.tokens.extend(report.token(statement, true)),
            "SHARED_WITH" => shared_with(report, statement, &mut out.shared_with),
            "TAGS" => {
                let value = report.value(statement).value;
                out.tags.extend(value.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()));
            }
            "FORWARD_QUERY" => out.forward_query = Some(report.value(statement)),
            "BACKFILL" => match report.inline(statement) {
                Some(value) if value.value.eq_ignore_ascii_case("skip") => out.backfill_skip = true,
                Some(value) => {
                    let message = format!("BACKFILL {:?} is not known", value.value);
                    report.error_with("D0102", value.span, message, "the only value is skip");
                }
                None => {}
            },
            word if ENGINE_OPTIONS.iter().any(|(known, _)| *known == word) => {
                let option = ENGINE_OPTIONS.iter().find(|(known, _)| *known == word).map(|(_, option)| *option);
                let option = option.expect("the guard found it");
                let value = report.value(statement);
                if options.insert(option, value).is_some() {
                    report.error("D0106", statement.span.clone(), format!("{word} stands twice"));
                }
            }
            word if CONNECTOR.contains(&word) => {
                if let Some(value) = report.inline(statement) {
                    out.connector.insert(word.to_owned(), value);
                }
            }
            _ => report.unknown(statement, "data source", &keywords, &["NODE", "SQL", "TYPE"]),
        }
    }
    match schema {
        Some(block) => out.columns = schema::columns(report, block),
        None => {
            let hint = "write SCHEMA > and a line for each column";
            report.error_with("D0201", 0..1, "SCHEMA is mandatory", hint);
        }
    }
    out.engine = engine::engine(report, engine_name.as_ref(), &options, &out.columns);
    connector(report, &out.connector);
    out
}

fn indexes(report: &mut Report<'_>, statement: &Statement, out: &mut Vec<Spanned<String>>) {
    let mut at = statement.value.start;
    for line in report.text[statement.value.clone()].split_inclusive('\n') {
        let span = lexer::trim(report.text, at..at + line.len());
        at += line.len();
        let text = report.text[span.clone()].trim_end_matches(',');
        if text.is_empty() || text.starts_with("--") {
            continue;
        }
        let count = text.to_ascii_uppercase().split_whitespace().filter(|word| *word == "TYPE").count();
        if count != 1 || text.split_whitespace().count() < 4 {
            let hint = "write [INDEX] <name> <expression> TYPE <type> [GRANULARITY <n>]";
            report.error_with("D0207", span, "Invalid INDEX syntax", hint);
            continue;
        }
        out.push(Spanned { value: text.to_owned(), span });
    }
}

fn shared_with(report: &mut Report<'_>, statement: &Statement, out: &mut Vec<Spanned<String>>) {
    let before = out.len();
    let mut at = statement.value.start;
    for part in report.text[statement.value.clone()].split_inclusive([',', '\n']) {
        let name = part.trim_matches(|c: char| c == ',' || c.is_whitespace());
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

/// Groups of settings that make sense only together.
fn connector(report: &mut Report<'_>, settings: &BTreeMap<String, Spanned<String>>) {
    const KAFKA: [&str; 3] = ["KAFKA_CONNECTION_NAME", "KAFKA_TOPIC", "KAFKA_GROUP_ID"];
    const BUCKET: [&str; 3] = ["IMPORT_CONNECTION_NAME", "IMPORT_BUCKET_URI", "IMPORT_SCHEDULE"];
    const DYNAMO: [&str; 3] = ["IMPORT_CONNECTION_NAME", "IMPORT_TABLE_ARN", "IMPORT_EXPORT_BUCKET"];
    const POSTGRES: [&str; 2] = ["PG_CONNECTION_NAME", "PG_TABLE"];
    let starts =
        |prefix: &str| settings.iter().find(|(keyword, _)| keyword.starts_with(prefix)).map(|(_, value)| value);
    let is_dynamo = settings.contains_key("IMPORT_TABLE_ARN") || settings.contains_key("IMPORT_EXPORT_BUCKET");
    let import: &[&str] = if is_dynamo { &DYNAMO } else { &BUCKET };
    for (prefix, group) in [("KAFKA_", &KAFKA[..]), ("IMPORT_", import), ("PG_", &POSTGRES[..])] {
        let Some(first) = starts(prefix) else { continue };
        let missing: Vec<&str> = group.iter().copied().filter(|keyword| !settings.contains_key(*keyword)).collect();
        if !missing.is_empty() {
            let message = format!("{} are needed together; {} is missing", group.join(", "), missing.join(", "));
            report.error("D0305", first.span.clone(), message);
        }
        let message = format!("{prefix}* settings are read, but nothing is fetched yet");
        report.warning("D0107", first.span.clone(), message, Some("send the events to /v0/events"));
    }
}
