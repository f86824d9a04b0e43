//! Requests that pages of other sites make browsers send use up no limit of an address.

use axum::http::Method;
use serde_json::json;
use votify_core::Rate;

use crate::app::{App, TestResponse, request};
use crate::browser::{Browser, CreatedPoll};

/// The headers of a browser about who made it send a request.
type Headers<'a> = &'a [(&'static str, &'a str)];

const PICTURE: Headers<'_> = &[
    ("sec-fetch-site", "cross-site"),
    ("sec-fetch-mode", "no-cors"),
    ("sec-fetch-dest", "image"),
];
/// Requests for which a page of another site is responsible.
const FOREIGN: [Headers<'_>; 5] = [
    PICTURE,
    &[
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-mode", "no-cors"),
        ("sec-fetch-dest", "script"),
    ],
    &[
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "cors"),
        ("sec-fetch-dest", "empty"),
        ("origin", "https://evil.test"),
    ],
    &[
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "iframe"),
    ],
    &[
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
        ("sec-purpose", "prefetch"),
    ],
];
/// Requests of people, of this server's own pages and of clients that are no browsers.
const OWN: [Headers<'_>; 5] = [
    &[],
    &[
        ("sec-fetch-site", "none"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ],
    &[
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ],
    &[
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-mode", "cors"),
        ("sec-fetch-dest", "empty"),
    ],
    &[
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "iframe"),
    ],
];

async fn get(app: &App, path: &str, headers: Headers<'_>) -> TestResponse {
    let mut request = request(Method::GET, path, None);
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    app.send(request).await
}

async fn create_poll(app: &App, fields: serde_json::Value) -> CreatedPoll {
    Browser::with_address(app, "198.51.100.7")
        .create_poll(fields)
        .await
}

#[tokio::test]
async fn pages_of_other_sites_start_no_sessions() {
    let app = App::with(|router| router.session_rate(Some(Rate::per_minute(12))));
    let poll = create_poll(&app, json!({})).await;
    let mut paths = vec![poll.path("")];
    if cfg!(feature = "ui") {
        paths.extend(["/".to_owned(), format!("/p/{}", poll.id)]);
    }
    for path in &paths {
        for headers in FOREIGN {
            let response = get(&app, path, headers).await.expect_status(200);
            assert!(
                !response.headers.contains_key("set-cookie"),
                "{path} {headers:?}"
            );
        }
    }
    for path in &paths {
        for headers in &OWN[..4] {
            let response = get(&app, path, headers).await.expect_status(200);
            assert!(
                response.headers.contains_key("set-cookie"),
                "{path} {headers:?}"
            );
        }
    }
}

#[tokio::test]
async fn pages_of_other_sites_try_no_join_codes() {
    let app = App::with(|router| router.join_rate(Some(Rate::per_minute(1))));
    let poll = create_poll(&app, json!({})).await;
    let code = poll.body["join_code"].as_str().unwrap();
    let wrong = if code == "222222" { "333333" } else { "222222" };
    for headers in FOREIGN {
        // A right code is refused too: otherwise these headers would be a way to try codes.
        for code in [wrong, code] {
            let refused = get(&app, &format!("/api/join/{code}"), headers).await;
            refused.assert_problem(403, "origin_not_allowed");
            if cfg!(feature = "ui") {
                for path in [format!("/j/{code}"), format!("/join?code={code}")] {
                    get(&app, &path, headers).await.expect_status(403);
                }
            }
        }
    }
    for headers in OWN {
        let found = get(&app, &format!("/api/join/{code}"), headers).await;
        found.expect_status(200);
    }
    let late = format!("/api/join/{wrong}");
    get(&app, &late, OWN[2]).await.expect_status(404);
    get(&app, &late, OWN[2]).await.expect_status(429);
}

#[tokio::test]
async fn pages_of_other_sites_try_no_invite_codes() {
    let app = App::with(|router| router.vote_rate(Some(Rate::per_minute(1))));
    let poll = create_poll(&app, json!({"voters": "invite"})).await;
    let state = poll.path("/me?invite=0W3G-E1R7-0W3G-E1R7");
    for headers in FOREIGN {
        let refused = get(&app, &state, headers).await;
        refused.assert_problem(403, "origin_not_allowed");
        if cfg!(feature = "ui") {
            let page = format!("/p/{}?invite=0W3G-E1R7-0W3G-E1R7", poll.id);
            let page = get(&app, &page, headers).await.expect_status(200);
            assert!(!page.headers.contains_key("set-cookie"), "{headers:?}");
        }
        // Without a code, nothing is counted.
        get(&app, &poll.path("/me"), headers)
            .await
            .expect_status(200);
    }
    get(&app, &state, OWN[1]).await.expect_status(200);
    get(&app, &state, OWN[1]).await.expect_status(429);
}

#[tokio::test]
async fn pages_of_other_sites_hold_no_streams() {
    let app = App::new();
    let poll = create_poll(&app, json!({})).await;
    for headers in FOREIGN {
        let refused = get(&app, &poll.path("/stream"), headers).await;
        refused.assert_problem(403, "origin_not_allowed");
    }
}

#[tokio::test]
async fn pages_of_allowed_origins_start_sessions() {
    let app = App::with(|router| {
        router
            .public_url("https://polls.test".parse().unwrap())
            .allowed_origins(["https://www.test".parse().unwrap()])
    });
    let poll = create_poll(&app, json!({})).await;
    for site in ["cross-site", "same-site"] {
        let mut headers = vec![
            ("sec-fetch-site", site),
            ("sec-fetch-mode", "cors"),
            ("sec-fetch-dest", "empty"),
            ("origin", "https://www.test"),
        ];
        let read = get(&app, &poll.path(""), &headers).await.expect_status(200);
        assert!(read.headers.contains_key("set-cookie"), "{site}");
        // Without CORS, any page sends it.
        headers[1].1 = "no-cors";
        headers.pop();
        let read = get(&app, &poll.path(""), &headers).await.expect_status(200);
        assert!(!read.headers.contains_key("set-cookie"), "{site}");
    }
}

#[cfg(feature = "ui")]
#[tokio::test]
async fn frames_of_listed_sites_start_sessions() {
    let app = App::with(|router| {
        router
            .public_url("https://polls.test".parse().unwrap())
            .frame_ancestors(["https://www.test".parse().unwrap()])
    });
    let poll = create_poll(&app, json!({})).await;
    let path = format!("/p/{}/embed", poll.id);
    let mut headers = FOREIGN[3].to_vec();
    for (referer, starts) in [
        ("https://www.test/", true),
        ("https://www.test/a/page?of=it", true),
        ("https://www.test", true),
        ("https://evil.test/", false),
        ("https://www.test.evil.test/", false),
        ("https://evil.test/?https://www.test/", false),
        ("nonsense", false),
    ] {
        headers.push(("referer", referer));
        let frame = get(&app, &path, &headers).await.expect_status(200);
        let has_started = frame.headers.contains_key("set-cookie");
        assert_eq!(has_started, starts, "{referer}");
        headers.pop();
    }
}
