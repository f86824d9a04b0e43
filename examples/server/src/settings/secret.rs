mod kept;

use std::path::{Path, PathBuf};

use votify_core::Keyring;

use crate::failure::Failure;
use crate::settings::{ServeSettings, Sources};

const HOW_TO_MAKE_ONE: &str = "make one with `openssl rand -hex 32`";

/// The secrets that were given, if any.
pub(super) fn read(sources: &Sources<'_>) -> Result<Option<Keyring>, Failure> {
    sources
        .unflagged("secret", sources.file().secret.as_ref())?
        .parse(ring)
}

fn ring(text: &str) -> Result<Keyring, String> {
    Keyring::new(text.split(',').map(str::trim))
        .map_err(|error| format!("{error}; {HOW_TO_MAKE_ONE}"))
}

/// Whether the server may go without a given secret where it listens.
pub(crate) fn check(settings: &ServeSettings) -> Result<(), Failure> {
    if settings.secret.is_some() {
        return Ok(());
    }
    let store = &settings.common.store;
    if store.is_server() {
        return Err(Failure::usage(format!(
            "VOTIFY_SECRET is not set, and polls in {store} outlive this process: {HOW_TO_MAKE_ONE} and give it to every \
             instance, for votes are known by it"
        )));
    }
    if settings.listen.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "VOTIFY_SECRET is not set, and {} is no loopback address: {HOW_TO_MAKE_ONE} and keep it, for votes are known by it",
        settings.listen
    )))
}

/// The secrets to use: those given, else the one kept beside the database (made if there is none), else, for a store that
/// ends with this process, one that does too.
///
/// Call it once the store is there, so that a server that cannot start leaves no secret behind. `had_database` tells whether
/// the database was there before.
pub(crate) fn keyring(settings: &ServeSettings, had_database: bool) -> Result<Keyring, Failure> {
    match (&settings.secret, settings.common.store.file()) {
        (Some(given), _) => Ok(given.clone()),
        (None, None) => Ok(Keyring::ephemeral()),
        (None, Some(database)) => {
            let path = beside(database);
            let text = kept::read_or_make(&path, had_database).map_err(|error| {
                Failure::failed(format!(
                    "the secret in {} cannot be kept: {error}; set VOTIFY_SECRET instead",
                    path.display()
                ))
            })?;
            ring(text.trim()).map_err(|_| {
                Failure::failed(format!(
                    "{} holds no secret; restore it from a backup, for votes are known by it",
                    path.display()
                ))
            })
        }
    }
}

/// `votify.db` has its secret in `votify.db.secret`.
fn beside(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".secret");
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_do_not_show_the_secret() {
        let problem = ring("hunter2").unwrap_err();
        assert!(
            problem.contains("32 bytes") && !problem.contains("hunter2"),
            "{problem}"
        );
        assert!(ring("0123456789abcdef0123456789abcdef, 0123456789abcdef0123456789abcdeX").is_ok());
        assert!(ring("0123456789abcdef0123456789abcdef,").is_err());
    }
}
