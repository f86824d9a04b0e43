//! The laws as tests.
