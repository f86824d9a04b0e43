use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::{NoContext, Uuid};

use crate::account::{PasswordHash, UserName};
use crate::id::{ParseIdError, uuid_id};
use crate::time::Timestamp;

uuid_id! {
    /// The id of a user. It never changes.
    UserId
}
uuid_id! {
    /// The id of a login, and of its token.
    TokenId
}

/// A registered user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id, which is also the [`AccountId`](crate::voter::AccountId) of the user's
    /// votes.
    pub id: UserId,
    /// The login name.
    pub name: UserName,
    /// The hash of the password.
    pub password: PasswordHash,
    /// The time of registration.
    pub created_at: Timestamp,
}

/// The outcome of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// The user is stored.
    Registered,
    /// Another user has the name. Nothing changed.
    NameTaken,
}

/// A token that is no longer valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// The token.
    pub token: TokenId,
    /// The token's own expiry, after which the revocation may be removed.
    pub expires_at: Timestamp,
}
