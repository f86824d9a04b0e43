//! Common attacks on tokens of an external issuer.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

use super::issuer::{Issuer, app, claims, header, now, send_with, token};
use crate::app::App;
use crate::signing_keys::{SigningKey, eddsa, es256, part, rs256};

/// Signs with HMAC and a public value as the key.
fn symmetric(header: &Value, claims: &Value, key: &[u8]) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    let key = EncodingKey::from_secret(key);
    let signature = crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

struct Keys {
    rsa: SigningKey,
    ec: SigningKey,
    ed: SigningKey,
}

impl Keys {
    fn attacks(&self, app: &App) -> Vec<(&'static str, String)> {
        let mut all = Vec::new();
        let good = token(app, &self.ec, "ES256", "ec");
        let parts: Vec<&str> = good.split('.').collect();
        let [head, body, signature] = parts.as_slice() else {
            panic!("{good}")
        };
        for nonsense in ["", "x", "x.y", "...", "e30.e30.e30"] {
            all.push(("nonsense", nonsense.to_owned()));
        }
        for cut in [
            1,
            head.len() + 1,
            good.len() - signature.len(),
            good.len() - 1,
        ] {
            all.push(("truncated", good[..cut].to_owned()));
        }
        let mut other = claims(app);
        other["sub"] = json!("somebody else");
        all.push((
            "claims of another user",
            format!("{head}.{}.{signature}", part(&other)),
        ));
        for kind in ["logout+jwt", "secevent+jwt", "dpop+jwt", ""] {
            let mut typed = header("ES256", "ec");
            typed["typ"] = json!(kind);
            all.push(("another type", self.ec.sign(&typed, &claims(app))));
        }
        for none in ["none", "None", "NONE"] {
            let head = part(&header(none, "ec"));
            all.push(("alg none", format!("{head}.{body}.")));
            all.push(("alg none, signed", format!("{head}.{body}.{signature}")));
        }
        // Public keys used as HMAC secrets.
        for (pair, kid) in [(&self.rsa, "rsa"), (&self.ec, "ec"), (&self.ed, "ed")] {
            let jwk = pair.jwk(kid);
            let texts = ["n", "x", "y"]
                .into_iter()
                .filter_map(|name| jwk[name].as_str());
            for text in texts {
                let bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
                for key in [text.as_bytes(), &bytes] {
                    all.push((
                        "public key as a secret",
                        symmetric(&header("HS256", kid), &claims(app), key),
                    ));
                }
            }
            let jwk = jwk.to_string();
            all.push((
                "public key as a secret",
                symmetric(&header("HS256", kid), &claims(app), jwk.as_bytes()),
            ));
        }
        all.push((
            "a symmetric key of the set",
            symmetric(&header("HS256", "oct"), &claims(app), &[7; 32]),
        ));
        // The key id of another key, or another algorithm of the same key.
        for (pair, algorithm, kid) in [
            (&self.ec, "ES256", "ed"),
            (&self.ed, "EdDSA", "rsa"),
            (&self.rsa, "RS256", "ec"),
            (&self.rsa, "PS256", "rsa"),
            (&self.rsa, "RS512", "rsa"),
            (&self.ec, "ES384", "ec"),
            (&self.ec, "EdDSA", "ec"),
        ] {
            all.push(("algorithm confusion", token(app, pair, algorithm, kid)));
        }
        let foreign = es256();
        all.push(("a foreign key", token(app, &foreign, "ES256", "ec")));
        let mut embedded = header("ES256", "ec");
        embedded["jwk"] = foreign.jwk("ec");
        all.push(("an embedded key", foreign.sign(&embedded, &claims(app))));
        let mut critical = header("ES256", "ec");
        critical["crit"] = json!(["exp"]);
        all.push((
            "unknown critical header",
            self.ec.sign(&critical, &claims(app)),
        ));
        for kid in [json!(null), json!(""), json!("EC"), json!(7)] {
            let head = json!({"alg": "ES256", "kid": kid});
            all.push(("no such key", self.ec.sign(&head, &claims(app))));
        }
        let now = now(app);
        for (name, claim, value) in [
            ("expired", "exp", json!(now - 3_600)),
            ("expired", "exp", json!(0)),
            ("exp as a string", "exp", json!((now + 3_600).to_string())),
            ("exp of another type", "exp", json!(null)),
            ("exp of another type", "exp", json!(-1)),
            ("exp of another type", "exp", json!([now + 3_600])),
            ("not yet valid", "nbf", json!(now + 3_600)),
            ("nbf as a string", "nbf", json!("0")),
            ("issued in the future", "iat", json!(now + 3_600)),
            ("wrong audience", "aud", json!("another")),
            ("wrong audience", "aud", json!([])),
            ("wrong audience", "aud", json!(null)),
            ("wrong issuer", "iss", json!("https://login.test.evil.test")),
            ("wrong issuer", "iss", json!(null)),
            ("no account", "sub", json!(7)),
            ("no account", "sub", json!("")),
            ("too long", "more", json!("x".repeat(10_000))),
        ] {
            let mut forged = claims(app);
            forged[claim] = value;
            all.push((name, self.ec.sign(&header("ES256", "ec"), &forged)));
        }
        for claim in ["exp", "iss", "aud", "sub"] {
            let mut forged = claims(app);
            forged.as_object_mut().unwrap().remove(claim);
            all.push((
                "missing claim",
                self.ec.sign(&header("ES256", "ec"), &forged),
            ));
        }
        all
    }
}

#[tokio::test]
async fn attacks_on_external_tokens_are_rejected() {
    let keys = Keys {
        rsa: rs256(),
        ec: es256(),
        ed: eddsa(),
    };
    let secret = URL_SAFE_NO_PAD.encode([7; 32]);
    let issuer = Issuer::new(vec![
        keys.rsa.jwk("rsa"),
        keys.ec.jwk("ec"),
        keys.ed.jwk("ed"),
        json!({"kid": "oct", "kty": "oct", "k": secret, "alg": "HS256"}),
    ])
    .await;
    let app = app(issuer.users());
    // The tokens are valid before they are changed below.
    send_with(&app, &token(&app, &keys.ec, "ES256", "ec"))
        .await
        .expect_status(200);
    let attacks = keys.attacks(&app);
    assert!(attacks.len() > 50, "{}", attacks.len());
    for (name, token) in attacks {
        let response = send_with(&app, &token).await;
        assert_eq!(
            response.status.as_u16(),
            401,
            "{name}: {token} {}",
            response.text
        );
        response.assert_problem(401, "invalid_login");
    }
}
