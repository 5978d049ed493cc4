//! `XML`: the same document as `JSON`, in tags.

use super::printer::Printer;
use super::{Options, Results, each_row, first_row, number};
use crate::error::Result;

pub(super) fn write_rows(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    let mut head = "<?xml version='1.0' encoding='UTF-8' ?>\n<result>\n\t<meta>\n\t\t<columns>\n".to_owned();
    for (name, data_type) in &results.rows.schema.0 {
        let (name, data_type) = (escaped(name), escaped(&data_type.to_string()));
        head += "\t\t\t<column>\n";
        head += &format!("\t\t\t\t<name>{name}</name>\n\t\t\t\t<type>{data_type}</type>\n\t\t\t</column>\n");
    }
    head += "\t\t</columns>\n\t</meta>\n\t<data>\n";
    out.extend_from_slice(head.as_bytes());
    let tags: Vec<String> = results.rows.schema.0.iter().map(|(name, _)| tag(name)).collect();
    each_row(results.rows, options, out, |out, columns, row, _| {
        out.extend_from_slice(b"\t\t<row>\n");
        fields(&tags, columns, row, 3, out);
        out.extend_from_slice(b"\t\t</row>\n");
    })?;
    out.extend_from_slice(b"\t</data>\n");
    if let Some(totals) = results.totals {
        out.extend_from_slice(b"\t<totals>\n");
        first_row(totals, 0, options, out, |out, columns, row| fields(&tags, columns, row, 2, out))?;
        out.extend_from_slice(b"\t</totals>\n");
    }
    if let Some(extremes) = results.extremes {
        out.extend_from_slice(b"\t<extremes>\n");
        for (row, name) in ["min", "max"].into_iter().enumerate() {
            number::display(out, format_args!("\t\t<{name}>\n"));
            first_row(extremes, row, options, out, |out, columns, row| fields(&tags, columns, row, 3, out))?;
            number::display(out, format_args!("\t\t</{name}>\n"));
        }
        out.extend_from_slice(b"\t</extremes>\n");
    }
    number::display(out, format_args!("\t<rows>{}</rows>\n", results.rows.count()));
    if let Some(rows) = results.rows_before_limit {
        number::display(out, format_args!("\t<rows_before_limit_at_least>{rows}</rows_before_limit_at_least>\n"));
    }
    if options.write_statistics {
        out.extend_from_slice(b"\t<statistics>\n\t\t<elapsed>");
        number::float64(out, results.elapsed_ns as f64 / 1e9);
        let (rows, bytes) = (results.rows_read, results.bytes_read);
        number::display(
            out,
            format_args!(
                "</elapsed>\n\t\t<rows_read>{rows}</rows_read>\n\t\t<bytes_read>{bytes}</bytes_read>\n\t</statistics>\n"
            ),
        );
    }
    out.extend_from_slice(b"</result>\n");
    Ok(())
}

fn fields(tags: &[String], columns: &[Printer], row: usize, level: usize, out: &mut Vec<u8>) {
    for (tag, column) in tags.iter().zip(columns) {
        out.extend(std::iter::repeat_n(b'\t', level));
        number::display(out, format_args!("<{tag}>"));
        column.xml(row, out);
        number::display(out, format_args!("</{tag}>\n"));
    }
}

/// What cannot be a tag's name is a `field`.
fn tag(name: &str) -> String {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    let is_tag = name.starts_with(is_letter)
        && name.chars().all(|c| is_letter(c) || c.is_ascii_digit() || matches!(c, '-' | '.'));
    if is_tag { name.to_owned() } else { "field".to_owned() }
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
