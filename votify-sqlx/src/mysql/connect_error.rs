//! Errors of the first connection, as one line with the server and what to do. sqlx's
//! errors contain no password.

use std::time::Duration;

use sqlx::mysql::MySqlConnectOptions;

use super::error_codes::number;
use crate::error::Error;

/// Returns the address of the server.
fn address(options: &MySqlConnectOptions) -> String {
    match options.get_socket() {
        Some(path) => path.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    }
}

pub(super) fn timed_out(options: &MySqlConnectOptions, timeout: Duration) -> Error {
    let (address, seconds) = (address(options), timeout.as_secs());
    Error::Connect(format!(
        "the MySQL server at {address} did not answer within {seconds} seconds"
    ))
}

/// Adds the server and what to do to an error of the first connection.
pub(super) fn explain(error: sqlx::Error, options: &MySqlConnectOptions) -> Error {
    let address = address(options);
    let user = options.get_username();
    let database = options.get_database().unwrap_or_default();
    let advice = match &error {
        sqlx::Error::Io(_) => {
            "check that a server is running there and is reachable from this machine".into()
        }
        sqlx::Error::Tls(_) => {
            "the URL's ssl-mode requires TLS; enable one of sqlx's tls features and TLS on the server, \
             or set ssl-mode=DISABLED in a trusted network"
                .into()
        }
        // The only login error of this kind: the server requires an encrypted password.
        sqlx::Error::Configuration(_) => format!(
            "user {user} logs in with caching_sha2_password; enable sqlx's feature mysql-rsa, or TLS"
        ),
        sqlx::Error::Database(reported) => match number(reported.as_ref()) {
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
            _ => return without_advice(error, &address),
        },
        _ => return without_advice(error, &address),
    };
    Error::Connect(one_line(&format!(
        "cannot connect to the MySQL server at {address}: {error}; {advice}"
    )))
}

fn without_advice(error: sqlx::Error, address: &str) -> Error {
    match Error::from(error) {
        Error::Unavailable(error) | Error::ConnectionLost(error) | Error::Conflict(error) => {
            Error::Connect(one_line(&format!(
                "cannot connect to the MySQL server at {address}: {error}"
            )))
        }
        other => other,
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
