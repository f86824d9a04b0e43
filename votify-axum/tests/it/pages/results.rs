//! The page of a poll's result.

use serde_json::json;

use crate::app::App;
use crate::browser::{Browser, CreatedPoll};

fn path(poll: &CreatedPoll) -> String {
    format!("/p/{}/results", poll.id)
}

/// Returns the text of each row of the page: place, text, percentage and count.
fn rows(html: &str) -> Vec<[String; 4]> {
    let classes = [
        "standing-place",
        "standing-text",
        "standing-percent",
        "standing-count",
    ];
    let rows = html.split("<li class=\"standing").skip(1);
    rows.map(|row| {
        classes.map(|class| {
            let (_, rest) = row.split_once(&format!("<span class=\"{class}")).unwrap();
            let (_, rest) = rest.split_once('>').unwrap();
            rest.split_once('<').unwrap().0.to_owned()
        })
    })
    .collect()
}

async fn vote(app: &App, poll: &CreatedPoll, options: &[usize]) {
    for option in options {
        Browser::new(app)
            .vote(poll, *option)
            .await
            .expect_status(201);
    }
}

#[tokio::test]
async fn options_are_sorted_and_have_percentages() {
    let app = App::unlimited();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({"title": "<Lunch> & more?"})).await;
    let page = app.get(&path(&poll)).await.expect_status(200);
    assert!(page.text.contains("Nobody has voted yet."), "{}", page.text);
    vote(&app, &poll, &[1, 1, 2]).await;
    let page = app.get(&path(&poll)).await.expect_status(200);
    let expected = [
        ["1", "Sushi", "67%", "2 votes"],
        ["2", "Soup", "33%", "1 vote"],
        ["3", "Pizza", "0%", "0 votes"],
    ];
    assert_eq!(rows(&page.text), expected);
    assert!(
        page.text.contains("“Sushi”\u{2069} is in front."),
        "{}",
        page.text
    );
    assert!(page.text.contains("width=\"66.7%\""), "{}", page.text);
    assert!(
        page.text.contains("&#60;Lunch&#62; &#38; more?"),
        "{}",
        page.text
    );
    let csv = format!("href=\"/api/polls/{}/results?format=csv\"", poll.id);
    assert!(page.text.contains(&csv), "{}", page.text);
    assert!(page.text.contains("property=\"og:image\""));
    assert!(!page.text.contains("/manage\""), "only the owner manages");
    let own = owner.get(&path(&poll)).await;
    assert!(
        own.text
            .contains(&format!("href=\"/p/{}/manage\"", poll.id))
    );
}

#[tokio::test]
async fn search_engines_leave_out_the_results_of_unlisted_polls() {
    let app = App::new();
    for (visibility, is_hidden) in [("public", false), ("unlisted", true)] {
        let fields = json!({"visibility": visibility});
        let poll = Browser::new(&app).create_poll(fields).await;
        let page = app.get(&path(&poll)).await.expect_status(200).text;
        let tag = "<meta name=\"robots\" content=\"noindex\">";
        assert_eq!(page.contains(tag), is_hidden, "{visibility}");
        let qr = app.get(&format!("/p/{}/qr.svg", poll.id)).await;
        let has_header = qr.headers.contains_key("x-robots-tag");
        assert_eq!(has_header, is_hidden, "{visibility}");
    }
}

#[tokio::test]
async fn ties_and_final_results_are_named() {
    let app = App::unlimited();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    vote(&app, &poll, &[0, 2]).await;
    let page = app.get(&path(&poll)).await.text;
    assert!(
        page.contains("A tie between \u{2068}“Pizza”\u{2069} and \u{2068}“Soup”\u{2069}."),
        "{page}"
    );
    let places: Vec<_> = rows(&page).into_iter().map(|[place, ..]| place).collect();
    assert_eq!(places, ["1", "1", "3"]);
    owner
        .post(&poll.path("/close"), json!({}))
        .await
        .expect_status(200);
    let page = app.get(&path(&poll)).await.text;
    assert!(page.contains("Final result: a tie between"), "{page}");
    assert!(
        page.contains("<span class=\"pill final\" id=\"status\">Final</span>"),
        "{page}"
    );
}

#[tokio::test]
async fn several_choices_are_percentages_of_voters() {
    let app = App::unlimited();
    let poll = Browser::new(&app)
        .create_poll(json!({"ballot": {"kind": "multiple"}}))
        .await;
    let body = json!({"option_ids": [poll.options[0], poll.options[1]]});
    let voted = Browser::new(&app).post(&poll.path("/vote"), body).await;
    voted.expect_status(201);
    let page = app.get(&path(&poll)).await.text;
    let percents: Vec<_> = rows(&page)
        .into_iter()
        .map(|[_, _, percent, _]| percent)
        .collect();
    assert_eq!(percents, ["100%", "100%", "0%"]);
    assert!(page.contains("Percentages are of voters."), "{page}");
}

#[tokio::test]
async fn hidden_counts_are_not_in_the_page() {
    let app = App::unlimited();
    let mut owner = Browser::new(&app);
    let mut voter = Browser::new(&app);
    let closes_at = app.clock.after(3_600);
    for (results, reason) in [
        ("after_close", "Results are shown once the poll is closed: "),
        ("after_vote", "Results are shown after you vote."),
    ] {
        let fields = json!({"results": results, "closes_at": closes_at});
        let poll = owner.create_poll(fields).await;
        vote(&app, &poll, &[2, 2, 1]).await;
        let page = owner.get(&path(&poll)).await.expect_status(200).text;
        assert!(page.contains(reason), "{page}");
        let expected = ["Pizza", "Sushi", "Soup"];
        let expected = expected.map(|text| ["", text, "", ""].map(str::to_owned));
        assert_eq!(rows(&page), expected, "in the poll's order");
        assert!(
            page.contains("id=\"download\"") && page.contains("format=csv\" hidden"),
            "{page}"
        );
        if results == "after_vote" {
            voter.vote(&poll, 2).await.expect_status(201);
            let page = voter.get(&path(&poll)).await.text;
            assert_eq!(
                rows(&page)[0],
                ["1", "Soup", "75%", "3 votes"].map(str::to_owned)
            );
        }
    }
}

#[tokio::test]
async fn links_keep_the_invite_code_of_the_caller() {
    let app = crate::invites::app(|router| router.vote_rate(None));
    let mut owner = Browser::new(&app);
    let fields = json!({"voters": "invite", "results": "after_vote"});
    let poll = owner.create_poll(fields).await;
    let invites = owner
        .post(&poll.path("/invites"), json!({"count": 1}))
        .await;
    let code = invites.json()["invites"][0]["code"]
        .as_str()
        .unwrap()
        .to_owned();
    let body = json!({"option_id": poll.options[0]});
    let voted = app
        .post(&poll.path(&format!("/vote?invite={code}")), body)
        .await;
    voted.expect_status(201);
    let page = app
        .get(&format!("{}?invite={code}", path(&poll)))
        .await
        .text;
    assert_eq!(rows(&page)[0][3], "1 vote");
    let csv = format!(
        "/api/polls/{}/results?invite={code}&amp;format=csv\"",
        poll.id
    );
    assert!(page.contains(&csv), "{page}");
    let shared = page.split("data-share=\"").nth(1).unwrap();
    let (shared, _) = shared.split_once('"').unwrap();
    assert!(
        !shared.contains("invite"),
        "a shared link has no code: {shared}"
    );
}

#[tokio::test]
async fn an_unknown_poll_is_a_page_with_404() {
    let app = App::new();
    for id in ["0190b6e2-0000-7000-8000-000000000000", "nonsense"] {
        for page in ["results", "present", "qr.svg", "card.png"] {
            let page = app.get(&format!("/p/{id}/{page}")).await.expect_status(404);
            assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        }
    }
}
