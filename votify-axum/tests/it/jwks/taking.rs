//! Which tokens are taken, and who they prove.

use axum::http::Method;
use serde_json::json;
use votify_axum::{JwksError, JwksIdentity};

use super::issuer::{AUDIENCE, ISSUER, Issuer, app, ask, claims, header, now, token};
use crate::app::request;
use crate::signing::{eddsa, es256, rs256};

#[tokio::test]
async fn every_kind_of_key_is_taken_and_fetched_once() {
    let (rsa, ec, ed) = (rs256(), es256(), eddsa());
    let issuer = Issuer::new(vec![rsa.jwk("rsa"), ec.jwk("ec"), ed.jwk("ed")]).await;
    let app = app(issuer.users());
    app.get("/api/polls").await.ok(200);
    assert_eq!(issuer.asked(), 0, "nobody has shown a token yet");
    for (pair, algorithm, kid) in [
        (&rsa, "RS256", "rsa"),
        (&ec, "ES256", "ec"),
        (&ed, "EdDSA", "ed"),
    ] {
        ask(&app, &token(&app, pair, algorithm, kid)).await.ok(200);
    }
    assert_eq!(issuer.asked(), 1);
}

/// The subject is the voter, whichever of the issuer's keys and tokens proves it.
#[tokio::test]
async fn the_subject_votes_once() {
    let (ec, ed) = (es256(), eddsa());
    let issuer = Issuer::new(vec![ec.jwk("ec"), ed.jwk("ed")]).await;
    let app = app(issuer.users());
    let send = async |token: &str, method: Method, path: &str, body| {
        let mut asked = request(method, path, Some(body));
        let value = format!("Bearer {token}").parse().unwrap();
        asked.headers_mut().insert("authorization", value);
        app.send(asked).await
    };
    let ada = token(&app, &ec, "ES256", "ec");
    let draft = json!({"title": "t", "options": ["a", "b"], "voters": "account"});
    let made = send(&ada, Method::POST, "/api/polls", draft)
        .await
        .ok(201)
        .json();
    let path = format!("/api/polls/{}/vote", made["id"].as_str().unwrap());
    let ballot = json!({"option_id": made["options"][0]["id"]});
    send(&ada, Method::POST, &path, ballot.clone())
        .await
        .ok(201);
    let again = token(&app, &ed, "EdDSA", "ed");
    send(&again, Method::POST, &path, ballot.clone())
        .await
        .is_problem(409, "already_voted");
    let mut other = claims(&app);
    other["sub"] = json!("bob");
    let bob = ed.sign(&header("EdDSA", "ed"), &other);
    send(&bob, Method::POST, &path, ballot).await.ok(201);
    let close = format!("/api/polls/{}/close", made["id"].as_str().unwrap());
    send(&bob, Method::POST, &close, json!({}))
        .await
        .is_problem(403, "not_owner");
    send(&again, Method::POST, &close, json!({})).await.ok(200);
}

#[tokio::test]
async fn another_claim_can_be_the_account() {
    let ed = eddsa();
    let issuer = Issuer::new(vec![ed.jwk("ed")]).await;
    let app = app(issuer.users().claim("oid"));
    let mut claims = claims(&app);
    let token = |claims: &serde_json::Value| ed.sign(&header("EdDSA", "ed"), claims);
    ask(&app, &token(&claims))
        .await
        .is_problem(401, "invalid_login");
    claims["oid"] = json!("0001");
    ask(&app, &token(&claims)).await.ok(200);
    for wrong in [json!(1), json!(""), json!(null), json!("x".repeat(256))] {
        claims["oid"] = wrong;
        ask(&app, &token(&claims))
            .await
            .is_problem(401, "invalid_login");
    }
}

/// Audiences may be several, times may have fractions, and clocks may differ by the leeway and no more.
#[tokio::test]
async fn what_the_standard_allows_is_taken() {
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
        let answer = ask(&app, &ed.sign(&header("EdDSA", "ed"), &claims)).await;
        assert_eq!(answer.status.as_u16(), status, "{claims}");
    }
}

#[tokio::test]
async fn keys_in_a_file_are_read_at_once_and_again_when_they_are_rotated() {
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
    ask(&app, &token(&app, &old, "EdDSA", "old")).await.ok(200);
    write(json!([new.jwk("new")]));
    ask(&app, &token(&app, &new, "ES256", "new")).await.ok(200);
    let gone = ask(&app, &token(&app, &old, "EdDSA", "old")).await;
    gone.is_problem(401, "invalid_login");
}
