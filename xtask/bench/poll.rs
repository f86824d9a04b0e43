//! A poll as voters need it, and the requests of their votes.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use serde::Deserialize;
use uuid::Uuid;

use crate::http::{Connection, Request};

/// The id of a poll and of its options.
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
    /// Creates a poll with two options on the server.
    ///
    /// # Errors
    /// If the server does not answer 201.
    pub(crate) async fn create(address: SocketAddr) -> Result<Self> {
        let body = r#"{"title":"Lunch?","options":["Pizza","Sushi"]}"#;
        let request = Request::new("POST", "/api/polls", body);
        Connection::open(address)
            .await?
            .send(&request)
            .await?
            .json(201)
    }

    /// Creates `count` polls on the server.
    ///
    /// # Errors
    /// If the server does not answer 201.
    pub(crate) async fn create_many(address: SocketAddr, count: usize) -> Result<Vec<Self>> {
        let mut polls = Vec::with_capacity(count);
        for _ in 0..count {
            polls.push(Self::create(address).await?);
        }
        Ok(polls)
    }

    /// Returns a poll that exists on no server, for servers that accept any id.
    pub(crate) fn placeholder() -> Self {
        let options = vec![PollOption { id: Uuid::now_v7() }];
        Self {
            id: Uuid::now_v7(),
            options,
        }
    }

    /// Returns the total that the server shows.
    ///
    /// # Errors
    /// If the server does not answer 200.
    pub(crate) async fn total_votes(&self, connection: &mut Connection) -> Result<u64> {
        #[derive(Deserialize)]
        struct PollResponse {
            stats: Stats,
        }
        #[derive(Deserialize)]
        struct Stats {
            total_votes: u64,
        }
        let request = Request::new("GET", &format!("/api/polls/{}", self.id), "");
        let poll: PollResponse = connection.send(&request).await?.json(200)?;
        Ok(poll.stats.total_votes)
    }

    /// Returns the sum of the polls' totals.
    ///
    /// # Errors
    /// If the server does not answer 200.
    pub(crate) async fn sum_of_votes(polls: &[Self], connection: &mut Connection) -> Result<u64> {
        let mut votes = 0;
        for poll in polls {
            votes += poll.total_votes(connection).await?;
        }
        Ok(votes)
    }

    /// Returns the request of a vote for the first option.
    ///
    /// # Errors
    /// If the poll has no options.
    pub(crate) fn ballot(&self) -> Result<BallotRequest> {
        let option = self.options.first().context("poll without options")?.id;
        let body = format!(
            r#"{{"option_id":"{option}","ballot_id":"{}"}}"#,
            Uuid::nil()
        );
        let request = Request::new("POST", &format!("/api/polls/{}/vote", self.id), &body);
        let id_offset = request.0.len() - r#""}"#.len() - Uuid::nil().to_string().len();
        Ok(BallotRequest { request, id_offset })
    }
}

/// The request of a vote. The server identifies a voter without a cookie by the ballot
/// id, so each new id is a new voter.
#[derive(Debug)]
pub(crate) struct BallotRequest {
    request: Request,
    id_offset: usize,
}

impl BallotRequest {
    /// Sets a new ballot id and returns the request.
    pub(crate) fn for_new_voter(&mut self) -> &Request {
        let id = Uuid::now_v7();
        id.hyphenated()
            .encode_lower(&mut self.request.0[self.id_offset..]);
        &self.request
    }
}

impl Clone for BallotRequest {
    fn clone(&self) -> Self {
        Self {
            request: self.request.clone(),
            id_offset: self.id_offset,
        }
    }

    /// Reuses the buffer: this runs for every vote.
    fn clone_from(&mut self, other: &Self) {
        self.request.0.clone_from(&other.request.0);
        self.id_offset = other.id_offset;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_new_voter_gets_a_new_ballot_id_in_the_same_request() {
        let mut ballot = Poll::placeholder().ballot().unwrap();
        let first = String::from_utf8(ballot.for_new_voter().0.clone()).unwrap();
        let second = String::from_utf8(ballot.for_new_voter().0.clone()).unwrap();
        assert_ne!(first, second);
        let body = second.split("\r\n\r\n").nth(1).unwrap();
        assert!(second.contains(&format!("content-length: {}\r\n", body.len())));
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert!(Uuid::parse_str(body["ballot_id"].as_str().unwrap()).is_ok());
    }
}
