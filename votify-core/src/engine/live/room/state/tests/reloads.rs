//! Which states a room accepts, and when it reloads the poll.

use super::*;
use crate::poll::PollStatus;

#[test]
fn stale_states_are_ignored() {
    let mut harness = Harness::new();
    harness.apply_tally(5);
    harness.publish(PAUSE, None).unwrap();
    for revision in [4, 5] {
        harness.apply_tally(revision);
    }
    let mailbox = Mailbox {
        definition: Some(harness.loaded(4)),
        ..Mailbox::default()
    };
    assert_waits(harness.state.apply(mailbox));
    assert_eq!(harness.due_after(), None);
    assert_eq!(harness.state.position(), harness.tally(5).position);
}

#[test]
fn newer_epoch_replaces_a_higher_revision() {
    let mut harness = Harness::new();
    harness.apply_tally(5);
    let mut repaired = Tally::clone(&harness.tally(3));
    repaired.position.epoch += 1;
    let mailbox = Mailbox {
        tally: Some(Arc::new(repaired)),
        ..Mailbox::default()
    };
    assert_waits(harness.state.apply(mailbox));
    let publication = harness.publish(PAUSE, None).unwrap();
    assert_eq!(votes(&publication.public), Some(3));
}

#[test]
fn tally_of_another_version_requests_a_reload() {
    let mut harness = Harness::new();
    let mut edited = Tally::clone(&harness.tally(1));
    edited.version += 1;
    let mailbox = Mailbox {
        tally: Some(Arc::new(edited)),
        reload: Some(ReloadRequest {
            last_number: 7,
            // Satisfied already, so only the tally requires the reload.
            after: Some(ViewPosition::Shown(Position::START)),
        }),
        ..Mailbox::default()
    };
    let request = reload_of(harness.state.apply(mailbox));
    assert_eq!((request.last_number, request.after), (7, None));
    assert_eq!(harness.state.position(), Position::START);
    assert_eq!(harness.due_after(), None);
}

#[test]
fn definition_and_tally_of_different_versions_are_ignored() {
    let mut harness = Harness::new();
    let mut loaded = harness.loaded(1);
    Arc::make_mut(&mut loaded.poll).version += 1;
    let mailbox = Mailbox {
        definition: Some(loaded),
        ..Mailbox::default()
    };
    assert_waits(harness.state.apply(mailbox));
    assert_eq!(harness.due_after(), None);
}

#[test]
fn definition_is_applied_before_the_tally_of_its_version() {
    let mut harness = Harness::new();
    let mut poll = Poll::clone(&harness.poll);
    (poll.version, poll.title) = (poll.version + 1, "Dinner?".into());
    harness.poll = Arc::new(poll);
    let mailbox = Mailbox {
        definition: Some(harness.loaded(1)),
        tally: Some(harness.tally(2)),
        ..Mailbox::default()
    };
    assert_waits(harness.state.apply(mailbox));
    let publication = harness.publish(PAUSE, None).unwrap();
    assert_eq!(publication.public.updated().poll.title, "Dinner?");
    assert_eq!(votes(&publication.public), Some(2));
}

#[test]
fn reload_answered_by_a_newer_state_completes_at_the_next_publication() {
    let mut harness = Harness::new();
    harness.apply_tally(2);
    let published = harness.publish(PAUSE, None).unwrap();
    assert_eq!(published.reload_completed, 0);
    let position = harness.tally(1).position;
    let mailbox = Mailbox {
        reload: Some(ReloadRequest {
            last_number: 7,
            after: Some(ViewPosition::Shown(position)),
        }),
        ..Mailbox::default()
    };
    assert_waits(harness.state.apply(mailbox));
    assert_eq!(harness.due_after(), Some(PAUSE + INTERVAL));
    let publication = harness.publish(PAUSE * 2, None).unwrap();
    assert_eq!(publication.reload_completed, 7);
}

#[test]
fn reload_completes_at_the_publication_of_the_loaded_state() {
    let mut harness = Harness::new();
    let mailbox = Mailbox {
        reload: Some(ReloadRequest {
            last_number: 7,
            after: Some(ViewPosition::Shown(harness.tally(3).position)),
        }),
        ..Mailbox::default()
    };
    let request = reload_of(harness.state.apply(mailbox));
    assert_eq!(harness.due_after(), None);
    harness
        .state
        .apply_reload(harness.loaded(4), request.last_number);
    let publication = harness.publish(PAUSE, None).unwrap();
    assert_eq!(publication.reload_completed, 7);
    assert_eq!(votes(&publication.public), Some(4));
}

#[test]
fn older_loaded_state_completes_the_request_only() {
    let mut harness = Harness::new();
    harness.apply_tally(5);
    harness.publish(PAUSE, None).unwrap();
    harness.state.apply_reload(harness.loaded(4), 0);
    assert_eq!(harness.due_after(), None, "no viewer waits for it");
    harness.state.apply_reload(harness.loaded(4), 7);
    let publication = harness.publish(PAUSE * 2, None).unwrap();
    assert_eq!(votes(&publication.public), Some(5));
    assert_eq!(publication.reload_completed, 7);
}

#[test]
fn status_changes_with_a_reload_at_the_same_position() {
    let mut harness = Harness::new();
    harness.state.apply_reload(harness.loaded(0), 0);
    assert_eq!(harness.due_after(), Some(INTERVAL));
    let later = PublishInputs {
        time: Timestamp::EPOCH.saturating_add(PAUSE),
        ..inputs(harness.start + PAUSE)
    };
    let publication = harness.state.publish_or_delay(None, &later).unwrap();
    assert_eq!(publication.public.updated().status, PollStatus::Closed);
}

#[test]
fn deletion_breaks_and_leaves_the_last_state() {
    let mut harness = Harness::new();
    harness.apply_tally(1);
    let mailbox = Mailbox {
        tally: Some(harness.tally(2)),
        deleted: true,
        ..Mailbox::default()
    };
    assert!(harness.state.apply(mailbox).is_break());
    let last = harness.state.last_frames(&inputs(harness.start));
    assert_eq!(votes(&last), Some(1));
}
