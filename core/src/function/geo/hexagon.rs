//! H3: the earth in hexagons of sixteen sizes.

use super::{coordinates, named_pair};
use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::{Input, Kernel};
use crate::function::typed::Typed;
use crate::limits;
use crate::value::DataType;
use arrow::array::*;
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::DataType as Arrow;
use datafusion::common::{Result as EngineResult, exec_datafusion_err, exec_err};
use h3o::{CellIndex, DirectedEdgeIndex, LatLng, Resolution};
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "geoToH3", exact_case, "geoToH3(latitude, longitude, resolution)", "The cell in which a point lies.", [("geoToH3(37.79506683, 55.71290588, 15)", "644802994686415878")], |call| {
        call.count(3..=3)?;
        for index in 0..2 {
            if *call.bare(index) != DataType::Float64 {
                return Err(call.wrong_type(index));
            }
        }
        call.expect_integer(2)?;
        Ok(call.kernel(|input| {
            let (latitude, longitude, size) = (coordinates(input, 0)?, coordinates(input, 1)?, input.integers(2)?);
            input.numbers(|row| match LatLng::new(latitude(row), longitude(row)) {
                Ok(point) => Ok(u64::from(point.to_cell(resolution(size(row))?)) as i64),
                Err(_) => Ok(0),
            })
        }, DataType::UInt64))
    };
    "h3ToGeo", exact_case, "h3ToGeo(cell)", "Latitude and longitude of the middle of a cell.", [("round(tupleElement(h3ToGeo(644325524701193974), 1), 6)", "55.712902")], |call| of_cell(call, named_pair("latitude", "longitude"), |input| {
        let cell = cells(input, 0)?;
        let points = (0..input.rows).map(|row| if input.is_null(row) { Ok((0.0, 0.0)) } else { cell(row).map(|cell| { let point = LatLng::from(cell); (point.lat(), point.lng()) }) });
        let (latitudes, longitudes): (Vec<f64>, Vec<f64>) = points.collect::<EngineResult<Vec<_>>>()?.into_iter().unzip();
        pairs(input.result, latitudes, longitudes)
    });
    "h3ToGeoBoundary", exact_case, "h3ToGeoBoundary(cell)", "Latitude and longitude of the corners of a cell.", [("length(h3ToGeoBoundary(644325524701193974))", "6")], |call| of_cell(call, corners(), |input| {
        let cell = cells(input, 0)?;
        boundaries(input, |row| Ok(cell(row)?.boundary()))
    });
    "h3GetResolution", exact_case, "h3GetResolution(cell)", "The resolution of a cell, 0 to 15.", [("h3GetResolution(617420388352917503)", "9")], |call| of_cell(call, DataType::UInt8, |input| each(input, |cell| Ok(u8::from(cell.resolution()).into())));
    "h3IsValid", exact_case, "h3IsValid(n)", "Whether a number is a cell.", [("h3IsValid(630814730351855103)", "1"), ("h3IsValid(toUInt64(1))", "0")], |call| of_cell(call, DataType::UInt8, |input| {
        let number = input.integers(0)?;
        input.bytes(|row| Ok(CellIndex::try_from(number(row) as u64).is_ok().into()))
    });
    "h3ToParent", exact_case, "h3ToParent(cell, resolution)", "The larger cell around a cell.", [("h3ToParent(599405990164561919, 3)", "590398848891879423")], |call| with_number(call, DataType::UInt64, |input| sized(input, |cell, size| match cell.parent(size) {
        Some(parent) => Ok(u64::from(parent) as i64),
        None => exec_err!("resolution {size} is finer than that of the cell {}", u64::from(cell)),
    }));
    "h3ToCenterChild", exact_case, "h3ToCenterChild(cell, resolution)", "The smaller cell in the middle of a cell.", [("h3ToCenterChild(577023702256844799, 1)", "581496515558637567")], |call| with_number(call, DataType::UInt64, |input| sized(input, |cell, size| match cell.center_child(size) {
        Some(child) => Ok(u64::from(child) as i64),
        None => exec_err!("resolution {size} is coarser than that of the cell {}", u64::from(cell)),
    }));
    "h3ToChildren", exact_case, "h3ToChildren(cell, resolution)", "The smaller cells in a cell.", [("length(h3ToChildren(599405990164561919, 6))", "7")], |call| with_number(call, DataType::UInt64.array(), |input| {
        let (cell, size) = (cells(input, 0)?, input.integers(1)?);
        lists(input, |row, out| {
            let (cell, size) = (cell(row)?, resolution(size(row))?);
            checked(out.len() as u64 + cell.children_count(size))?;
            out.extend(cell.children(size).map(u64::from));
            Ok(())
        })
    });
    "h3ToString", exact_case, "h3ToString(cell)", "A cell as text.", [("h3ToString(617420388352917503)", "89184926cdbffff")], |call| of_cell(call, DataType::String, |input| {
        use std::fmt::Write;
        let cell = cells(input, 0)?;
        input.write_strings(|row, out| { let _ = write!(out, "{}", cell(row)?); Ok(()) })
    });
    "stringToH3", exact_case, "stringToH3(s)", "The cell that a text stands for.", [("stringToH3('89184926cc3ffff')", "617420388351344639")], |call| {
        call.count(1..=1)?;
        Ok(call.kernel_on(|input| {
            let text = input.strings(0)?;
            input.numbers(|row| match text.get(row).parse::<CellIndex>() {
                Ok(cell) => Ok(u64::from(cell) as i64),
                Err(_) => exec_err!("invalid H3 index: {:?}", text.get(row)),
            })
        }, DataType::UInt64, call.texts(1)?))
    };
    "h3kRing", exact_case, "h3kRing(cell, k)", "The cells up to k steps away from a cell.", [("length(h3kRing(644325529233966508, 1))", "7")], |call| with_number(call, DataType::UInt64.array(), |input| rings(input, |cell, k, out| {
        out.extend(cell.grid_disk::<Vec<_>>(k).into_iter().map(u64::from));
    }));
    "h3HexRing", exact_case, "h3HexRing(cell, k)", "The cells k steps away from a cell.", [("length(h3HexRing(590080540275638271, toUInt16(1)))", "6")], |call| with_number(call, DataType::UInt64.array(), |input| rings(input, |cell, k, out| {
        out.extend(cell.grid_ring::<Vec<_>>(k).into_iter().map(u64::from));
    }));
    "h3Distance", exact_case, "h3Distance(start, end)", "The steps between two cells; -1, if they lie too far apart.", [("h3Distance(590080540275638271, 590103561300344831)", "6")], |call| two_cells(call, DataType::Int64, |input| {
        let (start, end) = (cells(input, 0)?, cells(input, 1)?);
        input.numbers(|row| Ok(start(row)?.grid_distance(end(row)?).map_or(-1, i64::from)))
    });
    "h3Line", exact_case, "h3Line(start, end)", "The cells on the line between two cells.", [("length(h3Line(590080540275638271, 590103561300344831))", "7")], |call| two_cells(call, DataType::UInt64.array(), |input| {
        let (start, end) = (cells(input, 0)?, cells(input, 1)?);
        lists(input, |row, out| {
            let path = start(row)?.grid_path_cells(end(row)?).map_err(|error| exec_datafusion_err!("no line between the cells: {error}"))?;
            for cell in path {
                out.push(cell.map_err(|error| exec_datafusion_err!("no line between the cells: {error}"))?.into());
                checked(out.len() as u64)?;
            }
            Ok(())
        })
    });
    "h3IndexesAreNeighbors", exact_case, "h3IndexesAreNeighbors(a, b)", "Whether two cells share an edge.", [("h3IndexesAreNeighbors(617420388351344639, 617420388352655359)", "1")], |call| two_cells(call, DataType::UInt8, |input| {
        let (a, b) = (cells(input, 0)?, cells(input, 1)?);
        input.bytes(|row| Ok(a(row)?.is_neighbor_with(b(row)?).unwrap_or(false).into()))
    });
    "h3GetBaseCell", exact_case, "h3GetBaseCell(cell)", "The number of the largest cell around a cell.", [("h3GetBaseCell(612916788725809151)", "12")], |call| of_cell(call, DataType::UInt8, |input| each(input, |cell| Ok(u8::from(cell.base_cell()).into())));
    "h3IsPentagon", exact_case, "h3IsPentagon(cell)", "Whether a cell is one of the twelve pentagons of its size.", [("h3IsPentagon(617420388352917503)", "0")], |call| of_cell(call, DataType::UInt8, |input| each(input, |cell| Ok(cell.is_pentagon().into())));
    "h3IsResClassIII", exact_case, "h3IsResClassIII(cell)", "Whether the resolution of a cell is odd.", [("h3IsResClassIII(617420388352917503)", "1")], |call| of_cell(call, DataType::UInt8, |input| each(input, |cell| Ok(cell.resolution().is_class3().into())));
    "h3GetFaces", exact_case, "h3GetFaces(cell)", "The faces of the icosahedron that a cell touches.", [("h3GetFaces(599686042433355775)", "[7]")], |call| of_cell(call, DataType::UInt8.array(), |input| {
        let cell = cells(input, 0)?;
        lists(input, |row, out| { out.extend(cell(row)?.icosahedron_faces().iter().map(|face| u64::from(u8::from(face)))); Ok(()) })
    });
    "h3CellAreaM2", exact_case, "h3CellAreaM2(cell)", "The area of a cell in square metres.", [("round(h3CellAreaM2(599686042433355775))", "265092558")], |call| of_cell(call, DataType::Float64, |input| each_float(input, CellIndex::area_m2));
    "h3CellAreaRads2", exact_case, "h3CellAreaRads2(cell)", "The area of a cell in square radians.", [("round(h3CellAreaRads2(579205133326352383), 6)", "0.101163")], |call| of_cell(call, DataType::Float64, |input| each_float(input, CellIndex::area_rads2));
    "h3EdgeLengthM", exact_case, "h3EdgeLengthM(resolution)", "The usual length of an edge in metres.", [("round(h3EdgeLengthM(5))", "9854")], |call| of_size(call, DataType::Float64, |input| edge_averages(input, &EDGES_M));
    "h3EdgeLengthKm", exact_case, "h3EdgeLengthKm(resolution)", "The usual length of an edge in kilometres.", [("round(h3EdgeLengthKm(5), 2)", "9.85")], |call| of_size(call, DataType::Float64, |input| edge_averages(input, &EDGES_KM));
    "h3HexAreaM2", exact_case, "h3HexAreaM2(resolution)", "The usual area of a cell in square metres.", [("round(h3HexAreaM2(13))", "44")], |call| of_size(call, DataType::Float64, |input| sizes(input, Resolution::area_m2));
    "h3HexAreaKm2", exact_case, "h3HexAreaKm2(resolution)", "The usual area of a cell in square kilometres.", [("round(h3HexAreaKm2(5), 2)", "252.9")], |call| of_size(call, DataType::Float64, |input| sizes(input, Resolution::area_km2));
    "h3NumHexagons", exact_case, "h3NumHexagons(resolution)", "How many cells of a size there are.", [("h3NumHexagons(3)", "41162")], |call| of_size(call, DataType::Int64, |input| {
        let size = input.integers(0)?;
        input.numbers(|row| Ok(resolution(size(row))?.cell_count() as i64))
    });
    "h3GetPentagonIndexes", exact_case, "h3GetPentagonIndexes(resolution)", "The twelve pentagons of a size.", [("length(h3GetPentagonIndexes(3))", "12")], |call| of_size(call, DataType::UInt64.array(), |input| {
        let size = input.integers(0)?;
        lists(input, |row, out| { out.extend(resolution(size(row))?.pentagons().map(u64::from)); Ok(()) })
    });
    "h3GetRes0Indexes", exact_case, "h3GetRes0Indexes()", "The 122 largest cells.", [("length(h3GetRes0Indexes())", "122")], |call| {
        call.count(0..=0)?;
        Ok(call.kernel(|input| lists(input, |_, out| { out.extend(CellIndex::base_cells().map(u64::from)); Ok(()) }), DataType::UInt64.array()))
    };
    "h3PointDistM", exact_case, "h3PointDistM(lat1, lon1, lat2, lon2)", "Metres between two points.", [("round(h3PointDistM(-10.0, 0.0, 10.0, 0.0))", "2223901")], |call| points(call, |input| apart(input, LatLng::distance_m));
    "h3PointDistKm", exact_case, "h3PointDistKm(lat1, lon1, lat2, lon2)", "Kilometres between two points.", [("round(h3PointDistKm(-10.0, 0.0, 10.0, 0.0))", "2224")], |call| points(call, |input| apart(input, LatLng::distance_km));
    "h3PointDistRads", exact_case, "h3PointDistRads(lat1, lon1, lat2, lon2)", "The angle in radians between two points.", [("round(h3PointDistRads(-10.0, 0.0, 10.0, 0.0), 4)", "0.3491")], |call| points(call, |input| apart(input, LatLng::distance_rads));
    "h3GetUnidirectionalEdge", exact_case, "h3GetUnidirectionalEdge(origin, destination)", "The edge from one cell to its neighbour; 0, if it is none.", [("h3GetUnidirectionalEdge(599686042433355775, 599686043507097599)", "1248204388774707199")], |call| two_cells(call, DataType::UInt64, |input| {
        let (origin, destination) = (cells(input, 0)?, cells(input, 1)?);
        input.numbers(|row| Ok(origin(row)?.edge(destination(row)?).map_or(0, |edge| u64::from(edge) as i64)))
    });
    "h3UnidirectionalEdgeIsValid", exact_case, "h3UnidirectionalEdgeIsValid(n)", "Whether a number is an edge.", [("h3UnidirectionalEdgeIsValid(1248204388774707199)", "1")], |call| of_cell(call, DataType::UInt8, |input| {
        let number = input.integers(0)?;
        input.bytes(|row| Ok(DirectedEdgeIndex::try_from(number(row) as u64).is_ok().into()))
    });
    "h3GetOriginIndexFromUnidirectionalEdge", exact_case, "h3GetOriginIndexFromUnidirectionalEdge(edge)", "The cell that an edge leaves.", [("h3GetOriginIndexFromUnidirectionalEdge(1248204388774707199)", "599686042433355775")], |call| of_cell(call, DataType::UInt64, |input| {
        let edge = edges(input)?;
        input.numbers(|row| Ok(u64::from(edge(row)?.origin()) as i64))
    });
    "h3GetDestinationIndexFromUnidirectionalEdge", exact_case, "h3GetDestinationIndexFromUnidirectionalEdge(edge)", "The cell that an edge leads to.", [("h3GetDestinationIndexFromUnidirectionalEdge(1248204388774707199)", "599686043507097599")], |call| of_cell(call, DataType::UInt64, |input| {
        let edge = edges(input)?;
        input.numbers(|row| Ok(u64::from(edge(row)?.destination()) as i64))
    });
    "h3GetUnidirectionalEdgesFromHexagon", exact_case, "h3GetUnidirectionalEdgesFromHexagon(cell)", "The edges that leave a cell.", [("length(h3GetUnidirectionalEdgesFromHexagon(599686042433355775))", "6")], |call| of_cell(call, DataType::UInt64.array(), |input| {
        let cell = cells(input, 0)?;
        lists(input, |row, out| { out.extend(cell(row)?.edges().map(u64::from)); Ok(()) })
    });
    "h3GetUnidirectionalEdgeBoundary", exact_case, "h3GetUnidirectionalEdgeBoundary(edge)", "Latitude and longitude of the ends of an edge.", [("length(h3GetUnidirectionalEdgeBoundary(1248204388774707199))", "2")], |call| of_cell(call, corners(), |input| {
        let edge = edges(input)?;
        boundaries(input, |row| Ok(edge(row)?.boundary()))
    });
    "h3ExactEdgeLengthM", exact_case, "h3ExactEdgeLengthM(edge)", "The length of an edge in metres.", [("round(h3ExactEdgeLengthM(1310277011704381439))", "195450")], |call| of_cell(call, DataType::Float64, |input| edge_lengths(input, DirectedEdgeIndex::length_m));
    "h3ExactEdgeLengthKm", exact_case, "h3ExactEdgeLengthKm(edge)", "The length of an edge in kilometres.", [("round(h3ExactEdgeLengthKm(1310277011704381439), 2)", "195.45")], |call| of_cell(call, DataType::Float64, |input| edge_lengths(input, DirectedEdgeIndex::length_km));
    "h3ExactEdgeLengthRads", exact_case, "h3ExactEdgeLengthRads(edge)", "The length of an edge in radians.", [("round(h3ExactEdgeLengthRads(1310277011704381439), 4)", "0.0307")], |call| of_cell(call, DataType::Float64, |input| edge_lengths(input, DirectedEdgeIndex::length_rads));
};

fn expect_index(call: &Call, index: usize) -> Result<(), Mismatch> {
    if *call.bare(index) == DataType::UInt64 { Ok(()) } else { Err(call.wrong_type(index)) }
}

fn of_cell(call: &Call, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    expect_index(call, 0)?;
    Ok(call.kernel(kernel, result))
}

fn two_cells(call: &Call, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    expect_index(call, 0)?;
    expect_index(call, 1)?;
    Ok(call.kernel(kernel, result))
}

fn with_number(call: &Call, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(2..=2)?;
    expect_index(call, 0)?;
    call.expect_integer(1)?;
    Ok(call.kernel(kernel, result))
}

fn of_size(call: &Call, result: DataType, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(1..=1)?;
    call.expect_integer(0)?;
    Ok(call.kernel(kernel, result))
}

fn points(call: &Call, kernel: Kernel) -> Result<Typed, Mismatch> {
    call.count(4..=4)?;
    Ok(call.kernel_on(kernel, DataType::Float64, call.with_floats(0..4)?))
}

/// Latitudes and longitudes.
fn corners() -> DataType {
    DataType::Tuple(vec![(None, DataType::Float64), (None, DataType::Float64)]).array()
}

fn resolution(number: i64) -> EngineResult<Resolution> {
    let size = u8::try_from(number).ok().and_then(|number| Resolution::try_from(number).ok());
    size.ok_or_else(|| exec_datafusion_err!("the resolution {number} is out of bounds: H3 has 0 to 15"))
}

fn checked(count: u64) -> EngineResult<()> {
    match count > limits::GEOHASHES_MAX as u64 {
        true => exec_err!("this would make {count} cells; at most {} are allowed", limits::GEOHASHES_MAX),
        false => Ok(()),
    }
}

fn cells(input: &Input, index: usize) -> EngineResult<impl Fn(usize) -> EngineResult<CellIndex> + use<>> {
    let number = input.integers(index)?;
    Ok(move |row: usize| {
        let number = number(row) as u64;
        CellIndex::try_from(number).map_err(|_| exec_datafusion_err!("invalid H3 cell index: {number}"))
    })
}

fn edges(input: &Input) -> EngineResult<impl Fn(usize) -> EngineResult<DirectedEdgeIndex> + use<>> {
    let number = input.integers(0)?;
    Ok(move |row: usize| {
        let number = number(row) as u64;
        DirectedEdgeIndex::try_from(number).map_err(|_| exec_datafusion_err!("invalid H3 edge index: {number}"))
    })
}

fn each(input: &Input, of: fn(CellIndex) -> EngineResult<i64>) -> EngineResult<ArrayRef> {
    let cell = cells(input, 0)?;
    input.numbers(|row| of(cell(row)?))
}

fn each_float(input: &Input, of: fn(CellIndex) -> f64) -> EngineResult<ArrayRef> {
    let cell = cells(input, 0)?;
    input.floats(|row| Ok(of(cell(row)?)))
}

fn edge_lengths(input: &Input, of: fn(DirectedEdgeIndex) -> f64) -> EngineResult<ArrayRef> {
    let edge = edges(input)?;
    input.floats(|row| Ok(of(edge(row)?)))
}

fn sizes(input: &Input, of: fn(Resolution) -> f64) -> EngineResult<ArrayRef> {
    let size = input.integers(0)?;
    input.floats(|row| Ok(of(resolution(size(row))?)))
}

/// The usual lengths of edges, as H3's own tables round them.
const EDGES_M: [f64; 16] = [
    1281256.011,
    483056.8391,
    182512.9565,
    68979.22179,
    26071.75968,
    9854.09099,
    3724.532667,
    1406.475763,
    531.4140101,
    200.7861476,
    75.86378287,
    28.66389748,
    10.83018784,
    4.092010473,
    1.546099657,
    0.58416863,
];
const EDGES_KM: [f64; 16] = [
    1281.256011,
    483.0568391,
    182.5129565,
    68.97922179,
    26.07175968,
    9.85409099,
    3.724532667,
    1.406475763,
    0.53141401,
    0.200786148,
    0.075863783,
    0.028663897,
    0.010830188,
    0.00409201,
    0.0015461,
    0.000584169,
];

fn edge_averages(input: &Input, table: &[f64; 16]) -> EngineResult<ArrayRef> {
    let size = input.integers(0)?;
    input.floats(|row| Ok(table[usize::from(u8::from(resolution(size(row))?))]))
}

fn sized(input: &Input, of: fn(CellIndex, Resolution) -> EngineResult<i64>) -> EngineResult<ArrayRef> {
    let (cell, size) = (cells(input, 0)?, input.integers(1)?);
    input.numbers(|row| of(cell(row)?, resolution(size(row))?))
}

fn apart(input: &Input, of: fn(LatLng, LatLng) -> f64) -> EngineResult<ArrayRef> {
    let numbers = [coordinates(input, 0)?, coordinates(input, 1)?, coordinates(input, 2)?, coordinates(input, 3)?];
    input.floats(|row| {
        let point = |latitude: f64, longitude: f64| {
            LatLng::new(latitude, longitude).map_err(|_| exec_datafusion_err!("({latitude}, {longitude}) is no point"))
        };
        Ok(of(point(numbers[0](row), numbers[1](row))?, point(numbers[2](row), numbers[3](row))?))
    })
}

fn rings(input: &Input, of: fn(CellIndex, u32, &mut Vec<u64>)) -> EngineResult<ArrayRef> {
    let (cell, k) = (cells(input, 0)?, input.integers(1)?);
    lists(input, |row, out| {
        let k = k(row);
        let Some(steps) = u32::try_from(k).ok().filter(|steps| u64::from(*steps) <= 10_000) else {
            return exec_err!("the number of steps {k} is out of bounds");
        };
        checked(out.len() as u64 + 3 * u64::from(steps) * (u64::from(steps) + 1) + 1)?;
        of(cell(row)?, steps, out);
        Ok(())
    })
}

/// A list of numbers for each row.
fn lists(input: &Input, mut push: impl FnMut(usize, &mut Vec<u64>) -> EngineResult<()>) -> EngineResult<ArrayRef> {
    let (mut values, mut lengths) = (Vec::new(), Vec::with_capacity(input.rows));
    for row in 0..input.rows {
        let before = values.len();
        if !input.is_null(row) {
            push(row, &mut values)?;
        }
        lengths.push(values.len() - before);
    }
    let DataType::Array(item) = input.result.bare() else { return exec_err!("an array was promised") };
    let values: ArrayRef = match **item {
        DataType::UInt8 => Arc::new(UInt8Array::from_iter_values(values.into_iter().map(|value| value as u8))),
        _ => Arc::new(UInt64Array::from(values)),
    };
    input.list_of(lengths, values)
}

fn pairs(pair: &DataType, first: Vec<f64>, second: Vec<f64>) -> EngineResult<ArrayRef> {
    let Arrow::Struct(fields) = pair.to_arrow() else { return exec_err!("a tuple is a struct") };
    let columns: Vec<ArrayRef> = vec![Arc::new(Float64Array::from(first)), Arc::new(Float64Array::from(second))];
    Ok(Arc::new(StructArray::try_new(fields, columns, None)?))
}

fn boundaries(input: &Input, of: impl Fn(usize) -> EngineResult<h3o::Boundary>) -> EngineResult<ArrayRef> {
    let (mut latitudes, mut longitudes) = (Vec::new(), Vec::new());
    let mut lengths = Vec::with_capacity(input.rows);
    for row in 0..input.rows {
        let before = latitudes.len();
        if !input.is_null(row) {
            for point in of(row)?.iter() {
                latitudes.push(point.lat());
                longitudes.push(point.lng());
            }
        }
        lengths.push(latitudes.len() - before);
    }
    let DataType::Array(pair) = input.result.bare() else { return exec_err!("an array was promised") };
    let field = Arc::new(pair.to_field("item"));
    let values = pairs(pair, latitudes, longitudes)?;
    Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values, None)?))
}
