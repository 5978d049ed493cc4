//! `sanderling render` as a program: a pipe's SQL, without a host.

use crate::process::{Folder, program};
use std::fs;
use std::process::Output;

const PIPE: &str = "NODE source
SQL >
    %
    SELECT * FROM events WHERE country = {{String(country, 'de')}}

NODE top
SQL >
    %
    SELECT {{columns(fields, 'id,text')}} FROM source
    WHERE id IN {{Array(ids, 'Int32')}} AND key = {{tb_secret('api_key')}}
TYPE endpoint
";

fn render(arguments: &[&str]) -> Output {
    let folder = Folder::new();
    let file = folder.join("top.pipe");
    fs::write(&file, PIPE).expect("the folder is ours");
    program().arg("render").arg(&file).args(arguments).output().expect("the program starts")
}

#[track_caller]
fn check(arguments: &[&str], expected: &str) {
    let output = render(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}

#[track_caller]
fn check_fails(arguments: &[&str], expected: &str) {
    let output = render(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains(expected), "{said}");
}

#[test]
fn prints_what_a_request_would_run() {
    check(
        &["--param", "ids=1", "--param", "ids=2", "--secret", "api_key=s3cret"],
        "SELECT `id`,`text` FROM source\n    WHERE id IN [1,2] AND key = {api_key: String}\n",
    );
    check(&["--node", "source", "--param", "country=it's"], "SELECT * FROM events WHERE country = 'it\\'s'\n");
    check(&["--check"], "SELECT `id`,`text` FROM source\n    WHERE id IN [0,0] AND key = {api_key: String}\n");
}

#[test]
fn says_what_is_wrong_and_where() {
    check_fails(&["--param", "ids=1,x"], "Error validating [1,x][1] (x) to type Int32 (status 400,");
    check_fails(&["--param", "ids=1,x"], "top.pipe:10:19)");
    check_fails(&["--param", "ids=1"], "Cannot access secret 'api_key'");
    check_fails(&["--node", "nope"], "has no node \"nope\"; it has source, top");
    check_fails(&["--param", "ids"], "\"ids\" is not NAME=VALUE");
}
