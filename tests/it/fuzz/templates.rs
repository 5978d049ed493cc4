//! Random inputs, made from what real ones look like. Nothing may panic, hang or let a value out of its
//! quotes.
//!
//! A failure names the
//! seed of its one input, so `FUZZ_SEED=… FUZZ_INPUTS=1` shows it again.

use super::number;
use crate::templates::corpus;
use sanderling_core::limits::SQL_BYTES_MAX;
use sanderling_core::template::{Params, Rendered, Secrets, Template};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Of a run that nobody asked to be long.
const INPUTS: u64 = 6_000;
/// Far more than any input needs, even unoptimized on a busy machine; it is for what never ends.
const INPUT_MAX: Duration = Duration::from_secs(20);

/// In every hostile value, and in no template.
const MARK: &str = "kanarie";

/// A small generator: the same seeds on every run.
struct Random(u64);

impl Random {
    /// Seeds that differ by one have to go separate ways from the first number on.
    fn new(seed: u64) -> Random {
        let mut state = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Random((state ^ (state >> 31)) | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    fn one<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// A place between two characters.
    fn place(&mut self, text: &str) -> usize {
        let mut at = self.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "whoever asks for millions wants to see how far they are")]
fn templates() {
    let corpus = corpus();
    let (inputs, first) = (number("FUZZ_INPUTS", INPUTS), number("FUZZ_SEED", 1));
    let started = Instant::now();
    let mut rendered = 0u64;
    for seed in first..first + inputs {
        let mut random = Random::new(seed);
        let (text, params) = input(&corpus, &mut random);
        if inputs == 1 {
            // a stack that overflows tells nothing itself
            println!("{text:?} with {params:?}");
        }
        let began = Instant::now();
        match catch_unwind(AssertUnwindSafe(|| try_template(&text, &params))) {
            Ok(count) => rendered += count,
            Err(_) => panic!("FUZZ_SEED={seed}: {text:?} with {params:?}"),
        }
        let took = began.elapsed();
        assert!(took < INPUT_MAX, "FUZZ_SEED={seed} took {took:?}: {text:?} with {params:?}");
        if (seed - first + 1) % 1_000_000 == 0 {
            println!("{} inputs in {:?}, {rendered} of them rendered", seed - first + 1, started.elapsed());
        }
    }
    assert!(rendered > inputs / 10, "only {rendered} of {inputs} inputs render; the mutations are too wild");
}

/// A template of the corpus, changed in a few places, and values for its parameters.
fn input(corpus: &[(String, Params)], random: &mut Random) -> (String, Params) {
    let (template, params) = random.one(corpus);
    let mut text = template.clone();
    for _ in 0..random.below(5) {
        mutate(&mut text, corpus, random);
    }
    let mut params = params.clone();
    for name in ["a", "b", "c", "l", "n", "s", "v", "x", "country", "status", "ids"] {
        if random.below(3) == 0 {
            params.0.insert(name.to_owned(), vec![value(random)]);
        }
    }
    for values in params.0.values_mut() {
        match random.below(4) {
            0 => *values = vec![value(random)],
            1 => values.push(value(random)),
            _ => {}
        }
    }
    (format!("%{text}"), params)
}

const TOKENS: [&str; 72] = [
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "{{!",
    " if ",
    " for ",
    " in ",
    " end ",
    "{% end %}",
    "{% else %}",
    " set ",
    " while ",
    " try ",
    " except ",
    " finally ",
    " elif ",
    "=",
    "==",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    ".",
    "'",
    "\"",
    "\\",
    "'''",
    "--",
    "/*",
    "*/",
    "`",
    "#",
    "String(",
    "Int32(",
    "Array(",
    "JSON(",
    "column(",
    "columns(",
    "symbol(",
    "sql_and(",
    "split_to_array(",
    "defined(",
    "sql_unescape(",
    "enumerate_with_last(",
    "range(",
    ".join(",
    ".split(",
    ".append(",
    "None",
    "True",
    "-1",
    "0",
    "99999999999999999999",
    "1e308",
    "* 100000",
    "+",
    "%",
    "**",
    "//",
    " and ",
    " not ",
    "f'{",
    "é",
    "\n",
    "whitespace oneline",
];

fn mutate(text: &mut String, corpus: &[(String, Params)], random: &mut Random) {
    let (one, other) = (random.place(text), random.place(text));
    let (start, end) = (one.min(other), one.max(other));
    match random.below(8) {
        0 => text.replace_range(start..end, ""),
        1 | 2 => text.insert_str(start, random.one::<&str>(&TOKENS)),
        3 => {
            let piece = text[start..end].to_owned();
            text.insert_str(start, &piece);
        }
        4 => {
            let piece = text[start..end].repeat(1 + random.below(60));
            if piece.len() < 20_000 {
                text.insert_str(end, &piece);
            }
        }
        5 => {
            let donor = &random.one(corpus).0;
            let (one, other) = (random.place(donor), random.place(donor));
            text.insert_str(start, &donor[one.min(other)..one.max(other)]);
        }
        6 => text.insert_str(start, &random.one::<&str>(&TOKENS).repeat(1 + random.below(200))),
        _ => text.push_str(&random.one(corpus).0),
    }
}

/// Text that wants out of its quotes. The mark stands behind what might let it.
fn value(random: &mut Random) -> String {
    const PIECES: [&str; 26] = [
        "'", "''", "\\", "\\'", "\"", "`", "``", "--", "/*", "*/", ";", " ", "\n", "\r", "\0", "\u{1a}", "%", "{{",
        "}}", "é", ",", ".", "\u{2028}", "$$", "#", "\\\\",
    ];
    let mut out: String = (0..1 + random.below(5)).map(|_| *random.one::<&str>(&PIECES)).collect();
    out.push_str(MARK);
    if random.below(2) == 0 {
        out.push_str(random.one::<&str>(&PIECES));
    }
    out
}

/// How many of the two renderings gave SQL.
fn try_template(text: &str, params: &Params) -> u64 {
    let (template, diagnostics) = Template::compile(text, "t.pipe", 7);
    for diagnostic in &diagnostics {
        assert!(diagnostic.span.start >= 7 && diagnostic.span.end <= 7 + text.len(), "{diagnostic:?}");
    }
    let names = template.params();
    assert!(names.iter().all(|param| !param.name.is_empty()));
    let secrets = Secrets([("k".to_owned(), MARK.to_owned())].into());
    let (request, check) = (template.render_with(params, &secrets), template.render_for_check());
    for rendered in [&request, &check].into_iter().flatten() {
        assert_sound(rendered, text);
    }
    // a table's name and a function's are bare words, checked to be no more
    let has_bare_names = ["table", "TABLE", "columns"].iter().any(|name| text.contains(name));
    if let Ok(rendered) = &request
        && !has_bare_names
    {
        assert_quoted(&rendered.sql);
    }
    u64::from(request.is_ok() || check.is_ok())
}

/// Pieces lie side by side and lead back into the template.
fn assert_sound(rendered: &Rendered, text: &str) {
    assert!(rendered.sql.len() <= SQL_BYTES_MAX);
    let mut at = 0;
    for piece in &rendered.pieces {
        assert_eq!(piece.sql.start, at, "pieces have no gaps");
        assert!(piece.source.start >= 7 && piece.source.end <= 7 + text.len());
        at = piece.sql.end;
    }
    assert_eq!(at, rendered.sql.len());
}

/// The mark stands nowhere but in literals, quoted identifiers and comments. A lexer of its own, so that
/// a mistake in the renderer's is found.
fn assert_quoted(sql: &str) {
    let mut rest = sql;
    while !rest.is_empty() {
        let (open, close) = match rest.as_bytes() {
            [quote @ (b'\'' | b'"' | b'`'), ..] => (1, quoted_end(&rest[1..], *quote)),
            [b'-', b'-', ..] => (2, line_end(&rest[2..])),
            [b'#', b' ' | b'!', ..] => (1, line_end(&rest[1..])),
            [b'/', b'*', ..] => (2, rest[2..].find("*/").map_or(rest.len() - 2, |end| end + 2)),
            _ => {
                assert!(!rest.starts_with(MARK), "a value is out of its quotes: {sql}");
                (rest.chars().next().map_or(0, char::len_utf8), 0)
            }
        };
        rest = &rest[open + close..];
    }
}

fn quoted_end(text: &str, quote: u8) -> usize {
    let mut bytes = text.bytes().enumerate();
    while let Some((index, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            byte if byte == quote => return index + 1,
            _ => {}
        }
    }
    text.len()
}

fn line_end(text: &str) -> usize {
    text.find('\n').map_or(text.len(), |end| end + 1)
}
