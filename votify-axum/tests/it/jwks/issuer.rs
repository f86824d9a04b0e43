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
use votify_axum::JwksIdentity;
use votify_core::MemoryStore;

use crate::app::{App, SharedClock, TestResponse, engine, open_router, request};
use crate::signing_keys::SigningKey;

pub const ISSUER: &str = "https://login.test";
pub const AUDIENCE: &str = "polls";

/// The response of the issuer to requests for its keys.
#[derive(Debug, Clone)]
pub enum KeyResponse {
    Keys(Vec<Value>),
    Bytes(Vec<u8>),
    Redirect(String),
    Error,
    Nothing,
}

/// A loopback server that publishes keys and counts the requests.
pub struct Issuer {
    pub url: String,
    key_response: Arc<Mutex<KeyResponse>>,
    requests: Arc<AtomicU32>,
    server: JoinHandle<()>,
}

impl Issuer {
    pub async fn new(keys: Vec<Value>) -> Self {
        let key_response = Arc::new(Mutex::new(KeyResponse::Keys(keys)));
        let requests = Arc::new(AtomicU32::new(0));
        let handler = {
            let (key_response, requests) = (Arc::clone(&key_response), Arc::clone(&requests));
            move || {
                requests.fetch_add(1, Ordering::SeqCst);
                let key_response = key_response.lock().unwrap().clone();
                respond(key_response)
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let app = Router::new().route("/keys", get(handler));
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            url,
            key_response,
            requests,
            server,
        }
    }

    pub fn set_response(&self, key_response: KeyResponse) {
        *self.key_response.lock().unwrap() = key_response;
    }

    pub fn request_count(&self) -> u32 {
        self.requests.load(Ordering::SeqCst)
    }

    /// Returns an identity that fetches the keys of this issuer.
    pub fn users(&self) -> JwksIdentity {
        JwksIdentity::from_url(&self.url, ISSUER, AUDIENCE).unwrap()
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn respond(key_response: KeyResponse) -> Response {
    match key_response {
        KeyResponse::Keys(keys) => axum::Json(json!({ "keys": keys })).into_response(),
        KeyResponse::Bytes(bytes) => bytes.into_response(),
        KeyResponse::Redirect(to) => (StatusCode::FOUND, [("location", to)]).into_response(),
        KeyResponse::Error => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        KeyResponse::Nothing => {
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            StatusCode::OK.into_response()
        }
    }
}

/// Builds an app with this identity and its own clock.
pub fn app(users: JwksIdentity) -> App {
    let clock = SharedClock::new();
    let engine = engine(MemoryStore::new(), &clock, &[crate::app::SECRET]);
    let users = users.clock(clock.clone());
    App {
        router: open_router(engine.clone()).identity(users).build(),
        engine,
        clock,
    }
}

pub fn now(app: &App) -> i64 {
    app.engine.now().as_micros() / 1_000_000
}

/// Returns valid claims.
pub fn claims(app: &App) -> Value {
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": now(app), "exp": now(app) + 3_600})
}

pub fn header(algorithm: &str, kid: &str) -> Value {
    json!({"typ": "JWT", "alg": algorithm, "kid": kid})
}

/// Signs a valid token.
pub fn token(app: &App, pair: &SigningKey, algorithm: &str, kid: &str) -> String {
    pair.sign(&header(algorithm, kid), &claims(app))
}

/// Sends a request with a bearer token.
pub async fn send_with(app: &App, token: &str) -> TestResponse {
    let mut request = request(Method::GET, "/api/polls", None);
    let value = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert("authorization", value);
    app.send(request).await
}
