//! `cargo xtask test`: every check there is, and what became of each.

use crate::{setup, step, wasm};
use anyhow::{Context, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const WASM: &str = "wasm32-unknown-unknown";

/// With `arguments`, only the Rust tests, which get them.
pub fn all(arguments: &[String]) -> anyhow::Result<()> {
    let mut report = Report::default();
    if report.take("setup", setup::all) && report.take("edge worker", || wasm::build(&Default::default()).map(drop)) {
        if arguments.is_empty() {
            lints(&mut report);
            report.take("core for wasm32", core_for_wasm);
            report.take("js-sdk", js_sdk);
        }
        report.take("tests", || rust_tests(arguments));
    }
    report.finish()
}

fn lints(report: &mut Report) {
    match has_component("fmt") {
        true => drop(report.take("fmt", || cargo("cargo fmt", &["fmt", "--all", "--check"]))),
        false => report.skip("fmt", "rustfmt is not installed, and rustup cannot add it"),
    }
    let clippy = ["clippy", "--workspace", "--exclude", "sanderling-edge", "--all-targets", "--", "-D", "warnings"];
    let edge = ["clippy", "--package", "sanderling-edge", "--target", WASM, "--", "-D", "warnings"];
    match has_component("clippy") {
        true => {
            report.take("clippy", || cargo("cargo clippy", &clippy));
            report.take("clippy of the edge worker", || cargo("cargo clippy", &edge));
        }
        false => report.skip("clippy", "clippy is not installed, and rustup cannot add it"),
    }
}

fn rust_tests(arguments: &[String]) -> anyhow::Result<()> {
    let mut cargo = step::cargo();
    // The edge worker only builds for wasm32; the tests start it in workerd.
    cargo.args(["test", "--workspace", "--exclude", "sanderling-edge"]).args(arguments);
    step::run("cargo test", &mut cargo)
}

fn core_for_wasm() -> anyhow::Result<()> {
    // Beside the worker, which chooses where getrandom gets its randomness from.
    let packages = ["--package", "sanderling-core", "--package", "sanderling-edge"];
    cargo("cargo check for wasm32", &[&["check", "--target", WASM], &packages[..]].concat())
}

fn cargo(what: &str, arguments: &[&str]) -> anyhow::Result<()> {
    step::run(what, step::cargo().args(arguments))
}

/// Toolchains of a minimal profile lack rustfmt and clippy.
fn has_component(name: &str) -> bool {
    let works = || step::quietly(name, step::cargo().args([name, "--version"])).is_ok();
    let component = if name == "fmt" { "rustfmt" } else { name };
    works() || {
        let _ = step::quietly("rustup", Command::new("rustup").args(["component", "add", component]));
        works()
    }
}

/// Runs in a copy, so that the clone stays as it was checked out.
fn js_sdk() -> anyhow::Result<()> {
    let (source, copy) = (crate::root().join("js-sdk"), crate::target_dir().join("js-sdk"));
    let _ = fs::remove_dir_all(copy.join("src"));
    let _ = fs::remove_dir_all(copy.join("dist"));
    fs::create_dir_all(copy.join("src")).with_context(|| format!("cannot create {}", copy.display()))?;
    let lock_before = fs::read(copy.join("package-lock.json")).ok();
    for file in ["package.json", "package-lock.json", "tsconfig.json"] {
        copy_file(&source.join(file), &copy.join(file))?;
    }
    for entry in fs::read_dir(source.join("src"))? {
        let entry = entry?;
        copy_file(&entry.path(), &copy.join("src").join(entry.file_name()))?;
    }
    let is_installed = copy.join("node_modules/.package-lock.json").is_file();
    if !is_installed || lock_before != fs::read(copy.join("package-lock.json")).ok() {
        step::spin("js-sdk: npm ci", || step::quietly("npm ci", &mut npm(&copy, &["ci", "--no-audit", "--no-fund"])))?;
    }
    step::run("npm test", &mut npm(&copy, &["test"]))
}

fn npm(folder: &Path, arguments: &[&str]) -> Command {
    let mut npm = Command::new("npm");
    npm.args(arguments).current_dir(folder);
    npm
}

fn copy_file(from: &PathBuf, to: &PathBuf) -> anyhow::Result<()> {
    fs::copy(from, to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display())).map(drop)
}

/// What was checked, how it went, how long it took.
#[derive(Default)]
struct Report {
    lines: Vec<String>,
    failed: Vec<&'static str>,
}

impl Report {
    fn take(&mut self, name: &'static str, check: impl FnOnce() -> anyhow::Result<()>) -> bool {
        let started = Instant::now();
        let outcome = check();
        let took = seconds(started.elapsed());
        match &outcome {
            Ok(()) => self.lines.push(format!("  ok      {name:<26} {took}")),
            Err(error) => {
                eprintln!("{error:#}");
                self.lines.push(format!("  FAILED  {name:<26} {took}"));
                self.failed.push(name);
            }
        }
        outcome.is_ok()
    }

    fn skip(&mut self, name: &str, why: &str) {
        self.lines.push(format!("  skipped {name:<26} {why}"));
    }

    fn finish(self) -> anyhow::Result<()> {
        eprintln!("\n{}\n", self.lines.join("\n"));
        if !self.failed.is_empty() {
            bail!("failed: {}", self.failed.join(", "));
        }
        Ok(())
    }
}

fn seconds(elapsed: Duration) -> String {
    format!("{:>6.1} s", elapsed.as_secs_f64())
}
