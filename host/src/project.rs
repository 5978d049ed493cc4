//! A project's folder → its datafiles and what lies beside them: configuration, secrets, fixtures, tests.
//!
//! ```text
//! project/
//!   tinybird.config.json      config.rs      where the datafiles are
//!   .env, .env.local          env.rs         secrets
//!   datasources/ pipes/ …     here           .datasource, .pipe, .connection, .incl
//!   vendor/<workspace>/…      here           data sources that other workspaces share
//!   fixtures/<name>.ndjson    fixtures.rs    rows for a data source
//!   tests/<pipe>.yaml         tests_yaml.rs  what endpoints should answer
//! ```

mod config;
mod env;
mod fixtures;
mod tests_yaml;

pub use config::{Config, DevMode};
pub use fixtures::Fixture;
pub use tests_yaml::{PipeTests, Test};

use anyhow::{Context, Result};
use sanderling_core::catalog::Catalog;
use sanderling_core::compile::{Compiled, ProjectFile, compile_with};
use sanderling_core::datafile::Given;
use sanderling_core::diagnostic::Diagnostic;
use sanderling_core::template::Secrets;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders below the project's that may hold datafiles.
pub const DEPTH_MAX: usize = 3;

const EXTENSIONS: [&str; 4] = ["datasource", "pipe", "connection", "incl"];

pub struct Project {
    /// The folder that was named; the configuration and the secrets are in it.
    directory: PathBuf,
    /// The folder of the datafiles.
    pub root: PathBuf,
    pub config: Config,
    /// Sorted by path.
    pub files: Vec<ProjectFile>,
    pub fixtures: Vec<Fixture>,
    pub tests: Vec<PipeTests>,
    /// None if no file says which secrets there are.
    pub secrets: Option<Secrets>,
    /// Where each secret is defined.
    defined: Vec<env::Definition>,
    /// Texts that are not datafiles, for messages that point into them.
    others: Vec<ProjectFile>,
    diagnostics: Vec<Diagnostic>,
}

/// What a check found, errors first.
pub struct Checked {
    pub diagnostics: Vec<Diagnostic>,
    pub compiled: Option<Compiled>,
}

impl Project {
    /// Reads everything below `directory`; only what cannot be read at all is an error.
    pub fn read(directory: &Path, depth_max: usize) -> Result<Project> {
        let mut project = Project {
            directory: directory.to_owned(),
            root: directory.to_owned(),
            config: Config::default(),
            files: Vec::new(),
            fixtures: Vec::new(),
            tests: Vec::new(),
            secrets: None,
            defined: Vec::new(),
            others: Vec::new(),
            diagnostics: Vec::new(),
        };
        project.read_config(directory)?;
        let root = project.root.clone();
        project.walk(&root, &Walk { depth: 0, depth_max })?;
        project.files.sort_by(|left, right| left.path.cmp(&right.path));
        project.read_secrets(directory)?;
        project.read_fixtures()?;
        project.read_tests()?;
        Ok(project)
    }

    /// Everything that is wrong with the project. `given` has what the caller knows besides the files.
    pub fn check(&self, mut given: Given) -> Checked {
        if let Some(own) = &self.secrets {
            let all = given.secrets.get_or_insert_default();
            for (name, value) in &own.0 {
                all.0.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        let mut next_id = 0;
        let compiled = compile_with(&self.files, &given, &Catalog::empty("", ""), &mut || {
            next_id += 1;
            next_id
        });
        let mut diagnostics = self.diagnostics.clone();
        let compiled = match compiled {
            Ok(compiled) => {
                diagnostics.extend(compiled.warnings.iter().cloned());
                diagnostics.extend(env::unused(&self.defined, &compiled.secrets));
                self.fixtures.iter().for_each(|fixture| diagnostics.extend(fixture.check(&compiled.catalog)));
                self.tests.iter().for_each(|tests| diagnostics.extend(tests.check(&compiled.catalog)));
                Some(compiled)
            }
            Err(problems) => {
                diagnostics.extend(problems);
                None
            }
        };
        diagnostics.sort_by_key(|diagnostic| !diagnostic.is_error());
        Checked { diagnostics, compiled }
    }

    /// The text that a diagnostic points into.
    pub fn text(&self, file: &str) -> &str {
        let mut all = self.files.iter().chain(&self.others);
        all.find(|known| known.path == file).map_or("", |known| &known.text)
    }

    fn walk(&mut self, directory: &Path, walk: &Walk) -> Result<()> {
        for path in entries(directory)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if name.starts_with('.') || name == "node_modules" {
                    continue;
                }
                // a vendored workspace is a project of its own
                let is_vendor = walk.depth == 0 && name == "vendor";
                let depth = if is_vendor { walk.depth } else { walk.depth + 1 };
                self.walk(&path, &Walk { depth, ..*walk })?;
                continue;
            }
            if !EXTENSIONS.iter().any(|extension| path.extension().is_some_and(|found| found == *extension)) {
                continue;
            }
            let relative = self.relative(&path);
            if walk.depth > walk.depth_max {
                let message = format!("the file lies more than {} folders deep and is left out", walk.depth_max);
                let diagnostic = Diagnostic::warning("P0106", &relative, 0..0, message);
                self.diagnostics.push(diagnostic.with_hint("say --max-depth"));
                continue;
            }
            self.files.push(ProjectFile { path: relative, text: read(&path)? });
        }
        Ok(())
    }

    /// As messages name it.
    fn relative(&self, path: &Path) -> String {
        let inside = path.strip_prefix(&self.root).or_else(|_| path.strip_prefix(&self.directory));
        inside.unwrap_or(path).to_string_lossy().replace('\\', "/")
    }

    /// Reads a file that is not a datafile, if it is there.
    fn other(&mut self, path: &Path) -> Result<Option<ProjectFile>> {
        if !path.is_file() {
            return Ok(None);
        }
        let file = ProjectFile { path: self.relative(path), text: read(path)? };
        self.others.push(file.clone());
        Ok(Some(file))
    }
}

#[derive(Clone, Copy)]
struct Walk {
    depth: usize,
    depth_max: usize,
}

/// Paths in a folder, sorted.
fn entries(directory: &Path) -> Result<Vec<PathBuf>> {
    let place = || format!("cannot read {}", directory.display());
    let entries = fs::read_dir(directory).with_context(place)?;
    let mut paths = entries.map(|entry| Ok(entry.with_context(place)?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// The place of a line, counted from one, without white space around it.
fn line_span(text: &str, line: usize) -> std::ops::Range<usize> {
    let start = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
    let found = text[start.min(text.len())..].lines().next().unwrap_or("");
    let indent = found.len() - found.trim_start().len();
    start + indent..start + indent + found.trim().len()
}

#[cfg(test)]
mod tests;
