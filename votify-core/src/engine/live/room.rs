pub(in crate::engine) mod context;
pub(super) mod handle;
pub(super) mod mailbox;
mod state;
pub(super) mod task;
