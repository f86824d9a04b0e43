use proptest::prelude::*;

use super::*;

const A: &str = "0190b6e2-0000-7000-8000-00000000000a";
const B: &str = "0190b6e2-0000-7000-8000-00000000000b";

fn read_body(body: &str) -> Option<BallotInput> {
    read(serde_json::from_str(body).ok()?).ok()
}

#[test]
fn usual_votes_are_parsed_like_all_others() {
    for body in [
        format!(r#"{{"option_id":"{A}"}}"#),
        format!(r#"{{"option_id":"{A}","ballot_id":"{B}"}}"#),
        format!(r#" {{ "ballot_id" : "{B}", "option_id" : "{A}" }} "#),
        format!(r#"{{"option_ids":["{B}","{A}","{B}"],"ballot_id":"{B}"}}"#),
        r#"{"option_ids":[]}"#.to_owned(),
        format!(r#"{{"option\u005fid":"urn:uuid:{A}"}}"#),
        format!(r#"{{"option_id":"{}"}}"#, A.replace('-', "").to_uppercase()),
    ] {
        let fast = parse_fast(body.as_bytes());
        assert!(fast.is_some(), "{body}");
        assert_eq!(fast, read_body(&body), "{body}");
    }
}

#[test]
fn unusual_bodies_are_left_to_read() {
    for body in [
        String::new(),
        "{}".to_owned(),
        "[]".to_owned(),
        format!(r#"["{A}"]"#),
        format!(r#"{{"option_id":"{A}"}} x"#),
        format!(r#"{{"option_id":"{A}","option_ids":["{A}"]}}"#),
        format!(r#"{{"option_id":"{A}","option_id":"{B}"}}"#),
        format!(r#"{{"option_id":"{A}","ranking":null}}"#),
        format!(r#"{{"option_id":"{A}","more":1}}"#),
        format!(r#"{{"option_id":"{A}","ballot_id":null}}"#),
        format!(r#"{{"option_id":null,"option_ids":["{A}"]}}"#),
        format!(r#"{{"option_id":["{A}"]}}"#),
        format!(r#"{{"option_ids":["{A}",1]}}"#),
        r#"{"option_id":"pizza"}"#.to_owned(),
    ] {
        assert_eq!(parse_fast(body.as_bytes()), None, "{body}");
    }
}

/// Generates votes and bodies that are almost votes.
fn bodies() -> impl Strategy<Value = String> {
    let id = prop_oneof![
        3 => Just(format!("\"{A}\"")),
        3 => Just(format!("\"{B}\"")),
        1 => Just("null".to_owned()),
        1 => Just("\"pizza\"".to_owned()),
        1 => Just("7".to_owned()),
        1 => Just(format!("[\"{A}\"]")),
    ];
    let ids =
        prop::collection::vec(id.clone(), 0..4).prop_map(|ids| format!("[{}]", ids.join(",")));
    let field = prop_oneof![
        4 => id.clone().prop_map(|id| format!("\"option_id\":{id}")),
        2 => ids.prop_map(|ids| format!("\"option_ids\":{ids}")),
        4 => id.clone().prop_map(|id| format!("\"ballot_id\":{id}")),
        1 => id.prop_map(|id| format!("\"ranking\":{id}")),
        1 => Just("\"x\":{}".to_owned()),
    ];
    let end = prop_oneof![8 => Just("}"), 1 => Just("}}"), 1 => Just("")];
    (prop::collection::vec(field, 0..4), end)
        .prop_map(|(fields, end)| format!("{{{}{end}", fields.join(",")))
}

proptest! {
    #[test]
    fn both_parsers_agree(body in bodies()) {
        if let Some(fast) = parse_fast(body.as_bytes()) {
            prop_assert_eq!(Some(fast), read_body(&body));
        }
    }
}
