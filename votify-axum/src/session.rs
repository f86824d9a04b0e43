//! Browser sessions in a signed cookie.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use votify_core::secret::{KeyId, Mac, Purpose};
use votify_core::{BallotId, Keyring, PollId, SessionId};

const NAME: &str = "votify_session";
/// Browsers take a cookie of such a name only over TLS and from the host itself, so no sibling can plant one.
const HOST_NAME: &str = "__Host-votify_session";
/// The longest that browsers keep a cookie.
const MAX_AGE: Duration = Duration::days(400);
const VERSION: u8 = 1;
/// Version, key id, session id, MAC.
const TOKEN_BYTES: usize = 1 + 8 + 16 + 32;
/// The same in base64.
const TOKEN_TEXT: usize = TOKEN_BYTES.div_ceil(3) * 4;

/// Which cookies are set and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cookies {
    /// Whether they are for TLS only.
    pub(crate) secure: bool,
    /// Whether pages of other sites use them too; browsers allow that over TLS only.
    pub(crate) cross_site: bool,
}

impl Cookies {
    pub(crate) const fn name(self) -> &'static str {
        if self.secure { HOST_NAME } else { NAME }
    }

    pub(crate) const fn same_site(self) -> SameSite {
        if self.secure && self.cross_site {
            SameSite::None
        } else {
            SameSite::Lax
        }
    }
}

/// A session that a request's cookie proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    /// Whether its cookie was signed with a secret that is not the newest.
    pub(crate) is_stale: bool,
}

/// The session of the first cookie that this ring signed; other cookies of that name are passed over.
pub(crate) fn read(headers: &HeaderMap, keyring: &Keyring, cookies: Cookies) -> Option<Session> {
    let lines = headers.get_all(header::COOKIE).iter();
    lines
        // Foreign cookies may hold any bytes; ours are ASCII, and are there all the same.
        .map(|line| String::from_utf8_lossy(line.as_bytes()))
        .find_map(|line| {
            Cookie::split_parse(line.as_ref())
                .filter_map(Result::ok)
                .filter(|cookie| cookie.name() == cookies.name())
                .find_map(|cookie| verify(cookie.value(), keyring))
        })
}

/// Everything of a `Set-Cookie` that is the same for all sessions, rendered once.
#[derive(Debug)]
pub(crate) struct CookieForm {
    before: String,
    after: String,
}

impl CookieForm {
    pub(crate) fn new(cookies: Cookies) -> Self {
        let cookie = Cookie::build((cookies.name(), ""))
            .path("/")
            .max_age(MAX_AGE)
            .http_only(true)
            .same_site(cookies.same_site())
            .secure(cookies.secure);
        let before = format!("{}=", cookies.name());
        let whole = cookie.build().to_string();
        let after = whole.strip_prefix(&before).unwrap_or_default().to_owned();
        Self { before, after }
    }

    /// The `Set-Cookie` of a session, signed with the ring's newest secret.
    pub(crate) fn of(&self, id: SessionId, keyring: &Keyring) -> Option<HeaderValue> {
        let key = keyring.current();
        let mut token = [VERSION; TOKEN_BYTES];
        let (head, tag) = token.split_at_mut(1 + 8 + 16);
        head[1..9].copy_from_slice(&key.0);
        head[9..].copy_from_slice(id.as_bytes());
        tag.copy_from_slice(mac(id, key, keyring)?.as_bytes());
        let length = self.before.len() + TOKEN_TEXT + self.after.len();
        let mut text = String::with_capacity(length);
        text.push_str(&self.before);
        URL_SAFE_NO_PAD.encode_string(token, &mut text);
        text.push_str(&self.after);
        HeaderValue::try_from(text).ok()
    }
}

/// The session of a browser that sends its first ballot: the same one each time that ballot is sent.
///
/// `key` is the one that the poll remembers, so that a rotation between two tries changes nothing. Whoever knows a
/// ballot's id before its voter has a cookie could take the voter's place; so ids must be unguessable, as UUIDs are.
pub(crate) fn of_first_ballot(
    poll: PollId,
    key: KeyId,
    ballot: BallotId,
    keyring: &Keyring,
) -> Option<SessionId> {
    let parts: &[&[u8]] = &[b"first ballot", poll.as_bytes(), ballot.as_bytes()];
    let tag = keyring.mac(key, Purpose::Session, parts)?;
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&tag.as_bytes()[..16]);
    Some(SessionId::from_bytes(bytes))
}

fn verify(token: &str, keyring: &Keyring) -> Option<Session> {
    let bytes: [u8; TOKEN_BYTES] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
    let (version, rest) = bytes.split_first()?;
    let (key, rest) = rest.split_first_chunk::<8>()?;
    let (id, rest) = rest.split_first_chunk::<16>()?;
    let claimed = Mac::from_bytes(*rest.first_chunk::<32>()?);
    let (key, id) = (KeyId(*key), SessionId::from_bytes(*id));
    let genuine = *version == VERSION && mac(id, key, keyring)? == claimed;
    genuine.then(|| Session {
        id,
        is_stale: key != keyring.current(),
    })
}

fn mac(id: SessionId, key: KeyId, keyring: &Keyring) -> Option<Mac> {
    keyring.mac(key, Purpose::Session, &[b"cookie", id.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "an old secret of more than thirty-two bytes";
    const NEW: &str = "a newer secret of more than thirty-two bytes";

    const PLAIN: Cookies = Cookies {
        secure: false,
        cross_site: false,
    };
    const SECURE: Cookies = Cookies {
        secure: true,
        cross_site: false,
    };

    fn sent(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::try_from(value).unwrap())])
    }

    fn issued(id: SessionId, ring: &Keyring) -> String {
        let header = CookieForm::new(PLAIN).of(id, ring).unwrap();
        let text = header.to_str().unwrap();
        text.split(';').next().unwrap().to_owned()
    }

    #[test]
    fn a_cookie_proves_its_session_until_its_secret_leaves_the_ring() {
        let (old, new) = (Keyring::new([OLD]).unwrap(), Keyring::new([NEW]).unwrap());
        let both = Keyring::new([NEW, OLD]).unwrap();
        let id = SessionId::random();
        let headers = sent(&issued(id, &old));
        let session = |is_stale| Some(Session { id, is_stale });
        assert_eq!(read(&headers, &old, PLAIN), session(false));
        assert_eq!(read(&headers, &both, PLAIN), session(true));
        assert_eq!(read(&headers, &new, PLAIN), None);
    }

    #[test]
    fn every_other_byte_than_the_signed_ones_is_refused() {
        let ring = Keyring::new([OLD]).unwrap();
        let good = issued(SessionId::random(), &ring);
        let token = good.split_once('=').unwrap().1;
        let bytes = URL_SAFE_NO_PAD.decode(token).unwrap();
        for index in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[index] ^= 1;
            let forged = format!("{NAME}={}", URL_SAFE_NO_PAD.encode(forged));
            assert_eq!(read(&sent(&forged), &ring, PLAIN), None, "byte {index}");
        }
        for length in 0..token.len() {
            let short = format!("{NAME}={}", &token[..length]);
            assert_eq!(read(&sent(&short), &ring, PLAIN), None, "cut to {length}");
        }
    }

    #[test]
    fn a_foreign_cookie_of_the_same_name_does_not_hide_ours() {
        let ring = Keyring::new([OLD]).unwrap();
        let id = SessionId::random();
        let two = format!("a=b; {NAME}=planted; {}", issued(id, &ring));
        assert_eq!(
            read(&sent(&two), &ring, PLAIN).map(|session| session.id),
            Some(id)
        );
    }

    #[test]
    fn foreign_bytes_beside_it_do_not_hide_ours() {
        let ring = Keyring::new([OLD]).unwrap();
        let id = SessionId::random();
        for foreign in [&b"x=\xc3\xbc"[..], b"x=\xfc", b"\xff"] {
            let line = [foreign, b"; ", issued(id, &ring).as_bytes()].concat();
            let line = HeaderValue::from_bytes(&line).unwrap();
            let headers = HeaderMap::from_iter([(header::COOKIE, line)]);
            let read = read(&headers, &ring, PLAIN).map(|session| session.id);
            assert_eq!(read, Some(id), "{foreign:?}");
        }
    }

    #[test]
    fn a_first_ballot_always_leads_to_the_same_session_and_no_other_does() {
        let ring = Keyring::new([OLD]).unwrap();
        let (poll, ballot) = (PollId::from_bytes([1; 16]), BallotId::from_bytes([2; 16]));
        let of = |poll, ballot| of_first_ballot(poll, ring.current(), ballot, &ring).unwrap();
        assert_eq!(of(poll, ballot), of(poll, ballot));
        assert_ne!(of(poll, ballot), of(poll, BallotId::from_bytes([3; 16])));
        assert_ne!(of(poll, ballot), of(PollId::from_bytes([4; 16]), ballot));
    }

    #[test]
    fn the_cookie_is_for_servers_only() {
        let ring = Keyring::new([OLD]).unwrap();
        let set = CookieForm::new(SECURE)
            .of(SessionId::random(), &ring)
            .unwrap();
        let set = set.to_str().unwrap();
        for part in [
            "HttpOnly",
            "SameSite=Lax",
            "Path=/",
            "Secure",
            "Max-Age=34560000",
        ] {
            assert!(set.split("; ").any(|given| given == part), "{set}");
        }
    }

    #[test]
    fn over_tls_only_the_cookie_that_no_sibling_can_plant_is_read() {
        let ring = Keyring::new([OLD]).unwrap();
        let id = SessionId::random();
        let plain = issued(id, &ring);
        assert_eq!(read(&sent(&plain), &ring, SECURE), None);
        let hosted = format!("__Host-{plain}");
        assert_eq!(read(&sent(&hosted), &ring, PLAIN), None);
        let read = read(&sent(&format!("{plain}; {hosted}")), &ring, SECURE);
        assert_eq!(read.map(|session| session.id), Some(id));
    }
}
