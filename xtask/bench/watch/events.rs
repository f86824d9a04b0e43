//! Parsing of server-sent events in a chunked response.

use memchr::memmem::find;

const EVENT_END: &[u8] = b"\n\n";

/// Finds the event that starts at `start`. Returns start and end of its text and the
/// start of the next event, or `None` while the event is incomplete. Chunk lengths are
/// skipped, which is correct because the servers here send each event in one chunk.
pub(super) fn next_event(received: &[u8], start: usize) -> Option<(usize, usize, usize)> {
    let rest = received.get(start..)?;
    let end = find(rest, EVENT_END)?;
    let text = rest.get(..end)?;
    let skipped = end_of_chunk_length(text).unwrap_or_default();
    Some((start + skipped, start + end, start + end + EVENT_END.len()))
}

/// Returns the offset behind the last line that ends with a carriage return: the chunk
/// length has such a line, the event has not.
fn end_of_chunk_length(text: &[u8]) -> Option<usize> {
    memchr::memrchr(b'\r', text).map(|offset| (offset + 2).min(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunk_lengths_between_events_are_skipped() {
        let received =
            b"d\r\nretry: 1000\n\n\r\n1c\r\nevent: poll_updated\ndata: {}\n\n\r\n3\r\n:\n\n\r\n5\r\nevent";
        let mut found = Vec::new();
        let mut start = 0;
        while let Some((from, to, next)) = next_event(received, start) {
            found.push(std::str::from_utf8(&received[from..to]).unwrap());
            start = next;
        }
        assert_eq!(found, ["retry: 1000", "event: poll_updated\ndata: {}", ":"]);
    }
}
