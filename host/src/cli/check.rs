//! `sanderling check DIR`: everything that is wrong with a project, without a host.
//!
//! Exit code 0: nothing but warnings · 1: problems · 2: the arguments or a file cannot be read.

use crate::project::{self, Project};
use anyhow::{Result, anyhow, bail};
use clap::ValueEnum;
use sanderling_core::datafile::Given;
use sanderling_core::diagnostic::{Diagnostic, lsp_position};
use sanderling_core::template::Secrets;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The project
    #[arg(default_value = ".")]
    directory: PathBuf,
    /// How to print what is found
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// A secret besides those of .env and .env.local: NAME=VALUE
    #[arg(long = "secret", value_name = "NAME=VALUE")]
    secrets: Vec<String>,
    /// Folders below the project's that may hold datafiles
    #[arg(long, default_value_t = project::DEPTH_MAX)]
    max_depth: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// With the line and a caret
    Human,
    /// One object; places as editors count them
    Json,
    /// One object for each file, as a language server publishes diagnostics
    Lsp,
}

pub(super) fn run(args: &Args) -> ExitCode {
    match check(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether the project could be deployed.
fn check(args: &Args) -> Result<bool> {
    let project = Project::read(&args.directory, args.max_depth)?;
    if project.files.is_empty() {
        bail!("{} holds no .datasource, .pipe or .connection file", project.root.display());
    }
    let checked = project.check(given(&args.secrets)?);
    let errors = checked.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    print(&project, &checked.diagnostics, args.format);
    Ok(errors == 0)
}

fn given(secrets: &[String]) -> Result<Given> {
    let mut given = Given { variables: std::env::vars_os().filter_map(text_of).collect(), secrets: None };
    for secret in secrets {
        let (name, value) = secret.split_once('=').ok_or_else(|| anyhow!("--secret {secret:?} is not NAME=VALUE"))?;
        let all = given.secrets.get_or_insert_with(Secrets::default);
        all.0.insert(name.to_owned(), value.to_owned());
    }
    Ok(given)
}

fn text_of((name, value): (std::ffi::OsString, std::ffi::OsString)) -> Option<(String, String)> {
    Some((name.into_string().ok()?, value.into_string().ok()?))
}

#[expect(clippy::print_stdout, reason = "the command's output")]
fn print(project: &Project, diagnostics: &[Diagnostic], format: Format) {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let warnings = diagnostics.len() - errors;
    match format {
        Format::Human => {
            for diagnostic in diagnostics {
                println!("{}", diagnostic.render(project.text(&diagnostic.file)));
            }
            let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
            let (errors, warnings) = (count(errors, "error"), count(warnings, "warning"));
            println!("{errors}, {warnings} in {}", count(project.files.len(), "file"));
        }
        Format::Json => {
            let found: Vec<Value> = diagnostics.iter().map(|diagnostic| whole(project, diagnostic)).collect();
            println!("{}", json!({ "errors": errors, "warnings": warnings, "diagnostics": found }));
        }
        Format::Lsp => {
            let mut files: BTreeMap<&str, Vec<Value>> =
                project.files.iter().map(|file| (file.path.as_str(), Vec::new())).collect();
            for diagnostic in diagnostics {
                files.entry(&diagnostic.file).or_default().push(published(project, diagnostic));
            }
            let published = files.into_iter().map(|(file, found)| json!({ "uri": file, "diagnostics": found }));
            println!("{}", Value::Array(published.collect()));
        }
    }
}

fn whole(project: &Project, diagnostic: &Diagnostic) -> Value {
    json!({
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "file": diagnostic.file,
        "range": range(project, diagnostic),
    })
}

/// A diagnostic of the language server protocol.
fn published(project: &Project, diagnostic: &Diagnostic) -> Value {
    let message = match &diagnostic.hint {
        Some(hint) => format!("{}\n{hint}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    json!({
        "range": range(project, diagnostic),
        "severity": if diagnostic.is_error() { 1 } else { 2 },
        "code": diagnostic.code,
        "source": "sanderling",
        "message": message,
    })
}

fn range(project: &Project, diagnostic: &Diagnostic) -> Value {
    let text = project.text(&diagnostic.file);
    let place = |offset| {
        let at = lsp_position(text, offset);
        json!({ "line": at.line, "character": at.column })
    };
    json!({ "start": place(diagnostic.span.start), "end": place(diagnostic.span.end) })
}
