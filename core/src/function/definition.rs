//! What a function says of itself: one [`Function`] each, listed in `table`.

use super::typed::Typed;
use crate::value::DataType;

/// What functions may know of the request.
#[derive(Clone, Debug)]
pub struct Context {
    /// Unix time in nanoseconds, the same for the whole query: `now()`, `today()`.
    pub now_ns: i64,
}

/// Why a call does not fit, for a diagnostic: `S0203` unknown function, `S0204` arguments of a wrong type, `S0208`
/// too few or too many, `S0209` a value that it does not take, `S0210` unknown over a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    pub code: crate::diagnostic::Code,
    pub message: String,
    pub hint: Option<String>,
    /// ClickHouse's number for it, where the code says less.
    pub exception: Option<u16>,
}

impl Mismatch {
    pub(crate) fn new(message: impl Into<String>) -> Mismatch {
        Mismatch { code: "S0204", message: message.into(), hint: None, exception: None }
    }
}

/// What a NULL argument means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// The result is NULL where an argument is; `bind` sees the types without `Nullable`.
    Propagate,
    /// The function looks at NULL itself (`isNull`, `coalesce`, `tuple`).
    Own,
}

pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) aliases: &'static [&'static str],
    pub(crate) case_insensitive: bool,
    pub(crate) syntax: &'static str,
    /// One sentence for `docs/sql.md`.
    pub(crate) summary: &'static str,
    /// `(expression, its value as TSV)`, as ClickHouse answers; each is run as a test.
    pub(crate) examples: &'static [(&'static str, &'static str)],
    pub(crate) nulls: Nulls,
    /// `a <= b` implies `f(a) <= f(b)` in the first column argument, the others being constant: the range of
    /// the result follows from the range of the argument.
    pub(crate) monotonic: bool,
    /// The function looks at `LowCardinality` itself, in its arguments and inside them (`tuple`, `array`).
    pub(crate) keeps_low_cardinality: bool,
    /// What it does with a lambda as its first argument.
    pub(crate) lambda: Option<HigherOrder>,
    pub(crate) bind: fn(&Call) -> Result<Typed, Mismatch>,
}

/// A function's form with a lambda.
#[derive(Clone, Copy)]
pub(crate) struct HigherOrder {
    pub(crate) takes: Takes,
    /// Its arguments are the array of what the lambda gives for each item, and then those after the lambda.
    pub(crate) bind: fn(&Call) -> Result<Typed, Mismatch>,
}

/// What the parameters of a lambda stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// The items of arrays, which stand after so many other arguments.
    Items(usize),
    /// The key and the value of a map, which stands after so many other arguments.
    Entries(usize),
    /// The value so far, which begins as the last argument, and the items of the arrays.
    Accumulator,
}

/// The rest of a definition: `Function { name: …, ..Function::DEFAULT }`.
impl Function {
    pub(crate) const DEFAULT: Function = Function {
        name: "",
        aliases: &[],
        case_insensitive: false,
        syntax: "",
        summary: "",
        examples: &[],
        nulls: Nulls::Propagate,
        monotonic: false,
        keeps_low_cardinality: false,
        lambda: None,
        bind: |call| Err(call.mismatch("cannot be called")),
    };
}

/// One call being bound.
pub(crate) struct Call<'a> {
    pub(crate) function: &'static Function,
    /// As the user wrote it, for messages, and for families that share a `bind`.
    pub(crate) name: &'a str,
    pub(crate) context: &'a Context,
    pub(crate) arguments: Vec<Typed>,
}

impl Call<'_> {
    pub(crate) fn mismatch(&self, problem: impl std::fmt::Display) -> Mismatch {
        let mut mismatch = Mismatch::new(format!("function {} {problem}", self.name));
        if !self.function.syntax.is_empty() {
            mismatch.hint = Some(format!("it is written {}", self.function.syntax));
        }
        mismatch
    }

    /// Complains about a value, where `mismatch` is about types.
    pub(crate) fn bad_value(&self, problem: impl std::fmt::Display) -> Mismatch {
        Mismatch { code: "S0209", ..self.mismatch(problem) }
    }

    /// Checks how many arguments there are.
    pub(crate) fn count(&self, allowed: impl std::ops::RangeBounds<usize>) -> Result<usize, Mismatch> {
        let count = self.arguments.len();
        if allowed.contains(&count) {
            return Ok(count);
        }
        let plural = if count == 1 { "argument" } else { "arguments" };
        Err(Mismatch { code: "S0208", ..self.mismatch(format_args!("does not take {count} {plural}")) })
    }

    /// The type of an argument, without `Nullable` and `LowCardinality`.
    pub(crate) fn bare(&self, index: usize) -> &DataType {
        self.arguments[index].data_type.bare()
    }

    pub(crate) fn wrong_type(&self, index: usize) -> Mismatch {
        self.mismatch(format_args!("does not take {} as argument {}", self.arguments[index].data_type, index + 1))
    }

    pub(crate) fn expect_string(&self, index: usize) -> Result<(), Mismatch> {
        if self.bare(index).is_string() || *self.bare(index) == DataType::Nothing {
            return Ok(());
        }
        Err(self.wrong_type(index))
    }

    pub(crate) fn expect_integer(&self, index: usize) -> Result<(), Mismatch> {
        if self.bare(index).is_integer() { Ok(()) } else { Err(self.wrong_type(index)) }
    }

    /// The text of a constant argument.
    pub(crate) fn constant_text(&self, index: usize) -> Result<&str, Mismatch> {
        self.arguments[index]
            .text()
            .ok_or_else(|| self.mismatch(format_args!("needs a constant string as argument {}", index + 1)))
    }

    /// The value of a constant integer argument.
    pub(crate) fn constant_integer(&self, index: usize) -> Result<i64, Mismatch> {
        self.arguments[index]
            .integer()
            .ok_or_else(|| self.mismatch(format_args!("needs a constant integer as argument {}", index + 1)))
    }

    /// A time zone given as a constant.
    pub(crate) fn constant_zone(&self, index: usize) -> Result<chrono_tz::Tz, Mismatch> {
        let name = self.constant_text(index)?;
        name.parse().map_err(|_| self.mismatch(format_args!("got {name:?}, which is no time zone")))
    }
}

/// Many small functions: `"name" | "alias", any_case, "syntax", "Summary.", [examples], bind;`
macro_rules! family {
    ($($name:literal $(| $alias:literal)*, $case:ident, $syntax:literal, $summary:literal, [$($example:expr),* $(,)?], $bind:expr;)*) => {
        &[$($crate::function::definition::Function {
            name: $name,
            aliases: &[$($alias),*],
            case_insensitive: $crate::function::definition::is_any_case(stringify!($case)),
            syntax: $syntax,
            summary: $summary,
            examples: &[$($example),*],
            bind: $bind,
            ..$crate::function::definition::Function::DEFAULT
        }),*]
    };
}

/// Functions of arrays that take a lambda, or may: `"name", "syntax", "Summary.", [examples], bind, bind with lambda;`
macro_rules! higher_family {
    ($($name:literal, $takes:expr, $syntax:literal, $summary:literal, [$($example:expr),* $(,)?], $plain:expr, $bind:expr;)*) => {
        &[$($crate::function::definition::Function {
            name: $name,
            syntax: $syntax,
            summary: $summary,
            examples: &[$($example),*],
            lambda: Some($crate::function::definition::HigherOrder { takes: $takes, bind: $bind }),
            bind: $plain,
            ..$crate::function::definition::Function::DEFAULT
        }),*]
    };
}

pub(crate) use {family, higher_family};

pub(crate) const fn is_any_case(case: &str) -> bool {
    match case.as_bytes() {
        b"any_case" => true,
        b"exact_case" => false,
        _ => panic!("any_case or exact_case"),
    }
}
