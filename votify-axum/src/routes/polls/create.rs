use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::creation::create_within_limits;
use crate::dto::poll::PollBody;
use crate::dto::presentation::Presentation;
use crate::dto::schema::NewPoll;
use crate::error::{Problem, error_responses};
use crate::extract::permitted::{Create, Permitted};
use crate::extract::poll_json::PollJson;
use crate::state::AppState;

const PATH: &str = "/api/polls";

error_responses!(CreateErrors:
    MalformedJson, NotLoggedIn, InvalidLogin, NotAllowed, OriginNotAllowed, RequestTimeout,
    BodyTooLarge, UnsupportedMediaType, InvalidPoll, RateLimited, StoreUnavailable, Overloaded,
    Internal);

/// Creates a poll.
///
/// The owner is the caller's account, or else the caller's browser session. A browser
/// without a session gets one. The server limits the polls of an address and of an owner,
/// the bytes of their texts, and all polls of browser sessions: 429 `rate_limited` names
/// the setting of the limit. An invalid poll does not count toward the limits.
#[utoipa::path(
    post,
    path = "/api/polls",
    tag = "polls",
    request_body = NewPoll,
    responses(
        (status = 201, body = PollBody, description = "The new poll", headers(("Location" = String, description = "The path of the poll"))),
        CreateErrors,
    )
)]
pub(crate) async fn create_poll(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
    Permitted(mut caller, ..): Permitted<Create>,
    body: PollJson,
) -> Result<Response, Problem> {
    let body = body.read(&state).await?;
    let attempt = create_within_limits(&state, &mut caller, body).await?;
    let created = match attempt.result {
        Ok(poll) => state.engine.poll(poll.id, &caller.to_caller()).await,
        Err(error) => Err(error),
    };
    let mut response = match created {
        Ok(snapshot) => {
            let base_path = state.config.base_path(&uri, PATH);
            let location = format!("{base_path}{PATH}/{}", snapshot.poll.id);
            let presentation = Presentation {
                pages: state.config.page_prefix(&uri),
                host_fields: true,
            };
            let body = PollBody::new(&snapshot, &presentation);
            let mut response = (StatusCode::CREATED, Json(body)).into_response();
            if let Ok(location) = HeaderValue::try_from(location) {
                response.headers_mut().insert(header::LOCATION, location);
            }
            response
        }
        Err(error) => Problem::from(error).into_response(),
    };
    response.extensions_mut().insert(attempt.reserved);
    caller.set_session_cookie(&mut response, &state);
    Ok(response)
}
