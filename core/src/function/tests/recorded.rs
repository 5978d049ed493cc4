//! Expressions with the type and value that ClickHouse gave them, one a line: `expression ⇥ type ⇥ value`, or
//! `expression ⇥ !ERROR_NAME`.

use super::evaluator::{evaluate, type_of};

const RECORDED: &[(&str, &str)] = &[
    ("dates", include_str!("recorded/dates.tsv")),
    ("conversions", include_str!("recorded/conversions.tsv")),
    ("numbers", include_str!("recorded/numbers.tsv")),
    ("logic", include_str!("recorded/logic.tsv")),
];

/// What is wrong with a line, if anything is.
pub(super) fn difference(line: &str) -> Option<String> {
    let (sql, expected) = line.split_once('\t').expect("a line has two or three parts");
    let found = std::panic::catch_unwind(|| {
        let value = evaluate(sql)?;
        let value = match value.as_str() {
            "\\N" => value,
            text => escaped(text),
        };
        Ok::<_, String>(format!("{}\t{value}", type_of(sql)?))
    });
    match found {
        Err(_) => Some(format!("{sql}\n    panics\n   not {expected}")),
        Ok(Err(_)) if expected.starts_with('!') => None,
        Ok(Err(error)) => Some(format!("{sql}\n    is error: {error}\n   not {expected}")),
        Ok(Ok(found)) if found == expected => None,
        Ok(Ok(found)) => Some(format!("{sql}\n    is {found}\n   not {expected}")),
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t").replace('\0', "\\0")
}

#[test]
fn recorded_expressions() {
    let mut wrong = Vec::new();
    for (family, lines) in RECORDED {
        wrong.extend(lines.lines().filter_map(difference).map(|wrong| format!("{family}: {wrong}")));
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
}
