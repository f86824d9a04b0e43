use std::sync::atomic::AtomicUsize;

use votify_core::{ManualClock, MemoryAccountStore, MemoryStore};

use super::*;

/// Counts the tokens that are checked.
#[derive(Debug)]
struct CountingStore {
    inner: Arc<MemoryAccountStore>,
    checked: AtomicUsize,
}

#[async_trait]
impl AccountStore for CountingStore {
    fn backend(&self) -> &'static str {
        "counting"
    }

    async fn register(&self, user: &User) -> Result<Registration, AccountError> {
        self.inner.register(user).await
    }

    async fn user_named(&self, name: &UserName) -> Result<Option<User>, AccountError> {
        self.inner.user_named(name).await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, AccountError> {
        self.inner.user(id).await
    }

    async fn change_password(
        &self,
        id: UserId,
        password: &PasswordHash,
        expected_generation: u32,
    ) -> Result<PasswordChange, AccountError> {
        self.inner
            .change_password(id, password, expected_generation)
            .await
    }

    async fn revoke(&self, revocation: &Revocation, now: Timestamp) -> Result<(), AccountError> {
        self.inner.revoke(revocation, now).await
    }

    async fn are_revoked(&self, tokens: &[IssuedToken]) -> Result<Vec<bool>, AccountError> {
        self.checked.fetch_add(tokens.len(), Ordering::SeqCst);
        self.inner.are_revoked(tokens).await
    }
}

/// Two instances over one store, with a clock that the test sets, and a user.
struct Harness {
    instances: [RevocationCache<CountingStore>; 2],
    clock: Arc<ManualClock>,
    user: User,
}

fn password(hash: &str) -> PasswordHash {
    PasswordHash::new(hash).unwrap()
}

impl Harness {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(1_000_000).unwrap()));
        let accounts = Arc::new(MemoryAccountStore::new());
        let instances = [(); 2].map(|()| {
            let engine = PollEngine::builder(MemoryStore::new());
            let engine = engine.clock(Arc::clone(&clock)).build();
            let store = CountingStore {
                inner: Arc::clone(&accounts),
                checked: AtomicUsize::new(0),
            };
            RevocationCache::new(store, engine)
        });
        let user = User {
            id: UserId::from_bytes([7; 16]),
            name: UserName::new("ada").unwrap(),
            password: password("old"),
            created_at: Timestamp::EPOCH,
            token_generation: 0,
        };
        accounts.register(&user).await.unwrap();
        Self {
            instances,
            clock,
            user,
        }
    }

    fn token(&self, number: u8, generation: u32) -> IssuedToken {
        IssuedToken {
            token: TokenId::from_bytes([number; 16]),
            user: self.user.id,
            generation,
        }
    }

    async fn are_revoked(&self, instance: usize, tokens: &[IssuedToken]) -> Vec<bool> {
        let revoked = self.instances[instance].are_revoked(tokens).await;
        revoked.unwrap()
    }

    /// Returns how many tokens an instance has asked the store about.
    fn checked(&self, instance: usize) -> usize {
        self.instances[instance]
            .store
            .checked
            .load(Ordering::SeqCst)
    }

    async fn change_password(&self, instance: usize, generation: u32) -> PasswordChange {
        let store = &self.instances[instance];
        let hash = password("new");
        let change = store.change_password(self.user.id, &hash, generation);
        change.await.unwrap()
    }
}

#[tokio::test]
async fn a_password_change_revokes_tokens_here_at_once_and_elsewhere_within_five_seconds() {
    let harness = Harness::new().await;
    let tokens = [harness.token(1, 0), harness.token(2, 0)];
    for instance in [0, 1] {
        assert_eq!(harness.are_revoked(instance, &tokens).await, [false, false]);
    }
    let changed = harness.change_password(0, 0).await;
    assert!(matches!(changed, PasswordChange::Changed { .. }));
    assert_eq!(harness.are_revoked(0, &tokens).await, [true, true]);
    assert_eq!(harness.are_revoked(1, &tokens).await, [false, false]);
    let new = harness.token(3, 1);
    for instance in [0, 1] {
        assert_eq!(harness.are_revoked(instance, &[new]).await, [false]);
    }
    harness.clock.advance(Duration::from_secs(5));
    let all = [tokens[0], new, tokens[1]];
    for instance in [0, 1] {
        assert_eq!(
            harness.are_revoked(instance, &all).await,
            [true, false, true]
        );
    }
}

/// A change revokes the tokens of all lower generations here at once, also those that
/// another instance's change revoked.
#[tokio::test]
async fn a_password_change_revokes_all_lower_generations() {
    let harness = Harness::new().await;
    let tokens = [
        harness.token(1, 0),
        harness.token(2, 1),
        harness.token(3, 2),
    ];
    assert_eq!(harness.are_revoked(0, &tokens).await, [false; 3]);
    harness.change_password(1, 0).await;
    assert_eq!(harness.are_revoked(0, &tokens).await, [false; 3]);
    harness.change_password(0, 1).await;
    assert_eq!(harness.are_revoked(0, &tokens).await, [true, true, false]);
    harness.instances[0].raise_generation(harness.user.id, 1);
    assert_eq!(harness.are_revoked(0, &tokens).await, [true, true, false]);
}

/// A refused change revokes nothing, here and in the store.
#[tokio::test]
async fn a_refused_password_change_revokes_nothing() {
    let harness = Harness::new().await;
    harness.change_password(1, 0).await;
    let token = harness.token(1, 1);
    for outdated in [0, 2] {
        let refused = harness.change_password(0, outdated).await;
        assert_eq!(refused, PasswordChange::Outdated);
        let tokens = [token, harness.token(2, 2)];
        assert_eq!(harness.are_revoked(0, &tokens).await, [false, false]);
    }
}

#[tokio::test]
async fn the_store_is_asked_about_tokens_without_a_fresh_reply_only() {
    let harness = Harness::new().await;
    let (one, two) = (harness.token(1, 0), harness.token(2, 0));
    let old = IssuedToken {
        user: UserId::from_bytes([8; 16]),
        ..harness.token(3, 0)
    };
    for (seconds, tokens, expected, checked) in [
        (0, vec![], vec![], 0),
        (0, vec![one], vec![false], 1),
        (
            0,
            vec![two, old, one, two],
            vec![false, true, false, false],
            4,
        ),
        (4, vec![one, two, old], vec![false, false, true], 4),
        // Revoked tokens are cached longer.
        (1, vec![old, one], vec![true, false], 5),
    ] {
        harness.clock.advance(Duration::from_secs(seconds));
        assert_eq!(harness.are_revoked(0, &tokens).await, expected);
        assert_eq!(harness.checked(0), checked);
    }
}

/// A check that read the store before a revocation and ends after it does not make the
/// token valid again.
#[tokio::test]
async fn a_late_reply_does_not_hide_a_revocation() {
    let harness = Harness::new().await;
    let (by_token, by_generation) = (harness.token(1, 1), harness.token(2, 0));
    let instance = &harness.instances[0];
    let revocation = Revocation {
        token: by_token.token,
        expires_at: Timestamp::MAX,
    };
    instance
        .revoke(&revocation, Timestamp::EPOCH)
        .await
        .unwrap();
    harness.change_password(0, 0).await;
    for token in [by_token, by_generation] {
        let late = Reply::NotRevokedAt(instance.engine.clock().monotonic());
        instance.replies.insert(token, late);
        assert_eq!(harness.are_revoked(0, &[token]).await, [true]);
    }
}
