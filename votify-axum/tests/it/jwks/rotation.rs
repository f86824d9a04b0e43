//! Key rotation, and an unavailable issuer.

use std::time::Duration;

use super::issuer::{Issuer, KeyResponse, app, header, send_with, token};
use crate::signing_keys::{eddsa, es256};

#[tokio::test]
async fn unknown_key_ids_refetch_the_keys() {
    let (old, new) = (es256(), eddsa());
    let issuer = Issuer::new(vec![old.jwk("1")]).await;
    let app = app(issuer.users().min_refetch_interval(Duration::ZERO));
    send_with(&app, &token(&app, &old, "ES256", "1"))
        .await
        .expect_status(200);
    issuer.set_response(KeyResponse::Keys(vec![new.jwk("2"), old.jwk("1")]));
    send_with(&app, &token(&app, &old, "ES256", "1"))
        .await
        .expect_status(200);
    assert_eq!(issuer.request_count(), 1);
    send_with(&app, &token(&app, &new, "EdDSA", "2"))
        .await
        .expect_status(200);
    assert_eq!(issuer.request_count(), 2);
    issuer.set_response(KeyResponse::Keys(vec![new.jwk("2")]));
    send_with(&app, &token(&app, &es256(), "ES256", "3"))
        .await
        .assert_problem(401, "invalid_login");
    send_with(&app, &token(&app, &old, "ES256", "1"))
        .await
        .assert_problem(401, "invalid_login");
    send_with(&app, &token(&app, &new, "EdDSA", "2"))
        .await
        .expect_status(200);
}

/// Unknown key ids cause one request to the issuer per refetch interval, not one each.
#[tokio::test]
async fn unknown_key_ids_are_rate_limited() {
    let key = es256();
    let issuer = Issuer::new(vec![key.jwk("1")]).await;
    let app = app(issuer
        .users()
        .min_refetch_interval(Duration::from_secs(3_600)));
    let unknown: Vec<_> = (0..100)
        .map(|n| {
            let (app, token) = (
                app.clone(),
                token(&app, &key, "ES256", &format!("unknown {n}")),
            );
            tokio::spawn(async move { send_with(&app, &token).await })
        })
        .collect();
    for response in unknown {
        response.await.unwrap().assert_problem(401, "invalid_login");
    }
    send_with(&app, &token(&app, &key, "ES256", "1"))
        .await
        .expect_status(200);
    assert_eq!(issuer.request_count(), 1);
}

/// A withdrawn key is rejected once the cached keys have expired.
#[tokio::test]
async fn expired_keys_are_refetched() {
    let key = es256();
    let issuer = Issuer::new(vec![key.jwk("1")]).await;
    let users = issuer.users().max_age(Duration::ZERO);
    let app = app(users.min_refetch_interval(Duration::ZERO));
    send_with(&app, &token(&app, &key, "ES256", "1"))
        .await
        .expect_status(200);
    issuer.set_response(KeyResponse::Keys(vec![eddsa().jwk("2")]));
    send_with(&app, &token(&app, &key, "ES256", "1"))
        .await
        .assert_problem(401, "invalid_login");
}

/// While the issuer is unavailable, cached keys stay valid and unknown keys get a 503.
#[tokio::test]
async fn cached_keys_stay_valid_while_the_issuer_is_unavailable() {
    let key = es256();
    let issuer = Issuer::new(vec![key.jwk("1")]).await;
    let users = issuer
        .users()
        .max_age(Duration::ZERO)
        .min_refetch_interval(Duration::ZERO);
    let app = app(users.timeout(Duration::from_millis(300)));
    send_with(&app, &token(&app, &key, "ES256", "1"))
        .await
        .expect_status(200);
    for failure in [
        KeyResponse::Error,
        KeyResponse::Nothing,
        KeyResponse::Bytes(b"<html>login</html>".to_vec()),
        KeyResponse::Bytes(b"{\"keys\":[]}".to_vec()),
        KeyResponse::Bytes(vec![b' '; 300 * 1024]),
        KeyResponse::Redirect(issuer.url.replace("127.0.0.1", "localhost")),
    ] {
        let description = format!("{failure:?}").chars().take(40).collect::<String>();
        issuer.set_response(failure);
        let response = send_with(&app, &token(&app, &key, "ES256", "1")).await;
        assert_eq!(response.status.as_u16(), 200, "{description}");
        let unknown = send_with(&app, &token(&app, &key, "ES256", "2")).await;
        unknown.assert_problem(503, "store_unavailable");
    }
    issuer.set_response(KeyResponse::Keys(vec![key.jwk("2")]));
    send_with(&app, &token(&app, &key, "ES256", "2"))
        .await
        .expect_status(200);
}

/// Without any key, tokens get a 503 and requests without a token succeed.
#[tokio::test]
async fn an_unavailable_issuer_affects_only_its_tokens() {
    let key = es256();
    let issuer = Issuer::new(Vec::new()).await;
    let app = app(issuer.users().min_refetch_interval(Duration::ZERO));
    send_with(&app, &token(&app, &key, "ES256", "1"))
        .await
        .assert_problem(503, "store_unavailable");
    app.get("/api/polls").await.expect_status(200);
    // Malformed tokens are rejected without a key.
    send_with(&app, "x.y.z")
        .await
        .assert_problem(401, "invalid_login");
    let confused = key.sign(&header("HS256", "1"), &serde_json::json!({}));
    send_with(&app, &confused)
        .await
        .assert_problem(401, "invalid_login");
}
