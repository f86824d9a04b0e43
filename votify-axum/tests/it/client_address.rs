//! The address of a client behind trusted proxies. A client that sends headers of its own
//! stays one voter.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request};
use serde_json::json;
use votify_axum::{IpNet, VotifyRouter};

use crate::app::{App, from, request};
use crate::browser::{Browser, CreatedPoll};

const CLIENT: &str = "198.51.100.7";

/// Headers of a client. The proxies append to them.
type Headers<'a> = &'a [(&'a str, &'a [u8])];

fn trusting(router: VotifyRouter) -> VotifyRouter {
    let trusted: IpNet = "10.0.0.0/8".parse().unwrap();
    let router = router.vote_rate(None).session_rate(None);
    router.trusted_proxies([trusted])
}

fn vote(poll: &CreatedPoll, peer: &str, headers: Headers<'_>) -> Request<Body> {
    let body = json!({"option_id": poll.options[0]});
    let mut request = request(Method::POST, &poll.path("/vote"), Some(body));
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        let value = HeaderValue::from_bytes(value).unwrap();
        request.headers_mut().append(name, value);
    }
    from(peer, request)
}

/// Sends one vote through each of 40 proxies and returns how many count. Each proxy
/// appends the client's address to `header`: to the last line if `to_line`, else as a
/// line of its own.
async fn counted(app: &App, header: &str, forged: Headers<'_>, to_line: bool) -> u64 {
    let poll = Browser::with_address(app, "192.0.2.1")
        .create_poll(json!({"voters": "ip"}))
        .await;
    let hop = match header {
        "forwarded" => format!("for={CLIENT}"),
        _ => CLIENT.to_owned(),
    };
    for proxy in 1..=40 {
        let mut headers: Vec<(&str, Vec<u8>)> = forged
            .iter()
            .map(|(name, value)| (*name, value.to_vec()))
            .collect();
        let own = headers.iter_mut().rev().find(|(name, _)| *name == header);
        match own {
            Some((_, line)) if to_line => {
                line.extend_from_slice(b", ");
                line.extend_from_slice(hop.as_bytes());
            }
            _ => headers.push((header, hop.clone().into_bytes())),
        }
        let headers: Vec<(&str, &[u8])> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_slice()))
            .collect();
        let response = app
            .send(vote(&poll, &format!("10.0.0.{proxy}"), &headers))
            .await;
        let status = response.status.as_u16();
        assert!([201, 409].contains(&status), "{}", response.text);
    }
    app.total(&poll.id).await
}

/// What clients send in front of the address that the proxy appends.
const FORGED: [&[u8]; 14] = [
    b"",
    b",",
    b"203.0.113.9",
    b"203.0.113.9, 10.0.0.1",
    b"\"203.0.113.9",
    b"for=\"203.0.113.9",
    b"for=\"203.0.113.9\\",
    b"for=203.0.113.9;host=\"a, b",
    b"\xFF",
    b"203.0.113.9, \xE9",
    b"unknown",
    b"for=_hidden, for=unknown",
    b"10.0.0.1:99999",
    b"\\",
];

#[tokio::test]
async fn a_client_stays_one_voter_behind_any_proxy() {
    let app = App::with(trusting);
    for forged in FORGED {
        for to_line in [true, false] {
            let own = [("x-forwarded-for", forged)];
            let votes = counted(&app, "x-forwarded-for", &own, to_line).await;
            let shown = String::from_utf8_lossy(forged);
            assert_eq!(votes, 1, "X-Forwarded-For: {shown:?}");
        }
    }
}

#[tokio::test]
async fn a_client_stays_one_voter_with_every_configured_header() {
    for header in ["forwarded", "x-real-ip", "cf-connecting-ip"] {
        let app =
            App::with(|router| trusting(router).client_address_header(header.parse().unwrap()));
        for forged in FORGED {
            for to_line in [true, false] {
                let votes = counted(&app, header, &[(header, forged)], to_line).await;
                let shown = String::from_utf8_lossy(forged);
                assert_eq!(votes, 1, "{header}: {shown:?}");
            }
        }
    }
}

#[tokio::test]
async fn headers_that_are_not_configured_have_no_effect() {
    let app = App::with(trusting);
    let names = [
        "forwarded",
        "x-real-ip",
        "x-client-ip",
        "client-ip",
        "true-client-ip",
        "cf-connecting-ip",
        "x-cluster-client-ip",
        "x-forwarded",
        "forwarded-for",
        "x-original-forwarded-for",
        "via",
    ];
    for name in names {
        for forged in FORGED
            .into_iter()
            .step_by(4)
            .chain([&b"for=203.0.113.9"[..]])
        {
            let votes = counted(&app, "x-forwarded-for", &[(name, forged)], true).await;
            let shown = String::from_utf8_lossy(forged);
            assert_eq!(votes, 1, "{name}: {shown:?}");
        }
    }
}

/// `::ffff:10.0.0.0/104` is 10.0.0.0/8, for peers and hops in both notations.
#[tokio::test]
async fn mapped_proxies_are_ipv4_proxies() {
    let trusted: IpNet = "::ffff:10.0.0.0/104".parse().unwrap();
    let app = App::with(|router| router.vote_rate(None).trusted_proxies([trusted]));
    let poll = Browser::with_address(&app, "192.0.2.1")
        .create_poll(json!({"voters": "ip"}))
        .await;
    for (peer, hops, status) in [
        ("10.0.0.1", "198.51.100.7", 201),
        ("::ffff:10.0.0.2", "198.51.100.7", 409),
        ("10.0.0.3", "::ffff:198.51.100.7, ::ffff:10.1.1.1", 409),
        ("::ffff:192.0.2.1", "198.51.100.7", 201),
        ("192.0.2.1", "203.0.113.9", 409),
    ] {
        let headers: Headers<'_> = &[("x-forwarded-for", hops.as_bytes())];
        let response = app.send(vote(&poll, peer, headers)).await;
        assert_eq!(response.status, status, "{peer} {hops}: {}", response.text);
    }
}
