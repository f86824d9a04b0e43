use std::net::SocketAddr;

use anyhow::{Context, Result};
use serde::Deserialize;
use uuid::Uuid;

use crate::http::{Connection, Request};

/// As much of a poll as a voter needs.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Poll {
    pub(crate) id: Uuid,
    options: Vec<PollOption>,
}

#[derive(Debug, Clone, Deserialize)]
struct PollOption {
    id: Uuid,
}

impl Poll {
    /// A new poll of two options on the server.
    ///
    /// # Errors
    /// If the server does not make it.
    pub(crate) async fn create(address: SocketAddr) -> Result<Self> {
        let body = r#"{"title":"Lunch?","options":["Pizza","Sushi"]}"#;
        let request = Request::new("POST", "/api/polls", body);
        Connection::open(address)
            .await?
            .send(&request)
            .await?
            .json(201)
    }

    /// A poll that is on no server, for one that does not care.
    pub(crate) fn imagined() -> Self {
        let options = vec![PollOption { id: Uuid::now_v7() }];
        Self {
            id: Uuid::now_v7(),
            options,
        }
    }

    /// What the server says is in it.
    ///
    /// # Errors
    /// If it does not answer.
    pub(crate) async fn total_votes(&self, connection: &mut Connection) -> Result<u64> {
        #[derive(Deserialize)]
        struct Shown {
            stats: Stats,
        }
        #[derive(Deserialize)]
        struct Stats {
            total_votes: u64,
        }
        let request = Request::new("GET", &format!("/api/polls/{}", self.id), "");
        let shown: Shown = connection.send(&request).await?.json(200)?;
        Ok(shown.stats.total_votes)
    }

    /// A vote for its first option, with a place for the ballot's id.
    ///
    /// # Errors
    /// If the poll has no options.
    pub(crate) fn ballot(&self) -> Result<BallotRequest> {
        let option = self.options.first().context("a poll without options")?.id;
        let body = format!(
            r#"{{"option_id":"{option}","ballot_id":"{}"}}"#,
            Uuid::nil()
        );
        let request = Request::new("POST", &format!("/api/polls/{}/vote", self.id), &body);
        let id_at = request.0.len() - r#""}"#.len() - Uuid::nil().to_string().len();
        Ok(BallotRequest { request, id_at })
    }
}

/// The request of a vote. Who has no cookie is known by the ballot's id, so that every new id is a new voter.
#[derive(Debug)]
pub(crate) struct BallotRequest {
    request: Request,
    id_at: usize,
}

impl BallotRequest {
    /// The same vote by somebody else.
    pub(crate) fn of_a_new_voter(&mut self) -> &Request {
        let id = Uuid::now_v7();
        id.hyphenated()
            .encode_lower(&mut self.request.0[self.id_at..]);
        &self.request
    }
}

impl Clone for BallotRequest {
    fn clone(&self) -> Self {
        Self {
            request: self.request.clone(),
            id_at: self.id_at,
        }
    }

    /// Without memory of its own: this is done for every vote.
    fn clone_from(&mut self, other: &Self) {
        self.request.0.clone_from(&other.request.0);
        self.id_at = other.id_at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_voter_has_an_id_of_its_own_in_the_same_request() {
        let mut ballot = Poll::imagined().ballot().unwrap();
        let first = String::from_utf8(ballot.of_a_new_voter().0.clone()).unwrap();
        let second = String::from_utf8(ballot.of_a_new_voter().0.clone()).unwrap();
        assert_ne!(first, second);
        let body = second.split("\r\n\r\n").nth(1).unwrap();
        assert!(second.contains(&format!("content-length: {}\r\n", body.len())));
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert!(Uuid::parse_str(body["ballot_id"].as_str().unwrap()).is_ok());
    }
}
