//! Extractors for the handlers of requests.

pub(crate) mod address;
pub(crate) mod body;
pub(crate) mod caller;
pub(crate) mod cookie;
pub(crate) mod fetch_site;
pub(crate) mod idempotency;
pub(crate) mod invite;
pub(crate) mod json;
pub(crate) mod large_bodies;
pub(crate) mod path;
pub(crate) mod permitted;
pub(crate) mod poll_json;
pub(crate) mod query;
pub(crate) mod session;
pub(crate) mod table_format;
