use axum::extract::ws::Message as Received;
use serde::Serialize;
use serde_json::Value;

use crate::dto::receipt::ReceiptBody;
use crate::problem::ProblemBody;

/// The most characters of a `request_id`.
const REQUEST_ID_MAX: usize = 100;

/// What a client asks for over its WebSocket.
#[derive(Debug)]
pub(super) enum Command {
    /// To vote: the body of a vote, and the name of the request.
    Vote {
        request_id: Option<String>,
        body: Value,
    },
    /// To be told how things stand.
    Refresh,
    /// Nothing that can be understood.
    Malformed,
}

impl Command {
    pub(super) fn read(received: &Received) -> Self {
        let Received::Text(text) = received else {
            return Self::Malformed;
        };
        let Ok(Value::Object(mut fields)) = serde_json::from_str(text) else {
            return Self::Malformed;
        };
        let kind = fields.remove("type");
        match kind.as_ref().and_then(Value::as_str) {
            Some("refresh") if fields.is_empty() => Self::Refresh,
            Some("vote") => match fields.remove("request_id") {
                None => Self::Vote {
                    request_id: None,
                    body: Value::Object(fields),
                },
                Some(Value::String(id)) if id.chars().nth(REQUEST_ID_MAX).is_none() => Self::Vote {
                    request_id: Some(id),
                    body: Value::Object(fields),
                },
                Some(_) => Self::Malformed,
            },
            _ => Self::Malformed,
        }
    }
}

/// What a client is answered over its WebSocket.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Reply {
    VoteConfirmed {
        #[serde(skip_serializing_if = "Option::is_none")]
        request_id: Option<String>,
        #[serde(flatten)]
        receipt: ReceiptBody,
    },
    VoteRejected {
        #[serde(skip_serializing_if = "Option::is_none")]
        request_id: Option<String>,
        #[serde(flatten)]
        problem: ProblemBody,
    },
    Error {
        code: &'static str,
    },
}

impl Reply {
    pub(super) const MALFORMED: Self = Self::Error {
        code: "malformed_message",
    };
}
