use super::*;

const OLD: &str = "an old secret of more than thirty-two bytes";
const NEW: &str = "a newer secret of more than thirty-two bytes";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000).unwrap()
}

fn ring(secrets: &[&str]) -> Keyring {
    Keyring::new(secrets).unwrap()
}

fn user() -> UserId {
    UserId::from_bytes([7; 16])
}

#[test]
fn a_token_proves_its_user_until_it_ends() {
    let (tokens, ring) = (Tokens::new("votify", "votify"), ring(&[OLD]));
    let issued = tokens.issue(user(), at(1_000), at(2_000), &ring).unwrap();
    let login = tokens.verify(&issued.text, at(1_999), &ring).unwrap();
    assert_eq!((login.user, login.expires_at), (user(), at(2_000)));
    assert_eq!(tokens.verify(&issued.text, at(2_000), &ring), None);
    assert_eq!(tokens.verify(&issued.text, at(900), &ring), None);
    let another = tokens.issue(user(), at(1_000), at(2_000), &ring).unwrap();
    let another = tokens.verify(&another.text, at(1_000), &ring).unwrap();
    assert_ne!(another.token, login.token, "each log-in is one of its own");
}

#[test]
fn secrets_are_rotated_by_their_ids() {
    let tokens = Tokens::new("votify", "votify");
    let (old, new, both) = (ring(&[OLD]), ring(&[NEW]), ring(&[NEW, OLD]));
    let of_old = tokens.issue(user(), at(1), at(100), &old).unwrap().text;
    let of_both = tokens.issue(user(), at(1), at(100), &both).unwrap().text;
    let holds = |token: &str, ring| tokens.verify(token, at(2), ring).is_some();
    assert!(holds(&of_old, &old) && holds(&of_old, &both) && !holds(&of_old, &new));
    assert!(holds(&of_both, &new) && holds(&of_both, &both) && !holds(&of_both, &old));
    let header = decode_header(&of_both).unwrap();
    assert_eq!(header.kid, Some(new.current().to_string()));
}

#[test]
fn services_that_share_a_secret_are_kept_apart_by_name() {
    let ring = ring(&[OLD]);
    let issued = Tokens::new("a", "b").issue(user(), at(1), at(100), &ring);
    let text = issued.unwrap().text;
    for (issuer, audience, holds) in [("a", "b", true), ("a", "c", false), ("c", "b", false)] {
        let tokens = Tokens::new(issuer, audience);
        assert_eq!(tokens.verify(&text, at(2), &ring).is_some(), holds);
    }
}

/// No byte can be another, and none can be left out.
#[test]
fn every_other_token_than_the_signed_one_is_refused() {
    let (tokens, ring) = (Tokens::new("votify", "votify"), ring(&[OLD]));
    let good = tokens.issue(user(), at(1), at(100), &ring).unwrap().text;
    for index in 0..good.len() {
        let mut forged = good.clone().into_bytes();
        forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        // The last character of a part may hold bits that stand for nothing; decoders must refuse those.
        assert_eq!(
            tokens.verify(&forged, at(2), &ring),
            None,
            "{index}: {forged}"
        );
        assert_eq!(tokens.verify(&good[..index], at(2), &ring), None);
    }
    let long = format!("{good}{}", "A".repeat(MAX_BYTES));
    assert_eq!(tokens.verify(&long, at(2), &ring), None);
}
