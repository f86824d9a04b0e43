use std::collections::BTreeMap;

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::{Ref, RefOr, Response};

use super::code::ErrorCode;

/// The errors of malformed requests and of requests to the wrong host, which every
/// operation may answer.
const OF_EVERY_OPERATION: [ErrorCode; 3] = [
    ErrorCode::MalformedHost,
    ErrorCode::MalformedRequest,
    ErrorCode::HostNotAllowed,
];

/// The error responses of a group of operations, for the OpenAPI document.
pub(crate) trait ErrorResponses {
    const CODES: &'static [ErrorCode];

    /// Returns one response per status that lists the codes of that status.
    fn describe() -> BTreeMap<String, RefOr<Response>> {
        let mut by_status: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for code in Self::CODES.iter().chain(&OF_EVERY_OPERATION) {
            let names = by_status.entry(code.status().as_str().to_owned());
            names.or_default().push(code.name());
        }
        let response = |names: Vec<&str>| {
            let content = ContentBuilder::new()
                .schema(Some(Ref::from_schema_name("Problem")))
                .build();
            let text = format!("code `{}`", names.join("`, `"));
            RefOr::T(
                ResponseBuilder::new()
                    .description(text)
                    .content("application/problem+json", content)
                    .build(),
            )
        };
        by_status
            .into_iter()
            .map(|(status, names)| (status, response(names)))
            .collect()
    }
}

/// Declares the error responses of a group of operations, for
/// `#[utoipa::path(responses(...))]`.
macro_rules! error_responses {
    ($name:ident: $($code:ident),+ $(,)?) => {
        pub(crate) struct $name;

        impl $crate::error::ErrorResponses for $name {
            const CODES: &'static [$crate::error::ErrorCode] = &[$($crate::error::ErrorCode::$code),+];
        }

        impl utoipa::IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<
                String,
                utoipa::openapi::RefOr<utoipa::openapi::Response>,
            > {
                <Self as $crate::error::ErrorResponses>::describe()
            }
        }
    };
}
pub(crate) use error_responses;
