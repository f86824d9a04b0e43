//! The schemas of stream messages, for the OpenAPI and the AsyncAPI document.

use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, Type};
use utoipa::openapi::{Components, Discriminator, ObjectBuilder, OneOfBuilder};
use utoipa::openapi::{Ref, RefOr, Schema};

use crate::dto::schema::{Refresh, Vote};
use crate::dto::stream::{
    Heartbeat, PollChanged, PollClosed, PollDeleted, PollUpdated, StreamError, VoteConfirmed,
    VoteQueued, VoteRejected, VoteSubmitted,
};

/// The field that names the kind of a message.
const TAG: &str = "type";

/// A kind of message.
pub(crate) struct MessageKind {
    /// The value of the field `type`.
    pub(crate) tag: &'static str,
    /// The name of the schema.
    pub(crate) name: String,
    pub(crate) description: String,
    schema: Schema,
    /// The schemas to which `schema` refers.
    references: Vec<(String, RefOr<Schema>)>,
}

impl MessageKind {
    /// Describes a message with the fields of `T` and the field `type`.
    fn new<T: ToSchema>(tag: &'static str) -> Self {
        let mut references = Vec::new();
        T::schemas(&mut references);
        let (schema, description) = match T::schema() {
            RefOr::T(Schema::Object(mut object)) => {
                let description = object.description.clone();
                add_tag(&mut object, tag);
                (Schema::Object(object), description)
            }
            RefOr::T(Schema::AllOf(mut all)) => {
                let description = all.description.clone();
                let mut tagged = Object::with_type(Type::Object);
                add_tag(&mut tagged, tag);
                all.items.insert(0, Schema::Object(tagged).into());
                (Schema::AllOf(all), description)
            }
            // Structs have no other schema.
            _ => (Schema::Object(Object::new()), None),
        };
        Self {
            tag,
            name: T::name().into_owned(),
            description: description.unwrap_or_default(),
            schema,
            references,
        }
    }
}

fn add_tag(object: &mut Object, tag: &str) {
    let value = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some([tag]));
    object.properties.insert(TAG.to_owned(), value.into());
    object.required.insert(0, TAG.to_owned());
}

/// Returns what the server sends without being asked.
pub(crate) fn events() -> Vec<MessageKind> {
    vec![
        MessageKind::new::<PollUpdated>("poll_updated"),
        MessageKind::new::<PollClosed>("poll_closed"),
        MessageKind::new::<VoteSubmitted>("vote_submitted"),
        MessageKind::new::<PollChanged>("poll_changed"),
        MessageKind::new::<PollDeleted>("poll_deleted"),
        MessageKind::new::<Heartbeat>("heartbeat"),
    ]
}

/// Returns the server's replies over a WebSocket.
pub(crate) fn replies() -> Vec<MessageKind> {
    vec![
        MessageKind::new::<VoteQueued>("vote_queued"),
        MessageKind::new::<VoteConfirmed>("vote_confirmed"),
        MessageKind::new::<VoteRejected>("vote_rejected"),
        MessageKind::new::<StreamError>("error"),
    ]
}

/// Returns what clients send over a WebSocket.
pub(crate) fn commands() -> Vec<MessageKind> {
    vec![
        MessageKind::new::<Vote>("vote"),
        MessageKind::new::<Refresh>("refresh"),
    ]
}

/// Adds the schemas of all messages. `ServerMessage` and `ClientMessage` are any of one
/// side.
pub(crate) fn add_schemas(components: &mut Components) {
    let mut from_server = events();
    from_server.extend(replies());
    for (name, kinds) in [
        ("ServerMessage", from_server),
        ("ClientMessage", commands()),
    ] {
        components.schemas.insert(name.to_owned(), any_of(&kinds));
        for kind in kinds {
            components.schemas.extend(kind.references);
            components.schemas.insert(kind.name, kind.schema.into());
        }
    }
}

fn any_of(kinds: &[MessageKind]) -> RefOr<Schema> {
    let reference = |kind: &MessageKind| Ref::from_schema_name(&kind.name);
    let mapping = kinds
        .iter()
        .map(|kind| (kind.tag, reference(kind).ref_location));
    let discriminator = Discriminator::with_mapping(TAG, mapping);
    let one_of = kinds.iter().fold(OneOfBuilder::new(), |one_of, kind| {
        one_of.item(reference(kind))
    });
    Schema::OneOf(one_of.discriminator(Some(discriminator)).build()).into()
}
