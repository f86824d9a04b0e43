use redis::{Cmd, Pipeline, RedisResult, ScriptInvocation, Value};

use super::connection::Connection;

/// What a server is asked to do.
pub(super) enum Call<'a> {
    Command(&'a Cmd),
    Pipeline(&'a Pipeline),
    /// By its digest; a server that does not know it is told the text first.
    Script(&'a ScriptInvocation<'a>),
}

impl Call<'_> {
    pub(super) async fn on(&self, connection: &mut Connection) -> RedisResult<Value> {
        match self {
            Self::Command(command) => command.query_async(connection).await,
            Self::Pipeline(pipeline) => pipeline.query_async(connection).await,
            Self::Script(invocation) => invocation.invoke_async(connection).await,
        }
    }
}
