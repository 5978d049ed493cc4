use super::*;

#[test]
fn renders_line_and_caret() {
    let source = "NODE a\nSQL >\n  SELECT {{ Strin(x) }}\n";
    let start = source.find("Strin").expect("in the text");
    let diagnostic = Diagnostic::error("T0201", "a.pipe", start..start + 5, "unknown function \"Strin\"")
        .with_hint("did you mean \"String\"?");
    assert_eq!(
        diagnostic.render(source),
        "error[T0201]: unknown function \"Strin\"\n  --> a.pipe:3:13\n   |\n 3 |   SELECT {{ Strin(x) }}\n   |             ^^^^^ did you mean \"String\"?\n"
    );
}

#[test]
fn positions_survive_any_offset() {
    let source = "é\nü";
    for offset in 0..10 {
        position(source, offset);
    }
    assert_eq!(position(source, 3), Position { line: 2, column: 1 });
}

#[test]
fn editors_count_from_zero_and_in_utf16() {
    let source = "a\n𝄞é x\n";
    let at = source.find('x').expect("in the text");
    assert_eq!(lsp_position(source, at), Position { line: 1, column: 4 });
    assert_eq!(lsp_position(source, 3), Position { line: 1, column: 0 });
    assert_eq!(lsp_position(source, 99), Position { line: 2, column: 0 });
}

#[test]
fn nearest_finds_slips_only() {
    let known = ["String", "Int32", "DateTime"];
    assert_eq!(nearest("Strnig", known), Some("String"));
    assert_eq!(nearest("datetime", known), Some("DateTime"));
    assert_eq!(nearest("Banana", known), None);
}

#[test]
fn codes_are_unique_and_sorted_by_family() {
    let mut seen = std::collections::HashSet::new();
    for (code, _) in CODES {
        assert!(seen.insert(code), "{code} twice");
    }
}
