use jsonwebtoken::errors::{Error, ErrorKind};

/// The reason why a token is not accepted, for the operator's log. Clients do not learn it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Rejection {
    #[error("the token is too long")]
    TooLong,
    #[error("the token is malformed")]
    Malformed,
    #[error("the token is of another type (typ) than JWT and at+jwt")]
    Type,
    #[error("the token names no key (kid)")]
    NoKeyId,
    #[error("the algorithm (alg) is not that of the key, or the token has critical headers")]
    Algorithm,
    #[error("the key (kid) is not in the key set")]
    UnknownKey,
    #[error("the key set cannot be fetched")]
    KeysUnavailable,
    #[error("the signature is wrong")]
    Signature,
    #[error("the issuer (iss) is another one")]
    Issuer,
    #[error("the audience (aud) is another one")]
    Audience,
    #[error("a required claim is missing: exp, iss or aud")]
    MissingClaim,
    #[error("the token is expired, or not valid yet (exp, nbf, iat)")]
    Times,
    #[error("the claim of the account is not a text of 1 to 255 bytes")]
    Account,
}

impl From<Error> for Rejection {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidSignature => Self::Signature,
            ErrorKind::InvalidIssuer => Self::Issuer,
            ErrorKind::InvalidAudience => Self::Audience,
            ErrorKind::MissingRequiredClaim(_) => Self::MissingClaim,
            ErrorKind::InvalidAlgorithm => Self::Algorithm,
            _ => Self::Malformed,
        }
    }
}
