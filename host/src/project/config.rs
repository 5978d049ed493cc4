//! `tinybird.config.json` (or the older `tinybird.json`) and `.tinyb`.

use super::{Project, line_span, read};
use anyhow::Result;
use sanderling_core::diagnostic::{Diagnostic, nearest};
use serde_json::{Map, Value};
use std::path::Path;

/// What a project says of itself. Tokens and hosts of another service in it are not ours to use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Where the datafiles are, from the configuration's folder.
    pub folder: Option<String>,
    /// Files or patterns of an SDK's project.
    pub include: Vec<String>,
    pub dev_mode: DevMode,
    /// A new branch starts with the last partition of each data source.
    pub last_partition_in_branches: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DevMode {
    #[default]
    Manual,
    Local,
    Branch,
}

const KEYS: [&str; 9] = [
    "folder",
    "include",
    "dev_mode",
    "devMode",
    "branch_data_mode",
    "branch_data_on_create",
    "token",
    "baseUrl",
    "$schema",
];

/// Configurations that are programs.
const PROGRAMS: [&str; 4] = ["tinybird.config.mjs", "tinybird.config.cjs", "tinybird.config.py", "tinybird_config.py"];

impl Project {
    pub(super) fn read_config(&mut self, directory: &Path) -> Result<()> {
        self.check_credentials(directory)?;
        for name in ["tinybird.config.json", "tinybird.json"] {
            let Some(file) = self.other(&directory.join(name))? else { continue };
            let (config, diagnostics) = parse(&file.text, &file.path);
            self.diagnostics.extend(diagnostics);
            if let Some(folder) = &config.folder {
                let root = directory.join(folder);
                if root.is_dir() {
                    self.root = root;
                } else {
                    let message = format!("the folder {folder:?} of the configuration does not exist");
                    self.diagnostics.push(Diagnostic::error("P0114", &file.path, place(&file.text, "folder"), message));
                }
            }
            if config.include.iter().any(|path| !is_datafile(path)) {
                let message = "files of an SDK are not read; only the datafiles are";
                let diagnostic = Diagnostic::warning("P0114", &file.path, place(&file.text, "include"), message);
                self.diagnostics.push(diagnostic.with_hint("generate datafiles from them with the SDK's build"));
            }
            self.config = config;
            return Ok(());
        }
        for name in PROGRAMS.into_iter().filter(|name| directory.join(name).is_file()) {
            let message = "a configuration that is a program is not run; all folders are searched";
            self.diagnostics.push(Diagnostic::warning("P0114", name, 0..0, message));
        }
        Ok(())
    }

    /// `.tinyb` holds another service's credentials: it is only looked at for being sound.
    fn check_credentials(&mut self, directory: &Path) -> Result<()> {
        let path = directory.join(".tinyb");
        if path.is_file()
            && let Err(error) = serde_json::from_str::<Map<String, Value>>(&read(&path)?)
        {
            let message = format!(".tinyb is not JSON: {error}");
            self.diagnostics.push(Diagnostic::warning("P0114", ".tinyb", 0..0, message));
        }
        Ok(())
    }
}

fn is_datafile(path: &str) -> bool {
    [".datasource", ".pipe", ".connection"].iter().any(|extension| path.ends_with(extension))
}

pub(super) fn parse(text: &str, file: &str) -> (Config, Vec<Diagnostic>) {
    let mut config = Config::default();
    let mut found = Vec::new();
    let json: Map<String, Value> = match serde_json::from_str(text) {
        Ok(json) => json,
        Err(error) => {
            let message = format!("the configuration is not a JSON object: {error}");
            found.push(Diagnostic::error("P0114", file, line_span(text, error.line()), message));
            return (config, found);
        }
    };
    for (key, value) in &json {
        let wrong = |message: String| Diagnostic::error("P0114", file, place(text, key), message);
        match (key.as_str(), value) {
            ("folder", Value::String(folder)) => config.folder = Some(folder.clone()),
            ("include", Value::Array(paths)) if paths.iter().all(Value::is_string) => {
                config.include = paths.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            }
            ("dev_mode" | "devMode", Value::String(mode)) => match mode.as_str() {
                "manual" => config.dev_mode = DevMode::Manual,
                "local" => config.dev_mode = DevMode::Local,
                "branch" => config.dev_mode = DevMode::Branch,
                other => found.push(wrong(format!("{key} {other:?} is not manual, local or branch"))),
            },
            ("branch_data_mode", Value::String(mode)) if mode == "last_partition" => {
                config.last_partition_in_branches = true;
            }
            ("branch_data_on_create", _) => {
                let diagnostic = wrong("branch_data_on_create is no longer supported".to_owned());
                found.push(diagnostic.with_hint("use branch_data_mode: last_partition"));
            }
            ("token" | "baseUrl" | "$schema", Value::String(_)) => {}
            (known, value) if KEYS.contains(&known) => found.push(wrong(format!("{key} cannot be {value}"))),
            _ => {
                let near = nearest(key, KEYS).map(|near| format!("did you mean {near}?"));
                let diagnostic = Diagnostic::warning("P0114", file, place(text, key), format!("{key:?} is not known"));
                found.push(Diagnostic { hint: near, ..diagnostic });
            }
        }
    }
    (config, found)
}

/// Where a key stands.
fn place(text: &str, key: &str) -> std::ops::Range<usize> {
    let quoted = format!("\"{key}\"");
    text.find(&quoted).map_or(0..0, |at| at..at + quoted.len())
}
