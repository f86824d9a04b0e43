//! What is said, and where.

use std::sync::Arc;

use votify_core::PollId;
use votify_core::broadcast::{Delivery, Update};

use crate::connect::Redis;

/// What the names of channels end with, after the poll's part.
const REST: &str = "updates";

/// Far above the update with the longest texts and the most options. What is longer is not looked into.
const LONGEST: usize = 1 << 20;

/// In place of an update that is too long: no update, and so missed.
const NOTICE: &str = "{}";

pub(super) fn channel(redis: &Redis, poll: PollId) -> String {
    redis.poll_key(poll, REST)
}

/// The poll whose channel it is.
pub(super) fn poll_of(channel: &[u8]) -> Option<PollId> {
    let channel = std::str::from_utf8(channel).ok()?;
    let (before, _) = channel.rsplit_once('}')?;
    let (_, poll) = before.rsplit_once('{')?;
    poll.parse().ok()
}

/// An update as it is sent, or a notice that there was one.
pub(super) fn payload(update: &Update) -> serde_json::Result<String> {
    let payload = serde_json::to_string(update)?;
    if payload.len() <= LONGEST {
        return Ok(payload);
    }
    Ok(NOTICE.to_owned())
}

/// What the subscriptions of `poll` get for a payload on its channel: the update, if it is one that this version knows.
pub(super) fn delivery(poll: PollId, payload: &[u8]) -> Delivery {
    if payload.len() > LONGEST {
        return Delivery::Lagged;
    }
    match serde_json::from_slice::<Update>(payload) {
        Ok(update) if update.poll() == poll => Delivery::Update(Arc::new(update)),
        _ => Delivery::Lagged,
    }
}

#[cfg(test)]
mod tests {
    use votify_core::Timestamp;
    use votify_core::broadcast::NodeId;

    use super::*;

    fn poll() -> PollId {
        PollId::generate(Timestamp::EPOCH)
    }

    #[test]
    fn the_largest_node_id_survives() {
        let update = Update::Viewers {
            poll: poll(),
            node: NodeId(u128::MAX),
            viewers: 1,
        };
        let payload = payload(&update).unwrap();
        let delivery = delivery(update.poll(), payload.as_bytes());
        assert_eq!(delivery, Delivery::Update(Arc::new(update)));
    }

    #[test]
    fn what_is_no_update_of_the_poll_is_missed() {
        let (poll, other) = (poll(), poll());
        let of_other = payload(&Update::Deleted { poll: other }).unwrap();
        let too_long = format!("{}{}", of_other, " ".repeat(LONGEST));
        for strange in [
            "",
            "hello",
            "{}",
            NOTICE,
            r#"{"type":"sparkled","glitter":7}"#,
            r#"{"type":"deleted"}"#,
            "\u{0}",
            &of_other,
        ] {
            assert_eq!(delivery(poll, strange.as_bytes()), Delivery::Lagged);
        }
        assert_eq!(delivery(poll, &[0xff, 0xfe]), Delivery::Lagged);
        assert_eq!(delivery(other, too_long.as_bytes()), Delivery::Lagged);
    }

    #[test]
    fn channels_tell_their_poll() {
        let poll = poll();
        for channel in [
            format!("votify:{{{poll}}}:updates"),
            format!("a:{{{poll}}}:updates"),
        ] {
            assert_eq!(poll_of(channel.as_bytes()), Some(poll));
        }
        for strange in [
            "",
            "votify",
            "votify:{}:updates",
            "votify:{pizza}:updates",
            "}{",
        ] {
            assert_eq!(poll_of(strange.as_bytes()), None, "{strange}");
        }
        assert_eq!(poll_of(&[0xff]), None);
    }
}
