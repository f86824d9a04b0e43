use std::num::NonZeroU32;

use votify_core::Rate;
use votify_core::limit::ParseRateError;

use crate::cli::ServeArgs;
use crate::error::CliError;
use crate::settings::creation::CreationLimits;
use crate::settings::{LimitsUrl, Sources, limits_url};

/// The rate limits. `None` means no limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The counter. If it is off, the rates are not applied.
    pub(crate) limiter: LimitsUrl,
    pub(crate) vote_rate: Option<Rate>,
    pub(crate) session_rate: Option<Rate>,
    pub(crate) join_rate: Option<Rate>,
    pub(crate) login_rate: Option<Rate>,
    pub(crate) register_rate: Option<Rate>,
    pub(crate) streams_per_address: Option<NonZeroU32>,
    pub(crate) creation: CreationLimits,
    pub(crate) connections_per_address: Option<NonZeroU32>,
}

impl Limits {
    pub(super) fn read(args: &ServeArgs, sources: &Sources<'_>) -> Result<Self, CliError> {
        let file = sources.file();
        Ok(Self {
            limiter: sources
                .setting("limits", args.limits.as_ref(), file.limits.as_ref())
                .private()
                .parse_or(LimitsUrl::DEFAULT, limits_url::parse)?,
            vote_rate: sources
                .setting(
                    "vote-rate",
                    args.vote_rate.as_ref(),
                    file.vote_rate.as_ref(),
                )
                .parse_or("10/60s", parse_rate)?,
            session_rate: sources
                .setting(
                    "session-rate",
                    args.session_rate.as_ref(),
                    file.session_rate.as_ref(),
                )
                .parse_or("1000/60s", parse_rate)?,
            join_rate: sources
                .setting(
                    "join-rate",
                    args.join_rate.as_ref(),
                    file.join_rate.as_ref(),
                )
                .parse_or("100/10m", parse_rate)?,
            login_rate: sources
                .setting(
                    "login-rate",
                    args.login_rate.as_ref(),
                    file.login_rate.as_ref(),
                )
                .parse_or("10/60s", parse_rate)?,
            register_rate: sources
                .setting(
                    "register-rate",
                    args.register_rate.as_ref(),
                    file.register_rate.as_ref(),
                )
                .parse_or("100/60s", parse_rate)?,
            streams_per_address: sources
                .setting(
                    "streams-per-address",
                    args.streams_per_address.as_ref(),
                    file.streams_per_address.as_ref(),
                )
                .parse_or("1000", parse_count)?,
            connections_per_address: sources
                .setting(
                    "connections-per-address",
                    args.connections_per_address.as_ref(),
                    file.connections_per_address.as_ref(),
                )
                .parse_or("2000", parse_count)?,
            creation: CreationLimits::read(args, sources)?,
        })
    }
}

/// Parses a value, or `off` as `None`.
pub(super) fn or_off<T>(
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    match text {
        "off" => Ok(None),
        _ => parse(text).map(Some),
    }
}

pub(super) fn parse_rate(text: &str) -> Result<Option<Rate>, String> {
    or_off(text, |text| {
        let rate = text.parse();
        rate.map_err(|error: ParseRateError| format!("{error}, or off"))
    })
}

fn parse_count(text: &str) -> Result<Option<NonZeroU32>, String> {
    or_off(text, |text| {
        text.parse()
            .map_err(|_| "must be a whole number from 1, or off".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn off_means_no_limit() {
        assert_eq!(parse_rate("off"), Ok(None));
        assert_eq!(parse_rate("10/60s"), Ok(Some(Rate::per_minute(10))));
        assert!(parse_rate("ten").unwrap_err().contains("or off"));
        assert_eq!(parse_count("off"), Ok(None));
        assert!(parse_count("0").is_err());
    }
}
