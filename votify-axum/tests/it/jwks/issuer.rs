use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use votify_axum::{JwksIdentity, VotifyRouter};
use votify_core::MemoryStore;

use crate::app::{Answer, App, SharedClock, engine, request};
use crate::signing::Pair;

pub const ISSUER: &str = "https://login.test";
pub const AUDIENCE: &str = "polls";

/// What the issuer answers when it is asked for its keys.
#[derive(Debug, Clone)]
pub enum Says {
    Keys(Vec<Value>),
    Bytes(Vec<u8>),
    Redirect(String),
    Error,
    Nothing,
}

/// A server on loopback that publishes keys, and counts how often it is asked.
pub struct Issuer {
    pub url: String,
    says: Arc<Mutex<Says>>,
    asked: Arc<AtomicU32>,
    server: JoinHandle<()>,
}

impl Issuer {
    pub async fn new(keys: Vec<Value>) -> Self {
        let says = Arc::new(Mutex::new(Says::Keys(keys)));
        let asked = Arc::new(AtomicU32::new(0));
        let answer = {
            let (says, asked) = (Arc::clone(&says), Arc::clone(&asked));
            move || {
                asked.fetch_add(1, Ordering::SeqCst);
                let says = says.lock().unwrap().clone();
                answer(says)
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let app = Router::new().route("/keys", get(answer));
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            url,
            says,
            asked,
            server,
        }
    }

    pub fn say(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }

    pub fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }

    /// Its users, as patient as tests are.
    pub fn users(&self) -> JwksIdentity {
        JwksIdentity::from_url(&self.url, ISSUER, AUDIENCE).unwrap()
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(says: Says) -> Response {
    match says {
        Says::Keys(keys) => axum::Json(json!({ "keys": keys })).into_response(),
        Says::Bytes(bytes) => bytes.into_response(),
        Says::Redirect(to) => (StatusCode::FOUND, [("location", to)]).into_response(),
        Says::Error => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Says::Nothing => {
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            StatusCode::OK.into_response()
        }
    }
}

/// An app with these users, on a clock of its own.
pub fn app(users: JwksIdentity) -> App {
    let clock = SharedClock::new();
    let engine = engine(MemoryStore::new(), &clock, &[crate::app::SECRET]);
    let users = users.clock(clock.clone());
    App {
        router: VotifyRouter::new(engine.clone()).identity(users).build(),
        engine,
        clock,
    }
}

pub fn now(app: &App) -> i64 {
    app.engine.now().as_micros() / 1_000_000
}

/// What a good token says.
pub fn claims(app: &App) -> Value {
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": now(app), "exp": now(app) + 3_600})
}

pub fn header(algorithm: &str, kid: &str) -> Value {
    json!({"typ": "JWT", "alg": algorithm, "kid": kid})
}

/// A good token.
pub fn token(app: &App, pair: &Pair, algorithm: &str, kid: &str) -> String {
    pair.sign(&header(algorithm, kid), &claims(app))
}

/// Asks for something, as who bears the token.
pub async fn ask(app: &App, token: &str) -> Answer {
    let mut asked = request(Method::GET, "/api/polls", None);
    let value = format!("Bearer {token}").parse().unwrap();
    asked.headers_mut().insert("authorization", value);
    app.send(asked).await
}
