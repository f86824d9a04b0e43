use std::net::IpAddr;

use reqwest::header::HeaderName;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

use crate::program::Server;

/// A browser, with its cookies, at a server.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    client: Client,
    url: String,
}

/// A poll as the server told it when it was made.
#[derive(Debug, Clone)]
pub(crate) struct Poll {
    pub(crate) id: String,
    pub(crate) options: Vec<String>,
}

impl Api {
    /// A new browser.
    pub(crate) fn new(server: &Server) -> Self {
        Self {
            client: Client::builder().cookie_store(true).build().unwrap(),
            url: server.url(""),
        }
    }

    /// Callers without cookies.
    pub(crate) fn without_cookies(server: &Server) -> Self {
        Self {
            client: Client::new(),
            url: server.url(""),
        }
    }

    /// Callers without cookies, at whatever answers there, from this address of their own, with these headers.
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

    /// A new browser at whatever answers there.
    pub(crate) fn through(url: &str) -> Self {
        Self {
            client: Client::builder().cookie_store(true).build().unwrap(),
            url: url.to_owned(),
        }
    }

    /// Callers without cookies, at the same place.
    pub(crate) fn forgetful(&self) -> Self {
        Self {
            client: Client::new(),
            url: self.url.clone(),
        }
    }

    /// The same browser at another server.
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
        let answer = self
            .client
            .post(format!("{}/api/polls", self.url))
            .json(&poll)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        let poll: Value = answer.json().await.unwrap();
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

    /// Votes for the option of this index.
    pub(crate) async fn vote(&self, poll: &Poll, option: usize) -> (u16, Value) {
        Self::answered(
            self.post_vote(poll, &json!({"option_id": poll.options[option]}))
                .await,
        )
        .await
        .unwrap()
    }

    /// Votes under a ballot id; `Err` if there is no answer.
    pub(crate) async fn cast(
        &self,
        poll: &Poll,
        ballot: &str,
        option: usize,
    ) -> reqwest::Result<(u16, Value)> {
        Self::answered(self.cast_raw(poll, ballot, option).await).await
    }

    /// The same, with the id in the header `Idempotency-Key`.
    pub(crate) async fn cast_under_key(
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
        Self::answered(request.send().await).await
    }

    /// The same, as it was answered.
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

    async fn answered(answer: reqwest::Result<Response>) -> reqwest::Result<(u16, Value)> {
        let answer = answer?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    /// The poll's counts, in the order of its options.
    pub(crate) async fn counts(&self, poll: &Poll) -> Vec<u64> {
        let answer = self
            .client
            .get(format!("{}/api/polls/{}", self.url, poll.id))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let poll: Value = answer.json().await.unwrap();
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

/// How many streams a server says that it serves.
pub(crate) async fn viewers(server: &Server) -> usize {
    let answer = reqwest::get(server.url("/metrics")).await.unwrap();
    let text = answer.text().await.unwrap();
    let mut lines = text.lines();
    let viewers = lines.find_map(|line| line.strip_prefix("votify_viewers "));
    viewers.unwrap().parse().unwrap()
}

/// What `/readyz` answers.
pub(crate) async fn ready(server: &Server) -> (u16, Value) {
    let answer = reqwest::get(server.url("/readyz")).await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// A poll's server-sent events.
#[derive(Debug)]
pub(crate) struct Events {
    answer: Response,
    read: String,
}

impl Events {
    pub(crate) async fn open(api: &Api, poll: &Poll) -> Self {
        let request = api
            .client
            .get(format!("{}/api/polls/{}/stream", api.url, poll.id));
        let answer = request
            .header("accept", "text/event-stream")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        Self {
            answer,
            read: String::new(),
        }
    }

    /// The next event's data; `None` once the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(data) = self.next_line().await?.strip_prefix("data:") {
                return Some(serde_json::from_str(data.trim()).unwrap());
            }
        }
    }

    /// The next line, whatever it tells; `None` once the stream has ended.
    pub(crate) async fn next_line(&mut self) -> Option<String> {
        loop {
            if let Some((line, rest)) = self.read.split_once('\n') {
                let (line, rest) = (line.to_owned(), rest.to_owned());
                self.read = rest;
                return Some(line);
            }
            let more = self.answer.chunk().await.ok()??;
            self.read.push_str(std::str::from_utf8(&more).unwrap());
        }
    }
}
