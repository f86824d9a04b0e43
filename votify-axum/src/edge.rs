//! What every request meets: one layer, as each costs more than what is done here.

use std::any::Any;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::http::header::{self, Entry};
use axum::http::{HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use tower::{Layer, Service};

use crate::origin::check_origin;
use crate::problem::Problem;
use crate::shared::Shared;

/// Refuses writes of foreign web pages, answers panics, and keeps browsers from guessing types.
#[derive(Debug, Clone)]
pub(crate) struct EdgeLayer(pub(crate) Shared);

impl<S> Layer<S> for EdgeLayer {
    type Service = Edge<S>;

    fn layer(&self, inner: S) -> Edge<S> {
        Edge {
            inner,
            shared: self.0.clone(),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Edge<S> {
    inner: S,
    shared: Shared,
}

impl<S> Service<Request> for Edge<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Unpin,
{
    type Response = Response;
    type Error = Infallible;
    type Future = EdgeFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match guard_writes(&self.shared, &request) {
            Ok(()) => EdgeFuture::Asked(self.inner.call(request)),
            Err(problem) => EdgeFuture::Refused(Some(problem)),
        }
    }
}

/// The answer, at last with what every answer has.
#[derive(Debug)]
pub(crate) enum EdgeFuture<F> {
    Asked(F),
    /// Until it is taken.
    Refused(Option<Box<Problem>>),
}

impl<F> Future for EdgeFuture<F>
where
    F: Future<Output = Result<Response, Infallible>> + Unpin,
{
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut response = match self.get_mut() {
            Self::Asked(answer) => {
                // What panicked is not polled again: an answer is all that is made of it.
                match catch_unwind(AssertUnwindSafe(|| Pin::new(answer).poll(cx))) {
                    Ok(Poll::Pending) => return Poll::Pending,
                    Ok(Poll::Ready(Ok(response))) => response,
                    Ok(Poll::Ready(Err(never))) => match never {},
                    Err(payload) => panicked(&*payload),
                }
            }
            Self::Refused(problem) => match problem.take() {
                Some(problem) => problem.into_response(),
                None => return Poll::Pending,
            },
        };
        let headers = response.headers_mut();
        if let Entry::Vacant(entry) = headers.entry(header::X_CONTENT_TYPE_OPTIONS) {
            entry.insert(HeaderValue::from_static("nosniff"));
        }
        Poll::Ready(Ok(response))
    }
}

/// What a browser's page of a foreign origin asks for is done only if it changes nothing.
fn guard_writes(shared: &Shared, request: &Request) -> Result<(), Box<Problem>> {
    let writes = !matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if writes {
        let config = &shared.config;
        let public_url = config.public_url.as_ref();
        let (headers, uri) = (request.headers(), request.uri());
        check_origin(headers, uri, public_url, &config.allowed_origins)?;
    }
    Ok(())
}

/// A panic's words are for the log.
fn panicked(payload: &(dyn Any + Send)) -> Response {
    let words = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words");
    Problem::internal(&format_args!("panicked: {words}")).into_response()
}
