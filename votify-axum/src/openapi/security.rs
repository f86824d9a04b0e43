//! How callers show who they are, for the description of the API.

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
#[cfg(feature = "accounts")]
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder};
use utoipa::openapi::{Components, OpenApi, PathItem};

use crate::config::Config;

const SESSION: &str = "session";

/// What an owner's call names as its security until [`describe`] knows by what an owner is known here.
const OWNER: &str = "owner";

/// Adds what this server takes. Most calls may be made by anybody, and where a poll asks for more the refusal says so. Those of
/// owners need one of the schemes; but a host that knows users in its own way is not to be second-guessed.
pub(crate) fn describe(description: &mut OpenApi, config: &Config) {
    let session = cookie(
        config.cookies().name(),
        "A browser session, which the answer to a first vote or poll sets: it votes where `voters` is `browser`, and owns the polls \
         that it made.",
    );
    let components = description.components.get_or_insert_default();
    components.add_security_scheme(SESSION, session);
    let logins = logins(components, config);
    // Users of our accounts log in by what is described, and come before those of the host.
    let are_all = config.identity.is_none() || !logins.is_empty();
    let schemes = std::iter::once(SESSION).chain(logins);
    let needed: Vec<_> = schemes.map(requires).collect();
    let owners = are_all.then(|| needed.clone());
    for operation in description.paths.paths.values_mut().flat_map(operations) {
        if operation.security == Some(vec![requires(OWNER)]) {
            operation.security.clone_from(&owners);
        }
    }
    let anybody = std::iter::once(SecurityRequirement::default());
    description.security = Some(anybody.chain(needed).collect());
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem {
        get,
        put,
        post,
        delete,
        patch,
        ..
    } = path;
    [get, put, post, delete, patch].into_iter().flatten()
}

/// Adds how users of this server's accounts show who they are, if it has accounts.
#[cfg(feature = "accounts")]
fn logins(components: &mut Components, config: &Config) -> Vec<&'static str> {
    if config.accounts.is_none() {
        return Vec::new();
    }
    let name = crate::accounts::cookie_name(config.cookies());
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The token that registering and logging in answer."));
    components.add_security_scheme("login", SecurityScheme::Http(bearer.build()));
    let same = cookie(name, "The same token, which those calls set as a cookie.");
    components.add_security_scheme("login_cookie", same);
    vec!["login", "login_cookie"]
}

#[cfg(not(feature = "accounts"))]
const fn logins(_: &mut Components, _: &Config) -> Vec<&'static str> {
    Vec::new()
}

fn cookie(name: &str, about: &str) -> SecurityScheme {
    SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(name, about)))
}

fn requires(scheme: &str) -> SecurityRequirement {
    SecurityRequirement::new::<_, [&str; 0], &str>(scheme, [])
}
