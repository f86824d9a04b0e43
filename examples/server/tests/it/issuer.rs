//! Logins of an outside issuer beside own accounts.

use std::path::Path;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Client;
use serde_json::{Value, json};

use crate::program::{Server, run, votify};

const ISSUER: &str = "https://login.example.org";
/// The year 2100.
const LATER: u64 = 4_102_444_800;

/// Writes `keys.json` and returns its key.
fn write_keys(directory: &Path) -> Ed25519KeyPair {
    let pair = Ed25519KeyPair::generate().unwrap();
    let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "alg": "EdDSA", "kid": "one"});
    let keys = json!({ "keys": [key] }).to_string();
    std::fs::write(directory.join("keys.json"), keys).unwrap();
    pair
}

fn sign(pair: &Ed25519KeyPair, issuer: &str, audience: &str) -> String {
    let header = json!({"typ": "JWT", "alg": "EdDSA", "kid": "one"});
    let claims = json!({"iss": issuer, "aud": audience, "sub": "ada", "exp": LATER});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&header), part(&claims));
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// Returns the status of a new poll for accounts.
async fn create(server: &Server, token: &str) -> u16 {
    let body = json!({"title": "t", "options": ["a", "b"], "voters": "account"});
    let request = Client::new()
        .post(server.url("/api/polls"))
        .bearer_auth(token)
        .json(&body);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn tokens_of_both_issuers_create_polls() {
    let directory = tempfile::tempdir().unwrap();
    let pair = write_keys(directory.path());
    for accounts in ["true", "false"] {
        let accounts_setting = format!("--accounts={accounts}");
        let arguments = [
            "--store",
            "memory:",
            "--create",
            "accounts",
            &accounts_setting,
            "--oidc-issuer",
            ISSUER,
            "--jwks",
            "keys.json",
            "--oidc-audience",
            "polls",
        ];
        let server = Server::start(directory.path(), &arguments).await;
        assert_eq!(create(&server, &sign(&pair, ISSUER, "polls")).await, 201);
        assert_eq!(create(&server, &sign(&pair, ISSUER, "others")).await, 401);
        assert_eq!(create(&server, &sign(&pair, "votify", "votify")).await, 401);
        let register = Client::new()
            .post(server.url("/api/auth/register"))
            .json(&json!({"name": "ada", "password": "correct horse"}));
        let registered = register.send().await.unwrap();
        if accounts == "true" {
            assert_eq!(registered.status(), 201);
            let body: Value = registered.json().await.unwrap();
            let own = body["token"].as_str().unwrap();
            assert_eq!(create(&server, own).await, 201);
        } else {
            assert_eq!(registered.status(), 404);
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn an_issuer_needs_all_of_its_settings() {
    let directory = tempfile::tempdir().unwrap();
    write_keys(directory.path());
    std::fs::write(directory.path().join("broken.json"), "{}").unwrap();
    for (arguments, parts) in [
        (
            &["--oidc-issuer", ISSUER][..],
            &["set --jwks and --oidc-audience too"][..],
        ),
        (
            &["--jwks", "keys.json"],
            &["set --oidc-issuer and --oidc-audience too"],
        ),
        (
            &[
                "--oidc-issuer",
                "votify",
                "--jwks",
                "keys.json",
                "--oidc-audience",
                "a",
            ],
            &["--oidc-issuer", "own accounts"],
        ),
        (
            &[
                "--oidc-issuer",
                ISSUER,
                "--jwks",
                "none.json",
                "--oidc-audience",
                "a",
            ],
            &["--jwks none.json", "No such file"],
        ),
        (
            &[
                "--oidc-issuer",
                ISSUER,
                "--jwks",
                "broken.json",
                "--oidc-audience",
                "a",
            ],
            &["--jwks broken.json"],
        ),
        (
            &[
                "--oidc-issuer",
                ISSUER,
                "--jwks",
                "http://user:hunter2@login.example.org/keys",
                "--oidc-audience",
                "a",
            ],
            &["--jwks http://user:***@login.example.org/keys", "https://"],
        ),
    ] {
        let mut all = vec!["serve", "--listen", "127.0.0.1:0", "--store", "memory:"];
        all.extend(arguments);
        let exit = run(&mut votify(directory.path(), &all)).await;
        let line = exit.error_line(2);
        for part in parts {
            assert!(line.contains(part), "{part}: {line}");
        }
        assert!(!exit.stderr.contains("hunter2"), "{exit:?}");
    }
}
