use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::{PollFilter, PollOrder};
use crate::id::PollId;
use crate::poll::PollState;

/// The last poll of a page, after which the next page begins.
///
/// Unlike page numbers, cursors neither repeat nor skip a poll while others are created or
/// deleted. A cursor is valid for one filter and order. Clients treat its text as opaque.
/// The text is not signed, so a client can make up a cursor of a list.
///
/// ```
/// use votify_core::{PollCursor, PollFilter};
///
/// assert!(PollCursor::parse("made up", &PollFilter::default()).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PollCursor {
    /// A digest of the filter and the order.
    query: [u8; 8],
    key: i64,
    id: PollId,
}

/// The text is not a cursor of this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a cursor that this list returned, with the same filter and order")]
pub struct ParseCursorError;

impl PollCursor {
    /// Returns the cursor after a poll in the list of `filter`.
    #[must_use]
    pub fn of(state: &PollState, filter: &PollFilter) -> Self {
        Self::at(filter.order.sort_key(state), state.poll.id, filter)
    }

    /// Returns the cursor after a [sort key](PollOrder::sort_key) and an id in the list
    /// of `filter`, for stores whose index may be older than the polls.
    #[must_use]
    pub fn at(key: i64, id: PollId, filter: &PollFilter) -> Self {
        Self {
            query: filter.digest(),
            key,
            id,
        }
    }

    /// Reads the text of a cursor that the list of `filter` returned.
    ///
    /// # Errors
    /// Returns [`ParseCursorError`] if the text is malformed or belongs to another filter
    /// or order.
    pub fn parse(text: &str, filter: &PollFilter) -> Result<Self, ParseCursorError> {
        let cursor: Self = text.parse()?;
        if cursor.query == filter.digest() {
            Ok(cursor)
        } else {
            Err(ParseCursorError)
        }
    }

    /// Returns the [sort key](PollOrder::sort_key) of the last poll of the page.
    #[must_use]
    pub const fn key(&self) -> i64 {
        self.key
    }

    /// Returns the id of the last poll of the page.
    #[must_use]
    pub const fn id(&self) -> PollId {
        self.id
    }

    /// Returns true if a poll comes after this cursor.
    #[must_use]
    pub fn precedes(&self, state: &PollState, order: PollOrder) -> bool {
        let place = (order.sort_key(state), state.poll.id);
        order.compare_keys(&(self.key, self.id), &place).is_lt()
    }
}

impl fmt::Display for PollCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut place = [0; 16];
        place[..8].copy_from_slice(&self.query);
        place[8..].copy_from_slice(&self.key.to_be_bytes());
        let place = Uuid::from_bytes(place);
        write!(f, "{}{}", place.simple(), self.id.as_uuid().simple())
    }
}

impl FromStr for PollCursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, ParseCursorError> {
        let (place, id) = text.split_at_checked(32).ok_or(ParseCursorError)?;
        let read = |part: &str| match part.len() {
            32 => Uuid::try_parse(part).map_err(|_| ParseCursorError),
            _ => Err(ParseCursorError),
        };
        let [q0, q1, q2, q3, q4, q5, q6, q7, key @ ..] = read(place)?.into_bytes();
        Ok(Self {
            query: [q0, q1, q2, q3, q4, q5, q6, q7],
            key: i64::from_be_bytes(key),
            id: PollId::from_uuid(read(id)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll::{PollDraft, Visibility};
    use crate::secret::Keyring;
    use crate::time::Timestamp;

    fn state() -> PollState {
        let (now, keyring) = (Timestamp::EPOCH, Keyring::ephemeral());
        let draft = PollDraft::single_choice("t", ["a", "b"]);
        PollState::new(
            draft
                .into_poll(PollId::generate(now), now, &keyring)
                .unwrap(),
        )
    }

    #[test]
    fn cursors_round_trip_for_their_own_list_only() {
        let filter = PollFilter::default();
        for order in PollOrder::ALL {
            let filter = PollFilter {
                order,
                ..filter.clone()
            };
            let cursor = PollCursor::of(&state(), &filter);
            assert_eq!(PollCursor::parse(&cursor.to_string(), &filter), Ok(cursor));
        }
        let text = PollCursor::of(&state(), &filter).to_string();
        let others = [
            PollFilter {
                order: PollOrder::Closing,
                ..filter.clone()
            },
            PollFilter {
                category: Some("a".into()),
                ..filter.clone()
            },
            PollFilter {
                external_ref: Some("a".into()),
                ..filter.clone()
            },
            PollFilter {
                words: vec!["a".into()],
                ..filter.clone()
            },
            PollFilter {
                visibility: Some(Visibility::Unlisted),
                ..filter.clone()
            },
            PollFilter::all(),
        ];
        for other in others {
            assert_eq!(
                PollCursor::parse(&text, &other),
                Err(ParseCursorError),
                "{other:?}"
            );
        }
        for bad in [
            "",
            "1",
            &text[1..],
            &text[..63],
            &format!("{text}0"),
            &"é".repeat(32),
        ] {
            assert_eq!(
                PollCursor::parse(bad, &filter),
                Err(ParseCursorError),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_place_precedes_later_polls_only() {
        let (first, second) = (state(), state());
        for order in PollOrder::ALL {
            let filter = PollFilter {
                order,
                ..PollFilter::default()
            };
            let place = PollCursor::of(&first, &filter);
            assert!(!place.precedes(&first, order));
            let expected = order.compare(&first, &second).is_lt();
            assert_eq!(place.precedes(&second, order), expected);
        }
    }
}
