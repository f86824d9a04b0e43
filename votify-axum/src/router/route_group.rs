/// A group of routes that a host can leave out with
/// [`VotifyRouter::without`](crate::VotifyRouter::without).
///
/// ```
/// use votify_axum::{RouteGroup, VotifyRouter};
/// use votify_core::{MemoryStore, PollEngine};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let engine = PollEngine::new(MemoryStore::new());
/// // The host's own code creates, lists and manages polls.
/// let groups = [RouteGroup::Creation, RouteGroup::Lists, RouteGroup::Management];
/// let app: axum::Router = VotifyRouter::new(engine).without(groups).build();
/// # let _ = app;
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RouteGroup {
    /// `POST /api/polls`.
    Creation,
    /// `GET /api/polls` and `/api/trending`.
    Lists,
    /// `PATCH` and `DELETE /api/polls/{id}`, and `POST` of `/close` and `/invites` below
    /// it.
    Management,
    /// `/api/polls/{id}/vote`, and votes over WebSockets.
    Voting,
    /// `/api/polls/{id}/stream`.
    Streams,
    /// `/api/openapi.json`, with [`Streams`](Self::Streams) `/api/asyncapi.json`, and with feature `docs` the page `/api/docs`.
    Documents,
    /// `/healthz`, `/readyz` and `/metrics`.
    Operations,
    /// The web pages and their files: `/`, `/p/{id}` and what is below it, `/polls`, `/mine`,
    /// `/join`, `/j/{code}`, with accounts `/login`, `/register` and `/account`, `/pages/…`,
    /// `/theme.css`, `/favicon.svg`, and the client library `/votify.js` with the element
    /// `/votify-poll.js`. They need all other groups but
    /// [`Documents`](Self::Documents) and [`Operations`](Self::Operations).
    #[cfg(feature = "ui")]
    Pages,
}
