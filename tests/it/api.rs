//! `data/api/*.yaml`: a project, its events, and requests with the answers they must get.
//!
//! Each file runs three times over: on the host with the rows in memory, on the host with the rows
//! in segments, and on the edge worker in workerd over the same store. The bytes may not differ in
//! anything but what was read and how long it took. The runner asks any [`Shell`].

use crate::edge;
use crate::world::{Answer, Asked, NOW_S, Shell, World};
use bytes::Bytes;
use sanderling_core::access::jwt::{self, Claims};
use sanderling_core::api::{self, Request, Response, Route};
use sanderling_core::catalog::Scope;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    /// Path → text.
    project: BTreeMap<String, String>,
    /// What is wrong with the project, if it must not deploy.
    diagnostics: Option<String>,
    /// Data source → NDJSON.
    #[serde(default)]
    events: BTreeMap<String, String>,
    #[serde(default)]
    tokens: BTreeMap<String, Token>,
    #[serde(default)]
    requests: Vec<Step>,
}

/// A JWT that the runner signs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    /// Pipe → its fixed parameters.
    #[serde(default)]
    pipes: BTreeMap<String, BTreeMap<String, String>>,
    /// Data source → filter.
    #[serde(default)]
    data_sources: BTreeMap<String, String>,
    #[serde(default = "minute")]
    expires_in_s: i64,
    /// Sign it for another workspace.
    workspace_id: Option<String>,
    /// Sign it with another key than the workspace's.
    secret: Option<String>,
}

fn minute() -> i64 {
    60
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    name: String,
    /// `GET` if not said.
    method: Option<String>,
    path: String,
    /// A name of `tokens`, `admin` (if not said), or `none`.
    token: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
    status: u16,
    #[serde(default)]
    answer_headers: BTreeMap<String, String>,
    /// Byte for byte, but for lines that end in `*`, which need only begin so.
    answer: Option<String>,
}

#[test]
fn scenarios_on_the_host() {
    each_file(|scenario| {
        let (world, mut failures) = open(scenario, NOW_S);
        let tokens = sign(&scenario.tokens, &world, NOW_S);
        failures.extend(ask(&world, scenario, &tokens, "in memory", |_| true));
        world.flush();
        failures.extend(ask(&world, scenario, &tokens, "in segments", |_| true));
        failures
    });
}

/// The worker tells the time by itself, so the world's clock stands at the time that it is.
#[test]
fn scenarios_at_the_edge() {
    each_file(|scenario| {
        let now_s = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() as i64;
        let (world, mut failures) = open(scenario, now_s);
        world.flush();
        let tokens = sign(&scenario.tokens, &world, now_s);
        let worker = edge::Worker::over(&world);
        let is_read = |asked: &Asked| {
            matches!(api::route(&asked.request()), Ok(Route::Endpoint { .. } | Route::Sql | Route::Preflight))
        };
        failures.extend(ask(&worker, scenario, &tokens, "at the edge", is_read));
        failures
    });
}

fn each_file(run: impl Fn(&Scenario) -> Vec<String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/api");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("data/api is there").map(|entry| entry.expect("readable").path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let mut failures = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a readable file");
        let scenario: Scenario = serde_yaml_ng::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let name = file.file_name().expect("files have names").to_string_lossy().into_owned();
        failures.extend(run(&scenario).into_iter().map(|failure| format!("{name}: {failure}")));
    }
    assert!(failures.is_empty(), "{} failures\n\n{}", failures.len(), failures.join("\n"));
}

/// A world with the scenario's project and events in it.
fn open(scenario: &Scenario, now_s: i64) -> (World, Vec<String>) {
    let world = World::at(now_s);
    let deployed = world.deploy(&scenario.project);
    let failures = check_deployment(&deployed, scenario.diagnostics.as_deref());
    for (data_source, events) in &scenario.events {
        let path = format!("/v0/events?name={data_source}&wait=true");
        let headers = vec![("authorization".to_owned(), format!("Bearer {}", world.admin_token()))];
        let answer = world.call(Request::new("POST", &path, headers, Bytes::from(events.clone())));
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    }
    (world, failures.into_iter().collect())
}

fn check_deployment(answer: &Response, diagnostics: Option<&str>) -> Option<String> {
    let json: serde_json::Value = serde_json::from_slice(&answer.body).expect("deployments are answered in JSON");
    let found: Vec<&str> = json["errors"].as_array()?.iter().filter_map(|error| error["error"].as_str()).collect();
    let expected_status = if diagnostics.is_some() { 400 } else { 200 };
    let (found, expected) = (found.join("\n"), diagnostics.unwrap_or(""));
    (answer.status != expected_status || found.trim() != expected.trim())
        .then(|| format!("deployment: status {}\n{found}", answer.status))
}

fn sign(tokens: &BTreeMap<String, Token>, world: &World, now_s: i64) -> BTreeMap<String, String> {
    let sign = |(name, token): (&String, &Token)| {
        let pipes = token.pipes.iter().map(|(pipe, fixed_params)| Scope::PipeRead {
            name: pipe.clone(),
            fixed_params: fixed_params.clone(),
            filter: None,
        });
        let data_sources = token.data_sources.iter().map(|(name, filter)| Scope::DataSourceRead {
            name: name.clone(),
            filter: Some(filter.clone()).filter(|filter| !filter.is_empty()),
        });
        let claims = Claims {
            workspace_id: token.workspace_id.clone().unwrap_or_else(|| world.workspace_id().to_owned()),
            name: name.clone(),
            expires_s: now_s + token.expires_in_s,
            scopes: pipes.chain(data_sources).collect(),
            requests_per_s: None,
        };
        let secret = token.secret.as_deref().unwrap_or(world.admin_token());
        (name.clone(), jwt::mint(&claims, secret, None))
    };
    let mut signed: BTreeMap<String, String> = tokens.iter().map(sign).collect();
    signed.insert("admin".to_owned(), world.admin_token().to_owned());
    signed
}

fn ask(
    shell: &impl Shell,
    scenario: &Scenario,
    tokens: &BTreeMap<String, String>,
    place: &str,
    is_asked: impl Fn(&Asked) -> bool,
) -> Vec<String> {
    let mut failures = Vec::new();
    for step in &scenario.requests {
        let mut headers: Vec<(String, String)> = step.headers.clone().into_iter().collect();
        match step.token.as_deref().unwrap_or("admin") {
            "none" => {}
            name => headers.push(("authorization".to_owned(), format!("Bearer {}", tokens[name]))),
        }
        let asked = Asked {
            method: step.method.clone().unwrap_or_else(|| "GET".to_owned()),
            target: step.path.clone(),
            headers,
            body: step.body.clone().unwrap_or_default(),
        };
        if is_asked(&asked)
            && let Some(problem) = compare(step, &shell.ask(&asked))
        {
            failures.push(format!("{} ({place}): {problem}", step.name));
        }
    }
    failures
}

fn compare(step: &Step, answer: &Answer) -> Option<String> {
    let body = &answer.body;
    if answer.status != step.status {
        return Some(format!("status {} instead of {}\n{body}", answer.status, step.status));
    }
    for (name, expected) in &step.answer_headers {
        let found = answer.header(name);
        if found != Some(expected) {
            return Some(format!("header {name} is {found:?} instead of {expected:?}"));
        }
    }
    let expected = step.answer.as_deref()?;
    // Bodies of errors and counts end without a line end, which is awkward in YAML.
    let (found, wanted) = (body.trim_end_matches('\n'), expected.trim_end_matches('\n'));
    let same = found.split('\n').count() == wanted.split('\n').count()
        && found.split('\n').zip(wanted.split('\n')).all(|(found, wanted)| match wanted.strip_suffix('*') {
            Some(start) => found.starts_with(start),
            None => found == wanted,
        });
    (!same).then(|| format!("answers\n{found}\n--- instead of\n{wanted}"))
}
