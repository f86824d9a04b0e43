use anyhow::{Result, bail};
use cargo_metadata::{Package, TargetKind};

use crate::cargo::{cargo, run, workspace};

/// Lints every published library without its features, and with each feature by itself: features must be additive,
/// and a host picks the ones that it likes.
///
/// # Errors
/// If a combination does not compile without a warning.
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

fn is_published_library(package: &Package) -> bool {
    let is_library = |kind: &TargetKind| *kind == TargetKind::Lib;
    let published = package
        .publish
        .as_ref()
        .is_none_or(|registries| !registries.is_empty());
    published
        && package
            .targets
            .iter()
            .any(|target| target.kind.iter().any(is_library))
}

/// No feature, and each one alone.
fn combinations(package: &Package) -> impl Iterator<Item = &str> {
    [""].into_iter()
        .chain(package.features.keys().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_workspaces_libraries_are_found() {
        let workspace = workspace().unwrap();
        let packages = workspace.workspace_packages();
        let libraries = packages.into_iter().filter(|one| is_published_library(one));
        let mut names: Vec<_> = libraries.map(|one| one.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "votify",
                "votify-axum",
                "votify-core",
                "votify-redis",
                "votify-sqlx"
            ]
        );
    }

    #[test]
    fn every_feature_is_tried_alone_and_none_at_all() {
        let workspace = workspace().unwrap();
        let packages = workspace.workspace_packages();
        let core = packages
            .into_iter()
            .find(|one| one.name == "votify-core")
            .unwrap();
        let tried: Vec<_> = combinations(core).collect();
        assert!(tried.contains(&"") && tried.contains(&"conformance"));
    }
}
