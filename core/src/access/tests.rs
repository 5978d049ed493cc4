use super::jwt::Claims;
use super::*;
use crate::catalog::StaticToken;
use crate::error::Kind;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

const NOW: i64 = 1_750_000_000;
const SECRET: &str = "p.admin.secret";

fn catalog() -> Catalog {
    let mut catalog = Catalog::empty("w1", "test");
    let token = |text: &str, scopes| StaticToken {
        id: text.to_owned(),
        name: format!("{text} token"),
        digest: token::digest(text),
        scopes,
    };
    catalog.tokens = vec![
        token(SECRET, vec![Scope::Admin]),
        token("p.append", vec![Scope::DataSourceAppend { name: "events".to_owned() }]),
        token("p.none", vec![]),
    ];
    catalog
}

fn signed(header: serde_json::Value, payload: &str, secret: &str) -> String {
    let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
    let signed = format!("{}.{}", encode(header.to_string()), encode(payload.to_owned()));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(token::sign(signed.as_bytes(), secret.as_bytes())))
}

fn payload() -> serde_json::Value {
    json!({"workspace_id": "w1", "name": "web", "exp": NOW + 60,
           "scopes": [{"type": "PIPES:READ", "resource": "top", "fixed_params": {"tenant": "a", "n": 5, "l": [1, "x"]}}]})
}

fn try_token(text: &str) -> Result<Grant, String> {
    admit(Some(text), &catalog(), &Keys::new(SECRET), NOW).map_err(|error| {
        assert_eq!(error.kind, Kind::Denied);
        error.message
    })
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let message = try_token(text).expect_err("the token is refused");
    assert!(message.contains(expected), "{message}");
}

fn with(change: impl FnOnce(&mut serde_json::Value)) -> String {
    let mut payload = payload();
    change(&mut payload);
    signed(json!({"alg": "HS256", "typ": "JWT"}), &payload.to_string(), SECRET)
}

#[test]
fn a_good_jwt_grants_its_pipes() {
    let grant = try_token(&with(|_| ())).unwrap();
    assert_eq!(grant.name, "web");
    assert!(grant.may_call("top") && !grant.may_call("other"));
    assert!(!grant.is_admin && !grant.may_append("events") && !grant.visible.everything);
    let fixed = grant.fixed_params_of(Some("top")).unwrap();
    assert_eq!(fixed, BTreeMap::from([("tenant", "a"), ("n", "5"), ("l", "1,x")]));
}

#[test]
fn minted_tokens_verify() {
    let claims = Claims {
        workspace_id: "w1".to_owned(),
        name: "web".to_owned(),
        expires_s: NOW + 60,
        scopes: vec![
            Scope::PipeRead {
                name: "top".to_owned(),
                fixed_params: BTreeMap::from([("tenant".to_owned(), "a".to_owned())]),
                filter: None,
            },
            Scope::DataSourceRead { name: "events".to_owned(), filter: Some("tenant = 'a'".to_owned()) },
        ],
        requests_per_s: Some(2.5),
    };
    let keys =
        Keys { admin_token: Some(SECRET.to_owned()), by_id: BTreeMap::from([("k2".to_owned(), "s2".to_owned())]) };
    assert_eq!(jwt::verify(&jwt::mint(&claims, SECRET, None), &keys, NOW).unwrap(), claims);
    assert_eq!(jwt::verify(&jwt::mint(&claims, "s2", Some("k2")), &keys, NOW).unwrap(), claims);
    assert!(jwt::verify(&jwt::mint(&claims, SECRET, Some("k2")), &keys, NOW).is_err(), "the kid decides the key");
    assert!(jwt::verify(&jwt::mint(&claims, "s2", None), &keys, NOW).is_err());
    assert!(jwt::verify(&jwt::mint(&claims, SECRET, Some("k3")), &keys, NOW).is_err());
    assert!(jwt::verify(&jwt::mint(&claims, "", None), &Keys::new(""), NOW).is_err(), "an empty secret signs nothing");
    assert!(jwt::verify(&jwt::mint(&claims, "", None), &Keys::default(), NOW).is_err());
}

#[test]
fn the_key_decides_the_algorithm() {
    let text = payload().to_string();
    for alg in ["none", "None", "RS256", "HS512", "hs256", ""] {
        refused(&signed(json!({"alg": alg}), &text, SECRET), "only HS256 is accepted");
    }
    assert!(try_token(&signed(json!({}), &text, SECRET)).is_ok(), "clients may leave it out");
    refused(&signed(json!({"alg": "HS256", "crit": ["exp"]}), &text, SECRET), "crit");
    refused(&signed(json!({"alg": 5}), &text, SECRET), "header cannot be read");
}

#[test]
fn forged_tokens_are_refused() {
    let good = with(|_| ());
    let (signed_part, _) = good.rsplit_once('.').unwrap();
    refused(&format!("{signed_part}."), "signature does not match");
    refused(signed_part, "neither one of");
    refused(&format!("{good}A"), "invalid token");
    refused(&format!("{signed_part}.!!!"), "not base64url");
    refused(&signed(json!({"alg": "HS256"}), &payload().to_string(), "another"), "signature does not match");
    let (header, rest) = good.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let other = URL_SAFE_NO_PAD.encode(payload().to_string().replace("\"a\"", "\"b\""));
    refused(&format!("{header}.{other}.{signature}"), "signature does not match");
    refused(&format!("{header}=.{rest}"), "not base64url");
    refused("abc", "neither one of the workspace's tokens nor a JWT");
    refused("a.b.c.d", "invalid token");
    refused("..", "invalid token");
    refused(&"a".repeat(TOKEN_BYTES_MAX + 1), "more than");
}

#[test]
fn times_hold_with_some_leeway() {
    refused(&with(|p| p["exp"] = json!(NOW - 6)), "it expired 6 s ago");
    assert!(try_token(&with(|p| p["exp"] = json!(NOW - 4))).is_ok());
    assert!(try_token(&with(|p| p["exp"] = json!(NOW as f64 + 0.5))).is_ok());
    assert!(try_token(&with(|p| p["exp"] = json!(1e300))).is_ok());
    refused(&with(|p| p["exp"] = json!(-1e300)), "expired");
    refused(&with(|p| p["nbf"] = json!(NOW + 6)), "not valid for another 6 s");
    assert!(try_token(&with(|p| p["nbf"] = json!(NOW + 5))).is_ok());
    refused(&with(|p| drop(p.as_object_mut().unwrap().remove("exp"))), "\"exp\" is missing");
    refused(&with(|p| p["exp"] = json!("9999999999")), "payload cannot be read");
    refused(&with(|p| p["exp"] = json!(null)), "\"exp\" is missing");
}

#[test]
fn claims_are_read_strictly() {
    refused(&with(|p| p["workspace_id"] = json!("w2")), "for the workspace \"w2\"");
    for claim in ["workspace_id", "name", "scopes"] {
        refused(&with(|p| drop(p.as_object_mut().unwrap().remove(claim))), &format!("{claim:?} is missing"));
    }
    let twice = payload().to_string().replacen('{', r#"{"workspace_id":"w2","#, 1);
    refused(&signed(json!({"alg": "HS256"}), &twice, SECRET), "duplicate field");
    refused(&signed(json!({"alg": "HS256"}), &format!("{}{{}}", payload()), SECRET), "text after the JSON");
    refused(&signed(json!({"alg": "HS256"}), "[]", SECRET), "invalid token");
    let scope = |scope: serde_json::Value| with(|p| p["scopes"] = json!([scope]));
    refused(&scope(json!({"type": "ADMIN"})), "names no resource");
    refused(&scope(json!({"type": "ADMIN", "resource": "x"})), "cannot have the scope \"ADMIN\"");
    refused(&scope(json!({"type": "DATASOURCES:APPEND", "resource": "x"})), "cannot have the scope");
    refused(&scope(json!({"type": "PIPES:READ", "resource": "x", "fixed_params": {"a": null}})), "\"a\" to null");
    refused(&scope(json!({"type": "DATASOURCES:READ", "resource": "x", "fixed_params": {"a": 1}})), "fixed_params");
}

#[test]
fn filters_add_up() {
    let grant = try_token(&with(|p| {
        p["scopes"] = json!([
            {"type": "DATASOURCES:READ", "resource": "events", "filter": "tenant = 'a'"},
            {"type": "DATASOURCES:READ", "resource": "events", "filter": "country = 'es'"},
            {"type": "DATASOURCES:READ", "resource": "events"},
            {"type": "DATASOURCES:READ", "resource": "open", "filter": " "},
        ])
    }))
    .unwrap();
    assert_eq!(grant.visible.filters["events"], ["tenant = 'a'", "country = 'es'"]);
    let visible: Vec<&str> = grant.visible.data_sources.iter().map(String::as_str).collect();
    assert_eq!(visible, ["events", "open", "open_quarantine"], "no filter can judge quarantined rows");
}

#[test]
fn fixed_params_of_own_sql_are_those_of_every_pipe() {
    let scopes = |other: &str| {
        try_token(&with(|p| {
            p["scopes"] = json!([
                {"type": "PIPES:READ", "resource": "top", "fixed_params": {"tenant": "a"}},
                {"type": "PIPES:READ", "resource": "low", "fixed_params": {"tenant": other, "x": "1"}},
            ])
        }))
        .unwrap()
    };
    assert_eq!(scopes("a").fixed_params_of(None).unwrap(), BTreeMap::from([("tenant", "a"), ("x", "1")]));
    assert!(scopes("b").fixed_params_of(None).is_err());
    assert_eq!(scopes("b").fixed_params_of(Some("top")).unwrap(), BTreeMap::from([("tenant", "a")]));
    refused(
        &with(|p| {
            p["scopes"] = json!([
                {"type": "PIPES:READ", "resource": "top", "fixed_params": {"tenant": "a"}},
                {"type": "PIPES:READ", "resource": "top", "fixed_params": {"tenant": "b"}},
            ])
        }),
        "twice",
    );
}

#[test]
fn static_tokens_are_known_by_their_digest() {
    let admin = try_token(SECRET).unwrap();
    assert!(admin.is_admin && admin.may_deploy && admin.may_manage_tokens && admin.visible.everything);
    assert!(admin.may_append("anything"));
    let append = try_token("p.append").unwrap();
    assert!(append.may_append("events") && !append.may_append("other") && !append.may_call("top"));
    assert_eq!(try_token("p.none").unwrap(), Grant { name: "p.none token".to_owned(), ..Grant::default() });
    refused("p.gone", "no such token");
    assert!(admit(None, &catalog(), &Keys::default(), NOW).unwrap_err().message.contains("a token is missing"));
    assert!(admit(Some(" "), &catalog(), &Keys::default(), NOW).is_err());
}

#[test]
fn token_texts_carry_their_payload() {
    let payload = token::Payload { owner: "w1".to_owned(), id: "t1".to_owned(), host: "local".to_owned() };
    let text = token::mint(&payload, b"random");
    assert!(text.starts_with("p.eyJ1Ijoi"));
    assert_eq!(token::parse(&text), Some(payload.clone()));
    assert_ne!(token::mint(&payload, b"other"), text);
    assert_eq!(token::parse("p.!!.x"), None);
    assert_eq!(token::parse("x"), None);
}
