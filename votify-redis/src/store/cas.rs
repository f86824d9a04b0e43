use std::time::Duration;

use redis::Value;
use tokio::time::sleep;
use votify_core::PollId;

use super::RedisStore;
use super::error::Fault;
use super::keys::Keys;
use super::poll_read::{Seen, Written};
use super::scripts::{Lua, READ, RELEASE};

/// The longest pause to let another one go first; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(16);

/// A call that is to write to a poll, among those of other processes.
///
/// Who is first writes, and the others begin again. Who lost asks the server to be next: then nobody else writes for a
/// moment. So nobody loses for ever, and a process that ends meanwhile is in nobody's way for long.
#[derive(Debug)]
pub(super) struct Race<'a> {
    store: &'a RedisStore,
    pub(super) keys: Keys<'a>,
    id: PollId,
    /// How the server tells this call from others.
    name: [u8; 8],
    /// Voters with ballots, of which each answer is to tell.
    asked: Vec<u8>,
    has_lost: bool,
    longest_pause: Duration,
}

impl<'a> Race<'a> {
    pub(super) fn new(store: &'a RedisStore, id: PollId, asked: Vec<u8>) -> Self {
        Self {
            store,
            keys: Keys::new(&store.redis, id),
            id,
            name: fastrand::u64(..).to_be_bytes(),
            asked,
            has_lost: false,
            longest_pause: FIRST_PAUSE,
        }
    }

    /// The poll as it is, once nobody else is to write first.
    pub(super) async fn enter(&mut self) -> Result<Seen, Fault> {
        loop {
            let arguments: [&[u8]; 3] = [&self.name, &self.asked, b"32"];
            let answer = READ
                .call(&self.store.redis, &self.keys.to_read(), &arguments)
                .await?;
            let seen = Seen::read(self.id, answer)?;
            if !seen.is_others_turn {
                return Ok(seen);
            }
            self.let_another_go_first().await;
        }
    }

    /// Has a script write what follows from what was seen; what it answers, if it lost, is how the poll is now.
    pub(super) async fn write<K: AsRef<str> + Sync>(
        &mut self,
        script: &Lua,
        keys: &[K],
        arguments: &[&[u8]],
    ) -> Result<Option<Seen>, Fault> {
        let mut all: Vec<&[u8]> = Vec::with_capacity(arguments.len() + 1);
        all.push(&self.name);
        all.extend(arguments);
        let answer: Value = script.call(&self.store.redis, keys, &all).await?;
        match Written::read(self.id, answer)? {
            Written::Done => Ok(None),
            Written::Moved(seen) => {
                self.has_lost = true;
                if seen.is_others_turn {
                    self.let_another_go_first().await;
                    return self.enter().await.map(Some);
                }
                Ok(Some(seen))
            }
        }
    }

    pub(super) fn asked(&self) -> &[u8] {
        &self.asked
    }

    /// Leaves without having written, so that nobody waits for it.
    pub(super) async fn leave(self) {
        if !self.has_lost {
            return;
        }
        let released = RELEASE
            .call(&self.store.redis, &[&self.keys.turn], &[&self.name])
            .await;
        if let Err(error) = released {
            tracing::debug!(%error, "others wait for a moment");
        }
    }

    async fn let_another_go_first(&mut self) {
        sleep(self.longest_pause.mul_f64(fastrand::f64())).await;
        self.longest_pause = LONGEST_PAUSE.min(self.longest_pause * 2);
    }
}
