//! The header `Forwarded` (RFC 7239), read from right to left.

use std::net::IpAddr;

use super::parse_address;

/// Splits a value at commas outside of quotes, from right to left.
///
/// A quote that is not closed therefore concerns only the element that contains it and
/// elements to its left. A well-formed element is the same from both sides: inside of
/// quotes, a quote follows an odd number of backslashes.
pub(super) fn elements_from_right(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    split_from_right(value, b',')
}

/// Returns the address of the only `for` in an element.
pub(super) fn for_node(element: &[u8]) -> Option<IpAddr> {
    let mut nodes = split_from_right(element, b';').filter_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (pair[..equals].trim_ascii(), pair[equals + 1..].trim_ascii());
        name.eq_ignore_ascii_case(b"for").then_some(value)
    });
    let node = nodes.next()?;
    if nodes.next().is_some() {
        return None;
    }
    match node.strip_prefix(b"\"") {
        None => parse_address(node),
        Some(quoted) => {
            let node = unescaped(quoted.strip_suffix(b"\"")?);
            parse_address(without_obfuscated_port(&node))
        }
    }
}

/// Removes a port that the proxy hides, such as `:_p1` (RFC 7239, 6.3).
fn without_obfuscated_port(node: &[u8]) -> &[u8] {
    let is_port_byte = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    let Some(at) = node.iter().rposition(|byte| *byte == b':') else {
        return node;
    };
    match &node[at + 1..] {
        [b'_', port @ ..] if !port.is_empty() && port.iter().all(is_port_byte) => &node[..at],
        _ => node,
    }
}

/// Returns the text of a quoted string: in `\x`, the backslash is dropped.
fn unescaped(quoted: &[u8]) -> Vec<u8> {
    let mut bytes = quoted.iter().copied();
    std::iter::from_fn(|| match bytes.next()? {
        b'\\' => bytes.next(),
        byte => Some(byte),
    })
    .collect()
}

fn split_from_right(value: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let value = rest?;
        let at = last_unquoted(value, separator);
        rest = at.map(|at| &value[..at]);
        Some(at.map_or(value, |at| &value[at + 1..]))
    })
}

/// Returns the position of the last `separator` outside of quotes.
fn last_unquoted(value: &[u8], separator: u8) -> Option<usize> {
    let mut quoted = false;
    let mut end = value.len();
    while let Some(at) = value[..end]
        .iter()
        .rposition(|byte| *byte == b'"' || *byte == separator)
    {
        end = at;
        if value[at] == separator {
            if !quoted {
                return Some(at);
            }
        } else {
            let before = &value[..at];
            let slashes = before.iter().rev().take_while(|byte| **byte == b'\\');
            if slashes.count() % 2 == 0 {
                quoted = !quoted;
            }
        }
    }
    None
}
