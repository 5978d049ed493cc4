//! Our trees in the package's words, so that both can be compared.

use sanderling_core::catalog::*;
use sanderling_core::datafile::{self, EngineNode, Permission, Tags, Token};
use sanderling_core::template::Secrets;
use sanderling_core::value::DataType;
use serde_json::{Value, json};

pub(super) trait View {
    /// The first field that is not as `theirs` says.
    fn differs(&self, theirs: &Value, secrets: &Secrets) -> Option<String>;
}

impl View for datafile::DataSource {
    fn differs(&self, theirs: &Value, secrets: &Secrets) -> Option<String> {
        // the package leaves it to its server to add a connector's own columns
        let connector_span = self.connector.as_ref().map(|connector| &connector.span);
        let written = self.columns.iter().filter(|column| Some(&column.span) != connector_span);
        let columns: Vec<Value> = written.map(column).collect();
        let their_columns: Vec<Value> = list(&theirs["columns"]).iter().map(their_column).collect();
        let indexes: Vec<Value> = self.indexes.iter().map(|index| self::index(&index.value)).collect();
        let shared: Vec<&str> = self.shared_with.iter().map(|name| name.value.as_str()).collect();
        let forward = self.forward_query.as_ref().map(|query| plain(&query.value));
        let engine = theirs["engine"].as_str().unwrap_or("MergeTree");
        let their_indexes: Vec<Value> = list(&theirs["indexes"]).iter().map(their_index).collect();
        first([
            differ("columns", &json!(columns), &json!(their_columns)),
            differ("indexes", &json!(indexes), &json!(their_indexes)),
            differ("engine", &json!(self.engine.engine.kind.name().to_lowercase()), &json!(engine.to_lowercase())),
            differ("shared_with", &json!(shared), &theirs["shared_with"]),
            differ("forward_query", &json!(forward), &theirs["forward_query"]),
            differ("tokens", &tokens(&self.tokens), &theirs["tokens"]),
            differ("tags", &tags(&self.tags), &theirs["tags"]),
            differ("description", &json!(plain(&self.description)), &theirs["description"]),
            options(&self.engine, theirs),
            settings(theirs, |key| match key {
                "partition_key" | "sorting_key" | "primary_key" | "sampling_key" | "ttl" => None,
                "backfill" => Some(if self.backfill_skip { "skip" } else { "" }.to_owned()),
                key => Some(connector(self.connector.as_ref().map(|connector| &connector.value), key, secrets)),
            }),
        ])
    }
}

impl View for datafile::Pipe {
    fn differs(&self, theirs: &Value, secrets: &Secrets) -> Option<String> {
        let nodes = list(&theirs["nodes"]);
        let each =
            self.nodes.iter().zip(nodes).find_map(|(node, theirs)| {
                settings(&json!({ "settings": theirs }), |key| node_option(node, key, secrets))
            });
        first([
            differ("nodes", &json!(self.nodes.len()), &json!(nodes.len())),
            differ("tokens", &tokens(&self.tokens), &theirs["tokens"]),
            differ("tags", &tags(&self.tags), &theirs["tags"]),
            differ("description", &json!(plain(&self.description)), &theirs["description"]),
            each,
        ])
    }
}

impl View for datafile::Connection {
    fn differs(&self, theirs: &Value, secrets: &Secrets) -> Option<String> {
        settings(theirs, |key| match key {
            "description" => Some(plain(&self.description)),
            "type" => Some(self.kind.as_ref().map_or("", ConnectionKind::name).to_owned()),
            key => Some(connection(self.kind.as_ref(), key, secrets)),
        })
    }
}

fn first<const N: usize>(found: [Option<String>; N]) -> Option<String> {
    found.into_iter().flatten().next()
}

fn differ(field: &str, ours: &Value, theirs: &Value) -> Option<String> {
    (ours != theirs).then(|| format!("{field}: ours {ours}, theirs {theirs}"))
}

/// Each of their settings against ours; a setting that ours calls None is compared elsewhere.
fn settings(theirs: &Value, ours: impl Fn(&str) -> Option<String>) -> Option<String> {
    theirs["settings"].as_object().into_iter().flatten().find_map(|(key, value)| {
        let ours = ours(key)?;
        let theirs = value.as_str().unwrap_or("").to_owned();
        let same = ours.eq_ignore_ascii_case(&theirs) || means(key, &theirs) == ours;
        (!same).then(|| format!("{key}: ours {ours:?}, theirs {theirs:?}"))
    })
}

/// Another word of theirs for the same.
fn means(key: &str, value: &str) -> String {
    let lower = value.to_lowercase();
    match (key, lower.as_str()) {
        ("import_schedule", "@once") => "@on-demand".to_owned(),
        ("export_strategy" | "export_write_strategy", "@new" | "new") => "create_new".to_owned(),
        ("export_strategy" | "export_write_strategy", "truncate") => "replace".to_owned(),
        ("copy_schedule" | "export_schedule", "@hourly") => "0 * * * *".to_owned(),
        ("on_demand_compute", "1" | "yes") => "true".to_owned(),
        (_, lower) => lower.to_owned(),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// White space says nothing here, nor do the quotes around a description.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").trim_matches(['"', '\'']).to_owned()
}

fn spaceless(text: &str) -> String {
    text.split_whitespace().collect()
}

fn tokens(tokens: &[Token]) -> Value {
    let pair =
        |token: &Token| json!([token.name, if token.permission == Permission::Append { "APPEND" } else { "READ" }]);
    tokens.iter().map(pair).collect()
}

fn tags(tags: &Tags) -> Value {
    json!(tags.filters)
}

fn column(column: &datafile::Column) -> Value {
    let path = column.column.json_path.as_ref().map(|JsonPath(steps)| {
        let step = |step: &PathStep| match step {
            PathStep::Key(key) if key.contains('.') => format!(".['{key}']"),
            PathStep::Key(key) => format!(".{key}"),
            PathStep::Each => "[:]".to_owned(),
        };
        format!("${}", steps.iter().map(step).collect::<String>())
    });
    let codec = |codec: &datafile::Codec| match codec.arguments.is_empty() {
        true => codec.name.clone(),
        false => format!("{}({})", codec.name, codec.arguments.join(",")),
    };
    let codecs: Vec<String> = column.codecs.iter().map(codec).collect();
    json!({
        "name": column.column.name,
        "type": column.is_typed.then(|| column.column.data_type.to_string()),
        "json": path,
        "default": column.column.default.as_deref().map(plain),
        "codec": (!codecs.is_empty()).then(|| format!("CODEC({})", codecs.join(","))),
    })
}

/// Types are compared by what they mean.
fn their_column(column: &Value) -> Value {
    let text = column["type"].as_str().unwrap_or("");
    let data_type = DataType::parse(text).map_or_else(|_| text.to_owned(), |data_type| data_type.to_string());
    json!({
        "name": column["name"],
        "type": (!text.is_empty()).then_some(data_type),
        "json": column["json"],
        "default": column["default"].as_str().map(plain),
        "codec": column["codec"].as_str().map(spaceless),
    })
}

fn index(index: &Index) -> Value {
    let kind = match &index.kind {
        IndexKind::MinMax => "minmax".to_owned(),
        IndexKind::Set { values_max } => format!("set({values_max})"),
        IndexKind::BloomFilter { false_positives } => format!("bloom_filter({false_positives})"),
        IndexKind::NgramBloomFilter { ngram, bytes, hashes, seed } => {
            format!("ngrambf_v1({ngram},{bytes},{hashes},{seed})")
        }
        IndexKind::TokenBloomFilter { bytes, hashes, seed } => format!("tokenbf_v1({bytes},{hashes},{seed})"),
        IndexKind::Other { name, arguments } => format!("{name}({})", arguments.join(",")),
    };
    json!([index.name, plain(&index.expression), kind, index.granularity.to_string()])
}

fn their_index(index: &Value) -> Value {
    json!([index[0], index[1], spaceless(index[2].as_str().unwrap_or("")), index[3].as_str().unwrap_or("1")])
}

/// The engine's options; theirs are texts, and the older spellings lie among the settings.
fn options(node: &EngineNode, theirs: &Value) -> Option<String> {
    let engine = &node.engine;
    let their = |name: &str| {
        let value = theirs["options"][name].as_str().or(theirs["settings"][name].as_str());
        value.unwrap_or("").to_owned()
    };
    let key =
        |ours: &[String], name: &str| differ(name, &json!(spaceless(&ours.join(","))), &json!(unwrapped(&their(name))));
    let (mut version, mut is_deleted, mut sign, mut columns) = (None, None, None, Vec::new());
    match &engine.kind {
        EngineKind::Replacing { version: column, is_deleted: deleted } => {
            (version, is_deleted) = (column.clone().map(|column| ("ver", column)), deleted.clone());
        }
        EngineKind::Collapsing { sign: column } => sign = Some(column.clone()),
        EngineKind::VersionedCollapsing { sign: column, version: other } => {
            (sign, version) = (Some(column.clone()), Some(("version", other.clone())));
        }
        EngineKind::Summing { columns: all } => columns.clone_from(all),
        _ => {}
    }
    let text = |name: &str, ours: Option<String>| differ(name, &json!(ours.unwrap_or_default()), &json!(their(name)));
    let settings = engine.settings.iter().map(|(name, value)| match value {
        Setting::Integer(number) => format!("{name}={number}"),
        Setting::Float(number) => format!("{name}={number}"),
        Setting::Text(text) => format!("{name}={text}"),
    });
    let sampling: Vec<String> = engine.sampling_key.iter().cloned().collect();
    first([
        key(&engine.sorting_key, "sorting_key"),
        key(&engine.partition_key, "partition_key"),
        key(&engine.primary_key, "primary_key"),
        key(&sampling, "sampling_key"),
        differ("ttl", &json!(ttl(&engine.ttl)), &json!(their_ttl(&their("ttl")))),
        differ("settings", &json!(settings.collect::<Vec<_>>().join(",")), &json!(spaceless(&their("settings")))),
        version.and_then(|(name, column)| text(name, Some(column))),
        text("is_deleted", is_deleted),
        text("sign", sign),
        differ("columns", &json!(columns.join(",")), &json!(spaceless(&their("columns")))),
    ])
}

fn unwrapped(key: &str) -> String {
    let text = spaceless(key);
    let inside = text.strip_prefix("tuple(").or_else(|| text.strip_prefix('(')).and_then(|rest| rest.strip_suffix(')'));
    inside.map_or(text.clone(), str::to_owned)
}

fn ttl(rules: &[TtlRule]) -> String {
    let rule = |rule: &TtlRule| {
        let after = rule.after.map_or(String::new(), |after| format!("+INTERVAL{}{}", after.count, after.unit.name()));
        let condition =
            rule.condition.as_ref().map_or(String::new(), |condition| format!("WHERE{}", spaceless(condition)));
        format!("{}{after}{condition}", spaceless(&rule.moment))
    };
    rules.iter().map(rule).collect::<Vec<_>>().join(",").to_lowercase()
}

fn their_ttl(text: &str) -> String {
    let text = spaceless(text).to_lowercase();
    let Some((before, rest)) = text.split_once("tointerval") else { return text };
    let Some((unit, rest)) = rest.split_once('(') else { return text };
    let (count, after) = rest.split_once(')').unwrap_or((rest, ""));
    format!("{before}interval{count}{unit}{after}")
}

fn resolved(text: &SecretText, secrets: &Secrets) -> String {
    plain(&text.resolve(secrets).unwrap_or_default())
}

fn debug_word(value: impl std::fmt::Debug) -> String {
    let mut out = String::new();
    for c in format!("{value:?}").chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

fn connector(connector: Option<&Connector>, key: &str, secrets: &Secrets) -> String {
    let text = |text: &SecretText| resolved(text, secrets);
    match connector {
        Some(Connector::Kafka(kafka)) => match key {
            "kafka_connection_name" => kafka.connection.clone(),
            "kafka_topic" => text(&kafka.topic),
            "kafka_group_id" => text(&kafka.group_id),
            "kafka_auto_offset_reset" => debug_word(kafka.offset_reset),
            "kafka_store_raw_value" => kafka.store_raw_value.to_string(),
            "kafka_store_headers" => kafka.store_headers.to_string(),
            "kafka_key_format" => kafka.key_format.map_or(String::new(), debug_word),
            "kafka_value_format" => kafka.value_format.map_or(String::new(), debug_word),
            _ => String::new(),
        },
        Some(Connector::Bucket(bucket)) => match key {
            "import_connection_name" => bucket.connection.clone(),
            "import_bucket_uri" => text(&bucket.uri),
            "import_schedule" if bucket.schedule == ImportSchedule::Auto => "@auto".to_owned(),
            "import_schedule" => "@on-demand".to_owned(),
            "import_format" => bucket.format.map_or(String::new(), debug_word),
            "import_from_timestamp" => bucket.from_ms.map_or(String::new(), |_| "2024-01-31T10:00:00Z".to_owned()),
            _ => String::new(),
        },
        Some(Connector::DynamoDb { connection, table_arn, export_bucket }) => match key {
            "import_connection_name" => connection.clone(),
            "import_table_arn" => text(table_arn),
            "import_export_bucket" => text(export_bucket),
            _ => String::new(),
        },
        Some(Connector::Postgres { connection, table }) => match key {
            "pg_connection_name" => connection.clone(),
            "pg_table" => text(table),
            _ => String::new(),
        },
        None => String::new(),
    }
}

fn connection(kind: Option<&ConnectionKind>, key: &str, secrets: &Secrets) -> String {
    let text = |text: &SecretText| resolved(text, secrets);
    let maybe = |value: &Option<SecretText>| value.as_ref().map_or(String::new(), text);
    match (kind, key) {
        (Some(ConnectionKind::Kafka(kafka)), key) => match key {
            "kafka_bootstrap_servers" => text(&kafka.bootstrap_servers),
            "kafka_key" => maybe(&kafka.key),
            "kafka_secret" => maybe(&kafka.secret),
            "kafka_security_protocol" => debug_word(kafka.protocol),
            "kafka_sasl_mechanism" => match kafka.mechanism {
                SaslMechanism::Plain => "PLAIN",
                SaslMechanism::ScramSha256 => "SCRAM-SHA-256",
                SaslMechanism::ScramSha512 => "SCRAM-SHA-512",
                SaslMechanism::OauthBearer => "OAUTHBEARER",
            }
            .to_owned(),
            "kafka_schema_registry_url" => maybe(&kafka.schema_registry_url),
            "kafka_ssl_ca_pem" => maybe(&kafka.ca_pem),
            "kafka_sasl_oauthbearer_method" => kafka.aws.as_ref().map_or("", |_| "AWS").to_owned(),
            "kafka_sasl_oauthbearer_aws_region" => kafka.aws.as_ref().map_or(String::new(), |aws| text(&aws.region)),
            "kafka_sasl_oauthbearer_aws_role_arn" => {
                kafka.aws.as_ref().map_or(String::new(), |aws| text(&aws.role_arn))
            }
            "kafka_sasl_oauthbearer_aws_external_id" => {
                kafka.aws.as_ref().map_or(String::new(), |aws| maybe(&aws.external_id))
            }
            _ => String::new(),
        },
        (Some(ConnectionKind::S3 { region, .. }), "s3_region") => text(region),
        (Some(ConnectionKind::S3 { access: S3Access::Role { arn }, .. }), "s3_arn") => text(arn),
        (Some(ConnectionKind::S3 { access: S3Access::Key { access_key, .. }, .. }), "s3_access_key") => {
            text(access_key)
        }
        (Some(ConnectionKind::S3 { access: S3Access::Key { secret, .. }, .. }), "s3_secret") => text(secret),
        (Some(ConnectionKind::Gcs(GcsAccess::Hmac { access_id, .. })), "gcs_hmac_access_id") => text(access_id),
        (Some(ConnectionKind::Gcs(GcsAccess::Hmac { secret, .. })), "gcs_hmac_secret") => text(secret),
        // the package prints it as Python does
        (Some(ConnectionKind::Gcs(GcsAccess::ServiceAccount(json))), "gcs_service_account_credentials_json") => {
            text(json).replace('"', "'")
        }
        (Some(ConnectionKind::DynamoDb { arn, .. }), "dynamodb_arn") => text(arn),
        (Some(ConnectionKind::DynamoDb { region, .. }), "dynamodb_region") => text(region),
        (Some(ConnectionKind::Postgres { host, port, database, user, password, ssl_mode }), key) => match key {
            "pg_host" => text(host),
            "pg_port" => text(port),
            "pg_database" => text(database),
            "pg_user" => text(user),
            "pg_password" => text(password),
            "pg_ssl_mode" => maybe(ssl_mode),
            _ => String::new(),
        },
        _ => String::new(),
    }
}

fn node_option(node: &datafile::Node, key: &str, secrets: &Secrets) -> Option<String> {
    Some(match (key, &node.kind.value) {
        ("name", _) => node.name.value.clone(),
        ("sql", _) => plain(&node.sql.value),
        ("description", _) => plain(&node.description),
        ("type", NodeKind::Standard) if node.is_typed => return None,
        ("type", NodeKind::Standard) => String::new(),
        ("type", NodeKind::Endpoint) => "endpoint".to_owned(),
        ("type", NodeKind::Materialized { .. }) => "materialized".to_owned(),
        ("type", NodeKind::Copy { .. }) => "copy".to_owned(),
        ("type", NodeKind::Sink(_)) => "sink".to_owned(),
        // on an endpoint such lines do nothing, and we say so
        (_, NodeKind::Endpoint) => return None,
        ("datasource", NodeKind::Materialized { target, .. }) => target.clone(),
        ("deployment_method", NodeKind::Materialized { alters, .. }) => if *alters { "alter" } else { "" }.to_owned(),
        ("target_datasource", NodeKind::Copy { target, .. }) => target.clone(),
        ("copy_schedule", NodeKind::Copy { schedule, .. }) => schedule.to_string(),
        ("mode", NodeKind::Copy { replaces, .. }) => if *replaces { "replace" } else { "append" }.to_owned(),
        ("on_demand_compute", NodeKind::Copy { on_demand_compute, .. }) => on_demand_compute.to_string(),
        (key, NodeKind::Sink(sink)) => return Some(export(sink, key, secrets)),
        _ => String::new(),
    })
}

fn export(sink: &Sink, key: &str, secrets: &Secrets) -> String {
    match (key, &sink.target) {
        ("export_connection_name", _) => sink.connection.clone(),
        ("export_schedule", _) => sink.schedule.to_string(),
        ("export_kafka_topic", SinkTarget::Kafka { topic }) => resolved(topic, secrets),
        ("export_bucket_uri", SinkTarget::Bucket { uri, .. }) => resolved(uri, secrets),
        ("export_file_template", SinkTarget::Bucket { file, .. }) => {
            let part = |part: &FilePart| match part {
                FilePart::Text(text) => resolved(text, secrets),
                FilePart::Column { name, format: Some(format) } => format!("{{{name}, '{format}'}}"),
                FilePart::Column { name, format: None } => format!("{{{name}}}"),
                FilePart::Split(files) => format!("{{{files}}}"),
            };
            file.iter().map(part).collect()
        }
        ("export_format", SinkTarget::Bucket { format, .. }) => debug_word(format),
        ("export_compression", SinkTarget::Bucket { compression, .. }) => match compression {
            Compression::None => "none",
            Compression::Gzip => "gz",
            Compression::Brotli => "br",
            Compression::Xz => "xz",
            Compression::Zstd => "zst",
        }
        .to_owned(),
        ("export_strategy" | "export_write_strategy", SinkTarget::Bucket { replaces, .. }) => {
            if *replaces { "replace" } else { "create_new" }.to_owned()
        }
        _ => String::new(),
    }
}
