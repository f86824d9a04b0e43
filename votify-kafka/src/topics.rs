mod check;

use std::sync::Arc;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::RDKafkaErrorCode as Code;
use tokio::time::{Instant, sleep};
use votify_core::queue::QueueError;

use crate::blocking::{drop_in_background, run_blocking};
use crate::client_config;
use crate::client_context::Context;
use crate::error::Error;
use crate::metadata::check_topics;
use crate::queue::CONNECT_TIMEOUT;
use crate::settings::KafkaSettings;

type Admin = AdminClient<Context>;

/// The time that a call of the brokers may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long dead letters are kept: for an operator to find and replay them.
const DEAD_RETENTION: Duration = Duration::from_secs(30 * 24 * 3_600);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Creates the topics of a queue that are missing, and checks those that exist. Returns the
/// names of the topics that it created.
///
/// Never changes a topic. Safe to call again, and by several processes.
///
/// # Errors
/// - [`QueueError::Unavailable`]: no broker responded. The caller may retry.
/// - [`QueueError::Failed`]: the settings are invalid; the login is rejected; the brokers
///   reject the topic, for example because there are fewer brokers than copies; the topic
///   has another number of partitions; or a setting of the topic could lose votes. The
///   message names the setting and the value that is required.
pub async fn create_topics(settings: &KafkaSettings) -> Result<Vec<String>, QueueError> {
    let created = create(settings).await;
    created.map_err(|error| error.at(settings).into_queue_error())
}

async fn create(settings: &KafkaSettings) -> Result<Vec<String>, Error> {
    let context = Context::default();
    let config = client_config::common(settings)?;
    let admin = Admin::from_config_and_context(&config, context.clone())
        .map_err(|error| Error::from_kafka(&error, None))?;
    let admin = InBackground(Some(Arc::new(admin)));
    let mut created = Vec::new();
    let topic = TopicSpec::ballots(settings);
    let dead = TopicSpec::dead_letters(settings);
    for spec in [&topic, &dead] {
        if create_one(&admin, &context, spec).await? {
            created.push(spec.name.clone());
        }
    }
    wait_until_visible(&admin, &context, settings).await?;
    check::check_settings(admin.get()?, &context, settings).await?;
    Ok(created)
}

/// A client whose drop does not block the caller.
struct InBackground(Option<Arc<Admin>>);

impl InBackground {
    fn get(&self) -> Result<&Arc<Admin>, Error> {
        self.0.as_ref().ok_or(Error::TaskEnded)
    }
}

impl Drop for InBackground {
    fn drop(&mut self) {
        if let Some(admin) = self.0.take() {
            drop_in_background(admin);
        }
    }
}

/// A topic with the settings that it needs.
struct TopicSpec {
    name: String,
    partitions: u16,
    replication: u16,
    settings: Vec<(&'static str, String)>,
    /// The limit of the age of a record that a broker takes.
    max_age: Option<Duration>,
}

impl TopicSpec {
    fn ballots(settings: &KafkaSettings) -> Self {
        let mut spec = Self::new(settings, settings.topic().to_owned(), settings.retention);
        spec.partitions = settings.partitions;
        spec.max_age = Some(settings.delivery_timeout);
        spec
    }

    fn dead_letters(settings: &KafkaSettings) -> Self {
        let retention = settings.retention.max(DEAD_RETENTION);
        Self::new(settings, settings.dead_topic(), retention)
    }

    fn new(settings: &KafkaSettings, name: String, retention: Duration) -> Self {
        Self {
            name,
            partitions: 1,
            replication: settings.replication,
            settings: vec![
                ("cleanup.policy", "delete".to_owned()),
                ("retention.ms", retention.as_millis().to_string()),
                // Brokers often limit the size of a log by default.
                ("retention.bytes", "-1".to_owned()),
                ("min.insync.replicas", settings.min_insync().to_string()),
                ("unclean.leader.election.enable", "false".to_owned()),
                ("message.timestamp.type", "CreateTime".to_owned()),
            ],
            max_age: None,
        }
    }

    fn new_topic<'a>(&'a self, max_age: Option<(&'a str, &'a str)>) -> NewTopic<'a> {
        let replication = TopicReplication::Fixed(self.replication.into());
        let mut topic = NewTopic::new(&self.name, self.partitions.into(), replication);
        for (name, value) in &self.settings {
            topic = topic.set(name, value);
        }
        match max_age {
            Some((name, value)) => topic.set(name, value),
            None => topic,
        }
    }
}

/// Creates a topic. Returns false if it exists.
///
/// # Errors
/// As for [`create_topics`].
async fn create_one(
    admin: &InBackground,
    context: &Context,
    spec: &TopicSpec,
) -> Result<bool, Error> {
    let millis = spec.max_age.map(|age| age.as_millis().to_string());
    let max_age = |name| millis.as_deref().map(|value| (name, value));
    // Since Kafka 3.6; the older name was removed in Kafka 4.
    let newest = spec.new_topic(max_age(check::MAX_AGE));
    let mut result = submit(admin, context, &newest).await?;
    if spec.max_age.is_some() && result == Err(Code::InvalidConfig) {
        let older = spec.new_topic(max_age(check::MAX_DIFFERENCE));
        result = submit(admin, context, &older).await?;
    }
    match result {
        Ok(()) => {
            tracing::info!(
                topic = spec.name,
                partitions = spec.partitions,
                "created a topic"
            );
            Ok(true)
        }
        Err(Code::TopicAlreadyExists) => Ok(false),
        Err(Code::InvalidReplicationFactor) => Err(Error::Rejected(format!(
            "the cluster has fewer than {} brokers for the copies of the topic {}; set \
             `replication` to the number of copies",
            spec.replication, spec.name
        ))),
        Err(code) => Err(Error::from_code(code, context.last_error())),
    }
}

async fn submit(
    admin: &InBackground,
    context: &Context,
    topic: &NewTopic<'_>,
) -> Result<Result<(), Code>, Error> {
    let options = AdminOptions::new()
        .request_timeout(Some(CALL_TIMEOUT))
        .operation_timeout(Some(CALL_TIMEOUT));
    let results = admin.get()?.create_topics([topic], &options).await;
    let results = results.map_err(|error| Error::from_kafka(&error, context.last_error()))?;
    let result = results.into_iter().next();
    Ok(result.map_or(Ok(()), |result| match result {
        Ok(_) => Ok(()),
        Err((_, code)) => Err(code),
    }))
}

/// Waits until the brokers list the topics: not all learn of a new one at once.
async fn wait_until_visible(
    admin: &InBackground,
    context: &Context,
    settings: &KafkaSettings,
) -> Result<(), Error> {
    let deadline = Instant::now() + CALL_TIMEOUT;
    loop {
        let (client, context) = (Arc::clone(admin.get()?), context.clone());
        let settings = settings.clone();
        let checked = run_blocking(move || {
            check_topics(client.inner(), &context, &settings, CONNECT_TIMEOUT)
        });
        match checked.await {
            Err(Error::NoTopic(_)) if Instant::now() < deadline => sleep(POLL_INTERVAL).await,
            result => return result,
        }
    }
}
