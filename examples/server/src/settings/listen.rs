use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// Parses an address to listen on.
pub(super) fn parse(text: &str) -> Result<SocketAddr, String> {
    let numeric = text
        .strip_prefix("localhost:")
        .map(|port| format!("127.0.0.1:{port}"));
    numeric.as_deref().unwrap_or(text).parse().map_err(|_| {
        "must be an IP address and a port, like 127.0.0.1:8080 or [::]:8080".to_owned()
    })
}

/// Parses networks separated by commas. An address is a network of one.
pub(super) fn parse_networks(text: &str) -> Result<Vec<IpNet>, String> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| match (item.parse::<IpAddr>(), item.parse()) {
            (Ok(address), _) => Ok(IpNet::from(address)),
            (Err(_), Ok(network)) if !has_mapped_address(&network) => Ok(network),
            (Err(_), Ok(network)) if network.prefix_len() >= 96 => Ok(network),
            (Err(_), Ok(_)) => Err(format!(
                "{item:?} is not an IPv4 network; write it like 10.0.0.0/8 or ::ffff:10.0.0.0/104"
            )),
            (Err(_), Err(_)) => Err(format!(
                "{item:?} is not a network; write networks like 10.0.0.0/8,fd00::/8"
            )),
        })
        .collect()
}

/// Returns true for an IPv4 address in IPv6 notation.
fn has_mapped_address(network: &IpNet) -> bool {
    network.addr().is_ipv6() && network.addr().to_canonical().is_ipv4()
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
        for mapped in ["::ffff:10.0.0.1", "::ffff:10.0.0.0/104", "::ffff:0:0/96"] {
            assert!(parse_networks(mapped).is_ok(), "{mapped}");
        }
        // This prefix counts from the left of the IPv6 address.
        assert!(parse_networks("::ffff:10.0.0.0/8").is_err());
    }
}
