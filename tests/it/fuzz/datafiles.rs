//! Datafiles and whole projects, changed at random: reading and checking them ends, soon, without a panic, and
//! every message points into its file.

use super::number;
use crate::datafiles::cases;
use sanderling_core::catalog::Catalog;
use sanderling_core::compile::{ProjectFile, compile};
use sanderling_core::datafile::{self, Given};
use sanderling_core::diagnostic::Diagnostic;
use std::time::{Duration, Instant};

/// Of each kind, in a run that nobody asked to be long.
const INPUTS: u64 = 3_000;
/// One input, in a build without optimization.
const TIME_MAX: Duration = Duration::from_secs(5);

const KINDS: [&str; 3] = ["datasource", "pipe", "connection"];

/// Pieces that mean something somewhere.
const PIECES: [&str; 48] = [
    "\n",
    " ",
    "\t",
    "\r\n",
    "'",
    "\"",
    "`",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "{{",
    "}}",
    "{%",
    "%}",
    ",",
    "--",
    "#",
    "\\",
    "$",
    "${",
    "%",
    ">",
    "=",
    "+",
    "é",
    "𝄞",
    "\0",
    "\u{feff}",
    "SCHEMA >\n",
    "SQL >\n",
    "NODE n\n",
    "TYPE ",
    "INDEXES >\n",
    "ENGINE_TTL ",
    "TOKEN t READ\n",
    "DEFAULT ",
    "CODEC(",
    "json:$",
    "AggregateFunction(",
    "Array(",
    "tuple(",
    "tb_secret(\"x\")",
    "INCLUDE x.incl\n",
    "-> ",
    "*/2 * * * *",
];

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit.max(1)
    }

    fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }

    /// A byte of the text at which a character starts.
    fn place(&mut self, text: &str) -> usize {
        let mut at = self.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// A few small changes.
    fn change(&mut self, text: &str, others: &[String]) -> String {
        let mut text = text.to_owned();
        for _ in 0..=self.below(4) {
            let (left, right) = (self.place(&text), self.place(&text));
            let (start, end) = (left.min(right), left.max(right).min(left.min(right) + 60));
            let end = (start..=end).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(start);
            match self.below(6) {
                0 => text.replace_range(start..end, ""),
                1 => text.insert_str(start, self.pick::<&str>(&PIECES)),
                2 => text.replace_range(start..end, self.pick::<&str>(&PIECES)),
                3 => text.insert_str(start, &text[start..end].repeat(self.below(4))),
                4 => text.truncate(start),
                _ => {
                    let other = self.pick(others);
                    let from = self.place(other);
                    let until = other[from..].find('\n').map_or(other.len(), |line| from + line + 1);
                    text.insert_str(start, &other[from..until]);
                }
            }
        }
        text
    }
}

fn inputs() -> u64 {
    number("FUZZ_INPUTS", INPUTS)
}

/// Another one for each test.
fn seed(salt: u64) -> u64 {
    number("FUZZ_SEED", 1).wrapping_mul(31).wrapping_add(salt)
}

fn corpus(kind: &str) -> Vec<String> {
    cases(kind).into_iter().map(|case| case.text).collect()
}

fn read(kind: &str, text: &str) -> Vec<Diagnostic> {
    let given = Given::default();
    match kind {
        "datasource" => datafile::parse_data_source(text, "f", &given).1,
        "pipe" => datafile::parse_pipe(text, "f", &given).1,
        _ => datafile::parse_connection(text, "f", &given).1,
    }
}

/// Shows the input that a panic or a wait came from.
fn timed(input: &str, run: impl FnOnce() + std::panic::UnwindSafe) {
    let started = Instant::now();
    if std::panic::catch_unwind(run).is_err() {
        panic!("a panic for this input:\n{input:?}");
    }
    let took = started.elapsed();
    assert!(took < TIME_MAX, "{took:?} for this input:\n{input:?}");
}

#[test]
fn changed_files_are_read() {
    for (salt, kind) in KINDS.into_iter().enumerate() {
        let corpus = corpus(kind);
        let mut random = Random(seed(salt as u64));
        for _ in 0..inputs() {
            let base = random.pick(&corpus).clone();
            let text = random.change(&base, &corpus);
            timed(&text, || {
                for diagnostic in read(kind, &text) {
                    assert!(diagnostic.span.start <= diagnostic.span.end, "{diagnostic:?}");
                    diagnostic.render(&text);
                }
            });
        }
    }
}

#[test]
fn changed_projects_are_checked() {
    let corpora = KINDS.map(corpus);
    let mut random = Random(seed(7));
    for _ in 0..inputs() / 10 {
        let mut files: Vec<ProjectFile> = PROJECT
            .iter()
            .map(|(path, text)| ProjectFile { path: (*path).to_owned(), text: (*text).to_owned() })
            .collect();
        for _ in 0..=random.below(3) {
            let index = random.below(files.len());
            let kind = KINDS.into_iter().position(|kind| files[index].path.ends_with(kind)).unwrap_or(1);
            files[index].text = random.change(&files[index].text, &corpora[kind]);
        }
        let input = format!("{files:#?}");
        timed(&input, || {
            let found = match compile(&files, &Catalog::empty("w", "w"), &mut || 1) {
                Ok(compiled) => compiled.warnings,
                Err(diagnostics) => diagnostics,
            };
            for diagnostic in found {
                let text = files.iter().find(|file| file.path == diagnostic.file).map_or("", |file| &file.text);
                diagnostic.render(text);
            }
        });
    }
}

const PROJECT: [(&str, &str); 7] = [
    (
        "datasources/events.datasource",
        "TOKEN app APPEND\nSCHEMA >\n    `id` String `json:$.id`,\n    `at` DateTime `json:$.at`,\n    `n` UInt32 DEFAULT 1 `json:$.n`,\n    \
         `tags` Array(String) `json:$.tags[:]`\n\nENGINE \"MergeTree\"\nENGINE_PARTITION_KEY \"toYYYYMM(at)\"\nENGINE_SORTING_KEY \"id, at\"\n\
         ENGINE_TTL \"at + toIntervalDay(30)\"\nINDEXES >\n    i lower(id) TYPE bloom_filter(0.01) GRANULARITY 4\n\
         KAFKA_CONNECTION_NAME main\nKAFKA_TOPIC {{ tb_secret(\"topic\", \"t\") }}\nKAFKA_GROUP_ID g\n",
    ),
    (
        "datasources/daily.datasource",
        "SCHEMA >\n    `day` Date,\n    `hits` UInt64\n\nENGINE SummingMergeTree\nENGINE_SORTING_KEY day\n",
    ),
    (
        "connections/main.connection",
        "TYPE kafka\nKAFKA_BOOTSTRAP_SERVERS localhost:9092\nKAFKA_SECRET {{ tb_secret(\"x\") }}\n",
    ),
    ("includes/where.incl", "NODE included\nSQL >\n    SELECT id FROM $source\n"),
    (
        "endpoints/top.pipe",
        "TOKEN app READ\nNODE filtered\nSQL >\n    %\n    SELECT id, n FROM events WHERE at > {{ DateTime(since, '2024-01-01 00:00:00') }}\n    \
         {% if defined(id) %} AND id = {{ String(id) }} {% end %}\n\nNODE top_ids\nSQL >\n    %\n    SELECT id, sum(n) AS total FROM filtered \
         GROUP BY id ORDER BY total DESC LIMIT {{ Int32(limit, 10) }}\n\nTYPE endpoint\n",
    ),
    (
        "copies/days.pipe",
        "NODE days_of_hits\nSQL >\n    SELECT toDate(at) AS day, count() AS hits FROM events GROUP BY day\n\nTYPE copy\n\
         TARGET_DATASOURCE daily\nCOPY_SCHEDULE 0 * * * *\nCOPY_MODE append\n",
    ),
    (
        "pipes/more.pipe",
        "INCLUDE \"../includes/where.incl\" \"source=events\"\n\nNODE last\nSQL >\n    SELECT * FROM included JOIN top USING (id)\n",
    ),
];

#[test]
fn deep_and_long_inputs_end() {
    let deep = |open: &str, close: &str, count: usize| format!("{}x{}", open.repeat(count), close.repeat(count));
    let column = |data_type: String| format!("SCHEMA >\n    a {data_type}\n");
    let key = |key: String| format!("SCHEMA >\n    x UInt8\n\nENGINE_SORTING_KEY {key}\n");
    let sql = |sql: String| format!("NODE n\nSQL >\n    {sql}\nTYPE endpoint\n");
    let inputs = [
        ("a.datasource", column(deep("Array(", ")", 50_000))),
        ("a.datasource", column(deep("(", ")", 50_000))),
        ("a.datasource", column("String,\n".to_owned() + &"b String,\n".repeat(20_000))),
        ("a.datasource", key(deep("(", ")", 50_000))),
        ("a.datasource", key(deep("f(", ")", 2_000))),
        ("a.datasource", key("x, ".repeat(2_000) + "x")),
        ("a.datasource", key("x".to_owned()) + &format!("ENGINE_TTL {}\n", "x + toIntervalDay(1), ".repeat(2_000))),
        ("a.datasource", "A\n".repeat(200_000)),
        ("a.datasource", "SCHEMA >\n".repeat(50_000)),
        ("a.datasource", format!("SHARED_WITH {}\n", "a,".repeat(100_000))),
        ("a.datasource", "x".repeat(2 << 20)),
        ("a.pipe", sql(format!("SELECT {}", deep("(", ")", 30_000)))),
        ("a.pipe", sql(deep("SELECT * FROM (", ")", 5_000))),
        ("a.pipe", "NODE n\nSQL >\n    SELECT 1\n".repeat(5_000)),
        ("a.connection", format!("TYPE kafka\nKAFKA_BOOTSTRAP_SERVERS {}\n", "{{ tb_secret(\"a\") }}".repeat(5_000))),
        ("a.connection", format!("TYPE kafka\nKAFKA_BOOTSTRAP_SERVERS {}\n", "{{".repeat(50_000))),
    ];
    for (path, text) in inputs {
        let files = [ProjectFile { path: path.to_owned(), text }];
        let head: String = files[0].text.chars().take(60).collect();
        timed(&head, || drop(compile(&files, &Catalog::empty("w", "w"), &mut || 1)));
    }
    // each node reads the one before twice: bound one by one, not two to the power of forty times
    let mut doubling = "NODE n0\nSQL >\n    SELECT 1 AS a\n".to_owned();
    for n in 1..30 {
        doubling += &format!("NODE n{n}\nSQL >\n    SELECT l.a FROM n{0} AS l JOIN n{0} AS r ON l.a = r.a\n", n - 1);
    }
    let files = [ProjectFile { path: "doubling.pipe".to_owned(), text: doubling }];
    timed("doubling", || {
        let compiled = compile(&files, &Catalog::empty("w", "w"), &mut || 1);
        assert!(compiled.is_ok(), "{compiled:?}");
    });
}
