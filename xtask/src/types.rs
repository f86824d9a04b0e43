//! `cargo xtask types`: the TypeScript types of the HTTP API and of the streams, from the
//! OpenAPI and the AsyncAPI document.

mod schema;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};

use crate::cargo::root;

/// The generated file.
const TARGET: &str = "votify-axum/ui/types.d.ts";

/// Tests compare these files with the documents that a router with all features serves.
const DOCUMENTS: [&str; 2] = [
    "votify-axum/tests/it/snapshots/it__snapshots__openapi_document.snap",
    "votify-axum/tests/it/snapshots/it__snapshots__asyncapi_document.snap",
];

const HEAD: &str = "// The bodies of the HTTP API and the messages of streams. Generated from the OpenAPI and\n\
                    // the AsyncAPI document by `cargo xtask types`; do not edit.\n";

/// Runs `cargo xtask types`: writes the types.
///
/// # Errors
/// Returns an error if a document cannot be read or has a schema without a type.
pub(crate) fn task() -> Result<()> {
    fs::write(target(), generate()?).context(TARGET)?;
    eprintln!("written: {TARGET}");
    Ok(())
}

/// Checks that the committed types are those of the documents.
///
/// # Errors
/// Returns an error if they differ.
pub(crate) fn check() -> Result<()> {
    let committed = fs::read_to_string(target()).context(TARGET)?;
    if committed != generate()? {
        bail!("{TARGET} is not up to date: run `cargo xtask types` and commit the file");
    }
    Ok(())
}

fn target() -> PathBuf {
    root().join(TARGET)
}

fn generate() -> Result<String> {
    let mut schemas = Map::new();
    for name in DOCUMENTS {
        let snapshot = fs::read_to_string(root().join(name)).context(name)?;
        let document = serde_json::from_str(snapshot_content(&snapshot)?).context(name)?;
        add_schemas(&mut schemas, document).context(name)?;
    }
    typescript(&schemas)
}

/// Adds the schemas of a document. Both documents describe the messages of streams, so a
/// schema may be there already.
fn add_schemas(schemas: &mut Map<String, Value>, mut document: Value) -> Result<()> {
    let Value::Object(found) = document["components"]["schemas"].take() else {
        bail!("the document has no schemas");
    };
    for (name, mut schema) in found {
        // Only the OpenAPI document has it. The type of a union has the same information.
        if let Some(object) = schema.as_object_mut() {
            object.remove("discriminator");
        }
        let known = schemas.entry(&name).or_insert_with(|| schema.clone());
        ensure!(
            *known == schema,
            "the documents differ in the schema {name}"
        );
    }
    Ok(())
}

fn typescript(schemas: &Map<String, Value>) -> Result<String> {
    let mut text = HEAD.to_owned();
    for (name, schema) in schemas {
        let declaration = schema::declaration(name, schema);
        text += &declaration.with_context(|| format!("schema {name}"))?;
    }
    Ok(text)
}

/// Returns the document in a snapshot file.
///
/// # Errors
/// Returns an error if the file has no head.
pub(crate) fn snapshot_content(snapshot: &str) -> Result<&str> {
    let mut parts = snapshot.splitn(3, "---\n");
    parts.nth(2).context("the snapshot has no head")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_content_follows_the_head() {
        let snapshot = "---\nsource: a.rs\nexpression: x\n---\n{\"a\": \"---\\n\"}\n";
        assert_eq!(snapshot_content(snapshot).unwrap(), "{\"a\": \"---\\n\"}\n");
        assert!(snapshot_content("{}").is_err());
    }

    #[test]
    fn the_committed_types_are_those_of_the_documents() {
        check().unwrap();
    }

    #[test]
    fn documents_with_different_schemas_are_an_error() {
        let document = |kind: &str| json!({"components": {"schemas": {"A": {"type": kind}}}});
        let mut schemas = Map::new();
        add_schemas(&mut schemas, document("string")).unwrap();
        add_schemas(&mut schemas, document("string")).unwrap();
        let error = add_schemas(&mut schemas, document("boolean")).unwrap_err();
        assert_eq!(error.to_string(), "the documents differ in the schema A");
        assert!(add_schemas(&mut schemas, json!({})).is_err());
    }
}
