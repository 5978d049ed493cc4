//! `.env` and `.env.local`: `NAME=value` lines, the project's secrets.

use super::Project;
use anyhow::Result;
use sanderling_core::diagnostic::Diagnostic;
use sanderling_core::template::Secrets;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

pub(super) struct Definition {
    name: String,
    file: String,
    span: Range<usize>,
}

impl Project {
    /// Later files win.
    pub(super) fn read_secrets(&mut self, directory: &Path) -> Result<()> {
        for name in [".env", ".env.local"] {
            let Some(file) = self.other(&directory.join(name))? else { continue };
            let secrets = self.secrets.get_or_insert_with(Secrets::default);
            for (name, value, span) in definitions(&file.text) {
                secrets.0.insert(name.clone(), value);
                self.defined.push(Definition { name, file: file.path.clone(), span });
            }
        }
        Ok(())
    }
}

/// Name, value and the name's place of each line.
pub(super) fn definitions(text: &str) -> Vec<(String, String, Range<usize>)> {
    let mut out = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim_end();
        let definition = line.trim_start().strip_prefix("export ").unwrap_or(line.trim_start());
        let Some((name, value)) = definition.split_once('=') else { continue };
        let name = name.trim();
        if name.is_empty() || name.starts_with('#') {
            continue;
        }
        let place = start + line.find(name).unwrap_or_default();
        out.push((name.to_owned(), unquoted(value.trim()).to_owned(), place..place + name.len()));
    }
    out
}

/// Without quotes around it, or without the comment behind it.
fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return rest.split(quote).next().unwrap_or(rest);
        }
    }
    value.split(" #").next().unwrap_or(value).trim()
}

/// Secrets that nothing uses: left over, or misspelt.
pub(super) fn unused(defined: &[Definition], used: &BTreeSet<String>) -> Vec<Diagnostic> {
    let unused = defined.iter().filter(|definition| !used.contains(&definition.name));
    let warning = |definition: &Definition| {
        let message = format!("no datafile uses the secret {:?}", definition.name);
        Diagnostic::warning("P0111", &definition.file, definition.span.clone(), message)
    };
    unused.map(warning).collect()
}
