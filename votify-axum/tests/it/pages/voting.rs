//! Votes, changes and withdrawals by plain forms.

use serde_json::{Value, json};
use votify_core::MemoryQueue;

use crate::app::{App, TestResponse};
use crate::browser::{Browser, CreatedPoll, hidden_field};
use crate::invites::codes;

/// A voter who has opened the page of a poll.
struct Voter {
    browser: Browser,
    path: String,
    token: String,
    ballot: String,
}

impl Voter {
    async fn open(app: &App, poll: &CreatedPoll) -> Self {
        let mut browser = Browser::new(app);
        let path = format!("/p/{}", poll.id);
        let html = browser.get(&path).await.expect_status(200).text;
        Self {
            browser,
            path,
            token: hidden_field(&html, "form_token"),
            ballot: hidden_field(&html, "ballot_id"),
        }
    }

    async fn send(&mut self, action: &str, fields: &[(&str, &str)]) -> TestResponse {
        let mut all = vec![
            ("form_token", self.token.as_str()),
            ("ballot_id", self.ballot.as_str()),
        ];
        all.extend(fields);
        let path = format!("{}/{action}", self.path);
        self.browser.post_form(&path, &all).await
    }

    /// Follows a redirect to the poll after a ballot that a queue has.
    #[track_caller]
    fn follow_queued(&mut self, response: &TestResponse) -> impl Future<Output = String> {
        assert_eq!(response.status, 303, "{}", response.text);
        let location = response.header("location").to_owned();
        async move { self.browser.get(&location).await.expect_status(200).text }
    }

    /// Follows a redirect to the poll, and takes the new ballot id.
    #[track_caller]
    fn follow(&mut self, response: &TestResponse) -> impl Future<Output = String> {
        assert_eq!(response.status, 303, "{}", response.text);
        let location = response.header("location").to_owned();
        async move {
            let html = self.browser.get(&location).await.expect_status(200).text;
            self.ballot = hidden_field(&html, "ballot_id");
            html
        }
    }
}

async fn poll(app: &App, fields: Value) -> CreatedPoll {
    Browser::new(app).create_poll(fields).await
}

async fn counts(app: &App, poll: &CreatedPoll) -> Vec<u64> {
    let body = app.get(&poll.path("")).await.json();
    let options = body["options"].as_array().unwrap();
    options
        .iter()
        .map(|option| option["count"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn a_vote_is_counted_and_marked() {
    let app = App::new();
    let poll = poll(&app, json!({})).await;
    let mut voter = Voter::open(&app, &poll).await;
    let voted = voter.send("vote", &[("option_id", &poll.options[1])]).await;
    let html = voter.follow(&voted).await;
    assert_eq!(counts(&app, &poll).await, [0, 1, 0]);
    assert!(html.contains("Your vote was counted."), "{html}");
    assert_eq!(html.matches("<span>Your vote</span>").count(), 1);
    assert!(html.contains("<span class=\"percent\" part=\"percent\">100%</span>"));
    assert!(html.contains("width=\"100%\""), "{html}");
    assert!(
        !html.contains("type=\"radio\""),
        "the vote cannot be changed"
    );
    // The link may be sent to somebody who has not voted.
    let copied = app.get(voted.header("location")).await.expect_status(200);
    assert!(!copied.text.contains("was counted") && !copied.text.contains("You voted"));
    // Later the page says that the vote is there, and not that it was counted just now.
    let later = voter.browser.get(&voter.path).await.text;
    assert!(later.contains("You voted.") && !later.contains("was counted"));
}

#[tokio::test]
async fn a_form_that_is_sent_twice_is_one_ballot() {
    let app = App::new();
    for fields in [json!({}), json!({"revote": true})] {
        let poll = poll(&app, fields).await;
        let mut voter = Voter::open(&app, &poll).await;
        for _ in 0..2 {
            let voted = voter.send("vote", &[("option_id", &poll.options[0])]).await;
            assert_eq!(voted.status, 303, "{}", voted.text);
        }
        assert_eq!(app.total(&poll.id).await, 1);
    }
}

#[tokio::test]
async fn a_vote_is_changed_and_withdrawn_where_the_poll_allows_it() {
    let app = App::new();
    let poll = poll(&app, json!({"revote": true})).await;
    let mut voter = Voter::open(&app, &poll).await;
    let first = voter.ballot.clone();
    let voted = voter.send("vote", &[("option_id", &poll.options[0])]).await;
    let html = voter.follow(&voted).await;
    assert!(html.contains("Change vote") && html.contains("Withdraw vote"));
    let changed = voter.send("vote", &[("option_id", &poll.options[2])]).await;
    let html = voter.follow(&changed).await;
    assert_eq!(counts(&app, &poll).await, [0, 0, 1]);
    assert_eq!(html.matches(" checked>").count(), 1);
    // The back button sends the first form again.
    let ballot = std::mem::replace(&mut voter.ballot, first);
    let again = voter.send("vote", &[("option_id", &poll.options[0])]).await;
    let html = voter.follow(&again).await;
    assert!(!html.contains("was counted"), "{html}");
    assert_eq!(counts(&app, &poll).await, [0, 0, 1]);
    voter.ballot = ballot;
    let withdrawn = voter.send("withdraw", &[]).await;
    let html = voter.follow(&withdrawn).await;
    assert!(html.contains("Your vote was withdrawn."), "{html}");
    assert_eq!(counts(&app, &poll).await, [0, 0, 0]);
}

#[tokio::test]
async fn a_second_vote_is_refused_in_words() {
    let app = App::new();
    let poll = poll(&app, json!({})).await;
    let mut voter = Voter::open(&app, &poll).await;
    let voted = voter.send("vote", &[("option_id", &poll.options[0])]).await;
    voter.follow(&voted).await;
    let again = voter.send("vote", &[("option_id", &poll.options[1])]).await;
    assert_eq!(again.status, 409);
    assert!(
        again
            .text
            .contains("role=\"alert\"><p>You have already voted.</p>")
    );
    assert_eq!(counts(&app, &poll).await, [1, 0, 0]);
}

#[tokio::test]
async fn several_options_are_chosen_within_the_bounds() {
    let app = App::new();
    let ballot = json!({"kind": "multiple", "min": 2, "max": 2});
    let poll = poll(&app, json!({"ballot": ballot})).await;
    let mut voter = Voter::open(&app, &poll).await;
    let one = voter
        .send("vote", &[("option_ids", &poll.options[0])])
        .await;
    assert_eq!(one.status, 422, "{}", one.text);
    assert!(one.text.contains("Choose 2 options"));
    assert_eq!(
        one.text.matches(" checked>").count(),
        1,
        "the choice is kept"
    );
    let none = voter.send("vote", &[]).await;
    assert_eq!(none.status, 422);
    assert!(none.text.contains("Choose an option first."));
    let two = [
        ("option_ids", poll.options[0].as_str()),
        ("option_ids", &poll.options[2]),
    ];
    let voted = voter.send("vote", &two).await;
    let html = voter.follow(&voted).await;
    assert_eq!(counts(&app, &poll).await, [1, 0, 1]);
    assert!(html.contains("Percentages are of voters."), "{html}");
    assert!(html.contains("1 voter<"), "{html}");
    // All pages count the voters: two votes of one ballot are in the rows.
    for page in ["results", "present"] {
        let page = app.get(&format!("{}/{page}", voter.path)).await.text;
        assert!(page.contains("id=\"votes\">1 voter</span>"), "{page}");
    }
    let list = app.get("/polls").await.expect_status(200).text;
    assert!(list.contains("1 voter<"), "{list}");
}

#[tokio::test]
async fn an_invite_is_typed_and_used_once() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    let code = codes(&mut owner, &poll, 1).await.remove(0);
    let mut voter = Voter::open(&app, &poll).await;
    let html = voter.browser.get(&voter.path).await.text;
    assert!(
        html.contains("<label for=\"code\">Invite code</label>"),
        "{html}"
    );
    let wrong = format!("{}?invite=0000-0000-0000-0000", voter.path);
    let html = voter.browser.get(&wrong).await.expect_status(200).text;
    assert!(
        html.contains("This code is not valid for this poll."),
        "{html}"
    );
    let right = format!("{}?invite={code}", voter.path);
    let html = voter.browser.get(&right).await.text;
    let action = format!("action=\"{}/vote?invite={code}\"", voter.path);
    assert!(html.contains(&action), "{html}");
    // The other pages of the poll need the code too, to show what this voter may see.
    for page in ["results", "present"] {
        let link = format!("href=\"{}/{page}?invite={code}\"", voter.path);
        assert!(html.contains(&link), "{html}");
    }
    let room = format!("{}/present?invite={code}", voter.path);
    let room = voter.browser.get(&room).await.expect_status(200).text;
    let leave = format!("href=\"{}?invite={code}\"", voter.path);
    assert!(room.contains(&leave), "{room}");
    voter.ballot = hidden_field(&html, "ballot_id");
    let vote = format!("vote?invite={code}");
    let voted = voter.send(&vote, &[("option_id", &poll.options[0])]).await;
    let html = voter.follow(&voted).await;
    assert!(html.contains("Your vote was counted."), "{html}");
    assert_eq!(app.total(&poll.id).await, 1);
}

#[tokio::test]
async fn a_poll_that_does_not_exist_takes_no_vote() {
    let app = App::new();
    let poll = poll(&app, json!({})).await;
    let mut voter = Voter::open(&app, &poll).await;
    voter.path = "/p/0190b6e2-0000-7000-8000-000000000000".to_owned();
    let gone = voter.send("vote", &[("option_id", &poll.options[0])]).await;
    assert_eq!(gone.status, 404);
    assert!(gone.text.contains("There is no poll here"), "{}", gone.text);
}

#[tokio::test]
async fn a_queued_vote_is_received_and_later_counted_or_refused() {
    let queue = MemoryQueue::new();
    let app = App::queued(&queue);
    let poll = poll(&app, json!({})).await;
    let mut voter = Voter::open(&app, &poll).await;
    let first = voter.send("vote", &[("option_id", &poll.options[0])]).await;
    let html = voter.follow_queued(&first).await;
    assert!(html.contains("received and is being counted"), "{html}");
    assert!(!html.contains("type=\"radio\""), "{html}");
    // The form of another tab is sent before the first vote is counted.
    voter.ballot = "0190b6e2-1111-4000-8000-00000000000b".to_owned();
    let second = voter.send("vote", &[("option_id", &poll.options[1])]).await;
    let copied = app.get(first.header("location")).await.expect_status(200);
    assert!(!copied.text.contains("being counted"), "{}", copied.text);
    app.aggregate(&queue);
    let mut html = String::new();
    for _ in 0..500 {
        html = voter.follow_queued(&first).await;
        if html.contains("Your vote was counted.") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(html.contains("Your vote was counted."), "{html}");
    let html = voter.follow_queued(&second).await;
    assert!(html.contains("You have already voted."), "{html}");
    assert_eq!(counts(&app, &poll).await, [1, 0, 0]);
}

#[tokio::test]
async fn a_page_after_a_queued_vote_is_shown_without_its_invite_code() {
    let queue = MemoryQueue::new();
    let app = App::queued(&queue);
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    let code = &codes(&mut owner, &poll, 1).await[0];
    let mut voter = Voter::open(&app, &poll).await;
    let action = format!("vote?invite={code}");
    let sent = voter
        .send(&action, &[("option_id", &poll.options[0])])
        .await;
    let html = voter.follow_queued(&sent).await;
    assert!(html.contains("received and is being counted"), "{html}");
    // The script moves the code from the address to the tab, and the page is loaded again.
    let parameter = format!("invite={code}&");
    let location = sent.header("location");
    assert!(location.contains(&parameter), "{location}");
    let location = location.replace(&parameter, "");
    let html = voter.browser.get(&location).await.expect_status(200).text;
    assert!(
        html.contains("Lunch?") && !html.contains("being counted"),
        "{html}"
    );
}
