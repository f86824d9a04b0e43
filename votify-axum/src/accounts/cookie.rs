//! The login cookie, which contains a token for browsers.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, Uri, header};
use cookie::Cookie;

use crate::extract::cookie::{CookieNames, CookieSettings};
use crate::middleware::host::Host;

const NAMES: CookieNames = CookieNames {
    plain: "votify_login",
    host: "__Host-votify_login",
    secure: "__Secure-votify_login",
};

pub(crate) const fn name(cookies: CookieSettings) -> &'static str {
    cookies.name(NAMES)
}

/// Returns the `Set-Cookie` of a token. It is `Secure` unless the browser runs on this
/// machine.
pub(crate) fn set(
    token: &str,
    lifetime: Duration,
    cookies: CookieSettings,
    path: &str,
    is_loopback: bool,
) -> Option<HeaderValue> {
    let lifetime = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
    let cookie = Cookie::build((name(cookies), token))
        .path(path)
        .max_age(cookie::time::Duration::seconds(lifetime))
        .http_only(true)
        .same_site(cookies.same_site())
        .partitioned(cookies.is_cross_site())
        .secure(cookies.secure || !is_loopback);
    HeaderValue::try_from(cookie.build().to_string()).ok()
}

/// Returns the `Set-Cookie` that deletes the cookie.
pub(crate) fn clear(cookies: CookieSettings, path: &str, is_loopback: bool) -> Option<HeaderValue> {
    set("", Duration::ZERO, cookies, path, is_loopback)
}

/// Returns the values of all cookies of this name in their order. A sibling
/// domain may have set some of them.
pub(crate) fn read(headers: &HeaderMap, cookies: CookieSettings) -> Vec<String> {
    let lines = headers.get_all(header::COOKIE).iter();
    lines
        .map(|line| String::from_utf8_lossy(line.as_bytes()))
        .flat_map(|line| {
            let tokens = Cookie::split_parse(line.as_ref())
                .filter_map(Result::ok)
                .filter(|cookie| cookie.name() == name(cookies) && !cookie.value().is_empty())
                .map(|cookie| cookie.value().to_owned());
            tokens.collect::<Vec<_>>()
        })
        .collect()
}

/// Returns true if the browser calls this server by a loopback name. Browsers then
/// protect cookies as they do with TLS.
pub(crate) fn is_loopback(headers: &HeaderMap, uri: &Uri) -> bool {
    Host::of_request(headers, uri).is_some_and(|host| host.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookies(secure: bool, cross_site: bool) -> CookieSettings {
        CookieSettings {
            secure,
            cross_site,
            below_path: false,
        }
    }

    #[test]
    fn the_cookie_has_the_documented_attributes() {
        let rendered = |cookies, is_loopback| {
            let cookie = set("a.b.c", Duration::from_secs(60), cookies, "/", is_loopback).unwrap();
            cookie.to_str().unwrap().to_owned()
        };
        for (cookies, is_loopback, expected) in [
            (
                cookies(false, false),
                true,
                "votify_login=a.b.c; HttpOnly; SameSite=Lax; Path=/; Max-Age=60",
            ),
            (
                cookies(false, false),
                false,
                "votify_login=a.b.c; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60",
            ),
            (
                cookies(true, false),
                false,
                "__Host-votify_login=a.b.c; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60",
            ),
            (
                cookies(true, true),
                false,
                "__Host-votify_login=a.b.c; HttpOnly; SameSite=None; Partitioned; Secure; Path=/; \
                 Max-Age=60",
            ),
        ] {
            assert_eq!(rendered(cookies, is_loopback), expected);
        }
    }

    #[test]
    fn loopback_names_are_recognized() {
        let check = |host: &'static str| {
            let value = HeaderValue::from_static(host);
            is_loopback(
                &HeaderMap::from_iter([(header::HOST, value)]),
                &Uri::from_static("/"),
            )
        };
        for loopback in [
            "localhost",
            "LOCALHOST:8080",
            "a.localhost",
            "127.0.0.1:8080",
            "[::1]:80",
        ] {
            assert!(check(loopback), "{loopback}");
        }
        for other in [
            "192.168.0.7:8080",
            "localhost.example.org",
            "polls.test",
            "[::2]",
            "",
            "a@127.0.0.1",
        ] {
            assert!(!check(other), "{other}");
        }
    }
}
