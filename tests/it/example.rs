//! `examples/*`: a project's own `tests/*.yaml`, run over its fixtures. The expected results are
//! ClickHouse's; the bytes must be the same.

use crate::world::{Asked, NOW_S, Shell, World};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// One case of a `tests/<pipe>.yaml`, in Tinybird's form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(default)]
    parameters: String,
    expected_result: String,
    expected_http_status: Option<u16>,
}

#[test]
fn web_analytics() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/web-analytics");
    let world = World::at(NOW_S);
    let deployed = world.deploy(&datafiles(&project));
    assert_eq!(deployed.status, 200, "{}", String::from_utf8_lossy(&deployed.body));
    for fixture in files(&project.join("fixtures")) {
        let answer = ask(&world, "POST", &format!("/v0/events?name={}&wait=true", stem(&fixture)), &read(&fixture));
        assert_eq!(answer.0, 200, "{}", answer.1);
        assert!(answer.1.contains("\"quarantined_rows\":0"), "{}", answer.1);
    }
    let mut failures = run(&project, &world, "in memory");
    world.flush();
    failures.extend(run(&project, &world, "in segments"));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn run(project: &Path, world: &World, place: &str) -> Vec<String> {
    let mut failures = Vec::new();
    let tests = files(&project.join("tests"));
    assert!(!tests.is_empty());
    for test in tests {
        let cases: Vec<Case> =
            serde_yaml_ng::from_str(&read(&test)).unwrap_or_else(|error| panic!("{}: {error}", test.display()));
        for case in cases {
            let target = format!("/v0/pipes/{}.ndjson?{}", stem(&test), case.parameters);
            let (status, body) = ask(world, "GET", &target, "");
            let expected = (case.expected_http_status.unwrap_or(200), case.expected_result.trim_end());
            if (status, body.trim_end()) != expected {
                failures.push(format!(
                    "{}.{} ({place}): {status}\n{body}--- instead of {}\n{}",
                    stem(&test),
                    case.name,
                    expected.0,
                    expected.1
                ));
            }
        }
    }
    failures
}

fn ask(world: &World, method: &str, target: &str, body: &str) -> (u16, String) {
    let headers = vec![("authorization".to_owned(), format!("Bearer {}", world.admin_token()))];
    let asked = Asked { method: method.to_owned(), target: target.to_owned(), headers, body: body.to_owned() };
    let answer = world.ask(&asked);
    (answer.status, answer.body)
}

/// Path → text, of everything that is deployed.
fn datafiles(project: &Path) -> BTreeMap<String, String> {
    let folders = ["datasources", "endpoints", "pipes"];
    let paths = folders.iter().flat_map(|folder| files(&project.join(folder)));
    paths.map(|path| (path.strip_prefix(project).expect("inside").display().to_string(), read(&path))).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.sort();
    files
}

fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).expect("a plain name")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
