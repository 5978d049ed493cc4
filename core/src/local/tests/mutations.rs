//! Statements that somebody has damaged end in an answer or an error, never in a panic.
//!
//! `MUTATIONS=100000 cargo test -p sanderling-core --lib -- mutations` tries as many as it is told.

use super::super::{Database, Outcome};
use super::slt;
use crate::limits;
use std::panic::{AssertUnwindSafe, catch_unwind};

const MEMORY_BYTES_MAX: usize = 64 << 20;

/// Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// Words, texts and marks, without what stands between them.
fn tokens(sql: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(token) = super::super::lexer::next(sql, at) {
        at = token.range.end;
        tokens.push(sql[token.range].to_owned());
    }
    tokens
}

const STRAY: &[&str] = &[
    "NULL",
    "0",
    "-1",
    "''",
    "[]",
    "(",
    ")",
    ",",
    "*",
    "DISTINCT",
    "ORDER BY",
    "GROUP BY",
    "LIMIT",
    "1e400",
    "'é'",
    "tuple()",
    "toDateTime64(0, 9)",
    "9223372036854775808",
    "nan",
    "map()",
    "AS x",
    "x",
    "::",
    "Nullable(Nothing)",
    "->",
    "OVER ()",
];

fn damage(random: &mut Random, tokens: &[String], others: &[Vec<String>]) -> String {
    let mut tokens = tokens.to_vec();
    for _ in 0..=random.below(3) {
        if tokens.is_empty() {
            break;
        }
        let at = random.below(tokens.len());
        match random.below(6) {
            0 => {
                tokens.remove(at);
            }
            1 => tokens.insert(at, tokens[at].clone()),
            2 => {
                let other = random.below(tokens.len());
                tokens.swap(at, other);
            }
            3 => tokens[at] = STRAY[random.below(STRAY.len())].to_owned(),
            4 => tokens.insert(at, STRAY[random.below(STRAY.len())].to_owned()),
            _ => {
                let other = &others[random.below(others.len())];
                if !other.is_empty() {
                    tokens[at] = other[random.below(other.len())].clone();
                }
            }
        }
    }
    tokens.join(" ")
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how long it takes is the developer's choice")]
fn mutations() {
    let count: usize = std::env::var("MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(300);
    let seed: u64 = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let run = move || {
        let statements: Vec<Vec<String>> = slt::statements().iter().map(|sql| tokens(sql)).collect();
        let world = slt::world();
        let mut random = Random(seed);
        let mut panics = Vec::new();
        for _ in 0..count {
            let mut database = Database::new(MEMORY_BYTES_MAX);
            for setup in &world {
                database.execute(setup, 0).expect("the world is right");
            }
            let chosen = &statements[random.below(statements.len())];
            let damaged = damage(&mut random, chosen, &statements);
            let ran = catch_unwind(AssertUnwindSafe(|| {
                if let Ok(Outcome::Rows(answer)) = database.execute(&damaged, 0) {
                    let _ = database.format(&answer, "JSON");
                }
            }));
            if ran.is_err() {
                panics.push(damaged);
            }
        }
        panics
    };
    let thread = std::thread::Builder::new().stack_size(limits::QUERY_STACK_BYTES).spawn(run);
    let panics = thread.expect("started").join().expect("panics are caught");
    assert!(panics.is_empty(), "these panic:\n{}", panics.join("\n"));
}
