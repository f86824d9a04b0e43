use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use votify_core::poll::FieldError;

/// Why a request was refused (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// A stable name to tell refusals apart by.
    #[schema(example = "already_voted")]
    pub(crate) code: &'static str,
    /// The same as the status of the answer.
    #[schema(example = 409)]
    pub(crate) status: u16,
    /// The refusal in words.
    pub(crate) title: &'static str,
    /// More about this occurrence.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    pub(crate) detail: String,
    /// Everything that is wrong with the request, where it is a matter of its fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) errors: Vec<FieldErrorBody>,
    /// With code `internal`: what to look for in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) id: Option<Uuid>,
    /// How many seconds to wait before trying again, as in `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, minimum = 1)]
    pub(crate) retry_after: Option<u64>,
}

/// One thing that is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldErrorBody {
    /// The field, as a path; empty for the whole body.
    #[schema(example = "options[2]")]
    pub(crate) field: String,
    /// What is wrong and what would be right.
    pub(crate) problem: String,
}

impl From<FieldError> for FieldErrorBody {
    fn from(problem: FieldError) -> Self {
        Self {
            field: problem.field,
            problem: problem.problem,
        }
    }
}
