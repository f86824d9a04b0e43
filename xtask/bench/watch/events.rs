use memchr::memmem::find;

const END: &[u8] = b"\n\n";

/// The event that begins there, as begin and end of its text, and where the next one may begin; `None` while it is
/// incomplete. The lengths between the pieces of the answer are passed over: an event here always comes in one piece.
pub(super) fn event_at(received: &[u8], begin: usize) -> Option<(usize, usize, usize)> {
    let rest = received.get(begin..)?;
    let end = find(rest, END)?;
    let text = rest.get(..end)?;
    // The length of a piece stands on a line of its own before it.
    let skipped = find_last_line_end(text).unwrap_or_default();
    Some((begin + skipped, begin + end, begin + end + END.len()))
}

/// Where what follows the last line with a carriage return begins.
fn find_last_line_end(text: &[u8]) -> Option<usize> {
    memchr::memrchr(b'\r', text).map(|at| (at + 2).min(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_found_between_the_lengths_of_pieces() {
        let received =
            b"d\r\nretry: 1000\n\n\r\n1c\r\nevent: poll_updated\ndata: {}\n\n\r\n3\r\n:\n\n\r\n5\r\nevent";
        let mut found = Vec::new();
        let mut begin = 0;
        while let Some((from, to, next)) = event_at(received, begin) {
            found.push(std::str::from_utf8(&received[from..to]).unwrap());
            begin = next;
        }
        assert_eq!(found, ["retry: 1000", "event: poll_updated\ndata: {}", ":"]);
    }
}
