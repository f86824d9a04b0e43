//! How often one address may try to get in.

use votify_core::account::UserName;

use crate::accounts::Desk;
use crate::caller::RequestCaller;
use crate::limits::{RateLimit, acquire, address_key, tag};
use crate::problem::Problem;
use crate::shared::Shared;

/// Takes one attempt to register.
pub(super) async fn registration(
    shared: &Shared,
    desk: &Desk,
    caller: &RequestCaller,
) -> Result<Option<RateLimit>, Problem> {
    let key = || address_key(shared, "register", caller.address_block());
    acquire(shared, key, desk.quotas.register).await
}

/// Takes one attempt to log in: of the address, and of the address under this name. Guessing one user's password from many
/// addresses is slowed down by none of them; it would let anybody lock that user out.
pub(super) async fn login(
    shared: &Shared,
    desk: &Desk,
    caller: &RequestCaller,
    name: Option<&UserName>,
) -> Result<Option<RateLimit>, Problem> {
    let address = caller.address_block();
    let all = || address_key(shared, "login-address", address);
    let under_all = acquire(shared, all, desk.quotas.address).await?;
    let Some(name) = name else {
        return Ok(under_all);
    };
    // Whole addresses: `None` and every block are texts of their own.
    let address = address.map(|address| address.to_string());
    let address = address.unwrap_or_default();
    let parts: &[&[u8]] = &[b"login-name", address.as_bytes(), name.key().as_bytes()];
    let one = || tag(shared, parts);
    acquire(shared, one, desk.quotas.login).await
}
