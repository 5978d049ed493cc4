//! The commands, one file each.

mod check;
mod client;
mod deploy;
mod local;
mod render;
mod serve;
mod sql;
mod token;

use crate::config;
use anyhow::{Result, anyhow};
use clap::{Parser, Subcommand};
use sanderling_core::limits::QUERY_STACK_BYTES;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// The whole program: arguments → command. An error is one line, and exit code 1.
pub fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("SANDERLING_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_writer(std::io::stderr).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().thread_stack_size(QUERY_STACK_BYTES).enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(Cli::parse().run()),
        Err(error) => Err(anyhow!("the runtime does not start: {error}")),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Real-time analytics backend: events in, SQL endpoints out.
#[derive(Parser)]
#[command(name = "sanderling", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the host
    Serve(config::Raw),
    /// Say what is wrong with the datafiles of a directory, without a host
    Check(check::Args),
    /// Send the datafiles of a directory to a host
    Deploy(deploy::Args),
    /// Create and show tokens
    Token(token::Args),
    /// Run SQL on a host and print the answer
    Sql(sql::Args),
    /// Run SQL without a host: over files, or tables in memory or in a directory
    Local(local::Args),
    /// Print the SQL that a request to a pipe would run
    Render(render::Args),
}

impl Cli {
    pub async fn run(self) -> Result<ExitCode> {
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        config::check_environment(names).map_err(|message| anyhow!(message))?;
        match self.command {
            Command::Serve(raw) => serve::run(raw).await?,
            Command::Check(args) => return Ok(check::run(&args)),
            Command::Deploy(args) => deploy::run(args).await?,
            Command::Token(args) => token::run(args).await?,
            Command::Sql(args) => sql::run(args).await?,
            Command::Local(args) => return local::run(args),
            Command::Render(args) => render::run(args)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
