//! Replays `tests/data/slt`: what `tests/record/sql.py` says about these files, which records them.
//!
//! `SLT=arrays cargo test -p sanderling-core --lib -- slt` runs the files whose path has `arrays`
//! in it; without it, all. A block marked `# not yet` may fail: it counts as open. With `SLT_MARK=1` the marks
//! are set anew, so that they stand where something fails and nowhere else. `SLT_OPEN=1` shows the open ones.

use super::super::{Database, Outcome, split};
use crate::error::Error;
use crate::limits;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// 2026-03-04 05:06:07.890123456 UTC.
const NOW_NS: i64 = 1_772_600_767_890_123_456;
const MEMORY_BYTES_MAX: usize = 1 << 30;
/// So many mismatches are shown whole; of the others only the place is.
const SHOWN_MAX: usize = 200;

const NOT_YET: &str = "# not yet";

struct Block<'a> {
    line: usize,
    /// Lines of comments above it.
    comments: usize,
    differs: bool,
    not_yet: bool,
    head: Vec<&'a str>,
    sql: String,
    answer: Option<Vec<&'a str>>,
    ours: Option<Vec<&'a str>>,
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let lines: Vec<&str> = text.lines().collect();
    let mut blocks = Vec::new();
    let mut start = 0;
    for end in 0..=lines.len() {
        if end < lines.len() && !lines[end].is_empty() {
            continue;
        }
        blocks.extend(block(&lines[start..end], start));
        start = end + 1;
    }
    blocks
}

fn block<'a>(lines: &[&'a str], start: usize) -> Option<Block<'a>> {
    let comments = lines.iter().take_while(|line| line.starts_with('#')).count();
    let (comments, lines) = lines.split_at(comments);
    let (head, lines) = lines.split_first()?;
    let rules: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].starts_with("----")).collect();
    let part = |at: usize| {
        let end = rules.iter().copied().find(|rule| *rule > at).unwrap_or(lines.len());
        lines[at + 1..end].to_vec()
    };
    let sql = lines[..rules.first().copied().unwrap_or(lines.len())].join("\n");
    Some(Block {
        line: start + comments.len() + 1,
        comments: comments.len(),
        not_yet: comments.iter().any(|comment| comment.starts_with(NOT_YET)),
        differs: comments.iter().any(|comment| comment.starts_with("# differs:")),
        head: head.split_whitespace().collect(),
        sql,
        answer: rules.iter().copied().find(|at| lines[*at] == "----").map(part),
        ours: rules.iter().copied().find(|at| lines[*at] == "---- ours").map(part),
    })
}

impl Block<'_> {
    /// What we are to answer, as lines.
    fn expected(&self) -> Vec<String> {
        if let Some(ours) = &self.ours {
            return ours.iter().map(|line| (*line).to_owned()).collect();
        }
        match (self.head.get(1), &self.answer) {
            (Some(&"error"), _) => vec![format!("error {}", self.head.get(2).copied().unwrap_or("missing"))],
            (_, Some(answer)) => answer.iter().map(|line| (*line).to_owned()).collect(),
            _ => Vec::new(),
        }
    }

    /// What we answer; after an error's name stands its message.
    fn actual(&self, database: &mut Database) -> Vec<String> {
        let result = catch_unwind(AssertUnwindSafe(|| self.run(database)));
        match result {
            Ok(Ok(lines)) => lines,
            Ok(Err(error)) => vec![format!("error {}", error.exception().1), error.message],
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("");
                vec!["panic".to_owned(), text.to_owned()]
            }
        }
    }

    fn run(&self, database: &mut Database) -> Result<Vec<String>, Error> {
        let mut lines = Vec::new();
        for statement in split(&self.sql) {
            if let Outcome::Rows(answer) = database.execute(statement, NOW_NS)? {
                let bytes = database.format(&answer, "TSVWithNamesAndTypes")?;
                if self.head[0] == "query" {
                    lines = self.lines(&bytes);
                }
            }
        }
        Ok(lines)
    }

    fn complaint(&self, path: &Path, expected: &[String], actual: &[String]) -> String {
        let show =
            |sign: &str, lines: &[String]| lines.iter().map(|line| format!("  {sign} {line}\n")).collect::<String>();
        let (line, sql) = (self.line, self.sql.replace('\n', "\n    "));
        format!("{}:{line}\n    {sql}\n{}{}", path.display(), show("-", expected), show("+", actual))
    }

    fn lines(&self, bytes: &[u8]) -> Vec<String> {
        if self.head.get(1) == Some(&"hex") {
            let hex = |chunk: &[u8]| chunk.iter().map(|byte| format!("{byte:02x}")).collect();
            return bytes.chunks(32).map(hex).collect();
        }
        let text = String::from_utf8_lossy(bytes);
        let whole = text.strip_suffix('\n');
        let mut lines: Vec<String> = match whole.unwrap_or(&text) {
            "" if text.is_empty() => Vec::new(),
            text => text.split('\n').map(|line| if line.is_empty() { "(empty)" } else { line }.to_owned()).collect(),
        };
        if whole.is_none() && !text.is_empty() {
            lines.push("(no newline)".to_owned());
        }
        if self.head.get(1) == Some(&"rowsort") && lines.len() > 2 {
            lines[2..].sort();
        }
        lines
    }
}

fn differ(expected: &[String], actual: &[String]) -> bool {
    match actual.first() {
        Some(first) if first.starts_with("error ") && expected.first() == Some(first) => false,
        _ => expected != actual,
    }
}

/// Every query of the grid that asks a table, and those that ask none.
#[expect(clippy::disallowed_methods, reason = "tests read their cases")]
pub(super) fn statements() -> Vec<String> {
    let mut paths = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/slt/grid"), &mut paths);
    paths.sort();
    let texts = paths.iter().map(|path| std::fs::read_to_string(path).expect("a file in UTF-8"));
    texts.flat_map(|text| blocks(&text).into_iter().map(|block| block.sql).collect::<Vec<_>>()).collect()
}

/// The statements that make the grid's tables.
#[expect(clippy::disallowed_methods, reason = "tests read their cases")]
pub(super) fn world() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/slt/grid/joins.slt");
    let text = std::fs::read_to_string(path).expect("a file in UTF-8");
    blocks(&text).into_iter().filter(|block| block.head[0] == "statement").map(|block| block.sql).collect()
}

#[expect(clippy::disallowed_methods, reason = "tests read their cases")]
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of cases") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "slt") {
            found.push(path);
        }
    }
}

/// What came of a file's blocks.
#[derive(Default)]
struct Outcomes {
    count: usize,
    differing: usize,
    open: usize,
    /// Marked as open, and right.
    closed: usize,
    complaints: Vec<String>,
}

#[expect(clippy::disallowed_methods, reason = "tests read their cases")]
fn replay(path: &Path, marks: bool, shows_open: bool, outcomes: &mut Outcomes) {
    let text = std::fs::read_to_string(path).expect("a file in UTF-8");
    let mut database = Database::new(MEMORY_BYTES_MAX);
    let mut marked: Vec<String> = text.lines().map(str::to_owned).collect();
    for block in blocks(&text).into_iter() {
        outcomes.count += 1;
        outcomes.differing += usize::from(block.differs);
        let (expected, actual) = (block.expected(), block.actual(&mut database));
        let fails = differ(&expected, &actual);
        let head = &mut marked[block.line - 1];
        match (fails, block.not_yet) {
            (true, false) if marks => *head = format!("{NOT_YET}\n{head}"),
            (false, true) if marks => {
                let comments = &mut marked[block.line - 1 - block.comments..block.line - 1];
                comments.iter_mut().filter(|line| line.starts_with(NOT_YET)).for_each(|line| *line = GONE.to_owned());
            }
            (false, true) => outcomes.closed += 1,
            _ => {}
        }
        let is_open = fails && (block.not_yet || marks);
        outcomes.open += usize::from(is_open);
        if fails && (!is_open || shows_open) {
            outcomes.complaints.push(block.complaint(path, &expected, &actual));
        }
    }
    if marks {
        let lines: Vec<String> = marked.into_iter().filter(|line| line != GONE).collect();
        std::fs::write(path, lines.join("\n") + "\n").expect("the file can be written");
    }
}

/// A line that is taken out; no line of a file is like it.
const GONE: &str = "\0";

#[test]
#[expect(clippy::disallowed_methods, reason = "what to run is the developer's choice")]
fn slt() {
    let filter = std::env::var("SLT").unwrap_or_default();
    let (marks, shows_open) = (std::env::var("SLT_MARK").is_ok(), std::env::var("SLT_OPEN").is_ok());
    let mut paths = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/slt"), &mut paths);
    paths.retain(|path| path.to_string_lossy().contains(&filter));
    paths.sort();
    let run = move || {
        let mut outcomes = Outcomes::default();
        paths.iter().for_each(|path| replay(path, marks, shows_open, &mut outcomes));
        outcomes
    };
    let thread = std::thread::Builder::new().stack_size(limits::QUERY_STACK_BYTES).spawn(run);
    let outcomes = thread.expect("started").join().expect("panics are caught");
    let Outcomes { count, differing, open, closed, complaints } = outcomes;
    let summary = format!(
        "{count} statements, {differing} differ on purpose, {open} are open, {closed} marked as open are right, {} complaints",
        complaints.len()
    );
    eprintln!("{summary}");
    let shown: Vec<&str> = complaints
        .iter()
        .enumerate()
        .map(|(at, text)| if at < SHOWN_MAX { text } else { text.lines().next().unwrap_or("") })
        .map(|text| text.trim_end())
        .collect();
    assert!(complaints.is_empty(), "\n- expected, + ours\n\n{}\n{summary}", shown.join("\n\n"));
}
