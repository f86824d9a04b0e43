use anyhow::Result;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

/// `cargo xtask bench`
///
/// # Errors
/// None
pub(crate) fn task(_arguments: &Arguments) -> Result<()> {
    Ok(())
}
