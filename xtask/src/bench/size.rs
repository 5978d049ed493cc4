//! What a WASM module is made of: bytes of code by crate, from its name section.

use anyhow::Context;
use std::collections::BTreeMap;
use std::io::Write;
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

/// As it is sent: raw, and packed as hard as the packers can.
pub struct Sizes {
    pub raw: u64,
    pub gzip: u64,
    pub brotli: u64,
}

pub fn sizes(module: &[u8]) -> anyhow::Result<Sizes> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(module)?;
    let mut brotli = Vec::new();
    let settings = brotli::enc::BrotliEncoderParams { quality: 9, lgwin: 24, ..Default::default() };
    brotli::BrotliCompress(&mut &*module, &mut brotli, &settings)?;
    Ok(Sizes { raw: module.len() as u64, gzip: gzip.finish()?.len() as u64, brotli: brotli.len() as u64 })
}

/// Bytes of functions by crate, largest first, and of data as `(data)`.
pub fn by_crate(module: &[u8]) -> anyhow::Result<Vec<(String, u64)>> {
    let mut imported = 0;
    let mut bodies = Vec::new();
    let mut names = BTreeMap::new();
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload.context("not a WASM module")? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.range().len() as u64),
            Payload::DataSection(data) => *sums.entry("(data)".to_owned()).or_default() += data.range().len() as u64,
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(sections) = section.as_known() {
                    for section in sections {
                        let Name::Function(functions) = section? else { continue };
                        for function in functions {
                            let function = function?;
                            names.insert(function.index, function.name);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    for (index, bytes) in (imported..).zip(bodies) {
        // as the linker has them: rustc's mangled names
        let name = names.get(&index).map(|name| format!("{:#}", rustc_demangle::demangle(name)));
        let owner = name.as_deref().map_or("(no name)", owner);
        *sums.entry(owner.to_owned()).or_default() += bytes;
    }
    let mut sums: Vec<(String, u64)> = sums.into_iter().collect();
    sums.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    Ok(sums)
}

/// The crate a function is there for: the first one in its name that is not of the standard library,
/// as `core::ptr::drop_in_place<datafusion::x::Y>` is DataFusion's.
fn owner(name: &str) -> &str {
    let mut standard = None;
    let mut start = 0;
    while let Some(at) = name[start..].find("::").map(|at| start + at) {
        let begin = name[..at].rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |before| before + 1);
        let word = &name[begin..at];
        let is_first = !name[..begin].ends_with("::");
        if is_first && word.starts_with(|c: char| c.is_ascii_lowercase() || c == '_') {
            match word {
                "core" | "alloc" | "std" => standard = Some("std"),
                "hashbrown" | "compiler_builtins" => standard = standard.or(Some(word)),
                _ => return word,
            }
        }
        start = at + 2;
    }
    standard.unwrap_or("(other)")
}

#[cfg(test)]
mod tests;
