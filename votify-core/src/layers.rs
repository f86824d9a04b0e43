//! Layers: wrappers that add behaviour to a store, a broadcaster or an account store.

mod timeout;

pub use timeout::Timeout;
