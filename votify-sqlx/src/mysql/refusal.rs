//! Why a server cannot be used, and what to do, in one line. sqlx's errors hold no password.

use std::fmt;
use std::time::Duration;

use sqlx::mysql::MySqlConnectOptions;

use super::number;
use crate::error::Error;

/// Where a server is looked for.
#[derive(Debug)]
pub(super) struct Place(String);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Place {
    pub(super) fn of(options: &MySqlConnectOptions) -> Self {
        Self(match options.get_socket() {
            Some(path) => path.display().to_string(),
            None => format!("{}:{}", options.get_host(), options.get_port()),
        })
    }

    pub(super) fn silent(&self, patience: Duration) -> Error {
        let seconds = patience.as_secs();
        Error::CannotOpen(format!(
            "the MySQL server at {self} did not answer within {seconds} seconds"
        ))
    }
}

/// What to do about the error of a first connection.
pub(super) fn explained(error: sqlx::Error, options: &MySqlConnectOptions) -> Error {
    let place = Place::of(options);
    let user = options.get_username();
    let database = options.get_database().unwrap_or_default();
    let advice = match &error {
        sqlx::Error::Io(_) => "check that a server is running there and is reachable from this machine".into(),
        sqlx::Error::Tls(_) => {
            "the URL's ssl-mode requires TLS; enable one of sqlx's tls features and TLS on the server, \
             or set ssl-mode=DISABLED in a trusted network"
                .into()
        }
        // The one way in which logging in ends so: the server wants the password encrypted.
        sqlx::Error::Configuration(_) => format!(
            "user {user} logs in with caching_sha2_password; enable sqlx's feature mysql-rsa, or TLS"
        ),
        sqlx::Error::Database(refused) => match number(refused.as_ref()) {
            Some(1045 | 1698) => format!("check the password of user {user}"),
            Some(1044 | 1142 | 1227) => {
                format!("grant user {user} all privileges on database {database}")
            }
            Some(1049) => format!("create the database: CREATE DATABASE {database}"),
            Some(1040 | 1203 | 1226) => "the server has too many connections".into(),
            Some(1129 | 1130) => "the server does not accept connections from this machine".into(),
            Some(1820 | 1862) => format!("the password of user {user} has expired; set a new one"),
            // SECURE_TRANSPORT_REQUIRED of either server
            Some(3159 | 4161) => {
                "the server requires TLS; enable one of sqlx's tls features and set ssl-mode=REQUIRED".into()
            }
            _ => return other(error, &place),
        },
        _ => return other(error, &place),
    };
    Error::CannotOpen(one_line(&format!(
        "cannot connect to the MySQL server at {place}: {error}; {advice}"
    )))
}

fn other(error: sqlx::Error, place: &Place) -> Error {
    match Error::from(error) {
        Error::Unavailable(error) | Error::Lost(error) | Error::Conflict(error) => {
            Error::CannotOpen(one_line(&format!(
                "cannot connect to the MySQL server at {place}: {error}"
            )))
        }
        other => other,
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
