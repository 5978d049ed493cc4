//! `cargo xtask fuzz`: the fuzz tests with as many inputs as one has time for. Without it they run with a
//! few thousand, as part of the tests.

use crate::step;

#[derive(clap::Args)]
pub struct Options {
    /// What is fed: templates, datafiles
    #[arg(value_parser = ["templates", "datafiles"])]
    what: String,
    /// How many inputs
    #[arg(long, default_value_t = 1_000_000)]
    inputs: u64,
    /// Where the random numbers start; another seed makes other inputs
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut cargo = step::cargo();
    cargo.args(["test", "--release", "--workspace", "--exclude", "sanderling-edge", "--test", "it", "--"]);
    cargo.args([&format!("fuzz::{}::", options.what), "--nocapture"]);
    cargo.env("FUZZ_INPUTS", options.inputs.to_string()).env("FUZZ_SEED", options.seed.to_string());
    step::run(&format!("{} inputs", options.inputs), &mut cargo)
}
