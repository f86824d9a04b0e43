//! The token in the pages' forms, which proves that this server rendered the form for the
//! session that sends it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::time::Duration;
use votify_core::secret::{KeyId, Mac, Purpose};
use votify_core::{Keyring, SessionId, Timestamp};

/// The lifetime of a form: a page that was left open overnight still works.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// Key id, expiry and MAC.
const TOKEN_BYTES: usize = 8 + 8 + 32;

/// Returns a token for the forms of a session. Empty if the keyring has no key.
pub(super) fn issue(session: SessionId, now: Timestamp, keyring: &Keyring) -> String {
    let expires_at = now.saturating_add(LIFETIME).as_micros();
    let key = keyring.current();
    let Some(mac) = mac(session, expires_at, key, keyring) else {
        return String::new();
    };
    let mut token = [0; TOKEN_BYTES];
    token[..8].copy_from_slice(&key.0);
    token[8..16].copy_from_slice(&expires_at.to_be_bytes());
    token[16..].copy_from_slice(mac.as_bytes());
    URL_SAFE_NO_PAD.encode(token)
}

/// Returns true if the token belongs to the session and has not expired. The MAC is
/// compared in constant time.
pub(super) fn is_valid(token: &str, session: SessionId, now: Timestamp, keyring: &Keyring) -> bool {
    verify(token, session, now, keyring).is_some()
}

fn verify(token: &str, session: SessionId, now: Timestamp, keyring: &Keyring) -> Option<()> {
    let bytes: [u8; TOKEN_BYTES] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
    let (key, rest) = bytes.split_first_chunk::<8>()?;
    let (expires_at, rest) = rest.split_first_chunk::<8>()?;
    let claimed = Mac::from_bytes(*rest.first_chunk::<32>()?);
    let expires_at = i64::from_be_bytes(*expires_at);
    let expected = mac(session, expires_at, KeyId(*key), keyring)?;
    (expected == claimed && now.as_micros() < expires_at).then_some(())
}

fn mac(session: SessionId, expires_at: i64, key: KeyId, keyring: &Keyring) -> Option<Mac> {
    let parts: &[&[u8]] = &[b"form", session.as_bytes(), &expires_at.to_be_bytes()];
    keyring.mac(key, Purpose::Session, parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(byte: u8) -> SessionId {
        SessionId::from_bytes([byte; 16])
    }

    #[test]
    fn a_token_belongs_to_its_session_and_expires() {
        let keyring = Keyring::ephemeral();
        let now = Timestamp::EPOCH;
        let token = issue(session(1), now, &keyring);
        assert!(is_valid(&token, session(1), now, &keyring));
        let last = now.saturating_add(LIFETIME - Duration::from_micros(1));
        assert!(is_valid(&token, session(1), last, &keyring));
        let late = now.saturating_add(LIFETIME);
        assert!(!is_valid(&token, session(1), late, &keyring));
        assert!(!is_valid(&token, session(2), now, &keyring));
        assert!(!is_valid(&token, session(1), now, &Keyring::ephemeral()));
    }

    #[test]
    fn a_changed_token_is_invalid() {
        let keyring = Keyring::ephemeral();
        let now = Timestamp::EPOCH;
        let token = URL_SAFE_NO_PAD
            .decode(issue(session(1), now, &keyring))
            .unwrap();
        for index in 0..token.len() {
            let mut changed = token.clone();
            changed[index] ^= 1;
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert!(!is_valid(&changed, session(1), now, &keyring), "{index}");
        }
        for bad in ["", "x", "====", "ä"] {
            assert!(!is_valid(bad, session(1), now, &keyring), "{bad}");
        }
    }

    #[test]
    fn a_token_of_an_older_secret_is_valid() {
        let [old, new] = [
            "an old secret of 32 bytes or more",
            "a new secret of 32 bytes or more!",
        ];
        let now = Timestamp::EPOCH;
        let token = issue(session(1), now, &Keyring::new([old]).unwrap());
        assert!(is_valid(
            &token,
            session(1),
            now,
            &Keyring::new([new, old]).unwrap()
        ));
        assert!(!is_valid(
            &token,
            session(1),
            now,
            &Keyring::new([new]).unwrap()
        ));
    }
}
