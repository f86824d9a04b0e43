use serde::Serialize;
use serde_json::Value;
use tungstenite::Message;

use crate::dto::stream::{StreamError, VoteConfirmed, VoteQueued, VoteRejected};
use crate::extract::json::{JsonError, parse_json};

/// Maximum number of characters of a `request_id`.
const MAX_REQUEST_ID_LENGTH: usize = 100;

/// A message of a client over its WebSocket.
#[derive(Debug)]
pub(super) enum Command {
    /// Casts a vote. `body` has the form of a vote's request body.
    Vote {
        request_id: Option<String>,
        body: Value,
    },
    /// Requests the current state.
    Refresh,
    /// Anything else. The message is about a repeated key.
    Malformed(Option<String>),
}

impl Command {
    pub(super) fn parse(message: &Message) -> Self {
        let Message::Text(text) = message else {
            return Self::Malformed(None);
        };
        let mut fields = match parse_json(text.as_bytes()) {
            Ok(Value::Object(fields)) => fields,
            Ok(_) => return Self::Malformed(None),
            Err(JsonError::RepeatedKey(message)) => return Self::Malformed(Some(message)),
            Err(_) => return Self::Malformed(None),
        };
        let kind = fields.remove("type");
        match kind.as_ref().and_then(Value::as_str) {
            Some("refresh") if fields.is_empty() => Self::Refresh,
            Some("vote") => match fields.remove("request_id") {
                None => Self::Vote {
                    request_id: None,
                    body: Value::Object(fields),
                },
                Some(Value::String(id)) if id.chars().nth(MAX_REQUEST_ID_LENGTH).is_none() => {
                    Self::Vote {
                        request_id: Some(id),
                        body: Value::Object(fields),
                    }
                }
                Some(_) => Self::Malformed(None),
            },
            _ => Self::Malformed(None),
        }
    }
}

/// The reply to a [`Command`].
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Reply {
    VoteQueued(VoteQueued),
    VoteConfirmed(VoteConfirmed),
    VoteRejected(VoteRejected),
    Error(StreamError),
}

impl Reply {
    pub(super) const fn malformed(detail: Option<String>) -> Self {
        Self::error("malformed_message", detail)
    }

    pub(super) const fn error(code: &'static str, detail: Option<String>) -> Self {
        Self::Error(StreamError { code, detail })
    }
}
