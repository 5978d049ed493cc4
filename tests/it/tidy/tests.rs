//! Every rule is shown something bad and something good.

use super::{File, rules};

/// How many complaints `rule` has about these files, given as path and text.
fn complaints(rule: fn(&[File]) -> Vec<String>, files: &[(&str, &str)]) -> usize {
    let files: Vec<File> =
        files.iter().map(|(path, text)| File { path: (*path).to_owned(), text: (*text).to_owned() }).collect();
    rule(&files).len()
}

#[test]
fn arrows() {
    let check = |path, text| complaints(rules::crate_arrows, &[(path, text)]);
    assert_eq!(check("host/Cargo.toml", "[dependencies]\nsanderling-core.workspace = true\ntokio = \"1\""), 0);
    assert_eq!(check("core/Cargo.toml", "[dependencies]\nsanderling = { path = \"../host\" }"), 1);
    assert_eq!(check("host/Cargo.toml", "[dev-dependencies]\nsanderling-edge.workspace = true"), 1);
    assert_eq!(check("edge-worker/Cargo.toml", "[dependencies.sanderling]\npath = \"../host\""), 1);
    assert_eq!(check("edge-worker/Cargo.toml", "[dependencies]\nworker = \"0.8\""), 0);
    assert_eq!(check("core/Cargo.toml", "[dependencies]\ncf = { package = \"worker\", version = \"0.8\" }"), 1);
    assert_eq!(check("utils/Cargo.toml", ""), 1);
}

const LIB: (&str, &str) =
    ("core/src/lib.rs", "//! Words.\n\npub mod error;\n\npub mod plan;\npub mod sql;\n\nmod exec;\n");

#[test]
fn modules_use_what_stands_above() {
    let check = |path, text| complaints(rules::module_order, &[LIB, (path, text)]);
    assert_eq!(check("core/src/exec/scan.rs", "use crate::error::Error;\nuse crate::{plan, sql::parse};"), 0);
    assert_eq!(check("core/src/error.rs", "use crate::plan::bind;"), 1);
    assert_eq!(check("core/src/plan/mod.rs", "use crate::{error::Error, exec};"), 1);
    assert_eq!(check("core/src/plan/mod.rs", "fn f() { crate::exec::run() }"), 1);
    assert_eq!(check("core/src/plan/mod.rs", "/// As [`crate::exec::run`] does."), 0);
    assert_eq!(check("core/src/error/tests.rs", "use crate::exec;"), 0);
    assert_eq!(check("core/src/stray.rs", ""), 1);
}

#[test]
fn modules_of_a_block_do_not_use_each_other() {
    let plan = ("core/src/plan.rs", "use crate::sql;");
    assert_eq!(complaints(rules::module_order, &[LIB, plan]), 0);
    // once for each of the two
    assert_eq!(complaints(rules::module_order, &[LIB, plan, ("core/src/sql.rs", "use crate::plan;")]), 2);
}

#[test]
fn the_engine_stays_inside() {
    let check = |path, text| complaints(rules::engine_stays_inside, &[(path, text)]);
    assert_eq!(check("core/src/exec/mod.rs", "use datafusion::prelude::*;"), 0);
    assert_eq!(check("core/src/query.rs", "use datafusion::prelude::*;"), 1);
    assert_eq!(check("host/src/main.rs", "fn f() -> datafusion::error::Result<()> {}"), 1);
    assert_eq!(check("host/src/main.rs", "use datafusion_common::Column;"), 1);
    assert_eq!(check("core/src/query.rs", "// what datafusion::x does"), 0);
    assert_eq!(check("core/src/query.rs", "let name = \"datafusion\";"), 0);
}

#[test]
fn files_are_short() {
    assert_eq!(complaints(rules::short_files, &[("core/src/a.rs", &"x\n".repeat(700))]), 0);
    assert_eq!(complaints(rules::short_files, &[("core/src/a.rs", &"x\n".repeat(701))]), 1);
    assert_eq!(complaints(rules::short_files, &[("tests/data/a.slt", &"x\n".repeat(7000))]), 0);
}

#[test]
fn tests_run() {
    let check = |path, text: String| complaints(rules::no_ignored_tests, &[(path, &text)]);
    let mark = |parts: &[&str]| parts.concat();
    assert_eq!(check("core/src/a/tests.rs", mark(&["#[test]\n#[", "ignore]\nfn f() {}"])), 1);
    assert_eq!(check("core/src/a/tests.rs", mark(&["#[", "ignore = \"slow\"]"])), 1);
    assert_eq!(check("js-sdk/src/a.test.ts", mark(&["test.", "skip(\"x\", () => {})"])), 1);
    assert_eq!(check("core/src/a.rs", "rows.skip(1)".to_owned()), 0);
}

#[test]
fn no_paths_of_one_machine() {
    let check = |text: String| complaints(rules::no_machine_paths, &[("docs/a.md", &text)]);
    assert_eq!(check(["see /ho", "me/ada/sanderling"].concat()), 1);
    assert_eq!(check(["\"/ro", "ot/.cargo\""].concat()), 1);
    assert_eq!(check("https://example.org/home/page and $HOME/x and docs/work/x".to_owned()), 0);
}

#[test]
fn lock_files_name_public_registries() {
    let check = |text| complaints(rules::public_registries, &[("js-sdk/package-lock.json", text)]);
    assert_eq!(check("  \"resolved\": \"https://registry.npmjs.org/a/-/a-1.tgz\","), 0);
    assert_eq!(check("  \"resolved\": \"https://npm.example.internal/a/-/a-1.tgz\","), 1);
}

#[test]
fn merges_are_finished() {
    let check = |text: String| complaints(rules::no_merge_marks, &[("docs/a.md", &text)]);
    assert_eq!(check("<".repeat(7) + " HEAD\na\n=======\nb\n" + &">".repeat(7) + " branch\n"), 2);
    assert_eq!(check("a << b\n=======\n".to_owned()), 0);
}
