//! The bodies of requests and responses.

pub(crate) mod ballot;
pub(crate) mod caller_state;
pub(crate) mod change;
pub(crate) mod draft;
pub(crate) mod fields;
pub(crate) mod host_fields;
pub(crate) mod invites;
pub(crate) mod join;
pub(crate) mod listed_poll;
pub(crate) mod listing;
pub(crate) mod options;
pub(crate) mod poll;
pub(crate) mod presentation;
pub(crate) mod receipt;
pub(crate) mod result;
pub(crate) mod result_table;
pub(crate) mod rules;
pub(crate) mod schema;
pub(crate) mod stream;
pub(crate) mod totals;
pub(crate) mod visibility;
pub(crate) mod vote_status;
