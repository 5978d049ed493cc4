//! Generated documents: the committed text is what the code says. `UPDATE=1` writes it anew.

use std::path::Path;

#[test]
fn sql_functions() {
    check("docs/sql.md", &sanderling_core::function::reference());
}

fn check(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).expect("the document can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{} is not what the code says; run with UPDATE=1", path.display());
}
