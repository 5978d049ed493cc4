//! Expressions over arrays, tuples, maps and JSON with ClickHouse's answers, which `tests/record/expressions.py`
//! has recorded.

use super::*;

/// What we answer, in the form of the file.
pub(super) fn answered(sql: &str, prelude: &str) -> String {
    let (is_statement, text) = match sql.split_once(' ') {
        Some(("SELECT" | "WITH", _)) => (true, format!("{prelude} {sql}")),
        _ => (false, format!("SELECT toTypeName({sql}), {sql}")),
    };
    let catalog = Catalog::empty("w", "test");
    let source = Source::Sql { text, pipeline: None, params: Params::default() };
    let run = || -> Result<String> {
        let mut query = Query::new(&catalog, source, options(Visible::everything()))?;
        query.prune(&Snapshot { version: 1, manifests: BTreeMap::new(), tail: BTreeMap::new(), block: Vec::new() })?;
        let answer = query.run()?;
        let results = format::Results::of(&answer.rows);
        let format = format::find(if is_statement { "TSVWithNamesAndTypes" } else { "TSV" }).expect("a format");
        Ok(String::from_utf8(format.write(&results, &format::Options::default())?).expect("text"))
    };
    match run() {
        Ok(text) if is_statement => {
            format!("=\t{}", text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n"))
        }
        Ok(text) => text.trim_end_matches('\n').to_owned(),
        Err(error) => format!("!\t{} {}", error.exception_code.unwrap_or(0), error.message),
    }
}

/// Each line is right, or is listed as different with the reason.
#[track_caller]
pub(super) fn replay(recorded: &str) {
    let mut wrong = Vec::new();
    let mut count = 0;
    let mut different: Option<&str> = None;
    let mut prelude = "";
    for line in recorded.lines() {
        if let Some(text) = line.strip_prefix("# with: ") {
            prelude = text;
            continue;
        }
        if let Some(reason) = line.strip_prefix("# differs: ") {
            different = Some(reason);
            continue;
        }
        let Some((sql, expected)) = line.split_once('\t').filter(|_| !line.starts_with('#')) else { continue };
        count += 1;
        let found = answered(sql, prelude);
        let right = if expected.starts_with('!') { found.starts_with('!') } else { found == expected };
        match (right, different.take()) {
            (true, Some(_)) => wrong.push(format!("{sql}\n  is right by now")),
            (false, None) => wrong.push(format!("{sql}\n    is {found}\n   not {expected}")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn arrays() {
    replay(include_str!("arrays.tsv"));
}

#[test]
fn json_columns() {
    replay(include_str!("json.tsv"));
}

#[test]
fn rows() {
    replay(include_str!("rows.tsv"));
}

#[test]
fn nested() {
    replay(include_str!("nested.tsv"));
}
