//! Invite codes on the owner's page.

use serde_json::json;

use super::visitor::{ORIGIN, Visitor, form_token};
use crate::app::App;
use crate::browser::CreatedPoll;

fn manage(poll: &CreatedPoll) -> String {
    format!("/p/{}/manage", poll.id)
}

async fn create(
    owner: &mut Visitor,
    poll: &CreatedPoll,
    fields: &[(&str, &str)],
) -> crate::app::TestResponse {
    let action = format!("{}/invites", manage(poll));
    owner.submit(&manage(poll), &action, fields).await
}

/// Returns the values of an attribute of all slips.
fn attributes(html: &str, name: &str) -> Vec<String> {
    let start = format!(" data-{name}=\"");
    let values = html.split(start.as_str()).skip(1);
    values
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn new_codes_are_shown_once_with_their_links_and_vote() {
    let app = App::unlimited();
    let mut owner = Visitor::new(&app);
    let poll = owner
        .create_poll(json!({"voters": "invite", "title": "Who <speaks>?"}))
        .await;
    let sheet = create(&mut owner, &poll, &[("count", "3")]).await;
    assert_eq!(sheet.header("cache-control"), "no-store");
    let sheet = sheet.expect_status(200).text;
    assert!(
        sheet.contains("3 invite codes") && sheet.contains("shown only once"),
        "{sheet}"
    );
    let (codes, urls) = (attributes(&sheet, "code"), attributes(&sheet, "url"));
    assert_eq!((codes.len(), urls.len()), (3, 3));
    assert_eq!(sheet.matches("class=\"slip-qr\"").count(), 3);
    assert_eq!(
        sheet.matches("Who &#60;speaks&#62;?").count(),
        4,
        "the heading and each slip"
    );
    for (code, url) in codes.iter().zip(&urls) {
        assert_eq!(
            *url,
            format!("http://polls.test/p/{}?invite={code}", poll.id)
        );
    }
    let voter = &mut Visitor::new(&app);
    let voted = voter.vote(&poll, &format!("?invite={}", codes[1])).await;
    voted.expect_status(201);
    let page = owner.page(&manage(&poll)).await;
    for count in [
        "<dt>Made</dt><dd>3</dd>",
        "<dt>Used</dt><dd>1</dd>",
        "<dt>Left</dt><dd>2</dd>",
    ] {
        assert!(page.contains(count), "{count} in {page}");
    }
    for code in codes {
        assert!(!page.contains(&code), "a code is shown again");
    }
}

#[tokio::test]
async fn used_codes_are_hidden_with_the_results() {
    let app = App::unlimited();
    let mut owner = Visitor::new(&app);
    let fields = json!({"voters": "invite", "results": "after_close"});
    let poll = owner.create_poll(fields).await;
    let sheet = create(&mut owner, &poll, &[("count", "2")]).await;
    let code = attributes(&sheet.text, "code").remove(0);
    let voted = Visitor::new(&app)
        .vote(&poll, &format!("?invite={code}"))
        .await;
    voted.expect_status(201);
    let page = owner.page(&manage(&poll)).await;
    assert!(page.contains("<dt>Made</dt><dd>2</dd>"), "{page}");
    assert!(
        !page.contains("<dt>Used</dt>") && !page.contains("<dt>Left</dt>"),
        "{page}"
    );
    assert!(page.contains("hidden with the results"), "{page}");
}

#[tokio::test]
async fn codes_are_downloaded_as_a_table_without_a_script() {
    let app = App::unlimited();
    let mut owner = Visitor::new(&app);
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    let file = create(&mut owner, &poll, &[("count", "600"), ("format", "csv")]).await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.header("cache-control"), "no-store");
    let name = format!("attachment; filename=\"invites-{}.csv\"", poll.id);
    assert_eq!(file.header("content-disposition"), name);
    let lines: Vec<_> = file.text.split_terminator("\r\n").collect();
    assert_eq!((lines.len(), lines[0]), (601, "code,url"));
    for cell in lines.iter().flat_map(|line| line.split(',')) {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t']), "{cell}");
    }
    let page = owner.page(&manage(&poll)).await;
    assert!(page.contains("<dt>Made</dt><dd>600</dd>"), "{page}");
}

#[tokio::test]
async fn the_number_of_codes_is_checked_at_its_field() {
    let app = App::unlimited();
    let mut owner = Visitor::new(&app);
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    for (count, format, text) in [
        ("", "", "Must be a number of codes, such as 30."),
        ("0", "", "Must be a number of codes, such as 30."),
        ("many", "csv", "Must be a number of codes, such as 30."),
        ("501", "", "A page shows at most 500 codes"),
        ("10001", "csv", "Must be 1 to 10000."),
    ] {
        let refused = create(&mut owner, &poll, &[("count", count), ("format", format)]).await;
        let page = refused.expect_status(422).text;
        assert!(
            page.contains("id=\"field-count-error\"") && page.contains(text),
            "{text} {page}"
        );
        assert!(
            page.contains(&format!("name=\"count\" value=\"{count}\"")),
            "{page}"
        );
    }
    let page = owner.page(&manage(&poll)).await;
    assert!(page.contains("<dt>Made</dt><dd>0</dd>"), "{page}");
    let browsers = owner.create_poll(json!({})).await;
    let page = owner.page(&manage(&browsers)).await;
    assert!(!page.contains("id=\"invites\""), "{page}");
}

#[tokio::test]
async fn a_form_that_is_sent_twice_creates_its_codes_once() {
    let app = App::unlimited();
    let mut owner = Visitor::new(&app);
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    let page = owner.page(&manage(&poll)).await;
    let fields = [("form_token", form_token(&page)), ("count", "3")];
    let action = format!("{}/invites", manage(&poll));
    let (mut left, mut right) = (owner.clone(), owner.clone());
    let (first, second) = tokio::join!(
        left.post_from(ORIGIN, &action, &fields),
        right.post_from(ORIGIN, &action, &fields)
    );
    let first = first.expect_status(200).text;
    let codes = attributes(&first, "code");
    assert_eq!(codes.len(), 3);
    assert_eq!(attributes(&second.expect_status(200).text, "code"), codes);
    // The same form shows its codes to nobody else, and for 10 minutes only.
    let stranger = Visitor::new(&app).post_from(ORIGIN, &action, &fields).await;
    assert_eq!(stranger.status, 403, "{}", stranger.text);
    app.clock.advance(601);
    let late = owner.post_from(ORIGIN, &action, &fields).await;
    let late = attributes(&late.expect_status(200).text, "code");
    assert!(late.iter().all(|code| !codes.contains(code)), "{late:?}");
    let path = poll.path("/invites");
    let counts = owner.api(axum::http::Method::GET, &path, None).await;
    assert_eq!(counts.json()["made"], 6);
}

#[tokio::test]
async fn a_second_file_from_the_same_page_has_new_codes() {
    let app = App::unlimited();
    let mut owner = Visitor::new(&app);
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    let page = owner.page(&manage(&poll)).await;
    let token = form_token(&page);
    let fields = [("form_token", token), ("count", "3"), ("format", "csv")];
    let action = format!("{}/invites", manage(&poll));
    let mut files = Vec::new();
    // A double click, and a click that creates more codes.
    for pause in [0, 1, 2] {
        app.clock.advance(pause);
        let file = owner.post_from(ORIGIN, &action, &fields).await;
        files.push(file.expect_status(200).text);
    }
    assert_eq!(files[0], files[1]);
    let shared: Vec<_> = files[2]
        .lines()
        .skip(1)
        .filter(|line| files[0].contains(line))
        .collect();
    assert!(shared.is_empty(), "{shared:?}");
    let page = owner.page(&manage(&poll)).await;
    assert!(page.contains("<dt>Made</dt><dd>6</dd>"), "{page}");
}
