use axum::http::StatusCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $code:literal, $title:literal;)*) => {
        /// Every refusal that this crate answers, with its stable name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            pub(crate) const fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status,)*
                }
            }

            /// What clients tell refusals apart by; never changes.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            /// The same for every occurrence, for people.
            pub(crate) const fn title(self) -> &'static str {
                match self {
                    $(Self::$name => $title,)*
                }
            }
        }
    };
}

codes! {
    MalformedJson = BAD_REQUEST, "malformed_json", "The body is not JSON";
    MalformedId = BAD_REQUEST, "malformed_id", "The id is not a UUID";
    NotLoggedIn = UNAUTHORIZED, "not_logged_in", "Log in first";
    InvalidLogin = UNAUTHORIZED, "invalid_login", "The login is not valid";
    NotOwner = FORBIDDEN, "not_owner", "Only the owner of the poll may do this";
    InviteInvalid = FORBIDDEN, "invite_invalid", "This poll is for those who were invited";
    OriginNotAllowed = FORBIDDEN, "origin_not_allowed", "This web page may not do this";
    NotFound = NOT_FOUND, "not_found", "There is nothing here";
    PollNotFound = NOT_FOUND, "poll_not_found", "There is no such poll";
    NotVoted = NOT_FOUND, "not_voted", "You have not voted in this poll";
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method_not_allowed", "This cannot be done here";
    RequestTimeout = REQUEST_TIMEOUT, "request_timeout", "The request took too long to come in";
    AlreadyVoted = CONFLICT, "already_voted", "You have voted in this poll already";
    PollNotOpen = CONFLICT, "poll_not_open", "The poll is not open yet";
    PollClosed = CONFLICT, "poll_closed", "The poll is closed";
    PollHasVotes = CONFLICT, "poll_has_votes", "This cannot change any more, because votes were cast";
    RevoteNotAllowed = CONFLICT, "revote_not_allowed", "A vote in this poll cannot be taken back";
    BallotIdReused = CONFLICT, "ballot_id_reused", "Another vote of yours has the same id";
    AddressQuota = CONFLICT, "address_quota", "No more votes are taken from your address";
    #[cfg_attr(not(feature = "accounts"), expect(dead_code, reason = "told of accounts alone"))]
    NameTaken = CONFLICT, "name_taken", "Somebody has this name already";
    NotByInvite = CONFLICT, "not_by_invite", "Voters of this poll are not invited";
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large";
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "The body must be JSON";
    InvalidPoll = UNPROCESSABLE_ENTITY, "invalid_poll", "This makes no valid poll";
    InvalidBallot = UNPROCESSABLE_ENTITY, "invalid_ballot", "This is no valid vote";
    #[cfg_attr(not(feature = "accounts"), expect(dead_code, reason = "told of accounts alone"))]
    InvalidAccount = UNPROCESSABLE_ENTITY, "invalid_account", "This makes no valid account";
    InvalidInvites = UNPROCESSABLE_ENTITY, "invalid_invites", "So many codes cannot be made";
    InvalidQuery = UNPROCESSABLE_ENTITY, "invalid_query", "The query is not valid";
    RateLimited = TOO_MANY_REQUESTS, "rate_limited", "Too many requests";
    Internal = INTERNAL_SERVER_ERROR, "internal", "Something went wrong on our side";
    StoreUnavailable = SERVICE_UNAVAILABLE, "store_unavailable", "The store does not answer";
    Overloaded = SERVICE_UNAVAILABLE, "overloaded", "Too much to do right now";
}
