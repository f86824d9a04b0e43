//! Refusals: one shape for all of them, and the one place where the engine's errors become them.

mod body;
mod code;
mod engine;
mod identity;
mod refusals;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;
use votify_core::poll::FieldError;

pub(crate) use body::{FieldErrorBody, ProblemBody};
pub(crate) use code::Code;
#[cfg(feature = "accounts")]
pub(crate) use engine::chain;
pub(crate) use engine::{later, refused_choice};
pub(crate) use refusals::{Refusals, refusals};

use crate::limits::RateLimit;

/// A refusal on its way to the client.
#[derive(Debug)]
pub(crate) struct Problem {
    code: Code,
    detail: Cow<'static, str>,
    errors: Vec<FieldErrorBody>,
    id: Option<Uuid>,
    retry_after: Option<Duration>,
    rate_limit: Option<RateLimit>,
}

impl Problem {
    pub(crate) const fn new(code: Code) -> Self {
        Self {
            code,
            detail: Cow::Borrowed(""),
            errors: Vec::new(),
            id: None,
            retry_after: None,
            rate_limit: None,
        }
    }

    pub(crate) fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    pub(crate) const fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    pub(crate) const fn with_rate_limit(mut self, rate_limit: RateLimit) -> Self {
        self.rate_limit = Some(rate_limit);
        self
    }

    /// A refusal for what is wrong with single fields.
    pub(crate) fn fields(code: Code, problems: Vec<FieldError>) -> Self {
        let mut problem = Self::new(code);
        problem.errors = problems.into_iter().map(FieldErrorBody::from).collect();
        problem
    }

    /// A bug or a broken set-up: the log gets the cause, the client an id to find it by.
    pub(crate) fn internal(cause: &dyn fmt::Display) -> Self {
        let id = Uuid::new_v4();
        tracing::error!(%id, %cause, "a request failed");
        let mut problem = Self::new(Code::Internal);
        problem.id = Some(id);
        problem
    }

    pub(crate) const fn code(&self) -> Code {
        self.code
    }

    pub(crate) fn body(&self) -> ProblemBody {
        ProblemBody {
            code: self.code.name(),
            status: self.code.status().as_u16(),
            title: self.code.title(),
            detail: self.detail.clone().into_owned(),
            errors: self.errors.clone(),
            id: self.id,
            retry_after: self.retry_after.map(whole_seconds),
        }
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.code.status(), Json(self.body())).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        if self.code.status() == axum::http::StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"votify\""),
            );
        }
        if let Some(rate_limit) = self.rate_limit {
            rate_limit.write_to(headers);
        }
        response
    }
}

/// Rounded up, at least 1: who waits so long does not come too early.
fn whole_seconds(wait: Duration) -> u64 {
    let rounded = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    rounded.max(1)
}
