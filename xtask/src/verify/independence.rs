use anyhow::{Result, bail};

use crate::cargo::{cargo, output};

/// What a crate must not bring into a program that uses it.
struct Law {
    package: &'static str,
    /// Further arguments of `cargo tree`.
    features: &'static [&'static str],
    /// Names of crates; one that ends in `*` stands for all that begin so.
    absent: &'static [&'static str],
}

const LAWS: &[Law] = &[
    Law {
        package: "votify",
        features: &["--no-default-features"],
        absent: &[
            "sqlx*",
            "libsqlite3-sys",
            "redis",
            "axum*",
            "hyper*",
            "http",
            "tower*",
        ],
    },
    Law {
        package: "votify",
        features: &[],
        absent: &["redis", "rustls*", "sqlx-mysql", "sqlx-postgres"],
    },
    Law {
        package: "votify-core",
        features: &["--all-features"],
        absent: &[
            "sqlx*",
            "libsqlite3-sys",
            "redis",
            "axum*",
            "hyper*",
            "http",
            "tower*",
        ],
    },
    Law {
        package: "votify-sqlx",
        features: &["--all-features"],
        absent: &["axum*", "hyper*", "http", "redis", "votify-axum"],
    },
    Law {
        package: "votify-redis",
        features: &["--all-features"],
        absent: &[
            "axum*",
            "hyper*",
            "http",
            "sqlx*",
            "libsqlite3-sys",
            "ring",
            "native-tls",
            // Not all that begin so: what finds the system's certificates is called `openssl-probe`.
            "openssl",
            "openssl-sys",
            "votify-axum",
            "votify-sqlx",
        ],
    },
    Law {
        package: "votify-redis",
        features: &[],
        absent: &["rustls*", "aws-lc-*", "tokio-rustls"],
    },
    Law {
        package: "votify-sqlx",
        features: &[],
        absent: &[
            "rustls*",
            "native-tls",
            "openssl*",
            "ring",
            "aws-lc-*",
            "tokio-rustls",
        ],
    },
    Law {
        package: "votify-axum",
        features: &["--all-features"],
        absent: &["sqlx*", "libsqlite3-sys", "redis", "votify-sqlx"],
    },
];

/// Looks through what each crate depends on when it is not a test.
///
/// # Errors
/// Every crate that is where it must not be.
pub(super) fn check() -> Result<()> {
    let mut found = Vec::new();
    for law in LAWS {
        let mut tree = cargo(["tree", "--locked", "--edges", "normal", "--prefix", "none"]);
        tree.args(["--format", "{p}", "--package", law.package])
            .args(law.features);
        for name in forbidden(&output(&mut tree)?, law.absent) {
            found.push(format!(
                "{} depends on {name} ({:?})",
                law.package, law.features
            ));
        }
    }
    if !found.is_empty() {
        bail!("{}", found.join("; "));
    }
    Ok(())
}

/// Those crates of a tree that are in `absent`.
fn forbidden<'a>(tree: &'a str, absent: &[&str]) -> Vec<&'a str> {
    let names = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let is_absent = |name: &str| {
        absent
            .iter()
            .any(|pattern| match pattern.strip_suffix('*') {
                Some(beginning) => name.starts_with(beginning),
                None => name == *pattern,
            })
    };
    let mut names: Vec<_> = names.filter(|name| is_absent(name)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_whole_or_by_their_beginning() {
        let tree = "votify-core v0.1.0 (/a/b)\nsqlx-core v0.9.0\nhttp-body v1.0.0\nring v0.17.1\nring v0.17.1 (*)\n";
        assert_eq!(
            forbidden(tree, &["sqlx*", "http", "ring"]),
            ["ring", "sqlx-core"]
        );
        assert!(forbidden(tree, &["axum*"]).is_empty());
    }
}
