use std::collections::BTreeMap;

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::{Ref, RefOr, Response};

use crate::problem::Code;

/// The refusals of a group of calls, for the description of the API.
pub(crate) trait Refusals {
    const CODES: &'static [Code];

    /// One entry per status, naming the codes that it comes with.
    fn described() -> BTreeMap<String, RefOr<Response>> {
        let mut by_status: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for code in Self::CODES {
            let names = by_status.entry(code.status().as_str().to_owned());
            names.or_default().push(code.name());
        }
        let described = |names: Vec<&str>| {
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
            .map(|(status, names)| (status, described(names)))
            .collect()
    }
}

/// Declares a group of calls' refusals, to be named in `#[utoipa::path(responses(...))]`.
macro_rules! refusals {
    ($name:ident: $($code:ident),+ $(,)?) => {
        pub(crate) struct $name;

        impl $crate::problem::Refusals for $name {
            const CODES: &'static [$crate::problem::Code] = &[$($crate::problem::Code::$code),+];
        }

        impl utoipa::IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<
                String,
                utoipa::openapi::RefOr<utoipa::openapi::Response>,
            > {
                <Self as $crate::problem::Refusals>::described()
            }
        }
    };
}
pub(crate) use refusals;
