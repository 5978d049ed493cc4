//! How commands talk to a host.

use crate::secrets::Secrets;
use anyhow::{Context, Result, anyhow, bail};
use std::path::PathBuf;

#[derive(clap::Args, Clone, Debug)]
pub(super) struct Client {
    /// The host
    #[arg(long, env = "SANDERLING_HOST", default_value = "http://127.0.0.1:7181")]
    pub(super) host: String,
    /// A token of the workspace; without one, the admin token in the data directory
    #[arg(long, env = "SANDERLING_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The host's data directory, to find the admin token
    #[arg(long, env = "SANDERLING_DATA", default_value = "./sanderling-data")]
    data: PathBuf,
}

impl Client {
    pub(super) fn token(&self) -> Result<String> {
        if let Some(token) = &self.token {
            return Ok(token.clone());
        }
        let secrets = Secrets::read(&self.data)?.ok_or_else(|| {
            let path = Secrets::path(&self.data);
            anyhow!(
                "no token: {} does not exist; say --token, or --data with the host's data directory",
                path.display()
            )
        })?;
        Ok(secrets.admin_token)
    }

    pub(super) async fn get(&self, path: &str) -> Result<Answer> {
        self.send(reqwest::Client::new().get(self.url(path))).await
    }

    pub(super) async fn post(&self, path: &str, content_type: &str, body: Vec<u8>) -> Result<Answer> {
        let request = reqwest::Client::new().post(self.url(path)).header("content-type", content_type).body(body);
        self.send(request).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.host.trim_end_matches('/'))
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer> {
        let request = request.bearer_auth(self.token()?);
        let response =
            request.send().await.with_context(|| format!("cannot reach {}; is the host running?", self.host))?;
        let status = response.status().as_u16();
        let body = response.text().await.with_context(|| format!("{} broke off its answer", self.host))?;
        Ok(Answer { status, body })
    }
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Answer {
    /// The body, if the request succeeded; else what the host says about it.
    pub(super) fn success(self) -> Result<String> {
        if (200..300).contains(&self.status) {
            return Ok(self.body);
        }
        let json: Option<serde_json::Value> = serde_json::from_str(&self.body).ok();
        match json.as_ref().and_then(|json| json["error"].as_str()) {
            Some(error) => bail!("{error}"),
            None => bail!("the host answered {}: {}", self.status, self.body.trim()),
        }
    }
}
