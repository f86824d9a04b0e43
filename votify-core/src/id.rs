//! Ids of polls, options and ballots.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::{NoContext, Uuid};

use crate::time::Timestamp;

/// The text is not a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct ParseIdError;

/// Defines an id type around a UUID.
macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Generates a version 7 UUID: `now` in its leading bits, the rest random.
            #[must_use]
            pub fn generate(now: Timestamp) -> Self {
                let (seconds, nanos) = now.to_unix_parts();
                Self(Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanos)))
            }

            /// Wraps a UUID of any version.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Wraps 16 bytes in network order.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// Returns the UUID.
            #[must_use]
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }

            /// Returns the 16 bytes in network order, which sort like the ids.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                Uuid::try_parse(text).map(Self).map_err(|_| ParseIdError)
            }
        }
    };
}

pub(crate) use uuid_id;

uuid_id! {
    /// The id of a poll.
    PollId
}
uuid_id! {
    /// The id of a poll's option.
    OptionId
}
uuid_id! {
    /// The id of a ballot, which makes retries safe: a ballot sent twice counts once.
    ///
    /// The voting client generates it; any UUID works. It must be unique for one voter in
    /// one poll.
    BallotId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_ids_sort_by_time() {
        let early = PollId::generate(Timestamp::from_micros(1_000_000).unwrap());
        let late = PollId::generate(Timestamp::from_micros(9_000_000).unwrap());
        assert!(early < late);
        assert_eq!(early.as_uuid().get_version_num(), 7);
    }

    #[test]
    fn text_and_uuids_round_trip() {
        let id = OptionId::generate(Timestamp::EPOCH);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("pizza".parse::<OptionId>(), Err(ParseIdError));
        assert_eq!(OptionId::from(Uuid::from(id)), id);
    }
}
