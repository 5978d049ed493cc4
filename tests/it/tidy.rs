//! The rules of the layout, kept by a test: who may use whom, and what no file may hold.
//!
//! Each rule is a function from files to complaints. `tests.rs` shows each of them something bad,
//! so a rule that has gone blind fails there.

mod rules;

use std::path::{Path, PathBuf};

/// A text file of the repository, by its path from the root.
struct File {
    path: String,
    text: String,
}

impl File {
    fn is(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }
}

/// Folders that hold what was built, downloaded or stored, not written.
const SKIPPED: &[&str] = &["target", "node_modules", "dist", "sanderling-data"];
const TEXT: &[&str] = &[
    "rs",
    "toml",
    "md",
    "js",
    "mjs",
    "ts",
    "json",
    "pipe",
    "datasource",
    "yaml",
    "yml",
    "slt",
    "txt",
    "sh",
    "py",
    "lock",
];

fn repository() -> Vec<File> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lies in the root").to_owned();
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the repository").flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let is_hidden = name.starts_with('.') && name != ".ci" && name != ".cargo";
            if is_hidden || SKIPPED.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if name == "run" || path.extension().is_some_and(|it| TEXT.iter().any(|text| it == *text)) {
                let text = std::fs::read_to_string(&path).expect("a text file in UTF-8");
                let path = path.strip_prefix(&root).expect("found below the root").to_string_lossy().into_owned();
                files.push(File { path, text });
            }
        }
    }
    files.sort_by(|left, right| left.path.cmp(&right.path));
    files
}

#[test]
fn the_repository_keeps_the_rules() {
    let files = repository();
    assert!(files.iter().any(|file| file.path == "core/src/lib.rs"), "the walk did not find core");
    let complaints: Vec<String> = rules::ALL.iter().flat_map(|rule| rule(&files)).collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[cfg(test)]
mod tests;
