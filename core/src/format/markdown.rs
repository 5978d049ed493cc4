//! `Markdown`: a table as READMEs have them.

use super::{Options, Results, each_row, number, pretty};
use crate::error::Result;

pub(super) fn write_rows(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    out.push(b'|');
    for (name, _) in &results.rows.schema.0 {
        number::display(out, format_args!(" {name} |"));
    }
    out.extend_from_slice(b"\n|");
    for (_, data_type) in &results.rows.schema.0 {
        out.extend_from_slice(if pretty::is_right_aligned(data_type) { b"-:|" } else { b":-|" });
    }
    out.push(b'\n');
    each_row(results.rows, options, out, |out, columns, row, _| {
        out.push(b'|');
        for column in columns {
            out.push(b' ');
            column.tsv(row, options, out);
            out.extend_from_slice(b" |");
        }
        out.push(b'\n');
    })
}
