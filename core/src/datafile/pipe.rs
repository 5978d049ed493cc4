//! The statements of a `.pipe` file.

use super::lexer;
use super::{Report, Spanned, Token};
use crate::catalog::NodeKind;
use crate::diagnostic::nearest;
use std::collections::BTreeMap;
use std::ops::Range;

#[derive(Clone, Debug, PartialEq)]
pub struct Pipe {
    pub description: String,
    pub tokens: Vec<Token>,
    pub tags: Vec<String>,
    pub nodes: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub name: Spanned<String>,
    pub description: String,
    /// The SQL as it stands in the file, white space around it aside.
    pub sql: Spanned<String>,
    pub kind: Spanned<NodeKind>,
}

const KEYWORDS: [&str; 23] = [
    "DESCRIPTION",
    "TOKEN",
    "TAGS",
    "NODE",
    "SCOPE",
    "SQL",
    "TYPE",
    "DATASOURCE",
    "DEPLOYMENT_METHOD",
    "TARGET_DATASOURCE",
    "COPY_SCHEDULE",
    "COPY_MODE",
    "MODE",
    "ON_DEMAND_COMPUTE",
    "EXPORT_CONNECTION_NAME",
    "EXPORT_SCHEDULE",
    "EXPORT_KAFKA_TOPIC",
    "EXPORT_BUCKET_URI",
    "EXPORT_FILE_TEMPLATE",
    "EXPORT_FORMAT",
    "EXPORT_COMPRESSION",
    "EXPORT_STRATEGY",
    "EXPORT_WRITE_STRATEGY",
];

/// Other words that end a block: they have a message of their own.
const TOLERATED: [&str; 9] = [
    "CACHE",
    "FILTER",
    "INCLUDE",
    "VERSION",
    "ENGINE",
    "ENGINE_SORTING_KEY",
    "ENGINE_PARTITION_KEY",
    "SCHEMA",
    "EXPORT_SERVICE",
];

const TYPES: [&str; 5] = ["endpoint", "materialized", "copy", "sink", "standard"];

/// A node as far as it is read: the options of its TYPE come in any order.
struct Draft {
    name: Spanned<String>,
    description: String,
    sql: Option<Spanned<String>>,
    kind: Option<Spanned<String>>,
    options: BTreeMap<String, Spanned<String>>,
}

pub(super) fn parse(report: &mut Report<'_>) -> Pipe {
    let statements = lexer::statements(report.text, |word| KEYWORDS.contains(&word) || TOLERATED.contains(&word));
    let mut out = Pipe { description: String::new(), tokens: Vec::new(), tags: Vec::new(), nodes: Vec::new() };
    let mut drafts: Vec<Draft> = Vec::new();
    for statement in &statements {
        let word = statement.keyword.as_str();
        match (word, drafts.last_mut()) {
            ("DESCRIPTION", Some(node)) => node.description = report.prose(statement).value,
            ("DESCRIPTION", None) => out.description = report.prose(statement).value,
            ("TOKEN", _) => out.tokens.extend(report.token(statement, false)),
            ("TAGS", _) => {
                let value = report.value(statement).value;
                out.tags.extend(value.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()));
            }
            ("NODE" | "SCOPE", _) => {
                let name =
                    report.inline(statement).unwrap_or(Spanned { value: String::new(), span: statement.span.clone() });
                drafts.push(Draft {
                    name,
                    description: String::new(),
                    sql: None,
                    kind: None,
                    options: BTreeMap::new(),
                });
            }
            ("SQL", Some(node)) if statement.is_block => {
                if node.sql.is_some() {
                    report.error("D0106", statement.span.clone(), "SQL stands twice in this node");
                }
                let span = statement.value.clone();
                node.sql = Some(Spanned { value: report.text[span.clone()].to_owned(), span });
            }
            ("SQL", Some(_)) => {
                let hint = "write SQL > and the query on the lines after it";
                report.error_with("D0102", statement.span.clone(), "SQL is a block", hint);
            }
            ("TYPE", Some(node)) => node.kind = Some(report.value(statement)),
            // what the TypeScript SDK writes after an endpoint
            ("CACHE", Some(_)) => {}
            ("INCLUDE" | "VERSION" | "EXPORT_SERVICE", _) => report.unknown(statement, "pipe", &KEYWORDS, &[]),
            (_, Some(node)) if KEYWORDS.contains(&word) => {
                if let Some(value) = report.inline(statement) {
                    let key = if word == "MODE" { "COPY_MODE" } else { word };
                    node.options.insert(key.to_owned(), value);
                }
            }
            (_, None) if KEYWORDS.contains(&word) => {
                let hint = "write NODE <name> before it";
                report.error_with("D0103", statement.span.clone(), format!("{word} must follow a NODE"), hint);
            }
            _ => report.unknown(
                statement,
                "pipe",
                &KEYWORDS,
                &["ENGINE", "ENGINE_SORTING_KEY", "ENGINE_PARTITION_KEY", "SCHEMA", "FILTER"],
            ),
        }
    }
    if drafts.is_empty() {
        report.error_with("D0403", 0..1, "the pipe has no node", "write NODE <name> and SQL >");
    }
    check_names(report, &drafts);
    out.nodes = drafts.into_iter().map(|draft| finish(report, draft)).collect();
    let typed: Vec<&Node> = out.nodes.iter().filter(|node| node.kind.value != NodeKind::Standard).collect();
    for second in typed.iter().skip(1) {
        let message = "Multiple non-standard nodes in pipe. There can only be one";
        report.error("D0403", second.kind.span.clone(), message);
    }
    out
}

fn check_names(report: &mut Report<'_>, drafts: &[Draft]) {
    for (index, draft) in drafts.iter().enumerate() {
        let name = &draft.name;
        if drafts[..index].iter().any(|known| known.name.value == name.value) && !name.value.is_empty() {
            report.error("D0404", name.span.clone(), format!("node {:?} is there twice", name.value));
        }
    }
}

fn finish(report: &mut Report<'_>, draft: Draft) -> Node {
    let sql = draft.sql.clone().unwrap_or(Spanned { value: String::new(), span: draft.name.span.clone() });
    if sql.value.trim_start_matches('%').trim().is_empty() {
        let message = format!("node {:?} has no SQL", draft.name.value);
        report.error_with("D0401", draft.name.span.clone(), message, "write SQL > and the query on the lines after it");
    }
    let kind = kind(report, &draft);
    Node { name: draft.name, description: draft.description, sql, kind }
}

fn kind(report: &mut Report<'_>, draft: &Draft) -> Spanned<NodeKind> {
    let name_span = draft.name.span.clone();
    let Some(word) = &draft.kind else {
        unfit(report, draft, "standard", &[]);
        return Spanned { value: NodeKind::Standard, span: name_span };
    };
    let lower = word.value.to_ascii_lowercase();
    let mut required = |keyword: &str| -> String {
        let value = draft.options.get(keyword).map(|value| value.value.clone());
        value.unwrap_or_else(|| {
            report.error("D0405", word.span.clone(), format!("a {lower} node needs {keyword}"));
            String::new()
        })
    };
    let optional = |keyword: &str| draft.options.get(keyword).map(|value| value.value.clone());
    let (value, fitting): (NodeKind, &[&str]) = match lower.as_str() {
        "" | "standard" => (NodeKind::Standard, &[]),
        "endpoint" => (NodeKind::Endpoint, &[]),
        "materialized" => {
            let alters = optional("DEPLOYMENT_METHOD").is_some_and(|method| method.eq_ignore_ascii_case("alter"));
            (NodeKind::Materialized { target: required("DATASOURCE"), alters }, &["DATASOURCE", "DEPLOYMENT_METHOD"])
        }
        "copy" => {
            let replaces = optional("COPY_MODE").is_some_and(|mode| mode.eq_ignore_ascii_case("replace"));
            let target = required("TARGET_DATASOURCE");
            let kind = NodeKind::Copy { target, schedule: optional("COPY_SCHEDULE"), replaces };
            (kind, &["TARGET_DATASOURCE", "COPY_SCHEDULE", "COPY_MODE", "ON_DEMAND_COMPUTE"])
        }
        "sink" => {
            let connection = required("EXPORT_CONNECTION_NAME");
            let schedule = required("EXPORT_SCHEDULE");
            if draft.options.contains_key("EXPORT_KAFKA_TOPIC") {
                let blob =
                    ["EXPORT_BUCKET_URI", "EXPORT_FILE_TEMPLATE"].into_iter().find(|key| optional(key).is_some());
                if let Some(blob) = blob {
                    let message = format!("EXPORT_KAFKA_TOPIC and {blob} exclude each other");
                    report.error("D0405", word.span.clone(), message);
                }
            } else {
                required("EXPORT_BUCKET_URI");
                required("EXPORT_FILE_TEMPLATE");
            }
            let settings = draft.options.iter().map(|(key, value)| (key.clone(), value.value.clone())).collect();
            (NodeKind::Sink { connection, schedule, settings }, &["EXPORT_"])
        }
        _ => {
            let hint = nearest(&lower, TYPES).map(|near| format!("did you mean {near}?"));
            let message = format!("{:?} is not the TYPE of a node: {}", word.value, TYPES.join(", "));
            report.push("D0402", word.span.clone(), message, hint);
            (NodeKind::Standard, &["EXPORT_", "COPY_", "DATASOURCE", "TARGET_DATASOURCE"])
        }
    };
    unfit(report, draft, &lower, fitting);
    Spanned { value, span: non_empty(&word.span, name_span) }
}

/// Options that another TYPE has.
fn unfit(report: &mut Report<'_>, draft: &Draft, kind: &str, fitting: &[&str]) {
    let kind = if kind.is_empty() { "standard" } else { kind };
    for (keyword, value) in &draft.options {
        let fits = fitting.iter().any(|known| keyword == known || (known.ends_with('_') && keyword.starts_with(known)));
        if !fits {
            let message = format!("{keyword} is not a valid option of a {kind} node");
            report.error("D0405", value.span.clone(), message);
        }
    }
}

fn non_empty(span: &Range<usize>, otherwise: Range<usize>) -> Range<usize> {
    if span.is_empty() { otherwise } else { span.clone() }
}
