use std::net::IpAddr;

use reqwest::header::HeaderName;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

use crate::program::Server;

/// A client of a server.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    client: Client,
    url: String,
}

/// A created poll.
#[derive(Debug, Clone)]
pub(crate) struct Poll {
    pub(crate) id: String,
    pub(crate) options: Vec<String>,
}

impl Api {
    /// Creates a client with cookies.
    pub(crate) fn new(server: &Server) -> Self {
        Self {
            client: Client::builder().cookie_store(true).build().unwrap(),
            url: server.url(""),
        }
    }

    /// Creates a client without cookies.
    pub(crate) fn without_cookies(server: &Server) -> Self {
        Self {
            client: Client::new(),
            url: server.url(""),
        }
    }

    /// Creates a client without cookies, with a local address and default headers.
    pub(crate) fn from_address(
        address: IpAddr,
        url: &str,
        headers: &[(&'static str, &str)],
    ) -> Self {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        let client = Client::builder()
            .local_address(address)
            .default_headers(headers.collect());
        Self {
            client: client.build().unwrap(),
            url: url.to_owned(),
        }
    }

    /// Creates a client with cookies for a URL.
    pub(crate) fn with_url(url: &str) -> Self {
        Self {
            client: Client::builder().cookie_store(true).build().unwrap(),
            url: url.to_owned(),
        }
    }

    /// Returns a client of the same server without cookies.
    pub(crate) fn clone_without_cookies(&self) -> Self {
        Self {
            client: Client::new(),
            url: self.url.clone(),
        }
    }

    /// Returns the same client for another server.
    pub(crate) fn at(&self, server: &Server) -> Self {
        Self {
            client: self.client.clone(),
            url: server.url(""),
        }
    }

    pub(crate) async fn create_poll(&self) -> Poll {
        self.create_poll_with(json!({})).await
    }

    pub(crate) async fn create_poll_with(&self, more: Value) -> Poll {
        let mut poll = json!({"title": "Lunch?", "options": ["Pizza", "Sushi"]});
        poll.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let response = self
            .client
            .post(format!("{}/api/polls", self.url))
            .json(&poll)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        let poll: Value = response.json().await.unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Poll {
            id: text(&poll["id"]),
            options: poll["options"]
                .as_array()
                .unwrap()
                .iter()
                .map(|option| text(&option["id"]))
                .collect(),
        }
    }

    /// Votes for the option at `option`.
    pub(crate) async fn vote(&self, poll: &Poll, option: usize) -> (u16, Value) {
        Self::status_and_body(
            self.post_vote(poll, &json!({"option_id": poll.options[option]}))
                .await,
        )
        .await
        .unwrap()
    }

    /// Votes with a ballot id. Returns an error if there is no response.
    pub(crate) async fn cast(
        &self,
        poll: &Poll,
        ballot: &str,
        option: usize,
    ) -> reqwest::Result<(u16, Value)> {
        Self::status_and_body(self.cast_raw(poll, ballot, option).await).await
    }

    /// Like `cast`, with the ballot id in the header `Idempotency-Key`.
    pub(crate) async fn cast_with_header(
        &self,
        poll: &Poll,
        ballot: &str,
        option: usize,
    ) -> reqwest::Result<(u16, Value)> {
        let request = self
            .client
            .post(format!("{}/api/polls/{}/vote", self.url, poll.id))
            .header("idempotency-key", ballot)
            .json(&json!({"option_id": poll.options[option]}));
        Self::status_and_body(request.send().await).await
    }

    /// Like `cast`, but returns the whole response.
    pub(crate) async fn cast_raw(
        &self,
        poll: &Poll,
        ballot: &str,
        option: usize,
    ) -> reqwest::Result<Response> {
        self.post_vote(
            poll,
            &json!({"option_id": poll.options[option], "ballot_id": ballot}),
        )
        .await
    }

    async fn post_vote(&self, poll: &Poll, body: &Value) -> reqwest::Result<Response> {
        self.client
            .post(format!("{}/api/polls/{}/vote", self.url, poll.id))
            .json(body)
            .send()
            .await
    }

    async fn status_and_body(response: reqwest::Result<Response>) -> reqwest::Result<(u16, Value)> {
        let response = response?;
        Ok((response.status().as_u16(), response.json().await?))
    }

    /// Returns the JSON of a successful response.
    pub(crate) async fn get_json(&self, path: &str) -> Value {
        let response = self.client.get(format!("{}{path}", self.url)).send();
        let response = response.await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.unwrap()
    }

    /// Posts an empty request.
    pub(crate) async fn post(&self, path: &str) -> Response {
        let request = self.client.post(format!("{}{path}", self.url));
        request.send().await.unwrap()
    }

    /// Returns the epoch of the poll's counts.
    pub(crate) async fn epoch(&self, poll: &Poll) -> u64 {
        let details = self.details(poll).await;
        details["stats"]["epoch"].as_u64().unwrap()
    }

    async fn details(&self, poll: &Poll) -> Value {
        let url = format!("{}/api/polls/{}", self.url, poll.id);
        let response = self.client.get(url).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.json().await.unwrap()
    }

    /// Returns the counts in the order of the options.
    pub(crate) async fn counts(&self, poll: &Poll) -> Vec<u64> {
        let poll = self.details(poll).await;
        let counts: Vec<u64> = poll["options"]
            .as_array()
            .unwrap()
            .iter()
            .map(|option| option["count"].as_u64().unwrap())
            .collect();
        assert_eq!(
            poll["stats"]["total_votes"].as_u64(),
            Some(counts.iter().sum())
        );
        counts
    }
}

/// Returns the number of viewers in the metrics of a server.
pub(crate) async fn viewers(server: &Server) -> usize {
    let response = reqwest::get(server.url("/metrics")).await.unwrap();
    let text = response.text().await.unwrap();
    let mut lines = text.lines();
    let viewers = lines.find_map(|line| line.strip_prefix("votify_viewers "));
    viewers.unwrap().parse().unwrap()
}

/// Returns status and body of `/readyz`.
pub(crate) async fn ready(server: &Server) -> (u16, Value) {
    let response = reqwest::get(server.url("/readyz")).await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// The server-sent events of a poll.
#[derive(Debug)]
pub(crate) struct Events {
    response: Response,
    read: String,
}

impl Events {
    pub(crate) async fn open(api: &Api, poll: &Poll) -> Self {
        let request = api
            .client
            .get(format!("{}/api/polls/{}/stream", api.url, poll.id));
        let response = request
            .header("accept", "text/event-stream")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        Self {
            response,
            read: String::new(),
        }
    }

    /// Returns the data of the next event, or `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(data) = self.next_line().await?.strip_prefix("data:") {
                return Some(serde_json::from_str(data.trim()).unwrap());
            }
        }
    }

    /// Returns the next line, or `None` at the end of the stream.
    pub(crate) async fn next_line(&mut self) -> Option<String> {
        loop {
            if let Some((line, rest)) = self.read.split_once('\n') {
                let (line, rest) = (line.to_owned(), rest.to_owned());
                self.read = rest;
                return Some(line);
            }
            let more = self.response.chunk().await.ok()??;
            self.read.push_str(std::str::from_utf8(&more).unwrap());
        }
    }
}
