//! WebSocket frames: parsing those of a server, building those of a client.

use anyhow::{Result, ensure};

/// An unmasked frame of a server: opcode, and bounds of the payload in the buffer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) opcode: u8,
    pub(super) start: usize,
    pub(super) end: usize,
}

pub(super) const TEXT: u8 = 1;
pub(super) const CLOSE: u8 = 8;
pub(super) const PING: u8 = 9;
const PONG: u8 = 10;

/// Finds the frame that starts at `start`. Returns `None` while it is incomplete.
///
/// # Errors
/// If it is fragmented, masked or longer than 65 535 bytes, which no server here sends.
pub(super) fn next_frame(received: &[u8], start: usize) -> Result<Option<Frame>> {
    let Some([first, second, rest @ ..]) = received.get(start..) else {
        return Ok(None);
    };
    ensure!(first & 0x80 != 0, "fragmented message");
    let (length, head) = match (second, rest) {
        (0..=125, _) => (usize::from(*second), 2),
        (126, [high, low, ..]) => (usize::from(u16::from_be_bytes([*high, *low])), 4),
        (126, _) => return Ok(None),
        _ => anyhow::bail!("masked frame, or frame longer than 65 535 bytes"),
    };
    let frame = Frame {
        opcode: first & 0x0f,
        start: start + head,
        end: start + head + length,
    };
    Ok((frame.end <= received.len()).then_some(frame))
}

/// Builds a short text frame of a client. Its mask is zero, so the payload is unchanged.
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
    fn consecutive_frames_are_found() {
        let long = [&[0x81, 126, 1, 0][..], &[b'x'; 256]].concat();
        let received = [&[0x89, 1, b'p'][..], &long].concat();
        let ping = next_frame(&received, 0).unwrap().unwrap();
        assert_eq!((ping.opcode, ping.start, ping.end), (PING, 2, 3));
        let message = next_frame(&received, ping.end).unwrap().unwrap();
        assert_eq!(
            (message.opcode, message.start, message.end),
            (TEXT, 7, 7 + 256)
        );
        assert_eq!(next_frame(&received, message.end).unwrap(), None);
        for short in 3..received.len() {
            assert_eq!(next_frame(&received[..short], 3).unwrap(), None);
        }
    }

    #[test]
    fn fragmented_and_masked_frames_are_errors() {
        assert!(next_frame(&[0x01, 1, b'p'], 0).is_err());
        assert!(next_frame(&[0x81, 0x81, 0, 0, 0, 0, b'p'], 0).is_err());
    }

    #[test]
    fn client_frames_are_masked() {
        assert_eq!(text("40"), [0x81, 0x82, 0, 0, 0, 0, b'4', b'0']);
    }
}
