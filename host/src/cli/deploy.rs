//! `sanderling deploy DIR`: sends every datafile below DIR, prints what changed or what is wrong.

use super::client::Client;
use anyhow::{Context, Result, bail};
use sanderling_core::api::multipart::{self, Part};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

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
    let mut parts = Vec::new();
    collect(&args.directory, &args.directory, &mut parts)?;
    if parts.is_empty() {
        bail!("{} holds no .datasource or .pipe file", args.directory.display());
    }
    parts.sort_by(|left, right| left.file_name.cmp(&right.file_name));
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

fn collect(root: &Path, directory: &Path, parts: &mut Vec<Part>) -> Result<()> {
    let place = || format!("cannot read {}", directory.display());
    for entry in fs::read_dir(directory).with_context(place)? {
        let path = entry.with_context(place)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && name != "node_modules" {
                collect(root, &path, parts)?;
            }
            continue;
        }
        if [".datasource", ".pipe", ".connection"].iter().any(|extension| name.ends_with(extension)) {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let file_name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            parts.push(Part { name: "data_project://".to_owned(), file_name, text });
        }
    }
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
