use std::fmt;

use crate::cli::ServeArgs;
use crate::error::CliError;
use crate::settings::Sources;

/// Minimum of both limits, in bytes. The router raises lower ones to it.
const MIN: usize = 2 << 20;

/// The units of sizes, from the largest.
const UNITS: [(&str, usize); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

/// The limits of responses that clients have not received yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ResponseMemory {
    pub(crate) total: MaxBytes,
    pub(crate) per_address: MaxBytes,
}

/// A number of bytes, or no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MaxBytes(pub(crate) Option<usize>);

impl ResponseMemory {
    pub(super) fn read(args: &ServeArgs, sources: &Sources<'_>) -> Result<Self, CliError> {
        let file = sources.file();
        Ok(Self {
            total: sources
                .setting(
                    "response-memory",
                    args.response_memory.as_ref(),
                    file.response_memory.as_ref(),
                )
                .parse_or("64MiB", parse)?,
            per_address: sources
                .setting(
                    "response-memory-per-address",
                    args.response_memory_per_address.as_ref(),
                    file.response_memory_per_address.as_ref(),
                )
                .parse_or("8MiB", parse)?,
        })
    }
}

fn parse(text: &str) -> Result<MaxBytes, String> {
    if text == "off" {
        return Ok(MaxBytes(None));
    }
    let unit = UNITS.iter().find_map(|(unit, size)| {
        let number = text.strip_suffix(unit)?;
        Some((number.trim_end(), *size))
    });
    let (number, unit) = unit.unwrap_or((text, 1));
    let bytes = number
        .parse()
        .ok()
        .and_then(|count: usize| count.checked_mul(unit));
    bytes
        .filter(|bytes| *bytes >= MIN)
        .map(|bytes| MaxBytes(Some(bytes)))
        .ok_or_else(|| "must be a size from 2MiB, like 64MiB, or off".to_owned())
}

impl fmt::Display for MaxBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(bytes) = self.0 else {
            return f.write_str("off");
        };
        match UNITS.iter().find(|(_, size)| bytes.is_multiple_of(*size)) {
            Some((unit, size)) => write!(f, "{}{unit}", bytes / size),
            None => write!(f, "{bytes}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit_or_are_bytes() {
        for (text, bytes, shown) in [
            ("64MiB", 64 << 20, "64MiB"),
            ("2048 KiB", 2 << 20, "2MiB"),
            ("1GiB", 1 << 30, "1GiB"),
            ("2097153", (2 << 20) + 1, "2097153"),
        ] {
            let parsed = parse(text).unwrap();
            assert_eq!(parsed, MaxBytes(Some(bytes)));
            assert_eq!(parsed.to_string(), shown);
        }
        assert_eq!(parse("off").unwrap().to_string(), "off");
        for bad in [
            "",
            "0",
            "1MiB",
            "-1",
            "64MB",
            "64",
            "MiB",
            "18446744073709551615GiB",
        ] {
            assert!(parse(bad).unwrap_err().contains("2MiB"), "{bad}");
        }
    }
}
