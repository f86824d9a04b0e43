#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod account;
pub mod backend;
pub mod ballot;
pub mod broadcast;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod engine;
mod id;
mod impl_for_arc;
pub mod layers;
pub mod limit;
pub mod memory;
pub mod poll;
pub mod queue;
pub mod secret;
pub mod store;
pub mod tally;
mod text;
pub mod time;
pub mod voter;

pub use account::AccountStore;
pub use ballot::{Ballot, BatchReceipt, Choice, Outcome, Refusal};
pub use broadcast::Broadcaster;
pub use engine::{EngineError, Event, PollEngine, VoteOutcome, VoteReceipt};
pub use id::{BallotId, OptionId, ParseIdError, PollId};
pub use limit::{Rate, RateLimiter};
pub use memory::{
    MemoryAccountStore, MemoryBroadcaster, MemoryQueue, MemoryRateLimiter, MemoryStore,
};
pub use poll::{
    BallotKind, InvalidPoll, JoinCode, Metadata, Poll, PollChange, PollDraft, PollRules,
    PollStatus, ResultsPolicy, Visibility,
};
pub use secret::Keyring;
pub use store::{
    InviteStore, Page, PageRequest, PollCursor, PollFilter, Store, StoreError, StoreExt,
};
pub use tally::{Audience, Position, Tally, TallyView};
pub use time::{Clock, ManualClock, SystemClock, Timestamp};
pub use voter::{Actor, Caller, InviteCode, Owner, OwnerId, SessionId, VoterId, VoterPolicy};
