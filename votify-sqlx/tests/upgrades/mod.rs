//! What tests of upgrades share: earlier schemas, and what must go on after the upgrade of one.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "for tests, of which every program uses a part"
)]

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

use crate::ballots::{ballot, cast, line, poll, votes};

/// The name and text of a version.
pub(crate) type Version = (&'static str, &'static str);

/// Makes the tables as these versions, the first ones, made them.
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
pub(crate) struct Filled {
    polls: [Poll; 2],
    ballots: Vec<Ballot>,
}

impl Filled {
    pub(crate) async fn fill(store: &dyn Store) -> Self {
        let polls = [poll(store).await, poll(store).await];
        let ballots: Vec<_> = (0..50).map(|n| ballot(&polls[n as usize % 2], n)).collect();
        for outcome in cast(store, &ballots).await {
            outcome.unwrap();
        }
        Self { polls, ballots }
    }

    /// That a store says what to do before its schema is upgraded.
    pub(crate) async fn waits_in(&self, store: &dyn Store) {
        let early: StoreError = store.polls(&[self.polls[0].id]).await.unwrap_err();
        assert!(line(&early).contains("older version"), "{}", line(&early));
    }

    /// That everything is there in an upgraded store, that voting goes on, and that voters can be invited.
    pub(crate) async fn goes_on_in(&self, store: &(impl Store + InviteStore)) {
        for poll in &self.polls {
            assert_eq!(votes(store, poll).await, 25);
        }
        let again = cast(store, &self.ballots[..1]).await.remove(0).unwrap();
        assert_eq!(again, Outcome::Replayed { revision: 1 });
        let new = cast(store, &[ballot(&self.polls[0], 100)]).await.remove(0);
        assert_eq!(new.unwrap(), Outcome::Counted { revision: 26 });
        assert_eq!(votes(store, &self.polls[0]).await, 26);
        let (poll, guest) = (self.polls[1].id, self.ballots[0].voter);
        let invited = store.invite(poll, &[guest], 1).await.unwrap();
        assert_eq!(invited, InviteOutcome::Invited { total: 1 });
        assert_eq!(store.invited(poll, &[guest]).await.unwrap(), [true]);
    }

    /// That the addresses of a new poll can be limited in an upgraded store.
    pub(crate) async fn limits_addresses_in(&self, store: &dyn Store) {
        let mut limited = self.polls[0].clone();
        limited.id = PollId::generate(Timestamp::EPOCH);
        limited.rules.address_quota = Some(AddressQuota::new(1));
        store.create_poll(&limited).await.unwrap();
        let kept = store.polls(&[self.polls[0].id, limited.id]).await.unwrap();
        let quotas = kept
            .into_iter()
            .map(|poll| poll.unwrap().rules.address_quota);
        let expected = [None, limited.rules.address_quota];
        assert_eq!(quotas.collect::<Vec<_>>(), expected);
        let mut ballots = [ballot(&limited, 1), ballot(&limited, 2)];
        for ballot in &mut ballots {
            ballot.address = Some(AddressId::new(32, [1; 15]));
        }
        let outcomes = cast(store, &ballots).await.into_iter().map(Result::unwrap);
        let full = Outcome::Refused(Refusal::AddressQuota);
        let expected = [Outcome::Counted { revision: 1 }, full];
        assert_eq!(outcomes.collect::<Vec<_>>(), expected);
    }

    /// That users can register in an upgraded store, and log out.
    pub(crate) async fn lets_in(&self, store: &impl AccountStore) {
        let now = Timestamp::EPOCH;
        let ada = User {
            id: UserId::generate(now),
            name: UserName::new("Ada").unwrap(),
            password: PasswordHash::new("a hash").unwrap(),
            created_at: now,
        };
        let registered = store.register(&ada).await.unwrap();
        assert_eq!(registered, Registration::Registered);
        let again = User {
            id: UserId::generate(now),
            ..ada.clone()
        };
        let registered = store.register(&again).await.unwrap();
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
