//! Points in polygons and ellipses.

use super::coordinates;
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Column, Input, Kernel};
use crate::function::typed::Typed;
use crate::value::DataType;
use arrow::array::*;
use arrow::datatypes::Float64Type;
use datafusion::common::Result as EngineResult;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "pointInEllipses", exact_case, "pointInEllipses(x, y, x0, y0, a0, b0, …)", "Whether a point lies in any of some ellipses, each given by its middle and half axes.", [("pointInEllipses(10., 10., 10., 9.1, 1., 0.9999)", "1")], |call| {
        let count = call.count(6..)?;
        if count % 4 != 2 {
            return Err(call.bad_value("needs four numbers for each ellipse"));
        }
        Ok(call.kernel_on(|input| {
            let numbers = (0..input.columns.len()).map(|index| coordinates(input, index)).collect::<EngineResult<Vec<_>>>()?;
            input.bytes(|row| {
                let (x, y) = (numbers[0](row), numbers[1](row));
                Ok(numbers[2..].chunks(4).any(|ellipse| {
                    let (across, up) = ((x - ellipse[0](row)) / ellipse[2](row), (y - ellipse[1](row)) / ellipse[3](row));
                    across * across + up * up <= 1.0
                }).into())
            })
        }, DataType::UInt8, call.with_floats(0..count)?))
    };
    "pointInPolygon", exact_case, "pointInPolygon((x, y), [(a, b), …][, hole, …])", "Whether a point lies in a polygon, on its edge too, and in none of its holes.", [("pointInPolygon((3., 3.), [(6, 0), (8, 4), (5, 8), (0, 2)])", "1")], point_in_polygon;
};

fn point_in_polygon(call: &Call) -> Result<Typed, Mismatch> {
    let count = call.count(2..)?;
    let point = DataType::Tuple(vec![(None, DataType::Float64), (None, DataType::Float64)]);
    let mut arguments = vec![crate::function::cast(call.arguments[0].clone(), &point)?];
    let ring = point.clone().array();
    let mut depth = 1;
    for index in 1..count {
        let (own, to) = match call.bare(index) {
            DataType::Array(item) => match item.bare() {
                DataType::Array(item) => match item.bare() {
                    DataType::Array(_) => (3, ring.clone().array().array()),
                    _ => (2, ring.clone().array()),
                },
                _ => (1, ring.clone()),
            },
            _ => return Err(call.wrong_type(index)),
        };
        if index > 1 && own != depth {
            return Err(call.wrong_type(index));
        }
        depth = own;
        arguments.push(crate::function::cast(call.arguments[index].clone(), &to)?);
    }
    let kernel: Kernel = match depth {
        1 => |input| inside(input, 1),
        2 => |input| inside(input, 2),
        _ => |input| inside(input, 3),
    };
    Ok(call.kernel_on(kernel, DataType::UInt8, arguments))
}

type Range = std::ops::Range<usize>;

/// The lists of one level, which hold those of the next.
struct Level<'a> {
    list: &'a ListArray,
}

impl Level<'_> {
    fn range(&self, row: usize) -> Range {
        let offsets = self.list.value_offsets();
        offsets[row] as usize..offsets[row + 1] as usize
    }
}

/// The points of all rings of one argument.
struct Rings<'a> {
    column: &'a Column,
    levels: Vec<Level<'a>>,
    x: &'a Float64Array,
    y: &'a Float64Array,
}

impl<'a> Rings<'a> {
    fn new(column: &'a Column, depth: usize) -> Rings<'a> {
        let mut levels = Vec::with_capacity(depth);
        let mut array: &'a ArrayRef = &column.array;
        for _ in 0..depth {
            let list = array.as_list::<i32>();
            array = list.values();
            levels.push(Level { list });
        }
        let points = array.as_struct();
        let (x, y) = (points.column(0).as_primitive::<Float64Type>(), points.column(1).as_primitive::<Float64Type>());
        Rings { column, levels, x, y }
    }

    /// The polygons of a row, each as its rings, of which the first is the outer one.
    fn polygons(&self, row: usize) -> Vec<Vec<Range>> {
        let row = self.column.at(row);
        let ring = |at: usize| self.levels[self.levels.len() - 1].range(at);
        match self.levels.len() {
            1 => vec![vec![ring(row)]],
            2 => vec![self.levels[0].range(row).map(ring).collect()],
            _ => self.levels[0].range(row).map(|polygon| self.levels[1].range(polygon).map(ring).collect()).collect(),
        }
    }

    fn holds(&self, ring: &Range, x: f64, y: f64) -> bool {
        let mut inside = false;
        let mut last = ring.end.wrapping_sub(1);
        for at in ring.clone() {
            let (ax, ay, bx, by) = (self.x.value(last), self.y.value(last), self.x.value(at), self.y.value(at));
            let cross = (bx - ax) * (y - ay) - (by - ay) * (x - ax);
            let within = x >= ax.min(bx) && x <= ax.max(bx) && y >= ay.min(by) && y <= ay.max(by);
            if cross == 0.0 && within {
                return true;
            }
            if (ay > y) != (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax {
                inside = !inside;
            }
            last = at;
        }
        inside
    }
}

fn inside(input: &Input, depth: usize) -> EngineResult<ArrayRef> {
    let point = &input.columns[0];
    let points = point.array.as_struct();
    let (xs, ys) = (points.column(0).as_primitive::<Float64Type>(), points.column(1).as_primitive::<Float64Type>());
    let arguments: Vec<Rings> = input.columns[1..].iter().map(|column| Rings::new(column, depth)).collect();
    // Rings beside each other are one polygon with its holes.
    let constant: Option<Vec<_>> =
        arguments.iter().map(|rings| rings.column.is_constant.then(|| rings.polygons(0))).collect();
    input.bytes(|row| {
        let (x, y) = (xs.value(point.at(row)), ys.value(point.at(row)));
        let fresh;
        let polygons = match &constant {
            Some(polygons) => polygons,
            None => {
                fresh = arguments.iter().map(|rings| rings.polygons(row)).collect::<Vec<_>>();
                &fresh
            }
        };
        if depth == 1 {
            let mut rings = arguments.iter().zip(polygons).map(|(rings, polygon)| rings.holds(&polygon[0][0], x, y));
            return Ok((rings.next().unwrap_or(false) && !rings.any(|hole| hole)).into());
        }
        let found = arguments.iter().zip(polygons).any(|(rings, polygons)| {
            polygons.iter().any(|polygon| {
                let mut holds = polygon.iter().map(|ring| rings.holds(ring, x, y));
                holds.next().unwrap_or(false) && !holds.any(|hole| hole)
            })
        });
        Ok(found.into())
    })
}
