/// Selects the crypto backend of `jsonwebtoken`. A build may contain both backends, and
/// the library then requires a choice. A choice that the host made before stays.
pub(crate) fn install_crypto_provider() {
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
}
