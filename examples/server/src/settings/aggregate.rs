use std::net::SocketAddr;

use super::{BroadcastUrl, CacheUrl, QueueUrl, Sources, StoreSettings, listen};
use crate::cli::AggregateArgs;
use crate::error::CliError;

/// The settings of `votify aggregate`.
#[derive(Debug)]
pub(crate) struct AggregateSettings {
    pub(crate) common: StoreSettings,
    pub(crate) queue: QueueUrl,
    pub(crate) broadcast: BroadcastUrl,
    pub(crate) cache: CacheUrl,
    pub(crate) listen: SocketAddr,
}

impl AggregateSettings {
    pub(crate) fn read(args: &AggregateArgs, sources: &Sources<'_>) -> Result<Self, CliError> {
        let file = sources.file();
        let common = StoreSettings::read(&args.store, sources)?;
        let queue = QueueUrl::read(&args.queue, sources)?;
        if queue == QueueUrl::None {
            return Err(CliError::usage(
                "--queue: must name the queue of the servers whose votes are counted",
            ));
        }
        queue.check(&common.store)?;
        let cache = CacheUrl::read(args.cache.as_ref(), sources, &common.store)?;
        Ok(Self {
            common,
            queue,
            cache,
            broadcast: BroadcastUrl::read(args.broadcast.as_ref(), sources)?,
            listen: sources
                .setting("listen", args.listen.as_ref(), file.listen.as_ref())
                .parse_or("127.0.0.1:8081", listen::parse)?,
        })
    }
}
