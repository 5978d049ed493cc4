//! What is wrong with a template's text.

use super::token;
use crate::diagnostic::Code;
use std::ops::Range;

/// What is wrong with an expression; becomes a diagnostic when the file is known.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) span: Range<usize>,
    pub(super) hint: Option<String>,
}

impl Problem {
    pub(super) fn new(code: Code, span: Range<usize>, message: impl Into<String>) -> Problem {
        Problem { code, message: message.into(), span, hint: None }
    }

    pub(super) fn with_hint(mut self, hint: Option<String>) -> Problem {
        self.hint = hint;
        self
    }
}

impl From<token::Unreadable> for Problem {
    fn from(unreadable: token::Unreadable) -> Problem {
        Problem::new("T0104", unreadable.span, unreadable.message)
    }
}
