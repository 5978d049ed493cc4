//! What is wrong with a template's text.

use super::raised::prefixed;
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
    says: Says,
}

/// What a request hears whose template has the problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// The message and the line.
    Line,
    /// The message behind `Template Syntax Error:`.
    Prefixed,
    /// The message as it is.
    Plain,
    /// The message, and its line behind a comma.
    CommaLine,
    /// Another text.
    Text(String),
    /// Nothing: only a deployment refuses the template; it renders as far as its steps can be taken.
    Nothing,
}

impl Problem {
    pub(super) fn new(code: Code, span: Range<usize>, message: impl Into<String>) -> Problem {
        let says = match code {
            "T0101" | "T0102" | "T0103" => Says::Line,
            "T0104" | "T0105" | "T0203" => Says::Prefixed,
            _ => Says::Nothing,
        };
        Problem { code, message: message.into(), span, hint: None, says }
    }

    pub(super) fn with_hint(mut self, hint: Option<String>) -> Problem {
        self.hint = hint;
        self
    }

    pub(super) fn saying(mut self, says: Says) -> Problem {
        self.says = says;
        self
    }

    /// The answer to a request, if the problem stops one. Lines count from the `%`.
    pub(super) fn refusal(&self, text: &str) -> Option<String> {
        let line = || text[..self.span.end].matches('\n').count() + 1;
        match &self.says {
            Says::Line => Some(format!("{} at <string>:{}", self.message, line())),
            Says::CommaLine => Some(format!("{}, line {}", self.message, line())),
            Says::Text(text) => Some(text.clone()),
            Says::Prefixed => Some(prefixed(&self.message)),
            Says::Plain => Some(self.message.clone()),
            Says::Nothing => None,
        }
    }
}

impl From<token::Unreadable> for Problem {
    fn from(unreadable: token::Unreadable) -> Problem {
        Problem::new("T0104", unreadable.span, unreadable.message)
    }
}
