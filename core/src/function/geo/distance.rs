//! Distances on a sphere and on the ellipsoid WGS 84.
//!
//! As in ClickHouse points that lie close are measured on a plane, far ones by the haversine formula, both with tables
//! of cosines instead of cosines. Arguments that are no Float64 are measured in single precision.

use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use arrow::datatypes::{Float32Type, Float64Type};
use datafusion::common::Result as EngineResult;
use std::sync::{Arc, LazyLock};

pub(crate) const FUNCTIONS: &[Function] = family! {
    "greatCircleDistance", exact_case, "greatCircleDistance(lon1, lat1, lon2, lat2)", "Metres between two points on a sphere.", [("round(greatCircleDistance(-122.4, 37.7, -122.41, 37.71), 3)", "1417.878")], |call| measure(call, |input| measured(input, Method::Sphere));
    "greatCircleAngle", exact_case, "greatCircleAngle(lon1, lat1, lon2, lat2)", "The angle in degrees between two points on a sphere.", [("round(greatCircleAngle(0., 0., 45., 0.), 2)", "45")], |call| measure(call, |input| measured(input, Method::Angle));
    "geoDistance", exact_case, "geoDistance(lon1, lat1, lon2, lat2)", "Metres between two points on the ellipsoid of WGS 84.", [("round(geoDistance(-122.4, 37.7, -122.41, 37.71), 3)", "1417.571")], |call| measure(call, |input| measured(input, Method::Ellipsoid));
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Angle,
    Sphere,
    Ellipsoid,
}

fn measure(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(4..=4)?;
    (0..4).try_for_each(|index| call.expect_number(index))?;
    let double = (0..4).any(|index| *call.bare(index) == DataType::Float64);
    let result = if double { DataType::Float64 } else { DataType::Float32 };
    let arguments =
        call.arguments.iter().map(|one| crate::function::cast(one.clone(), &result)).collect::<Result<Vec<_>, _>>()?;
    Ok(call.kernel_on(kernel, result, arguments))
}

fn measured(input: &Input, method: Method) -> EngineResult<ArrayRef> {
    macro_rules! run {
        ($kind:ty, $tables:ident, $array:ident) => {{
            let columns: Vec<_> = input.columns.iter().map(|one| (one, one.array.as_primitive::<$kind>())).collect();
            let at = |index: usize, row: usize| columns[index].1.value(columns[index].0.at(row));
            let values = (0..input.rows).map(|row| $tables.distance([0, 1, 2, 3].map(|index| at(index, row)), method));
            Ok(Arc::new($array::from_iter_values(values)))
        }};
    }
    match input.result {
        DataType::Float32 => run!(Float32Type, SINGLE, Float32Array),
        _ => run!(Float64Type, DOUBLE, Float64Array),
    }
}

const EARTH_DIAMETER: f64 = 2.0 * 6_371_007.180_918_474;
const COSINES: usize = 1024;
const ARCS: usize = 512;
const METRICS: usize = 1024;

macro_rules! tables {
    ($name:ident, $number:ty, $tables:ident) => {
        struct $tables {
            cosines: Vec<$number>,
            arcs: Vec<$number>,
            sphere: Vec<$number>,
            sphere_metres: Vec<$number>,
            /// For latitude and for longitude.
            ellipsoid: [Vec<$number>; 2],
        }

        static $name: LazyLock<$tables> = LazyLock::new(|| {
            use std::f64::consts::PI;
            let table = |size: usize, of: &dyn Fn(f64) -> f64| (0..=size).map(|i| of(i as f64) as $number).collect();
            let latitude = |i: f64| i * (PI / METRICS as f64) - PI * 0.5;
            let square = |x: f64| x * x;
            $tables {
                cosines: table(COSINES, &|i| (2.0 * PI * i / COSINES as f64).cos()),
                arcs: table(ARCS, &|i| (i / ARCS as f64).sqrt().asin()),
                sphere: table(METRICS, &|i| square(latitude(i).cos())),
                sphere_metres: table(METRICS, &|i| square((EARTH_DIAMETER * PI / 360.0) * latitude(i).cos())),
                ellipsoid: [
                    table(METRICS, &|i| {
                        let at = latitude(i);
                        square(111132.09 - 566.05 * (2.0 * at).cos() + 1.20 * (4.0 * at).cos())
                    }),
                    table(METRICS, &|i| {
                        let at = latitude(i);
                        square(111415.13 * at.cos() - 94.55 * (3.0 * at).cos() + 0.12 * (5.0 * at).cos())
                    }),
                ],
            }
        });

        impl $tables {
            fn between(table: &[$number], at: $number, index: usize) -> $number {
                let next = table.get(index + 1).copied().unwrap_or(table[index]);
                table[index] + (next - table[index]) * (at - index as $number)
            }

            /// The cosine of an angle in degrees, less so many steps of the table.
            fn cosine(&self, degrees: $number, less: usize) -> $number {
                let place = degrees.abs() * (COSINES as $number / 360.0);
                let whole = place as usize;
                let part = place - whole as $number;
                let index = whole.wrapping_sub(less) & (COSINES - 1);
                self.cosines[index] + (self.cosines[index + 1] - self.cosines[index]) * part
            }

            fn arc_of_root(&self, x: $number) -> $number {
                if x < 0.122 {
                    let y = x.sqrt();
                    return y + x * y * 0.166_666_67 + x * x * y * 0.075 + x * x * x * y * 0.044_642_86;
                }
                if x < 0.948 {
                    let place = x * ARCS as $number;
                    return Self::between(&self.arcs, place, place as usize);
                }
                x.sqrt().asin()
            }

            fn distance(&self, [lon1, lat1, lon2, lat2]: [$number; 4], method: Method) -> $number {
                let difference = |a: $number, b: $number| {
                    let apart = (a - b).abs();
                    if apart > 180.0 { 360.0 - apart } else { apart }
                };
                let (lat_apart, lon_apart) = (difference(lat1, lat2), difference(lon1, lon2));
                if lon_apart < 13.0 {
                    let middle = (lat1 + lat2 + 180.0) * METRICS as $number / 360.0;
                    let index = (middle as usize) & (METRICS - 1);
                    let (lat, lon) = match method {
                        Method::Angle => (1.0, Self::between(&self.sphere, middle, index)),
                        Method::Sphere => {
                            let metres = (EARTH_DIAMETER * std::f64::consts::PI / 360.0) as $number;
                            (metres * metres, Self::between(&self.sphere_metres, middle, index))
                        }
                        Method::Ellipsoid => (
                            Self::between(&self.ellipsoid[0], middle, index),
                            Self::between(&self.ellipsoid[1], middle, index),
                        ),
                    };
                    return (lat * lat_apart * lat_apart + lon * lon_apart * lon_apart).sqrt();
                }
                let sine = |degrees: $number| self.cosine(degrees, COSINES / 4);
                let (lat, lon) = (sine(lat_apart / 2.0), sine(lon_apart / 2.0));
                let haversine = lat * lat + self.cosine(lat1, 0) * self.cosine(lat2, 0) * (lon * lon);
                match method {
                    Method::Angle => (360.0 / std::f64::consts::PI) as $number * self.arc_of_root(haversine),
                    _ => EARTH_DIAMETER as $number * self.arc_of_root(haversine),
                }
            }
        }
    };
}

tables!(SINGLE, f32, Single);
tables!(DOUBLE, f64, Double);
