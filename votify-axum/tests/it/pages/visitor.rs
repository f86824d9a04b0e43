//! A browser that keeps all cookies and sends forms, without JavaScript.

use std::collections::BTreeMap;

use axum::http::{Method, Request};
use serde_json::{Value, json};

use crate::app::{App, TestResponse, from, request};
use crate::browser::CreatedPoll;

/// The page that the forms of tests are sent from.
pub const ORIGIN: &str = "http://polls.test";

#[derive(Debug, Clone)]
pub struct Visitor {
    pub app: App,
    pub cookies: BTreeMap<String, String>,
    pub address: String,
}

impl Visitor {
    pub fn new(app: &App) -> Self {
        Self {
            app: app.clone(),
            cookies: BTreeMap::new(),
            address: "192.0.2.1".to_owned(),
        }
    }

    async fn send(&mut self, request: Request<axum::body::Body>) -> TestResponse {
        let mut request = from(&self.address, request);
        let cookies = self.cookies.iter();
        let cookies: Vec<_> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            let cookies = cookies.join("; ").parse().unwrap();
            request.headers_mut().insert("cookie", cookies);
        }
        let accept = "text/html,*/*;q=0.8".parse().unwrap();
        request.headers_mut().insert("accept", accept);
        let response = self.app.send(request).await;
        for cookie in response.headers.get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        response
    }

    pub async fn get(&mut self, path: &str) -> TestResponse {
        self.send(request(Method::GET, path, None)).await
    }

    /// Reads a page that exists.
    pub async fn page(&mut self, path: &str) -> String {
        let page = self.get(path).await.expect_status(200);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("cache-control"), "no-store");
        page.text
    }

    pub async fn api(&mut self, method: Method, path: &str, body: Option<Value>) -> TestResponse {
        self.send(request(method, path, body)).await
    }

    /// Sends a form as it is, from a page of `origin`.
    pub async fn post_from(
        &mut self,
        origin: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> TestResponse {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let mut request = request(Method::POST, path, None);
        for (name, value) in [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", origin),
        ] {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        *request.body_mut() = body.into();
        self.send(request).await
    }

    /// Fills in the form of the page `page` and sends it to `action`.
    pub async fn submit(
        &mut self,
        page: &str,
        action: &str,
        fields: &[(&str, &str)],
    ) -> TestResponse {
        let html = self.page(page).await;
        let token = form_token(&html);
        let mut all = vec![("form_token", token)];
        all.extend(fields);
        self.post_from(ORIGIN, action, &all).await
    }

    pub async fn create_poll(&mut self, fields: Value) -> CreatedPoll {
        let mut body = json!({"title": "Lunch?", "options": ["Pizza", "Sushi"]});
        body.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        let created = self.api(Method::POST, "/api/polls", Some(body)).await;
        CreatedPoll::from(created.expect_status(201).json())
    }

    pub async fn vote(&mut self, poll: &CreatedPoll, query: &str) -> TestResponse {
        let body = json!({"option_id": poll.options[0]});
        let path = format!("{}{query}", poll.path("/vote"));
        self.api(Method::POST, &path, Some(body)).await
    }
}

#[track_caller]
pub fn form_token(html: &str) -> &str {
    let (_, rest) = html
        .split_once("name=\"form_token\" value=\"")
        .unwrap_or_else(|| panic!("{html}"));
    rest.split('"').next().unwrap()
}

/// Asserts the address that a form leads to.
#[track_caller]
pub fn assert_leads_to(response: &TestResponse, path: &str) {
    assert_eq!(response.status, 303, "{}", response.text);
    assert_eq!(response.header("location"), path);
}

/// Asserts that a form leads to `path` with a report of what it did, and returns the address.
#[track_caller]
pub fn reported(response: &TestResponse, path: &str, done: &str) -> String {
    assert_eq!(response.status, 303, "{}", response.text);
    let location = response.header("location");
    let start = format!("{path}?done={done}.");
    assert!(location.starts_with(&start), "{location}");
    location.to_owned()
}

/// Asserts that a page is a valid problem page for people.
#[track_caller]
pub fn assert_problem_page(response: &TestResponse, status: u16, heading: &str) {
    assert_eq!(response.status, status, "{}", response.text);
    assert_eq!(response.header("content-type"), "text/html; charset=utf-8");
    let expected = format!("<h1>{heading}</h1>");
    assert!(response.text.contains(&expected), "{}", response.text);
}
