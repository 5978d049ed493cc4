//! Where data comes from and goes to besides HTTP: connections, what data sources import through
//! them, what sinks export.

use super::schedule::Schedule;
use crate::template::Secrets;
use serde::{Deserialize, Serialize};

/// Text that may name secrets: they are looked up when it is used, so that nothing stored holds one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretText(pub Vec<SecretPart>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecretPart {
    Literal(String),
    Secret { name: String, default: Option<String> },
}

impl SecretText {
    pub fn literal(text: &str) -> SecretText {
        SecretText(vec![SecretPart::Literal(text.to_owned())])
    }

    /// The text if no secret is in it.
    pub fn as_literal(&self) -> Option<&str> {
        match &self.0[..] {
            [] => Some(""),
            [SecretPart::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The text with the secrets' values; the error is the name of a secret that is missing.
    pub fn resolve(&self, secrets: &Secrets) -> Result<String, String> {
        let value = |part: &SecretPart| match part {
            SecretPart::Literal(text) => Ok(text.clone()),
            SecretPart::Secret { name, default } => {
                secrets.0.get(name).or(default.as_ref()).cloned().ok_or_else(|| name.clone())
            }
        };
        self.0.iter().map(value).collect()
    }
}

/// How to reach a system; data sources and sinks name it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    pub name: String,
    pub description: String,
    pub kind: ConnectionKind,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ConnectionKind {
    Kafka(KafkaConnection),
    S3 {
        region: SecretText,
        access: S3Access,
    },
    Gcs(GcsAccess),
    DynamoDb {
        arn: SecretText,
        region: SecretText,
    },
    Postgres {
        host: SecretText,
        port: SecretText,
        database: SecretText,
        user: SecretText,
        password: SecretText,
        ssl_mode: Option<SecretText>,
    },
}

impl ConnectionKind {
    pub fn name(&self) -> &'static str {
        match self {
            ConnectionKind::Kafka(_) => "kafka",
            ConnectionKind::S3 { .. } => "s3",
            ConnectionKind::Gcs(_) => "gcs",
            ConnectionKind::DynamoDb { .. } => "dynamodb",
            ConnectionKind::Postgres { .. } => "postgres",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KafkaConnection {
    /// `host:port`, separated by commas.
    pub bootstrap_servers: SecretText,
    pub protocol: SecurityProtocol,
    pub mechanism: SaslMechanism,
    pub key: Option<SecretText>,
    pub secret: Option<SecretText>,
    pub schema_registry_url: Option<SecretText>,
    pub ca_pem: Option<SecretText>,
    pub aws: Option<AwsOauth>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecurityProtocol {
    #[default]
    SaslSsl,
    SaslPlaintext,
    Plaintext,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SaslMechanism {
    #[default]
    Plain,
    ScramSha256,
    ScramSha512,
    OauthBearer,
}

/// OAUTHBEARER by an AWS role, the one method there is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AwsOauth {
    pub region: SecretText,
    pub role_arn: SecretText,
    pub external_id: Option<SecretText>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum S3Access {
    Role { arn: SecretText },
    Key { access_key: SecretText, secret: SecretText },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum GcsAccess {
    /// The JSON of a service account's key.
    ServiceAccount(SecretText),
    Hmac {
        access_id: SecretText,
        secret: SecretText,
    },
}

/// What fills a data source besides events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Connector {
    Kafka(KafkaSource),
    Bucket(BucketSource),
    DynamoDb { connection: String, table_arn: SecretText, export_bucket: SecretText },
    Postgres { connection: String, table: SecretText },
}

impl Connector {
    pub fn connection(&self) -> &str {
        match self {
            Connector::Kafka(KafkaSource { connection, .. })
            | Connector::Bucket(BucketSource { connection, .. })
            | Connector::DynamoDb { connection, .. }
            | Connector::Postgres { connection, .. } => connection,
        }
    }

    /// The kinds of connection that it can go through.
    pub fn kinds(&self) -> &'static [&'static str] {
        match self {
            Connector::Kafka(_) => &["kafka"],
            Connector::Bucket(_) => &["s3", "gcs"],
            Connector::DynamoDb { .. } => &["dynamodb"],
            Connector::Postgres { .. } => &["postgres"],
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KafkaSource {
    pub connection: String,
    pub topic: SecretText,
    pub group_id: SecretText,
    pub offset_reset: OffsetReset,
    pub store_raw_value: bool,
    /// Adds the column `__headers`.
    pub store_headers: bool,
    pub key_format: Option<KafkaFormat>,
    pub value_format: Option<KafkaFormat>,
}

/// Where to begin a topic that the group has not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OffsetReset {
    Earliest,
    #[default]
    Latest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KafkaFormat {
    Avro,
    JsonWithSchema,
    JsonWithoutSchema,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BucketSource {
    pub connection: String,
    pub uri: SecretText,
    pub schedule: ImportSchedule,
    /// None: as the file's name says.
    pub format: Option<FileFormat>,
    /// Unix time in milliseconds: older files are left out.
    pub from_ms: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportSchedule {
    /// When files appear.
    Auto,
    /// When asked; `@once` is another name of it.
    OnDemand,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileFormat {
    #[default]
    Csv,
    Ndjson,
    Parquet,
}

/// What a sink node sends, where and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sink {
    pub connection: String,
    pub schedule: Schedule,
    pub target: SinkTarget,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SinkTarget {
    Kafka {
        topic: SecretText,
    },
    Bucket {
        uri: SecretText,
        file: Vec<FilePart>,
        format: FileFormat,
        compression: Compression,
        /// A new file each time, or the old one replaced.
        replaces: bool,
    },
}

impl SinkTarget {
    /// The kinds of connection that it can go through.
    pub fn kinds(&self) -> &'static [&'static str] {
        match self {
            SinkTarget::Kafka { .. } => &["kafka"],
            SinkTarget::Bucket { .. } => &["s3", "gcs"],
        }
    }
}

/// A piece of `EXPORT_FILE_TEMPLATE`: `day={at, '%Y%m%d'}/{kind}/{4}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FilePart {
    Text(SecretText),
    /// The value of a column, a date or time perhaps in a format.
    Column {
        name: String,
        format: Option<String>,
    },
    /// So many files, rows spread over them.
    Split(u8),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Compression {
    #[default]
    None,
    Gzip,
    Brotli,
    Xz,
    Zstd,
}
