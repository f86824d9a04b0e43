use redis::{Cmd, Pipeline, RedisResult, ScriptInvocation, Value};

use super::connection::Connection;

/// A request to a server.
pub(super) enum Call<'a> {
    Command(&'a Cmd),
    Pipeline(&'a Pipeline),
    /// Sent by its digest. If the server does not know the script, the text follows.
    Script(&'a ScriptInvocation<'a>),
}

impl Call<'_> {
    pub(super) async fn send(&self, connection: &mut Connection) -> RedisResult<Value> {
        match self {
            Self::Command(command) => command.query_async(connection).await,
            Self::Pipeline(pipeline) => pipeline.query_async(connection).await,
            Self::Script(invocation) => invocation.invoke_async(connection).await,
        }
    }
}
