#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod blocking;
mod client_config;
mod client_context;
mod consumer;
mod error;
mod metadata;
mod partitioner;
mod producer;
mod queue;
mod settings;
mod topics;

pub use consumer::KafkaConsumer;
pub use queue::KafkaQueue;
pub use settings::{KafkaSettings, Sasl, SaslMechanism, Tls};
pub use topics::create_topics;

pub use rdkafka;
