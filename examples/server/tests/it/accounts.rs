//! Accounts over the port of the program, and after restarts.

use reqwest::{Client, StatusCode};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::program::{Server, start};
use votify_test_support::redis::{self, ServerConfig};

const ADA: (&str, &str) = ("ada", "correct horse");

struct User {
    client: Client,
    url: String,
}

impl User {
    fn new(server: &Server) -> Self {
        Self {
            client: Client::builder().cookie_store(true).build().unwrap(),
            url: server.url(""),
        }
    }

    async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = self.client.post(format!("{}{path}", self.url)).json(body);
        let response = request.send().await.unwrap();
        (response.status(), response.json().await.unwrap_or_default())
    }

    async fn authenticate(
        &self,
        action: &str,
        (name, password): (&str, &str),
    ) -> (StatusCode, Value) {
        let body = json!({"name": name, "password": password});
        self.post(&format!("/api/auth/{action}"), &body).await
    }

    async fn me(&self) -> (StatusCode, Value) {
        let request = self.client.get(format!("{}/api/auth/me", self.url));
        let response = request.send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }
}

/// Logins and logouts stay valid after a restart, with the secret stored beside the
/// database.
#[tokio::test(flavor = "multi_thread")]
async fn accounts_survive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]).await;
    let ada = User::new(&server);
    let (status, login) = ada.authenticate("register", ADA).await;
    assert_eq!(status, 201, "{login}");
    let draft = json!({"title": "Lunch?", "options": ["Pizza", "Sushi"], "voters": "account"});
    let (status, poll) = ada.post("/api/polls", &draft).await;
    assert_eq!(status, 201, "{poll}");
    let vote = format!("/api/polls/{}/vote", poll["id"].as_str().unwrap());
    let ballot = json!({"option_id": poll["options"][0]["id"]});
    assert_eq!(ada.post(&vote, &ballot).await.0, 201);
    let other = User::new(&server);
    assert_eq!(other.authenticate("login", ADA).await.0, 200);
    let logout = other.client.post(format!("{}/api/auth/logout", other.url));
    assert_eq!(logout.send().await.unwrap().status(), 204);
    server.signal(Signal::TERM);
    assert_eq!(server.wait().await.code(), 0);

    let server = Server::start(directory.path(), &[]).await;
    let again = User {
        url: server.url(""),
        ..ada
    };
    assert_eq!(again.me().await.0, 200);
    assert_eq!(again.post(&vote, &ballot).await.1["code"], "already_voted");
    let token = login["token"].as_str().unwrap();
    let elsewhere = Client::new().get(format!("{}/api/auth/me", again.url));
    let elsewhere = elsewhere.bearer_auth(token).send().await.unwrap();
    assert_eq!(elsewhere.status(), 200);
    let stranger = User::new(&server);
    assert_eq!(
        stranger
            .authenticate("login", ("ada", "wrong horse"))
            .await
            .1["code"],
        "invalid_login"
    );
    assert_eq!(
        stranger.authenticate("register", ADA).await.1["code"],
        "name_taken"
    );
    assert_eq!(
        stranger.post(&vote, &ballot).await.1["code"],
        "not_logged_in"
    );
    server.stop().await;
}

/// Without accounts, their endpoints are missing and polls cannot require them.
#[tokio::test(flavor = "multi_thread")]
async fn account_endpoints_are_missing_without_accounts() {
    let directory = tempfile::tempdir().unwrap();
    let server = start(directory.path(), &["--accounts=false"]).await;
    assert_no_accounts(&server).await;
    server.stop().await;

    let Some(redis) = redis::Server::with_config(ServerConfig::new()) else {
        return;
    };
    let server = start(directory.path(), &["--store", &redis.url()]).await;
    assert_no_accounts(&server).await;
    server.signal(Signal::TERM);
    let exit = server.wait().await;
    let warnings = exit
        .stderr
        .matches("a redis:// store has no accounts")
        .count();
    assert_eq!(warnings, 1, "{exit:?}");
}

async fn assert_no_accounts(server: &Server) {
    let person = User::new(server);
    for action in ["register", "login"] {
        let (status, problem) = person.authenticate(action, ADA).await;
        assert_eq!(
            (status.as_u16(), &problem["code"]),
            (404, &json!("not_found"))
        );
    }
    assert_eq!(person.me().await.1["code"], "not_found");
    let draft = json!({"title": "t", "options": ["a", "b"], "voters": "account"});
    assert_eq!(
        person.post("/api/polls", &draft).await.1["code"],
        "invalid_poll"
    );
}
