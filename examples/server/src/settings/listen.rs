use std::net::{IpAddr, SocketAddr};

use ipnet::{IpNet, Ipv4Net};

/// Parses an address to listen on.
pub(super) fn parse(text: &str) -> Result<SocketAddr, String> {
    let numeric = text
        .strip_prefix("localhost:")
        .map(|port| format!("127.0.0.1:{port}"));
    numeric.as_deref().unwrap_or(text).parse().map_err(|_| {
        "must be an IP address and a port, like 127.0.0.1:8080 or [::]:8080".to_owned()
    })
}

/// Parses networks separated by commas. An address is a network of one. Networks of IPv4 in
/// IPv6 notation become IPv4 networks: peers are compared in that form.
pub(super) fn parse_networks(text: &str) -> Result<Vec<IpNet>, String> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| {
            let address = item.parse::<IpAddr>().map(IpNet::from);
            let Ok(network) = address.or_else(|_| item.parse::<IpNet>()) else {
                return Err(format!(
                    "{item:?} is not a network; write networks like 10.0.0.0/8,fd00::/8"
                ));
            };
            as_compared(network).ok_or_else(|| {
                format!(
                    "{item:?} matches no proxy; write an IPv4 network like 10.0.0.0/8 or \
                     ::ffff:10.0.0.0/104"
                )
            })
        })
        .collect()
}

/// Returns a network as peers are compared with it, without bits behind its prefix. `None` if
/// it is meant for IPv4, and would match nothing or too much.
fn as_compared(network: IpNet) -> Option<IpNet> {
    let IpNet::V6(written) = network else {
        return Some(network.trunc());
    };
    let address = written.addr();
    let prefix = written.prefix_len().checked_sub(96);
    if let Some(ipv4) = address.to_ipv4_mapped() {
        let network = Ipv4Net::new(ipv4, prefix?).ok()?;
        return Some(IpNet::V4(network.trunc()));
    }
    // ::10.0.0.1, the deprecated notation of IPv4. No peer has such an address, except ::1.
    let is_compatible = address.to_bits() >> 32 == 0 && address.to_bits() > 0xffff;
    (!is_compatible).then(|| network.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_to_listen_on() {
        assert_eq!(parse("0.0.0.0:80").unwrap().to_string(), "0.0.0.0:80");
        assert_eq!(parse("[::1]:0").unwrap().to_string(), "[::1]:0");
        assert_eq!(
            parse("localhost:8080").unwrap().to_string(),
            "127.0.0.1:8080"
        );
        for bad in [
            "",
            "8080",
            ":8080",
            "127.0.0.1",
            "127.0.0.1:http",
            "example.org:80",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn networks_and_single_addresses() {
        let networks = parse_networks("10.0.0.0/8, 192.0.2.1,fd00::/8").unwrap();
        let shown: Vec<String> = networks.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["10.0.0.0/8", "192.0.2.1/32", "fd00::/8"]);
        assert_eq!(parse_networks("").unwrap(), []);
        assert!(parse_networks("10.0.0.0/33").is_err() && parse_networks("proxy").is_err());
    }

    /// A notation works, or it is refused. None is accepted without effect.
    #[test]
    fn networks_in_any_notation_work_or_are_refused() {
        for (written, expected) in [
            ("10.0.0.7", "10.0.0.7/32"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("::ffff:10.0.0.1", "10.0.0.1/32"),
            ("::ffff:a00:1", "10.0.0.1/32"),
            ("0:0:0:0:0:ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::FFFF:10.1.2.3/104", "10.0.0.0/8"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
            ("::1", "::1/128"),
            ("0:0:0:0:0:0:0:1", "::1/128"),
            ("FD00::1/8", "fd00::/8"),
            ("::/0", "::/0"),
            ("64:ff9b::10.0.0.1", "64:ff9b::a00:1/128"),
        ] {
            let networks = parse_networks(written).unwrap();
            let shown: Vec<String> = networks.iter().map(ToString::to_string).collect();
            assert_eq!(shown, [expected], "{written}");
        }
        for refused in [
            // This prefix counts from the left of the IPv6 address.
            "::ffff:10.0.0.0/8",
            "::ffff:10.0.0.0/95",
            "::10.0.0.1",
            "::10.0.0.0/104",
            "[::1]",
            "[fd00::]/8",
            "fe80::1%eth0",
            "10.0.0.0/255.0.0.0",
            "10.0.0.0 /8",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10/8",
            "010.0.0.1",
            "167772161",
            "10.0.0.1:8080",
            "10.0.0.*",
            "10.0.0.1-10.0.0.9",
            "10.0.0.1;10.0.0.2",
            "10.0.0.1 10.0.0.2",
            "localhost",
            "nginx",
            "private",
            "*",
        ] {
            let problem = parse_networks(refused).unwrap_err();
            assert!(problem.contains("10.0.0.0/8"), "{refused}: {problem}");
        }
    }
}
