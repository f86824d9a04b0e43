//! Tokens that prove that this server issued a value for the session that sends it back.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::time::Duration;
use votify_core::secret::{KeyId, Mac, Purpose};
use votify_core::{Keyring, SessionId, Timestamp};

/// Key id, expiry and MAC.
const TOKEN_BYTES: usize = 8 + 8 + 32;

/// What a token proves. A token of one kind is no token of another.
#[derive(Debug, Clone, Copy)]
pub(super) struct TokenKind {
    /// The first part of the input of the MAC.
    pub(super) name: &'static str,
    pub(super) lifetime: Duration,
}

impl TokenKind {
    /// Returns a token for a session. Empty if the keyring has no key.
    pub(super) fn issue(self, session: SessionId, now: Timestamp, keyring: &Keyring) -> String {
        let expires_at = now.saturating_add(self.lifetime).as_micros();
        let key = keyring.current();
        let Some(mac) = self.mac(session, expires_at, key, keyring) else {
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
    pub(super) fn is_valid(
        self,
        token: &str,
        session: SessionId,
        now: Timestamp,
        keyring: &Keyring,
    ) -> bool {
        self.verify(token, session, now, keyring).is_some()
    }

    fn verify(
        self,
        token: &str,
        session: SessionId,
        now: Timestamp,
        keyring: &Keyring,
    ) -> Option<()> {
        let bytes: [u8; TOKEN_BYTES] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
        let (key, rest) = bytes.split_first_chunk::<8>()?;
        let (expires_at, rest) = rest.split_first_chunk::<8>()?;
        let claimed = Mac::from_bytes(*rest.first_chunk::<32>()?);
        let expires_at = i64::from_be_bytes(*expires_at);
        let expected = self.mac(session, expires_at, KeyId(*key), keyring)?;
        (expected == claimed && now.as_micros() < expires_at).then_some(())
    }

    fn mac(
        self,
        session: SessionId,
        expires_at: i64,
        key: KeyId,
        keyring: &Keyring,
    ) -> Option<Mac> {
        let name = self.name.as_bytes();
        let parts: &[&[u8]] = &[name, session.as_bytes(), &expires_at.to_be_bytes()];
        keyring.mac(key, Purpose::Session, parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: TokenKind = TokenKind {
        name: "form",
        lifetime: Duration::from_secs(60),
    };

    fn session(byte: u8) -> SessionId {
        SessionId::from_bytes([byte; 16])
    }

    #[test]
    fn a_token_belongs_to_its_kind_and_session_and_expires() {
        let keyring = Keyring::ephemeral();
        let now = Timestamp::EPOCH;
        let token = FORM.issue(session(1), now, &keyring);
        assert!(FORM.is_valid(&token, session(1), now, &keyring));
        let last = now.saturating_add(FORM.lifetime - Duration::from_micros(1));
        assert!(FORM.is_valid(&token, session(1), last, &keyring));
        let late = now.saturating_add(FORM.lifetime);
        assert!(!FORM.is_valid(&token, session(1), late, &keyring));
        assert!(!FORM.is_valid(&token, session(2), now, &keyring));
        assert!(!FORM.is_valid(&token, session(1), now, &Keyring::ephemeral()));
        let other = TokenKind {
            name: "done-voted",
            ..FORM
        };
        assert!(!other.is_valid(&token, session(1), now, &keyring));
    }

    #[test]
    fn a_changed_token_is_invalid() {
        let keyring = Keyring::ephemeral();
        let now = Timestamp::EPOCH;
        let token = URL_SAFE_NO_PAD
            .decode(FORM.issue(session(1), now, &keyring))
            .unwrap();
        for index in 0..token.len() {
            let mut changed = token.clone();
            changed[index] ^= 1;
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert!(
                !FORM.is_valid(&changed, session(1), now, &keyring),
                "{index}"
            );
        }
        for bad in ["", "x", "====", "ä"] {
            assert!(!FORM.is_valid(bad, session(1), now, &keyring), "{bad}");
        }
    }

    #[test]
    fn a_token_of_an_older_secret_is_valid() {
        let [old, new] = [
            "an old secret of 32 bytes or more",
            "a new secret of 32 bytes or more!",
        ];
        let now = Timestamp::EPOCH;
        let token = FORM.issue(session(1), now, &Keyring::new([old]).unwrap());
        let rotated = Keyring::new([new, old]).unwrap();
        assert!(FORM.is_valid(&token, session(1), now, &rotated));
        let forgotten = Keyring::new([new]).unwrap();
        assert!(!FORM.is_valid(&token, session(1), now, &forgotten));
    }
}
