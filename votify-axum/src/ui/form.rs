//! The posts of the pages' own forms: the one exception to JSON bodies.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use votify_core::secret::Purpose;

use super::page::Page;
use super::sent_forms::{FormId, FormResult, SentForms};
use super::session_token::TokenKind;
use crate::error::{ErrorCode, Problem};
use crate::extract::body::body_bytes;
use crate::extract::json::MAX_BODY_BYTES;
use crate::extract::large_bodies::LargeBodyPermit;
use crate::state::AppState;

/// The name of the hidden field that every form has.
const TOKEN_FIELD: &str = "form_token";
/// The token of all forms. Valid for 24 h, so that a page that was left open overnight works.
pub(super) const TOKEN: TokenKind = TokenKind {
    name: "form",
    lifetime: Duration::from_secs(24 * 60 * 60),
};
/// Maximum number of fields of a form, so that many small ones do not fill the memory.
const MAX_FIELDS: usize = 1_024;

/// The fields of a form as they were typed, so that the page can show them again.
pub(super) trait FromForm: Sized {
    /// Maximum size of the body in bytes. Defaults to 64 KiB.
    const MAX_BYTES: usize = MAX_BODY_BYTES;

    /// Takes the fields out of a form. Invalid ones are reported later, by the handler.
    fn from_form(fields: &FormFields) -> Self;
}

/// A form without fields, such as a button that logs out.
impl FromForm for () {
    fn from_form(_: &FormFields) {}
}

/// A post of a form of this server's pages.
///
/// The outermost middleware has checked the origin. The handler calls
/// [`verify`](Self::verify) before it does anything, and shows the page again with what was
/// typed if that or anything else fails.
#[derive(Debug)]
pub(super) struct PageForm<T> {
    pub(super) page: Page,
    pub(super) values: T,
    /// The id of this sending. `None` without a valid form token.
    id: Option<FormId>,
    /// Bounds the number of large forms in work. Held until the page is rendered, which
    /// shows what was typed again.
    _permit: Option<LargeBodyPermit>,
}

impl<T> PageForm<T> {
    /// Checks the form token.
    ///
    /// # Errors
    /// - `form_expired`: the token is missing, expired or of another session. The user can
    ///   send the page, which has a new token, again.
    pub(super) fn verify(&self) -> Result<(), Problem> {
        if self.id.is_some() {
            return Ok(());
        }
        Err(Problem::new(ErrorCode::FormExpired).with_detail(
            "this form is too old, or this browser sends no cookies; check what you typed and \
             send it again",
        ))
    }
}

impl<T: Sync> PageForm<T> {
    /// Returns the result that this form had when it was sent before, if it is stored.
    pub(super) fn earlier_result<R: FormResult>(&self, forms: &SentForms<R>) -> Option<R> {
        forms.get(self.id?, self.page.state.engine.now())
    }

    /// Carries out a verified form, unless it was sent within `lifetime`: then returns the
    /// earlier result. A browser that is gone does not stop it, so that the form cannot be
    /// half done when it comes again.
    ///
    /// # Errors
    /// - `form_expired`: the form token is invalid.
    /// - Those of `carry_out`.
    pub(super) async fn run_once<R: FormResult>(
        &self,
        forms: fn(&AppState) -> &SentForms<R>,
        lifetime: Duration,
        carry_out: impl Future<Output = Result<R, Problem>> + Send + 'static,
    ) -> Result<R, Problem> {
        let Some(id) = self.id else {
            return Err(ErrorCode::FormExpired.into());
        };
        let state = self.page.state.clone();
        let now = state.engine.now();
        let task = tokio::spawn(async move {
            let forms = forms(&state);
            forms.run_once(id, now, lifetime, carry_out).await
        });
        task.await.map_err(|error| Problem::internal(&error))?
    }

    /// Forgets that this form had a result, so that it is carried out again.
    pub(super) fn forget_result<R: FormResult + PartialEq>(
        &self,
        forms: &SentForms<R>,
        result: &R,
    ) {
        if let Some(id) = self.id {
            forms.remove_if(id, |stored| stored == result);
        }
    }
}

impl<T: FromForm> FromRequest<AppState> for PageForm<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if !is_form(&parts.headers) {
            return Err(Problem::new(ErrorCode::UnsupportedMediaType)
                .with_detail("this address takes the forms of its page only"));
        }
        let headers = parts.headers.clone();
        let page = Page::new(parts, state).await?;
        let mut permit = None;
        let admit = |size: usize| {
            if size > MAX_BODY_BYTES && permit.is_none() {
                let address = page.caller.address_block();
                permit = Some(state.large_bodies.acquire(address)?);
            }
            Ok(())
        };
        let bytes = body_bytes(T::MAX_BYTES, &headers, body, admit).await?;
        let fields = FormFields::parse(&bytes)?;
        let token = fields.get(TOKEN_FIELD).unwrap_or_default();
        let engine = &state.engine;
        // A session of this very request cannot have rendered the form.
        let session = page
            .caller
            .session
            .filter(|session| TOKEN.is_valid(token, session.id, engine.now(), engine.keyring()));
        let id = session.and_then(|session| {
            let keyring = engine.keyring();
            let parts: &[&[u8]] = &[
                b"sent-form",
                session.id.as_bytes(),
                page.layout.path.as_bytes(),
                b"\0",
                &bytes,
            ];
            keyring.mac(keyring.current(), Purpose::Session, parts)
        });
        let values = T::from_form(&fields);
        Ok(Self {
            page,
            values,
            id: id.map(FormId::from),
            _permit: permit,
        })
    }
}

/// Names and values of a form, in order.
#[derive(Default)]
pub(super) struct FormFields(Vec<(String, String)>);

impl FormFields {
    fn parse(body: &[u8]) -> Result<Self, Problem> {
        if body.iter().filter(|byte| **byte == b'&').count() >= MAX_FIELDS {
            return Err(Problem::new(ErrorCode::BodyTooLarge)
                .with_detail(format!("a form may have at most {MAX_FIELDS} fields")));
        }
        let fields = form_urlencoded::parse(body);
        // Browsers send CRLF for each line break of a text.
        let field = |(name, value): (Cow<'_, str>, Cow<'_, str>)| {
            (name.into_owned(), value.replace("\r\n", "\n"))
        };
        Ok(Self(fields.map(field).collect()))
    }

    /// Returns the first value of a field.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Returns the first value of a field as an owned text. Empty if there is none.
    pub(super) fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }

    /// Returns all values of a field, in the order of the page.
    pub(super) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let same = move |(other, _): &&(String, String)| other == name;
        self.0.iter().filter(same).map(|(_, value)| value.as_str())
    }

    /// Returns true if a check box was checked, or a button of this name was used.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// Shows the names only: a value may be a password.
impl fmt::Debug for FormFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|(name, _)| name);
        f.debug_list().entries(names).finish()
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(Ok(value)), None) = (types.next().map(|value| value.to_str()), types.next()) else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_are_those_of_the_api() {
        let fields = FormFields::parse(b"description=a%0D%0Ab%0Ac").unwrap();
        assert_eq!(fields.get("description"), Some("a\nb\nc"));
    }

    #[test]
    fn debug_output_has_no_values() {
        let fields = FormFields::parse(b"name=ada&password=secret").unwrap();
        assert_eq!(format!("{fields:?}"), "[\"name\", \"password\"]");
    }
}
