use super::*;

#[track_caller]
fn check_config(text: &str, expected: &str) {
    let (config, diagnostics) = config::parse(text, "tinybird.config.json");
    let problems =
        diagnostics.iter().map(|problem| format!("{} at {:?}", problem.message, &text[problem.span.clone()]));
    let shown =
        std::iter::once(format!("{:?} {:?} {:?}", config.folder, config.include, config.dev_mode)).chain(problems);
    assert_eq!(shown.collect::<Vec<_>>().join("; "), expected);
}

#[test]
fn configurations() {
    check_config(r#"{"folder": "data", "devMode": "local"}"#, r#"Some("data") [] Local"#);
    check_config(r#"{"include": ["a.ts"], "baseUrl": "x"}"#, r#"None ["a.ts"] Manual"#);
    check_config(
        r#"{"dev_mode": "x"}"#,
        r#"None [] Manual; dev_mode "x" is not manual, local or branch at "\"dev_mode\"""#,
    );
    check_config(r#"{"fodler": "x"}"#, r#"None [] Manual; "fodler" is not known at "\"fodler\"""#);
    check_config(r#"{"folder": 1}"#, r#"None [] Manual; folder cannot be 1 at "\"folder\"""#);
    check_config(
        "{\n  x }",
        "None [] Manual; the configuration is not a JSON object: key must be a string at line 2 column 3 at \"x }\"",
    );
}

#[test]
fn secrets_of_a_file() {
    let text = "# a comment\nA=1\n export B = \"two # 2\" # why\nC='x'\nD=y # z\nnonsense\nE=\n";
    let shown: Vec<_> =
        env::definitions(text).into_iter().map(|(name, value, span)| (name, value, text[span].to_owned())).collect();
    let expected = [("A", "1"), ("B", "two # 2"), ("C", "x"), ("D", "y"), ("E", "")];
    let expected: Vec<_> =
        expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned(), (*name).to_owned())).collect();
    assert_eq!(shown, expected);
}
