//! The payloads of notifications.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;
use votify_core::PollId;
use votify_core::broadcast::{Delivery, Update};

/// PostgreSQL accepts payloads of less than 8000 bytes.
const MAX_BYTES: usize = 7_999;

/// The payload with which an instance tests its connection. Others ignore it.
pub(super) const PROBE: &str = "{\"probe\":true}";

#[derive(Serialize)]
struct Envelope<'a> {
    poll: PollId,
    update: &'a Update,
}

/// Returns the payload of an update, or only its poll if the update is too large.
pub(super) fn payload(update: &Update) -> serde_json::Result<String> {
    let poll = update.poll();
    let envelope = serde_json::to_string(&Envelope { poll, update })?;
    if envelope.len() <= MAX_BYTES {
        return Ok(envelope);
    }
    Ok(json!({ "poll": poll }).to_string())
}

/// Returns the poll of a payload, which later versions may extend. A probe has none.
pub(super) fn poll_of(payload: &str) -> serde_json::Result<Option<PollId>> {
    #[derive(Deserialize)]
    struct Head {
        poll: PollId,
    }
    if payload == PROBE {
        return Ok(None);
    }
    serde_json::from_str(payload).map(|Head { poll }| Some(poll))
}

/// Returns what the subscriptions of `poll` receive for a payload about it: the update,
/// or `Lagged` if there is none that this version knows.
pub(super) fn delivery(poll: PollId, payload: &str) -> Delivery {
    #[derive(Deserialize)]
    struct Body {
        update: Update,
    }
    match serde_json::from_str(payload) {
        Ok(Body { update }) if update.poll() == poll => Delivery::Update(Arc::new(update)),
        _ => Delivery::Lagged,
    }
}

#[cfg(test)]
mod tests {
    use votify_core::broadcast::InstanceId;
    use votify_core::tally::OptionCount;
    use votify_core::{Keyring, OptionId, PollDraft, Tally, Timestamp};

    use super::*;

    fn poll() -> PollId {
        PollId::generate(Timestamp::EPOCH)
    }

    fn tally_update(options: usize, count: u64) -> Update {
        let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
        let created = draft.into_poll(poll(), Timestamp::EPOCH, &Keyring::ephemeral());
        let mut tally = Tally::new(&created.unwrap());
        tally.counts = (0..options)
            .map(|_| OptionCount {
                option: OptionId::generate(Timestamp::EPOCH),
                count,
            })
            .collect();
        Update::TallyChanged {
            tally,
            vote_sample: Vec::new(),
        }
    }

    #[test]
    fn the_largest_instance_id_is_preserved() {
        let update = Update::Viewers {
            poll: poll(),
            instance: InstanceId(u128::MAX),
            viewers: 1,
        };
        let payload = payload(&update).unwrap();
        assert_eq!(poll_of(&payload).unwrap(), Some(update.poll()));
        let delivery = delivery(update.poll(), &payload);
        assert_eq!(delivery, Delivery::Update(Arc::new(update)));
    }

    #[test]
    fn an_oversize_update_is_sent_as_its_poll_only() {
        let update = tally_update(100, u64::MAX);
        let payload = payload(&update).unwrap();
        assert_eq!(payload, format!(r#"{{"poll":"{}"}}"#, update.poll()));
        assert_eq!(poll_of(&payload).unwrap(), Some(update.poll()));
        assert_eq!(delivery(update.poll(), &payload), Delivery::Lagged);
    }

    #[test]
    fn an_update_of_the_maximum_size_is_sent_completely() {
        let mut lengths = (1..130).map(|options| payload(&tally_update(options, 1)).unwrap().len());
        let largest = lengths
            .by_ref()
            .take_while(|length| *length > 200)
            .last()
            .unwrap();
        assert!((MAX_BYTES - 80..=MAX_BYTES).contains(&largest), "{largest}");
    }

    #[test]
    fn updates_of_a_later_version_become_lagged() {
        let poll = poll();
        for body in [
            r#""update":{"type":"sparkled","glitter":7}"#,
            r#""update":{"type":"deleted"}"#,
            r#""position":{"epoch":1}"#,
            r#""later":[]"#,
        ] {
            let payload = format!(r#"{{"poll":"{poll}",{body}}}"#);
            assert_eq!(poll_of(&payload).unwrap(), Some(poll));
            assert_eq!(delivery(poll, &payload), Delivery::Lagged);
        }
    }

    #[test]
    fn an_update_of_another_poll_is_not_delivered() {
        let (addressed, other) = (poll(), poll());
        let payload =
            format!(r#"{{"poll":"{addressed}","update":{{"type":"deleted","poll":"{other}"}}}}"#);
        assert_eq!(delivery(addressed, &payload), Delivery::Lagged);
    }

    #[test]
    fn invalid_payloads_have_no_poll() {
        for invalid in [
            "",
            "hello",
            "{}",
            "[1]",
            r#"{"poll":7}"#,
            r#"{"probe":false}"#,
            "\u{0}",
        ] {
            assert!(poll_of(invalid).is_err(), "{invalid}");
        }
        assert_eq!(poll_of(PROBE).unwrap(), None);
    }
}
