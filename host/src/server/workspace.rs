//! The workspace itself: its names, its tokens, and who may know them.

use super::Server;
use sanderling_core::access::{self, Grant};
use sanderling_core::api::{Request, Response};
use sanderling_core::catalog::{Catalog, Scope, StaticToken};
use sanderling_core::error::{Error, Result};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::Arc;

/// There are no accounts in a self-hosted workspace; clients want an address.
const USER_EMAIL: &str = "local@sanderling.invalid";

impl Server {
    pub(super) async fn admit(&self, request: &Request) -> Result<(Grant, Arc<Catalog>)> {
        let catalog = self.workspace.catalog().await?;
        let now_s = self.workspace.clock().now_ns().div_euclid(1_000_000_000);
        let grant = access::admit(request.token(), &catalog, self.workspace.keys(), now_s)?;
        Ok((grant, catalog))
    }

    /// As a local Tinybird: whoever is on this machine is the admin. A proxy's address is loopback
    /// too, so a request that was passed on does not count.
    pub(super) fn local_tokens(&self, request: &Request, peer: Option<IpAddr>) -> Response {
        let is_passed_on = request.header("forwarded").or(request.header("x-forwarded-for")).is_some();
        if is_passed_on || !peer.is_none_or(|peer| peer.to_canonical().is_loopback()) {
            return Error::denied("tokens are only given to clients on this machine").into();
        }
        // A page of another site may ask the browser to fetch this, but must not read it; nor may
        // one whose own name was made to point at this machine.
        if request.header("origin").is_some() || !request.header("host").is_none_or(names_this_machine) {
            return Error::denied("tokens are not given to web pages: ask http://localhost itself").into();
        }
        let secrets = self.workspace.secrets();
        Response::json(
            200,
            &json!({
                "user_token": secrets.user_token,
                "admin_token": secrets.admin_token,
                "workspace_admin_token": secrets.admin_token,
            }),
        )
    }

    pub(super) async fn tokens(&self, request: &Request) -> Response {
        let tokens = self.admit(request).await.and_then(|(grant, catalog)| {
            if !grant.may_manage_tokens {
                return Err(Error::denied(format!("the token {:?} has no scope TOKENS", grant.name)));
            }
            let tokens: Vec<Value> = catalog
                .tokens
                .iter()
                .map(|token| {
                    let scopes: Vec<Value> = token.scopes.iter().map(scope).collect();
                    let text = self.text_of(token);
                    json!({ "id": token.id, "name": token.name, "token": text, "scopes": scopes })
                })
                .collect();
            Ok(json!({ "tokens": tokens }))
        });
        tokens.map_or_else(Response::from, |body| Response::json(200, &body))
    }

    /// The texts that can be known: those in the secrets' file, and those made for datafiles.
    fn text_of(&self, token: &StaticToken) -> Option<String> {
        let secrets = self.workspace.secrets();
        let texts = [secrets.admin_token.clone(), secrets.user_token.clone(), self.token_text(&token.id)];
        texts.into_iter().find(|text| access::token::digest(text) == token.digest)
    }

    pub(super) async fn workspace(&self, request: &Request) -> Response {
        let body = self.admit(request).await.map(|(_, catalog)| {
            json!({
                "id": catalog.workspace_id,
                "name": catalog.workspace_name,
                "user_id": catalog.workspace_id,
                "user_email": USER_EMAIL,
                "scope": "ADMIN",
                "main": null,
            })
        });
        body.map_or_else(Response::from, |body| Response::json(200, &body))
    }

    pub(super) async fn user_workspaces(&self, request: &Request) -> Response {
        let body = self.admit(request).await.map(|(grant, catalog)| {
            let token = grant.is_admin.then(|| self.workspace.secrets().admin_token.clone());
            json!({
                "id": catalog.workspace_id,
                "organization_id": catalog.workspace_id,
                "organization_name": catalog.workspace_name,
                "workspaces": [{
                    "id": catalog.workspace_id,
                    "name": catalog.workspace_name,
                    "token": token,
                    "role": "admin",
                    "plan": "self-hosted",
                    "main": null,
                    "is_branch": false,
                    "owner": catalog.workspace_id,
                    "members": [],
                }],
            })
        });
        body.map_or_else(Response::from, |body| Response::json(200, &body))
    }
}

/// Whether a `Host` header is `localhost` or a loopback address, with or without a port.
fn names_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => host.split(':').next().unwrap_or(host),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// A scope as clients read it.
fn scope(scope: &Scope) -> Value {
    let kind = |kind: &str| json!({ "type": kind });
    match scope {
        Scope::Admin => kind("ADMIN"),
        Scope::Tokens => kind("TOKENS"),
        Scope::Deploy => kind("DEPLOY"),
        Scope::ReadAll => kind("WORKSPACE:READ_ALL"),
        Scope::DataSourceRead { name, filter } => {
            json!({ "type": "DATASOURCES:READ", "resource": name, "filter": filter.as_deref().unwrap_or("") })
        }
        Scope::DataSourceAppend { name } => json!({ "type": "DATASOURCES:APPEND", "resource": name }),
        Scope::PipeRead { name, fixed_params, filter } => {
            let filter = filter.as_deref().unwrap_or("");
            json!({ "type": "PIPES:READ", "resource": name, "fixed_params": fixed_params, "filter": filter })
        }
    }
}

#[cfg(test)]
mod tests;
