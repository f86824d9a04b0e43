//! Translates a JSON schema to TypeScript.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

/// Keywords that restrict values in ways that TypeScript has no types for.
const RESTRICTIONS: &[&str] = &[
    "example",
    "format",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "multipleOf",
    "propertyNames",
    "uniqueItems",
];

/// Keywords that this module translates.
const KNOWN: &[&str] = &[
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "description",
    "enum",
    "items",
    "oneOf",
    "properties",
    "required",
    "type",
];

/// Returns the declaration of a named schema.
///
/// # Errors
/// Returns an error if the schema has a keyword that has no translation.
pub(super) fn declaration(name: &str, schema: &Value) -> Result<String> {
    let (Type { text, .. }, comment) = (type_of(schema, 0)?, comment(schema, 0));
    Ok(match is_object(schema) {
        true => format!("\n{comment}export interface {name} {text}\n"),
        false => format!("\n{comment}export type {name} = {text};\n"),
    })
}

/// Returns true if a schema is translated to one object type with fields.
fn is_object(schema: &Value) -> bool {
    schema["type"] == "object" && schema["properties"].is_object()
}

/// A type, and the operator that joins its parts.
struct Type {
    text: String,
    operator: Option<&'static str>,
}

impl Type {
    fn single(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            operator: None,
        }
    }

    fn joined(parts: Vec<Self>, operator: &'static str) -> Self {
        let is_single = parts.len() == 1;
        let texts: Vec<_> = parts
            .into_iter()
            .map(|part| part.inside(operator))
            .collect();
        Self {
            text: texts.join(&format!(" {operator} ")),
            operator: (!is_single).then_some(operator),
        }
    }

    /// Returns the type as a part of another one, in parentheses if it needs them.
    fn inside(self, outer: &str) -> String {
        match self.operator {
            Some(operator) if operator != outer => format!("({})", self.text),
            _ => self.text,
        }
    }
}

fn type_of(schema: &Value, depth: usize) -> Result<Type> {
    let object = schema.as_object().context("a schema must be an object")?;
    let is_known = |keyword: &str| KNOWN.contains(&keyword) || RESTRICTIONS.contains(&keyword);
    if let Some(keyword) = object.keys().find(|keyword| !is_known(keyword)) {
        bail!(
            "the keyword {keyword} has no translation; add it to {}",
            file!()
        );
    }
    if let Some(target) = object.get("$ref").and_then(Value::as_str) {
        return Ok(Type::single(target.rsplit('/').next().unwrap_or_default()));
    }
    for (keyword, operator) in [("allOf", "&"), ("oneOf", "|"), ("anyOf", "|")] {
        if let Some(parts) = object.get(keyword).and_then(Value::as_array) {
            let parts: Vec<_> = parts
                .iter()
                .map(|part| type_of(part, depth))
                .collect::<Result<_>>()?;
            return Ok(Type::joined(parts, operator));
        }
    }
    if let Some(values) = object.get("enum").and_then(Value::as_array) {
        let values = values.iter().map(|value| Type::single(value.to_string()));
        return Ok(Type::joined(values.collect(), "|"));
    }
    match object.get("type") {
        None => Ok(Type::single("unknown")),
        Some(Value::String(name)) => named_type(name, object, depth),
        Some(Value::Array(names)) => {
            let names = names.iter().filter_map(Value::as_str);
            let types: Vec<_> = names
                .map(|name| named_type(name, object, depth))
                .collect::<Result<_>>()?;
            Ok(Type::joined(types, "|"))
        }
        Some(other) => bail!("the type {other} has no translation"),
    }
}

fn named_type(name: &str, schema: &Map<String, Value>, depth: usize) -> Result<Type> {
    let text = match name {
        "string" | "boolean" | "null" => name.to_owned(),
        "integer" | "number" => "number".to_owned(),
        "array" => {
            let items = schema.get("items").context("an array without items")?;
            format!("{}[]", type_of(items, depth)?.inside("[]"))
        }
        "object" => match schema.get("properties").and_then(Value::as_object) {
            Some(fields) => object_type(fields, schema.get("required"), depth)?,
            None => "Record<string, unknown>".to_owned(),
        },
        other => bail!("the type {other} has no translation"),
    };
    Ok(Type::single(text))
}

fn object_type(
    fields: &Map<String, Value>,
    required: Option<&Value>,
    depth: usize,
) -> Result<String> {
    let required = required.and_then(Value::as_array);
    let is_required = |name: &String| required.is_some_and(|names| names.iter().any(|n| n == name));
    let indent = "  ".repeat(depth + 1);
    let mut text = "{\n".to_owned();
    for (name, schema) in fields {
        let Type { text: kind, .. } =
            type_of(schema, depth + 1).with_context(|| format!("field {name}"))?;
        let mark = if is_required(name) { "" } else { "?" };
        text += &comment(schema, depth + 1);
        text += &format!("{indent}{name}{mark}: {kind};\n");
    }
    text += &format!("{}}}", "  ".repeat(depth));
    Ok(text)
}

/// Returns the description of a schema as a comment.
fn comment(schema: &Value, depth: usize) -> String {
    let Some(description) = schema["description"].as_str() else {
        return String::new();
    };
    let indent = "  ".repeat(depth);
    let description = description.replace("*/", "* /");
    let mut lines = description.lines();
    match (lines.next(), lines.next()) {
        (Some(line), None) => format!("{indent}/** {line} */\n"),
        _ => {
            let lines = description.lines().map(|line| {
                let line = format!("{indent} * {line}");
                format!("{}\n", line.trim_end())
            });
            format!("{indent}/**\n{}{indent} */\n", lines.collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_an_interface() {
        let schema = json!({
            "type": "object",
            "description": "A poll.\n\nWith */ text.",
            "required": ["id"],
            "properties": {
                "id": {"type": "string", "format": "uuid", "description": "The id."},
                "tags": {"type": "array", "items": {"type": ["string", "null"]}},
                "data": {"type": "object"},
                "inner": {"type": "object", "properties": {"a": {"type": "integer"}}},
            },
        });
        let expected = "
/**
 * A poll.
 *
 * With * / text.
 */
export interface A {
  data?: Record<string, unknown>;
  /** The id. */
  id: string;
  inner?: {
    a?: number;
  };
  tags?: (string | null)[];
}
";
        assert_eq!(declaration("A", &schema).unwrap(), expected);
    }

    #[test]
    fn unions_and_intersections_are_types() {
        let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        for (schema, expected) in [
            (
                json!({"enum": ["a", "b"], "type": "string"}),
                r#""a" | "b""#,
            ),
            (
                json!({"oneOf": [reference("A"), {"type": "null"}]}),
                "A | null",
            ),
            (
                json!({"allOf": [reference("A"), {"oneOf": [reference("B"), reference("C")]}]}),
                "A & (B | C)",
            ),
            (
                json!({"allOf": [reference("A"), {"type": "object", "properties": {"b": {"type": ["string", "null"]}}}]}),
                "A & {\n  b?: string | null;\n}",
            ),
            (json!({}), "unknown"),
        ] {
            let declared = declaration("T", &schema).unwrap();
            assert_eq!(declared, format!("\nexport type T = {expected};\n"));
        }
    }

    #[test]
    fn unknown_keywords_and_types_are_errors() {
        for schema in [
            json!({"not": {}}),
            json!({"type": "tuple"}),
            json!({"type": 1}),
            json!({"type": "array"}),
            json!(true),
        ] {
            assert!(declaration("T", &schema).is_err(), "{schema}");
        }
    }
}
