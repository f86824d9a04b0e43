use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use votify_axum::{Accounts, PasswordHashing, VotifyRouter};
use votify_core::{AccountStore, MemoryAccountStore, MemoryStore};

use crate::app::{Answer, App, request};

pub const PASSWORD: &str = "correct horse";

/// Accounts whose passwords are cheap to hash.
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

pub fn bearing(token: &str, method: Method, path: &str, body: Option<Value>) -> Request<Body> {
    with(
        request(method, path, body),
        "authorization",
        &format!("Bearer {token}"),
    )
}

impl App {
    /// Registers, and gives the token.
    pub async fn token_of(&self, name: &str) -> String {
        let answer = self.post("/api/auth/register", credentials(name, PASSWORD));
        token(&answer.await.ok(201))
    }

    pub async fn log_in(&self, name: &str, password: &str) -> Answer {
        self.post("/api/auth/login", credentials(name, password))
            .await
    }

    pub async fn me(&self, token: &str) -> Answer {
        self.send(bearing(token, Method::GET, "/api/auth/me", None))
            .await
    }

    pub async fn log_out(&self, token: &str) -> Answer {
        self.send(bearing(token, Method::POST, "/api/auth/logout", None))
            .await
    }

    /// A number of `/metrics`.
    pub async fn number(&self, name: &str) -> u64 {
        let text = self.get("/metrics").await.ok(200).text;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {text}"))
            .parse()
            .unwrap()
    }
}

#[track_caller]
pub fn token(answer: &Answer) -> String {
    answer.json()["token"].as_str().unwrap().to_owned()
}

/// What a browser sends back of the cookies that it was given.
pub fn cookies(answer: &Answer) -> String {
    let given = answer.headers.get_all("set-cookie").iter();
    let pairs = given.map(|cookie| {
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
