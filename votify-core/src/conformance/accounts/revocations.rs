//! Revoked tokens.

use super::{are_revoked, issued, registered, revoke};
use crate::account::{IssuedToken, Revocation, TokenId};
use crate::conformance::fixture::AccountStoreFixture;
use crate::conformance::store::builders::at;
use crate::time::Timestamp;

fn token(number: u8) -> TokenId {
    TokenId::from_bytes([number; 16])
}

/// `are_revoked` returns its results in the order of the arguments, for none and for
/// many, and true for revoked tokens only.
pub async fn revocation_results_follow_argument_order(fixture: &dyn AccountStoreFixture) {
    let backend = fixture.fresh().await;
    let store = backend.instance();
    let ada = registered(&*store, "ada").await;
    assert_eq!(are_revoked(&*store, &[]).await, Vec::<bool>::new());
    for number in [2, 4] {
        let revocation = Revocation {
            token: token(number),
            expires_at: at(100),
        };
        revoke(&*store, &revocation, at(1)).await;
    }
    let tokens = [4, 3, 2, 1, 4].map(|number| issued(&ada, token(number)));
    let revoked = backend.second_instance().await.are_revoked(&tokens).await;
    assert_eq!(
        revoked.expect("are_revoked succeeds"),
        [true, false, true, false, true]
    );
    let many: Vec<IssuedToken> = (0..1_000_u32)
        .map(|n| match n % 100 {
            0 => token(2),
            _ => TokenId::generate(at(u64::from(n))),
        })
        .map(|token| issued(&ada, token))
        .collect();
    let revoked = are_revoked(&*store, &many).await;
    let expected: Vec<bool> = (0..1_000).map(|n| n % 100 == 0).collect();
    assert_eq!(revoked, expected);
}

/// Revoking a token again changes nothing, even with another expiry.
pub async fn repeated_revocation_changes_nothing(fixture: &dyn AccountStoreFixture) {
    let backend = fixture.fresh().await;
    let store = backend.instance();
    let ada = registered(&*store, "ada").await;
    for end in [100, 100, 50, 200] {
        let revocation = Revocation {
            token: token(1),
            expires_at: at(end),
        };
        revoke(&*store, &revocation, at(1)).await;
    }
    assert_eq!(
        are_revoked(&*store, &[issued(&ada, token(1))]).await,
        [true]
    );
}

/// A token stays revoked up to and including its expiry, while other revocations are
/// stored and removed.
pub async fn revoked_token_stays_revoked_until_expiry(fixture: &dyn AccountStoreFixture) {
    let backend = fixture.fresh().await;
    let store = backend.instance();
    let ada = registered(&*store, "ada").await;
    let permanent = [(token(1), at(1_000)), (token(2), Timestamp::MAX)];
    for (token, expires_at) in permanent {
        let revocation = Revocation { token, expires_at };
        revoke(&*store, &revocation, at(0)).await;
    }
    for second in (1..=1_000).step_by(37).chain([1_000]) {
        let temporary = Revocation {
            token: TokenId::generate(at(second)),
            expires_at: at(second + 5),
        };
        revoke(&*store, &temporary, at(second)).await;
        let tokens = [token(1), token(2), temporary.token].map(|token| issued(&ada, token));
        let revoked = are_revoked(&*store, &tokens).await;
        assert_eq!(revoked, [true, true, true], "after {second} s");
    }
}

/// Later revocations remove expired ones, so that the store does not grow without
/// bound.
pub async fn expired_revocations_are_removed(fixture: &dyn AccountStoreFixture) {
    let backend = fixture.fresh().await;
    let store = backend.instance();
    let ada = registered(&*store, "ada").await;
    let ended: Vec<TokenId> = (0..50).map(|_| TokenId::generate(at(0))).collect();
    for token in &ended {
        let revocation = Revocation {
            token: *token,
            expires_at: at(10),
        };
        revoke(&*store, &revocation, at(1)).await;
    }
    for n in 0..50 {
        let later = Revocation {
            token: TokenId::generate(at(n)),
            expires_at: at(1_000),
        };
        revoke(&*store, &later, at(20)).await;
    }
    let ended: Vec<IssuedToken> = ended.iter().map(|token| issued(&ada, *token)).collect();
    let revoked = are_revoked(&*store, &ended).await;
    assert_eq!(revoked, vec![false; 50]);
}
