use anyhow::{Result, bail};

use crate::cargo::{cargo, output};

/// Crates that a package must not depend on, except in tests.
struct DependencyRule {
    package: &'static str,
    /// Arguments for `cargo tree` that select the package's features.
    feature_arguments: &'static [&'static str],
    /// Names of crates. A name that ends in `*` is a prefix.
    forbidden: &'static [&'static str],
}

const RULES: &[DependencyRule] = &[
    DependencyRule {
        package: "votify",
        feature_arguments: &["--no-default-features"],
        forbidden: &[
            "sqlx*",
            "libsqlite3-sys",
            "redis",
            "axum*",
            "hyper*",
            "http",
            "tower*",
        ],
    },
    DependencyRule {
        package: "votify",
        feature_arguments: &[],
        forbidden: &["redis", "rustls*", "sqlx-mysql", "sqlx-postgres"],
    },
    DependencyRule {
        package: "votify-core",
        feature_arguments: &["--all-features"],
        forbidden: &[
            "sqlx*",
            "libsqlite3-sys",
            "rdkafka*",
            "redis",
            "axum*",
            "hyper*",
            "http",
            "tower*",
        ],
    },
    DependencyRule {
        package: "votify-sqlx",
        feature_arguments: &["--all-features"],
        forbidden: &["axum*", "hyper*", "http", "redis", "votify-axum"],
    },
    DependencyRule {
        package: "votify-redis",
        feature_arguments: &["--all-features"],
        forbidden: &[
            "axum*",
            "hyper*",
            "http",
            "sqlx*",
            "libsqlite3-sys",
            "ring",
            "native-tls",
            // Not `openssl*`: `openssl-probe` finds the system's certificates, without
            // OpenSSL.
            "openssl",
            "openssl-sys",
            "votify-axum",
            "votify-sqlx",
        ],
    },
    DependencyRule {
        package: "votify-redis",
        feature_arguments: &[],
        forbidden: &["rustls*", "aws-lc-*", "tokio-rustls"],
    },
    DependencyRule {
        package: "votify-kafka",
        feature_arguments: &["--all-features"],
        forbidden: &[
            "axum*",
            "hyper*",
            "http",
            "sqlx*",
            "libsqlite3-sys",
            "redis",
            "votify-axum",
            "votify-redis",
            "votify-sqlx",
        ],
    },
    DependencyRule {
        package: "votify-kafka",
        feature_arguments: &[],
        forbidden: &["openssl*"],
    },
    DependencyRule {
        package: "votify-server",
        feature_arguments: &[],
        // The first run must not compile librdkafka.
        forbidden: &["rdkafka*"],
    },
    DependencyRule {
        package: "votify-sqlx",
        feature_arguments: &[],
        forbidden: &[
            "rustls*",
            "native-tls",
            "openssl*",
            "ring",
            "aws-lc-*",
            "tokio-rustls",
        ],
    },
    DependencyRule {
        package: "votify-axum",
        feature_arguments: &["--all-features"],
        forbidden: &["sqlx*", "libsqlite3-sys", "redis", "votify-sqlx"],
    },
];

/// Checks the dependencies of each published library, without those of its tests.
///
/// # Errors
/// Returns an error that lists every forbidden dependency.
pub(super) fn check() -> Result<()> {
    let mut violations = Vec::new();
    for rule in RULES {
        let mut tree = cargo(["tree", "--locked", "--edges", "normal", "--prefix", "none"]);
        tree.args(["--format", "{p}", "--package", rule.package])
            .args(rule.feature_arguments);
        for name in matching(&output(&mut tree)?, rule.forbidden) {
            violations.push(format!(
                "{} depends on {name} ({:?})",
                rule.package, rule.feature_arguments
            ));
        }
    }
    if !violations.is_empty() {
        bail!("{}", violations.join("; "));
    }
    Ok(())
}

/// Returns the crates of a tree that match a pattern, each once.
fn matching<'a>(tree: &'a str, patterns: &[&str]) -> Vec<&'a str> {
    let names = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let matches = |name: &str| {
        patterns
            .iter()
            .any(|pattern| match pattern.strip_suffix('*') {
                Some(prefix) => name.starts_with(prefix),
                None => name == *pattern,
            })
    };
    let mut names: Vec<_> = names.filter(|name| matches(name)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names_or_prefixes() {
        let tree = "votify-core v0.1.0 (/a/b)\nsqlx-core v0.9.0\nhttp-body v1.0.0\n\
                    ring v0.17.1\nring v0.17.1 (*)\n";
        assert_eq!(
            matching(tree, &["sqlx*", "http", "ring"]),
            ["ring", "sqlx-core"]
        );
        assert!(matching(tree, &["axum*"]).is_empty());
    }
}
