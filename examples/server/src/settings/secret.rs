use std::path::{Path, PathBuf};

use votify_core::Keyring;

use super::secret_file;
use crate::error::CliError;
use crate::settings::{ServeSettings, Sources};

const HOW_TO_CREATE: &str = "create one with `openssl rand -hex 32`";

/// Reads the secrets given, if any.
pub(super) fn read(sources: &Sources<'_>) -> Result<Option<Keyring>, CliError> {
    sources
        .without_flag("secret", sources.file().secret.as_ref())?
        .parse(parse_keyring)
}

fn parse_keyring(text: &str) -> Result<Keyring, String> {
    Keyring::new(text.split(',').map(str::trim))
        .map_err(|error| format!("{error}; {HOW_TO_CREATE}"))
}

/// Fails if the server needs a secret and none was given.
pub(crate) fn check(settings: &ServeSettings) -> Result<(), CliError> {
    if settings.secret.is_some() {
        return Ok(());
    }
    let store = &settings.common.store;
    if store.is_server() {
        return Err(CliError::usage(format!(
            "VOTIFY_SECRET is not set, and polls in {store} outlive this process: {HOW_TO_CREATE} and give the same one to \
             every instance and every start"
        )));
    }
    if settings.listen.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    Err(CliError::usage(format!(
        "VOTIFY_SECRET is not set, and {} is not a loopback address: {HOW_TO_CREATE} and use the same one at every start",
        settings.listen
    )))
}

/// Returns the secrets to use: those given, else the one beside the database file, else a
/// random one for a store that ends with this process. Creates the file if it is missing.
///
/// Call it after opening the store, so that a server that cannot start leaves no secret
/// behind. `had_database` is true if the database existed before.
pub(crate) fn keyring(settings: &ServeSettings, had_database: bool) -> Result<Keyring, CliError> {
    match (&settings.secret, settings.common.store.file()) {
        (Some(given), _) => Ok(given.clone()),
        (None, None) => Ok(Keyring::ephemeral()),
        (None, Some(database)) => {
            let path = secret_path(database);
            let text = secret_file::read_or_create(&path, had_database).map_err(|error| {
                CliError::failed(format!(
                    "cannot write the secret to {}: {error}; set VOTIFY_SECRET instead",
                    path.display()
                ))
            })?;
            parse_keyring(text.trim()).map_err(|_| {
                CliError::failed(format!(
                    "{} holds no valid secret; restore it from a backup, because voters are identified by it",
                    path.display()
                ))
            })
        }
    }
}

/// Returns the path of the secret: `votify.db.secret` for `votify.db`.
fn secret_path(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".secret");
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_do_not_show_the_secret() {
        let problem = parse_keyring("hunter2").unwrap_err();
        assert!(
            problem.contains("32 bytes") && !problem.contains("hunter2"),
            "{problem}"
        );
        assert!(
            parse_keyring("0123456789abcdef0123456789abcdef, 0123456789abcdef0123456789abcdeX")
                .is_ok()
        );
        assert!(parse_keyring("0123456789abcdef0123456789abcdef,").is_err());
    }
}
