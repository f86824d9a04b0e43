//! A caller that keeps its cookie.

use axum::http::Method;
use serde_json::{Value, json};

use crate::app::{Answer, App, from, request};

#[derive(Debug, Clone)]
pub struct Browser {
    pub app: App,
    pub address: String,
    pub cookie: Option<String>,
}

impl Browser {
    pub fn new(app: &App) -> Self {
        Self::at(app, "192.0.2.1")
    }

    pub fn at(app: &App, address: &str) -> Self {
        Self {
            app: app.clone(),
            address: address.to_owned(),
            cookie: None,
        }
    }

    pub async fn call(&mut self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.call_with(method, path, body, &[]).await
    }

    pub async fn call_with(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&'static str, &str)],
    ) -> Answer {
        let mut request = from(&self.address, request(method, path, body));
        if let Some(cookie) = &self.cookie {
            request
                .headers_mut()
                .insert("cookie", cookie.parse().unwrap());
        }
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let answer = self.app.send(request).await;
        if let Some(set) = answer.headers.get("set-cookie") {
            let set = set.to_str().unwrap();
            self.cookie = set.split(';').next().map(str::to_owned);
        }
        answer
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Makes a poll out of `{"title": "Lunch?", "options": ["Pizza", "Sushi", "Soup"]}` and what is given.
    pub async fn make(&mut self, more: Value) -> Made {
        let mut body = json!({"title": "Lunch?", "options": ["Pizza", "Sushi", "Soup"]});
        let fields = body.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        let answer = self.post("/api/polls", body).await.ok(201);
        Made::from(answer.json())
    }

    pub async fn vote(&mut self, poll: &Made, option: usize) -> Answer {
        let body = json!({"option_id": poll.options[option]});
        self.post(&poll.at("/vote"), body).await
    }

    pub async fn vote_as(&mut self, poll: &Made, option: usize, ballot: &str) -> Answer {
        let body = json!({"option_id": poll.options[option], "ballot_id": ballot});
        self.post(&poll.at("/vote"), body).await
    }
}

/// A poll that was made.
#[derive(Debug, Clone)]
pub struct Made {
    pub id: String,
    pub options: Vec<String>,
    pub body: Value,
}

impl From<Value> for Made {
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

impl Made {
    pub fn at(&self, below: &str) -> String {
        format!("/api/polls/{}{below}", self.id)
    }
}
