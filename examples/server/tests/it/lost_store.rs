use std::fs;

use serde_json::json;
use uuid::Uuid;

use crate::api::{Api, ready};
use crate::program::{SERVE, Server, run, votify};

#[tokio::test]
async fn a_removed_database_file_is_answered_503_until_it_is_back() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]).await;
    let api = Api::without_cookies(&server);
    let poll = api.create_poll().await;
    let ballot = || Uuid::new_v4().to_string();
    assert_eq!(api.cast(&poll, &ballot(), 0).await.unwrap().0, 201);
    let (path, moved) = (
        directory.path().join("votify.db"),
        directory.path().join("moved.db"),
    );
    fs::rename(&path, &moved).unwrap();
    for _ in 0..20 {
        let (status, problem) = api.cast(&poll, &ballot(), 0).await.unwrap();
        assert_eq!(
            (status, &problem["code"]),
            (503, &json!("store_unavailable"))
        );
    }
    let (status, body) = ready(&server).await;
    assert_eq!(status, 503, "{body}");
    assert_eq!(body["parts"][0]["part"], "store", "{body}");
    assert_eq!(body["parts"][0]["ready"], false, "{body}");
    fs::rename(&moved, &path).unwrap();
    assert_eq!(api.cast(&poll, &ballot(), 0).await.unwrap().0, 201);
    assert_eq!(ready(&server).await.0, 200);
    assert_eq!(api.counts(&poll).await, [2, 0]);
    server.signal(rustix::process::Signal::INT);
    let exit = server.wait().await;
    let lines = exit.stderr.lines();
    let lines = lines.filter(|line| line.contains("votify.db was removed"));
    // One each of the store, the writer of batches and the HTTP server, however many
    // requests failed.
    assert!((1..=3).contains(&lines.count()), "{exit:?}");
}

#[tokio::test]
async fn a_changed_database_stops_the_start_with_one_line() {
    let directory = tempfile::tempdir().unwrap();
    Server::start(directory.path(), &[]).await.stop().await;
    let path = directory.path().join("votify.db");
    let bytes = fs::read(&path).unwrap();
    let mut damaged = bytes.clone();
    // Every page from the third on: the first two hold the beginning of the schema.
    for page in damaged.chunks_mut(2048).skip(2) {
        page[..16].fill(0x55);
    }
    fs::write(&path, damaged).unwrap();
    let exit = run(&mut votify(directory.path(), &SERVE)).await;
    let line = exit.error_line(1);
    assert!(line.contains("damaged"), "{line}");
}
