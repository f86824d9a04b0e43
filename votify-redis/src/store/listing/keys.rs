//! Keys of the listings. On a cluster, all of them are in one cluster slot.

use votify_core::poll::PollState;
use votify_core::store::PollOrder;
use votify_core::{OwnerId, Visibility};

use crate::connect::Redis;

/// The statuses that a poll can still have without an edit. Each poll is in the listings
/// of one phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Unsealed, with an `opens_at`, and never had ballots: `Scheduled` before
    /// `opens_at`.
    Pending,
    /// Unsealed, and never `Scheduled`.
    Opened,
    Sealed,
}

impl Phase {
    pub(super) const ALL: [Self; 3] = [Self::Pending, Self::Opened, Self::Sealed];

    pub(super) const fn of(state: &PollState) -> Self {
        if state.poll.is_sealed() {
            Self::Sealed
        } else if state.poll.opens_at.is_none() || state.tally.ever_had_ballots() {
            Self::Opened
        } else {
            Self::Pending
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Opened => "opened",
            Self::Sealed => "sealed",
        }
    }
}

/// The property that all polls of a listing share. Listings of one variant do not
/// overlap.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope<'a> {
    Visibility(Visibility),
    Category(Visibility, &'a str),
    Owner(OwnerId),
    ExternalRef(&'a str),
    /// The polls that browser sessions own. Only the order by time of creation has it,
    /// because these polls are counted, not listed.
    Sessions,
}

fn key(redis: &Redis, suffix: &str) -> String {
    redis.key(&format!("{{listings}}:{suffix}"))
}

/// Returns the key of the hash of rows by poll id.
pub(in crate::store) fn rows_key(redis: &Redis) -> String {
    key(redis, "rows")
}

/// Returns the key of the sorted set of intents, scored by time.
pub(super) fn intents_key(redis: &Redis) -> String {
    key(redis, "intents")
}

/// Returns the key of the sorted set of polls with changed scores.
pub(super) fn dirty_scores_key(redis: &Redis) -> String {
    key(redis, "dirty_scores")
}

/// Returns the key of the sorted set of title words: word, zero byte, poll id.
pub(super) fn words_key(redis: &Redis, visibility: Visibility) -> String {
    key(redis, &format!("words:{}", visibility_name(visibility)))
}

/// Returns the key of a sorted set of [places](super::entry::Place).
pub(super) fn listing_key(
    redis: &Redis,
    order: PollOrder,
    phase: Phase,
    scope: Scope<'_>,
) -> String {
    let order = match order {
        PollOrder::Newest => "newest",
        PollOrder::Closing => "closing",
        PollOrder::Opening => "opening",
        PollOrder::Trending => "trending",
    };
    let scope = match scope {
        Scope::Visibility(visibility) => visibility_name(visibility).to_owned(),
        Scope::Category(visibility, category) => {
            format!("{}:category:{category}", visibility_name(visibility))
        }
        Scope::Owner(owner) => format!("owner:{:032x}", u128::from_be_bytes(*owner.as_bytes())),
        Scope::ExternalRef(text) => format!("external_ref:{text}"),
        Scope::Sessions => "sessions".to_owned(),
    };
    key(redis, &format!("{order}:{}:{scope}", phase.name()))
}

const fn visibility_name(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Public => "public",
        Visibility::Unlisted => "unlisted",
    }
}
