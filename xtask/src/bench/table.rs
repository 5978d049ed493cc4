//! Tables as Markdown, for people and for `docs/performance.md`.

use anyhow::{Context, bail};
use std::fs;
use std::time::Duration;

/// Prints as Markdown, columns aligned.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(head: &[&str]) -> Table {
        Table { rows: vec![head.iter().map(|cell| (*cell).to_owned()).collect()] }
    }

    pub fn row(&mut self, cells: impl Into<Vec<String>>) {
        let cells = cells.into();
        assert_eq!(cells.len(), self.rows[0].len(), "a row has a cell for each column");
        self.rows.push(cells);
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = 0..self.rows[0].len();
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(3);
        let widths: Vec<usize> = columns.map(width).collect();
        for (index, row) in self.rows.iter().enumerate() {
            let pad = |(cell, width): (&String, &usize)| format!(" {cell:<width$} |");
            writeln!(out, "|{}", row.iter().zip(&widths).map(pad).collect::<String>())?;
            if index == 0 {
                // numbers to the right, but for the first column, which names the row
                let rule = |(column, width): (usize, &usize)| match column {
                    0 => format!("{}|", "-".repeat(width + 2)),
                    _ => format!("{}:|", "-".repeat(width + 1)),
                };
                writeln!(out, "|{}", widths.iter().enumerate().map(rule).collect::<String>())?;
            }
        }
        Ok(())
    }
}

/// The value that `share` of the sorted values do not exceed.
pub fn percentile(sorted: &[Duration], share: f64) -> Duration {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or_default()
}

pub fn ms(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1e3)
}

pub fn megabytes(bytes: u64) -> String {
    format!("{:.2} MB", bytes as f64 / 1e6)
}

/// Where it was measured: machine and version, without which numbers say nothing.
pub fn circumstances() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split(':').nth(1));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let git = |arguments: &[&str]| {
        let output = std::process::Command::new("git").args(arguments).current_dir(crate::root()).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let version = git(&["log", "-1", "--format=%h of %cs"]).unwrap_or_default();
    format!(
        "{} ({}), {cores} cores; commit {version}.",
        model.unwrap_or("unknown processor").trim(),
        std::env::consts::OS
    )
}

/// Prints the report and, if asked to, puts it between its marks in `docs/performance.md`.
#[expect(clippy::print_stdout, reason = "the command's output")]
pub fn publish(name: &str, report: &str, write: bool) -> anyhow::Result<()> {
    println!("\n{report}");
    if !write {
        return Ok(());
    }
    let path = crate::root().join("docs/performance.md");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let replaced = replace_between(&text, name, report)?;
    fs::write(&path, replaced).with_context(|| format!("cannot write {}", path.display()))
}

fn replace_between(text: &str, name: &str, report: &str) -> anyhow::Result<String> {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let Some((before, rest)) = text.split_once(&open) else { bail!("docs/performance.md lacks {}", open.trim()) };
    let Some((_, after)) = rest.split_once(&close) else { bail!("docs/performance.md lacks {close}") };
    Ok(format!("{before}{open}{}\n{close}{after}", report.trim_end()))
}

#[cfg(test)]
mod tests;
