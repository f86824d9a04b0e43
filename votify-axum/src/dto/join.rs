use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The poll that has a join code.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = JoinedPoll)]
pub(crate) struct JoinBody {
    pub(crate) id: Uuid,
    /// The poll's web page: absolute if the server knows its public URL, otherwise a path.
    /// Absent if there are no web pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        required = false,
        example = "https://polls.example.org/p/0199aa3e-0000-7000-8000-000000000001"
    )]
    pub(crate) url: Option<String>,
}
