//! `sanderling deploy DIR`: sends every datafile below DIR, prints what changed or what is wrong.

use super::client::Client;
use crate::project::{self, Project};
use anyhow::{Context, Result, bail};
use sanderling_core::api::multipart::{self, Part};
use sanderling_core::compile::ProjectFile;
use serde_json::Value;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The project
    directory: PathBuf,
    /// Only say what a deployment would change
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    client: Client,
}

#[expect(clippy::print_stdout, reason = "the command's output")]
pub(super) async fn run(args: Args) -> Result<()> {
    let project = Project::read(&args.directory, project::DEPTH_MAX)?;
    let part = |file: ProjectFile| Part { name: "data_project://".to_owned(), file_name: file.path, text: file.text };
    let parts: Vec<Part> = project.files.into_iter().map(part).collect();
    if parts.is_empty() {
        bail!("{} holds no .datasource or .pipe file", project.root.display());
    }
    let boundary = boundary(&parts);
    let (content_type, body) = multipart::write(&parts, &boundary);
    let path = if args.check { "/v1/deploy?check=true" } else { "/v1/deploy?auto_promote=true" };
    let answer = args.client.post(path, &content_type, body).await?;
    let Ok(json) = serde_json::from_str::<Value>(&answer.body) else { bail!(answer.success().unwrap_err()) };
    let problems: Vec<&str> =
        json["errors"].as_array().into_iter().flatten().filter_map(|e| e["error"].as_str()).collect();
    if !problems.is_empty() {
        bail!("{}\n{}", problems.join("\n"), json["error"].as_str().unwrap_or("nothing was deployed"));
    }
    let body = answer.success()?;
    let json: Value = serde_json::from_str(&body).context("the host's answer is not JSON")?;
    println!("{}", summary(&json, args.check));
    Ok(())
}

/// A line that no file holds.
fn boundary(parts: &[Part]) -> String {
    let is_free = |boundary: &String| parts.iter().all(|part| !part.text.contains(boundary.as_str()));
    (0_u64..).map(|n| format!("sanderling-{n}")).find(is_free).expect("files are finite")
}

fn summary(json: &Value, check: bool) -> String {
    let mut lines = Vec::new();
    for (change, sign) in [("new", '+'), ("changed", '~'), ("deleted", '-')] {
        for (kind, label) in [("datasource", "data source"), ("pipe", "pipe")] {
            let names = json["deployment"][format!("{change}_{kind}_names")].as_array();
            let names = names.into_iter().flatten().filter_map(Value::as_str);
            lines.extend(names.map(|name| format!("{sign} {label} {name}")));
        }
    }
    let id = json["deployment"]["id"].as_str().unwrap_or("?");
    lines.push(match (json["result"].as_str(), check) {
        (Some("no_changes"), _) => "nothing to deploy: the workspace has these resources already".to_owned(),
        (_, true) => "the project is valid; nothing was deployed".to_owned(),
        (_, false) => format!("deployed as version {id}"),
    });
    lines.join("\n")
}
