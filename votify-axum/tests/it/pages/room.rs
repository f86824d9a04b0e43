//! The room view.

use serde_json::{Value, json};

use crate::app::App;
use crate::browser::{Browser, CreatedPoll};

fn path(poll: &CreatedPoll) -> String {
    format!("/p/{}/present", poll.id)
}

/// Returns the percentage and the width of the bar of each row.
fn rows(html: &str) -> Vec<(String, String)> {
    let rows = html.split("<li class=\"room-row").skip(1);
    rows.map(|row| {
        let text = |start: &str, end: char| {
            let (_, rest) = row.split_once(start).unwrap();
            rest.split_once(end).unwrap().0.to_owned()
        };
        let percent = text("<span class=\"room-percent number\">", '<');
        (percent, text("<rect class=\"fill\" width=\"", '"'))
    })
    .collect()
}

fn row(percent: &str, width: &str) -> (String, String) {
    (percent.to_owned(), width.to_owned())
}

#[tokio::test]
async fn the_room_shows_results_and_how_to_join() {
    let app = App::with(|router| {
        router
            .vote_rate(None)
            .public_url("https://example.org/votes".parse().unwrap())
            .allowed_hosts(["polls.test".parse().unwrap()])
    });
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    for option in [0, 0, 1] {
        Browser::new(&app)
            .vote(&poll, option)
            .await
            .expect_status(201);
    }
    let page = app.get(&path(&poll)).await.expect_status(200).text;
    assert_eq!(
        rows(&page),
        [row("67%", "66.7%"), row("33%", "33.3%"), row("0%", "0%")]
    );
    let code = poll.body["join_code"].as_str().unwrap();
    let grouped = format!("<p class=\"room-code\">{} {}</p>", &code[..3], &code[3..]);
    assert!(page.contains(&grouped), "{page}");
    assert!(
        page.contains(">example.org<wbr>/votes/join</strong>"),
        "{page}"
    );
    assert!(
        page.contains(&format!("src=\"/votes/p/{}/qr.svg\"", poll.id)),
        "{page}"
    );
    assert!(
        page.contains(">3 votes</span>") && page.contains(">0 watching</span>"),
        "{page}"
    );
    assert!(
        page.contains("http-equiv=\"refresh\""),
        "without scripts, the page reloads"
    );
}

#[tokio::test]
async fn only_the_owner_can_close_the_poll_in_the_room() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    let own = owner.get(&path(&poll)).await.expect_status(200).text;
    assert!(
        own.contains("id=\"close\"") && own.contains("<dialog"),
        "{own}"
    );
    let others = app.get(&path(&poll)).await.text;
    assert!(
        !others.contains("id=\"close\"") && !others.contains("<dialog"),
        "{others}"
    );
}

#[tokio::test]
async fn counts_that_are_hidden_or_covered_are_not_in_the_page() {
    let app = App::unlimited();
    let mut owner = Browser::new(&app);
    let hidden = owner.create_poll(json!({"results": "after_close"})).await;
    let live = owner.create_poll(json!({})).await;
    for poll in [&hidden, &live] {
        Browser::new(&app).vote(poll, 1).await.expect_status(201);
    }
    let nothing = vec![row("", "0%"); 3];
    let page = owner.get(&path(&hidden)).await.text;
    assert_eq!(rows(&page), nothing);
    assert!(
        page.contains("Results are shown once the poll is closed."),
        "{page}"
    );
    assert!(page.contains("id=\"votes\" hidden></span>"), "{page}");
    let covered = app.get(&format!("{}?reveal=later", path(&live))).await.text;
    assert_eq!(rows(&covered), nothing);
    assert!(
        covered.contains(">1 vote</span>"),
        "the number of votes is no secret"
    );
}

#[tokio::test]
async fn more_options_have_more_columns_and_longer_titles_smaller_letters() {
    let app = App::new();
    for (count, density) in [
        (2, "few"),
        (8, "some"),
        (16, "many"),
        (36, "crowded"),
        (100, "packed"),
    ] {
        let options: Vec<Value> = (0..count).map(|n| json!(format!("Option {n}"))).collect();
        let title = "t".repeat(count * 2);
        let fields = json!({"options": options, "title": title});
        let poll = Browser::new(&app).create_poll(fields).await;
        let page = app.get(&path(&poll)).await.text;
        assert!(
            page.contains(&format!("class=\"room-rows {density}\"")),
            "{count}: {page}"
        );
        let length = match title.len() {
            0..=40 => "short",
            41..=100 => "medium",
            _ => "long",
        };
        assert!(page.contains(&format!("<h1 class=\"{length}\"")), "{page}");
    }
}
