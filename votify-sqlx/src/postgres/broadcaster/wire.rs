//! What is said on the channel.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use votify_core::PollId;
use votify_core::broadcast::{Delivery, Update};
use votify_core::tally::Position;

/// Postgres takes payloads shorter than 8000 bytes.
const LONGEST: usize = 7_999;

/// What a node says to hear whether it hears; everybody else takes no notice.
pub(super) const PROBE: &str = "{\"probe\":true}";

#[derive(Serialize)]
struct Carried<'a> {
    poll: PollId,
    update: &'a Update,
}

/// In place of an update that is too long.
#[derive(Serialize)]
struct Notice {
    poll: PollId,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<Position>,
}

/// An update as it is sent, or a notice that there was one.
pub(super) fn payload(update: &Update) -> serde_json::Result<String> {
    let poll = update.poll();
    let carried = serde_json::to_string(&Carried { poll, update })?;
    if carried.len() <= LONGEST {
        return Ok(carried);
    }
    let position = match update {
        Update::TallyChanged { tally, .. } | Update::DefinitionChanged { tally, .. } => {
            Some(tally.position)
        }
        _ => None,
    };
    serde_json::to_string(&Notice { poll, position })
}

/// The poll that a payload is about, whatever else it says, now or in a later version. Probes are about none.
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

/// What the subscriptions of `poll` get for a payload about it: the update, if there is one that this version knows.
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

    fn tallied(options: usize, count: u64) -> Update {
        let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
        let made = draft.into_poll(poll(), Timestamp::EPOCH, &Keyring::ephemeral());
        let mut tally = Tally::new(&made.unwrap());
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
    fn the_largest_node_id_survives() {
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
    fn what_is_too_long_becomes_a_notice_with_the_position() {
        let update = tallied(100, u64::MAX);
        let payload = payload(&update).unwrap();
        assert!(payload.len() < 200, "{payload}");
        assert!(
            payload.contains("\"position\":{\"epoch\":1,\"revision\":0}"),
            "{payload}"
        );
        assert_eq!(poll_of(&payload).unwrap(), Some(update.poll()));
        assert_eq!(delivery(update.poll(), &payload), Delivery::Lagged);
    }

    #[test]
    fn what_just_fits_is_sent_whole() {
        let mut lengths = (1..130).map(|options| payload(&tallied(options, 1)).unwrap().len());
        let last_whole = lengths
            .by_ref()
            .take_while(|length| *length > 200)
            .last()
            .unwrap();
        assert!(
            (LONGEST - 80..=LONGEST).contains(&last_whole),
            "{last_whole}"
        );
    }

    #[test]
    fn updates_of_a_later_version_are_missed() {
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
    fn an_update_reaches_nobody_whom_it_is_not_about() {
        let (addressed, other) = (poll(), poll());
        let payload =
            format!(r#"{{"poll":"{addressed}","update":{{"type":"deleted","poll":"{other}"}}}}"#);
        assert_eq!(delivery(addressed, &payload), Delivery::Lagged);
    }

    #[test]
    fn garbage_is_about_no_poll() {
        for garbage in [
            "",
            "hello",
            "{}",
            "[1]",
            r#"{"poll":7}"#,
            r#"{"probe":false}"#,
            "\u{0}",
        ] {
            assert!(poll_of(garbage).is_err(), "{garbage}");
        }
        assert_eq!(poll_of(PROBE).unwrap(), None);
    }
}
