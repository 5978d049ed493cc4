//! `ENGINE` and its options → [`catalog::Engine`].

use super::lexer::{split_commas, trim};
use super::schema::Column;
use super::{Report, Spanned};
use crate::catalog::{Engine, EngineKind};
use crate::diagnostic::nearest;
use std::collections::BTreeMap;
use std::ops::Range;

const NAMES: [&str; 7] = [
    "MergeTree",
    "ReplacingMergeTree",
    "SummingMergeTree",
    "AggregatingMergeTree",
    "CollapsingMergeTree",
    "VersionedCollapsingMergeTree",
    "Null",
];

/// The engine and where its expressions stand, for checks that come later.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineNode {
    pub engine: Engine,
    pub span: Range<usize>,
    pub sorting_key: Vec<Range<usize>>,
    pub partition_key: Vec<Range<usize>>,
    pub primary_key: Vec<Range<usize>>,
}

/// Options by keyword, without `ENGINE_` in front.
pub(super) type Options = BTreeMap<&'static str, Spanned<String>>;

pub(super) fn engine(
    report: &mut Report<'_>,
    name: Option<&Spanned<String>>,
    options: &Options,
    columns: &[Column],
) -> EngineNode {
    let span = name.map_or(0..0, |name| name.span.clone());
    let kind = match name {
        Some(name) => kind(report, name, options, columns),
        None => EngineKind::MergeTree,
    };
    let key = |option: &str| -> (Vec<String>, Vec<Range<usize>>) {
        let Some(text) = options.get(option) else { return (Vec::new(), Vec::new()) };
        let spans = expressions(report.text, text.span.clone());
        (spans.iter().map(|span| report.text[span.clone()].to_owned()).collect(), spans)
    };
    let (sorting_key, sorting_spans) = key("SORTING_KEY");
    let (partition_key, partition_spans) = key("PARTITION_KEY");
    let (primary_key, primary_spans) = key("PRIMARY_KEY");
    if sorting_key.is_empty() && matches!(kind, EngineKind::Replacing { .. } | EngineKind::Collapsing { .. }) {
        let message = format!("{} needs ENGINE_SORTING_KEY", kind.name());
        report.error_with("D0302", span.clone(), message, "rows with equal keys are merged");
    }
    let engine = Engine {
        kind,
        sorting_key,
        partition_key,
        primary_key,
        ttl: options.get("TTL").map(|ttl| ttl.value.clone()).filter(|ttl| !ttl.is_empty()),
    };
    EngineNode { engine, span, sorting_key: sorting_spans, partition_key: partition_spans, primary_key: primary_spans }
}

/// `a, f(b, c)` → `a` and `f(b, c)`; `tuple()` is nothing, `tuple(a, b)` and `(a, b)` are `a`, `b`.
fn expressions(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let parts = split_commas(text, range);
    let [only] = &parts[..] else { return parts };
    let source = &text[only.clone()];
    let open = match source.to_ascii_lowercase() {
        lower if lower.starts_with("tuple(") => 6,
        lower if lower.starts_with('(') => 1,
        _ => return parts,
    };
    if closing(source, open - 1) != Some(source.len() - 1) {
        return parts;
    }
    expressions(text, trim(text, only.start + open..only.end - 1))
}

/// Where the bracket at `open` closes.
fn closing(source: &str, open: usize) -> Option<usize> {
    let mut depth = 0;
    for (index, byte) in source.bytes().enumerate().skip(open) {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(index);
        }
    }
    None
}

fn kind(report: &mut Report<'_>, name: &Spanned<String>, options: &Options, columns: &[Column]) -> EngineKind {
    let (word, arguments) = match name.value.split_once('(') {
        Some((word, rest)) => (word.trim(), rest.trim_end().trim_end_matches(')')),
        None => (name.value.trim(), ""),
    };
    let arguments: Vec<&str> = arguments.split(',').map(str::trim).filter(|argument| !argument.is_empty()).collect();
    let mut column = |option: &'static str, position: usize, required: bool| -> Option<String> {
        let given = options.get(option);
        let value = given.map(|option| option.value.as_str()).or(arguments.get(position).copied());
        let span = given.map_or(name.span.clone(), |option| option.span.clone());
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            if required {
                report.error("D0302", span, format!("{word} needs ENGINE_{option}, a column of the schema"));
            }
            return None;
        };
        let value = value.trim_matches('`');
        if !columns.iter().any(|column| column.column.name == value) {
            let near = nearest(value, columns.iter().map(|column| column.column.name.as_str()));
            let message = format!("ENGINE_{option} names {value:?}, which is no column of the schema");
            report.push("D0303", span, message, near.map(|near| format!("did you mean {near:?}?")));
        }
        Some(value.to_owned())
    };
    match word.to_ascii_lowercase().as_str() {
        "mergetree" => EngineKind::MergeTree,
        "replacingmergetree" => {
            let version = column("VER", 0, false);
            EngineKind::Replacing { version, is_deleted: column("IS_DELETED", 1, false) }
        }
        "summingmergetree" => {
            let text = options.get("COLUMNS").map_or(String::new(), |columns| columns.value.clone());
            let text = if text.is_empty() { arguments.join(",") } else { text };
            let listed = text.trim_start_matches('(').trim_end_matches(')').split(',').map(|name| name.trim());
            let listed: Vec<String> =
                listed.filter(|name| !name.is_empty()).map(|name| name.trim_matches('`').to_owned()).collect();
            for unknown in listed.iter().filter(|name| !columns.iter().any(|column| column.column.name == **name)) {
                let span = options.get("COLUMNS").map_or(name.span.clone(), |columns| columns.span.clone());
                let near = nearest(unknown, columns.iter().map(|column| column.column.name.as_str()));
                let message = format!("ENGINE_COLUMNS names {unknown:?}, which is no column of the schema");
                report.push("D0303", span, message, near.map(|near| format!("did you mean {near:?}?")));
            }
            EngineKind::Summing { columns: listed }
        }
        "aggregatingmergetree" => EngineKind::Aggregating,
        "collapsingmergetree" => EngineKind::Collapsing { sign: column("SIGN", 0, true).unwrap_or_default() },
        "versionedcollapsingmergetree" => {
            let sign = column("SIGN", 0, true).unwrap_or_default();
            EngineKind::VersionedCollapsing { sign, version: column("VERSION", 1, true).unwrap_or_default() }
        }
        "null" => EngineKind::Null,
        _ => {
            let hint = nearest(word, NAMES).map(|near| format!("did you mean {near:?}?"));
            let message = format!("Engine {word} is not supported, supported engines include: {}", NAMES.join(", "));
            report.push("D0301", name.span.clone(), message, hint);
            EngineKind::MergeTree
        }
    }
}
