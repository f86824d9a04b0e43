use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use votify_axum::{Accounts, PasswordHashing, VotifyRouter};
use votify_core::{AccountStore, MemoryAccountStore, MemoryStore};

use crate::app::{App, TestResponse, request};

pub const PASSWORD: &str = "correct horse";

/// Builds accounts with cheap password hashes.
pub fn cheap(store: impl AccountStore) -> Accounts {
    let hashing = PasswordHashing::argon2id(8, 1, 1).unwrap();
    Accounts::new(store).hashing(hashing.max_concurrent(2).max_queued(64))
}

pub fn app() -> App {
    app_with(|router| router)
}

pub fn app_with(set: impl FnOnce(VotifyRouter) -> VotifyRouter) -> App {
    app_over(cheap(MemoryAccountStore::new()), set)
}

pub fn app_over(accounts: Accounts, set: impl FnOnce(VotifyRouter) -> VotifyRouter) -> App {
    App::over(MemoryStore::new(), |router| set(router.accounts(accounts)))
}

pub fn credentials(name: &str, password: &str) -> Value {
    json!({"name": name, "password": password})
}

pub fn with(mut request: Request<Body>, name: &'static str, value: &str) -> Request<Body> {
    request.headers_mut().append(name, value.parse().unwrap());
    request
}

pub fn with_bearer(token: &str, method: Method, path: &str, body: Option<Value>) -> Request<Body> {
    with(
        request(method, path, body),
        "authorization",
        &format!("Bearer {token}"),
    )
}

impl App {
    /// Registers a user and returns the token.
    pub async fn token_of(&self, name: &str) -> String {
        let response = self.post("/api/auth/register", credentials(name, PASSWORD));
        token(&response.await.expect_status(201))
    }

    pub async fn log_in(&self, name: &str, password: &str) -> TestResponse {
        self.post("/api/auth/login", credentials(name, password))
            .await
    }

    pub async fn me(&self, token: &str) -> TestResponse {
        self.send(with_bearer(token, Method::GET, "/api/auth/me", None))
            .await
    }

    pub async fn log_out(&self, token: &str) -> TestResponse {
        self.send(with_bearer(token, Method::POST, "/api/auth/logout", None))
            .await
    }

    /// Returns a value of `/metrics`.
    pub async fn metric(&self, name: &str) -> u64 {
        let text = self.get("/metrics").await.expect_status(200).text;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {text}"))
            .parse()
            .unwrap()
    }
}

#[track_caller]
pub fn token(response: &TestResponse) -> String {
    response.json()["token"].as_str().unwrap().to_owned()
}

/// Returns the `Cookie` header for the cookies that a response sets.
pub fn cookies(response: &TestResponse) -> String {
    let cookies = response.headers.get_all("set-cookie").iter();
    let pairs = cookies.map(|cookie| {
        cookie
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned()
    });
    pairs.collect::<Vec<_>>().join("; ")
}
