//! A router in the test process: sends requests without a socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;
use votify_axum::{Permissions, VotifyRouter};
use votify_core::engine::{Aggregator, EngineBuilder, EngineConfig};
use votify_core::{
    Clock, Keyring, ManualClock, MemoryQueue, MemoryStore, PollEngine, Store, SystemClock,
    Timestamp, Visibility,
};

pub const SECRET: &str = "a secret of the tests that is long enough";

/// A manual clock shared by the test and the engine.
#[derive(Debug, Clone)]
pub struct SharedClock(Arc<ManualClock>);

#[async_trait]
impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    async fn sleep_until(&self, deadline: Timestamp) {
        self.0.sleep_until(deadline).await;
    }
}

impl SharedClock {
    pub fn new() -> Self {
        Self(Arc::new(ManualClock::new(SystemClock.now())))
    }

    /// Sets the time of day this many seconds after another clock's.
    pub fn set_after(&self, other: &Self, seconds: u64) {
        let after = Duration::from_secs(seconds);
        self.0.set(other.now().saturating_add(after));
    }

    pub fn advance(&self, seconds: u64) {
        self.0.advance(Duration::from_secs(seconds));
    }

    /// Sets the time of day back or ahead by this many hours, without passing time.
    pub fn shift_hours(&self, hours: i64) {
        let micros = self.0.now().as_micros() + hours * 3_600_000_000;
        self.0.set(Timestamp::from_micros(micros).unwrap());
    }

    /// Returns the time `seconds` from now in the format of the API.
    pub fn after(&self, seconds: u64) -> String {
        let time = self.0.now().saturating_add(Duration::from_secs(seconds));
        time.to_string()
    }
}

/// Builds an engine with short intervals and the given secrets.
pub fn engine(store: impl Store, clock: &SharedClock, secrets: &[&str]) -> PollEngine {
    engine_builder(store, clock, secrets).build()
}

fn engine_builder(store: impl Store, clock: &SharedClock, secrets: &[&str]) -> EngineBuilder {
    PollEngine::builder(store)
        .clock(clock.clone())
        .keyring(Keyring::new(secrets).unwrap())
        .config(EngineConfig {
            schedule_interval: Duration::from_millis(50),
            resync_interval: Duration::from_millis(200),
            store_timeout: Duration::from_secs(1),
            ..EngineConfig::default()
        })
}

#[derive(Debug, Clone)]
pub struct App {
    pub engine: PollEngine,
    pub clock: SharedClock,
    pub router: Router,
}

/// Returns a router with all defaults, except that everybody creates and lists polls, which
/// are public.
pub fn open_router(engine: PollEngine) -> VotifyRouter {
    VotifyRouter::new(engine)
        .authorize(Permissions::everybody())
        .default_visibility(Visibility::Public)
}

impl App {
    /// Builds an app with default settings.
    pub fn new() -> Self {
        Self::with(|router| router)
    }

    /// Builds an app without a limit on votes.
    pub fn unlimited() -> Self {
        Self::with(|router| router.vote_rate(None))
    }

    pub fn with(set: impl FnOnce(VotifyRouter) -> VotifyRouter) -> Self {
        Self::over(MemoryStore::new(), set)
    }

    pub fn over(store: impl Store, set: impl FnOnce(VotifyRouter) -> VotifyRouter) -> Self {
        let clock = SharedClock::new();
        let engine = engine(store, &clock, &[SECRET]);
        Self::of_engine(engine, clock, set)
    }

    /// Builds an app whose votes go through a queue, without a limit on votes. Nothing counts
    /// them until [`aggregate`](Self::aggregate).
    pub fn queued(queue: &MemoryQueue) -> Self {
        let clock = SharedClock::new();
        let builder = engine_builder(MemoryStore::new(), &clock, &[SECRET]);
        let engine = builder.queue(queue.clone()).build();
        Self::of_engine(engine, clock, |router| router.vote_rate(None))
    }

    /// Counts the votes of a queue from now on.
    pub fn aggregate(&self, queue: &MemoryQueue) {
        let aggregator = Aggregator::new(&self.engine, queue.consumer("votify"));
        tokio::spawn(aggregator.run());
    }

    fn of_engine(
        engine: PollEngine,
        clock: SharedClock,
        set: impl FnOnce(VotifyRouter) -> VotifyRouter,
    ) -> Self {
        Self {
            router: set(open_router(engine.clone())).build(),
            engine,
            clock,
        }
    }

    pub async fn send(&self, request: Request<Body>) -> TestResponse {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        TestResponse {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// Sends a request from 192.0.2.1 without a cookie.
    pub async fn get(&self, path: &str) -> TestResponse {
        self.send(request(Method::GET, path, None)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> TestResponse {
        self.send(request(Method::POST, path, Some(body))).await
    }

    /// Returns the public number of votes of a poll.
    pub async fn total(&self, poll: &str) -> u64 {
        let response = self.get(&format!("/api/polls/{poll}")).await;
        response.json()["stats"]["total_votes"].as_u64().unwrap()
    }
}

/// Removes the limits of creating, for tests that create many polls or invites.
pub fn without_creation_limits(router: VotifyRouter) -> VotifyRouter {
    router
        .poll_rate(None)
        .poll_bytes_rate(None)
        .owner_poll_rate(None)
        .invite_rate(None)
        .owner_invite_rate(None)
        .session_polls(None)
}

/// Builds a request from 192.0.2.1.
pub fn request(method: Method, path: &str, body: Option<Value>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let request = request.header("host", "polls.test").body(body).unwrap();
    from("192.0.2.1", request)
}

/// Sets the address of the client.
pub fn from(address: &str, mut request: Request<Body>) -> Request<Body> {
    let peer = SocketAddr::new(address.parse().unwrap(), 4711);
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

#[derive(Debug)]
pub struct TestResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl TestResponse {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{} {}", self.status, self.text))
    }

    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .unwrap_or_else(|| panic!("no {name} in {self:?}"))
            .to_str()
            .unwrap()
    }

    /// Asserts the status, the code and the form of a problem, and returns its body.
    #[track_caller]
    pub fn assert_problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["status"], status, "{body}");
        let wait = self.headers.get("retry-after");
        let wait = wait.map(|wait| wait.to_str().unwrap().parse().unwrap());
        assert_eq!(body["retry_after"].as_u64(), wait, "{body}");
        assert!(
            body["title"]
                .as_str()
                .is_some_and(|title| !title.is_empty())
        );
        body
    }

    /// Returns the fields that the problem reports as invalid.
    #[track_caller]
    pub fn invalid_fields(&self) -> Vec<String> {
        let body = self.json();
        let errors = body["errors"]
            .as_array()
            .unwrap_or_else(|| panic!("{body}"));
        assert!(
            errors
                .iter()
                .all(|error| !error["problem"].as_str().unwrap().is_empty())
        );
        let fields = errors
            .iter()
            .map(|error| error["field"].as_str().unwrap().to_owned());
        fields.collect()
    }

    #[track_caller]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }
}
