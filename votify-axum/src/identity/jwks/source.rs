use std::fmt;
use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Url};

use super::keys::{Keys, parse};
use crate::identity::JwksError;

/// Maximum size of a key set in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// The location of a key set. `Debug` shows only the host of a URL, because the rest may
/// contain a password.
#[derive(Clone)]
pub(super) enum Source {
    File(PathBuf),
    Url { url: Url, client: Client },
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Url { url, .. } => f.debug_tuple("Url").field(&url.host_str()).finish(),
        }
    }
}

impl Source {
    pub(super) fn file(path: &Path) -> Self {
        Self::File(path.to_owned())
    }

    pub(super) fn url(text: &str) -> Result<Self, JwksError> {
        let url: Url = text.parse().map_err(JwksError::InvalidUrl)?;
        let is_safe = match url.scheme() {
            "https" => true,
            "http" => url.host_str().is_some_and(is_loopback),
            _ => false,
        };
        if !is_safe {
            return Err(JwksError::InsecureUrl);
        }
        // A redirect could lead to a URL without TLS.
        let client = Client::builder().redirect(Policy::none());
        let client = client.build().map_err(JwksError::Client)?;
        Ok(Self::Url { url, client })
    }

    /// Reads the keys. Cancel safe.
    pub(super) async fn read(&self, timeout: Duration) -> Result<Keys, JwksError> {
        match self {
            Self::Url { url, client } => {
                parse(&fetch(client, url, timeout).await.map_err(without_url)?)
            }
            Self::File(_) => {
                let source = self.clone();
                let reading = tokio::task::spawn_blocking(move || source.read_file());
                let join_error = |error| JwksError::File(std::io::Error::other(error));
                reading.await.map_err(join_error)?
            }
        }
    }

    /// Reads the keys of a file. Blocks.
    pub(super) fn read_file(&self) -> Result<Keys, JwksError> {
        let Self::File(path) = self else {
            return Err(JwksError::NoUsableKey);
        };
        let mut bytes = Vec::new();
        let max = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
        let mut file = File::open(path).map_err(JwksError::File)?.take(max + 1);
        file.read_to_end(&mut bytes).map_err(JwksError::File)?;
        if bytes.len() > MAX_BYTES {
            return Err(JwksError::TooLarge(MAX_BYTES));
        }
        parse(&bytes)
    }
}

async fn fetch(client: &Client, url: &Url, timeout: Duration) -> Result<Vec<u8>, JwksError> {
    let request = client.get(url.clone()).timeout(timeout);
    let response = request.send().await.map_err(JwksError::Fetch)?;
    let mut response = response.error_for_status().map_err(JwksError::Fetch)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(JwksError::Fetch)? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(JwksError::TooLarge(MAX_BYTES));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Removes the URL of an error: it may contain a password.
fn without_url(error: JwksError) -> JwksError {
    match error {
        JwksError::Fetch(error) => JwksError::Fetch(error.without_url()),
        other => other,
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost"
        || bare
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_need_tls_or_loopback() {
        for safe in [
            "https://login.example.org/keys",
            "http://127.0.0.1:8080/keys",
            "http://[::1]/keys",
            "http://localhost/keys",
        ] {
            assert!(Source::url(safe).is_ok(), "{safe}");
        }
        for unsafe_url in [
            "http://login.example.org/keys",
            "http://localhost.example.org/",
            "ftp://127.0.0.1/keys",
            "file:///etc/keys",
        ] {
            let result = Source::url(unsafe_url);
            assert!(
                matches!(result, Err(JwksError::InsecureUrl)),
                "{unsafe_url}"
            );
        }
        assert!(matches!(Source::url("keys"), Err(JwksError::InvalidUrl(_))));
        let secret = Source::url("https://user:hunter2@login.example.org/keys?key=hunter2");
        assert!(!format!("{:?}", secret.unwrap()).contains("hunter2"));
    }
}
