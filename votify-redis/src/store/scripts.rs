use std::sync::LazyLock;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use redis::{Cmd, ErrorKind, Script, ServerErrorKind, Value, cmd};
use tokio::time::timeout;

use crate::connect::Redis;
use crate::error::Error;

/// A script, called by its digest; its text is sent only to a server that does not know it.
#[derive(Debug)]
pub(super) struct Lua {
    text: String,
    digest: String,
    /// What only reads is sent again when the connection is lost: after a restart nobody need know of that.
    only_reads: bool,
}

const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(5))
    .with_max_delay(Duration::from_millis(100))
    .with_max_times(4)
    .with_jitter();

impl Lua {
    fn new(flags: &str, texts: &[&str]) -> Self {
        // With the first line the server refuses a script that it has no memory for before it does anything, and knows which
        // ones may run on even then.
        let text = format!("#!lua flags={flags}\n{}", texts.concat());
        let digest = Script::new(&text).get_hash().to_owned();
        Self {
            text,
            digest,
            only_reads: flags == "no-writes",
        }
    }

    pub(super) async fn call<K: AsRef<str> + Sync>(
        &self,
        redis: &Redis,
        keys: &[K],
        arguments: &[&[u8]],
    ) -> Result<Value, Error> {
        let calls = (|| self.call_once(redis, keys, arguments))
            .retry(PAUSES)
            .when(|error| self.only_reads && matches!(error, Error::Unavailable(_)));
        // Somewhat longer than one call, which gives its connection up when its own time is over.
        let within = redis.timeout().mul_f64(1.25);
        timeout(within, calls)
            .await
            .unwrap_or(Err(Error::Silent(within)))
    }

    async fn call_once<K: AsRef<str> + Sync>(
        &self,
        redis: &Redis,
        keys: &[K],
        arguments: &[&[u8]],
    ) -> Result<Value, Error> {
        let known = self.command("EVALSHA", &self.digest, keys, arguments);
        match redis.run(&known).await {
            Err(Error::Driver(error))
                if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) =>
            {
                let told = self.command("EVAL", &self.text, keys, arguments);
                redis.run(&told).await
            }
            answer => answer,
        }
    }

    fn command<K: AsRef<str>>(
        &self,
        verb: &str,
        script: &str,
        keys: &[K],
        arguments: &[&[u8]],
    ) -> Cmd {
        let mut command = cmd(verb);
        command.arg(script).arg(keys.len());
        for key in keys {
            command.arg(key.as_ref());
        }
        for argument in arguments {
            command.arg(*argument);
        }
        command
    }
}

const LOOK: &str = include_str!("scripts/prelude.lua");

macro_rules! scripts {
    ($($name:ident: $flags:literal, [$($part:expr),*], $file:literal;)*) => {$(
        pub(super) static $name: LazyLock<Lua> =
            LazyLock::new(|| Lua::new($flags, &[$($part,)* include_str!($file)]));
    )*};
}

// Votes and new polls are refused by a server whose memory is full; closing, changing and deleting go on.
scripts! {
    READ: "no-writes", [LOOK], "scripts/read.lua";
    PAGE: "no-writes", [LOOK], "scripts/page.lua";
    CAST: "", [LOOK], "scripts/cast.lua";
    PLACES: "no-writes", [LOOK], "scripts/address_usage.lua";
    CREATE: "", [LOOK], "scripts/create.lua";
    REPLACE: "allow-oom", [LOOK], "scripts/replace.lua";
    DELETE: "allow-oom", [LOOK], "scripts/delete.lua";
    INVITE: "", [], "scripts/invite.lua";
    INVITED: "no-writes", [], "scripts/invited.lua";
    RELEASE: "allow-oom", [], "scripts/release.lua";
    LIST: "no-writes", [], "scripts/list.lua";
    ENLIST: "allow-oom", [], "scripts/index_update.lua";
    MARK: "allow-oom", [], "scripts/zadd_now.lua";
    SETTLE: "allow-oom", [], "scripts/index_clear.lua";
}
