use axum::Router;
use serde_json::json;

use crate::app::{App, open_router};
use crate::browser::{Browser, CreatedPoll, hidden_field};

#[tokio::test]
async fn nested_pages_link_below_their_prefix() {
    let app = App::new();
    let poll = Browser::new(&app).create_poll(json!({})).await;
    let votify = open_router(app.engine.clone()).build();
    let nested = App {
        router: Router::new().nest("/a&b/polls", votify),
        ..app
    };
    let page = format!("/a&b/polls/p/{}", poll.id);
    for path in ["/a&b/polls", &page] {
        let html = nested.get(path).await.expect_status(200).text;
        assert!(
            html.contains("href=\"/a&#38;b/polls/pages/pages.css\""),
            "{html}"
        );
        let links = html.split("href=\"/").skip(1);
        for link in links.chain(html.split("action=\"/").skip(1)) {
            assert!(link.starts_with("a&#38;b/polls"), "{link:.40}");
        }
    }
    nested
        .get("/a&b/polls/pages/pages.css")
        .await
        .expect_status(200);
    vote_below(&nested, "/a&b/polls", &poll).await;
}

async fn vote_below(app: &App, prefix: &str, poll: &CreatedPoll) {
    let mut voter = Browser::new(app);
    let page = format!("{prefix}/p/{}", poll.id);
    let html = voter.get(&page).await.text;
    let token = hidden_field(&html, "form_token");
    let fields = [
        ("form_token", token.as_str()),
        ("option_id", &poll.options[0]),
    ];
    let voted = voter.post_form(&format!("{page}/vote"), &fields).await;
    assert_eq!(voted.status, 303, "{}", voted.text);
    let done = format!("{page}?done=voted.");
    assert!(voted.header("location").starts_with(&done));
}

#[tokio::test]
async fn links_follow_the_path_of_the_public_url() {
    let app = App::with(|router| router.public_url("https://polls.test/below".parse().unwrap()));
    let poll = Browser::new(&app).create_poll(json!({})).await;
    let html = app.get(&format!("/p/{}", poll.id)).await.text;
    assert!(html.contains("src=\"/below/votify-poll.js\""), "{html}");
    let absolute = format!("content=\"https://polls.test/below/p/{}\"", poll.id);
    assert!(html.contains(&absolute), "{html}");
}

#[tokio::test]
async fn absolute_links_have_the_scheme_that_a_trusted_proxy_reports() {
    let app = App::with(|router| router.trusted_proxies(["192.0.2.0/24".parse().unwrap()]));
    let poll = Browser::new(&app).create_poll(json!({})).await;
    let path = format!("/p/{}", poll.id);
    for (address, protocols, scheme) in [
        ("192.0.2.1", &["https"][..], "https"),
        ("198.51.100.1", &["https"], "http"),
        // The proxy appends to what the client sent.
        ("192.0.2.1", &["https, http"], "http"),
        ("192.0.2.1", &["https", "http"], "http"),
        ("192.0.2.1", &["http, HTTPS "], "https"),
    ] {
        let forwarded = protocols.iter().map(|value| ("x-forwarded-proto", *value));
        let forwarded: Vec<_> = forwarded.collect();
        let html = Browser::with_address(&app, address)
            .call_with(axum::http::Method::GET, &path, None, &forwarded)
            .await
            .text;
        let url = format!("<meta property=\"og:url\" content=\"{scheme}://polls.test{path}\">");
        assert!(html.contains(&url), "{address}: {html}");
    }
}
