//! Pipes that read each other in a circle: no query of them would end.

use super::Project;
use super::references::Reads;
use crate::diagnostic::Diagnostic;
use std::collections::BTreeSet;

impl Project<'_> {
    /// Walks from each pipe along what it reads; each circle is reported once, where it closes.
    pub(super) fn check_circles(&mut self, reads: &Reads) {
        let reads = &reads.pipes;
        let mut done: BTreeSet<&str> = BTreeSet::new();
        for start in reads.keys() {
            // (pipe, index of the next thing it reads)
            let mut path: Vec<(&str, usize)> = vec![(start, 0)];
            let mut on_path: BTreeSet<&str> = BTreeSet::from([start.as_str()]);
            while let Some((pipe, index)) = path.last_mut() {
                let pipe = *pipe;
                let next = if done.contains(pipe) { None } else { reads.get(pipe).and_then(|all| all.get(*index)) };
                *index += 1;
                let Some(read) = next else {
                    done.insert(pipe);
                    on_path.remove(pipe);
                    path.pop();
                    continue;
                };
                if on_path.insert(&read.target) {
                    path.push((&read.target, 0));
                    continue;
                }
                let position = path.iter().position(|(known, _)| *known == read.target).unwrap_or_default();
                let names = path[position..].iter().map(|(name, _)| *name).chain([read.target.as_str()]);
                let circle = names.collect::<Vec<_>>().join(" → ");
                let message = format!("pipes read each other in a circle: {circle}");
                self.diagnostics.push(Diagnostic::error("P0102", &read.file, read.span.clone(), message));
            }
        }
    }
}
