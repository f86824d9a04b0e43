//! Layers: wrappers that add behavior to a store, a broadcaster or an account store.

mod timeout;

pub use timeout::Timeout;
