use axum::http::HeaderName;

use super::*;

/// The address that a request with these headers comes from, if 10.0.0.0/8 and ::1 are trusted.
fn seen(peer: &str, headers: &[(&str, &str)]) -> String {
    let trusted = ["10.0.0.0/8", "::1/128"].map(|net| net.parse().unwrap());
    let map = headers.iter().map(|(name, value)| {
        let name: HeaderName = name.parse().unwrap();
        (name, value.parse().unwrap())
    });
    client_address(peer.parse().unwrap(), &map.collect(), &trusted).to_string()
}

fn by_xff(peer: &str, value: &str) -> String {
    seen(peer, &[("x-forwarded-for", value)])
}

fn by_forwarded(value: &str) -> String {
    seen("10.0.0.1", &[("forwarded", value)])
}

#[test]
fn strangers_are_not_believed() {
    assert_eq!(by_xff("192.0.2.1", "198.51.100.7"), "192.0.2.1");
    assert_eq!(
        seen("192.0.2.1", &[("forwarded", "for=198.51.100.7")]),
        "192.0.2.1"
    );
}

#[test]
fn the_walk_goes_right_to_left_over_trusted_hops_only() {
    assert_eq!(by_xff("10.0.0.1", "198.51.100.7"), "198.51.100.7");
    assert_eq!(
        by_xff("10.0.0.1", "1.1.1.1, 198.51.100.7, 10.9.9.9"),
        "198.51.100.7"
    );
    assert_eq!(by_xff("10.0.0.1", "10.2.2.2, 10.3.3.3"), "10.2.2.2");
    assert_eq!(by_xff("::ffff:10.0.0.1", "198.51.100.7"), "198.51.100.7");
    let twice = [
        ("x-forwarded-for", "1.1.1.1"),
        ("x-forwarded-for", "198.51.100.7"),
    ];
    assert_eq!(seen("10.0.0.1", &twice), "198.51.100.7");
}

#[test]
fn what_cannot_be_read_stops_the_walk() {
    for (value, address) in [
        ("", "10.0.0.1"),
        ("unknown", "10.0.0.1"),
        ("198.51.100.7, 10.5.5.5, nonsense", "10.0.0.1"),
        ("198.51.100.7, nonsense, 10.5.5.5", "10.5.5.5"),
        ("198.51.100.7,", "10.0.0.1"),
    ] {
        assert_eq!(by_xff("10.0.0.1", value), address, "{value}");
    }
}

#[test]
fn ports_brackets_and_ipv6_are_read() {
    assert_eq!(by_xff("::1", "198.51.100.7:4711"), "198.51.100.7");
    assert_eq!(by_xff("::1", "2001:db8::7"), "2001:db8::7");
    assert_eq!(by_xff("::1", "[2001:db8::7]:4711"), "2001:db8::7");
    assert_eq!(by_xff("::1", "[2001:db8::7]"), "2001:db8::7");
    assert_eq!(by_xff("::1", "::ffff:198.51.100.7"), "198.51.100.7");
}

#[test]
fn forwarded_is_read_with_quotes_and_other_parameters() {
    assert_eq!(by_forwarded("for=198.51.100.7"), "198.51.100.7");
    assert_eq!(
        by_forwarded("For=\"[2001:db8::7]:4711\";proto=https;by=10.0.0.1"),
        "2001:db8::7"
    );
    assert_eq!(
        by_forwarded("for=1.1.1.1, for=198.51.100.7;host=\"a,b\", for=10.4.4.4"),
        "198.51.100.7"
    );
    for hidden in [
        "for=_secret",
        "for=unknown",
        "proto=https",
        "for=1.1.1.1;for=2.2.2.2",
    ] {
        assert_eq!(by_forwarded(hidden), "10.0.0.1", "{hidden}");
    }
    // A caller's open quote swallows what the proxy appended: nothing of it is believed.
    assert_eq!(by_forwarded("for=\"9.9.9.9, for=198.51.100.7"), "10.0.0.1");
}

#[test]
fn two_headers_that_disagree_are_both_doubted() {
    let both = |other| [("x-forwarded-for", "198.51.100.7"), ("forwarded", other)];
    assert_eq!(seen("10.0.0.1", &both("for=198.51.100.7")), "198.51.100.7");
    assert_eq!(seen("10.0.0.1", &both("for=9.9.9.9")), "10.0.0.1");
}
