use votify_axum::{AllowedHost, InvalidHost};

use crate::error::CliError;
use crate::settings::ServeSettings;

/// Parses host names separated by commas.
pub(super) fn parse(text: &str) -> Result<Vec<AllowedHost>, String> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| {
            item.parse()
                .map_err(|error: InvalidHost| format!("{item:?}: {error}"))
        })
        .collect()
}

/// Fails if others can reach the server, and the names by which they do are unknown.
pub(crate) fn check(settings: &ServeSettings) -> Result<(), CliError> {
    let is_loopback = settings.listen.ip().to_canonical().is_loopback();
    if is_loopback || settings.public_url.is_some() || !settings.allowed_hosts.is_empty() {
        return Ok(());
    }
    Err(CliError::usage(format!(
        "--public-url and --allowed-hosts are not set, and {} is not a loopback address: give the URL that browsers use, \
         like --public-url https://polls.example.org, or the names of this server, like --allowed-hosts polls.example.org \
         (* allows every name)",
        settings.listen
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_with_an_optional_port() {
        let hosts = parse("polls.example.org, A.example:8080,,*").unwrap();
        let shown: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["polls.example.org", "a.example:8080", "*"]);
        assert_eq!(parse(" ").unwrap(), []);
        for bad in ["https://polls.example.org", "*.example.org", "a b", "a,b:x"] {
            assert!(
                parse(bad).unwrap_err().contains("polls.example.org"),
                "{bad}"
            );
        }
    }
}
