//! The statements of a `.pipe` file.

use super::connector::BOOLEANS;
use super::engine::{self, EngineNode, Options};
use super::lexer::{self, Statement};
use super::{Report, SecretUse, Spanned, Tags, Token, sink};
use crate::catalog::{NodeKind, Schedule};
use crate::diagnostic::nearest;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

#[derive(Clone, Debug, PartialEq)]
pub struct Pipe {
    pub description: String,
    pub tokens: Vec<Token>,
    pub tags: Tags,
    pub nodes: Vec<Node>,
    pub secrets: Vec<SecretUse>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub name: Spanned<String>,
    pub description: String,
    /// The SQL as it stands in the file, white space around it aside.
    pub sql: Spanned<String>,
    pub kind: Spanned<NodeKind>,
    /// Whether it says a TYPE.
    pub is_typed: bool,
    /// Where it names the data source or the connection that it writes to.
    pub target: Option<Range<usize>>,
    /// Of the data source that a materialized node makes, if no file does.
    pub engine: Option<EngineNode>,
}

/// Keywords of a node that say something of its TYPE.
const OPTIONS: [&str; 8] = [
    "DATASOURCE",
    "DEPLOYMENT_METHOD",
    "TARGET_DATASOURCE",
    "COPY_SCHEDULE",
    "COPY_MODE",
    "MODE",
    "ON_DEMAND_COMPUTE",
    "FILTER",
];

const PLAIN: [&str; 7] = ["DESCRIPTION", "TOKEN", "TAGS", "NODE", "SCOPE", "SQL", "TYPE"];

const TYPES: [&str; 5] = ["endpoint", "materialized", "copy", "sink", "standard"];

/// A node as far as it is read: the options of its TYPE come in any order.
struct Draft {
    name: Spanned<String>,
    description: String,
    sql: Option<Spanned<String>>,
    kind: Option<Spanned<String>>,
    options: BTreeMap<&'static str, Spanned<String>>,
    exports: sink::Settings,
    engine: Option<Spanned<String>>,
    engine_options: Options,
}

fn keywords() -> Vec<&'static str> {
    PLAIN.into_iter().chain(OPTIONS).chain(sink::KEYWORDS).collect()
}

/// Words that end a block besides the keywords. SQL need not be indented, so none is a word that a
/// line of SQL starts with.
fn is_tolerated(word: &str, rest: &str) -> bool {
    match word {
        // what the TypeScript SDK writes after an endpoint
        "CACHE" => !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()),
        "INCLUDE" | "VERSION" | "SCHEMA" | "EXPORT_SERVICE" | "ENGINE" => true,
        word => is_engine_option(word),
    }
}

/// `TTL` is a word of SQL; the other old spellings are not.
fn is_engine_option(word: &str) -> bool {
    word != "TTL" && engine::option(word).is_some()
}

pub(super) fn parse(report: &mut Report<'_>) -> Pipe {
    let keywords = keywords();
    let statements = lexer::statements(report.text, |word, rest| keywords.contains(&word) || is_tolerated(word, rest));
    report.check_blocks(&statements);
    let mut out = Pipe {
        description: String::new(),
        tokens: Vec::new(),
        tags: Tags::default(),
        nodes: Vec::new(),
        secrets: Vec::new(),
    };
    let mut drafts: Vec<Draft> = Vec::new();
    for statement in &statements {
        let word = statement.keyword.as_str();
        match (word, drafts.last_mut()) {
            ("DESCRIPTION", Some(node)) => node.description = report.prose(statement).value,
            ("DESCRIPTION", None) => out.description = report.prose(statement).value,
            ("TOKEN", _) => out.tokens.extend(report.token(statement, false)),
            ("TAGS", _) => report.tags(statement, &mut out.tags),
            ("NODE" | "SCOPE", _) => drafts.push(Draft::new(report, statement)),
            ("INCLUDE" | "VERSION" | "EXPORT_SERVICE" | "SCHEMA", _) => {
                report.unknown(statement, "pipe", &keywords, &["SCHEMA"]);
            }
            // it says how long a client may keep the answer
            ("CACHE", Some(_)) => {}
            (_, Some(node)) => node.take(report, statement, &keywords),
            (_, None) if keywords.contains(&word) || is_tolerated(word, "") => {
                let hint = "write NODE <name> before it";
                report.error_with("D0103", statement.span.clone(), format!("{word} must follow a NODE"), hint);
            }
            (_, None) => report.unknown(statement, "pipe", &keywords, &[]),
        }
    }
    if drafts.is_empty() {
        report.error_with("D0403", 0..1, "the pipe has no node", "write NODE <name> and SQL >");
    }
    check_names(report, &drafts);
    out.nodes = drafts.into_iter().map(|draft| draft.finish(report)).collect();
    let typed: Vec<&Node> = out.nodes.iter().filter(|node| node.kind.value != NodeKind::Standard).collect();
    for second in typed.iter().skip(1) {
        let message = "Multiple non-standard nodes in pipe. There can only be one";
        report.error("D0403", second.kind.span.clone(), message);
    }
    out
}

fn check_names(report: &mut Report<'_>, drafts: &[Draft]) {
    let mut names = HashSet::new();
    for name in drafts.iter().map(|draft| &draft.name).filter(|name| !name.value.is_empty()) {
        if !names.insert(&name.value) {
            report.error("D0404", name.span.clone(), format!("node {:?} is there twice", name.value));
        }
    }
}

impl Draft {
    fn new(report: &mut Report<'_>, statement: &Statement) -> Draft {
        let nameless = || Spanned { value: String::new(), span: statement.span.clone() };
        Draft {
            name: report.inline(statement).unwrap_or_else(nameless),
            description: String::new(),
            sql: None,
            kind: None,
            options: BTreeMap::new(),
            exports: sink::Settings::new(),
            engine: None,
            engine_options: Options::new(),
        }
    }

    /// A statement of the node that nothing else of the pipe could have.
    fn take(&mut self, report: &mut Report<'_>, statement: &Statement, keywords: &[&'static str]) {
        match statement.keyword.as_str() {
            "SQL" if statement.is_block => {
                if self.sql.is_some() {
                    report.error("D0106", statement.span.clone(), "SQL stands twice in this node");
                }
                let span = statement.value.clone();
                self.sql = Some(Spanned { value: report.block(span.clone()), span });
            }
            "SQL" => {
                let hint = "write SQL > and the query on the lines after it";
                report.error_with("D0102", statement.span.clone(), "SQL is a block", hint);
            }
            "TYPE" => self.kind = Some(report.value(statement)),
            "ENGINE" => self.engine = Some(report.value(statement)),
            word if let Some(option) = engine::option(word) => {
                let value = report.value(statement);
                if self.engine_options.insert(option, value).is_some() {
                    report.repeated(statement);
                }
            }
            word if let Some(keyword) = sink::KEYWORDS.into_iter().find(|known| *known == word) => {
                if let Some(value) = report.inline_text(statement)
                    && self.exports.insert(keyword, value).is_some()
                {
                    report.repeated(statement);
                }
            }
            word if let Some(keyword) = OPTIONS.into_iter().find(|known| *known == word) => {
                let keyword = if keyword == "MODE" { "COPY_MODE" } else { keyword };
                if let Some(value) = report.inline(statement)
                    && self.options.insert(keyword, value).is_some()
                {
                    report.repeated(statement);
                }
            }
            _ => report.unknown(statement, "pipe", keywords, &[]),
        }
    }

    fn finish(self, report: &mut Report<'_>) -> Node {
        let sql = self.sql.clone().unwrap_or(Spanned { value: String::new(), span: self.name.span.clone() });
        if sql.value.trim_start_matches('%').trim().is_empty() {
            let message = format!("node {:?} has no SQL", self.name.value);
            let hint = "write SQL > and the query on the lines after it";
            report.error_with("D0401", self.name.span.clone(), message, hint);
        }
        let kind = self.kind(report);
        let engine = self.engine(report, &kind.value);
        let option = |keyword: &str| self.options.get(keyword).map(|value| value.span.clone());
        let target = match kind.value {
            NodeKind::Materialized { .. } => option("DATASOURCE"),
            NodeKind::Copy { .. } => option("TARGET_DATASOURCE"),
            NodeKind::Sink(_) => self.exports.get("EXPORT_CONNECTION_NAME").map(|value| value.span.clone()),
            _ => None,
        };
        let is_typed = self.kind.is_some();
        Node { name: self.name, description: self.description, sql, kind, is_typed, target, engine }
    }

    fn kind(&self, report: &mut Report<'_>) -> Spanned<NodeKind> {
        let name_span = self.name.span.clone();
        let Some(word) = &self.kind else {
            self.check_options(report, "standard", &[]);
            return Spanned { value: NodeKind::Standard, span: name_span };
        };
        let lower = word.value.to_ascii_lowercase();
        let mut required = |keyword: &str| -> String {
            let value = self.options.get(keyword).map(|value| value.value.clone());
            value.unwrap_or_else(|| {
                report.error("D0405", word.span.clone(), format!("a {lower} node needs {keyword}"));
                String::new()
            })
        };
        let (value, fitting): (NodeKind, &[&str]) = match lower.as_str() {
            "" | "standard" => (NodeKind::Standard, &[]),
            "endpoint" => (NodeKind::Endpoint, &[]),
            "materialized" => {
                let target = required("DATASOURCE");
                let alters = self.choice(report, "DEPLOYMENT_METHOD", &[("alter", true)]).unwrap_or_default();
                (NodeKind::Materialized { target, alters }, &["DATASOURCE", "DEPLOYMENT_METHOD"])
            }
            "copy" => {
                let target = required("TARGET_DATASOURCE");
                let schedule = self.options.get("COPY_SCHEDULE");
                let schedule = schedule.and_then(|value| report.schedule("COPY_SCHEDULE", value));
                let kind = NodeKind::Copy {
                    target,
                    schedule: schedule.unwrap_or(Schedule::OnDemand),
                    replaces: self
                        .choice(report, "COPY_MODE", &[("append", false), ("replace", true)])
                        .unwrap_or_default(),
                    on_demand_compute: self.choice(report, "ON_DEMAND_COMPUTE", &BOOLEANS).unwrap_or_default(),
                };
                (kind, &["TARGET_DATASOURCE", "COPY_SCHEDULE", "COPY_MODE", "ON_DEMAND_COMPUTE"])
            }
            "sink" => {
                let sink = sink::sink(report, &self.exports, &word.span);
                (sink.map_or(NodeKind::Standard, |sink| NodeKind::Sink(Box::new(sink))), &["EXPORT_"])
            }
            "stream" => {
                report.error("D0402", word.span.clone(), "a node of TYPE stream is not supported");
                (NodeKind::Standard, &["EXPORT_"])
            }
            _ => {
                let hint = nearest(&lower, TYPES).map(|near| format!("did you mean {near}?"));
                let message = format!("{:?} is not the TYPE of a node: {}", word.value, TYPES.join(", "));
                report.push("D0402", word.span.clone(), message, hint);
                (NodeKind::Standard, &["EXPORT_", "COPY_", "DATASOURCE", "TARGET_DATASOURCE"])
            }
        };
        self.check_options(report, &lower, fitting);
        Spanned { value, span: non_empty(&word.span, name_span) }
    }

    fn choice(&self, report: &mut Report<'_>, keyword: &str, choices: &[(&str, bool)]) -> Option<bool> {
        report.choice("D0405", keyword, self.options.get(keyword)?, choices)
    }

    /// Options that another TYPE has. On an endpoint they are left over, and do nothing.
    fn check_options(&self, report: &mut Report<'_>, kind: &str, fitting: &[&str]) {
        let kind = if kind.is_empty() { "standard" } else { kind };
        let options = self.options.iter().map(|(keyword, value)| (*keyword, &value.span));
        let exports = self.exports.iter().map(|(keyword, value)| (*keyword, &value.span));
        for (keyword, span) in options.chain(exports) {
            let fits =
                fitting.iter().any(|known| keyword == *known || (known.ends_with('_') && keyword.starts_with(known)));
            let message = format!("{keyword} is not a valid option of a {kind} node");
            match kind {
                _ if fits => {}
                "endpoint" => report.warning("D0405", span.clone(), message, Some("remove the line")),
                _ => report.error("D0405", span.clone(), message),
            }
        }
    }

    /// The older way to say what a materialized node writes to.
    fn engine(&self, report: &mut Report<'_>, kind: &NodeKind) -> Option<EngineNode> {
        let first = self
            .engine
            .iter()
            .chain(self.engine_options.values())
            .map(|value| value.span.clone())
            .min_by_key(|span| span.start)?;
        if !matches!(kind, NodeKind::Materialized { .. }) {
            let message = "an engine is an option of a materialized node only";
            report.error_with("D0103", first, message, "in a .datasource file it says how the rows are kept");
            return None;
        }
        Some(engine::engine(report, self.engine.as_ref(), &self.engine_options, None))
    }
}

impl Report<'_> {
    pub(super) fn schedule(&mut self, keyword: &str, value: &Spanned<String>) -> Option<Schedule> {
        match value.value.parse() {
            Ok(schedule) => Some(schedule),
            Err(message) => {
                let hint = "write @on-demand or five fields: minute, hour, day, month, day of the week";
                self.error_with("D0406", value.span.clone(), format!("{keyword}: {message}"), hint);
                None
            }
        }
    }
}

fn non_empty(span: &Range<usize>, otherwise: Range<usize>) -> Range<usize> {
    if span.is_empty() { otherwise } else { span.clone() }
}
