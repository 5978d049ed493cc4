//! The functions a template may call, by name, and the types of typed parameters.

/// A typed parameter: `Int32(x, 7)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    String,
    Uuid,
    Boolean,
    Date,
    DateTime,
    DateTime64,
    /// Prints bare, in the range of Int32.
    Int,
    Integer,
    Int8,
    Int16,
    Int32,
    Int64,
    Int128,
    Int256,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    UInt128,
    UInt256,
    Float32,
    Float64,
}

impl Type {
    const ALL: [(&'static str, Type); 22] = [
        ("String", Type::String),
        ("UUID", Type::Uuid),
        ("Boolean", Type::Boolean),
        ("Date", Type::Date),
        ("DateTime", Type::DateTime),
        ("DateTime64", Type::DateTime64),
        ("Int", Type::Int),
        ("Integer", Type::Integer),
        ("Int8", Type::Int8),
        ("Int16", Type::Int16),
        ("Int32", Type::Int32),
        ("Int64", Type::Int64),
        ("Int128", Type::Int128),
        ("Int256", Type::Int256),
        ("UInt8", Type::UInt8),
        ("UInt16", Type::UInt16),
        ("UInt32", Type::UInt32),
        ("UInt64", Type::UInt64),
        ("UInt128", Type::UInt128),
        ("UInt256", Type::UInt256),
        ("Float32", Type::Float32),
        ("Float64", Type::Float64),
    ];

    pub(super) fn named(name: &str) -> Option<Type> {
        Type::ALL.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    /// As the second argument of `Array` spells it, which also knows `bool`.
    pub(super) fn of_element(name: &str) -> Option<Type> {
        if name == "bool" { Some(Type::Boolean) } else { Type::named(name) }
    }

    pub(super) fn name(self) -> &'static str {
        Type::ALL.iter().find(|(_, kind)| *kind == self).map(|(name, _)| *name).expect("every type is in the table")
    }

    /// Bits and sign of an integer type.
    pub(super) fn integer(self) -> Option<(u32, bool)> {
        Some(match self {
            Type::Int | Type::Integer | Type::Int32 => (32, true),
            Type::Int8 => (8, true),
            Type::Int16 => (16, true),
            Type::Int64 => (64, true),
            Type::Int128 => (128, true),
            Type::Int256 => (256, true),
            Type::UInt8 => (8, false),
            Type::UInt16 => (16, false),
            Type::UInt32 => (32, false),
            Type::UInt64 => (64, false),
            Type::UInt128 => (128, false),
            Type::UInt256 => (256, false),
            _ => return None,
        })
    }

    /// As messages name what a value is tested as.
    pub(super) fn tester(self) -> &'static str {
        match self {
            Type::Int | Type::Integer => "Int32",
            kind => kind.name(),
        }
    }

    /// `Array` tests elements of these itself, and says which element is wrong.
    pub(super) fn is_tested_in_arrays(self) -> bool {
        !matches!(self, Type::String | Type::Boolean | Type::Uuid | Type::Int | Type::Integer)
    }

    pub(super) fn is_float(self) -> bool {
        matches!(self, Type::Float32 | Type::Float64)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Typed(Type),
    Array,
    Json,
    Column,
    Columns,
    Symbol,
    Table,
    SqlAnd,
    SqlUnescape,
    SplitToArray,
    EnumerateWithLast,
    Defined,
    DayDiff,
    DateDiffInDays,
    DateDiffInHours,
    DateDiffInMinutes,
    DateDiffInSeconds,
    Error,
    CustomError,
    MaxThreads,
    CacheTtl,
    BackendHint,
    Activate,
    Disable,
    Secret,
    // Python's own
    Abs,
    All,
    Any,
    Bool,
    Chr,
    Dict,
    DivMod,
    Enumerate,
    Float,
    Int,
    IsInstance,
    Len,
    List,
    Max,
    Map,
    Filter,
    Min,
    Ord,
    Pow,
    Range,
    Repr,
    Reversed,
    Round,
    Set,
    Sorted,
    Str,
    Sum,
    Tuple,
    Zip,
}

impl Function {
    const ALL: [(&'static str, Function); 55] = [
        ("Array", Function::Array),
        ("JSON", Function::Json),
        ("column", Function::Column),
        ("columns", Function::Columns),
        ("symbol", Function::Symbol),
        ("table", Function::Table),
        ("TABLE", Function::Table),
        ("sql_and", Function::SqlAnd),
        ("sql_unescape", Function::SqlUnescape),
        ("split_to_array", Function::SplitToArray),
        ("enumerate_with_last", Function::EnumerateWithLast),
        ("defined", Function::Defined),
        ("day_diff", Function::DayDiff),
        ("date_diff_in_days", Function::DateDiffInDays),
        ("date_diff_in_hours", Function::DateDiffInHours),
        ("date_diff_in_minutes", Function::DateDiffInMinutes),
        ("date_diff_in_seconds", Function::DateDiffInSeconds),
        ("error", Function::Error),
        ("custom_error", Function::CustomError),
        ("max_threads", Function::MaxThreads),
        ("cache_ttl", Function::CacheTtl),
        ("backend_hint", Function::BackendHint),
        ("activate", Function::Activate),
        ("disable", Function::Disable),
        ("tb_secret", Function::Secret),
        ("tb_var", Function::Secret),
        ("abs", Function::Abs),
        ("all", Function::All),
        ("any", Function::Any),
        ("bool", Function::Bool),
        ("chr", Function::Chr),
        ("dict", Function::Dict),
        ("divmod", Function::DivMod),
        ("enumerate", Function::Enumerate),
        ("float", Function::Float),
        ("int", Function::Int),
        ("isinstance", Function::IsInstance),
        ("len", Function::Len),
        ("list", Function::List),
        ("filter", Function::Filter),
        ("map", Function::Map),
        ("max", Function::Max),
        ("min", Function::Min),
        ("ord", Function::Ord),
        ("pow", Function::Pow),
        ("range", Function::Range),
        ("repr", Function::Repr),
        ("reversed", Function::Reversed),
        ("round", Function::Round),
        ("set", Function::Set),
        ("sorted", Function::Sorted),
        ("str", Function::Str),
        ("sum", Function::Sum),
        ("tuple", Function::Tuple),
        ("zip", Function::Zip),
    ];

    pub(super) fn named(name: &str) -> Option<Function> {
        Type::named(name)
            .map(Function::Typed)
            .or_else(|| Function::ALL.iter().find(|(known, _)| *known == name).map(|(_, function)| *function))
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Function::Typed(kind) => kind.name(),
            other => {
                let entry = Function::ALL.iter().find(|(_, function)| *function == other);
                entry.map(|(name, _)| *name).expect("every function is in the table")
            }
        }
    }

    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        Type::ALL.iter().map(|(name, _)| *name).chain(Function::ALL.iter().map(|(name, _)| *name))
    }

    /// The first argument is looked at as the name of a parameter.
    pub(super) fn names_parameter(self) -> bool {
        self.is_typed_parameter() || self.mentions_parameter()
    }

    /// `Int32(x)`, `Array(x)`, `JSON(x)`: says of which type the parameter is. `Int` and `Integer` say
    /// nothing, in the reference engine.
    pub(super) fn is_typed_parameter(self) -> bool {
        match self {
            Function::Typed(kind) => !matches!(kind, Type::Int | Type::Integer),
            function => matches!(function, Function::Array | Function::Json),
        }
    }

    /// Functions that work with a parameter of whatever type.
    pub(super) fn mentions_parameter(self) -> bool {
        matches!(
            self,
            Function::Defined
                | Function::Column
                | Function::Columns
                | Function::DayDiff
                | Function::DateDiffInDays
                | Function::DateDiffInHours
                | Function::DateDiffInMinutes
                | Function::DateDiffInSeconds
                | Function::SplitToArray
                | Function::EnumerateWithLast
                | Function::SqlAnd
        )
    }

    /// Python's functions that `{{ }}` may not call.
    pub(super) fn only_in_blocks(self) -> bool {
        matches!(
            self,
            Function::Abs
                | Function::All
                | Function::Any
                | Function::Bool
                | Function::Chr
                | Function::Dict
                | Function::DivMod
                | Function::Filter
                | Function::Map
                | Function::Ord
                | Function::Pow
                | Function::Repr
                | Function::Enumerate
                | Function::IsInstance
                | Function::Range
                | Function::Reversed
                | Function::Round
                | Function::Set
                | Function::Sorted
                | Function::Str
                | Function::Sum
                | Function::Tuple
                | Function::Zip
        )
    }

    /// One of Python's that takes a value, so that `map` can call it.
    pub(super) fn is_python(self) -> bool {
        let is_ours = super::bind::parameters(self).is_some() || self == Function::SqlAnd;
        !is_ours && !matches!(self, Function::IsInstance | Function::Map | Function::Filter)
    }

    /// Least and greatest number of positional arguments of one of Python's own.
    pub(super) fn python_arity(self) -> (usize, usize) {
        match self {
            Function::Abs
            | Function::All
            | Function::Any
            | Function::Chr
            | Function::Len
            | Function::Ord
            | Function::Repr
            | Function::Reversed
            | Function::Sorted => (1, 1),
            Function::Enumerate | Function::Round | Function::Sum => (1, 2),
            Function::DivMod | Function::Filter | Function::IsInstance => (2, 2),
            Function::Map => (2, usize::MAX),
            Function::Pow => (2, 3),
            Function::Bool | Function::Dict | Function::Float | Function::List | Function::Set | Function::Tuple => {
                (0, 1)
            }
            Function::Int => (0, 2),
            Function::Str => (0, 3),
            Function::Range => (1, 3),
            Function::Zip => (0, usize::MAX),
            _ => (1, usize::MAX),
        }
    }
}
