//! Accepted tokens, and the account that they identify.

use axum::http::Method;
use serde_json::json;
use tracing::subscriber::set_default;
use votify_axum::{JwksError, JwksIdentity};

use super::issuer::{AUDIENCE, ISSUER, Issuer, app, claims, header, now, send_with, token};
use crate::app::request;
use crate::log_capture::LogCapture;
use crate::signing_keys::{eddsa, es256, rs256};

#[tokio::test]
async fn all_key_types_are_accepted_and_fetched_once() {
    let (rsa, ec, ed) = (rs256(), es256(), eddsa());
    let issuer = Issuer::new(vec![rsa.jwk("rsa"), ec.jwk("ec"), ed.jwk("ed")]).await;
    let app = app(issuer.users());
    app.get("/api/polls").await.expect_status(200);
    assert_eq!(issuer.request_count(), 0, "no request had a token");
    for (pair, algorithm, kid) in [
        (&rsa, "RS256", "rsa"),
        (&ec, "ES256", "ec"),
        (&ed, "EdDSA", "ed"),
    ] {
        send_with(&app, &token(&app, pair, algorithm, kid))
            .await
            .expect_status(200);
    }
    assert_eq!(issuer.request_count(), 1);
}

/// The reason of a rejection is for the operator only.
#[tokio::test]
async fn rejected_tokens_are_logged_with_their_reason() {
    let ec = es256();
    let issuer = Issuer::new(vec![ec.jwk("ec")]).await;
    let log = LogCapture::default();
    let logging = set_default(log.clone());
    let app = app(issuer.users());
    let mut other = claims(&app);
    other["aud"] = json!("another app");
    let refused = send_with(&app, &ec.sign(&header("ES256", "ec"), &other)).await;
    drop(logging);
    refused.assert_problem(401, "invalid_login");
    assert!(!refused.text.contains("audience"), "{}", refused.text);
    assert!(
        log.text().contains("the audience (aud) is another one"),
        "{}",
        log.text()
    );
}

/// The subject is the voter, with every key and token of the issuer.
#[tokio::test]
async fn a_subject_votes_once() {
    let (ec, ed) = (es256(), eddsa());
    let issuer = Issuer::new(vec![ec.jwk("ec"), ed.jwk("ed")]).await;
    let app = app(issuer.users());
    let send = async |token: &str, method: Method, path: &str, body| {
        let mut request = request(method, path, Some(body));
        let value = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", value);
        app.send(request).await
    };
    let ada = token(&app, &ec, "ES256", "ec");
    let draft = json!({"title": "t", "options": ["a", "b"], "voters": "account"});
    let created = send(&ada, Method::POST, "/api/polls", draft)
        .await
        .expect_status(201)
        .json();
    let path = format!("/api/polls/{}/vote", created["id"].as_str().unwrap());
    let ballot = json!({"option_id": created["options"][0]["id"]});
    send(&ada, Method::POST, &path, ballot.clone())
        .await
        .expect_status(201);
    let again = token(&app, &ed, "EdDSA", "ed");
    send(&again, Method::POST, &path, ballot.clone())
        .await
        .assert_problem(409, "already_voted");
    let mut other = claims(&app);
    other["sub"] = json!("bob");
    let bob = ed.sign(&header("EdDSA", "ed"), &other);
    send(&bob, Method::POST, &path, ballot)
        .await
        .expect_status(201);
    let close = format!("/api/polls/{}/close", created["id"].as_str().unwrap());
    send(&bob, Method::POST, &close, json!({}))
        .await
        .assert_problem(403, "not_owner");
    send(&again, Method::POST, &close, json!({}))
        .await
        .expect_status(200);
}

#[tokio::test]
async fn the_account_claim_is_configurable() {
    let ed = eddsa();
    let issuer = Issuer::new(vec![ed.jwk("ed")]).await;
    let app = app(issuer.users().claim("oid"));
    let mut claims = claims(&app);
    let token = |claims: &serde_json::Value| ed.sign(&header("EdDSA", "ed"), claims);
    send_with(&app, &token(&claims))
        .await
        .assert_problem(401, "invalid_login");
    claims["oid"] = json!("0001");
    send_with(&app, &token(&claims)).await.expect_status(200);
    for wrong in [json!(1), json!(""), json!(null), json!("x".repeat(256))] {
        claims["oid"] = wrong;
        send_with(&app, &token(&claims))
            .await
            .assert_problem(401, "invalid_login");
    }
}

/// Accepts several audiences, and clocks that differ by at most the leeway of 60 s.
#[tokio::test]
async fn standard_claims_are_validated_with_leeway() {
    let ed = eddsa();
    let issuer = Issuer::new(vec![ed.jwk("ed")]).await;
    let app = app(issuer.users());
    let now = now(&app);
    for (claim, value, status) in [
        ("aud", json!([AUDIENCE, "another"]), 200),
        ("aud", json!(["another"]), 401),
        ("exp", json!(now + 10), 200),
        ("exp", json!(now - 58), 200),
        ("exp", json!(now - 61), 401),
        ("nbf", json!(now + 58), 200),
        ("nbf", json!(now + 62), 401),
        ("iat", json!(now + 62), 401),
        ("email", json!("ada@example.org"), 200),
    ] {
        let mut claims = claims(&app);
        claims[claim] = value;
        let response = send_with(&app, &ed.sign(&header("EdDSA", "ed"), &claims)).await;
        assert_eq!(response.status.as_u16(), status, "{claims}");
    }
}

#[tokio::test]
async fn a_key_file_is_reread_after_rotation() {
    let (old, new) = (eddsa(), es256());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let write = |keys: serde_json::Value| {
        std::fs::write(&path, json!({ "keys": keys }).to_string()).unwrap();
    };
    let read = || JwksIdentity::from_file(&path, ISSUER, AUDIENCE);
    assert!(matches!(read(), Err(JwksError::File(_))));
    write(json!([]));
    assert!(matches!(read(), Err(JwksError::NoUsableKey)));
    std::fs::write(&path, vec![b' '; 300 * 1024]).unwrap();
    assert!(matches!(read(), Err(JwksError::TooLarge(_))));
    write(json!([old.jwk("old")]));
    let app = app(read().unwrap());
    send_with(&app, &token(&app, &old, "EdDSA", "old"))
        .await
        .expect_status(200);
    write(json!([new.jwk("new")]));
    send_with(&app, &token(&app, &new, "ES256", "new"))
        .await
        .expect_status(200);
    let gone = send_with(&app, &token(&app, &old, "EdDSA", "old")).await;
    gone.assert_problem(401, "invalid_login");
}
