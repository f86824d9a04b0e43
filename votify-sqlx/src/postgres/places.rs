use async_trait::async_trait;
use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use uuid::Uuid;
use votify_core::voter::AddressId;
use votify_core::{PollId, VoterId};

use super::work::{column, one, rows};
use crate::error::Error;
use crate::lease::Lease;
use crate::places::{self, PlaceWork};

pub(super) const PLACES: &str = "SELECT p.voter_id, p.address_id FROM unnest($2::uuid[]) AS given (voter_id) \
    CROSS JOIN LATERAL (SELECT voter_id, address_id FROM votify_places \
        WHERE poll_id = $1 AND voter_id = given.voter_id OFFSET 0) AS p";

pub(super) const TAKEN: &str = "SELECT given.address_id, p.taken FROM unnest($2::uuid[]) AS given (address_id) \
    CROSS JOIN LATERAL (SELECT count(*) AS taken FROM votify_places \
        WHERE poll_id = $1 AND address_id = given.address_id OFFSET 0) AS p";

pub(super) const FREE: &str = "DELETE FROM votify_places p USING unnest($2::uuid[]) AS given (voter_id) \
    CROSS JOIN LATERAL (SELECT ctid AS place FROM votify_places \
        WHERE poll_id = $1 AND voter_id = given.voter_id OFFSET 0) AS found \
    WHERE p.ctid = found.place";

/// Fails on who has a place.
pub(super) const TAKE: &str = "INSERT INTO votify_places (poll_id, voter_id, address_id) SELECT $1, * FROM unnest($2::uuid[], $3::uuid[])";

fn of_voters(poll: PollId, voters: &[VoterId]) -> Result<PgArguments, Error> {
    let mut values = one(poll)?;
    column(&mut values, voters, |voter| {
        Uuid::from_bytes(*voter.as_bytes())
    })?;
    Ok(values)
}

#[async_trait]
impl PlaceWork for Lease<Postgres> {
    async fn places_of(
        &mut self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<(VoterId, AddressId)>, Error> {
        let read = rows(self.connection()?, PLACES, of_voters(poll, voters)?).await?;
        places::places(poll, &read)
    }

    async fn taken(
        &mut self,
        poll: PollId,
        addresses: &[AddressId],
    ) -> Result<Vec<(AddressId, u32)>, Error> {
        let mut values = one(poll)?;
        column(&mut values, addresses, |address| {
            Uuid::from_bytes(*address.as_bytes())
        })?;
        let read = rows(self.connection()?, TAKEN, values).await?;
        places::numbers(poll, &read)
    }

    async fn free_places(&mut self, poll: PollId, voters: &[VoterId]) -> Result<u64, Error> {
        self.run(FREE, of_voters(poll, voters)?).await
    }

    async fn take_places(
        &mut self,
        poll: PollId,
        places: &[(VoterId, AddressId)],
    ) -> Result<u64, Error> {
        let mut values = one(poll)?;
        column(&mut values, places, |(voter, _)| {
            Uuid::from_bytes(*voter.as_bytes())
        })?;
        column(&mut values, places, |(_, address)| {
            Uuid::from_bytes(*address.as_bytes())
        })?;
        self.run(TAKE, values).await
    }
}
