use std::sync::Arc;

use tokio::sync::broadcast;

use crate::engine::live::RoomRegistry;
use crate::engine::loaded_poll::LoadedPoll;
use crate::engine::publisher::Publisher;
use crate::engine::tally_change::TallyChange;
use crate::engine::{Event, VoteOutcome};
use crate::id::{BallotId, PollId};
use crate::poll::Poll;
use crate::tally::{Audience, TallyView};

/// Sends changes of polls to the viewers of this engine, to the other instances and to
/// the receivers of [`Event`]s.
#[derive(Debug, Clone)]
pub(super) struct Notifier {
    pub(super) rooms: Arc<RoomRegistry>,
    pub(super) publisher: Arc<Publisher>,
    pub(super) events: broadcast::Sender<Event>,
}

impl Notifier {
    pub(super) fn created(&self, poll: Arc<Poll>) {
        self.emit(Event::PollCreated { poll });
    }

    pub(super) fn opened(&self, loaded: LoadedPoll) {
        self.emit(Event::PollOpened {
            poll: Arc::clone(&loaded.poll),
        });
        self.publish_definition(loaded);
    }

    pub(super) fn definition_changed(&self, loaded: LoadedPoll) {
        self.emit(Event::PollChanged {
            poll: Arc::clone(&loaded.poll),
        });
        self.publish_definition(loaded);
    }

    pub(super) fn closed(&self, loaded: LoadedPoll) {
        let result = TallyView::new(&loaded.poll, &loaded.tally, Audience::Public);
        self.emit(Event::PollClosed {
            poll: Arc::clone(&loaded.poll),
            result,
        });
        self.publish_definition(loaded);
    }

    pub(super) async fn deleted(&self, poll: PollId) {
        self.emit(Event::PollDeleted { poll });
        self.rooms.deleted(poll);
        self.publisher.publish_deleted(poll).await;
    }

    /// Sends a new tally to the viewers and to the other instances.
    pub(super) fn tally_changed(&self, change: &TallyChange) {
        // Local rooms first, so that they ignore this instance's own update when the
        // broadcaster delivers it.
        self.rooms.tally_changed(change);
        self.publisher.publish_tally(change);
    }

    /// Emits a ballot that changed its poll's tally. `view` is the view of the public.
    pub(super) fn ballot_cast(
        &self,
        poll: PollId,
        ballot: BallotId,
        outcome: VoteOutcome,
        view: TallyView,
    ) {
        self.emit(Event::BallotCast {
            poll,
            ballot,
            outcome: outcome.redacted_for(&view),
            view,
        });
    }

    /// Returns true if at least one receiver of events exists.
    pub(super) fn has_event_receivers(&self) -> bool {
        self.events.receiver_count() > 0
    }

    fn publish_definition(&self, loaded: LoadedPoll) {
        self.rooms.definition_changed(loaded.clone());
        self.publisher.publish_definition(loaded);
    }

    fn emit(&self, event: Event) {
        // Sending fails only if no receiver exists.
        let _ = self.events.send(event);
    }
}
