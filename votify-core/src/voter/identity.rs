use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::voter::InviteCode;

/// The id of a browser session: 16 random bytes, which the HTTP layer stores in a signed
/// cookie.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId([u8; 16]);

impl SessionId {
    /// Generates a random session id.
    #[must_use]
    pub fn random() -> Self {
        Self(*uuid::Uuid::new_v4().as_bytes())
    }

    /// Wraps stored or derived bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}

/// The host's id of a logged-in user: a number, a UUID or a login name. It must never
/// change.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccountId(String);

impl AccountId {
    /// Wraps the host's id of a user.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// Returns the host's id of the user.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for AccountId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl From<&str> for AccountId {
    fn from(id: &str) -> Self {
        Self::new(id)
    }
}

/// The identities that a request carries: session, address, account, invite code.
///
/// The poll's [`VoterPolicy`](crate::VoterPolicy) decides which of them identifies the
/// voter. `Debug` hides session, address and invite code.
///
/// ```
/// use votify_core::{Caller, SessionId};
/// use votify_core::voter::AccountId;
///
/// let caller = Caller::session(SessionId::random())
///     .with_account(AccountId::new("user-42"))
///     .with_address("192.0.2.7".parse()?);
/// assert_eq!(caller.account_id(), Some(&AccountId::new("user-42")));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Caller {
    session: Option<SessionId>,
    address: Option<IpAddr>,
    account: Option<AccountId>,
    invite: Option<InviteCode>,
}

impl Caller {
    /// Creates a caller without any identity.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// Creates a caller with an account.
    #[must_use]
    pub fn account(id: impl Into<AccountId>) -> Self {
        Self::default().with_account(id.into())
    }

    /// Creates a caller with a browser session.
    #[must_use]
    pub fn session(id: SessionId) -> Self {
        Self::default().with_session(id)
    }

    /// Creates a caller with an invite code.
    #[must_use]
    pub fn invited(code: InviteCode) -> Self {
        Self::default().with_invite(code)
    }

    /// Sets the account.
    #[must_use]
    pub fn with_account(mut self, account: AccountId) -> Self {
        self.account = Some(account);
        self
    }

    /// Sets the session.
    #[must_use]
    pub fn with_session(mut self, session: SessionId) -> Self {
        self.session = Some(session);
        self
    }

    /// Sets the address. Converts an IPv4-mapped IPv6 address to IPv4, and truncates IPv6
    /// to its /64.
    #[must_use]
    pub fn with_address(mut self, address: IpAddr) -> Self {
        self.address = Some(address_block(address));
        self
    }

    /// Sets the invite code.
    #[must_use]
    pub fn with_invite(mut self, code: InviteCode) -> Self {
        self.invite = Some(code);
        self
    }

    /// Returns the session.
    #[must_use]
    pub const fn session_id(&self) -> Option<SessionId> {
        self.session
    }

    /// Returns the account.
    #[must_use]
    pub const fn account_id(&self) -> Option<&AccountId> {
        self.account.as_ref()
    }

    /// Returns the address block: an IPv4 address, or the /64 of an IPv6 address.
    #[must_use]
    pub const fn address_block(&self) -> Option<IpAddr> {
        self.address
    }

    /// Returns the invite code.
    #[must_use]
    pub const fn invite_code(&self) -> Option<&InviteCode> {
        self.invite.as_ref()
    }

    /// Returns the owner of a poll that this caller creates: the account, or else the
    /// session.
    #[must_use]
    pub fn as_owner(&self) -> Option<Owner> {
        self.owner_candidates().next()
    }

    /// Returns every identity by which this caller may own a poll.
    pub(crate) fn owner_candidates(&self) -> impl Iterator<Item = Owner> {
        let account = self.account.clone().map(Owner::Account);
        account.into_iter().chain(self.session.map(Owner::Session))
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("session", &self.session)
            .field("address", &self.address.map(|_| ".."))
            .field("account", &self.account)
            .field("invite", &self.invite)
            .finish()
    }
}

/// The owner of a poll, as given at its creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A logged-in user.
    Account(AccountId),
    /// A browser session.
    Session(SessionId),
}

impl Owner {
    /// Returns the kind of owner.
    #[must_use]
    pub const fn kind(&self) -> OwnerKind {
        match self {
            Self::Account(_) => OwnerKind::Account,
            Self::Session(_) => OwnerKind::Session,
        }
    }
}

/// The kind of a poll's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerKind {
    /// A logged-in user.
    Account,
    /// A browser session.
    Session,
}

/// Returns the block that counts as one address: an IPv4 address, or the /64 of an IPv6
/// address.
fn address_block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &str) -> String {
        let caller = Caller::anonymous().with_address(text.parse().unwrap());
        caller.address_block().unwrap().to_string()
    }

    #[test]
    fn addresses_are_truncated_to_blocks() {
        assert_eq!(block("192.0.2.7"), "192.0.2.7");
        assert_eq!(block("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(block("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }

    #[test]
    fn debug_hides_the_secrets_of_a_caller() {
        let caller = Caller::session(SessionId::from_bytes([0xAB; 16]))
            .with_address("192.0.2.7".parse().unwrap());
        let shown = format!("{caller:?}");
        assert!(
            !shown.contains("192.0.2") && !shown.to_lowercase().contains("ab,"),
            "{shown}"
        );
    }
}
