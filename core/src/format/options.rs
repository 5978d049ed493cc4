//! Settings that change what results look like, by ClickHouse's names for them.

use crate::error::{Error, Result};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Integers of 64 bits and more as strings, for readers whose numbers are doubles.
    pub quote_64bit_integers: bool,
    pub quote_64bit_floats: bool,
    pub quote_decimals: bool,
    /// `"inf"` and `"nan"` as strings; otherwise they are null.
    pub quote_denormals: bool,
    /// `\/` in JSON, so that a text can stand in a page's script.
    pub escape_forward_slashes: bool,
    pub named_tuples_as_objects: bool,
    /// JSONEachRow as one array.
    pub array_of_rows: bool,
    /// What was read and how long it took, in formats that have a place for it.
    pub write_statistics: bool,
    pub date_time: DateTimeOutput,
    pub decimal_trailing_zeros: bool,
    pub csv_delimiter: u8,
    pub csv_null: String,
    pub tsv_null: String,
    pub pretty_rows_max: usize,
    pub pretty_row_numbers: bool,
    pub pretty_ascii: bool,
    /// The table that `SQLInsert` names.
    pub insert_table: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateTimeOutput {
    /// `2024-01-02 03:04:05`
    Simple,
    /// `2024-01-02T03:04:05Z`
    Iso,
    /// `1704164645`
    UnixTimestamp,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            quote_64bit_integers: false,
            quote_64bit_floats: false,
            quote_decimals: false,
            quote_denormals: false,
            escape_forward_slashes: true,
            named_tuples_as_objects: true,
            array_of_rows: false,
            write_statistics: true,
            date_time: DateTimeOutput::Simple,
            decimal_trailing_zeros: false,
            csv_delimiter: b',',
            csv_null: "\\N".to_owned(),
            tsv_null: "\\N".to_owned(),
            pretty_rows_max: 1000,
            pretty_row_numbers: true,
            pretty_ascii: false,
            insert_table: "table".to_owned(),
        }
    }
}

const BAD_ARGUMENTS: u16 = 36;

impl Options {
    /// Takes a setting; those that are about something else are let pass.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let flag = || matches!(value, "1" | "true" | "True");
        match name {
            "output_format_json_quote_64bit_integers" => self.quote_64bit_integers = flag(),
            "output_format_json_quote_64bit_floats" => self.quote_64bit_floats = flag(),
            "output_format_json_quote_decimals" => self.quote_decimals = flag(),
            "output_format_json_quote_denormals" => self.quote_denormals = flag(),
            "output_format_json_escape_forward_slashes" => self.escape_forward_slashes = flag(),
            "output_format_json_named_tuples_as_objects" => self.named_tuples_as_objects = flag(),
            "output_format_json_array_of_rows" => self.array_of_rows = flag(),
            "output_format_write_statistics" => self.write_statistics = flag(),
            "output_format_decimal_trailing_zeros" => self.decimal_trailing_zeros = flag(),
            "output_format_pretty_row_numbers" => self.pretty_row_numbers = flag(),
            "output_format_sql_insert_table_name" => self.insert_table = value.to_owned(),
            "format_csv_null_representation" => self.csv_null = value.to_owned(),
            "format_tsv_null_representation" => self.tsv_null = value.to_owned(),
            "date_time_output_format" => {
                self.date_time = match value {
                    "simple" => DateTimeOutput::Simple,
                    "iso" => DateTimeOutput::Iso,
                    "unix_timestamp" => DateTimeOutput::UnixTimestamp,
                    _ => return Err(bad(name, value, "simple, iso or unix_timestamp")),
                }
            }
            "format_csv_delimiter" => match value.as_bytes() {
                [delimiter] => self.csv_delimiter = *delimiter,
                _ => return Err(bad(name, value, "one character")),
            },
            "output_format_pretty_max_rows" => {
                self.pretty_rows_max = value.parse().map_err(|_| bad(name, value, "a number"))?;
            }
            "output_format_pretty_grid_charset" => {
                self.pretty_ascii = match value {
                    "UTF-8" => false,
                    "ASCII" => true,
                    _ => return Err(bad(name, value, "UTF-8 or ASCII")),
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn bad(name: &str, value: &str, expected: &str) -> Error {
    Error::invalid(format!("the setting {name} is {expected}, not {value:?}")).with_exception_code(BAD_ARGUMENTS)
}
