//! The log names the setting to change when a proxy or an origin is set up slightly wrong.

use axum::http::Method;
use serde_json::json;
use tracing::subscriber::set_default;
use votify_axum::VotifyRouter;

use crate::app::{App, from, request};
use crate::browser::Browser;
use crate::log_capture::LogCapture;
use crate::server::Server;
use crate::stream_clients::EventStream;

type Headers<'a> = &'a [(&'static str, &'a str)];

/// Returns the lines that requests of a peer with these headers write to the log.
async fn logged(
    set: impl FnOnce(VotifyRouter) -> VotifyRouter,
    peer: &str,
    method: Method,
    headers: Headers<'_>,
) -> Vec<String> {
    let log = LogCapture::default();
    let logging = set_default(log.clone());
    let app = App::with(set);
    for _ in 0..3 {
        let body = (method == Method::POST).then(|| json!({"title": "t", "options": ["a", "b"]}));
        let mut request = from(peer, request(method.clone(), "/api/polls", body));
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        app.send(request).await;
    }
    drop(logging);
    let text = log.text();
    let hints = text.lines().filter(|line| line.contains("requests="));
    hints.map(str::to_owned).collect()
}

fn trusting(router: VotifyRouter) -> VotifyRouter {
    router.trusted_proxies(["10.0.0.0/8".parse().unwrap()])
}

#[tokio::test]
async fn forwarded_headers_of_untrusted_addresses_are_logged_once() {
    for (headers, advice) in [
        (
            &[("x-forwarded-for", "198.51.100.7")][..],
            "set --trusted-proxies 172.17.0.1",
        ),
        (
            &[
                ("x-forwarded-for", "198.51.100.7"),
                ("x-real-ip", "198.51.100.7"),
            ],
            "set --trusted-proxies 172.17.0.1",
        ),
        (
            &[("forwarded", "for=198.51.100.7")],
            "set --trusted-proxies 172.17.0.1 and --client-address-header forwarded",
        ),
        (
            &[("x-real-ip", "198.51.100.7")],
            "set --trusted-proxies 172.17.0.1 and --client-address-header x-real-ip",
        ),
    ] {
        for set in [|router: VotifyRouter| router, trusting] {
            for peer in ["172.17.0.1", "::ffff:172.17.0.1"] {
                let lines = logged(set, peer, Method::GET, headers).await;
                assert_eq!(lines.len(), 1, "{lines:?}");
                assert!(
                    lines[0].contains(&format!("{advice} requests=")),
                    "{lines:?}"
                );
                assert!(!lines[0].contains("198.51.100.7"), "{lines:?}");
            }
        }
    }
}

#[tokio::test]
async fn another_header_of_a_trusted_proxy_is_logged() {
    let real_ip = ("x-real-ip", "198.51.100.7");
    let lines = logged(trusting, "10.0.0.1", Method::GET, &[real_ip]).await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    let advice = "set --client-address-header x-real-ip, or let the proxy send x-forwarded-for";
    assert!(lines[0].contains(advice), "{lines:?}");
}

#[tokio::test]
async fn a_trusted_proxy_without_clients_is_logged() {
    let lines = logged(trusting, "10.0.0.1", Method::GET, &[]).await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("let it send x-forwarded-for"),
        "{lines:?}"
    );
}

#[tokio::test]
async fn proxies_that_are_set_up_well_are_not_logged() {
    let forwarded = ("x-forwarded-for", "198.51.100.7");
    let real_ip = ("x-real-ip", "198.51.100.7");
    let own = ("origin", "http://polls.test");
    for (peer, headers) in [
        ("10.0.0.1", &[forwarded][..]),
        ("10.0.0.1", &[forwarded, real_ip]),
        ("192.0.2.1", &[own]),
    ] {
        let lines = logged(trusting, peer, Method::POST, headers).await;
        assert_eq!(lines, [""; 0], "{peer} {headers:?}");
    }
    let by_real_ip = |router| {
        let header = "x-real-ip".parse().unwrap();
        trusting(router).client_address_header(header)
    };
    let lines = logged(by_real_ip, "10.0.0.1", Method::GET, &[real_ip]).await;
    assert_eq!(lines, [""; 0]);
}

#[tokio::test]
async fn origins_that_differ_by_port_or_scheme_are_logged() {
    let public = |router: VotifyRouter| {
        let hosts = ["polls.test".parse().unwrap()];
        let router = router.public_url("http://polls.example".parse().unwrap());
        router.allowed_hosts(hosts)
    };
    let named = |router| router;
    for (is_public, origin, is_logged) in [
        (false, "http://polls.test:8080", true),
        (false, "https://POLLS.test:8443", true),
        (false, "http://evil.test", false),
        (false, "null", false),
        (true, "https://polls.example", true),
        (true, "http://polls.example:8080", true),
        (true, "https://polls.example.evil.test", false),
    ] {
        let headers = [("origin", origin)];
        let lines = if is_public {
            logged(public, "192.0.2.1", Method::POST, &headers).await
        } else {
            logged(named, "192.0.2.1", Method::POST, &headers).await
        };
        assert_eq!(lines.len(), usize::from(is_logged), "{origin} {lines:?}");
        let origin = origin.to_lowercase();
        for line in lines {
            let public_url = format!("--public-url {origin}");
            for advice in [&public_url, "--allowed-origins", "Host"] {
                assert!(line.contains(advice), "{line}");
            }
        }
    }
}

#[tokio::test]
async fn upgrades_without_upgrade_are_logged() {
    let log = LogCapture::default();
    let _logging = set_default(log.clone());
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    let path = Server::stream_path(&poll, "");
    EventStream::open(&server, &path, &[]).await;
    assert!(!log.text().contains("Upgrade"), "{}", log.text());
    let headers = [
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
    ];
    for _ in 0..3 {
        let events = EventStream::open(&server, &path, &headers).await;
        assert_eq!(events.status, 200);
    }
    let text = log.text();
    assert_eq!(text.matches("arrived without Upgrade").count(), 1, "{text}");
    assert!(
        text.contains("proxy_set_header Upgrade $http_upgrade"),
        "{text}"
    );
}
