use votify_core::account::{PasswordHash, UserName};

use super::*;

const OLD: &str = "an old secret of more than thirty-two bytes";
const NEW: &str = "a newer secret of more than thirty-two bytes";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000).unwrap()
}

fn keyring(secrets: &[&str]) -> Keyring {
    Keyring::new(secrets).unwrap()
}

fn user() -> User {
    User {
        id: UserId::from_bytes([7; 16]),
        name: UserName::new("ada").unwrap(),
        password: PasswordHash::new("hash").unwrap(),
        created_at: at(0),
        token_generation: 3,
    }
}

#[test]
fn a_token_is_valid_until_its_expiry() {
    let (tokens, keyring) = (Tokens::new("votify", "votify"), keyring(&[OLD]));
    let issued = tokens
        .issue(&user(), at(1_000), at(2_000), &keyring)
        .unwrap();
    let login = tokens.verify(&issued.text, at(1_999), &keyring).unwrap();
    assert_eq!((login.user, login.expires_at), (user().id, at(2_000)));
    assert_eq!(login.generation, 3);
    assert_eq!(tokens.verify(&issued.text, at(2_000), &keyring), None);
    assert_eq!(tokens.verify(&issued.text, at(900), &keyring), None);
    let another = tokens
        .issue(&user(), at(1_000), at(2_000), &keyring)
        .unwrap();
    let another = tokens.verify(&another.text, at(1_000), &keyring).unwrap();
    assert_ne!(
        another.token, login.token,
        "each login has a token of its own"
    );
}

#[test]
fn tokens_are_verified_with_the_secret_that_signed_them() {
    let tokens = Tokens::new("votify", "votify");
    let (old, new, both) = (keyring(&[OLD]), keyring(&[NEW]), keyring(&[NEW, OLD]));
    let from_old = tokens.issue(&user(), at(1), at(100), &old).unwrap().text;
    let from_both = tokens.issue(&user(), at(1), at(100), &both).unwrap().text;
    let valid = |token: &str, keyring| tokens.verify(token, at(2), keyring).is_some();
    assert!(valid(&from_old, &old) && valid(&from_old, &both) && !valid(&from_old, &new));
    assert!(valid(&from_both, &new) && valid(&from_both, &both) && !valid(&from_both, &old));
    let header = decode_header(&from_both).unwrap();
    assert_eq!(header.kid, Some(new.current().to_string()));
}

#[test]
fn tokens_of_other_issuers_and_audiences_are_rejected() {
    let keyring = keyring(&[OLD]);
    let issued = Tokens::new("a", "b").issue(&user(), at(1), at(100), &keyring);
    let text = issued.unwrap().text;
    for (issuer, audience, valid) in [("a", "b", true), ("a", "c", false), ("c", "b", false)] {
        let tokens = Tokens::new(issuer, audience);
        assert_eq!(tokens.verify(&text, at(2), &keyring).is_some(), valid);
    }
}

#[test]
fn changed_or_shortened_tokens_are_rejected() {
    let (tokens, keyring) = (Tokens::new("votify", "votify"), keyring(&[OLD]));
    let good = tokens
        .issue(&user(), at(1), at(100), &keyring)
        .unwrap()
        .text;
    for index in 0..good.len() {
        let mut forged = good.clone().into_bytes();
        forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        // The last character of a part may contain unused bits. Decoders must reject
        // them.
        assert_eq!(
            tokens.verify(&forged, at(2), &keyring),
            None,
            "{index}: {forged}"
        );
        assert_eq!(tokens.verify(&good[..index], at(2), &keyring), None);
    }
    let long = format!("{good}{}", "A".repeat(MAX_BYTES));
    assert_eq!(tokens.verify(&long, at(2), &keyring), None);
}
