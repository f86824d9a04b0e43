use super::choice::{Choice, Repr};
use crate::id::OptionId;
use crate::poll::{OPTIONS_MAX, Poll};

const WITHDRAWAL: u8 = 0x10;
const ONE: u8 = 0x11;
const SEVERAL: u8 = 0x12;

/// The number of ordinals: half of a byte's values, so that the highest bit is free for
/// later kinds.
const ORDINALS: usize = 128;

const _: () = assert!(OPTIONS_MAX <= ORDINALS);

/// The choice cannot be encoded for this poll. A choice that [`Choice::check`] accepts
/// always can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeChoiceError {
    /// The poll has no such option.
    #[error("{0} is not an option of the poll")]
    UnknownOption(OptionId),
    /// An option occurs more than once.
    #[error("an option is chosen more than once")]
    RepeatedOption,
}

/// The stored bytes are not a choice of the poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stored bytes are not a choice of the poll")]
pub struct CorruptChoice;

/// Converts choices of one poll to and from their stored form, which refers to options by
/// ordinal.
///
/// The ordinal of an option is its index in [`Poll::options`], starting at 0. Callers
/// that have the poll use [`Poll::encode_choice`] and [`Poll::decode_choice`], which
/// convert in the same way.
///
/// # Format
///
/// The high half of the first byte is the version of the format, which is 1. The low half
/// is the kind of choice. One byte follows for each chosen option.
///
/// | first byte | choice | following bytes | length |
/// | --- | --- | --- | --- |
/// | `0x10` | [`Choice::withdraw`] | none | 1 |
/// | `0x11` | [`Choice::one`] | the ordinal of the option | 2 |
/// | `0x12` | [`Choice::several`] | the ordinals of the options, strictly ascending | 1 + options |
/// | any other | none: [`CorruptChoice`] | | |
///
/// An ordinal is a number from 0 to 127, because a poll has at most [`OPTIONS_MAX`]
/// options. A new kind of choice gets a first byte of its own. The meaning of an assigned
/// first byte never changes.
///
/// Two choices of a poll are equal if and only if their bytes are equal. A store can
/// therefore group ballots by these bytes, for
/// [`Tally::recounted_by_choice`](crate::Tally::recounted_by_choice).
///
/// # Which options to pass
///
/// An edit before the first ballot may add, remove and reorder options. The first ballot
/// freezes their ids and order, so ordinals never change after it. The options must be
/// read in the same transaction as the ballot, or later. Options that were read before
/// the first ballot may decode to another choice.
///
/// ```
/// use votify_core::backend::ChoiceCodec;
/// use votify_core::{Choice, OptionId, Timestamp};
///
/// let [a, b, c] = [(); 3].map(|()| OptionId::generate(Timestamp::EPOCH));
/// let codec = ChoiceCodec::new([a, b, c]);
/// let choice = Choice::several([c, a]);
/// let bytes = codec.encode(&choice)?;
/// assert_eq!(bytes, [0x12, 0, 2]);
/// assert_eq!(codec.decode(&bytes)?, choice);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChoiceCodec(Box<[OptionId]>);

impl ChoiceCodec {
    /// Creates a codec from the ids of the poll's options, which are distinct and in the
    /// order of [`Poll::options`].
    #[must_use]
    pub fn new(options: impl IntoIterator<Item = OptionId>) -> Self {
        Self(options.into_iter().collect())
    }

    /// Returns the stored form of a choice.
    ///
    /// # Errors
    /// The same as [`Poll::encode_choice`].
    pub fn encode(&self, choice: &Choice) -> Result<Vec<u8>, EncodeChoiceError> {
        encode(self.0.iter().copied(), choice)
    }

    /// Returns the choice with this stored form.
    ///
    /// # Errors
    /// The same as [`Poll::decode_choice`].
    pub fn decode(&self, bytes: &[u8]) -> Result<Choice, CorruptChoice> {
        decode(self.0.iter().copied(), bytes)
    }
}

impl Poll {
    /// Returns the stored form of a choice: a byte for the version and kind, then one
    /// byte for each option. [`ChoiceCodec`] documents the format.
    ///
    /// # Errors
    /// A choice that was accepted for this poll causes no error. A store returns
    /// [`StoreError::Failed`](crate::StoreError::Failed) and writes nothing.
    /// - [`EncodeChoiceError::UnknownOption`]: an option is not among the options of this
    ///   poll. The choice is for another poll, or was not checked.
    /// - [`EncodeChoiceError::RepeatedOption`]: the choice contains an option twice, and
    ///   was not checked.
    pub fn encode_choice(&self, choice: &Choice) -> Result<Vec<u8>, EncodeChoiceError> {
        encode(self.options.iter().map(|option| option.id), choice)
    }

    /// Returns the choice with this stored form.
    ///
    /// `self` must have been read in the same transaction as the bytes, or later. Before
    /// the first ballot, an edit may change the options to which the bytes refer.
    ///
    /// # Errors
    /// Returns [`CorruptChoice`] for bytes that [`encode_choice`](Self::encode_choice)
    /// does not return for any choice of this poll. The stored row is damaged, or belongs
    /// to another poll; a store returns
    /// [`StoreError::Corrupt`](crate::StoreError::Corrupt).
    pub fn decode_choice(&self, bytes: &[u8]) -> Result<Choice, CorruptChoice> {
        decode(self.options.iter().map(|option| option.id), bytes)
    }
}

/// Encodes in one pass over the poll's options, with a binary search in the sorted choice
/// for each. Ordinals are found in ascending order, without an index of the options.
fn encode(
    options: impl Iterator<Item = OptionId> + Clone,
    choice: &Choice,
) -> Result<Vec<u8>, EncodeChoiceError> {
    let kind = match choice.0 {
        Repr::Withdraw => WITHDRAWAL,
        Repr::One(_) => ONE,
        Repr::Several(_) => SEVERAL,
    };
    let options = options.take(ORDINALS);
    let chosen = choice.options();
    let length = 1 + chosen.len();
    let mut bytes = Vec::with_capacity(length);
    bytes.push(kind);
    for (ordinal, option) in (0..).zip(options.clone()) {
        if bytes.len() == length {
            break;
        }
        if chosen.binary_search(&option).is_ok() {
            bytes.push(ordinal);
        }
    }
    if bytes.len() == length {
        return Ok(bytes);
    }
    let is_unknown = |chosen: &&OptionId| options.clone().all(|option| option != **chosen);
    Err(match chosen.iter().find(is_unknown) {
        Some(option) => EncodeChoiceError::UnknownOption(*option),
        None => EncodeChoiceError::RepeatedOption,
    })
}

fn decode(options: impl Iterator<Item = OptionId>, bytes: &[u8]) -> Result<Choice, CorruptChoice> {
    let mut options = options.take(ORDINALS);
    match bytes {
        [WITHDRAWAL] => Ok(Choice::withdraw()),
        [ONE, ordinal] => {
            let option = options.nth((*ordinal).into());
            option.map(Choice::one).ok_or(CorruptChoice)
        }
        [SEVERAL, ordinals @ ..] => {
            let chosen = ascending(options, ordinals);
            chosen.map(Choice::several).ok_or(CorruptChoice)
        }
        _ => Err(CorruptChoice),
    }
}

/// Returns the options with these ordinals, or `None` if the ordinals do not ascend or
/// there is no such option.
fn ascending(
    mut options: impl Iterator<Item = OptionId>,
    ordinals: &[u8],
) -> Option<Vec<OptionId>> {
    // The ordinal of the option that `options` returns next.
    let mut next = 0;
    let option_at = |ordinal: &u8| {
        let skipped = usize::from(*ordinal).checked_sub(next)?;
        next += skipped + 1;
        options.nth(skipped)
    };
    ordinals.iter().map(option_at).collect()
}

#[cfg(test)]
mod tests;
