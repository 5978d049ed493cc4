use super::*;

mod mutations;
mod slt;

#[test]
fn texts_fall_into_statements() {
    let check = |text: &str, expected: &[&str]| assert_eq!(split(text), expected, "{text}");
    check("SELECT 1", &["SELECT 1"]);
    check(" SELECT ';' ; -- no; more\n;SELECT `a;b` /* ; */;\n", &["SELECT ';'", "SELECT `a;b` /* ; */"]);
    check("INSERT INTO t FORMAT CSV\n1,'a;b'\n2,\n\nSELECT 2;", &["INSERT INTO t FORMAT CSV\n1,'a;b'\n2,", "SELECT 2"]);
    check(
        "INSERT INTO t VALUES (1); SELECT 1 FORMAT JSON; SELECT 2",
        &["INSERT INTO t VALUES (1)", "SELECT 1 FORMAT JSON", "SELECT 2"],
    );
    check("", &[]);
}
