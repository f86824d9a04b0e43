const VARIANTS = new Set([
  "polls-search", "poll-empty", "results-empty", "results-hidden", "present-empty", "manage-empty", "manage-extreme",
]);

/**
 * All pages in all their states. Each has a name for files, a path, the status of its
 * response, and whether only the owner of the sample polls sees it so. Variants have no
 * element that the other pages lack.
 */
export function allPages(polls) {
  const page = (name, path, more = {}) => ({ name, path, status: 200, isOwners: false, isVariant: VARIANTS.has(name), ...more });
  const own = (name, path) => page(name, path, { isOwners: true });
  const poll = (name) => `/p/${polls[name].id}`;
  return [
    page("home", "/"),
    page("polls", "/polls"),
    page("polls-search", "/polls?q=lunch"),
    page("polls-nothing-found", "/polls?q=nothing"),
    page("poll-empty", poll("empty")),
    page("poll", poll("typical")),
    page("poll-multiple", poll("multiple")),
    page("poll-hidden", poll("hidden")),
    page("poll-after-vote", poll("afterVote")),
    page("poll-scheduled", poll("scheduled")),
    page("poll-final", poll("final")),
    page("poll-invited", poll("invited")),
    page("poll-members", poll("members")),
    page("poll-extreme", poll("extreme")),
    own("poll-created", `${poll("typical")}?created=1`),
    page("embed", `${poll("typical")}/embed`),
    page("results-empty", `${poll("empty")}/results`),
    page("results", `${poll("typical")}/results`),
    page("results-hidden", `${poll("hidden")}/results`),
    page("results-final", `${poll("final")}/results`),
    page("results-extreme", `${poll("extreme")}/results`),
    page("present-empty", `${poll("empty")}/present`),
    page("present", `${poll("room")}/present`),
    page("present-hidden", `${poll("hidden")}/present`),
    page("present-extreme", `${poll("extreme")}/present`),
    own("manage-empty", `${poll("empty")}/manage`),
    own("manage", `${poll("typical")}/manage`),
    own("manage-final", `${poll("final")}/manage`),
    own("manage-invited", `${poll("invited")}/manage`),
    own("manage-extreme", `${poll("extreme")}/manage`),
    page("manage-strangers", `${poll("typical")}/manage`, { status: 403 }),
    page("mine-empty", "/mine"),
    own("mine", "/mine"),
    page("join", "/join"),
    page("join-unknown", "/j/ZZZZZZ", { status: 404 }),
    page("login", "/login"),
    page("register", "/register"),
    own("account", "/account"),
    page("not-found", "/p/00000000-0000-7000-8000-000000000000", { status: 404 }),
    page("no-page", "/nowhere", { status: 404 }),
  ];
}
