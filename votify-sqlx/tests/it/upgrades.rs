//! Upgrades from earlier schema versions: creating them, and the checks after the
//! upgrade.

use votify_core::account::{
    PasswordHash, Registration, Revocation, TokenId, User, UserId, UserName,
};
use votify_core::poll::AddressQuota;
use votify_core::store::InviteOutcome;
use votify_core::voter::AddressId;
use votify_core::{
    AccountStore, Ballot, InviteStore, Outcome, Poll, PollId, Refusal, Store, StoreError, Timestamp,
};
use votify_sqlx::sqlx::SqlSafeStr;
use votify_sqlx::sqlx::migrate::{Migration, MigrationType, Migrator};
use votify_test_support::ballots::{ballot, cast, error_chain, poll, votes};

/// The name and the SQL of a schema version.
pub(crate) type Version = (&'static str, &'static str);

/// Returns a migrator that creates the tables of the given first versions.
pub(crate) fn migrator(versions: &[Version]) -> Migrator {
    let migration = |(version, (name, text)): (i64, &Version)| {
        let kind = MigrationType::Simple;
        Migration::new(version, (*name).into(), kind, text.into_sql_str(), true)
    };
    let mut migrator = Migrator::with_migrations((1..).zip(versions).map(migration).collect());
    migrator.dangerous_set_table_name("votify_migrations");
    migrator.set_locking(false);
    migrator
}

/// Two polls with 25 votes each.
pub(crate) struct SampleData {
    polls: [Poll; 2],
    ballots: Vec<Ballot>,
}

impl SampleData {
    /// Creates the polls and casts the votes in a store.
    pub(crate) async fn create(store: &dyn Store) -> Self {
        let polls = [poll(store).await, poll(store).await];
        let ballots: Vec<_> = (0..50).map(|n| ballot(&polls[n as usize % 2], n)).collect();
        for outcome in cast(store, &ballots).await {
            outcome.unwrap();
        }
        Self { polls, ballots }
    }

    /// Checks that a store with an old schema returns an error that requires a migration.
    pub(crate) async fn assert_needs_migration(&self, store: &dyn Store) {
        let error: StoreError = store.polls(&[self.polls[0].id]).await.unwrap_err();
        let error = error_chain(&error);
        assert!(error.contains("older version"), "{error}");
    }

    /// Checks that an upgraded store has all data, counts new votes and accepts invites.
    pub(crate) async fn assert_voting_continues(&self, store: &(impl Store + InviteStore)) {
        for poll in &self.polls {
            assert_eq!(votes(store, poll).await, 25);
        }
        let replayed = cast(store, &self.ballots[..1]).await.remove(0).unwrap();
        assert_eq!(replayed, Outcome::Replayed { revision: 1 });
        let new = cast(store, &[ballot(&self.polls[0], 100)]).await.remove(0);
        assert_eq!(new.unwrap(), Outcome::Counted { revision: 26 });
        assert_eq!(votes(store, &self.polls[0]).await, 26);
        let (poll, guest) = (self.polls[1].id, self.ballots[0].voter);
        let invited = store.invite(poll, &[guest], 1).await.unwrap();
        assert_eq!(invited, InviteOutcome::Invited { total: 1 });
        assert_eq!(store.invited(poll, &[guest]).await.unwrap(), [true]);
    }

    /// Checks that a new poll in an upgraded store can have an address quota.
    pub(crate) async fn assert_address_quotas_work(&self, store: &dyn Store) {
        let mut limited = self.polls[0].clone();
        limited.id = PollId::generate(Timestamp::EPOCH);
        limited.rules.address_quota = Some(AddressQuota::new(1));
        store.create_poll(&limited).await.unwrap();
        let stored = store.polls(&[self.polls[0].id, limited.id]).await.unwrap();
        let quotas = stored
            .into_iter()
            .map(|poll| poll.unwrap().rules.address_quota);
        let expected = [None, limited.rules.address_quota];
        assert_eq!(quotas.collect::<Vec<_>>(), expected);
        let mut ballots = [ballot(&limited, 1), ballot(&limited, 2)];
        for ballot in &mut ballots {
            ballot.address = Some(AddressId::new(32, [1; 15]));
        }
        let outcomes = cast(store, &ballots).await.into_iter().map(Result::unwrap);
        let exhausted = Outcome::Refused(Refusal::AddressQuota);
        let expected = [Outcome::Counted { revision: 1 }, exhausted];
        assert_eq!(outcomes.collect::<Vec<_>>(), expected);
    }

    /// Checks that users can register and log out in an upgraded store.
    pub(crate) async fn assert_accounts_work(&self, store: &impl AccountStore) {
        let now = Timestamp::EPOCH;
        let ada = User {
            id: UserId::generate(now),
            name: UserName::new("Ada").unwrap(),
            password: PasswordHash::new("a hash").unwrap(),
            created_at: now,
        };
        let registered = store.register(&ada).await.unwrap();
        assert_eq!(registered, Registration::Registered);
        let duplicate = User {
            id: UserId::generate(now),
            ..ada.clone()
        };
        let registered = store.register(&duplicate).await.unwrap();
        assert_eq!(registered, Registration::NameTaken);
        let token = TokenId::generate(now);
        let revocation = Revocation {
            token,
            expires_at: Timestamp::MAX,
        };
        store.revoke(&revocation, now).await.unwrap();
        assert_eq!(store.are_revoked(&[token]).await.unwrap(), [true]);
    }
}
