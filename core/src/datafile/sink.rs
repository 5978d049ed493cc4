//! `EXPORT_*` of a sink node.

use super::connector::FILE_FORMATS;
use super::{Report, Spanned, text};
use crate::catalog::{Compression, FilePart, SecretPart, SecretText, Sink, SinkTarget};
use std::collections::BTreeMap;
use std::ops::Range;

pub(super) const KEYWORDS: [&str; 9] = [
    "EXPORT_CONNECTION_NAME",
    "EXPORT_SCHEDULE",
    "EXPORT_KAFKA_TOPIC",
    "EXPORT_BUCKET_URI",
    "EXPORT_FILE_TEMPLATE",
    "EXPORT_FORMAT",
    "EXPORT_COMPRESSION",
    "EXPORT_STRATEGY",
    "EXPORT_WRITE_STRATEGY",
];

const COMPRESSIONS: [(&str, Compression); 9] = [
    ("none", Compression::None),
    ("gz", Compression::Gzip),
    ("gzip", Compression::Gzip),
    ("br", Compression::Brotli),
    ("brotli", Compression::Brotli),
    ("xz", Compression::Xz),
    ("lzma", Compression::Xz),
    ("zst", Compression::Zstd),
    ("zstd", Compression::Zstd),
];

/// Whether the file of the last time is replaced.
const STRATEGIES: [(&str, bool); 5] =
    [("create_new", false), ("@new", false), ("new", false), ("replace", true), ("truncate", true)];

/// Most files that `{N}` can ask for.
const SPLIT_MAX: u8 = 16;

/// Values by keyword.
pub(super) type Settings = BTreeMap<&'static str, Spanned<SecretText>>;

/// `place` is where to tell of what is missing.
pub(super) fn sink(report: &mut Report<'_>, settings: &Settings, place: &Range<usize>) -> Option<Sink> {
    let is_kafka = settings.contains_key("EXPORT_KAFKA_TOPIC");
    let needed: &[&str] = match is_kafka {
        true => &["EXPORT_CONNECTION_NAME", "EXPORT_SCHEDULE"],
        false => &["EXPORT_CONNECTION_NAME", "EXPORT_SCHEDULE", "EXPORT_BUCKET_URI", "EXPORT_FILE_TEMPLATE"],
    };
    let missing: Vec<&str> = needed.iter().copied().filter(|keyword| !settings.contains_key(keyword)).collect();
    if !missing.is_empty() {
        let hint = "a Kafka sink has EXPORT_KAFKA_TOPIC, a bucket EXPORT_BUCKET_URI and EXPORT_FILE_TEMPLATE";
        let message = format!("a sink node needs {}", missing.join(", "));
        report.push("D0405", place.clone(), message, (!is_kafka).then(|| hint.to_owned()));
    }
    for (keyword, value) in settings.iter().filter(|(keyword, _)| is_kafka && is_of_bucket(keyword)) {
        let message = format!("EXPORT_KAFKA_TOPIC and {keyword} exclude each other");
        report.error("D0405", value.span.clone(), message);
    }
    let mut reader = Reader { report, settings };
    let schedule = reader.known("EXPORT_SCHEDULE");
    let schedule = schedule.and_then(|value| reader.report.schedule("EXPORT_SCHEDULE", &value));
    let text = |keyword: &str| settings.get(keyword).map(|value| value.value.clone()).unwrap_or_default();
    let target = match is_kafka {
        true => SinkTarget::Kafka { topic: text("EXPORT_KAFKA_TOPIC") },
        false => {
            let file = settings.get("EXPORT_FILE_TEMPLATE").map(|value| file_template(reader.report, value));
            let strategy = reader.choice("EXPORT_STRATEGY", &STRATEGIES);
            SinkTarget::Bucket {
                uri: text("EXPORT_BUCKET_URI"),
                file: file.unwrap_or_default(),
                format: reader.choice("EXPORT_FORMAT", &FILE_FORMATS).unwrap_or_default(),
                compression: reader.choice("EXPORT_COMPRESSION", &COMPRESSIONS).unwrap_or_default(),
                replaces: reader.choice("EXPORT_WRITE_STRATEGY", &STRATEGIES).or(strategy).unwrap_or_default(),
            }
        }
    };
    let connection = reader.known("EXPORT_CONNECTION_NAME")?.value;
    missing.is_empty().then_some(Sink { connection, schedule: schedule?, target })
}

fn is_of_bucket(keyword: &str) -> bool {
    !["EXPORT_CONNECTION_NAME", "EXPORT_SCHEDULE", "EXPORT_KAFKA_TOPIC"].contains(&keyword)
}

struct Reader<'r, 'a> {
    report: &'r mut Report<'a>,
    settings: &'r Settings,
}

impl Reader<'_, '_> {
    /// A value that decides what is done, so that its secrets are looked up now.
    fn known(&self, keyword: &str) -> Option<Spanned<String>> {
        let value = self.settings.get(keyword)?;
        let text = text::known(&value.value, self.report.given).unwrap_or_default();
        Some(Spanned { value: text, span: value.span.clone() })
    }

    fn choice<T: Copy>(&mut self, keyword: &str, choices: &[(&str, T)]) -> Option<T> {
        let value = self.known(keyword)?;
        self.report.choice("D0407", keyword, &value, choices)
    }
}

/// `events/{at, '%Y%m%d'}/{kind}_{4}`
fn file_template(report: &mut Report<'_>, value: &Spanned<SecretText>) -> Vec<FilePart> {
    let mut out = Vec::new();
    for part in &value.value.0 {
        let SecretPart::Literal(text) = part else {
            out.push(FilePart::Text(SecretText(vec![part.clone()])));
            continue;
        };
        let mut rest = text.as_str();
        while let Some((before, inside)) = rest.split_once('{') {
            if !before.is_empty() {
                out.push(FilePart::Text(SecretText::literal(before)));
            }
            let Some((field, after)) = inside.split_once('}') else {
                report.error("D0407", value.span.clone(), "a { of EXPORT_FILE_TEMPLATE is not closed");
                return out;
            };
            match field_of(field.trim()) {
                Ok(part) => out.push(part),
                Err(message) => report.error("D0407", value.span.clone(), message),
            }
            rest = after;
        }
        if !rest.is_empty() {
            out.push(FilePart::Text(SecretText::literal(rest)));
        }
    }
    out
}

fn field_of(field: &str) -> Result<FilePart, String> {
    if let Ok(files) = field.parse::<u32>() {
        let files = u8::try_from(files).ok().filter(|files| (1..=SPLIT_MAX).contains(files));
        return files
            .map(FilePart::Split)
            .ok_or_else(|| format!("{{{field}}}: 1 to {SPLIT_MAX} files can be asked for"));
    }
    let (name, format) =
        field.split_once(',').map_or((field, None), |(name, format)| (name.trim(), Some(format.trim())));
    if name.is_empty() || !name.chars().all(|c| c == '_' || c == '.' || c.is_alphanumeric()) {
        return Err(format!("{{{field}}} of EXPORT_FILE_TEMPLATE is no column"));
    }
    let format = format.map(|format| format.trim_matches(['\'', '"']).to_owned());
    Ok(FilePart::Column { name: name.to_owned(), format })
}
