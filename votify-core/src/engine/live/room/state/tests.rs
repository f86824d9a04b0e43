//! Pace and order of publications, without a runtime.

mod audiences;
mod pace;
mod reloads;

use super::*;
use crate::id::PollId;
use crate::poll::{Poll, PollDraft};
use crate::secret::Keyring;
use crate::tally::Tally;
use crate::time::Timestamp;
use crate::voter::VoterPolicy;

const INTERVAL: Duration = Duration::from_millis(50);
/// Longer than any interval.
const PAUSE: Duration = Duration::from_secs(5);

/// A state that was published at `start`, and the messages for it.
struct Harness {
    state: RoomState,
    poll: Arc<Poll>,
    start: Instant,
}

impl Harness {
    fn new() -> Self {
        Self::with(ResultsPolicy::Live)
    }

    fn with(results: ResultsPolicy) -> Self {
        let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]).results(results);
        let closes_at = Timestamp::EPOCH.saturating_add(PAUSE);
        let poll = draft.closes_at(closes_at).into_poll(
            PollId::generate(Timestamp::EPOCH),
            Timestamp::EPOCH,
            &Keyring::ephemeral(),
        );
        let poll = Arc::new(poll.unwrap());
        let loaded = LoadedPoll {
            tally: Arc::new(Tally::new(&poll)),
            poll: Arc::clone(&poll),
        };
        let start = Instant::now();
        let mut state = RoomState::new(loaded, &EngineConfig::default(), 1, start);
        state.publish(&inputs(start));
        Self { state, poll, start }
    }

    /// Returns a tally with one vote for each revision.
    fn tally(&self, revision: u64) -> Arc<Tally> {
        let mut tally = Tally::new(&self.poll);
        tally.position.revision = revision;
        tally.total_votes = revision;
        tally.counts[0].count = revision;
        Arc::new(tally)
    }

    fn loaded(&self, revision: u64) -> LoadedPoll {
        LoadedPoll {
            poll: Arc::clone(&self.poll),
            tally: self.tally(revision),
        }
    }

    /// Applies a tally that requires no reload.
    fn apply_tally(&mut self, revision: u64) {
        let mailbox = Mailbox {
            tally: Some(self.tally(revision)),
            ..Mailbox::default()
        };
        assert_waits(self.state.apply(mailbox));
    }

    /// Returns the scheduled publication `after` the start, or `None` if it is delayed.
    fn publish(&mut self, after: Duration, latency: Option<Duration>) -> Option<Publication> {
        let due = self.due_after();
        assert!(due.is_some_and(|due| due <= after), "not due: {due:?}");
        self.state
            .publish_or_delay(latency, &inputs(self.start + after))
    }

    /// Returns the time from the start to the next publication.
    fn due_after(&self) -> Option<Duration> {
        self.state.publish_due_at().map(|time| time - self.start)
    }
}

fn inputs(now: Instant) -> PublishInputs {
    PublishInputs {
        now,
        time: Timestamp::EPOCH,
        local_viewers: 1,
        uses_queue: false,
        drain: None,
    }
}

fn assert_waits(step: ControlFlow<(), Option<ReloadRequest>>) {
    assert!(matches!(step, ControlFlow::Continue(None)), "{step:?}");
}

/// Returns the requested reload.
fn reload_of(step: ControlFlow<(), Option<ReloadRequest>>) -> ReloadRequest {
    match step {
        ControlFlow::Continue(Some(request)) => request,
        step => panic!("no reload: {step:?}"),
    }
}

fn votes(frames: &FrameSet) -> Option<u64> {
    frames.updated().view.total_votes()
}

fn voter(n: u8) -> VoterId {
    VoterId::new(VoterPolicy::Browser, [n; 15])
}
