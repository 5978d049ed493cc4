//! Results as bytes, byte for byte ClickHouse's. One file per format; [`FORMATS`] is the table.

mod csv;
mod json;
mod json_each_row;
mod number;
mod printer;
mod tsv;

use crate::batch::Rows;
use crate::error::{Error, Result};
use crate::limits::RESULT_BYTES_MAX;

pub struct Format {
    /// The first is what messages call it.
    pub names: &'static [&'static str],
    pub content_type: &'static str,
    write: fn(&Results, &Options, &mut Vec<u8>) -> Result<()>,
}

/// What a format prints: the rows, and what an envelope says about them.
pub struct Results<'a> {
    pub rows: &'a Rows,
    /// How many rows there would be without LIMIT, at least; only if there is a LIMIT.
    pub rows_before_limit: Option<u64>,
    pub elapsed_ns: u64,
    pub rows_read: u64,
    pub bytes_read: u64,
}

/// Settings that change what numbers look like in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Integers of 64 bits and more as strings, for readers whose numbers are doubles.
    pub quote_64bit_integers: bool,
    /// `"inf"` and `"nan"` as strings; otherwise they are null.
    pub quote_denormals: bool,
}

pub const FORMATS: &[Format] = &[
    Format { names: &["JSON"], content_type: "application/json", write: json::write_rows },
    Format { names: &["JSONCompact"], content_type: "application/json", write: json::write_compact },
    Format {
        names: &["JSONEachRow", "JSONLines", "NDJSON"],
        content_type: "application/x-ndjson",
        write: json_each_row::write_rows,
    },
    Format {
        names: &["JSONCompactEachRow"],
        content_type: "application/x-ndjson",
        write: json_each_row::write_compact,
    },
    Format { names: &["CSV"], content_type: "text/csv", write: csv::write_rows },
    Format { names: &["CSVWithNames"], content_type: "text/csv", write: csv::write_with_names },
    // Clients take `text/plain` for text and would read anything else as JSON.
    Format { names: &["TSV", "TabSeparated"], content_type: "text/plain", write: tsv::write_rows },
    Format {
        names: &["TSVWithNames", "TabSeparatedWithNames"],
        content_type: "text/plain",
        write: tsv::write_with_names,
    },
    Format {
        names: &["TSVWithNamesAndTypes", "TabSeparatedWithNamesAndTypes"],
        content_type: "text/plain",
        write: tsv::write_with_names_and_types,
    },
];

/// The format called `name`, in any case.
pub fn find(name: &str) -> Result<&'static Format> {
    let known = || FORMATS.iter().flat_map(|format| format.names);
    FORMATS.iter().find(|format| format.names.iter().any(|known| known.eq_ignore_ascii_case(name))).ok_or_else(|| {
        let hint = crate::diagnostic::nearest(name, known().copied())
            .map_or_else(|| known().copied().collect::<Vec<_>>().join(", "), |name| format!("did you mean {name}?"));
        Error::invalid(format!("unknown format {name:?}; {hint}")).with_exception_code(UNKNOWN_FORMAT)
    })
}

const UNKNOWN_FORMAT: u16 = 73;

impl Format {
    pub fn write(&self, results: &Results, options: &Options) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        (self.write)(results, options, &mut out)?;
        Ok(out)
    }
}

/// Calls `row` for each row with its number and the columns of its batch, and ends a result that
/// grows past the limit.
fn each_row(
    rows: &Rows,
    out: &mut Vec<u8>,
    mut row: impl FnMut(&mut Vec<u8>, &[printer::Printer], usize, usize),
) -> Result<()> {
    let mut number = 0;
    for batch in &rows.batches {
        let columns = printer::Printer::of_batch(&rows.schema, batch)?;
        for index in 0..batch.num_rows() {
            row(out, &columns, index, number);
            number += 1;
            if out.len() > RESULT_BYTES_MAX {
                return Err(too_large());
            }
        }
    }
    Ok(())
}

fn too_large() -> Error {
    Error::limit(format!("the result has more than {RESULT_BYTES_MAX} bytes; add a LIMIT or select fewer columns"))
        .with_exception_code(TOO_MANY_BYTES)
}

const TOO_MANY_BYTES: u16 = 307;

#[cfg(test)]
mod tests;
