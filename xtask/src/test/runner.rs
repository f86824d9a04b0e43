use std::process::Command;

use super::tier::Tier;
use crate::cargo::{cargo, output};

/// Returns true if cargo-nextest is installed.
///
/// Nextest runs the tests of all programs side by side, within the limits of
/// `.config/nextest.toml`. `cargo test` is the fallback because it is part of every
/// toolchain.
pub(super) fn has_nextest() -> bool {
    output(&mut cargo(["nextest", "--version"])).is_ok()
}

/// Returns the command for the documentation examples, which nextest does not support.
pub(super) fn doctests() -> Command {
    cargo(["test", "--doc", "--all-features", "--no-fail-fast"])
}

/// Returns the nextest command for a tier, with the caller's further arguments.
pub(super) fn nextest(tier: Tier, rest: &[String]) -> Command {
    // No `--workspace`: cargo ignores `--package` beside it, and the workspace's root has
    // no package, so all members are the default.
    let mut command = cargo(["nextest", "run", "--all-features", "--profile"]);
    command.arg(tier.profile()).args(rest);
    set_random_cases(&mut command, tier);
    command
}

/// Sets the number of random cases, unless the caller's environment does.
fn set_random_cases(command: &mut Command, tier: Tier) {
    const VARIABLE: &str = "VOTIFY_CONFORMANCE_CASES";
    if let Some(cases) = tier.random_cases()
        && std::env::var_os(VARIABLE).is_none()
    {
        command.env(VARIABLE, cases);
    }
}

/// Returns the `cargo test` command for a tier, with the caller's further arguments.
pub(super) fn cargo_test(tier: Tier, rest: &[String]) -> Command {
    let mut command = cargo(["test", "--all-features", "--no-fail-fast"]);
    let mut parts = rest.splitn(2, |argument| argument == "--");
    let for_cargo = parts.next().unwrap_or_default();
    let for_tests = parts.next().unwrap_or_default();
    if !tier.includes_doctests() && rest.is_empty() {
        command.arg("--tests");
    }
    command.args(for_cargo).arg("--").args(for_tests);
    if tier == Tier::Endurance && rest.is_empty() {
        command.arg("endurance");
    }
    for pattern in tier.skipped() {
        command.args(["--skip", pattern]);
    }
    set_random_cases(&mut command, tier);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(command: &Command) -> String {
        let words: Vec<_> = command
            .get_args()
            .map(|word| word.to_string_lossy())
            .collect();
        words.join(" ")
    }

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn tiers_are_nextest_profiles() {
        let all = "nextest run --all-features --profile";
        for (tier, profile) in [
            (Tier::Full, "default"),
            (Tier::Quick, "quick"),
            (Tier::Endurance, "endurance"),
        ] {
            let command = nextest(tier, &[]);
            assert_eq!(arguments(&command), format!("{all} {profile}"));
        }
    }

    #[test]
    fn every_profile_is_configured() {
        let config = include_str!("../../../.config/nextest.toml");
        for tier in [Tier::Full, Tier::Quick, Tier::Endurance] {
            let section = format!("\n[profile.{}]\n", tier.profile());
            assert!(config.contains(&section), "{section}");
        }
    }

    #[test]
    fn further_arguments_are_passed_to_nextest() {
        let command = nextest(Tier::Full, &words("-p votify-core seals"));
        let expected = "nextest run --all-features --profile default -p votify-core seals";
        assert_eq!(arguments(&command), expected);
    }

    #[test]
    fn cargo_test_runs_the_same_tiers() {
        let all = "test --all-features --no-fail-fast";
        let full = cargo_test(Tier::Full, &[]);
        assert_eq!(arguments(&full), format!("{all} -- --skip endurance"));
        let quick = arguments(&cargo_test(Tier::Quick, &[]));
        let skipped = "--skip endurance --skip private_server --skip fleet::";
        assert!(quick.starts_with(&format!("{all} -- {skipped}")), "{quick}");
        let endurance = cargo_test(Tier::Endurance, &[]);
        assert_eq!(arguments(&endurance), format!("{all} --tests -- endurance"));
    }

    #[test]
    fn cargo_test_accepts_arguments_for_test_programs() {
        let rest = words("-p votify-core seals -- --nocapture");
        let command = cargo_test(Tier::Full, &rest);
        let expected = "test --all-features --no-fail-fast -p votify-core seals \
                        -- --nocapture --skip endurance";
        assert_eq!(arguments(&command), expected);
    }
}
