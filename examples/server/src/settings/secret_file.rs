use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// Reads the secret, or creates the file: readable by its owner only, and written
/// atomically. Servers that start at the same time get the same secret.
pub(super) fn read_or_create(path: &Path, had_database: bool) -> io::Result<String> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        read => return read,
    }
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let secret = format!(
        "{}{}\n",
        uuid::Uuid::new_v4().simple(),
        uuid::Uuid::new_v4().simple()
    );
    // Mode 0600, which `tempfile` promises.
    let mut file = tempfile::Builder::new()
        .prefix(".votify-secret-")
        .tempfile_in(directory)?;
    file.write_all(secret.as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => {
            #[cfg(unix)]
            std::fs::File::open(directory)?.sync_all()?;
            tracing::info!(file = %path.display(), "created a secret; back it up with the database");
            if had_database {
                tracing::warn!(
                    "the database is older than this secret: polls created with another secret accept no votes"
                );
            }
            Ok(secret)
        }
        Err(refused) if refused.error.kind() == ErrorKind::AlreadyExists => {
            std::fs::read_to_string(path)
        }
        Err(refused) => Err(refused.error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_start_together_get_one_secret() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("votify.db.secret");
        let secrets: Vec<String> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..16)
                .map(|_| scope.spawn(|| read_or_create(&path, false).unwrap()))
                .collect();
            starts
                .into_iter()
                .map(|start| start.join().unwrap())
                .collect()
        });
        assert_eq!(secrets[0].trim().len(), 64);
        assert!(secrets.iter().all(|secret| *secret == secrets[0]));
        let names: Vec<_> = std::fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["votify.db.secret"]);
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_readable_by_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        read_or_create(&path, false).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
