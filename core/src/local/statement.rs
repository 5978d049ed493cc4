//! One statement's text → what it asks for.

use super::create;
use super::lexer::{Cursor, Kind};
use crate::catalog::DataSource;
use crate::error::Result;
use std::ops::Range;

#[derive(Debug)]
pub(super) enum Statement {
    /// A SELECT, as written.
    Query,
    Explain(String),
    CreateTable(Box<CreateTable>),
    CreateView {
        name: String,
        if_not_exists: bool,
        or_replace: bool,
        query: String,
    },
    /// Rows of its query, made as rows come into what the query reads, go into `to`, or into a table of
    /// the view's own.
    CreateMaterialized {
        create: Box<CreateTable>,
        to: Option<String>,
    },
    Insert(Insert),
    Drop {
        name: String,
        if_exists: bool,
    },
    Truncate {
        name: String,
        if_exists: bool,
    },
    Rename(Vec<(String, String)>),
    Set(Vec<(String, String)>),
    Describe(String),
    Exists(String),
    ShowTables,
    ShowCreate(String),
    /// Folds all rows as the table's engine does when it merges.
    Optimize(String),
    /// What has no meaning for one database in memory: `CREATE DATABASE`, `USE`.
    Nothing,
}

#[derive(Debug)]
pub(super) struct CreateTable {
    pub if_not_exists: bool,
    pub or_replace: bool,
    /// Without columns if they are those of the query or of the table in `like`.
    pub data_source: DataSource,
    pub like: Option<String>,
    pub query: Option<String>,
}

#[derive(Debug)]
pub(super) struct Insert {
    pub table: String,
    pub columns: Columns,
    pub rows: Rows,
}

/// The columns that an INSERT names.
#[derive(Debug)]
pub(super) enum Columns {
    All,
    These(Vec<String>),
    Except(Vec<String>),
}

/// Where an INSERT's rows come from; ranges are of the statement's text.
#[derive(Debug)]
pub(super) enum Rows {
    Values(Range<usize>),
    Query(Range<usize>),
    Format { name: String, data: Range<usize> },
}

/// The statements of a text that holds several: each without its semicolon.
///
/// The data of `INSERT … FORMAT` goes up to an empty line, or to a line that is a semicolon.
pub fn split(text: &str) -> Vec<&str> {
    let mut statements = Vec::new();
    let mut start = 0;
    let mut at = 0;
    let mut words: Vec<String> = Vec::new();
    while let Some(token) = super::lexer::next(text, at) {
        at = token.range.end;
        if token.kind == Kind::Mark(b';') {
            statements.push(&text[start..token.range.start]);
            start = at;
            words.clear();
            continue;
        }
        if token.kind != Kind::Word {
            continue;
        }
        words.push(text[token.range].to_ascii_uppercase());
        let is_insert = words[0] == "INSERT" && !words.iter().any(|word| matches!(word.as_str(), "SELECT" | "VALUES"));
        if is_insert && words.len() > 2 && words[words.len() - 2] == "FORMAT" && words[words.len() - 1] != "VALUES" {
            let data = &text[at..];
            let end = ["\n\n", "\n;\n", "\n;"].iter().filter_map(|mark| data.find(mark)).min().unwrap_or(data.len());
            at += end;
            statements.push(&text[start..at]);
            at += data[end..].find(|c: char| !c.is_whitespace() && c != ';').unwrap_or(data.len() - end);
            start = at;
            words.clear();
        }
    }
    statements.push(&text[start..]);
    statements.retain(|statement| super::lexer::next(statement, 0).is_some());
    statements.into_iter().map(str::trim).collect()
}

pub(super) fn parse(text: &str) -> Result<Statement> {
    let mut cursor = Cursor::new(text);
    let cursor = &mut cursor;
    if cursor.eat("CREATE") || cursor.eat("ATTACH") {
        return create::parse(cursor);
    }
    if cursor.is_word("INSERT") {
        return insert(cursor).map(Statement::Insert);
    }
    if cursor.eat("EXPLAIN") {
        for kind in ["PLAN", "AST", "SYNTAX", "QUERY TREE", "PIPELINE", "ESTIMATE"] {
            cursor.eat(kind);
        }
        // `header = 1, actions = 1`: how much is told
        cursor.until(|cursor| cursor.is_word("SELECT") || cursor.is_word("WITH") || cursor.is_mark(b'('));
        return Ok(Statement::Explain(text[cursor.place()..].to_owned()));
    }
    if cursor.eat("DROP") || cursor.eat("DETACH") {
        if cursor.eat("DATABASE") || cursor.eat("FUNCTION") {
            return Ok(Statement::Nothing);
        }
        cursor.eat("TEMPORARY");
        let _ = cursor.eat("TABLE") || cursor.eat("VIEW") || cursor.eat("DICTIONARY");
        let if_exists = cursor.eat("IF EXISTS");
        return Ok(Statement::Drop { name: cursor.table_name()?, if_exists });
    }
    if cursor.eat("TRUNCATE") {
        cursor.eat("TABLE");
        let if_exists = cursor.eat("IF EXISTS");
        return Ok(Statement::Truncate { name: cursor.table_name()?, if_exists });
    }
    if cursor.eat("RENAME TABLE") {
        let mut names = Vec::new();
        loop {
            let from = cursor.table_name()?;
            cursor.expect("TO")?;
            names.push((from, cursor.table_name()?));
            if !cursor.eat_mark(b',') {
                return Ok(Statement::Rename(names));
            }
        }
    }
    if cursor.eat("SET") {
        return settings(cursor).map(Statement::Set);
    }
    if cursor.eat("DESCRIBE") || cursor.eat("DESC") {
        cursor.eat("TABLE");
        return Ok(Statement::Describe(text[cursor.place()..].to_owned()));
    }
    if cursor.eat("EXISTS") {
        let _ = cursor.eat("TEMPORARY TABLE") || cursor.eat("TABLE") || cursor.eat("VIEW");
        return Ok(Statement::Exists(cursor.table_name()?));
    }
    if cursor.eat("SHOW CREATE") {
        let _ = cursor.eat("TABLE") || cursor.eat("VIEW");
        return Ok(Statement::ShowCreate(cursor.table_name()?));
    }
    if cursor.eat("SHOW TABLES") {
        return Ok(Statement::ShowTables);
    }
    if cursor.eat("OPTIMIZE") {
        cursor.eat("TABLE");
        return Ok(Statement::Optimize(cursor.table_name()?));
    }
    if ["USE", "SYSTEM"].iter().any(|word| cursor.is_word(word)) {
        return Ok(Statement::Nothing);
    }
    Ok(Statement::Query)
}

fn insert(cursor: &mut Cursor<'_>) -> Result<Insert> {
    cursor.expect("INSERT INTO")?;
    cursor.eat("TABLE");
    let table = cursor.table_name()?;
    let mut columns = Columns::All;
    if cursor.is_mark(b'(') && !is_query(cursor) {
        cursor.skip();
        columns = column_list(cursor)?;
    }
    // they say how to insert, which does not change what is inserted
    if cursor.eat("SETTINGS") {
        settings(cursor)?;
    }
    let rows = if cursor.eat("FORMAT") {
        let name = cursor.name()?;
        let end = cursor.end_of_last();
        match name.eq_ignore_ascii_case("Values") {
            true => Rows::Values(end..cursor.text.len()),
            false => Rows::Format { name, data: data(cursor.text, end) },
        }
    } else if cursor.eat("VALUES") {
        Rows::Values(cursor.end_of_last()..cursor.text.len())
    } else if is_query(cursor) || cursor.is_mark(b'(') {
        Rows::Query(cursor.place()..cursor.text.len())
    } else {
        return Err(cursor.unexpected("VALUES, FORMAT or SELECT"));
    };
    Ok(Insert { table, columns, rows })
}

/// `SELECT`, `WITH`, or a bracket around one.
fn is_query(cursor: &Cursor<'_>) -> bool {
    let mut inner = cursor.clone();
    while inner.eat_mark(b'(') {}
    inner.is_word("SELECT") || inner.is_word("WITH")
}

fn column_list(cursor: &mut Cursor<'_>) -> Result<Columns> {
    let except = cursor.eat_mark(b'*');
    if except {
        if cursor.eat_mark(b')') {
            return Ok(Columns::All);
        }
        cursor.expect("EXCEPT")?;
        cursor.expect_mark(b'(')?;
    }
    let mut names = Vec::new();
    loop {
        let mut name = cursor.name()?;
        // a part of a Nested column
        while cursor.eat_mark(b'.') {
            name = format!("{name}.{}", cursor.name()?);
        }
        names.push(name);
        if !cursor.eat_mark(b',') {
            break;
        }
    }
    cursor.expect_mark(b')')?;
    if !except {
        return Ok(Columns::These(names));
    }
    cursor.expect_mark(b')')?;
    Ok(Columns::Except(names))
}

/// White space behind the format's name is no data, nor is the semicolon at the end.
fn data(text: &str, from: usize) -> Range<usize> {
    let rest = &text[from..];
    let skipped = match rest.trim_start_matches([' ', '\t', '\r']).strip_prefix('\n') {
        Some(line) => rest.len() - line.len(),
        None => rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len(),
    };
    from + skipped..text.len()
}

/// `a = 1, b = 'x'`, each value as text.
pub(super) fn settings(cursor: &mut Cursor<'_>) -> Result<Vec<(String, String)>> {
    let mut settings = Vec::new();
    loop {
        let name = cursor.name()?;
        let value = match cursor.eat_mark(b'=') {
            true => match cursor.text() {
                Some(text) => text,
                None => {
                    let stops = ["FORMAT", "VALUES", "SELECT", "AS", "COMMENT"];
                    let range = cursor.until(|cursor| {
                        cursor.is_mark(b',') || cursor.is_mark(b';') || stops.iter().any(|word| cursor.is_word(word))
                    });
                    cursor.text[range].to_owned()
                }
            },
            // `SET flag` is `SET flag = 1`
            false => "1".to_owned(),
        };
        settings.push((name, value));
        if !cursor.eat_mark(b',') {
            return Ok(settings);
        }
    }
}
