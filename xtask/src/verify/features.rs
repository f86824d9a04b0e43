use anyhow::{Result, bail};
use cargo_metadata::Package;

use crate::cargo::{cargo, is_published_library, run, workspace};

/// Lints every published library without features, and with each feature alone.
///
/// Hosts enable any subset of the features, so each must compile without the others.
///
/// # Errors
/// Returns an error that lists the combinations with an error or a warning.
pub(super) fn check() -> Result<()> {
    let workspace = workspace()?;
    let mut failed = Vec::new();
    for package in workspace.workspace_packages() {
        if !is_published_library(package) {
            continue;
        }
        for features in combinations(package) {
            let mut check = cargo(["clippy", "--quiet", "--locked", "--no-default-features"]);
            check.args(["--package", package.name.as_str(), "--features", features]);
            check.args(["--", "-Dwarnings"]);
            if run(&mut check).is_err() {
                failed.push(format!("{} with features [{features}]", package.name));
            }
        }
    }
    if !failed.is_empty() {
        bail!("{}", failed.join(", "));
    }
    Ok(())
}

/// Returns no feature, and each feature alone.
fn combinations(package: &Package) -> impl Iterator<Item = &str> {
    [""].into_iter()
        .chain(package.features.keys().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_include_no_feature_and_each_feature() {
        let workspace = workspace().unwrap();
        let packages = workspace.workspace_packages();
        let core = packages
            .into_iter()
            .find(|one| one.name == "votify-core")
            .unwrap();
        let combinations: Vec<_> = combinations(core).collect();
        assert!(combinations.contains(&"") && combinations.contains(&"conformance"));
    }
}
