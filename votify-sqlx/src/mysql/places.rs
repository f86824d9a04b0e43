use async_trait::async_trait;
use votify_core::voter::AddressId;
use votify_core::{PollId, VoterId};

use super::open::Open;
use super::script::{Done, Script};
use super::statements::{FREE_PLACES, PLACES, Statement, TAKE_PLACES, TAKEN};
use crate::error::Error;
use crate::parameters::Parameters;
use crate::places::{self, PlaceWork};
use crate::writes;

impl Open {
    async fn of_voters(
        &mut self,
        statement: &'static Statement,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Done, Error> {
        let script = Script::default().over(statement, voters, |row, voter| {
            writes::voter(row, &(poll, *voter))
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
        let rows = self.found(&TAKEN, addresses, |row, address| {
            row.id(poll.as_bytes())?;
            row.id(address.as_bytes())
        });
        places::numbers(poll, &rows.await?)
    }

    async fn free_places(&mut self, poll: PollId, voters: &[VoterId]) -> Result<u64, Error> {
        Ok(self.of_voters(&FREE_PLACES, poll, voters).await?.met)
    }

    async fn take_places(
        &mut self,
        poll: PollId,
        places: &[(VoterId, AddressId)],
    ) -> Result<u64, Error> {
        let script = Script::default().over(&TAKE_PLACES, places, |row, (voter, address)| {
            writes::voter(row, &(poll, *voter))?;
            row.id(address.as_bytes())
        })?;
        Ok(script.run_alone(self.connection()?).await?.met)
    }
}
