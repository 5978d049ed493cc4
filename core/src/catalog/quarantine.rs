//! `<name>_quarantine`: the events that did not fit, as a data source like any other.

use super::{Column, DataSource, Engine, Period, TtlRule};
use crate::value::{DataType, IntervalUnit};

const SUFFIX: &str = "_quarantine";

/// The name of the data source whose quarantine `name` is.
pub fn source_name(name: &str) -> Option<&str> {
    name.strip_suffix(SUFFIX).filter(|source| !source.is_empty())
}

/// Every column as text, why the event did not fit, and when it came.
pub fn data_source(source: &DataSource) -> DataSource {
    let text = || DataType::String.nullable();
    let column = |name: &str, data_type| Column { name: name.to_owned(), data_type, json_path: None, default: None };
    let mut columns: Vec<Column> = source.columns.iter().map(|source| column(&source.name, text())).collect();
    columns.push(column("c__error_column", DataType::String.array()));
    columns.push(column("c__error", DataType::String.array()));
    columns.push(column("c__import_id", text()));
    columns.push(column("insertion_date", DataType::DateTime(None)));
    let after = Some(Period { count: 1, unit: IntervalUnit::Month });
    let one_month = TtlRule { moment: "insertion_date".to_owned(), after, condition: None };
    DataSource {
        id: format!("{}{SUFFIX}", source.id),
        name: format!("{}{SUFFIX}", source.name),
        description: format!("Events that did not fit {}", source.name),
        columns,
        engine: Engine { sorting_key: vec!["insertion_date".to_owned()], ttl: vec![one_month], ..Engine::default() },
        file: source.file.clone(),
        ..DataSource::default()
    }
}
