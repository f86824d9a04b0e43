//! The handlers of the API.

#[cfg(feature = "accounts")]
pub(crate) mod accounts;
pub(crate) mod etag;
pub(crate) mod invites;
pub(crate) mod join;
pub(crate) mod polls;
pub(crate) mod response;
pub(crate) mod stream;
pub(crate) mod votes;
