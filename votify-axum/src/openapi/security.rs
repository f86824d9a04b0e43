//! The authentication schemes, for the OpenAPI document.

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
#[cfg(any(feature = "accounts", feature = "jwks"))]
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder};
use utoipa::openapi::{Components, OpenApi, PathItem};

use crate::config::Config;
use crate::extract::session;

const SESSION: &str = "session";

/// The scheme of tokens of an outside issuer.
#[cfg(feature = "jwks")]
const ISSUER: &str = "issuer";

/// The placeholder scheme of operations for owners. [`describe`] replaces it by the
/// schemes of this server.
const OWNER: &str = "owner";

/// Adds the schemes of this server.
///
/// Most operations are open to everybody; a poll that needs more says so in its error.
/// Operations for owners need one of the schemes. If a host has an identity of its own,
/// its scheme is unknown, so operations for owners name none.
pub(crate) fn describe(document: &mut OpenApi, config: &Config) {
    let session = cookie(
        session::cookie_name(config.cookies()),
        "A browser session. The first page, poll, stream or vote that a browser requests sets it. \
         It votes in polls whose `voters` is `browser`, and owns the polls that it created.",
    );
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(SESSION, session);
    #[cfg_attr(not(feature = "jwks"), expect(unused_mut, reason = "only for issuers"))]
    let mut logins = logins(components, config);
    #[cfg(feature = "jwks")]
    if let Some(issuer) = &config.issuer {
        let text = format!("A token of the issuer {}.", issuer.issuer());
        components.add_security_scheme(ISSUER, bearer(&text));
        logins.push(ISSUER);
    }
    // Accounts of Votify replace an identity of the host, and their schemes are known.
    let schemes_are_complete = config.identity.is_none() || has_accounts(config);
    let schemes = std::iter::once(SESSION).chain(logins);
    let needed: Vec<_> = schemes.map(requirement).collect();
    let owners = schemes_are_complete.then(|| needed.clone());
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        if operation.security == Some(vec![requirement(OWNER)]) {
            operation.security.clone_from(&owners);
        }
    }
    let anonymous = std::iter::once(SecurityRequirement::default());
    document.security = Some(anonymous.chain(needed).collect());
}

fn has_accounts(config: &Config) -> bool {
    #[cfg(feature = "accounts")]
    return config.accounts.is_some();
    #[cfg(not(feature = "accounts"))]
    {
        let _ = config;
        false
    }
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

/// Adds the schemes of accounts, if there are accounts, and returns their names.
#[cfg(feature = "accounts")]
fn logins(components: &mut Components, config: &Config) -> Vec<&'static str> {
    if config.accounts.is_none() {
        return Vec::new();
    }
    let name = crate::accounts::cookie::name(config.cookies());
    let login = bearer("The token that registering and logging in return.");
    components.add_security_scheme("login", login);
    let same = cookie(
        name,
        "The same token as a cookie, which those responses set.",
    );
    components.add_security_scheme("login_cookie", same);
    vec!["login", "login_cookie"]
}

#[cfg(not(feature = "accounts"))]
const fn logins(_: &mut Components, _: &Config) -> Vec<&'static str> {
    Vec::new()
}

#[cfg(any(feature = "accounts", feature = "jwks"))]
fn bearer(description: &str) -> SecurityScheme {
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(description));
    SecurityScheme::Http(scheme.build())
}

fn cookie(name: &str, description: &str) -> SecurityScheme {
    SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
        name,
        description,
    )))
}

fn requirement(scheme: &str) -> SecurityRequirement {
    SecurityRequirement::new::<_, [&str; 0], &str>(scheme, [])
}
