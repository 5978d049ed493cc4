//! Running other programs, so that one sees what goes on and, if it fails, why.

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The cargo that runs us.
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(crate::root());
    cargo
}

/// Runs a program that shows its own progress.
pub fn run(what: &str, command: &mut Command) -> anyhow::Result<()> {
    say(what);
    let status = command.status().with_context(|| format!("{what}: cannot start {:?}", command.get_program()))?;
    if !status.success() {
        bail!("{what}: {:?} ended with {status}", command.get_program());
    }
    Ok(())
}

/// Runs a program that is silent unless it fails, and returns what it wrote to its output.
pub fn quietly(what: &str, command: &mut Command) -> anyhow::Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{what}: cannot start {program:?}"))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!("{what}: {program:?} ended with {}\n{}", output.status, tail(&String::from_utf8_lossy(&said)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Does `work` with a spinner beside `what`, and says how long it took.
pub fn spin<T>(what: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let started = Instant::now();
    let spinner = match std::io::stderr().is_terminal() {
        true => ProgressBar::new_spinner(),
        false => {
            say(what);
            ProgressBar::hidden()
        }
    };
    let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}").expect("the template is a constant");
    spinner.set_style(style);
    spinner.set_message(what.to_owned());
    spinner.enable_steady_tick(Duration::from_millis(100));
    let done = work();
    spinner.finish_and_clear();
    if done.is_ok() {
        say(&format!("{what}: done in {:.1} s", started.elapsed().as_secs_f64()));
    }
    done
}

pub fn say(line: &str) {
    eprintln!("• {line}");
}

/// The end of a long output is where the reason stands.
fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
