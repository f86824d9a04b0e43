use std::sync::LazyLock;

use async_trait::async_trait;
use votify_core::voter::AddressId;
use votify_core::{PollId, VoterId};

use super::bulk::Bulk;
use super::open::Open;
use super::script::{Done, Script};
use crate::error::Error;
use crate::parameters::Parameters;
use crate::places::{self, PlaceWork};
use crate::writes;

pub(super) static PLACES: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        &["poll_id", "voter_id"],
        "SELECT p.voter_id, p.address_id FROM given \
         CROSS JOIN votify_places p ON p.poll_id = given.poll_id AND p.voter_id = given.voter_id",
    )
});

pub(super) static TAKEN: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        &["poll_id", "address_id"],
        "SELECT p.address_id, count(*) FROM given \
         CROSS JOIN votify_places p ON p.poll_id = given.poll_id AND p.address_id = given.address_id \
         GROUP BY p.address_id",
    )
});

pub(super) static FREE: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        &["poll_id", "voter_id"],
        "DELETE FROM votify_places WHERE (poll_id, voter_id) IN (SELECT poll_id, voter_id FROM given)",
    )
});

/// Fails on who has a place.
pub(super) static TAKE: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        &["poll_id", "voter_id", "address_id"],
        "INSERT INTO votify_places (poll_id, voter_id, address_id) SELECT * FROM given WHERE poll_id IS NOT NULL",
    )
});

impl Open {
    async fn of_voters(
        &mut self,
        statement: &Bulk,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Done, Error> {
        let script = Script::default().bulk(statement, voters, |values, voter| {
            writes::voter(values, &(poll, *voter))
        })?;
        script.run_alone(self.connection()?).await
    }
}

#[async_trait]
impl PlaceWork for Open {
    async fn places_of(
        &mut self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<(VoterId, AddressId)>, Error> {
        places::places(poll, &self.of_voters(&PLACES, poll, voters).await?.rows)
    }

    async fn taken(
        &mut self,
        poll: PollId,
        addresses: &[AddressId],
    ) -> Result<Vec<(AddressId, u32)>, Error> {
        let script = Script::default().bulk(&TAKEN, addresses, |values, address| {
            values.id(poll.as_bytes())?;
            values.id(address.as_bytes())
        })?;
        places::numbers(poll, &script.run_alone(self.connection()?).await?.rows)
    }

    async fn free_places(&mut self, poll: PollId, voters: &[VoterId]) -> Result<u64, Error> {
        Ok(self.of_voters(&FREE, poll, voters).await?.changed)
    }

    async fn take_places(
        &mut self,
        poll: PollId,
        places: &[(VoterId, AddressId)],
    ) -> Result<u64, Error> {
        let script = Script::default().bulk(&TAKE, places, |values, (voter, address)| {
            writes::voter(values, &(poll, *voter))?;
            values.id(address.as_bytes())
        })?;
        Ok(script.run_alone(self.connection()?).await?.changed)
    }
}
