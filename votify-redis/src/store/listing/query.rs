//! The listings that contain the polls of a filter.

use votify_core::store::{PollFilter, PollOrder};
use votify_core::{OwnerId, PollStatus, Timestamp, Visibility};

use super::entry::sortable;
use super::keys::{Phase, Scope, listing_key};
use crate::connect::Redis;

/// The smallest listings that contain all polls of a filter. They do not overlap.
pub(super) struct Query<'a> {
    redis: &'a Redis,
    filter: &'a PollFilter,
    scopes: Vec<Scope<'a>>,
    /// True if all polls of the scopes match, except for the status and the seal.
    is_scope_exact: bool,
}

/// A listing and a range of it.
#[derive(Debug)]
pub(super) struct Range {
    pub(super) key: String,
    pub(super) min: Vec<u8>,
    pub(super) max: Vec<u8>,
}

impl Range {
    pub(super) fn whole(key: String) -> Self {
        Self {
            key,
            min: b"-".to_vec(),
            max: b"+".to_vec(),
        }
    }
}

impl<'a> Query<'a> {
    pub(super) fn new(redis: &'a Redis, filter: &'a PollFilter) -> Self {
        let (scopes, is_exact) = if !filter.owners.is_empty() {
            let mut owners: Vec<OwnerId> = filter.owners.clone();
            owners.sort_unstable();
            owners.dedup();
            let others = filter.external_ref.is_some()
                || filter.category.is_some()
                || filter.visibility.is_some();
            (owners.into_iter().map(Scope::Owner).collect(), !others)
        } else if let Some(text) = &filter.external_ref {
            let others = filter.category.is_some() || filter.visibility.is_some();
            (vec![Scope::ExternalRef(text)], !others)
        } else {
            let scope = |visibility| match &filter.category {
                Some(category) => Scope::Category(visibility, category),
                None => Scope::Visibility(visibility),
            };
            (visibilities(filter).into_iter().map(scope).collect(), true)
        };
        Self {
            redis,
            filter,
            scopes,
            is_scope_exact: is_exact && filter.words.is_empty(),
        }
    }

    /// Returns the phases that polls of the filter may have.
    fn phases(&self) -> impl Iterator<Item = Phase> {
        let PollFilter { status, sealed, .. } = self.filter;
        Phase::ALL.into_iter().filter(move |phase| {
            sealed.is_none_or(|sealed| sealed == (*phase == Phase::Sealed))
                && match status {
                    None | Some(PollStatus::Closed) => true,
                    Some(PollStatus::Open) => *phase != Phase::Sealed,
                    Some(PollStatus::Scheduled) => *phase == Phase::Pending,
                }
        })
    }

    /// Returns the keys of the listings.
    pub(super) fn listings(&self) -> Vec<String> {
        let phases: Vec<Phase> = self.phases().collect();
        let keys = self.scopes.iter().flat_map(|scope| {
            let key = |phase| listing_key(self.redis, self.filter.order, phase, *scope);
            phases.iter().copied().map(key)
        });
        keys.collect()
    }

    /// Returns true if all polls of the listings match the filter.
    pub(super) fn is_exact(&self) -> bool {
        self.is_scope_exact && self.filter.status.is_none()
    }

    /// Returns the upper bound of the listings' members that may match at `now`.
    ///
    /// Skips the polls whose time has passed, if the order begins with them.
    pub(super) fn upper_bound(&self, now: Timestamp) -> Vec<u8> {
        let is_after_now = match (self.filter.order, self.filter.status) {
            (PollOrder::Opening, Some(PollStatus::Scheduled)) => true,
            (PollOrder::Closing, Some(status)) => status != PollStatus::Closed,
            _ => false,
        };
        if is_after_now {
            after(self.filter.order, now)
        } else {
            b"+".to_vec()
        }
    }

    /// Returns ranges whose sizes add up to the number of matching polls: those to add,
    /// and those to subtract. Returns `None` if the polls have to be read.
    pub(super) fn counted(&self, now: Timestamp) -> Option<(Vec<Range>, Vec<Range>)> {
        if !self.is_scope_exact {
            return None;
        }
        let (mut added, mut subtracted) = (Vec::new(), Vec::new());
        for scope in &self.scopes {
            for phase in self.phases() {
                let range = |order| Range::whole(listing_key(self.redis, order, phase, *scope));
                match self.filter.status {
                    Some(PollStatus::Closed) if phase != Phase::Sealed => added.push(Range {
                        min: [
                            b"[".as_slice(),
                            &sortable(PollOrder::Closing, now.as_micros()),
                        ]
                        .concat(),
                        ..range(PollOrder::Closing)
                    }),
                    None | Some(PollStatus::Closed) => added.push(range(self.filter.order)),
                    Some(status) => {
                        // A poll closes after it opens, so a scheduled poll is not closed.
                        let scheduled = Range {
                            max: after(PollOrder::Opening, now),
                            ..range(PollOrder::Opening)
                        };
                        if status == PollStatus::Scheduled {
                            added.push(scheduled);
                            continue;
                        }
                        added.push(Range {
                            max: after(PollOrder::Closing, now),
                            ..range(PollOrder::Closing)
                        });
                        if phase == Phase::Pending {
                            subtracted.push(scheduled);
                        }
                    }
                }
            }
        }
        Some((added, subtracted))
    }
}

/// Returns the visibilities that polls of the filter may have.
pub(super) fn visibilities(filter: &PollFilter) -> Vec<Visibility> {
    filter.visibility.map_or_else(
        || vec![Visibility::Public, Visibility::Unlisted],
        |visibility| vec![visibility],
    )
}

/// Returns the upper bound of the polls whose time in an ascending order is after `now`.
fn after(order: PollOrder, now: Timestamp) -> Vec<u8> {
    [b"(".as_slice(), &sortable(order, now.as_micros())].concat()
}
