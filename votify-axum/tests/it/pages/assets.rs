//! The files of the pages.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::json;

use crate::app::{App, TestResponse};
use crate::browser::Browser;

async fn get(app: &App, path: &str, headers: &[(&'static str, &str)]) -> TestResponse {
    Browser::new(app)
        .call_with(Method::GET, path, None, headers)
        .await
}

/// Returns the paths of the files of this server that a text names.
fn files(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for start in ["href=\"", "src=\""] {
        for rest in text.split(start).skip(1) {
            let url = rest.split(['"', '#']).next().unwrap();
            let is_file = url.rsplit('/').next().unwrap().contains('.');
            if url.starts_with('/') && is_file {
                found.insert(url.to_owned());
            }
        }
    }
    found
}

/// Returns the modules that a module imports, as paths.
fn imports(path: &str, script: &str) -> BTreeSet<String> {
    let folder = path.rsplit_once('/').unwrap().0;
    let mut found = BTreeSet::new();
    for rest in script.split("from \"").skip(1) {
        let mut target = folder.to_owned();
        for part in rest.split('"').next().unwrap().split('/') {
            match part {
                "." => {}
                ".." => target.truncate(target.rfind('/').unwrap()),
                part => target = format!("{target}/{part}"),
            }
        }
        found.insert(target);
    }
    found
}

async fn all_files(app: &App, page: &str) -> BTreeSet<String> {
    let mut open: Vec<_> = files(&app.get(page).await.text).into_iter().collect();
    let mut known = BTreeSet::new();
    while let Some(path) = open.pop() {
        if known.insert(path.clone()) && path.ends_with(".js") {
            let script = app.get(&path).await.expect_status(200).text;
            open.extend(imports(&path, &script));
        }
    }
    // The QR code and the picture of a poll are pages of their own.
    known.retain(|path| !path.starts_with("/p/"));
    known
}

async fn pages(app: &App) -> Vec<String> {
    let mut owner = Browser::new(app);
    let poll = owner.create_poll(json!({})).await;
    vec![
        "/".to_owned(),
        format!("/p/{}", poll.id),
        format!("/p/{}/embed", poll.id),
    ]
}

#[tokio::test]
async fn every_file_that_a_page_names_is_served() {
    let app = App::new();
    for page in pages(&app).await {
        for path in all_files(&app, &page).await {
            let file = app.get(&path).await.expect_status(200);
            let content_type = match path.rsplit('.').next().unwrap() {
                "js" => "text/javascript; charset=utf-8",
                "css" => "text/css; charset=utf-8",
                "svg" => "image/svg+xml",
                other => panic!("{other}"),
            };
            assert_eq!(file.header("content-type"), content_type, "{path}");
            assert_eq!(file.header("cache-control"), "no-cache");
            assert_eq!(file.header("vary"), "accept-encoding");
            assert!(!file.headers.contains_key("set-cookie"));
        }
    }
}

#[tokio::test]
async fn a_known_file_is_not_sent_again() {
    let app = App::new();
    let plain = app.get("/pages/pages.css").await;
    let gzip = [("accept-encoding", "br, gzip")];
    let packed = get(&app, "/pages/pages.css", &gzip).await;
    let tags = [plain.header("etag"), packed.header("etag")];
    assert!(
        tags.iter().all(|tag| tag.starts_with('"')),
        "strong: {tags:?}"
    );
    assert_ne!(tags[0], tags[1], "each coding has its own tag");
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert!(packed.text.len() < plain.text.len() / 2);
    for (tag, encoding) in [(tags[0], "identity"), (tags[1], "gzip")] {
        let headers = [("if-none-match", tag), ("accept-encoding", encoding)];
        let known = get(&app, "/pages/pages.css", &headers).await;
        assert_eq!((known.status.as_u16(), known.text.as_str()), (304, ""));
        assert_eq!(known.header("etag"), tag);
        let other = [("if-none-match", "\"x\""), ("accept-encoding", encoding)];
        get(&app, "/pages/pages.css", &other)
            .await
            .expect_status(200);
    }
}

#[tokio::test]
async fn every_origin_may_load_the_element() {
    let app = App::new();
    for path in [
        "/votify.js",
        "/votify-poll.js",
        "/votify-poll.css",
        "/locales/de.json",
    ] {
        let file = app.get(path).await.expect_status(200);
        assert_eq!(file.header("access-control-allow-origin"), "*", "{path}");
        let policy = file.header("cross-origin-resource-policy");
        assert_eq!(policy, "cross-origin", "{path}");
    }
    let own = app.get("/pages/pages.css").await;
    assert!(!own.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn the_first_page_of_a_poll_is_small() {
    const MAX_BYTES: usize = 60 * 1024;
    let app = App::new();
    let page = &pages(&app).await[1];
    let mut size = app.get(page).await.text.len();
    for path in all_files(&app, page).await {
        let file = get(&app, &path, &[("accept-encoding", "gzip")]).await;
        let length = file.header("content-length").parse::<usize>().unwrap();
        size += length;
    }
    assert!(size < MAX_BYTES, "{size} bytes");
}

#[tokio::test]
async fn a_server_of_its_own_answers_browsers_that_guess_the_favicon() {
    let alone = App::with(|router| router.fallback(true));
    alone.get("/favicon.ico").await.expect_status(200);
    assert_eq!(App::new().get("/favicon.ico").await.status, 404);
}
