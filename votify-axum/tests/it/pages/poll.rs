//! What the page of a poll shows.

use serde_json::{Value, json};

use crate::app::App;
use crate::browser::{Browser, CreatedPoll};

async fn page(app: &App, poll: &CreatedPoll) -> String {
    let path = format!("/p/{}", poll.id);
    app.get(&path).await.expect_status(200).text
}

async fn page_of(app: &App, fields: Value) -> String {
    let poll = Browser::new(app).create_poll(fields).await;
    page(app, &poll).await
}

#[tokio::test]
async fn an_open_poll_is_a_form_around_which_is_the_element() {
    let app = App::new();
    let poll = Browser::new(&app)
        .create_poll(json!({"title": "<b>Q</b> & \"x\"", "description": "a\nb"}))
        .await;
    let html = page(&app, &poll).await;
    assert!(
        html.contains("&#60;b&#62;Q&#60;/b&#62; &#38; &#34;x&#34;"),
        "{html}"
    );
    assert!(!html.contains("<b>Q"), "{html}");
    let element = format!("<votify-poll poll=\"{}\" server=\"/\"", poll.id);
    assert!(html.contains(&element), "{html}");
    assert!(html.contains("<template shadowrootmode=\"open\">"));
    assert_eq!(html.matches("type=\"radio\"").count(), 3);
    for option in &poll.options {
        assert!(html.contains(&format!("value=\"{option}\"")), "{html}");
    }
    assert!(html.contains(">Choose one option<") && html.contains("No votes yet"));
    assert!(html.contains("data-status=\"open\""));
}

#[tokio::test]
async fn open_graph_tags_describe_the_poll() {
    let app = App::new();
    let poll = Browser::new(&app).create_poll(json!({})).await;
    let html = page(&app, &poll).await;
    let url = format!("http://polls.test/p/{}", poll.id);
    for expected in [
        "<title>Lunch? · Votify</title>".to_owned(),
        "<meta property=\"og:title\" content=\"Lunch?\">".to_owned(),
        "<meta property=\"og:description\" content=\"Pizza · Sushi · Soup\">".to_owned(),
        format!("<meta property=\"og:url\" content=\"{url}\">"),
        format!("<meta property=\"og:image\" content=\"{url}/card.png\">"),
    ] {
        assert!(html.contains(&expected), "{expected} in {html}");
    }
    assert!(!html.contains("noindex"), "the poll is public");
    let unlisted = page_of(&app, json!({"visibility": "unlisted"})).await;
    assert!(unlisted.contains("<meta name=\"robots\" content=\"noindex\">"));
}

#[tokio::test]
async fn percentages_of_one_choice_add_up_to_a_hundred() {
    let app = App::unlimited();
    let poll = Browser::new(&app).create_poll(json!({})).await;
    for option in [0, 1, 2] {
        Browser::new(&app)
            .vote(&poll, option)
            .await
            .expect_status(201);
    }
    let html = page(&app, &poll).await;
    for (percent, times) in [("34%", 1), ("33%", 2)] {
        let span = format!("<span class=\"percent\" part=\"percent\">{percent}</span>");
        assert_eq!(html.matches(&span).count(), times, "{html}");
    }
    assert_eq!(html.matches("width=\"33.3%\"").count(), 3);
    assert!(html.contains("3 votes"));
}

#[tokio::test]
async fn hidden_results_are_absent() {
    let app = App::new();
    for (results, text) in [
        ("after_vote", "Results are shown after you vote."),
        ("after_close", "Results are shown once the poll is closed."),
    ] {
        let poll = Browser::new(&app)
            .create_poll(json!({"results": results}))
            .await;
        Browser::new(&app).vote(&poll, 1).await.expect_status(201);
        let html = page(&app, &poll).await;
        assert!(html.contains(text), "{html}");
        assert!(html.contains("<span class=\"percent\" part=\"percent\"></span>"));
        assert!(
            !html.contains("1 vote") && !html.contains("100%\" height"),
            "{html}"
        );
    }
}

#[tokio::test]
async fn a_scheduled_poll_says_when_it_opens() {
    let app = App::new();
    let fields = json!({"opens_at": app.clock.after(2 * 3_600 + 30)});
    let html = page_of(&app, fields).await;
    assert!(
        html.contains("data-status=\"scheduled\">Not open yet<"),
        "{html}"
    );
    assert!(html.contains("Opens in 2 hours"), "{html}");
    // There is nothing to count yet. The element shows no counts either.
    for early in [">Results</legend>", "No votes yet", "0%</span>", "0 votes"] {
        assert!(!html.contains(early), "{early} in {html}");
    }
    assert!(!html.contains("type=\"radio\""));
    assert!(
        !html.contains("role=\"alert\""),
        "waiting is no error: {html}"
    );
}

/// The element adds these when it starts, and nothing else may move then.
#[tokio::test]
async fn there_is_space_for_what_the_element_adds() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let live = owner.create_poll(json!({})).await;
    let hidden = owner.create_poll(json!({"results": "after_close"})).await;
    let closed = owner.create_poll(json!({})).await;
    let close = owner.post(&closed.path("/close"), json!({})).await;
    close.expect_status(200);
    for (poll, expected) in [
        (&live, [true, true, true]),
        (&hidden, [true, true, false]),
        (&closed, [true, false, true]),
    ] {
        let html = page(&app, poll).await;
        let has = ["viewers reserved", "connection reserved", "sort reserved"];
        assert_eq!(has.map(|class| html.contains(class)), expected, "{html}");
    }
}

#[tokio::test]
async fn a_final_poll_names_the_winner_or_the_tie() {
    let app = App::unlimited();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    Browser::new(&app).vote(&poll, 1).await.expect_status(201);
    let close = |poll: &CreatedPoll| poll.path("/close");
    owner
        .post(&close(&poll), json!({}))
        .await
        .expect_status(200);
    let html = page(&app, &poll).await;
    assert!(html.contains("data-status=\"final\">Final<"), "{html}");
    assert!(
        html.contains("Final result: most votes for \u{2068}“Sushi”\u{2069}."),
        "{html}"
    );
    assert_eq!(html.matches("class=\"option leader\"").count(), 1);
    let tied = owner.create_poll(json!({})).await;
    for option in [0, 2] {
        Browser::new(&app)
            .vote(&tied, option)
            .await
            .expect_status(201);
    }
    owner
        .post(&close(&tied), json!({}))
        .await
        .expect_status(200);
    let html = page(&app, &tied).await;
    let tie = "Final result: a tie between \u{2068}“Pizza”\u{2069} and \u{2068}“Soup”\u{2069}.";
    assert!(html.contains(tie), "{html}");
}

#[tokio::test]
async fn an_edit_after_the_first_vote_is_shown() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    Browser::new(&app).vote(&poll, 1).await.expect_status(201);
    let change = Some(json!({"title": "Dinner?"}));
    owner
        .call(axum::http::Method::PATCH, &poll.path(""), change)
        .await
        .expect_status(200);
    let html = page(&app, &poll).await;
    assert!(
        html.contains("Dinner?") && html.contains("The text was changed at"),
        "{html}"
    );
}

#[tokio::test]
async fn only_the_owner_gets_the_links_of_an_owner() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    let path = format!("/p/{}?created=1", poll.id);
    let manage = format!("href=\"/p/{}/manage\"", poll.id);
    let html = owner.get(&path).await.text;
    assert!(
        html.contains("Your poll is ready") && html.contains(&manage),
        "{html}"
    );
    let link = format!("value=\"http://polls.test/p/{}\"", poll.id);
    assert!(html.contains(&link), "{html}");
    let stranger = app.get(&path).await.text;
    assert!(!stranger.contains("Your poll is ready") && !stranger.contains(&manage));
}

#[cfg(feature = "accounts")]
#[tokio::test]
async fn a_poll_for_accounts_leads_to_the_login() {
    use crate::accounts::harness;
    let app = harness::app();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({"voters": "account"})).await;
    let html = page(&app, &poll).await;
    let link = format!("href=\"/login?next=%2Fp%2F{}\"", poll.id);
    assert!(
        html.contains(&link) && html.contains("Log in to vote"),
        "{html}"
    );
}

#[tokio::test]
async fn a_link_that_is_opened_often_shows_the_poll() {
    let app = App::with(|router| router.vote_rate(Some(votify_core::Rate::per_minute(2))));
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    let code = crate::invites::codes(&mut owner, &poll, 1).await.remove(0);
    let mut voter = Browser::new(&app);
    voter.get("/").await.expect_status(200);
    let path = format!("/p/{}?invite={code}", poll.id);
    for _ in 0..2 {
        let html = voter.get(&path).await.expect_status(200).text;
        assert!(html.contains("type=\"radio\""), "{html}");
    }
    let html = voter.get(&path).await.expect_status(200).text;
    assert!(html.contains("Too many attempts at the moment."), "{html}");
    assert!(html.contains("Pizza") && !html.contains("type=\"radio\""));
    app.clock.advance(120);
    let html = voter.get(&path).await.expect_status(200).text;
    assert!(html.contains("type=\"radio\""), "{html}");
}
