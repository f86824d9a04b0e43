//! The names by which the server answers, and the address that it sees behind a proxy.

use reqwest::header::HOST;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::api::Api;
use crate::program::{Server, run, run_with_secret, votify};

/// Returns the status of a new poll from a page of `host`.
async fn create(server: &Server, host: &str) -> (u16, Value) {
    let request = Client::new()
        .post(server.url("/api/polls"))
        .header(HOST, host)
        .header("origin", format!("http://{host}"))
        .json(&json!({"title": "Lunch?", "options": ["Pizza", "Sushi"]}));
    let response = request.send().await.unwrap();
    (
        response.status().as_u16(),
        response.json().await.unwrap_or_default(),
    )
}

#[tokio::test]
async fn pages_of_foreign_hosts_are_rejected_with_every_setting() {
    let directory = tempfile::tempdir().unwrap();
    for (arguments, own) in [
        (&[][..], &["localhost:8080", "a.localhost"][..]),
        (
            &["--public-url", "http://polls.example"],
            &["polls.example"],
        ),
        (
            &["--allowed-hosts", "polls.example,other.example:81"],
            &["polls.example:8080", "other.example:81"],
        ),
    ] {
        let mut all = vec!["--store", "memory:"];
        all.extend(arguments);
        let server = Server::start(directory.path(), &all).await;
        for host in own
            .iter()
            .chain(&[server.address(), "192.0.2.1", "[::1]:1"])
        {
            assert_eq!(create(&server, host).await.0, 201, "{arguments:?} {host}");
        }
        for host in [
            "evil.example",
            "polls.example.evil.example",
            "localhost.evil.example",
            "other.example",
        ] {
            let (status, body) = create(&server, host).await;
            assert_eq!(status, 421, "{arguments:?} {host} {body}");
            assert_eq!(body["code"], "host_not_allowed");
            let healthz = Client::new().get(server.url("/healthz"));
            let healthz = healthz.header(HOST, host).send().await.unwrap();
            assert_eq!(healthz.status(), StatusCode::OK);
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn every_host_can_be_allowed() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(
        directory.path(),
        &["--store", "memory:", "--allowed-hosts", "*"],
    )
    .await;
    assert_eq!(create(&server, "evil.example").await.0, 201);
    server.stop().await;
}

#[tokio::test]
async fn listeners_beyond_loopback_need_a_name() {
    let directory = tempfile::tempdir().unwrap();
    for listen in ["0.0.0.0:0", "[::]:0", "[::ffff:0.0.0.0]:0"] {
        for names in [&[][..], &["--allowed-hosts", ""]] {
            let mut arguments = vec!["serve", "--listen", listen];
            arguments.extend(names);
            let exit = run_with_secret(directory.path(), &arguments).await;
            let line = exit.error_line(2);
            for word in ["--public-url https://", "--allowed-hosts", "*", listen] {
                assert!(line.contains(word), "{line}");
            }
        }
    }
    assert_eq!(
        std::fs::read_dir(directory.path()).unwrap().count(),
        0,
        "no file is created"
    );
    // A secret is asked for first.
    let mut command = votify(directory.path(), &["serve", "--listen", "0.0.0.0:0"]);
    assert!(
        run(&mut command)
            .await
            .error_line(2)
            .contains("VOTIFY_SECRET")
    );
}

#[tokio::test]
async fn only_the_configured_header_names_the_client() {
    let directory = tempfile::tempdir().unwrap();
    let address = "127.0.0.1".parse().unwrap();
    for (header, real) in [
        ("x-forwarded-for", "198.51.100.7"),
        ("forwarded", "for=198.51.100.7"),
        ("x-real-ip", "198.51.100.7"),
    ] {
        let server = Server::start(
            directory.path(),
            &[
                "--store",
                "memory:",
                "--trusted-proxies",
                "::ffff:127.0.0.1",
                "--client-address-header",
                header,
            ],
        )
        .await;
        let poll = Api::new(&server)
            .create_poll_with(json!({"voters": "ip"}))
            .await;
        for (index, forged) in ["203.0.113.1", "for=203.0.113.2", "\"", "", "unknown"]
            .into_iter()
            .enumerate()
        {
            let mut headers: Vec<(&'static str, &str)> =
                ["x-forwarded-for", "forwarded", "x-real-ip"]
                    .map(|name| (name, forged))
                    .to_vec();
            headers.retain(|(name, _)| *name != header);
            let own = format!("{forged}, {real}");
            headers.push((header, &own));
            let api = Api::from_address(address, &server.url(""), &headers);
            let status = if index == 0 { 201 } else { 409 };
            let (voted, body) = api.vote(&poll, 0).await;
            assert_eq!(voted, status, "{headers:?} {body}");
        }
        server.stop().await;
    }
}
