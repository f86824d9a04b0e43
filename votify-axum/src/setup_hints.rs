//! Warnings about proxies and origins that are set up slightly wrong.
//!
//! Each kind is logged at its first request, and then at most every 10 s: clients can cause
//! such requests too.

use std::fmt;
use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, header};
use votify_core::backend::LogThrottle;

/// The headers in which proxies commonly report the client's address.
static ADDRESS_HEADERS: [HeaderName; 4] = [
    HeaderName::from_static("x-forwarded-for"),
    header::FORWARDED,
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("cf-connecting-ip"),
];

/// The warnings of one router.
#[derive(Debug, Default)]
pub(crate) struct SetupHints {
    untrusted_proxy: LogThrottle,
    other_header: LogThrottle,
    no_header: LogThrottle,
    own_origin: LogThrottle,
    lost_upgrade: LogThrottle,
}

impl SetupHints {
    /// Warns if `peer`, which is not trusted, reports the address of a client.
    pub(crate) fn check_untrusted(&self, peer: IpAddr, headers: &HeaderMap, read: &HeaderName) {
        let Some(header) = reported(headers, read) else {
            return;
        };
        if let Some(requests) = self.untrusted_proxy.record_failure() {
            let other = OtherHeader(header, read);
            tracing::warn!(
                requests,
                %peer,
                %header,
                "ignored the client's address from an address that is no trusted proxy, so all \
                 clients behind it count as one: if it is your proxy, set --trusted-proxies \
                 {peer}{other}"
            );
        }
    }

    /// Warns if `peer`, a trusted proxy, does not report the client's address, or only in a
    /// header that is not read.
    pub(crate) fn check_trusted(&self, peer: IpAddr, headers: &HeaderMap, read: &HeaderName) {
        if headers.contains_key(read) {
            return;
        }
        let Some(header) = reported(headers, read) else {
            self.warn_no_header(peer, read);
            return;
        };
        if let Some(requests) = self.other_header.record_failure() {
            tracing::warn!(
                requests,
                %peer,
                %header,
                "a trusted proxy reports clients in another header than {read}, so all clients \
                 behind it count as one: set --client-address-header {header}, or let the proxy \
                 send {read}"
            );
        }
    }

    fn warn_no_header(&self, peer: IpAddr, read: &HeaderName) {
        if let Some(requests) = self.no_header.record_failure() {
            tracing::warn!(
                requests,
                %peer,
                "a trusted proxy reports no clients, so all clients behind it count as one: let \
                 it send {read} (nginx: proxy_set_header X-Forwarded-For \
                 $proxy_add_x_forwarded_for), unless these requests come from the proxy itself"
            );
        }
    }

    /// Warns that a page was refused whose origin differs from `expected` only by port or
    /// scheme.
    pub(crate) fn own_origin_refused(&self, origin: &dyn fmt::Display, expected: &str) {
        if let Some(requests) = self.own_origin.record_failure() {
            tracing::warn!(
                requests,
                %origin,
                expected,
                "refused a page of this host with another port or scheme: set --public-url \
                 {origin} if it is this server's page, add it to --allowed-origins if it is \
                 another one, or let the proxy pass on Host with its port"
            );
        }
    }

    /// Warns if a request for a WebSocket has lost its `Upgrade`.
    pub(crate) fn check_upgrade(&self, headers: &HeaderMap) {
        if !headers.contains_key(header::SEC_WEBSOCKET_KEY) {
            return;
        }
        if let Some(requests) = self.lost_upgrade.record_failure() {
            tracing::warn!(
                requests,
                "a WebSocket request arrived without Upgrade and was answered with an event \
                 stream: let the proxy pass on Upgrade and Connection (nginx: proxy_http_version \
                 1.1, proxy_set_header Upgrade $http_upgrade, proxy_set_header Connection upgrade)"
            );
        }
    }
}

/// Returns the header that reports a client's address: `read`, else another common one.
fn reported<'a>(headers: &HeaderMap, read: &'a HeaderName) -> Option<&'a HeaderName> {
    let mut known = std::iter::once(read).chain(&ADDRESS_HEADERS);
    known.find(|name| headers.contains_key(*name))
}

/// The advice to read a header, unless it is read already.
struct OtherHeader<'a>(&'a HeaderName, &'a HeaderName);

impl fmt::Display for OtherHeader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == self.1 {
            return Ok(());
        }
        write!(f, " and --client-address-header {}", self.0)
    }
}
