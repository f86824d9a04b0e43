use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use votify_core::PollId;

use crate::error::{ErrorCode, Problem};

/// The join code in the path parameter `{code}`, as it was sent.
#[derive(Debug, Clone)]
pub(crate) struct JoinCodePath(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for JoinCodePath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // Fails if the text is not UTF-8, and then it is no code.
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| ErrorCode::PollNotFound)?;
        let code = params.iter().filter(|(name, _)| *name == "code").last();
        let (_, code) = code.ok_or(ErrorCode::PollNotFound)?;
        Ok(Self(code.to_owned()))
    }
}

/// The poll id in the path parameter `{id}`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PollPath(pub(crate) PollId);

impl<S: Send + Sync> FromRequestParts<S> for PollPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| ErrorCode::MalformedId)?;
        // The last one, because a host may nest this router below an `{id}` of its own.
        let id = params.iter().filter(|(name, _)| *name == "id").last();
        id.and_then(|(_, text)| text.parse().ok())
            .map(Self)
            .ok_or_else(|| ErrorCode::MalformedId.into())
    }
}
