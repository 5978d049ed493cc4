//! The commands, one file each.

mod client;
mod deploy;
mod serve;
mod sql;
mod token;

use crate::config;
use anyhow::{Result, anyhow};
use clap::{Parser, Subcommand};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// The whole program: arguments → command. An error is one line, and exit code 1.
#[tokio::main]
pub async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("SANDERLING_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_writer(std::io::stderr).init();
    match Cli::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
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
    /// Send the datafiles of a directory to a host
    Deploy(deploy::Args),
    /// Create and show tokens
    Token(token::Args),
    /// Run SQL on a host and print the answer
    Sql(sql::Args),
}

impl Cli {
    pub async fn run(self) -> Result<()> {
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        config::check_environment(names).map_err(|message| anyhow!(message))?;
        match self.command {
            Command::Serve(raw) => serve::run(raw).await,
            Command::Deploy(args) => deploy::run(args).await,
            Command::Token(args) => token::run(args).await,
            Command::Sql(args) => sql::run(args).await,
        }
    }
}
