//! Hashes of values of any type, and of several together, by one of many algorithms.
//!
//! As in ClickHouse a number is hashed by its bytes, or by `intHash64` where the algorithm has it so; a tuple is its
//! items one after the other; an array is the hash of its length and then its items. Hashes are combined two by two.

use super::functions::mixed;
use crate::function::definition::{Call, Mismatch, Nulls};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use arrow::datatypes::*;
use datafusion::common::{Result as EngineResult, exec_datafusion_err, not_impl_err};

/// One algorithm. `T` is wide enough for its result.
pub(super) struct Algorithm<T> {
    pub(super) bytes: fn(&[u8]) -> T,
    pub(super) combine: fn(T, T) -> T,
    /// Numbers of up to 64 bits go through `intHash64` and not through `bytes`.
    pub(super) mixes_numbers: Option<fn(u64) -> T>,
    /// The hash of an array's length.
    pub(super) length: fn(u64) -> T,
}

/// The hash of nothing at all.
const NOTHING: u64 = 0xe28d_bde7_fe22_e41c;

pub(super) fn call(call: &Call, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    debug_assert!(call.function.nulls == Nulls::Propagate, "NULL hashes to NULL");
    Ok(call.kernel(kernel, result))
}

/// The hash of a NULL inside of a tuple, array or map.
const NULL: u64 = 0xc58a_d2da_03d9_a871;

/// One hash for each row over all arguments from `first` on.
pub(super) fn rows<T: Copy + From<u64>>(input: &Input, first: usize, algorithm: &Algorithm<T>) -> EngineResult<Vec<T>> {
    let mut out = None;
    for index in first..input.columns.len() {
        absorb(&mut out, &input.expanded(index)?, &input.types[index], algorithm)?;
    }
    Ok(out.unwrap_or_else(|| vec![T::from(NOTHING); input.rows]))
}

/// Adds a column to the hashes of its rows. Tuples add their items, arrays their length and then their items.
fn absorb<T: Copy + From<u64>>(
    out: &mut Option<Vec<T>>,
    column: &ArrayRef,
    data_type: &DataType,
    algorithm: &Algorithm<T>,
) -> EngineResult<()> {
    match data_type.bare() {
        DataType::Tuple(items) => {
            for ((_, item), column) in items.iter().zip(column.as_struct().columns()) {
                absorb(out, column, item, algorithm)?;
            }
        }
        DataType::Array(item) => {
            let (list, mut items) = (column.as_list::<i32>(), None);
            absorb(&mut items, list.values(), item, algorithm)?;
            lists(out, list.value_offsets(), items, algorithm);
        }
        DataType::Map(key, value) => {
            let (map, mut items) = (column.as_map(), None);
            absorb(&mut items, map.keys(), key, algorithm)?;
            absorb(&mut items, map.values(), value, algorithm)?;
            lists(out, map.value_offsets(), items, algorithm);
        }
        _ => {
            let mut hashes = hashes(column, data_type, algorithm)?;
            if let Some(nulls) = column.logical_nulls() {
                for row in (0..hashes.len()).filter(|row| nulls.is_null(*row)) {
                    hashes[row] = T::from(NULL);
                }
            }
            match out {
                Some(out) => combine(out, &hashes, algorithm),
                None => *out = Some(hashes),
            }
        }
    }
    Ok(())
}

fn combine<T: Copy>(out: &mut [T], hashes: &[T], algorithm: &Algorithm<T>) {
    out.iter_mut().zip(hashes).for_each(|(left, right)| *left = (algorithm.combine)(*left, *right));
}

fn lists<T: Copy + From<u64>>(
    out: &mut Option<Vec<T>>,
    offsets: &[i32],
    items: Option<Vec<T>>,
    algorithm: &Algorithm<T>,
) {
    let lengths: Vec<T> = offsets.windows(2).map(|pair| (algorithm.length)((pair[1] - pair[0]) as u64)).collect();
    match out {
        Some(out) => combine(out, &lengths, algorithm),
        None => *out = Some(lengths),
    }
    if let (Some(items), Some(out)) = (items, out) {
        for (hash, pair) in out.iter_mut().zip(offsets.windows(2)) {
            let items = &items[pair[0] as usize..pair[1] as usize];
            *hash = items.iter().fold(*hash, |hash, item| (algorithm.combine)(hash, *item));
        }
    }
}

/// The hashes of values that have no items.
fn hashes<T: Copy + From<u64>>(
    column: &ArrayRef,
    data_type: &DataType,
    algorithm: &Algorithm<T>,
) -> EngineResult<Vec<T>> {
    let of_bytes = algorithm.bytes;
    if let DataType::DateTime64(digits, _) = data_type.bare() {
        // It is a decimal, and so its bytes are hashed, in its own unit.
        let surplus = crate::function::convert::unit_digits(data_type) - u32::from(*digits);
        let ticks = crate::function::convert::ticks(column)?;
        let own = |tick: &i64| of_bytes(&tick.div_euclid(10i64.pow(surplus)).to_le_bytes());
        return Ok(ticks.values().iter().map(own).collect());
    }
    if let Some((numbers, width)) = super::rows::little_endian(column, data_type) {
        let keep = if width == 8 { u64::MAX } else { (1 << (8 * width)) - 1 };
        return Ok(match algorithm.mixes_numbers {
            Some(mix) => numbers.into_iter().map(|number| mix(number & keep)).collect(),
            None => numbers.into_iter().map(|number| of_bytes(&number.to_le_bytes()[..width])).collect(),
        });
    }
    Ok(match data_type.bare() {
        DataType::Nothing => vec![T::from(NULL); column.len()],
        DataType::String | DataType::Json => {
            let texts = column.as_string_view_opt().ok_or_else(|| exec_datafusion_err!("expected text"))?;
            (0..texts.len()).map(|row| of_bytes(texts.value(row).as_bytes())).collect()
        }
        DataType::Uuid => {
            let bytes = column.as_fixed_size_binary();
            (0..bytes.len()).map(|row| of_bytes(&uuid_in_memory(bytes.value(row)))).collect()
        }
        wide if wide.is_integer() => {
            let (values, width) = (crate::function::convert::wide(column)?, wide.integer_bits().unwrap_or(256) / 8);
            values.values().iter().map(|value| of_bytes(&value.to_le_bytes()[..width as usize])).collect()
        }
        DataType::FixedString(_) | DataType::IPv6 => {
            let bytes = column.as_fixed_size_binary();
            (0..bytes.len()).map(|row| of_bytes(bytes.value(row))).collect()
        }
        DataType::Decimal { precision, .. } => decimals(column, *precision, of_bytes)?,
        other => return not_impl_err!("hashing {other}"),
    })
}

/// ClickHouse keeps the halves of a UUID as numbers.
fn uuid_in_memory(bytes: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(bytes);
    out[..8].reverse();
    out[8..].reverse();
    out
}

fn decimals<T>(column: &ArrayRef, precision: u8, of_bytes: fn(&[u8]) -> T) -> EngineResult<Vec<T>> {
    let width = match precision {
        0..=9 => 4,
        10..=18 => 8,
        19..=38 => 16,
        _ => 32,
    };
    if let Some(values) = column.as_primitive_opt::<Decimal128Type>() {
        return Ok(values.values().iter().map(|value| of_bytes(&value.to_le_bytes()[..width])).collect());
    }
    let values = column
        .as_primitive_opt::<Decimal256Type>()
        .ok_or_else(|| exec_datafusion_err!("a decimal lies as {}", column.data_type()))?;
    Ok(values.values().iter().map(|value| of_bytes(&value.to_le_bytes()[..width])).collect())
}

/// The function `intHash64`: a salt, then the mixing.
pub(super) fn int_hash64(key: u64) -> u64 {
    mixed(key ^ 0x4cf2_d2ba_ae6d_a887)
}

/// The function `intHash32`, by Thomas Wang.
pub(super) fn int_hash32(key: u64) -> u32 {
    let mut key = key ^ 0x75d9_543d_e018_bf45;
    key = (!key).wrapping_add(key << 18);
    key ^= key.rotate_right(31);
    key = key.wrapping_mul(21);
    key ^= key.rotate_right(11);
    key = key.wrapping_add(key << 6);
    key ^= key.rotate_right(22);
    key as u32
}
