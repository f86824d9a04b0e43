#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod account;
pub mod ballot;
pub mod broadcast;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod decorate;
pub mod engine;
pub mod event;
pub mod id;
pub mod limit;
pub mod memory;
pub mod method;
pub mod outage;
pub mod page;
pub mod poll;
pub mod secret;
pub mod store;
pub mod tally;
pub mod time;
pub mod trending;
pub mod view;
pub mod voter;

pub use account::AccountStore;
pub use ballot::{Ballot, BatchReceipt, Choice, Outcome, Refusal};
pub use broadcast::Broadcaster;
pub use engine::{EngineError, PollEngine, VoteReceipt};
pub use event::Event;
pub use id::{BallotId, OptionId, PollId};
pub use limit::{Quota, RateLimiter};
pub use memory::{MemoryAccountStore, MemoryBroadcaster, MemoryRateLimiter, MemoryStore};
pub use page::{Page, PageRequest};
pub use poll::{
    BallotKind, InvalidPoll, Poll, PollChange, PollDraft, PollRules, PollStatus, ResultsPolicy,
};
pub use secret::Keyring;
pub use store::{InviteStore, Store, StoreError};
pub use tally::{Position, Tally};
pub use time::{Clock, ManualClock, SystemClock, Timestamp};
pub use view::{Audience, TallyView};
pub use voter::{InviteCode, Owner, SessionId, Voter, VoterId, VoterPolicy};
