//! `sanderling token`: JWTs are signed here, without asking the host.

use super::client::Client;
use crate::clock::{self, Clock};
use anyhow::{Context, Result, anyhow, bail};
use clap::Subcommand;
use sanderling_core::access::jwt::{self, Claims};
use sanderling_core::access::token;
use sanderling_core::catalog::Scope;
use std::collections::BTreeMap;

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Sign a JWT that reads some endpoints or data sources, for a time
    Create(Create),
    /// Show the static tokens of the workspace, without their texts
    List(Client),
    /// Print the admin token of the host's data directory
    Show(Client),
}

#[derive(clap::Args)]
struct Create {
    /// A JSON Web Token, the kind for pages and apps (the only kind made here)
    #[arg(long, required = true)]
    jwt: bool,
    /// For logs and limits
    #[arg(long)]
    name: String,
    /// An endpoint it may call
    #[arg(long = "pipe", value_name = "PIPE")]
    pipes: Vec<String>,
    /// PIPE.PARAM=VALUE: the caller cannot override it
    #[arg(long = "fixed", value_name = "PIPE.PARAM=VALUE")]
    fixed: Vec<String>,
    /// A data source it may read, with the rows that it sees: NAME or NAME:SQL
    #[arg(long = "datasource", value_name = "NAME[:FILTER]")]
    data_sources: Vec<String>,
    /// Seconds until it expires
    #[arg(long, default_value_t = 3600)]
    ttl: u32,
    /// Requests each second
    #[arg(long)]
    rps: Option<f64>,
    #[command(flatten)]
    client: Client,
}

#[expect(clippy::print_stdout, reason = "the command's output")]
pub(super) async fn run(args: Args) -> Result<()> {
    match args.command {
        Command::Create(create) => println!("{}", create.sign(clock::System.now_ns().div_euclid(1_000_000_000))?),
        Command::Show(client) => println!("{}", client.token()?),
        Command::List(client) => {
            let body = client.get("/v0/tokens").await?.success()?;
            let json: serde_json::Value = serde_json::from_str(&body).context("the host's answer is not JSON")?;
            for token in json["tokens"].as_array().into_iter().flatten() {
                let scopes = token["scopes"].as_array().into_iter().flatten().map(scope_text);
                let name = token["name"].as_str().unwrap_or("?");
                println!("{name}: {}", scopes.collect::<Vec<_>>().join(", "));
            }
        }
    }
    Ok(())
}

fn scope_text(scope: &serde_json::Value) -> String {
    let kind = scope["type"].as_str().unwrap_or("?");
    scope["resource"].as_str().map_or_else(|| kind.to_owned(), |resource| format!("{kind}:{resource}"))
}

impl Create {
    fn sign(&self, now_s: i64) -> Result<String> {
        let admin_token = self.client.token()?;
        let payload = token::parse(&admin_token);
        let payload = payload.ok_or_else(|| anyhow!("the admin token does not look like p.<payload>.<signature>"))?;
        let claims = Claims {
            workspace_id: payload.owner,
            name: self.name.clone(),
            expires_s: now_s + i64::from(self.ttl),
            scopes: self.scopes()?,
            requests_per_s: self.rps,
        };
        Ok(jwt::mint(&claims, &admin_token, None))
    }

    fn scopes(&self) -> Result<Vec<Scope>> {
        let mut fixed: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
        for text in &self.fixed {
            let parts = text.split_once('=').and_then(|(place, value)| Some((place.rsplit_once('.')?, value)));
            let ((pipe, param), value) = parts.ok_or_else(|| anyhow!("--fixed {text:?} is not PIPE.PARAM=VALUE"))?;
            if !self.pipes.iter().any(|known| known == pipe) {
                bail!("--fixed {text:?} is for the pipe {pipe:?}, which no --pipe names");
            }
            fixed.entry(pipe).or_default().insert(param.to_owned(), value.to_owned());
        }
        let pipes = self.pipes.iter().map(|pipe| Scope::PipeRead {
            name: pipe.clone(),
            fixed_params: fixed.remove(pipe.as_str()).unwrap_or_default(),
            filter: None,
        });
        let mut scopes: Vec<Scope> = pipes.collect();
        scopes.extend(self.data_sources.iter().map(|text| match text.split_once(':') {
            None => Scope::DataSourceRead { name: text.clone(), filter: None },
            Some((name, filter)) => Scope::DataSourceRead { name: name.to_owned(), filter: Some(filter.to_owned()) },
        }));
        if scopes.is_empty() {
            bail!("the token would allow nothing: say --pipe or --datasource");
        }
        Ok(scopes)
    }
}
