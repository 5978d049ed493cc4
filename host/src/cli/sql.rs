//! `sanderling sql "SELECT 1"`.

use super::client::Client;
use anyhow::Result;

#[derive(clap::Args)]
pub(super) struct Args {
    /// One SELECT; add FORMAT to choose how it is printed
    sql: String,
    #[command(flatten)]
    client: Client,
}

#[expect(clippy::print_stdout, reason = "the command's output")]
pub(super) async fn run(args: Args) -> Result<()> {
    let answer = args.client.post("/v0/sql", "text/plain", args.sql.into_bytes()).await?;
    print!("{}", answer.success()?);
    Ok(())
}
