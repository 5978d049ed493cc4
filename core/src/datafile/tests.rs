use super::{Pipe, *};
use crate::catalog::*;
use crate::value::IntervalUnit;

fn codes(diagnostics: &[Diagnostic]) -> Vec<&str> {
    diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

/// The columns as `name type [path] [default]`, or the codes and places of what is wrong.
#[track_caller]
fn check_schema(columns: &str, expected: &str) {
    let text = format!("SCHEMA >\n    {columns}\n");
    let (tree, diagnostics) = parse_data_source(&text, "d.datasource", &Given::default());
    let shown: Vec<String> = match diagnostics.as_slice() {
        [] => tree
            .columns
            .iter()
            .map(|column| {
                let column = &column.column;
                let mut out = format!("{} {}", column.name, column.data_type);
                if let Some(JsonPath(steps)) = &column.json_path {
                    let step = |step: &PathStep| match step {
                        PathStep::Key(key) => format!(".{key}"),
                        PathStep::Each => "[:]".to_owned(),
                    };
                    out += &format!(" ${}", steps.iter().map(step).collect::<String>());
                }
                if let Some(default) = &column.default {
                    out += &format!(" = {default}");
                }
                out
            })
            .collect(),
        wrong => wrong.iter().map(|wrong| format!("{} {:?}", wrong.code, &text[wrong.span.clone()])).collect(),
    };
    assert_eq!(shown.join("; "), expected, "{columns}: {diagnostics:?}");
}

#[test]
fn columns() {
    check_schema("a String, b Int32", "a String; b Int32");
    check_schema("`a b` String", "D0202 \"`\"");
    check_schema("`a-b` String `json:$.a.b`,", "a-b String $.a.b");
    check_schema("a Array(String) `json:$.items[:].x` DEFAULT []", "a Array(String) $.items[:].x = []");
    check_schema("a String `json:$.a.['dotted.key'].b`", "a String $.a.dotted.key.b");
    check_schema("a String `json:$`", "a String $");
    check_schema(
        "a DateTime64(3, 'UTC') DEFAULT now64(), -- note, with comma\n b Int8",
        "a DateTime64(3, 'UTC') = now64(); b Int8",
    );
    check_schema("a Nullable(String) DEFAULT NULL", "a Nullable(String)");
    check_schema("a Enum8('x, y' = 1, 'z' = 2) CODEC(ZSTD(1))", "a Enum8('x, y' = 1, 'z' = 2)");
    check_schema("a String DEFAULT 'it, is' CODEC(NONE)", "a String = 'it, is'");
    check_schema("d DEFAULT 42", "d String = 42");
    check_schema("a LowCardinality(Nullable(String))", "a LowCardinality(Nullable(String))");
}

#[test]
fn wrong_columns() {
    check_schema("a Strin", "D0203 \"Strin\"");
    check_schema("a Array(Strin)", "D0203 \"Strin\"");
    check_schema("a Boolean", "D0203 \"Boolean\"");
    check_schema("a DateTime64", "D0203 \"DateTime64\"");
    check_schema("a Int", "D0203 \"Int\"");
    check_schema("a String NOT NULL", "D0202 \"NOT\"; D0202 \"NULL\"");
    check_schema("a String MATERIALIZED 1", "D0202 \"MATERIALIZED 1\"");
    check_schema("a String CODEC(NONE) DEFAULT 1", "D0202 \"1\"");
    check_schema("a String, a Int8", "D0204 \"a\"");
    check_schema("a", "D0202 \"a\"");
    check_schema("a String `json:a`", "D0205 \"`json:a`\"");
    check_schema("a String `json:$.[0]`", "D0205 \"`json:$.[0]`\"");
    check_schema("INDEX i a TYPE minmax GRANULARITY 1", "D0202 \"INDEX i a TYPE minmax GRANULARITY 1\"");
    check_schema("a$ String", "D0202 \"a$\"");
}

#[track_caller]
fn check_engine(lines: &str, expected: Result<(EngineKind, &[&str]), &[&str]>) {
    let text = format!("SCHEMA >\n    a String, b DateTime, s Int8, v UInt32\n\n{lines}\n");
    let (tree, diagnostics) = parse_data_source(&text, "d.datasource", &Given::default());
    match expected {
        Ok((kind, key)) => {
            assert_eq!(codes(&diagnostics), [""; 0], "{diagnostics:?}");
            assert_eq!(tree.engine.engine.kind, kind);
            assert_eq!(tree.engine.engine.sorting_key, key);
        }
        Err(expected) => assert_eq!(codes(&diagnostics), expected, "{diagnostics:?}"),
    }
}

#[test]
fn engines() {
    check_engine("", Ok((EngineKind::MergeTree, &[])));
    check_engine(
        "ENGINE \"MergeTree\"\nENGINE_SORTING_KEY \"a, toDate(b, 'UTC')\"",
        Ok((EngineKind::MergeTree, &["a", "toDate(b, 'UTC')"])),
    );
    check_engine("ENGINE MergeTree\nENGINE_SORTING_KEY a, b # why", Ok((EngineKind::MergeTree, &["a", "b"])));
    check_engine("engine mergetree\nsorting_key (a, b)", Ok((EngineKind::MergeTree, &["a", "b"])));
    check_engine("ENGINE_SORTING_KEY tuple()", Ok((EngineKind::MergeTree, &[])));
    let replacing = EngineKind::Replacing { version: Some("v".to_owned()), is_deleted: None };
    check_engine("ENGINE ReplacingMergeTree\nENGINE_VER v\nENGINE_SORTING_KEY a", Ok((replacing.clone(), &["a"])));
    check_engine("ENGINE \"ReplacingMergeTree(v)\"\nENGINE_SORTING_KEY a", Ok((replacing, &["a"])));
    let summing = EngineKind::Summing { columns: vec!["s".to_owned(), "v".to_owned()] };
    check_engine("ENGINE SummingMergeTree\nENGINE_SUMMING_COLUMNS s, v", Ok((summing, &[])));
    check_engine("ENGINE MergTree", Err(&["D0301"]));
    check_engine("ENGINE CollapsingMergeTree\nENGINE_SORTING_KEY a", Err(&["D0302"]));
    check_engine("ENGINE ReplacingMergeTree", Err(&["D0302"]));
    check_engine("ENGINE ReplacingMergeTree\nENGINE_SORTING_KEY a\nENGINE_VER w", Err(&["D0303"]));
    check_engine("ENGINE_TTL \"\"\nENGINE_TTL \"\"", Err(&["D0106"]));
    check_engine("ENGIN MergeTree", Err(&["D0203"]));
}

#[test]
fn data_source_statements() {
    let text = "DESCRIPTION >\n    Two\n    lines\n\nTOKEN \"my token\" append\nTAGS \"a, b\"\nSHARED_WITH >\n    one,\n    two\n\
                SCHEMA >\n    a String -- # not a comment\n\nENGINE_TTL \"toDate(a) + toIntervalDay(1)\"\nBACKFILL skip\n\
                INDEXES >\n    INDEX i a TYPE minmax GRANULARITY 1\n";
    let (tree, diagnostics) = parse_data_source(text, "d.datasource", &Given::default());
    assert_eq!(diagnostics, []);
    assert_eq!(tree.description, "Two\nlines");
    assert_eq!((tree.tokens[0].name.as_str(), tree.tokens[0].permission), ("my token", Permission::Append));
    assert_eq!(tree.tags.filters, ["a", "b"]);
    assert_eq!(tree.shared_with.iter().map(|name| name.value.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    let after = Some(Period { count: 1, unit: IntervalUnit::Day });
    assert_eq!(tree.engine.engine.ttl, [TtlRule { moment: "toDate(a)".to_owned(), after, condition: None }]);
    assert!(tree.backfill_skip);
    let index = Index { name: "i".to_owned(), expression: "a".to_owned(), kind: IndexKind::MinMax, granularity: 1 };
    assert_eq!(tree.indexes[0].value, index);
}

#[track_caller]
fn check_pipe(text: &str, expected: &[&str]) -> Pipe {
    let (tree, diagnostics) = parse_pipe(text, "p.pipe", &Given::default());
    assert_eq!(codes(&diagnostics), expected, "{text}: {diagnostics:?}");
    tree
}

#[test]
fn pipes() {
    let text = "DESCRIPTION it's a pipe\nTOKEN t READ\n\nNODE first\nDESCRIPTION >\n    A node\nSQL >\n    %\n    SELECT 1\n      FROM x\n\n\
                NODE last\nSQL >\n\n    SELECT 2\n\nTYPE ENDPOINT\nCACHE 60\n";
    let tree = check_pipe(text, &[]);
    assert_eq!(tree.description, "it's a pipe");
    assert_eq!(tree.nodes[0].sql.value, "%\n    SELECT 1\n      FROM x");
    assert_eq!(&text[tree.nodes[1].sql.span.clone()], "SELECT 2");
    assert_eq!((&tree.nodes[0].kind.value, &tree.nodes[1].kind.value), (&NodeKind::Standard, &NodeKind::Endpoint));
    let tree = check_pipe(
        "NODE a\nSQL >\n  SELECT 1\nTYPE copy\nTARGET_DATASOURCE t\nCOPY_SCHEDULE 0 * * * *\nCOPY_MODE replace\n",
        &[],
    );
    let schedule = "0 * * * *".parse().expect("is one");
    let copy = NodeKind::Copy { target: "t".to_owned(), schedule, replaces: true, on_demand_compute: false };
    assert_eq!(tree.nodes[0].kind.value, copy);
    let tree = check_pipe("NODE a\nSQL >\n  SELECT 1\nTYPE materialized\nDATASOURCE t\n", &[]);
    assert_eq!(tree.nodes[0].kind.value, NodeKind::Materialized { target: "t".to_owned(), alters: false });
}

#[test]
fn wrong_pipes() {
    check_pipe("", &["D0403"]);
    check_pipe("NODE a\n", &["D0401"]);
    check_pipe("NODE a\nSQL SELECT 1\n", &["D0401", "D0102"]);
    check_pipe("SQL >\n  SELECT 1\n", &["D0103", "D0403"]);
    check_pipe("NODE a\nSQL >\n  SELECT 1\nNODE a\nSQL >\n  SELECT 1\n", &["D0404"]);
    check_pipe("NODE a\nSQL >\n  SELECT 1\nTYPE endpont\n", &["D0402"]);
    check_pipe("NODE a\nSQL >\n  SELECT 1\nTYPE materialized\n", &["D0405"]);
    check_pipe("NODE a\nSQL >\n  SELECT 1\nTYPE endpoint\nDATASOURCE x\n", &["D0405"]);
    check_pipe("NODE a\nSQL >\n  SELECT 1\nTYPE endpoint\nENGINE MergeTree\n", &["D0103"]);
    check_pipe("NODE a\nSQL >\n  SELECT 1\nTYPE materialized\nDATASOURCE x\nENGINE MergTree\n", &["D0301"]);
    check_pipe("TOKEN t APPEND\nNODE a\nSQL >\n  SELECT 1\n", &["P0103"]);
    check_pipe("NOD a\nNODE a\nSQL >\n  SELECT 1\n", &["D0101"]);
    let two = "NODE a\nSQL >\n  SELECT 1\nTYPE endpoint\nNODE b\nSQL >\n  SELECT 1\nTYPE endpoint\n";
    check_pipe(two, &["D0403"]);
}

#[track_caller]
fn check_ttl(text: &str, expected: &str) {
    let text = format!("SCHEMA >\n  a String\n\nENGINE_TTL \"{text}\"\n");
    let (tree, diagnostics) = parse_data_source(&text, "d.datasource", &Given::default());
    let shown = tree.engine.engine.ttl.iter().map(|rule| {
        let after = rule.after.map_or(String::new(), |after| format!(" after {} {}", after.count, after.unit.name()));
        let condition = rule.condition.as_ref().map_or(String::new(), |condition| format!(" if {condition}"));
        format!("{}{after}{condition}", rule.moment)
    });
    let problems = diagnostics.iter().map(|wrong| format!("{} {:?}", wrong.code, &text[wrong.span.clone()]));
    assert_eq!(shown.chain(problems).collect::<Vec<_>>().join("; "), expected);
}

#[test]
fn ttls() {
    check_ttl("at + toIntervalDay(7)", "at after 7 Day");
    check_ttl("toDate(at) + INTERVAL 6 MONTH", "toDate(at) after 6 Month");
    check_ttl("at + interval '90 days' DELETE", "at after 90 Day");
    check_ttl("toDateTime(f(at) + toIntervalDay(30))", "toDateTime(f(at) + toIntervalDay(30))");
    check_ttl(
        "at + INTERVAL 6 MONTH WHERE x != 'a, b', at + INTERVAL 1 YEAR DELETE WHERE x = 'a'",
        "at after 6 Month if x != 'a, b'; at after 1 Year if x = 'a'",
    );
    check_ttl("a + b + toIntervalDay(1)", "a + b after 1 Day");
    check_ttl("expires", "expires");
    check_ttl("", "");
    check_ttl("at + toIntervalDay(1) TO VOLUME 'cold'", "D0306 \"TO\"");
    check_ttl("at WHERE", "D0306 \"at WHERE\"");
    check_ttl("WHERE a", "D0306 \"WHERE a\"");
}

#[track_caller]
fn check_index(line: &str, expected: Result<(&str, IndexKind, u32), &str>) {
    let text = format!("SCHEMA >\n  a String\n\nINDEXES >\n  {line}\n");
    let (tree, diagnostics) = parse_data_source(&text, "d.datasource", &Given::default());
    match expected {
        Ok((expression, kind, granularity)) => {
            assert_eq!(diagnostics, [], "{line}");
            let index = &tree.indexes[0].value;
            assert_eq!((index.expression.as_str(), &index.kind, index.granularity), (expression, &kind, granularity));
        }
        Err(place) => assert_eq!(&text[diagnostics[0].span.clone()], place, "{diagnostics:?}"),
    }
}

#[test]
fn index_lines() {
    check_index("i lower(a) TYPE minmax GRANULARITY 4,", Ok(("lower(a)", IndexKind::MinMax, 4)));
    check_index("INDEX i type TYPE set(100)", Ok(("type", IndexKind::Set { values_max: 100 }, 1)));
    let bloom = |false_positives| IndexKind::BloomFilter { false_positives };
    check_index("i m['TYPE'] type bloom_filter granularity 1", Ok(("m['TYPE']", bloom(0.025), 1)));
    check_index("i mapValues(d) TYPE bloom_filter(0.001)", Ok(("mapValues(d)", bloom(0.001), 1)));
    let ngram = IndexKind::NgramBloomFilter { ngram: 4, bytes: 1024, hashes: 1, seed: 42 };
    check_index("i a TYPE ngrambf_v1(4, 1024, 1, 42) GRANULARITY 1", Ok(("a", ngram, 1)));
    let other = IndexKind::Other { name: "text".to_owned(), arguments: vec!["tokenizer = 'x'".to_owned()] };
    check_index("i a TYPE text(tokenizer = 'x')", Ok(("a", other, 1)));
    check_index("i a", Err("i a"));
    check_index("i TYPE minmax", Err("i TYPE minmax"));
    check_index("i a TYPE set GRANULARITY 1", Err("set"));
    check_index("i a TYPE bloom_filter(2)", Err("bloom_filter(2)"));
    check_index("i a TYPE minmax GRANULARITY x", Err("x"));
}

fn given(secrets: &[(&str, &str)], variables: &[(&str, &str)]) -> Given {
    let map =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Given { variables: map(variables), secrets: Some(Secrets(map(secrets))) }
}

#[test]
fn connections() {
    let text = "TYPE kafka\nKAFKA_BOOTSTRAP_SERVERS {{ tb_secret(\"servers\", \"localhost:9092\") }}\nKAFKA_KEY $USER\n\
                KAFKA_SECRET a{{tb_secret('pass')}}b\nKAFKA_SECURITY_PROTOCOL {{ tb_secret(\"protocol\", \"PLAINTEXT\") }}\n";
    let (tree, diagnostics) = parse_connection(text, "c.connection", &given(&[], &[("USER", "me")]));
    assert_eq!(diagnostics, []);
    let Some(ConnectionKind::Kafka(kafka)) = &tree.kind else { panic!("{tree:?}") };
    assert_eq!(kafka.protocol, SecurityProtocol::Plaintext);
    assert_eq!(kafka.key, Some(SecretText::literal("me")));
    let secrets = |pairs: &[(&str, &str)]| given(pairs, &[]).secrets.expect("are given");
    assert_eq!(kafka.bootstrap_servers.resolve(&secrets(&[])), Ok("localhost:9092".to_owned()));
    let secret = kafka.secret.as_ref().expect("is there");
    assert_eq!(secret.resolve(&secrets(&[("pass", "!")])), Ok("a!b".to_owned()));
    assert_eq!(secret.resolve(&secrets(&[])), Err("pass".to_owned()));
    let names: Vec<_> = tree.secrets.iter().map(|secret| &text[secret.span.clone()]).collect();
    assert_eq!(names, ["servers", "pass", "protocol"]);
}

#[track_caller]
fn check_connection(text: &str, expected: &[&str]) {
    let (_, diagnostics) = parse_connection(text, "c.connection", &Given::default());
    assert_eq!(codes(&diagnostics), expected, "{text}: {diagnostics:?}");
}

#[test]
fn wrong_connections() {
    check_connection("", &["D0501"]);
    check_connection("TYPE kafk", &["D0501"]);
    check_connection("TYPE kafka", &["D0502"]);
    check_connection("TYPE s3\nS3_REGION r\nS3_ARN a\nKAFKA_KEY k", &["D0502"]);
    check_connection("TYPE s3\nS3_REGION r\nS3_SECRET a", &["D0502"]);
    check_connection("TYPE kafka\nKAFKA_BOOTSTRAP_SERVERS x\nKAFKA_SASL_MECHANISM SCRAM", &["D0503"]);
    check_connection("TYPE gcs\nGCS_SERVICE_ACCOUNT_CREDENTIALS_JSON {", &["D0503"]);
    check_connection("TYPE gcs\nGCS_ACCESS_ID {{ secret('x') }}\nGCS_SECRET y", &["D0108"]);
    check_connection("TYPE gcs\nSCHEMA >\n  a String", &["D0502", "D0103"]);
    check_connection("TYPE kafka\nKAFKA_BOOTSTRAP_SERVERS x\nKAFKA_SSL_CA_PEM >\n  -----BEGIN\n  -----END\n", &[]);
}

#[test]
fn connectors() {
    let source = |lines: &str| {
        let text = format!("SCHEMA >\n  a String\n\n{lines}");
        let (tree, diagnostics) = parse_data_source(&text, "d.datasource", &Given::default());
        (tree.connector.map(|connector| connector.value), codes(&diagnostics).join(" "))
    };
    let (kafka, problems) = source(
        "KAFKA_CONNECTION_NAME k\nKAFKA_TOPIC t # the topic\nKAFKA_GROUP_ID g\nKAFKA_AUTO_OFFSET_RESET earliest\n\
         KAFKA_STORE_RAW_VALUE 'False'\nKAFKA_STORE_HEADERS True\nKAFKA_VALUE_FORMAT avro\n",
    );
    let expected = KafkaSource {
        connection: "k".to_owned(),
        topic: SecretText::literal("t"),
        group_id: SecretText::literal("g"),
        offset_reset: OffsetReset::Earliest,
        store_raw_value: false,
        store_headers: true,
        key_format: None,
        value_format: Some(KafkaFormat::Avro),
    };
    assert_eq!((kafka, problems.as_str()), (Some(Connector::Kafka(expected)), ""));
    let (bucket, problems) = source(
        "IMPORT_CONNECTION_NAME s\nIMPORT_BUCKET_URI \"s3://b/{{ tb_secret(\"folder\") }}/*.csv\"\nIMPORT_SCHEDULE @once\n\
         IMPORT_FORMAT CSV\nIMPORT_FROM_TIMESTAMP 2024-01-31T10:00:00Z\n",
    );
    let Some(Connector::Bucket(bucket)) = bucket else { panic!("{bucket:?} {problems}") };
    assert_eq!(
        (bucket.schedule, bucket.format, problems.as_str()),
        (ImportSchedule::OnDemand, Some(FileFormat::Csv), "")
    );
    assert_eq!(bucket.from_ms, Some(1_706_695_200_000));
    assert_eq!(bucket.uri.0[1], SecretPart::Secret { name: "folder".to_owned(), default: None });
    let wrong = [
        ("KAFKA_TOPIC t\n", "D0305"),
        ("KAFKA_CONNECTION_NAME k\nKAFKA_TOPIC t\nKAFKA_GROUP_ID \"\"\n", "D0305"),
        ("IMPORT_CONNECTION_NAME s\nIMPORT_BUCKET_URI u\nIMPORT_SCHEDULE \"0 * * * *\"\n", "D0503"),
        ("IMPORT_CONNECTION_NAME s\nIMPORT_TABLE_ARN u\n", "D0305"),
        ("PG_TABLE t\n", "D0305"),
        ("KAFKA_STORE_BINARY_HEADERS true\n", "D0105"),
    ];
    for (lines, code) in wrong {
        assert_eq!(source(lines).1, code, "{lines}");
    }
}

#[test]
fn sinks() {
    let sink = |lines: &str| {
        let text = format!("NODE n\nSQL >\n  SELECT 1\n\nTYPE sink\n{lines}");
        let (mut tree, diagnostics) = parse_pipe(&text, "p.pipe", &Given::default());
        (tree.nodes.remove(0).kind.value, codes(&diagnostics).join(" "))
    };
    let (kind, problems) = sink(
        "EXPORT_CONNECTION_NAME c\nEXPORT_SCHEDULE 0 * * * *\nEXPORT_BUCKET_URI s3://b/\n\
         EXPORT_FILE_TEMPLATE \"day={at, '%Y%m%d'}/{kind}_{4}\"\nEXPORT_FORMAT NDJSON\nEXPORT_COMPRESSION gz\n\
         EXPORT_STRATEGY truncate\n",
    );
    let NodeKind::Sink(sink_node) = kind else { panic!("{kind:?} {problems}") };
    let text = |text: &str| FilePart::Text(SecretText::literal(text));
    let column = |name: &str, format: Option<&str>| FilePart::Column {
        name: name.to_owned(),
        format: format.map(str::to_owned),
    };
    let expected = SinkTarget::Bucket {
        uri: SecretText::literal("s3://b/"),
        file: vec![
            text("day="),
            column("at", Some("%Y%m%d")),
            text("/"),
            column("kind", None),
            text("_"),
            FilePart::Split(4),
        ],
        format: FileFormat::Ndjson,
        compression: Compression::Gzip,
        replaces: true,
    };
    assert_eq!((sink_node.target, problems.as_str()), (expected, ""));
    let wrong = [
        ("", "D0405"),
        ("EXPORT_CONNECTION_NAME c\nEXPORT_SCHEDULE @once\nEXPORT_KAFKA_TOPIC t\n", "D0406"),
        ("EXPORT_CONNECTION_NAME c\nEXPORT_SCHEDULE @on-demand\nEXPORT_KAFKA_TOPIC t\nEXPORT_FORMAT csv\n", "D0405"),
        (
            "EXPORT_CONNECTION_NAME c\nEXPORT_SCHEDULE @on-demand\nEXPORT_BUCKET_URI u\nEXPORT_FILE_TEMPLATE {40}\n",
            "D0407",
        ),
    ];
    for (lines, code) in wrong {
        assert_eq!(sink(lines).1, code, "{lines}");
    }
}

#[test]
fn older_spellings() {
    let text = "VERSION 3\nNODE n\nSQL >\nSELECT a,\nttl,\ncache AS c\nFROM t\nSETTINGS max_threads = 1\nTYPE materialized\nDATASOURCE d\n\
                ENGINE \"ReplacingMergeTree\"\nENGINE_VER v\nSORTING_KEY a\n";
    let tree = check_pipe(text, &["D0105"]);
    assert_eq!(tree.nodes[0].sql.value, "SELECT a,\nttl,\ncache AS c\nFROM t\nSETTINGS max_threads = 1");
    let engine = tree.nodes[0].engine.as_ref().expect("is there");
    assert_eq!(engine.engine.sorting_key, ["a"]);
    assert_eq!(engine.engine.kind, EngineKind::Replacing { version: Some("v".to_owned()), is_deleted: None });
}

#[test]
fn included_files() {
    let shared = "ENGINE MergeTree\nENGINE_SORTING_KEY $key\nENGIN x\n";
    let includes = BTreeMap::from([("includes/engine.incl", shared), ("loop.incl", "INCLUDE loop.incl\n")]);
    let text = "SCHEMA >\n  a String\nINCLUDE \"../includes/engine.incl\" \"key=a\"\nTOKEN t READ\n";
    let mut diagnostics = Vec::new();
    let expanded = include::expand(text, "datasources/d.datasource", &includes, &mut diagnostics).expect("includes");
    assert_eq!((expanded.text.matches("ENGINE_SORTING_KEY a").count(), &diagnostics[..]), (1, &[][..]));
    let (tree, wrong) = parse_data_source(&expanded.text, "datasources/d.datasource", &Given::default());
    assert_eq!((tree.engine.engine.sorting_key, tree.tokens.len()), (vec!["a".to_owned()], 1));
    let (file, span) = expanded.locate(wrong[0].span.clone());
    assert_eq!((file, &shared[span]), ("includes/engine.incl", "ENGIN"));
    for text in ["INCLUDE\n", "INCLUDE loop.incl\n", "INCLUDE engin.incl\n"] {
        let mut diagnostics = Vec::new();
        include::expand(text, "p.pipe", &includes, &mut diagnostics);
        assert_eq!(codes(&diagnostics), ["D0109"], "{text}");
    }
    assert!(include::expand("NODE n\n  INCLUDE x\n", "p.pipe", &includes, &mut Vec::new()).is_none());
}

#[test]
fn variables() {
    let variables = BTreeMap::from([("a".to_owned(), "1".to_owned())]);
    for (text, expected) in
        [("$a ${a} $b ${b} $$a $", "1 1 $b ${b} $a $"), ("${a", "${a"), ("$a1", "$a1"), ("${}", "${}")]
    {
        assert_eq!(text::substitute(text, &variables), expected);
    }
}

#[test]
fn any_text_is_survived() {
    let pieces = [
        "SCHEMA >\n",
        "NODE a",
        "SQL >\n",
        "\n",
        " ",
        "TYPE ",
        "endpoint",
        "copy",
        "`",
        "json:$",
        "`json:$.a[:]`",
        "(",
        ")",
        "'",
        "\"",
        ",",
        "DEFAULT ",
        "CODEC(",
        "a String",
        "é",
        "#",
        "--",
        "ENGINE ",
        "ENGINE_SORTING_KEY ",
        "tuple(",
        "TOKEN ",
        "READ",
        "DESCRIPTION",
        ">",
        "INDEXES >\n",
        "SHARED_WITH ",
        "TAGS ",
        "KAFKA_TOPIC x\n",
        "\\",
        "\r\n",
        "\u{2028}",
        "%",
    ];
    let mut state = 0x5eed_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((state >> 33) % below as u64) as usize
    };
    for _ in 0..1_000 {
        let text: String = (0..next(30)).map(|_| pieces[next(pieces.len())]).collect();
        let (_, mut diagnostics) = parse_data_source(&text, "d.datasource", &Given::default());
        diagnostics.extend(parse_pipe(&text, "p.pipe", &Given::default()).1);
        for diagnostic in diagnostics {
            diagnostic.render(&text);
        }
    }
}
