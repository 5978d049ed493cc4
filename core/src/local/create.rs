//! `CREATE TABLE` and `CREATE VIEW`.

use super::lexer::Cursor;
use super::statement::{CreateTable, Statement, settings};
use crate::catalog::{Column, DataSource, EngineKind, Setting};
use crate::error::{Error, Result};
use crate::value::DataType;

const UNKNOWN_STORAGE: u16 = 56;
const UNKNOWN_TYPE: u16 = 50;

/// What follows `CREATE`.
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Statement> {
    let or_replace = cursor.eat("OR REPLACE");
    cursor.eat("TEMPORARY");
    if cursor.eat("DATABASE") || cursor.eat("FUNCTION") {
        return Ok(Statement::Nothing);
    }
    let is_materialized = cursor.eat("MATERIALIZED VIEW");
    let is_view = !is_materialized && cursor.eat("VIEW");
    if !is_view && !is_materialized {
        cursor.expect("TABLE")?;
    }
    let if_not_exists = cursor.eat("IF NOT EXISTS");
    let name = cursor.table_name()?;
    if cursor.eat("ON CLUSTER") {
        cursor.name()?;
    }
    if is_view {
        // columns before AS only repeat the query's
        if cursor.eat_mark(b'(') {
            cursor.until(|_| false);
            cursor.expect_mark(b')')?;
        }
        cursor.expect("AS")?;
        let query = cursor.text[cursor.place()..].to_owned();
        return Ok(Statement::CreateView { name, if_not_exists, or_replace, query });
    }
    let to = if is_materialized && cursor.eat("TO") { Some(cursor.table_name()?) } else { None };
    let columns = if cursor.eat_mark(b'(') { column_list(cursor)? } else { Vec::new() };
    let mut create = CreateTable {
        if_not_exists,
        or_replace,
        data_source: DataSource { name, columns, ..DataSource::default() },
        like: None,
        query: None,
    };
    clauses(cursor, &mut create)?;
    let create = Box::new(create);
    Ok(match is_materialized {
        true => Statement::CreateMaterialized { create, to },
        false => Statement::CreateTable(create),
    })
}

/// ENGINE, ORDER BY and so on, in any order; AS last.
fn clauses(cursor: &mut Cursor<'_>, create: &mut CreateTable) -> Result<()> {
    let engine = &mut create.data_source.engine;
    while !cursor.is_done() {
        if cursor.eat("ENGINE") {
            cursor.eat_mark(b'=');
            engine.kind = engine_kind(cursor)?;
        } else if cursor.eat("ORDER BY") {
            engine.sorting_key = key(cursor);
        } else if cursor.eat("PARTITION BY") {
            engine.partition_key = key(cursor);
        } else if cursor.eat("PRIMARY KEY") {
            engine.primary_key = key(cursor);
        } else if cursor.eat("SAMPLE BY") {
            engine.sampling_key = key(cursor).pop();
        } else if cursor.eat("TTL") {
            // rows in memory go with the process
            cursor.until(starts_clause);
        } else if cursor.eat("COMMENT") {
            create.data_source.description = cursor.text().unwrap_or_default();
        } else if cursor.eat("SETTINGS") {
            engine.settings.extend(settings(cursor)?.into_iter().map(|(name, value)| (name, Setting::Text(value))));
        } else if cursor.eat("POPULATE") || cursor.eat("EMPTY AS") {
            return Err(cursor.unexpected("AS"));
        } else if cursor.eat("AS") {
            let is_query = cursor.is_word("SELECT") || cursor.is_word("WITH") || cursor.is_mark(b'(');
            if is_query {
                create.query = Some(cursor.text[cursor.place()..].to_owned());
                return Ok(());
            }
            create.like = Some(cursor.table_name()?);
        } else if cursor.eat_mark(b';') {
        } else {
            return Err(cursor.unexpected("ENGINE, ORDER BY, PARTITION BY, SETTINGS or AS"));
        }
    }
    // a primary key alone is the sorting key too
    if engine.sorting_key.is_empty() {
        engine.sorting_key = engine.primary_key.clone();
    }
    Ok(())
}

fn starts_clause(cursor: &Cursor<'_>) -> bool {
    let mut ahead = cursor.clone();
    ["ENGINE", "ORDER BY", "PARTITION BY", "PRIMARY KEY", "SAMPLE BY", "TTL", "SETTINGS", "COMMENT", "AS"]
        .iter()
        .any(|clause| ahead.eat(clause))
}

/// The expressions of a key: `x`, `(x, y)`, `tuple()`.
fn key(cursor: &mut Cursor<'_>) -> Vec<String> {
    let range = cursor.until(starts_clause);
    let text = cursor.text[range].trim().trim_end_matches(';').trim();
    let lower = text.to_ascii_lowercase();
    let inner = match (lower.starts_with("tuple(") || text.starts_with('('), text.ends_with(')')) {
        (true, true) => &text[text.find('(').map_or(0, |at| at + 1)..text.len() - 1],
        _ => return if text.is_empty() { Vec::new() } else { vec![text.to_owned()] },
    };
    let mut parts = Cursor::new(inner);
    let mut expressions = Vec::new();
    while !parts.is_done() {
        let range = parts.until(|cursor| cursor.is_mark(b','));
        expressions.push(inner[range].trim().to_owned());
        // a bracket that closes the first one early: `(a) + (b)` is one expression
        if !parts.eat_mark(b',') && !parts.is_done() {
            return vec![text.to_owned()];
        }
    }
    expressions
}

fn engine_kind(cursor: &mut Cursor<'_>) -> Result<EngineKind> {
    let name = cursor.name()?;
    let mut arguments = Vec::new();
    if cursor.eat_mark(b'(') {
        while !cursor.eat_mark(b')') {
            let start = cursor.place();
            let range = cursor.until(|cursor| cursor.is_mark(b','));
            arguments.push(cursor.text[range].trim().to_owned());
            cursor.eat_mark(b',');
            if cursor.place() == start {
                return Err(cursor.unexpected(")"));
            }
        }
    }
    let plain = name.strip_prefix("Replicated").or(name.strip_prefix("Shared")).unwrap_or(&name);
    // path and replica of a replicated table
    arguments.retain(|argument| !argument.starts_with('\''));
    let mut arguments = arguments.into_iter();
    let missing = || Error::invalid(format!("{name} needs the name of a column")).with_exception_code(42);
    Ok(match plain {
        "MergeTree" | "Memory" | "Log" | "TinyLog" | "StripeLog" | "Set" => EngineKind::MergeTree,
        "ReplacingMergeTree" => EngineKind::Replacing { version: arguments.next(), is_deleted: arguments.next() },
        "SummingMergeTree" => EngineKind::Summing {
            columns: arguments
                .flat_map(|list| {
                    let list = list.trim_matches(['(', ')']).to_owned();
                    list.split(',').map(|column| column.trim().to_owned()).collect::<Vec<_>>()
                })
                .collect(),
        },
        "AggregatingMergeTree" => EngineKind::Aggregating,
        "CollapsingMergeTree" => EngineKind::Collapsing { sign: arguments.next().ok_or_else(missing)? },
        "VersionedCollapsingMergeTree" => EngineKind::VersionedCollapsing {
            sign: arguments.next().ok_or_else(missing)?,
            version: arguments.next().ok_or_else(missing)?,
        },
        "Null" => EngineKind::Null,
        "Join" => EngineKind::Join {
            strictness: arguments.next().ok_or_else(missing)?.to_ascii_uppercase(),
            side: arguments.next().ok_or_else(missing)?.to_ascii_uppercase(),
            keys: arguments.collect(),
        },
        _ => {
            return Err(Error::invalid(format!("unknown table engine {name}")).with_exception_code(UNKNOWN_STORAGE));
        }
    })
}

/// What follows the opening bracket, with the closing one.
pub(super) fn column_list(cursor: &mut Cursor<'_>) -> Result<Vec<Column>> {
    let mut columns = Vec::new();
    while !cursor.eat_mark(b')') {
        if cursor.is_word("INDEX") || cursor.is_word("CONSTRAINT") || cursor.is_word("PROJECTION") {
            cursor.until(|cursor| cursor.is_mark(b','));
        } else {
            let written = cursor.clone();
            let column = column(cursor)?;
            match column.data_type {
                DataType::Array(item) if is_nested(written) => columns.extend(flattened(&column.name, *item)),
                data_type => columns.push(Column { data_type, ..column }),
            }
        }
        if !cursor.eat_mark(b',') && !cursor.is_mark(b')') {
            return Err(cursor.unexpected(", or )"));
        }
    }
    Ok(columns)
}

/// Whether the column at hand has the type `Nested(…)`.
fn is_nested(mut cursor: Cursor<'_>) -> bool {
    cursor.skip();
    cursor.is_word("Nested")
}

/// `n Nested(a UInt8)` is the column `n.a Array(UInt8)`.
fn flattened(name: &str, item: DataType) -> Vec<Column> {
    let DataType::Tuple(parts) = item else { return Vec::new() };
    let parts = parts.into_iter().enumerate().map(|(index, (part, data_type))| Column {
        name: format!("{name}.{}", part.unwrap_or_else(|| (index + 1).to_string())),
        data_type: data_type.array(),
        json_path: None,
        default: None,
    });
    parts.collect()
}

/// A type from its text, as SQL writes it.
pub(super) fn data_type(text: &str) -> Result<DataType> {
    DataType::parse(text).map_err(|message| Error::invalid(message).with_exception_code(UNKNOWN_TYPE))
}

const AFTER_TYPE: &[&str] = &[
    "DEFAULT",
    "MATERIALIZED",
    "ALIAS",
    "EPHEMERAL",
    "CODEC",
    "COMMENT",
    "TTL",
    "NOT",
    "NULL",
    "PRIMARY",
    "STATISTICS",
    "SETTINGS",
];

fn column(cursor: &mut Cursor<'_>) -> Result<Column> {
    let mut name = cursor.name()?;
    while cursor.eat_mark(b'.') {
        name = format!("{name}.{}", cursor.name()?);
    }
    let ends_part = |cursor: &Cursor<'_>| cursor.is_mark(b',') || AFTER_TYPE.iter().any(|word| cursor.is_word(word));
    let range = cursor.until(ends_part);
    let written = cursor.text[range].trim();
    let mut typed = if written.is_empty() { None } else { Some(data_type(written)?) };
    let mut default = None;
    loop {
        if ["DEFAULT", "MATERIALIZED", "ALIAS", "EPHEMERAL"].iter().any(|word| cursor.eat(word)) {
            let range = cursor.until(ends_part);
            let text = cursor.text[range].trim();
            default = (!text.is_empty()).then(|| text.to_owned());
        } else if cursor.eat("NOT NULL") || cursor.eat("PRIMARY KEY") {
        } else if cursor.eat("NULL") {
            typed = typed.map(DataType::nullable);
        } else if ["CODEC", "COMMENT", "TTL", "STATISTICS", "SETTINGS"].iter().any(|word| cursor.eat(word)) {
            cursor.until(ends_part);
        } else {
            break;
        }
    }
    let data_type = match (typed, &default) {
        (Some(data_type), _) => data_type,
        (None, Some(expression)) => {
            let texts = [expression.clone()];
            let bound = crate::plan::Expressions::new(&texts, &crate::batch::Schema::default())?;
            bound.types()[0].clone()
        }
        (None, None) => return Err(cursor.unexpected("a type")),
    };
    Ok(Column { name, data_type, json_path: None, default })
}
