//! Errors that a kernel meets in a value, with ClickHouse's number for them.

use crate::error::Error;
use datafusion::common::Result as EngineResult;
use datafusion::error::DataFusionError;

/// ClickHouse's numbers (`core/src/error/exceptions.txt` has their names).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Fault {
    CannotParseText = 6,
    ParameterOutOfBound = 12,
    TextIsTooShort = 32,
    CannotParseDate = 38,
    CannotParseTime = 41,
    OutOfBound = 69,
    CannotConvert = 70,
    CannotParseNumber = 72,
    IncorrectData = 117,
    TooLargeArray = 128,
    TextIsTooLong = 131,
    Division = 153,
    SizesDiffer = 190,
    NullWhereNoneMayBe = 349,
    CannotParseUuid = 376,
    Thrown = 395,
    DecimalOverflow = 407,
    CannotParseBool = 467,
    CannotParseIPv4 = 675,
    CannotParseIPv6 = 676,
    UnknownEnumElement = 691,
}

impl Fault {
    pub(crate) fn error(self, message: impl Into<String>) -> DataFusionError {
        DataFusionError::External(Box::new(Error::invalid(message).with_exception_code(self as u16)))
    }
}

pub(crate) fn fault<T>(fault: Fault, message: impl Into<String>) -> EngineResult<T> {
    Err(fault.error(message))
}
