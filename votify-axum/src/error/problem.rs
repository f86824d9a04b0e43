use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use axum::Json;
#[cfg(feature = "ui")]
use axum::http::HeaderMap;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;
use votify_core::poll::FieldError;

use super::body::{FieldErrorBody, ProblemBody};
use super::code::ErrorCode;
use super::rate_limit::RateLimitHeaders;
use crate::dto::fields::MAX_ERRORS;

/// An error response: `application/problem+json` with a stable `code` (RFC 9457).
///
/// All routes of Votify answer errors in this shape. A host's own handlers can do so too:
/// errors of the engine, of a store and of an [`Identity`](crate::Identity) convert with
/// `?`. The statuses agree with
/// [`EngineError::status`](votify_core::EngineError::status), with one exception: a caller
/// without a session gets 404 `not_voted`, because votes over HTTP start a session.
///
/// Unexpected errors become a 500 with a random id. The server logs the cause under that
/// id, and the client sees only the id.
///
/// ```
/// use axum::Router;
/// use axum::extract::{Path, State};
/// use axum::routing::get;
/// use votify_axum::Problem;
/// use votify_core::{Caller, MemoryStore, PollEngine, PollId};
///
/// async fn title(
///     State(engine): State<PollEngine>,
///     Path(id): Path<String>,
/// ) -> Result<String, Problem> {
///     let id: PollId = id.parse().unwrap_or(PollId::from_bytes([0; 16]));
///     let snapshot = engine.poll(id, &Caller::anonymous()).await?;
///     Ok(snapshot.poll.title.clone())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let engine = PollEngine::new(MemoryStore::new());
/// let error = title(State(engine.clone()), Path("unknown".to_owned())).await.unwrap_err();
/// assert_eq!((error.status().as_u16(), error.code()), (404, "poll_not_found"));
///
/// let app: Router = Router::new()
///     .route("/titles/{id}", get(title))
///     .with_state(engine);
/// # let _ = app;
/// # }
/// ```
#[derive(Debug)]
pub struct Problem {
    code: ErrorCode,
    detail: Cow<'static, str>,
    errors: Vec<FieldErrorBody>,
    id: Option<Uuid>,
    retry_after: Option<Duration>,
    rate_limit: Option<RateLimitHeaders>,
}

impl Problem {
    /// Returns the HTTP status of the response.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.code.status()
    }

    /// Returns the `code` of the body: a stable name of the kind of error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code.name()
    }

    pub(crate) const fn new(code: ErrorCode) -> Self {
        Self {
            code,
            detail: Cow::Borrowed(code.advice()),
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

    /// Adds a sentence to the detail.
    pub(crate) fn with_advice(mut self, advice: &str) -> Self {
        self.detail = format!("{}; {advice}", self.detail).into();
        self
    }

    pub(crate) const fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    pub(crate) const fn with_rate_limit(mut self, rate_limit: RateLimitHeaders) -> Self {
        self.rate_limit = Some(rate_limit);
        self
    }

    /// Creates a problem that lists errors of single fields, at most [`MAX_ERRORS`].
    pub(crate) fn field_errors(code: ErrorCode, errors: Vec<FieldError>) -> Self {
        let mut problem = Self::new(code);
        let errors = errors.into_iter().take(MAX_ERRORS);
        problem.errors = errors.map(FieldErrorBody::from).collect();
        problem
    }

    /// Creates a 500 for a bug or a wrong setup. Logs `cause` under the id that the
    /// client receives.
    pub(crate) fn internal(cause: &dyn fmt::Display) -> Self {
        let id = Uuid::new_v4();
        tracing::error!(%id, %cause, "request failed");
        let mut problem = Self::new(ErrorCode::Internal);
        problem.id = Some(id);
        problem
    }

    /// Returns what happened and what to do as a sentence for people: the errors of fields,
    /// or else the detail, or else the title.
    #[cfg(feature = "ui")]
    pub(crate) fn sentence(&self) -> String {
        let errors = self.errors.iter().map(|error| error.problem.as_str());
        let errors = errors.collect::<Vec<_>>().join("; ");
        let texts = [errors, self.detail_with_wait()];
        let text = texts.iter().find(|text| !text.is_empty());
        crate::ui::sentence(text.map_or(self.code.title(), String::as_str))
    }

    /// Writes the headers about rate limits and retries to another response.
    #[cfg(feature = "ui")]
    pub(crate) fn write_retry_headers(&self, headers: &mut HeaderMap) {
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        if let Some(rate_limit) = self.rate_limit {
            rate_limit.write_to(headers);
        }
    }

    #[cfg(test)]
    pub(crate) const fn error_code(&self) -> ErrorCode {
        self.code
    }

    /// Returns the detail, and how long to wait before a retry.
    fn detail_with_wait(&self) -> String {
        let Some(wait) = self.retry_after.map(whole_seconds) else {
            return self.detail.clone().into_owned();
        };
        match &*self.detail {
            "" => format!("retry after {wait} s"),
            detail => format!("{detail}; retry after {wait} s"),
        }
    }

    pub(crate) fn body(&self) -> ProblemBody {
        ProblemBody {
            code: self.code.name(),
            status: self.code.status().as_u16(),
            title: self.code.title(),
            detail: self.detail_with_wait(),
            errors: self.errors.clone(),
            id: self.id,
            retry_after: self.retry_after.map(whole_seconds),
        }
    }
}

impl From<ErrorCode> for Problem {
    fn from(code: ErrorCode) -> Self {
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
        if self.code.status() == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"votify\""),
            );
        }
        if self.code.status() == StatusCode::UPGRADE_REQUIRED {
            // RFC 6455, 4.2.2 and RFC 9110, 15.5.22.
            headers.insert(
                header::SEC_WEBSOCKET_VERSION,
                HeaderValue::from_static("13"),
            );
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        }
        if let Some(rate_limit) = self.rate_limit {
            rate_limit.write_to(headers);
        }
        response
    }
}

/// Rounds up, to at least 1: a client that waits that long does not come too early.
fn whole_seconds(wait: Duration) -> u64 {
    let rounded = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    rounded.max(1)
}
