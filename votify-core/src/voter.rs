//! Callers, voters and owners.
//!
//! A [`Caller`] holds the identities that a request carries: session, address, account,
//! invite code. A poll's [`VoterPolicy`] selects one of them and derives the [`VoterId`]
//! from it. A keyed digest makes the id different in every poll. An [`Actor`] is a caller
//! or the host itself.
//!
//! ```
//! use votify_core::{Caller, Keyring, PollId, SessionId, Timestamp, VoterPolicy};
//!
//! let keyring = Keyring::ephemeral();
//! let caller = Caller::session(SessionId::random()).with_address("192.0.2.7".parse()?);
//! let [a, b] = [(); 2].map(|()| PollId::generate(Timestamp::EPOCH));
//!
//! let by_browser = VoterPolicy::Browser.identify(&caller, a, keyring.current(), &keyring)?;
//! let by_address = VoterPolicy::Ip.identify(&caller, a, keyring.current(), &keyring)?;
//! let elsewhere = VoterPolicy::Browser.identify(&caller, b, keyring.current(), &keyring)?;
//! assert!(by_browser != by_address && by_browser != elsewhere);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod actor;
mod address_id;
mod identity;
mod invite;
mod policy;
mod voter_id;

pub use actor::Actor;
pub use address_id::AddressId;
pub use identity::{AccountId, Caller, Owner, OwnerKind, SessionId};
pub use invite::{InviteCode, ParseInviteCodeError};
pub use policy::{IdentifyError, VoterPolicy};
pub use voter_id::{OwnerId, ParseVoterIdError, VoterId};
