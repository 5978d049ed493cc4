//! `cargo xtask bench`: the numbers of `docs/performance.md`.

pub mod chdb;
pub mod cold;
pub mod edge;
pub mod ingest;
pub mod size;
pub mod table;

#[derive(clap::Subcommand, Clone, Debug)]
pub enum Bench {
    /// Size, start and answers of the edge worker
    Edge(edge::Options),
    /// Events that a host acknowledges in a second
    Ingest(ingest::Options),
}

pub fn run(bench: &Bench) -> anyhow::Result<()> {
    crate::stop::listen()?;
    match bench {
        Bench::Edge(options) => edge::run(options),
        Bench::Ingest(options) => ingest::run(options),
    }
}
