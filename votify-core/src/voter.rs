//! Who votes: what is known of a caller, what a poll makes of it, and who owns a poll.

mod address_id;
mod identity;
mod invite;
mod policy;
mod voter_id;

pub use address_id::AddressId;
pub use identity::{AccountId, Owner, SessionId, Voter};
pub use invite::{InviteCode, MalformedInvite};
pub use policy::{UnidentifiedVoter, VoterPolicy};
pub use voter_id::{OwnerId, UnknownVoterKind, VoterId};
