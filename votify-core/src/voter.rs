//! Who votes: what is known of a caller, what a poll makes of it, and who owns a poll.

mod address_id;
mod identity;
mod invite;
mod policy;
mod voter_id;

pub use address_id::AddressId;
pub use identity::{AccountId, Caller, Owner, SessionId};
pub use invite::{InviteCode, ParseInviteCodeError};
pub use policy::{IdentifyError, VoterPolicy};
pub use voter_id::{OwnerId, ParseVoterIdError, VoterId};
