//! The page of a poll for frames.

use serde_json::json;

use crate::app::App;
use crate::browser::{Browser, hidden_field};

#[tokio::test]
async fn a_frame_has_the_poll_alone() {
    let app = App::new();
    let poll = Browser::new(&app).create_poll(json!({})).await;
    let html = app.get(&format!("/p/{}/embed", poll.id)).await.text;
    assert!(
        html.contains("<votify-poll") && html.contains("/pages/embed.js"),
        "{html}"
    );
    for absent in ["<header", "<footer", "<nav", "Room view"] {
        assert!(!html.contains(absent), "{absent} in {html}");
    }
    assert!(
        html.contains("noindex"),
        "the page itself is the one to find"
    );
    let script = app.get("/pages/embed.js").await.text;
    assert!(script.contains("postMessage") && script.contains("votify-height"));
}

#[tokio::test]
async fn a_vote_in_a_frame_stays_in_the_frame() {
    let app = App::new();
    let poll = Browser::new(&app)
        .create_poll(json!({"revote": true}))
        .await;
    let mut voter = Browser::new(&app);
    let page = format!("/p/{}", poll.id);
    let html = voter.get(&format!("{page}/embed")).await.text;
    assert!(
        html.contains(&format!("action=\"{page}/vote?embed=1\"")),
        "{html}"
    );
    let token = hidden_field(&html, "form_token");
    let action = format!("{page}/vote?embed=1");
    let refused = voter.post_form(&action, &[("form_token", &token)]).await;
    assert_eq!(refused.status, 422);
    assert!(!refused.text.contains("<header"), "{}", refused.text);
    let fields = [
        ("form_token", token.as_str()),
        ("option_id", &poll.options[0]),
    ];
    let voted = voter.post_form(&action, &fields).await.expect_status(303);
    let done = format!("{page}/embed?done=voted.");
    assert!(voted.header("location").starts_with(&done));
}

#[tokio::test]
async fn listed_origins_may_frame_it() {
    let app = App::with(|router| router.frame_ancestors(["https://www.test".parse().unwrap()]));
    let poll = Browser::new(&app).create_poll(json!({})).await;
    let page = app.get(&format!("/p/{}/embed", poll.id)).await;
    let policy = page.header("content-security-policy");
    assert!(
        policy.ends_with("; frame-ancestors https://www.test"),
        "{policy}"
    );
    assert!(!page.headers.contains_key("x-frame-options"));
}

/// The address of a form may be opened again, for example after a log-in.
#[tokio::test]
async fn the_addresses_of_forms_lead_back_to_the_poll() {
    let app = App::new();
    let poll = Browser::new(&app).create_poll(json!({})).await;
    let page = format!("/p/{}", poll.id);
    for (path, expected) in [
        ("/vote", ""),
        (
            "/withdraw?invite=0W3G-E1R7-0W3G-E1R7",
            "?invite=0W3G-E1R7-0W3G-E1R7",
        ),
        (
            "/vote?embed=1&invite=0W3G-E1R7-0W3G-E1R7",
            "/embed?invite=0W3G-E1R7-0W3G-E1R7",
        ),
        // A code that cannot exist is left out.
        ("/vote?invite=a%26b", ""),
    ] {
        let response = app.get(&format!("{page}{path}")).await.expect_status(303);
        assert_eq!(response.header("location"), format!("{page}{expected}"));
    }
}
