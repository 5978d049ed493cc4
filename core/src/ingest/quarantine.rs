//! Events that did not fit → rows of their data source's quarantine.

use super::Quarantined;
use crate::batch::Schema;
use crate::catalog::DataSource;
use crate::catalog::quarantine::data_source;
use crate::error::{Error, Result};
use crate::value::DataType;
use arrow::array::{ArrayRef, ListBuilder, RecordBatch, StringViewArray, StringViewBuilder, TimestampSecondArray};
use std::sync::Arc;

/// Rows of [`data_source`], in its order of columns.
pub fn rows(source: &DataSource, events: &[Quarantined], now_ns: i64) -> Result<RecordBatch> {
    let mut columns: Vec<ArrayRef> = (0..source.columns.len())
        .map(|column| {
            let values = events.iter().map(|event| event.values.get(column).and_then(Option::as_deref));
            Arc::new(values.collect::<StringViewArray>()) as ArrayRef
        })
        .collect();
    columns.push(texts(events, |(column, _)| (!column.is_empty()).then_some(column)));
    columns.push(texts(events, |(_, reason)| Some(reason)));
    columns.push(Arc::new(StringViewArray::new_null(events.len())));
    columns.push(Arc::new(TimestampSecondArray::from_value(now_ns.div_euclid(1_000_000_000), events.len())));
    let schema = schema(&data_source(source)).to_arrow();
    RecordBatch::try_new(schema, columns).map_err(|error| Error::internal(format!("quarantine: {error}")))
}

fn schema(data_source: &DataSource) -> Schema {
    Schema(data_source.columns.iter().map(|column| (column.name.clone(), column.data_type.clone())).collect())
}

fn texts(events: &[Quarantined], pick: impl Fn(&(String, String)) -> Option<&String>) -> ArrayRef {
    let item = Arc::new(DataType::String.to_field("item"));
    let mut lists = ListBuilder::new(StringViewBuilder::new()).with_field(item);
    for event in events {
        lists.append_value(event.errors.iter().filter_map(&pick).map(Some));
    }
    Arc::new(lists.finish())
}
