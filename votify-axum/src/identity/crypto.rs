/// Chooses the one backend that both users of tokens have: a program may hold both of the library's, and then it wants to be
/// told. If the host has told it already, that stands.
pub(crate) fn choose_backend() {
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
}
