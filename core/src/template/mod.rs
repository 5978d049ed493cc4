//! The SQL template language: `{{ }}` and `{% %}` with typed parameters → SQL text that remembers
//! where each piece came from.
//!
//! ```text
//! text ─ tags ─ token ─ expression ─ check ─▶ Program        once, at deploy or on first use
//! Program + Params ─ run (bind, call, python, text, cast) ─▶ Rendered    for each request
//! ```
//!
//! Expressions are a subset of Python. A parameter's value reaches the SQL only as a typed literal,
//! or as an identifier through `column`, `columns`, `symbol` and `table`, which check or quote it.
//! Inside quotes and comments a value is escaped so that it cannot leave them.

mod bind;
mod call;
mod cast;
mod check;
mod date;
mod escape;
mod expression;
mod function;
mod json;
mod operator;
mod params;
mod place;
mod problem;
mod program;
mod python;
mod raised;
mod run;
mod syntax;
mod tags;
mod text;
mod token;
mod value;

use crate::diagnostic::Diagnostic;
use crate::error::Error;
use program::Program;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A node's SQL, checked at deploy. Stored as its text; each process compiles it once, when it is first needed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Template {
    /// The node's SQL as written; steps point into it.
    text: Arc<str>,
    /// Where the text starts in the datafile, in bytes.
    offset: u32,
    #[serde(skip)]
    program: OnceLock<Arc<Program>>,
}

/// What a request brings, by name. Repeated names are lists.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Params(pub BTreeMap<String, Vec<String>>);

/// The workspace's secrets, for `tb_secret`. Kept apart from [`Params`], so that no request can
/// stand in for one.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secrets(pub BTreeMap<String, String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.0.keys()).finish()
    }
}

/// SQL with the way back into the datafile.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Rendered {
    pub sql: String,
    /// Sorted by `sql.start`: these bytes of `sql` came from those bytes of the datafile.
    pub pieces: Vec<Piece>,
    pub options: Options,
    /// Values of the placeholders `{name: String}`, which the execution binds.
    pub secrets: Secrets,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub sql: Range<usize>,
    pub source: Range<usize>,
    /// Copied byte for byte (so offsets inside it carry over), or put out by a tag.
    pub verbatim: bool,
}

/// What directives such as `{{ cache_ttl('5m') }}` ask of the execution.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Options {
    pub max_threads: Option<u32>,
    pub cache_ttl_s: Option<u32>,
    pub backend_hint: Option<String>,
    pub activated: Vec<String>,
    pub disabled: Vec<String>,
}

/// One use of a parameter, as `/v0/pipes` and OpenAPI list it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Param {
    pub name: String,
    /// `Int32`, `Array(String)` …
    #[serde(rename = "type")]
    pub data_type: String,
    pub default: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(rename = "enum", skip_serializing_if = "Option::is_none")]
    pub allowed: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// `function_call` if only functions such as `defined` mention it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used_in: Option<String>,
}

/// A parameter of a whole pipe: what all its nodes say of it, and which of them read it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PipeParam {
    #[serde(flatten)]
    pub param: Param,
    pub nodes: Vec<String>,
}

/// The parameters of a pipe's nodes, each once, in the order in which they first appear. Of several uses the
/// first that says most counts; what it leaves open, the others fill in.
pub fn pipe_params<'a>(nodes: impl IntoIterator<Item = (&'a str, &'a Template)>) -> Vec<PipeParam> {
    params::merged(nodes)
}

impl Default for Param {
    fn default() -> Param {
        Param {
            name: String::new(),
            data_type: "String".to_owned(),
            default: None,
            required: None,
            description: None,
            allowed: None,
            example: None,
            format: None,
            used_in: None,
        }
    }
}

/// Why a template does not render, with what the HTTP answer has to be.
///
/// As an [`Error`] it is the source, so that `api` finds status and body again:
/// `error.source()?.downcast_ref::<Failure>()`.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub status: u16,
    pub message: String,
    /// The body that `custom_error` wants instead of the usual `{"error": message}`.
    pub body: Option<serde_json::Value>,
    /// Bytes of the datafile.
    pub span: Option<Range<usize>>,
}

/// The identifier that stands for the value of `table(x)` and `symbol(x)` in
/// [`Template::render_for_check`]: no data source or column has to have it.
pub const TABLE_PLACEHOLDER: &str = "placeholder";

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        Error::invalid(failure.message.clone()).with_source(failure)
    }
}

impl Rendered {
    /// Plain SQL that no template made: it is its own source.
    pub fn plain(sql: &str) -> Rendered {
        let all = 0..sql.len();
        let pieces = vec![Piece { sql: all.clone(), source: all, verbatim: true }];
        Rendered { sql: sql.to_owned(), pieces, ..Rendered::default() }
    }

    /// The bytes of the datafile that `span` of the SQL came from.
    pub fn source_span(&self, span: Range<usize>) -> Range<usize> {
        let place = |offset: usize| {
            let index = self.pieces.partition_point(|piece| piece.sql.end <= offset).min(self.pieces.len().max(1) - 1);
            self.pieces.get(index).map_or(0..offset, |piece| match piece.verbatim {
                true => {
                    let inside = (piece.source.start + offset.saturating_sub(piece.sql.start)).min(piece.source.end);
                    inside..inside
                }
                false => piece.source.clone(),
            })
        };
        let start = place(span.start).start;
        let last = span.end.max(span.start + 1) - 1;
        let end = place(last);
        // a verbatim end points at its last byte, a tag's end is already behind it
        let end = if end.is_empty() { end.end + 1 } else { end.end };
        start..end.max(start + 1)
    }
}

impl Template {
    /// `text` is the node's SQL as it stands in `file` from byte `offset` on. It is a template if
    /// its first character is `%`.
    ///
    /// The tree is usable only if none of the diagnostics is an error.
    pub fn compile(text: &str, file: &str, offset: usize) -> (Template, Vec<Diagnostic>) {
        let template =
            Template { text: text.into(), offset: u32::try_from(offset).unwrap_or(u32::MAX), program: OnceLock::new() };
        if text.len() > crate::limits::DATAFILE_BYTES_MAX {
            let message = format!("the SQL is longer than {} bytes", crate::limits::DATAFILE_BYTES_MAX);
            let template = Template { program: Arc::new(Program::default()).into(), ..template };
            return (template, vec![Diagnostic::error("D0104", file, offset..offset + 1, message)]);
        }
        if program::starts(text).is_none() {
            return (template, missing_percent(text, file, offset));
        }
        let (program, problems) = Program::read(text);
        let template = Template { program: Arc::new(program).into(), ..template };
        let diagnostics = problems.into_iter().map(|problem| {
            let span = problem.span.start + offset..problem.span.end + offset;
            let diagnostic = match problem.code {
                "T0205" => Diagnostic::warning(problem.code, file, span, problem.message),
                code => Diagnostic::error(code, file, span, problem.message),
            };
            Diagnostic { hint: problem.hint, ..diagnostic }
        });
        let diagnostics = diagnostics.collect();
        (template, diagnostics)
    }

    fn program(&self) -> &Program {
        self.program.get_or_init(|| Arc::new(Program::read(&self.text).0))
    }

    /// Why the template cannot be rendered at all, as a request hears it. A deployment refuses more.
    pub fn refusal(&self) -> Option<Failure> {
        let (message, span) = self.program().refused.clone()?;
        Some(self.placed(Failure { status: 400, message, body: None, span: Some(span.range()) }))
    }

    pub fn render(&self, params: &Params) -> Result<Rendered, Failure> {
        self.render_with(params, &Secrets::default())
    }

    pub fn render_with(&self, params: &Params, secrets: &Secrets) -> Result<Rendered, Failure> {
        self.run(run::Source::Request { params, secrets })
    }

    /// As a deployment checks it: every parameter is a placeholder, which the typed functions take for
    /// their default or for a value of their type.
    pub fn render_for_check(&self) -> Result<Rendered, Failure> {
        self.run(run::Source::Check)
    }

    /// The parameters, in source order; one that is used twice is listed twice.
    pub fn params(&self) -> Vec<Param> {
        params::discover(self.program())
    }

    /// The SQL as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn run(&self, source: run::Source<'_>) -> Result<Rendered, Failure> {
        match self.refusal() {
            Some(failure) => Err(failure),
            None => run::render(self, source).map_err(|raised| self.placed(raised.answer(self))),
        }
    }

    fn placed(&self, mut failure: Failure) -> Failure {
        let offset = self.offset as usize;
        failure.span = failure.span.map(|span| span.start + offset..span.end + offset);
        failure
    }
}

fn missing_percent(text: &str, file: &str, offset: usize) -> Vec<Diagnostic> {
    let Some(at) = text.find("{{").or_else(|| text.find("{%")) else { return Vec::new() };
    let message = "the SQL holds template tags, but is not a template";
    let warning = Diagnostic::warning("T0106", file, offset + at..offset + at + 2, message);
    vec![warning.with_hint("start the node's SQL with %")]
}

#[cfg(test)]
mod tests;
