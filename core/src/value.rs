//! ClickHouse's data types, their text, and how each lies in memory (Arrow).
//!
//! | ClickHouse                        | Arrow                                             |
//! |-----------------------------------|---------------------------------------------------|
//! | `Bool`, `(U)Int8`…`64`, `Float*`   | the same                                          |
//! | `Int128`; `UInt128`, `(U)Int256`   | `Decimal128(38, 0)`; `Decimal256(76, 0)`: 128 or 256 bits, in two's complement |
//! | `Decimal(p, s)`                   | `Decimal128` to 38 digits, `Decimal256` above     |
//! | `String`, `JSON`, `Dynamic`       | `Utf8View`; of JSON and Dynamic the JSON text     |
//! | `FixedString(n)`, `UUID`, `IPv6`   | `FixedSizeBinary(n / 16 / 16)`                    |
//! | `Date`, `Date32`                  | `Date32`                                          |
//! | `DateTime[(tz)]`                  | `Timestamp(Second)`, UTC; the zone is in the type |
//! | `DateTime64(p[, tz])`             | `Timestamp` of the next unit of 0, 3, 6, 9 digits |
//! | `Enum8`, `Enum16`, `IPv4`          | `Int8`, `Int16`, `UInt32`                         |
//! | `Array(T)`, `Tuple(…)`, `Map(K, V)` | `List`, `Struct`, `Map`                           |
//! | `Nullable(T)`                     | `T`, nullable                                     |
//! | `LowCardinality(T)`, `SimpleAggregateFunction(f, T)` | `T`                            |
//! | `AggregateFunction(…)`            | `Binary`: our versioned state bytes               |
//! | `Interval*`                       | `Int64`                                           |

pub(crate) mod json;
mod parse;
mod supertype;

use arrow::datatypes as arrow_types;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

pub use supertype::supertype;
pub(crate) use supertype::{signed_of, unsigned_of};

/// A ClickHouse data type. Its text (`Display`, [`DataType::parse`]) is what files and clients see.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DataType {
    Nothing,
    Bool,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    UInt128,
    UInt256,
    Int8,
    Int16,
    Int32,
    Int64,
    Int128,
    Int256,
    Float32,
    Float64,
    Decimal {
        precision: u8,
        scale: u8,
    },
    String,
    FixedString(u32),
    Uuid,
    Date,
    Date32,
    /// `None` is the server's zone, which is UTC.
    DateTime(Option<chrono_tz::Tz>),
    DateTime64(u8, Option<chrono_tz::Tz>),
    Enum8(Vec<(String, i8)>),
    Enum16(Vec<(String, i16)>),
    IPv4,
    IPv6,
    Json,
    /// A value of any type, as its JSON text.
    Dynamic,
    Array(Box<DataType>),
    Tuple(Vec<(Option<String>, DataType)>),
    Map(Box<DataType>, Box<DataType>),
    Nullable(Box<DataType>),
    LowCardinality(Box<DataType>),
    Interval(IntervalUnit),
    AggregateFunction(Box<AggregateType>),
    /// The function's name and the type of the value.
    SimpleAggregateFunction(String, Box<DataType>),
}

/// `AggregateFunction(quantiles(0.5, 0.9), Float64)`: parameters are kept as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AggregateType {
    pub function: String,
    pub parameters: Vec<String>,
    pub arguments: Vec<DataType>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum IntervalUnit {
    Nanosecond,
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl IntervalUnit {
    pub const ALL: [IntervalUnit; 11] = [
        IntervalUnit::Nanosecond,
        IntervalUnit::Microsecond,
        IntervalUnit::Millisecond,
        IntervalUnit::Second,
        IntervalUnit::Minute,
        IntervalUnit::Hour,
        IntervalUnit::Day,
        IntervalUnit::Week,
        IntervalUnit::Month,
        IntervalUnit::Quarter,
        IntervalUnit::Year,
    ];

    pub fn name(self) -> &'static str {
        match self {
            IntervalUnit::Nanosecond => "Nanosecond",
            IntervalUnit::Microsecond => "Microsecond",
            IntervalUnit::Millisecond => "Millisecond",
            IntervalUnit::Second => "Second",
            IntervalUnit::Minute => "Minute",
            IntervalUnit::Hour => "Hour",
            IntervalUnit::Day => "Day",
            IntervalUnit::Week => "Week",
            IntervalUnit::Month => "Month",
            IntervalUnit::Quarter => "Quarter",
            IntervalUnit::Year => "Year",
        }
    }

    /// `DAY`, `days`, `d` … as SQL spells units.
    pub fn parse(text: &str) -> Option<IntervalUnit> {
        let lower = text.to_ascii_lowercase();
        let lower = lower.strip_suffix('s').filter(|short| short.len() > 1).unwrap_or(&lower);
        IntervalUnit::ALL.into_iter().find(|unit| unit.name().eq_ignore_ascii_case(lower)).or(match lower {
            "ns" | "n" => Some(IntervalUnit::Nanosecond),
            "us" | "u" => Some(IntervalUnit::Microsecond),
            "ms" => Some(IntervalUnit::Millisecond),
            "s" | "ss" | "sql_tsi_second" => Some(IntervalUnit::Second),
            "mi" | "n " | "minute" | "sql_tsi_minute" => Some(IntervalUnit::Minute),
            "h" | "hh" | "sql_tsi_hour" => Some(IntervalUnit::Hour),
            "d" | "dd" | "sql_tsi_day" => Some(IntervalUnit::Day),
            "w" | "wk" | "ww" | "sql_tsi_week" => Some(IntervalUnit::Week),
            "m" | "mm" | "sql_tsi_month" => Some(IntervalUnit::Month),
            "q" | "qq" | "sql_tsi_quarter" => Some(IntervalUnit::Quarter),
            "y" | "yy" | "yyyy" | "sql_tsi_year" => Some(IntervalUnit::Year),
            _ => None,
        })
    }
}

impl DataType {
    /// Reads a type's text; the error says which part is not understood.
    pub fn parse(text: &str) -> Result<DataType, String> {
        parse::parse(text)
    }

    pub fn nullable(self) -> DataType {
        match self {
            DataType::Nullable(_) | DataType::Nothing | DataType::Dynamic => self,
            // ClickHouse knows no NULL in their place
            DataType::Array(_) | DataType::Map(..) => self,
            DataType::LowCardinality(inner) => DataType::LowCardinality(Box::new(inner.nullable())),
            other => DataType::Nullable(Box::new(other)),
        }
    }

    pub fn array(self) -> DataType {
        DataType::Array(Box::new(self))
    }

    pub fn is_nullable(&self) -> bool {
        match self {
            DataType::Nullable(_) | DataType::Nothing | DataType::Dynamic => true,
            DataType::LowCardinality(inner) | DataType::SimpleAggregateFunction(_, inner) => inner.is_nullable(),
            _ => false,
        }
    }

    /// Without `Nullable`, `LowCardinality` and `SimpleAggregateFunction`: what functions look at.
    pub fn bare(&self) -> &DataType {
        match self {
            DataType::Nullable(inner)
            | DataType::LowCardinality(inner)
            | DataType::SimpleAggregateFunction(_, inner) => inner.bare(),
            other => other,
        }
    }

    /// Without `LowCardinality`, inside arrays, tuples and maps too.
    pub fn without_low_cardinality(&self) -> DataType {
        match self {
            DataType::LowCardinality(inner) => inner.without_low_cardinality(),
            DataType::Nullable(inner) => DataType::Nullable(Box::new(inner.without_low_cardinality())),
            DataType::Array(item) => item.without_low_cardinality().array(),
            DataType::Map(key, value) => {
                DataType::Map(Box::new(key.without_low_cardinality()), Box::new(value.without_low_cardinality()))
            }
            DataType::Tuple(items) => DataType::Tuple(
                items.iter().map(|(name, item)| (name.clone(), item.without_low_cardinality())).collect(),
            ),
            other => other.clone(),
        }
    }

    pub fn is_integer(&self) -> bool {
        self.is_signed_integer() || self.is_unsigned_integer()
    }

    pub fn is_unsigned_integer(&self) -> bool {
        use DataType::*;
        matches!(self.bare(), Bool | UInt8 | UInt16 | UInt32 | UInt64 | UInt128 | UInt256)
    }

    pub fn is_signed_integer(&self) -> bool {
        use DataType::*;
        matches!(self.bare(), Int8 | Int16 | Int32 | Int64 | Int128 | Int256)
    }

    pub fn is_float(&self) -> bool {
        matches!(self.bare(), DataType::Float32 | DataType::Float64)
    }

    pub fn is_numeric(&self) -> bool {
        self.is_integer() || self.is_float() || matches!(self.bare(), DataType::Decimal { .. })
    }

    pub fn is_string(&self) -> bool {
        matches!(self.bare(), DataType::String | DataType::FixedString(_) | DataType::Json)
    }

    pub fn is_date_or_time(&self) -> bool {
        use DataType::*;
        matches!(self.bare(), Date | Date32 | DateTime(_) | DateTime64(..))
    }

    /// Width in bits of an integer type.
    pub fn integer_bits(&self) -> Option<u32> {
        use DataType::*;
        Some(match self.bare() {
            Bool | UInt8 | Int8 => 8,
            UInt16 | Int16 => 16,
            UInt32 | Int32 => 32,
            UInt64 | Int64 => 64,
            UInt128 | Int128 => 128,
            UInt256 | Int256 => 256,
            _ => return None,
        })
    }

    /// The zone that wall-clock functions use for this type.
    pub fn time_zone(&self) -> chrono_tz::Tz {
        match self.bare() {
            DataType::DateTime(Some(zone)) | DataType::DateTime64(_, Some(zone)) => *zone,
            _ => chrono_tz::UTC,
        }
    }

    /// How values of this type lie in memory.
    pub fn to_arrow(&self) -> arrow_types::DataType {
        use arrow_types::DataType as Arrow;
        use arrow_types::TimeUnit;
        match self {
            DataType::Nothing => Arrow::Null,
            DataType::Bool => Arrow::Boolean,
            DataType::UInt8 => Arrow::UInt8,
            DataType::UInt16 => Arrow::UInt16,
            DataType::UInt32 | DataType::IPv4 => Arrow::UInt32,
            DataType::UInt64 => Arrow::UInt64,
            DataType::Int8 | DataType::Enum8(_) => Arrow::Int8,
            DataType::Int16 | DataType::Enum16(_) => Arrow::Int16,
            DataType::Int32 => Arrow::Int32,
            DataType::Int64 | DataType::Interval(_) => Arrow::Int64,
            DataType::Uuid | DataType::IPv6 => Arrow::FixedSizeBinary(16),
            DataType::Int128 => Arrow::Decimal128(38, 0),
            DataType::UInt128 | DataType::UInt256 | DataType::Int256 => Arrow::Decimal256(76, 0),
            DataType::Float32 => Arrow::Float32,
            DataType::Float64 => Arrow::Float64,
            DataType::Decimal { precision, scale } if *precision <= 38 => Arrow::Decimal128(*precision, *scale as i8),
            DataType::Decimal { precision, scale } => Arrow::Decimal256(*precision, *scale as i8),
            DataType::String | DataType::Json | DataType::Dynamic => Arrow::Utf8View,
            DataType::FixedString(bytes) => Arrow::FixedSizeBinary(*bytes as i32),
            DataType::Date | DataType::Date32 => Arrow::Date32,
            DataType::DateTime(_) => Arrow::Timestamp(TimeUnit::Second, None),
            DataType::DateTime64(digits, _) => Arrow::Timestamp(time_unit(*digits), None),
            DataType::Array(item) => Arrow::List(Arc::new(item.to_field("item"))),
            DataType::Tuple(items) => Arrow::Struct(
                items
                    .iter()
                    .enumerate()
                    .map(|(index, (name, item))| {
                        let name = name.clone().unwrap_or_else(|| (index + 1).to_string());
                        Arc::new(item.to_field(&name))
                    })
                    .collect(),
            ),
            DataType::Map(key, value) => {
                let entries = vec![key.to_field("key").with_nullable(false), value.to_field("value")];
                let entries = arrow_types::Field::new("entries", Arrow::Struct(entries.into()), false);
                Arrow::Map(Arc::new(entries), false)
            }
            DataType::Nullable(inner)
            | DataType::LowCardinality(inner)
            | DataType::SimpleAggregateFunction(_, inner) => inner.to_arrow(),
            DataType::AggregateFunction(_) => Arrow::Binary,
        }
    }

    pub fn to_field(&self, name: &str) -> arrow_types::Field {
        arrow_types::Field::new(name, self.to_arrow(), self.is_nullable())
    }
}

/// The unit that holds a `DateTime64` of so many digits.
pub fn time_unit(digits: u8) -> arrow_types::TimeUnit {
    match digits {
        0 => arrow_types::TimeUnit::Second,
        1..=3 => arrow_types::TimeUnit::Millisecond,
        4..=6 => arrow_types::TimeUnit::Microsecond,
        _ => arrow_types::TimeUnit::Nanosecond,
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataType::Nothing => out.write_str("Nothing"),
            DataType::Bool => out.write_str("Bool"),
            DataType::UInt8 => out.write_str("UInt8"),
            DataType::UInt16 => out.write_str("UInt16"),
            DataType::UInt32 => out.write_str("UInt32"),
            DataType::UInt64 => out.write_str("UInt64"),
            DataType::UInt128 => out.write_str("UInt128"),
            DataType::UInt256 => out.write_str("UInt256"),
            DataType::Int8 => out.write_str("Int8"),
            DataType::Int16 => out.write_str("Int16"),
            DataType::Int32 => out.write_str("Int32"),
            DataType::Int64 => out.write_str("Int64"),
            DataType::Int128 => out.write_str("Int128"),
            DataType::Int256 => out.write_str("Int256"),
            DataType::Float32 => out.write_str("Float32"),
            DataType::Float64 => out.write_str("Float64"),
            DataType::Decimal { precision, scale } => write!(out, "Decimal({precision}, {scale})"),
            DataType::String => out.write_str("String"),
            DataType::FixedString(bytes) => write!(out, "FixedString({bytes})"),
            DataType::Uuid => out.write_str("UUID"),
            DataType::Date => out.write_str("Date"),
            DataType::Date32 => out.write_str("Date32"),
            DataType::DateTime(None) => out.write_str("DateTime"),
            DataType::DateTime(Some(zone)) => write!(out, "DateTime('{zone}')"),
            DataType::DateTime64(digits, None) => write!(out, "DateTime64({digits})"),
            DataType::DateTime64(digits, Some(zone)) => write!(out, "DateTime64({digits}, '{zone}')"),
            DataType::Enum8(names) => write_enum(out, "Enum8", names),
            DataType::Enum16(names) => write_enum(out, "Enum16", names),
            DataType::IPv4 => out.write_str("IPv4"),
            DataType::IPv6 => out.write_str("IPv6"),
            DataType::Json => out.write_str("JSON"),
            DataType::Dynamic => out.write_str("Dynamic"),
            DataType::Array(item) => write!(out, "Array({item})"),
            DataType::Tuple(items) => {
                out.write_str("Tuple(")?;
                for (index, (name, item)) in items.iter().enumerate() {
                    if index > 0 {
                        out.write_str(", ")?;
                    }
                    if let Some(name) = name {
                        write!(out, "{} ", quoted_name(name))?;
                    }
                    write!(out, "{item}")?;
                }
                out.write_str(")")
            }
            DataType::Map(key, value) => write!(out, "Map({key}, {value})"),
            DataType::Nullable(inner) => write!(out, "Nullable({inner})"),
            DataType::LowCardinality(inner) => write!(out, "LowCardinality({inner})"),
            DataType::Interval(unit) => write!(out, "Interval{}", unit.name()),
            DataType::SimpleAggregateFunction(function, inner) => {
                write!(out, "SimpleAggregateFunction({function}, {inner})")
            }
            DataType::AggregateFunction(aggregate) => {
                write!(out, "AggregateFunction({}", aggregate.function)?;
                if !aggregate.parameters.is_empty() {
                    write!(out, "({})", aggregate.parameters.join(", "))?;
                }
                for argument in &aggregate.arguments {
                    write!(out, ", {argument}")?;
                }
                out.write_str(")")
            }
        }
    }
}

fn write_enum<N: fmt::Display>(out: &mut fmt::Formatter<'_>, kind: &str, names: &[(String, N)]) -> fmt::Result {
    write!(out, "{kind}(")?;
    for (index, (name, number)) in names.iter().enumerate() {
        if index > 0 {
            out.write_str(", ")?;
        }
        write!(out, "'{}' = {number}", name.replace('\\', "\\\\").replace('\'', "\\'"))?;
    }
    out.write_str(")")
}

/// A name as ClickHouse prints it: bare if it can be read back bare.
fn quoted_name(name: &str) -> String {
    let bare = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if bare { name.to_owned() } else { format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`")) }
}

impl Serialize for DataType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DataType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<DataType, D::Error> {
        let text = String::deserialize(deserializer)?;
        DataType::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
