use std::sync::LazyLock;

use crate::script::Script;

/// Lua functions that several scripts share.
const PRELUDE: &str = include_str!("scripts/prelude.lua");

macro_rules! scripts {
    ($($name:ident: $flags:literal, $file:literal;)*) => {$(
        pub(super) static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new($flags, &[PRELUDE, include_str!($file)]));
    )*};
}

// A server whose memory is full rejects new records. Consumers still work, hence
// `allow-oom`: their commits free memory.
scripts! {
    CREATE: "", "scripts/create.lua";
    TIME: "no-writes", "scripts/time.lua";
    LENGTH: "no-writes", "scripts/length.lua";
    ENQUEUE: "", "scripts/enqueue.lua";
    JOIN: "allow-oom", "scripts/join.lua";
    LEAVE: "allow-oom", "scripts/leave.lua";
    ACQUIRE: "allow-oom", "scripts/acquire.lua";
    RENEW: "allow-oom", "scripts/renew.lua";
    RELEASE: "allow-oom", "scripts/release.lua";
    READ: "allow-oom", "scripts/read.lua";
    COMMIT: "allow-oom", "scripts/commit.lua";
    SET_ASIDE: "allow-oom", "scripts/set_aside.lua";
}
