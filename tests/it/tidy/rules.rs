//! The rules themselves. A complaint says where, what, and what to do.

use super::File;
use std::collections::{BTreeMap, BTreeSet};

type Rule = fn(&[File]) -> Vec<String>;

pub(super) const ALL: &[Rule] = &[
    crate_arrows,
    module_order,
    engine_stays_inside,
    short_files,
    no_ignored_tests,
    no_machine_paths,
    public_registries,
    no_merge_marks,
];

const LINES_MAX: usize = 700;

/// Crate of ours → the crates of ours that it may depend on: `edge-worker ▶ core ◀ host ◀ tests`.
const ARROWS: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("edge-worker", &["sanderling-core"]),
    ("host", &["sanderling-core"]),
    ("tests", &["sanderling", "sanderling-core", "xtask"]),
    ("xtask", &[]),
];

pub(super) fn crate_arrows(files: &[File]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with("Cargo.toml") && file.path != "Cargo.toml") {
        let folder = file.path.trim_end_matches("/Cargo.toml");
        let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| *known == folder) else {
            complaints.push(format!("{}: a new crate; say in tidy's ARROWS what it may depend on", file.path));
            continue;
        };
        for dependency in dependencies(&file.text) {
            let is_ours = dependency.starts_with("sanderling") || dependency == "xtask";
            if is_ours && !allowed.contains(&dependency) {
                complaints.push(format!("{}: {folder} must not depend on {dependency}", file.path));
            }
            if dependency == "worker" && folder != "edge-worker" {
                complaints.push(format!("{}: only edge-worker may name `worker`", file.path));
            }
        }
    }
    complaints
}

/// The names below each `[…dependencies]`, and what they are renamed from.
fn dependencies(manifest: &str) -> BTreeSet<&str> {
    let mut inside = false;
    let mut names = BTreeSet::new();
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            inside = section.ends_with("dependencies");
            // [dependencies.worker]
            if let Some((_, name)) = section.split_once("dependencies.") {
                names.insert(name);
            }
        } else if inside && !line.starts_with('#') {
            let name = line.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_')).next().unwrap_or("");
            names.insert(name);
            names.extend(line.split_once("package = \"").and_then(|(_, rest)| rest.split('"').next()));
        }
    }
    names.remove("");
    names
}

/// In core a module uses what stands above it in `lib.rs`. Modules of one block of `lib.rs` may use
/// each other, but not in a circle.
pub(super) fn module_order(files: &[File]) -> Vec<String> {
    let Some(lib) = files.iter().find(|file| file.path == "core/src/lib.rs") else { return Vec::new() };
    let blocks = module_blocks(&lib.text);
    let mut uses: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| is_core_code(file) && file.path != "core/src/lib.rs") {
        let module = core_module(&file.path);
        let Some(own) = blocks.get(module) else {
            complaints.push(format!("{}: module {module} is not in core/src/lib.rs", file.path));
            continue;
        };
        for used in modules_used(&file.text) {
            match blocks.get(used) {
                Some(block) if block > own => complaints
                    .push(format!("{}: {module} uses {used}, which stands below it in core/src/lib.rs", file.path)),
                Some(block) if block == own && used != module => {
                    uses.entry(module).or_default().insert(used);
                }
                _ => {}
            }
        }
    }
    for (module, used) in &uses {
        let backwards = used.iter().filter(|other| uses.get(*other).is_some_and(|back| back.contains(module)));
        complaints.extend(backwards.map(|other| format!("core/src: {module} and {other} use each other")));
    }
    complaints
}

/// Module → number of the block of `mod` lines it stands in.
fn module_blocks(lib: &str) -> BTreeMap<&str, usize> {
    let mut block = 0;
    let mut blocks = BTreeMap::new();
    for line in lib.lines() {
        match line.strip_prefix("pub mod ").or(line.strip_prefix("mod ")).and_then(|rest| rest.strip_suffix(';')) {
            Some(module) => {
                blocks.insert(module, block);
            }
            None => block += usize::from(line.is_empty()),
        }
    }
    blocks
}

fn is_core_code(file: &File) -> bool {
    file.path.starts_with("core/src/") && file.is("rs") && !is_test(&file.path)
}

/// `foo/tests.rs` and what lies in a folder `tests`.
fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

fn core_module(path: &str) -> &str {
    let inside = path.trim_start_matches("core/src/");
    inside.split('/').next().unwrap_or("").trim_end_matches(".rs")
}

/// `x` of each `crate::x`, and each `x` of `crate::{x, y::z}`.
fn modules_used(text: &str) -> BTreeSet<&str> {
    let mut used = BTreeSet::new();
    for line in code_lines(text) {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            match rest.strip_prefix('{') {
                Some(list) => used.extend(list.split(',').map(|item| word(item.trim()))),
                None => {
                    used.insert(word(rest));
                }
            }
        }
    }
    used.remove("");
    used
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    &text[..end]
}

fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// Everything but these parts of core would survive the engine's replacement.
const ENGINE_MODULES: &[&str] = &["function", "sql", "plan", "exec"];

pub(super) fn engine_stays_inside(files: &[File]) -> Vec<String> {
    let is_inside = |path: &str| path.starts_with("core/src/") && ENGINE_MODULES.contains(&core_module(path));
    let code = files.iter().filter(|file| file.is("rs") && !file.path.starts_with("tests/it/tidy"));
    code.filter(|file| !is_inside(&file.path))
        .filter(|file| code_lines(&file.text).any(|line| names_crate(line, "datafusion")))
        .map(|file| format!("{}: names DataFusion; only core's {} may", file.path, ENGINE_MODULES.join(", ")))
        .collect()
}

/// `datafusion::x` or `use datafusion;`, not a text that mentions it.
fn names_crate(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let is_whole = !line[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | '/'));
        is_whole && ["::", ";", "_"].iter().any(|next| line[at + name.len()..].starts_with(next))
    })
}

pub(super) fn short_files(files: &[File]) -> Vec<String> {
    let code = files.iter().filter(|file| ["rs", "ts", "js", "py"].iter().any(|it| file.is(it)));
    code.map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(file, lines)| format!("{}: {lines} lines; past {LINES_MAX}, look for the second noun", file.path))
        .collect()
}

/// Assert today's behaviour and say why it is wrong, rather than look away.
pub(super) fn no_ignored_tests(files: &[File]) -> Vec<String> {
    let marks = [concat!("#[", "ignore"), concat!(".", "skip("), concat!(".", "only("), concat!(".", "todo(")];
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| file.is("rs") || file.path.ends_with(".test.ts")) {
        let marks = if file.is("rs") { &marks[..1] } else { &marks[1..] };
        for (index, line) in file.text.lines().enumerate() {
            let is_comment = line.trim_start().starts_with("//");
            if !is_comment && marks.iter().any(|mark| line.contains(mark)) {
                complaints.push(format!("{}:{}: a test that does not run", file.path, index + 1));
            }
        }
    }
    complaints
}

/// Paths that exist on one machine only.
pub(super) fn no_machine_paths(files: &[File]) -> Vec<String> {
    let marks = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Use", "rs/")];
    let mut complaints = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            if marks.iter().any(|mark| names_folder(line, mark)) {
                complaints.push(format!("{}:{}: a path of somebody's machine", file.path, index + 1));
            }
        }
    }
    complaints
}

/// The folder stands at the root of a path: not inside one (`docs/home/`), and not as a page (`/home`).
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder)
        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-}/".contains(c)))
}

/// Lock files name the registries everybody has.
pub(super) fn public_registries(files: &[File]) -> Vec<String> {
    let known = ["https://registry.npmjs.org/", "registry+https://github.com/rust-lang/crates.io-index"];
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| file.is("lock") || file.path.ends_with("package-lock.json")) {
        for (index, line) in file.text.lines().enumerate() {
            let value = line.trim().strip_prefix("\"resolved\": \"").or(line.trim().strip_prefix("source = \""));
            if value.is_some_and(|value| !known.iter().any(|registry| value.starts_with(registry))) {
                complaints.push(format!("{}:{}: not a public registry", file.path, index + 1));
            }
        }
    }
    complaints
}

/// A merge that was committed half done; some kinds of file have no compiler to notice.
pub(super) fn no_merge_marks(files: &[File]) -> Vec<String> {
    let marks = ["<".repeat(7) + " ", ">".repeat(7) + " "];
    let mut complaints = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            if marks.iter().any(|mark| line.starts_with(mark.as_str())) {
                complaints.push(format!("{}:{}: a merge that was not finished", file.path, index + 1));
            }
        }
    }
    complaints
}
