//! `cargo xtask <command>`: everything a developer does.

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use xtask::{bench, fuzz, record, setup, test, up, wasm};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Everything a developer does", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what a fresh machine lacks: the wasm32 standard library, workerd and a store that speaks S3
    Setup,
    /// Run a host and an edge worker over the example, with data to query
    Up(up::Options),
    /// Run every check there is
    Test {
        /// Run only the Rust tests, and pass this on to `cargo test`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Build the edge worker
    Wasm(wasm::Options),
    /// Measure
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Ask reference programs again what the tests compare with
    #[command(subcommand)]
    Record(record::Record),
    /// Feed random inputs, as many as one has time for
    Fuzz(fuzz::Options),
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Setup => setup::all(),
        Command::Up(options) => up::run(&options),
        Command::Test { arguments } => test::all(&arguments),
        Command::Wasm(options) => wasm::build(&options).map(drop),
        Command::Bench(bench) => bench::run(&bench),
        Command::Record(record) => record::run(&record),
        Command::Fuzz(options) => fuzz::run(&options),
    }
}
