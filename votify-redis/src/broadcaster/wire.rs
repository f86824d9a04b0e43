//! Channel names and message format.

use std::sync::Arc;

use votify_core::PollId;
use votify_core::broadcast::{Delivery, Update};

use crate::connect::Redis;

/// Suffix of channel names, after the poll's part.
const CHANNEL_SUFFIX: &str = "updates";

/// Maximum size of a message: 1 MiB. The largest valid update is far smaller. Longer
/// messages are not parsed.
const MAX_PAYLOAD_BYTES: usize = 1 << 20;

/// Replaces an update that is too long. It parses as no update, so it becomes `Lagged`.
const OVERSIZE_NOTICE: &str = "{}";

pub(super) fn channel(redis: &Redis, poll: PollId) -> String {
    redis.poll_key(poll, CHANNEL_SUFFIX)
}

/// Returns the poll of a channel name.
pub(super) fn parse_channel(channel: &[u8]) -> Option<PollId> {
    let channel = std::str::from_utf8(channel).ok()?;
    let (before, _) = channel.rsplit_once('}')?;
    let (_, poll) = before.rsplit_once('{')?;
    poll.parse().ok()
}

/// Encodes an update, or a notice if the update is too long.
pub(super) fn encode(update: &Update) -> serde_json::Result<String> {
    let payload = serde_json::to_string(update)?;
    if payload.len() <= MAX_PAYLOAD_BYTES {
        return Ok(payload);
    }
    Ok(OVERSIZE_NOTICE.to_owned())
}

/// Decodes a message from the channel of `poll`.
///
/// Anything but an update of this poll becomes `Lagged`.
pub(super) fn decode(poll: PollId, payload: &[u8]) -> Delivery {
    if payload.len() > MAX_PAYLOAD_BYTES {
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
    use votify_core::broadcast::InstanceId;

    use super::*;

    fn poll() -> PollId {
        PollId::generate(Timestamp::EPOCH)
    }

    #[test]
    fn largest_node_id_round_trips() {
        let update = Update::Viewers {
            poll: poll(),
            instance: InstanceId(u128::MAX),
            viewers: 1,
        };
        let payload = encode(&update).unwrap();
        let delivery = decode(update.poll(), payload.as_bytes());
        assert_eq!(delivery, Delivery::Update(Arc::new(update)));
    }

    #[test]
    fn foreign_messages_decode_as_lagged() {
        let (poll, other) = (poll(), poll());
        let update_of_other = encode(&Update::Deleted { poll: other }).unwrap();
        let too_long = format!("{}{}", update_of_other, " ".repeat(MAX_PAYLOAD_BYTES));
        for foreign in [
            "",
            "hello",
            "{}",
            OVERSIZE_NOTICE,
            r#"{"type":"sparkled","glitter":7}"#,
            r#"{"type":"deleted"}"#,
            "\u{0}",
            &update_of_other,
        ] {
            assert_eq!(decode(poll, foreign.as_bytes()), Delivery::Lagged);
        }
        assert_eq!(decode(poll, &[0xff, 0xfe]), Delivery::Lagged);
        assert_eq!(decode(other, too_long.as_bytes()), Delivery::Lagged);
    }

    #[test]
    fn channel_names_contain_their_poll() {
        let poll = poll();
        for channel in [
            format!("votify:{{{poll}}}:updates"),
            format!("a:{{{poll}}}:updates"),
        ] {
            assert_eq!(parse_channel(channel.as_bytes()), Some(poll));
        }
        for foreign in [
            "",
            "votify",
            "votify:{}:updates",
            "votify:{pizza}:updates",
            "}{",
        ] {
            assert_eq!(parse_channel(foreign.as_bytes()), None, "{foreign}");
        }
        assert_eq!(parse_channel(&[0xff]), None);
    }
}
