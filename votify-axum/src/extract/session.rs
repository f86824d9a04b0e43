//! Browser sessions, in a signed cookie.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::Cookie;
use cookie::time::Duration;
use votify_core::secret::{KeyId, Mac, Purpose};
use votify_core::{BallotId, Keyring, PollId, SessionId};

use crate::extract::cookie::{CookieNames, CookieSettings};

const NAMES: CookieNames = CookieNames {
    plain: "votify_session",
    host: "__Host-votify_session",
    secure: "__Secure-votify_session",
};
/// The longest lifetime that browsers accept (RFC 6265bis).
const MAX_AGE: Duration = Duration::days(400);
/// The first byte of the token of a new session.
const NEW: u8 = 1;
/// The first byte of the token of a counted session.
const COUNTED: u8 = 2;
/// Kind, key id, session id and MAC.
const TOKEN_BYTES: usize = 1 + 8 + 16 + 32;
/// [`TOKEN_BYTES`] in base64.
const TOKEN_TEXT: usize = TOKEN_BYTES.div_ceil(3) * 4;

/// Returns the name of the session cookie.
pub(crate) const fn cookie_name(settings: CookieSettings) -> &'static str {
    settings.name(NAMES)
}

/// A session that the cookie of a request proves, or that a request starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    /// True if the session counted toward the rate of new sessions. A session that reading
    /// starts counts later, when the client proves that it keeps cookies.
    pub(crate) is_counted: bool,
    /// True if the cookie was signed with a secret that is not the newest.
    pub(crate) is_stale: bool,
}

/// Returns the session of the first cookie that `keyring` signed. Other cookies of the
/// same name are ignored.
pub(crate) fn read(
    headers: &HeaderMap,
    keyring: &Keyring,
    settings: CookieSettings,
) -> Option<Session> {
    let lines = headers.get_all(header::COOKIE).iter();
    lines
        // Cookies of others may contain any bytes. The session cookie is ASCII.
        .map(|line| String::from_utf8_lossy(line.as_bytes()))
        .find_map(|line| {
            Cookie::split_parse(line.as_ref())
                .filter_map(Result::ok)
                .filter(|cookie| cookie.name() == cookie_name(settings))
                .find_map(|cookie| verify(cookie.value(), keyring))
        })
}

/// Renders `Set-Cookie` for sessions.
#[derive(Debug)]
pub(crate) struct SessionCookies {
    same_site: CookieTemplate,
    cross_site: CookieTemplate,
}

impl SessionCookies {
    /// Renders for pages of this server's own site and of others, whatever
    /// `settings.cross_site` is.
    pub(crate) fn new(settings: CookieSettings, path: &str) -> Self {
        let template = |cross_site| {
            let settings = CookieSettings {
                cross_site,
                ..settings
            };
            CookieTemplate::new(settings, path)
        };
        Self {
            same_site: template(false),
            cross_site: template(true),
        }
    }

    /// Returns the `Set-Cookie` of a session, signed with the newest secret.
    pub(crate) fn render(
        &self,
        session: Session,
        settings: CookieSettings,
        keyring: &Keyring,
    ) -> Option<HeaderValue> {
        let template = if settings.is_cross_site() {
            &self.cross_site
        } else {
            &self.same_site
        };
        template.render(session, keyring)
    }
}

/// The parts of `Set-Cookie` that are equal for all sessions, rendered once.
#[derive(Debug)]
struct CookieTemplate {
    prefix: String,
    suffix: String,
}

impl CookieTemplate {
    fn new(settings: CookieSettings, path: &str) -> Self {
        let name = cookie_name(settings);
        let cookie = Cookie::build((name, ""))
            .path(path)
            .max_age(MAX_AGE)
            .http_only(true)
            .same_site(settings.same_site())
            .partitioned(settings.is_cross_site())
            .secure(settings.secure);
        let prefix = format!("{name}=");
        let rendered = cookie.build().to_string();
        let suffix = rendered
            .strip_prefix(&prefix)
            .unwrap_or_default()
            .to_owned();
        Self { prefix, suffix }
    }

    fn render(&self, session: Session, keyring: &Keyring) -> Option<HeaderValue> {
        let Session { id, is_counted, .. } = session;
        let key = keyring.current();
        let kind = if is_counted { COUNTED } else { NEW };
        let mut token = [kind; TOKEN_BYTES];
        let (head, mac_bytes) = token.split_at_mut(1 + 8 + 16);
        head[1..9].copy_from_slice(&key.0);
        head[9..].copy_from_slice(id.as_bytes());
        mac_bytes.copy_from_slice(mac(kind, id, key, keyring)?.as_bytes());
        let length = self.prefix.len() + TOKEN_TEXT + self.suffix.len();
        let mut text = String::with_capacity(length);
        text.push_str(&self.prefix);
        URL_SAFE_NO_PAD.encode_string(token, &mut text);
        text.push_str(&self.suffix);
        HeaderValue::try_from(text).ok()
    }
}

/// Derives the session of a browser that sends its first ballot. A retry of the same
/// ballot gets the same session, and so counts as the same voter.
///
/// `key` is stored with the poll, so a key rotation between two attempts changes nothing.
/// An attacker who knows the ballot id before the voter has a cookie could take over the
/// session. Ballot ids must therefore be unguessable, as random UUIDs are.
pub(crate) fn session_for_first_ballot(
    poll: PollId,
    key: KeyId,
    ballot: BallotId,
    keyring: &Keyring,
) -> Option<SessionId> {
    let parts: &[&[u8]] = &[b"first ballot", poll.as_bytes(), ballot.as_bytes()];
    let mac = keyring.mac(key, Purpose::Session, parts)?;
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&mac.as_bytes()[..16]);
    Some(SessionId::from_bytes(bytes))
}

fn verify(token: &str, keyring: &Keyring) -> Option<Session> {
    let bytes: [u8; TOKEN_BYTES] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
    let (kind, rest) = bytes.split_first()?;
    let (key, rest) = rest.split_first_chunk::<8>()?;
    let (id, rest) = rest.split_first_chunk::<16>()?;
    let claimed = Mac::from_bytes(*rest.first_chunk::<32>()?);
    let (key, id) = (KeyId(*key), SessionId::from_bytes(*id));
    let is_valid = matches!(*kind, NEW | COUNTED) && mac(*kind, id, key, keyring)? == claimed;
    is_valid.then(|| Session {
        id,
        is_counted: *kind == COUNTED,
        is_stale: key != keyring.current(),
    })
}

fn mac(kind: u8, id: SessionId, key: KeyId, keyring: &Keyring) -> Option<Mac> {
    keyring.mac(key, Purpose::Session, &[b"cookie", &[kind], id.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = NAMES.plain;
    const OLD: &str = "an old secret of more than thirty-two bytes";
    const NEW: &str = "a newer secret of more than thirty-two bytes";

    const PLAIN: CookieSettings = CookieSettings {
        secure: false,
        cross_site: false,
        below_path: false,
    };
    const SECURE: CookieSettings = CookieSettings {
        secure: true,
        cross_site: false,
        below_path: false,
    };

    fn cookie_header(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::try_from(value).unwrap())])
    }

    /// A counted session.
    const fn counted(id: SessionId) -> Session {
        Session {
            id,
            is_counted: true,
            is_stale: false,
        }
    }

    fn issue(id: SessionId, keyring: &Keyring) -> String {
        let template = CookieTemplate::new(PLAIN, "/");
        let header = template.render(counted(id), keyring).unwrap();
        let text = header.to_str().unwrap();
        text.split(';').next().unwrap().to_owned()
    }

    #[test]
    fn a_cookie_is_valid_while_its_secret_is_in_the_keyring() {
        let (old, new) = (Keyring::new([OLD]).unwrap(), Keyring::new([NEW]).unwrap());
        let both = Keyring::new([NEW, OLD]).unwrap();
        let id = SessionId::random();
        let headers = cookie_header(&issue(id, &old));
        let session = |is_stale| {
            Some(Session {
                is_stale,
                ..counted(id)
            })
        };
        assert_eq!(read(&headers, &old, PLAIN), session(false));
        assert_eq!(read(&headers, &both, PLAIN), session(true));
        assert_eq!(read(&headers, &new, PLAIN), None);
    }

    #[test]
    fn a_cookie_says_whether_its_session_was_counted() {
        let keyring = Keyring::new([OLD]).unwrap();
        for is_counted in [false, true] {
            let session = Session {
                is_counted,
                ..counted(SessionId::random())
            };
            let template = CookieTemplate::new(PLAIN, "/");
            let set = template.render(session, &keyring).unwrap();
            let cookie = set.to_str().unwrap().split(';').next().unwrap();
            assert_eq!(read(&cookie_header(cookie), &keyring, PLAIN), Some(session));
        }
    }

    #[test]
    fn changed_or_shortened_tokens_are_rejected() {
        let keyring = Keyring::new([OLD]).unwrap();
        let good = issue(SessionId::random(), &keyring);
        let token = good.split_once('=').unwrap().1;
        let bytes = URL_SAFE_NO_PAD.decode(token).unwrap();
        for index in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[index] ^= 1;
            let forged = format!("{NAME}={}", URL_SAFE_NO_PAD.encode(forged));
            assert_eq!(
                read(&cookie_header(&forged), &keyring, PLAIN),
                None,
                "byte {index}"
            );
        }
        for length in 0..token.len() {
            let short = format!("{NAME}={}", &token[..length]);
            assert_eq!(
                read(&cookie_header(&short), &keyring, PLAIN),
                None,
                "cut to {length}"
            );
        }
    }

    #[test]
    fn a_planted_cookie_of_the_same_name_is_ignored() {
        let keyring = Keyring::new([OLD]).unwrap();
        let id = SessionId::random();
        let two = format!("a=b; {NAME}=planted; {}", issue(id, &keyring));
        assert_eq!(
            read(&cookie_header(&two), &keyring, PLAIN).map(|session| session.id),
            Some(id)
        );
    }

    #[test]
    fn bytes_of_other_cookies_are_ignored() {
        let keyring = Keyring::new([OLD]).unwrap();
        let id = SessionId::random();
        for foreign in [&b"x=\xc3\xbc"[..], b"x=\xfc", b"\xff"] {
            let line = [foreign, b"; ", issue(id, &keyring).as_bytes()].concat();
            let line = HeaderValue::from_bytes(&line).unwrap();
            let headers = HeaderMap::from_iter([(header::COOKIE, line)]);
            let read = read(&headers, &keyring, PLAIN).map(|session| session.id);
            assert_eq!(read, Some(id), "{foreign:?}");
        }
    }

    #[test]
    fn the_session_of_a_first_ballot_depends_on_poll_and_ballot() {
        let keyring = Keyring::new([OLD]).unwrap();
        let (poll, ballot) = (PollId::from_bytes([1; 16]), BallotId::from_bytes([2; 16]));
        let of = |poll, ballot| {
            session_for_first_ballot(poll, keyring.current(), ballot, &keyring).unwrap()
        };
        assert_eq!(of(poll, ballot), of(poll, ballot));
        assert_ne!(of(poll, ballot), of(poll, BallotId::from_bytes([3; 16])));
        assert_ne!(of(poll, ballot), of(PollId::from_bytes([4; 16]), ballot));
    }

    #[test]
    fn the_cookie_has_the_documented_attributes() {
        let keyring = Keyring::new([OLD]).unwrap();
        let set = CookieTemplate::new(SECURE, "/")
            .render(counted(SessionId::random()), &keyring)
            .unwrap();
        let set = set.to_str().unwrap();
        for part in [
            "HttpOnly",
            "SameSite=Lax",
            "Path=/",
            "Secure",
            "Max-Age=34560000",
        ] {
            assert!(set.split("; ").any(|found| found == part), "{set}");
        }
    }

    #[test]
    fn a_cookie_below_a_path_has_that_path() {
        let keyring = Keyring::new([OLD]).unwrap();
        for (settings, name) in [
            (PLAIN, "votify_session="),
            (SECURE, "__Secure-votify_session="),
        ] {
            let settings = CookieSettings {
                below_path: true,
                ..settings
            };
            let set = CookieTemplate::new(settings, "/votes")
                .render(counted(SessionId::random()), &keyring)
                .unwrap();
            let set = set.to_str().unwrap();
            assert!(set.starts_with(name), "{set}");
            assert!(set.split("; ").any(|part| part == "Path=/votes"), "{set}");
        }
    }

    #[test]
    fn over_tls_only_the_host_prefixed_cookie_is_read() {
        let keyring = Keyring::new([OLD]).unwrap();
        let id = SessionId::random();
        let plain = issue(id, &keyring);
        assert_eq!(read(&cookie_header(&plain), &keyring, SECURE), None);
        let hosted = format!("__Host-{plain}");
        assert_eq!(read(&cookie_header(&hosted), &keyring, PLAIN), None);
        let read = read(
            &cookie_header(&format!("{plain}; {hosted}")),
            &keyring,
            SECURE,
        );
        assert_eq!(read.map(|session| session.id), Some(id));
    }
}
