use std::fmt;

use url::Url;

/// The URL of a server, with what it takes to get in. Shown as its address alone.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ServerUrl(String);

impl ServerUrl {
    /// # Errors
    /// If it is no URL, or names no host. The text is not repeated: it may hold a password.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("is no URL: {error}"))?;
        if url.fragment().is_some() || url.path().contains('@') {
            return Err(
                "has a #, / or ? before its @: in user and password write them as %23, %2F and %3F"
                    .into(),
            );
        }
        if url.host_str().is_none_or(str::is_empty) && url.query().is_none() {
            return Err(format!(
                "names no server: {}://user:password@host/database",
                url.scheme()
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// All of it, secrets included.
    pub(crate) fn as_given(&self) -> &str {
        &self.0
    }
}

/// Without the password and the parameters, among which one may stand too.
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

/// What stands in place of a secret. Too short to be one: a server that is given it does not start.
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
        for torn in [
            "postgres://ann:12#hunter2@db/polls",
            "mysql://ann:/hunter2@db/polls",
        ] {
            let problem = ServerUrl::parse(torn).unwrap_err();
            assert!(
                problem.contains("%2F") && !problem.contains("hunter2"),
                "{problem}"
            );
        }
    }
}
