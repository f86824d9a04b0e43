use std::sync::Arc;

use tokio::sync::broadcast;

use crate::engine::live::RoomRegistry;
use crate::engine::loaded_poll::LoadedPoll;
use crate::engine::tally_change::TallyChange;
use crate::engine::update_sender::UpdateSender;
use crate::engine::{Event, VoteOutcome};
use crate::id::{BallotId, PollId};
use crate::poll::Poll;
use crate::tally::{Audience, TallyView};

/// Sends changes of polls to the viewers of this engine, to the other instances and to
/// the receivers of [`Event`]s.
#[derive(Debug, Clone)]
pub(super) struct Notifier {
    pub(super) rooms: Arc<RoomRegistry>,
    pub(super) update_sender: Arc<UpdateSender>,
    pub(super) events: broadcast::Sender<Event>,
}

impl Notifier {
    pub(super) fn notify_created(&self, poll: Arc<Poll>) {
        self.emit(Event::PollCreated { poll });
    }

    pub(super) fn notify_opened(&self, loaded: LoadedPoll) {
        self.emit(Event::PollOpened {
            poll: Arc::clone(&loaded.poll),
        });
        self.send_definition(loaded);
    }

    pub(super) fn notify_edited(&self, loaded: LoadedPoll) {
        self.emit(Event::PollEdited {
            poll: Arc::clone(&loaded.poll),
        });
        self.send_definition(loaded);
    }

    pub(super) fn notify_closed(&self, loaded: LoadedPoll) {
        let result = TallyView::new(&loaded.poll, &loaded.tally, Audience::Public);
        self.emit(Event::PollClosed {
            poll: Arc::clone(&loaded.poll),
            result,
        });
        self.send_definition(loaded);
    }

    pub(super) async fn notify_deleted(&self, poll: PollId) {
        self.emit(Event::PollDeleted { poll });
        self.rooms.notify_deleted(poll);
        self.update_sender.send_deleted(poll).await;
    }

    /// Sends a new tally to the viewers and to the other instances.
    pub(super) fn notify_tally_changed(&self, change: &TallyChange) {
        // Local rooms first, so that they ignore this instance's own update when the
        // broadcaster delivers it.
        self.rooms.notify_tally_changed(change);
        self.update_sender.enqueue_tally(change);
    }

    /// Emits a ballot that changed its poll's tally. `view` is the view of the public.
    pub(super) fn emit_ballot_cast(
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

    fn send_definition(&self, loaded: LoadedPoll) {
        self.rooms.notify_definition_changed(loaded.clone());
        self.update_sender.enqueue_definition(loaded);
    }

    fn emit(&self, event: Event) {
        // Sending fails only if no receiver exists.
        let _ = self.events.send(event);
    }
}
