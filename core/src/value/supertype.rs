//! The narrowest type that holds the values of several types: what `if`, `array`, `UNION ALL` and `coalesce`
//! yield, by ClickHouse's rules.

use super::DataType;

/// The common type, or why there is none. Of no types it is `Nothing`.
pub fn supertype(types: &[DataType]) -> Result<DataType, String> {
    let Some((first, rest)) = types.split_first() else {
        return Ok(DataType::Nothing);
    };
    if rest.iter().all(|other| other == first) {
        return Ok(first.clone());
    }
    if types.contains(&DataType::Dynamic) {
        return Ok(DataType::Dynamic);
    }
    let low_cardinality = types.iter().all(|one| matches!(one, DataType::LowCardinality(_) | DataType::Nothing));
    // the item type of `[]` is Nothing, which holds no NULL; NULL itself is Nullable(Nothing)
    let nullable = types.iter().any(|one| *one != DataType::Nothing && one.is_nullable());
    let bare: Vec<&DataType> = types.iter().map(DataType::bare).filter(|one| **one != DataType::Nothing).collect();
    let common = common(&bare).ok_or_else(|| {
        let names: Vec<String> = types.iter().map(DataType::to_string).collect();
        format!("there is no common type for {}", names.join(", "))
    })?;
    let common = if nullable { nullable_if_possible(common) } else { common };
    Ok(if low_cardinality { DataType::LowCardinality(Box::new(common)) } else { common })
}

fn nullable_if_possible(data_type: DataType) -> DataType {
    match data_type {
        DataType::Array(_) | DataType::Map(..) => data_type,
        other => other.nullable(),
    }
}

fn common(types: &[&DataType]) -> Option<DataType> {
    let (first, rest) = types.split_first()?;
    if rest.iter().all(|other| other == first) {
        return Some((*first).clone());
    }
    if types.iter().all(|one| one.is_numeric()) {
        return number(types);
    }
    if types.iter().all(|one| one.is_date_or_time()) {
        return time(types);
    }
    if types.iter().all(|one| one.is_string() || matches!(one, DataType::Enum8(_) | DataType::Enum16(_))) {
        return Some(DataType::String);
    }
    nested(types)
}

fn nested(types: &[&DataType]) -> Option<DataType> {
    match types[0] {
        DataType::Array(_) => {
            let items: Vec<DataType> = types.iter().map(|one| item(one)).collect::<Option<_>>()?;
            supertype(&items).ok().map(DataType::array)
        }
        DataType::Map(..) => {
            let pairs: Vec<(DataType, DataType)> = types.iter().map(|one| pair(one)).collect::<Option<_>>()?;
            let (keys, values): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
            Some(DataType::Map(Box::new(supertype(&keys).ok()?), Box::new(supertype(&values).ok()?)))
        }
        DataType::Tuple(first) => {
            let mut items = Vec::with_capacity(first.len());
            for (index, (name, _)) in first.iter().enumerate() {
                let column: Vec<DataType> = types
                    .iter()
                    .map(|one| match one {
                        DataType::Tuple(items) if items.len() == first.len() => Some(items[index].1.clone()),
                        _ => None,
                    })
                    .collect::<Option<_>>()?;
                let same_name =
                    types.iter().all(|one| matches!(one, DataType::Tuple(items) if items[index].0 == *name));
                items.push((name.clone().filter(|_| same_name), supertype(&column).ok()?));
            }
            Some(DataType::Tuple(items))
        }
        _ => None,
    }
}

fn item(data_type: &DataType) -> Option<DataType> {
    match data_type {
        DataType::Array(item) => Some(item.as_ref().clone()),
        _ => None,
    }
}

fn pair(data_type: &DataType) -> Option<(DataType, DataType)> {
    match data_type {
        DataType::Map(key, value) => Some((key.as_ref().clone(), value.as_ref().clone())),
        _ => None,
    }
}

/// Floats hold integers of half their width; a signed type that meets an unsigned one of its width or
/// more doubles; `UInt64` with a signed integer has no common type.
fn number(types: &[&DataType]) -> Option<DataType> {
    if types.iter().any(|one| matches!(one, DataType::Decimal { .. })) {
        return decimal(types);
    }
    let float_bits = types.iter().filter_map(|one| match one {
        DataType::Float32 => Some(32),
        DataType::Float64 => Some(64),
        _ => None,
    });
    let signed = types.iter().filter(|one| one.is_signed_integer()).filter_map(|one| one.integer_bits()).max();
    let unsigned = types.iter().filter(|one| one.is_unsigned_integer()).filter_map(|one| one.integer_bits()).max();
    if let Some(float) = float_bits.max() {
        let integer = signed.max(unsigned).unwrap_or(0);
        return match (float, integer) {
            (_, 64..) => None,
            (64, _) | (_, 32) => Some(DataType::Float64),
            _ => Some(DataType::Float32),
        };
    }
    match (signed, unsigned) {
        (Some(signed), Some(unsigned)) if unsigned < signed => signed_of(signed),
        (Some(_), Some(unsigned)) if unsigned != 64 => signed_of(unsigned * 2),
        (Some(_), Some(_)) => None,
        (Some(signed), None) => signed_of(signed),
        (None, Some(_)) if types.iter().all(|one| **one == DataType::Bool) => Some(DataType::Bool),
        (None, Some(unsigned)) => unsigned_of(unsigned),
        (None, None) => None,
    }
}

fn decimal(types: &[&DataType]) -> Option<DataType> {
    if types.iter().any(|one| one.is_float()) {
        return Some(DataType::Float64);
    }
    let (mut whole, mut fraction) = (0, 0);
    for one in types {
        let (digits, scale) = match one {
            DataType::Decimal { precision, scale } => (*precision, *scale),
            other => match other.integer_bits()? {
                8 => (3, 0),
                16 => (5, 0),
                32 => (10, 0),
                64 => (20, 0),
                _ => return None,
            },
        };
        whole = whole.max(digits - scale);
        fraction = fraction.max(scale);
    }
    let precision = [9, 18, 38, 76].into_iter().find(|most| whole + fraction <= *most)?;
    Some(DataType::Decimal { precision, scale: fraction })
}

pub(crate) fn signed_of(bits: u32) -> Option<DataType> {
    Some(match bits {
        8 => DataType::Int8,
        16 => DataType::Int16,
        32 => DataType::Int32,
        64 => DataType::Int64,
        128 => DataType::Int128,
        256 => DataType::Int256,
        _ => return None,
    })
}

pub(crate) fn unsigned_of(bits: u32) -> Option<DataType> {
    Some(match bits {
        8 => DataType::UInt8,
        16 => DataType::UInt16,
        32 => DataType::UInt32,
        64 => DataType::UInt64,
        128 => DataType::UInt128,
        256 => DataType::UInt256,
        _ => return None,
    })
}

/// The finest unit wins; the zone is the first that is written.
fn time(types: &[&DataType]) -> Option<DataType> {
    let zone = types.iter().find_map(|one| match one {
        DataType::DateTime(zone) | DataType::DateTime64(_, zone) => *zone,
        _ => None,
    });
    let digits = types.iter().filter_map(|one| match one {
        DataType::DateTime64(digits, _) => Some(*digits),
        _ => None,
    });
    let has_date32 = types.iter().any(|one| matches!(one, DataType::Date32));
    let has_time = types.iter().any(|one| matches!(one, DataType::DateTime(_) | DataType::DateTime64(..)));
    Some(match digits.max() {
        Some(digits) => DataType::DateTime64(digits, zone),
        None if has_time && has_date32 => DataType::DateTime64(0, zone),
        None if has_time => DataType::DateTime(zone),
        None => DataType::Date32,
    })
}

#[cfg(test)]
mod tests;
