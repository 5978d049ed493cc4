//! Functions that exist only over windows; aggregate functions over windows are `aggregate`'s.

use super::conditional::default_of;
use super::convert::cast;
use super::definition::{Mismatch, is_any_case};
use super::typed::{Typed, literal};
use crate::diagnostic::nearest;
use crate::value::{DataType, IntervalUnit, supertype};
use datafusion::scalar::ScalarValue;

/// What a window function computes; its arguments come beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum WindowKind {
    RowNumber,
    Rank,
    DenseRank,
    PercentRank,
    CumeDist,
    Ntile,
    /// `value, offset, default`: `offset` rows back (`-1`) or ahead (`1`), of the frame or of the partition.
    Shift {
        sign: i8,
        in_frame: bool,
    },
    NthValue,
    /// `value, time, interval`, the interval in nanoseconds.
    NonNegativeDerivative,
}

/// What a window function says of itself.
pub(crate) struct WindowFunction {
    pub(crate) name: &'static str,
    pub(crate) aliases: &'static [&'static str],
    pub(crate) case_insensitive: bool,
    pub(crate) syntax: &'static str,
    pub(crate) summary: &'static str,
    /// `(call, its values as TSV over the rows 1, 2, 2, 3 of x, OVER (ORDER BY x), separated by spaces)`
    pub(crate) examples: &'static [(&'static str, &'static str)],
    kind: WindowKind,
}

/// A window function that fits its arguments.
pub(crate) struct BoundWindow {
    pub(crate) kind: WindowKind,
    pub(crate) arguments: Vec<Typed>,
    pub(crate) result: DataType,
}

macro_rules! windows {
    ($($name:literal $(| $alias:literal)*, $case:ident, $syntax:literal, $kind:expr, $summary:literal, [$($example:expr),* $(,)?];)*) => {
        &[$(WindowFunction {
            name: $name,
            aliases: &[$($alias),*],
            case_insensitive: is_any_case(stringify!($case)),
            syntax: $syntax,
            summary: $summary,
            examples: &[$($example),*],
            kind: $kind,
        }),*]
    };
}

pub(crate) const WINDOW_FUNCTIONS: &[WindowFunction] = windows! {
    "row_number", any_case, "row_number() OVER (…)", WindowKind::RowNumber,
        "The number of the row in its partition, from 1.", [("row_number()", "1 2 3 4")];
    "rank", any_case, "rank() OVER (… ORDER BY …)", WindowKind::Rank,
        "The rank with gaps: rows that sort alike have one.", [("rank()", "1 2 2 4")];
    "dense_rank" | "denseRank", any_case, "dense_rank() OVER (… ORDER BY …)", WindowKind::DenseRank,
        "The rank without gaps.", [("dense_rank()", "1 2 2 3"), ("denseRank()", "1 2 2 3")];
    "percent_rank" | "percentRank", any_case, "percent_rank() OVER (… ORDER BY …)", WindowKind::PercentRank,
        "(rank - 1) / (rows of the partition - 1).",
        [("percent_rank()", "0 0.3333333333333333 0.3333333333333333 1")];
    "cume_dist", exact_case, "cume_dist() OVER (… ORDER BY …)", WindowKind::CumeDist,
        "The share of the partition's rows up to and with this row's peers.", [("cume_dist()", "0.25 0.75 0.75 1")];
    "ntile", exact_case, "ntile(buckets) OVER (… ORDER BY …)", WindowKind::Ntile,
        "Which of so many buckets of like size the row is in, from 1.", [("ntile(2)", "1 1 2 2"), ("ntile(3)", "1 1 2 3")];
    "lag", any_case, "lag(x[, offset[, default]]) OVER (… ORDER BY …)", WindowKind::Shift { sign: -1, in_frame: false },
        "The value some rows before in the partition, or the default.", [("lag(x)", "0 1 2 2"), ("lag(x, 2, 9)", "9 9 1 2")];
    "lead", any_case, "lead(x[, offset[, default]]) OVER (… ORDER BY …)", WindowKind::Shift { sign: 1, in_frame: false },
        "The value some rows later in the partition, or the default.", [("lead(x)", "2 2 3 0")];
    "lagInFrame", exact_case, "lagInFrame(x[, offset[, default]]) OVER (… ORDER BY …)",
        WindowKind::Shift { sign: -1, in_frame: true },
        "The value some rows before in the frame, or the default.", [("lagInFrame(x)", "0 1 2 2"), ("lagInFrame(x, 1, 7)", "7 1 2 2")];
    "leadInFrame", exact_case, "leadInFrame(x[, offset[, default]]) OVER (… ORDER BY …)",
        WindowKind::Shift { sign: 1, in_frame: true },
        "The value some rows later in the frame, or the default.", [("leadInFrame(x)", "0 2 0 0")];
    "nth_value", any_case, "nth_value(x, n) OVER (…)", WindowKind::NthValue,
        "The value in the n-th row of the frame, from 1, or the default.", [("nth_value(x, 2)", "0 2 2 2")];
    "nonNegativeDerivative", exact_case, "nonNegativeDerivative(x, time[, INTERVAL n UNIT]) OVER (… ORDER BY …)",
        WindowKind::NonNegativeDerivative,
        "The growth since the row before, for each interval of time (a second); 0 where it shrinks.",
        [("nonNegativeDerivative(x * 10, toDateTime(x))", "0 10 0 10")];
};

fn find(name: &str) -> Option<&'static WindowFunction> {
    let is = |known: &str, any_case: bool| known == name || any_case && known.eq_ignore_ascii_case(name);
    WINDOW_FUNCTIONS.iter().find(|function| {
        is(function.name, function.case_insensitive)
            || function.aliases.iter().any(|alias| is(alias, function.case_insensitive))
    })
}

/// Whether a name is a function of windows only.
pub(crate) fn is_window(name: &str) -> bool {
    find(name).is_some()
}

pub(crate) fn unknown_over_window(name: &str) -> Mismatch {
    let names = WINDOW_FUNCTIONS.iter().flat_map(|function| std::iter::once(&function.name).chain(function.aliases));
    let hint = nearest(name, names.copied()).map(|near| format!("did you mean {near:?}?"));
    Mismatch {
        code: "S0210",
        message: format!("{name} is neither an aggregate nor a window function"),
        hint,
        exception: None,
    }
}

impl WindowFunction {
    fn mismatch(&self, problem: impl std::fmt::Display) -> Mismatch {
        let mut mismatch = Mismatch::new(format!("window function {} {problem}", self.name));
        mismatch.code = "S0209";
        mismatch.hint = Some(format!("it is written {}", self.syntax));
        mismatch
    }

    fn count(&self, arguments: &[Typed], allowed: std::ops::RangeInclusive<usize>) -> Result<(), Mismatch> {
        if allowed.contains(&arguments.len()) {
            return Ok(());
        }
        let plural = if arguments.len() == 1 { "argument" } else { "arguments" };
        let mismatch = self.mismatch(format_args!("does not take {} {plural}", arguments.len()));
        Err(Mismatch { code: "S0208", ..mismatch })
    }
}

/// Binds a call of a function of windows only.
pub(crate) fn window(name: &str, arguments: Vec<Typed>) -> Result<BoundWindow, Mismatch> {
    let Some(function) = find(name) else { return Err(unknown_over_window(name)) };
    let arguments: Vec<Typed> = arguments.into_iter().map(Typed::into_value).collect();
    let kind = function.kind;
    let (arguments, result) = match kind {
        // ClickHouse takes arguments here and does not look at them
        WindowKind::RowNumber | WindowKind::Rank | WindowKind::DenseRank => (Vec::new(), DataType::UInt64),
        WindowKind::PercentRank | WindowKind::CumeDist => (Vec::new(), DataType::Float64),
        WindowKind::Ntile => {
            function.count(&arguments, 1..=1)?;
            match arguments[0].integer() {
                Some(buckets) if buckets > 0 => {}
                _ => return Err(function.mismatch("needs a constant above zero")),
            }
            (as_int64(arguments)?, DataType::UInt64)
        }
        WindowKind::Shift { .. } => shift(function, arguments)?,
        WindowKind::NthValue => {
            function.count(&arguments, 2..=2)?;
            if arguments[1].constant().is_some() && arguments[1].integer().is_none_or(|place| place < 1) {
                return Err(function.mismatch("counts rows of the frame from 1"));
            }
            let result = arguments[0].data_type.clone();
            let [value, place] = <[Typed; 2]>::try_from(arguments).expect("two, as counted");
            (vec![value, cast(place, &DataType::Int64)?, default(function, &result)?], result)
        }
        WindowKind::NonNegativeDerivative => (derivative(function, arguments)?, DataType::Float64),
    };
    Ok(BoundWindow { kind, arguments, result })
}

fn as_int64(arguments: Vec<Typed>) -> Result<Vec<Typed>, Mismatch> {
    arguments.into_iter().map(|argument| cast(argument, &DataType::Int64)).collect()
}

/// `value, offset, default`, all of them there.
fn shift(function: &WindowFunction, arguments: Vec<Typed>) -> Result<(Vec<Typed>, DataType), Mismatch> {
    function.count(&arguments, 1..=3)?;
    let mut arguments = arguments.into_iter();
    let value = arguments.next().expect("one at least, as counted");
    let offset = match arguments.next() {
        Some(offset) if !offset.data_type.is_integer() => {
            return Err(function.mismatch(format_args!("does not take {} as argument 2", offset.data_type)));
        }
        Some(offset) if offset.integer().is_some_and(|offset| offset < 0) => {
            return Err(function.mismatch("does not take an offset below zero"));
        }
        Some(offset) => cast(offset, &DataType::Int64)?,
        None => literal(ScalarValue::Int64(Some(1)), DataType::Int64),
    };
    let result = value.data_type.clone();
    let default = match arguments.next() {
        Some(default) => {
            let common = supertype(&[value.data_type.clone(), default.data_type.clone()]);
            if common.as_ref() != Ok(&result) {
                let message = format!("does not take {} as the default of {result}", default.data_type);
                return Err(function.mismatch(message));
            }
            cast(default, &result)?
        }
        None => default(function, &result)?,
    };
    Ok((vec![value, offset, default], result))
}

/// What stands for a row that is not there.
fn default(function: &WindowFunction, data_type: &DataType) -> Result<Typed, Mismatch> {
    let value = default_of(data_type);
    let value = value.ok_or_else(|| function.mismatch(format_args!("knows no default of {data_type}")))?;
    Ok(literal(value, data_type.clone()))
}

fn derivative(function: &WindowFunction, arguments: Vec<Typed>) -> Result<Vec<Typed>, Mismatch> {
    function.count(&arguments, 2..=3)?;
    let mut arguments = arguments.into_iter();
    let value = arguments.next().expect("two at least, as counted");
    if !value.data_type.bare().is_numeric() {
        return Err(function.mismatch(format_args!("does not take {} as argument 1", value.data_type)));
    }
    let time = arguments.next().expect("two at least, as counted");
    if !matches!(time.data_type.bare(), DataType::DateTime(_) | DataType::DateTime64(..)) {
        return Err(function.mismatch(format_args!("does not take {} as argument 2", time.data_type)));
    }
    let interval_ns = match arguments.next() {
        None => 1_000_000_000,
        Some(interval) => match (interval.data_type.bare(), interval.constant()) {
            (DataType::Interval(unit), Some(ScalarValue::Int64(Some(count)))) => unit_ns(*unit)
                .and_then(|unit| unit.checked_mul(*count))
                .filter(|interval| *interval > 0)
                .ok_or_else(|| function.mismatch("needs an interval of a fixed length above zero"))?,
            _ => return Err(function.mismatch("needs a constant interval as argument 3")),
        },
    };
    let interval = literal(ScalarValue::Int64(Some(interval_ns)), DataType::Int64);
    Ok(vec![cast(value, &DataType::Float64.nullable())?, time, interval])
}

fn unit_ns(unit: IntervalUnit) -> Option<i64> {
    Some(match unit {
        IntervalUnit::Nanosecond => 1,
        IntervalUnit::Microsecond => 1_000,
        IntervalUnit::Millisecond => 1_000_000,
        IntervalUnit::Second => 1_000_000_000,
        IntervalUnit::Minute => 60_000_000_000,
        IntervalUnit::Hour => 3_600_000_000_000,
        IntervalUnit::Day => 86_400_000_000_000,
        IntervalUnit::Week => 604_800_000_000_000,
        IntervalUnit::Month | IntervalUnit::Quarter | IntervalUnit::Year => return None,
    })
}
