//! `sanderling render FILE.pipe`: the SQL that a request to a node would run, without a host.
//!
//! With `--jsonl` it answers templates instead: one `{"template", "variables", "secrets"?}` a line of the
//! standard input, one `{"sql"}` or `{"error", "status"}` a line of the output, for editors and tests.

use anyhow::{Context, Result, anyhow, bail};
use sanderling_core::catalog::NodeKind;
use sanderling_core::datafile::{self, Given as Environment};
use sanderling_core::diagnostic::Diagnostic;
use sanderling_core::template::{Failure, Params, Rendered, Secrets, Template};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(super) struct Args {
    /// The pipe
    #[arg(required_unless_present = "jsonl")]
    file: Option<PathBuf>,
    /// The node; without it the endpoint, or the last node
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    /// A parameter of the request; a repeated name makes a list
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = pair)]
    params: Vec<(String, String)>,
    /// A secret of the workspace. The SQL holds only its placeholder
    #[arg(long = "secret", value_name = "NAME=VALUE", value_parser = pair)]
    secrets: Vec<(String, String)>,
    /// Render as a deployment checks it: with placeholders for all parameters
    #[arg(long, conflicts_with = "params")]
    check: bool,
    /// Answer templates that come line by line
    #[arg(long, conflicts_with_all = ["file", "node", "params", "secrets", "check"])]
    jsonl: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("{text:?} is not NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(super) fn run(args: Args) -> Result<()> {
    if args.jsonl {
        return answer_lines(std::io::stdin().lock(), std::io::stdout().lock());
    }
    let file = args.file.as_deref().context("a pipe is needed")?;
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let sql = render(file, &text, &args)?;
    writeln!(std::io::stdout(), "{}", sql.trim()).context("cannot write the SQL")
}

fn render(file: &Path, text: &str, args: &Args) -> Result<String> {
    let name = file.display().to_string();
    let (pipe, problems) = datafile::parse_pipe(text, &name, &Environment::default());
    stop_at_errors(&problems, text)?;
    let node = match &args.node {
        Some(wanted) => pipe.nodes.iter().find(|node| node.name.value == *wanted).ok_or_else(|| {
            let names: Vec<&str> = pipe.nodes.iter().map(|node| node.name.value.as_str()).collect();
            anyhow!("{name} has no node {wanted:?}; it has {}", names.join(", "))
        })?,
        None => {
            let is_endpoint = |node: &&datafile::Node| matches!(node.kind.value, NodeKind::Endpoint);
            let last = pipe.nodes.last();
            pipe.nodes.iter().find(is_endpoint).or(last).with_context(|| format!("{name} has no node"))?
        }
    };
    let (template, problems) = Template::compile(&node.sql.value, &name, node.sql.span.start);
    stop_at_errors(&problems, text)?;
    let mut params = Params::default();
    for (name, value) in &args.params {
        params.0.entry(name.clone()).or_default().push(value.clone());
    }
    let secrets = Secrets(args.secrets.iter().cloned().collect());
    let rendered = match args.check {
        true => template.render_for_check(),
        false => template.render_with(&params, &secrets),
    };
    rendered.map(|rendered| rendered.sql).map_err(|failure| placed(&failure, &name, text))
}

fn stop_at_errors(problems: &[Diagnostic], text: &str) -> Result<()> {
    let errors: String =
        problems.iter().filter(|problem| problem.is_error()).map(|problem| problem.render(text)).collect();
    if errors.is_empty() { Ok(()) } else { bail!("the pipe cannot be read\n{}", errors.trim_end()) }
}

fn placed(failure: &Failure, name: &str, text: &str) -> anyhow::Error {
    let status = failure.status;
    match &failure.span {
        Some(span) => {
            let at = sanderling_core::diagnostic::position(text, span.start);
            anyhow!("{} (status {status}, {name}:{}:{})", failure.message, at.line, at.column)
        }
        None => anyhow!("{} (status {status})", failure.message),
    }
}

/// One line of `--jsonl`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// With or without the `%` in front.
    template: String,
    #[serde(default)]
    variables: BTreeMap<String, Json>,
    #[serde(default)]
    secrets: Given,
    #[serde(default)]
    check: bool,
}

/// Which secrets there are; their values do not show.
#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    Names(Vec<String>),
    Values(BTreeMap<String, String>),
}

impl Default for Given {
    fn default() -> Given {
        Given::Names(Vec::new())
    }
}

fn answer_lines(input: impl BufRead, mut output: impl Write) -> Result<()> {
    for (index, line) in input.lines().enumerate() {
        let line = line.with_context(|| format!("cannot read line {}", index + 1))?;
        if line.trim().is_empty() {
            continue;
        }
        let line: Line = serde_json::from_str(&line).with_context(|| format!("line {}", index + 1))?;
        let answer = match rendered(line) {
            Ok(rendered) => json!({ "sql": rendered.sql }),
            Err(failure) => match failure.body.filter(|body| !body.is_string()) {
                Some(body) => json!({ "error": failure.message, "status": failure.status, "body": body }),
                None => json!({ "error": failure.message, "status": failure.status }),
            },
        };
        writeln!(output, "{answer}").context("cannot write the answer")?;
    }
    Ok(())
}

fn rendered(line: Line) -> Result<Rendered, Failure> {
    let percent = if line.template.trim_start().starts_with('%') { "" } else { "%" };
    let (template, _) = Template::compile(&format!("{percent}{}", line.template), "", 0);
    if line.check {
        return template.render_for_check();
    }
    let given = line.variables.into_iter().filter(|(_, value)| !value.is_null());
    let params = Params(given.map(|(name, value)| (name, texts(value))).collect());
    let secrets = match line.secrets {
        Given::Names(names) => names.into_iter().map(|name| (name, String::new())).collect(),
        Given::Values(values) => values,
    };
    template.render_with(&params, &Secrets(secrets))
}

/// As a query string has it: texts, and a list for a repeated name.
fn texts(value: Json) -> Vec<String> {
    let text = |value: Json| match value {
        Json::String(text) => text,
        other => other.to_string(),
    };
    match value {
        Json::Array(values) => values.into_iter().map(text).collect(),
        value => vec![text(value)],
    }
}

#[cfg(test)]
mod tests;
