//! People register and log in, over the program's own port and across its restarts.

use reqwest::{Client, StatusCode};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::program::{Server, start};
use votify_test_support::redis::{self, ServerConfig};

const ADA: (&str, &str) = ("ada", "correct horse");

struct Person {
    client: Client,
    url: String,
}

impl Person {
    fn of(server: &Server) -> Self {
        Self {
            client: Client::builder().cookie_store(true).build().unwrap(),
            url: server.url(""),
        }
    }

    async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = self.client.post(format!("{}{path}", self.url)).json(body);
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    async fn enter(&self, how: &str, (name, password): (&str, &str)) -> (StatusCode, Value) {
        let body = json!({"name": name, "password": password});
        self.post(&format!("/api/auth/{how}"), &body).await
    }

    async fn me(&self) -> (StatusCode, Value) {
        let request = self.client.get(format!("{}/api/auth/me", self.url));
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }
}

/// A browser's cookie is enough for everything, and log-ins outlive the program with the secret that is kept beside the
/// database; so do log-outs.
#[tokio::test(flavor = "multi_thread")]
async fn accounts_outlive_the_program() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]).await;
    let ada = Person::of(&server);
    let (status, login) = ada.enter("register", ADA).await;
    assert_eq!(status, 201, "{login}");
    let draft = json!({"title": "Lunch?", "options": ["Pizza", "Sushi"], "voters": "account"});
    let (status, poll) = ada.post("/api/polls", &draft).await;
    assert_eq!(status, 201, "{poll}");
    let vote = format!("/api/polls/{}/vote", poll["id"].as_str().unwrap());
    let ballot = json!({"option_id": poll["options"][0]["id"]});
    assert_eq!(ada.post(&vote, &ballot).await.0, 201);
    let gone = Person::of(&server);
    assert_eq!(gone.enter("login", ADA).await.0, 200);
    let taken = gone.client.post(format!("{}/api/auth/logout", gone.url));
    assert_eq!(taken.send().await.unwrap().status(), 204);
    server.send(Signal::TERM);
    assert_eq!(server.end().await.code(), 0);

    let server = Server::start(directory.path(), &[]).await;
    let again = Person {
        url: server.url(""),
        ..ada
    };
    assert_eq!(again.me().await.0, 200);
    assert_eq!(again.post(&vote, &ballot).await.1["code"], "already_voted");
    let token = login["token"].as_str().unwrap();
    let elsewhere = Client::new().get(format!("{}/api/auth/me", again.url));
    let elsewhere = elsewhere.bearer_auth(token).send().await.unwrap();
    assert_eq!(elsewhere.status(), 200);
    let other = Person::of(&server);
    assert_eq!(
        other.enter("login", ("ada", "wrong horse")).await.1["code"],
        "invalid_login"
    );
    assert_eq!(other.enter("register", ADA).await.1["code"], "name_taken");
    assert_eq!(other.post(&vote, &ballot).await.1["code"], "not_logged_in");
    server.stop().await;
}

/// Where users cannot be kept, or are not wanted, there are no calls for them, and no polls that need them.
#[tokio::test(flavor = "multi_thread")]
async fn without_accounts_the_calls_are_not_there() {
    let directory = tempfile::tempdir().unwrap();
    let server = start(directory.path(), &["--accounts=false"]).await;
    not_there(&server).await;
    server.stop().await;

    let Some(redis) = redis::Server::with_config(ServerConfig::new()) else {
        return;
    };
    let server = start(directory.path(), &["--store", &redis.url()]).await;
    not_there(&server).await;
    server.send(Signal::TERM);
    let ended = server.end().await;
    let told = ended
        .errors
        .matches("a redis:// store keeps no users")
        .count();
    assert_eq!(told, 1, "{ended:?}");
}

async fn not_there(server: &Server) {
    let person = Person::of(server);
    for how in ["register", "login"] {
        let (status, problem) = person.enter(how, ADA).await;
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
