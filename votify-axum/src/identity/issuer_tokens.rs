//! Tokens of an outside issuer beside the server's own users.

use std::sync::Arc;

use async_trait::async_trait;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use votify_core::voter::AccountId;

use super::jwks::MAX_TOKEN_BYTES;
use super::{Identity, IdentityError, JwksIdentity, bearer};

/// Reads bearer tokens of an outside issuer, and leaves every other request to the server's
/// own users.
#[derive(Debug)]
pub(crate) struct IssuerTokens {
    pub(crate) issuer: Arc<JwksIdentity>,
    /// `None` if the server has no users of its own.
    pub(crate) own: Option<Arc<dyn Identity>>,
}

#[async_trait]
impl Identity for IssuerTokens {
    async fn account(&self, request: &Parts) -> Result<Option<AccountId>, IdentityError> {
        let issuer = self.issuer.issuer();
        match (bearer(&request.headers)?, &self.own) {
            (Some(token), _) if claimed_issuer(token).as_deref() == Some(issuer) => {
                let user = self.issuer.verify(token).await?;
                // An outside issuer chooses its subjects, and must not choose a user of
                // this server. Own ids contain no space.
                let id = format!("{issuer} {}", user.as_str());
                Ok(Some(AccountId::new(id)))
            }
            (_, Some(own)) => own.account(request).await,
            (Some(_), None) => Err(IdentityError::Invalid),
            (None, None) => Ok(None),
        }
    }
}

/// Returns the issuer that a token claims to be from, before any signature is checked.
fn claimed_issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claims {
        iss: String,
    }
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let payload = token.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    Some(claims.iss)
}
