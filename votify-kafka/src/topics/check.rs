use rdkafka::admin::{AdminClient, AdminOptions, ConfigResource, ResourceSpecifier};

use super::CALL_TIMEOUT;
use crate::client_context::Context;
use crate::error::Error;
use crate::settings::KafkaSettings;

/// The setting with which brokers reject records that are older than a limit, since Kafka
/// 3.6. It keeps a record out that a paused broker would append after its timeout.
pub(super) const MAX_AGE: &str = "message.timestamp.before.max.ms";
/// The same for older brokers.
pub(super) const MAX_DIFFERENCE: &str = "message.timestamp.difference.max.ms";

/// Checks the settings of the topic of the ballots. Skips those that the brokers do not
/// have.
///
/// # Errors
/// - [`Error::TopicSetting`]: votes could be lost or counted late.
/// - [`Error::Unavailable`]: no broker responds.
pub(super) async fn check_settings(
    admin: &AdminClient<Context>,
    context: &Context,
    settings: &KafkaSettings,
) -> Result<(), Error> {
    let options = AdminOptions::new().request_timeout(Some(CALL_TIMEOUT));
    let specifier = ResourceSpecifier::Topic(settings.topic());
    let described = admin.describe_configs([&specifier], &options).await;
    let described = described.map_err(|error| Error::from_kafka(&error, context.last_error()))?;
    let Some(resource) = described.into_iter().next() else {
        return Ok(());
    };
    let resource = resource.map_err(|code| Error::from_code(code, context.last_error()))?;
    let find = |name: &str| value_of(&resource, name);
    match problem(settings, find) {
        None => Ok(()),
        Some((name, found, required)) => Err(Error::TopicSetting {
            topic: settings.topic().to_owned(),
            name,
            found,
            required,
        }),
    }
}

fn value_of(resource: &ConfigResource, name: &str) -> Option<String> {
    resource.get(name)?.value.clone()
}

type Problem = (&'static str, String, String);

/// Returns the first setting with which votes could be lost, its value, and what is
/// required.
fn problem(settings: &KafkaSettings, find: impl Fn(&str) -> Option<String>) -> Option<Problem> {
    let equals = |name: &'static str, required: &str, reason: &str| {
        let found = find(name).filter(|found| found != required)?;
        Some((name, found, format!("{required} is required: {reason}")))
    };
    let number = |name: &str| find(name)?.parse::<i128>().ok();
    let at_least = |name: &'static str, required: i128, reason: &str| {
        let found = number(name).filter(|found| *found < required && *found >= 0)?;
        let required = format!("at least {required} is required: {reason}");
        Some((name, found.to_string(), required))
    };
    let retention = i128::try_from(settings.retention.as_millis()).unwrap_or(i128::MAX);
    let max_age = i128::try_from(settings.delivery_timeout.as_millis()).unwrap_or(i128::MAX);
    equals("cleanup.policy", "delete", "compaction removes ballots")
        .or_else(|| {
            let name = "unclean.leader.election.enable";
            equals(
                name,
                "false",
                "a broker without the last votes could take over",
            )
        })
        .or_else(|| {
            let name = "message.timestamp.type";
            equals(
                name,
                "CreateTime",
                "brokers reject late votes by their time",
            )
        })
        .or_else(|| {
            let required = settings.min_insync().into();
            at_least("min.insync.replicas", required, "fewer copies can be lost")
        })
        .or_else(|| at_least("retention.ms", retention, "votes are deleted afterwards"))
        .or_else(|| {
            let reason = "votes are deleted when the log is larger";
            equals("retention.bytes", "-1", reason)
        })
        .or_else(|| {
            let names = [MAX_AGE, MAX_DIFFERENCE];
            let name = names.into_iter().find(|name| number(name).is_some())?;
            let found = number(name).filter(|found| *found > max_age)?;
            let reason = "later votes could enter behind the close of their poll";
            let required = format!("at most {max_age} is required: {reason}");
            Some((name, found.to_string(), required))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> KafkaSettings {
        KafkaSettings::new("localhost", "votes").unwrap()
    }

    fn check(values: &[(&str, &str)]) -> Option<&'static str> {
        let find = |name: &str| {
            let found = values.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        problem(&settings(), find).map(|(name, _, _)| name)
    }

    #[test]
    fn settings_that_could_lose_votes_are_reported() {
        let good = [
            ("cleanup.policy", "delete"),
            ("unclean.leader.election.enable", "false"),
            ("message.timestamp.type", "CreateTime"),
            ("min.insync.replicas", "2"),
            ("retention.ms", "604800000"),
            ("retention.bytes", "-1"),
            (MAX_AGE, "5000"),
        ];
        assert_eq!(check(&good), None);
        assert_eq!(check(&[]), None, "settings that a broker lacks are skipped");
        for (index, bad) in [
            "compact",
            "true",
            "LogAppendTime",
            "1",
            "3600000",
            "1073741824",
            "9223372036854775807",
        ]
        .into_iter()
        .enumerate()
        {
            let mut values = good;
            values[index].1 = bad;
            assert_eq!(check(&values), Some(good[index].0));
        }
    }

    #[test]
    fn unlimited_retention_is_accepted() {
        assert_eq!(check(&[("retention.ms", "-1")]), None);
    }

    #[test]
    fn older_brokers_are_checked_by_their_own_setting() {
        assert_eq!(check(&[(MAX_DIFFERENCE, "60000")]), Some(MAX_DIFFERENCE));
        let both = [(MAX_AGE, "5000"), (MAX_DIFFERENCE, "9223372036854775807")];
        assert_eq!(check(&both), None);
    }
}
