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
            "the MySQL server at {self} does not answer within {seconds} seconds"
        ))
    }
}

/// What to do about the error of a first connection.
pub(super) fn explained(error: sqlx::Error, options: &MySqlConnectOptions) -> Error {
    let place = Place::of(options);
    let user = options.get_username();
    let database = options.get_database().unwrap_or_default();
    let advice = match &error {
        sqlx::Error::Io(_) => "is a server running there, and may it be reached from here?".into(),
        sqlx::Error::Tls(_) => {
            "the URL's ssl-mode wants TLS: it needs one of sqlx's tls features, and a server that \
             offers TLS, or ssl-mode=DISABLED where the network is trusted"
                .into()
        }
        // The one way in which logging in ends so: the server wants the password encrypted.
        sqlx::Error::Configuration(_) => format!(
            "user {user} logs in by caching_sha2_password, which needs sqlx's feature mysql-rsa or TLS"
        ),
        sqlx::Error::Database(refused) => match number(refused.as_ref()) {
            Some(1045 | 1698) => format!("is the password of user {user} right?"),
            Some(1044 | 1142 | 1227) => {
                format!("user {user} needs all privileges on database {database}")
            }
            Some(1049) => format!("create it: CREATE DATABASE {database}"),
            Some(1040 | 1203 | 1226) => "it has too many connections already".into(),
            Some(1129 | 1130) => "it does not let this machine in".into(),
            Some(1820 | 1862) => format!("user {user} has to get a new password"),
            // SECURE_TRANSPORT_REQUIRED of either server
            Some(3159 | 4161) => {
                "it wants TLS: one of sqlx's tls features, and ssl-mode=REQUIRED".into()
            }
            _ => return other(error, &place),
        },
        _ => return other(error, &place),
    };
    Error::CannotOpen(one_line(&format!(
        "the MySQL server at {place} cannot be used: {error}; {advice}"
    )))
}

fn other(error: sqlx::Error, place: &Place) -> Error {
    match Error::from(error) {
        Error::Unavailable(error) | Error::Lost(error) | Error::Conflict(error) => {
            Error::CannotOpen(one_line(&format!(
                "the MySQL server at {place} cannot be used: {error}"
            )))
        }
        other => other,
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
