use axum::http::StatusCode;

macro_rules! error_codes {
    ($($(#[$attribute:meta])* $variant:ident = $status:ident, $name:literal, $title:literal;)*) => {
        /// Every kind of error response of this crate.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum ErrorCode {
            $($(#[$attribute])* $variant,)*
        }

        impl ErrorCode {
            pub(crate) const fn status(self) -> StatusCode {
                match self {
                    $(Self::$variant => StatusCode::$status,)*
                }
            }

            /// Returns the `code` of the body. Part of the API: a name never changes.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Returns the `title` of the body, the same for every occurrence.
            pub(crate) const fn title(self) -> &'static str {
                match self {
                    $(Self::$variant => $title,)*
                }
            }
        }
    };
}

error_codes! {
    MalformedJson = BAD_REQUEST, "malformed_json", "malformed JSON body";
    MalformedId = BAD_REQUEST, "malformed_id", "the id is not a UUID";
    MalformedHost = BAD_REQUEST, "malformed_host", "malformed Host header";
    MalformedRequest = BAD_REQUEST, "malformed_request", "malformed HTTP request";
    NotLoggedIn = UNAUTHORIZED, "not_logged_in", "login required";
    InvalidLogin = UNAUTHORIZED, "invalid_login", "invalid login";
    NotOwner = FORBIDDEN, "not_owner", "only the owner of the poll may do this";
    NotAllowed = FORBIDDEN, "not_allowed", "not allowed";
    InviteInvalid = FORBIDDEN, "invite_invalid", "valid invite code required";
    OriginNotAllowed = FORBIDDEN, "origin_not_allowed", "origin not allowed";
    #[cfg_attr(not(feature = "ui"), expect(dead_code, reason = "only for pages"))]
    FormExpired = FORBIDDEN, "form_expired", "form expired";
    ResultsHidden = FORBIDDEN, "results_hidden", "results hidden";
    NotFound = NOT_FOUND, "not_found", "not found";
    PollNotFound = NOT_FOUND, "poll_not_found", "poll not found";
    NotVoted = NOT_FOUND, "not_voted", "no vote in this poll";
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method_not_allowed", "method not allowed";
    RequestTimeout = REQUEST_TIMEOUT, "request_timeout", "request body timed out";
    AlreadyVoted = CONFLICT, "already_voted", "already voted in this poll";
    PollNotOpen = CONFLICT, "poll_not_open", "poll not open yet";
    PollClosed = CONFLICT, "poll_closed", "poll closed";
    PollHasVotes = CONFLICT, "poll_has_votes", "field frozen since the first vote";
    RevoteNotAllowed = CONFLICT, "revote_not_allowed", "votes in this poll cannot be taken back";
    BallotIdReused = CONFLICT, "ballot_id_reused", "ballot id already used for another vote";
    VoterChanged = CONFLICT, "voter_changed", "the caller is another voter now";
    AddressQuota = CONFLICT, "address_quota", "vote limit of this network address reached";
    #[cfg_attr(not(feature = "accounts"), expect(dead_code, reason = "only for accounts"))]
    NameTaken = CONFLICT, "name_taken", "name already taken";
    NotByInvite = CONFLICT, "not_by_invite", "poll without invite codes";
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body_too_large", "body too large";
    HostNotAllowed = MISDIRECTED_REQUEST, "host_not_allowed", "host not allowed";
    UpgradeRequired = UPGRADE_REQUIRED, "upgrade_required", "WebSocket version not supported";
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "body is not JSON";
    InvalidPoll = UNPROCESSABLE_ENTITY, "invalid_poll", "invalid poll";
    InvalidBallot = UNPROCESSABLE_ENTITY, "invalid_ballot", "invalid vote";
    #[cfg_attr(not(feature = "accounts"), expect(dead_code, reason = "only for accounts"))]
    InvalidAccount = UNPROCESSABLE_ENTITY, "invalid_account", "invalid account";
    InvalidInvites = UNPROCESSABLE_ENTITY, "invalid_invites", "invalid number of invite codes";
    InvalidQuery = UNPROCESSABLE_ENTITY, "invalid_query", "invalid query";
    RateLimited = TOO_MANY_REQUESTS, "rate_limited", "too many requests";
    Internal = INTERNAL_SERVER_ERROR, "internal", "internal server error";
    StoreUnavailable = SERVICE_UNAVAILABLE, "store_unavailable", "store unavailable";
    QueueUnavailable = SERVICE_UNAVAILABLE, "queue_unavailable", "queue of votes unavailable";
    PollKeyUnknown = SERVICE_UNAVAILABLE, "poll_key_unknown", "secret of the poll missing";
    Overloaded = SERVICE_UNAVAILABLE, "overloaded", "server overloaded";
}
