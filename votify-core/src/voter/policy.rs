use serde::{Deserialize, Serialize};

use crate::id::PollId;
use crate::secret::{KeyId, Keyring, Purpose};
use crate::voter::{Caller, VoterId};

/// What counts as one voter of a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum VoterPolicy {
    /// A browser, known by its signed session cookie.
    #[default]
    Browser,
    /// An address; IPv6 addresses by their /64.
    Ip,
    /// A logged-in user.
    Account,
    /// A code that the owner of the poll gave to one voter.
    Invite,
}

/// Why a caller cannot vote in a poll: the poll's policy asks for something that is not known of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentifyError {
    /// The poll is for browsers with a session, and there is none.
    #[error("this poll counts browsers, and the caller has no session")]
    NoSession,
    /// The poll counts addresses, and none is known.
    #[error("this poll counts addresses, and the caller's is not known")]
    NoAddress,
    /// The poll is for logged-in users.
    #[error("this poll is for users who are logged in")]
    NotLoggedIn,
    /// The poll is for those who were given a code, and the caller brought none.
    #[error("this poll is for those who were invited, and the caller brought no code")]
    NoInvite,
    /// The caller's code was not made for this poll.
    #[error("the caller's code was not made for this poll")]
    NotInvited,
    /// The poll was made with a secret that the ring does not hold.
    #[error("this poll was made with secret {0}, which is not among the secrets in use")]
    UnknownKey(KeyId),
}

impl VoterPolicy {
    /// Every policy.
    pub const ALL: [Self; 4] = [Self::Browser, Self::Ip, Self::Account, Self::Invite];

    /// The voter id of a caller in one poll, made with the secret that the poll remembers.
    ///
    /// Any code gives an id: whether it was made for this poll, the [`InviteStore`](crate::store::InviteStore) knows.
    ///
    /// # Errors
    /// If the caller lacks what this policy counts, or the secret is gone.
    pub fn identify(
        self,
        voter: &Caller,
        poll: PollId,
        key: KeyId,
        keyring: &Keyring,
    ) -> Result<VoterId, IdentifyError> {
        let tag = |value: &[u8]| {
            keyring
                .mac(
                    key,
                    Purpose::Voter,
                    &[poll.as_bytes(), &[self.code()], value],
                )
                .map(|tag| VoterId::derive(self, &tag))
                .ok_or(IdentifyError::UnknownKey(key))
        };
        match self {
            Self::Browser => tag(voter
                .session_id()
                .ok_or(IdentifyError::NoSession)?
                .as_bytes()),
            Self::Ip => match voter.address_block().ok_or(IdentifyError::NoAddress)? {
                std::net::IpAddr::V4(v4) => tag(&v4.octets()),
                std::net::IpAddr::V6(v6) => tag(&v6.octets()),
            },
            Self::Account => tag(voter
                .account_id()
                .ok_or(IdentifyError::NotLoggedIn)?
                .as_str()
                .as_bytes()),
            Self::Invite => tag(voter
                .invite_code()
                .ok_or(IdentifyError::NoInvite)?
                .as_bytes()),
        }
    }

    /// The stable number that stands for this policy inside a voter id.
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
    fn one_person_has_another_id_in_every_poll() {
        let ring = Keyring::ephemeral();
        let (a, b) = (
            PollId::generate(Timestamp::EPOCH),
            PollId::generate(Timestamp::EPOCH),
        );
        let voter = Caller::session(SessionId::random());
        let id = |poll| {
            VoterPolicy::Browser
                .identify(&voter, poll, ring.current(), &ring)
                .unwrap()
        };
        assert_eq!(id(a), id(a));
        assert_ne!(id(a), id(b));
        assert_eq!(id(a).policy(), VoterPolicy::Browser);
    }

    #[test]
    fn each_policy_names_what_it_misses() {
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
    fn one_code_is_one_voter_in_one_poll() {
        let ring = Keyring::ephemeral();
        let id = |code, poll| {
            let voter = Caller::invited(InviteCode::from_bytes(code));
            let policy = VoterPolicy::Invite;
            policy.identify(&voter, poll, ring.current(), &ring)
        };
        let (a, b) = (PollId::from_bytes([1; 16]), PollId::from_bytes([2; 16]));
        assert_eq!(id([1; 10], a), id([1; 10], a));
        assert_ne!(id([1; 10], a), id([2; 10], a));
        assert_ne!(id([1; 10], a), id([1; 10], b));
    }
}
