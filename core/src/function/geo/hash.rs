//! Geohashes: longitude and latitude as one short text.

use super::{coordinates, named_pair};
use crate::function::definition::{Function, family};
use crate::function::scalar::Input;
use crate::limits;
use crate::value::DataType;
use arrow::array::*;
use arrow::datatypes::DataType as Arrow;
use datafusion::common::{Result as EngineResult, exec_err};
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "geohashEncode", exact_case, "geohashEncode(longitude, latitude[, length])", "The geohash of a point, of 12 characters unless said otherwise.", [("geohashEncode(-5.60302734375, 42.593994140625, 5)", "ezs42")], |call| {
        let count = call.count(2..=3)?;
        for index in 0..2 {
            if !call.bare(index).is_float() {
                return Err(call.wrong_type(index));
            }
        }
        if count == 3 {
            call.expect_integer(2)?;
        }
        Ok(call.kernel_on(|input| {
            let (longitude, latitude) = (coordinates(input, 0)?, coordinates(input, 1)?);
            let length = if input.columns.len() > 2 { Some(input.integers(2)?) } else { None };
            input.write_strings(|row, out| {
                let length = length.as_ref().map_or(12, |length| length(row));
                encode(longitude(row), latitude(row), if (1..=12).contains(&length) { length as usize } else { 12 }, out);
                Ok(())
            })
        }, DataType::String, call.with_floats(0..2)?))
    };
    "geohashDecode", exact_case, "geohashDecode(s)", "Longitude and latitude of the middle of a geohash.", [("geohashDecode('ezs42')", "(-5.60302734375,42.60498046875)")], |call| {
        call.count(1..=1)?;
        Ok(call.kernel_on(|input| {
            let text = input.strings(0)?;
            let points = (0..input.rows).map(|row| if input.is_null(row) { (0.0, 0.0) } else { decode(text.get(row)) });
            let (longitudes, latitudes): (Vec<f64>, Vec<f64>) = points.unzip();
            let Arrow::Struct(fields) = input.result.to_arrow() else { return exec_err!("a tuple is a struct") };
            let columns: Vec<ArrayRef> = vec![Arc::new(Float64Array::from(longitudes)), Arc::new(Float64Array::from(latitudes))];
            Ok(Arc::new(StructArray::try_new(fields, columns, None)?))
        }, named_pair("longitude", "latitude"), call.texts(1)?))
    };
    "geohashesInBox", exact_case, "geohashesInBox(lon_min, lat_min, lon_max, lat_max, length)", "The geohashes of so many characters that lie in a box.", [("geohashesInBox(24.48, 40.56, 24.785, 40.81, 4)", "['sx1q','sx1r','sx32','sx1w','sx1x','sx38']")], |call| {
        call.count(5..=5)?;
        for index in 0..4 {
            if !call.bare(index).is_float() {
                return Err(call.wrong_type(index));
            }
        }
        call.expect_integer(4)?;
        Ok(call.kernel_on(in_box, DataType::String.array(), call.with_floats(0..4)?))
    };
};

const DIGITS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";

/// How many of the bits belong to the longitude, which comes first, and to the latitude.
fn bits(length: usize) -> (u32, u32) {
    let bits = length as u32 * 5;
    (bits.div_ceil(2), bits / 2)
}

/// The place of a coordinate among 2^bits equal parts.
fn place(value: f64, most: f64, bits: u32) -> u64 {
    let parts = (1u64 << bits) as f64;
    (((value + most) / (2.0 * most) * parts).floor().clamp(0.0, parts - 1.0)) as u64
}

fn write(longitude: u64, latitude: u64, length: usize, out: &mut String) {
    let (mut lon_left, mut lat_left) = bits(length);
    for digit in 0..length {
        let mut value = 0;
        for bit in 0..5 {
            let from_longitude = (digit * 5 + bit) % 2 == 0;
            let next = if from_longitude {
                lon_left -= 1;
                longitude >> lon_left & 1
            } else {
                lat_left -= 1;
                latitude >> lat_left & 1
            };
            value = value << 1 | next;
        }
        out.push(char::from(DIGITS[value as usize]));
    }
}

fn encode(longitude: f64, latitude: f64, length: usize, out: &mut String) {
    let (lon_bits, lat_bits) = bits(length);
    write(place(longitude, 180.0, lon_bits), place(latitude, 90.0, lat_bits), length, out);
}

/// A character that is no digit counts as the last, as in ClickHouse.
fn decode(text: &str) -> (f64, f64) {
    if text.is_empty() {
        return (0.0, 0.0);
    }
    let text = &text.as_bytes()[..text.len().min(12)];
    let (mut longitude, mut latitude) = (0u64, 0u64);
    for (index, byte) in text.iter().enumerate() {
        let value = DIGITS.iter().position(|digit| digit == byte).unwrap_or(31);
        for bit in (0..5).rev() {
            let next = (value >> bit & 1) as u64;
            if (index * 5 + 4 - bit) % 2 == 0 {
                longitude = longitude << 1 | next;
            } else {
                latitude = latitude << 1 | next;
            }
        }
    }
    let (lon_bits, lat_bits) = bits(text.len());
    let middle = |place: u64, most: f64, bits: u32| {
        let step = 2.0 * most / (1u64 << bits) as f64;
        place as f64 * step - most + step / 2.0
    };
    (middle(longitude, 180.0, lon_bits), middle(latitude, 90.0, lat_bits))
}

fn in_box(input: &Input) -> EngineResult<ArrayRef> {
    let corners = [coordinates(input, 0)?, coordinates(input, 1)?, coordinates(input, 2)?, coordinates(input, 3)?];
    let length = input.integers(4)?;
    let (mut values, mut text) = (StringViewBuilder::new(), String::new());
    let (mut lengths, mut total) = (Vec::with_capacity(input.rows), 0);
    for row in 0..input.rows {
        let [lon_min, lat_min, lon_max, lat_max] = [0, 1, 2, 3].map(|index: usize| corners[index](row));
        let length = length(row);
        let length = if (1..=12).contains(&length) { length as usize } else { 12 };
        if input.is_null(row)
            || lon_min > lon_max
            || lat_min > lat_max
            || [lon_min, lat_min, lon_max, lat_max].iter().any(|one| one.is_nan())
        {
            lengths.push(0);
            continue;
        }
        let (lon_bits, lat_bits) = bits(length);
        let longitudes = place(lon_min, 180.0, lon_bits)..=place(lon_max, 180.0, lon_bits);
        let latitudes = place(lat_min, 90.0, lat_bits)..=place(lat_max, 90.0, lat_bits);
        let count =
            u128::from(longitudes.end() - longitudes.start() + 1) * u128::from(latitudes.end() - latitudes.start() + 1);
        total += count.min(u128::from(u64::MAX)) as usize;
        if total > limits::GEOHASHES_MAX {
            return exec_err!(
                "geohashesInBox would make {count} geohashes; at most {} are allowed",
                limits::GEOHASHES_MAX
            );
        }
        for longitude in longitudes {
            for latitude in latitudes.clone() {
                text.clear();
                write(longitude, latitude, length, &mut text);
                values.append_value(&text);
            }
        }
        lengths.push(count as usize);
    }
    input.list_of(lengths, Arc::new(values.finish()))
}
