"""The datafile cases, written by us: every keyword × spelling, the schema's grammar, mistakes."""

import itertools
import random
from dataclasses import dataclass, field


@dataclass
class Case:
    text: str
    secrets: dict = field(default_factory=dict)
    variables: dict = field(default_factory=dict)


SCHEMA = "SCHEMA >\n    `id` UInt64 `json:$.id`,\n    `at` DateTime `json:$.at`,\n    `name` String `json:$.name`\n"
SQL = "NODE n\nSQL >\n    SELECT 1 AS one\n"


def cases(kind):
    made = {"datasource": data_sources, "pipe": pipes, "connection": connections}[kind]
    for case in made():
        yield case if isinstance(case, Case) else Case(case)


# -- data sources


TYPES = [
    "String", "UInt8", "Int256", "Float64", "Bool", "Date", "Date32", "DateTime", "DateTime('UTC')", "DateTime64(3)",
    "DateTime64(6, 'Europe/Madrid')", "UUID", "IPv4", "IPv6", "Decimal(18, 4)", "FixedString(16)", "JSON",
    "JSON(max_dynamic_paths=16)", "Enum8('a' = 1, 'b' = 2)", "Enum16('x, y' = -1)", "LowCardinality(String)",
    "LowCardinality(Nullable(String))", "Nullable(Int64)", "Nullable(DateTime64(3))", "Array(String)",
    "Array(Array(Float32))", "Array(Nullable(String))", "Map(String, UInt64)", "Map(LowCardinality(String), String)",
    "Tuple(String, UInt8)", "Tuple(a String, b Array(UInt8))", "AggregateFunction(count, UInt64)",
    "AggregateFunction(uniq, String)", "AggregateFunction(argMax, String, DateTime)",
    "AggregateFunction(quantiles(0.5, 0.9), Float64)", "SimpleAggregateFunction(sum, UInt64)",
    "SimpleAggregateFunction(any, Nullable(String))", "Nested(a String, b UInt8)",
]
PATHS = ["", " `json:$.a`", " `json:$.a.b.c`", " `json:$.items[:]`", " `json:$.items[:].id`", " `json:$.['a.b'].c`", " `json:$`"]
DEFAULTS = ["", " DEFAULT 1", " DEFAULT -1.5", " DEFAULT 'it, is'", " DEFAULT now()", " DEFAULT []", " DEFAULT NULL", " default ''"]
CODECS = ["", " CODEC(ZSTD(1))", " CODEC(Delta(4), LZ4)", " codec(NONE)"]
NAMES = ["a", "`a`", "a_b", "_a", "`a-b`", "`a.b`", "a.b", "camelCase", "`sp ace`", "a1", "`1a`"]
WRONG_COLUMNS = [
    "a", "a Boolean", "a DateTime64", "a Int", "a UInt", "a String NULL", "a String NOT NULL", "a String MATERIALIZED now()",
    "a String ALIAS b", "a String TTL at + 1", "INDEX i a TYPE minmax", "a String DEFAULT", "a String CODEC",
    "a String CODEC(ZSTD", "`a String", "a Array(String", "a String DEFAULT 'x", "a# String", "a String, b",
    "a String CODEC(ZSTD(1)) DEFAULT 1", "a String `json:$.a", "a@b String", "a String $x",
]
ENGINES = [
    ("MergeTree", ""), ("ReplacingMergeTree", "ENGINE_VER at\n"), ("ReplacingMergeTree", "ENGINE_VER \"at\"\nENGINE_IS_DELETED id\n"),
    ("SummingMergeTree", "ENGINE_COLUMNS id\n"), ("AggregatingMergeTree", ""), ("CollapsingMergeTree", "ENGINE_SIGN id\n"),
    ("VersionedCollapsingMergeTree", "ENGINE_SIGN id\nENGINE_VERSION at\n"), ("Null", ""), ("mergetree", ""),
]
KEYS = [
    "id", "id, at", "tuple()", "tuple(id, at)", "(id, at)", "toDate(at), id", "cityHash64(id)", "`id`, `at`", "toStartOfHour(at), name, id",
    "ifNull(name, '')", "substring(name, 1, 2), id",
]
SPELLINGS = ['{} "{}"', "{} '{}'", "{} {}", "{}   {}  ", "{}\t{}", "{} {} # why"]
TTLS = [
    "at + toIntervalDay(7)", "toDate(at) + INTERVAL 6 MONTH", "at + INTERVAL 1 DAY WHERE id = 1", "", "at",
    "at + INTERVAL 6 MONTH WHERE id != 1, at + INTERVAL 1 YEAR WHERE id = 1",
]
INDEXES = [
    "i id TYPE minmax", "INDEX i id TYPE minmax GRANULARITY 4", "i lower(name) TYPE bloom_filter(0.01) GRANULARITY 1,",
    "i name TYPE ngrambf_v1(4, 1024, 1, 42) GRANULARITY 1", "i name TYPE tokenbf_v1(256, 2, 0)", "i id TYPE set(100)",
    "i (id, at) TYPE minmax", "i id * 2 TYPE set(100) GRANULARITY 2", "i name", "i TYPE minmax", "i name TYPE", "nonsense,",
    "a id TYPE minmax\n    b at TYPE minmax",
]
KAFKA = "KAFKA_CONNECTION_NAME main\nKAFKA_TOPIC events\nKAFKA_GROUP_ID group\n"
BUCKET = 'IMPORT_CONNECTION_NAME s3\nIMPORT_BUCKET_URI "s3://bucket/*.csv"\nIMPORT_SCHEDULE @auto\n'
DYNAMO = "IMPORT_CONNECTION_NAME dynamo\nIMPORT_TABLE_ARN arn:aws:table\nIMPORT_EXPORT_BUCKET bucket\n"
POSTGRES = "PG_CONNECTION_NAME pg\nPG_TABLE public.t\n"
CONNECTOR_LINES = [
    "KAFKA_AUTO_OFFSET_RESET earliest\n", "KAFKA_AUTO_OFFSET_RESET latest\n", "KAFKA_STORE_RAW_VALUE True\n",
    "KAFKA_STORE_RAW_VALUE 'False'\n", "KAFKA_STORE_HEADERS true\n", "KAFKA_KEY_FORMAT avro\n", "KAFKA_VALUE_FORMAT json_with_schema\n",
    "KAFKA_VALUE_FORMAT json_without_schema\n",
]
IMPORT_LINES = ["IMPORT_FORMAT csv\n", "IMPORT_FORMAT NDJSON\n", "IMPORT_FORMAT parquet\n", "IMPORT_FROM_TIMESTAMP 2024-01-31T10:00:00Z\n"]
DEPRECATED = [
    "VERSION 3", "SOURCE x", "IMPORT_STRATEGY replace", "KAFKA_STORE_BINARY_HEADERS true", "KAFKA_TARGET_PARTITIONS auto",
    "IMPORT_SERVICE s3", "IMPORT_EXTERNAL_DATASOURCE t", "EXPORT_SERVICE s3", "SETTINGS x", "INCLUDE x.incl", "FOO bar", "NODE n", "TYPE kafka",
    "SQL >\n    SELECT 1",
]
TOKENS = [
    "TOKEN t READ", 'TOKEN "my token" APPEND', "TOKEN 'x' read", "token t append", "TOKEN t", "TOKEN", "TOKEN t WRITE", "TOKEN t READ x",
    'TOKEN "a" READ\nTOKEN "b" APPEND', "TOKEN t READ # why",
]


def data_sources():
    yield ""
    yield "# nothing\n"
    yield "DESCRIPTION only\n"
    for name, kind in itertools.product(NAMES[:3], TYPES):
        yield f"SCHEMA >\n    {name} {kind}\n"
    for name in NAMES:
        yield f"SCHEMA >\n    {name} String\n"
    for path, default, codec in itertools.product(PATHS, DEFAULTS, CODECS):
        yield f"SCHEMA >\n    a Nullable(Float64){path}{default}{codec}\n"
    for default in DEFAULTS[1:]:
        yield f"SCHEMA >\n    a{default}\n"
        yield f"SCHEMA >\n    a Int32{default} `json:$.a`\n"
    for column in WRONG_COLUMNS:
        yield f"SCHEMA >\n    {column}\n"
        yield f"SCHEMA >\n    b String,\n    {column},\n    c String\n"
    yield from layouts()
    for (engine, options), spelling in itertools.product(ENGINES, SPELLINGS):
        yield SCHEMA + spelling.format("ENGINE", engine) + "\nENGINE_SORTING_KEY name\n" + options
    for key, spelling in itertools.product(KEYS, SPELLINGS):
        yield SCHEMA + "ENGINE MergeTree\n" + spelling.format("ENGINE_SORTING_KEY", key) + "\n"
    for keyword in ["ENGINE_PARTITION_KEY", "ENGINE_PRIMARY_KEY", "ENGINE_SAMPLING_KEY", "engine_partition_key"]:
        for spelling in SPELLINGS:
            yield SCHEMA + spelling.format(keyword, "toYYYYMM(at)") + "\n"
    for keyword in ["SORTING_KEY", "PARTITION_KEY", "PRIMARY_KEY", "SAMPLING_KEY"]:
        yield SCHEMA + f"{keyword} id\n"
    for ttl, spelling in itertools.product(TTLS, SPELLINGS[:3]):
        yield SCHEMA + spelling.format("ENGINE_TTL", ttl) + "\n"
    for settings in ["index_granularity = 32", "index_granularity=32, ttl_only_drop_parts=1"]:
        yield SCHEMA + f'ENGINE_SETTINGS "{settings}"\n'
    for key in ["n", "id, n", "s", "sum(id)", "countMerge(id)", "tuple(n)", "toDate(n)"]:
        schema = "SCHEMA >\n    id UInt64,\n    n Nullable(String),\n    s AggregateFunction(count, UInt64)\n"
        yield schema + f'ENGINE "MergeTree"\nENGINE_SORTING_KEY "{key}"\n'
    for key in ["id", "at", "id, at"]:
        yield SCHEMA + f'ENGINE "ReplacingMergeTree"\nENGINE_SORTING_KEY "{key}"\nENGINE_VER "at"\n'
    for index in INDEXES:
        yield SCHEMA + f"INDEXES >\n    {index}\n"
    for token in TOKENS:
        yield token + "\n" + SCHEMA
        yield SCHEMA + token + "\n"
    for line in DEPRECATED:
        yield SCHEMA + line + "\n"
        yield line + "\n" + SCHEMA
    yield from connectors()
    for shared in ["one", "one, two", "one,two,", '"one"', ">\n    one\n    two", ">\n    one,\n    two,\n", ">\n", ","]:
        yield SCHEMA + f"SHARED_WITH {shared}\n"
    for tags in ['"a"', '"a, b"', "a,b", '"stage=prod, b"', '"stage=prod,x=y"', '""']:
        yield SCHEMA + f"TAGS {tags}\n"
    yield SCHEMA + 'TAGS "a"\nTAGS "b"\n'
    for query in [">\n    SELECT id, at, name", ">\n    SELECT *, 1 AS one\n", "SELECT 1", ">\n"]:
        yield SCHEMA + f"FORWARD_QUERY {query}\n"
    for value in ["skip", "SKIP", '"skip"', "all", ""]:
        yield SCHEMA + f"BACKFILL {value}\n"
    for description in ["one line", "it's one", '"quoted"', "with # hash", ">\n    a block\n    of lines", ">\n\n    # heading\n\n    text\n", ""]:
        yield f"DESCRIPTION {description}\n" + SCHEMA
        yield SCHEMA + f"\nDESCRIPTION {description}\n"
    yield from given()
    yield from random_data_sources()


def layouts():
    yield "SCHEMA > `id` UInt64\n"
    yield "schema >\n    `id` UInt64\n"
    yield "SCHEMA >\n\t`id` UInt64,\n\t`at` DateTime\n"
    yield "SCHEMA >\n`id` UInt64,\n`at` DateTime\n"
    yield "SCHEMA >\n    id UInt64, at DateTime, name String\n"
    yield "SCHEMA >\n    id UInt64,\n    at DateTime,\n"
    yield "SCHEMA >\n    id UInt64, -- the id, of course\n    -- nothing\n    at DateTime -- when\n"
    yield "SCHEMA >\n    id UInt64 `json:$.a--b`,\n    at DateTime\n"
    yield "SCHEMA >\r\n    id UInt64,\r\n    at DateTime\r\n\r\nENGINE MergeTree\r\nENGINE_SORTING_KEY id\r\n"
    yield "SCHEMA >\n    id UInt64\n\n\n    , at DateTime\n"
    yield "SCHEMA >\n    id\n        UInt64\n        `json:$.id`\n        DEFAULT 1\n"
    yield "SCHEMA >\n    id UInt64\nSCHEMA >\n    at DateTime\n"
    yield "SCHEMA >\n"
    yield "SCHEMA\n"
    yield "SCHEMA id UInt64\n"
    yield "SCHEMA >\n    a Array(UInt8) DEFAULT [1, 2]\n"
    yield "SCHEMA >\n    # a comment, with 'a quote\n    id UInt64,\n# another\n    at DateTime\n"
    yield "SCHEMA >\n    id UInt64,,\n    at DateTime\n"
    yield "SCHEMA >\n    id UInt64\n    at DateTime\n"
    yield "SCHEMA >\n    id UInt64, id UInt64\n"
    yield "  SCHEMA >\n    id UInt64\n  ENGINE MergeTree\n"
    yield "SCHEMA >\n    id UInt64\n  ENGINE MergeTree\n"
    yield "SCHEMA >\n    id UInt64\nENGIN MergeTree\n"
    yield "# first\n\nSCHEMA >\n    id UInt64\n\n# between\nENGINE MergeTree # here\n"
    yield "SCHEMA >\n    id UInt64 # no comment\n"
    yield SCHEMA + "ENGINE >\n    MergeTree\n"
    yield SCHEMA + "ENGINE_SORTING_KEY >\n    id,\n    at\n"
    yield SCHEMA + "KAFKA_TOPIC >\n    x\n"
    yield SCHEMA + "ENGINE\n"
    yield SCHEMA + 'ENGINE "MergeTree\n'
    yield SCHEMA + "ENGINE_SORTING_KEY a#b\n"
    yield SCHEMA + "ENGINE_TTL \"at\"\nENGINE_TTL \"at + toIntervalDay(1)\"\n"
    yield SCHEMA + "ENGINE MergeTree\nENGINE Null\n"
    yield SCHEMA + "ENGINE_SUMMING_COLUMNS id\n"
    yield SCHEMA + "ENGINE_NONSENSE id\n"


def connectors():
    for lines in [KAFKA, BUCKET, DYNAMO, POSTGRES]:
        yield SCHEMA + lines
        parts = lines.splitlines(keepends=True)
        for left_out in range(len(parts)):
            yield SCHEMA + "".join(part for index, part in enumerate(parts) if index != left_out)
        for part in parts:
            yield SCHEMA + part
    for line in CONNECTOR_LINES:
        yield SCHEMA + KAFKA + line
        yield SCHEMA + line
    for line in IMPORT_LINES:
        yield SCHEMA + BUCKET + line
        yield SCHEMA + line
    for schedule in ["@once", "@on-demand", "@auto", '"0 * * * *"', "@daily"]:
        yield SCHEMA + BUCKET.replace("@auto", schedule)
    yield SCHEMA + KAFKA.replace("group", '""')
    yield SCHEMA + KAFKA.replace("group", "group_$STAGE")
    yield SCHEMA + "IMPORT_QUERY SELECT 1\n"


def given():
    text = SCHEMA + KAFKA
    yield Case(text.replace("events", '{{ tb_secret("topic") }}'), secrets={"topic": "hidden"})
    yield Case(text.replace("events", "{{ tb_secret('topic', 'other') }}"))
    yield Case(text.replace("events", '{{ tb_secret("topic") }}'))
    yield Case(text.replace("events", "{{tb_secret('topic', 7)}}"))
    yield Case(text.replace("events", 'a_{{ tb_secret("topic") }}_b'), secrets={"topic": "x"})
    yield Case(text.replace("events", "{{ nonsense('topic') }}"))
    yield Case(text.replace("events", "{{ tb_secret('topic' }}"))
    yield Case(text.replace("events", "{{ tb_secret('topic')"))
    for value in ["$TOPIC", "${TOPIC}", "a_${TOPIC}_b", "$MISSING", "$$TOPIC", "${MISSING}", "$", '"$TOPIC"']:
        yield Case(text.replace("events", value), variables={"TOPIC": "value"})
    yield Case(SCHEMA + "ENGINE $ENGINE\nENGINE_SORTING_KEY $KEY\n", variables={"ENGINE": "MergeTree", "KEY": "id"})


def random_data_sources():
    pick = random.Random(3)
    blocks = [
        lambda: "DESCRIPTION " + pick.choice(["events", ">\n    of events"]) + "\n",
        lambda: pick.choice(TOKENS[:4]) + "\n",
        lambda: f'TAGS "{pick.choice(["a", "a,b"])}"\n',
        lambda: f'ENGINE_PARTITION_KEY "{pick.choice(["toYYYYMM(at)", "toDate(at)", ""])}"\n',
        lambda: f'ENGINE_TTL "{pick.choice(TTLS)}"\n',
        lambda: "# a comment\n",
        lambda: "\n",
        lambda: f"INDEXES >\n    {pick.choice(INDEXES[:8])}\n",
        lambda: "SHARED_WITH >\n    one,\n    two\n",
        lambda: "FORWARD_QUERY >\n    SELECT *\n",
    ]
    for _ in range(150):
        columns = [
            f"    {pick.choice(['`{}`', '{}']).format(name)} {pick.choice(TYPES[:30])}{pick.choice(PATHS)}"
            for name in ["name", "x", "y", "z"][: pick.randint(1, 4)]
        ]
        columns += ["    `at` DateTime", "    id UInt64"]
        engine, options = pick.choice(ENGINES)
        parts = ["SCHEMA >\n" + ",\n".join(columns) + "\n\n", f'ENGINE "{engine}"\nENGINE_SORTING_KEY "id, name"\n{options.replace("ENGINE_VER", "ENGINE_VER")}\n']
        parts += [pick.choice(blocks)() for _ in range(pick.randint(0, 4))]
        pick.shuffle(parts)
        yield "".join(parts)


# -- pipes


BODIES = [
    "    SELECT 1", "SELECT 1\nFROM x\n", "\tSELECT 1\n\tFROM x", "    %\n    SELECT {{Int32(n, 1)}}\n", "%\nSELECT 1", "    -- note\n    SELECT 1",
    "\n\n    SELECT 1\n\n", "    SELECT 'TYPE x'\n    -- TYPE endpoint\n", "SELECT 1\nSETTINGS max_threads = 1\n", "    SELECT 'it''s'",
    "    SELECT \"a\" # b", "  SELECT 1\n    , 2",
]
SCHEDULES = ["@on-demand", "0 * * * *", '"*/5 * * * *"', "0 0 1 1 *", "0 9-17 * * MON-FRI", "61 * * * *", "@hourly", "@once", "* * *", "nonsense"]
COPY = SQL + "TYPE copy\nTARGET_DATASOURCE t\n"
VIEW = SQL + "TYPE materialized\nDATASOURCE t\n"
SINK = SQL + "TYPE sink\nEXPORT_CONNECTION_NAME c\nEXPORT_SCHEDULE @on-demand\n"
FILE_SINK = SINK + "EXPORT_BUCKET_URI s3://b/x\nEXPORT_FILE_TEMPLATE f_{4}\n"
NODE_LINES = [
    "DATASOURCE t", "TARGET_DATASOURCE t", "COPY_SCHEDULE @on-demand", "COPY_MODE append", "MODE replace", "ON_DEMAND_COMPUTE true",
    "DEPLOYMENT_METHOD alter", "FILTER x", "EXPORT_CONNECTION_NAME c", "EXPORT_SCHEDULE @on-demand", "EXPORT_KAFKA_TOPIC t",
    "EXPORT_BUCKET_URI s3://b/x", "EXPORT_FILE_TEMPLATE f", "EXPORT_FORMAT csv", "EXPORT_COMPRESSION gz", "EXPORT_STRATEGY @new",
    "EXPORT_WRITE_STRATEGY new",
]


def pipes():
    yield ""
    yield "DESCRIPTION nothing\n"
    yield "NODE a\n"
    yield "NODE\nSQL >\n    SELECT 1\n"
    yield "SQL >\n    SELECT 1\n"
    yield "NODE a\nSQL SELECT 1\n"
    yield "NODE a\nSQL >\n"
    yield "NODE a\nSQL >\n    %\n"
    yield "NODE a\nSQL > SELECT 1\n"
    yield "NODE a\nSQL >\n    SELECT 1\nSQL >\n    SELECT 2\n"
    for body in BODIES:
        yield f"NODE a\nSQL >\n{body}\n"
        yield f"NODE a\nSQL >\n{body}\nTYPE endpoint\n"
        yield f"TOKEN t READ\nNODE a\nDESCRIPTION >\n    one\nSQL >\n{body}\n\nNODE b\nSQL >\n    SELECT 2\nTYPE ENDPOINT\n"
    for kind in ["endpoint", "ENDPOINT", "Endpoint", "standard", '"endpoint"', "endpont", "stream", "", "default"]:
        yield SQL + f"TYPE {kind}\n"
    for base, line in itertools.product([SQL, SQL + "TYPE endpoint\n", COPY, VIEW, FILE_SINK, SINK + "EXPORT_KAFKA_TOPIC t\n"], NODE_LINES):
        yield base + line + "\n"
    for kind in ["copy", "COPY", "materialized", "MATERIALIZED", "sink"]:
        yield SQL + f"TYPE {kind}\n"
    for schedule in SCHEDULES:
        yield COPY + f"COPY_SCHEDULE {schedule}\n"
        yield FILE_SINK.replace("EXPORT_SCHEDULE @on-demand", f"EXPORT_SCHEDULE {schedule}")
    for mode in ["append", "replace", "REPLACE", "both", '"append"']:
        yield COPY + f"COPY_MODE {mode}\n"
        yield COPY + f"MODE {mode}\n"
    for value in ["true", "false", "True", "yes", "1"]:
        yield COPY + f"ON_DEMAND_COMPUTE {value}\n"
    for value in ["alter", "ALTER", "drop"]:
        yield VIEW + f"DEPLOYMENT_METHOD {value}\n"
    for keyword, values in {
        "EXPORT_FORMAT": ["csv", "ndjson", "parquet", "CSV"],
        "EXPORT_COMPRESSION": ["none", "gz", "br", "xz", "zst"],
        "EXPORT_STRATEGY": ["@new", "new", "truncate", "create_new", "replace"],
        "EXPORT_WRITE_STRATEGY": ["new", "truncate"],
        "EXPORT_FILE_TEMPLATE": ["f", "{4}", "a/{at, '%Y%m%d'}/{name}", "\"{at, '%Y'}_{2}\""],
    }.items():
        for value in values:
            yield FILE_SINK + f"{keyword} {value}\n"
    for left_out in ["EXPORT_CONNECTION_NAME", "EXPORT_SCHEDULE", "EXPORT_BUCKET_URI", "EXPORT_FILE_TEMPLATE"]:
        yield "".join(line for line in FILE_SINK.splitlines(keepends=True) if not line.startswith(left_out))
    yield SINK + "EXPORT_KAFKA_TOPIC t\nEXPORT_FORMAT csv\n"
    for second in ["endpoint", "standard", "copy\nTARGET_DATASOURCE t", ""]:
        yield SQL + "TYPE endpoint\nNODE b\nSQL >\n    SELECT 2\n" + (f"TYPE {second}\n" if second else "")
    yield SQL + SQL
    yield SQL + "NODE b\nSQL >\n    SELECT 2\n"
    yield "SCOPE n\nSQL >\n    SELECT 1\n"
    for token in TOKENS:
        yield token + "\n" + SQL
        yield SQL + token + "\n"
    for line in DEPRECATED + ["ENGINE MergeTree", "ENGINE_SORTING_KEY a", "SCHEMA >\n    a String", "CACHE 60"]:
        yield line + "\n" + SQL
        yield VIEW + line + "\n"
    for description in ["one line", "it's one", ">\n    a block\n    of lines", ""]:
        yield f"DESCRIPTION {description}\n" + SQL
        yield f"NODE n\nDESCRIPTION {description}\nSQL >\n    SELECT 1\n"
    for tags in ['"a"', '"a, b"', '"stage=prod, b"']:
        yield f"TAGS {tags}\n" + SQL
    for name in ["a", '"a"', "'a'", "a b", "a.b", "1a", "$NAME"]:
        yield Case(f"NODE {name}\nSQL >\n    SELECT 1\n", variables={"NAME": "value"})
    for body in ["{{Int32(5)}}", "{{String(a, 'x')}}", "{% if defined(a) %}1{% end %}", "{{nonsense(a)}}", "{{String(a)", "{% if a %}"]:
        yield f"NODE a\nSQL >\n    %\n    SELECT {body}\nTYPE endpoint\n"
    yield "NODE a\nSQL >\n    %\n    {% if defined(a) %}SELECT 1{% end %}\n"
    yield from random_pipes()


def random_pipes():
    pick = random.Random(5)
    for _ in range(120):
        text = pick.choice(["", "DESCRIPTION >\n    A pipe\n\n", "TOKEN \"t\" READ\n\n", "# a comment\nTAGS \"a\"\n"])
        count = pick.randint(1, 4)
        for index in range(count):
            text += f"{pick.choice(['NODE', 'node'])} n{index}\n"
            text += pick.choice(["", "DESCRIPTION >\n    A node\n", "DESCRIPTION a node\n", "\n"])
            text += f"SQL >\n{pick.choice(BODIES)}\n{pick.choice(['', chr(10)])}"
        text += pick.choice(["", "TYPE endpoint\n", "TYPE MATERIALIZED\nDATASOURCE t\n", "TYPE copy\nTARGET_DATASOURCE t\nCOPY_SCHEDULE 0 * * * *\n"])
        yield text


# -- connections


SETTINGS = {
    "kafka": {
        "KAFKA_BOOTSTRAP_SERVERS": ["localhost:9092", '"a:1,b:2"'],
        "KAFKA_KEY": ["key", "{{ tb_secret('key') }}"],
        "KAFKA_SECRET": ["secret", '"{{ tb_secret("key", "default") }}"'],
        "KAFKA_SECURITY_PROTOCOL": ["SASL_SSL", "PLAINTEXT", "sasl_plaintext"],
        "KAFKA_SASL_MECHANISM": ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
        "KAFKA_SCHEMA_REGISTRY_URL": ["https://u:p@host"],
        "KAFKA_SSL_CA_PEM": [">\n    -----BEGIN CERTIFICATE-----\n    abc\n    -----END CERTIFICATE-----", "inline"],
    },
    "s3": {"S3_REGION": ["eu-west-1"], "S3_ARN": ["arn:aws:iam::1:role/x"]},
    "gcs": {"GCS_SERVICE_ACCOUNT_CREDENTIALS_JSON": ['{"a": 1}', "{{ tb_secret('json', '{}') }}", "nonsense"]},
    "dynamodb": {"DYNAMODB_ARN": ["arn:aws:iam::1:role/x"], "DYNAMODB_REGION": ["us-east-1"]},
    "postgres": {
        "PG_HOST": ["host"], "PG_PORT": ["5432"], "PG_DATABASE": ["db"], "PG_USER": ["user"], "PG_PASSWORD": ["'pass word'"],
        "PG_SSL_MODE": ["require"],
    },
}
OTHER = {
    "s3": ["S3_REGION r\nS3_ACCESS_KEY k\nS3_SECRET s\n"],
    "gcs": ["GCS_HMAC_ACCESS_ID a\nGCS_HMAC_SECRET s\n", "GCS_ACCESS_ID a\nGCS_SECRET s\n"],
    "kafka": [
        "KAFKA_BOOTSTRAP_SERVERS h:1\nKAFKA_SASL_MECHANISM OAUTHBEARER\nKAFKA_SASL_OAUTHBEARER_METHOD AWS\n"
        "KAFKA_SASL_OAUTHBEARER_AWS_REGION r\nKAFKA_SASL_OAUTHBEARER_AWS_ROLE_ARN a\nKAFKA_SASL_OAUTHBEARER_AWS_EXTERNAL_ID e\n",
    ],
}


def connections():
    yield ""
    yield "TYPE nonsense\n"
    yield "DESCRIPTION nothing\n"
    for kind, settings in SETTINGS.items():
        yield f"TYPE {kind}\n"
        yield f"TYPE {kind.upper()}\n" + "".join(f"{keyword} {values[0]}\n" for keyword, values in settings.items())
        for keyword, values in settings.items():
            for value, spelling in itertools.product(values, ["{} {}", "{}  {}  "]):
                rest = "".join(f"{other} {others[0]}\n" for other, others in settings.items() if other != keyword)
                case = f"TYPE {kind}\n" + spelling.format(keyword, value) + "\n" + rest
                yield Case(case, secrets={"key": "hidden"})
                yield Case(case.replace(keyword, keyword.lower()), secrets={"key": "hidden"})
            yield f"TYPE {kind}\n" + "".join(f"{other} {others[0]}\n" for other, others in settings.items() if other != keyword)
            if keyword != "KAFKA_SSL_CA_PEM":
                yield f"TYPE {kind}\n{keyword} >\n    block\n"
        for lines in OTHER.get(kind, []):
            yield f"TYPE {kind}\n{lines}"
            yield f"DESCRIPTION >\n    A connection\n\nTYPE {kind}\n\n{lines}# the end\n"
    for line in ["SCHEMA >\n    a String", "KAFKA_KEY_AVRO_DESERIALIZATION x", "FOO bar", "INCLUDE x", "ENGINE x", "TOKEN t READ", "KAFKA_TOPIC t"]:
        yield f"TYPE kafka\nKAFKA_BOOTSTRAP_SERVERS h\n{line}\n"
    for value in ["$HOST:9092", "${HOST}:9092", '"$HOST"', "$$HOST", "$OTHER"]:
        yield Case(f"TYPE kafka\nKAFKA_BOOTSTRAP_SERVERS {value}\n", variables={"HOST": "host"})
    for value in ["{{ tb_secret('missing') }}", "{{ tb_secret('empty') }}", "{{ tb_secret('missing', '') }}", "{{ other('x') }}", "{{ tb_secret('x'", "{{ tb_secret(key) }}"]:
        yield Case(f"TYPE kafka\nKAFKA_BOOTSTRAP_SERVERS {value}\n", secrets={"empty": "", "key": "hidden"})
