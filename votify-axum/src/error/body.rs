use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use votify_core::poll::FieldError;

/// An error (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// A stable name of the kind of error, for programs.
    #[schema(example = "already_voted")]
    pub(crate) code: &'static str,
    /// The HTTP status of the response.
    #[schema(example = 409)]
    pub(crate) status: u16,
    /// The kind of error, for people.
    pub(crate) title: &'static str,
    /// More about this occurrence.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    pub(crate) detail: String,
    /// All invalid fields of the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) errors: Vec<FieldErrorBody>,
    /// With code `internal`: the id of the entry in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) id: Option<Uuid>,
    /// Seconds to wait before a retry, as in `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, minimum = 1)]
    pub(crate) retry_after: Option<u64>,
}

/// An error of one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldErrorBody {
    /// The path of the field. Empty for the whole body.
    #[schema(example = "options[2]")]
    pub(crate) field: String,
    /// The error, and the values that are valid.
    pub(crate) problem: String,
}

impl From<FieldError> for FieldErrorBody {
    fn from(error: FieldError) -> Self {
        Self {
            field: error.field,
            problem: error.problem,
        }
    }
}
