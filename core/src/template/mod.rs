//! The SQL template language: `{{ }}` and `{% %}` with typed parameters → SQL text that remembers
//! where each piece came from.

use crate::diagnostic::Diagnostic;
use crate::error::Error;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;

/// A node's SQL, compiled once at deploy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Template {
    /// Placeholder of the compiled form.
    text: String,
    /// Where the text starts in the datafile, in bytes.
    offset: usize,
}

/// What a request brings, by name. Repeated names are lists.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Params(pub BTreeMap<String, Vec<String>>);

/// SQL with the way back into the datafile.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Rendered {
    pub sql: String,
    /// Sorted by `sql.start`: these bytes of `sql` came from those bytes of the datafile.
    pub pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub sql: Range<usize>,
    pub source: Range<usize>,
    /// Copied byte for byte (so offsets inside it carry over), or put out by a tag.
    pub verbatim: bool,
}

impl Rendered {
    /// Plain SQL that no template made: it is its own source.
    pub fn plain(sql: &str) -> Rendered {
        let all = 0..sql.len();
        Rendered { sql: sql.to_owned(), pieces: vec![Piece { sql: all.clone(), source: all, verbatim: true }] }
    }

    /// The bytes of the datafile that `span` of the SQL came from.
    pub fn source_span(&self, span: Range<usize>) -> Range<usize> {
        let place = |offset: usize| {
            let index = self.pieces.partition_point(|piece| piece.sql.end <= offset).min(self.pieces.len().max(1) - 1);
            self.pieces.get(index).map_or(0..offset, |piece| match piece.verbatim {
                true => {
                    let inside = piece.source.start + offset.saturating_sub(piece.sql.start);
                    inside..inside
                }
                false => piece.source.clone(),
            })
        };
        place(span.start).start..place(span.end.max(span.start + 1) - 1).end.max(place(span.start).start + 1)
    }
}

impl Template {
    /// `text` is the node's SQL as it stands in `file` from byte `offset` on. It is a template if
    /// its first character is `%`.
    pub fn compile(text: &str, _file: &str, offset: usize) -> (Template, Vec<Diagnostic>) {
        (Template { text: text.to_owned(), offset }, Vec::new())
    }

    pub fn render(&self, _params: &Params) -> Result<Rendered, Error> {
        Ok(Rendered::plain(&self.text))
    }

    /// As a deployment checks it: every parameter takes a placeholder value of its type.
    pub fn render_for_check(&self) -> Result<Rendered, Error> {
        Ok(Rendered::plain(&self.text))
    }
}
