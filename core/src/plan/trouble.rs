//! What goes wrong while binding: placed in the text at hand, then in the file it came from.

use crate::diagnostic::{Diagnostic, position};
use crate::error::{Error, Kind};
use crate::function::Mismatch;
use crate::sql::{Problem, exception};
use crate::template::Rendered;
use crate::value::DataType;
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
        DataFusionError::Execution(message) if message.starts_with("Scalar subquery returned more than one row") => {
            Error::invalid("a scalar subquery gave more than one row")
                .with_exception_code(exception::INCORRECT_RESULT_OF_SCALAR_SUBQUERY)
        }
        DataFusionError::Execution(message) => {
            let code = exception_of(&message);
            Error::invalid(message).with_exception_code(code)
        }
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
            Err(shared) => told_of(&shared),
        },
        other => Error::internal(format!("engine: {other}")),
    }
}

/// Functions complain in ClickHouse's words, so the words tell the number.
fn exception_of(message: &str) -> u16 {
    const WORDS: &[(&str, &str, u16)] = &[
        ("decimal overflow", "", 407),
        ("attempt to read after eof", "", 32),
        ("unknown element", "", 691),
        ("unsigned type must not contain", "", 72),
        ("cannot read DateTime", "", 41),
        ("cannot parse date", "", 38),
        ("cannot convert a float that is not finite", "", 70),
        ("invalid IPv4", "", 675),
        ("invalid IPv6", "", 676),
        ("cannot parse", "as UUID", 376),
        ("cannot parse", "as Bool", 467),
        ("cannot parse", "as Float", 72),
        ("cannot parse the JSON path", "", exception::BAD_ARGUMENTS),
        ("cannot parse", "", exception::CANNOT_PARSE_TEXT),
        ("cannot compile the regular expression", "", 427),
        ("got an escape at the end", "", 25),
        ("finds no group ", "", 353),
        ("the new length", "is negative", 353),
        ("too many times to repeat", "", 131),
        ("neither IPv4 nor IPv6 address", "", exception::CANNOT_PARSE_TEXT),
        ("the text does not contain '/'", "", exception::CANNOT_PARSE_TEXT),
        ("the range", "malformed prefix bits", exception::CANNOT_PARSE_TEXT),
        ("unknown data type", "", 50),
        ("invalid base", "cannot be decoded", 117),
        ("invalid H3 cell index", "", 117),
        ("invalid H3 index", "", exception::ILLEGAL_TYPE_OF_ARGUMENT),
        ("the resolution", "is out of bounds", 69),
    ];
    let known = WORDS.iter().find(|(start, inside, _)| message.starts_with(start) && message.contains(inside));
    known.map_or(exception::BAD_ARGUMENTS, |(_, _, code)| *code)
}

/// What a function says of itself, without its name.
fn complaint(message: &str) -> &str {
    let named = message.strip_prefix("function ").and_then(|rest| rest.split_once(' '));
    named.map_or(message, |(_, complaint)| complaint)
}

/// ClickHouse has several numbers for "cannot convert A to B", by what A and B are.
fn exception_of_cast(message: &str) -> Option<u16> {
    use DataType::*;
    const ILLEGAL_COLUMN: u16 = 44;
    const CANNOT_CONVERT_TYPE: u16 = 70;
    const CANNOT_INSERT_NULL: u16 = 349;
    let (from, to) = message.strip_prefix("cannot convert ")?.split_once(" to ")?;
    if from == "NULL" {
        return Some(CANNOT_INSERT_NULL);
    }
    let (from, to) = (DataType::parse(from).ok()?, DataType::parse(to).ok()?);
    let is_nested = matches!(from.bare(), Array(_) | Tuple(_) | Map(..));
    Some(match (from.bare(), to.bare()) {
        (_, Array(_) | Tuple(_) | Map(..)) => exception::TYPE_MISMATCH,
        (Decimal { .. }, Date | Date32 | DateTime(_) | Uuid | IPv4) => ILLEGAL_COLUMN,
        (Date | Date32 | DateTime(_), Decimal { .. }) => ILLEGAL_COLUMN,
        (_, Decimal { .. } | DateTime64(..)) => CANNOT_CONVERT_TYPE,
        (_, to) if is_nested && !matches!(to, FixedString(_)) => exception::ILLEGAL_TYPE_OF_ARGUMENT,
        _ => exception::NOT_IMPLEMENTED,
    })
}

/// The same for an error that others hold too: that of a subquery is told to all who wait for its value.
fn told_of(error: &DataFusionError) -> Error {
    match error {
        DataFusionError::Execution(message) => failure(DataFusionError::Execution(message.clone())),
        DataFusionError::ResourcesExhausted(message) => failure(DataFusionError::ResourcesExhausted(message.clone())),
        DataFusionError::External(inner) => match inner.downcast_ref::<Error>() {
            Some(error) => {
                let told = Error::new(error.kind, error.message.clone());
                match error.exception_code {
                    Some(code) => told.with_exception_code(code),
                    None => told,
                }
            }
            None => Error::internal(format!("engine: {inner}")),
        },
        DataFusionError::Context(_, inner) => told_of(inner),
        DataFusionError::Shared(inner) => told_of(inner),
        other => Error::internal(format!("engine: {other}")),
    }
}

/// Places a function's complaint.
pub(super) fn mismatch(mismatch: Mismatch, span: Range<usize>) -> Trouble {
    let by_code = match mismatch.code {
        "S0203" => exception::UNKNOWN_FUNCTION,
        "S0206" => exception::ILLEGAL_AGGREGATION,
        "S0207" => exception::NO_COMMON_TYPE,
        "S0208" => exception::NUMBER_OF_ARGUMENTS,
        "S0209" => exception_of(complaint(&mismatch.message)),
        "S0210" => exception::UNKNOWN_AGGREGATE_FUNCTION,
        _ => exception_of_cast(&mismatch.message).unwrap_or(exception::ILLEGAL_TYPE_OF_ARGUMENT),
    };
    let exception_code = mismatch.exception.unwrap_or(by_code);
    Trouble::Here(Problem::new(mismatch.code, exception_code, span, mismatch.message).with_hint(mismatch.hint))
}

pub(super) fn unsupported(what: &str, span: Range<usize>) -> Trouble {
    Trouble::Here(Problem::new("S0102", exception::NOT_IMPLEMENTED, span, format!("{what} is not supported")))
}
