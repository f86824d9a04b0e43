//! The schedule of publications, and the number of viewers.

use super::*;
use crate::engine::live::drain::Drain;

#[test]
fn first_change_is_due_at_once_and_the_next_after_one_interval() {
    let mut harness = Harness::new();
    assert_eq!(harness.due_after(), None);
    harness.apply_tally(1);
    assert_eq!(harness.due_after(), Some(INTERVAL), "long past by then");
    let publication = harness.publish(PAUSE, None).unwrap();
    assert_eq!(votes(&publication.public), Some(1));
    assert_eq!(harness.due_after(), None);
    harness.apply_tally(2);
    harness.apply_tally(3);
    assert_eq!(harness.due_after(), Some(PAUSE + INTERVAL));
    let publication = harness.publish(PAUSE + INTERVAL, None).unwrap();
    assert_eq!(votes(&publication.public), Some(3), "the newest of both");
}

#[test]
fn publication_is_delayed_when_latency_grew() {
    let mut harness = Harness::new();
    harness.apply_tally(1);
    let latency = Some(Duration::from_millis(200));
    assert!(harness.publish(INTERVAL, latency).is_none());
    let due = harness.due_after().unwrap();
    assert!(due > INTERVAL * 4, "{due:?}");
    harness.apply_tally(2);
    assert_eq!(harness.due_after(), Some(due), "a change does not move it");
    let publication = harness.publish(due, None).unwrap();
    assert_eq!(votes(&publication.public), Some(2));
    assert_eq!(publication.public.published_at, harness.start + due);
}

#[test]
fn drain_schedules_a_publication() {
    let mut harness = Harness::new();
    let mailbox = Mailbox {
        draining: true,
        ..Mailbox::default()
    };
    assert_waits(harness.state.apply(mailbox));
    assert_eq!(harness.due_after(), Some(INTERVAL));
    let drain = Arc::new(Drain::new(1, PAUSE, harness.start));
    let draining = PublishInputs {
        drain: Some(drain),
        ..inputs(harness.start + INTERVAL)
    };
    let publication = harness.state.publish_or_delay(None, &draining).unwrap();
    assert!(publication.public.drain.is_some());
}

#[test]
fn viewers_are_summed_announced_and_published_on_change() {
    let mut harness = Harness::new();
    let now = harness.start;
    assert!(harness.state.update_viewers(1, now));
    assert!(!harness.state.update_viewers(1, now));
    assert_eq!(harness.due_after(), None, "the first state showed 1 viewer");
    harness.state.update_presence(InstanceId(1), 7, now);
    assert!(!harness.state.update_viewers(1, now), "still 1 here");
    assert_eq!(harness.state.total_viewers(), 8);
    assert_eq!(harness.due_after(), Some(INTERVAL));
    let publication = harness.publish(INTERVAL, None).unwrap();
    assert_eq!(publication.public.updated().viewers, 8);
    let expired = now + PAUSE + INTERVAL;
    assert!(harness.state.update_viewers(1, expired), "repeated");
    assert_eq!(harness.state.total_viewers(), 1);
}

#[test]
fn new_local_viewers_count_before_the_next_update() {
    let mut harness = Harness::new();
    harness.apply_tally(1);
    let crowded = PublishInputs {
        local_viewers: 128,
        ..inputs(harness.start + INTERVAL)
    };
    let publication = harness.state.publish_or_delay(None, &crowded).unwrap();
    assert_eq!(publication.public.updated().viewers, 128);
    assert_eq!(publication.public.sample_every, 2);
}
