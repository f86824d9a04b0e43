mod bounds;
mod sessions;
mod state;
mod votes;
