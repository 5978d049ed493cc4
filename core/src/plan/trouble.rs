//! What goes wrong while binding: placed in the text at hand, then in the file it came from.

use crate::diagnostic::{Diagnostic, position};
use crate::error::{Error, Kind};
use crate::function::Mismatch;
use crate::sql::{Problem, exception};
use crate::template::Rendered;
use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use std::ops::Range;
use std::sync::Arc;

#[derive(Debug)]
pub enum Trouble {
    /// In the SQL text that is being bound.
    Here(Problem),
    /// In a file of the project.
    There(Box<Placed>),
    /// Not a matter of text.
    Failed(Error),
}

#[derive(Debug)]
pub struct Placed {
    pub diagnostic: Diagnostic,
    pub exception_code: u16,
    /// `line:column` in the file.
    place: String,
}

impl Trouble {
    /// Carries a problem of `rendered` over into the datafile it was rendered from.
    pub(super) fn placed(self, rendered: &Rendered, file: &str, text: &str) -> Trouble {
        match self {
            Trouble::Here(problem) => {
                let span = rendered.source_span(problem.span);
                let at = position(text, span.start);
                let mut diagnostic = Diagnostic::error(problem.code, file, span, problem.message);
                diagnostic.hint = problem.hint;
                Trouble::There(Box::new(Placed {
                    diagnostic,
                    exception_code: problem.exception_code,
                    place: format!("{}:{}", at.line, at.column),
                }))
            }
            other => other,
        }
    }

    /// As a diagnostic of `file`, for a deployment.
    pub fn into_diagnostic(self, file: &str) -> Diagnostic {
        match self {
            Trouble::Here(problem) => {
                let mut diagnostic = Diagnostic::error(problem.code, file, problem.span, problem.message);
                diagnostic.hint = problem.hint;
                diagnostic
            }
            Trouble::There(placed) => placed.diagnostic,
            Trouble::Failed(error) => Diagnostic::error("S0102", file, 0..0, error.message),
        }
    }
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Error {
        let with_hint = |message: String, hint: Option<String>| match hint {
            Some(hint) => format!("{message}; {hint}"),
            None => message,
        };
        match trouble {
            Trouble::Here(problem) => {
                let kind = kind_of(problem.exception_code);
                Error::new(kind, with_hint(problem.message, problem.hint)).with_exception_code(problem.exception_code)
            }
            Trouble::There(placed) => {
                let Placed { diagnostic, exception_code, place } = *placed;
                let message = format!("{} ({}:{place})", diagnostic.message, diagnostic.file);
                Error::new(kind_of(exception_code), with_hint(message, diagnostic.hint))
                    .with_exception_code(exception_code)
            }
            Trouble::Failed(error) => error,
        }
    }
}

fn kind_of(exception_code: u16) -> Kind {
    match exception_code {
        exception::ACCESS_DENIED => Kind::Denied,
        _ => Kind::Invalid,
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Trouble {
        Trouble::Failed(error)
    }
}

impl From<DataFusionError> for Trouble {
    fn from(error: DataFusionError) -> Trouble {
        Trouble::Failed(failure(error))
    }
}

/// What an error of the engine means for the caller: a value that a function cannot take is
/// theirs, running out of budget too, anything else is ours.
pub(crate) fn failure(error: DataFusionError) -> Error {
    match error {
        DataFusionError::Execution(message) => Error::invalid(message).with_exception_code(exception::BAD_ARGUMENTS),
        DataFusionError::ArrowError(error, _) => match *error {
            ArrowError::DivideByZero => {
                Error::invalid("division by zero").with_exception_code(exception::DIVISION_BY_ZERO)
            }
            ArrowError::ExternalError(inner) => match inner.downcast::<Error>() {
                Ok(error) => *error,
                Err(other) => Error::internal(format!("engine: {other}")),
            },
            other => Error::invalid(other.to_string()).with_exception_code(exception::BAD_ARGUMENTS),
        },
        DataFusionError::ResourcesExhausted(message) => {
            Error::limit(format!("the query needs too much memory: {message}")).with_exception_code(exception::MEMORY)
        }
        DataFusionError::External(inner) => match inner.downcast::<Error>() {
            Ok(error) => *error,
            Err(other) => Error::internal(format!("engine: {other}")),
        },
        DataFusionError::Context(_, inner) => failure(*inner),
        DataFusionError::Shared(inner) => match Arc::try_unwrap(inner) {
            Ok(inner) => failure(inner),
            Err(shared) => Error::internal(format!("engine: {shared}")),
        },
        other => Error::internal(format!("engine: {other}")),
    }
}

/// Places a function's complaint.
pub(super) fn mismatch(mismatch: Mismatch, span: Range<usize>) -> Trouble {
    let exception_code = match mismatch.code {
        "S0203" => exception::UNKNOWN_FUNCTION,
        "S0207" => exception::NO_COMMON_TYPE,
        _ => exception::ILLEGAL_TYPE_OF_ARGUMENT,
    };
    Trouble::Here(Problem::new(mismatch.code, exception_code, span, mismatch.message).with_hint(mismatch.hint))
}

pub(super) fn unsupported(what: &str, span: Range<usize>) -> Trouble {
    Trouble::Here(Problem::new("S0102", exception::NOT_IMPLEMENTED, span, format!("{what} is not supported")))
}
