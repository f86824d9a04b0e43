//! (skeleton while the engine is being written)
#![allow(missing_docs, clippy::todo, clippy::unused_async)]
mod config;
mod error;
pub mod live {
    mod frame;
    use crate::view::ViewPosition;
    pub use frame::{Frame, FrameKind, Rendering};
    use std::sync::Arc;
    /// A viewer's stream of frames. Dropping it ends the watching. `next` is cancel safe.
    #[derive(Debug)]
    pub struct Watch;
    impl Watch {
        /// The next frame; the first is always `Updated` at once. `None`: the poll is gone or the engine shuts down. Merged: always newest state.
        pub async fn next(&mut self) -> Option<Arc<Frame>> {
            todo!()
        }
        /// The current state right now (answer to a client's `refresh`), audience re-read from the store.
        pub async fn refresh(&mut self) -> Result<Arc<Frame>, crate::engine::EngineError> {
            todo!()
        }
        /// What this viewer has seen last.
        pub fn position(&self) -> Option<ViewPosition> {
            todo!()
        }
    }
}
mod snapshot;
use crate::ballot::StandingBallot;
use crate::method::PollResult;
use crate::store::{Audit, PollFilter};
use crate::view::ViewPosition;
use crate::*;
pub use config::EngineConfig;
pub use error::EngineError;
pub use snapshot::*;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub struct PollEngine;
#[derive(Debug)]
pub struct EngineBuilder;
impl EngineBuilder {
    pub fn broadcaster(self, _b: impl Broadcaster) -> Self {
        self
    }
    pub fn clock(self, _c: impl Clock) -> Self {
        self
    }
    pub fn keyring(self, _k: Keyring) -> Self {
        self
    }
    pub fn config(self, _c: EngineConfig) -> Self {
        self
    }
    /// Must be called inside a tokio runtime.
    pub fn build(self) -> PollEngine {
        PollEngine
    }
}
impl PollEngine {
    pub fn new(_store: impl Store) -> Self {
        todo!()
    }
    /// accepts a Store or an Arc<dyn Store> (Store is implemented for Arc<dyn Store>)
    pub fn builder(_store: impl Store) -> EngineBuilder {
        todo!()
    }
    pub fn now(&self) -> Timestamp {
        todo!()
    }
    pub fn keyring(&self) -> &Keyring {
        todo!()
    }
    pub async fn create_poll(&self, _draft: PollDraft) -> Result<Arc<Poll>, EngineError> {
        todo!()
    }
    pub async fn poll(&self, _id: PollId, _caller: &Voter) -> Result<PollSnapshot, EngineError> {
        todo!()
    }
    pub async fn list_polls(
        &self,
        _f: &PollFilter,
        _p: &PageRequest,
        _caller: &Voter,
    ) -> Result<Page<PollSnapshot>, EngineError> {
        todo!()
    }
    pub async fn change_poll(
        &self,
        _id: PollId,
        _change: PollChange,
        _caller: &Voter,
    ) -> Result<PollSnapshot, EngineError> {
        todo!()
    }
    /// owner closes now; the snapshot is final
    pub async fn close_poll(
        &self,
        _id: PollId,
        _caller: &Voter,
    ) -> Result<PollSnapshot, EngineError> {
        todo!()
    }
    pub async fn delete_poll(&self, _id: PollId) -> Result<(), EngineError> {
        todo!()
    }
    /// Err(NotOwner) unless the caller made the poll. (change/close/delete do NOT check ownership themselves: a host may act for anybody.)
    pub async fn authorize_owner(
        &self,
        _id: PollId,
        _caller: &Voter,
    ) -> Result<Arc<Poll>, EngineError> {
        todo!()
    }
    /// a vote with a fresh ballot id
    pub async fn vote(
        &self,
        _id: PollId,
        _voter: &Voter,
        _choice: Choice,
    ) -> Result<VoteReceipt, EngineError> {
        todo!()
    }
    /// a vote (or `Choice::withdraw()`) under a ballot id of the caller's: idempotent
    pub async fn cast(
        &self,
        _id: PollId,
        _voter: &Voter,
        _ballot: BallotId,
        _choice: Choice,
    ) -> Result<VoteReceipt, EngineError> {
        todo!()
    }
    pub async fn ballot_of(
        &self,
        _id: PollId,
        _voter: &Voter,
    ) -> Result<Option<StandingBallot>, EngineError> {
        todo!()
    }
    pub async fn result(
        &self,
        _id: PollId,
        _caller: &Voter,
    ) -> Result<(PollSnapshot, PollResult), EngineError> {
        todo!()
    }
    pub async fn watch(
        &self,
        _id: PollId,
        _viewer: &Voter,
        _after: Option<ViewPosition>,
    ) -> Result<live::Watch, EngineError> {
        todo!()
    }
    pub async fn audit_poll(&self, _id: PollId) -> Result<Audit, EngineError> {
        todo!()
    }
    pub async fn repair_poll(&self, _id: PollId) -> Result<Tally, EngineError> {
        todo!()
    }
    pub fn events(&self) -> tokio::sync::broadcast::Receiver<Event> {
        todo!()
    }
    pub async fn check_ready(&self) -> Readiness {
        todo!()
    }
    pub fn stats(&self) -> EngineStats {
        todo!()
    }
    /// finishes the votes in hand, ends all watches, stops all tasks
    pub async fn shutdown(&self) {
        todo!()
    }
}
