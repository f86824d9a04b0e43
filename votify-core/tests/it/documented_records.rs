//! The examples in the section "Record format" of `docs/kafka.md`.

use std::path::Path;

use votify_core::backend::LogRecord;
use votify_core::ballot::{Ballot, Choice};
use votify_core::poll::SealCause;
use votify_core::queue::{BallotRecord, CloseMarker};
use votify_core::{Timestamp, VoterId};

/// Returns the bytes of the blocks of hexadecimal digits in the document. The rest of a
/// line after `#` is a comment.
fn documented_values() -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/kafka.md");
    let document = std::fs::read_to_string(path).unwrap();
    let blocks = document.split("```hex\n").skip(1);
    blocks
        .map(|block| {
            let (block, _) = block.split_once("```").unwrap();
            let digits: String = block
                .lines()
                .filter_map(|line| line.split('#').next())
                .flat_map(str::split_whitespace)
                .collect();
            let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
            (0..digits.len()).step_by(2).map(byte).collect()
        })
        .collect()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn documented_examples_are_records() {
    let poll = "0199a000-0000-7000-8000-000000000001".parse().unwrap();
    let mut voter = [0x22; 16];
    voter[0] = 1;
    let ballot = LogRecord::Ballot(BallotRecord {
        ballot: Ballot {
            id: "0199a000-0000-7000-8000-0000000000b1".parse().unwrap(),
            poll,
            voter: VoterId::from_bytes(voter).unwrap(),
            choice: Choice::one("0199a000-0000-7000-8000-0000000000a1".parse().unwrap()),
            address: None,
            accepted: None,
        },
        accepted_at: time("2026-11-28T12:00:00.000001Z"),
    });
    let marker = LogRecord::Close(CloseMarker {
        poll,
        cause: SealCause::Deadline,
        closes_at: Some(time("2026-11-28T12:00:00Z")),
        at: time("2026-11-28T12:00:10Z"),
    });
    assert_eq!(ballot.encode().unwrap().len(), 81);
    let expected = [ballot, marker];
    let values = documented_values();
    assert_eq!(values.len(), expected.len(), "one block for each kind");
    for (value, record) in values.iter().zip(&expected) {
        assert_eq!(LogRecord::decode(value), Ok(record.clone()));
        let encoded = record.encode().unwrap();
        assert_eq!(&encoded, value, "{encoded:02x?}");
    }
}
