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
        .map(|item| match item.parse::<IpAddr>() {
            Ok(address) => Ok(IpNet::from(address)),
            Err(_) => item.parse().map_err(|_| {
                format!("{item:?} is not a network; write networks like 10.0.0.0/8,fd00::/8")
            }),
        })
        .collect()
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
}
