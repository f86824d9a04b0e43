//! What a backend brings: a way to open it empty.

mod accounts;
mod broadcaster;
mod invites;
mod limiter;
mod store;

pub use accounts::{AccountStoreFixture, FreshAccountStore};
pub use broadcaster::{BroadcasterFixture, FreshBroadcaster};
pub use invites::{FreshInvites, InviteFixture, InviteHandle};
pub use limiter::{FreshLimiter, LimiterFixture};
pub use store::{FreshStore, StoreFixture};
