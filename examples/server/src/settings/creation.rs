use votify_axum::VotifyRouter;
use votify_core::Rate;

use crate::cli::ServeArgs;
use crate::error::CliError;
use crate::settings::Sources;
use crate::settings::rates::{or_off, parse_rate};

/// The limits of creating polls and invites. `None` means no limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CreationLimits {
    pub(super) poll_rate: Option<Rate>,
    pub(super) poll_bytes_rate: Option<Rate>,
    pub(super) owner_poll_rate: Option<Rate>,
    pub(super) invite_rate: Option<Rate>,
    pub(super) owner_invite_rate: Option<Rate>,
    pub(super) session_polls: Option<u64>,
}

impl CreationLimits {
    pub(super) fn read(args: &ServeArgs, sources: &Sources<'_>) -> Result<Self, CliError> {
        let file = sources.file();
        Ok(Self {
            poll_rate: sources
                .setting(
                    "poll-rate",
                    args.poll_rate.as_ref(),
                    file.poll_rate.as_ref(),
                )
                .parse_or("60/1h", parse_rate)?,
            poll_bytes_rate: sources
                .setting(
                    "poll-bytes-rate",
                    args.poll_bytes_rate.as_ref(),
                    file.poll_bytes_rate.as_ref(),
                )
                .parse_or("2097152/1h", parse_rate)?,
            owner_poll_rate: sources
                .setting(
                    "owner-poll-rate",
                    args.owner_poll_rate.as_ref(),
                    file.owner_poll_rate.as_ref(),
                )
                .parse_or("200/1d", parse_rate)?,
            invite_rate: sources
                .setting(
                    "invite-rate",
                    args.invite_rate.as_ref(),
                    file.invite_rate.as_ref(),
                )
                .parse_or("40000/1d", parse_rate)?,
            owner_invite_rate: sources
                .setting(
                    "owner-invite-rate",
                    args.owner_invite_rate.as_ref(),
                    file.owner_invite_rate.as_ref(),
                )
                .parse_or("20000/1d", parse_rate)?,
            session_polls: sources
                .setting(
                    "session-polls",
                    args.session_polls.as_ref(),
                    file.session_polls.as_ref(),
                )
                .parse_or("100000", parse_polls)?,
        })
    }

    /// Sets the limits. Without a limiter, only the number of polls of sessions is
    /// limited.
    pub(crate) fn apply_to(&self, router: VotifyRouter, has_limiter: bool) -> VotifyRouter {
        let counted = |rate: Option<Rate>| rate.filter(|_| has_limiter);
        router
            .poll_rate(counted(self.poll_rate))
            .poll_bytes_rate(counted(self.poll_bytes_rate))
            .owner_poll_rate(counted(self.owner_poll_rate))
            .invite_rate(counted(self.invite_rate))
            .owner_invite_rate(counted(self.owner_invite_rate))
            .session_polls(self.session_polls)
    }
}

fn parse_polls(text: &str) -> Result<Option<u64>, String> {
    or_off(text, |text| {
        text.parse()
            .map_err(|_| "must be a whole number of polls from 0, or off".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_polls_are_whole() {
        assert_eq!(parse_polls("off"), Ok(None));
        assert_eq!(parse_polls("0"), Ok(Some(0)));
        assert_eq!(parse_polls("100000"), Ok(Some(100_000)));
        for invalid in ["-1", "1.5", "many", ""] {
            assert!(
                parse_polls(invalid).unwrap_err().contains("or off"),
                "{invalid}"
            );
        }
    }
}
