use super::*;

fn config(public_url: Option<&str>, origins: &[&str], hosts: Option<&[&str]>) -> Config {
    Config {
        public_url: public_url.map(|url| url.parse().unwrap()),
        allowed_origins: origins
            .iter()
            .map(|origin| origin.parse().unwrap())
            .collect(),
        allowed_hosts: hosts.map(|hosts| hosts.iter().map(|host| host.parse().unwrap()).collect()),
        ..Config::default()
    }
}

fn is_known(host: &str, config: &Config) -> bool {
    Host::parse(host).unwrap().is_known(config)
}

/// Names that any server has.
const LOCAL: [&str; 18] = [
    "localhost",
    "LocalHost:8080",
    "localhost.",
    "localhost.:8080",
    "polls.localhost",
    "a.b.LOCALHOST:1",
    "127.0.0.1",
    "127.8.9.1:8080",
    "192.0.2.1:8080",
    "10.0.0.1",
    "0.0.0.0",
    "169.254.169.254",
    "[::1]",
    "[::1]:8080",
    "[2001:db8::1]",
    "[::ffff:127.0.0.1]:80",
    "[fe80::1]",
    "127.0.0.1:",
];

/// Names that look like one of the server's.
const FOREIGN: [&str; 22] = [
    "",
    "evil.example",
    "evil.example:8080",
    "localhost.evil.example",
    "evillocalhost",
    "localhos",
    "localhost.localdomain",
    ".",
    "127.0.0.1.evil.example",
    "127.0.0.1.nip.io",
    "127.0.0.1.",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "polls.example.evil",
    "evilpolls.example",
    "a.polls.example",
    "polls.example.evil.example",
    "example",
    "xn--pols-1oa.example",
    "polls_example",
];

#[test]
fn a_server_knows_loopback_names_addresses_and_its_settings() {
    let names = [
        "polls.example",
        "POLLS.Example:8443",
        "polls.example.",
        "polls.example:1",
    ];
    let by_url = config(Some("https://polls.example:444/votes"), &[], None);
    let by_host = config(None, &[], Some(&["Polls.example"]));
    let by_root = config(None, &[], Some(&["polls.example."]));
    let by_origin = config(None, &["https://polls.example"], Some(&[]));
    for config in [&by_url, &by_host, &by_root, &by_origin] {
        for known in names.into_iter().chain(LOCAL) {
            assert!(is_known(known, config), "{known}");
        }
        for foreign in FOREIGN {
            assert!(!is_known(foreign, config), "{foreign}");
        }
    }
    let nothing = config(None, &[], Some(&[]));
    assert!(LOCAL.iter().all(|host| is_known(host, &nothing)));
    assert!(names.iter().all(|host| !is_known(host, &nothing)));
}

#[test]
fn without_a_public_url_and_allowed_hosts_every_name_is_known() {
    let unchecked = config(None, &["https://polls.example"], None);
    let any = config(Some("https://polls.example"), &[], Some(&["x", "*"]));
    for host in FOREIGN {
        assert!(is_known(host, &unchecked) && is_known(host, &any), "{host}");
    }
}

#[test]
fn ports_are_compared_if_given() {
    let config = config(None, &[], Some(&["a.example:8443", "b.example:443"]));
    for known in [
        "a.example:8443",
        "b.example:443",
        "b.example",
        "B.EXAMPLE.:443",
    ] {
        assert!(is_known(known, &config), "{known}");
    }
    for foreign in ["a.example", "a.example:443", "b.example:80", "a.example:84"] {
        assert!(!is_known(foreign, &config), "{foreign}");
    }
}

#[test]
fn malformed_hosts_are_not_parsed() {
    for bad in [
        " ",
        "a b",
        "a/",
        "/",
        "http://a",
        "user@a",
        "a,b",
        "a:80:80",
        "a:x",
        "a:-1",
        "a:+1",
        "a:65536",
        ":80",
        "[::1",
        "[::1]x",
        "[::1]x:80",
        "::1",
        "[a]",
        "[127.0.0.1]",
        "[]",
        "é.example",
        "a\0",
        "a%2eb",
        "*",
        "a;b",
        "\"a\"",
    ] {
        assert_eq!(Host::parse(bad), None, "{bad:?}");
    }
    for bad in ["", "https://a", "*.example.org", "a b", "ü.example"] {
        assert!(bad.parse::<AllowedHost>().is_err(), "{bad:?}");
    }
    for (text, shown) in [
        ("A.example.:80", "a.example:80"),
        ("*", "*"),
        ("[::1]", "[::1]"),
    ] {
        assert_eq!(text.parse::<AllowedHost>().unwrap().to_string(), shown);
    }
}
