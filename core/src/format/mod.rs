//! Results as bytes, byte for byte ClickHouse's. One file per format; [`FORMATS`] is the table.

mod binary;
mod columnar;
mod csv;
mod json;
mod json_columns;
mod json_each_row;
mod markdown;
mod native;
mod number;
mod options;
mod pretty;
mod printer;
mod prometheus;
mod row_binary;
mod text_width;
mod tsv;
mod values;
mod vertical;
mod xml;

pub use options::{DateTimeOutput, Options};

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
    /// `WITH TOTALS`: a row.
    pub totals: Option<&'a Rows>,
    /// The least and the greatest value of each column: two rows.
    pub extremes: Option<&'a Rows>,
    /// How many rows there would be without LIMIT, at least; only if there is a LIMIT.
    pub rows_before_limit: Option<u64>,
    pub elapsed_ns: u64,
    pub rows_read: u64,
    pub bytes_read: u64,
}

impl<'a> Results<'a> {
    /// Rows that nothing more is known of.
    pub fn of(rows: &'a Rows) -> Results<'a> {
        Results {
            rows,
            totals: None,
            extremes: None,
            rows_before_limit: None,
            elapsed_ns: 0,
            rows_read: 0,
            bytes_read: 0,
        }
    }
}

pub const FORMATS: &[Format] = &[
    Format { names: &["JSON"], content_type: "application/json", write: json::write_rows },
    Format { names: &["JSONCompact"], content_type: "application/json", write: json::write_compact },
    Format { names: &["JSONStrings"], content_type: "application/json", write: json::write_strings },
    Format { names: &["JSONCompactStrings"], content_type: "application/json", write: json::write_compact_strings },
    Format { names: &["JSONColumns"], content_type: "application/json", write: json_columns::write_columns },
    Format { names: &["JSONCompactColumns"], content_type: "application/json", write: json_columns::write_compact },
    Format {
        names: &["JSONColumnsWithMetadata"],
        content_type: "application/json",
        write: json_columns::write_with_metadata,
    },
    Format {
        names: &["JSONEachRow", "JSONLines", "NDJSON"],
        content_type: "application/x-ndjson",
        write: json_each_row::write_rows,
    },
    Format {
        names: &["JSONStringsEachRow"],
        content_type: "application/x-ndjson",
        write: json_each_row::write_strings,
    },
    Format {
        names: &["PrettyJSONEachRow", "PrettyJSONLines", "PrettyNDJSON"],
        content_type: "application/x-ndjson",
        write: json_each_row::write_pretty,
    },
    Format { names: &["JSONObjectEachRow"], content_type: "application/json", write: json_each_row::write_object },
    Format {
        names: &["JSONCompactEachRow"],
        content_type: "application/x-ndjson",
        write: json_each_row::write_compact,
    },
    Format {
        names: &["JSONCompactEachRowWithNames"],
        content_type: "application/x-ndjson",
        write: json_each_row::write_compact_with_names,
    },
    Format {
        names: &["JSONCompactEachRowWithNamesAndTypes"],
        content_type: "application/x-ndjson",
        write: json_each_row::write_compact_with_names_and_types,
    },
    Format {
        names: &["JSONCompactStringsEachRow"],
        content_type: "application/x-ndjson",
        write: json_each_row::write_compact_strings,
    },
    Format {
        names: &["JSONCompactStringsEachRowWithNames"],
        content_type: "application/x-ndjson",
        write: json_each_row::write_compact_strings_with_names,
    },
    Format {
        names: &["JSONCompactStringsEachRowWithNamesAndTypes"],
        content_type: "application/x-ndjson",
        write: json_each_row::write_compact_strings_with_names_and_types,
    },
    Format { names: &["CSV"], content_type: "text/csv", write: csv::write_rows },
    Format { names: &["CSVWithNames"], content_type: "text/csv", write: csv::write_with_names },
    Format { names: &["CSVWithNamesAndTypes"], content_type: "text/csv", write: csv::write_with_names_and_types },
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
    Format {
        names: &["TSVRaw", "TabSeparatedRaw", "Raw", "LineAsString"],
        content_type: "text/plain",
        write: tsv::write_raw,
    },
    Format {
        names: &["TSVRawWithNames", "TabSeparatedRawWithNames", "RawWithNames", "LineAsStringWithNames"],
        content_type: "text/plain",
        write: tsv::write_raw_with_names,
    },
    Format {
        names: &[
            "TSVRawWithNamesAndTypes",
            "TabSeparatedRawWithNamesAndTypes",
            "RawWithNamesAndTypes",
            "LineAsStringWithNamesAndTypes",
        ],
        content_type: "text/plain",
        write: tsv::write_raw_with_names_and_types,
    },
    Format { names: &["TSKV"], content_type: "text/plain", write: tsv::write_named },
    Format { names: &["Values"], content_type: "text/plain", write: values::write_rows },
    Format { names: &["SQLInsert"], content_type: "text/plain", write: values::write_insert },
    Format { names: &["Vertical"], content_type: "text/plain", write: vertical::write_rows },
    Format {
        names: &["Pretty", "PrettyNoEscapes", "PrettyMonoBlock", "PrettyNoEscapesMonoBlock"],
        content_type: "text/plain",
        write: pretty::write_full,
    },
    Format {
        names: &[
            "PrettyCompact",
            "PrettyCompactNoEscapes",
            "PrettyCompactMonoBlock",
            "PrettyCompactNoEscapesMonoBlock",
        ],
        content_type: "text/plain",
        write: pretty::write_compact,
    },
    Format {
        names: &["PrettySpace", "PrettySpaceNoEscapes", "PrettySpaceMonoBlock", "PrettySpaceNoEscapesMonoBlock"],
        content_type: "text/plain",
        write: pretty::write_space,
    },
    Format { names: &["Markdown", "MD"], content_type: "text/markdown", write: markdown::write_rows },
    Format { names: &["XML"], content_type: "application/xml", write: xml::write_rows },
    Format { names: &["Prometheus"], content_type: "text/plain; version=0.0.4", write: prometheus::write_rows },
    Format { names: &["RowBinary"], content_type: "application/octet-stream", write: row_binary::write_rows },
    Format {
        names: &["RowBinaryWithNames"],
        content_type: "application/octet-stream",
        write: row_binary::write_with_names,
    },
    Format {
        names: &["RowBinaryWithNamesAndTypes"],
        content_type: "application/octet-stream",
        write: row_binary::write_with_names_and_types,
    },
    Format { names: &["Native"], content_type: "application/octet-stream", write: native::write_rows },
    Format { names: &["RawBLOB"], content_type: "application/octet-stream", write: row_binary::write_raw },
    Format { names: &["Null"], content_type: "text/plain", write: row_binary::write_nothing },
    Format { names: &["Parquet"], content_type: "application/octet-stream", write: columnar::write_parquet },
    Format { names: &["Arrow"], content_type: "application/octet-stream", write: columnar::write_file },
    Format { names: &["ArrowStream"], content_type: "application/octet-stream", write: columnar::write_stream },
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
    options: &Options,
    out: &mut Vec<u8>,
    mut row: impl FnMut(&mut Vec<u8>, &[printer::Printer], usize, usize),
) -> Result<()> {
    let mut number = 0;
    for batch in &rows.batches {
        let columns = printer::Printer::of_batch(&rows.schema, batch, options)?;
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

/// Calls `print` for one row of a few, with the columns of its batch.
fn first_row(
    rows: &Rows,
    row: usize,
    options: &Options,
    out: &mut Vec<u8>,
    print: impl Fn(&mut Vec<u8>, &[printer::Printer], usize),
) -> Result<()> {
    let mut before = 0;
    for batch in &rows.batches {
        if row < before + batch.num_rows() {
            print(out, &printer::Printer::of_batch(&rows.schema, batch, options)?, row - before);
            return Ok(());
        }
        before += batch.num_rows();
    }
    Ok(())
}

/// Totals and extremes in formats of lines: below an empty one.
fn extra_rows(
    results: &Results,
    options: &Options,
    out: &mut Vec<u8>,
    row: impl Fn(&mut Vec<u8>, &[printer::Printer], usize),
) -> Result<()> {
    for rows in [results.totals, results.extremes].into_iter().flatten() {
        out.push(b'\n');
        each_row(rows, options, out, |out, columns, index, _| row(out, columns, index))?;
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
