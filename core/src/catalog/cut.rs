//! How a pipe is stored: its text without the SQL of its nodes, which their templates have already.

use super::{Node, Pipe};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Stored {
    id: String,
    name: String,
    description: String,
    nodes: Vec<Node>,
    endpoint: Option<usize>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    file: String,
    text: String,
    /// Node and byte of `text` where its SQL was, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cuts: Vec<(usize, usize)>,
}

impl From<Pipe> for Stored {
    fn from(pipe: Pipe) -> Stored {
        let Pipe { id, name, description, nodes, endpoint, tags, file, text: whole } = pipe;
        let (mut text, mut cuts) = (String::new(), Vec::new());
        let mut rest = whole.as_str();
        for (index, node) in nodes.iter().enumerate() {
            let sql = node.template.text();
            // lines of comment are not in the template
            let Some((before, after)) = rest.split_once(sql).filter(|_| !sql.is_empty()) else { continue };
            text.push_str(before);
            cuts.push((index, text.len()));
            rest = after;
        }
        text.push_str(rest);
        Stored { id, name, description, nodes, endpoint, tags, file, text, cuts }
    }
}

impl From<Stored> for Pipe {
    fn from(stored: Stored) -> Pipe {
        let Stored { id, name, description, nodes, endpoint, tags, file, text: kept, cuts } = stored;
        let mut text = String::new();
        let mut from = 0;
        for (index, at) in cuts {
            let before = kept.get(from..at).unwrap_or_default();
            text.push_str(before);
            text.push_str(nodes.get(index).map_or("", |node| node.template.text()));
            from = at;
        }
        text.push_str(kept.get(from..).unwrap_or_default());
        Pipe { id, name, description, nodes, endpoint, tags, file, text }
    }
}

#[cfg(test)]
mod tests;
