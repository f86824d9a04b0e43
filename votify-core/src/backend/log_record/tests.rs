use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::ballot::Choice;
use crate::id::{BallotId, OptionId};
use crate::poll::{OPTIONS_MAX, SealCause};
use crate::time::Timestamp;
use crate::voter::{AddressId, VoterId, VoterPolicy};

fn times() -> impl Strategy<Value = Timestamp> {
    (0..=Timestamp::MAX.as_micros()).prop_map(|micros| Timestamp::from_micros(micros).unwrap())
}

fn options() -> impl Strategy<Value = OptionId> {
    any::<[u8; 16]>().prop_map(OptionId::from_bytes)
}

fn choices() -> impl Strategy<Value = Choice> {
    prop_oneof![
        Just(Choice::withdraw()),
        options().prop_map(Choice::one),
        vec(options(), 0..=OPTIONS_MAX).prop_map(Choice::several),
    ]
}

fn policies() -> impl Strategy<Value = VoterPolicy> {
    (any::<u8>()).prop_filter_map("a policy", VoterPolicy::from_code)
}

fn ballots() -> impl Strategy<Value = LogRecord> {
    let ids = (any::<[u8; 16]>(), any::<[u8; 16]>());
    let voters = (policies(), any::<[u8; 15]>());
    let addresses = proptest::option::of(any::<[u8; 16]>());
    (ids, voters, choices(), addresses, times()).prop_map(
        |((id, poll), (policy, voter), choice, address, accepted_at)| {
            LogRecord::Ballot(BallotRecord {
                ballot: Ballot {
                    id: BallotId::from_bytes(id),
                    poll: PollId::from_bytes(poll),
                    voter: VoterId::new(policy, voter),
                    choice,
                    address: address.map(AddressId::from_bytes),
                    accepted: None,
                },
                accepted_at,
            })
        },
    )
}

fn markers() -> impl Strategy<Value = LogRecord> {
    let causes = prop_oneof![Just(SealCause::Deadline), Just(SealCause::Owner)];
    let closing = proptest::option::of(times());
    (any::<[u8; 16]>(), causes, closing, times()).prop_map(|(poll, cause, closes_at, at)| {
        LogRecord::Close(CloseMarker {
            poll: PollId::from_bytes(poll),
            cause,
            closes_at,
            at,
        })
    })
}

fn records() -> impl Strategy<Value = LogRecord> {
    prop_oneof![3 => ballots(), 1 => markers()]
}

fn decode(bytes: &[u8]) -> Result<LogRecord, DecodeRecordError> {
    LogRecord::decode(bytes)
}

proptest! {
    #[test]
    fn records_round_trip(record in records()) {
        let bytes = record.encode().unwrap();
        prop_assert!(bytes.len() <= LogRecord::MAX_BYTES);
        prop_assert_eq!(decode(&bytes), Ok(record));
    }

    #[test]
    fn delivered_records_can_be_stored_again(record in records(), log_position in 1..=u64::MAX) {
        let source = RecordSource { partition: 3, log_position };
        let delivered = record.clone().deliver(source);
        prop_assert_eq!(delivered.source, source);
        if let QueueRecord::Ballot(ballot) = &delivered.record {
            prop_assert_eq!(ballot.accepted.unwrap().log_position, log_position);
        }
        prop_assert_eq!(LogRecord::from(delivered.record), record);
    }

    #[test]
    fn truncated_records_are_reported(record in records(), cut in any::<prop::sample::Index>()) {
        let bytes = record.encode().unwrap();
        let end = cut.index(bytes.len());
        prop_assert_eq!(decode(&bytes[..end]), Err(DecodeRecordError::Truncated));
    }

    #[test]
    fn no_input_panics(bytes in vec(any::<u8>(), 0..300)) {
        // Random bytes are a record only by a coincidence of 16 bytes and more.
        prop_assert!(decode(&bytes).is_err());
    }

    #[test]
    fn damaged_records_decode_to_records_or_errors(
        record in records(),
        damages in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = record.encode().unwrap();
        for (place, value) in damages {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Ok(damaged) = decode(&bytes) {
            // Whatever decodes is a record with the same meaning when it is stored again.
            let again = damaged.encode().unwrap();
            prop_assert_eq!(decode(&again), Ok(damaged));
        }
    }
}

fn marker() -> LogRecord {
    LogRecord::Close(CloseMarker {
        poll: PollId::from_bytes([7; 16]),
        cause: SealCause::Owner,
        closes_at: None,
        at: Timestamp::EPOCH,
    })
}

#[test]
fn errors_name_what_is_wrong() {
    let bytes = marker().encode().unwrap();
    let with = |index: usize, value: u8| {
        let mut bytes = bytes.clone();
        bytes[index] = value;
        decode(&bytes)
    };
    assert_eq!(bytes[..4], [0x86, 1, 1, 0x50]);
    assert_eq!(decode(b""), Err(DecodeRecordError::Truncated));
    assert_eq!(decode(b"{\"vote\": 1}"), Err(DecodeRecordError::Foreign));
    assert_eq!(with(1, 2), Err(DecodeRecordError::UnknownVersion(2)));
    assert_eq!(with(1, 0), Err(DecodeRecordError::UnknownVersion(0)));
    assert_eq!(with(1, 0x60), Err(DecodeRecordError::Foreign));
    assert_eq!(with(2, 9), Err(DecodeRecordError::UnknownKind(9)));
    assert_eq!(
        with(0, 0x87),
        Err(DecodeRecordError::InvalidField("record"))
    );
    assert_eq!(with(3, 0x4F), Err(DecodeRecordError::InvalidField("poll")));
    assert_eq!(with(20, 2), Err(DecodeRecordError::InvalidField("cause")));
    // A time before 1970.
    assert_eq!(with(21, 0x20), Err(DecodeRecordError::InvalidField("at")));
    let trailing = [bytes.as_slice(), &[0, 0]].concat();
    assert_eq!(decode(&trailing), Err(DecodeRecordError::TrailingBytes(2)));
    let long = vec![0x80; LogRecord::MAX_BYTES + 1];
    assert_eq!(decode(&long), Err(DecodeRecordError::TooLong(long.len())));
}

#[test]
fn ballots_with_more_options_than_a_poll_are_rejected() {
    let ballot = |options: usize| {
        let ids = (0..options).map(|n| OptionId::from_bytes((n as u128).to_be_bytes()));
        LogRecord::Ballot(BallotRecord {
            ballot: Ballot {
                id: BallotId::from_bytes([1; 16]),
                poll: PollId::from_bytes([2; 16]),
                voter: VoterId::new(VoterPolicy::default(), [3; 15]),
                choice: Choice::several(ids),
                address: Some(AddressId::from_bytes([4; 16])),
                accepted: None,
            },
            accepted_at: Timestamp::MAX,
        })
    };
    let largest = ballot(OPTIONS_MAX).encode().unwrap();
    assert_eq!(largest.len(), 1_782, "as the documentation says");
    assert_eq!(
        ballot(OPTIONS_MAX + 1).encode(),
        Err(EncodeRecordError::TooManyOptions(OPTIONS_MAX + 1))
    );
    // The same ballot from another writer: its array has one more element.
    let (head, tail) = (largest.len() - 17 * 101 - 2, largest.len() - 17);
    assert_eq!(largest[head..head + 2], [0x98, 100]);
    let mut bytes = largest[..tail].to_vec();
    bytes[head + 1] = 101;
    bytes.extend_from_slice(&largest[head + 2..head + 19]);
    bytes.extend_from_slice(&largest[tail..]);
    assert_eq!(
        decode(&bytes),
        Err(DecodeRecordError::InvalidField("choice"))
    );
}
