//! Generated documents: the committed text is what the code says. `UPDATE=1` writes it anew.

use std::path::Path;

#[test]
fn sql_functions() {
    check("docs/sql.md", &sanderling_core::function::reference());
}

#[test]
fn error_codes() {
    let cases = crate::pipes::cases();
    let cases = cases.iter().map(|path| std::fs::read_to_string(path).expect("is readable"));
    let examples: String = cases.filter_map(|case| Some(case.split_once("=== diagnostics\n")?.1.to_owned())).collect();
    check("docs/errors.md", &sanderling_core::diagnostic::reference(|code| example(&examples, code)));
}

/// The first message of a code in the case files.
fn example(examples: &str, code: &str) -> Option<String> {
    let mark = format!("[{code}]: ");
    let mut lines = examples.lines().skip_while(|line| !line.contains(&mark));
    let first = lines.next()?;
    let rest = lines.take_while(|line| line.starts_with([' ', '1', '2', '3', '4', '5', '6', '7', '8', '9']));
    Some(std::iter::once(first).chain(rest).collect::<Vec<_>>().join("\n"))
}

fn check(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).expect("the document can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{} is not what the code says; run with UPDATE=1", path.display());
}
