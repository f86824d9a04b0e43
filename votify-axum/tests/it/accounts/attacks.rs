//! Common attacks on tokens, as bearer token and as cookie, on several endpoints.

use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};
use votify_core::secret::Purpose;
use votify_core::{Keyring, PollEngine};

use super::harness::{app_with, with, with_bearer};
use super::password::change;
use crate::app::{App, SECRET, request};
use crate::signing_keys::{es256, part};

/// The signing key of the server.
fn key(keyring: &Keyring, purpose: Purpose) -> EncodingKey {
    let tag = keyring
        .mac(keyring.current(), purpose, &[b"jwt HS256"])
        .unwrap();
    EncodingKey::from_secret(tag.as_bytes())
}

fn signed(header: &Value, claims: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    let signature = crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

/// The content of a valid token, and functions that forge it.
struct TokenForge {
    keyring: Keyring,
    now: i64,
    user: Value,
}

impl TokenForge {
    fn new(engine: &PollEngine, user: Value) -> Self {
        Self {
            keyring: engine.keyring().clone(),
            now: engine.now().as_micros() / 1_000_000,
            user,
        }
    }

    fn header(&self) -> Value {
        json!({"typ": "JWT", "alg": "HS256", "kid": self.keyring.current().to_string()})
    }

    fn claims(&self) -> Value {
        json!({
            "iss": "votify", "aud": "votify", "sub": self.user, "jti": "0190b6e2-0000-7000-8000-000000000001",
            "iat": self.now, "exp": self.now + 3_600, "gen": 0,
        })
    }

    /// Signs a token with the key of the server after `tamper` changed header and claims.
    fn forged(&self, tamper: impl FnOnce(&mut Value, &mut Value)) -> String {
        let (mut header, mut claims) = (self.header(), self.claims());
        tamper(&mut header, &mut claims);
        let key = key(&self.keyring, Purpose::Login);
        signed(&header, &claims, &key, Algorithm::HS256)
    }

    fn with_claim(&self, name: &str, value: &Value) -> String {
        self.forged(|_, claims| claims[name] = value.clone())
    }

    fn without_claim(&self, name: &str) -> String {
        self.forged(|_, claims| {
            claims.as_object_mut().unwrap().remove(name);
        })
    }

    fn with_header(&self, name: &str, value: &Value) -> String {
        self.forged(|header, _| header[name] = value.clone())
    }

    fn signed_with(&self, key: &[u8]) -> String {
        let key = EncodingKey::from_secret(key);
        signed(&self.header(), &self.claims(), &key, Algorithm::HS256)
    }

    fn attacks(&self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        let mut add = |name: &str, token: String| all.push((name.to_owned(), token));
        let good = self.forged(|_, _| ());
        let parts: Vec<&str> = good.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else {
            panic!("{good}")
        };

        for nonsense in [
            "",
            "x",
            "x.y",
            "..",
            "...",
            "x.y.z.w",
            "e30.e30.",
            "null.null.null",
        ] {
            add("nonsense", nonsense.to_owned());
        }
        for cut in [
            1,
            header.len(),
            header.len() + 1,
            good.len() - signature.len() - 1,
            good.len() - 1,
        ] {
            add("truncated", good[..cut].to_owned());
        }
        add("extended", format!("{good}A"));
        add(
            "too long",
            self.with_claim("more", &json!("x".repeat(4_000))),
        );
        add("missing signature", format!("{header}.{claims}."));
        add("parts swapped", format!("{claims}.{header}.{signature}"));
        let other = part(&json!({"sub": "somebody else"}));
        add(
            "claims of another user",
            format!("{header}.{other}.{signature}"),
        );

        for none in ["none", "None", "NONE", "nOnE", ""] {
            let unsigned = part(&json!({"alg": none, "kid": self.keyring.current().to_string()}));
            add("alg none, unsigned", format!("{unsigned}.{claims}."));
            add(
                "alg none, signed",
                format!("{unsigned}.{claims}.{signature}"),
            );
        }
        for (name, algorithm) in [("HS384", Algorithm::HS384), ("HS512", Algorithm::HS512)] {
            let header = json!({"alg": name, "kid": self.keyring.current().to_string()});
            let key = key(&self.keyring, Purpose::Login);
            add(
                "another algorithm of the same key",
                signed(&header, &self.claims(), &key, algorithm),
            );
        }
        for confused in ["RS256", "ES256", "EdDSA", "PS256", "hs256", "HS256 "] {
            add(
                "algorithm confusion",
                self.with_header("alg", &json!(confused)),
            );
        }
        add(
            "no algorithm",
            self.forged(|header, _| {
                header.as_object_mut().unwrap().remove("alg");
            }),
        );
        let pair = es256();
        for header in [
            json!({"alg": "ES256", "kid": self.keyring.current().to_string()}),
            json!({"alg": "ES256", "kid": self.keyring.current().to_string(), "jwk": pair.jwk("own")}),
            json!({"alg": "ES256", "kid": "own", "jku": "http://127.0.0.1:1/keys"}),
        ] {
            add(
                "a key embedded by the attacker",
                pair.sign(&header, &self.claims()),
            );
        }

        add("empty key", self.signed_with(b""));
        add(
            "signed with the key's id",
            self.signed_with(self.keyring.current().to_string().as_bytes()),
        );
        add(
            "signed with the raw secret",
            self.signed_with(SECRET.as_bytes()),
        );
        let session = key(&self.keyring, Purpose::Session);
        add(
            "key of another purpose",
            signed(&self.header(), &self.claims(), &session, Algorithm::HS256),
        );
        let foreign = Self {
            keyring: Keyring::new(["a foreign secret of more than 32 bytes"]).unwrap(),
            user: self.user.clone(),
            ..*self
        };
        add("a foreign key", foreign.forged(|_, _| ()));
        let ours = self.keyring.current().to_string();
        add(
            "a foreign key under our id",
            foreign.with_header("kid", &json!(ours)),
        );
        for id in [
            json!(ours.to_uppercase() + "A"),
            json!("../../dev/null"),
            json!(""),
            json!(null),
            json!(7),
            json!(format!("+{}", &ours[1..])),
        ] {
            add("another key id", self.with_header("kid", &id));
        }

        for seconds in [self.now, self.now - 1, 0] {
            add("expired", self.with_claim("exp", &json!(seconds)));
        }
        let later = self.now + 3_600;
        for exp in [
            json!(later.to_string()),
            json!(f64::from(u32::MAX) + 0.5),
            json!(-1),
            json!(u64::MAX),
            json!(null),
            json!([later]),
            json!(true),
        ] {
            add("exp of another type", self.with_claim("exp", &exp));
        }
        add("not yet valid", self.with_claim("nbf", &json!(later)));
        add(
            "nbf of another type",
            self.with_claim("nbf", &json!("soon")),
        );
        add(
            "issued in the future",
            self.with_claim("iat", &json!(later)),
        );
        for audience in [
            json!("somebody"),
            json!(["somebody"]),
            json!(""),
            json!([]),
            json!(null),
            json!("votify "),
        ] {
            add("wrong audience", self.with_claim("aud", &audience));
        }
        for issuer in [
            json!("somebody"),
            json!(""),
            json!(null),
            json!(["somebody"]),
        ] {
            add("wrong issuer", self.with_claim("iss", &issuer));
        }
        for claim in ["exp", "iss", "aud", "sub", "jti", "iat", "gen"] {
            add("missing claim", self.without_claim(claim));
        }
        for generation in [
            json!("0"),
            json!(-1),
            json!(0.5),
            json!(4_294_967_296_u64),
            json!(null),
            json!([0]),
            json!(false),
        ] {
            add(
                "generation of another type",
                self.with_claim("gen", &generation),
            );
        }
        for user in [json!("root"), json!(7), json!("")] {
            add("no user", self.with_claim("sub", &user));
        }
        let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let padded = base64::engine::general_purpose::STANDARD.encode(bytes);
        add("padded signature", format!("{header}.{claims}.{padded}"));
        all
    }
}

async fn account_poll(app: &App, token: &str) -> String {
    let draft = json!({"title": "t", "options": ["a", "b"], "voters": "account"});
    let created = app
        .send(with_bearer(token, Method::POST, "/api/polls", Some(draft)))
        .await;
    created.expect_status(201).json()["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn attacks_on_tokens_are_rejected() {
    let app = app_with(|router| router.vote_rate(None).session_rate(None));
    let token = app.token_of("ada").await;
    let user = app.me(&token).await.json()["id"].clone();
    let forge = TokenForge::new(&app.engine, user);
    let poll = account_poll(&app, &token).await;

    // The tokens are valid before they are changed below.
    app.me(&forge.forged(|_, _| ())).await.expect_status(200);
    app.me(&forge.with_claim("nbf", &json!(forge.now)))
        .await
        .expect_status(200);

    let attacks = forge.attacks();
    assert!(attacks.len() > 70, "{}", attacks.len());
    for (name, token) in attacks {
        for (method, path, body) in [
            (Method::GET, "/api/auth/me".to_owned(), None),
            (Method::POST, "/api/auth/logout".to_owned(), None),
            (
                Method::POST,
                "/api/auth/password".to_owned(),
                Some(change("battery staple")),
            ),
            (Method::GET, format!("/api/polls/{poll}/vote"), None),
            (
                Method::POST,
                format!("/api/polls/{poll}/vote"),
                Some(json!({"option_id": poll})),
            ),
            (Method::POST, format!("/api/polls/{poll}/close"), None),
            (Method::DELETE, format!("/api/polls/{poll}"), None),
        ] {
            let as_bearer = with_bearer(&token, method.clone(), &path, body.clone());
            let response = app.send(as_bearer).await;
            assert_eq!(
                response.status.as_u16(),
                401,
                "{name}: {token}: {method} {path} {}",
                response.text
            );
            response.assert_problem(401, "invalid_login");

            let cookie = format!("votify_login={token}");
            let as_cookie = with(request(method.clone(), &path, body), "cookie", &cookie);
            let response = app.send(as_cookie).await;
            assert!(
                matches!(response.status.as_u16(), 401 | 403),
                "{name}: {token}: {method} {path} {} {}",
                response.status,
                response.text
            );
        }
    }
    let alive = app
        .get(&format!("/api/polls/{poll}"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(
        (&alive["poll"]["status"], &alive["stats"]["total_votes"]),
        (&json!("open"), &json!(0))
    );
}
