use std::net::{IpAddr, Ipv4Addr};

use serde_json::json;

use super::instances::Fleet;
use crate::api::Api;

/// What a client may claim about itself.
const FORGED: [&[(&str, &str)]; 4] = [
    &[],
    &[("x-forwarded-for", "203.0.113.9")],
    &[("forwarded", "for=203.0.113.9")],
    &[
        ("x-forwarded-for", "203.0.113.9, 127.0.0.1"),
        ("forwarded", "for=203.0.113.9;host=elsewhere"),
    ],
];

/// Clients of their own addresses, which Linux has plenty of for one machine.
fn client(fleet: &Fleet, number: u8, claims: &[(&'static str, &str)]) -> Api {
    let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, number));
    Api::from_address(address, &fleet.nginx.url(), claims)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_behind_nginx_counts_and_no_claimed_one() {
    let Some(fleet) = Fleet::open(&["--vote-rate", "10/60s"]).await else {
        return;
    };
    let poll = Api::through(&fleet.nginx.url())
        .create_poll_with(json!({"voters": "ip"}))
        .await;
    for voter in [2, 3] {
        for (index, claims) in FORGED.into_iter().enumerate() {
            let (status, answer) = client(&fleet, voter, claims).vote(&poll, 0).await;
            let first = if index == 0 { 201 } else { 409 };
            assert_eq!(status, first, "{claims:?} {answer}");
        }
    }
    fleet.assert_exact(&poll, 2).await;
    // Not through nginx, and so not believed either: this is the third address.
    let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 4));
    for (index, instance) in fleet.instances().enumerate() {
        let direct = Api::from_address(address, &instance.url(""), FORGED[1]);
        let status = if index == 0 { 201 } else { 409 };
        assert_eq!(direct.vote(&poll, 1).await.0, status);
    }
    fleet.assert_exact(&poll, 3).await;

    // One limit for all instances together, of 10 in a minute; and it is the address's, whatever that claims.
    let poll = Api::through(&fleet.nginx.url()).create_poll().await;
    for attempt in 0..20 {
        let claims = FORGED[attempt % FORGED.len()];
        let (status, answer) = client(&fleet, 5, claims).vote(&poll, 0).await;
        assert_eq!(status, if attempt < 10 { 201 } else { 429 }, "{answer}");
    }
    assert_eq!(client(&fleet, 6, &[]).vote(&poll, 0).await.0, 201);
    fleet.assert_exact(&poll, 11).await;
    fleet.end().await;
}
