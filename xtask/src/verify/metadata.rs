use anyhow::{Result, ensure};
use cargo_metadata::Package;

use crate::cargo::{is_published_library, workspace};

/// Checks that published libraries have the metadata that crates.io and docs.rs use.
///
/// # Errors
/// Returns an error that lists every package with its missing fields.
pub(super) fn check() -> Result<()> {
    let workspace = workspace()?;
    let packages = workspace.workspace_packages().into_iter();
    let incomplete: Vec<_> = packages
        .filter(|package| is_published_library(package))
        .map(|package| (package.name.as_str(), missing_fields(package)))
        .filter(|(_, missing)| !missing.is_empty())
        .map(|(name, missing)| format!("{name} has no {}", missing.join(", ")))
        .collect();
    ensure!(incomplete.is_empty(), "{}", incomplete.join("; "));
    Ok(())
}

fn missing_fields(package: &Package) -> Vec<&'static str> {
    // docs.rs builds only the default features otherwise.
    let all_features = package.metadata.pointer("/docs/rs/all-features");
    let fields = [
        ("description", package.description.is_some()),
        ("license", package.license.is_some()),
        ("repository", package.repository.is_some()),
        ("readme", package.readme.is_some()),
        ("rust-version", package.rust_version.is_some()),
        ("keywords", !package.keywords.is_empty()),
        ("categories", !package.categories.is_empty()),
        (
            "package.metadata.docs.rs.all-features",
            all_features.and_then(|value| value.as_bool()) == Some(true),
        ),
    ];
    fields
        .into_iter()
        .filter(|(_, is_set)| !is_set)
        .map(|(name, _)| name)
        .collect()
}
