//! What went wrong with an operation, and what the caller should do about it.
//!
//! Mistakes in a user's text (datafile, template, SQL) are [`crate::diagnostic::Diagnostic`]s
//! first; they become an `Error` of kind `Invalid` only where a request has to fail on them.

use std::fmt;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Tells the caller what to do. `api` maps each kind to a status, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Fix the request.
    Invalid,
    /// Name something that exists.
    NotFound,
    /// Bring another token.
    Denied,
    /// Re-read and retry.
    Conflict,
    /// Retry later.
    Unavailable,
    /// Ask for less.
    LimitExceeded,
    /// Stop and repair: stored bytes are not what was written.
    Corrupt,
    /// Our fault.
    Internal,
}

/// An operation that failed. The message is lower case, without a full stop, with the values.
#[derive(Debug)]
pub struct Error {
    pub kind: Kind,
    pub message: String,
    /// ClickHouse's number for this error, where clients rely on it (`X-DB-Exception-Code`).
    pub exception_code: Option<u16>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub fn new(kind: Kind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into(), exception_code: None, source: None }
    }

    pub fn invalid(message: impl Into<String>) -> Error {
        Error::new(Kind::Invalid, message)
    }

    pub fn not_found(message: impl Into<String>) -> Error {
        Error::new(Kind::NotFound, message)
    }

    pub fn denied(message: impl Into<String>) -> Error {
        Error::new(Kind::Denied, message)
    }

    pub fn unavailable(message: impl Into<String>) -> Error {
        Error::new(Kind::Unavailable, message)
    }

    pub fn corrupt(message: impl Into<String>) -> Error {
        Error::new(Kind::Corrupt, message)
    }

    pub fn internal(message: impl Into<String>) -> Error {
        Error::new(Kind::Internal, message)
    }

    pub fn limit(message: impl Into<String>) -> Error {
        Error::new(Kind::LimitExceeded, message)
    }

    /// Keeps the kind, says where: `segment 42: footer checksum mismatch`.
    pub fn context(mut self, place: impl fmt::Display) -> Error {
        self.message = format!("{place}: {}", self.message);
        self
    }

    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Error {
        self.source = Some(Box::new(source));
        self
    }

    /// ClickHouse's number for it, and the name it has there.
    pub fn exception(&self) -> (u16, &'static str) {
        let code = self.exception_code.unwrap_or(match self.kind {
            Kind::Invalid => 36,
            Kind::NotFound => 60,
            Kind::Denied => 497,
            Kind::LimitExceeded => 396,
            Kind::Conflict | Kind::Unavailable | Kind::Corrupt | Kind::Internal => 49,
        });
        (code, exception_name(code))
    }

    pub fn with_exception_code(mut self, code: u16) -> Error {
        self.exception_code = Some(code);
        self
    }
}

/// What ClickHouse calls one of its error numbers.
pub fn exception_name(code: u16) -> &'static str {
    let names = EXCEPTIONS.lines().filter_map(|line| line.split_once(' '));
    let mut named = names.filter(|(number, _)| number.parse() == Ok(code));
    named.next().map_or("UNKNOWN_EXCEPTION", |(_, name)| name)
}

/// A number and a name a line, as ClickHouse's `errorCodeToName` has them.
const EXCEPTIONS: &str = include_str!("error/exceptions.txt");

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
