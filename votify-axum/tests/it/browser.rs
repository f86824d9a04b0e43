//! A client with a cookie jar of one cookie.

use axum::body::Body;
use axum::http::{Method, Request};
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
        let request = from(&self.address, request(method, path, body));
        self.send(request, headers).await
    }

    async fn send(
        &mut self,
        mut request: Request<Body>,
        headers: &[(&'static str, &str)],
    ) -> TestResponse {
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

    /// Sends a form as a browser does, from a page of this server.
    #[cfg(feature = "ui")]
    pub async fn post_form(&mut self, path: &str, fields: &[(&str, &str)]) -> TestResponse {
        self.post_form_from("http://polls.test", path, fields).await
    }

    /// Sends a form of a page of `origin`.
    #[cfg(feature = "ui")]
    pub async fn post_form_from(
        &mut self,
        origin: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> TestResponse {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let mut request = from(&self.address, request(Method::POST, path, None));
        *request.body_mut() = body.into();
        self.send(
            request,
            &[
                ("content-type", "application/x-www-form-urlencoded"),
                ("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
                ("origin", origin),
            ],
        )
        .await
    }

    /// Reads a page and returns the value of one of its hidden fields.
    #[cfg(feature = "ui")]
    pub async fn hidden_field(&mut self, path: &str, name: &str) -> String {
        let page = self.get(path).await.expect_status(200);
        hidden_field(&page.text, name)
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

/// Returns the value of a hidden field of a page.
#[cfg(feature = "ui")]
#[track_caller]
pub fn hidden_field(html: &str, name: &str) -> String {
    let start = format!("type=\"hidden\" name=\"{name}\" value=\"");
    let (_, rest) = html
        .split_once(&start)
        .unwrap_or_else(|| panic!("no {name} in {html}"));
    rest.split('"').next().unwrap().to_owned()
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
