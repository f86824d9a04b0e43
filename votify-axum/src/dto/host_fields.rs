//! Reads the fields that a host keeps with a poll.

use serde_json::Value;
use votify_core::Metadata;

use crate::dto::fields::{FieldErrors, FieldReader};

/// The host's fields of a poll in a request. Absent and invalid fields are `None`, and
/// `Some(None)` is `null`.
#[derive(Debug, Default)]
pub(crate) struct HostFieldsInput {
    pub(crate) external_ref: Option<Option<String>>,
    pub(crate) metadata: Option<Option<Metadata>>,
}

impl HostFieldsInput {
    pub(crate) fn read(fields: &mut FieldReader, errors: &mut FieldErrors) -> Self {
        Self {
            external_ref: fields.nullable_string("external_ref", errors),
            metadata: metadata(fields, errors),
        }
    }
}

fn metadata(fields: &mut FieldReader, errors: &mut FieldErrors) -> Option<Option<Metadata>> {
    const FIELD: &str = "metadata";
    let value = match fields.take(FIELD)? {
        Value::Null => return Some(None),
        value @ Value::Object(_) => value,
        _ => {
            errors.add(FIELD, "must be an object or null");
            return None;
        }
    };
    match value.to_string().parse() {
        Ok(metadata) => Some(Some(metadata)),
        Err(error) => {
            let error: votify_core::poll::MetadataError = error;
            errors.add(FIELD, error.to_string());
            None
        }
    }
}
