//! What files refer to by name besides data sources and pipes: connections and secrets.

use super::Project;
use crate::datafile::SecretUse;
use crate::diagnostic::{Diagnostic, nearest};

impl Project<'_> {
    /// Connections are there, and of the TYPE that is needed.
    pub(super) fn check_connections(&mut self) {
        for connecting in &self.connectors {
            let name = &connecting.connection;
            let error = |message| Diagnostic::error("P0109", &connecting.file, connecting.span.clone(), message);
            if name.is_empty() || self.broken_connections.contains(name) {
                continue;
            }
            let kinds = connecting.kinds.join(" or ");
            match self.catalog.connections.get(name) {
                Some(known) if connecting.kinds.contains(&known.kind.name()) => {}
                Some(known) => {
                    let message = format!("connection {name:?} is of TYPE {}, not {kinds}", known.kind.name());
                    self.diagnostics.push(error(message));
                }
                None => {
                    let near = nearest(name, self.catalog.connections.keys().map(String::as_str));
                    let hint = near.map_or_else(
                        || format!("write a file {name}.connection of TYPE {kinds}"),
                        |near| format!("did you mean {near:?}?"),
                    );
                    let message = format!("unknown connection {name:?}");
                    self.diagnostics.push(error(message).with_hint(hint));
                }
            }
        }
    }

    /// Secrets are defined, if it is known which ones are.
    pub(super) fn check_secrets(&mut self) {
        let Some(secrets) = &self.given.secrets else { return };
        for (file, secret) in &self.secrets {
            if !secret.has_default && !secrets.0.contains_key(&secret.name) {
                let near = nearest(&secret.name, secrets.0.keys().map(String::as_str));
                let hint = near.map(|near| format!("did you mean {near:?}?"));
                let message = format!("Cannot access secret '{}': it is not defined", secret.name);
                let diagnostic = Diagnostic::error("P0110", file, secret.span.clone(), message);
                self.diagnostics.push(Diagnostic { hint, ..diagnostic });
            }
        }
    }
}

/// The secrets that a node's template names as text; `offset` is where it starts in the file.
pub(super) fn secrets_of(template: &str, offset: usize) -> Vec<SecretUse> {
    let mut out = Vec::new();
    if !template.starts_with('%') {
        return out;
    }
    for function in ["tb_secret", "tb_var"] {
        for (at, _) in template.match_indices(function) {
            let after = template[at + function.len()..].trim_start();
            let Some(argument) = after.strip_prefix('(').map(str::trim_start) else { continue };
            let Some(quote) = argument.chars().next().filter(|c| matches!(c, '"' | '\'')) else { continue };
            let Some((name, rest)) = argument[1..].split_once(quote) else { continue };
            let start = offset + (template.len() - argument.len()) + 1;
            let has_default = rest.trim_start().starts_with(',');
            out.push(SecretUse { name: name.to_owned(), has_default, span: start..start + name.len() });
        }
    }
    out
}
