use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::{NoContext, Uuid};

use crate::account::{PasswordHash, UserName};
use crate::id::{ParseIdError, uuid_id};
use crate::time::Timestamp;

uuid_id! {
    /// Names a user for ever.
    UserId
}
uuid_id! {
    /// Names one log-in, and with it the token that proves it.
    TokenId
}

/// Somebody who registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// What polls know the user by.
    pub id: UserId,
    /// What the user logs in with.
    pub name: UserName,
    /// What a password is checked against.
    pub password: PasswordHash,
    /// When the user registered.
    pub created_at: Timestamp,
}

/// What became of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// The user is kept.
    Registered,
    /// Somebody else has the name, and nothing happened.
    NameTaken,
}

/// A token that is not to be taken any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// Which token.
    pub token: TokenId,
    /// When the token ends by itself, and the revocation may be forgotten.
    pub expires_at: Timestamp,
}
