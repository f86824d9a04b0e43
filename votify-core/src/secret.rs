//! Secrets, and the keys derived from them for voter ids, owner ids, cookies and tokens.

mod keyring;
mod mac;

pub use keyring::{KeyId, Keyring, Purpose, SecretError};
pub use mac::Mac;
