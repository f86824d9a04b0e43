//! The counts and votes that each audience sees, and the order of the effects.

use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Wake, Waker};

use super::*;
use crate::engine::config::MAX_VOTE_SAMPLE;
use crate::engine::live::published_state::PublishedState;
use crate::engine::live::room::Room;

#[test]
fn audience_changes_are_released_with_the_publication_of_their_ballots() {
    let mut harness = Harness::with(ResultsPolicy::AfterVote);
    for revision in [1, 2] {
        let n = u8::try_from(revision).unwrap();
        let mailbox = Mailbox {
            tally: Some(harness.tally(revision)),
            audience_changes: HashMap::from([(voter(n), Audience::Voted)]),
            ..Mailbox::default()
        };
        assert_waits(harness.state.apply(mailbox));
    }
    let latency = Some(Duration::from_millis(200));
    assert!(harness.publish(INTERVAL, latency).is_none());
    let publication = harness.publish(PAUSE, None).unwrap();
    assert_eq!(votes(&publication.public), None);
    assert_eq!(votes(&publication.voted), Some(2));
    let both = HashMap::from([1, 2].map(|n| (voter(n), Audience::Voted)));
    assert_eq!(publication.audience_changes, both);
    harness.apply_tally(3);
    let next = harness.publish(PAUSE * 2, None).unwrap();
    assert!(next.audience_changes.is_empty());
}

/// Records the published votes each time that it is woken.
struct WakeRecorder {
    room: Room,
    published: Mutex<Vec<Option<u64>>>,
}

impl Wake for WakeRecorder {
    fn wake(self: Arc<Self>) {
        let published = match &*self.room.subscribe(Audience::Voted).borrow() {
            PublishedState::Frames(frames) => votes(frames),
            _ => None,
        };
        self.published.lock().unwrap().push(published);
    }
}

#[test]
fn audiences_and_reloads_switch_after_the_frames() {
    let mut harness = Harness::with(ResultsPolicy::AfterVote);
    let mailbox = Mailbox {
        tally: Some(harness.tally(1)),
        audience_changes: HashMap::from([(voter(1), Audience::Voted)]),
        ..Mailbox::default()
    };
    assert_waits(harness.state.apply(mailbox));
    harness.state.complete_reload(7);
    let publication = harness.publish(PAUSE, None).unwrap();

    let recorder = Arc::new(WakeRecorder {
        room: Room::new(harness.poll.id),
        published: Mutex::default(),
    });
    let room = &recorder.room;
    let mut audience = room.tracked_voters.track(voter(1), Audience::Public);
    let mut reload = room.reload_completed.subscribe();
    let waker = Waker::from(Arc::clone(&recorder));
    let mut context = Context::from_waker(&waker);
    let (mut audience, mut reload) = (pin!(audience.changed()), pin!(reload.changed()));
    assert!(audience.as_mut().poll(&mut context).is_pending());
    assert!(reload.as_mut().poll(&mut context).is_pending());
    room.publish(publication);
    assert_eq!(*recorder.published.lock().unwrap(), [Some(1), Some(1)]);
}

#[test]
fn audience_change_without_a_new_tally_schedules_a_publication() {
    let mut harness = Harness::with(ResultsPolicy::AfterVote);
    let mailbox = Mailbox {
        audience_changes: HashMap::from([(voter(1), Audience::Voted)]),
        ..Mailbox::default()
    };
    assert_waits(harness.state.apply(mailbox));
    assert_eq!(harness.due_after(), Some(INTERVAL));
}

#[test]
fn audiences_share_frames_unless_the_counts_depend_on_them() {
    for (results, shared) in [
        (ResultsPolicy::Live, true),
        (ResultsPolicy::AfterVote, false),
        (ResultsPolicy::AfterClose, true),
    ] {
        let mut harness = Harness::with(results);
        harness.apply_tally(1);
        let Publication { public, voted, .. } = harness.publish(PAUSE, None).unwrap();
        assert_eq!(Arc::ptr_eq(&public, &voted), shared, "{results:?}");
    }
    let mut harness = Harness::with(ResultsPolicy::AfterVote);
    let mut sealed = harness.loaded(1);
    Arc::make_mut(&mut sealed.tally).sealed = true;
    harness.state.apply_reload(sealed, 0);
    let Publication { public, voted, .. } = harness.publish(PAUSE, None).unwrap();
    assert!(Arc::ptr_eq(&public, &voted));
    assert_eq!(votes(&public), Some(1));
}

#[test]
fn vote_sample_is_bounded_sent_once_and_hidden_with_the_counts() {
    for (results, sent) in [
        (ResultsPolicy::Live, MAX_VOTE_SAMPLE),
        (ResultsPolicy::AfterClose, 0),
    ] {
        let mut harness = Harness::with(results);
        for revision in [1, 2] {
            let mailbox = Mailbox {
                tally: Some(harness.tally(revision)),
                vote_sample: vec![harness.poll.options[0].id; MAX_VOTE_SAMPLE - 1],
                ..Mailbox::default()
            };
            assert_waits(harness.state.apply(mailbox));
        }
        let publication = harness.publish(PAUSE, None).unwrap();
        assert_eq!(publication.public.updated().vote_sample.len(), sent);
        harness.apply_tally(3);
        let next = harness.publish(PAUSE * 2, None).unwrap();
        assert!(next.public.updated().vote_sample.is_empty());
    }
}
