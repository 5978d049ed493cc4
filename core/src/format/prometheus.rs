//! `Prometheus`: metrics in the text exposition format, from columns `name`, `value` and, if they are there,
//! `help`, `type`, `labels` and `timestamp`. Rows of one name that follow each other are one metric.

use super::printer::Printer;
use super::{Options, Results, each_row};
use crate::error::{Error, Result};
use crate::value::DataType;
use std::collections::BTreeMap;

const BAD_ARGUMENTS: u16 = 36;

#[derive(Default)]
struct Metric {
    help: String,
    kind: String,
    samples: Vec<Sample>,
}

struct Sample {
    labels: Vec<(String, String)>,
    value: String,
    timestamp: String,
}

/// Where the columns are.
struct Places {
    name: usize,
    value: usize,
    help: Option<usize>,
    kind: Option<usize>,
    labels: Option<usize>,
    timestamp: Option<usize>,
}

pub(super) fn write_rows(results: &Results, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    let schema = &results.rows.schema;
    let missing = |name: &str| {
        Error::invalid(format!("the format Prometheus needs a column {name:?}")).with_exception_code(BAD_ARGUMENTS)
    };
    let place = |name: &str| schema.position(name);
    let places = Places {
        name: place("name").ok_or_else(|| missing("name"))?,
        value: place("value").ok_or_else(|| missing("value"))?,
        help: place("help"),
        kind: place("type"),
        labels: place("labels"),
        timestamp: place("timestamp"),
    };
    for (place, is_right, wanted) in [
        (Some(places.name), DataType::is_string as fn(&DataType) -> bool, "a text"),
        (Some(places.value), DataType::is_numeric, "a number"),
        (places.labels, is_labels, "Map(String, String)"),
    ] {
        if let Some((name, data_type)) = place.map(|place| &schema.0[place])
            && !is_right(data_type)
        {
            let message = format!("the format Prometheus needs {wanted} as {name:?}, not {data_type}");
            return Err(Error::invalid(message).with_exception_code(BAD_ARGUMENTS));
        }
    }
    let mut metrics: Vec<(String, Metric)> = Vec::new();
    let mut scratch = Vec::new();
    each_row(results.rows, options, &mut scratch, |_, columns, row, _| {
        let name = text(&columns[places.name], row);
        if metrics.last().is_none_or(|(last, _)| *last != name) {
            metrics.push((name, Metric::default()));
        }
        let metric = &mut metrics.last_mut().expect("just pushed").1;
        let optional = |place: Option<usize>| place.map_or(String::new(), |place| text(&columns[place], row));
        metric.help = first_of(&metric.help, &optional(places.help));
        metric.kind = first_of(&metric.kind, &optional(places.kind));
        let mut labels = places.labels.map_or(Vec::new(), |place| columns[place].entries(row));
        labels.sort();
        metric.samples.push(Sample {
            labels,
            value: number(&text(&columns[places.value], row)),
            timestamp: optional(places.timestamp),
        });
    })?;
    for (name, metric) in &metrics {
        write_metric(name, metric, out);
    }
    Ok(())
}

fn is_labels(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Map(key, value) if key.is_string() && value.is_string())
}

fn text(column: &Printer, row: usize) -> String {
    let mut text = Vec::new();
    column.text(row, "", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

fn first_of(known: &str, new: &str) -> String {
    if known.is_empty() { new.to_owned() } else { known.to_owned() }
}

fn number(text: &str) -> String {
    match text {
        "nan" => "NaN".to_owned(),
        "inf" => "+Inf".to_owned(),
        "-inf" => "-Inf".to_owned(),
        other => other.to_owned(),
    }
}

fn write_metric(name: &str, metric: &Metric, out: &mut Vec<u8>) {
    let mut text = String::new();
    if !metric.help.is_empty() {
        text += &format!("# HELP {name} {}\n", metric.help.replace('\n', " "));
    }
    if !metric.kind.is_empty() {
        text += &format!("# TYPE {name} {}\n", metric.kind);
    }
    match metric.kind.as_str() {
        "histogram" | "summary" => text += &distribution(name, metric),
        _ => metric.samples.iter().for_each(|sample| text += &line(name, sample, &sample.labels)),
    }
    out.extend_from_slice(text.as_bytes());
    out.push(b'\n');
}

/// Buckets by their bound, then the sum and the count, which come as samples with labels of that name.
fn distribution(name: &str, metric: &Metric) -> String {
    let (bound, suffix) = if metric.kind == "histogram" { ("le", "_bucket") } else { ("quantile", "") };
    type Labels = Vec<(String, String)>;
    let mut groups: BTreeMap<Labels, Vec<(&str, &Sample)>> = BTreeMap::new();
    for sample in &metric.samples {
        let special = ["sum", "count", bound];
        let found = special.into_iter().find(|label| sample.labels.iter().any(|(known, _)| known == label));
        let others = sample.labels.iter().filter(|(known, _)| Some(known.as_str()) != found).cloned().collect();
        groups.entry(others).or_default().push((found.unwrap_or(bound), sample));
    }
    let mut text = String::new();
    for (others, mut samples) in groups {
        let value = |sample: &Sample| {
            let bound = sample.labels.iter().find(|(known, _)| known == bound);
            bound.and_then(|(_, value)| value.parse::<f64>().ok()).unwrap_or(f64::INFINITY)
        };
        let rank = |label: &str| ["sum", "count"].iter().position(|known| *known == label).map_or(0, |rank| rank + 1);
        samples.sort_by(|(left, left_sample), (right, right_sample)| {
            rank(left).cmp(&rank(right)).then(value(left_sample).total_cmp(&value(right_sample)))
        });
        for (label, sample) in samples {
            text += &match label {
                "sum" | "count" => line(&format!("{name}_{label}"), sample, &others),
                _ => line(&format!("{name}{suffix}"), sample, &sample.labels),
            };
        }
    }
    text
}

fn line(name: &str, sample: &Sample, labels: &[(String, String)]) -> String {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}=\"{}\"", escaped(value))).collect();
    let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    let timestamp = match sample.timestamp.as_str() {
        "" | "0" => String::new(),
        timestamp => format!(" {timestamp}"),
    };
    format!("{name}{labels} {}{timestamp}\n", sample.value)
}
