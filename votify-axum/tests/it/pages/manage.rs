//! The owner's page of a poll.

use axum::http::Method;
use serde_json::json;
use votify_axum::RouteGroup;

use super::visitor::{ORIGIN, Visitor, assert_leads_to, assert_problem_page, form_token, reported};
use crate::app::App;
use crate::browser::CreatedPoll;

fn manage(poll: &CreatedPoll) -> String {
    format!("/p/{}/manage", poll.id)
}

/// Returns the fields of the form before the first vote.
fn fields<'a>(poll: &'a CreatedPoll, options: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![
        ("title", "Dinner?"),
        ("rules", "1"),
        ("ballot", "single"),
        ("voters", "browser"),
        ("results", "live"),
        ("visibility", "public"),
    ];
    let ids = poll.options.iter().map(String::as_str);
    for (text, id) in options.iter().zip(ids.chain(std::iter::repeat(""))) {
        fields.extend([("option_id", id), ("options", *text)]);
    }
    fields
}

async fn details(visitor: &mut Visitor, poll: &CreatedPoll) -> serde_json::Value {
    let details = visitor.api(Method::GET, &poll.path(""), None).await;
    details.expect_status(200).json()
}

#[cfg(feature = "accounts")]
#[tokio::test]
async fn only_the_owner_sees_the_page() {
    let app = crate::accounts::harness::app();
    let poll = Visitor::new(&app).create_poll(json!({})).await;
    let mut stranger = Visitor::new(&app);
    let refused = stranger.get(&manage(&poll)).await;
    assert_problem_page(&refused, 403, "Only the owner of this poll may do this");
    let login = format!("/login?next=%2Fp%2F{}%2Fmanage", poll.id);
    assert!(refused.text.contains(&login), "{}", refused.text);
    // The token of the stranger's own form does not help.
    let home = stranger.page("/").await;
    let token = form_token(&home).to_owned();
    for path in ["", "/close", "/delete", "/invites"] {
        let path = format!("{}{path}", manage(&poll));
        let fields = [
            ("form_token", token.as_str()),
            ("count", "1"),
            ("title", "Mine"),
        ];
        let refused = stranger.post_from(ORIGIN, &path, &fields).await;
        assert_eq!(refused.status, 403, "{path} {}", refused.text);
    }
    let after = details(&mut stranger, &poll).await;
    assert_eq!(after["poll"]["title"], "Lunch?");
    assert_eq!(after["poll"]["status"], "open");
    for unknown in ["0190b6e2-0000-7000-8000-000000000001", "nonsense"] {
        let missing = stranger.get(&format!("/p/{unknown}/manage")).await;
        assert_problem_page(&missing, 404, "There is no poll here");
    }
}

#[tokio::test]
async fn everything_changes_before_the_first_vote() {
    let app = App::new();
    let mut owner = Visitor::new(&app);
    let poll = owner
        .create_poll(json!({"closes_at": app.clock.after(7_200)}))
        .await;
    let page = owner.page(&manage(&poll)).await;
    assert!(
        page.contains("Nobody has voted yet") && !page.contains("id=\"frozen\""),
        "{page}"
    );
    let closes = app.clock.after(3_600);
    let mut form = fields(&poll, &["", "Sushi", "Soup", "Salad"]);
    form.extend([
        ("voters", "ignored: the first value counts"),
        ("revote", "1"),
        ("category", "food"),
        ("closes_at", &closes[..16]),
    ]);
    let saved = owner.submit(&manage(&poll), &manage(&poll), &form).await;
    let next = reported(&saved, &manage(&poll), "saved");
    let page = owner.page(&next).await;
    assert!(page.contains("Your changes are saved."), "{page}");
    let after = details(&mut owner, &poll).await;
    let options = after["options"].as_array().unwrap();
    let texts: Vec<_> = options
        .iter()
        .map(|option| option["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["Sushi", "Soup", "Salad"]);
    assert_eq!(
        options[0]["id"], poll.options[1],
        "a kept option keeps its id"
    );
    let changed = &after["poll"];
    assert_eq!(changed["title"], "Dinner?");
    assert_eq!(
        (&changed["revote"], &changed["category"]),
        (&json!(true), &json!("food"))
    );
    assert_eq!(changed["closes_at"], format!("{}:00Z", &closes[..16]));
    // Empty fields remove their values.
    let form = fields(&poll, &["Pizza", "Sushi"]);
    let form: Vec<_> = form
        .into_iter()
        .filter(|(name, _)| *name != "option_id")
        .collect();
    let saved = owner.submit(&manage(&poll), &manage(&poll), &form).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let changed = details(&mut owner, &poll).await["poll"].clone();
    assert!(
        changed["closes_at"].is_null() && changed["category"].is_null(),
        "{changed}"
    );
    assert_eq!(changed["revote"], false);
}

#[tokio::test]
async fn after_the_first_vote_the_page_says_what_is_frozen_and_why() {
    let app = App::unlimited();
    let mut owner = Visitor::new(&app);
    let poll = owner
        .create_poll(json!({"category": "food", "revote": true}))
        .await;
    owner.vote(&poll, "").await.expect_status(201);
    let page = owner.page(&manage(&poll)).await;
    for text in [
        "You can change now",
        "Since the first vote.",
        "One vote per browser",
        "Voters may change and withdraw their vote",
        "2 options; only their texts can change",
        "1 vote<",
    ] {
        assert!(page.contains(text), "{text} in {page}");
    }
    for absent in [
        "name=\"voters\"",
        "name=\"results\"",
        "name=\"opens_at\"",
        "name=\"rules\"",
    ] {
        assert!(!page.contains(absent), "{absent} in {page}");
    }
    let form = [
        ("title", "Supper?"),
        ("option_id", poll.options[0].as_str()),
        ("options", "Pasta"),
        ("option_id", poll.options[1].as_str()),
        ("options", "Sushi"),
        ("description", "On Friday"),
        ("visibility", "unlisted"),
        ("closes_at", ""),
    ];
    let saved = owner.submit(&manage(&poll), &manage(&poll), &form).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let after = details(&mut owner, &poll).await;
    assert_eq!(after["options"][0]["text"], "Pasta");
    assert_eq!(after["options"][0]["count"], 1);
    assert_eq!(after["poll"]["visibility"], "unlisted");
    assert_eq!(after["poll"]["category"], "food", "frozen");
    assert_eq!(after["poll"]["revote"], true, "frozen");
    // A form that was open since before the first vote is refused as a whole.
    let late = owner
        .submit(
            &manage(&poll),
            &manage(&poll),
            &fields(&poll, &["A", "B", "C"]),
        )
        .await;
    assert_eq!(late.status, 409, "{}", late.text);
    assert!(late.text.contains("role=\"alert\"") && late.text.contains("value=\"Dinner?\""));
    assert_eq!(details(&mut owner, &poll).await["poll"]["title"], "Supper?");
}

#[tokio::test]
async fn errors_are_at_their_field_and_what_was_typed_is_kept() {
    let app = App::new();
    let mut owner = Visitor::new(&app);
    let poll = owner.create_poll(json!({})).await;
    let mut form = fields(&poll, &["Pizza", "Pizza"]);
    form[0] = ("title", " ");
    form.extend([
        ("description", "kept <b>text</b>"),
        ("closes_at", "2020-01-01T00:00"),
        ("address_quota", "many"),
    ]);
    let refused = owner.submit(&manage(&poll), &manage(&poll), &form).await;
    let page = refused.expect_status(422).text;
    for text in [
        "kept &#60;b&#62;text&#60;/b&#62;",
        "value=\"2020-01-01T00:00\"",
        "value=\"many\"",
        "id=\"field-title-error\"",
        "id=\"field-options-1-error\"",
        "id=\"field-address_quota-error\"",
    ] {
        assert!(page.contains(text), "{text} in {page}");
    }
    assert_eq!(page.matches(" autofocus").count(), 1, "{page}");
    assert!(
        page.contains("<details class=\"edit-more\" open>"),
        "{page}"
    );
    assert_eq!(details(&mut owner, &poll).await["poll"]["title"], "Lunch?");
}

#[tokio::test]
async fn forms_need_their_token_and_origin() {
    let app = App::new();
    let mut owner = Visitor::new(&app);
    let poll = owner.create_poll(json!({})).await;
    let page = owner.page(&manage(&poll)).await;
    let token = form_token(&page).to_owned();
    let other = Visitor::new(&app).page("/").await;
    let foreign = form_token(&other).to_owned();
    for path in ["", "/close", "/delete", "/invites"] {
        let path = format!("{}{path}", manage(&poll));
        for bad in ["", "nonsense", &foreign] {
            let fields = [("form_token", bad), ("title", "Typed?"), ("count", "7")];
            let refused = owner.post_from(ORIGIN, &path, &fields).await;
            let page = refused.expect_status(403).text;
            assert!(page.contains("This form has expired"), "{path} {page}");
            if path == manage(&poll) {
                assert!(page.contains("value=\"Typed?\""), "{page}");
            }
        }
        let fields = [("form_token", token.as_str())];
        let refused = owner.post_from("https://evil.test", &path, &fields).await;
        assert_problem_page(&refused, 403, "This request came from another site");
    }
    assert_eq!(details(&mut owner, &poll).await["poll"]["status"], "open");
}

#[tokio::test]
async fn closing_and_deleting_ask_first_and_need_no_script() {
    let app = App::unlimited();
    let mut owner = Visitor::new(&app);
    let poll = owner.create_poll(json!({"results": "after_close"})).await;
    owner.vote(&poll, "").await.expect_status(201);
    let page = owner.page(&manage(&poll)).await;
    assert_eq!(
        page.matches("<details class=\"confirm\">").count(),
        2,
        "{page}"
    );
    // The owner sees no counts before the close.
    assert!(!page.contains("<span class=\"number\">"), "{page}");
    let close = format!("{}/close", manage(&poll));
    let closed = owner.submit(&manage(&poll), &close, &[]).await;
    let next = reported(&closed, &manage(&poll), "closed");
    // No link makes the page report what was not done.
    for name in ["closed", "saved", "closed.", "saved.AAAA"] {
        let page = owner.page(&format!("{}?done={name}", manage(&poll))).await;
        assert!(!page.contains("banner success"), "{page}");
    }
    let token = next.split_once("closed.").unwrap().1;
    let other = format!("{}?done=saved.{token}", manage(&poll));
    assert!(!owner.page(&other).await.contains("banner success"));
    let page = owner.page(&next).await;
    assert!(
        page.contains("The results are final.") && page.contains(">Final</span>"),
        "{page}"
    );
    assert!(
        page.contains("1 vote<") && !page.contains("id=\"edit\""),
        "{page}"
    );
    assert!(
        page.contains("The poll is closed. Nothing changes any more"),
        "{page}"
    );
    assert!(
        page.contains(&format!("href=\"/?from={}\"", poll.id)),
        "{page}"
    );
    // A reload of the form's address leads back.
    assert_leads_to(&owner.get(&close).await, &manage(&poll));
    let delete = format!("{}/delete", manage(&poll));
    let unsure = owner.submit(&manage(&poll), &delete, &[]).await;
    let unsure = unsure.expect_status(422).text;
    assert!(
        unsure.contains("Confirm that the poll shall be deleted."),
        "{unsure}"
    );
    let deleted = owner
        .submit(&manage(&poll), &delete, &[("sure", "1")])
        .await;
    let next = reported(&deleted, "/mine", "deleted");
    let mine = owner.page(&next).await;
    assert!(mine.contains("The poll is deleted."), "{mine}");
    let others = Visitor::new(&app).page(&next).await;
    assert!(!others.contains("The poll is deleted."), "{others}");
    app.clock.advance(601);
    let later = owner.page(&next).await;
    assert!(!later.contains("The poll is deleted."), "{later}");
    let gone = owner.get(&manage(&poll)).await;
    assert_problem_page(&gone, 404, "There is no poll here");
}

#[tokio::test]
async fn the_page_is_absent_without_management() {
    let app = App::with(|router| router.without([RouteGroup::Management]));
    let mut owner = Visitor::new(&app);
    let poll = owner.create_poll(json!({})).await;
    assert_eq!(owner.get(&manage(&poll)).await.status, 404);
    for page in ["?created=1", "/results", "/present"] {
        let page = owner.page(&format!("/p/{}{page}", poll.id)).await;
        assert!(!page.contains(&manage(&poll)), "{page}");
        assert!(!page.contains("id=\"close\""), "{page}");
    }
}

/// Duplicating opens the form to create a poll with the same texts and rules.
#[tokio::test]
async fn a_poll_is_duplicated_by_the_form_to_create_one() {
    let app = App::new();
    let mut owner = Visitor::new(&app);
    let poll = owner
        .create_poll(json!({"description": "On Friday", "revote": true}))
        .await;
    let page = owner.page(&format!("/?from={}", poll.id)).await;
    for text in [
        "value=\"Lunch?\"",
        "value=\"Sushi\"",
        ">On Friday</textarea>",
    ] {
        assert!(page.contains(text), "{text} in {page}");
    }
}

/// Returns the version of the poll that the form to change it shows.
#[track_caller]
fn version(page: &str) -> &str {
    let (_, rest) = page.split_once("name=\"version\" value=\"").unwrap();
    rest.split('"').next().unwrap()
}

#[tokio::test]
async fn a_change_in_another_window_is_not_undone_without_a_word() {
    let app = App::new();
    let mut owner = Visitor::new(&app);
    let poll = owner.create_poll(json!({})).await;
    let page = owner.page(&manage(&poll)).await;
    let first = version(&page).to_owned();
    let mut form = fields(&poll, &["Pizza", "Soup"]);
    form.push(("version", &first));
    let saved = owner.submit(&manage(&poll), &manage(&poll), &form).await;
    reported(&saved, &manage(&poll), "saved");
    // The other window has the old title and option, and a new category.
    let mut other = fields(&poll, &["Pizza", "Sushi"]);
    other[0] = ("title", "Lunch?");
    other.extend([("category", "food"), ("version", &first)]);
    let refused = owner.submit(&manage(&poll), &manage(&poll), &other).await;
    let refused = refused.expect_status(403).text;
    for text in [
        "The poll was changed in another window",
        "id=\"field-title-error\">The poll now has \u{2068}“Dinner?”\u{2069} here.",
        "id=\"field-options-1-error\">The poll now has \u{2068}“Soup”\u{2069} here.",
        "id=\"field-category-error\">The poll has nothing here.",
        "value=\"Lunch?\"",
        "value=\"food\"",
    ] {
        assert!(refused.contains(text), "{text} in {refused}");
    }
    assert!(!refused.contains("field-options-0-error"), "{refused}");
    assert_eq!(details(&mut owner, &poll).await["poll"]["title"], "Dinner?");
    // The page has the new version, so that what was typed can be saved after all.
    let new = version(&refused).to_owned();
    assert_ne!(new, first);
    other.retain(|(name, _)| *name != "version");
    other.push(("version", &new));
    let saved = owner.submit(&manage(&poll), &manage(&poll), &other).await;
    reported(&saved, &manage(&poll), "saved");
    assert_eq!(details(&mut owner, &poll).await["poll"]["title"], "Lunch?");
    // An old form that changes nothing is no conflict.
    other.retain(|(name, _)| *name != "version");
    other.push(("version", &first));
    let saved = owner.submit(&manage(&poll), &manage(&poll), &other).await;
    reported(&saved, &manage(&poll), "saved");
}

#[tokio::test]
async fn an_expired_form_does_not_undo_a_change_without_a_word() {
    let app = App::new();
    let mut owner = Visitor::new(&app);
    let poll = owner.create_poll(json!({})).await;
    let page = owner.page(&manage(&poll)).await;
    let first = version(&page).to_owned();
    let mut form = fields(&poll, &["Pizza", "Sushi"]);
    form.push(("version", &first));
    let saved = owner.submit(&manage(&poll), &manage(&poll), &form).await;
    reported(&saved, &manage(&poll), "saved");
    let mut old = form.clone();
    old[0] = ("title", "Lunch?");
    old.push(("form_token", "expired"));
    let expired = owner.post_from(ORIGIN, &manage(&poll), &old).await;
    let expired = expired.expect_status(403).text;
    assert!(expired.contains("This form has expired"), "{expired}");
    assert_eq!(version(&expired), first);
    // Sent again with the new token, it says what the poll has.
    let token = form_token(&expired);
    old.retain(|(name, _)| *name != "form_token");
    old.push(("form_token", token));
    let refused = owner.post_from(ORIGIN, &manage(&poll), &old).await;
    let refused = refused.expect_status(403).text;
    let text = "The poll now has \u{2068}“Dinner?”\u{2069} here.";
    assert!(refused.contains(text), "{refused}");
    assert_eq!(details(&mut owner, &poll).await["poll"]["title"], "Dinner?");
}

#[tokio::test]
async fn a_poll_that_becomes_one_by_invite_is_unlisted_unless_the_form_lists_it() {
    let app = App::new();
    let mut owner = Visitor::new(&app);
    let listed = owner.create_poll(json!({"visibility": "public"})).await;
    let mut form = fields(&listed, &["Pizza", "Sushi"]);
    form[3] = ("voters", "invite");
    let saved = owner
        .submit(&manage(&listed), &manage(&listed), &form)
        .await;
    reported(&saved, &manage(&listed), "saved");
    let after = details(&mut owner, &listed).await;
    assert_eq!(after["poll"]["voters"], "invite");
    assert_eq!(after["poll"]["visibility"], "unlisted");
    // A second save with "Listed" is a choice.
    let saved = owner
        .submit(&manage(&listed), &manage(&listed), &form)
        .await;
    reported(&saved, &manage(&listed), "saved");
    let after = details(&mut owner, &listed).await;
    assert_eq!(after["poll"]["visibility"], "public");
}
