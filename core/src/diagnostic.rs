//! A message about text that a user wrote: code, place, hint.
//!
//! ```text
//! error[T0201]: unknown function "Strin"
//!   --> endpoints/top_pages.pipe:7:18
//!    |
//!  7 |   WHERE a = {{ Strin(name) }}
//!    |                ^^^^^ did you mean "String"?
//! ```
//!
//! Parsing never fails: it returns a tree and as many diagnostics as it can find.

use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
}

/// A stable code, never reused: `D` datafile, `T` template, `S` SQL, `P` project.
/// The table is [`CODES`].
pub type Code = &'static str;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    pub message: String,
    /// Path of the file inside the project; empty for text that has none (an ad hoc query).
    pub file: String,
    /// Bytes of that file.
    pub span: Range<usize>,
    pub hint: Option<String>,
}

impl Diagnostic {
    pub fn error(code: Code, file: &str, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        assert!(CODES.iter().any(|(known, _)| *known == code), "diagnostic code {code} is not in CODES");
        Diagnostic { code, severity: Severity::Error, message: message.into(), file: file.to_owned(), span, hint: None }
    }

    pub fn warning(code: Code, file: &str, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, file, span, message) }
    }

    pub fn with_hint(mut self, hint: impl Into<String>) -> Diagnostic {
        self.hint = Some(hint.into());
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The message with the line it speaks of and a caret under the place.
    pub fn render(&self, source: &str) -> String {
        let at = position(source, self.span.start);
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let line = source.lines().nth(at.line - 1).unwrap_or("");
        let gutter = " ".repeat(at.line.to_string().len());
        let width = source
            .get(self.span.start.min(source.len())..self.span.end.min(source.len()))
            .and_then(|text| text.lines().next())
            .map_or(0, |text| text.chars().count())
            .max(1);
        let indent: String = line.chars().take(at.column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        let mut out = format!("{severity}[{}]: {}\n", self.code, self.message);
        let file = if self.file.is_empty() { "query" } else { &self.file };
        let _ = writeln!(out, "{gutter} --> {file}:{}:{}", at.line, at.column);
        let _ = writeln!(out, "{gutter}  |");
        let _ = writeln!(out, " {} | {line}", at.line);
        let _ = write!(out, "{gutter}  | {indent}{}", "^".repeat(width));
        if let Some(hint) = &self.hint {
            let _ = write!(out, " {hint}");
        }
        out.push('\n');
        out
    }
}

/// A place as people and editors count it: from one, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// Where byte `offset` of `source` is. Offsets past the end are the end.
pub fn position(source: &str, offset: usize) -> Position {
    let mut offset = offset.min(source.len());
    while !source.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &source[..offset];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Position { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
}

/// Where byte `offset` is as editors are told: from zero, columns in UTF-16 units.
pub fn lsp_position(source: &str, offset: usize) -> Position {
    let mut offset = offset.min(source.len());
    while !source.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &source[..offset];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Position { line: before.matches('\n').count(), column: before[line_start..].encode_utf16().count() }
}

/// The known name closest to `name`, if it is close enough to be a slip of the hand.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    known
        .into_iter()
        // of two letters, any name is close
        .filter(|candidate| candidate.len().max(name.len()) > 2)
        .map(|candidate| ((candidate.len().min(name.len()) / 3).max(1), candidate))
        // most names are too long or too short to look at
        .filter(|(distance_max, candidate)| candidate.len().abs_diff(name.len()) <= *distance_max * 4)
        .map(|(distance_max, candidate)| (edit_distance(&lower, &candidate.to_lowercase()), distance_max, candidate))
        .filter(|(distance, distance_max, _)| distance <= distance_max)
        .map(|(distance, _, candidate)| (distance, candidate))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance with swaps of neighbours (optimal string alignment).
fn edit_distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for i in 1..=left.len() {
        let mut row = vec![i];
        for j in 1..=right.len() {
            let same = usize::from(left[i - 1] != right[j - 1]);
            let mut best = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + same);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(before_last[j - 2] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[right.len()]
}

/// Every code with the sentence that `docs/errors.md` prints for it.
pub const CODES: &[(Code, &str)] = &[
    ("D0101", "a keyword is not known in this kind of file"),
    ("D0102", "a keyword lacks its value, or has one too many"),
    ("D0103", "a keyword stands where it has no meaning"),
    ("D0104", "the file is too large"),
    ("D0105", "a keyword is deprecated, or is not supported"),
    ("D0106", "a keyword that may stand once stands twice"),
    ("D0107", "a feature is read but not run yet"),
    ("D0108", "a template tag stands where only tb_secret may, or cannot be read"),
    ("D0109", "an INCLUDE cannot be followed"),
    ("D0201", "a data source has no SCHEMA"),
    ("D0202", "a column of a SCHEMA cannot be read"),
    ("D0203", "a column type is not known"),
    ("D0204", "two columns have one name"),
    ("D0205", "a JSON path cannot be read"),
    ("D0206", "a column default is not a constant expression"),
    ("D0207", "an index cannot be read"),
    ("D0208", "a column's CODEC cannot be read"),
    ("D0209", "a FORWARD_QUERY is not a SELECT of expressions"),
    ("D0301", "an engine is not known"),
    ("D0302", "an engine option is missing or does not fit"),
    ("D0303", "a key names a column that the schema lacks"),
    ("D0304", "a key uses a column or a function that no key may use"),
    ("D0305", "settings that belong together are not all there"),
    ("D0306", "a TTL cannot be read, or is not over a date or time"),
    ("D0307", "an engine setting cannot be read"),
    ("D0401", "a node has no SQL"),
    ("D0402", "a node's TYPE is not known"),
    ("D0403", "a pipe has no node, or two that publish"),
    ("D0404", "two nodes have one name"),
    ("D0405", "an option is missing for the node's TYPE, or does not fit it"),
    ("D0406", "a schedule is not a cron expression"),
    ("D0407", "an export setting has a value that it cannot have"),
    ("D0501", "a connection has no TYPE, or one that is not known"),
    ("D0502", "a setting is missing for the connection's TYPE, or does not fit it"),
    ("D0503", "a connector's setting has a value that it cannot have"),
    ("T0101", "a template tag is not closed"),
    ("T0102", "a template block is not closed, or closes nothing"),
    ("T0103", "a template tag is not known"),
    ("T0104", "a template expression cannot be read"),
    ("T0105", "a template nests too deeply"),
    ("T0106", "SQL holds template tags but does not start with %"),
    ("T0201", "a template function is not known"),
    ("T0202", "a template function got wrong arguments"),
    ("T0203", "a template expression uses something that is not allowed there"),
    ("T0204", "a template uses a name that cannot be a parameter"),
    ("T0205", "a template parameter has a name that the API reserves"),
    ("T0301", "a template does not render with placeholder values"),
    ("T0302", "a template renders to nothing without parameters"),
    ("S0101", "the SQL cannot be parsed"),
    ("S0102", "the SQL uses something that is not supported"),
    ("S0103", "the SQL is too long or nests too deeply"),
    ("S0201", "a data source, pipe or node is not known"),
    ("S0202", "a column or alias is not known"),
    ("S0203", "a function is not known"),
    ("S0204", "a function got arguments of the wrong types or number"),
    ("S0205", "a column is neither grouped nor aggregated"),
    ("S0206", "an aggregate function stands where none may"),
    ("S0207", "two types have no common type"),
    ("S0208", "a function got too few or too many arguments"),
    ("S0209", "a value that must not stand there"),
    ("S0210", "a function over a window is neither an aggregate nor a window function"),
    ("P0101", "two resources have one name"),
    ("P0102", "pipes read each other in a circle"),
    ("P0103", "a token line is not valid"),
    ("P0104", "a name is not valid"),
    ("P0105", "a node has the name of another resource"),
    ("P0106", "a file is not a resource of a project"),
    ("P0107", "a node writes to a data source that does not exist"),
    ("P0108", "nodes and pipes read each other too deep"),
    ("P0109", "a connection does not exist in the project, or has another TYPE than is needed"),
    ("P0110", "a secret is used that is not defined"),
    ("P0111", "a secret is defined that nothing uses"),
    ("P0112", "what a node writes does not fit the data source that it writes to"),
    ("P0113", "a fixture or a test belongs to nothing of the project, or cannot be read"),
    ("P0114", "the project's configuration cannot be read"),
    ("P0115", "the project has more problems than are told at once"),
    ("P0116", "a node that runs by itself has a parameter, which nobody would give"),
];

const HEAD: &str = "# Error codes

Written from the table in `core/src/diagnostic.rs`; to write it anew: `UPDATE=1 cargo test -p sanderling-tests reference`.

A code never changes its meaning. `sanderling check DIR` prints every problem of a project with its code, the line and a
caret; `--format json` and `--format lsp` give them to programs.
";

/// First letter of a code → what the text is that it speaks of.
const FAMILIES: [(char, &str); 4] =
    [('D', "Datafiles"), ('T', "Templates"), ('S', "SQL"), ('P', "The project as a whole")];

/// The text of `docs/errors.md`; `example` has a message of a code.
pub fn reference(example: impl Fn(Code) -> Option<String>) -> String {
    let mut out = HEAD.to_owned();
    for (letter, title) in FAMILIES {
        let _ = write!(out, "\n## {title}\n");
        for (code, meaning) in CODES.iter().filter(|(code, _)| code.starts_with(letter)) {
            let first = meaning.chars().next().map(|c| c.to_ascii_uppercase());
            let sentence: String = first.into_iter().chain(meaning.chars().skip(1)).collect();
            let _ = write!(out, "\n### {code}\n\n{sentence}.\n");
            if let Some(example) = example(code) {
                let _ = write!(out, "\n```text\n{}\n```\n", example.trim_end());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
