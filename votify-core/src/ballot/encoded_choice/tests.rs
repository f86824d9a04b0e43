use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::id::PollId;
use crate::poll::PollDraft;
use crate::secret::Keyring;
use crate::time::Timestamp;

/// Returns ids whose order differs from the order of the options.
fn ids(count: u8) -> Vec<OptionId> {
    let scrambled = (0..count).map(|ordinal| ordinal.wrapping_mul(167).wrapping_add(91));
    scrambled
        .map(|byte| OptionId::from_bytes([byte; 16]))
        .collect()
}

fn codec(count: u8) -> ChoiceCodec {
    ChoiceCodec::new(ids(count))
}

/// Returns every choice of a poll with these options.
fn all_choices(options: &[OptionId]) -> Vec<Choice> {
    let chosen = |set: u32| {
        let is_chosen = move |(ordinal, _): &(usize, &OptionId)| set >> ordinal & 1 == 1;
        let chosen = options.iter().enumerate().filter(is_chosen);
        Choice::several(chosen.map(|(_, option)| *option))
    };
    let mut choices = vec![Choice::withdraw()];
    choices.extend(options.iter().copied().map(Choice::one));
    choices.extend((0..1 << options.len()).map(chosen));
    choices
}

#[test]
fn bytes_follow_the_documented_format() {
    let options = ids(100);
    let codec = codec(100);
    let [first, third, last] = [0, 2, 99].map(|ordinal: usize| options[ordinal]);
    for (choice, bytes) in [
        (Choice::withdraw(), &[0x10][..]),
        (Choice::one(first), &[0x11, 0]),
        (Choice::one(last), &[0x11, 99]),
        (Choice::several([]), &[0x12]),
        (Choice::several([first]), &[0x12, 0]),
        (Choice::several([last, first, third]), &[0x12, 0, 2, 99]),
    ] {
        assert_eq!(codec.encode(&choice).as_deref(), Ok(bytes));
        assert_eq!(codec.decode(bytes), Ok(choice));
    }
    let all = codec.encode(&Choice::several(options)).unwrap();
    assert_eq!(all.len(), 101);
}

#[test]
fn every_choice_of_small_polls_round_trips_to_distinct_bytes() {
    for count in 0..=8 {
        let (options, codec) = (ids(count), codec(count));
        let mut encoded = HashSet::new();
        for choice in all_choices(&options) {
            let bytes = codec.encode(&choice).unwrap();
            assert_eq!(codec.decode(&bytes), Ok(choice));
            assert!(encoded.insert(bytes));
        }
    }
}

#[test]
fn only_encodings_of_choices_can_be_decoded() {
    let codec = codec(3);
    let valid: HashSet<_> = all_choices(&ids(3))
        .iter()
        .map(|choice| codec.encode(choice).unwrap())
        .collect();
    // All strings of at most 4 bytes over kinds, unknown kinds, and ordinals inside and
    // outside the poll.
    let alphabet = [0, 1, 2, 3, WITHDRAWAL, ONE, SEVERAL, 0x13, 0x80, 0xFF];
    let mut strings = vec![Vec::new()];
    for _ in 0..5 {
        for bytes in &strings {
            let decoded = codec.decode(bytes);
            assert_eq!(decoded.is_ok(), valid.contains(bytes), "{bytes:x?}");
        }
        let longer = |bytes: &Vec<u8>| {
            let bytes = bytes.clone();
            alphabet.map(move |byte| [&*bytes, &[byte]].concat())
        };
        strings = strings.iter().flat_map(longer).collect();
    }
}

#[test]
fn unknown_first_bytes_are_corrupt() {
    for first in (0..=u8::MAX).filter(|first| ![WITHDRAWAL, ONE, SEVERAL].contains(first)) {
        for bytes in [&[first][..], &[first, 0], &[first, 0, 1]] {
            assert_eq!(codec(2).decode(bytes), Err(CorruptChoice), "{bytes:x?}");
        }
    }
}

#[test]
fn unknown_and_repeated_options_are_errors() {
    let (codec, [a, b, foreign]) = (codec(2), ids(3).try_into().unwrap());
    let unknown = Err(EncodeChoiceError::UnknownOption(foreign));
    assert_eq!(codec.encode(&Choice::one(foreign)), unknown);
    assert_eq!(codec.encode(&Choice::several([a, foreign, b])), unknown);
    assert_eq!(codec.encode(&Choice::several([foreign, foreign])), unknown);
    let repeated = Err(EncodeChoiceError::RepeatedOption);
    assert_eq!(codec.encode(&Choice::several([a, b, a])), repeated);
}

#[test]
fn options_without_an_ordinal_are_unknown() {
    let options = ids(129);
    let last = Choice::one(options[128]);
    let unknown = Err(EncodeChoiceError::UnknownOption(options[128]));
    assert_eq!(codec(129).encode(&last), unknown);
    assert_eq!(codec(129).decode(&[ONE, 128]), Err(CorruptChoice));
    assert_eq!(codec(129).decode(&[SEVERAL, 128]), Err(CorruptChoice));
    assert_eq!(
        codec(129).decode(&[ONE, 127]),
        Ok(Choice::one(options[127]))
    );
}

#[test]
fn poll_converts_like_a_codec_of_its_options() {
    let poll = PollDraft::multiple_choice("t", ["a", "b", "c"], 1, 3)
        .into_poll(
            PollId::generate(Timestamp::EPOCH),
            Timestamp::EPOCH,
            &Keyring::ephemeral(),
        )
        .unwrap();
    let options: Vec<_> = poll.options.iter().map(|option| option.id).collect();
    let codec = ChoiceCodec::new(options.clone());
    for choice in all_choices(&options) {
        let bytes = poll.encode_choice(&choice).unwrap();
        assert_eq!(codec.encode(&choice).as_ref(), Ok(&bytes));
        assert_eq!(poll.decode_choice(&bytes), Ok(choice));
    }
    assert_eq!(poll.decode_choice(&[ONE, 3]), Err(CorruptChoice));
}

proptest! {
    #[test]
    fn choices_round_trip_and_are_canonical(
        (options, chosen) in (0..=100_u8).prop_map(ids).prop_flat_map(|options| {
            let chosen = proptest::sample::subsequence(options.clone(), 0..=options.len());
            (Just(options), chosen.prop_shuffle())
        })
    ) {
        let codec = ChoiceCodec::new(options);
        let bytes = codec.encode(&Choice::several(chosen.clone())).unwrap();
        prop_assert_eq!(bytes.len(), 1 + chosen.len());
        prop_assert_eq!(codec.decode(&bytes), Ok(Choice::several(chosen.clone())));
        let reversed = Choice::several(chosen.into_iter().rev());
        prop_assert_eq!(codec.encode(&reversed), Ok(bytes));
    }

    #[test]
    fn decoded_bytes_encode_to_themselves(
        count in 0..=100_u8,
        kind in prop_oneof![Just(WITHDRAWAL), Just(ONE), Just(SEVERAL), any::<u8>()],
        ordinals in prop::collection::vec(any::<u8>(), 0..4),
    ) {
        let bytes = [vec![kind], ordinals].concat();
        if let Ok(choice) = codec(count).decode(&bytes) {
            prop_assert_eq!(codec(count).encode(&choice), Ok(bytes));
        }
    }
}
