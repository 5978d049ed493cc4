//! The statements of a `.connection` file.

use super::lexer;
use super::{Report, SecretUse, Spanned, text};
use crate::catalog::{
    AwsOauth, ConnectionKind, GcsAccess, KafkaConnection, S3Access, SaslMechanism, SecretText, SecurityProtocol,
};
use crate::diagnostic::nearest;
use std::collections::BTreeMap;
use std::ops::Range;

#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    pub description: String,
    /// None if something needed is missing.
    pub kind: Option<ConnectionKind>,
    /// Of its TYPE.
    pub span: Range<usize>,
    pub secrets: Vec<SecretUse>,
}

/// TYPE and the keywords that it has.
const TYPES: [(&str, &[&str]); 5] = [
    (
        "kafka",
        &[
            "KAFKA_BOOTSTRAP_SERVERS",
            "KAFKA_KEY",
            "KAFKA_SECRET",
            "KAFKA_SECURITY_PROTOCOL",
            "KAFKA_SASL_MECHANISM",
            "KAFKA_SCHEMA_REGISTRY_URL",
            "KAFKA_SSL_CA_PEM",
            "KAFKA_SASL_OAUTHBEARER_METHOD",
            "KAFKA_SASL_OAUTHBEARER_AWS_REGION",
            "KAFKA_SASL_OAUTHBEARER_AWS_ROLE_ARN",
            "KAFKA_SASL_OAUTHBEARER_AWS_EXTERNAL_ID",
        ],
    ),
    ("s3", &["S3_REGION", "S3_ARN", "S3_ACCESS_KEY", "S3_SECRET"]),
    (
        "gcs",
        &[
            "GCS_SERVICE_ACCOUNT_CREDENTIALS_JSON",
            "GCS_HMAC_ACCESS_ID",
            "GCS_HMAC_SECRET",
            "GCS_ACCESS_ID",
            "GCS_SECRET",
        ],
    ),
    ("dynamodb", &["DYNAMODB_ARN", "DYNAMODB_REGION"]),
    ("postgres", &["PG_HOST", "PG_PORT", "PG_DATABASE", "PG_USER", "PG_PASSWORD", "PG_SSL_MODE"]),
];

const PROTOCOLS: [(&str, SecurityProtocol); 3] = [
    ("SASL_SSL", SecurityProtocol::SaslSsl),
    ("SASL_PLAINTEXT", SecurityProtocol::SaslPlaintext),
    ("PLAINTEXT", SecurityProtocol::Plaintext),
];

const MECHANISMS: [(&str, SaslMechanism); 4] = [
    ("PLAIN", SaslMechanism::Plain),
    ("SCRAM-SHA-256", SaslMechanism::ScramSha256),
    ("SCRAM-SHA-512", SaslMechanism::ScramSha512),
    ("OAUTHBEARER", SaslMechanism::OauthBearer),
];

fn keywords() -> Vec<&'static str> {
    let own = TYPES.iter().flat_map(|(_, keywords)| keywords.iter().copied());
    ["DESCRIPTION", "TYPE"].into_iter().chain(own).collect()
}

pub(super) fn parse(report: &mut Report<'_>) -> Connection {
    let keywords = keywords();
    let ends = |word: &str, _: &str| {
        keywords.contains(&word) || matches!(word, "INCLUDE" | "KAFKA_KEY_AVRO_DESERIALIZATION" | "VERSION")
    };
    let statements = lexer::statements(report.text, ends);
    report.check_blocks(&statements);
    let mut out = Connection { description: String::new(), kind: None, span: 0..1, secrets: Vec::new() };
    let mut word: Option<Spanned<String>> = None;
    let mut settings: Settings = BTreeMap::new();
    for statement in &statements {
        let known = keywords.iter().copied().find(|known| *known == statement.keyword);
        match known {
            Some("DESCRIPTION") => out.description = report.prose(statement).value,
            Some("TYPE") => word = report.inline(statement).or(word),
            Some(keyword) => {
                let value = match keyword {
                    "KAFKA_SSL_CA_PEM" => Some(report.secret_text(statement)),
                    _ => report.inline_text(statement),
                };
                let keyword = match keyword {
                    "GCS_ACCESS_ID" => "GCS_HMAC_ACCESS_ID",
                    "GCS_SECRET" => "GCS_HMAC_SECRET",
                    keyword => keyword,
                };
                if let Some(value) = value
                    && settings.insert(keyword, value).is_some()
                {
                    report.repeated(statement);
                }
            }
            None => report.unknown(statement, "connection", &keywords, &["SCHEMA", "NODE", "SQL", "ENGINE", "TOKEN"]),
        }
    }
    let Some(word) = word else {
        let hint = "write TYPE kafka, s3, gcs, dynamodb or postgres";
        report.error_with("D0501", 0..1, "the connection has no TYPE", hint);
        return out;
    };
    out.span = word.span.clone();
    let name = word.value.to_ascii_lowercase();
    let Some((name, own)) = TYPES.iter().find(|(known, _)| *known == name) else {
        let near = nearest(&name, TYPES.iter().map(|(known, _)| *known)).map(|near| format!("did you mean {near}?"));
        let message = format!("{:?} is not the TYPE of a connection: kafka, s3, gcs, dynamodb, postgres", word.value);
        report.push("D0501", word.span, message, near);
        return out;
    };
    for (keyword, value) in settings.iter().filter(|(keyword, _)| !own.contains(keyword)) {
        let message = format!("{keyword} is not a setting of a connection of TYPE {name}");
        report.error("D0502", value.span.clone(), message);
    }
    out.kind = Reader { report, settings: &settings, name, span: word.span, complete: true }.kind();
    out
}

type Settings = BTreeMap<&'static str, Spanned<SecretText>>;

struct Reader<'r, 'a> {
    report: &'r mut Report<'a>,
    settings: &'r Settings,
    name: &'static str,
    span: Range<usize>,
    /// Nothing needed is missing so far.
    complete: bool,
}

impl Reader<'_, '_> {
    fn kind(mut self) -> Option<ConnectionKind> {
        let kind = match self.name {
            "kafka" => ConnectionKind::Kafka(self.kafka()),
            "s3" => {
                let region = self.required("S3_REGION");
                ConnectionKind::S3 { region, access: self.s3_access() }
            }
            "gcs" => ConnectionKind::Gcs(self.gcs()),
            "dynamodb" => ConnectionKind::DynamoDb {
                arn: self.required("DYNAMODB_ARN"),
                region: self.required("DYNAMODB_REGION"),
            },
            _ => ConnectionKind::Postgres {
                host: self.required("PG_HOST"),
                port: self.optional("PG_PORT").unwrap_or_else(|| SecretText::literal("5432")),
                database: self.required("PG_DATABASE"),
                user: self.required("PG_USER"),
                password: self.required("PG_PASSWORD"),
                ssl_mode: self.optional("PG_SSL_MODE"),
            },
        };
        self.complete.then_some(kind)
    }

    fn optional(&self, keyword: &str) -> Option<SecretText> {
        self.settings.get(keyword).map(|value| value.value.clone())
    }

    fn required(&mut self, keyword: &str) -> SecretText {
        self.optional(keyword).unwrap_or_else(|| {
            let message = format!("a connection of TYPE {} needs {keyword}", self.name);
            self.report.error("D0502", self.span.clone(), message);
            self.complete = false;
            SecretText::default()
        })
    }

    fn choice<T: Copy>(&mut self, keyword: &str, choices: &[(&str, T)]) -> Option<T> {
        let value = self.settings.get(keyword)?;
        let text = text::known(&value.value, self.report.given).unwrap_or_default();
        self.report.choice("D0503", keyword, &Spanned { value: text, span: value.span.clone() }, choices)
    }

    fn kafka(&mut self) -> KafkaConnection {
        let mechanism = self.choice("KAFKA_SASL_MECHANISM", &MECHANISMS).unwrap_or_default();
        let aws = (mechanism == SaslMechanism::OauthBearer).then(|| {
            self.choice("KAFKA_SASL_OAUTHBEARER_METHOD", &[("AWS", ())]);
            AwsOauth {
                region: self.required("KAFKA_SASL_OAUTHBEARER_AWS_REGION"),
                role_arn: self.required("KAFKA_SASL_OAUTHBEARER_AWS_ROLE_ARN"),
                external_id: self.optional("KAFKA_SASL_OAUTHBEARER_AWS_EXTERNAL_ID"),
            }
        });
        KafkaConnection {
            bootstrap_servers: self.required("KAFKA_BOOTSTRAP_SERVERS"),
            protocol: self.choice("KAFKA_SECURITY_PROTOCOL", &PROTOCOLS).unwrap_or_default(),
            mechanism,
            key: self.optional("KAFKA_KEY"),
            secret: self.optional("KAFKA_SECRET"),
            schema_registry_url: self.optional("KAFKA_SCHEMA_REGISTRY_URL"),
            ca_pem: self.optional("KAFKA_SSL_CA_PEM"),
            aws,
        }
    }

    fn s3_access(&mut self) -> S3Access {
        let has = |keyword: &str| self.settings.contains_key(keyword);
        match has("S3_ARN") || !(has("S3_ACCESS_KEY") || has("S3_SECRET")) {
            true => S3Access::Role { arn: self.required("S3_ARN") },
            false => S3Access::Key { access_key: self.required("S3_ACCESS_KEY"), secret: self.required("S3_SECRET") },
        }
    }

    fn gcs(&mut self) -> GcsAccess {
        if let Some(credentials) = self.settings.get("GCS_SERVICE_ACCOUNT_CREDENTIALS_JSON") {
            let json = credentials.value.as_literal();
            if let Some(Err(error)) = json.map(serde_json::from_str::<serde_json::Value>) {
                let message = format!("GCS_SERVICE_ACCOUNT_CREDENTIALS_JSON is not JSON: {error}");
                self.report.error("D0503", credentials.span.clone(), message);
            }
            return GcsAccess::ServiceAccount(credentials.value.clone());
        }
        match self.settings.contains_key("GCS_HMAC_ACCESS_ID") || self.settings.contains_key("GCS_HMAC_SECRET") {
            true => GcsAccess::Hmac {
                access_id: self.required("GCS_HMAC_ACCESS_ID"),
                secret: self.required("GCS_HMAC_SECRET"),
            },
            false => GcsAccess::ServiceAccount(self.required("GCS_SERVICE_ACCOUNT_CREDENTIALS_JSON")),
        }
    }
}
