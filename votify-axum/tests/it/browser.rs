//! A client with a cookie jar of one cookie.

use axum::http::Method;
use serde_json::{Value, json};

use crate::app::{App, TestResponse, from, request};

#[derive(Debug, Clone)]
pub struct Browser {
    pub app: App,
    pub address: String,
    pub cookie: Option<String>,
}

impl Browser {
    pub fn new(app: &App) -> Self {
        Self::with_address(app, "192.0.2.1")
    }

    pub fn with_address(app: &App, address: &str) -> Self {
        Self {
            app: app.clone(),
            address: address.to_owned(),
            cookie: None,
        }
    }

    pub async fn call(&mut self, method: Method, path: &str, body: Option<Value>) -> TestResponse {
        self.call_with(method, path, body, &[]).await
    }

    pub async fn call_with(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&'static str, &str)],
    ) -> TestResponse {
        let mut request = from(&self.address, request(method, path, body));
        if let Some(cookie) = &self.cookie {
            request
                .headers_mut()
                .insert("cookie", cookie.parse().unwrap());
        }
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let response = self.app.send(request).await;
        if let Some(set) = response.headers.get("set-cookie") {
            let set = set.to_str().unwrap();
            self.cookie = set.split(';').next().map(str::to_owned);
        }
        response
    }

    pub async fn get(&mut self, path: &str) -> TestResponse {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&mut self, path: &str, body: Value) -> TestResponse {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Creates a poll from `{"title": "Lunch?", "options": ["Pizza", "Sushi", "Soup"]}`,
    /// extended with the given fields.
    pub async fn create_poll(&mut self, fields: Value) -> CreatedPoll {
        let mut body = json!({"title": "Lunch?", "options": ["Pizza", "Sushi", "Soup"]});
        let object = body.as_object_mut().unwrap();
        object.extend(fields.as_object().unwrap().clone());
        let response = self.post("/api/polls", body).await.expect_status(201);
        CreatedPoll::from(response.json())
    }

    pub async fn vote(&mut self, poll: &CreatedPoll, option: usize) -> TestResponse {
        let body = json!({"option_id": poll.options[option]});
        self.post(&poll.path("/vote"), body).await
    }

    pub async fn vote_as(
        &mut self,
        poll: &CreatedPoll,
        option: usize,
        ballot: &str,
    ) -> TestResponse {
        let body = json!({"option_id": poll.options[option], "ballot_id": ballot});
        self.post(&poll.path("/vote"), body).await
    }
}

/// A created poll.
#[derive(Debug, Clone)]
pub struct CreatedPoll {
    pub id: String,
    pub options: Vec<String>,
    pub body: Value,
}

impl From<Value> for CreatedPoll {
    fn from(body: Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let options = body["options"].as_array().unwrap();
        Self {
            id: text(&body["id"]),
            options: options.iter().map(|option| text(&option["id"])).collect(),
            body,
        }
    }
}

impl CreatedPoll {
    pub fn path(&self, suffix: &str) -> String {
        format!("/api/polls/{}{suffix}", self.id)
    }
}
