//! The address of a client behind trusted proxies.
//!
//! Hand-written. Crates such as `client-ip` take an entry at a fixed place of a header, or
//! know no list of trusted proxies. Others reject the whole header for one malformed
//! entry, which the client can write.

mod forwarded;
mod header;

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::header::HeaderName;
use ipnet::{IpNet, Ipv4Net};

use self::header::Format;
pub use self::header::{ClientAddressHeader, InvalidHeaderName};

/// Returns the peer's address or, if the peer is a trusted proxy, the nearest untrusted
/// hop in `header`. Other headers are ignored.
///
/// Each proxy appends the address of its peer on the right. So hops are read from right
/// to left while they are trusted. The client writes what is left of them, and it cannot
/// change how they are parsed. A hop that is not an address ends the search at the
/// proxy that reported it. An empty hop does so too: the hop to its left was not written
/// by that proxy, and may be forged.
pub(crate) fn client_address(
    peer: IpAddr,
    headers: &HeaderMap,
    header: &ClientAddressHeader,
    trusted: &[IpNet],
) -> IpAddr {
    let peer = peer.to_canonical();
    if !is_trusted(peer, trusted) {
        return peer;
    }
    let Some(lines) = joined_lines(headers, header.name()) else {
        return peer;
    };
    let hops = || lines.rsplit(|byte| *byte == b',').map(parse_address);
    match header.format() {
        Format::List => nearest_untrusted(peer, hops(), trusted),
        // Not a list: only the proxy's own value counts, even if it is trusted.
        Format::Single => nearest_untrusted(peer, hops().take(1), trusted),
        Format::Forwarded => {
            let nodes = forwarded::elements_from_right(&lines).map(forwarded::for_node);
            nearest_untrusted(peer, nodes, trusted)
        }
    }
}

/// Returns the last address of `peer` and then `hops`, up to the first that is untrusted
/// or before the first that is `None`.
fn nearest_untrusted(
    peer: IpAddr,
    hops: impl Iterator<Item = Option<IpAddr>>,
    trusted: &[IpNet],
) -> IpAddr {
    let mut address = peer;
    for hop in hops {
        let Some(hop) = hop else { break };
        address = hop;
        if !is_trusted(address, trusted) {
            break;
        }
    }
    address
}

pub(crate) fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}

/// Returns the IPv4 network of one in IPv4-mapped notation, and any other network as it
/// is. Addresses are compared in their IPv4 form.
pub(crate) fn canonical_network(network: IpNet) -> IpNet {
    let IpNet::V6(mapped) = network else {
        return network;
    };
    let ipv4 = mapped.addr().to_ipv4_mapped();
    let prefix = mapped.prefix_len().checked_sub(96);
    match (ipv4, prefix) {
        (Some(address), Some(prefix)) => Ipv4Net::new(address, prefix).map_or(network, IpNet::V4),
        _ => network,
    }
}

/// Returns the lines of a header, joined by commas (RFC 9110, 5.3). `None` if there are
/// none.
fn joined_lines<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Cow<'a, [u8]>> {
    let mut lines = headers.get_all(name).iter().map(|line| line.as_bytes());
    let first = lines.next()?;
    Some(lines.fold(Cow::Borrowed(first), |joined, line| {
        [&joined, line].join(&b',').into()
    }))
}

/// Parses an address with or without a port. IPv6 may be in brackets and have a zone.
fn parse_address(bytes: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(bytes).ok()?.trim_matches([' ', '\t']);
    let bare = || text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let address: IpAddr = bare().or_else(with_port).or_else(|| ipv6(text))?;
    Some(address.to_canonical())
}

/// Parses `[ADDRESS]` and `[ADDRESS]:PORT`, and a bare address with a zone. The zone names
/// an interface of the proxy.
fn ipv6(text: &str) -> Option<IpAddr> {
    let inner = match text.strip_prefix('[') {
        None => text,
        Some(rest) => {
            let (inner, port) = rest.split_once(']')?;
            if !port.is_empty() {
                port.strip_prefix(':')?.parse::<u16>().ok()?;
            }
            inner
        }
    };
    let address = inner.split_once('%').map_or(inner, |(address, _)| address);
    address.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

#[cfg(test)]
mod tests;
