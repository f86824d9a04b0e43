use axum::http::HeaderValue;
use proptest::prelude::*;

use super::*;

/// Returns the client address of a request. 10.0.0.0/8 and ::1 are trusted.
fn client_of(peer: &str, header: &str, lines: &[&[u8]]) -> String {
    let trusted = ["10.0.0.0/8", "::1/128"].map(|net| net.parse().unwrap());
    let header: ClientAddressHeader = header.parse().unwrap();
    let lines = lines.iter().map(|line| {
        let value = HeaderValue::from_bytes(line).unwrap();
        (header.name().clone(), value)
    });
    let headers: HeaderMap = lines.collect();
    client_address(peer.parse().unwrap(), &headers, &header, &trusted).to_string()
}

fn by_xff(peer: &str, value: &str) -> String {
    client_of(peer, "x-forwarded-for", &[value.as_bytes()])
}

fn by_forwarded(value: &str) -> String {
    client_of("10.0.0.1", "forwarded", &[value.as_bytes()])
}

#[test]
fn headers_of_untrusted_peers_are_ignored() {
    for header in ["x-forwarded-for", "x-real-ip"] {
        let address = client_of("192.0.2.1", header, &[b"198.51.100.7"]);
        assert_eq!(address, "192.0.2.1");
    }
    let address = client_of("192.0.2.1", "forwarded", &[b"for=198.51.100.7"]);
    assert_eq!(address, "192.0.2.1");
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
    assert_eq!(
        by_xff("10.0.0.1", "198.51.100.7,\t::ffff:10.9.9.9 "),
        "198.51.100.7"
    );
    let lines: [&[u8]; 2] = [b"1.1.1.1", b"198.51.100.7"];
    assert_eq!(
        client_of("10.0.0.1", "x-forwarded-for", &lines),
        "198.51.100.7"
    );
}

#[test]
fn a_hop_that_is_no_address_ends_the_search() {
    for (value, address) in [
        ("", "10.0.0.1"),
        ("unknown", "10.0.0.1"),
        ("198.51.100.7, 10.5.5.5, nonsense", "10.0.0.1"),
        ("198.51.100.7, nonsense, 10.5.5.5", "10.5.5.5"),
        ("nonsense, 198.51.100.7, 10.5.5.5", "198.51.100.7"),
        ("198.51.100.7,", "10.0.0.1"),
        ("198.51.100.7,,10.5.5.5", "10.5.5.5"),
    ] {
        assert_eq!(by_xff("10.0.0.1", value), address, "{value}");
    }
}

#[test]
fn ports_brackets_zones_and_ipv6_are_parsed() {
    for (hop, address) in [
        ("198.51.100.7:4711", "198.51.100.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("[::ffff:198.51.100.7]:80", "198.51.100.7"),
        ("::ffff:c633:6407", "198.51.100.7"),
        ("fe80::7%eth0", "fe80::7"),
        ("[fe80::7%25eth0]:80", "fe80::7"),
    ] {
        assert_eq!(by_xff("::1", hop), address, "{hop}");
    }
    for nonsense in [
        "198.51.100.7:",
        "198.51.100.7:65536",
        "198.51.100.7:-1",
        "198.51.100.7/32",
        "198.51.100.07",
        "198.51.100",
        "3325256711",
        "198.51.100.7%eth0",
        "[198.51.100.7]",
        "[2001:db8::7",
        "[2001:db8::7]4711",
        "[2001:db8::7]:",
        "\"198.51.100.7\"",
        "for=198.51.100.7",
        "198.51.100.7 8.8.8.8",
        "localhost",
    ] {
        assert_eq!(by_xff("::1", nonsense), "::1", "{nonsense}");
    }
}

#[test]
fn forwarded_is_parsed_with_quotes_and_other_parameters() {
    for (value, address) in [
        ("for=198.51.100.7", "198.51.100.7"),
        (
            "For=\"[2001:db8::7]:4711\";proto=https;by=10.0.0.1",
            "2001:db8::7",
        ),
        (
            "for=1.1.1.1, for=198.51.100.7;host=\"a,b\", for=10.4.4.4",
            "198.51.100.7",
        ),
        ("host=\"a;for=9.9.9.9\";for=198.51.100.7", "198.51.100.7"),
        (
            "by=\"\\\", for=9.9.9.9\\\\\";for=198.51.100.7",
            "198.51.100.7",
        ),
        ("for=\"198.51.100\\.7\"", "198.51.100.7"),
        ("for=\"198.51.100.7:_p1\"", "198.51.100.7"),
        ("for=\"[2001:db8::7]:_p-1.x\"", "2001:db8::7"),
    ] {
        assert_eq!(by_forwarded(value), address, "{value}");
    }
    for hidden in [
        "for=_secret",
        "for=\"_secret:_p1\"",
        "for=\"198.51.100.7:_\"",
        "for=\"198.51.100.7:_p 1\"",
        "for=\"198.51.100.7:_p:1\"",
        "for=\"198.51.100.7:p1\"",
        "for=\"2001:db8::_p1\"",
        "for=unknown",
        "for=\"unknown\"",
        "proto=https",
        "for=1.1.1.1;for=2.2.2.2",
        "for=\"1.1.1.1",
        "for=1.1.1.1\"",
        "for=\"1.1.1.1\"x",
        "for",
        "198.51.100.7",
    ] {
        assert_eq!(by_forwarded(hidden), "10.0.0.1", "{hidden}");
    }
}

#[test]
fn a_single_address_is_not_a_list() {
    let by_real_ip = |lines: &[&[u8]]| client_of("10.0.0.1", "x-real-ip", lines);
    assert_eq!(by_real_ip(&[b"198.51.100.7"]), "198.51.100.7");
    assert_eq!(by_real_ip(&[b"1.1.1.1", b"198.51.100.7"]), "198.51.100.7");
    assert_eq!(by_real_ip(&[b"1.1.1.1, 198.51.100.7"]), "198.51.100.7");
    assert_eq!(by_real_ip(&[b"1.1.1.1", b"10.9.9.9"]), "10.9.9.9");
    assert_eq!(by_real_ip(&[b"1.1.1.1", b"unknown"]), "10.0.0.1");
    assert_eq!(by_real_ip(&[]), "10.0.0.1");
}

#[test]
fn mapped_networks_are_ipv4_networks() {
    for (network, expected) in [
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:10.0.0.1/128", "10.0.0.1/32"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::ffff:0:0/95", "::ffff:0.0.0.0/95"),
        ("::/0", "::/0"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("fd00::/8", "fd00::/8"),
    ] {
        let network = canonical_network(network.parse().unwrap());
        assert_eq!(network, expected.parse().unwrap(), "{network}");
    }
}

/// Values that a proxy appends, and what they say.
fn appended() -> impl Strategy<Value = (&'static str, &'static str, &'static str)> {
    prop::sample::select(vec![
        ("x-forwarded-for", "198.51.100.7", "198.51.100.7"),
        (
            "x-forwarded-for",
            "[2001:db8::7]:80, 10.2.2.2",
            "2001:db8::7",
        ),
        ("x-forwarded-for", "unknown", "10.0.0.1"),
        ("x-real-ip", "198.51.100.7", "198.51.100.7"),
        ("forwarded", "for=198.51.100.7", "198.51.100.7"),
        (
            "forwarded",
            "for=\"[2001:db8::7]:80\";host=\"a, \\\";for=1.1.1.1\\\\\"",
            "2001:db8::7",
        ),
        ("forwarded", "for=_hidden;by=\"x\"", "10.0.0.1"),
    ])
}

/// What a client may send: any bytes, with the characters of the grammars more often.
fn forged() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        6 => prop::sample::select(b"\",;=\\:[]. \t_%for19".to_vec()),
        1 => prop::sample::select((0x21..=0xFF).filter(|byte| *byte != 0x7F).collect::<Vec<u8>>()),
    ];
    prop::collection::vec(byte, 0..40)
}

proptest! {
    /// The client cannot change what the proxy's part means, in its own line or another.
    #[test]
    fn what_the_client_sends_has_no_effect(
        (header, own, address) in appended(),
        lines in prop::collection::vec(forged(), 1..4),
    ) {
        let mut separate: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        separate.push(own.as_bytes());
        prop_assert_eq!(client_of("10.0.0.1", header, &separate), address);
        let last = [lines.last().unwrap(), ", ".as_bytes(), own.as_bytes()].concat();
        *separate.last_mut().unwrap() = &last;
        prop_assert_eq!(client_of("10.0.0.1", header, &separate), address);
    }
}
