//! The address of a client behind trusted proxies.
//!
//! Hand-written and unchanged for now: the support of proxies is to be redesigned as a
//! whole, and a crate is to be chosen then. Until then `tests.rs` defines the behavior.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::header::FORWARDED;
use ipnet::IpNet;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// Returns the peer's address or, if the peer is a trusted proxy, the nearest untrusted
/// hop.
///
/// Hops are read from right to left, because a client can forge everything to the left of
/// what a trusted proxy appended. An unreadable hop ends the search at the proxy that
/// reported it. If both headers are present and disagree, one of them is forged, and the
/// peer's address is used.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.to_canonical();
    if !is_trusted(peer, trusted) {
        return peer;
    }
    let found = [x_forwarded_for(headers), forwarded(headers)]
        .map(|hops| hops.map(|hops| first_untrusted(peer, &hops, trusted)));
    match found {
        [Some(one), Some(other)] if one != other => peer,
        [Some(address), _] | [None, Some(address)] => address,
        [None, None] => peer,
    }
}

/// Returns the first untrusted address of `peer` and then `hops`, read from right to left.
///
/// If all are trusted, or the next hop is unreadable, returns the last one that was read.
fn first_untrusted(peer: IpAddr, hops: &[Option<IpAddr>], trusted: &[IpNet]) -> IpAddr {
    let mut address = peer;
    for hop in hops.iter().rev() {
        if !is_trusted(address, trusted) {
            break;
        }
        let Some(hop) = hop else { break };
        address = *hop;
    }
    address
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}

/// Returns the hops from left to right, with `None` for an unreadable hop. Returns `None`
/// if the header is absent.
fn x_forwarded_for(headers: &HeaderMap) -> Option<Vec<Option<IpAddr>>> {
    let mut lines = headers.get_all(X_FORWARDED_FOR).iter().peekable();
    lines.peek()?;
    let hops = lines.flat_map(|line| {
        let text = line.to_str().unwrap_or("?");
        text.split(',').map(|hop| parse_address(hop.trim()))
    });
    Some(hops.collect())
}

fn forwarded(headers: &HeaderMap) -> Option<Vec<Option<IpAddr>>> {
    let mut lines = headers.get_all(FORWARDED).iter().peekable();
    lines.peek()?;
    let mut hops = Vec::new();
    for line in lines {
        match line.to_str().ok().and_then(elements) {
            Some(elements) => hops.extend(elements.iter().map(|element| for_node(element))),
            None => hops.push(None),
        }
    }
    Some(hops)
}

/// Splits a `Forwarded` line at commas outside of quotes. Returns `None` if a quote is
/// not closed.
fn elements(line: &str) -> Option<Vec<&str>> {
    let parts = split_unquoted(line, ',')?;
    Some(parts.into_iter().map(str::trim).collect())
}

/// Returns the address after `for=` in one element.
fn for_node(element: &str) -> Option<IpAddr> {
    let pairs = split_unquoted(element, ';')?;
    let mut values = pairs.into_iter().filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("for")
            .then(|| value.trim())
    });
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    let bare = value
        .strip_prefix('"')
        .and_then(|inner| inner.strip_suffix('"'));
    parse_address(bare.unwrap_or(value))
}

fn split_unquoted(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    for (index, letter) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if quoted && letter == '\\' {
            escaped = true;
        } else if letter == '"' {
            quoted = !quoted;
        } else if letter == separator && !quoted {
            parts.push(&text[start..index]);
            start = index + letter.len_utf8();
        }
    }
    parts.push(&text[start..]);
    (!quoted).then_some(parts)
}

/// Parses an address with or without a port. IPv6 may be in brackets.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bare = || text.parse::<IpAddr>().ok();
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare()
        .or_else(bracketed)
        .or_else(with_port)
        .map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests;
