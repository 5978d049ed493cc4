//! `KAFKA_*`, `IMPORT_*` and `PG_*` of a data source → what fills it.

use super::{Report, Spanned, text};
use crate::catalog::{
    self, BucketSource, Connector, FileFormat, ImportSchedule, JsonPath, KafkaFormat, KafkaSource, OffsetReset,
    PathStep, SecretText,
};
use crate::value::DataType;
use std::collections::BTreeMap;

pub(super) const KEYWORDS: [&str; 17] = [
    "KAFKA_CONNECTION_NAME",
    "KAFKA_TOPIC",
    "KAFKA_GROUP_ID",
    "KAFKA_AUTO_OFFSET_RESET",
    "KAFKA_STORE_RAW_VALUE",
    "KAFKA_STORE_HEADERS",
    "KAFKA_KEY_FORMAT",
    "KAFKA_VALUE_FORMAT",
    "IMPORT_CONNECTION_NAME",
    "IMPORT_BUCKET_URI",
    "IMPORT_SCHEDULE",
    "IMPORT_FORMAT",
    "IMPORT_FROM_TIMESTAMP",
    "IMPORT_TABLE_ARN",
    "IMPORT_EXPORT_BUCKET",
    "PG_CONNECTION_NAME",
    "PG_TABLE",
];

/// Values by keyword.
pub(super) type Settings = BTreeMap<&'static str, Spanned<SecretText>>;

pub(super) const BOOLEANS: [(&str, bool); 8] = [
    ("True", true),
    ("False", false),
    ("1", true),
    ("0", false),
    ("yes", true),
    ("no", false),
    ("on", true),
    ("off", false),
];

const KAFKA_FORMATS: [(&str, KafkaFormat); 3] = [
    ("avro", KafkaFormat::Avro),
    ("json_with_schema", KafkaFormat::JsonWithSchema),
    ("json_without_schema", KafkaFormat::JsonWithoutSchema),
];

pub(super) const FILE_FORMATS: [(&str, FileFormat); 3] =
    [("csv", FileFormat::Csv), ("ndjson", FileFormat::Ndjson), ("parquet", FileFormat::Parquet)];

const KAFKA: [&str; 3] = ["KAFKA_CONNECTION_NAME", "KAFKA_TOPIC", "KAFKA_GROUP_ID"];
const BUCKET: [&str; 3] = ["IMPORT_CONNECTION_NAME", "IMPORT_BUCKET_URI", "IMPORT_SCHEDULE"];
const DYNAMO: [&str; 3] = ["IMPORT_CONNECTION_NAME", "IMPORT_TABLE_ARN", "IMPORT_EXPORT_BUCKET"];
const POSTGRES: [&str; 2] = ["PG_CONNECTION_NAME", "PG_TABLE"];

/// At the place of the connection's name.
pub(super) fn connector(report: &mut Report<'_>, settings: &Settings) -> Option<Spanned<Connector>> {
    let is_dynamo = settings.contains_key("IMPORT_TABLE_ARN") || settings.contains_key("IMPORT_EXPORT_BUCKET");
    let import: &[&str] = if is_dynamo { &DYNAMO } else { &BUCKET };
    let mut out: Option<Spanned<Connector>> = None;
    for (prefix, group) in [("KAFKA_", &KAFKA[..]), ("IMPORT_", import), ("PG_", &POSTGRES[..])] {
        let Some(first) = settings.iter().find(|(keyword, _)| keyword.starts_with(prefix)).map(|(_, value)| value)
        else {
            continue;
        };
        // file settings belong to buckets; others say nothing of a connector on their own
        let begins =
            |keyword: &&str| group.contains(keyword) || matches!(*keyword, "IMPORT_FORMAT" | "IMPORT_FROM_TIMESTAMP");
        if !settings.keys().any(|keyword| keyword.starts_with(prefix) && begins(keyword)) {
            let message = format!("{prefix}* settings have no effect without {}", group.join(", "));
            report.warning("D0305", first.span.clone(), message, None);
            continue;
        }
        if !is_complete(report, settings, group, first) {
            continue;
        }
        if let Some(other) = &out {
            let message = format!("one connector fills a data source: {prefix}* and another one stand here");
            report.error("D0305", other.span.clone(), message);
            continue;
        }
        let mut reader = Reader { report, settings };
        let connector = match prefix {
            "KAFKA_" => Connector::Kafka(reader.kafka()),
            "PG_" => Connector::Postgres { connection: reader.name(POSTGRES[0]), table: reader.text("PG_TABLE") },
            _ if is_dynamo => Connector::DynamoDb {
                connection: reader.name(DYNAMO[0]),
                table_arn: reader.text("IMPORT_TABLE_ARN"),
                export_bucket: reader.text("IMPORT_EXPORT_BUCKET"),
            },
            _ => Connector::Bucket(reader.bucket()),
        };
        out = Some(Spanned { value: connector, span: settings[group[0]].span.clone() });
    }
    out
}

/// The keywords of a group make sense only together.
fn is_complete(report: &mut Report<'_>, settings: &Settings, group: &[&str], first: &Spanned<SecretText>) -> bool {
    let missing: Vec<&str> = group.iter().copied().filter(|keyword| !settings.contains_key(keyword)).collect();
    if !missing.is_empty() {
        let are = if missing.len() == 1 { "is" } else { "are" };
        let message = format!("{} are needed together; {} {are} missing", group.join(", "), missing.join(", "));
        report.error("D0305", first.span.clone(), message);
        return false;
    }
    let mut complete = true;
    for keyword in group {
        let value = &settings[keyword];
        if value.value.as_literal().is_some_and(|text| text.trim().is_empty()) {
            report.error("D0305", value.span.clone(), format!("{keyword} cannot be empty"));
            complete = false;
        }
    }
    complete
}

struct Reader<'r, 'a> {
    report: &'r mut Report<'a>,
    settings: &'r Settings,
}

impl Reader<'_, '_> {
    fn text(&self, keyword: &str) -> SecretText {
        self.settings.get(keyword).map(|value| value.value.clone()).unwrap_or_default()
    }

    /// A value that decides what is done, so that its secrets are looked up now.
    fn known(&self, keyword: &str) -> Option<Spanned<String>> {
        let value = self.settings.get(keyword)?;
        let text = text::known(&value.value, self.report.given).unwrap_or_default();
        Some(Spanned { value: text, span: value.span.clone() })
    }

    fn name(&self, keyword: &str) -> String {
        self.known(keyword).map(|name| name.value).unwrap_or_default()
    }

    fn choice<T: Copy>(&mut self, keyword: &str, choices: &[(&str, T)]) -> Option<T> {
        let value = self.known(keyword)?;
        self.report.choice("D0503", keyword, &value, choices)
    }

    fn kafka(&mut self) -> KafkaSource {
        let resets = [("earliest", OffsetReset::Earliest), ("latest", OffsetReset::Latest)];
        KafkaSource {
            connection: self.name("KAFKA_CONNECTION_NAME"),
            topic: self.text("KAFKA_TOPIC"),
            group_id: self.text("KAFKA_GROUP_ID"),
            offset_reset: self.choice("KAFKA_AUTO_OFFSET_RESET", &resets).unwrap_or_default(),
            store_raw_value: self.choice("KAFKA_STORE_RAW_VALUE", &BOOLEANS).unwrap_or_default(),
            store_headers: self.choice("KAFKA_STORE_HEADERS", &BOOLEANS).unwrap_or_default(),
            key_format: self.choice("KAFKA_KEY_FORMAT", &KAFKA_FORMATS),
            value_format: self.choice("KAFKA_VALUE_FORMAT", &KAFKA_FORMATS),
        }
    }

    fn bucket(&mut self) -> BucketSource {
        let schedules = [
            ("@auto", ImportSchedule::Auto),
            ("@on-demand", ImportSchedule::OnDemand),
            ("@once", ImportSchedule::OnDemand),
        ];
        let from_ms = self.known("IMPORT_FROM_TIMESTAMP").and_then(|value| {
            let moment = moment_ms(&value.value);
            if moment.is_none() {
                let message = format!("IMPORT_FROM_TIMESTAMP {:?} is no time of ISO 8601", value.value);
                let hint = "write it like 2024-01-31T10:00:00Z";
                self.report.error_with("D0503", value.span, message, hint);
            }
            moment
        });
        BucketSource {
            connection: self.name("IMPORT_CONNECTION_NAME"),
            uri: self.text("IMPORT_BUCKET_URI"),
            schedule: self.choice("IMPORT_SCHEDULE", &schedules).unwrap_or(ImportSchedule::OnDemand),
            format: self.choice("IMPORT_FORMAT", &FILE_FORMATS),
            from_ms,
        }
    }
}

/// Columns that a connector fills without the schema naming them, each with what an event has instead.
pub(super) fn own_columns(connector: &Connector) -> Vec<catalog::Column> {
    let text = || DataType::LowCardinality(Box::new(DataType::String));
    let column = |name: &str, data_type: DataType, path: Option<&str>, default: &str| catalog::Column {
        name: name.to_owned(),
        data_type,
        json_path: path.map(|key| JsonPath(vec![PathStep::Key(key.to_owned())])),
        default: (!default.is_empty()).then(|| default.to_owned()),
    };
    match connector {
        Connector::Kafka(kafka) => {
            let mut out = vec![
                column("__value", DataType::String, None, "''"),
                column("__topic", text(), None, "''"),
                column("__partition", DataType::Int16, None, "0"),
                column("__offset", DataType::Int64, None, "0"),
                column("__timestamp", DataType::DateTime(None), None, "now()"),
                column("__key", DataType::String, None, "''"),
            ];
            if kafka.store_headers {
                let headers = DataType::Map(Box::new(DataType::String), Box::new(DataType::String));
                out.push(column("__headers", headers, None, ""));
            }
            out
        }
        Connector::DynamoDb { .. } => vec![
            column("_record", DataType::String.nullable(), Some("NewImage"), ""),
            column("_old_record", DataType::String.nullable(), Some("OldImage"), ""),
            column("_timestamp", DataType::DateTime64(3, None), Some("ApproximateCreationDateTime"), "now64(3)"),
            column("_event_name", text(), Some("eventName"), "''"),
            column("_is_deleted", DataType::UInt8, Some("_is_deleted"), "0"),
        ],
        Connector::Bucket(_) | Connector::Postgres { .. } => Vec::new(),
    }
}

/// Of ISO 8601 what people write: a date, perhaps with a time, perhaps with a zone.
fn moment_ms(text: &str) -> Option<i64> {
    use chrono::{DateTime, NaiveDate, NaiveDateTime};
    let text = text.trim();
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.timestamp_millis());
    }
    let local = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))?;
    Some(local.and_utc().timestamp_millis())
}
