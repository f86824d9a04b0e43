use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use super::npm;
use crate::cargo::{root, run};

/// Pinned, so that a run is repeatable.
const PACKAGE: &str = "typescript@5.9.3";

/// The npm package.
const SOURCES: &str = "votify-axum/ui";

/// Fails to compile unless the classes of the module have the declared API.
const CONFORMANCE: &str = include_str!("typescript.ts");

/// Checks the declarations of the client library with the TypeScript compiler: by
/// themselves, and against the module. The first run installs the compiler below `target`.
/// Without Node.js, or if the registry does not answer, prints a warning.
///
/// # Errors
/// Returns an error if the compiler reports one.
pub(super) fn check() -> Result<()> {
    let subject = "the types of the client library";
    let Some(folder) = npm::folder_with("typescript", &[PACKAGE], subject)? else {
        return Ok(());
    };
    let sources = root().join(SOURCES);
    let copy = |from: &str, to: &str| {
        fs::copy(sources.join(from), folder.join(to)).with_context(|| format!("{SOURCES}/{from}"))
    };
    // A declaration beside a module hides it from the compiler, so the module gets another
    // name.
    copy("votify.js", "module.js")?;
    copy("votify.d.ts", "votify.d.ts")?;
    copy("types.d.ts", "types.d.ts")?;
    fs::write(folder.join("conformance.ts"), CONFORMANCE)?;
    let compile = |arguments: &[&str]| {
        let mut compiler = Command::new("node");
        compiler.current_dir(&folder);
        compiler.args(["node_modules/typescript/bin/tsc", "--noEmit"]);
        compiler.args(["--target", "es2022", "--lib", "es2022,dom,dom.iterable"]);
        compiler.args(["--module", "esnext", "--moduleResolution", "bundler"]);
        run(compiler.args(arguments)).context("the types of the client library are wrong")
    };
    compile(&["--strict", "votify.d.ts", "types.d.ts"])?;
    compile(&["--allowJs", "--checkJs", "module.js", "conformance.ts"])
}
