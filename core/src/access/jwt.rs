//! JSON Web Tokens, HS256 only.
//!
//! The key decides the algorithm: a header that names another is refused, one that names none is
//! not missed. Claims are read strictly (a claim given twice, a wrong type or an unknown scope
//! refuses the token), because a lenient reader may see other rights than the issuer meant.

use super::{Keys, invalid, token};
use crate::catalog::Scope;
use crate::error::Result;
use crate::limits::CLOCK_SKEW_S_MAX;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a verified token says.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    pub workspace_id: String,
    pub name: String,
    /// Unix time.
    pub expires_s: i64,
    /// `PipeRead` and `DataSourceRead` only.
    pub scopes: Vec<Scope>,
    pub requests_per_s: Option<f64>,
}

/// Signs `claims` with `secret`, which is the workspace's admin token, or the key called `kid`.
pub fn mint(claims: &Claims, secret: &str, kid: Option<&str>) -> String {
    let header =
        Header { alg: Some("HS256".to_owned()), typ: Some("JWT".to_owned()), kid: kid.map(str::to_owned), crit: None };
    let payload = Payload {
        workspace_id: Some(claims.workspace_id.clone()),
        name: Some(claims.name.clone()),
        exp: Some(claims.expires_s as f64),
        nbf: None,
        scopes: Some(claims.scopes.iter().filter_map(written).collect()),
        limits: claims.requests_per_s.map(|rps| Limits { rps: Some(rps) }),
    };
    let encode = |json: Vec<u8>| URL_SAFE_NO_PAD.encode(json);
    let header = encode(serde_json::to_vec(&header).expect("strings are JSON"));
    let payload = encode(serde_json::to_vec(&payload).expect("plain data is JSON"));
    let signature = token::sign(format!("{header}.{payload}").as_bytes(), secret.as_bytes());
    format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Nothing of the payload is looked at before the signature holds.
pub(super) fn verify(text: &str, keys: &Keys, now_s: i64) -> Result<Claims> {
    let (signed, signature) = text.rsplit_once('.').ok_or_else(not_a_token)?;
    let (header, payload) = signed.split_once('.').ok_or_else(not_a_token)?;
    let header: Header = decode(header, "header")?;
    if let Some(alg) = header.alg.as_deref().filter(|alg| *alg != "HS256") {
        return Err(invalid(format!("it is signed with {alg:?}; only HS256 is accepted")));
    }
    if header.crit.is_some() {
        return Err(invalid("its header demands extensions (\"crit\") that are not known"));
    }
    let secret = match &header.kid {
        Some(kid) => keys.by_id.get(kid),
        None => keys.admin_token.as_ref(),
    };
    let secret = secret.filter(|secret| !secret.is_empty()).ok_or_else(|| invalid("its key is not known"))?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| invalid("its signature is not base64url"))?;
    token::hmac(signed.as_bytes(), secret.as_bytes())
        .verify_slice(&signature)
        .map_err(|_| invalid("its signature does not match; it was signed with another key, or changed"))?;
    check(decode(payload, "payload")?, now_s)
}

fn not_a_token() -> crate::Error {
    invalid("it is neither one of the workspace's tokens nor a JWT")
}

fn decode<'a, T: Deserialize<'a>>(part: &str, name: &str) -> Result<T> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| invalid(format!("its {name} is not base64url")))?;
    // Through `DeserializeOwned` the borrow of `json` would be fine too; a `Value` in between would
    // hide claims that are given twice.
    let mut reader = serde_json::Deserializer::from_reader(json.as_slice());
    let value = T::deserialize(&mut reader).map_err(|error| invalid(format!("its {name} cannot be read: {error}")))?;
    reader.end().map_err(|_| invalid(format!("its {name} has text after the JSON")))?;
    Ok(value)
}

#[derive(Serialize, Deserialize)]
struct Header {
    #[serde(skip_serializing_if = "Option::is_none")]
    alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    typ: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crit: Option<Value>,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    workspace_id: Option<String>,
    name: Option<String>,
    /// RFC 7519 lets times have fractions.
    #[serde(serialize_with = "whole_seconds")]
    exp: Option<f64>,
    #[serde(skip_serializing)]
    nbf: Option<f64>,
    scopes: Option<Vec<WrittenScope>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<Limits>,
}

#[derive(Serialize, Deserialize)]
struct Limits {
    rps: Option<f64>,
}

#[derive(Serialize, Deserialize)]
struct WrittenScope {
    #[serde(rename = "type")]
    kind: String,
    resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed_params: Option<BTreeMap<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
}

fn whole_seconds<S: serde::Serializer>(exp: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(exp.unwrap_or_default() as i64)
}

fn check(payload: Payload, now_s: i64) -> Result<Claims> {
    let missing = |claim: &str| invalid(format!("the claim {claim:?} is missing"));
    let expires = payload.exp.ok_or_else(|| missing("exp"))?;
    // A time too far away for i64 saturates, which keeps its meaning.
    if (expires as i64).saturating_add(CLOCK_SKEW_S_MAX) <= now_s {
        return Err(invalid(format!("it expired {} s ago", now_s.saturating_sub(expires as i64))));
    }
    if let Some(from) = payload.nbf.filter(|from| (*from as i64).saturating_sub(CLOCK_SKEW_S_MAX) > now_s) {
        return Err(invalid(format!("it is not valid for another {} s", (from as i64).saturating_sub(now_s))));
    }
    let scopes = payload.scopes.ok_or_else(|| missing("scopes"))?;
    Ok(Claims {
        workspace_id: payload.workspace_id.ok_or_else(|| missing("workspace_id"))?,
        name: payload.name.ok_or_else(|| missing("name"))?,
        expires_s: expires as i64,
        scopes: scopes.into_iter().map(read_scope).collect::<Result<_>>()?,
        requests_per_s: payload.limits.and_then(|limits| limits.rps).filter(|rps| *rps > 0.0),
    })
}

fn read_scope(scope: WrittenScope) -> Result<Scope> {
    let name = scope.resource.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| invalid(format!("a scope {:?} names no resource", scope.kind)))?;
    match scope.kind.as_str() {
        "PIPES:READ" => {
            let params = scope.fixed_params.unwrap_or_default();
            let fixed_params = params
                .into_iter()
                .map(|(param, value)| {
                    let text = param_text(&value);
                    let text = text.ok_or_else(|| invalid(format!("it fixes the parameter {param:?} to {value}")))?;
                    Ok((param, text))
                })
                .collect::<Result<_>>()?;
            Ok(Scope::PipeRead { name, fixed_params, filter: scope.filter })
        }
        "DATASOURCES:READ" if scope.fixed_params.is_none_or(|params| params.is_empty()) => {
            Ok(Scope::DataSourceRead { name, filter: scope.filter })
        }
        "DATASOURCES:READ" => Err(invalid("fixed_params belong to PIPES:READ, not to DATASOURCES:READ")),
        other => {
            Err(invalid(format!("a JWT cannot have the scope {other:?}; it can have PIPES:READ and DATASOURCES:READ")))
        }
    }
}

/// A fixed value as a query string would bring it. `null` is refused: it would leave the parameter
/// open to the caller.
fn param_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => items.iter().map(param_text).collect::<Option<Vec<_>>>().map(|items| items.join(",")),
        other => Some(other.to_string()),
    }
}

fn written(scope: &Scope) -> Option<WrittenScope> {
    match scope {
        Scope::PipeRead { name, fixed_params, filter } => Some(WrittenScope {
            kind: "PIPES:READ".to_owned(),
            resource: Some(name.clone()),
            fixed_params: (!fixed_params.is_empty())
                .then(|| fixed_params.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect()),
            filter: filter.clone(),
        }),
        Scope::DataSourceRead { name, filter } => Some(WrittenScope {
            kind: "DATASOURCES:READ".to_owned(),
            resource: Some(name.clone()),
            fixed_params: None,
            filter: filter.clone(),
        }),
        _ => None,
    }
}
