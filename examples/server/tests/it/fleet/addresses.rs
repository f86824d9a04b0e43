use std::net::{IpAddr, Ipv4Addr};

use serde_json::json;

use super::instances::Fleet;
use crate::api::Api;

/// Forged headers with another client address.
const FORGED: [&[(&str, &str)]; 4] = [
    &[],
    &[("x-forwarded-for", "203.0.113.9")],
    &[("forwarded", "for=203.0.113.9")],
    &[
        ("x-forwarded-for", "203.0.113.9, 127.0.0.1"),
        ("forwarded", "for=203.0.113.9;host=elsewhere"),
    ],
];

/// A client with its own loopback address: 127.0.0.0/8 belongs to the machine.
fn client(fleet: &Fleet, number: u8, claims: &[(&'static str, &str)]) -> Api {
    let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, number));
    Api::from_address(address, &fleet.nginx.url(), claims)
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_addresses_are_ignored_behind_nginx() {
    let Some(fleet) = Fleet::open(&["--vote-rate", "10/60s"]).await else {
        return;
    };
    let poll = Api::with_url(&fleet.nginx.url())
        .create_poll_with(json!({"voters": "ip"}))
        .await;
    for voter in [2, 3] {
        for (index, claims) in FORGED.into_iter().enumerate() {
            let (status, response) = client(&fleet, voter, claims).vote(&poll, 0).await;
            let first = if index == 0 { 201 } else { 409 };
            assert_eq!(status, first, "{claims:?} {response}");
        }
    }
    fleet.assert_exact(&poll, 2).await;
    // Without nginx, forwarded headers are ignored: this is the third address.
    let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 4));
    for (index, instance) in fleet.instances().enumerate() {
        let direct = Api::from_address(address, &instance.url(""), FORGED[1]);
        let status = if index == 0 { 201 } else { 409 };
        assert_eq!(direct.vote(&poll, 1).await.0, status);
    }
    fleet.assert_exact(&poll, 3).await;

    // All instances share the limit of 10 votes a minute, by real address.
    let poll = Api::with_url(&fleet.nginx.url()).create_poll().await;
    for attempt in 0..20 {
        let claims = FORGED[attempt % FORGED.len()];
        let (status, response) = client(&fleet, 5, claims).vote(&poll, 0).await;
        assert_eq!(status, if attempt < 10 { 201 } else { 429 }, "{response}");
    }
    assert_eq!(client(&fleet, 6, &[]).vote(&poll, 0).await.0, 201);
    fleet.assert_exact(&poll, 11).await;
    fleet.shutdown().await;
}
