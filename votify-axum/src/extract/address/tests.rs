use axum::http::HeaderName;

use super::*;

/// Returns the client address of a request. 10.0.0.0/8 and ::1 are trusted.
fn client_of(peer: &str, headers: &[(&str, &str)]) -> String {
    let trusted = ["10.0.0.0/8", "::1/128"].map(|net| net.parse().unwrap());
    let map = headers.iter().map(|(name, value)| {
        let name: HeaderName = name.parse().unwrap();
        (name, value.parse().unwrap())
    });
    client_address(peer.parse().unwrap(), &map.collect(), &trusted).to_string()
}

fn by_xff(peer: &str, value: &str) -> String {
    client_of(peer, &[("x-forwarded-for", value)])
}

fn by_forwarded(value: &str) -> String {
    client_of("10.0.0.1", &[("forwarded", value)])
}

#[test]
fn headers_of_untrusted_peers_are_ignored() {
    assert_eq!(by_xff("192.0.2.1", "198.51.100.7"), "192.0.2.1");
    assert_eq!(
        client_of("192.0.2.1", &[("forwarded", "for=198.51.100.7")]),
        "192.0.2.1"
    );
}

#[test]
fn hops_are_read_from_right_to_left_while_trusted() {
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
    assert_eq!(client_of("10.0.0.1", &twice), "198.51.100.7");
}

#[test]
fn an_unreadable_hop_ends_the_search() {
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
fn ports_brackets_and_ipv6_are_parsed() {
    assert_eq!(by_xff("::1", "198.51.100.7:4711"), "198.51.100.7");
    assert_eq!(by_xff("::1", "2001:db8::7"), "2001:db8::7");
    assert_eq!(by_xff("::1", "[2001:db8::7]:4711"), "2001:db8::7");
    assert_eq!(by_xff("::1", "[2001:db8::7]"), "2001:db8::7");
    assert_eq!(by_xff("::1", "::ffff:198.51.100.7"), "198.51.100.7");
}

#[test]
fn forwarded_is_parsed_with_quotes_and_other_parameters() {
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
    // An unclosed quote of the client includes what the proxy appended. The whole line is
    // ignored.
    assert_eq!(by_forwarded("for=\"9.9.9.9, for=198.51.100.7"), "10.0.0.1");
}

#[test]
fn disagreeing_headers_are_both_ignored() {
    let both = |other| [("x-forwarded-for", "198.51.100.7"), ("forwarded", other)];
    assert_eq!(
        client_of("10.0.0.1", &both("for=198.51.100.7")),
        "198.51.100.7"
    );
    assert_eq!(client_of("10.0.0.1", &both("for=9.9.9.9")), "10.0.0.1");
}
