use std::fmt;

use url::Url;

/// The URL of a server, with its credentials. `Display` and `Debug` hide them.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ServerUrl(String);

impl ServerUrl {
    /// Parses a URL that names a host. Errors never repeat the text, which may hold a
    /// password.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("is not a URL: {error}"))?;
        if url.fragment().is_some() || url.path().contains('@') {
            return Err(
                "has a #, / or ? before its @: in user and password write them as %23, %2F and %3F"
                    .into(),
            );
        }
        if url.host_str().is_none_or(str::is_empty) && url.query().is_none() {
            return Err(format!(
                "has no host; write {}://user:password@host/database",
                url.scheme()
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the URL with its credentials.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Writes the URL without its password and its parameters, which may hold a password too.
impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(mut url) = Url::parse(&self.0) else {
            return f.write_str(HIDDEN);
        };
        if url.password().is_some() && url.set_password(Some(HIDDEN)).is_err() {
            return f.write_str(HIDDEN);
        }
        if url.query().is_some() {
            url.set_query(Some(HIDDEN));
        }
        url.fmt(f)
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerUrl({self})")
    }
}

/// The replacement of a secret in output. Too short to be accepted as a secret itself.
pub(super) const HIDDEN: &str = "***";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden_and_addresses_are_shown() {
        let url =
            ServerUrl::parse("postgres://ann:hunter2@db:5433/polls?password=hunter2").unwrap();
        assert_eq!(url.to_string(), "postgres://ann:***@db:5433/polls?***");
        assert!(!format!("{url:?}").contains("hunter2"));
        let problem = ServerUrl::parse("postgres://ann:hunter2@db:port/polls").unwrap_err();
        assert!(!problem.contains("hunter2"), "{problem}");
        assert!(ServerUrl::parse("postgres:").is_err());
        for unescaped in [
            "postgres://ann:12#hunter2@db/polls",
            "mysql://ann:/hunter2@db/polls",
        ] {
            let problem = ServerUrl::parse(unescaped).unwrap_err();
            assert!(
                problem.contains("%2F") && !problem.contains("hunter2"),
                "{problem}"
            );
        }
    }
}
