//! `docs/sql.md`: every function, written from the table itself.

use super::{aggregate, table, window};
use std::fmt::Write;

const HEAD: &str = "# SQL functions

Written from the function table by `core/src/function/reference.rs`; each example is run as a test, and answers as
ClickHouse does. To write it anew: `UPDATE=1 cargo test -p sanderling-core reference`.

Names are those of ClickHouse. A function that is marked *any case* is found however it is spelled. Unless its
description says otherwise, a function of NULL is NULL, and an aggregate function leaves rows with NULL out.
";

const AGGREGATES: &str = "
## Aggregate functions

In the examples, `x` is a column of 1, 2, 3 and 4. The suffix `If` takes a condition as one more argument
(`sumIf(x, x > 2)`), and the suffix `Distinct` leaves out repeated values; suffixes can be combined.
";

const WINDOWS: &str = "
## Window functions

Every aggregate function can stand over a window, and so can these. In the examples, `x` is a column of 1, 2, 2 and
3, and the window is `OVER (ORDER BY x)`; the values are those of its four rows.
";

/// The text of `docs/sql.md`.
pub fn reference() -> String {
    let mut out = HEAD.to_owned();
    for (title, family) in table::FAMILIES {
        let _ = write!(out, "\n## {title}\n");
        let mut functions: Vec<_> = family.iter().flat_map(|file| file.iter()).collect();
        functions.sort_by_key(|function| function.name.to_ascii_lowercase());
        for function in functions {
            Entry {
                name: function.name,
                aliases: function.aliases,
                case_insensitive: function.case_insensitive,
                syntax: function.syntax,
                summary: function.summary,
                examples: function.examples,
            }
            .write(&mut out);
        }
    }
    out.push_str(AGGREGATES);
    let mut aggregates: Vec<_> = aggregate::aggregates().collect();
    aggregates.sort_by_key(|aggregate| aggregate.name.to_ascii_lowercase());
    for aggregate in aggregates {
        Entry {
            name: aggregate.name,
            aliases: aggregate.aliases,
            case_insensitive: aggregate.case_insensitive,
            syntax: aggregate.syntax,
            summary: aggregate.summary,
            examples: aggregate.examples,
        }
        .write(&mut out);
    }
    out.push_str(WINDOWS);
    for function in window::WINDOW_FUNCTIONS {
        Entry {
            name: function.name,
            aliases: function.aliases,
            case_insensitive: function.case_insensitive,
            syntax: function.syntax,
            summary: function.summary,
            examples: function.examples,
        }
        .write(&mut out);
    }
    out
}

struct Entry {
    name: &'static str,
    aliases: &'static [&'static str],
    case_insensitive: bool,
    syntax: &'static str,
    summary: &'static str,
    examples: &'static [(&'static str, &'static str)],
}

impl Entry {
    fn write(&self, out: &mut String) {
        let _ = write!(out, "\n### {}\n\n`{}`\n\n{}", self.name, self.syntax, self.summary);
        if !self.aliases.is_empty() {
            let aliases: Vec<String> = self.aliases.iter().map(|alias| format!("`{alias}`")).collect();
            let _ = write!(out, " Also called {}.", aliases.join(", "));
        }
        if self.case_insensitive {
            out.push_str(" *(any case)*");
        }
        out.push_str("\n\n```sql\n");
        for (expression, value) in self.examples {
            let _ = writeln!(out, "{expression}  -- {value}");
        }
        out.push_str("```\n");
    }
}
