//! How callers show who they are, for the description of the API.

use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
#[cfg(feature = "accounts")]
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder};
use utoipa::openapi::{Components, OpenApi};

use crate::config::Config;

const SESSION: &str = "session";

/// Adds what this server takes. Nothing of it is needed by every call: most may be made by anybody, and where a poll or an
/// owner's call asks for more the refusal says so.
pub(crate) fn describe(description: &mut OpenApi, config: &Config) {
    let session = cookie(
        config.cookies().name(),
        "A browser session, which the answer to a first vote or poll sets: it votes where `voters` is `browser`, and owns the polls \
         that it made.",
    );
    let components = description.components.get_or_insert_default();
    components.add_security_scheme(SESSION, session);
    let mut schemes = vec![SESSION];
    schemes.extend(logins(components, config));
    let needed = schemes.into_iter().map(requires);
    let anybody = std::iter::once(SecurityRequirement::default());
    description.security = Some(anybody.chain(needed).collect());
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
