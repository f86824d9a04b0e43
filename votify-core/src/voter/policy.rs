use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::id::PollId;
use crate::secret::{KeyId, Keyring, Purpose};
use crate::voter::{Caller, VoterId};

/// The identity by which a poll counts its voters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum VoterPolicy {
    /// The browser, by its signed session cookie.
    #[default]
    Browser,
    /// The IPv4 address, or the /64 of the IPv6 address.
    Ip,
    /// The account of a logged-in user.
    Account,
    /// An invite code, which the poll's owner gives to one voter.
    Invite,
}

/// The reason why a caller cannot be identified as a voter of a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentifyError {
    /// The poll counts browsers, and the caller has no session.
    #[error("this poll counts browsers, and the caller has no session")]
    NoSession,
    /// The poll counts addresses, and the caller's address is unknown.
    #[error("this poll counts addresses, and the caller's address is unknown")]
    NoAddress,
    /// The poll counts accounts, and the caller is not logged in.
    #[error("this poll counts accounts, and the caller is not logged in")]
    NotLoggedIn,
    /// The poll counts invite codes, and the caller has none.
    #[error("this poll counts invite codes, and the caller has none")]
    NoInvite,
    /// The caller's invite code is not valid for this poll.
    #[error("the caller's invite code is not valid for this poll")]
    NotInvited,
    /// The keyring lacks the poll's secret.
    #[error("the keyring lacks this poll's secret {0}; add it again")]
    UnknownKey(KeyId),
}

impl VoterPolicy {
    /// Every policy.
    pub const ALL: [Self; 4] = [Self::Browser, Self::Ip, Self::Account, Self::Invite];

    /// Derives the caller's voter id in one poll, with the poll's own secret.
    ///
    /// Any invite code gives an id. The [`InviteStore`](crate::store::InviteStore)
    /// decides whether the code is valid for the poll.
    ///
    /// # Errors
    /// - [`IdentifyError::NoSession`], [`NoAddress`](IdentifyError::NoAddress),
    ///   [`NotLoggedIn`](IdentifyError::NotLoggedIn),
    ///   [`NoInvite`](IdentifyError::NoInvite): the caller lacks the identity that this
    ///   policy counts.
    /// - [`IdentifyError::UnknownKey`]: `keyring` lacks the poll's secret; add it again.
    pub fn identify(
        self,
        caller: &Caller,
        poll: PollId,
        key: KeyId,
        keyring: &Keyring,
    ) -> Result<VoterId, IdentifyError> {
        let derive = |value: &[u8]| {
            keyring
                .mac(
                    key,
                    Purpose::Voter,
                    &[poll.as_bytes(), &[self.code()], value],
                )
                .map(|mac| VoterId::derive(self, &mac))
                .ok_or(IdentifyError::UnknownKey(key))
        };
        match self {
            Self::Browser => derive(
                caller
                    .session_id()
                    .ok_or(IdentifyError::NoSession)?
                    .as_bytes(),
            ),
            Self::Ip => match caller.address_block().ok_or(IdentifyError::NoAddress)? {
                IpAddr::V4(v4) => derive(&v4.octets()),
                IpAddr::V6(v6) => derive(&v6.octets()),
            },
            Self::Account => derive(
                caller
                    .account_id()
                    .ok_or(IdentifyError::NotLoggedIn)?
                    .as_str()
                    .as_bytes(),
            ),
            Self::Invite => derive(
                caller
                    .invite_code()
                    .ok_or(IdentifyError::NoInvite)?
                    .as_bytes(),
            ),
        }
    }

    /// Returns the first byte of voter ids under this policy. Stored, so it must never
    /// change.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Browser => 1,
            Self::Ip => 2,
            Self::Account => 3,
            Self::Invite => 4,
        }
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;
    use crate::voter::{InviteCode, SessionId};

    #[test]
    fn voter_ids_differ_per_poll() {
        let ring = Keyring::ephemeral();
        let (a, b) = (
            PollId::generate(Timestamp::EPOCH),
            PollId::generate(Timestamp::EPOCH),
        );
        let caller = Caller::session(SessionId::random());
        let id = |poll| {
            VoterPolicy::Browser
                .identify(&caller, poll, ring.current(), &ring)
                .unwrap()
        };
        assert_eq!(id(a), id(a));
        assert_ne!(id(a), id(b));
        assert_eq!(id(a).policy(), VoterPolicy::Browser);
    }

    #[test]
    fn each_policy_reports_the_missing_identity() {
        let ring = Keyring::ephemeral();
        let poll = PollId::generate(Timestamp::EPOCH);
        let missing = |policy: VoterPolicy| {
            policy
                .identify(&Caller::anonymous(), poll, ring.current(), &ring)
                .unwrap_err()
        };
        assert_eq!(missing(VoterPolicy::Browser), IdentifyError::NoSession);
        assert_eq!(missing(VoterPolicy::Ip), IdentifyError::NoAddress);
        assert_eq!(missing(VoterPolicy::Account), IdentifyError::NotLoggedIn);
        assert_eq!(missing(VoterPolicy::Invite), IdentifyError::NoInvite);
        let gone = KeyId([0; 8]);
        let unknown = VoterPolicy::Account.identify(&Caller::account("alice"), poll, gone, &ring);
        assert_eq!(unknown, Err(IdentifyError::UnknownKey(gone)));
    }

    #[test]
    fn invite_codes_identify_one_voter_per_poll() {
        let ring = Keyring::ephemeral();
        let id = |code, poll| {
            let caller = Caller::invited(InviteCode::from_bytes(code));
            let policy = VoterPolicy::Invite;
            policy.identify(&caller, poll, ring.current(), &ring)
        };
        let (a, b) = (PollId::from_bytes([1; 16]), PollId::from_bytes([2; 16]));
        assert_eq!(id([1; 10], a), id([1; 10], a));
        assert_ne!(id([1; 10], a), id([2; 10], a));
        assert_ne!(id([1; 10], a), id([1; 10], b));
    }
}
