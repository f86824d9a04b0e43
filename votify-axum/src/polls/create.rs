use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use votify_core::SessionId;

use crate::caller::RequestCaller;
use crate::dto::draft;
use crate::dto::poll::PollBody;
use crate::dto::rules::Abilities;
use crate::dto::schema::NewPoll;
use crate::json::JsonBody;
use crate::mount::root;
use crate::problem::{Code, Problem, refusals};
use crate::shared::Shared;

/// Where polls are, below the path of this router.
const PATH: &str = "/api/polls";

refusals!(CreateRefusals:
    MalformedJson, InvalidLogin, OriginNotAllowed, RequestTimeout, BodyTooLarge, UnsupportedMediaType, InvalidPoll, RateLimited,
    StoreUnavailable, Overloaded, Internal);

/// Makes a poll.
///
/// Its owner is the caller's account, else the caller's browser session, which begins here if there is none.
#[utoipa::path(
    post,
    path = "/api/polls",
    tag = "polls",
    request_body = NewPoll,
    responses(
        (status = 201, body = PollBody, headers(("Location" = String, description = "Where the poll is"))),
        CreateRefusals,
    )
)]
pub(crate) async fn create_poll(
    State(shared): State<Shared>,
    OriginalUri(uri): OriginalUri,
    mut caller: RequestCaller,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let engine = &shared.engine;
    let mut draft = draft::read(
        body,
        abilities(&shared, &caller),
        engine.now(),
        engine.keyring(),
    )
    .map_err(|problems| Problem::fields(Code::InvalidPoll, problems))?;
    if caller.session.is_none() && !caller.is_logged_in() {
        caller.begin_session(SessionId::random(), &shared).await?;
    }
    draft.owner = caller.voter().as_owner();
    let mut response = match engine.create_poll(draft).await {
        Ok(poll) => match engine.poll(poll.id, &caller.voter()).await {
            Ok(snapshot) => {
                let location = format!("{}{PATH}/{}", root(&shared.config, &uri, PATH), poll.id);
                let mut response =
                    (StatusCode::CREATED, Json(PollBody::from(&snapshot))).into_response();
                if let Ok(location) = HeaderValue::try_from(location) {
                    response.headers_mut().insert(header::LOCATION, location);
                }
                response
            }
            Err(error) => Problem::from(error).into_response(),
        },
        Err(error) => Problem::from(error).into_response(),
    };
    caller.sign(&mut response, &shared);
    Ok(response)
}

pub(super) fn abilities(shared: &Shared, caller: &RequestCaller) -> Abilities {
    Abilities {
        accounts: shared.config.identity.is_some(),
        addresses: caller.address_block().is_some(),
        invites: shared.engine.supports_invites(),
    }
}
