//! The pages of accounts.

use axum::http::Method;
use serde_json::json;

use super::visitor::{ORIGIN, Visitor, assert_leads_to, assert_problem_page, form_token, reported};
use crate::accounts::harness::{PASSWORD, app, app_with};
use crate::app::{App, TestResponse, from, request};

const NEW: &str = "battery staple";

async fn enter(visitor: &mut Visitor, path: &str, name: &str, password: &str) -> TestResponse {
    let fields = [("name", name), ("password", password)];
    visitor
        .submit(path, path.split('?').next().unwrap(), &fields)
        .await
}

fn is_logged_in(html: &str) -> bool {
    assert_ne!(
        html.contains("href=\"/account\""),
        html.contains(">Log in</a>"),
        "{html}"
    );
    html.contains("href=\"/account\"")
}

/// Browsers drop the cookie of a login that arrives without TLS from another machine.
#[tokio::test]
async fn pages_without_tls_say_that_a_login_does_not_last() {
    let app = app();
    let warning = "You cannot stay logged in at this address.";
    for page in ["/login", "/register"] {
        let shown = Visitor::new(&app).page(page).await;
        assert!(shown.contains(warning), "{shown}");
        let mut request = request(Method::GET, page, None);
        let headers = request.headers_mut();
        headers.insert("sec-fetch-site", "none".parse().unwrap());
        let secure = app.send(from("192.0.2.1", request)).await.text;
        assert!(!secure.contains(warning), "{secure}");
    }
}

#[tokio::test]
async fn registering_logs_in_and_leads_on() {
    let app = app();
    let mut visitor = Visitor::new(&app);
    let page = visitor.page("/register?next=%2Fpolls%3Fq%3Da").await;
    assert!(
        page.contains("name=\"next\" value=\"/polls?q=a\""),
        "{page}"
    );
    assert!(
        page.contains("href=\"/login?next=%2Fpolls%3Fq%3Da\""),
        "{page}"
    );
    for attribute in ["autocomplete=\"username\"", "autocomplete=\"new-password\""] {
        assert!(page.contains(attribute), "{attribute} in {page}");
    }
    let fields = [
        ("name", "Ada"),
        ("password", PASSWORD),
        ("next", "/polls?q=a"),
    ];
    let entered = visitor.submit("/register", "/register", &fields).await;
    assert_leads_to(&entered, "/polls?q=a");
    let cookies = entered.headers.get_all("set-cookie").iter();
    let mut cookies = cookies.map(|cookie| cookie.to_str().unwrap());
    let login = cookies
        .find(|cookie| cookie.starts_with("votify_login="))
        .unwrap();
    assert!(login.contains("; HttpOnly; SameSite=Lax"), "{login}");
    assert!(is_logged_in(&visitor.page("/polls").await));
    let account = visitor.page("/account").await;
    assert!(account.contains(">Ada</strong>"), "{account}");
}

#[tokio::test]
async fn logging_in_and_out() {
    let app = app();
    app.token_of("ada").await;
    let mut visitor = Visitor::new(&app);
    let page = visitor.page("/login").await;
    assert!(
        page.contains("autocomplete=\"current-password\"") && !is_logged_in(&page),
        "{page}"
    );
    let entered = enter(&mut visitor, "/login", "ADA", PASSWORD).await;
    assert_leads_to(&entered, "/mine");
    let login = visitor.cookies["votify_login"].clone();
    assert!(is_logged_in(&visitor.page("/mine").await));
    let left = visitor.submit("/account", "/logout", &[]).await;
    assert_leads_to(&left, "/");
    assert!(!visitor.cookies.contains_key("votify_login"));
    assert!(!is_logged_in(&visitor.page("/").await));
    app.me(&login).await.assert_problem(401, "invalid_login");
    // Logging out again from an old page is no error.
    let again = visitor.submit("/", "/logout", &[]).await;
    assert_leads_to(&again, "/");
    assert_leads_to(&visitor.get("/account").await, "/login?next=%2Faccount");
}

#[tokio::test]
async fn next_is_never_another_server() {
    let app = app();
    app.token_of("ada").await;
    for next in [
        "https://evil.test",
        "//evil.test",
        "/\\evil.test",
        "/\t/evil.test",
        "javascript:alert(1)",
    ] {
        let mut visitor = Visitor::new(&app);
        let fields = [("name", "ada"), ("password", PASSWORD), ("next", next)];
        let entered = visitor.submit("/login", "/login", &fields).await;
        assert_leads_to(&entered, "/mine");
        let query: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let page = visitor.page(&format!("/login?next={query}")).await;
        assert!(page.contains("name=\"next\" value=\"/mine\""), "{page}");
        app.clock.advance(60);
    }
}

#[tokio::test]
async fn a_wrong_login_keeps_the_name_and_reveals_nothing() {
    let app = app();
    app.token_of("ada").await;
    let mut pages = Vec::new();
    for (name, password) in [
        ("ada", "wrong horse"),
        ("bob", "wrong horse"),
        ("bob", PASSWORD),
    ] {
        let mut visitor = Visitor::new(&app);
        let before = app.metric("votify_passwords_hashed_total").await;
        let refused = enter(&mut visitor, "/login", name, password).await;
        let page = refused.expect_status(401).text;
        assert!(page.contains(&format!("value=\"{name}\"")), "{page}");
        assert!(
            page.contains("Name or password is wrong") && !page.contains(password),
            "{page}"
        );
        assert!(!visitor.cookies.contains_key("votify_login"));
        assert_eq!(
            app.metric("votify_passwords_hashed_total").await,
            before + 1
        );
        let page = page.replace(form_token(&page), "").replace(name, "NAME");
        pages.push(page);
    }
    assert!(pages.windows(2).all(|two| two[0] == two[1]), "{pages:?}");
}

#[tokio::test]
async fn logins_by_form_are_limited_like_those_of_the_api() {
    let app = app();
    app.token_of("ada").await;
    let mut visitor = Visitor::new(&app);
    for _ in 0..5 {
        enter(&mut visitor, "/login", "ada", "wrong horse")
            .await
            .expect_status(401);
        let by_api = app.log_in("ada", "wrong horse").await;
        by_api.assert_problem(401, "invalid_login");
    }
    let limited = enter(&mut visitor, "/login", "ada", PASSWORD).await;
    assert!(limited.headers.contains_key("retry-after"));
    let page = limited.expect_status(429).text;
    assert!(
        page.contains("That was too fast") && page.contains("value=\"ada\""),
        "{page}"
    );
}

#[tokio::test]
async fn registration_errors_are_at_their_fields() {
    let app = app();
    app.token_of("ada").await;
    let mut visitor = Visitor::new(&app);
    for (name, password, status, fields) in [
        ("two words", "short", 422, vec!["name", "password"]),
        ("bob", "short", 422, vec!["password"]),
        ("ADA", PASSWORD, 409, vec!["name"]),
    ] {
        let refused = enter(&mut visitor, "/register", name, password).await;
        let page = refused.expect_status(status).text;
        for field in ["name", "password"] {
            let error = format!("id=\"field-{field}-error\"");
            assert_eq!(
                page.contains(&error),
                fields.contains(&field),
                "{name} {page}"
            );
        }
        let first = format!("name=\"{}\"", fields[0]);
        let (_, input) = page.split_once(&first).unwrap();
        assert!(
            input.split('>').next().unwrap().contains(" autofocus"),
            "{page}"
        );
        assert!(
            page.contains(&format!("value=\"{name}\"")) && !page.contains(password),
            "{page}"
        );
    }
}

#[tokio::test]
async fn forms_of_other_sites_and_sessions_log_nobody_in() {
    let app = app();
    app.token_of("ada").await;
    let mut mallory = Visitor::new(&app);
    let token = form_token(&mallory.page("/login").await).to_owned();
    let mut visitor = Visitor::new(&app);
    let own = form_token(&visitor.page("/login").await).to_owned();
    for path in ["/login", "/register"] {
        for bad in ["", "nonsense", token.as_str()] {
            let fields = [("form_token", bad), ("name", "eve"), ("password", PASSWORD)];
            let refused = visitor.post_from(ORIGIN, path, &fields).await;
            let page = refused.expect_status(403).text;
            assert!(page.contains("This form has expired") && page.contains("value=\"eve\""));
        }
        let fields = [
            ("form_token", own.as_str()),
            ("name", "eve"),
            ("password", PASSWORD),
        ];
        let refused = visitor.post_from("https://evil.test", path, &fields).await;
        assert_problem_page(&refused, 403, "This request came from another site");
        // A browser without cookies has no session that a form belongs to.
        let refused = Visitor::new(&app).post_from(ORIGIN, path, &fields).await;
        refused.expect_status(403);
    }
    app.clock.advance(25 * 3_600);
    let fields = [
        ("form_token", own.as_str()),
        ("name", "ada"),
        ("password", PASSWORD),
    ];
    let expired = visitor.post_from(ORIGIN, "/login", &fields).await;
    assert!(
        expired
            .expect_status(403)
            .text
            .contains("This form has expired")
    );
    assert!(!visitor.cookies.contains_key("votify_login"));
}

/// A visitor who creates a poll and then logs in by the pages owns it in every browser.
#[tokio::test]
async fn an_account_owns_in_another_browser_what_its_session_created() {
    let app = app();
    let mut laptop = Visitor::new(&app);
    laptop.page("/").await;
    let poll = laptop.create_poll(json!({"title": "Mine?"})).await;
    let entered = enter(&mut laptop, "/register", "ada", PASSWORD).await;
    assert_leads_to(&entered, "/mine");
    let mut phone = Visitor::new(&app);
    let manage = format!("/p/{}/manage", poll.id);
    assert_eq!(phone.get(&manage).await.status, 403);
    let before = phone.page("/mine").await;
    assert!(
        before.contains("Log in</a> to see and manage your polls everywhere"),
        "{before}"
    );
    let login = format!("/login?next=%2Fp%2F{}%2Fmanage", poll.id);
    let page = phone.page(&login).await;
    let next = format!("/p/{}/manage", poll.id);
    assert!(page.contains(&format!("value=\"{next}\"")), "{page}");
    let fields = [
        ("name", "ada"),
        ("password", PASSWORD),
        ("next", next.as_str()),
    ];
    let entered = phone.submit(&login, "/login", &fields).await;
    assert_leads_to(&entered, &manage);
    assert!(phone.page(&manage).await.contains("Mine?"));
    assert!(phone.page("/mine").await.contains("Mine?"));
    let closed = phone.submit(&manage, &format!("{manage}/close"), &[]).await;
    assert_eq!(closed.status, 303, "{}", closed.text);
    // Logging in elsewhere claims nothing of that browser for others.
    let mut other = Visitor::new(&app);
    enter(&mut other, "/register", "bob", PASSWORD).await;
    assert_eq!(other.get(&manage).await.status, 403);
}

#[tokio::test]
async fn changing_the_password_ends_other_logins() {
    let app = app();
    let mut visitor = Visitor::new(&app);
    enter(&mut visitor, "/register", "ada", PASSWORD).await;
    let other = app.log_in("ada", PASSWORD).await.json()["token"].clone();
    let change = async |visitor: &mut Visitor, current: &str, new: &str| {
        let fields = [("current_password", current), ("new_password", new)];
        visitor.submit("/account", "/account", &fields).await
    };
    for (current, new, field) in [
        ("wrong horse", NEW, "current_password"),
        (PASSWORD, "short", "new_password"),
    ] {
        let refused = change(&mut visitor, current, new).await;
        let page = refused.expect_status(422).text;
        assert!(
            page.contains(&format!("id=\"field-{field}-error\"")),
            "{page}"
        );
        assert!(page.contains("The password was not changed"), "{page}");
        assert!(!page.contains(current) && !page.contains(new), "{page}");
    }
    let changed = change(&mut visitor, PASSWORD, NEW).await;
    let next = reported(&changed, "/account", "password");
    let claimed = visitor.page("/account?done=password").await;
    assert!(!claimed.contains("Your password is changed."), "{claimed}");
    let page = visitor.page(&next).await;
    assert!(page.contains("Your password is changed."), "{page}");
    let ended = app.me(other.as_str().unwrap()).await;
    ended.assert_problem(401, "invalid_login");
    app.log_in("ada", NEW).await.expect_status(200);
    let token = form_token(&page).to_owned();
    visitor.cookies.remove("votify_login");
    let fields = [
        ("form_token", token.as_str()),
        ("current_password", NEW),
        ("new_password", NEW),
    ];
    let refused = visitor.post_from(ORIGIN, "/account", &fields).await;
    assert_problem_page(&refused, 401, "Please log in first");
}

#[tokio::test]
async fn pages_of_accounts_need_accounts() {
    let app = App::new();
    let mut visitor = Visitor::new(&app);
    for path in ["/login", "/register", "/account", "/logout"] {
        assert_eq!(visitor.get(path).await.status, 404, "{path}");
    }
    let home = visitor.page("/").await;
    assert!(
        !home.contains("Log in") && !home.contains("/account"),
        "{home}"
    );
}

#[tokio::test]
async fn links_and_redirects_work_below_a_path() {
    let app = app_with(|router| router.public_url("https://polls.test/votes".parse().unwrap()));
    let mut visitor = Visitor::new(&app);
    let page = visitor.page("/login?next=%2Fmine").await;
    assert!(page.contains("action=\"/votes/login\""), "{page}");
    let token = form_token(&page).to_owned();
    let fields = [
        ("form_token", token.as_str()),
        ("name", "ada"),
        ("password", PASSWORD),
    ];
    let entered = visitor
        .post_from("https://polls.test", "/register", &fields)
        .await;
    assert_leads_to(&entered, "/votes/mine");
}

#[tokio::test]
async fn the_login_of_a_refused_vote_leads_back_to_the_poll() {
    let app = app();
    let owner = &mut Visitor::new(&app);
    let poll = owner.create_poll(json!({"voters": "account"})).await;
    let page = format!("/p/{}", poll.id);
    let fields = [("option_id", poll.options[0].as_str())];
    let form = format!("{page}/vote");
    let refused = Visitor::new(&app).submit(&page, &form, &fields).await;
    assert_eq!(refused.status, 401, "{}", refused.text);
    let login = format!("/login?next=%2Fp%2F{}\"", poll.id);
    assert!(refused.text.contains(&login), "{}", refused.text);
    let login = "/login?next=%2Fp%2F";
    assert_eq!(refused.text.matches(login).count(), 2, "{}", refused.text);
}
