//! Keys that change, and an issuer that is away.

use std::time::Duration;

use super::issuer::{Issuer, Says, app, ask, header, token};
use crate::signing::{eddsa, es256};

#[tokio::test]
async fn a_new_key_is_fetched_when_a_token_names_it() {
    let (old, new) = (es256(), eddsa());
    let issuer = Issuer::new(vec![old.jwk("1")]).await;
    let app = app(issuer.users().min_refetch_interval(Duration::ZERO));
    ask(&app, &token(&app, &old, "ES256", "1")).await.ok(200);
    issuer.say(Says::Keys(vec![new.jwk("2"), old.jwk("1")]));
    ask(&app, &token(&app, &old, "ES256", "1")).await.ok(200);
    assert_eq!(issuer.asked(), 1);
    ask(&app, &token(&app, &new, "EdDSA", "2")).await.ok(200);
    assert_eq!(issuer.asked(), 2);
    issuer.say(Says::Keys(vec![new.jwk("2")]));
    ask(&app, &token(&app, &es256(), "ES256", "3"))
        .await
        .is_problem(401, "invalid_login");
    ask(&app, &token(&app, &old, "ES256", "1"))
        .await
        .is_problem(401, "invalid_login");
    ask(&app, &token(&app, &new, "EdDSA", "2")).await.ok(200);
}

/// Whoever invents names of keys has the issuer asked once, not once for each.
#[tokio::test]
async fn strangers_cannot_have_the_issuer_asked_again_and_again() {
    let key = es256();
    let issuer = Issuer::new(vec![key.jwk("1")]).await;
    let app = app(issuer
        .users()
        .min_refetch_interval(Duration::from_secs(3_600)));
    let invented: Vec<_> = (0..100)
        .map(|n| {
            let (app, token) = (
                app.clone(),
                token(&app, &key, "ES256", &format!("invented {n}")),
            );
            tokio::spawn(async move { ask(&app, &token).await })
        })
        .collect();
    for answer in invented {
        answer.await.unwrap().is_problem(401, "invalid_login");
    }
    ask(&app, &token(&app, &key, "ES256", "1")).await.ok(200);
    assert_eq!(issuer.asked(), 1);
}

/// A key that was taken back ends when those known have become old.
#[tokio::test]
async fn old_keys_are_read_anew() {
    let key = es256();
    let issuer = Issuer::new(vec![key.jwk("1")]).await;
    let users = issuer.users().max_age(Duration::ZERO);
    let app = app(users.min_refetch_interval(Duration::ZERO));
    ask(&app, &token(&app, &key, "ES256", "1")).await.ok(200);
    issuer.say(Says::Keys(vec![eddsa().jwk("2")]));
    ask(&app, &token(&app, &key, "ES256", "1"))
        .await
        .is_problem(401, "invalid_login");
}

/// While the issuer is away known keys stay in use, however old, and others are not known to be wrong.
#[tokio::test]
async fn known_keys_stay_while_the_issuer_is_away() {
    let key = es256();
    let issuer = Issuer::new(vec![key.jwk("1")]).await;
    let users = issuer
        .users()
        .max_age(Duration::ZERO)
        .min_refetch_interval(Duration::ZERO);
    let app = app(users.timeout(Duration::from_millis(300)));
    ask(&app, &token(&app, &key, "ES256", "1")).await.ok(200);
    for away in [
        Says::Error,
        Says::Nothing,
        Says::Bytes(b"<html>login</html>".to_vec()),
        Says::Bytes(b"{\"keys\":[]}".to_vec()),
        Says::Bytes(vec![b' '; 300 * 1024]),
        Says::Redirect(issuer.url.replace("127.0.0.1", "localhost")),
    ] {
        let told = format!("{away:?}").chars().take(40).collect::<String>();
        issuer.say(away);
        let answer = ask(&app, &token(&app, &key, "ES256", "1")).await;
        assert_eq!(answer.status.as_u16(), 200, "{told}");
        let unknown = ask(&app, &token(&app, &key, "ES256", "2")).await;
        unknown.is_problem(503, "store_unavailable");
    }
    issuer.say(Says::Keys(vec![key.jwk("2")]));
    ask(&app, &token(&app, &key, "ES256", "2")).await.ok(200);
}

/// An issuer that was never there: tokens cannot be checked, and everybody else is served.
#[tokio::test]
async fn an_issuer_that_was_never_there_keeps_nobody_else_out() {
    let key = es256();
    let issuer = Issuer::new(Vec::new()).await;
    let app = app(issuer.users().min_refetch_interval(Duration::ZERO));
    ask(&app, &token(&app, &key, "ES256", "1"))
        .await
        .is_problem(503, "store_unavailable");
    app.get("/api/polls").await.ok(200);
    // What is no token of such an issuer needs no key to be refused.
    ask(&app, "x.y.z").await.is_problem(401, "invalid_login");
    let confused = key.sign(&header("HS256", "1"), &serde_json::json!({}));
    ask(&app, &confused).await.is_problem(401, "invalid_login");
}
