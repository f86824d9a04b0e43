//! The lists of polls.

use serde_json::json;
use votify_axum::{Permissions, RouteGroup};

use super::visitor::{Visitor, assert_problem_page};
use crate::app::{App, without_creation_limits};

/// Returns the titles of the rows of a page.
fn titles(html: &str) -> Vec<String> {
    let (_, list) = html.split_once("id=\"all\"").unwrap_or(("", html));
    let rows = list.split("class=\"poll-row-title\"").skip(1);
    rows.map(|row| {
        let link = row.split_once("<a ").unwrap().1;
        let text = link.split_once('>').unwrap().1;
        text.split('<').next().unwrap().to_owned()
    })
    .collect()
}

/// Returns the address of the link with this text.
#[track_caller]
fn link(html: &str, text: &str) -> String {
    let (before, _) = html
        .split_once(&format!(">{text}</a>"))
        .unwrap_or_else(|| panic!("{html}"));
    let tag = before.rsplit_once("<a ").unwrap().1;
    let url = tag.split_once("href=\"").unwrap().1;
    let url = url.split('"').next().unwrap();
    url.replace("&#38;", "&").replace("&amp;", "&")
}

#[tokio::test]
async fn public_polls_are_listed_searched_and_filtered() {
    let app = App::with(without_creation_limits);
    let mut owner = Visitor::new(&app);
    let lunch = json!({"title": "Lunch on Friday?", "category": "food & drinks"});
    owner.create_poll(lunch).await;
    app.clock.advance(1);
    owner.create_poll(json!({"title": "Next speaker?"})).await;
    let secret = json!({"title": "Secret?", "visibility": "unlisted"});
    owner.create_poll(secret).await;
    let later = json!({"title": "Later?", "opens_at": app.clock.after(3_600)});
    owner.create_poll(later).await;
    let mut visitor = Visitor::new(&app);
    let page = visitor.page("/polls").await;
    assert_eq!(titles(&page), ["Next speaker?", "Lunch on Friday?"]);
    assert!(
        page.contains("2 polls") && page.contains(">Open</span>"),
        "{page}"
    );
    let category = link(&page, "food &#38; drinks");
    assert_eq!(category, "/polls?category=food+%26+drinks");
    let page = visitor.page(&category).await;
    assert_eq!(titles(&page), ["Lunch on Friday?"]);
    assert!(page.contains("show all categories"));
    let found = visitor.page("/polls?q=fri+lun").await;
    assert_eq!(titles(&found), ["Lunch on Friday?"]);
    assert!(found.contains("value=\"fri lun\""), "{found}");
    let scheduled = visitor.page("/polls?status=scheduled").await;
    assert_eq!(titles(&scheduled), ["Later?"]);
    assert!(scheduled.contains("Opens in 60 minutes"), "{scheduled}");
    assert_eq!(titles(&visitor.page("/polls?status=all").await).len(), 3);
    let none = visitor.page("/polls?q=breakfast").await;
    assert!(none.contains("No poll matches."), "{none}");
    // What an old or mistyped link contains leads to the default list.
    let odd = "/polls?status=nonsense&sort=x&after=x&utm_source=mail";
    assert_eq!(titles(&visitor.page(odd).await).len(), 2);
}

#[tokio::test]
async fn a_search_without_letters_is_an_error_at_its_field() {
    let app = App::new();
    let page = Visitor::new(&app).get("/polls?q=%3F%3F").await;
    let page = page.expect_status(422).text;
    assert!(page.contains("value=\"??\"") && page.contains("Type a letter or a digit."));
    assert!(
        page.contains("aria-describedby=\"q-error\" autofocus"),
        "{page}"
    );
}

#[tokio::test]
async fn pages_of_a_list_show_every_poll_once() {
    let app = App::with(without_creation_limits);
    let mut owner = Visitor::new(&app);
    for number in 0..45 {
        let title = format!("Poll {number}");
        owner.create_poll(json!({"title": title})).await;
        app.clock.advance(1);
    }
    for start in ["/polls", "/mine"] {
        let mut path = start.to_owned();
        let mut seen = Vec::new();
        for page in 0..3 {
            let html = owner.page(&path).await;
            assert_eq!(html.contains("Back to the first page"), page > 0, "{start}");
            seen.extend(titles(&html));
            if page < 2 {
                path = link(&html, "Next page");
                assert!(path.starts_with(&format!("{start}?after=")), "{path}");
            } else {
                assert!(!html.contains("Next page"));
            }
        }
        let expected: Vec<_> = (0..45)
            .rev()
            .map(|number| format!("Poll {number}"))
            .collect();
        assert_eq!(seen, expected, "{start}");
    }
}

#[tokio::test]
async fn trending_polls_are_those_with_votes() {
    let app = App::new();
    Visitor::new(&app)
        .create_poll(json!({"title": "Quiet?"}))
        .await;
    let page = Visitor::new(&app).page("/polls").await;
    assert!(!page.contains("Trending now"), "{page}");
    let app = App::new();
    let mut owner = Visitor::new(&app);
    owner.create_poll(json!({"title": "Quiet?"})).await;
    let busy = owner.create_poll(json!({"title": "Busy?"})).await;
    owner.vote(&busy, "").await.expect_status(201);
    let page = Visitor::new(&app).page("/polls").await;
    let (before, _) = page.split_once("id=\"all\"").unwrap();
    assert!(
        before.contains("Trending now") && before.contains("1 vote<"),
        "{page}"
    );
    assert_eq!(titles(before), ["Busy?"]);
    let filtered = Visitor::new(&app).page("/polls?status=all").await;
    assert!(!filtered.contains("Trending now"));
}

#[tokio::test]
async fn lists_show_no_hidden_counts() {
    let app = App::unlimited();
    let mut owner = Visitor::new(&app);
    for results in ["after_close", "after_vote"] {
        let poll = owner.create_poll(json!({"results": results})).await;
        owner.vote(&poll, "").await.expect_status(201);
        for path in ["/polls", "/mine"] {
            let page = owner.page(path).await;
            assert!(
                !page.contains(" vote<") && !page.contains(" votes<"),
                "{page}"
            );
        }
    }
}

#[tokio::test]
async fn who_may_not_list_polls_gets_a_page_that_says_so() {
    let permissions = Permissions::everybody().list(false);
    let app = App::with(|router| router.authorize(permissions));
    let mut visitor = Visitor::new(&app);
    let refused = visitor.get("/polls").await;
    assert_problem_page(&refused, 403, "This is not allowed here");
    assert!(
        refused
            .text
            .contains("This server lists no polls; open a poll by its link.")
    );
    let home = visitor.page("/").await;
    assert!(
        !home.contains("href=\"/polls\"") && home.contains("href=\"/mine\""),
        "{home}"
    );
    let app = App::with(|router| router.without([RouteGroup::Lists]));
    for path in ["/polls", "/mine"] {
        let absent = Visitor::new(&app).get(path).await;
        assert_eq!(absent.status, 404, "{path}");
    }
    let home = Visitor::new(&app).page("/").await;
    assert!(!home.contains("href=\"/mine\""), "{home}");
}

#[tokio::test]
async fn own_polls_of_every_status_are_listed() {
    let app = App::new();
    let mut owner = Visitor::new(&app);
    let empty = owner.page("/mine").await;
    assert!(empty.contains("You have no polls yet."), "{empty}");
    assert_eq!(empty.matches("class=\"button primary\"").count(), 1);
    Visitor::new(&app)
        .create_poll(json!({"title": "Foreign?"}))
        .await;
    let unlisted = json!({"title": "Unlisted?", "visibility": "unlisted"});
    owner.create_poll(unlisted).await;
    app.clock.advance(1);
    let later = json!({"title": "Later?", "opens_at": app.clock.after(3_600)});
    owner.create_poll(later).await;
    app.clock.advance(1);
    let closed = owner.create_poll(json!({"title": "Closed?"})).await;
    let close = closed.path("/close");
    let close = owner.api(axum::http::Method::POST, &close, None).await;
    close.expect_status(200);
    let page = owner.page("/mine").await;
    assert_eq!(titles(&page), ["Closed?", "Later?", "Unlisted?"]);
    for (tab, expected) in [
        ("Open", "Unlisted?"),
        ("Not open yet", "Later?"),
        ("Closed", "Closed?"),
    ] {
        let filtered = owner.page(&link(&page, tab)).await;
        assert_eq!(titles(&filtered), [expected], "{tab}");
    }
    let manage = format!("href=\"/p/{}/manage\"", closed.id);
    assert!(
        page.contains(&manage) && page.contains(">Unlisted</span>"),
        "{page}"
    );
    // Others see none of them.
    let other = Visitor::new(&app).page("/mine").await;
    assert!(other.contains("You have no polls yet."), "{other}");
}
