//! `ENGINE` and its options → [`catalog::Engine`].

use super::lexer::{split_commas, trim};
use super::schema::Column;
use super::{Report, Spanned, ttl};
use crate::catalog::{Engine, EngineKind, Setting};
use crate::diagnostic::nearest;
use crate::limits::KEY_BRACKETS_MAX;
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

/// Keyword → option; the spellings without `ENGINE_` are old ones, and so are those of the engine Join.
pub(super) const OPTIONS: [(&str, &str); 20] = [
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
    ("ENGINE_JOIN_STRICTNESS", "JOIN_STRICTNESS"),
    ("ENGINE_JOIN_TYPE", "JOIN_TYPE"),
    ("ENGINE_KEY_COLUMNS", "KEY_COLUMNS"),
    ("SORTING_KEY", "SORTING_KEY"),
    ("PARTITION_KEY", "PARTITION_KEY"),
    ("PRIMARY_KEY", "PRIMARY_KEY"),
    ("SAMPLING_KEY", "SAMPLING_KEY"),
    ("TTL", "TTL"),
];

/// The option that a keyword sets.
pub(super) fn option(keyword: &str) -> Option<&'static str> {
    OPTIONS.iter().find(|(known, _)| *known == keyword).map(|(_, option)| *option)
}

/// The engine and where its expressions stand, for checks that come later.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EngineNode {
    pub engine: Engine,
    pub span: Range<usize>,
    pub sorting_key: Vec<Spanned<String>>,
    pub partition_key: Vec<Spanned<String>>,
    pub primary_key: Vec<Spanned<String>>,
    pub sampling_key: Option<Spanned<String>>,
    pub ttl: Option<Spanned<String>>,
    /// Columns that the engine's options name.
    pub columns: Vec<(&'static str, Spanned<String>)>,
}

/// Options by keyword, without `ENGINE_` in front.
pub(super) type Options = BTreeMap<&'static str, Spanned<String>>;

/// Without `columns` they are not known yet.
pub(super) fn engine(
    report: &mut Report<'_>,
    name: Option<&Spanned<String>>,
    options: &Options,
    columns: Option<&[Column]>,
) -> EngineNode {
    let span = name.map_or(0..0, |name| name.span.clone());
    let mut named = Vec::new();
    let kind = match name {
        Some(name) => kind(report, name, options, &mut named),
        None => EngineKind::MergeTree,
    };
    if let Some(columns) = columns {
        let names: Vec<&str> = columns.iter().map(|column| column.column.name.as_str()).collect();
        for (option, column) in named.iter().filter(|(_, column)| !names.contains(&column.value.as_str())) {
            let near = nearest(&column.value, names.iter().copied());
            let message = format!("ENGINE_{option} names {:?}, which is no column of the schema", column.value);
            report.push("D0303", column.span.clone(), message, near.map(|near| format!("did you mean {near:?}?")));
        }
    }
    let key = |option: &str| options.get(option).map_or(Vec::new(), expressions);
    let (sorting_key, partition_key, primary_key) = (key("SORTING_KEY"), key("PARTITION_KEY"), key("PRIMARY_KEY"));
    if sorting_key.is_empty() && matches!(kind, EngineKind::Replacing { .. } | EngineKind::Collapsing { .. }) {
        let message = format!("{} needs ENGINE_SORTING_KEY", kind.name());
        report.error_with("D0302", span.clone(), message, "rows with equal keys are merged");
    }
    if let EngineKind::Replacing { version: Some(version), .. } = &kind
        && let Some(key) = sorting_key.iter().find(|key| key.value.trim_matches('`') == version)
    {
        let message = format!(
            "the sorting key holds {version:?}, the column of ENGINE_VER: no two rows would be versions of one"
        );
        report.error("D0304", key.span.clone(), message);
    }
    let filled = |option: &str| options.get(option).filter(|value| !value.value.is_empty()).cloned();
    let (ttl, sampling_key) = (filled("TTL"), filled("SAMPLING_KEY"));
    let texts = |key: &[Spanned<String>]| key.iter().map(|expression| expression.value.clone()).collect();
    let engine = Engine {
        kind,
        sorting_key: texts(&sorting_key),
        partition_key: texts(&partition_key),
        primary_key: texts(&primary_key),
        sampling_key: sampling_key.as_ref().map(|key| key.value.clone()),
        ttl: ttl.as_ref().map_or(Vec::new(), |ttl| ttl::rules(report, ttl)),
        settings: filled("SETTINGS").map_or(BTreeMap::new(), |value| settings(report, &value)),
    };
    EngineNode { engine, span, sorting_key, partition_key, primary_key, sampling_key, ttl, columns: named }
}

/// `a, f(b, c)` → `a` and `f(b, c)`; `tuple()` is nothing, `tuple(a, b)` and `(a, b)` are `a`, `b`.
fn expressions(key: &Spanned<String>) -> Vec<Spanned<String>> {
    let text = &key.value;
    let mut parts = split_commas(text, 0..text.len());
    for _ in 0..KEY_BRACKETS_MAX {
        let [only] = &parts[..] else { break };
        let source = &text[only.clone()];
        let open = match source.to_ascii_lowercase() {
            lower if lower.starts_with("tuple(") => 6,
            lower if lower.starts_with('(') => 1,
            _ => break,
        };
        if closing(source, open - 1) != Some(source.len() - 1) {
            break;
        }
        parts = split_commas(text, trim(text, only.start + open..only.end - 1));
    }
    parts.into_iter().map(|part| Spanned { value: text[part.clone()].to_owned(), span: key.inside(part) }).collect()
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

/// `index_granularity = 32, ttl_only_drop_parts=1`
fn settings(report: &mut Report<'_>, value: &Spanned<String>) -> BTreeMap<String, Setting> {
    let mut out = BTreeMap::new();
    for part in split_commas(&value.value, 0..value.value.len()) {
        let text = &value.value[part.clone()];
        let pair = text.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
        match pair.filter(|(name, value)| is_word(name) && !value.is_empty()) {
            Some((name, value)) => drop(out.insert(name.to_owned(), setting(value))),
            None => {
                let message = format!("{text:?} is not a setting");
                report.error_with("D0307", value.inside(part), message, "write name = value, separated by commas");
            }
        }
    }
    out
}

fn setting(text: &str) -> Setting {
    if let Ok(number) = text.parse() {
        return Setting::Integer(number);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Setting::Float(number),
        _ => Setting::Text(text.trim_matches('\'').to_owned()),
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
}

fn kind(
    report: &mut Report<'_>,
    name: &Spanned<String>,
    options: &Options,
    named: &mut Vec<(&'static str, Spanned<String>)>,
) -> EngineKind {
    // word processors make such quotes
    let text = name.value.trim_matches(['“', '”', '"', '\'']).trim();
    let (word, arguments) = match text.split_once('(') {
        Some((word, rest)) => (word.trim(), rest.trim_end().trim_end_matches(')')),
        None => (text, ""),
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
        let value = value.trim_matches('`').to_owned();
        named.push((option, Spanned { value: value.clone(), span }));
        Some(value)
    };
    match word.to_ascii_lowercase().as_str() {
        "mergetree" => EngineKind::MergeTree,
        "replacingmergetree" => {
            let version = column("VER", 0, false);
            EngineKind::Replacing { version, is_deleted: column("IS_DELETED", 1, false) }
        }
        "summingmergetree" => {
            let given = options.get("COLUMNS").filter(|columns| !columns.value.is_empty());
            let text = given.map_or_else(|| arguments.join(","), |columns| columns.value.clone());
            let listed = text.trim_start_matches('(').trim_end_matches(')').split(',').map(str::trim);
            let listed: Vec<String> =
                listed.filter(|name| !name.is_empty()).map(|name| name.trim_matches('`').to_owned()).collect();
            let span = given.map_or(name.span.clone(), |columns| columns.span.clone());
            named.extend(listed.iter().map(|value| ("COLUMNS", Spanned { value: value.clone(), span: span.clone() })));
            EngineKind::Summing { columns: listed }
        }
        "aggregatingmergetree" => EngineKind::Aggregating,
        "collapsingmergetree" => EngineKind::Collapsing { sign: column("SIGN", 0, true).unwrap_or_default() },
        "versionedcollapsingmergetree" => {
            let sign = column("SIGN", 0, true).unwrap_or_default();
            EngineKind::VersionedCollapsing { sign, version: column("VERSION", 1, true).unwrap_or_default() }
        }
        "null" => EngineKind::Null,
        "join" => {
            let given = options.get("KEY_COLUMNS").filter(|columns| !columns.value.is_empty());
            let text =
                given.map_or_else(|| arguments.get(2..).unwrap_or_default().join(","), |keys| keys.value.clone());
            let keys: Vec<String> = (text.split(',').map(|key| key.trim().trim_matches('`')))
                .filter(|key| !key.is_empty())
                .map(str::to_owned)
                .collect();
            let span = given.map_or(name.span.clone(), |columns| columns.span.clone());
            if keys.is_empty() {
                report.error("D0302", span.clone(), "Join needs ENGINE_KEY_COLUMNS, columns of the schema");
            }
            named
                .extend(keys.iter().map(|value| ("KEY_COLUMNS", Spanned { value: value.clone(), span: span.clone() })));
            let word = |option: &str, position: usize, default: &str| {
                let given = options.get(option).map(|option| option.value.as_str()).filter(|value| !value.is_empty());
                given.or(arguments.get(position).copied()).unwrap_or(default).to_ascii_uppercase()
            };
            let (strictness, side) = (word("JOIN_STRICTNESS", 0, "ANY"), word("JOIN_TYPE", 1, "LEFT"));
            EngineKind::Join { strictness, side, keys }
        }
        _ => {
            let hint = nearest(word, NAMES).map(|near| format!("did you mean {near:?}?"));
            let message = format!("Engine {word} is not supported, supported engines include: {}", NAMES.join(", "));
            report.push("D0301", name.span.clone(), message, hint);
            EngineKind::MergeTree
        }
    }
}
