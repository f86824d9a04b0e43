#![doc = include_str!("../docs/introduction.md")]
#![cfg_attr(feature = "axum", doc = include_str!("../docs/serve.md"))]
#![cfg_attr(feature = "axum", doc = include_str!("../docs/users.md"))]
#![cfg_attr(feature = "sqlite", doc = include_str!("../docs/pool.md"))]
#![cfg_attr(feature = "postgres", doc = include_str!("../docs/instances_postgres.md"))]
#![cfg_attr(all(feature = "redis", feature = "mysql"), doc = include_str!("../docs/instances_redis.md"))]
#![doc = include_str!("../docs/tests.md")]
#![doc = include_str!("../docs/modules.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub use votify_core as core;
pub use votify_core::engine::EngineConfig;
pub use votify_core::store::PollOrder;
pub use votify_core::voter::AccountId;
pub use votify_core::{
    AccountStore, Actor, Audience, Ballot, BallotId, BallotKind, Broadcaster, Caller, Choice,
    Clock, EngineError, Event, InvalidPoll, InviteCode, InviteStore, Keyring, ManualClock,
    MemoryAccountStore, MemoryBroadcaster, MemoryRateLimiter, MemoryStore, Metadata, OptionId,
    Outcome, Owner, Page, PageRequest, Poll, PollChange, PollDraft, PollEngine, PollFilter, PollId,
    PollRules, PollStatus, Rate, RateLimiter, Refusal, ResultsPolicy, SessionId, Store, StoreError,
    StoreExt, SystemClock, Tally, TallyView, Timestamp, Visibility, VoteOutcome, VoteReceipt,
    VoterId, VoterPolicy,
};

#[cfg(feature = "axum")]
pub use votify_axum as http;
#[cfg(feature = "accounts")]
pub use votify_axum::Accounts;
#[cfg(feature = "jwks")]
pub use votify_axum::JwksIdentity;
#[cfg(feature = "axum")]
pub use votify_axum::{
    Action, Authorize, Creators, Denied, Identity, IdentityError, Permissions, Problem,
    VotifyRouter, router,
};

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub use votify_sqlx as sql;
#[cfg(feature = "mysql")]
pub use votify_sqlx::MySqlStore;
#[cfg(feature = "sqlite")]
pub use votify_sqlx::SqliteStore;
#[cfg(feature = "postgres")]
pub use votify_sqlx::{PostgresBroadcaster, PostgresStore};

#[cfg(feature = "redis")]
pub use votify_redis as redis;
#[cfg(feature = "redis")]
pub use votify_redis::{
    CachedStore, Redis, RedisBroadcaster, RedisQueue, RedisQueueConfig, RedisRateLimiter,
    RedisStore,
};

#[cfg(feature = "kafka")]
pub use votify_kafka as kafka;
#[cfg(feature = "kafka")]
pub use votify_kafka::{KafkaConsumer, KafkaQueue, KafkaSettings};

/// Compiles the examples of the repository's README.
#[cfg(all(doctest, feature = "axum", feature = "sqlite"))]
#[doc = include_str!("../../README.md")]
struct Readme;
