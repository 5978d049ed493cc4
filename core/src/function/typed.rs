//! An expression that knows its ClickHouse type.

use crate::value::DataType;
use arrow::datatypes::DataType as Arrow;
use datafusion::logical_expr::{BinaryExpr, Cast, Expr, Operator};
use datafusion::scalar::ScalarValue;

/// An expression with its ClickHouse type.
#[derive(Clone, Debug)]
pub struct Typed {
    pub expr: Expr,
    pub data_type: DataType,
    /// The expression yields Arrow booleans, though its ClickHouse type is `UInt8` (or nullable):
    /// comparisons and logic stay booleans until somebody wants the number.
    pub is_predicate: bool,
}

/// A constant. `value` lies as `data_type` says.
pub fn literal(value: ScalarValue, data_type: DataType) -> Typed {
    Typed { expr: Expr::Literal(value, None), data_type, is_predicate: false }
}

impl Typed {
    pub(crate) fn new(expr: Expr, data_type: DataType) -> Typed {
        Typed { expr, data_type, is_predicate: false }
    }

    /// A condition: Arrow booleans that ClickHouse calls `UInt8`.
    pub(crate) fn predicate(expr: Expr) -> Typed {
        Typed { expr, data_type: DataType::UInt8, is_predicate: true }
    }

    pub(crate) fn null() -> Typed {
        literal(ScalarValue::Null, DataType::Nullable(Box::new(DataType::Nothing)))
    }

    pub(crate) fn constant(&self) -> Option<&ScalarValue> {
        match &self.expr {
            Expr::Literal(value, _) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        *self.data_type.bare() == DataType::Nothing || self.constant().is_some_and(ScalarValue::is_null)
    }

    /// The text of a constant string.
    pub(crate) fn text(&self) -> Option<&str> {
        match self.constant()? {
            ScalarValue::Utf8View(Some(text)) | ScalarValue::Utf8(Some(text)) => Some(text),
            _ => None,
        }
    }

    /// The value of a constant integer.
    pub(crate) fn integer(&self) -> Option<i64> {
        if !self.data_type.is_integer() && !matches!(self.data_type.bare(), DataType::Interval(_)) {
            return None;
        }
        match self.constant()?.cast_to(&Arrow::Int64).ok()? {
            ScalarValue::Int64(value) => value,
            _ => None,
        }
    }

    /// The value as ClickHouse's type lies in memory: a predicate becomes a `UInt8`.
    pub fn into_value(self) -> Typed {
        if !self.is_predicate {
            return self;
        }
        let expr = arrow_cast(self.expr, &self.data_type.to_arrow());
        Typed { expr, is_predicate: false, data_type: self.data_type }
    }

    /// The value as a condition: numbers other than zero hold; NULL does not.
    pub fn into_predicate(self) -> Typed {
        if self.is_predicate {
            return self;
        }
        let nullable = self.data_type.is_nullable();
        let expr = match (self.data_type.bare(), self.expr) {
            (DataType::Bool, expr) => expr,
            (DataType::Nothing, _) => Expr::Literal(ScalarValue::Boolean(None), None),
            (_, Expr::Literal(value, _)) => {
                let holds = match ScalarValue::new_zero(&value.data_type()) {
                    Ok(zero) if !value.is_null() => Some(value != zero),
                    _ => None,
                };
                Expr::Literal(ScalarValue::Boolean(holds), None)
            }
            (bare, expr) => match ScalarValue::new_zero(&bare.to_arrow()) {
                Ok(zero) => binary(expr, Operator::NotEq, Expr::Literal(zero, None)),
                // The binder asks for a number first; a string as a condition ends in the engine's error.
                Err(_) => expr,
            },
        };
        let data_type = if nullable { DataType::UInt8.nullable() } else { DataType::UInt8 };
        Typed { expr, data_type, is_predicate: true }
    }
}

pub(crate) fn binary(left: Expr, operator: Operator, right: Expr) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(Box::new(left), operator, Box::new(right)))
}

/// A cast by Arrow's rules, of which only the lossless ones are ClickHouse's too. Literals stay literals.
pub(crate) fn arrow_cast(expr: Expr, to: &Arrow) -> Expr {
    match expr {
        Expr::Literal(value, metadata) => {
            if value.data_type() == *to {
                return Expr::Literal(value, metadata);
            }
            match value.cast_to(to) {
                Ok(cast) => Expr::Literal(cast, None),
                Err(_) => Expr::Cast(Cast::new(Box::new(Expr::Literal(value, metadata)), to.clone())),
            }
        }
        expr => Expr::Cast(Cast::new(Box::new(expr), to.clone())),
    }
}
