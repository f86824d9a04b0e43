use anyhow::{Result, ensure};

/// A frame of a server, which masks nothing, as it lies in what was received.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FrameAt {
    pub(super) opcode: u8,
    pub(super) begin: usize,
    pub(super) end: usize,
}

pub(super) const TEXT: u8 = 1;
pub(super) const CLOSE: u8 = 8;
pub(super) const PING: u8 = 9;
const PONG: u8 = 10;

/// The frame that begins there; `None` while it is incomplete.
///
/// # Errors
/// If it is masked or in parts, which no server here sends.
pub(super) fn frame_at(received: &[u8], begin: usize) -> Result<Option<FrameAt>> {
    let Some([first, second, rest @ ..]) = received.get(begin..) else {
        return Ok(None);
    };
    ensure!(first & 0x80 != 0, "a message in parts");
    let (length, head) = match (second, rest) {
        (0..=125, _) => (usize::from(*second), 2),
        (126, [high, low, ..]) => (usize::from(u16::from_be_bytes([*high, *low])), 4),
        (126, _) => return Ok(None),
        _ => anyhow::bail!("a frame that is masked, or larger than any of a poll"),
    };
    let frame = FrameAt {
        opcode: first & 0x0f,
        begin: begin + head,
        end: begin + head + length,
    };
    Ok((frame.end <= received.len()).then_some(frame))
}

/// A short frame of a client, whose mask changes nothing.
pub(super) fn text(payload: &str) -> Vec<u8> {
    masked(TEXT, payload.as_bytes())
}

pub(super) fn pong(payload: &[u8]) -> Vec<u8> {
    masked(PONG, payload)
}

fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let payload = payload.get(..125).unwrap_or(payload);
    let length = u8::try_from(payload.len()).unwrap_or_default();
    let head = [0x80 | opcode, 0x80 | length, 0, 0, 0, 0];
    [&head[..], payload].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_one_after_the_other() {
        let long = [&[0x81, 126, 1, 0][..], &[b'x'; 256]].concat();
        let received = [&[0x89, 1, b'p'][..], &long].concat();
        let ping = frame_at(&received, 0).unwrap().unwrap();
        assert_eq!((ping.opcode, ping.begin, ping.end), (PING, 2, 3));
        let message = frame_at(&received, ping.end).unwrap().unwrap();
        assert_eq!(
            (message.opcode, message.begin, message.end),
            (TEXT, 7, 7 + 256)
        );
        assert_eq!(frame_at(&received, message.end).unwrap(), None);
        for short in 3..received.len() {
            assert_eq!(frame_at(&received[..short], 3).unwrap(), None);
        }
    }

    #[test]
    fn what_no_server_sends_is_an_error() {
        assert!(frame_at(&[0x01, 1, b'p'], 0).is_err());
        assert!(frame_at(&[0x81, 0x81, 0, 0, 0, 0, b'p'], 0).is_err());
    }

    #[test]
    fn what_a_client_sends_is_masked() {
        assert_eq!(text("40"), [0x81, 0x82, 0, 0, 0, 0, b'4', b'0']);
    }
}
